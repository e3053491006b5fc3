"""Windows of Cubic + Auto keys: move times and values of a few keys to lower the largest error around them.

An auto tangent depends on the neighbours only, so a key that moves changes two spans to either side. A window holds
the keys that move and two still ones to either side; many windows that do not touch, of one curve or of many, are
optimised at the same time, as rows of arrays: Levenberg-Marquardt on a p-norm of the error, p rising from 2 to 8,
with a damping of its own in each row.
"""

from dataclasses import dataclass, replace
from functools import cache
from typing import cast

import numpy as np
from numpy.typing import NDArray

from curves.piecewise import PiecewiseCubic
from curves.richcurve import MIN_CHORD_S
from curves.values import FloatArray

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

#: Keys never come closer than this: above Unreal's 1e-4 s merge distance, two float32 steps at 10 minutes.
MIN_GAP_S = 1.2e-4
STILL = 2  # keys at either end of a window that stay
_ROWS = 256  # windows optimised at a time: their arrays stay in the cache, and memory does not grow with length
_POWERS = (2, 2, 4, 4, 8)


def snap(times: FloatArray) -> FloatArray:
    """The nearest float32 values, as float64."""
    return times.astype(np.float32).astype(np.float64)


class Targets:
    """Several curves, evaluated together: row by row at times of the row's own curve."""

    def __init__(self, curves: list[PiecewiseCubic]) -> None:
        self.low = np.array([curve.start_s for curve in curves])
        self.high = np.array([curve.end_s for curve in curves])
        # on one time axis, one curve after the other: only to find the span
        self.offset = np.concatenate(([0.0], np.cumsum(self.high - self.low + 1.0)[:-1])) - self.low
        self._starts = np.concatenate([curve.breaks[:-1] for curve in curves])
        sizes = [curve.breaks.size - 1 for curve in curves]
        self._shifted = self._starts + np.repeat(self.offset, sizes)
        self._rows = np.ascontiguousarray(np.concatenate([curve.coefficients for curve in curves], axis=1).T)

    def __call__(self, curve: Ints, times: FloatArray) -> FloatArray:
        """Values of the curves with the indices ``curve`` (rows,) at ``times`` (rows, n); end values hold."""
        inside = np.clip(times, self.low[curve][:, None], self.high[curve][:, None])
        span = np.searchsorted(self._shifted, inside + self.offset[curve][:, None], side="right") - 1
        a, b, c, d = np.moveaxis(self._rows[span], -1, 0)
        u = inside - self._starts[span]
        return cast(FloatArray, ((a * u + b) * u + c) * u + d)


@dataclass(frozen=True, slots=True, eq=False)
class Windows:
    """Rows of neighbouring keys, all of the same number, with samples of the target between them.

    ``time``, ``value`` (rows, keys); the first and last STILL keys stay. ``outer`` (rows, 2): tangents of the first
    and the last key. ``inner`` (rows, keys): 1 where the tangent follows from the neighbours, 0 at a curve's ends
    and beyond. ``tied`` (rows, 2): which key is the curve's first, which its last (-1 where neither is in the window);
    each has the value of its inner neighbour. ``fixed`` (rows, keys, 2): values and times that must not move.
    ``x``, ``y`` (rows, samples): times and target values; ``unit`` (rows, samples): 1 / tolerance, 0 outside the curve.
    """

    time: FloatArray
    value: FloatArray
    outer: FloatArray
    inner: FloatArray
    tied: Ints
    fixed: Bools
    x: FloatArray
    y: FloatArray
    unit: FloatArray

    def part(self, rows: Ints | Bools | slice) -> "Windows":
        return Windows(*(getattr(self, name)[rows] for name in self.__slots__))


@dataclass(frozen=True, slots=True, eq=False)
class _State:
    """Residuals in tolerances; per sample: its span's first key in the row, its place s in the span (0..1), the span's
    length h and end tangents; per key the reciprocal chord that its tangent divides by."""

    key: Ints
    s: FloatArray
    h: FloatArray
    m0: FloatArray
    m1: FloatArray
    chord: FloatArray
    residual: FloatArray

    @property
    def worst(self) -> FloatArray:
        return cast(FloatArray, np.abs(self.residual).max(axis=1))

    def part(self, rows: Bools) -> "_State":
        return _State(*(getattr(self, name)[rows] for name in self.__slots__))

    def with_rows(self, rows: Bools, other: "_State") -> "_State":
        """The other's where ``rows`` (rows,) says so."""
        take = rows[:, None]
        return _State(*(np.where(take, getattr(other, name), getattr(self, name)) for name in self.__slots__))

    def norm(self, power: int) -> FloatArray:
        """Comparable between two states of the same samples."""
        size = np.minimum(np.abs(self.residual), 1e6)
        for _ in range(power.bit_length() - 1):
            size = size * size
        return cast(FloatArray, size.sum(axis=1))


