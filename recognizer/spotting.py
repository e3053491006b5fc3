"""Windows to Events: slide, gate, score, merge, and say which AUs took part (SPEC 2).

Windows of several durations slide over each unbroken run of frames. Where the motion gate fires, the network says
whether a window holds a micro-expression and where its onset, apex and offset lie. Overlapping candidates are merged.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from curves.values import MIDLINE_AUS, AUActivation, Emotion, EmotionEstimate, Event, Interval, Side
from graph.anatomy import impossible_pairs
from recognizer.belief import SKIRT, Evidence, Unrest, belief
from recognizer.gate import motion_within, regional_motion, rise_within
from recognizer.inference import MotionRun, Progress, predict_windows
from recognizer.model import Model
from recognizer.network import NetworkOutput

_STRIDE, _WORTH, _HELD = 3, 0.1, 0.5  # see ``score_windows``
_RETURN = 2.0  # an AU of an event rises at least this many times as far as it ends away from where it began
_BOTH = 0.75  # a movement of both sides is at least so even; the network lets one side show on the other
_MACRO_STEP = 0.3  # a lasting change above this, and above any rise, is a macro-expression setting in or going


@dataclass(frozen=True, slots=True)
class SpottingSettings:
    """``durations_s``: of the windows. ``overlap``: of neighbours, as a part of the duration. ``merge_iou``: from which
    overlap on two candidates are the same event. ``floor``: least score of a window to be a candidate.
    ``shortest_s``, ``longest_s``: of an event, onset to offset (1/25 to 1/2 s by definition; what lasts longer than
    ``longest_s`` is a macro-expression). ``exhaustive``: look at every window, whether or not anything moves."""

    durations_s: tuple[float, ...] = (0.3, 0.45, 0.67, 1.0)
    overlap: float = 0.8
    merge_iou: float = 0.2
    floor: float = 0.2
    shortest_s: float = 0.04
    longest_s: float = 0.8
    exhaustive: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Candidates:
    """What the network says of B windows: ``times_s`` (B, 3) onset, apex, offset; ``score`` (B,), ``au`` (B, n) and
    ``emotion`` (B, 7) probabilities; ``windows``: how many there were before the gate."""

    times_s: NDArray[np.float64]
    score: NDArray[np.float64]
    au: NDArray[np.float64]
    emotion: NDArray[np.float64]
    windows: int


def slide(times_s: NDArray[np.float64], settings: SpottingSettings) -> NDArray[np.float64]:
    """(B, 2): starts and ends of all windows over one run; a run shorter than a window has none of that duration."""
    spans = []
    for duration in settings.durations_s:
        latest = times_s[-1] - duration
        if latest >= times_s[0]:
            step = duration * (1.0 - settings.overlap)
            count = int(np.ceil((latest - times_s[0]) / step)) + 1
            starts = np.linspace(times_s[0], latest, count)
            spans.append(np.stack([starts, starts + duration], axis=1))
    return np.concatenate(spans) if spans else np.zeros((0, 2))


def score_windows(
    run: MotionRun,
    intensity: NDArray[np.floating],
    model: Model,
    settings: SpottingSettings,
    progress: Progress | None = None,
) -> Candidates:
    """Slide, gate and score the windows of one run; ``intensity`` (N, n, 2): its AU tracks.

    An event is seen by many windows, so every third is looked at first. Where that leaves a belief of at least 0.1 in
    an event, all windows that hold half of it are looked at. ``settings.exhaustive`` looks at all of them.
    """
    windows = slide(run.times_s, settings)
    count = len(windows)
    if not settings.exhaustive and count:
        moved = motion_within(run.times_s, regional_motion(run.flow), windows)
        risen = rise_within(run.times_s, intensity, windows)
        windows = windows[(moved >= model.thresholds.gate_px) & (risen >= model.thresholds.gate_rise)]
    if settings.exhaustive:
        return replace(_look(run, model, windows, progress), windows=count)
    first = np.arange(len(windows)) % _STRIDE == 0
    glance = _look(run, model, windows[first], _half(progress, 0))
    likely = [
        event.interval
        for event, evidence in propose(glance, run, intensity, model, settings)
        if belief(evidence._replace(support=_STRIDE * evidence.support), model.thresholds) >= _WORTH
    ]
    near = ~first & holding(windows, likely)
    order = np.argsort(np.concatenate([np.flatnonzero(first), np.flatnonzero(near)]), kind="stable")
    return _joined([glance, _look(run, model, windows[near], _half(progress, 1))], order, count)


def _look(run: MotionRun, model: Model, windows: NDArray[np.float64], progress: Progress | None) -> Candidates:
    """What the network says of each of ``windows`` (B, 2), in their order."""
    parts = [_read(*answer) for answer in predict_windows(run, model, windows, progress)]
    nothing = Candidates(np.zeros((0, 3)), np.zeros(0), np.zeros((0, 0)), np.zeros((0, len(Emotion))), 0)
    return _joined(parts, slice(None), len(windows)) if parts else nothing


def _half(progress: Progress | None, number: int) -> Progress | None:
    """``progress`` of the first (0) or second (1) half of the work, whose size is known only after the first."""
    return None if progress is None else lambda done, total: progress(number * total + done, 2 * total)


def _read(windows: NDArray[np.float64], output: NetworkOutput) -> Candidates:
    """One batch's answers without its intensities, which are most of their bytes."""
    times, score, au, emotion = (
        part.double().numpy()
        for part in (
            output.times,
            output.score_logit.sigmoid(),
            output.au_logits.sigmoid(),
            output.emotion_logits.softmax(dim=1),
        )
    )
    at = np.sort(windows[:, :1] + times * (windows[:, 1:] - windows[:, :1]), axis=1)
    return Candidates(at, score, au, emotion, len(windows))


