"""MagPlus and DeMagPlus (paper 002, section 3) as one network that moves pixels.

As in the paper: a U-Net of five stages whose width doubles with each, a magnification factor given as a sinusoidal
embedding of 32 numbers at every point, and a frame G(I0, It, alpha) as the result. Three things differ. The result
is It warped by a displacement field and nothing is painted, so that the same field serves a picture of any size. The
flow from I0 to It comes as an input beside the frames and the network gives a correction to it. One network serves
factors above and below 1, where the paper trains two.
"""

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as nnf
from torch import Tensor, nn

from recognizer.face.align import CROP
from recognizer.face.motion import GRID
from recognizer.magnifier.optical import inverse_displacement, pixel_grid, sample, standardised, warp

#: Factors that the network is made for (paper 002, equation 4).
LEAST_ALPHA, MOST_ALPHA = 1.0 / 16.0, 16.0
#: log2 of the factors at which a trained magnifier's movement is scaled to its right size.
OCTAVES = (-4, -3, -2, -1, 0, 1, 2, 3, 4)
_CELL = CROP // GRID  # crop pixels to a point of the flow grid
_LEAK = 0.1
_FLOW_UNIT = 2.0  # crop pixels; brings the flow to the size of the other inputs


@dataclass(frozen=True, slots=True)
class MagnifierConfig:
    """``width`` of the first stage, doubled by each of the ``stages`` (paper: 64 and 5); ``embedding``: numbers that
    say alpha (paper: 32). ValueError for what cannot be built."""

    width: int = 8
    stages: int = 5
    embedding: int = 32

    def __post_init__(self) -> None:
        if self.width < 1 or not 2 <= self.stages <= 6 or self.embedding < 2 or self.embedding % 2:
            raise ValueError(f"expected width >= 1, 2 to 6 stages, an even embedding, got {self}")


