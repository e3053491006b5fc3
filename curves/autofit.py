"""Few Cubic + Auto keys whose curve, by Unreal's tangent rule, stays within a tolerance of a target.

Auto tangents follow from the neighbours, so the key values need not lie on the target, and times count as much as
values. The search: insert keys where the error is worst, optimise times and values (Levenberg-Marquardt on a
p-norm of the error, p rising, so that the largest error is what falls), then try to do without each key in turn.

A key reaches two spans to either side, hence all systems are banded, and removals that lie far enough apart are
tried at the same time: each such *group* of keys is optimised, accepted or taken back on its own.

All key times are float32 values throughout.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solveh_banded

from curves.piecewise import PiecewiseCubic, hermite_coefficients, turning_points
from curves.richcurve import MIN_CHORD_S
from curves.values import FloatArray

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

#: Keys never come closer than this: above Unreal's 1e-4 s merge distance, several float32 steps at 10 minutes.
MIN_GAP_S = 4e-4
_ROOMY_GAP_S = 4e-3  # while inserting: leave room for further keys
_BAND = 8  # unknowns that one sample touches: value and time of four keys
_REACH = 3  # keys that move on either side of a removed one
_MAX_KEYS = 20_000


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


@dataclass(frozen=True, slots=True, eq=False)
class _Keys:
    """Key times (float32 values) and values; the two first and the two last values are equal."""

    time: FloatArray
    value: FloatArray

    def tangents(self) -> FloatArray:
        inner = (self.value[2:] - self.value[:-2]) / np.maximum(MIN_CHORD_S, self.time[2:] - self.time[:-2])
        return np.concatenate(([0.0], inner, [0.0]))

    def curve(self) -> PiecewiseCubic:
        m = self.tangents()
        spans = np.diff(self.time)
        return PiecewiseCubic(self.time, hermite_coefficients(spans, self.value[:-1], m[:-1], self.value[1:], m[1:]))


def snap(times: FloatArray) -> FloatArray:
    """The nearest float32 values, as float64."""
    return times.astype(np.float32).astype(np.float64)


def fit_auto(target: PiecewiseCubic, tolerance: float) -> tuple[FloatArray, FloatArray] | None:
    """Times and values of Cubic + Auto keys within ``tolerance`` (value units) of the target at every time.

    None when keys as close as MIN_GAP_S do not reach the tolerance (jumps, corners that are too sharp).
    """
    problem = _problem(target, 0.98 * tolerance)  # between samples the error is a little larger
    keys = _insert_until_within(problem, _start(problem))
    if keys is None:
        return None
    keys = _removed(problem, keys)
    for _ in range(8):  # the samples are not all times: where the exact error is larger, sample there too
        error, where = worst_errors(keys.curve(), target)
        if error.max() <= tolerance:
            return keys.time, keys.value
        problem = problem.with_samples(where[error > tolerance])
        keys, _ = _optimised(problem, keys, _one_group(keys))
        refined = _insert_until_within(problem, keys)
        if refined is None:
            return None
        keys = refined
    return None


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


def _problem(target: PiecewiseCubic, tolerance: float) -> _Problem:
    """Samples: four a piece, 2.5 to 8 ms apart; sparse where the target rests."""
    lengths = np.diff(target.breaks)
    rests = (np.abs(target.coefficients[:3]).max(axis=0) == 0.0) & (lengths > 0.05)
    step = np.where(rests, np.maximum(lengths / 12, 0.02), np.clip(lengths / 4, 2.5e-3, 8e-3))
    counts = np.maximum(1, np.ceil(lengths / step)).astype(int)
    parts = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    x = np.repeat(target.breaks[:-1], counts) + parts * np.repeat(lengths / counts, counts)
    x = np.append(x, target.breaks[-1])
    return _Problem(target, tolerance, x, target(x), (bool(rests[0]), bool(rests[-1])))


def _start(problem: _Problem) -> _Keys:
    """Both ends with their rest keys, and the turning points that matter."""
    breaks = problem.target.breaks
    length = breaks[-1] - breaks[0]
    pad = min(0.01, length / 8)
    first = breaks[1] if problem.fixed_ends[0] else breaks[0] + pad
    last = breaks[-2] if problem.fixed_ends[1] else breaks[-1] - pad
    inner = [_turns(problem)]
    if first < last:
        inner.append(np.array([first, last]))
    times = _spaced(np.concatenate([breaks[[0, -1]], *inner]), max(MIN_GAP_S, min(0.02, length / 10)))
    if times.size < 4:
        times = snap(breaks[0] + length * np.array([0.0, 0.1, 0.9, 1.0]))
    return _Keys(times, _tied(problem, problem.target(times)))


def _turns(problem: _Problem) -> FloatArray:
    """Extrema of the samples that differ from the one before by more than twice the tolerance."""
    y = problem.y
    rise = np.sign(np.diff(y))
    candidates = np.flatnonzero(rise[1:] * rise[:-1] < 0) + 1
    kept: list[int] = []
    for index in candidates:
        if not kept or abs(y[index] - y[kept[-1]]) > 2 * problem.tolerance:
            kept.append(int(index))
    return problem.x[kept]


def _spaced(times: FloatArray, gap: float) -> FloatArray:
    """Rising float32 times at least ``gap`` apart; both ends stay."""
    ordered = snap(np.unique(times))
    kept = [ordered[0]]
    for time in ordered[1:-1]:
        if time - kept[-1] >= gap and ordered[-1] - time >= gap:
            kept.append(time)
    return np.array([*kept, ordered[-1]])


def _tied(problem: _Problem, value: FloatArray) -> FloatArray:
    """First and last two values made equal: both known readings of end tangents then agree."""
    value = value.copy()
    value[1] = value[0] = problem.y[0] if problem.fixed_ends[0] else value[1]
    value[-2] = value[-1] = problem.y[-1] if problem.fixed_ends[1] else value[-2]
    return value


def _one_group(keys: _Keys) -> Ints:
    return np.zeros(keys.time.size, dtype=np.int64)


def _insert_until_within(problem: _Problem, keys: _Keys) -> _Keys | None:
    """A key at the worst time of every span outside the tolerance, then optimise, until none is.

    Optimising may crowd keys where no further one fits; then times stay, and only values follow the target.
    """
    result = _inserted(problem, keys, rounds=5, gap=_ROOMY_GAP_S)
    return result or _inserted(problem, _Keys(keys.time, _tied(problem, problem.target(keys.time))), 0, MIN_GAP_S)


def _inserted(problem: _Problem, keys: _Keys, rounds: int, gap: float) -> _Keys | None:
    while keys.time.size < _MAX_KEYS:
        keys, worst = _optimised(problem, keys, _one_group(keys), rounds, gap)
        if worst.max() <= 1.0:
            return keys
        error = np.abs(keys.curve()(problem.x) - problem.y)
        span = np.clip(np.searchsorted(keys.time, problem.x, side="right") - 1, 0, keys.time.size - 2)
        order = np.lexsort((error, span))
        last = order[np.flatnonzero(np.diff(span[order], append=-1))]
        size = np.zeros(keys.time.size + 1)
        size[span[last] + 1] = error[last]
        summit = (size[1:-1] >= size[:-2]) & (size[1:-1] >= size[2:])  # one key may cure the neighbours too
        chosen = last[(error[last] > problem.tolerance) & summit[span[last]]]
        left, right = keys.time[span[chosen]], keys.time[span[chosen] + 1]
        room = right - left
        new = np.clip(problem.x[chosen], left + room / 4, right - room / 4)[room > 3 * gap]
        if not new.size:
            return None
        times = snap(np.union1d(keys.time, new))
        values = np.where(np.isin(times, keys.time) & (rounds > 0), keys.curve()(times), problem.target(times))
        keys = _Keys(times, _tied(problem, values))
    return None


def _removed(problem: _Problem, keys: _Keys) -> _Keys:
    """Try to do without each inner key, cheapest first; groups far apart in one go."""
    stuck = np.zeros(keys.time.size, dtype=bool)
    while keys.time.size > 4:
        chosen = _far_apart(_removal_cost(problem, keys), stuck)
        if not chosen.size:
            return keys
        keep = np.ones(keys.time.size, dtype=bool)
        keep[chosen] = False
        group = _groups(chosen, keep)
        fewer = _Keys(keys.time[keep], _tied(problem, keys.value[keep]))
        tried, worst = _optimised(problem, fewer, group)
        failed = np.flatnonzero(worst > 1.0)
        near = chosen[failed][:, None] + np.arange(-1, 2)  # the neighbours would lead to the same few keys
        stuck[near] = True
        time, value = keys.time.copy(), keys.value.copy()
        moved = (group >= 0) & ~np.isin(group, failed)
        time[keep], value[keep] = np.where(moved, tried.time, time[keep]), np.where(moved, tried.value, value[keep])
        keep[chosen[failed]] = True
        keys, stuck = _Keys(time[keep], value[keep]), stuck[keep]
    return keys


def _removal_cost(problem: _Problem, keys: _Keys) -> FloatArray:
    """A guess of what each inner key is worth: how far its value is from the cubic through its neighbours."""
    m = keys.tangents()
    t, v = keys.time, keys.value
    h = t[2:] - t[:-2]
    s = (t[1:-1] - t[:-2]) / h
    guess = (
        (1 + 2 * s) * (1 - s) ** 2 * v[:-2]
        + s * (1 - s) ** 2 * h * m[:-2]
        + s * s * (3 - 2 * s) * v[2:]
        - s * s * (1 - s) * h * m[2:]
    )
    return np.abs(guess - v[1:-1]) / problem.tolerance


def _far_apart(cost: FloatArray, stuck: Bools) -> Ints:
    """Indices of keys to try, cheapest first, whose groups do not touch."""
    chosen: list[int] = []
    blocked = stuck.copy()
    blocked[[0, -1]] = True
    for index in np.argsort(cost) + 1:
        if not blocked[index]:
            chosen.append(int(index))
            blocked[max(0, index - 2 * _REACH - 3) : index + 2 * _REACH + 4] = True
    return np.array(sorted(chosen), dtype=np.int64)


def _groups(chosen: Ints, keep: Bools) -> Ints:
    """(kept keys,) the group in which each key moves, or -1."""
    group = np.full(keep.size, -1, dtype=np.int64)
    for index, key in enumerate(chosen):
        group[max(0, key - _REACH) : key + _REACH + 1] = index
    return group[keep]


# --- optimisation of times and values, a group at a time ---------------------------------------------------------


def _optimised(
    problem: _Problem, keys: _Keys, group: Ints, rounds: int = 10, gap: float = MIN_GAP_S
) -> tuple[_Keys, FloatArray]:
    """Move the keys of each group to lower its largest error; keys of group -1 stay.

    Returns the keys and each group's largest error in tolerances. A group that cannot be better gives up early.
    """
    count = int(group.max()) + 1
    power = 2
    damping = np.full(count, 1e-3)
    state = _residuals(problem, keys, group, count)
    for step in range(rounds):
        if state.worst.max() <= 0.995 or (step >= 3 and rounds > 5 and state.worst.min() > 3):
            break
        power = (2, 2, 4, 4, 8)[step] if step < 5 else 8
        moved = _moved(problem, keys, group, state, power=power, damping=damping)
        after = _residuals(problem, moved, group, count)
        crowded = np.zeros(count, dtype=bool)
        close = np.flatnonzero((np.diff(moved.time) < gap) & (np.diff(moved.time) < np.diff(keys.time)))
        crowded[np.concatenate((group[close], group[close + 1], [-1]))[:-1]] |= True
        better = (after.norm(power) < state.norm(power)) & ~crowded
        damping = np.where(better, damping / 5, damping * 10)
        if not better.any():
            continue
        take = (group >= 0) & better[group]
        keys = _Keys(np.where(take, moved.time, keys.time), np.where(take, moved.value, keys.value))
        state = _residuals(problem, keys, group, count)
    return keys, state.worst


@dataclass(frozen=True, slots=True, eq=False)
class _State:
    """Residuals in tolerances at the samples that the groups reach, with the sample's span and group.

    ``s`` is the sample's place in its span (0..1), ``h`` the span's length, ``m`` all tangents.
    """

    span: Ints
    group: Ints
    count: int
    s: FloatArray
    h: FloatArray
    m: FloatArray
    residual: FloatArray

    @property
    def worst(self) -> FloatArray:
        if self.count == 1:
            return np.array([np.abs(self.residual).max()])
        result = np.zeros(self.count)
        np.maximum.at(result, self.group, np.abs(self.residual))
        return result

    def norm(self, power: int) -> FloatArray:
        """Per group; comparable between two states of the same samples."""
        size = np.minimum(np.abs(self.residual), 1e6) ** power
        return np.array([size.sum()]) if self.count == 1 else _sums(self.group, size, self.count)


def _sums(index: Ints, values: FloatArray, count: int) -> FloatArray:
    """(count,) the sum of the values at each index."""
    sums = np.bincount(index.ravel(), values.ravel(), minlength=count)
    return np.asarray(sums, dtype=np.float64)


def _residuals(problem: _Problem, keys: _Keys, group: Ints, count: int) -> _State:
    t, v, m = keys.time, keys.value, keys.tangents()
    spans = t.size - 1
    k = np.minimum(np.maximum(np.searchsorted(t, problem.x, side="right") - 1, 0), spans - 1)
    x, y = problem.x, problem.y
    padded = np.concatenate(([-1], group, [-1]))  # a key's tangent reaches two spans to either side
    reached = np.maximum(np.maximum(padded[:-3], padded[1:-2]), np.maximum(padded[2:-1], padded[3:]))
    if reached.min() < 0:
        used = reached[k] >= 0
        x, y, k = x[used], y[used], k[used]
    h = (t[1:] - t[:-1])[k]
    s = (x - t[k]) / h
    r = 1 - s
    curve = r * r * ((1 + 2 * s) * v[k] + s * h * m[k]) + s * s * ((1 + 2 * r) * v[k + 1] - r * h * m[k + 1])
    return _State(k, reached[k], count, s, h, m, (curve - y) / problem.tolerance)


def _moved(problem: _Problem, keys: _Keys, group: Ints, state: _State, *, power: int, damping: FloatArray) -> _Keys:
    """One damped Newton step on the sum of |residual|^power."""
    n = keys.time.size
    weight = np.maximum(np.abs(state.residual), 1e-3) ** (power - 2)
    weight /= np.maximum(_sums(state.group, weight, state.count), 1e-300)[state.group]
    matrix, gradient, unknown = _normal(problem, keys, group, state, weight)
    matrix = (power - 1) * matrix
    mu = damping[np.repeat(np.maximum(group, 0), 2)]
    matrix[0] = matrix[0] * (1 + mu) + 1e-12 * max(1.0, float(matrix[0].max()))
    step = -solveh_banded(matrix, gradient, lower=True)
    step = np.append(step, 0.0)[unknown[: 2 * n]]
    gaps = np.diff(keys.time)
    room = 0.35 * np.minimum(np.append(gaps, np.inf), np.append(np.inf, gaps))
    time = snap(keys.time + np.clip(step[1::2], -room, room))
    return _Keys(time, keys.value + step[0::2])


def _normal(
    problem: _Problem, keys: _Keys, group: Ints, state: _State, weight: FloatArray
) -> tuple[FloatArray, FloatArray, Ints]:
    """Normal matrix (lower band form), gradient, and which unknown each key's value and time is."""
    n = keys.time.size
    unknown = _unknowns(problem, n, group)
    jacobian = _jacobian(keys, state) / problem.tolerance
    weighted = jacobian * weight[:, None]
    starts = np.flatnonzero(np.diff(state.span, prepend=-1))  # samples come in time order, so spans do
    products = np.add.reduceat(weighted[:, :, None] * jacobian[:, None, :], starts, axis=0)
    slopes = np.add.reduceat(weighted * state.residual[:, None], starts, axis=0)
    index = unknown[2 * state.span[starts][:, None] - 2 + np.arange(_BAND)]
    gradient = _sums(index, slopes, 2 * n + 1)[: 2 * n]
    row, column = np.broadcast_arrays(index[:, :, None], index[:, None, :])
    lower = (row >= column) & (row < 2 * n)
    flat = (row[lower] - column[lower]) * 2 * n + column[lower]
    banded = _sums(flat, products[lower], _BAND * 2 * n).reshape(_BAND, 2 * n)
    return banded, gradient, unknown


