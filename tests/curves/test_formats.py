"""All formats: every row of the registry writes a take that an independent reading finds whole and unswapped."""

import csv
import json
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
from format_samples import FPS, PEAK, asymmetric, bare_take, bump, drawn_curves
from hypothesis import given, settings
from hypothesis import strategies as st

from curves.build import KeySettings, build_curves
from curves.errors import FormatError, InputError
from curves.formats import FORMATS, livelink, openface, read_curves, safe_name, timecode, unreal_json, unreal_tables
from curves.richcurve import evaluate
from curves.rigs import load_rig
from curves.values import (
    AUTrack,
    Extrapolation,
    InterpMode,
    RichCurve,
    RichKey,
    Side,
    Take,
    TangentMode,
    TangentWeightMode,
)

# The app's header, from a recording's first line: its order differs from Apple's (JawRight before JawLeft).
LIVELINK_HEADER = (
    "Timecode,BlendshapeCount,EyeBlinkLeft,EyeLookDownLeft,EyeLookInLeft,EyeLookOutLeft,EyeLookUpLeft,EyeSquintLeft,"
    "EyeWideLeft,EyeBlinkRight,EyeLookDownRight,EyeLookInRight,EyeLookOutRight,EyeLookUpRight,EyeSquintRight,"
    "EyeWideRight,JawForward,JawRight,JawLeft,JawOpen,MouthClose,MouthFunnel,MouthPucker,MouthRight,MouthLeft,"
    "MouthSmileLeft,MouthSmileRight,MouthFrownLeft,MouthFrownRight,MouthDimpleLeft,MouthDimpleRight,MouthStretchLeft,"
    "MouthStretchRight,MouthRollLower,MouthRollUpper,MouthShrugLower,MouthShrugUpper,MouthPressLeft,MouthPressRight,"
    "MouthLowerDownLeft,MouthLowerDownRight,MouthUpperUpLeft,MouthUpperUpRight,BrowDownLeft,BrowDownRight,BrowInnerUp,"
    "BrowOuterUpLeft,BrowOuterUpRight,CheekPuff,CheekSquintLeft,CheekSquintRight,NoseSneerLeft,NoseSneerRight,"
    "TongueOut,HeadYaw,HeadPitch,HeadRoll,LeftEyeYaw,LeftEyePitch,LeftEyeRoll,RightEyeYaw,RightEyePitch,RightEyeRoll"
)


def check_curves(paths: list[Path], tolerance: float) -> None:
    """Every curve has its own name's peak, which tells left from right."""
    curves = {curve.name: curve for path in paths for curve in read_curves(path)}
    assert curves.keys() == PEAK.keys()
    grid = np.linspace(-0.1, 1.1, 500)
    for name, peak in PEAK.items():
        assert evaluate(curves[name], [0.3])[0] == pytest.approx(peak, abs=tolerance)
        assert np.abs(evaluate(curves[name], grid) - evaluate(bump(name, peak), grid)).max() <= tolerance


def check_livelink(paths: list[Path]) -> None:
    with paths[0].open(encoding="utf-8", newline="") as stream:
        assert stream.readline() == LIVELINK_HEADER + "\n"
    with paths[0].open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == 30 and {len(row) for row in rows} == {63}
    assert rows[0]["Timecode"] == "01:00:00:10.000" and rows[20]["Timecode"] == "01:00:01:00.000"
    for name, peak in PEAK.items():
        column = name[0].upper() + name[1:]
        for frame, row in enumerate(rows):
            assert float(row[column]) == pytest.approx(
                evaluate(bump(name, peak), [frame / FPS])[0].clip(0, 1), abs=1e-9
            )
    assert {row["BlendshapeCount"] for row in rows} == {"61"} and float(rows[9]["JawOpen"]) == 0.0
    assert livelink.read_livelink(paths[0]).samples["JawLeft"][9] == pytest.approx(0.25, abs=1e-3)


def check_openface(paths: list[Path]) -> None:
    with paths[0].open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert list(rows[0]) == [
        "frame", "timestamp", "confidence", "success", "AU12_r", "AU26_r", "AU12_c", "AU26_c",
    ]  # fmt: skip
    assert [int(row["frame"]) for row in rows] == list(range(1, 31))
    assert [row["success"] for row in rows] == ["1"] * 21 + ["0"] * 9
    assert float(rows[9]["AU12_r"]) == pytest.approx(5 * 0.3, abs=0.01)
    assert [row["AU26_r"] for row in rows[20:22]] == ["2.5000", "0.0000"]
    assert [int(row["AU12_c"]) for row in rows] == [int(0.1 <= float(row["timestamp"]) < 0.6) for row in rows]
    assert [row["AU26_c"] for row in rows] == ["1"] * 21 + ["0"] * 9


