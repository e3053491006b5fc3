"""``microexpr demo``: its own sample through the main path, found against true, and on to the editor's side."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from curves.errors import MicroExprError
from curves.values import AUActivation, Event, Interval, Side
from microexpr import batch
from microexpr.config import ConvertConfig
from microexpr.converting import batch_work
from microexpr.demo_bridge import deliver
from microexpr.faces import plot_take
from microexpr.progress import progress_bar
from microexpr.report import activations, aligned, au_name, written
from microexpr.sample import SampleEvent, make_sample
from recognizer.analysis import load_model
from recognizer.scores import match_intervals


@dataclass(frozen=True)
class Match:
    """A true event, the found one that is it (None: missed), and its true AUs that were not found."""

    true: SampleEvent
    found: Event | None
    missing: tuple[AUActivation, ...]

    @property
    def good(self) -> bool:
        return self.found is not None and not self.missing


def run_demo(out: Path, seed: int) -> int:
    """Makes the sample in ``out``, converts it, prints found against true, plots, sends the take through a bridge.

    Exit code: 0 all found, else 1. Raises MicroExprError: not converted, or not the same take at the other end.
    """
    out.mkdir(parents=True, exist_ok=True)
    video = out / "sample.mp4"
    truth = make_sample(video, seed)
    config = ConvertConfig()
    with progress_bar() as bar:
        model = load_model()
        work = batch_work(lambda: model, config, bar, overwrite=True)
        outcome = next(iter(batch.run(batch.plan([video], out), work)))
    if outcome.take is None:
        raise MicroExprError(outcome.error or f"{video}: not converted.")
    matches, extra = match_events(truth.events, outcome.take.events)
    picture = out / "sample.png"
    notes = plot_take(outcome.job.take_path, picture)
    lines = [*truth_table(matches, extra), *(f"wrote {path}" for path in (str(video), *written(outcome), str(picture)))]
    sys.stdout.write("\n".join([*lines, *(f"note: {note}" for note in notes)]) + "\n")
    good = sum(match.good for match in matches)
    sys.stdout.write(
        f"{good} of {len(matches)} true events found with all their AUs, {len(extra)} found that are not\n"
    )
    sys.stdout.write("".join(f"{line}\n" for line in deliver(outcome.job.take_path, out)))
    return 0 if good == len(matches) else 1


def match_events(true: Sequence[SampleEvent], found: Sequence[Event]) -> tuple[tuple[Match, ...], tuple[Event, ...]]:
    """Pairs true with found events by MEGC's rule (``match_intervals``); also returns the found ones left over."""
    chosen = dict(match_intervals([_interval(event) for event in true], [event.interval for event in found]))
    matches = tuple(_match(event, found[chosen[i]] if i in chosen else None) for i, event in enumerate(true))
    return matches, tuple(event for j, event in enumerate(found) if j not in chosen.values())


def _match(true: SampleEvent, found: Event | None) -> Match:
    judged = () if found is None else found.aus
    missing = tuple(au for au in _activations(true) if not any(_same(au, other) for other in judged))
    return Match(true, found, missing)


def _same(true: AUActivation, found: AUActivation) -> bool:
    """The same AU, and not on the other side of the face; a one-sided AU found on both sides counts."""
    return true.au == found.au and (true.side is found.side or Side.BOTH in (true.side, found.side))


def truth_table(matches: Sequence[Match], extra: Sequence[Event]) -> list[str]:
    """A row per true event, then one per event found that is not in the sample."""
    rows = [("", "onset-apex-offset, s", "AUs (peak)", "overlap", "verdict")]
    for match in matches:
        rows.append(("true", _times(match.true), activations(_activations(match.true)), "", ""))
        if match.found is None:
            rows.append(("found", "-", "-", "0.00", "MISSED"))
            continue
        overlap = f"{_interval(match.true).iou(match.found.interval):.2f}"
        verdict = "ok" if match.good else "AU not found: " + ", ".join(map(au_name, match.missing))
        rows.append(("found", _times(match.found), activations(match.found.aus), overlap, verdict))
    rows += [("found", _times(event), activations(event.aus), "", "not in the sample") for event in extra]
    return aligned(rows)


def _activations(true: SampleEvent) -> tuple[AUActivation, ...]:
    return tuple(AUActivation(au, side, intensity) for au, side, intensity in true.aus)


def _interval(true: SampleEvent) -> Interval:
    return Interval(true.onset_s, true.offset_s)


def _times(event: Event | SampleEvent) -> str:
    return f"{event.onset_s:.2f}-{event.apex_s:.2f}-{event.offset_s:.2f}"
