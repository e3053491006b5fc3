"""Tracks -> splines -> modulation -> rig controls -> keys: the whole way of SPEC 4 in one function."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce

from curves.bspline import SplineSettings, fit_spline
from curves.keys import KeyMode, fit_all_keys
from curves.modulate import Modulation, modulated
from curves.piecewise import PiecewiseCubic
from curves.rigs import Rig
from curves.values import AUTrack, Interval, RichCurve, Side

_UNCHANGED = Modulation()

#: A control that never moves by more than this gets no curve: it could not be seen.
_STILL = 1e-4


@dataclass(frozen=True, slots=True)
class KeySettings:
    """How tracks become keys.

    mode: ``auto`` (few Cubic + Auto keys) or ``exact`` (Bezier keys at the knots).
    tolerance: error allowed relative to each curve's own peak; None is the mode's default (0.005, and 0 in exact).
    smoothing: RMS residual of the spline, in intensity (0..1), see ``SplineSettings``.
    """

    mode: KeyMode = "auto"
    tolerance: float | None = None
    smoothing: float = SplineSettings().smoothing


def build_curves(
    tracks: Sequence[AUTrack],
    rig: Rig,
    modulation: Modulation = _UNCHANGED,
    settings: KeySettings = KeySettings(),
    *,
    duration_s: float | None = None,
    no_face: Sequence[Interval] | None = None,
) -> tuple[RichCurve, ...]:
    """One curve for each control that moves, in the order of their names.

    A control's value is the sum over AUs of weight times c'(t), clamped to [0, 1] here and only here. A track of
    Side.BOTH drives left and right; where one AU drives a control from both sides (midline AUs, shared controls), the
    larger side counts once. Each AU keeps its own timing. AUs that the rig does not know are left out: ``Rig.notes``
    names them. ``duration_s`` and ``no_face`` tell where curves ease to rest, see ``fit_spline``.

    A control that changes too sharply for ``auto`` keys does not fail the others: it gets ``exact`` keys within the
    same tolerance (0.005 by default). The tangent modes of its keys tell: RCTM_User or RCTM_Break, never RCTM_Auto.

    Raises:
        ValueError: two tracks for one AU and side, or settings out of range.
    """
    spline_settings = SplineSettings(smoothing=settings.smoothing)
    sources: dict[tuple[int, Side], PiecewiseCubic] = {}
    for track in tracks:
        if (track.au, track.side) in sources:
            raise ValueError(f"tracks: expected one of AU{track.au} {track.side}, got two")
        if track.times_s.size:
            spline = fit_spline(track, spline_settings, duration_s, no_face)
            sources[track.au, track.side] = modulated(spline, modulation)
    controls = sorted(control_curves(sources, rig).items())
    moving = {control: curve for control, curve in controls if curve.peak() > _STILL}
    return fit_all_keys(moving, settings.mode, settings.tolerance)


def control_curves(sources: Mapping[tuple[int, Side], PiecewiseCubic], rig: Rig) -> dict[str, PiecewiseCubic]:
    """AU curves (by AU and side, Side.BOTH allowed) to control curves in [0, 1]."""
    by_control: dict[str, dict[int, list[PiecewiseCubic]]] = {}
    for (au, side), curve in sources.items():
        weights: dict[str, float] = {}
        for target_side in (Side.LEFT, Side.RIGHT) if side is Side.BOTH else (side,):
            for target in rig.targets.get((au, target_side), ()):
                weights[target.control] = max(target.weight, weights.get(target.control, 0.0))
        for control, weight in weights.items():
            by_control.setdefault(control, {}).setdefault(au, []).append(curve.scaled(weight))
    return {
        control: _sum(reduce(PiecewiseCubic.maximum, sides) for sides in by_au.values()).clamped(0.0, 1.0)
        for control, by_au in by_control.items()
    }


def _sum(curves: Iterable[PiecewiseCubic]) -> PiecewiseCubic:
    return reduce(PiecewiseCubic.plus, curves)