def alpha_embedding(alpha: Tensor, size: int) -> Tensor:
    """(B, size, H, W) in [-1, 1] for factors ``alpha`` (B, 1, H, W): sines, then cosines, of log2(alpha).

    Periods run from 16 octaves, more than the whole range, to 1.
    """
    rates = 2.0 * math.pi * torch.logspace(-4.0, 0.0, size // 2, base=2.0, dtype=alpha.dtype, device=alpha.device)
    phase = torch.log2(alpha) * rates.view(1, -1, 1, 1)
    return torch.cat([torch.sin(phase), torch.cos(phase)], dim=1)


def limited_alpha(flow: Tensor, alpha: Tensor, reach: Tensor) -> Tensor:
    """(B, 1, H, W): the factor at each point, ``alpha`` (B,) where that moves nothing near it by more than ``reach``.

    ``flow`` (B, 2, H, W) and ``reach`` (B,) in one unit. Where more moves, the largest movement around goes as far as
    ``reach``, or as far as it does by itself: the factor falls to 1, never below. Factors below 1 stay (the network is
    trained with all movement; ``held_alpha`` is for use).
    """
    around = _widest(flow)
    wanted, most = alpha.view(-1, 1, 1, 1), reach.view(-1, 1, 1, 1)
    return torch.minimum(wanted, torch.clamp(most / around.clamp(min=1e-6), min=1.0)).expand_as(around)


def held_alpha(flow: Tensor, alpha: Tensor, reach: Tensor) -> Tensor:
    """``limited_alpha``, and factors below 1 held too: in full up to half of ``reach``, at 1 from ``reach`` on.

    To take back a wide movement, such as a broad smile, would need what it hid: skin and lips would be folded.
    """
    wanted, most = alpha.view(-1, 1, 1, 1), reach.view(-1, 1, 1, 1)
    free = (2.0 - 2.0 * _widest(flow) / most).clamp(0.0, 1.0)
    return torch.where(wanted < 1.0, 1.0 - (1.0 - wanted) * free, limited_alpha(flow, alpha, reach))


def _widest(flow: Tensor) -> Tensor:
    """(B, 1, H, W): the widest movement within twelve crop pixels, so that it changes more gently than the flow."""
    size = flow.square().sum(1, keepdim=True).sqrt()
    return nnf.avg_pool2d(nnf.max_pool2d(size, 13, 1, 6), 7, 1, 3, count_include_pad=False)


def place(flow: Tensor, alpha: Tensor) -> tuple[Tensor, Tensor]:
    """Flow and factors, given at points of the first picture, brought to where magnification takes those points.

    ``flow`` (B, 2, H, W) in grid pixels, ``alpha`` (B, 1, H, W).
    """
    back = inverse_displacement(alpha * flow)
    both = sample(torch.cat([flow, alpha - 1.0], 1), pixel_grid(flow) + back)
    return both[:, :2], both[:, 2:] + 1.0  # less 1, so that a factor of 1 stays 1 to the last bit


def octave_shares(alpha: Tensor) -> Tensor:
    """(B, 9, H, W): how far each of OCTAVES counts for factors (B, 1, H, W), linear between them; they sum to 1."""
    nodes = torch.tensor(OCTAVES, dtype=alpha.dtype, device=alpha.device).view(1, -1, 1, 1)
    octaves = torch.log2(alpha).clamp(OCTAVES[0], OCTAVES[-1])
    return (1.0 - (octaves - nodes).abs()).clamp(min=0.0)


class _Stage(nn.Sequential):
    """Two 3 x 3 convolutions, each followed by a leaky ReLU."""

    def __init__(self, inputs: int, outputs: int) -> None:
        layers: list[nn.Module] = []
        for channels in (inputs, outputs):
            layers += [nn.Conv2d(channels, outputs, 3, padding=1, padding_mode="replicate"), nn.LeakyReLU(_LEAK)]
        super().__init__(*layers)
        for layer in layers:
            if isinstance(layer, nn.Conv2d):  # torch's own start loses two fifths of the signal a layer, eighteen times
                nn.init.kaiming_normal_(layer.weight, a=_LEAK)
                nn.init.zeros_(layer.bias)  # type: ignore[arg-type]


class _UNet(nn.Module):
    """Ronneberger et al. 2015: stages down by pooling, up by interpolation, each joined with its like on the way."""

    def __init__(self, inputs: int, outputs: int, width: int, stages: int) -> None:
        super().__init__()
        widths = [width * 2**i for i in range(stages)]
        self.down = nn.ModuleList(_Stage(a, b) for a, b in zip([inputs, *widths], widths, strict=False))
        self.narrow = nn.ModuleList(nn.Conv2d(2 * w, w, 1) for w in reversed(widths[:-1]))
        self.up = nn.ModuleList(_Stage(2 * w, w) for w in reversed(widths[:-1]))
        self.out = nn.Conv2d(width, outputs, 1)
        nn.init.zeros_(self.out.weight)  # an untrained magnifier is the flow alone
        nn.init.zeros_(self.out.bias)  # type: ignore[arg-type]

    def forward(self, x: Tensor) -> Tensor:
        kept: list[Tensor] = []
        for number, stage in enumerate(self.down):
            x = stage(x if number == 0 else nnf.avg_pool2d(x, 2, ceil_mode=True))
            kept.append(x)
        for narrow, stage, other in zip(self.narrow, self.up, reversed(kept[:-1]), strict=True):
            x = nnf.interpolate(narrow(x), size=other.shape[-2:], mode="bilinear", align_corners=False)
            x = stage(torch.cat([x, other], 1))
        return self.out(x)


class Magnifier(nn.Module):
    """From a rest frame, a frame, the flow between them and factors: where each pixel of the result comes from."""

    def __init__(self, config: MagnifierConfig) -> None:
        super().__init__()
        self.config = config
        inputs = 2 * _CELL**2 + 2 + config.embedding
        self.unet = _UNet(inputs, 3, config.width, config.stages)
        self.register_buffer("scale", torch.ones(len(OCTAVES)))
        self.scale: Tensor

    def forward(self, rest: Tensor, frame: Tensor, flow: Tensor, alpha: Tensor) -> Tensor:
        """Backward displacement (B, 2, 56, 56) in crop pixels: the magnified frame at q is ``frame`` at q + this.

        ``rest`` and ``frame`` (B, 1, 112, 112) in [0, 1]; ``flow`` (B, 2, 56, 56) in crop pixels, from rest to frame;
        ``alpha`` (B, 1, 56, 56) factors at points of the rest frame. Where alpha is 1 the result is exactly 0.
        """
        placed, factor = place(flow / _CELL, alpha)
        placed = placed * _CELL
        pictures = [nnf.pixel_unshuffle(standardised(picture, rest), _CELL) for picture in (rest, frame)]
        told = alpha_embedding(factor, self.config.embedding)
        correction = self.unet(torch.cat([*pictures, placed / _FLOW_UNIT, told], 1))
        motion = placed * (1.0 + correction[:, :1]) + correction[:, 1:]
        share = torch.tensordot(octave_shares(factor), self.scale, dims=([1], [0]))
        return (1.0 - factor) * share[:, None] * motion


def on_crop(field: Tensor) -> Tensor:
    """A field (B, 2, 56, 56) on the grid of the crop (B, 2, 112, 112); both in crop pixels."""
    return nnf.interpolate(field, scale_factor=_CELL, mode="bilinear", align_corners=False)


def moved(frame: Tensor, field: Tensor, *, mode: str = "bilinear") -> Tensor:
    """The magnified frame (B, C, 112, 112): ``frame`` moved by what ``Magnifier`` gave."""
    return warp(frame, on_crop(field), mode=mode)
