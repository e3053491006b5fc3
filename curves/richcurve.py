"""What Unreal does with the keys of an FRichCurve: automatic tangents and evaluation.

Source: Epic's API pages of FRichCurve, FRichCurveKey and ERichCurveExtrapolation, and the behaviour recorded in
``tests/golden/richcurve_vectors.json``. Nothing here was run inside Unreal.

``precision=np.float32`` performs every step in float32 in the order that the comments give. A second
implementation that follows that order, without fused multiply-add, gives the same bits: only + - * / sqrt and
comparisons are used.
"""

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from curves.values import Extrapolation, InterpMode, RichCurve, RichKey, TangentMode, TangentWeightMode

Floats = NDArray[Any]  # float32 or float64
Precision = type[np.float32] | type[np.float64]

#: Unreal never divides a chord by less than this many seconds.
MIN_CHORD_S = 1e-4

_CYCLIC = (
    Extrapolation.RCCE_Cycle,
    Extrapolation.RCCE_CycleWithOffset,
    Extrapolation.RCCE_Oscillate,
    Extrapolation.RCCE_None,  # behaves as Cycle
)


def auto_tangents(
    keys: tuple[RichKey, ...], tension: float = 0.0, precision: Precision = np.float64
) -> tuple[RichKey, ...]:
    """Recompute the tangents of Cubic + Auto keys as FRichCurve::AutoSetTangents does.

    Inner keys get ``(1 - tension) * ((v - v_prev) + (v_next - v)) / max(1e-4, t_next - t_prev)`` on both sides,
    whatever mode the neighbours have; nothing is clamped, so the curve may overshoot. The first key leaves and the
    last arrives with 0; their outer sides stay. Keys in any other mode keep their tangents (SmartAuto too: its
    formula is not public). Tangents are in value units per second; ``tension`` in [0, 1], Unreal's default is 0.
    """
    time: Floats = np.array([key.time for key in keys], dtype=precision)
    value: Floats = np.array([key.value for key in keys], dtype=precision)
    # order: (v - v_prev), (v_next - v), their sum, times (1 - tension), divided by the clamped chord time
    rise = (value[1:-1] - value[:-2]) + (value[2:] - value[1:-1])
    inner = precision(1.0 - tension) * rise / np.maximum(precision(MIN_CHORD_S), time[2:] - time[:-2])
    result = list(keys)
    last = len(keys) - 1
    for index, key in enumerate(keys):
        if key.interp_mode != InterpMode.RCIM_Cubic or key.tangent_mode != TangentMode.RCTM_Auto:
            continue
        if 0 < index < last:
            slope = float(inner[index - 1])
            result[index] = replace(key, arrive_tangent=slope, leave_tangent=slope)
            continue
        if index == 0:
            result[0] = replace(result[0], leave_tangent=0.0)
        if index == last:
            result[last] = replace(result[last], arrive_tangent=0.0)
    return tuple(result)


@dataclass(frozen=True, slots=True, eq=False)
class _Columns:
    """The keys of a curve as arrays of one precision."""

    time: Floats
    value: Floats
    arrive: Floats
    leave: Floats
    arrive_weight: Floats
    leave_weight: Floats
    interp: NDArray[np.int64]
    arrive_weighted: NDArray[np.bool_]
    leave_weighted: NDArray[np.bool_]


def _columns(keys: tuple[RichKey, ...], precision: Precision) -> _Columns:
    table: Floats = np.array(
        [
            (k.time, k.value, k.arrive_tangent, k.leave_tangent, k.arrive_tangent_weight, k.leave_tangent_weight)
            for k in keys
        ],
        dtype=np.float64,
    ).T.astype(precision)
    weight = np.array([key.tangent_weight_mode for key in keys])
    both = weight == TangentWeightMode.RCTWM_WeightedBoth
    return _Columns(
        time=table[0],
        value=table[1],
        arrive=table[2],
        leave=table[3],
        arrive_weight=table[4],
        leave_weight=table[5],
        interp=np.array([int(key.interp_mode) for key in keys]),
        arrive_weighted=both | (weight == TangentWeightMode.RCTWM_WeightedArrive),
        leave_weighted=both | (weight == TangentWeightMode.RCTWM_WeightedLeave),
    )


