"""Curves -> FRichCurve keys: the fewest within a stated error (`auto`), or the very same curve (`exact`).

Whatever is promised here is promised for what Unreal evaluates in float32, at float32 times, up to ten minutes.
"""

from collections.abc import Mapping
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from curves.autofit import Fit, fit_auto, worst_errors
from curves.autostep import snap
from curves.bspline import TrackSpline
from curves.errors import InputError
from curves.piecewise import PiecewiseCubic, hermite_coefficients
from curves.richcurve import MIN_CHORD_S
from curves.values import FloatArray, InterpMode, RichCurve, RichKey, TangentMode

KeyMode = Literal["auto", "exact"]

#: Default error allowed, relative to the curve's own peak, by mode; 0 in `exact` keeps every knot.
DEFAULT_TOLERANCE: dict[KeyMode, float] = {"auto": 0.005, "exact": 0.0}

#: `auto` cannot promise less than this: float32 itself takes about 1e-6 of the peak.
MIN_AUTO_TOLERANCE = 5e-5

_FLOAT32_PART = 2e-6  # of the peak: what stepwise float32 evaluation may add
_SAME_SHAPE = 1e-9  # of the peak: curves that differ by less, apart from a factor, have keys in common
_JOIN = 2e-7  # values of two spans at their common float32 time that differ by less are one value
_SAME_SLOPE = 1e-6  # relative, for spans of up to a second: slopes that differ by less are one User tangent


def fit_keys(
    name: str, target: PiecewiseCubic | TrackSpline, mode: KeyMode = "auto", tolerance: float | None = None
) -> RichCurve:
    """Keys whose curve, as Unreal evaluates it, follows the target.

    Args:
        name: of the curve.
        target: any chain of cubics; ``piecewise.from_callable`` makes one of a function with breakpoints.
        mode: ``auto``: Cubic keys with Auto tangents by Unreal's rule (it overshoots, so near a rest the curve may
            dip below it, by less than the tolerance). ``exact``: Cubic keys with User or Break tangents at the
            knots.
        tolerance: error allowed, relative to the target's own peak. None: 0.005 in ``auto``, 0 in ``exact``. 0 in
            ``exact`` keeps every knot: at most 1e-6 for values up to 1.

    Returns:
        The curve; its first two and last two keys have equal values in ``auto``. Times are float32 values.

    Raises:
        ValueError: unknown mode, or a tolerance out of range.
        InputError: ``auto`` keys cannot follow a target with jumps or corners that sharp.
    """
    curve = target.curve if isinstance(target, TrackSpline) else target
    allowed = _allowed(mode, tolerance)
    if mode == "exact":
        return _exact(name, curve, allowed * curve.peak())
    fitted = _auto({name: curve}, allowed)[name]
    if fitted is None:
        raise InputError(
            f"curve {name} changes too sharply for auto keys within {allowed:g} of its peak: "
            "use exact keys or a larger tolerance"
        )
    return fitted


def fit_all_keys(
    targets: Mapping[str, PiecewiseCubic], mode: KeyMode = "auto", tolerance: float | None = None
) -> tuple[RichCurve, ...]:
    """``fit_keys`` of many curves together, which is much faster; the same order.

    A curve that changes too sharply for ``auto`` keys gets ``exact`` ones instead, within the same tolerance: its
    keys' tangent modes (User and Break, never Auto) tell.

    Raises:
        ValueError: unknown mode, or a tolerance out of range.
    """
    allowed = _allowed(mode, tolerance)
    fitted = _auto(targets, allowed) if mode == "auto" else dict.fromkeys(targets)
    return tuple(fitted[name] or _exact(name, curve, allowed * curve.peak()) for name, curve in targets.items())


