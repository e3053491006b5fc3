"""One group of keys at a time: move times and values of Cubic + Auto keys to lower the largest error.

Levenberg-Marquardt on a p-norm of the error, p rising from 2 to 8. A sample touches the values and times of four
keys, so the normal matrix is banded; groups of keys with still ones between them do not touch, so each has its own
damping and is accepted or refused on its own.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solveh_banded

from curves.piecewise import PiecewiseCubic, hermite_coefficients
from curves.richcurve import MIN_CHORD_S
from curves.values import FloatArray

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

#: Keys never come closer than this: above Unreal's 1e-4 s merge distance, two float32 steps at 10 minutes.
MIN_GAP_S = 1.2e-4
_BAND = 8  # unknowns that one sample touches: value and time of four keys
_SAMPLES = 5  # in each span, see Problem.sampled


@dataclass(frozen=True, slots=True, eq=False)
class Problem:
    """Target and tolerance; sample times, target values there; whether the end values are fixed (rest)."""

    target: PiecewiseCubic
    tolerance: float
    x: FloatArray
    y: FloatArray
    fixed_ends: tuple[bool, bool]

    def with_samples(self, times: FloatArray) -> "Problem":
        x = np.union1d(self.x, times)
        return replace(self, x=x, y=self.target(x))

    def sampled(self, times: FloatArray) -> "Problem":
        """The same problem with a few samples between each two of the times."""
        places = np.arange(_SAMPLES) / _SAMPLES
        x = (times[:-1, None] + places * np.diff(times)[:, None]).ravel()
        x = np.append(x, times[-1])
        return replace(self, x=x, y=self.target(x))


@dataclass(frozen=True, slots=True, eq=False)
class Keys:
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


def optimised(problem: Problem, keys: Keys, group: Ints, rounds: int = 10) -> tuple[Keys, FloatArray]:
    """Move the keys of each group to lower its largest error; keys of group -1 stay.

    Returns the keys and each group's largest error in tolerances. Groups that are within the tolerance, or cannot
    be, rest early.
    """
    count = int(group.max()) + 1
    damping = np.full(count, 1e-3)
    state = _residuals(problem, keys, group, count)
    worst = state.worst
    for step in range(rounds):
        active = (worst > 0.995) & ((step < 3) | (worst < 3.0))
        if not active.any():
            break
        if not active[group[group >= 0]].all():
            group = np.where((group >= 0) & active[group], group, -1)
            state = _residuals(problem, keys, group, count)
        power = (2, 2, 4, 4, 8)[min(step, 4)]
        moved = _moved(problem, keys, group, state, power=power, damping=damping)
        after = _residuals(problem, moved, group, count)
        better = active & (after.norm(power) < state.norm(power)) & ~_crowded(keys, moved, group, count)
        damping = np.where(better, damping / 5, damping * 10)
        if not better.any():
            continue
        take = (group >= 0) & better[group]
        keys = Keys(np.where(take, moved.time, keys.time), np.where(take, moved.value, keys.value))
        state = after if better[active].all() else _residuals(problem, keys, group, count)
        worst = np.where(active, state.worst, worst)
    return keys, worst


def _crowded(before: Keys, after: Keys, group: Ints, count: int) -> Bools:
    """Groups whose keys came too close to each other."""
    gap = np.diff(after.time)
    close = np.flatnonzero((gap < MIN_GAP_S) & (gap < np.diff(before.time)))
    crowded = np.zeros(count + 1, dtype=bool)
    crowded[group[close]] = crowded[group[close + 1]] = True
    return crowded[:count]


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


def _residuals(problem: Problem, keys: Keys, group: Ints, count: int) -> _State:
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


def _moved(problem: Problem, keys: Keys, group: Ints, state: _State, *, power: int, damping: FloatArray) -> Keys:
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
    return Keys(time, keys.value + step[0::2])


def _normal(
    problem: Problem, keys: Keys, group: Ints, state: _State, weight: FloatArray
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


def _unknowns(problem: Problem, n: int, group: Ints) -> Ints:
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


def _jacobian(keys: Keys, state: _State) -> FloatArray:
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