def evaluate(curve: RichCurve, times: ArrayLike, *, precision: Precision = np.float64, default: float = 0.0) -> Floats:
    """The values FRichCurve::Eval returns at ``times``.

    Args:
        curve: keys in time order; of keys at one time the last one is read at that time and after it.
        times: seconds, any shape.
        precision: ``np.float64`` or ``np.float32``; keys and times are rounded to it first.
        default: the result without keys while the curve has no default value of its own (Eval's argument).

    Returns:
        An array of the shape of ``times`` and of dtype ``precision``.
    """
    time: Floats = np.array(times, dtype=precision)
    if not curve.keys:
        return np.full(time.shape, default if curve.default_value is None else curve.default_value, dtype=precision)
    columns = _columns(curve.keys, precision)
    if len(curve.keys) == 1:
        return np.full(time.shape, columns.value[0], dtype=precision)
    flat = time.reshape(-1)
    before, after = flat <= columns.time[0], flat >= columns.time[-1]
    wrapped, offset = _wrap(flat, columns, curve)
    result = _inside(columns, wrapped) + offset
    for mask, mode, end, neighbour in (
        (before, curve.pre_infinity, 0, 1),
        (after & ~before, curve.post_infinity, -1, -2),
    ):
        if mode not in _CYCLIC:
            result[mask] = _extend(columns, flat[mask], mode, end, neighbour)
    return result.reshape(time.shape)


def _extend(columns: _Columns, time: Floats, mode: Extrapolation, end: int, neighbour: int) -> Floats:
    """Beyond an end: its value, or the chord through the two end keys (not the tangent)."""
    end_time, end_value = columns.time[end], columns.value[end]
    span = end_time - columns.time[neighbour]
    if mode != Extrapolation.RCCE_Linear or abs(span) <= 1e-8:
        return np.full(time.shape, end_value)
    slope = (end_value - columns.value[neighbour]) / span  # order: slope, times distance, plus end value
    extended: Floats = slope * (time - end_time) + end_value
    return extended


def _wrap(time: Floats, columns: _Columns, curve: RichCurve) -> tuple[Floats, Floats]:
    """Times beyond the ends brought inside by the cyclic modes, and what they add to the value."""
    first, last = columns.time[0], columns.time[-1]
    wrapped, offset = time.copy(), np.zeros_like(time)
    length = last - first
    if length <= 0:
        return np.clip(wrapped, first, last), offset
    for mask, mode, after in (
        (time < first, curve.pre_infinity, False),
        (time > last, curve.post_infinity, True),
    ):
        if mode not in _CYCLIC or not mask.any():
            continue
        outside = time[mask]
        # order: floor of (distance / length), whole cycles times length, added or subtracted
        count = np.floor((last - outside) / length) if after else np.floor((outside - first) / length)
        inside = outside + length * count if after else outside - length * count
        inside = np.clip(inside, first, last)
        count = np.abs(count)
        if mode == Extrapolation.RCCE_Oscillate:
            inside = np.where(count % 2 == 1, first + (last - inside), inside)
        if mode == Extrapolation.RCCE_CycleWithOffset:
            step = columns.value[-1] - columns.value[0] if after else columns.value[0] - columns.value[-1]
            offset[mask] = step * count
        wrapped[mask] = inside
    return wrapped, offset


def _inside(columns: _Columns, time: Floats) -> Floats:
    """Values at times between the ends: the left key's mode decides; times outside get the end values."""
    last = columns.time.size - 1
    right = np.searchsorted(columns.time, time, side="right")
    left = np.clip(right - 1, 0, last)
    right = np.clip(right, 0, last)
    span = columns.time[right] - columns.time[left]
    moving = (span > 0) & (columns.interp[left] != InterpMode.RCIM_Constant)
    with np.errstate(invalid="ignore", divide="ignore"):
        alpha = np.where(moving, (time - columns.time[left]) / span, 0).astype(time.dtype)
    start, end = columns.value[left], columns.value[right]
    linear = columns.interp[left] == InterpMode.RCIM_Linear
    result = np.where(linear, _lerp(start, end, alpha), _bezier(columns, left, right, alpha))
    weighted = moving & ~linear & (columns.leave_weighted[left] | columns.arrive_weighted[right])
    if weighted.any():
        result[weighted] = _weighted(columns, left[weighted], right[weighted], alpha[weighted])
    result = np.where(moving, result, start)
    # the right end, where no key is to the right, is the last key itself
    return np.where(time >= columns.time[-1], columns.value[-1], result)


