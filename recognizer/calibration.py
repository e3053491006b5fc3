"""Choose a network's thresholds on people it was not trained on, and report what it scores there.

The validation identities choose; nothing here may be called a test result.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from curves.values import Event, Interval
from recognizer.belief import Evidence, belief, features
from recognizer.clips import ClipRecord
from recognizer.gate import motion_within, regional_motion, rise_within
from recognizer.inference import MotionRun
from recognizer.model import Model, Thresholds
from recognizer.reliability import reliability
from recognizer.scores import BinaryCounts, au_counts, macro_f1, match_intervals, spotting_scores
from recognizer.spotting import Candidates, SpottingSettings, propose, score_windows, slide, spot
from recognizer.tracks import settled, track_intensity
from recognizer.windows import is_validation

_GATE_MARGIN = 0.9  # of the weakest event that is known: others will be weaker
_GATE_MOST_PX = 0.15  # a clean video is stiller than rendered clips with all their noise: do not ask more of it
_SCORES = np.round(np.arange(0.1, 1.0, 0.025), 3)
_AU_PROBABILITIES = np.round(np.arange(0.2, 0.81, 0.1), 2)
_RIDGE = 0.01
_MOST_FALSE_A_MINUTE = 3.0  # more of them, and an animator looks at errors all day
_RISES = (0.02, 0.025, 0.03, 0.04)  # fainter ones are nothing that could be animated


@dataclass(frozen=True, slots=True, eq=False)
class _Seen:
    """What the network says of one clip."""

    clip: ClipRecord
    run: MotionRun
    intensity: NDArray[np.float32]
    found: Candidates


def calibrate(
    model: Model, clips: Sequence[ClipRecord], progress: Callable[[int, int], None] = lambda *_: None
) -> tuple[Thresholds, dict[str, Any]]:
    """Thresholds for ``model`` and its figures on ``clips``: of people that it was not trained on.

    ``gate_px`` and ``gate_rise`` let all of their events through, with a margin; the belief is fitted so that a score
    is the share of such proposals that are true. ``score`` and ``rise`` maximise the pooled spotting F1 (IoU >= 0.5) of
    the events as the product gives them, with no more than 3 false ones a minute; ``au`` the macro F1 of their AUs.
    """
    how = SpottingSettings(exhaustive=True)
    seen = []
    for done, clip in enumerate(clips, start=1):
        prior = clip.prior if model.network.config.prior == "ewp" else None
        run = MotionRun(clip.times_s, clip.flow, prior)
        intensity = settled(track_intensity(run, model), model.network.config.aus)
        seen.append(_Seen(clip, run, intensity, score_windows(run, intensity, model, how)))
        progress(done, len(clips))
    gate_px, gate_rise, gate = _choose_gate(seen)
    chosen = replace(model.thresholds, gate_px=gate_px, gate_rise=gate_rise, au=0.5)
    believed = [_believed(seen, model, replace(chosen, rise=rise), how) for rise in _RISES]
    chosen, _ = max(believed, key=lambda pair: pair[1])
    others = [replace(chosen, au=float(p)) for p in _AU_PROBABILITIES]
    chosen = max(others, key=lambda limits: _au_f1(seen, model, limits, how))
    # An event needs an AU that rises by ``rise``: asking the gate for more would only lose fainter ones.
    chosen = replace(chosen, gate_rise=min(chosen.gate_rise, chosen.rise))
    return chosen, {**gate, **_figures(seen, model, chosen, how), "reliability": _reliability(seen, model, chosen, how)}


def _reliability(seen: Sequence[_Seen], model: Model, chosen: Thresholds, how: SpottingSettings) -> dict[str, Any]:
    """Of the belief, fitted to one half of the people and judged on the other, both ways."""
    limits = replace(model, thresholds=chosen)
    halves: tuple[list[tuple[Evidence, bool]], list[tuple[Evidence, bool]]] = ([], [])
    for one in seen:
        pairs = propose(one.found, one.run, one.intensity, limits, how)
        right = _right(pairs, _intervals(one.clip.onset_apex_offset))
        half = halves[is_validation(one.clip.identity, 0.5)]
        half.extend(zip([evidence for _, evidence in pairs], right, strict=True))
    scores: list[float] = []
    verdicts: list[bool] = []
    for fitted_on, judged in (halves, halves[::-1]):
        fitted = fit_belief([evidence for evidence, _ in fitted_on], [right for _, right in fitted_on], chosen)
        scores += [belief(evidence, fitted) for evidence, _ in judged]
        verdicts += [right for _, right in judged]
    return reliability(scores, verdicts)


def _choose_gate(seen: Sequence[_Seen]) -> tuple[float, float, dict[str, Any]]:
    """Both limits, and the part of the events that passes them and of all windows that does."""
    moved: list[float] = []
    risen: list[float] = []
    of_windows: list[tuple[float, float]] = []
    for one in seen:
        windows = slide(one.run.times_s, SpottingSettings())
        motion = motion_within(one.run.times_s, regional_motion(one.run.flow), windows)
        rise = rise_within(one.run.times_s, one.intensity, windows)
        of_windows += zip(motion.tolist(), rise.tolist(), strict=True)
        for onset, _, offset in one.clip.onset_apex_offset:
            holds = (windows[:, 0] <= onset) & (windows[:, 1] >= offset)
            if holds.any():  # the window that shows the event best is enough
                moved.append(float(motion[holds].max()))
                risen.append(float(rise[holds].max()))
    if not moved:
        return 0.0, 0.0, {"gate_recall": None}
    gate_px = round(min(_GATE_MOST_PX, _GATE_MARGIN * min(moved)), 4)
    gate_rise = round(_GATE_MARGIN * min(risen), 5)
    passed = [motion >= gate_px and rise >= gate_rise for motion, rise in of_windows]
    kept = (np.array(moved) >= gate_px) & (np.array(risen) >= gate_rise)
    return gate_px, gate_rise, {"gate_recall": float(kept.mean()), "gate_passes": float(np.mean(passed))}


def _intervals(times_s: NDArray[np.float64]) -> list[Interval]:
    return [Interval(float(a), float(b)) for a, b in times_s[:, [0, 2]]]


def _believed(
    seen: Sequence[_Seen], model: Model, thresholds: Thresholds, how: SpottingSettings
) -> tuple[Thresholds, float]:
    """``thresholds`` with the belief fitted and the score that gives the best F1 without a flood, and that F1."""
    limits = replace(model, thresholds=thresholds)
    proposed = [propose(one.found, one.run, one.intensity, limits, how) for one in seen]
    truths = [_intervals(one.clip.onset_apex_offset) for one in seen]
    fitted = fit_belief(
        [evidence for pairs in proposed for _, evidence in pairs],
        [right for pairs, true in zip(proposed, truths, strict=True) for right in _right(pairs, true)],
        thresholds,
    )
    scored = [[(event.interval, belief(evidence, fitted)) for event, evidence in pairs] for pairs in proposed]

    minutes = sum(float(np.ptp(one.run.times_s)) for one in seen) / 60
    best, f1 = choose_score(scored, truths, minutes)
    return replace(fitted, score=best), f1


def choose_score(
    scored: Sequence[Sequence[tuple[Interval, float]]], truths: Sequence[Sequence[Interval]], minutes: float
) -> tuple[float, float]:
    """The least score of an event that gives the best pooled F1 with no more than 3 false events a minute, and that F1.

    ``scored``: each clip's proposals with their scores. Where every limit leaves more false ones, the best F1 decides.
    """

    def counts(least: float) -> BinaryCounts:
        kept = [[interval for interval, score in pairs if score >= least] for pairs in scored]
        return sum(map(spotting_scores, truths, kept), BinaryCounts(0, 0, 0))

    found = {float(score): counts(float(score)) for score in _SCORES}
    calm = {score: of for score, of in found.items() if of.fp <= _MOST_FALSE_A_MINUTE * minutes}
    best, of = max((calm or found).items(), key=lambda pair: float(np.nan_to_num(pair[1].f1)))
    return best, float(np.nan_to_num(of.f1))


def _right(proposed: Sequence[tuple[Event, Evidence]], true: Sequence[Interval]) -> list[bool]:
    """Which of one clip's proposals are true events (IoU >= 0.5)."""
    matched = {found for _, found in match_intervals(true, [event.interval for event, _ in proposed])}
    return [i in matched for i in range(len(proposed))]


