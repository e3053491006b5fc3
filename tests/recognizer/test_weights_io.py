import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from curves.errors import FormatError, SetupError
from recognizer import digests
from recognizer.network import MicroExpressionNet
from recognizer.variants import VARIANTS
from recognizer.weights_io import card_path, load_network, save_weights

CONFIG = replace(VARIANTS["default"], width=2, frame_width=8, node_width=4, graph_widths=(8, 6))


@pytest.fixture
def net() -> MicroExpressionNet:
    torch.manual_seed(0)
    return MicroExpressionNet(CONFIG).eval()


def test_weights_come_back_with_config_graph_and_metadata(tmp_path: Path, net: MicroExpressionNet) -> None:
    net.graph.convolutions[0].propagation[0, 1] += 0.1  # a graph of other labels than the prior's
    digest = save_weights(net, tmp_path / "w.safetensors", {"training": {"seed": 3}})
    read, metadata, found = load_network(tmp_path / "w.safetensors")
    assert found == digest == json.loads(card_path(tmp_path / "w.safetensors").read_text())["sha256"]
    assert read.config == CONFIG
    assert metadata["training"] == {"seed": 3}
    assert metadata["aus"] == list(CONFIG.aus)
    x = torch.randn(2, 6, 16, 56, 56)
    with torch.no_grad():
        assert all(torch.equal(a, b) for a, b in zip(net(x), read(x), strict=True))


def test_half_precision_is_half_as_large_and_nearly_the_same(tmp_path: Path, net: MicroExpressionNet) -> None:
    full, half = tmp_path / "full.safetensors", tmp_path / "half.safetensors"
    save_weights(net, full, {})
    save_weights(net, half, {}, half=True)
    assert half.stat().st_size < 0.65 * full.stat().st_size
    x = torch.randn(2, 6, 16, 56, 56)
    with torch.no_grad():
        pairs = zip(net(x), load_network(half)[0](x), strict=True)
        assert all(torch.allclose(a, b, atol=0.02) for a, b in pairs)


def test_another_digest_than_the_cards_is_refused(tmp_path: Path, net: MicroExpressionNet) -> None:
    path = tmp_path / "w.safetensors"
    digest = save_weights(net, path, {})
    with pytest.raises(FormatError, match="not those of their model card"):
        load_network(path, expected_sha256="0" * 64)
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(bytes(data))
    with pytest.raises(FormatError, match="not those of their model card"):
        load_network(path)
    card_path(path).write_text("{}")
    with pytest.raises(FormatError, match="card"):
        load_network(path)
    card_path(path).unlink()
    assert load_network(path)[2] != digest


def test_missing_and_foreign_files_say_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="missing"):
        load_network(tmp_path / "none.safetensors")
    (tmp_path / "text.safetensors").write_text("no weights")
    with pytest.raises(FormatError, match="no usable weights"):
        load_network(tmp_path / "text.safetensors")


def test_shipped_weights_are_never_used_unchecked(
    tmp_path: Path, net: MicroExpressionNet, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "default.safetensors"
    digest = save_weights(net, path, {})
    monkeypatch.setattr(digests, "default_weights_path", lambda: path)
    assert load_network(path)[2] == digest
    card_path(path).unlink()
    (tmp_path / "x").mkdir()
    for spelled in (path, tmp_path / "x" / ".." / path.name):
        with pytest.raises(SetupError, match=r"model card .* reinstall"):
            load_network(spelled)