CHECKS: dict[str, Callable[[list[Path]], None]] = {
    "take": lambda paths: check_curves(paths, 0.0),
    "curvetable": lambda paths: check_curves(paths, 2e-3),
    "datatable": lambda paths: check_curves(paths, 0.0),
    "audict": lambda paths: check_curves(paths, 1e-7),
    "curvefloat": lambda paths: check_curves(paths, 0.0),
    "livelink": check_livelink,
    "openface": check_openface,
}


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_holds_what_it_was_given(name: str, tmp_path: Path) -> None:
    written, notes = FORMATS[name].write(asymmetric(), tmp_path, "clip:1")
    target = FORMATS[name].path(tmp_path, "clip:1")
    assert target.name == "clip_1" + FORMATS[name].suffix
    assert written and all(target in (path, path.parent) for path in written)
    assert {path for path in tmp_path.rglob("*") if path.is_file()} == set(written)
    assert all(note.endswith(".") for note in notes)
    CHECKS[name](written)
    before = [path.read_bytes() for path in written]
    assert FORMATS[name].write(asymmetric(), tmp_path, "clip:1") == (written, notes)
    assert [path.read_bytes() for path in written] == before
    assert not [path for path in tmp_path.rglob("*") if path.suffix == ".tmp"]


@pytest.mark.parametrize("name", FORMATS)
def test_a_take_without_events_or_curves(name: str, tmp_path: Path) -> None:
    empty = Take(Fraction(25), 0.04, (), (AUTrack(1, Side.LEFT, np.zeros(1), np.zeros(1)),), ())
    FORMATS[name].write(empty, tmp_path, "a")
    if name not in ("curvefloat", "livelink", "openface"):
        assert read_curves(FORMATS[name].path(tmp_path, "a")) == ()


def any_curves() -> st.SearchStrategy[tuple[RichCurve, ...]]:
    """Every mode, weight, extrapolation and default."""
    number, end = st.floats(-1e3, 1e3, width=32), st.sampled_from(Extrapolation)
    key = st.builds(
        RichKey, st.floats(-10, 10, width=32), number, st.sampled_from(InterpMode), st.sampled_from(TangentMode),
        number, number, st.sampled_from(TangentWeightMode), number, number,
    )  # fmt: skip
    names = st.text(st.sampled_from("aA:_k0 1."), min_size=1, max_size=6)
    return drawn_curves(key, names, max_keys=4, pre_infinity=end, post_infinity=end, default_value=st.none() | number)


@given(curves=any_curves())
@settings(max_examples=25, deadline=None)
def test_curvefloat_keeps_every_mode(curves: tuple[RichCurve, ...]) -> None:
    for curve in curves:
        document = json.loads(json.dumps(unreal_json.curvefloat_to_json(curve)))
        assert unreal_json.curvefloat_from_json(document, curve.name, "x") == curve
        spelled = unreal_json.richcurve_to_json(curve, unreal_json.pascal)
        assert unreal_json.richcurve_from_json(spelled, curve.name, "x") == curve


