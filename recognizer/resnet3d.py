"""3D-ResNet-18: the backbone (SPEC 2; AU_GCN_CUR Table 1).

| layer   | kernel                          | output, paper's 112 x 112 | output, flow 56 x 56 |
|---------|---------------------------------|---------------------------|----------------------|
| conv1   | 3x7x7, width, stride 1x2x2      | T x 56 x 56               | T x 28 x 28          |
| block 1 | (3x3x3, width) x 2, two of them | T x 56 x 56               | T x 28 x 28          |
| block 2 | 2 width, stride 2               | T/2 x 28 x 28             | T/2 x 14 x 14        |
| block 3 | 4 width, stride 2               | T/4 x 14 x 14             | T/4 x 7 x 7          |
| block 4 | 8 width, stride 2               | T/8 x 7 x 7               | T/8 x 4 x 4          |
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn


class BackboneOutput(NamedTuple):
    """``fine`` (B, width, T, H/2, W/2): block 1, every frame; ``deep`` (B, 8 width, T/8, ...): block 4;
    ``pooled`` (B, 8 width): its global average, the paper's F."""

    fine: Tensor
    deep: Tensor
    pooled: Tensor


class ResidualBlock(nn.Module):
    """Two 3x3x3 convolutions around a shortcut; the first may stride time and space by 2."""

    def __init__(self, in_width: int, out_width: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv3d(in_width, out_width, 3, stride, 1, bias=False)
        self.norm1 = nn.BatchNorm3d(out_width)
        self.conv2 = nn.Conv3d(out_width, out_width, 3, 1, 1, bias=False)
        self.norm2 = nn.BatchNorm3d(out_width)
        self.shortcut: nn.Module = nn.Identity()
        if stride != 1 or in_width != out_width:
            self.shortcut = nn.Sequential(
                nn.Conv3d(in_width, out_width, 1, stride, bias=False), nn.BatchNorm3d(out_width)
            )

    def forward(self, x: Tensor) -> Tensor:
        y = torch.relu(self.norm1(self.conv1(x)))
        return torch.relu(self.norm2(self.conv2(y)) + self.shortcut(x))


class ResNet3D18(nn.Module):
    """(B, in_channels, T, H, W) -> ``BackboneOutput``. ``width``: channels of conv1; 64 is the paper's."""

    def __init__(self, in_channels: int, width: int) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv3d(in_channels, width, (3, 7, 7), (1, 2, 2), (1, 3, 3), bias=False),
            nn.BatchNorm3d(width),
            nn.ReLU(),
        )
        widths = [width, width, 2 * width, 4 * width, 8 * width]
        self.blocks = nn.ModuleList(
            nn.Sequential(
                ResidualBlock(widths[i], widths[i + 1], 1 if i == 0 else 2),
                ResidualBlock(widths[i + 1], widths[i + 1], 1),
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