def fit_belief(evidence: Sequence[Evidence], right: Sequence[bool], start: Thresholds) -> Thresholds:
    """``start`` with the logistic function of ``recognizer.belief`` fitted to proposals that are true or not.

    Evidence can only speak for an event, so no weight is below 0; a small ridge keeps them finite where it decides
    perfectly. Without both true and false ones nothing can be fitted, and ``start`` comes back.
    """
    if len(set(right)) < 2:
        return start
    design = np.column_stack([np.ones(len(right)), [features(one) for one in evidence]])
    sign = np.where(right, 1.0, -1.0)

    def loss(weights: NDArray[np.float64]) -> float:
        return float(np.logaddexp(0.0, -sign * (design @ weights)).sum() + _RIDGE * weights[1:] @ weights[1:])

    bias, support, clearness = minimize(loss, np.zeros(3), bounds=[(None, None), (0, None), (0, None)]).x
    return replace(start, belief_bias=float(bias), belief_support=float(support), belief_clearness=float(clearness))


def _events(one: _Seen, model: Model, thresholds: Thresholds, how: SpottingSettings) -> list[Event]:
    return spot(one.found, one.run, one.intensity, replace(model, thresholds=thresholds), how)


def _au_sets(
    seen: Sequence[_Seen], model: Model, thresholds: Thresholds, how: SpottingSettings
) -> list[tuple[set[int], set[int]]]:
    """AUs of matched events: (true, found)."""
    pairs = []
    aus = np.array(model.network.config.aus)
    for one in seen:
        events = _events(one, model, thresholds, how)
        for t, f in match_intervals(_intervals(one.clip.onset_apex_offset), [event.interval for event in events]):
            true = {int(au) for au in aus[one.clip.event_au[t].max(axis=1) > 0]}
            pairs.append((true, {activation.au for activation in events[f].aus}))
    return pairs


