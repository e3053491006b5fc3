"""The backbone folded for use answers as the one that was trained."""

import pytest
import torch
from torch import nn

from recognizer.folding import _FoldedConvolution, folded
from recognizer.network import MicroExpressionNet
from recognizer.variants import variant


def used(name: str, seed: int = 0) -> MicroExpressionNet:
    """A network with running statistics and norms that are not those of a new one."""
    torch.manual_seed(seed)
    net = MicroExpressionNet(variant(name))
    for module in net.modules():
        if isinstance(module, nn.BatchNorm3d):
            module.running_mean = 0.3 * torch.randn(module.num_features)
            module.running_var = 0.5 + torch.rand(module.num_features)
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.normal_(module.bias, std=0.2)
    return net.eval()


@pytest.mark.parametrize("columns", [1, 2])
@pytest.mark.parametrize(("kernel", "stride", "padding"), [((3, 7, 7), (1, 2, 2), (1, 3, 3)), (3, 1, 1), (1, 2, 0)])
def test_a_folded_convolution_is_the_convolution_and_its_norm(
    columns: int, kernel: int | tuple[int, ...], stride: int | tuple[int, ...], padding: int | tuple[int, ...]
) -> None:
    torch.manual_seed(1)
    convolution = nn.Conv3d(6, 8, kernel, stride, padding, bias=False)  # type: ignore[arg-type]
    norm = nn.BatchNorm3d(8).eval()
    norm.running_mean, norm.running_var = torch.randn(8), 0.5 + torch.rand(8)
    volume = torch.randn(2, 6, 4, 12, 12)
    with torch.inference_mode():
        expected = norm(convolution(volume))
        result = _FoldedConvolution(convolution, norm, torch.float32, columns)(
            volume.contiguous(memory_format=torch.channels_last_3d)
        )
    assert torch.allclose(result, expected, atol=1e-5)


@pytest.mark.parametrize("name", ["default", "facial_prior", "elrcn", "no_graph"])
def test_a_folded_network_answers_as_the_one_it_was_made_of(name: str) -> None:
    net = used(name)
    volume = torch.randn(2, net.config.channels, 16, 56, 56)
    with torch.inference_mode():
        expected, result = net(volume), folded(net, bf16=False)(volume)
    for answer, same in zip(result, expected, strict=True):
        assert torch.allclose(answer, same, atol=1e-4)


def test_in_bfloat16_it_errs_no_more_than_rounding_does() -> None:
    net = used("default")
    volume = torch.randn(2, 6, 16, 56, 56)
    with torch.inference_mode():
        exact = net.backbone(volume)
        with torch.autocast("cpu", torch.bfloat16):
            rounded = net.backbone(volume)
        result = folded(net, bf16=True).backbone(volume)
    size = exact.deep.abs().max()
    assert (result.deep.float() - exact.deep).abs().max() < max(
        0.02 * size, 1.5 * (rounded.deep.float() - exact.deep).abs().max()
    )
    cells = nn.functional.adaptive_avg_pool3d(exact.fine, (16, 7, 7))
    assert (result.fine - cells).abs().max() < 0.02 * cells.abs().max()


def test_folding_leaves_the_network_as_it_was() -> None:
    net = used("default")
    before = {name: tensor.clone() for name, tensor in net.state_dict().items()}
    folded(net, bf16=True)
    assert all(torch.equal(tensor, before[name]) for name, tensor in net.state_dict().items())
    assert all(parameter.requires_grad for parameter in net.backbone.parameters())
