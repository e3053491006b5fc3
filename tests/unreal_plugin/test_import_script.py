"""The editor's import script against a small strict `unreal` module: what it makes, and every refusal."""

import ast
import csv
import importlib
import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from types import ModuleType
from typing import Any

import fake_unreal
import format_samples
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from curves.formats.take import write_take
from curves.formats.unreal_json import computed_tangents
from curves.formats.unreal_tables import curvetable_from_rows, write_curvetable
from curves.richcurve import evaluate
from curves.values import InterpMode, RichCurve, RichKey, Take, TangentMode

SCRIPTS = Path(__file__).parents[2] / "UnrealPlugin" / "MicroExpression" / "Content" / "Python"
SKELETON = "/Game/Face/Face_Skeleton"
OURS = ("microexpr_import", "microexpr_take")


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """microexpr_import, imported as in an editor whose content holds one skeleton."""
    fake_unreal.reset()
    fake_unreal.ASSETS[SKELETON] = fake_unreal.Skeleton()
    monkeypatch.setitem(sys.modules, "unreal", fake_unreal)
    monkeypatch.syspath_prepend(str(SCRIPTS))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    yield importlib.import_module("microexpr_import")
    for name in OURS:
        sys.modules.pop(name, None)


def asset(path: str) -> Any:
    return fake_unreal.ASSETS[path]


def kept_curve(name: str, keys: list[dict[str, Any]]) -> RichCurve:
    """The keys that the editor keeps, as Python's curve."""
    return RichCurve(
        name,
        tuple(
            RichKey(
                key["Time"], key["Value"], InterpMode[key["InterpMode"]], TangentMode[key["TangentMode"]],
                key["ArriveTangent"], key["LeaveTangent"],
            )
            for key in keys
        ),
    )  # fmt: skip


def written(take: Take, folder: Path, name: str = "talk.take.json") -> Path:
    write_take(take, folder / name)
    return folder / name


def assert_same_animation(take: Take, sequence: Any, tolerance: float = 1e-6) -> None:
    assert sorted(sequence._curves) == sorted(curve.name for curve in take.curves)
    assert sequence._rate == (take.frame_rate.numerator, take.frame_rate.denominator)
    assert sequence._frames / take.fps >= take.duration_s - 1e-6
    assert sequence._open == 0
    for curve in take.curves:
        kept = kept_curve(curve.name, sequence._curves[curve.name])
        assert all(key.tangent_mode in {TangentMode.RCTM_User, TangentMode.RCTM_Break} for key in kept.keys)
        times = np.linspace(-0.1, take.duration_s + 0.1, 301).astype(np.float32)
        expected = evaluate(computed_tangents(curve), times, precision=np.float32)
        assert np.abs(evaluate(kept, times, precision=np.float32) - expected).max() <= tolerance


@pytest.mark.parametrize("take", [format_samples.asymmetric(), format_samples.sample()], ids=["asymmetric", "sample"])
def test_an_animation_has_the_curves_of_the_take(script: Any, tmp_path: Path, take: Take) -> None:
    path = script.import_animation(written(take, tmp_path), SKELETON)
    assert path == "/Game/MicroExpression/talk"
    assert_same_animation(take, asset(path))
    assert [path] == fake_unreal.SAVED
    assert asset(path).get_skeleton() is asset(SKELETON)


def curves_of(rows: list[tuple[float, float, float, float]], interp: InterpMode, tangent: TangentMode) -> RichCurve:
    clock = np.cumsum([row[0] for row in rows])
    return RichCurve(
        "drawn",
        tuple(RichKey(float(t), v, interp, tangent, a, b) for t, (_, v, a, b) in zip(clock, rows, strict=True)),
    )


SLOPE = st.floats(-20, 20).filter(lambda slope: slope == 0 or abs(slope) > 1e-3)
ROWS = st.lists(st.tuples(st.floats(0.002, 0.4), st.floats(0, 1), SLOPE, SLOPE), min_size=1, max_size=6)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ROWS, st.sampled_from(InterpMode), st.sampled_from(TangentMode))
def test_any_curve_keeps_its_shape(
    script: Any, tmp_path: Path, rows: list[Any], interp: InterpMode, tangent: TangentMode
) -> None:
    take = format_samples.bare_take(curves_of(rows, interp, tangent), rate=Fraction(25))
    script.import_animation(written(take, tmp_path), SKELETON, name="drawn", replace=True)
    # Digits beyond the ninth are cut, and a key's float time moves steep curves by up to 20/s times 1e-7 s.
    assert_same_animation(take, asset("/Game/MicroExpression/drawn"), 3e-6)


