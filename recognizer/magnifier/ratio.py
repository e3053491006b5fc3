"""Does a magnified clip move as much more as was asked? The motion magnification ratio on people never trained on."""

import csv
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from curves.values import DEFAULT_AUS
from recognizer.magnifier.examples import measured_flow, pictures
from recognizer.magnifier.faces import FaceStudio, draw_strengths
from recognizer.magnifier.network import Magnifier, limited_alpha, moved
from recognizer.mmr import mmr

Image = NDArray[np.uint8]

#: Factors of the table. Those below 1 are measured on plain expressions, the others on micro-expressions.
TABLE_ALPHAS = (0.125, 0.25, 0.5, 2.0, 3.0, 5.0, 7.0, 10.0, 16.0)
#: Grey levels of 255 of noise in the crop: none, and what an ordinary camera leaves of its own.
TABLE_NOISES = (0.0, 1.0)
#: Peak strengths of the AUs in the table's clips: micro-expressions (factors above 1), plain ones (below).
TABLE_MICRO, TABLE_MACRO = (0.06, 0.2), (0.3, 0.7)
_COURSE = (1 / 3, 2 / 3, 1.0)  # of the peak, in the frames after rest


@torch.no_grad()
def magnify_crops(net: Magnifier, crops: Image, alpha: float, *, reach_px: float = float("inf")) -> Image:
    """Aligned crops (n, 112, 112), the first at rest, with their motion times ``alpha``; a new array."""
    frames = pictures(crops)
    rest = frames[:1].expand_as(frames)
    flow = measured_flow(rest, frames)
    flow[0] = 0.0
    count = len(frames)
    factors = limited_alpha(flow, torch.full((count,), float(alpha)), torch.full((count,), reach_px))
    result = moved(frames, net(rest, frames, flow, factors), mode="bicubic")
    return (result[:, 0].clamp(0.0, 1.0) * 255.0).round().to(torch.uint8).numpy()


@dataclass(frozen=True, slots=True)
class RatioRow:
    """MMR over ``n`` people at one factor: ``mean`` and ``sd`` of what was measured; ``within_20``: share of clips
    within 20 % of ``alpha``; ``truth``: mean of the same measure on frames rendered with that much movement, which says
    what the measure itself makes of a perfect answer; ``noise`` in grey levels of 255."""

    alpha: float
    noise: float
    mean: float
    sd: float
    n: int
    within_20: float
    truth: float


@dataclass(frozen=True, slots=True, eq=False)
class UnseenPerson:
    """``micro`` and ``macro`` (4, 112, 112): rest, then a rising expression; ``truth`` (len(TABLE_ALPHAS), 4, 112,
    112): what it is with the movement of each factor."""

    micro: Image
    macro: Image
    truth: Image


def render_test(
    facekit: Path, seeds: range, progress: Callable[[int, int], None] = lambda _done, _total: None
) -> list[UnseenPerson]:
    """The people of ``seeds``; those whose face is not found are left out."""
    people = []
    rest = np.zeros((1, len(DEFAULT_AUS), 2))
    with FaceStudio(facekit) as studio:
        for number, seed in enumerate(seeds):
            rng = np.random.default_rng([seed, 9])
            courses = {
                small: np.multiply.outer(_COURSE, draw_strengths(rng, *(TABLE_MICRO if small else TABLE_MACRO)))
                for small in (True, False)
            }
            asked = [courses[alpha > 1.0] * alpha for alpha in TABLE_ALPHAS]
            person = studio.person(seed, np.concatenate([rest, courses[True], courses[False], *asked]))
            if person is not None:
                first, *parts = np.split(person.frames, np.arange(1, len(person.frames), len(_COURSE)))
                clips = [np.concatenate([first, part]) for part in parts]
                people.append(UnseenPerson(clips[0], clips[1], np.stack(clips[2:])))
            progress(number + 1, len(seeds))
    return people


def ratio_table(net: Magnifier, people: Sequence[UnseenPerson], seed: int = 0) -> list[RatioRow]:
    """One row a factor and noise, in the order of TABLE_NOISES and TABLE_ALPHAS."""
    rows = []
    for noise in TABLE_NOISES:
        for number, alpha in enumerate(TABLE_ALPHAS):
            rng = np.random.default_rng([seed, number])
            measured, truth = [], []
            for person in people:
                real = _noisy(person.micro if alpha > 1.0 else person.macro, noise, rng)
                measured.append(mmr(real, magnify_crops(net, real, alpha)))
                truth.append(mmr(real, _noisy(person.truth[number], noise, rng)))
            rows.append(_row(alpha, noise, np.array(measured), float(np.mean(truth))))
    return rows


def _row(alpha: float, noise: float, measured: NDArray[np.float64], truth: float) -> RatioRow:
    within = float((np.abs(measured / alpha - 1.0) <= 0.2).mean())
    sd = float(measured.std(ddof=1)) if len(measured) > 1 else 0.0
    values = (float(measured.mean()), sd)
    return RatioRow(
        alpha, noise, round(values[0], 4), round(values[1], 4), len(measured), round(within, 3), round(truth, 4)
    )


def _noisy(clip: Image, noise: float, rng: np.random.Generator) -> Image:
    if noise == 0.0:
        return clip
    grain = rng.normal(0.0, noise, clip.shape)
    return np.clip(clip + grain + 0.5, 0.0, 255.0).astype(np.uint8)


def write_table(rows: Iterable[RatioRow], path: Path) -> None:
    """CSV, a row a factor and noise."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, [field.name for field in fields(RatioRow)], lineterminator="\n")
        writer.writeheader()
        writer.writerows(asdict(row) for row in rows)
