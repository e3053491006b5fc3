"""Warping and optical flow that gradients pass through.

Flow fields are (B, 2, H, W): displacement (right, down) in pixels of their own grid, of each point of the first
picture to the second.
"""

from functools import cache

import torch
import torch.nn.functional as nnf
from torch import Tensor

LEVELS, ROUNDS = 3, 3
_WINDOW = 1.5  # standard deviation (grid pixels) of the neighbourhood that moves together
_RIDGE = 0.02  # of the structure tensor, for pictures of unit contrast: bare skin stays where its surroundings put it
_MOST_A_ROUND = 1.5  # grid pixels


def pixel_grid(like: Tensor) -> Tensor:
    """(1, 2, H, W): x and y of each pixel of ``like`` (..., H, W)."""
    height, width = like.shape[-2:]
    ys, xs = torch.meshgrid(
        torch.arange(height, dtype=like.dtype, device=like.device),
        torch.arange(width, dtype=like.dtype, device=like.device),
        indexing="ij",
    )
    return torch.stack([xs, ys])[None]


def sample(picture: Tensor, at: Tensor, *, mode: str = "bilinear") -> Tensor:
    """``picture`` (B, C, H, W) at pixel positions ``at`` (B, 2, h, w); its rim continues beyond it."""
    height, width = picture.shape[-2:]
    scale = torch.tensor([2.0 / (width - 1), 2.0 / (height - 1)], dtype=at.dtype, device=at.device)
    grid = at.permute(0, 2, 3, 1) * scale - 1.0
    return nnf.grid_sample(picture, grid, mode=mode, padding_mode="border", align_corners=True)


def warp(picture: Tensor, flow: Tensor, *, mode: str = "bilinear") -> Tensor:
    """Backward warping: result(q) = picture(q + flow(q)), both on one grid."""
    return sample(picture, pixel_grid(flow) + flow, mode=mode)


def inverse_displacement(field: Tensor, rounds: int = 12) -> Tensor:
    """b with b(q) = -field(q + b(q)): where what arrives at q came from, by damped fixed-point iteration.

    Exact where ``field`` (B, 2, H, W) does not fold; where it does, some point that comes near.
    """
    grid = pixel_grid(field)
    back = -field
    for number in range(rounds):
        back = torch.lerp(back, -sample(field, grid + back), 1.0 if number < rounds // 2 else 0.7)
    return back


@cache
def _gaussian(sigma: float) -> Tensor:
    radius = max(1, round(2.5 * sigma))
    x = torch.arange(-radius, radius + 1, dtype=torch.float32)
    bell = torch.exp(-0.5 * (x / sigma) ** 2)
    return bell / bell.sum()


def blur(field: Tensor, sigma: float) -> Tensor:
    """Gaussian blur of (B, C, H, W), the rim continued."""
    bell = _gaussian(sigma).to(field)
    radius, channels = len(bell) // 2, field.shape[1]
    across = nnf.pad(field, (radius, radius, radius, radius), mode="replicate")
    across = nnf.conv2d(across, bell.view(1, 1, 1, -1).expand(channels, 1, 1, -1), groups=channels)
    return nnf.conv2d(across, bell.view(1, 1, -1, 1).expand(channels, 1, -1, 1), groups=channels)


def _slopes(picture: Tensor) -> tuple[Tensor, Tensor]:
    padded = nnf.pad(picture, (1, 1, 1, 1), mode="replicate")
    return (padded[..., 1:-1, 2:] - padded[..., 1:-1, :-2]) / 2, (padded[..., 2:, 1:-1] - padded[..., :-2, 1:-1]) / 2


def standardised(picture: Tensor, like: Tensor) -> Tensor:
    """``picture`` (B, 1, H, W) by mean and contrast of ``like``: light and skin set aside."""
    mean = like.mean(dim=(1, 2, 3), keepdim=True)
    contrast = like.std(dim=(1, 2, 3), keepdim=True) + 0.02
    return (picture - mean) / contrast


def lucas_kanade(first: Tensor, second: Tensor) -> Tensor:
    """Dense flow from ``first`` to ``second`` (B, 1, H, W) in [0, 1]: Lucas & Kanade (1981), coarse to fine.

    The frozen flow F of paper 002, equations 1 to 3, where the paper has RAFT: no weights, and differentiable in
    ``second``. The slopes are those of ``first``, so that each round is one product with what is left over.
    """
    pyramid = [(standardised(first, first), standardised(second, first))]
    for _ in range(LEVELS - 1):
        a, b = pyramid[-1]
        pyramid.append((nnf.avg_pool2d(a, 2), nnf.avg_pool2d(b, 2)))
    coarsest = pyramid[-1][0]
    flow = torch.zeros(coarsest.shape[0], 2, *coarsest.shape[-2:], dtype=first.dtype, device=first.device)
    for a, b in reversed(pyramid):
        if flow.shape[-2:] != a.shape[-2:]:
            flow = 2.0 * nnf.interpolate(flow, size=a.shape[-2:], mode="bilinear", align_corners=False)
        flow = _refined(a, b, flow)
    return flow


def _refined(first: Tensor, second: Tensor, flow: Tensor) -> Tensor:
    right, down = _slopes(first)
    xx, xy, yy = blur(torch.cat([right * right, right * down, down * down], 1), _WINDOW).chunk(3, 1)
    xx, yy = xx + _RIDGE, yy + _RIDGE
    determinant = xx * yy - xy * xy
    for _ in range(ROUNDS):
        left = warp(second, flow) - first
        bx, by = blur(torch.cat([right * left, down * left], 1), _WINDOW).chunk(2, 1)
        step = torch.cat([yy * bx - xy * by, xx * by - xy * bx], 1) / determinant
        flow = flow - step.clamp(-_MOST_A_ROUND, _MOST_A_ROUND)
    return flow