def _au_f1(seen: Sequence[_Seen], model: Model, thresholds: Thresholds, how: SpottingSettings) -> float:
    return float(np.nan_to_num(macro_f1(au_counts(_au_sets(seen, model, thresholds, how)))))


def _figures(seen: Sequence[_Seen], model: Model, thresholds: Thresholds, how: SpottingSettings) -> dict[str, Any]:
    total, errors = BinaryCounts(0, 0, 0), []
    for one in seen:
        events = _events(one, model, thresholds, how)
        true, found = _intervals(one.clip.onset_apex_offset), [event.interval for event in events]
        total += spotting_scores(true, found)
        errors += [
            np.abs(one.clip.onset_apex_offset[t] - (events[f].onset_s, events[f].apex_s, events[f].offset_s))
            for t, f in match_intervals(true, found)
        ]
    per_au = au_counts(_au_sets(seen, model, thresholds, how))
    onset, apex, offset = np.median(errors, axis=0) if errors else (np.nan, np.nan, np.nan)
    return {
        "clips": len(seen),
        "identities": len({one.clip.identity for one in seen}),
        "events": int(sum(one.clip.events for one in seen)),
        "spotting_f1": total.f1,
        "spotting_precision": total.precision,
        "spotting_recall": total.recall,
        "au_macro_f1": macro_f1(per_au) if per_au else None,
        "au_f1": {str(au): None if np.isnan(counts.f1) else round(counts.f1, 3) for au, counts in per_au.items()},
        "median_onset_error_s": float(onset),
        "median_apex_error_s": float(apex),
        "median_offset_error_s": float(offset),
    }
