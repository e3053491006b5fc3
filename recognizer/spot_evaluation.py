"""Spotters on clips of people apart: trained, limits chosen, and judged by the rule of MEGC.

A third part of the people is neither learned from nor chosen by; all figures are theirs. Intervals are percentiles over
resampled people.
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
from recognizer.protocols import Protocol, make_folds
from recognizer.results import Resampling, Scored, draw_subjects, rows_of
from recognizer.scores import match_intervals
from recognizer.spotters import Spot, Spotter

IOU = 0.5
_KEYS = [
    ("spotting_f1", ""), ("spotting_precision", ""), ("spotting_recall", ""), ("false_events_per_min", ""),
    ("onset_error_s", ""), ("apex_error_s", ""), ("offset_error_s", ""), ("spotting_au_f1_macro", ""),
]  # fmt: skip
_PLAIN = 8  # tp, fp, fn, minutes, sums of onset, apex, offset errors, matched; then three counts an AU
_PRESENT = 0.0  # an event's own AUs have a peak above this


@dataclass(frozen=True, slots=True, eq=False)
class SpottingRun:
    """``scored``: of one spotter. ``chosen``: by seed. ``people``: how many trained, chose, were tested. ``digest``: of
    the clips."""

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
    """Trains and judges a spotter on ``clips``, split by identity as ``protocol`` (kind ``split``) says.

    ``keep``: a folder in which each seed's counts are kept when they are done, and found by another run.
    Raises InputError: fewer than three people, or no event among those tested.
    """
    owners = [("clips", clip.identity) for clip in clips]
    (fold,) = make_folds(owners, [int(clip.events > 0) for clip in clips], protocol)
    train, validation, test = ([clips[i] for i in part] for part in (fold.train, fold.validation, fold.test))
    if not any(clip.events for clip in test):
        raise InputError("The clips of the people tested hold no event: give more clips, or a larger test_share.")
    digest = clips_digest(clips)
    values, draws, chosen = [], [], {}
    for seed in seeds:
        key = hashlib.sha256(json.dumps([name, seed, digest, asdict(fold)]).encode()).hexdigest()[:12]
        path = None if keep is None else keep / f"spotter-{name}-seed{seed}-{key}.json"
        done = _kept(path) or _judge(spotter, train, validation, test, seed=seed)
        _keep(path, done)
        chosen[str(seed)] = done["chosen"]
        counts = np.array(done["counts"], np.float64)
        values.append(_figures(counts.sum(axis=0), spotter.names_aus))
        drawn = _figures(draw_subjects(len(counts), resampling) @ counts, spotter.names_aus)
        draws.append(np.where(len(counts) > 1, drawn, np.nan))  # one person tells nothing of others
        progress(f"seed {seed}: spotting F1 {values[-1][0]:.3f}")
    keys = _KEYS if spotter.names_aus else _KEYS[:-1]
    events = sum(clip.events for clip in test)
    scored = Scored(keys, tuple(map(str, seeds)), np.stack(values), np.stack(draws, axis=1), [events] * len(keys))
    trained, choosing, tested = (len({clip.identity for clip in part}) for part in (train, validation, test))
    return SpottingRun(scored, chosen, (trained, choosing, tested), digest)


def clips_digest(clips: Sequence[ClipRecord]) -> str:
    """16 hex digits over who, when and what of all clips, and over the middle frame of each clip's motion."""
    whole = hashlib.sha256()
    for clip in clips:
        whole.update(json.dumps([clip.identity, clip.seed, clip.fps, clip.scene, len(clip.times_s)]).encode())
        for array in (clip.times_s, clip.onset_apex_offset, clip.event_au, clip.flow[len(clip.flow) // 2]):
            whole.update(np.ascontiguousarray(array).tobytes())
    return whole.hexdigest()[:16]


def _judge(
    spotter: Spotter,
    train: Sequence[ClipRecord],
    validation: Sequence[ClipRecord],
    test: Sequence[ClipRecord],
    *,
    seed: int,
) -> dict[str, Any]:
    """Counts of each person tested, and what the validation part chose: JSON values."""
    fitted = spotter.fit(train, validation, seed=seed)
    counts = _by_person(test, [fitted.spot(MotionRun(clip.times_s, clip.flow, clip.prior)) for clip in test])
    return {"chosen": plain(fitted.chosen), "counts": counts.tolist()}


def _kept(path: Path | None) -> dict[str, Any] | None:
    return None if path is None or not path.is_file() else read_json(path)


def _keep(path: Path | None, done: Mapping[str, Any]) -> None:
    if path is not None:
        write_json(path, done)


def spotting_rows(run: SpottingRun, resampling: Resampling, about: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Rows of the tidy table; n: events of the people tested."""
    return rows_of(run.scored, resampling, about)


def _by_person(clips: Sequence[ClipRecord], found: Sequence[Sequence[Spot]]) -> NDArray[np.float64]:
    """(S, 8 + 3 A) sums over the clips of each person, people in sorted order."""
    people = sorted({clip.identity for clip in clips})
    sums = np.zeros((len(people), _PLAIN + 3 * len(DEFAULT_AUS)))
    for clip, spots in zip(clips, found, strict=True):
        sums[people.index(clip.identity)] += _counts(clip, spots)
    return sums


def _counts(clip: ClipRecord, spots: Sequence[Spot]) -> NDArray[np.float64]:
    true = [Interval(float(onset), float(offset)) for onset, _, offset in clip.onset_apex_offset]
    pairs = match_intervals(true, [spot.interval for spot in spots], IOU)
    minutes = float(clip.times_s[-1] - clip.times_s[0]) / 60
    errors, aus = np.zeros(3), np.zeros((3, len(DEFAULT_AUS)))
    for i, j in pairs:
        spot = spots[j]
        errors += np.abs(clip.onset_apex_offset[i] - (spot.onset_s, spot.apex_s, spot.offset_s))
        is_true = clip.event_au[i].max(axis=1) > _PRESENT
        is_found = np.isin(DEFAULT_AUS, [one.au for one in spot.aus])
        aus += np.stack([is_true & is_found, ~is_true & is_found, is_true & ~is_found])
    hits = len(pairs)
    plain = [hits, len(spots) - hits, len(true) - hits, minutes, *errors, hits]
    return np.concatenate([plain, aus.ravel()])


def _figures(counts: NDArray[np.float64], with_aus: bool) -> NDArray[np.float64]:
    """(..., K) of sums (..., 8 + 3 A), in the order of ``_KEYS``."""
    tp, fp, fn, minutes, onset, apex, offset, hits = np.moveaxis(counts[..., :_PLAIN], -1, 0)
    parts = [
        _part(2 * tp, 2 * tp + fp + fn), _part(tp, tp + fp), _part(tp, tp + fn), _part(fp, minutes),
        _part(onset, hits), _part(apex, hits), _part(offset, hits),
    ]  # fmt: skip
    if with_aus:
        au = counts[..., _PLAIN:].reshape(*counts.shape[:-1], 3, -1)
        f1 = _part(2 * au[..., 0, :], 2 * au[..., 0, :] + au[..., 1, :] + au[..., 2, :])
        known = ~np.isnan(f1)
        parts.append(_part(np.where(known, f1, 0.0).sum(axis=-1), known.sum(axis=-1)))
    return np.stack(parts, axis=-1)


def _part(some: NDArray[Any], whole: NDArray[Any]) -> NDArray[np.float64]:
    return np.divide(some, whole, out=np.full(np.shape(whole), np.nan), where=np.asarray(whole) > 0)
