"""The backbone as it is used on a CPU: the same weights, the same answers up to rounding, in less time.

In use a batch norm is a factor and a summand a channel, so it goes into the convolution before it: one pass over the
activations less, and one rounding. And a vector unit holds 16 numbers: a convolution to 8 channels leaves half of it
idle. Such a convolution computes two neighbouring columns at a time as 16 channels, with kernels that are one stride
wider and shifted against each other: up to a third more multiplications in four fifths of the time. In memory (channels
last) the result is the narrower one's, number by number.
"""

import copy
from typing import cast

import torch
from torch import Tensor, nn

from recognizer.network import FINE_GRID, MicroExpressionNet
from recognizer.resnet3d import BackboneOutput, ResidualBlock, ResNet3D18

_LANES = 16


class _FoldedConvolution(nn.Module):
    """``norm(convolution(x))`` of (B, C, T, H, W), channels last, in ``dtype``; ``columns``: how many at a time."""

    weight: Tensor
    bias: Tensor

    def __init__(self, convolution: nn.Conv3d, norm: nn.BatchNorm3d, dtype: torch.dtype, columns: int) -> None:
        super().__init__()
        if norm.running_mean is None or norm.running_var is None:
            raise ValueError("folding: expected a batch norm with running statistics, got one without")
        factor = norm.weight / torch.sqrt(norm.running_var + norm.eps)
        weight = convolution.weight * factor.view(-1, 1, 1, 1, 1)
        bias = norm.bias - norm.running_mean * factor
        stride = convolution.stride[-1]
        shifted = [nn.functional.pad(weight, (i * stride, (columns - 1 - i) * stride)) for i in range(columns)]
        memory = torch.channels_last_3d
        self.register_buffer("weight", torch.cat(shifted).detach().to(dtype).contiguous(memory_format=memory))
        self.register_buffer("bias", bias.repeat(columns).detach().to(dtype))
        self.stride = (*convolution.stride[:2], stride * columns)
        self.padding = convolution.padding
        self.columns = columns

    def forward(self, x: Tensor) -> Tensor:
        # oneDNN keeps channels last; so does the view below, which copies nothing then
        y = torch.conv3d(x, self.weight, self.bias, self.stride, self.padding)
        if self.columns == 1:
            return y
        batch, channels, frames, height, width = y.shape
        split = y.permute(0, 2, 3, 4, 1).reshape(batch, frames, height, width * self.columns, channels // self.columns)
        return split.permute(0, 4, 1, 2, 3)


class _FoldedBlock(nn.Module):
    """``ResidualBlock`` in use."""

    def __init__(self, block: ResidualBlock, dtype: torch.dtype, columns: int) -> None:
        super().__init__()
        self.first = _FoldedConvolution(cast(nn.Conv3d, block.conv1), block.norm1, dtype, columns)
        self.second = _FoldedConvolution(cast(nn.Conv3d, block.conv2), block.norm2, dtype, columns)
        self.shortcut: nn.Module = nn.Identity()
        if isinstance(block.shortcut, nn.Sequential):
            convolution, norm = block.shortcut
            self.shortcut = _FoldedConvolution(convolution, norm, dtype, columns)  # type: ignore[arg-type]

    def forward(self, x: Tensor) -> Tensor:
        result: Tensor = self.second(self.first(x).relu_()).add_(self.shortcut(x)).relu_()
        return result


class FoldedBackbone(nn.Module):
    """What ``backbone`` answers in eval mode, computed in ``dtype``; ``fine`` comes averaged to 7 x 7 cells already, in
    float32, as ``FrameFeatures`` reads it.

    ``size``: height and width of the volumes. Not to be trained: its weights are a copy.
    """

    def __init__(self, backbone: ResNet3D18, dtype: torch.dtype, size: int) -> None:
        super().__init__()
        self.dtype = dtype
        stem, norm = cast(nn.Conv3d, backbone.stem[0]), cast(nn.BatchNorm3d, backbone.stem[1])
        # float32 has 8 lanes where there is no AVX-512, and gains nothing then
        columns = 2 if dtype == torch.bfloat16 and 2 * stem.out_channels <= _LANES and size % 4 == 0 else 1
        self.stem = _FoldedConvolution(stem, norm, dtype, columns)
        self.blocks = nn.ModuleList(
            nn.Sequential(
                *(_FoldedBlock(block, dtype, columns if i == 0 else 1) for block in cast(list[ResidualBlock], pair))
            )
            for i, pair in enumerate(backbone.blocks)
        )

    def forward(self, volume: Tensor) -> BackboneOutput:
        x = volume.to(self.dtype).contiguous(memory_format=torch.channels_last_3d)  # in this order: half the bytes
        x = self.blocks[0](self.stem(x).relu_())
        fine = _cell_means(x, FINE_GRID)
        for block in list(self.blocks)[1:]:
            x = block(x)
        return BackboneOutput(fine, x, x.mean(dim=(2, 3, 4)))


def _cell_means(x: Tensor, cells: int) -> Tensor:
    """(B, C, T, H, W), channels last -> (B, C, T, cells, cells) float32: means, of whole cells only."""
    batch, channels, frames, height, width = x.shape
    if height % cells or width % cells:
        return nn.functional.adaptive_avg_pool3d(x.float(), (frames, cells, cells))
    high, wide = height // cells, width // cells
    rows = x.permute(0, 2, 3, 4, 1).reshape(-1, high, width * channels)
    summed = sum((rows[:, i] for i in range(1, high)), rows[:, 0].float())
    columns = summed.view(-1, wide, channels)
    means = sum((columns[:, i] for i in range(1, wide)), columns[:, 0]) / (high * wide)
    return means.view(batch, frames, cells, cells, channels).permute(0, 4, 1, 2, 3)


def folded(network: MicroExpressionNet, *, bf16: bool) -> MicroExpressionNet:
    """A copy of ``network`` for use on a CPU, in eval mode; the network itself stays as it is.

    The pairs of convolutions of an R(2+1)D backbone stay unfolded.
    """
    result = copy.deepcopy(network).eval()
    if network.config.backbone == "r2plus1d":
        return result.requires_grad_(False)
    backbone = FoldedBackbone(network.backbone, torch.bfloat16 if bf16 else torch.float32, network.config.size)
    result.backbone = backbone
    return result.requires_grad_(False)