def test_automatic_tangents_that_nobody_computed_are_computed(script: Any, tmp_path: Path) -> None:
    auto = (InterpMode.RCIM_Cubic, TangentMode.RCTM_Auto)
    curve = RichCurve("bare", tuple(RichKey(t, v, *auto) for t, v in ((0.0, 0.0), (0.25, 0.1), (0.5, 0.5), (1.0, 0.0))))
    take = format_samples.bare_take(curve)
    path = script.import_animation(written(take, tmp_path), SKELETON)
    assert_same_animation(take, asset(path))
    assert any(key["LeaveTangent"] for key in asset(path)._curves["bare"])


def test_key_times_beyond_the_take_lie_within_the_animation(script: Any, tmp_path: Path) -> None:
    late = format_samples.bare_take(RichCurve("late", (RichKey(0.0, 0.0), RichKey(1.031, 1.0))), rate=Fraction(24))
    path = script.import_animation(written(late, tmp_path), SKELETON)
    assert asset(path)._frames == 25


@pytest.mark.parametrize("take", [format_samples.asymmetric(), format_samples.sample()], ids=["asymmetric", "sample"])
def test_a_curve_table_is_what_convert_writes(script: Any, tmp_path: Path, take: Take) -> None:
    path = script.import_curve_table(written(take, tmp_path))
    write_curvetable(take, tmp_path / "talk.curvetable.csv")
    assert asset(path)._text == (tmp_path / "talk.curvetable.csv").read_text(encoding="utf-8")
    assert asset(path)._interp == "RCIM_LINEAR"
    assert [path] == fake_unreal.SAVED
    again = script.import_curve_table(tmp_path / "talk.curvetable.csv", "/Game/Other/")
    assert again == "/Game/Other/talk"
    assert asset(again)._text == asset(path)._text


def test_a_script_and_a_package_sample_alike(script: Any) -> None:
    """Odd names, keys at one time and before 0, steps."""
    keys = (RichKey(-0.3, 0.5), RichKey(0.25, 1.0, InterpMode.RCIM_Constant), RichKey(0.25, 0.25), RichKey(0.5, 0.0))
    take = format_samples.bare_take(RichCurve('a, "b"', keys), RichCurve("flat", keys[:1]), RichCurve("none yet", ()))
    module = sys.modules["microexpr_take"]
    ours = {curve.name: tuple(map(module_key(module), curve.keys)) for curve in take.curves}
    text = module.curve_table_text(module.Take("x", (30000, 1001), take.duration_s, dict(sorted(ours.items()))))
    read = {curve.name: curve for curve in curvetable_from_rows(list(csv.reader(text.splitlines())), "text")}
    for curve in take.curves:
        times = np.array([key.time for key in read[curve.name].keys], dtype=np.float32)
        expected = evaluate(curve, times.astype(np.float64)).astype(np.float32)
        assert (np.array([key.value for key in read[curve.name].keys], dtype=np.float32) == expected).all()


def module_key(module: ModuleType) -> Any:
    return lambda k: module.Key(
        k.time, k.value, k.interp_mode.name, k.tangent_mode.name, k.arrive_tangent, k.leave_tangent
    )


# --- nothing is overwritten ------------------------------------------------------------------------------------------


def test_an_existing_asset_stays_unless_replace_says_so(script: Any, tmp_path: Path) -> None:
    first, second = format_samples.asymmetric(), format_samples.sample()
    path = script.import_animation(written(first, tmp_path), SKELETON)
    with pytest.raises(script.TakeImportError, match=r"exists already.*--replace"):
        script.import_animation(written(second, tmp_path), SKELETON)
    assert_same_animation(first, asset(path))
    before = asset(path)
    script.import_animation(written(second, tmp_path), SKELETON, replace=True)
    assert asset(path) is before
    assert before._transacted, "undo must bring the old curves back"
    assert_same_animation(second, before)
    with pytest.raises(script.TakeImportError, match="is no CurveTable"):
        script.import_curve_table(written(second, tmp_path), replace=True)
    table = script.import_curve_table(written(second, tmp_path), name="table")
    with pytest.raises(script.TakeImportError, match="exists already"):
        script.import_curve_table(written(first, tmp_path), name="table")
    script.import_curve_table(written(first, tmp_path), name="table", replace=True)
    assert "browInnerUp" in asset(table)._text


