"""Changes of training windows whose effect on the truth is known."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812 (torch's own convention)

from curves.values import DEFAULT_AUS, MIDLINE_AUS
from recognizer.clips import PIXELS_PER_CELL, mirror_flow, mirror_sides
from recognizer.windows import Batch

_MIDLINE = [i for i, au in enumerate(DEFAULT_AUS) if au in MIDLINE_AUS]
_SEAM = 0.06  # of half the face's width: over which the moving half fades into the still one


@dataclass(frozen=True, slots=True)
class AugmentConfig:
    """mirror: probability. scale_min, scale_max: factor on the motion and its intensities. affine_px: largest standard
    deviation, at the crop's border, of a smooth affine motion left by imperfect head removal. noise_px: largest
    standard deviation of smooth flow noise, a part of it constant over the window (an imperfect neutral).
    gain: standard deviation of the logarithm of a smooth map that the motion is multiplied by: muscles pull unlike, and
    flow loses a part of the motion where skin shows little. shift_px, stretch: of a smooth deformation of the grid, at
    most (crop pixels), and of its scale: faces have their features in unlike places. one_side: probability that one
    half of the face is held still: few movements are one-sided, and a network that never sees one moves both alike."""

    mirror: float = 0.5
    scale_min: float = 0.5
    scale_max: float = 1.5
    affine_px: float = 0.4
    noise_px: float = 0.15
    gain: float = 0.0
    shift_px: float = 0.0
    stretch: float = 0.0
    one_side: float = 0.0

    def __post_init__(self) -> None:
        if not 0 < self.scale_min <= self.scale_max:
            raise ValueError(f"scale: expected 0 < scale_min <= scale_max, got {self.scale_min}, {self.scale_max}")


def augment(batch: Batch, config: AugmentConfig, generator: torch.Generator) -> Batch:
    """A new batch; ``generator`` (CPU) decides everything."""
    flow, intensity = _scaled(batch.flow, batch.intensity, config, generator)
    if config.one_side:
        flow, intensity = _one_sided(flow, intensity, config.one_side, generator)
    if config.gain:
        flow = flow * _gain(flow, config.gain, generator)
    if config.shift_px or config.stretch:
        flow = _deformed(flow, config, generator)
    flow = flow + _affine(flow, config.affine_px, generator) + _smooth_noise(flow, config.noise_px, generator)
    flip = torch.rand(len(flow), generator=generator) < config.mirror
    flow[flip] = mirror_flow(flow[flip])
    intensity[flip] = mirror_sides(intensity[flip])
    prior = batch.prior
    if prior is not None:
        prior = torch.where(flip[:, None, None], prior.flip(-1), prior)
    return batch._replace(flow=flow, intensity=intensity, prior=prior)


def _scaled(
    flow: Tensor, intensity: Tensor, config: AugmentConfig, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    low, high = math.log(config.scale_min), math.log(config.scale_max)
    factor = (low + (high - low) * torch.rand(len(flow), generator=generator)).exp()
    # A full-strength movement is not enlarged: its intensity could not follow.
    factor = torch.minimum(factor, 1.0 / intensity.amax(dim=(1, 2, 3)).clamp(min=1e-3).clamp(max=1.0))
    factor = factor[:, None, None, None]
    return flow * factor[..., None], intensity * factor


def _one_sided(flow: Tensor, intensity: Tensor, chance: float, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """In some windows the half of the face that moves less is held still, unless an AU of the midline would be cut."""
    midline = intensity[:, :, _MIDLINE].amax(dim=(1, 2, 3)) > 0.0
    chosen = (torch.rand(len(flow), generator=generator) < chance) & ~midline
    left, right = (intensity.sum(dim=(1, 2)) + 1e-3 * torch.rand(len(flow), 2, generator=generator)).unbind(1)
    moves_left = left > right  # the subject's left, the picture's right
    across = torch.linspace(-1, 1, flow.shape[-1]) / _SEAM
    moving = torch.sigmoid(torch.where(moves_left[:, None], across, -across))  # (B, W)
    moving = torch.where(chosen[:, None], moving, 1.0)
    still = chosen[:, None] & torch.stack([~moves_left, moves_left], dim=1)  # [left, right], as intensities are
    return flow * moving[:, None, None, None, :], intensity.masked_fill(still[:, None, None, :], 0.0)


def _gain(flow: Tensor, largest: float, generator: torch.Generator) -> Tensor:
    """(B, 1, 1, H, W): about 1, smooth over a quarter of the face, more often a loss than a gain."""
    sigma = largest * torch.rand(len(flow), 1, 1, 1, generator=generator)
    coarse = torch.randn(len(flow), 1, 5, 5, generator=generator) * sigma - sigma / 2
    smooth: Tensor = F.interpolate(coarse, size=flow.shape[-2:], mode="bicubic").exp()[:, None]
    return smooth


def _deformed(flow: Tensor, config: AugmentConfig, generator: torch.Generator) -> Tensor:
    """The motion in other places: each window's grid scaled, shifted and bent smoothly. Vectors keep their length."""
    batch, _, _, height, width = flow.shape
    cells = config.shift_px / PIXELS_PER_CELL
    scale = 1 + config.stretch * (2 * torch.rand(batch, 1, 1, 2, generator=generator) - 1)
    coarse = (2 * torch.rand(batch, 2, 4, 4, generator=generator) - 1) * (2 * cells / width)
    bend = F.interpolate(coarse, size=(height, width), mode="bicubic").permute(0, 2, 3, 1)
    grid = F.affine_grid(torch.eye(2, 3).expand(batch, 2, 3), [batch, 1, height, width], align_corners=False)
    moved = F.grid_sample(flow.flatten(1, 2), grid * scale + bend, padding_mode="border", align_corners=False)
    return moved.view_as(flow)


def _affine(flow: Tensor, largest_px: float, generator: torch.Generator) -> Tensor:
    """Smooth affine motion like ``flow`` (B, T, 2, H, W): offset, slope and two slow waves in time."""
    batch, frames, _, height, width = flow.shape
    time = torch.linspace(0, 1, frames)
    waves = [torch.ones(frames), time - 0.5]
    for k in (1, 2):
        waves += [torch.sin(2 * math.pi * k * time) / k, torch.cos(2 * math.pi * k * time) / k]
    sigma = largest_px * torch.rand(batch, 1, 1, 1, generator=generator).square()
    weights = torch.randn(batch, 2, 3, len(waves), generator=generator) * sigma / math.sqrt(len(waves))
    trajectory = weights @ torch.stack(waves)  # (B, 2, 3, T)
    x, y = torch.linspace(-1, 1, width), torch.linspace(-1, 1, height)
    one, by_x, by_y = trajectory.permute(2, 0, 3, 1)[..., None, None].unbind(0)  # each (B, T, 2, 1, 1)
    return (one + by_y * y[:, None]) + by_x * x[None, :]


def _smooth_noise(flow: Tensor, largest_px: float, generator: torch.Generator) -> Tensor:
    """Noise that is smooth in space, drawn on a 14 x 14 grid: one part a frame, one for the whole window."""
    batch, frames, _, height, width = flow.shape
    sigma = largest_px * torch.rand(batch, 1, 1, 1, 1, generator=generator).square()
    each = torch.randn(batch, frames, 2, 14, 14, generator=generator)
    always = torch.randn(batch, 1, 2, 14, 14, generator=generator)
    coarse = ((each + always) * sigma).flatten(0, 1)
    return F.interpolate(coarse, size=(height, width), mode="bilinear").view_as(flow)
