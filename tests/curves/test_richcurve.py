"""Unreal's evaluation and tangents against the golden vectors, and properties that need no vectors."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.interpolate import CubicHermiteSpline

from curves.richcurve import auto_tangents, evaluate
from curves.values import Extrapolation, InterpMode, RichCurve, RichKey, TangentMode, TangentWeightMode

VECTORS = json.loads((Path(__file__).parents[1] / "golden" / "richcurve_vectors.json").read_text())
CURVES = {entry["name"]: entry for entry in VECTORS["curves"]}
CUBIC_AUTO = {"interp_mode": InterpMode.RCIM_Cubic, "tangent_mode": TangentMode.RCTM_Auto}


def rich_key(row: dict[str, Any]) -> RichKey:
    return RichKey(
        row["time"],
        row["value"],
        InterpMode[row["interp_mode"]],
        TangentMode[row["tangent_mode"]],
        row["arrive_tangent"],
        row["leave_tangent"],
        TangentWeightMode[row["tangent_weight_mode"]],
        row["arrive_tangent_weight"],
        row["leave_tangent_weight"],
    )


def rich_curve(name: str, row: dict[str, Any]) -> RichCurve:
    return RichCurve(
        name,
        tuple(rich_key(key) for key in row["keys"]),
        Extrapolation[row["pre_infinity"]],
        Extrapolation[row["post_infinity"]],
        row["default_value"],
    )


def built(entry: dict[str, Any], precision: type) -> tuple[RichKey, ...]:
    """The keys that the entry's build operations leave, by our own rules."""
    keys: list[RichKey] = []
    for operation, *arguments in entry["build_ops"]:
        if operation.startswith(("AddKey", "UpdateOrAddKey")):
            time, value = arguments
            modes: dict[str, Any] = CUBIC_AUTO if "Cubic" in operation else {}
            near = [i for i, key in enumerate(keys) if abs(key.time - time) <= 1e-4]
            if operation.startswith("Update") and near:
                keys[near[0]] = replace(keys[near[0]], value=value, **modes)
            else:
                keys.append(RichKey(time, value, **modes))
        elif operation == "SetKeys":
            keys = [
                RichKey(t, v, InterpMode[i], TangentMode[m], arrive, leave)
                for t, v, i, m, arrive, leave in arguments[0]
            ]
        else:
            return rich_curve("", entry["curve"]).keys  # weighted keys are stored as given
    return auto_tangents(tuple(sorted(keys, key=lambda key: key.time)), entry["tension"], precision)


@pytest.mark.parametrize("name", CURVES)
@pytest.mark.parametrize("precision", [np.float64, np.float32])
def test_evaluation_matches_vectors(name: str, precision: type) -> None:
    entry = CURVES[name]
    single = precision is np.float32
    curve = rich_curve(name, entry["curve_f32" if single else "curve"])
    samples = np.array(entry["samples"])
    result = evaluate(curve, samples[:, 0], precision=precision)
    assert result.dtype == precision
    expected = samples[:, 2 if single else 1]
    scale = max(1.0, float(np.ptp(expected)))
    limit = 1e-3 if entry["compare"] == "loose" else 1e-5
    assert np.abs(result - expected).max() <= limit * scale
    if not single and entry["compare"] == "exact":
        assert np.abs(result - expected).max() <= 1e-12 * max(1.0, np.abs(expected).max())


@pytest.mark.parametrize("name", CURVES)
@pytest.mark.parametrize(("precision", "field"), [(np.float64, "curve"), (np.float32, "curve_f32")])
def test_tangents_match_vectors(name: str, precision: type, field: str) -> None:
    entry = CURVES[name]
    keys = built(entry, precision)
    expected = rich_curve(name, entry[field]).keys
    assert len(keys) == len(expected)
    for key, want in zip(keys, expected, strict=True):
        assert (key.time, key.value) == (want.time, want.value)
        assert key.arrive_tangent == pytest.approx(want.arrive_tangent, rel=2e-7, abs=1e-9)
        assert key.leave_tangent == pytest.approx(want.leave_tangent, rel=2e-7, abs=1e-9)


def test_end_keys_keep_their_outer_side() -> None:
    keys = tuple(RichKey(float(t), float(t * t), arrive_tangent=7.0, leave_tangent=7.0, **CUBIC_AUTO) for t in range(3))
    first, middle, last = auto_tangents(keys)
    assert (first.arrive_tangent, first.leave_tangent) == (7.0, 0.0)
    assert (middle.arrive_tangent, middle.leave_tangent) == (2.0, 2.0)
    assert (last.arrive_tangent, last.leave_tangent) == (0.0, 7.0)


