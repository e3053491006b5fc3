"""Contracts over all variants: a new row of the registry is tested by being there."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from curves.errors import InputError
from recognizer.network import MicroExpressionNet, NetworkConfig, NetworkOutput, prior_adjacency
from recognizer.resnet3d import ResNet3D18
from recognizer.variants import VARIANTS, variant


def small(config: NetworkConfig) -> NetworkConfig:
    """The same variant, narrow: widths are parameters."""
    return replace(config, width=2, frame_width=8, node_width=4, graph_widths=(8, 6), size=56, dropout=0.0)


def volume(config: NetworkConfig, batch: int = 3) -> torch.Tensor:
    return torch.randn(batch, config.channels, config.frames, config.size, config.size)


@pytest.mark.parametrize("name", VARIANTS)
def test_shapes_ranges_and_no_nan(name: str) -> None:
    config = small(VARIANTS[name])
    torch.manual_seed(0)
    net = MicroExpressionNet(config).eval()
    output = net(volume(config))
    shapes = NetworkOutput((3,), (3, 3), (3, 19), (3, 7), (3, 7), (3, config.frames, 19, 2))  # type: ignore[arg-type]
    assert tuple(tuple(part.shape) for part in output) == tuple(shapes)
    assert all(torch.isfinite(part).all() for part in output)
    assert ((output.times >= 0) & (output.times <= 1)).all()


@pytest.mark.parametrize("name", VARIANTS)
def test_every_parameter_learns(name: str) -> None:
    config = small(VARIANTS[name])
    torch.manual_seed(1)
    net = MicroExpressionNet(config).train()
    output = net(volume(config, 4))
    sum((part * torch.randn_like(part)).sum() for part in output).backward()  # type: ignore[union-attr]
    silent = [n for n, p in net.named_parameters() if p.requires_grad and (p.grad is None or not p.grad.any())]
    assert not silent
    assert all(torch.isfinite(p.grad).all() for p in net.parameters() if p.grad is not None)


@pytest.mark.parametrize("name", VARIANTS)
def test_order_of_a_batch_is_irrelevant_in_use(name: str) -> None:
    config = small(VARIANTS[name])
    torch.manual_seed(2)
    net, order = MicroExpressionNet(config).eval(), torch.tensor([2, 0, 1])
    x = volume(config)
    with torch.no_grad():
        for straight, shuffled in zip(net(x), net(x[order]), strict=True):
            assert torch.allclose(straight[order], shuffled, atol=1e-5)


def test_backbone_shapes_are_the_papers_table() -> None:
    backbone = ResNet3D18(3, 2).eval()
    maps = []
    x = backbone.stem(torch.zeros(1, 3, 16, 112, 112))
    maps.append(tuple(x.shape[1:]))
    for block in backbone.blocks:
        x = block(x)
        maps.append(tuple(x.shape[1:]))
    assert maps == [(2, 16, 56, 56), (2, 16, 56, 56), (4, 8, 28, 28), (8, 4, 14, 14), (16, 2, 7, 7)]


def test_paper_variant_has_the_papers_widths() -> None:
    paper = VARIANTS["paper"]
    assert (paper.width, paper.input, paper.size, paper.frames) == (64, "rgb", 112, 16)
    assert (paper.node_width, paper.graph_widths) == (512, (1024, 512))


def test_symmetric_variant_alone_loses_direction() -> None:
    directed, symmetric = prior_adjacency(VARIANTS["default"]), prior_adjacency(VARIANTS["symmetric_graph"])
    assert not np.allclose(directed, directed.T)
    assert np.allclose(symmetric, symmetric.T)


def test_intensity_is_not_cut_so_that_it_keeps_its_gradient_and_rest_can_be_settled() -> None:
    config = small(VARIANTS["default"])
    net, x = MicroExpressionNet(config), volume(config)
    for bias, cut in ((2.5, 1.0), (-2.5, 0.0)):
        net.intensity.frame.bias.data.fill_(bias)
        raw = net.train()(x).intensity
        assert raw.min() < cut or raw.max() > cut
        assert torch.autograd.grad(raw.sum(), net.intensity.frame.bias)[0].all()
        used = net.eval()(x).intensity
        assert (used > cut).all() if bias > 0 else (used < cut).all()


def test_bfloat16_gradients_hold_no_uninitialised_memory() -> None:
    # A convolution over fewer frames than its kernel has a garbage weight gradient in bfloat16 on CPU.
    config = replace(small(VARIANTS["default"]), width=16)
    torch.manual_seed(0)
    net, x = MicroExpressionNet(config).train(), volume(config, 2)
    norms = []
    for bf16 in (False, True, True, True):
        net.zero_grad()
        del_me = [torch.full((n,), 1e30) for n in (10_000, 442_368, 1_000_000)]
        del del_me
        with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
            output = net(x)
        sum(part.float().square().mean() for part in output).backward()  # type: ignore[union-attr]
        block4 = torch.cat([p.grad.flatten() for p in net.backbone.blocks[3].parameters()])  # type: ignore[union-attr]
        norms.append(float(block4.norm()))
    assert norms[1:] == pytest.approx([norms[0]] * 3, rel=0.2)


def test_wrong_input_and_unknown_variant_are_named() -> None:
    config = small(VARIANTS["default"])
    with pytest.raises(ValueError, match=r"expected \(B, 6, 16, 56, 56\)"):
        MicroExpressionNet(config)(torch.zeros(1, 3, 16, 56, 56))
    with pytest.raises(InputError, match="choose one of default"):
        variant("defualt")
    with pytest.raises(ValueError, match="multiple of 8"):
        NetworkConfig(frames=12)
