"""Spotters on clips of people apart: trained, limits chosen, and judged by the rule of MEGC.

In each fold a part of the people is neither learned from nor chosen by; all figures are theirs. Intervals are
percentiles over resampled people. Where clips hold macro-expressions too, a spot matches true intervals of its own type
only: one of at most ``LONGEST_MICRO_S`` says micro, a longer one macro.
"""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from curves.errors import InputError
from curves.values import DEFAULT_AUS, Interval
from recognizer.clips import ClipRecord
from recognizer.evaluation import plain, read_json, write_json
from recognizer.inference import MotionRun
from recognizer.protocols import Fold, Protocol, make_folds
from recognizer.results import Resampling, Scored, draw_subjects, rows_of
from recognizer.scores import match_intervals
from recognizer.spotters import Spot, Spotter

IOU = 0.5
LONGEST_MICRO_S = 0.5  # MEGC: a micro-expression lasts half a second at most
_KEYS = [
    ("spotting_f1", ""), ("spotting_precision", ""), ("spotting_recall", ""), ("false_events_per_min", ""),
    ("onset_error_s", ""), ("apex_error_s", ""), ("offset_error_s", ""), ("spotting_au_f1_macro", ""),
]  # fmt: skip
_TYPES = ("micro", "macro")
_PLAIN = 8  # tp, fp, fn, minutes, sums of onset, apex, offset errors, matched
_COUNTS = _PLAIN + 3 * len(_TYPES)  # then tp, fp, fn of each type; then three counts an AU
_PRESENT = 0.0  # an event's own AUs have a peak above this


@dataclass(frozen=True, slots=True, eq=False)
class SpottingRun:
    """``scored``: of one spotter. ``chosen``: by seed and fold. ``people``: how many trained and chose (in the first
    fold), and were tested (in all). ``digest``: of the clips."""

    scored: Scored
    chosen: Mapping[str, Mapping[str, Any]]
    people: tuple[int, int, int]
    digest: str


