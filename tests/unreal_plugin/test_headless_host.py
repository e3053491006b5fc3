"""The Unreal modules end to end, without an engine: what Python pushes is what every imported asset evaluates to.

The headless host runs the modules' own Receiver, Convert and Assets over a stand-in of the engine that is written from
public facts. Nothing here was run in an editor.
"""

import csv
import os
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from bridge_samples import served
from format_samples import asymmetric, bare_take, bump

from curves.build import KeySettings, build_curves
from curves.formats import read_take
from curves.keys import KeyMode
from curves.richcurve import auto_tangents, evaluate
from curves.rigs import load_rig
from curves.values import AUTrack, InterpMode, RichCurve, RichKey, Side, Take, TangentMode
from microexpr.cli import main
from microexpr.sample import make_sample

TESTS = Path(__file__).parents[2] / "UnrealPlugin" / "MicroExpression" / "Tests"
#: Where CMake built it: the preset `dev`, unless MICROEXPR_MODULES_BUILD names another build folder.
BUILD = Path(os.environ.get("MICROEXPR_MODULES_BUILD", TESTS / "build" / "dev"))
HOST = BUILD / ("microexpr_host.exe" if sys.platform == "win32" else "microexpr_host")
TARGETS = ("curvetable", "curvefloat", "animsequence", "datatable")
FPS = 60

#: Where make has just built it (MICROEXPR_CPP=built), a test that does not find it fails.
needs_host = pytest.mark.skipif(
    not HOST.is_file() and os.environ.get("MICROEXPR_CPP") != "built",
    reason="the headless host is not built: run `make plugin` (it says what it needs)",
)
pytestmark = needs_host


def host(address: str, out: Path, *options: object) -> subprocess.CompletedProcess[str]:
    command = [HOST, "--server", address, "--out", out, *options]
    return subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=120, check=False)  # noqa: S603


def samples_of(path: Path) -> tuple[list[str], np.ndarray, np.ndarray]:
    """Controls (n,), times (m,) and values (m, n), float32."""
    with path.open(encoding="utf-8", newline="") as file:
        header, *rows = list(csv.reader(file))
    table = np.array([[float(cell) for cell in row] for row in rows])
    assert header[0] == "time"
    return header[1:], table[:, 0].astype(np.float32), table[:, 1:].astype(np.float32)


def assert_imported(take: Take, take_id: str, out: Path) -> float:
    """Compares each target's samples with Python's evaluation. Returns the largest difference."""
    expected_times = np.arange(int(np.floor(take.duration_s * FPS)) + 1) / FPS
    worst, curves = 0.0, {curve.name: curve for curve in take.curves}  # a take travels in the order of the names
    for target in TARGETS:
        controls, times, values = samples_of(out / f"{take_id}.{target}.csv")
        assert sorted(controls) == sorted(curves)
        np.testing.assert_array_equal(times, expected_times.astype(np.float32))
        expected = np.stack([evaluate(curves[name], times, precision=np.float32) for name in controls], axis=1)
        worst = max(worst, float(np.abs(values.astype(np.float64) - expected).max()))
    assert worst <= 1e-6
    return worst


def moving_take(mode: KeyMode, rig: str, duration_s: float = 6.0) -> Take:
    """Micro-expressions of several AUs, made into curves by curves/ alone; a different shape on every control."""
    rate = asymmetric().frame_rate
    times = np.arange(round(duration_s * float(rate))) / float(rate)
    tracks = []
    for index, au in enumerate((1, 4, 6, 12, 14, 25)):
        onset, length, peak = 0.4 + 0.7 * index, 0.2 + 0.05 * index, 0.05 + 0.04 * index
        shape = peak * np.sin(np.pi * np.clip((times - onset) / length, 0, 1)) ** 2
        side = (Side.BOTH, Side.LEFT, Side.RIGHT)[index % 3] if au != 25 else Side.BOTH
        tracks.append(AUTrack(au, side, times, shape))
    curves = build_curves(tracks, load_rig(rig), settings=KeySettings(mode), duration_s=duration_s)
    return Take(rate, duration_s, asymmetric().events, tuple(tracks), curves)


