"""The command line as a user meets it: ``main`` in this process, its output and its exit code."""

import csv
import io
import subprocess
import sys
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from curves.formats import FORMATS, write_take
from curves.richcurve import auto_tangents, evaluate
from curves.values import InterpMode, RichCurve, RichKey, Take, TangentMode

Run = Callable[..., tuple[int, str, str]]


def make_take() -> Take:
    """Two curves of the ARKit rig: one event of a cubic key pair, and one that rests."""
    times = (0.0, 0.4, 0.52, 0.8, 2.0)
    values = (0.0, 0.0, 0.25, 0.0, 0.0)
    keys = tuple(
        RichKey(float(np.float32(time)), value, InterpMode.RCIM_Cubic, TangentMode.RCTM_Auto)
        for time, value in zip(times, values, strict=True)
    )
    rest = tuple(RichKey(time, 0.0, InterpMode.RCIM_Cubic, TangentMode.RCTM_Auto) for time in (0.0, 2.0))
    curves = (RichCurve("jawOpen", rest), RichCurve("mouthSmileLeft", auto_tangents(keys)))
    return Take(Fraction(30), 2.0, (), (), curves)


@pytest.fixture
def take_file(tmp_path: Path) -> Path:
    write_take(make_take(), tmp_path / "talk.take.json")
    return tmp_path / "talk.take.json"


def rows(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text)))


# --- wrong use -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["convert"], "Missing argument"),
        (["convert", "a.mp4"], "--out"),
        (["convert", "", "--out", "o"], "empty"),
        (["convert", "a.mp4", "--out", "o", "--gain", "loud"], "gain"),
        (["convrt"], "convert"),
        (["convert", "--frobnicate"], "frobnicate"),
        (["curves", "sample", "none.json", "--times=0"], "none.json does not exist"),
        (["curves", "sample", "none.json"], "--times"),
        (["plot", "none.take.json", "-o", "p.png"], "none.take.json does not exist"),
    ],
)
def test_wrong_use_is_one_line_on_stderr_and_2(
    command: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], words: str
) -> None:
    monkeypatch.chdir(tmp_path)
    code, out, err = command(*arguments)
    assert (code, out) == (2, "")
    assert words in err
    assert err.startswith("error: ")
    assert err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("arguments", [[], ["curves"]])
def test_without_a_command_the_help_is_shown(command: Run, arguments: list[str]) -> None:
    code, out, err = command(*arguments)
    assert (code, out) == (2, "")
    assert "Commands:" in err


def test_version_and_lists(command: Run) -> None:
    code, out, _ = command("--version")
    assert (code, out.split()[0]) == (0, "microexpr")
    assert all(name in command("rigs")[1] for name in ("facs", "arkit", "metahuman"))
    assert all(name in command("formats")[1] for name in FORMATS)


def test_help_and_sampling_do_not_load_torch_or_matplotlib() -> None:
    """What is typed often must answer at once; a fresh interpreter shows what the imports pull in."""
    code = (
        "import sys, microexpr.cli, microexpr.sampling;"
        "print([m for m in ('torch', 'matplotlib', 'cv2', 'av', 'pandas') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=Path.cwd())  # noqa: S603
    assert done.stdout.strip() == "[]"


WATCHED = """
import sys
from microexpr.cli import main
for arguments in {asked!r}:
    try:
        main(arguments)
    except SystemExit as stopped:
        loaded = [m for m in ("torch", "torch_geometric", "scipy", "matplotlib") if m in sys.modules]
        print(">", stopped.code or 0, loaded, arguments)
"""


def test_wrong_use_is_told_before_anything_heavy_is_loaded(take_file: Path, tmp_path: Path) -> None:
    """Seconds of importing torch for a word misspelt; a fresh interpreter shows what was imported by then."""
    video, out = tmp_path / "talk.mp4", str(tmp_path)
    video.touch()
    (tmp_path / "empty").mkdir()
    use = [["--version"], ["--help"], ["convert", "--help"], ["curves", "sample", str(take_file), "--times=0"]]
    misuse = [
        ["convert", "none.mp4", "--out", out],
        ["convert", "none.mp4", "none2.mp4", "--out", out],
        ["convert", str(tmp_path / "empty"), "--out", out],
        ["convert", str(video), "--out", out],  # whose take exists
        ["convert", str(video), "--out", str(video)],
        ["convert", str(video), "--out", str(video / "below")],
        *(
            ["convert", str(video), "--out", str(tmp_path / "new"), *wrong]
            for wrong in (["--rig", "x"], ["--format", "x"], ["--gain", "1e9"], ["--weights", "x"], ["--config", "x"])
        ),
        ["plot", "none.take.json", "-o", "p.png"],
        ["plot", str(take_file), "-o", "p.png", "--video", "none.mp4"],
        ["train", "none.toml", "--clips", "c", "--out", out],
    ]
    code = WATCHED.format(asked=use + misuse)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=Path.cwd())  # noqa: S603
    reports = [line for line in done.stdout.splitlines() if line.startswith(">")]
    expected = [(0, arguments) for arguments in use] + [(2, arguments) for arguments in misuse]
    assert reports == [f"> {code} [] {arguments}" for code, arguments in expected], done.stderr