def _unknowns(problem: _Problem, n: int, group: Ints) -> Ints:
    """Entry 2k: the unknown of key k's value, 2k + 1: of its time; 2n stands for what is fixed.

    Two more entries at the end, reached by the indices -1 and -2, serve keys that do not exist.
    """
    unknown = np.arange(2 * n + 2)
    still = np.flatnonzero(group < 0)
    unknown[2 * still] = unknown[2 * still + 1] = 2 * n
    unknown[[1, 2 * n - 1]] = 2 * n
    unknown[0], unknown[2 * n - 2] = unknown[2], unknown[2 * n - 4]  # tied to the neighbour's value
    for fixed, pair in ((problem.fixed_ends[0], [0, 2]), (problem.fixed_ends[1], [2 * n - 2, 2 * n - 4])):
        if fixed:
            unknown[pair] = 2 * n
    unknown[2 * n :] = 2 * n
    return unknown


def _jacobian(keys: _Keys, state: _State) -> FloatArray:
    """(samples, 8) derivative by value and time of the keys k - 1 .. k + 2, k the sample's span."""
    t, v, m, k, s, h = keys.time, keys.value, state.m, state.span, state.s, state.h
    h00, h10 = (1 + 2 * s) * (1 - s) ** 2, s * (1 - s) ** 2
    h01, h11 = s * s * (3 - 2 * s), s * s * (s - 1)
    m0, m1 = m[k], m[k + 1]
    # reciprocals of the chords that the tangents divide by; an end tangent depends on nothing
    chord = np.concatenate(([0.0], 1 / np.maximum(MIN_CHORD_S, t[2:] - t[:-2]), [0.0]))
    g0, g1 = h * h10 * chord[k], h * h11 * chord[k + 1]
    by_s = 6 * s * (s - 1) * (v[k] - v[k + 1]) + h * ((3 * s - 1) * (s - 1) * m0 + s * (3 * s - 2) * m1)
    by_h = h10 * m0 + h11 * m1
    return np.array(
        [
            -g0,
            g0 * m0,
            h00 - g1,
            by_s * (s - 1) / h - by_h + g1 * m1,
            h01 + g0,
            -by_s * s / h + by_h - g0 * m0,
            g1,
            -g1 * m1,
        ]
    ).T
