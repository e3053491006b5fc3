"""LBP-TOP: local binary patterns on three orthogonal planes (Zhao & Pietikaeinen, TPAMI 2007), and a linear classifier.

Each point of the face's volume (time, height, width) is compared with neighbours on an ellipse in the planes XY, XT
and YT. The bits give a code; codes with at most two changes around the ellipse are "uniform" and have bins of their
own, the others share one. Histograms of blocks of the face, one for each plane, are the features.
"""

from dataclasses import dataclass
from functools import cache, partial

import numpy as np
from numpy.typing import NDArray

from recognizer.samples import Sample
from recognizer.systems import Need, System
from recognizer.systems.linear import classical

_SAME = 1e-3  # gray levels; interpolation of equal values errs by less
#: (first axis, second axis) of the planes in a volume (T, H, W): neighbours start along the first, turn to the second.
PLANES: tuple[tuple[int, int], ...] = ((2, 1), (2, 0), (1, 0))


@dataclass(frozen=True, slots=True)
class LbpTopSettings:
    """``frames``: to which a clip is brought by linear interpolation. ``blocks``: along each side of the face.
    ``radius_x``, ``radius_y`` in pixels, ``radius_t`` in frames; ``neighbours``: on each ellipse."""

    frames: int = 16
    blocks: int = 5
    radius_x: int = 1
    radius_y: int = 1
    radius_t: int = 2
    neighbours: int = 8

    def __post_init__(self) -> None:
        if min(self.radius_x, self.radius_y, self.radius_t, self.blocks, self.neighbours) < 1:
            raise ValueError("lbp_top: expected radii, blocks and neighbours of at least 1")
        if self.frames <= 2 * self.radius_t or self.neighbours > 16:
            raise ValueError("lbp_top: expected frames > 2 radius_t and at most 16 neighbours")


@cache
def uniform_bins(neighbours: int) -> NDArray[np.intp]:
    """(2 ** P,): bin of each code: uniform codes in rising order have their own, all others the last one (58 for
    P = 8, so 59 bins)."""
    codes = np.arange(2**neighbours)
    turned = (codes >> 1) | ((codes & 1) << (neighbours - 1))
    changes = np.array([int(value).bit_count() for value in codes ^ turned])
    uniform = changes <= 2
    bins = np.where(uniform, np.cumsum(uniform) - 1, uniform.sum())
    bins.flags.writeable = False
    return bins.astype(np.intp)


def lbp_codes(
    volume: NDArray[np.floating],
    axes: tuple[int, int],
    radii: tuple[int, int],
    margin: tuple[int, int, int],
    count: int,
) -> NDArray[np.intp]:
    """Codes of all points of a volume (T, H, W) that lie at least ``margin`` inside: bit p is set where neighbour p is
    at least as bright. Neighbour p lies at ``radii[0] cos(2 pi p / count)`` along ``axes[0]`` and
    ``radii[1] sin(...)`` along ``axes[1]``, read by bilinear interpolation in the plane.
    """
    centre = _shifted(volume, margin, {})
    codes = np.zeros(centre.shape, np.intp)
    for p in range(count):
        angle = 2 * np.pi * p / count
        along = np.round((radii[0] * np.cos(angle), radii[1] * np.sin(angle)), 9)
        low = np.floor(along).astype(int)
        part = along - low
        value = np.zeros(centre.shape, np.float32)
        for a, b in ((0, 0), (0, 1), (1, 0), (1, 1)):
            share = np.float32((part[0] if a else 1 - part[0]) * (part[1] if b else 1 - part[1]))
            if share > 0:
                value += share * _shifted(volume, margin, {axes[0]: int(low[0]) + a, axes[1]: int(low[1]) + b})
        codes |= (value >= centre - _SAME).astype(np.intp) << p
    return codes


def _shifted(volume: NDArray[np.floating], margin: tuple[int, int, int], by: dict[int, int]) -> NDArray[np.floating]:
    """The volume without its margin, read ``by`` points further along each axis."""
    slices = tuple(
        slice(edge + by.get(axis, 0), volume.shape[axis] - edge + by.get(axis, 0)) for axis, edge in enumerate(margin)
    )
    return volume[slices]


def block_histograms(codes: NDArray[np.intp], blocks: int, bins: int) -> NDArray[np.float32]:
    """(blocks ** 2, bins) of codes (T, H, W): shares of each bin in each block of the face over all time, rows that
    sum to 1."""
    _, height, width = codes.shape
    row, column = (np.arange(size) * blocks // size for size in (height, width))
    block = row[:, None] * blocks + column[None, :]
    counts = np.bincount((block * bins + codes).ravel(), minlength=blocks**2 * bins).reshape(blocks**2, bins)
    return (counts / counts.sum(axis=1, keepdims=True)).astype(np.float32)


def normalise_time(crops: NDArray[np.uint8], frames: int) -> NDArray[np.float32]:
    """(frames, H, W): the clip (N, H, W) at equally spaced frames by linear interpolation, as TIM."""
    place = np.linspace(0.0, len(crops) - 1.0, frames)
    below = np.minimum(place.astype(int), max(len(crops) - 2, 0))
    above = np.minimum(below + 1, len(crops) - 1)
    share = (place - below).astype(np.float32)[:, None, None]
    volume: NDArray[np.float32] = crops[below] * (1 - share) + crops[above] * share
    return volume


def histograms(volume: NDArray[np.float32], settings: LbpTopSettings) -> NDArray[np.float32]:
    """(3, blocks ** 2, bins): of XY, XT and YT."""
    radius = (settings.radius_t, settings.radius_y, settings.radius_x)
    mapping = uniform_bins(settings.neighbours)
    planes = []
    for axes in PLANES:
        codes = lbp_codes(volume, axes, (radius[axes[0]], radius[axes[1]]), radius, settings.neighbours)
        planes.append(block_histograms(mapping[codes], settings.blocks, int(mapping.max()) + 1))
    return np.stack(planes)


def lbp_top_features(sample: Sample, settings: LbpTopSettings) -> NDArray[np.float32]:
    """(3 blocks^2 bins,): square roots of the histograms, so that rare patterns count (Hellinger). Reads ``crops``."""
    if sample.crops is None:
        raise ValueError("lbp_top: expected a sample with crops")
    features: NDArray[np.float32] = np.sqrt(histograms(normalise_time(sample.crops, settings.frames), settings)).ravel()
    return features


def lbp_top(settings: LbpTopSettings = LbpTopSettings()) -> System:
    """The system with settings of one's own."""
    return classical(
        "lbp_top",
        "LBP-TOP, 5 x 5 blocks, uniform patterns, linear classifier (Zhao & Pietikaeinen 2007)",
        Need.CROPS,
        partial(lbp_top_features, settings=settings),
        standardise=False,
    )


SYSTEMS: dict[str, System] = {"lbp_top": lbp_top()}
