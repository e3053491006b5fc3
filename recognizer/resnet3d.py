"""3D-ResNet-18: the backbone (SPEC 2; AU_GCN_CUR Table 1), and its two cheaper kin of Tran et al. (CVPR 2018).

| layer   | kernel                          | output, paper's 112 x 112 | output, flow 56 x 56 |
|---------|---------------------------------|---------------------------|----------------------|
| conv1   | 3x7x7, width, stride 1x2x2      | T x 56 x 56               | T x 28 x 28          |
| block 1 | (3x3x3, width) x 2, two of them | T x 56 x 56               | T x 28 x 28          |
| block 2 | 2 width, stride 2               | T/2 x 28 x 28             | T/2 x 14 x 14        |
| block 3 | 4 width, stride 2               | T/4 x 14 x 14             | T/4 x 7 x 7          |
| block 4 | 8 width, stride 2               | T/8 x 7 x 7               | T/8 x 4 x 4          |

``mc3`` (mixed convolutions): blocks 2 to 4 look at single frames, 1x3x3, and keep all T of them. ``r2plus1d``: each
3D convolution becomes a spatial one, batch norm, ReLU and a temporal one, with as many channels between them that the
parameters stay about as many (their section 3.5).
"""

from typing import Literal, NamedTuple, get_args

import torch
from torch import Tensor, nn


class BackboneOutput(NamedTuple):
    """``fine`` (B, width, T, H/2, W/2): block 1, every frame; ``deep`` (B, 8 width, T/8, ...): block 4;
    ``pooled`` (B, 8 width): its global average, the paper's F."""

    fine: Tensor
    deep: Tensor
    pooled: Tensor


Kind = Literal["r3d", "mc3", "r2plus1d"]

_Triple = tuple[int, int, int]


def _factorised(in_width: int, out_width: int, kernel: _Triple, stride: _Triple, padding: _Triple) -> nn.Sequential:
    """A (2+1)D convolution: space, then time; M of Tran et al., section 3.5, channels between them."""
    t, area = kernel[0], kernel[1] * kernel[2]
    middle = max(t * area * in_width * out_width // (area * in_width + t * out_width), 1)
    return nn.Sequential(
        nn.Conv3d(in_width, middle, (1, *kernel[1:]), (1, *stride[1:]), (0, *padding[1:]), bias=False),
        nn.BatchNorm3d(middle),
        nn.ReLU(),
        nn.Conv3d(middle, out_width, (t, 1, 1), (stride[0], 1, 1), (padding[0], 0, 0), bias=False),
    )


def _convolution(kind: Kind, in_width: int, out_width: int, stride: int, *, flat: bool) -> nn.Module:
    """3x3x3; without time (``flat``) 1x3x3, which strides in space alone."""
    if kind == "r2plus1d":
        return _factorised(in_width, out_width, (3, 3, 3), (stride,) * 3, (1, 1, 1))
    if flat:
        return nn.Conv3d(in_width, out_width, (1, 3, 3), (1, stride, stride), (0, 1, 1), bias=False)
    return nn.Conv3d(in_width, out_width, 3, stride, 1, bias=False)


class ResidualBlock(nn.Module):
    """Two 3x3x3 convolutions around a shortcut; the first may stride time and space by 2.

    ``kind`` ``mc3`` with ``flat``: 1x3x3, time is left alone; ``r2plus1d``: each in two.
    """

    def __init__(self, in_width: int, out_width: int, stride: int, *, kind: Kind = "r3d", flat: bool = False) -> None:
        super().__init__()
        self.conv1 = _convolution(kind, in_width, out_width, stride, flat=flat)
        self.norm1 = nn.BatchNorm3d(out_width)
        self.conv2 = _convolution(kind, out_width, out_width, 1, flat=flat)
        self.norm2 = nn.BatchNorm3d(out_width)
        self.shortcut: nn.Module = nn.Identity()
        if stride != 1 or in_width != out_width:
            self.shortcut = nn.Sequential(
                nn.Conv3d(in_width, out_width, 1, (1, stride, stride) if flat else stride, bias=False),
                nn.BatchNorm3d(out_width),
            )

    def forward(self, x: Tensor) -> Tensor:
        y = torch.relu(self.norm1(self.conv1(x)))
        return torch.relu(self.norm2(self.conv2(y)) + self.shortcut(x))


class ResNet3D18(nn.Module):
    """(B, in_channels, T, H, W) -> ``BackboneOutput``. ``width``: channels of conv1; 64 is the paper's. ``kind``: see
    the module; for ``mc3`` ``deep`` keeps all T frames."""

    def __init__(self, in_channels: int, width: int, kind: Kind = "r3d") -> None:
        super().__init__()
        if kind not in get_args(Kind):
            raise ValueError(f"backbone: expected one of {get_args(Kind)}, got {kind!r}")
        first: _Triple = (3, 7, 7)
        self.stem = nn.Sequential(
            _factorised(in_channels, width, first, (1, 2, 2), (1, 3, 3))
            if kind == "r2plus1d"
            else nn.Conv3d(in_channels, width, first, (1, 2, 2), (1, 3, 3), bias=False),
            nn.BatchNorm3d(width),
            nn.ReLU(),
        )
        widths = [width, width, 2 * width, 4 * width, 8 * width]
        self.blocks = nn.ModuleList(
            nn.Sequential(
                ResidualBlock(widths[i], widths[i + 1], 1 if i == 0 else 2, kind=kind, flat=kind == "mc3" and i > 0),
                ResidualBlock(widths[i + 1], widths[i + 1], 1, kind=kind, flat=kind == "mc3" and i > 0),
            )
            for i in range(4)
        )
        self.out_width = widths[-1]
        for module in self.modules():
            if isinstance(module, nn.Conv3d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, volume: Tensor) -> BackboneOutput:
        x = self.stem(volume.contiguous(memory_format=torch.channels_last_3d))
        fine = x = self.blocks[0](x)
        for block in list(self.blocks)[1:-1]:
            x = block(x)
        # torch 2.13 on CPU: the bfloat16 weight gradient of a 3x3x3 convolution over 2 frames holds uninitialised
        # memory (seen for widths 128 and 256; 4 frames are right). Block 4 has 2: it trains in float32.
        if torch.is_grad_enabled() and x.device.type == "cpu":
            with torch.autocast("cpu", enabled=False):
                x = self.blocks[-1](x.float())
        else:
            x = self.blocks[-1](x)
        return BackboneOutput(fine, x, x.mean(dim=(2, 3, 4)))