def _joined(parts: Sequence[Candidates], order: slice | NDArray[np.intp], count: int) -> Candidates:
    """The candidates of all ``parts``, those of none left out, in ``order``."""
    some = [part for part in parts if len(part.score)] or parts[:1]
    names = ("times_s", "score", "au", "emotion")
    times, score, au, emotion = (np.concatenate([getattr(part, name) for part in some])[order] for name in names)
    return Candidates(times, score, au, emotion, count)


def holding(windows: NDArray[np.float64], intervals: Sequence[Interval]) -> NDArray[np.bool_]:
    """(B,): whether each of ``windows`` (B, 2) holds at least half of one of ``intervals``."""
    found = np.zeros(len(windows), np.bool_)
    for interval in intervals:
        shared = np.minimum(windows[:, 1], interval.end_s) - np.maximum(windows[:, 0], interval.start_s)
        found |= shared >= _HELD * (interval.end_s - interval.start_s)
    return found


def merge(found: Candidates, settings: SpottingSettings) -> list[tuple[int, NDArray[np.intp]]]:
    """Groups of candidates that mean the same event: (the best one, all of the group), best groups first.

    Candidates below ``settings.floor`` or of impossible length are left out. The best one left takes all that overlap
    it by ``merge_iou`` or whose apex lies inside it, until none is left.
    """
    onset, apex, offset = found.times_s.T
    length = offset - onset
    usable = (found.score >= settings.floor) & (length >= settings.shortest_s) & (length <= settings.longest_s)
    left = np.flatnonzero(usable)
    left = left[np.argsort(-found.score[left], kind="stable")]
    groups = []
    while len(left):
        best = left[0]
        overlap = np.clip(np.minimum(offset[left], offset[best]) - np.maximum(onset[left], onset[best]), 0.0, None)
        iou = overlap / (length[left] + length[best] - overlap)
        inside = (apex[left] >= onset[best]) & (apex[left] <= offset[best])
        same = (iou >= settings.merge_iou) | inside
        groups.append((int(best), left[same]))
        left = left[~same]
    return groups


def spot(
    found: Candidates, run: MotionRun, intensity: NDArray[np.floating], model: Model, settings: SpottingSettings
) -> list[Event]:
    """The events of one run, in time order. ``intensity`` (N, n, 2): its AU tracks."""
    proposed = propose(found, run, intensity, model, settings)
    return [event for event, _ in proposed if event.score >= model.thresholds.score]