def test_a_sequence_that_is_not_ours_is_never_replaced(script: Any, tmp_path: Path) -> None:
    file = written(format_samples.asymmetric(), tmp_path)
    sequence = asset(script.import_animation(file, SKELETON))
    sequence._bone_tracks = 3
    with pytest.raises(script.TakeImportError, match="animates bones"):
        script.import_animation(file, SKELETON, replace=True)
    sequence._bone_tracks = 0
    fake_unreal.ASSETS["/Game/Other_Skeleton"] = fake_unreal.Skeleton()
    with pytest.raises(script.TakeImportError, match="another skeleton"):
        script.import_animation(file, "/Game/Other_Skeleton", replace=True)


# --- refusals --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ("no_text", "does not read keys as text"),
        ("no_tangents", "loses tangents"),
        ("no_create", "could not make"),
        ("refuse", "refused the curve jawLeft; nothing was kept"),
        ("cancel", "cancelled; nothing was kept"),
    ],
)
def test_a_failed_import_leaves_nothing_behind(script: Any, tmp_path: Path, fault: str, message: str) -> None:
    fake_unreal.FAULTS[fault] = {"refuse": "jawLeft", "cancel": 2}.get(fault, True)
    with pytest.raises(script.TakeImportError, match=message):
        script.import_animation(written(format_samples.asymmetric(), tmp_path), SKELETON)
    assert list(fake_unreal.ASSETS) == [SKELETON]
    assert fake_unreal.SAVED == []


def test_what_cannot_be_saved_or_made_is_said(script: Any, tmp_path: Path) -> None:
    file = written(format_samples.asymmetric(), tmp_path)
    fake_unreal.FAULTS["no_save"] = True
    with pytest.raises(script.TakeImportError, match="could not be saved; check the file out"):
        script.import_animation(file, SKELETON)
    fake_unreal.FAULTS["no_import"] = True
    with pytest.raises(script.TakeImportError, match="made no curve table"):
        script.import_curve_table(file, name="table")


def document() -> dict[str, Any]:
    key = {"interp_mode": "RCIM_Cubic", "tangent_mode": "RCTM_Auto", "arrive_tangent": 0.0, "leave_tangent": 0.0}
    keys = [{"time": time, "value": value, **key} for time, value in ((0.0, 0.0), (0.5, 0.25), (1.0, 0.0))]
    curves = [{"name": name, "keys": keys} for name in ("jawOpen", "jawLeft")]
    return {"format": "microexpr.take/1", "frame_rate": [25, 1], "duration_s": 1.0, "curves": curves}


