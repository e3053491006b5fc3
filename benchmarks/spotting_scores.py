"""Figures of the spotting benchmark: each row apart, the same scoring for every spotter."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from spotting_truth import ClipTruth, TrueEvent

from curves.values import MIDLINE_AUS, AUActivation
from recognizer.scores import BinaryCounts, au_counts, macro_f1, match_intervals, spotting_scores

BANDS = (0.01, 0.02, 0.03, 0.0401)


@dataclass(frozen=True)
class Scored:
    """One clip with its truth and what was found: Event, or Spot of recognizer.spotters."""

    truth: ClipTruth
    found: tuple[Any, ...]
    pairs: tuple[tuple[int, int], ...]

    @property
    def counts(self) -> BinaryCounts:
        true = [event.interval for event in self.truth.events]
        return spotting_scores(true, [event.interval for event in self.found])


def score(truth: ClipTruth, found: tuple[Any, ...]) -> Scored:
    pairs = match_intervals([event.interval for event in truth.events], [event.interval for event in found])
    return Scored(truth, found, tuple(pairs))


def figures(scored: Sequence[Scored]) -> dict[str, Any]:
    """Per row, and over all rows with events together (for figures per AU, which need many events)."""
    rows = {name: [clip for clip in scored if clip.truth.row == name] for name in _names(scored)}
    result = {name: _row(clips) for name, clips in rows.items()}
    eventful = [clip for clip in scored if clip.truth.events]
    if eventful:
        result["all with events"] = _with_events(eventful)
    return result


def _names(scored: Sequence[Scored]) -> list[str]:
    return list(dict.fromkeys(clip.truth.row for clip in scored))


def _row(clips: Sequence[Scored]) -> dict[str, Any]:
    if any(clip.truth.events for clip in clips):
        return _with_events(clips)
    false, minutes = sum(len(clip.found) for clip in clips), _minutes(clips)
    return {
        "false": false,
        "minutes": minutes,
        "false_a_minute": false / minutes,
        "by_source": {
            name: f"{sum(len(clip.found) for clip in part)} in {_minutes(part):.2f} min"
            for name, part in _split(clips, lambda clip: clip.truth.source)
        },
        "false_aus": _false_aus(clips),
    }


def _minutes(clips: Iterable[Scored]) -> float:
    return sum(clip.truth.seconds for clip in clips) / 60


def _false_aus(clips: Sequence[Scored]) -> dict[str, int]:
    named = [f"AU{item.au}" for clip in clips for event in clip.found for item in event.aus]
    return {name: named.count(name) for name in sorted(set(named), key=lambda text: int(text[2:]))}


def _split(clips: Sequence[Scored], key: Callable[[Scored], str]) -> list[tuple[str, list[Scored]]]:
    return [(name, [clip for clip in clips if key(clip) == name]) for name in dict.fromkeys(map(key, clips))]


def _counted(clips: Sequence[Scored]) -> dict[str, Any]:
    counts = sum((clip.counts for clip in clips), BinaryCounts())
    ratios = {"f1": counts.f1, "precision": counts.precision, "recall": counts.recall}
    return {"events": counts.tp + counts.fn, **asdict(counts), **ratios}


def _matched(clips: Sequence[Scored]) -> list[tuple[TrueEvent, Any]]:
    return [(clip.truth.events[i], clip.found[j]) for clip in clips for i, j in clip.pairs]


def _with_events(clips: Sequence[Scored]) -> dict[str, Any]:
    matched = _matched(clips)
    named = au_counts((true.aus, {item.au for item in found.aus}) for true, found in matched)
    everything = au_counts(_all_pairs(clips))
    counts = sum((clip.counts for clip in clips), BinaryCounts())
    return {
        "spotting": _counted(clips),
        "false_a_minute": counts.fp / _minutes(clips),
        "minutes": _minutes(clips),
        "timing": _timing(matched),
        "au_f1_macro": macro_f1(named),
        "au_f1_pooled": sum(named.values(), BinaryCounts()).f1,
        "au": {f"AU{au}": {**asdict(item), "f1": item.f1} for au, item in named.items()},
        "au_f1_macro_all_events": macro_f1(everything),
        "au_all_events": {f"AU{au}": {**asdict(item), "f1": item.f1} for au, item in everything.items()},
        "laterality": _laterality(matched),
        "recall_by_amplitude": _by_amplitude(clips),
        "recall_by_au": _by_au(clips),
        "by_rate": {
            name: {**_counted(part), "timing": _timing(_matched(part))}
            for name, part in _split(clips, lambda clip: f"{clip.truth.fps:.0f} Hz")
        },
        "by_source": {name: _counted(part) for name, part in _split(clips, lambda clip: clip.truth.source)},
    }


def _all_pairs(clips: Sequence[Scored]) -> list[tuple[frozenset[int], set[int]]]:
    """(true AUs, found AUs) of all events: those missed were given no AU, those invented have none."""
    pairs: list[tuple[frozenset[int], set[int]]] = []
    for clip in clips:
        to_found = dict(clip.pairs)
        named = [{item.au for item in found.aus} for found in clip.found]
        pairs += [
            (true.aus, named[to_found[i]] if i in to_found else set()) for i, true in enumerate(clip.truth.events)
        ]
        pairs += [(frozenset(), named[j]) for j in range(len(named)) if j not in to_found.values()]
    return pairs


def _timing(matched: Sequence[tuple[TrueEvent, Any]]) -> dict[str, float]:
    """Median absolute error and median signed error (found later is positive), in seconds."""
    result: dict[str, float] = {"matched": len(matched)}
    for name in ("onset_s", "apex_s", "offset_s"):
        errors = np.array([getattr(found, name) - getattr(true, name) for true, found in matched] or [np.nan])
        result |= {f"{name}_error": float(np.median(np.abs(errors))), f"{name}_bias": float(np.median(errors))}
    return result


def _share(right: int, total: int) -> dict[str, Any]:
    return {"right": right, "of": total, "rate": right / total if total else float("nan")}


def _laterality(matched: Sequence[tuple[TrueEvent, Any]]) -> dict[str, Any]:
    """Of the true AUs found in matched events, off the midline: how many with the right side; and of the one-sided."""
    all_sides, one_sided = [], []
    for true, found in matched:
        sides: dict[int, AUActivation] = {item.au: item for item in found.aus}
        for item in true.courses:
            if item.au in sides and item.au not in MIDLINE_AUS:
                right = sides[item.au].side == item.side
                all_sides.append(right)
                if item.side != "both":
                    one_sided.append(right)
    return {**_share(sum(all_sides), len(all_sides)), "one_sided": _share(sum(one_sided), len(one_sided))}


def _events(clips: Sequence[Scored]) -> list[tuple[TrueEvent, bool]]:
    """All true events, and whether each was found."""
    found = [{i for i, _ in clip.pairs} for clip in clips]
    return [
        (event, index in hit)
        for clip, hit in zip(clips, found, strict=True)
        for index, event in enumerate(clip.truth.events)
    ]


def _by_amplitude(clips: Sequence[Scored]) -> dict[str, Any]:
    result = {}
    for low, high in pairwise(BANDS):
        inside = [hit for event, hit in _events(clips) if low <= event.amplitude_iod + 1e-9 < high]
        result[f"{100 * low:.0f}-{100 * high:.0f} % iod"] = _share(sum(inside), len(inside))
    return result


def _by_au(clips: Sequence[Scored]) -> dict[str, Any]:
    """Recall of the events that an AU is part of."""
    events = _events(clips)
    aus = sorted({au for event, _ in events for au in event.aus})
    hits = {au: [hit for event, hit in events if au in event.aus] for au in aus}
    return {f"AU{au}": _share(sum(part), len(part)) for au, part in hits.items()}


def print_figures(result: dict[str, Any]) -> None:
    """One table of the rows, then what does not fit into it."""
    titles = {"events": 7, "F1": 7, "P": 7, "R": 7, "AU F1": 7, "side": 7, "onset": 8, "offset": 8, "false/min": 11}
    print(f"\n{'row':<16}" + "".join(f"{title:>{width}}" for title, width in titles.items()))
    for name, row in result["rows"].items():
        if "spotting" not in row:
            print(
                f"{name:<16}{0:>7}{'':>59}{row['false_a_minute']:>11.2f}  ({row['false']} in {row['minutes']:.2f} min)"
            )
            continue
        spotting, timing = row["spotting"], row["timing"]
        print(
            f"{name:<16}{spotting['events']:>7}{spotting['f1']:>7.3f}{spotting['precision']:>7.3f}"
            f"{spotting['recall']:>7.3f}{row['au_f1_macro']:>7.3f}{row['laterality']['rate']:>7.3f}"
            f"{1000 * timing['onset_s_error']:>5.0f} ms{1000 * timing['offset_s_error']:>5.0f} ms"
            f"{row['false_a_minute']:>11.2f}"
        )
    for name, row in result["rows"].items():
        if "spotting" in row:
            _print_row(name, row)
    print(f"\n{result['frames_per_s']:.0f} frames/s")
    for name, value in result["too_easy"].items():
        print(f"too easy? {name}: {_short(value)}")


def _print_row(name: str, row: dict[str, Any]) -> None:
    print(f"\n{name}")
    print("  recall by amplitude: " + ", ".join(f"{k} {_short(v)}" for k, v in row["recall_by_amplitude"].items()))
    for rate, part in row["by_rate"].items():
        onset, offset = (1000 * part["timing"][f"{key}_s_error"] for key in ("onset", "offset"))
        print(f"  {rate}: {part['events']} events, F1 {part['f1']:.3f}, onset {onset:.0f} ms, offset {offset:.0f} ms")
    print(
        "  AU F1: " + ", ".join(f"{au} {item['f1']:.2f} ({item['tp'] + item['fn']})" for au, item in row["au"].items())
    )
    print(f"  AU macro-F1 over all events, found or not: {row['au_f1_macro_all_events']:.3f}")
    print(f"  one-sided AUs with the right side: {_short(row['laterality']['one_sided'])}")


def _short(value: Any) -> str:
    if isinstance(value, dict) and set(value) == {"right", "of", "rate"}:
        return f"{value['right']}/{value['of']}"
    if isinstance(value, dict):
        return ", ".join(f"{key} {_short(item)}" for key, item in value.items())
    return f"{value:.3f}" if isinstance(value, float) else str(value)
