import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from curves.errors import InputError, NoFaceError
from curves.values import AUActivation, Emotion, EmotionEstimate, Event, Side, Take
from microexpr.batch import Job, Outcome, Work, is_single, plan
from microexpr.config import resolve_config
from microexpr.converting import check_outputs, run_jobs, writers_of
from microexpr.report import RESULT_FORMAT, written


def convert(path: Path) -> Take:
    if path.stem == "bad":
        raise NoFaceError(f"{path} shows no face.")
    estimate = EmotionEstimate(Emotion.FEAR, {e: 0.4 if e is Emotion.FEAR else 0.1 for e in Emotion})
    events = (Event(1.0, 1.1, 1.3, 0.8, estimate, (AUActivation(4, Side.LEFT, 0.125),)),)
    provenance = {"notes": ["one face."], "source": {"name": path.name}}
    return Take(Fraction(25), 2.0, events, (), (), provenance=provenance)


def run(inputs: list[Path], out: Path, **arguments: Any) -> int:
    def work(_: object) -> Work:
        return Work(convert, lambda path: {"source": {"name": path.name}}, resume=not is_single(inputs))

    return run_jobs(plan(inputs, out), work, **arguments)


def videos(folder: Path, *names: str) -> list[Path]:
    paths = [folder / name for name in names]
    for path in paths:
        path.touch()
    return paths


def test_the_summary_shows_events_files_and_notes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(videos(tmp_path, "a.mp4"), tmp_path / "out") == 0
    out, err = capsys.readouterr()
    assert err == ""
    [event] = [line for line in out.splitlines() if "AU4" in line]
    assert event.split() == ["1.000", "1.100", "1.300", "0.80", "fear", "0.40", "AU4", "left", "0.12"]
    assert str(tmp_path / "out" / "a.take.json") in out
    assert "one face." in out


def test_a_folder_of_files_is_one_line() -> None:
    out = Path("out")
    files = (out / "a.parts" / "x.json", out / "a.parts" / "y.json", out / "a.take.json")
    lines = written(Outcome(Job(Path("a.mp4"), out, "a"), "converted", 1.0, files=files))
    assert lines == [f"{out / 'a.parts'} (2 files)", str(out / "a.take.json")]


def test_a_batch_counts_and_puts_each_error_on_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    inputs = videos(tmp_path, "a.mp4", "bad.mp4", "c.mp4")
    assert run(inputs, tmp_path / "out") == 1
    out, err = capsys.readouterr()
    assert out.splitlines()[-1] == "2 converted, 0 skipped, 1 failed"
    assert err == f"error: {inputs[1]} shows no face.\n"
    assert run(inputs, tmp_path / "out") == 1
    assert capsys.readouterr().out.splitlines()[-1] == "0 converted, 2 skipped, 1 failed"


def test_json_is_one_document_that_says_everything(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    inputs = videos(tmp_path, "a.mp4", "bad.mp4")
    assert run(inputs, tmp_path / "out", as_json=True) == 1
    document = json.loads(capsys.readouterr().out)
    assert (document["format"], document["exit_code"]) == (RESULT_FORMAT, 1)
    good, bad = document["results"]
    assert good["status"] == "converted"
    assert good["take"] == good["files"][-1] == str(tmp_path / "out" / "a.take.json")
    assert good["events"][0]["aus"] == [{"au": 4, "side": "left", "intensity": 0.125}]
    assert good["notes"] == ["one face."]
    assert (bad["input"], bad["status"], bad["take"]) == (str(inputs[1]), "failed", None)
    assert "no face" in bad["error"]


def test_nothing_converted_is_2(tmp_path: Path) -> None:
    assert run(videos(tmp_path, "bad.mp4"), tmp_path / "out") == 2


def test_rig_and_formats_are_checked_before_any_video() -> None:
    with pytest.raises(InputError, match="curvetable"):
        check_outputs(resolve_config(None, {"format": "curvetabel"}))
    with pytest.raises(InputError, match="No rig"):
        check_outputs(resolve_config(None, {"rig": "arkitt"}))
    with pytest.raises(InputError):
        check_outputs(resolve_config(None, {"rig": "metahuman", "format": "livelink"}))
    check_outputs(resolve_config(None, {"rig": "arkit", "format": "livelink"}))


def test_writers_come_in_the_order_asked_for() -> None:
    config = resolve_config(None, {"format": ["openface,datatable", "audict"]})
    assert [writer.name for writer in writers_of(config)] == ["openface", "datatable", "audict"]