# --- curves sample ---------------------------------------------------------------------------------------------------


def test_a_column_a_curve_with_the_engines_values(command: Run, take_file: Path) -> None:
    code, out, _ = command("curves", "sample", take_file, "--times=-0.1,0,0.45,0.52,3")
    assert code == 0
    table = rows(out)
    assert table[0] == ["time", "jawOpen", "mouthSmileLeft"]
    assert [row[0] for row in table[1:]] == ["-0.1", "0.0", "0.45", "0.52", "3.0"]
    expected = evaluate(make_take().curves[1], [-0.1, 0, 0.45, 0.52, 3])
    assert [float(row[2]) for row in table[1:]] == expected.tolist()  # repr digits: the very same numbers
    assert expected.max() > 0.1


def test_float32_rounds_as_the_engine_does(command: Run, take_file: Path) -> None:
    _, out, _ = command("curves", "sample", take_file, "--times=0.45", "--float32")
    value = np.float32(rows(out)[1][2])
    assert value == evaluate(make_take().curves[1], [0.45], precision=np.float32)[0]
    assert float(value) != evaluate(make_take().curves[1], [0.45])[0]


def test_a_range_at_a_rate(command: Run, take_file: Path) -> None:
    _, out, _ = command("curves", "sample", take_file, "--fps", "10", "--start", "0.4", "--end", "0.7")
    assert [float(row[0]) for row in rows(out)[1:]] == pytest.approx([0.4, 0.5, 0.6, 0.7])
    _, out, _ = command("curves", "sample", take_file, "--fps", "1")
    assert [row[0] for row in rows(out)[1:]] == ["0.0", "1.0", "2.0"]


def test_a_file_that_cannot_be_written_is_one_line(command: Run, take_file: Path, tmp_path: Path) -> None:
    for arguments in (["curves", "sample", take_file, "--times=0"], ["plot", take_file]):
        code, out, err = command(*arguments, "-o", take_file / "below.png")
        assert (code, out) == (2, "")
        assert err.startswith(f"error: {take_file / 'below.png'} cannot be written (")
        assert err.count("\n") == 1
    assert list(tmp_path.iterdir()) == [take_file]


def test_output_to_a_file_is_the_same_text(command: Run, take_file: Path, tmp_path: Path) -> None:
    _, printed, _ = command("curves", "sample", take_file, "--times=0.5")
    code, out, _ = command("curves", "sample", take_file, "--times=0.5", "-o", tmp_path / "s.csv")
    assert (code, out) == (0, "")
    assert (tmp_path / "s.csv").read_bytes().decode() == printed


@pytest.mark.parametrize(
    ("name", "error"), [("curvetable", 5e-2), ("datatable", 1e-6), ("audict", 1e-6), ("curvefloat", 1e-6)]
)
def test_every_curve_file_samples_like_the_take(command: Run, tmp_path: Path, name: str, error: float) -> None:
    """A bake at 60 fps may cut a corner; all others hold the same keys."""
    take = make_take()
    FORMATS[name].write(take, tmp_path, "talk")
    times = "--times=" + ",".join(str(time) for time in np.linspace(-0.1, 2.1, 45))
    code, out, err = command("curves", "sample", FORMATS[name].path(tmp_path, "talk"), times)
    assert code == 0, err
    table = rows(out)
    expected = evaluate(take.curves[1], np.linspace(-0.1, 2.1, 45))
    sampled = [float(row[table[0].index("mouthSmileLeft")]) for row in table[1:]]
    assert np.abs(np.array(sampled) - expected).max() < error
    assert max(sampled) > 0.2


def test_one_curve_is_called_value(command: Run, tmp_path: Path) -> None:
    FORMATS["curvefloat"].write(make_take(), tmp_path, "talk")
    file = next(FORMATS["curvefloat"].path(tmp_path, "talk").glob("*mouthSmileLeft*"))
    assert rows(command("curves", "sample", file, "--times=0.5")[1])[0] == ["time", "value"]


@pytest.mark.parametrize(
    "arguments",
    [["--times=0,x"], ["--times=nan"], ["--times=0", "--fps=3"], ["--fps=0"], ["--fps=5", "--start=2", "--end=1"]],
)
def test_bad_times_are_wrong_use(command: Run, take_file: Path, arguments: list[Any]) -> None:
    code, out, err = command("curves", "sample", take_file, *arguments)
    assert (code, out) == (2, "")
    assert err.count("\n") == 1


# --- plot ------------------------------------------------------------------------------------------------------------


def test_plot_writes_the_picture_and_says_what_is_left_out(command: Run, take_file: Path, tmp_path: Path) -> None:
    code, out, err = command("plot", take_file, "-o", tmp_path / "p.png")
    assert (code, err) == (0, "")
    assert "face strip is left out" in out
    assert (tmp_path / "p.png").stat().st_size > 1000
