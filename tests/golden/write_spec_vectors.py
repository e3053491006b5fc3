"""Writes MicroExpressionGolden.h: a few of richcurve_vectors.json's curves as C++, for the plugin's automation test.

    python tests/golden/write_spec_vectors.py

Small on purpose: an editor has no file of ours to read, and what these ten curves do not show, a shim run of all
vectors does. tests/unreal_plugin/test_spec_vectors.py holds the header to this script.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
TARGET = (
    HERE.parents[1] / "UnrealPlugin/MicroExpression/Source/MicroExpressionEditor/Private/Tests/MicroExpressionGolden.h"
)
#: Name, and whether its tangents are what AutoSetTangents(0) makes of its keys.
CURVES = {
    "auto_two_keys": True,
    "auto_nonuniform": True,
    "user_tangents": False,
    "user_survives_auto": False,
    "linear_keys": False,
    "mixed_modes": False,
    "duplicate_time": False,
    "extrap_CycleWithOffset_Oscillate": True,
    "fixture_ue58_curvefloat": False,
    "engine_autotangents": True,
}
SAMPLES = 9
HEAD = """\
// Written by tests/golden/write_spec_vectors.py: do not edit. What FRichCurve does with ten small curves.
#pragma once

#include "Curves/RichCurve.h"

namespace MicroExpressionGolden
{
	struct FKey
	{
		ERichCurveInterpMode Interp;
		ERichCurveTangentMode Tangent;
		float Time;
		float Value;
		float Arrive;
		float Leave;
	};
	struct FSample
	{
		float Time;
		float Value;
	};
	struct FCurve
	{
		const TCHAR* Name;
		ERichCurveExtrapolation Pre;
		ERichCurveExtrapolation Post;
		/** The tangents are what AutoSetTangents(0) computes. */
		bool bAuto;
		const FKey* Keys;
		int32 KeyCount;
		const FSample* Samples;
		int32 SampleCount;
	};
"""


def number(value: float) -> str:
    """A float literal that brings back the float32."""
    text = f"{value:.9g}"
    return text + ("f" if any(sign in text for sign in ".en") else ".0f")


def curve_lines(entry: dict[str, Any], index: int) -> Iterator[str]:
    stored = entry["curve_f32"]
    assert all(key["tangent_weight_mode"] == "RCTWM_WeightedNone" for key in stored["keys"])
    yield f"\n\t// {entry['why']}"
    yield f"\tinline const FKey Keys{index}[] = {{"
    for key in stored["keys"]:
        fields = [key["interp_mode"], key["tangent_mode"]]
        fields += [number(key[name]) for name in ("time", "value", "arrive_tangent", "leave_tangent")]
        yield f"\t\t{{{', '.join(fields)}}},"
    yield "\t};"
    yield f"\tinline const FSample Samples{index}[] = {{"
    step = (len(entry["samples"]) - 1) / (SAMPLES - 1)
    for place in range(SAMPLES):
        time, _, value = entry["samples"][round(place * step)]
        yield f"\t\t{{{number(time)}, {number(value)}}},"
    yield "\t};"


def header() -> str:
    entries = {
        entry["name"]: entry
        for entry in json.loads((HERE / "richcurve_vectors.json").read_text(encoding="utf-8"))["curves"]
    }
    lines = [HEAD.rstrip("\n")]
    for index, name in enumerate(CURVES):
        lines += curve_lines(entries[name], index)
    lines.append("\n\tinline const FCurve Curves[] = {")
    for index, (name, auto) in enumerate(CURVES.items()):
        stored = entries[name]["curve_f32"]
        modes = f"{stored['pre_infinity']}, {stored['post_infinity']}, {str(auto).lower()}"
        keys = f"Keys{index}, {len(stored['keys'])}, Samples{index}, {SAMPLES}"
        lines.append(f'\t\t{{TEXT("{name}"), {modes}, {keys}}},')
    return "\n".join([*lines, "\t};", "}", ""])


if __name__ == "__main__":
    TARGET.write_text(header(), encoding="utf-8")
