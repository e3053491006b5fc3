"""The core library, loaded as a host loads it: curves to the bit, statuses, and refusals that need no server."""

import ctypes as c
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from core_library import INVALID_ARGUMENT, OK, UNAVAILABLE, Client, ClientOptions, Curve, Key, load, needs_core
from hypothesis import given, settings
from hypothesis import strategies as st

from curves.richcurve import auto_tangents, evaluate
from curves.values import Extrapolation, InterpMode, RichCurve, RichKey, TangentMode, TangentWeightMode

pytestmark = needs_core
VECTORS = json.loads((Path(__file__).parents[1] / "golden" / "richcurve_vectors.json").read_text(encoding="utf-8"))
LIBRARY = load() if needs_core.args[0] is False else None


def as_keys(keys: tuple[RichKey, ...]) -> Any:
    rows = [
        Key(
            k.interp_mode, k.tangent_mode, k.tangent_weight_mode, 0, k.time, k.value,
            k.arrive_tangent, k.arrive_tangent_weight, k.leave_tangent, k.leave_tangent_weight,
        )
        for k in keys
    ]  # fmt: skip
    return (Key * len(rows))(*rows)


def core_evaluate(curve: RichCurve, times: np.ndarray, fallback: float) -> np.ndarray:
    assert LIBRARY is not None
    keys = as_keys(curve.keys)
    given_curve = Curve(
        keys=keys,
        key_count=len(keys),
        pre_infinity=int(curve.pre_infinity),
        post_infinity=int(curve.post_infinity),
        has_default_value=curve.default_value is not None,
        default_value=curve.default_value or 0.0,
    )
    asked = np.ascontiguousarray(times, dtype=np.float32)
    values = np.empty_like(asked)
    pointers = [array.ctypes.data_as(c.POINTER(c.c_float)) for array in (asked, values)]
    assert LIBRARY.microexpr_curve_evaluate(c.byref(given_curve), fallback, *pointers, asked.size) == OK
    return values


def assert_same_bits(curve: RichCurve, times: np.ndarray) -> None:
    expected = evaluate(curve, times, precision=np.float32, default=0.25)
    result = core_evaluate(curve, times, 0.25)
    assert (result.view(np.uint32) == expected.view(np.uint32)).all(), curve


@pytest.mark.parametrize("entry", VECTORS["curves"], ids=lambda entry: str(entry["name"]))
def test_all_samples_of_the_vectors(entry: dict[str, Any]) -> None:
    stored = entry["curve_f32"]
    keys = tuple(
        RichKey(
            row["time"], row["value"], InterpMode[row["interp_mode"]], TangentMode[row["tangent_mode"]],
            row["arrive_tangent"], row["leave_tangent"], TangentWeightMode[row["tangent_weight_mode"]],
            row["arrive_tangent_weight"], row["leave_tangent_weight"],
        )
        for row in stored["keys"]
    )  # fmt: skip
    modes = (Extrapolation[stored["pre_infinity"]], Extrapolation[stored["post_infinity"]])
    samples = np.array(entry["samples"])
    curve = RichCurve(entry["name"], keys, *modes, stored["default_value"])
    assert_same_bits(curve, samples[:, 0])
    scale = max(1.0, float(np.ptp(samples[:, 2])))
    limit = 1e-3 if entry["compare"] == "loose" else 1e-5
    assert np.abs(core_evaluate(curve, samples[:, 0], 0.0) - samples[:, 2]).max() <= limit * scale


NUMBER = st.floats(-100, 100, width=32)
# Keys at one time, or apart as far as float32 can tell within seconds: weighted tangents over 1e-38 s overflow.
SPAN = st.just(0.0) | st.floats(2**-20, 1, width=32)
KEY = st.tuples(
    SPAN, NUMBER, NUMBER, NUMBER, st.floats(0.0625, 5, width=32),
    st.sampled_from(InterpMode), st.sampled_from(TangentMode), st.sampled_from(TangentWeightMode),
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(
    st.lists(KEY, max_size=8),
    st.sampled_from(Extrapolation),
    st.sampled_from(Extrapolation),
    st.lists(st.floats(-20, 20, width=32), min_size=1, max_size=20),
    st.sampled_from([0.0, 0.25, 1.0]),
)
def test_any_curve_to_the_bit(
    rows: list[Any], pre: Extrapolation, post: Extrapolation, times: list[float], tension: float
) -> None:
    assert LIBRARY is not None
    clock = np.cumsum([row[0] for row in rows], dtype=np.float32)
    keys = tuple(
        RichKey(float(t), value, interp, tangent, arrive, leave, weight, length, length)
        for t, (_, value, arrive, leave, length, interp, tangent, weight) in zip(clock, rows, strict=True)
    )
    assert_same_bits(RichCurve("drawn", keys, pre, post), np.array([*times, *clock], dtype=np.float32))
    stored = as_keys(keys)
    assert LIBRARY.microexpr_curve_auto_tangents(stored, len(stored), tension) == OK
    for ours, theirs in zip(stored, auto_tangents(keys, tension, np.float32), strict=True):
        assert (ours.arrive_tangent, ours.leave_tangent) == (theirs.arrive_tangent, theirs.leave_tangent)


def test_version_and_statuses() -> None:
    assert LIBRARY is not None
    assert LIBRARY.microexpr_version() == b"0.1.0"
    names = [LIBRARY.microexpr_status_string(code) for code in range(-16, 2)]
    assert len(set(names)) == 18
    assert b"unknown status" not in names
    assert LIBRARY.microexpr_status_string(-17) == b"unknown status"


def test_another_machine_needs_tls() -> None:
    assert LIBRARY is not None
    handle = c.c_void_p()
    options = ClientOptions(address=b"192.0.2.1:50551")
    assert LIBRARY.microexpr_client_create(c.byref(options), c.byref(handle)) == INVALID_ARGUMENT
    sentence = LIBRARY.microexpr_last_message()
    assert b"192.0.2.1 is another machine" in sentence and b"root certificate" in sentence and b"settings" in sentence
    assert b"tls_root_pem" not in sentence  # an artist reads it


def test_nobody_answers() -> None:
    with Client("127.0.0.1:1", deadline_ms=3000) as client:
        code, call = client.ask("info")
        message = client.library.microexpr_call_message(call).decode()
        client.library.microexpr_call_destroy(call)
    assert code == UNAVAILABLE
    assert "127.0.0.1:1" in message and "microexpr serve" in message
