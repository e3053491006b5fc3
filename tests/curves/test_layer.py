"""A micro-expression over another performance."""

import numpy as np
import pytest

from curves.keys import fit_keys
from curves.layer import add_curve, add_performance
from curves.piecewise import from_rich_curve, hermite
from curves.richcurve import auto_tangents, evaluate
from curves.values import InterpMode, RichCurve, RichKey, TangentMode, TangentWeightMode

MICRO = fit_keys("a", hermite([0.0, 0.1, 0.25], [0.0, 0.2, 0.0], [0.0, 0.0, 0.0]), "exact")
TIMES = np.linspace(-0.5, 4.5, 4001).astype(np.float32)


def keys(*rows: tuple[float, float], mode: InterpMode = InterpMode.RCIM_Cubic) -> tuple[RichKey, ...]:
    return auto_tangents(tuple(RichKey(t, v, mode, TangentMode.RCTM_Auto) for t, v in rows))


@pytest.mark.parametrize("mode", [InterpMode.RCIM_Cubic, InterpMode.RCIM_Linear, InterpMode.RCIM_Constant])
def test_sum_is_clamped_and_shifted(mode: InterpMode) -> None:
    base = RichCurve("a", keys((0, 0.1), (1, 0.9), (2.5, 0.95), (4, 0.2), mode=mode))
    for offset in (0.5, 2.4):
        result = evaluate(add_curve(base, MICRO, offset), TIMES, precision=np.float32)
        expected = evaluate(base, TIMES) + evaluate(MICRO, TIMES.astype(np.float64) - offset)
        assert np.abs(result - np.clip(expected, 0, 1)).max() < 1e-6


def test_rich_curves_become_cubics_exactly() -> None:
    jump = (RichKey(0.0, 0.1), RichKey(0.0, 0.3), RichKey(1.0, 0.5), RichKey(1.0, 0.2), RichKey(2.0, 0.4))
    for curve in (RichCurve("j", jump), RichCurve("j", (*jump, RichKey(2.0, 0.9)))):
        inside = TIMES[~np.isin(TIMES, [0.0, 1.0, 2.0])]
        assert np.abs(from_rich_curve(curve)(inside) - evaluate(curve, inside)).max() < 1e-12


def test_performances_meet_by_name() -> None:
    base = (RichCurve("b", keys((0, 0.5), (1, 0.5))), RichCurve("a", keys((0, 0.1), (1, 0.1))))
    result = add_performance(base, (MICRO, RichCurve("new", MICRO.keys)), 0.25, weight=0.5)
    assert [curve.name for curve in result] == ["b", "a", "new"]
    assert result[0] is base[0]
    assert evaluate(result[1], 0.35) == pytest.approx(0.2, abs=1e-6)
    assert evaluate(result[2], 0.35) == pytest.approx(0.1, abs=1e-6)


def test_what_cannot_be_summed_is_refused() -> None:
    weighted = RichKey(0.0, 0.0, InterpMode.RCIM_Cubic, tangent_weight_mode=TangentWeightMode.RCTWM_WeightedBoth)
    with pytest.raises(ValueError, match="unweighted"):
        add_curve(RichCurve("w", (weighted, RichKey(1.0, 1.0))), MICRO)
    with pytest.raises(ValueError, match="once"):
        add_performance((MICRO, MICRO), ())
