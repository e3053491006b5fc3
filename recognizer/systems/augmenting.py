"""Light changes of training inputs that leave the labels as they are: mirror, strength of motion, small shifts.

Emotions and AUs of the recognition sets have no sides, so a mirrored clip keeps its labels.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812 (torch's own convention)

#: ``motion``: channel 0 is horizontal motion, and all channels grow with its strength; ``gray``: brightness.
InputKind = Literal["motion", "gray"]

_CELLS = 28  #: shifts are whole 28ths of the input's side, so that all inputs of a sample shift alike


@dataclass(frozen=True, slots=True)
class LightAugment:
    """mirror: probability. scale_min, scale_max: factor on the motion. shift: largest, in 28ths of the side (4 crop
    pixels)."""

    mirror: float = 0.5
    scale_min: float = 0.8
    scale_max: float = 1.2
    shift: int = 1


def augmented(
    tensors: Sequence[Tensor], kinds: Sequence[InputKind], config: LightAugment, generator: torch.Generator
) -> tuple[Tensor, ...]:
    """New float32 tensors (B, C, [T,] H, W); ``generator`` (CPU) decides, the same for all inputs of a sample."""
    batch = len(tensors[0])
    mirrored = torch.rand(batch, generator=generator) < config.mirror
    spread = config.scale_max - config.scale_min
    factor = config.scale_min + spread * torch.rand(batch, generator=generator)
    shifts = torch.randint(-config.shift, config.shift + 1, (batch, 2), generator=generator)
    result = []
    for tensor, kind in zip(tensors, kinds, strict=True):
        x = _shifted(tensor.float(), shifts)
        flip = mirrored.to(x.device)
        x[flip] = x[flip].flip(-1)
        if kind == "motion":
            x[flip, 0] *= -1.0
            x *= factor.to(x.device).view(-1, *(1,) * (x.ndim - 1))
        result.append(x)
    return tuple(result)


def _shifted(x: Tensor, shifts: Tensor) -> Tensor:
    """Each sample moved by its own ``shifts`` (B, 2), down and right; the border is repeated. Always a copy."""
    side = x.shape[-1]
    cell = side // _CELLS
    margin = int(shifts.abs().max()) * cell
    if margin == 0:
        return x.clone()
    flat = F.pad(x.flatten(1, -3), (margin,) * 4, mode="replicate")
    moved = torch.empty_like(x)
    for row, padded, (down, right) in zip(moved, flat, shifts.tolist(), strict=True):
        top, left = margin - down * cell, margin - right * cell
        row.copy_(padded[:, top : top + side, left : left + side].view_as(row))
    return moved
