"""The networks of the neural systems: shapes, gradients, priors, weights to start from."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from curves.errors import InputError
from recognizer.face.align import canonical_face
from recognizer.face.prior import keypoint_maps, prior_map
from recognizer.network import MicroExpressionNet
from recognizer.resnet3d import Kind, ResNet3D18
from recognizer.systems import FitSettings
from recognizer.systems.fitting import Build, NetworkSystem
from recognizer.systems.initial import read_start, start_backbone
from recognizer.systems.inputs import crop_volumes, motion_volumes, onset_apex_images
from recognizer.systems.objective import RecognitionOutput
from recognizer.systems.priors import PriorChannel
from recognizer.systems.registry import SYSTEMS
from recognizer.systems.shallow import OffApexNet, StstNet
from recognizer.systems.spatiotemporal import VolumeConfig, VolumeNet, build_volume_net
from recognizer.variants import VARIANTS
from recognizer.weights_io import save_weights

NEURAL = {name: row for name, row in SYSTEMS.items() if isinstance(row, NetworkSystem)}
LABELS = np.random.default_rng(0).random((40, 4)) < 0.4


def build(system: str = "some", *, said: list[str] | None = None, **settings: object) -> Build:
    progress = said.append if said is not None else lambda _: None
    return Build(system, 5, 4, LABELS, FitSettings(**{"width": 2, **settings}), progress)  # type: ignore[arg-type]


def made(row: NetworkSystem) -> nn.Module:
    torch.manual_seed(0)
    return row.build(build(row.name))


def inputs(row: NetworkSystem, batch: int = 2) -> list[torch.Tensor]:
    if row.prepare is motion_volumes:
        return [torch.randn(batch, 3, 16, 56, 56)]
    if row.prepare is crop_volumes:
        return [torch.randn(batch, 1, 16, 112, 112)]
    if row.prepare is onset_apex_images:
        return [torch.randn(batch, 3, 28, 28)]
    return [torch.randn(batch, 1, 112, 112), torch.randn(batch, 2, 112, 112)]


@pytest.mark.parametrize("name", NEURAL)
def test_every_parameter_learns_and_shapes_follow_the_task(name: str) -> None:
    row = NEURAL[name]
    net = made(row).train()
    output: RecognitionOutput = net(*inputs(row))
    assert output.emotion_logits.shape == (2, 5)
    assert (output.au_logits is not None) == row.names_aus
    parts = [part for part in output if part is not None]
    assert all(part.shape == (2, 4) for part in [output.au_logits] if part is not None)
    sum((part * torch.randn_like(part)).sum() for part in parts).backward()  # type: ignore[union-attr]
    silent = [n for n, p in net.named_parameters() if p.requires_grad and (p.grad is None or not p.grad.any())]
    assert not silent
    assert all(torch.isfinite(p.grad).all() for p in net.parameters() if p.grad is not None)


@pytest.mark.parametrize(
    ("kind", "maps"),
    [
        ("r3d", [(2, 16, 28, 28), (2, 16, 28, 28), (4, 8, 14, 14), (8, 4, 7, 7), (16, 2, 4, 4)]),
        ("mc3", [(2, 16, 28, 28), (2, 16, 28, 28), (4, 16, 14, 14), (8, 16, 7, 7), (16, 16, 4, 4)]),
        ("r2plus1d", [(2, 16, 28, 28), (2, 16, 28, 28), (4, 8, 14, 14), (8, 4, 7, 7), (16, 2, 4, 4)]),
    ],
)
def test_backbones_have_the_shapes_of_their_papers(kind: Kind, maps: list[tuple[int, ...]]) -> None:
    backbone = ResNet3D18(3, 2, kind).eval()
    x = backbone.stem(torch.zeros(1, 3, 16, 56, 56))
    found = [tuple(x.shape[1:])]
    for block in backbone.blocks:
        x = block(x)
        found.append(tuple(x.shape[1:]))
    assert found == maps


def test_mixed_convolutions_see_single_frames_after_block_1_and_factorised_ones_split_space_from_time() -> None:
    mc3, split = ResNet3D18(3, 4, "mc3"), ResNet3D18(3, 4, "r2plus1d")
    kernels = {name: tuple(m.kernel_size) for name, m in mc3.named_modules() if isinstance(m, nn.Conv3d)}
    assert {k for name, k in kernels.items() if name.startswith("blocks.0")} == {(3, 3, 3)}
    assert {k for name, k in kernels.items() if name[:8] in ("blocks.1", "blocks.2", "blocks.3")} == {
        (1, 3, 3),
        (1, 1, 1),
    }
    both = [m.kernel_size for m in split.modules() if isinstance(m, nn.Conv3d)]
    assert all(kernel[0] == 1 or kernel[1:] == (1, 1) for kernel in both)
    # M of Tran et al. is chosen so that the parameters stay as many as those of the 3D convolutions
    count = {kind: sum(p.numel() for p in ResNet3D18(3, 16, kind).parameters()) for kind in ("r3d", "r2plus1d")}
    assert count["r2plus1d"] == pytest.approx(count["r3d"], rel=0.02)


def test_prior_maps_are_those_of_the_equal_weighted_prior() -> None:
    face = canonical_face()
    assert np.allclose(keypoint_maps(face).mean(axis=0), prior_map(face), atol=1e-7)
    assert keypoint_maps(face).shape == (18, 56, 56)


def test_adaptive_weights_sum_to_one_start_equal_and_learn() -> None:
    awp, ewp, volume = PriorChannel("awp"), PriorChannel("ewp"), torch.randn(2, 3, 4, 56, 56)
    assert torch.allclose(awp(volume), ewp(volume))
    assert torch.allclose(ewp(volume)[:, 3], 18 * torch.from_numpy(prior_map(canonical_face())).expand(2, 4, -1, -1))
    assert torch.equal(ewp(volume)[:, :3], volume)
    assert not [p for p in ewp.parameters() if p.requires_grad]
    target = awp.maps[4]
    optimiser = torch.optim.SGD(awp.parameters(), lr=20.0)
    for _ in range(60):
        optimiser.zero_grad()
        loss = (awp(volume)[0, 3, 0] - target).square().mean()
        loss.backward()
        optimiser.step()
        assert awp.weights().sum().item() == pytest.approx(1.0, abs=1e-5)
    assert int(awp.weights().argmax()) == 4
    assert awp.weights()[4].item() > 0.5


def test_the_graph_comes_from_the_training_labels_with_their_direction() -> None:
    asymmetric, symmetric = (VolumeNet(VolumeConfig(graph=graph), 2, build()) for graph in ("asymmetric", "symmetric"))
    directed = asymmetric.head.convolutions[0].propagation  # type: ignore[union-attr,index]
    both = symmetric.head.convolutions[0].propagation  # type: ignore[union-attr,index]
    assert not torch.allclose(directed, directed.T)
    joint, rate = LABELS.astype(float).T @ LABELS, LABELS.mean(axis=0)
    seen = np.diag(joint)
    smoothed = (joint + 5.0 * rate[:, None]) / (seen + 5.0) * (1 - np.eye(4))
    degree = 1 + smoothed.sum(axis=1)
    assert float(directed[0, 1]) == pytest.approx(smoothed[0, 1] / np.sqrt(degree[0] * degree[1]), rel=1e-5)
    assert not torch.allclose(both, directed)


def test_ststnet_has_400_features_and_off_apexnet_reads_u_and_v_alone() -> None:
    assert StstNet(3).emotion.in_features == 400
    net, image = OffApexNet(3).eval(), torch.randn(2, 3, 28, 28)
    before = net(image).emotion_logits
    assert torch.equal(net(image * torch.tensor([1.0, 1.0, 0.0]).view(1, 3, 1, 1)).emotion_logits, before)
    assert not torch.equal(net(image * torch.tensor([1.0, 0.0, 1.0]).view(1, 3, 1, 1)).emotion_logits, before)


def written(path: Path, **changes: object) -> MicroExpressionNet:
    config = replace(VARIANTS["default"], width=2, frame_width=8, node_width=4, graph_widths=(8, 6), **changes)  # type: ignore[arg-type]
    torch.manual_seed(3)
    net = MicroExpressionNet(config).eval()
    save_weights(net, path, {})
    return net


@pytest.mark.parametrize("prior", ["none", "ewp"])
def test_a_pretrained_backbone_answers_as_in_the_network_it_comes_from(tmp_path: Path, prior: str) -> None:
    source = written(tmp_path / "w.safetensors", prior=prior)
    said: list[str] = []
    net = build_volume_net(
        VolumeConfig(pretrained=True), build(said=said, init=tmp_path / "w.safetensors", width=16)
    ).eval()
    volume = torch.randn(2, 3, 16, 56, 56)
    # A clip's first frame is its neutral: both halves of a video's six channels hold the same; a prior of 0 is silent.
    six = torch.cat([volume, volume, volume[:, :1] * 0], dim=1)[:, : 6 + (prior == "ewp")]
    assert torch.allclose(net.backbone(volume).pooled, source.backbone(six).pooled, atol=1e-4)
    assert any("width 2, that of the weights, instead of 16" in line for line in said)
    assert any("20 of 20 convolutions taken over" in line for line in said)


def test_other_backbones_come_with_their_kind(tmp_path: Path) -> None:
    written(tmp_path / "w.safetensors", backbone="mc3")
    net = build_volume_net(VolumeConfig(pretrained=True), build(init=tmp_path / "w.safetensors"))
    assert net.backbone.blocks[1][0].conv1.kernel_size == (1, 3, 3)  # type: ignore[index,union-attr]


def test_what_cannot_be_taken_over_is_said_and_nothing_is_refused(tmp_path: Path) -> None:
    other, path, said = ResNet3D18(3, 2), tmp_path / "part.safetensors", list[str]()
    kept = {name: t for name, t in other.state_dict().items() if not name.startswith("blocks.3")}
    save_file({f"backbone.{name}": t.contiguous() for name, t in kept.items()}, path)
    backbone = ResNet3D18(3, 2)
    start_backbone(backbone, read_start(path), "some", said.append)
    assert torch.equal(backbone.blocks[2][0].conv1.weight, other.blocks[2][0].conv1.weight)  # type: ignore[index,union-attr]
    assert "15 of 20" in said[0] and "blocks.3.0.conv1.weight" in said[0]
    with pytest.raises(InputError, match=r"Nothing in .*part\.safetensors fits the backbone of some"):
        start_backbone(ResNet3D18(3, 3), read_start(path), "some", said.append)


def test_files_that_are_no_weights_or_read_brightness_are_refused(tmp_path: Path) -> None:
    (tmp_path / "text.safetensors").write_text("no", encoding="utf-8")
    for name in ("text.safetensors", "missing.safetensors"):
        with pytest.raises(InputError, match="cannot be read as weights"):
            read_start(tmp_path / name)
    config = {"format": "microexpr.weights/1", "config": {"input": "rgb"}}
    save_file({"backbone.x": torch.zeros(1)}, tmp_path / "rgb.safetensors", metadata={"microexpr": json.dumps(config)})
    with pytest.raises(InputError, match="reads rgb"):
        read_start(tmp_path / "rgb.safetensors")


def test_the_shipped_weights_start_a_backbone() -> None:
    said: list[str] = []
    net = build_volume_net(VolumeConfig(graph="none", pretrained=True), build(said=said))
    assert "20 of 20 convolutions taken over" in said[-1]
    assert all(torch.isfinite(p).all() for p in net.parameters())
