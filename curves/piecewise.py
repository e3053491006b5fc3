"""Curves as chains of cubic polynomials: what splines, modulation, layering and key fitting all speak.

Every operation here is exact (no sampling): scaling, shifting, adding, clamping at the roots.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.interpolate import CubicSpline, PPoly

from curves.values import Extrapolation, FloatArray, InterpMode, RichCurve, TangentWeightMode

#: Breaks closer than this many seconds are one break.
_SAME_BREAK_S = 1e-10


@dataclass(frozen=True, slots=True, eq=False)
class PiecewiseCubic:
    """A cubic polynomial per span; before the first and after the last break the end values hold.

    ``breaks`` (n + 1,) strictly rising, seconds. ``coefficients`` (4, n), highest power first, in powers of the
    time since the span's start (scipy's PPoly). Values at a break are those of the span to its right.
    """

    breaks: FloatArray
    coefficients: FloatArray

    def __post_init__(self) -> None:
        breaks = np.array(self.breaks, dtype=np.float64)
        coefficients = np.array(self.coefficients, dtype=np.float64)
        if breaks.ndim != 1 or breaks.size < 2 or (np.diff(breaks) <= 0).any():
            raise ValueError(f"piecewise cubic: expected at least two strictly rising breaks, got {breaks}")
        if coefficients.shape != (4, breaks.size - 1):
            raise ValueError(f"coefficients: expected shape {(4, breaks.size - 1)}, got {coefficients.shape}")
        if not (np.isfinite(breaks).all() and np.isfinite(coefficients).all()):
            raise ValueError("piecewise cubic: expected finite breaks and coefficients")
        breaks.flags.writeable = coefficients.flags.writeable = False
        object.__setattr__(self, "breaks", breaks)
        object.__setattr__(self, "coefficients", coefficients)

    @property
    def start_s(self) -> float:
        return float(self.breaks[0])

    @property
    def end_s(self) -> float:
        return float(self.breaks[-1])

    def __call__(self, times_s: ArrayLike) -> FloatArray:
        """Values at times of any shape."""
        times = np.clip(np.asarray(times_s, dtype=np.float64), self.breaks[0], self.breaks[-1])
        span = np.clip(np.searchsorted(self.breaks, times, side="right") - 1, 0, self.breaks.size - 2)
        a, b, c, d = self.coefficients[:, span]
        u = times - self.breaks[span]
        return cast(FloatArray, ((a * u + b) * u + c) * u + d)

    def slope(self, times_s: ArrayLike, *, left: bool = False) -> FloatArray:
        """Derivative per second inside; at a break that of the right span, or of the left one with ``left``."""
        return self._on_side(times_s, left)[1]

    def limit(self, times_s: ArrayLike, *, left: bool = False) -> FloatArray:
        """The value that the curve tends to from the right, or from the left: they differ where it jumps."""
        return self._on_side(times_s, left)[0]

    def _on_side(self, times_s: ArrayLike, left: bool) -> tuple[FloatArray, FloatArray]:
        times = np.asarray(times_s, dtype=np.float64)
        side = np.searchsorted(self.breaks, times, side="left" if left else "right") - 1
        span = np.clip(side, 0, self.breaks.size - 2)
        a, b, c, d = self.coefficients[:, span]
        u = times - self.breaks[span]
        return ((a * u + b) * u + c) * u + d, (3 * a * u + 2 * b) * u + c

    def corners(self, value_step: float, slope_step: float) -> NDArray[np.bool_]:
        """(n - 1,) inner breaks where the value or the slope jumps by more than the steps given."""
        inner = self.breaks[1:-1]
        before, after = self._on_side(inner, True), self._on_side(inner, False)
        return (np.abs(before[0] - after[0]) > value_step) | (np.abs(before[1] - after[1]) > slope_step)

    def extremes(self) -> tuple[float, float]:
        """Exact least and greatest value."""
        low, high = _span_extremes(self.coefficients, np.diff(self.breaks))
        return float(low.min()), float(high.max())

    def peak(self) -> float:
        """Greatest absolute value."""
        low, high = self.extremes()
        return max(abs(low), abs(high))

    def scaled(self, factor: float) -> "PiecewiseCubic":
        return PiecewiseCubic(self.breaks, self.coefficients * factor)

    def shifted(self, offset_s: float) -> "PiecewiseCubic":
        """The same curve ``offset_s`` seconds later."""
        return PiecewiseCubic(self.breaks + offset_s, self.coefficients)

    def refined(self, breaks: FloatArray) -> "PiecewiseCubic":
        """The same curve with further breaks; beyond its ends the end values become constant spans."""
        merged = _merged(self.breaks, breaks)
        return PiecewiseCubic(merged, self._on(merged))

    def _on(self, breaks: FloatArray) -> FloatArray:
        """(4, n) coefficients on the spans between other breaks, each of which lies within one of the curve's own."""
        starts = breaks[:-1]
        middle = (starts + breaks[1:]) / 2
        span = np.searchsorted(self.breaks, middle, side="right") - 1
        before, after = span < 0, middle > self.breaks[-1]
        span = np.minimum(np.maximum(span, 0), self.breaks.size - 2)
        a, b, c, d = self.coefficients[:, span]
        u = starts - self.breaks[span]
        a3 = 3 * a
        moved = np.array([a, a3 * u + b, (a3 * u + 2 * b) * u + c, ((a * u + b) * u + c) * u + d])
        for outside, end in ((before, self.breaks[0]), (after, self.breaks[-1])):
            if outside.any():
                moved[:, outside] = np.array([[0.0], [0.0], [0.0], [float(self(end))]])
        return moved

    def plus(self, other: "PiecewiseCubic") -> "PiecewiseCubic":
        """The sum, on the union of both breaks."""
        merged = _merged(self.breaks, other.breaks)
        return PiecewiseCubic(merged, self._on(merged) + other._on(merged))

    def clamped(self, low: float = 0.0, high: float = 1.0) -> "PiecewiseCubic":
        """The curve held within ``[low, high]``: breaks at the crossings, constants beyond them."""
        least, greatest = self.extremes()
        if least >= low and greatest <= high:
            return self
        split = self.refined(np.concatenate([self._crossings(level) for level in (low, high)]))
        middle = (split.breaks[:-1] + split.breaks[1:]) / 2
        value = split(middle)
        coefficients = split.coefficients.copy()
        for outside, level in ((value < low, low), (value > high, high)):
            if outside.any():
                coefficients[:, outside] = np.array([[0.0], [0.0], [0.0], [level]])
        coefficients[3] = np.clip(coefficients[3], low, high)
        return PiecewiseCubic(split.breaks, coefficients)

    def _crossings(self, level: float) -> FloatArray:
        """Times inside spans at which the curve is at the level; jumps lie at breaks anyway."""
        lengths = np.diff(self.breaks)
        least, greatest = _span_extremes(self.coefficients, lengths)
        spans = np.flatnonzero((least < level) & (greatest > level))
        if not spans.size:
            return np.zeros(0)
        starts = np.concatenate(([0.0], np.cumsum(lengths[spans])))  # the spans that cross, side by side
        roots = PPoly(self.coefficients[:, spans], starts, extrapolate=False).solve(level, discontinuity=False)
        roots = roots[np.isfinite(roots)]
        place = np.clip(np.searchsorted(starts, roots, side="right") - 1, 0, spans.size - 1)
        return self.breaks[spans[place]] + roots - starts[place]

    def maximum(self, other: "PiecewiseCubic") -> "PiecewiseCubic":
        """The larger of two curves at every time."""
        return other.plus(self.plus(other.scaled(-1.0)).clamped(0.0, float("inf")))


