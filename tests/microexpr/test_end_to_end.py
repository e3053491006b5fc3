"""The whole way with nothing faked: a drawn video, the command line, real face models and networks, files."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from curves.formats import FORMATS, read_curves, read_take
from microexpr.cli import main
from microexpr.demo_bridge import HOST
from microexpr.sample import DURATION_S, FPS, make_sample
from recognizer.network import MicroExpressionNet
from recognizer.variants import VARIANTS
from recognizer.weights_io import default_weights_path, load_network, save_weights

pytestmark = pytest.mark.slow


def code_of(*arguments: object) -> int:
    with pytest.raises(SystemExit) as stopped:
        main([str(argument) for argument in arguments])
    code = stopped.value.code
    assert isinstance(code, int)
    return code


def test_convert_with_a_network_of_ones_own(tmp_path: Path) -> None:
    """An untrained network: what it finds means nothing, but all of it must come out whole."""
    torch.manual_seed(0)
    net = MicroExpressionNet(replace(VARIANTS["default"], width=2)).eval()
    weights, video, out = tmp_path / "own.safetensors", tmp_path / "sample.mp4", tmp_path / "out"
    digest = save_weights(net, weights, {"thresholds": {"score": 0.0, "au": 0.0, "rise": 0.0}})
    make_sample(video)
    options = ("--out", out, "--rig", "arkit", "--format", ",".join(FORMATS), "--weights", weights)
    assert code_of("convert", video, *options) == 0

    files = {"sample.take.json", *(row.path(out, "sample").name for row in FORMATS.values())}
    assert {path.name for path in out.iterdir()} == files
    take = read_take(out / "sample.take.json")
    assert take.provenance["weights_sha256"] == digest
    assert take.provenance["analysed_s"] == [0.0, take.duration_s]
    assert take.duration_s == pytest.approx(DURATION_S, abs=1 / FPS)
    frames = np.arange(round(DURATION_S * FPS)) / FPS
    assert {track.au for track in take.tracks} == set(net.config.aus)
    for track in take.tracks:
        np.testing.assert_allclose(track.times_s, frames, atol=1e-3)
    assert take.curves
    assert {curve.name for curve in read_curves(out / "sample.datatable.json")} == {curve.name for curve in take.curves}
    assert code_of("convert", video, *options) == 2  # a finished take of a single video is not replaced
    assert code_of("plot", out / "sample.take.json", "-o", out / "p.png", "--video", video) == 0


def test_the_demo_finds_its_own_events_with_the_shipped_weights(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    load_network(default_weights_path())  # they are part of the package, with their card
    code = code_of("demo", "--out", tmp_path / "demo")
    said = capsys.readouterr().out
    assert code == 0, said
    assert "largest difference from the take" in said
    assert ("headless host: " in said) == HOST.is_file()
    assert read_take(tmp_path / "demo" / "sample.take.json").events
    assert (tmp_path / "demo" / "sample.png").stat().st_size > 10_000
