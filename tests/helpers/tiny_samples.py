"""Small seeded clips whose emotions can be told apart by their motion, for tests of systems and protocols.

Three emotions, five AUs; each AU moves its own patches of a 56 x 56 face up to about one pixel. Subjects differ in
texture and strength, never in what an emotion looks like: what is learned on some holds for the others.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from recognizer.clips import optical_strain
from recognizer.face.align import CROP
from recognizer.face.motion import GRID
from recognizer.samples import IMAGE, Sample
from recognizer.systems import Example, Task

TASK = Task(("happiness", "disgust", "surprise"), (1, 2, 4, 6, 12))

#: emotion -> (AU, how often it takes part)
_AUS: dict[str, tuple[tuple[int, float], ...]] = {
    "happiness": ((12, 1.0), (6, 0.6)),
    "disgust": ((4, 1.0), (6, 0.2)),
    "surprise": ((1, 1.0), (2, 0.7)),
}
#: AU -> (column and row on the image-left half of the grid, u towards the middle, v down)
_MOTIONS: dict[int, tuple[int, int, float, float]] = {
    1: (23, 14, 0.0, -1.2),
    2: (13, 14, 0.0, -1.2),
    4: (20, 15, 0.9, 0.9),
    6: (13, 31, 0.2, -0.9),
    12: (20, 42, -0.9, -0.9),
}
_PATCH = 3.5  # standard deviation of a moving patch, in cells


def _patch(column: float, row: float) -> NDArray[np.float64]:
    y, x = np.mgrid[:GRID, :GRID]
    return np.exp(-((x - column) ** 2 + (y - row) ** 2) / (2 * _PATCH**2))


def apex_flow(aus: frozenset[int]) -> NDArray[np.float64]:
    """(2, 56, 56): what ``aus`` move together, symmetric about the face's middle."""
    flow = np.zeros((2, GRID, GRID))
    for au in sorted(aus):
        column, row, inward, down = _MOTIONS[au]
        left, right = _patch(column, row), _patch(GRID - 1 - column, row)
        flow += np.stack([inward * (left - right), down * (left + right)])
    return flow


def _texture(rng: np.random.Generator) -> NDArray[np.float32]:
    noise = cv2.GaussianBlur(rng.normal(size=(CROP, CROP)).astype(np.float32), (0, 0), 2.0)
    return (127 + 15 * noise / noise.std()).clip(0, 255)


def _warped(texture: NDArray[np.float32], flow: NDArray[np.float64], furrows: float) -> NDArray[np.uint8]:
    """``texture`` moved by ``flow`` (N, 2, 56, 56), darkened where it moves -> (N, 112, 112)."""
    y, x = np.mgrid[:CROP, :CROP].astype(np.float32)
    frames = []
    for u, v in flow.astype(np.float32):
        large_u, large_v = (cv2.resize(part, (CROP, CROP), interpolation=cv2.INTER_LINEAR) for part in (u, v))
        moved = cv2.remap(texture, x - large_u, y - large_v, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
        frames.append(moved - furrows * np.hypot(large_u, large_v))
    return np.stack(frames).round().clip(0, 255).astype(np.uint8)


def tiny_sample(
    emotion: str,
    subject: int,
    rng: np.random.Generator,
    *,
    name: str = "clip",
    crops: bool = False,
    frames: int = 9,
    furrows: float = 0.0,
) -> Sample:
    """One clip of ``frames`` frames at 50 Hz, its apex in the middle; where the skin moves by a pixel, ``furrows``
    darkens it by as many gray levels."""
    aus = frozenset(au for au, share in _AUS[emotion] if rng.random() < share)
    person = np.random.default_rng([7, subject])
    strength = person.uniform(0.8, 1.3) * rng.uniform(0.8, 1.2)
    envelope = np.sin(np.linspace(0, np.pi, frames)) ** 2
    noise = rng.normal(scale=0.04, size=(frames, 2, GRID, GRID))
    noise[0] = 0.0
    flow = strength * envelope[:, None, None, None] * apex_flow(aus) + noise
    return Sample(
        clip=name,
        dataset="tiny",
        subject=f"s{subject:02d}",
        emotion=emotion,
        aus=aus,
        times_s=np.arange(frames) / 50.0,
        apex=frames // 2,
        flow=flow.astype(np.float16),
        crops=_warped(_texture(person), flow, furrows) if crops else None,
    )


def tiny_examples(
    count: int = 24,
    *,
    subjects: int = 6,
    first_subject: int = 0,
    seed: int = 0,
    crops: bool = False,
    furrows: float = 0.0,
) -> list[Example]:
    """``count`` clips of ``TASK``, classes in turn, spread over ``subjects`` people from ``first_subject`` on."""
    rng = np.random.default_rng([seed, first_subject])
    examples = []
    for i in range(count):
        label = i % len(TASK.classes)
        subject = first_subject + i // len(TASK.classes) % subjects
        name = f"clip{first_subject:02d}_{i:03d}"
        sample = tiny_sample(TASK.classes[label], subject, rng, name=name, crops=crops, furrows=furrows)
        assert sample.aus is not None
        examples.append(Example(sample, label, np.array([au in sample.aus for au in TASK.aus])))
    return examples


def onset_apex_image(sample: Sample) -> NDArray[np.float32]:
    """(3, 28, 28): u, v, strain at the apex, as sets that consist of such images give them."""
    import torch  # noqa: PLC0415 (only the tests of such sets need it)

    assert sample.flow is not None and sample.apex is not None
    flow = sample.flow[sample.apex].astype(np.float32)
    full = np.concatenate([flow, optical_strain(torch.from_numpy(flow)).numpy()[None]])
    return full.reshape(3, IMAGE, 2, IMAGE, 2).mean(axis=(2, 4))
