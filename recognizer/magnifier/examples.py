"""Training batches: pairs of frames with factors, drawn anew each time.

Most are warped stills: the skin is moved by a known field (AUs of ``recognizer.synthetic.warp``, or a few bumps
anywhere), so that the right answer for any factor follows from scaling that field. The others are rendered frames,
which move as the face model does, with its light and its teeth; they have no known field and count by the flow alone.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache

import numpy as np
import torch
import torch.nn.functional as nnf
from numpy.typing import NDArray
from torch import Tensor

from curves.values import DEFAULT_AUS, MIDLINE_AUS
from recognizer.face.align import CROP, canonical_face
from recognizer.face.motion import FlowMeter
from recognizer.magnifier.faces import FINE, Faces
from recognizer.magnifier.network import limited_alpha
from recognizer.magnifier.optical import inverse_displacement, pixel_grid, sample
from recognizer.synthetic.warp import displacement_field

_CELL = 2


@dataclass(frozen=True, slots=True)
class ExampleConfig:
    """``rendered``: share of the batch that are rendered frames; ``bumps``: share of the warped ones that move by bumps
    instead of AUs; ``strength``: magnified movement, as a part of full AU strength, log-uniform; ``shrink``: share of
    factors below 1; ``limited``: share of factors above 1 that are limited to a reach, drawn from ``reach_px``.
    ``noise``: grey levels of 255; ``gain``: change of exposure between the frames; ``shake_px``: what stabilising the
    head leaves; ``coarse``: share of pairs from a face smaller than the crop."""

    rendered: float = 0.25
    bumps: float = 0.3
    strength: tuple[float, float] = (0.15, 1.0)
    shrink: float = 0.35
    limited: float = 0.4
    reach_px: tuple[float, float] = (3.0, 10.0)
    noise: tuple[float, float] = (0.0, 1.0)
    gain: float = 0.001
    shake_px: float = 0.02
    coarse: float = 0.2


@dataclass(frozen=True, slots=True, eq=False)
class Examples:
    """n pairs. ``rest``, ``frame`` (n, 1, 112, 112) in [0, 1]; ``flow`` (n, 2, 56, 56) as measured, crop pixels;
    ``alpha`` (n, 1, 56, 56) at points of the rest frame; ``truth`` (m, 2, 56, 56): the right displacement of the first
    m pairs, the warped ones."""

    rest: Tensor
    frame: Tensor
    flow: Tensor
    alpha: Tensor
    truth: Tensor


@cache
def au_fields() -> Tensor:
    """(38, 2, 112, 112): displacement in crop pixels of each AU and side of the mean face at full strength."""
    fields = []
    for i, au in enumerate(DEFAULT_AUS):
        for side in (0, 1):
            amounts = np.zeros((len(DEFAULT_AUS), 2))
            amounts[i, [0, 1] if au in MIDLINE_AUS else [side]] = 1.0
            field = displacement_field(canonical_face()[:, :2], amounts, (CROP, CROP))
            fields.append(field * (0.5 if au in MIDLINE_AUS else 1.0))
    return torch.from_numpy(np.stack(fields)).permute(0, 3, 1, 2).contiguous()


def draw_examples(faces: Faces, rng: np.random.Generator, count: int, config: ExampleConfig) -> Examples:
    """``count`` pairs; the same generator state gives the same ones."""
    rendered = round(count * config.rendered)
    warped = count - rendered
    alpha = draw_alpha(rng, count, config)
    reach = _reaches(rng, count, warped, config)
    motion = _motions(rng, alpha[:warped], torch.isinf(reach[:warped]).numpy(), config)
    people = rng.integers(len(faces.seeds), size=count)
    still = _unit(faces.still[people[:warped]])
    rest = nnf.avg_pool2d(still, FINE)
    back = inverse_displacement(nnf.avg_pool2d(motion, _CELL) / _CELL)  # smooth: half the resolution will do
    fine = _CELL * FINE * nnf.interpolate(back, scale_factor=_CELL * FINE, mode="bilinear", align_corners=False)
    frame = nnf.avg_pool2d(sample(still, pixel_grid(fine) + fine, mode="bicubic"), FINE)
    if rendered:
        expression = rng.integers(faces.moved.shape[1], size=rendered)
        rest = torch.cat([rest, _unit(faces.rest[people[warped:]])])
        frame = torch.cat([frame, _unit(faces.moved[people[warped:], expression])])
    rest, frame, motion = _mirrored(rng, rest, frame, motion)
    rest, frame = _photographed(rng, rest, frame, config)
    flow = measured_flow(rest, frame)
    factors = limited_alpha(flow, alpha, reach)
    return Examples(rest, frame, flow, factors, true_field(motion, factors[:warped]))


def draw_alpha(rng: np.random.Generator, count: int, config: ExampleConfig) -> Tensor:
    """(count,): log2 uniform over [1/16, 1] or [1, 16] (paper 002, equation 4)."""
    octaves = rng.uniform(0.0, 4.0, count)
    return torch.from_numpy(np.exp2(np.where(rng.random(count) < config.shrink, -octaves, octaves))).float()


def true_field(motion: Tensor, alpha: Tensor) -> Tensor:
    """The right answer (n, 2, 56, 56), crop pixels, for points that move by ``motion`` (n, 2, 112, 112).

    A point p stands at p + motion(p) and shall stand at q = p + alpha(p) motion(p): the result at q comes from
    q + (1 - alpha(p)) motion(p). ``alpha`` (n, 1, 56, 56).
    """
    coarse = nnf.avg_pool2d(motion, _CELL) / _CELL
    back = inverse_displacement(alpha * coarse, rounds=24)
    return _CELL * sample((1.0 - alpha) * coarse, pixel_grid(coarse) + back)


def measured_flow(rest: Tensor, frame: Tensor) -> Tensor:
    """(n, 2, 56, 56) crop pixels: what the program measures between pictures (n, 1, 112, 112) in [0, 1]."""
    pairs = zip(_bytes(rest), _bytes(frame), strict=True)
    with ThreadPoolExecutor(1) as pool:
        flows = list(pool.map(lambda pair: FlowMeter(pair[0]).to(pair[1])[0], pairs))
    return torch.from_numpy(np.stack(flows)).float()


def _bytes(pictures: Tensor) -> NDArray[np.uint8]:
    return (pictures[:, 0] * 255.0).round().to(torch.uint8).numpy()


def _unit(pictures: NDArray[np.uint8]) -> Tensor:
    return torch.from_numpy(pictures.astype(np.float32) / 255.0)[:, None]


def _reaches(rng: np.random.Generator, count: int, warped: int, config: ExampleConfig) -> Tensor:
    """(count,) crop pixels; infinite where nothing is limited. Rendered frames are: some move by a whole smile."""
    reach = rng.uniform(*config.reach_px, count)
    free = rng.random(count) >= config.limited
    free[warped:] = False
    return torch.from_numpy(np.where(free, np.inf, reach)).float()


def _motions(rng: np.random.Generator, alpha: Tensor, free: NDArray[np.bool_], config: ExampleConfig) -> Tensor:
    """(count, 2, 112, 112) crop pixels between rest and frame.

    What factors above 1 make of it stays within full AU strength, which does not fold; limited ones may start there.
    """
    count = len(alpha)
    low, high = config.strength
    strength = np.exp(rng.uniform(np.log(low), np.log(high), count))
    shown = np.where(free, strength / np.maximum(alpha.numpy(), 1.0), strength)
    full = torch.stack([_bumps(rng) if rng.random() < config.bumps else _expression(rng) for _ in range(count)])
    shake = rng.normal(0.0, config.shake_px, (count, 2, 3)) / np.maximum(alpha.numpy(), 1.0)[:, None, None] ** 0.5
    return full * torch.from_numpy(shown).float().view(-1, 1, 1, 1) + _affine(shake)


def _affine(coefficients: NDArray[np.floating]) -> Tensor:
    """(n, 2, 112, 112) fields a + b x + c y, x and y from -1 to 1."""
    axis = torch.linspace(-1.0, 1.0, CROP)
    y, x = torch.meshgrid(axis, axis, indexing="ij")
    basis = torch.stack([torch.ones_like(x), x, y])
    return torch.einsum("nkc,chw->nkhw", torch.from_numpy(coefficients).float(), basis)


def _expression(rng: np.random.Generator) -> Tensor:
    """One to three AUs near full strength, on a face that is not quite the mean one."""
    weights = np.zeros((len(DEFAULT_AUS), 2), np.float32)
    for i in rng.choice(len(DEFAULT_AUS), int(rng.integers(1, 4)), replace=False):
        sides = [0, 1] if DEFAULT_AUS[i] in MIDLINE_AUS or rng.random() < 0.6 else [int(rng.integers(2))]
        weights[i, sides] = rng.uniform(0.5, 1.0)
    field = torch.einsum("f,fchw->chw", torch.from_numpy(weights.ravel()), au_fields())
    off = _affine(rng.normal(0.0, [2.5, 2.0, 2.0], (1, 2, 3)))
    return sample(field[None], pixel_grid(field) + off)[0]


def _bumps(rng: np.random.Generator) -> Tensor:
    """One to four Gaussians anywhere on the face, each no steeper than folds allow."""
    grid = pixel_grid(torch.empty(CROP, CROP))[0]
    field = torch.zeros(2, CROP, CROP)
    number = int(rng.integers(1, 5))
    for _ in range(number):
        centre, width = rng.uniform(15.0, CROP - 15.0, 2), rng.uniform(5.0, 18.0)
        peak = min(8.0, 0.8 * width) * rng.uniform(0.3, 1.0) / number**0.5
        angle = rng.uniform(0.0, 2.0 * np.pi)
        away = (grid[0] - centre[0]) ** 2 + (grid[1] - centre[1]) ** 2
        bell = torch.exp(-away / (2.0 * width**2))
        field += torch.stack([bell * (peak * np.cos(angle)), bell * (peak * np.sin(angle))])
    return field


def _mirrored(rng: np.random.Generator, rest: Tensor, frame: Tensor, motion: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """All of one batch mirrored, or none: AUs and bumps are drawn alike for both sides."""
    if rng.random() < 0.5:
        return rest, frame, motion
    motion = motion.flip(-1) * torch.tensor([-1.0, 1.0]).view(1, 2, 1, 1)
    return rest.flip(-1), frame.flip(-1), motion


def _photographed(
    rng: np.random.Generator, rest: Tensor, frame: Tensor, config: ExampleConfig
) -> tuple[Tensor, Tensor]:
    """Both as a camera sees them: contrast of the scene, exposure that differs, a small face, noise, eight bits."""
    count = len(rest)
    contrast, light = rng.uniform(0.6, 1.15, count), rng.uniform(-0.1, 0.15, count)
    noise = rng.uniform(*config.noise, count) / 255.0
    small = rng.random(count) < config.coarse
    parts = rng.uniform(0.5, 0.9, count)
    result = []
    for number, picture in enumerate((rest, frame)):
        gain = contrast * (1.0 + (rng.normal(0.0, config.gain, count) if number else 0.0))
        lit = picture * _column(gain) + _column(light)
        lit = torch.stack([_coarse(one, parts[i]) if small[i] else one for i, one in enumerate(lit)])
        grain = torch.from_numpy(rng.standard_normal(lit.shape, dtype=np.float32))
        lit = (lit + grain * _column(noise)).clamp(0.0, 1.0)
        result.append((lit * 255.0).round() / 255.0)
    return result[0], result[1]


def _column(values: NDArray[np.floating]) -> Tensor:
    return torch.from_numpy(np.asarray(values, np.float32)).view(-1, 1, 1, 1)


def _coarse(picture: Tensor, part: float) -> Tensor:
    side = round(CROP * part)
    low = nnf.interpolate(picture[None], size=(side, side), mode="area")
    return nnf.interpolate(low, size=(CROP, CROP), mode="bicubic", align_corners=False)[0]


def pictures(crops: Sequence[NDArray[np.uint8]] | NDArray[np.uint8]) -> Tensor:
    """(n, 1, 112, 112) in [0, 1] of grey crops (112, 112)."""
    return _unit(np.stack(list(crops)))