def test_smart_auto_keys_stay_as_stored() -> None:
    key = RichKey(0.5, 1.0, InterpMode.RCIM_Cubic, TangentMode.RCTM_SmartAuto, 3.0, 3.0)
    keys = (RichKey(0.0, 0.0, **CUBIC_AUTO), key, RichKey(1.0, 5.0, **CUBIC_AUTO))
    assert auto_tangents(keys)[1] == key


def test_defaults_and_single_key() -> None:
    assert evaluate(RichCurve("empty", ()), [0.0, 1.0], default=0.25).tolist() == [0.25, 0.25]
    assert evaluate(RichCurve("empty", (), default_value=0.5), [0.0], default=0.25).tolist() == [0.5]
    assert evaluate(RichCurve("one", (RichKey(2.0, 0.75),)), [[0.0], [9.0]]).tolist() == [[0.75], [0.75]]


@pytest.mark.parametrize("times", [(0.0, 0.0), (3.0, 3.0)])
def test_two_keys_at_one_time_do_not_divide_by_zero(times: tuple[float, float]) -> None:
    for mode in Extrapolation:
        curve = RichCurve("jump", (RichKey(times[0], 1.0), RichKey(times[1], 2.0)), mode, mode)
        assert np.isfinite(evaluate(curve, np.linspace(-1, 5, 25))).all()


def test_weighted_thirds_equal_plain_cubic() -> None:
    """Handles of exactly one third of the span are the unweighted curve."""
    plain = (
        RichKey(1.0, 0.0, InterpMode.RCIM_Cubic, TangentMode.RCTM_User, 0.0, 1.5),
        RichKey(3.0, 1.0, InterpMode.RCIM_Cubic, TangentMode.RCTM_User, -0.5, 0.0),
    )
    both = TangentWeightMode.RCTWM_WeightedBoth
    lengths = [np.hypot(2.0, 2.0 * slope) / 3 for slope in (1.5, -0.5)]
    weighted = (
        replace(plain[0], tangent_weight_mode=both, leave_tangent_weight=lengths[0]),
        replace(plain[1], tangent_weight_mode=both, arrive_tangent_weight=lengths[1]),
    )
    times = np.linspace(1, 3, 101)
    expected = evaluate(RichCurve("plain", plain), times)
    assert np.abs(evaluate(RichCurve("w", weighted), times) - expected).max() < 1e-12
    assert np.abs(evaluate(RichCurve("w", weighted), times, precision=np.float32) - expected).max() < 1e-6


def test_looping_time_takes_the_latest_branch() -> None:
    """Overlong handles make time run back; of several crossings the last in the curve counts."""
    both = TangentWeightMode.RCTWM_WeightedBoth
    keys = (
        RichKey(0.0, 0.0, InterpMode.RCIM_Cubic, TangentMode.RCTM_User, 0.0, 0.0, both, 0.0, 2.0),
        RichKey(1.0, 1.0, InterpMode.RCIM_Cubic, TangentMode.RCTM_User, 0.0, 0.0, both, 2.0, 0.0),
    )
    # time Bezier 0, 2, -1, 1 crosses 0.5 three times, the last at s = 0.5 + sqrt(0.15)
    s = 0.5 + np.sqrt(0.15)
    expected = 3 * s**2 * (1 - s) + s**3
    assert evaluate(RichCurve("loop", keys), 0.5) == pytest.approx(expected, abs=1e-9)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.floats(0.01, 2), st.floats(-1, 1), st.floats(-5, 5)), min_size=2, max_size=12))
def test_cubic_is_the_hermite_spline(rows: list[tuple[float, float, float]]) -> None:
    times = np.cumsum([row[0] for row in rows])
    keys = tuple(
        RichKey(float(t), v, InterpMode.RCIM_Cubic, TangentMode.RCTM_User, m, m)
        for t, (_, v, m) in zip(times, rows, strict=True)
    )
    spline = CubicHermiteSpline(times, [row[1] for row in rows], [row[2] for row in rows])
    grid = np.linspace(times[0], times[-1], 97)
    curve = RichCurve("h", keys)
    assert np.abs(evaluate(curve, grid) - spline(grid)).max() < 1e-9
    assert np.abs(evaluate(curve, grid, precision=np.float32) - spline(grid)).max() < 1e-4