@given(curves=any_curves())
@settings(max_examples=15, deadline=None)
def test_curvefloat_files_never_collide(
    curves: tuple[RichCurve, ...], tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("curves") / "a.curvefloat"
    written = unreal_json.write_curvefloats(bare_take(*curves), path)
    assert len({file.name.casefold() for file in written}) == len(curves) == len(list(path.iterdir()))


def test_a_smaller_folder_leaves_nothing_of_the_larger_one(tmp_path: Path) -> None:
    path = tmp_path / "a.curvefloat"
    unreal_json.write_curvefloats(asymmetric(), path)
    unreal_json.write_curvefloats(bare_take(bump("jawOpen", 0.1)), path)
    assert [file.name for file in path.iterdir()] == ["jawOpen.json"]
    assert [file.name for file in tmp_path.iterdir()] == ["a.curvefloat"]


def test_a_folder_that_cannot_be_replaced_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.curvefloat"
    unreal_json.write_curvefloats(asymmetric(), path)
    rename, failed = Path.rename, []

    def fail_once(self: Path, target: Path) -> Path:
        if target == path and not failed:
            failed.append(self)
            raise PermissionError("in use")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", fail_once)
    with pytest.raises(PermissionError):
        unreal_json.write_curvefloats(bare_take(bump("jawOpen", 0.1)), path)
    assert {file.stem for file in path.iterdir()} == set(PEAK) and list(tmp_path.iterdir()) == [path]


def test_unreals_own_layout(tmp_path: Path) -> None:
    path = tmp_path / "Brow.json"
    path.write_text(
        """{"floatCurve": {"keys": [
            {"interpMode": "RCIM_Cubic", "tangentMode": "RCTM_Break", "tangentWeightMode": "RCTWM_WeightedLeave",
             "time": 1, "value": 2, "arriveTangent": 3, "arriveTangentWeight": 4, "leaveTangent": 5,
             "leaveTangentWeight": 6}, {"time": 2.5}],
            "defaultValue": 3.4028234663852886e+38, "preInfinityExtrap": "RCCE_Linear",
            "postInfinityExtrap": "RCCE_Oscillate"}, "isEventCurve": false}""",
        encoding="utf-8",
    )
    key = RichKey(
        1.0,
        2.0,
        InterpMode.RCIM_Cubic,
        TangentMode.RCTM_Break,
        3.0,
        5.0,
        TangentWeightMode.RCTWM_WeightedLeave,
        4.0,
        6.0,
    )
    expected = RichCurve("Brow", (key, RichKey(2.5, 0.0)), Extrapolation.RCCE_Linear, Extrapolation.RCCE_Oscillate)
    assert read_curves(path) == (expected,)


def test_datatable_computes_tangents_that_were_never_computed(tmp_path: Path) -> None:
    flat = RichCurve("a", tuple(replace(k, arrive_tangent=0.0, leave_tangent=0.0) for k in bump("a", 0.3).keys))
    user = bump("b", 0.3, TangentMode.RCTM_User)
    unreal_json.write_datatable(bare_take(flat, user), tmp_path / "a.json")
    assert read_curves(tmp_path / "a.json") == (bump("a", 0.3), user)


def test_the_cost_of_a_bake_is_measured_not_guessed(tmp_path: Path) -> None:
    spike = RichCurve("a", (RichKey(0.5, 0.0), RichKey(0.508, 0.5), RichKey(0.516, 0.0)))  # between two of 60 frames
    errors = unreal_tables.write_curvetable(bare_take(spike, rate=Fraction(24)), tmp_path / "a.csv")
    (baked,) = read_curves(tmp_path / "a.csv")
    grid = np.linspace(0, 1, 20001)
    true = np.abs(evaluate(baked, grid) - evaluate(spike, grid)).max()
    assert true > 0.3 and errors["a"] == pytest.approx(true, rel=0.1)
    header = (tmp_path / "a.csv").read_text(encoding="utf-8").splitlines()[0].split(",")
    assert header[0] == "---" and len(header) == 62 and float(header[-1]) == 1.0


def test_the_cost_of_the_dictionary_is_what_tangents_held(tmp_path: Path) -> None:
    take = bare_take(bump("a", 0.3), bump("b", 0.3, TangentMode.RCTM_User))
    costs = unreal_tables.write_dictionary(take, tmp_path / "a.csv")
    assert costs["a"] < 1e-7 and costs["b"] > 0.001
    rows = (tmp_path / "a.csv").read_text(encoding="utf-8").splitlines()
    assert rows[0] == "---,Time,Disp" and rows[3] == "a_k00003,0.3,0.3" and rows[6].startswith("b_k00001,")


def test_livelink_refuses_other_rigs_and_says_what_it_clamps(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="--rig arkit"):
        livelink.write_livelink(bare_take(bump("CTRL_expressions_jawOpen", 1)), tmp_path / "a.csv")
    assert not list(tmp_path.iterdir())
    take = bare_take(bump("jawOpen", 1.5), start_timecode="00:00:00:30")
    notes = livelink.write_livelink(take, tmp_path / "a.csv")
    assert "'00:00:00:30' is no time code at 30" in notes[0] and "jawOpen left 0..1" in notes[-1]
    read = livelink.read_livelink(tmp_path / "a.csv")
    assert read.timecodes[0] == "00:00:00:00.000" and read.samples["JawOpen"].max() == 1.0
    assert read.samples["JawOpen"].min() == 0.0


def test_a_format_says_before_the_work_which_rigs_it_holds() -> None:
    FORMATS["livelink"].check_controls(load_rig("arkit").controls)
    FORMATS["openface"].check_controls(load_rig("metahuman").controls)
    with pytest.raises(InputError, match="--rig arkit"):
        FORMATS["livelink"].check_controls(load_rig("metahuman").controls)


@pytest.mark.parametrize("mode", ["auto", "exact"])
def test_built_curves_pass_through_unchanged(mode: Literal["auto", "exact"], tmp_path: Path) -> None:
    take = asymmetric()
    take = replace(take, curves=build_curves(take.tracks, load_rig("arkit"), settings=KeySettings(mode=mode)))
    assert [curve.name for curve in take.curves] == ["jawOpen", "mouthSmileLeft", "mouthSmileRight"]
    for name in ("take", "datatable", "curvefloat"):
        FORMATS[name].write(take, tmp_path, "a")
        assert read_curves(FORMATS[name].path(tmp_path, "a")) == take.curves


def test_openface_needs_tracks(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="AU tracks"):
        openface.write_openface(bare_take(), tmp_path / "a.csv")


@pytest.mark.parametrize(
    ("rate", "count", "code"),
    [
        (Fraction(30000, 1001), 1799, "00:00:59;29"),
        (Fraction(30000, 1001), 1800, "00:01:00;02"),
        (Fraction(30000, 1001), 17982, "00:10:00;00"),
        (Fraction(60000, 1001), 3600, "00:01:00;04"),
        (Fraction(30), 1800, "00:01:00:00"),
        (Fraction(24000, 1001), 24, "00:00:01:00"),
        (Fraction(200), 399, "00:00:01:199"),
        (Fraction(25), 24 * 3600 * 25 - 1, "23:59:59:24"),
    ],
)
def test_timecodes(rate: Fraction, count: int, code: str) -> None:
    drop = ";" in code
    assert timecode.from_frames(count, rate, drop_frame=drop) == code
    assert timecode.to_frames(code, rate) == count


@given(count=st.integers(0, 2_000_000), rate=st.sampled_from([Fraction(30000, 1001), Fraction(60000, 1001)]))
def test_drop_frame_timecodes_come_back(count: int, rate: Fraction) -> None:
    assert timecode.to_frames(timecode.from_frames(count, rate, drop_frame=True), rate) == count


@pytest.mark.parametrize(
    ("name", "taken", "expected"),
    [
        ("a:b*c", [], "a_b_c"),
        ("nul.take.json", [], "_nul.take.json"),
        ("Con", [], "_Con"),
        ("end. ", [], "end__"),
        ("", [], "_"),
        ("Jaw", ["jaw", "JAW~2"], "Jaw~3"),
        ("Gesicht_ü", [], "Gesicht_ü"),
    ],
)
def test_names_that_windows_accepts(name: str, taken: list[str], expected: str) -> None:
    assert safe_name(name, taken) == expected


def _row(**curve: Any) -> str:
    return json.dumps([{"Name": "a", "Curve": {"EditorCurveData": curve}}])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,b,c\n1,2,3\n", "none of our curve files"),
        ("", "none of our curve files"),
        ('{"a": 1}', "none of our curve files"),
        ('{"format": "x"}', "is no take"),
        ("---,0,1\na,0\n", "row 'a'"),
        ("---,0,1\na,0,x\n", "'x' is not a number"),
        ("---,0,1\na,0,nan\n", "finite"),
        ("---,1,0\na,0,0\n", "must rise"),
        ("---,0,1\na,0,0\nA,0,0\n", "twice"),
        ("---,Time,Disp\na,0,0\n", "_k00001"),
        ("---,Time,Disp\na_k1,0,0\na_k01,1,0\n", "twice"),
        ("---,Time,Disp\na_k1,1,0\na_k2,0,0\n", "time order"),
        ('{"floatCurve": 1}', "must be an object"),
        ('{"floatCurve": {"keys": [{"interpMode": "Cubic"}]}}', r"keys\[0\].*InterpMode"),
        ('{"floatCurve": {"keys": [{"time": "0"}]}}', "is not a number"),
        ('{"floatCurve": {"keys": [{"tim": 0}]}}', "'tim' is no field"),
        ('{"floatCurve": {"keys": [{"time": 1}, {"time": 0}]}}', "time order"),
        ('{"floatCurve": {"kys": []}}', "'kys' is no field"),
        ("[1]", "row 1"),
        ('[{"Name": "a"}]', "one FRuntimeFloatCurve"),
        (_row(Keys=[{"Time": True}]), "row 1.*True"),
        (_row(PreInfinityExtrap="Constant"), "Extrapolation"),
        ('[{"Name": "a", "C": {"EditorCurveData": {}, "ExternalCurve": "/Game/C"}}]', "another asset"),
    ],
)
def test_broken_curve_files_are_refused(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "broken"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(FormatError, match=message) as refusal:
        read_curves(path)
    assert "\n" not in str(refusal.value) and str(path) in str(refusal.value)


def test_a_folder_without_curves(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no UCurveFloat"):
        read_curves(tmp_path)


@pytest.mark.parametrize("reader", [livelink.read_livelink, openface.read_openface])
def test_other_csv_is_refused(reader: Callable[[Path], Any], tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    with pytest.raises(FormatError, match="column"):
        reader(tmp_path / "a.csv")
