"""Few Cubic + Auto keys whose curve, by Unreal's tangent rule, stays within a tolerance of a target.

Auto tangents follow from the neighbours, so the key values need not lie on the target, and times count as much as
values. The search: insert keys on the target where the error is worst, then try to do without each key in turn:
take it away and optimise the keys around the hole (``autostep``). Last, the exact error over all times is computed,
and mended where it is too large.

All steps are local and each round tries keys all along all curves at once: the effort is linear in the number of
keys, and many short curves cost no more than one long one. All key times are float32 values throughout.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from curves.autochain import (
    MAX_REACH,
    Chain,
    Task,
    chained,
    far_apart,
    on_target,
    removal_cost,
    removal_windows,
    span_windows,
)
from curves.autostep import MIN_GAP_S, Ints, Targets, optimised, snap
from curves.piecewise import PiecewiseCubic, hermite_coefficients, turning_points
from curves.richcurve import MIN_CHORD_S
from curves.values import FloatArray

Fit = tuple[FloatArray, FloatArray]

_TRIED = 0.98  # of the tolerance: between samples the error is a little larger
_MAX_KEYS = 20_000
_END_GAP_S = 1e-5  # between an end key and its equal neighbour, only where a curve starts or ends that steeply
_FEW = 40  # a curve with no more keys gets a second, dearer attempt at each: there it makes the most difference
_ATTEMPTS = 20  # at mending
_PATIENCE = 7  # attempts, after which keys around a place that is still bad go back to the target: there more keys help
_SAMPLES, _MORE_SAMPLES = 8, 12  # a span, while keys are removed one by one, and where a few count or are mended
_HOPELESS = 10.0  # tolerances of ``removal_cost``: of 1,300 such keys in real takes none could be done without
_ROUNDS = 5  # of optimising a window


def fit_auto(targets: Sequence[PiecewiseCubic], tolerances: Sequence[float]) -> list[Fit | None]:
    """For each target times and values of Cubic + Auto keys within its tolerance (value units) at every time.

    None when keys as close as MIN_GAP_S do not reach the tolerance (jumps, corners that are too sharp).
    """
    problems = [_problem(target, _TRIED * tolerance) for target, tolerance in zip(targets, tolerances, strict=True)]
    starts = [_inserted(problem, _start(problem)) for problem in problems]
    results: list[Fit | None] = [None] * len(problems)
    able = [index for index, start in enumerate(starts) if start is not None]
    if not able:
        return results
    task = Task(
        Targets([targets[index] for index in able]),
        np.array([problems[index].tolerance for index in able]),
        np.array([problems[index].fixed_ends for index in able]),
    )
    chain = chained([start for start in starts if start is not None])
    chain = _removed(chain, task, 1)
    chain = _removed(chain, task, MAX_REACH, most_keys=_FEW)
    mended = _mended(chain, task, [targets[index] for index in able], [tolerances[index] for index in able])
    for index, fit in zip(able, mended, strict=True):
        start = starts[index]
        results[index] = fit if fit is not None or start is None else _split(problems[index], start, tolerances[index])
    return results


def worst_errors(curve: PiecewiseCubic, target: PiecewiseCubic) -> tuple[FloatArray, FloatArray]:
    """For each span of ``curve``: the exact largest ``|curve - target|`` and its time."""
    difference = curve.plus(target.scaled(-1.0))
    starts, lengths = difference.breaks[:-1], np.diff(difference.breaks)
    a, b, c, d = difference.coefficients
    points = [np.zeros_like(lengths), lengths]
    points += [np.clip(turn, 0.0, lengths) for turn in turning_points(difference.coefficients)]
    error = np.abs([((a * u + b) * u + c) * u + d for u in points])
    best = error.argmax(axis=0)
    column = np.arange(lengths.size)
    worst, where = error[best, column], starts + np.array(points)[best, column]
    span = np.clip(np.searchsorted(curve.breaks, starts + lengths / 2, side="right") - 1, 0, curve.breaks.size - 2)
    order = np.lexsort((worst, span))
    last = np.flatnonzero(np.diff(span[order], append=-1))
    return worst[order][last], where[order][last]


def auto_curve(time: FloatArray, value: FloatArray) -> PiecewiseCubic:
    """What Unreal makes of Cubic + Auto keys."""
    return PiecewiseCubic(time, _rows(time, value))


@dataclass(frozen=True, slots=True, eq=False)
class _Problem:
    """Target and tolerance; sample times, target values there; whether the end values are fixed (rest)."""

    target: PiecewiseCubic
    tolerance: float
    x: FloatArray
    y: FloatArray
    fixed_ends: tuple[bool, bool]

    def with_samples(self, times: FloatArray) -> "_Problem":
        x = np.union1d(self.x, times)
        return replace(self, x=x, y=self.target(x))


def _problem(target: PiecewiseCubic, tolerance: float) -> _Problem:
    """Samples: four a piece, 2.5 to 12 ms apart; sparse where the target rests."""
    lengths = np.diff(target.breaks)
    rests = (np.abs(target.coefficients[:3]).max(axis=0) == 0.0) & (lengths > 0.05)
    step = np.where(rests, np.maximum(lengths / 12, 0.02), np.clip(lengths / 4, 2.5e-3, 12e-3))
    counts = np.maximum(1, np.ceil(lengths / step)).astype(int)
    parts = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    x = np.repeat(target.breaks[:-1], counts) + parts * np.repeat(lengths / counts, counts)
    x = np.append(x, target.breaks[-1])
    return _Problem(target, tolerance, x, target(x), (bool(rests[0]), bool(rests[-1])))


def _start(problem: _Problem) -> FloatArray:
    """Times of both ends with their rest keys, and of the turning points that matter."""
    breaks = problem.target.breaks
    length = breaks[-1] - breaks[0]
    pad = min(0.01, length / 8)
    first = breaks[1] if problem.fixed_ends[0] else breaks[0] + pad
    last = breaks[-2] if problem.fixed_ends[1] else breaks[-1] - pad
    inner = [_turns(problem)]
    if first < last:
        inner.append(np.array([first, last]))
    times = _spaced(np.concatenate([breaks[[0, -1]], *inner]), max(MIN_GAP_S, min(0.02, length / 10)))
    return times if times.size >= 4 else snap(breaks[0] + length * np.array([0.0, 0.1, 0.9, 1.0]))


def _turns(problem: _Problem) -> FloatArray:
    """Extrema of the samples that differ from the one before by more than twice the tolerance."""
    y = problem.y
    rise = np.sign(np.diff(y))
    candidates = np.flatnonzero(rise[1:] * rise[:-1] < 0) + 1
    kept: list[int] = []
    last = np.inf
    for index, value in zip(candidates.tolist(), y[candidates].tolist(), strict=True):
        if abs(value - last) > 2 * problem.tolerance:
            kept.append(index)
            last = value
    return problem.x[kept]


def _spaced(times: FloatArray, gap: float) -> FloatArray:
    """Rising float32 times at least ``gap`` apart; both ends stay."""
    ordered = snap(np.unique(times)).tolist()
    kept = [ordered[0]]
    for time in ordered[1:-1]:
        if time - kept[-1] >= gap and ordered[-1] - time >= gap:
            kept.append(time)
    return np.array([*kept, ordered[-1]])


def _tied(problem: _Problem, value: FloatArray) -> FloatArray:
    """First and last two values made equal: both known readings of end tangents then agree."""
    value[:2] = problem.y[0] if problem.fixed_ends[0] else (value[0] + value[1]) / 2
    value[-2:] = problem.y[-1] if problem.fixed_ends[1] else (value[-2] + value[-1]) / 2
    return value


def _inserted(problem: _Problem, time: FloatArray) -> Fit | None:
    """Keys on the target, one more at the worst time of every span outside the tolerance, until none is."""
    x, y = problem.x, problem.y
    while time.size < _MAX_KEYS:
        value = _tied(problem, problem.target(time))
        edges = np.searchsorted(x, time)
        edges[0], edges[-1] = 0, x.size
        span = np.repeat(np.arange(time.size - 1), np.diff(edges))
        error = np.abs(_on_spans(time, value, span, x) - y)
        full = np.flatnonzero(np.diff(edges))
        size = np.zeros(time.size + 1)
        size[full + 1] = np.maximum.reduceat(error, edges[full])
        if size.max() <= problem.tolerance:
            return time, value
        summit = (size[1:-1] >= size[:-2]) & (size[1:-1] >= size[2:])  # one key may cure the neighbours too
        summit[[0, -1]] = True  # the flat end spans are cured only by a key of their own
        chosen = np.flatnonzero((error == size[span + 1]) & (error > problem.tolerance) & summit[span])
        chosen = chosen[np.diff(span[chosen], prepend=-1) > 0]
        new = _new_times(time, span[chosen], x[chosen])
        if np.isnan(new).all():
            return None
        time = np.unique(snap(np.concatenate((time, new[~np.isnan(new)]))))
    return None


def _on_spans(time: FloatArray, value: FloatArray, span: Ints, x: FloatArray) -> FloatArray:
    """The auto curve of the keys at times x, of which the spans are known."""
    a, b, c, d = _rows(time, value)[:, span]
    u = x - time[span]
    result: FloatArray = ((a * u + b) * u + c) * u + d
    return result


def _rows(time: FloatArray, value: FloatArray) -> FloatArray:
    """(4, spans) coefficients of the auto curve."""
    m = np.zeros(time.size)
    m[1:-1] = (value[2:] - value[:-2]) / np.maximum(MIN_CHORD_S, time[2:] - time[:-2])
    return hermite_coefficients(np.diff(time), value[:-1], m[:-1], value[1:], m[1:])


def _new_times(time: FloatArray, span: Ints, wanted: FloatArray) -> FloatArray:
    """A new key time in each of the spans: near the one wanted, near the outer end in an end span; NaN without room."""
    left, right = time[span], time[span + 1]
    room = right - left
    first, last = span == 0, span == time.size - 2
    margin = np.maximum(room / 4, MIN_GAP_S)
    # a flat end span gets shorter, in the steepest cases as short as float32 allows
    shortest = np.maximum(_END_GAP_S, 2 * np.spacing(np.abs(right).astype(np.float32)).astype(np.float64))
    at_end = np.where(room < 8 * MIN_GAP_S, np.where(room > 2 * MIN_GAP_S, MIN_GAP_S, shortest), margin)
    margin = np.where(first | last, at_end, margin)
    near = np.where(first, left, np.where(last, right, wanted))
    return np.where(room > 2 * margin, snap(np.clip(near, left + margin, right - margin)), np.nan)


def _removed(chain: Chain, task: Task, reach: int, most_keys: int = _MAX_KEYS) -> Chain:
    """Try to do without each inner key of curves with at most so many, cheapest first; keys far apart in one go.

    ``reach`` keys to either side of the one removed are optimised.
    """
    samples = _SAMPLES if reach == 1 else _MORE_SAMPLES  # far keys leave the error more room to hide
    stuck = (chain.sizes() > most_keys)[chain.curve]
    while True:
        cost = removal_cost(chain, task)
        if reach == 1:
            cost[cost > _HOPELESS] = np.inf
        chosen = far_apart(np.where(stuck, np.inf, cost), reach)
        if not chosen.size:
            return chain
        keys, windows = removal_windows(chain, task, chosen, reach, samples)
        time, value, worst = optimised(windows, _ROUNDS)
        fits = worst <= 1.0
        stuck[chosen[~fits, None] + np.arange(-1, 2)] = True  # the neighbours would lead to the same few keys
        chain = chain.with_windows(keys[fits], time[fits], value[fits]).without(chosen[fits])
        stuck = np.delete(stuck, chosen[fits])


def _mended(
    chain: Chain, task: Task, targets: Sequence[PiecewiseCubic], tolerances: Sequence[float]
) -> list[Fit | None]:
    """The samples are not all times: where the exact error is too large, optimise, or insert a key and optimise."""
    results: list[Fit | None] = [None] * len(targets)
    for attempt in range(_ATTEMPTS):
        bad, where = _too_far(chain, targets, tolerances, results)
        if not bad.size:
            break
        if attempt % 2 or attempt >= _PATIENCE:
            new = np.concatenate([_new_in(chain, index, bad, where) for index in np.unique(chain.curve[bad])])
            room = ~np.isnan(new)
            bad, new = bad[room], new[room]
            chain = chain.with_keys(bad, new, _at(chain, bad, new))
            bad = bad + np.arange(bad.size) + 1
        if attempt >= _PATIENCE:
            chain = on_target(chain, task, bad)
            continue
        cost = np.full(chain.time.size, np.inf)
        cost[bad] = 0.0
        spans = far_apart(cost, MAX_REACH)
        if spans.size:
            keys, windows = span_windows(chain, task, spans, MAX_REACH, _MORE_SAMPLES)
            time, value, _ = optimised(windows, 2 * _ROUNDS)
            chain = chain.with_windows(keys, time, value)
    return results


def _too_far(
    chain: Chain, targets: Sequence[PiecewiseCubic], tolerances: Sequence[float], results: list[Fit | None]
) -> tuple[Ints, FloatArray]:
    """Spans (by their first keys) whose exact error is too large, and where; curves without any become results."""
    spans: list[Ints] = [np.zeros(0, dtype=np.int64)]
    times: list[FloatArray] = [np.zeros(0)]
    for index, (target, tolerance) in enumerate(zip(targets, tolerances, strict=True)):
        if results[index] is not None:
            continue
        keys = chain.keys_of(index)
        time, value = chain.time[keys], chain.value[keys]
        error, where = worst_errors(auto_curve(time, value), target)
        bad = np.flatnonzero(error > tolerance)
        if bad.size:
            spans.append(bad + keys.start)
            times.append(where[bad])
        else:
            results[index] = time, value
    return np.concatenate(spans), np.concatenate(times)


def _new_in(chain: Chain, index: int, bad: Ints, where: FloatArray) -> FloatArray:
    """Times for a new key in the bad spans of one curve, NaN where there is no room."""
    keys = chain.keys_of(index)
    mine = chain.curve[bad] == index
    return _new_times(chain.time[keys], bad[mine] - keys.start, where[mine])


def _at(chain: Chain, spans: Ints, times: FloatArray) -> FloatArray:
    """Values of the chain's curves at times in the spans given."""
    m, t, v = chain.tangents(), chain.time, chain.value
    a, b, c, d = hermite_coefficients(t[spans + 1] - t[spans], v[spans], m[spans], v[spans + 1], m[spans + 1])
    u = times - t[spans]
    result: FloatArray = ((a * u + b) * u + c) * u + d
    return result


def _split(problem: _Problem, keys: Fit, tolerance: float) -> Fit | None:
    """Keys on the target, split where the exact error is too large: more keys than needed, but sure."""
    fit: Fit | None = keys
    for _ in range(40):
        if fit is None:
            return None
        error, where = worst_errors(auto_curve(*fit), problem.target)
        if error.max() <= tolerance:
            return fit
        problem = problem.with_samples(where[error > tolerance])
        fit = _inserted(problem, fit[0])
    return None