def key_modes(curves: Iterable[RichCurve]) -> set[TangentMode]:
    return {key.tangent_mode for curve in curves for key in curve.keys}


@pytest.mark.parametrize("rig", ["metahuman", "arkit"])
@pytest.mark.parametrize("mode", ["auto", "exact"])
def test_a_pushed_take_evaluates_the_same_in_every_asset(tmp_path: Path, mode: Any, rig: str) -> None:
    take = moving_take(mode, rig)
    assert len(take.curves) >= 5
    assert (TangentMode.RCTM_Auto in key_modes(take.curves)) == (mode == "auto")
    with served(tmp_path / "data") as (server, client):
        client.push(take, "moving")
        done = host(server.address, tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"moving: {len(take.curves)} curves, 1 events -> /Game/MicroExpression/moving")
    assert_imported(take, "moving", tmp_path)
    assert np.abs(samples_of(tmp_path / "moving.animsequence.csv")[2]).max() > 0.04


def uneven() -> Take:
    """What curves/ does not make by itself: sides that differ, every mode of a key, equal times, one key, no key."""
    modes = [
        (InterpMode.RCIM_Cubic, TangentMode.RCTM_Break, 1.5, -0.25),
        (InterpMode.RCIM_Linear, TangentMode.RCTM_Auto, 0.0, 0.0),
        (InterpMode.RCIM_Constant, TangentMode.RCTM_Auto, 0.0, 0.0),
        (InterpMode.RCIM_Cubic, TangentMode.RCTM_Auto, 0.0, 0.0),
        (InterpMode.RCIM_None, TangentMode.RCTM_None, 0.5, 0.75),
        (InterpMode.RCIM_Cubic, TangentMode.RCTM_User, 0.125, 0.125),
    ]
    mixed = tuple(
        RichKey(0.25 * i, 0.1 * (i % 3), interp, tangent, arrive, leave)
        for i, (interp, tangent, arrive, leave) in enumerate(modes)
    )
    step = tuple(RichKey(t, v, InterpMode.RCIM_Cubic, TangentMode.RCTM_User) for t, v in ((0.2, 0), (0.5, 0), (0.5, 1)))
    base = asymmetric()
    return Take(
        base.frame_rate, 1.0, (), (),
        (
            RichCurve("CTRL_expressions_mixed", auto_tangents(mixed)),
            bump("jawOpen", 0.25),
            bump("browÉ", 0.5, TangentMode.RCTM_User),
            RichCurve("one", (RichKey(0.5, 0.75),)),
            RichCurve("still", ()),
            RichCurve("step", step),
        ),
    )  # fmt: skip