def optimised(windows: Windows, rounds: int) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Times and values (rows, keys) after at most ``rounds`` steps, and each row's largest error in tolerances.

    Rows that are within the tolerance, or cannot be, rest early.
    """
    parts = [slice(start, start + _ROWS) for start in range(0, windows.time.shape[0], _ROWS)]
    results = [_optimised(windows.part(part), rounds) for part in parts]
    return tuple(np.concatenate(column) for column in zip(*results, strict=True))  # type: ignore[return-value]


def _optimised(windows: Windows, rounds: int) -> tuple[FloatArray, FloatArray, FloatArray]:
    time, value = windows.time.copy(), windows.value.copy()
    now, state = windows, _residuals(windows)
    worst = state.worst
    rows = np.arange(worst.size)  # those still at work, which ``now`` and ``state`` hold
    damping = np.full(rows.size, 1e-3)
    for step in range(rounds):
        hopeless = np.inf if step < 2 else 3.0
        active = (worst[rows] > 0.995) & (worst[rows] < hopeless)
        if not active.all():
            rows, damping, now = rows[active], damping[active], now.part(active)
            if not rows.size:
                break
            state = state.part(active)
        power = _POWERS[min(step, len(_POWERS) - 1)]
        moved = _moved(now, state, power, damping)
        after = _residuals(moved)
        better = (after.norm(power) < state.norm(power)) & ~_crowded(now, moved)
        damping = np.where(better, damping / 5, damping * 10)
        if better.all():
            now, state = moved, after
        elif better.any():
            take = better[:, None]
            now = replace(now, time=np.where(take, moved.time, now.time), value=np.where(take, moved.value, now.value))
            state = state.with_rows(better, after)
        time[rows], value[rows], worst[rows] = now.time, now.value, state.worst
    return time, value, worst


def _crowded(before: Windows, after: Windows) -> Bools:
    """Rows whose keys came too close to each other."""
    gap = np.diff(after.time, axis=1)
    return cast(Bools, ((gap < MIN_GAP_S) & (gap < np.diff(before.time, axis=1))).any(axis=1))


def _residuals(windows: Windows) -> _State:
    t, v, x = windows.time, windows.value, windows.x
    rows, keys = t.shape
    chord = windows.inner / np.maximum(MIN_CHORD_S, t[:, 2:] - t[:, :-2])
    m = np.empty_like(v)
    m[:, 1:-1] = (v[:, 2:] - v[:, :-2]) * chord
    m[:, [0, -1]] = windows.outer
    key = np.zeros(x.shape, dtype=np.int64)
    for column in range(1, keys - 1):
        key += x >= t[:, column, None]
    place = key + (np.arange(rows) * keys)[:, None]
    following = place + 1
    flat_v, flat_m = v.ravel(), m.ravel()
    h = np.diff(t, append=np.inf).ravel()[place]
    s = (x - t.ravel()[place]) / h
    v0, m0, m1 = flat_v[place], flat_m[place], flat_m[following]
    rise = flat_v[following] - v0
    r = 1 - s
    curve = v0 + s * (s * (3 - 2 * s) * rise + r * h * (r * m0 - s * m1))
    return _State(key, s, h, m0, m1, chord, (curve - windows.y) * windows.unit)


def _moved(windows: Windows, state: _State, power: int, damping: FloatArray) -> Windows:
    """One damped Newton step on the sum of |residual|^power in each row."""
    jacobian = _jacobian(windows, state)
    residual = state.residual
    if power == 2:
        weighted = jacobian
    else:
        weight = np.maximum(np.abs(residual), 1e-3)
        weight = weight / weight.max(axis=1, keepdims=True)
        weight = weight * weight
        if power == 8:
            weight = weight * weight * weight
        weighted = jacobian * weight[:, :, None]
    matrix = (power - 1) * (weighted.transpose(0, 2, 1) @ jacobian)
    gradient = (weighted.transpose(0, 2, 1) @ residual[:, :, None])[:, :, 0]
    diagonal = np.einsum("ijj->ij", matrix)  # a view
    diagonal *= 1 + damping[:, None]
    diagonal += 1e-12 * np.maximum(1.0, diagonal.max(axis=1, keepdims=True))
    step = -np.linalg.solve(matrix, gradient[:, :, None])[:, :, 0]
    time, value = windows.time.copy(), windows.value.copy()
    gaps = np.diff(time, axis=1)
    room = 0.35 * np.minimum(gaps[:, STILL - 1 : -STILL], gaps[:, STILL : gaps.shape[1] - STILL + 1])
    time[:, STILL:-STILL] = snap(time[:, STILL:-STILL] + np.clip(step[:, 1::2], -room, room))
    value[:, STILL:-STILL] += step[:, 0::2]
    return replace(windows, time=time, value=tied(value, windows.tied))


def tied(value: FloatArray, ends: Ints) -> FloatArray:
    """The end keys' values made those of their inner neighbours (in place)."""
    for column, inwards in ((0, 1), (1, -1)):
        row = np.flatnonzero(ends[:, column] >= 0)
        key = ends[row, column]
        value[row, key] = value[row, key + inwards]
    return value