def broken(place: tuple[Any, ...], value: Any) -> str:
    result: Any = document()
    target = result
    for step in place[:-1]:
        target = target[step]
    target[place[-1]] = value
    return json.dumps(result)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "is not JSON"),
        ("[1]", "format None"),
        (broken(("format",), "microexpr.take/2"), "update the older one"),
        (broken(("frame_rate",), [0, 1]), "not positive"),
        (broken(("duration_s",), None), "damaged"),
        (broken(("curves",), []), "holds no curve"),
        (broken(("curves", 0, "keys", 1, "time"), 2.0), "jawOpen: its keys are not in time order"),
        (broken(("curves", 0, "keys", 1, "value"), float("nan")), "damaged"),
        (broken(("curves", 0, "keys", 1, "interp_mode"), "RCIM_Bouncy"), "unknown mode"),
        (broken(("curves", 0, "keys", 1, "leave_tangent"), 1e300), "does not fit into a float"),
        (broken(("curves", 0, "keys", 0, "time"), -0.5), "before 0 s"),
        (broken(("curves", 0, "keys", 0, "time"), 0.49995), "two keys at 0.5 s"),
        (broken(("curves", 0, "name"), "JAWLEFT"), "'JAWLEFT' and 'jawLeft' are one name"),
        (broken(("curves", 0, "name"), " "), "cannot be a curve's name"),
        (broken(("curves", 0, "name"), "None"), "cannot be a curve's name"),
        (broken(("curves", 0, "name"), "jaw\nOpen"), "cannot be a curve's name"),
        (broken(("curves", 0, "name"), "j" * 1024), "cannot be a curve's name"),
    ],
)
def test_a_take_that_cannot_be_imported_is_refused_in_one_sentence(
    script: Any, tmp_path: Path, text: str, message: str
) -> None:
    file = tmp_path / "talk.take.json"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(script.TakeImportError, match=message) as caught:
        script.import_animation(file, SKELETON)
    assert "\n" not in str(caught.value)
    assert str(caught.value).endswith(".")
    assert list(fake_unreal.ASSETS) == [SKELETON]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is no curve table"),
        ("---,0,1\n", "holds no curve"),
        ("---,0,0\na,1,2\n", "must rise"),
        ("---,0,x\na,1,2\n", "'x' is no number"),
        ("---,0,1\na,1\n", "has 1 values for 2 times"),
        ("---,0,1\na,1,nan\n", "'nan' is no number"),
        ("---,0,1\na,1,2\nA,1,2\n", "one name"),
        ("---,Time,Disp\na_k00001,0,1\n", "'Time' is no number"),
    ],
)
def test_a_csv_that_is_no_curve_table_is_refused(script: Any, tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "talk.curvetable.csv"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(script.TakeImportError, match=message):
        script.import_curve_table(file)
    assert list(fake_unreal.ASSETS) == [SKELETON]


def test_wrong_places_are_refused(script: Any, tmp_path: Path) -> None:
    file = written(format_samples.asymmetric(), tmp_path)
    for folder in ("Game/X", "/", "", "/Game//X", "/Game/a b"):
        with pytest.raises(script.TakeImportError, match="no content folder"):
            script.import_animation(file, SKELETON, folder)
    for skeleton in ("/Game/Nothing", "/Game/MicroExpression/talk"):
        script.import_curve_table(file, replace=True)
        with pytest.raises(script.TakeImportError, match="is not a Skeleton"):
            script.import_animation(file, skeleton)
    with pytest.raises(script.TakeImportError, match="does not exist"):
        script.import_animation(tmp_path / "gone.take.json", SKELETON)
    binary = tmp_path / "talk.take.json"
    binary.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(script.TakeImportError, match="is no text"):
        script.import_animation(binary, SKELETON)
    assert script.import_animation(written(format_samples.asymmetric(), tmp_path, "a b.c.take.json"), SKELETON) == (
        "/Game/MicroExpression/a_b_c"
    )


# --- command line ----------------------------------------------------------------------------------------------------


def test_the_command_line_goes_on_after_a_failure(script: Any, tmp_path: Path) -> None:
    good, table = written(format_samples.asymmetric(), tmp_path), tmp_path / "t.curvetable.csv"
    write_curvetable(format_samples.asymmetric(), table)
    arguments = [str(tmp_path / "gone.take.json"), str(good), str(table), "--skeleton", SKELETON, "--folder", "/Game/A"]
    assert script.main(arguments) == 1
    assert [line.split()[0] for line in fake_unreal.LOG] == ["error", "log", "log"]
    assert sorted(fake_unreal.SAVED) == ["/Game/A/t", "/Game/A/talk"]
    assert script.main([*arguments[1:], "--replace"]) == 0
    assert isinstance(asset("/Game/A/talk"), fake_unreal.AnimSequence)
    assert isinstance(asset("/Game/A/t"), fake_unreal.CurveTable)


# --- the guards themselves -------------------------------------------------------------------------------------------


def test_scripts_are_plain_python_39() -> None:
    """Unreal 5.3 has Python 3.9 and no package."""
    for name in OURS:
        tree = ast.parse((SCRIPTS / f"{name}.py").read_text(encoding="utf-8"), feature_version=(3, 9))
        imports = {
            module.partition(".")[0]
            for node in ast.walk(tree)
            for module in (
                [alias.name for alias in node.names]
                if isinstance(node, ast.Import)
                else [node.module or ""]
                if isinstance(node, ast.ImportFrom)
                else []
            )
        }
        assert imports <= {*sys.stdlib_module_names, "unreal", *OURS}
        assert "__future__" in imports, "annotations are 3.10's"
        newer = {"strict", "slots", "kw_only", "newline"}  # of zip, dataclass, dataclass, write_text
        calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
        words = {word.arg for call in calls if "StringIO" not in ast.unparse(call.func) for word in call.keywords}
        assert not newer & words


def test_the_fake_is_strict(script: Any) -> None:
    task = fake_unreal.AssetImportTask()
    with pytest.raises(AttributeError):
        task.file_name = "x"
    with pytest.raises(TypeError):
        task.automated = 1
    with pytest.raises(TypeError):
        fake_unreal.FrameNumber(1.5)
    with pytest.raises(TypeError):
        fake_unreal.EditorAssetSubsystem().does_asset_exist(Path("x"))
    key = fake_unreal.RichCurveKey()
    assert not key.import_text("(Time=1e-5)")
    with pytest.raises(AttributeError):
        key.arrive_tangent = 1.0
    assert replace(script.takes.Key(0, 0, "", "", 0, 0), time=1).time == 1
