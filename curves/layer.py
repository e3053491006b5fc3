"""Add a micro-expression over another performance: curves are summed, exactly, and clamped."""

from collections.abc import Sequence

from curves.keys import KeyMode, fit_keys
from curves.piecewise import from_rich_curve
from curves.values import RichCurve


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
) -> tuple[RichCurve, ...]:
    """``add_curve`` by name. Base curves without a partner stay as they are; new names come last, over rest.

    Raises:
        ValueError: a name twice in one performance, or as ``add_curve``.
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
        else:
            options = {"weight": weight, "limits": limits, "mode": mode, "tolerance": tolerance}
            result.append(add_curve(curve, added, offset_s, **options))  # type: ignore[arg-type]
    return tuple(result)