def propose(
    found: Candidates, run: MotionRun, intensity: NDArray[np.floating], model: Model, settings: SpottingSettings
) -> list[tuple[Event, Evidence]]:
    """All that may be events, in time order, each with what speaks for it; its score is the belief in it."""
    unrest = Unrest(run.times_s, intensity)
    proposed = []
    onset, apex, offset = found.times_s.T
    length = np.maximum(offset - onset, 1e-9)
    for best, group in merge(found, settings):
        overlap = np.clip(np.minimum(offset[group], offset[best]) - np.maximum(onset[group], onset[best]), 0.0, None)
        iou = overlap / (length[group] + length[best] - overlap)
        weight = found.score[group] * iou**2
        weight /= weight.sum()
        start, peak, end = (float(weight @ column[group]) for column in (onset, apex, offset))
        a, b = np.searchsorted(run.times_s, (start - SKIRT * (end - start), end + SKIRT * (end - start)))
        inside = intensity[max(a - 1, 0) : b + 1]
        aus = _present(weight @ found.au[group], inside, model)
        if aus:
            # One window may err; the many that slide over a true event agree.
            evidence = Evidence(float(found.score[group[iou > 0.5]].sum()), unrest.clearness(start, end))
            score, emotion = belief(evidence, model.thresholds), _emotion(weight @ found.emotion[group])
            proposed.append((Event(start, min(max(peak, start), end), end, score, emotion, aus), evidence))
    return sorted(proposed, key=lambda pair: pair[0].onset_s)


def _emotion(probabilities: NDArray[np.float64]) -> EmotionEstimate:
    shares = probabilities / probabilities.sum()
    table = {emotion: float(share) for emotion, share in zip(Emotion, shares, strict=True)}
    return EmotionEstimate(max(table, key=table.__getitem__), table)


def _present(probability: NDArray[np.float64], inside: NDArray[np.floating], model: Model) -> tuple[AUActivation, ...]:
    """The AUs that rise within the event and that the graph calls present, strongest first.

    ``probability`` (n,) by the graph; ``inside`` (k, n, 2): intensity during the event. Where the graph calls none
    present, the AU that it finds likeliest among those that rise. None where a
    macro-expression sets in or goes.
    """
    if len(inside) == 0:
        return ()
    edge = max(1, round(SKIRT * len(inside)))
    before, after = inside[:edge].min(axis=0), inside[-edge:].min(axis=0)
    rise = inside.max(axis=0) - np.maximum(before, after)  # (n, 2)
    # What goes and does not come back is a part of a macro-expression, and what overshoots on its way is no event.
    step = np.abs(after - before)
    if step.max() > max(rise.max(), _MACRO_STEP):
        return ()
    rises = np.where(rise >= _RETURN * step, rise, 0.0).max(axis=1) >= model.thresholds.rise
    chosen = rises & (probability >= model.thresholds.au)
    if rises.any() and not chosen.any():
        chosen = np.arange(len(rises)) == np.argmax(np.where(rises, probability, -1.0))
    aus = np.array(model.network.config.aus)
    found = [AUActivation(int(aus[i]), *_sided(int(aus[i]), rise[i])) for i in np.flatnonzero(chosen)]
    return _possible(sorted(found, key=lambda activation: -activation.intensity))


def _possible(strongest_first: Sequence[AUActivation]) -> tuple[AUActivation, ...]:
    """Without those that a face cannot show beside a stronger one."""
    kept: list[AUActivation] = []
    for one in strongest_first:
        if not any({one.au, other.au} == set(pair) for other in kept for pair in impossible_pairs()):
            kept.append(one)
    return tuple(kept)


def _sided(au: int, rise: NDArray[np.floating]) -> tuple[Side, float]:
    """One side where the other moves clearly less; the AUs of the midline are always both."""
    left, right = (float(min(value, 1.0)) for value in rise)
    strongest = max(left, right)
    if au in MIDLINE_AUS or min(left, right) >= _BOTH * strongest:
        return Side.BOTH, (left + right) / 2
    return (Side.LEFT, left) if left > right else (Side.RIGHT, right)