def evaluate_spotter(
    name: str,
    spotter: Spotter,
    clips: Sequence[ClipRecord],
    protocol: Protocol,
    seeds: Sequence[int],
    *,
    resampling: Resampling,
    keep: Path | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> SpottingRun:
    """Trains and judges a spotter on ``clips``, split by identity as ``protocol`` (any kind but ``cross``) says.

    ``keep``: a folder in which the counts of each seed and fold are kept when they are done, and found by another run.
    Raises InputError: fewer than three people, or no event among those tested.
    """
    folds = make_folds([("clips", clip.identity) for clip in clips], [int(clip.events > 0) for clip in clips], protocol)
    tested = [clips[i] for fold in folds for i in fold.test]
    if not any(clip.events for clip in tested):
        raise InputError("The clips of the people tested hold no event: give more clips, or a larger test_share.")
    typed = any(clip.event_macro is not None and clip.event_macro.any() for clip in clips)
    figures = _Figures(spotter.names_aus, typed)
    digest = clips_digest(clips)
    values, draws, chosen = [], [], {}
    for seed in seeds:
        parts = []
        for fold in folds:
            key = hashlib.sha256(json.dumps([name, seed, digest, typed, asdict(fold)]).encode()).hexdigest()[:12]
            path = None if keep is None else keep / f"spotter-{name}-seed{seed}-{key}.json"
            done = _kept(path) or _judge(spotter, clips, fold, seed=seed, typed=typed)
            _keep(path, done)
            chosen[f"{seed}" if len(folds) == 1 else f"{seed} {fold.name}"] = done["chosen"]
            parts.append(np.array(done["counts"], np.float64))
        counts = np.concatenate(parts)
        values.append(figures.of(counts.sum(axis=0)))
        drawn = figures.of(draw_subjects(len(counts), resampling) @ counts)
        draws.append(np.where(len(counts) > 1, drawn, np.nan))  # one person tells nothing of others
        progress(f"seed {seed}: spotting F1 {values[-1][0]:.3f}")
    scored = Scored(
        figures.keys, tuple(map(str, seeds)), np.stack(values), np.stack(draws, axis=1), figures.events(tested)
    )
    first = folds[0]
    trained, choosing = (len({clips[i].identity for i in part}) for part in (first.train, first.validation))
    return SpottingRun(scored, chosen, (trained, choosing, len({clip.identity for clip in tested})), digest)


def clips_digest(clips: Sequence[ClipRecord]) -> str:
    """16 hex digits over who, when and what of all clips, and over the middle frame of each clip's motion."""
    whole = hashlib.sha256()
    for clip in clips:
        whole.update(json.dumps([clip.identity, clip.seed, clip.fps, clip.scene, len(clip.times_s)]).encode())
        for array in (clip.times_s, clip.onset_apex_offset, clip.event_au, clip.flow[len(clip.flow) // 2]):
            whole.update(np.ascontiguousarray(array).tobytes())
    return whole.hexdigest()[:16]


def _judge(spotter: Spotter, clips: Sequence[ClipRecord], fold: Fold, *, seed: int, typed: bool) -> dict[str, Any]:
    """Counts of each person tested, and what the validation part chose: JSON values."""
    train, validation, test = ([clips[i] for i in part] for part in (fold.train, fold.validation, fold.test))
    fitted = spotter.fit(train, validation, seed=seed)
    found = [fitted.spot(MotionRun(clip.times_s, clip.flow, clip.prior)) for clip in test]
    return {"chosen": plain(fitted.chosen), "counts": _by_person(test, found, typed).tolist()}


def _kept(path: Path | None) -> dict[str, Any] | None:
    return None if path is None or not path.is_file() else read_json(path)


def _keep(path: Path | None, done: Mapping[str, Any]) -> None:
    if path is not None:
        write_json(path, done)


def spotting_rows(run: SpottingRun, resampling: Resampling, about: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Rows of the tidy table; n: events of the people tested."""
    return rows_of(run.scored, resampling, about)


def _by_person(clips: Sequence[ClipRecord], found: Sequence[Sequence[Spot]], typed: bool) -> NDArray[np.float64]:
    """(S, 14 + 3 A) sums over the clips of each person, people in sorted order."""
    people = sorted({clip.identity for clip in clips})
    sums = np.zeros((len(people), _COUNTS + 3 * len(DEFAULT_AUS)))
    for clip, spots in zip(clips, found, strict=True):
        sums[people.index(clip.identity)] += _counts(clip, spots, typed)
    return sums


def _counts(clip: ClipRecord, spots: Sequence[Spot], typed: bool) -> NDArray[np.float64]:
    true_type, found_type = _types(clip, spots, typed)
    pairs: list[tuple[int, int]] = []
    by_type: list[int] = []
    for kind in range(len(_TYPES)):
        of_true, of_found = np.flatnonzero(true_type == kind), np.flatnonzero(found_type == kind)
        true = [Interval(float(on), float(off)) for on, _, off in clip.onset_apex_offset[of_true]]
        matched = match_intervals(true, [spots[int(j)].interval for j in of_found], IOU)
        pairs += [(int(of_true[i]), int(of_found[j])) for i, j in matched]
        by_type += [len(matched), len(of_found) - len(matched), len(of_true) - len(matched)]
    errors, aus = np.zeros(3), np.zeros((3, len(DEFAULT_AUS)))
    for i, j in pairs:
        spot = spots[j]
        errors += np.abs(clip.onset_apex_offset[i] - (spot.onset_s, spot.apex_s, spot.offset_s))
        is_true = clip.event_au[i].max(axis=1) > _PRESENT
        if is_true.any():  # else nobody labelled this event's AUs
            is_found = np.isin(DEFAULT_AUS, [one.au for one in spot.aus])
            aus += np.stack([is_true & is_found, ~is_true & is_found, is_true & ~is_found])
    minutes, hits = float(clip.times_s[-1] - clip.times_s[0]) / 60, len(pairs)
    plain = [hits, len(spots) - hits, clip.events - hits, minutes, *errors, hits, *by_type]
    return np.concatenate([plain, aus.ravel()])


def _types(clip: ClipRecord, spots: Sequence[Spot], typed: bool) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Positions in ``_TYPES`` of true events and of spots; without types all are the first."""
    true, found = np.zeros(clip.events, np.int64), np.zeros(len(spots), np.int64)
    if typed:
        found[[spot.offset_s - spot.onset_s > LONGEST_MICRO_S for spot in spots]] = 1
        if clip.event_macro is not None:
            true[clip.event_macro] = 1
    return true, found


@dataclass(frozen=True, slots=True)
class _Figures:
    """Which figures a spotter gets: those of AUs where it names some, those of each type where there are both."""

    names_aus: bool
    typed: bool

    @property
    def keys(self) -> list[tuple[str, str]]:
        plain = _KEYS if self.names_aus else _KEYS[:-1]
        return [*plain, *(("spotting_f1", kind) for kind in _TYPES if self.typed)]

    def events(self, clips: Sequence[ClipRecord]) -> list[int]:
        """How many each figure rests on."""
        macro = sum(int(clip.event_macro.sum()) for clip in clips if clip.event_macro is not None)
        both = sum(clip.events for clip in clips)
        return [{"micro": both - macro, "macro": macro}.get(kind, both) for _, kind in self.keys]

    def of(self, counts: NDArray[np.float64]) -> NDArray[np.float64]:
        """(..., K) of sums (..., 14 + 3 A), in the order of ``keys``."""
        tp, fp, fn, minutes, onset, apex, offset, hits = np.moveaxis(counts[..., :_PLAIN], -1, 0)
        parts = [
            _part(2 * tp, 2 * tp + fp + fn), _part(tp, tp + fp), _part(tp, tp + fn), _part(fp, minutes),
            _part(onset, hits), _part(apex, hits), _part(offset, hits),
        ]  # fmt: skip
        if self.names_aus:
            au = counts[..., _COUNTS:].reshape(*counts.shape[:-1], 3, -1)
            f1 = _part(2 * au[..., 0, :], 2 * au[..., 0, :] + au[..., 1, :] + au[..., 2, :])
            known = ~np.isnan(f1)
            parts.append(_part(np.where(known, f1, 0.0).sum(axis=-1), known.sum(axis=-1)))
        if self.typed:
            for first in range(_PLAIN, _COUNTS, 3):
                hit, false, missed = np.moveaxis(counts[..., first : first + 3], -1, 0)
                parts.append(_part(2 * hit, 2 * hit + false + missed))
        return np.stack(parts, axis=-1)


def _part(some: NDArray[Any], whole: NDArray[Any]) -> NDArray[np.float64]:
    return np.divide(some, whole, out=np.full(np.shape(whole), np.nan), where=np.asarray(whole) > 0)
