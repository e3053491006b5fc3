"""What the magnifier is tested with: textures, faces and recipes of seconds, networks with random weights."""

from pathlib import Path

import cv2
import numpy as np
import torch

from recognizer.face.align import CROP
from recognizer.magnifier.faces import Faces
from recognizer.magnifier.network import Magnifier, MagnifierConfig
from recognizer.magnifier.optical import pixel_grid
from recognizer.magnifier.training import (
    MagnifierRecipe,
)

SMALL = MagnifierConfig(width=4, stages=3, embedding=8)
RECIPES = Path(__file__).parents[2] / "recognizer" / "recipes"


def texture(side: int, seed: int, sigma: float = 2.0) -> np.ndarray:
    """(side, side) uint8 of smooth noise: something for flow to hold on to."""
    noise = np.random.default_rng(seed).normal(0.0, 1.0, (side, side)).astype(np.float32)
    smooth = cv2.GaussianBlur(noise, (0, 0), sigma)
    return np.clip(128 + 40 * smooth / smooth.std(), 0, 255).astype(np.uint8)


def fake_faces(people: int = 4, expressions: int = 2) -> Faces:
    still = np.stack([texture(2 * CROP, seed, 3.0) for seed in range(people)])
    rest = np.stack([cv2.resize(one, (CROP, CROP), interpolation=cv2.INTER_AREA) for one in still])
    moved_ = np.stack([np.stack([np.roll(one, k, 1) for k in range(expressions)]) for one in rest])
    return Faces(still, rest, moved_, np.arange(people))


def tiny_recipe(steps: int = 2) -> MagnifierRecipe:
    return MagnifierRecipe(
        people=4,
        held_out=1,
        steps=steps,
        batch_size=4,
        validate_every=1,
        validation_examples=2,
        warmup=1,
        network=SMALL,
    )


def bump(side: int, peak: tuple[float, float], width: float) -> torch.Tensor:
    """(1, 2, side, side): one Gaussian in the middle."""
    grid = pixel_grid(torch.empty(side, side))[0]
    bell = torch.exp(-((grid - (side - 1) / 2) ** 2).sum(0) / (2 * width**2))
    return torch.stack([bell * peak[0], bell * peak[1]])[None]


def random_inputs(count: int = 2) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    frames = torch.rand(2 * count, 1, CROP, CROP, generator=generator)
    return frames[:count], frames[count:], torch.randn(count, 2, 56, 56, generator=generator) * 0.3


def stirred(config: MagnifierConfig = SMALL) -> Magnifier:
    """A magnifier whose last layer is not zero, as one that has learned."""
    torch.manual_seed(1)
    net = Magnifier(config)
    torch.nn.init.normal_(net.unet.out.weight, std=0.1)
    return net
