"""Add a micro-expression over another performance: curves are summed, exactly, and clamped."""

from collections.abc import Sequence

import numpy as np

from curves.errors import InputError
from curves.keys import DEFAULT_TOLERANCE, KeyMode, fit_keys
from curves.piecewise import PiecewiseCubic, from_callable, from_rich_curve
from curves.values import FloatArray, Interval, RichCurve

#: Times closer than this are one.
_SAME_TIME_S = 1e-9


def add_curve(
    base: RichCurve,
    micro: RichCurve,
    offset_s: float = 0.0,
    *,
    weight: float = 1.0,
    limits: tuple[float, float] = (0.0, 1.0),
    mode: KeyMode = "exact",
    tolerance: float | None = None,
) -> RichCurve:
    """``base + weight * micro``, the micro-expression's time 0 at ``offset_s`` of the base, within ``limits``.

    Beyond its ends each curve holds its end value, as Unreal does; a micro-expression should therefore start and
    end at rest. Keys are found as in ``fit_keys``; the name is the base's.

    Raises:
        ValueError: weighted tangents or an extrapolation other than Constant (see ``from_rich_curve``).
        InputError: ``auto`` keys cannot follow the sum.
    """
    added = from_rich_curve(micro).scaled(weight).shifted(offset_s)
    return fit_keys(base.name, from_rich_curve(base).plus(added).clamped(*limits), mode, tolerance)


def add_performance(
    base: Sequence[RichCurve],
    micro: Sequence[RichCurve],
    offset_s: float = 0.0,
    *,
    weight: float = 1.0,
    limits: tuple[float, float] = (0.0, 1.0),
    mode: KeyMode = "exact",
    tolerance: float | None = None,
    sharp_as_exact: bool = False,
) -> tuple[RichCurve, ...]:
    """``add_curve`` by name. Base curves without a partner stay as they are; new names come last, over rest.

    ``sharp_as_exact``: a sum that ``auto`` keys cannot follow gets exact ones within the same tolerance (the tangent
    modes of its keys tell), where it would be an InputError otherwise.

    Raises:
        ValueError: a name twice in one performance, or as ``add_curve``.
        InputError: as ``add_curve``.
    """
    for which, curves in (("base", base), ("micro", micro)):
        names = [curve.name for curve in curves]
        if len(set(names)) != len(names):
            raise ValueError(f"{which} performance: expected each curve name once, got {sorted(names)}")
    partner = {curve.name: curve for curve in micro}
    known = {curve.name for curve in base}
    result = []
    for curve in (*base, *(RichCurve(new.name, ()) for new in micro if new.name not in known)):
        added = partner.get(curve.name)
        if added is None:
            result.append(curve)
            continue
        try:
            summed = add_curve(curve, added, offset_s, weight=weight, limits=limits, mode=mode, tolerance=tolerance)
        except InputError:
            if not sharp_as_exact:
                raise
            allowed = DEFAULT_TOLERANCE[mode] if tolerance is None else tolerance
            summed = add_curve(curve, added, offset_s, weight=weight, limits=limits, tolerance=allowed)
        result.append(summed)
    return tuple(result)


def eased(curve: RichCurve, within: Interval, ease_s: float) -> PiecewiseCubic:
    """The part of a curve within an interval, from rest to rest: 0 at both ends of it and, held, beyond them.

    The curve is itself from ``ease_s`` after the start to ``ease_s`` before the end; beside that it is multiplied by
    ``3 u^2 - 2 u^3``, u going from 0 to 1, so that value and slope are continuous.

    Raises:
        ValueError: an ease that is not above 0 or longer than half the interval, or as ``from_rich_curve``.
    """
    if not 0.0 < ease_s <= within.duration_s / 2:
        raise ValueError(f"ease: expected above 0 and at most half of {within.duration_s:g} s, got {ease_s}")
    whole = from_rich_curve(curve)
    start, end = within.start_s, within.end_s

    def windowed(times: FloatArray) -> FloatArray:
        u = np.clip(np.minimum(times - start, end - times) / ease_s, 0.0, 1.0)
        return np.asarray(whole(times) * u * u * (3.0 - 2.0 * u))

    turns = (start, start + ease_s, end - ease_s, end)
    middle = whole.refined(np.array(turns))
    inside = (middle.breaks[:-1] >= turns[1] - _SAME_TIME_S) & (middle.breaks[1:] <= turns[2] + _SAME_TIME_S)
    step_s = min(1 / 240, ease_s / 24)
    parts = [from_callable(windowed, _breaks(whole, *ends), step_s) for ends in (turns[:2], turns[2:])]
    starts = [parts[0].breaks[:-1], middle.breaks[:-1][inside], parts[1].breaks]
    if inside.any():  # the exact middle begins where the ease ends, whatever rounding made of that time
        starts[1] = np.concatenate((turns[1:2], starts[1][1:]))
    rows = [parts[0].coefficients, middle.coefficients[:, inside], parts[1].coefficients]
    return PiecewiseCubic(np.concatenate(starts), np.concatenate(rows, axis=1))


def _breaks(curve: PiecewiseCubic, start_s: float, end_s: float) -> FloatArray:
    """Both ends and the curve's own breaks between them."""
    inner = curve.breaks[(curve.breaks > start_s + _SAME_TIME_S) & (curve.breaks < end_s - _SAME_TIME_S)]
    return np.concatenate(([start_s], inner, [end_s]))