def test_every_kind_of_key_survives(tmp_path: Path) -> None:
    with served(tmp_path / "data") as (server, client):
        client.push(uneven(), "un.even-1")
        done = host(server.address, tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert "-> /Game/MicroExpression/un_even_1 " in done.stdout
    assert_imported(uneven(), "un.even-1", tmp_path)


def test_a_control_that_unreal_cannot_name_is_refused(tmp_path: Path) -> None:
    with served(tmp_path / "data") as (server, client):
        client.push(bare_take(bump("none", 0.5)), "unnamed")  # the engine's word for no name
        done = host(server.address, tmp_path)
    assert done.returncode == 1 and 'A control named "none" cannot be imported' in done.stderr


def test_takes_pushed_while_no_editor_runs_arrive_when_one_starts(tmp_path: Path) -> None:
    takes = {"first": asymmetric(), "second": moving_take("exact", "facs"), "third": uneven()}
    with served(tmp_path / "data") as (_, client):
        for take_id, take in takes.items():
            client.push(take, take_id)
        client.delete("third")
    with served(tmp_path / "data") as (server, _):  # another process's server over the same store
        done = host(server.address, tmp_path, "--takes", 2)
    assert (done.returncode, done.stderr) == (0, "")
    assert [line.partition(":")[0] for line in done.stdout.splitlines()] == ["first", "second"]
    for take_id in ("first", "second"):
        assert_imported(takes[take_id], take_id, tmp_path)
    assert not list(tmp_path.glob("third.*"))


def test_a_take_pushed_anew_replaces_what_was_imported(tmp_path: Path) -> None:
    with served(tmp_path / "data") as (server, client):
        client.push(moving_take("auto", "metahuman"), "again")
        waiting = subprocess.Popen(  # noqa: S603
            [str(HOST), "--server", server.address, "--out", str(tmp_path), "--takes", "2"],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert waiting.stdout is not None and waiting.stdout.readline().startswith("again:")
        client.push(asymmetric(), "again", replace=True)
        rest, _ = waiting.communicate(timeout=60)
    assert (waiting.returncode, rest.partition(" curves")[0]) == (0, f"again: {len(asymmetric().curves)}")
    assert_imported(asymmetric(), "again", tmp_path)


def test_the_host_says_what_went_wrong(tmp_path: Path) -> None:
    with served(tmp_path / "data", token="secret") as (server, _):  # noqa: S106
        done = host(server.address, tmp_path, "--token", "wrong", "--timeout", 20)
        assert done.returncode == 1 and "token" in done.stderr and done.stderr.count("\n") == 1, done.stderr
        with_token = host(server.address, tmp_path, "--token", "secret", "--timeout", 0.5)
        assert with_token.returncode == 1 and "Only 0 of 1 takes" in with_token.stderr, with_token.stderr
    done = host("127.0.0.1:1", tmp_path, "--timeout", 0.5)
    assert done.returncode == 1 and "127.0.0.1:1" in done.stderr
    for wrong in (["--takes", "0"], ["--fps", "x"], ["--surprise", "1"], ["--fps"]):
        done = host("127.0.0.1:1", tmp_path, *wrong)
        assert done.returncode == 2 and done.stderr.startswith("usage:")


def test_a_take_of_no_end_is_refused_at_once(tmp_path: Path) -> None:
    """A wrong video header may say years: neither the frames nor the samples are stepped through."""
    take = replace(bare_take(bump("jawOpen", 0.25)), duration_s=1e9)
    with served(tmp_path / "data") as (server, client):
        client.push(take, "endless")
        done = host(server.address, tmp_path, "--timeout", 20)
    assert done.returncode == 1 and "endless is longer than an animation" in done.stderr, done.stderr
    assert not list(tmp_path.glob("*.csv"))


def test_samples_are_bounded_and_in_time(tmp_path: Path) -> None:
    take = replace(bare_take(bump("jawOpen", 0.25)), duration_s=101.0)
    with served(tmp_path / "data") as (server, client):
        client.push(take, "fine")
        many = host(server.address, tmp_path, "--fps", 100_000)
        late = host(server.address, tmp_path, "--fps", 90_000, "--timeout", 2)
    assert many.returncode == 1 and "choose a smaller --fps" in many.stderr, many.stderr
    assert late.returncode == 1 and "was not written in time" in late.stderr, late.stderr


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with served(tmp_path / "data") as (server, client):
        client.push(asymmetric(), "lost")
        done = host(server.address, tmp_path / "nowhere")
    assert done.returncode == 1 and "nowhere" in done.stderr


@pytest.mark.slow
def test_the_demo_sample_converted_and_pushed(tmp_path: Path) -> None:
    """The whole product: a video, the shipped weights, the command, the bridge, the import; then with exact keys."""
    make_sample(tmp_path / "demo.mp4")
    with served(tmp_path / "data") as (server, client):
        words = ["convert", tmp_path / "demo.mp4", "--out", tmp_path, "--keys", "auto", "--rig", "metahuman"]
        with pytest.raises(SystemExit) as stopped:
            main([str(word) for word in (*words, "--push", "--to", server.address)])
        assert stopped.value.code == 0
        exact = client.remap("demo", "metahuman", keys="exact")
        client.push(exact, "exact")
        done = host(server.address, tmp_path, "--takes", 2)
    assert (done.returncode, done.stderr) == (0, "")
    take = read_take(tmp_path / "demo.take.json")
    assert take.curves and take.events and exact.curves
    assert key_modes(exact.curves) <= {TangentMode.RCTM_User, TangentMode.RCTM_Break}
    assert_imported(take, "demo", tmp_path)
    assert_imported(exact, "exact", tmp_path)