def _allowed(mode: KeyMode, tolerance: float | None) -> float:
    if mode not in DEFAULT_TOLERANCE:
        raise ValueError(f"key mode: expected one of {sorted(DEFAULT_TOLERANCE)}, got {mode!r}")
    allowed = DEFAULT_TOLERANCE[mode] if tolerance is None else tolerance
    least = MIN_AUTO_TOLERANCE if mode == "auto" else 0.0
    if not least <= allowed <= 1.0:
        raise ValueError(f"tolerance in {mode} mode: expected {least}..1, got {allowed}")
    return allowed


def baked(name: str, target: PiecewiseCubic, fps: float) -> RichCurve:
    """Linear keys at every frame ``k / fps`` inside the target, and at both of its ends.

    Raises:
        ValueError: ``fps`` is not a positive number.
    """
    if not (np.isfinite(fps) and fps > 0):
        raise ValueError(f"fps: expected a positive number, got {fps}")
    frames = np.arange(np.floor(target.start_s * fps) + 1, np.ceil(target.end_s * fps)) / fps
    times = np.unique(snap(np.concatenate(([target.start_s], frames, [target.end_s]))))
    return RichCurve(name, tuple(RichKey(t, v) for t, v in _pairs(times, target(times))))


def _pairs(times: FloatArray, values: FloatArray) -> list[tuple[float, float]]:
    return list(zip(snap(times).tolist(), snap(values).tolist(), strict=True))


def _auto(targets: Mapping[str, PiecewiseCubic], tolerance: float) -> dict[str, RichCurve | None]:
    """Auto keys for each curve, or None where they cannot follow it."""
    result: dict[str, RichCurve | None] = dict.fromkeys(targets)
    moving: dict[str, PiecewiseCubic] = {}
    peaks: dict[str, float] = {}
    for name, curve in targets.items():
        low, high = curve.extremes()
        if high - low <= 1e-7 * max(abs(low), abs(high)):
            result[name] = RichCurve(name, _cubic_auto(snap(curve.breaks[[0, -1]]), np.full(2, low)))
        else:
            moving[name], peaks[name] = curve, max(abs(low), abs(high))
    like = _alike(moving, peaks)
    left = {name: curve for name, curve in moving.items() if like[name] == name}
    fits: dict[str, Fit] = {}
    for prepared in (lambda curve: curve, _with_rest_beyond):
        allowed = [(tolerance - _FLOAT32_PART) * peaks[name] for name in left]
        fitted = fit_auto([prepared(curve) for curve in left.values()], allowed)
        fits.update({name: fit for name, fit in zip(left, fitted, strict=True) if fit is not None})
        left = {name: curve for name, curve in left.items() if name not in fits}
    for name in moving:
        if (fit := fits.get(like[name])) is not None:
            factor = 1.0 if like[name] == name else peaks[name] / peaks[like[name]]
            result[name] = RichCurve(name, _cubic_auto(fit[0], fit[1] * factor))
    return result


def _alike(curves: Mapping[str, PiecewiseCubic], peaks: Mapping[str, float]) -> dict[str, str]:
    """For each curve the first one that differs from it by a factor only: one fit then serves both.

    In a take that is nearly every other one: an AU that moves alike on both sides, one that moves several controls.
    """
    result: dict[str, str] = {}
    first: dict[bytes, list[tuple[str, FloatArray]]] = {}
    for name, curve in curves.items():
        powers = np.diff(curve.breaks) ** np.arange(3, -1, -1)[:, None]
        shape = curve.coefficients * powers / peaks[name]
        known = first.setdefault(curve.breaks.tobytes(), [])
        same = (other for other, its in known if np.abs(shape - its).sum(axis=0).max() <= _SAME_SHAPE)
        result[name] = next(same, name)
        if result[name] == name:
            known.append((name, shape))
    return result


def _with_rest_beyond(curve: PiecewiseCubic) -> PiecewiseCubic:
    """Held for two float32 steps before and after: room for the equal end keys of a curve cut in a steep movement.

    Never before time 0 unless the curve starts there: key times must lie in the animation.
    """
    start, end = snap(curve.breaks[[0, -1]])
    pad_start, pad_end = (max(1e-5, 2 * float(np.spacing(np.float32(abs(time))))) for time in (start, end))
    outer = [end + pad_end] if 0.0 <= start < pad_start else [start - pad_start, end + pad_end]
    return curve.refined(np.array(outer))