def _merged(breaks: FloatArray, others: FloatArray) -> FloatArray:
    """The union, in order, without breaks that are one with the break before."""
    union = np.sort(np.concatenate((breaks, others)), kind="stable")  # fast on two parts in order
    return union[np.concatenate(([True], np.diff(union) > _SAME_BREAK_S))]


def _span_extremes(coefficients: FloatArray, lengths: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Least and greatest value of each span, from its ends and its turning points."""
    a, b, c, d = coefficients
    candidates = [np.zeros_like(lengths), lengths]
    for turn in turning_points(coefficients):
        candidates.append(np.where((turn > 0) & (turn < lengths), turn, 0.0))
    values = [((a * u + b) * u + c) * u + d for u in candidates]
    return cast(FloatArray, np.minimum.reduce(values)), cast(FloatArray, np.maximum.reduce(values))


def turning_points(coefficients: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Where each cubic's derivative is zero, since the span's start; 0 where there is no such point."""
    a, b, c, _ = coefficients
    root = np.sqrt(np.maximum(b * b - 3 * a * c, 0.0))
    q = -(b + np.copysign(root, b))  # the stable form: no cancellation, also when a is almost 0
    with np.errstate(divide="ignore", invalid="ignore"):
        first, second = q / (3 * a), c / q
    return tuple(np.where(np.isfinite(turn), turn, 0.0) for turn in (first, second))  # type: ignore[return-value]


def hermite(breaks: ArrayLike, values: ArrayLike, slopes: ArrayLike) -> PiecewiseCubic:
    """The chain of cubics with one value and one slope (per second) at each break."""
    x, y, m = (np.asarray(part, dtype=np.float64) for part in (breaks, values, slopes))
    return PiecewiseCubic(x, hermite_coefficients(np.diff(x), y[:-1], m[:-1], y[1:], m[1:]))


def hermite_coefficients(
    lengths: FloatArray, value0: FloatArray, slope0: FloatArray, value1: FloatArray, slope1: FloatArray
) -> FloatArray:
    """(4, n) coefficients of the cubics with the given end values and slopes."""
    chord = (value1 - value0) / lengths
    a = (slope0 + slope1 - 2 * chord) / lengths**2
    b = (3 * chord - 2 * slope0 - slope1) / lengths
    return np.array([a, b, slope0, value0])


def constant(value: float, start_s: float, end_s: float) -> PiecewiseCubic:
    return PiecewiseCubic(np.array([start_s, end_s]), np.array([[0.0], [0.0], [0.0], [value]]))


def from_callable(
    function: Callable[[FloatArray], FloatArray], breakpoints: ArrayLike, step_s: float = 1 / 240
) -> PiecewiseCubic:
    """Any smooth function as cubics: an interpolating spline between each two breakpoints, at most ``step_s`` apart.

    ``breakpoints`` (at least two, rising, seconds) name the ends and every corner. The error is of order
    ``step_s**4`` times the fourth derivative; the caller chooses the step.
    """
    points = np.asarray(breakpoints, dtype=np.float64)
    pieces: list[PPoly[Any]] = []
    for start, end in pairwise(points):
        grid = np.linspace(start, end, max(4, int(np.ceil((end - start) / step_s)) + 1))
        inside = np.clip(grid, start + 1e-9 * (end - start), end - 1e-9 * (end - start))  # the corner's own side
        pieces.append(CubicSpline(grid, function(inside)))
    breaks = np.concatenate([piece.x[:-1] for piece in pieces] + [points[-1:]])
    return PiecewiseCubic(breaks, np.concatenate([piece.c for piece in pieces], axis=1))


def from_rich_curve(curve: RichCurve, end_pad_s: float = 1.0) -> PiecewiseCubic:
    """An FRichCurve as cubics, exactly (float64); Constant and equal-time keys become jumps.

    Without keys the curve is its default value, or 0. Raises ValueError for weighted tangents, whose spans are not
    polynomials in time, and for extrapolation other than Constant.
    """
    infinity = {curve.pre_infinity, curve.post_infinity}
    if infinity != {Extrapolation.RCCE_Constant}:
        raise ValueError(f"curve {curve.name}: expected RCCE_Constant extrapolation, got {sorted(infinity)}")
    if any(key.tangent_weight_mode != TangentWeightMode.RCTWM_WeightedNone for key in curve.keys):
        raise ValueError(f"curve {curve.name}: expected unweighted tangents, got weighted ones")
    if not curve.keys:
        return constant(curve.default_value or 0.0, 0.0, end_pad_s)
    spans = [(left, right) for left, right in pairwise(curve.keys) if right.time > left.time]
    if not spans:
        return constant(curve.keys[-1].value, curve.keys[-1].time, curve.keys[-1].time + end_pad_s)
    rows = []
    for left, right in spans:
        value = right.value if left.interp_mode != InterpMode.RCIM_Constant else left.value
        chord = (value - left.value) / (right.time - left.time)
        straight = left.interp_mode in (InterpMode.RCIM_Linear, InterpMode.RCIM_Constant)
        leave, arrive = (chord, chord) if straight else (left.leave_tangent, right.arrive_tangent)
        rows.append((right.time - left.time, left.value, leave, value, arrive))
    chain = PiecewiseCubic(
        np.array([left.time for left, _ in spans] + [spans[-1][1].time]), hermite_coefficients(*np.array(rows).T)
    )
    return _with_jumps_at_ends(chain, curve.keys[0].value, curve.keys[-1].value, end_pad_s)


def _with_jumps_at_ends(chain: PiecewiseCubic, before: float, after: float, pad_s: float) -> PiecewiseCubic:
    """A constant span where the value held beyond an end is not the one that the chain ends with."""
    breaks, coefficients = chain.breaks, chain.coefficients
    if coefficients[3, 0] != before:
        breaks = np.concatenate(([chain.start_s - pad_s], breaks))
        coefficients = np.column_stack(([0.0, 0.0, 0.0, before], coefficients))
    if abs(float(chain(chain.end_s)) - after) > 1e-12 * max(1.0, abs(after)):
        breaks = np.concatenate((breaks, [chain.end_s + pad_s]))
        coefficients = np.column_stack((coefficients, [0.0, 0.0, 0.0, after]))
    return PiecewiseCubic(breaks, coefficients)
