"""What the command line says of a conversion: a summary for people, a document for programs."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from curves.values import AUActivation, Event, Side, Take
from microexpr.batch import Outcome
from microexpr.moments import time_span
from microexpr.version import __version__

RESULT_FORMAT = "microexpr.result/1"


def summary(outcome: Outcome) -> str:
    """Lines about one converted or skipped input."""
    if outcome.status == "skipped":
        return f"{outcome.job.source}: done before ({outcome.job.take_path})"
    take = outcome.take
    if take is None:
        raise ValueError(f"summary: expected a converted outcome with a take, got {outcome.status} without")
    lines = [f"{outcome.job.source}: {_count(len(take.events), 'event')} in {_watched(take)}"]
    lines += ["  " + line for line in event_table(take.events)]
    lines += [f"  wrote {line}" for line in written(outcome)]
    lines += [f"  note: {note}" for note in (*take.provenance.get("notes", ()), *outcome.notes)]
    lines.append(f"  {_count(len(take.curves), 'curve')}, {_keys(take)} keys, took {outcome.seconds:.1f} s")
    return "\n".join(lines)


def _watched(take: Take) -> str:
    """How much was analysed, and how much of it showed no face."""
    start, end = time_span(take)
    unseen = sum(min(gap.end_s, end) - max(gap.start_s, start) for gap in take.no_face)
    return f"{end - start:.2f} s of video" + (f", {unseen:.2f} s of it without a face" if unseen >= 0.01 else "")


def written(outcome: Outcome) -> list[str]:
    """The files of an outcome; a folder of many is one line."""
    beside = [path for path in outcome.files if path.parent == outcome.job.directory]
    folders = Counter(path.parent for path in outcome.files if path.parent != outcome.job.directory)
    return [*(f"{folder} ({_count(number, 'file')})" for folder, number in folders.items()), *map(str, beside)]


def event_table(events: Sequence[Event]) -> list[str]:
    """A row an event: times in seconds, score, emotion with its probability, AUs with side and peak intensity."""
    if not events:
        return []
    rows = [("onset", "apex", "offset", "score", "emotion", "AUs (peak)")]
    for event in events:
        times = [f"{time:.3f}" for time in (event.onset_s, event.apex_s, event.offset_s)]
        emotion = f"{event.emotion.label.value} {event.emotion.probabilities[event.emotion.label]:.2f}"
        rows.append((times[0], times[1], times[2], f"{event.score:.2f}", emotion, activations(event.aus)))
    return aligned(rows)


def activations(aus: Sequence[AUActivation]) -> str:
    return ", ".join(f"{au_name(au)} {au.intensity:.2f}" for au in aus) or "none judged present"


def au_name(activation: AUActivation) -> str:
    """``AU12`` or, on one side, ``AU12 left``."""
    return f"AU{activation.au}" + ("" if activation.side is Side.BOTH else f" {activation.side.value}")


def aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Rows as text columns, two blanks apart."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def document(outcomes: Sequence[Outcome], exit_code: int) -> dict[str, Any]:
    """The ``--json`` document: one result an input, in input order; paths as given, times in seconds."""
    return {
        "format": RESULT_FORMAT,
        "version": __version__,
        "exit_code": exit_code,
        "results": [_result(outcome) for outcome in outcomes],
    }


def _result(outcome: Outcome) -> dict[str, Any]:
    take = outcome.take
    return {
        "input": str(outcome.job.source),
        "status": outcome.status,
        "take": None if outcome.status == "failed" else str(outcome.job.take_path),
        "files": [str(path) for path in outcome.files],
        "seconds": round(outcome.seconds, 3),
        "error": outcome.error,
        "notes": [] if take is None else [*take.provenance.get("notes", ()), *outcome.notes],
        "events": [] if take is None else [_event(event) for event in take.events],
        "curves": 0 if take is None else len(take.curves),
        "keys": 0 if take is None else _keys(take),
    }


def _event(event: Event) -> dict[str, Any]:
    return {
        "onset_s": event.onset_s,
        "apex_s": event.apex_s,
        "offset_s": event.offset_s,
        "score": event.score,
        "emotion": event.emotion.label.value,
        "aus": [{"au": au.au, "side": au.side.value, "intensity": au.intensity} for au in event.aus],
    }


def _keys(take: Take) -> int:
    return sum(len(curve.keys) for curve in take.curves)


def _count(number: int, noun: str) -> str:
    return f"{number or 'no'} {noun}{'' if number == 1 else 's'}"