def _cubic_auto(times: FloatArray, values: FloatArray) -> tuple[RichKey, ...]:
    """What ``auto_tangents`` makes of such keys, stepwise in float32 in its order; of arrays, not key by key."""
    time, value = times.astype(np.float32), values.astype(np.float32)
    tangent = np.zeros(time.size, dtype=np.float32)
    rise = (value[1:-1] - value[:-2]) + (value[2:] - value[1:-1])
    tangent[1:-1] = rise / np.maximum(np.float32(MIN_CHORD_S), time[2:] - time[:-2])
    cubic, auto = InterpMode.RCIM_Cubic, TangentMode.RCTM_Auto
    columns = (time.tolist(), value.tolist(), tangent.tolist())
    return tuple(RichKey(t, v, cubic, auto, m, m) for t, v, m in zip(*columns, strict=True))


def _exact(name: str, curve: PiecewiseCubic, tolerance: float) -> RichCurve:
    return RichCurve(name, _bezier_keys(_reduced(curve, tolerance) if tolerance > 0.0 else curve))


def _reduced(curve: PiecewiseCubic, tolerance: float) -> PiecewiseCubic:
    """Fewer cubics within the tolerance: values and slopes of the curve itself, breaks where the error was worst."""
    nodes = np.concatenate((curve.breaks[:1], curve.breaks[1:-1][curve.corners(1e-9, 1e-6)], curve.breaks[-1:]))
    while True:
        start, end = nodes[:-1], nodes[1:]
        ends = curve.limit(start), curve.slope(start), curve.limit(end, left=True), curve.slope(end, left=True)
        fewer = PiecewiseCubic(nodes, hermite_coefficients(end - start, *ends))
        error, where = worst_errors(fewer, curve)
        bad = np.flatnonzero(error > tolerance)
        if not bad.size:
            return fewer
        margin = (end - start)[bad] / 8
        nodes = np.union1d(nodes, np.clip(where[bad], start[bad] + margin, end[bad] - margin))


def _bezier_keys(curve: PiecewiseCubic) -> tuple[RichKey, ...]:
    """Each span of the curve as the span between two keys, at float32 times.

    A knot moves to the nearest float32 time, up to 3e-5 s away at ten minutes. The spans on both sides are still the
    very same polynomials, as both are evaluated at the moved time. Where they then disagree (a jump, a corner, the
    end of a slope) each keeps a key of its own at the float32 times around the knot, and between two keys on
    neighbouring float32 times nothing can be sampled. Spans of a few float32 steps become a key at each of them.
    """
    step = np.spacing(np.abs(curve.breaks[1:]).astype(np.float32)).astype(np.float64)
    spans = np.flatnonzero(np.diff(curve.breaks) > 4 * step)
    if not spans.size:
        spans = np.array([np.diff(curve.breaks).argmax()])
    start, end = _snapped_ends(curve, spans)
    (v0, m0), (v1, m1) = _on_spans(curve, spans, start), _on_spans(curve, spans, end)
    rows = _single_steps(curve, _float_at_or(curve.start_s, below=True), start[0], (True, False))
    chord = float("nan")
    rows.append((start[0], v0[0], chord, m0[0]))
    for i in range(spans.size - 1):
        if end[i] == start[i + 1]:
            rows.append((end[i], (v1[i] + v0[i + 1]) / 2, m1[i], m0[i + 1]))
            continue
        rows.append((end[i], v1[i], m1[i], chord))
        rows += _single_steps(curve, end[i], start[i + 1], (False, False))
        rows.append((start[i + 1], v0[i + 1], chord, m0[i + 1]))
    rows.append((end[-1], v1[-1], m1[-1], chord))
    rows += _single_steps(curve, end[-1], _float_at_or(curve.end_s, below=False), (False, True))
    return _user_keys(np.array(rows))