def _lerp(start: Floats, end: Floats, alpha: Floats) -> Floats:
    value: Floats = start + alpha * (end - start)  # order: difference, times alpha, plus start
    return value


def _casteljau(p0: Floats, p1: Floats, p2: Floats, p3: Floats, alpha: Floats) -> Floats:
    p01, p12, p23 = _lerp(p0, p1, alpha), _lerp(p1, p2, alpha), _lerp(p2, p3, alpha)
    return _lerp(_lerp(p01, p12, alpha), _lerp(p12, p23, alpha), alpha)


def _bezier(columns: _Columns, left: NDArray[np.int64], right: NDArray[np.int64], alpha: Floats) -> Floats:
    third = columns.time.dtype.type(1.0 / 3.0)
    span = columns.time[right] - columns.time[left]
    p0, p3 = columns.value[left], columns.value[right]
    p1 = p0 + columns.leave[left] * span * third  # order: tangent times span, times a third, added
    p2 = p3 - columns.arrive[right] * span * third
    return _casteljau(p0, p1, p2, p3, alpha)


def _handle(tangent: Floats, weight: Floats, weighted: NDArray[np.bool_], span: Floats) -> tuple[Floats, Floats]:
    """A tangent's handle in seconds and value units; cos(atan(m)) is 1 / sqrt(1 + m^2), sin(atan(m)) is m times it."""
    third = span.dtype.type(1.0 / 3.0)
    rise = tangent * span
    length = np.where(weighted, weight, np.sqrt(span * span + rise * rise) * third)
    cosine = 1 / np.sqrt(1 + tangent * tangent)
    return cosine * length, tangent * cosine * length


def _weighted(columns: _Columns, left: NDArray[np.int64], right: NDArray[np.int64], alpha: Floats) -> Floats:
    """Weighted tangents: a Bezier in (time, value); find the parameter of the time, read the value there."""
    span = columns.time[right] - columns.time[left]
    leave = _handle(columns.leave[left], columns.leave_weight[left], columns.leave_weighted[left], span)
    arrive = _handle(columns.arrive[right], columns.arrive_weight[right], columns.arrive_weighted[right], span)
    parameter = _largest_root(leave[0] / span, 1 - arrive[0] / span, alpha)
    p0, p3 = columns.value[left], columns.value[right]
    return _casteljau(p0, p0 + leave[1], p3 - arrive[1], p3, parameter)


def _largest_root(x1: Floats, x2: Floats, alpha: Floats) -> Floats:
    """The largest s in [0, 1] where the Bezier 0, x1, x2, 1 equals alpha.

    The turning points of the cubic part [0, 1]; from the right, the first part whose ends lie on both sides of
    alpha is halved a fixed number of times (as many as the precision has bits, plus some).
    """
    zero, one = np.zeros_like(alpha), np.ones_like(alpha)
    # derivative / 3 = a s^2 + b s + c
    a, b, c = one + 3 * x1 - 3 * x2, 2 * x2 - 4 * x1, x1
    root = np.sqrt(np.maximum(b * b - 4 * a * c, 0))
    with np.errstate(invalid="ignore", divide="ignore"):
        turns = [np.nan_to_num((-b + sign * root) / (2 * a), nan=0.0, posinf=0.0, neginf=0.0) for sign in (-1, 1)]
    turns = [np.clip(turn, 0, 1).astype(alpha.dtype) for turn in turns]
    marks = [zero, np.minimum(*turns), np.maximum(*turns), one]
    low, high = zero, one
    for start, end in pairwise(marks):  # a later part, when it holds a root, replaces an earlier
        below = _casteljau(zero, x1, x2, one, start) - alpha
        above = _casteljau(zero, x1, x2, one, end) - alpha
        holds = (below <= 0) != (above < 0)
        low, high = np.where(holds, start, low), np.where(holds, end, high)
    rising = _casteljau(zero, x1, x2, one, high) >= alpha
    for _ in range(30 if alpha.dtype == np.float32 else 60):
        middle = (low + high) / 2
        to_right = (_casteljau(zero, x1, x2, one, middle) < alpha) == rising
        low, high = np.where(to_right, middle, low), np.where(to_right, high, middle)
    return (low + high) / 2