def _jacobian(windows: Windows, state: _State) -> FloatArray:
    """(rows, samples, 2 x moving keys) derivatives of the residuals by value and time of each moving key."""
    rows, keys = windows.time.shape
    s, h, m0, m1 = state.s, state.h, state.m0, state.m1
    place = state.key + (np.arange(rows) * keys)[:, None]
    chord = np.pad(state.chord, ((0, 0), (1, 1))).ravel()  # an outer tangent depends on nothing here
    rise = np.diff(windows.value, append=0.0).ravel()[place]
    unit = windows.unit
    r = 1 - s
    h01 = s * s * (3 - 2 * s)
    h10, h11 = s * r * r, -s * s * r
    g0, g1 = h * h10 * chord[place], h * h11 * chord[place + 1]
    by_s = 6 * s * r * rise + h * ((1 - 3 * s) * r * m0 + s * (3 * s - 2) * m1)
    by_h = h10 * m0 + h11 * m1
    slope = by_s / h
    by_key = np.empty((*s.shape, 5, 2))  # by value and time of: a key that does not matter, the four around the span
    by_key[:, :, 0] = 0.0
    for role, by_value, by_time in (
        (1, -g0, g0 * m0),
        (2, 1 - h01 - g1, -slope * r - by_h + g1 * m1),
        (3, h01 + g0, -slope * s + by_h - g0 * m0),
        (4, g1, -g1 * m1),
    ):
        np.multiply(by_value, unit, out=by_key[:, :, role, 0])
        np.multiply(by_time, unit, out=by_key[:, :, role, 1])
    moving = _picked(by_key, _roles(keys)[:, STILL:-STILL][state.key])
    for side, inwards in ((0, 1), (1, -1)):  # an end key has its neighbour's value
        end = windows.tied[:, side]
        row = np.flatnonzero((end >= 0) & (end + inwards >= STILL) & (end + inwards < keys - STILL))
        if not row.size:
            continue
        its = _roles(keys)[state.key[row], end[row, None]]
        moving[row, :, 2 * (end[row] + inwards - STILL)] += _picked(by_key[row], its[:, :, None])[:, :, 0]
    fixed = windows.fixed[:, STILL:-STILL].reshape(rows, 1, -1)
    if fixed.any():
        moving *= ~fixed
    return moving


@cache
def _roles(keys: int) -> Ints:
    """(spans, keys): which of the four keys around a span each key is, 1 to 4; 0 where it is none."""
    role = np.arange(keys) - np.arange(keys - 1)[:, None] + 2
    return cast(Ints, np.where((role >= 1) & (role <= 4), role, 0))


def _picked(by_key: FloatArray, roles: Ints) -> FloatArray:
    """(rows, samples, 2 x chosen) of (rows, samples, 5, 2) and (rows, samples, chosen) roles."""
    rows, samples, chosen = roles.shape
    place = roles + 5 * np.arange(rows * samples).reshape(rows, samples, 1)
    pairs = by_key.reshape(-1).view(np.complex128)  # two numbers in one piece
    return cast(FloatArray, pairs[place].view(np.float64).reshape(rows, samples, 2 * chosen))