def _on_spans(curve: PiecewiseCubic, spans: NDArray[np.int64], times: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Value and slope of each span's polynomial at a time that may lie a little outside the span."""
    a, b, c, d = curve.coefficients[:, spans]
    u = times - curve.breaks[spans]
    return ((a * u + b) * u + c) * u + d, (3 * a * u + 2 * b) * u + c


def _snapped_ends(curve: PiecewiseCubic, spans: NDArray[np.int64]) -> tuple[FloatArray, FloatArray]:
    """Float32 start and end of each span; two neighbours share the time unless they disagree there."""
    nearest = snap(curve.breaks)
    lower = np.array([_float_at_or(t, below=True) for t in curve.breaks])
    upper = np.array([_float_at_or(t, below=False) for t in curve.breaks])
    start, end = nearest[spans], nearest[spans + 1]
    before, after = _on_spans(curve, spans, end)[0], _on_spans(curve, spans, start)[0]
    hold_start, hold_end = float(curve(curve.start_s)), float(curve(curve.end_s))
    before, after = np.concatenate(([hold_start], before)), np.concatenate((after, [hold_end]))
    touching = np.diff(spans, prepend=-1, append=curve.breaks.size - 1) == 1
    apart = (np.abs(before - after) > _JOIN) | ~touching
    previous = np.nextafter(lower.astype(np.float32), np.float32(-np.inf)).astype(np.float64)
    # at a time that is the break itself, the right span counts: the left one ends a step before
    lower = np.where(lower == curve.breaks, previous, lower)
    start = np.where(apart[:-1], upper[spans], start)
    end = np.where(apart[1:], lower[spans + 1], end)
    return start, end


def _float_at_or(time: float, *, below: bool) -> float:
    """The float32 value at ``time``, or the next one below or above it."""
    single = np.float32(time)
    if (below and float(single) > time) or (not below and float(single) < time):
        single = np.nextafter(single, np.float32(-np.inf if below else np.inf))
    return float(single)


def _single_steps(
    curve: PiecewiseCubic, start: float, end: float, include: tuple[bool, bool]
) -> list[tuple[float, float, float, float]]:
    """A row at each float32 time between two times, with or without them; none when they are one time."""
    rows: list[tuple[float, float, float, float]] = []
    if start >= end:
        return rows
    time = np.float32(start)
    if not include[0]:
        time = np.nextafter(time, np.float32(np.inf))
    while float(time) < end or (include[1] and float(time) == end):
        rows.append((float(time), float(curve(float(time))), float("nan"), float("nan")))
        time = np.nextafter(time, np.float32(np.inf))
    return rows


def _user_keys(rows: FloatArray) -> tuple[RichKey, ...]:
    """Keys of (time, value, arrive, leave); a tangent that is NaN follows the chord, an outer one its other side."""
    time, value, arrive, leave = rows.T
    chord = np.diff(value) / np.diff(time)
    arrive, leave = arrive.copy(), leave.copy()
    arrive[1:] = np.where(np.isnan(arrive[1:]), chord, arrive[1:])
    leave[:-1] = np.where(np.isnan(leave[:-1]), chord, leave[:-1])
    arrive[0], leave[-1] = leave[0], arrive[-1]
    span = np.diff(time, prepend=time[0], append=time[-1])
    longest = np.maximum(1.0, np.maximum(span[:-1], span[1:]))  # what a slope is wrong by bends the curve all along
    same = np.abs(arrive - leave) <= _SAME_SLOPE * np.maximum(1.0, np.abs(arrive)) / longest
    arrive, leave = np.where(same, (arrive + leave) / 2, [arrive, leave])
    columns = [column.tolist() for column in (time, snap(value), same, snap(arrive), snap(leave))]
    return tuple(
        RichKey(t, v, InterpMode.RCIM_Cubic, TangentMode.RCTM_User if one else TangentMode.RCTM_Break, a, b)
        for t, v, one, a, b in zip(*columns, strict=True)
    )
