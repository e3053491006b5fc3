"""Main directional maximal difference (MDMD; Wang, Wu, Qian, Li & Fu, Neurocomputing 230, 2017).

From frame i - k, the face at i is compared with the face at i + k: a micro-expression has moved at i and is back at
i + k, what sets in and stays has not come back.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recognizer.clips import ClipRecord
from recognizer.face.align import face_mask
from recognizer.face.motion import GRID
from recognizer.inference import MotionRun
from recognizer.spotters import FittedSpotter
from recognizer.spotters.picking import PeakSpotter, Trace, choose_limits, half_length
from recognizer.spotters.regions import at_times, even_times

BLOCKS = 6  # along each side, as in the paper
_DIRECTIONS = 4
_INNER = slice(1, 55)  # 54 of the grid's 56 points: 9 a block
_SHARE = 1 / 3  # of the blocks, those that differ most count
_MOST_HZ = 50.0
_CHUNK = 64


@dataclass(frozen=True, slots=True)
class MdmdScorer:
    """A ``FrameScorer``; ``half_s``: the paper's k, half the mean length of an event."""

    half_s: float

    def trace(self, run: MotionRun) -> Trace:
        times = even_times(run.times_s, _MOST_HZ)
        if len(times) < 3:
            return Trace(times, np.zeros(len(times)))
        step = float(times[1] - times[0])
        k = max(1, round(self.half_s / step))
        score = np.empty(len(times))
        for first in range(0, len(times), _CHUNK):
            wanted = times[0] + step * np.arange(first - k, min(first + _CHUNK, len(times)) + k)
            flow = at_times(run.times_s, run.flow, wanted)  # before and after the run: its ends
            head, current, tail = flow[: -2 * k], flow[k:-k], flow[2 * k :]
            difference = main_difference(current - head, tail - head)
            most = np.sort(difference, axis=1)[:, -max(1, round(_SHARE * difference.shape[1])) :]
            score[first : first + _CHUNK] = most.mean(axis=1)
        padded = np.pad(score, k, mode="edge")
        relative = score - (padded[: -2 * k] + padded[2 * k :]) / 2
        return Trace(times, np.maximum(relative, 0.0))


def main_difference(current: NDArray[np.floating], tail: NDArray[np.floating]) -> NDArray[np.float64]:
    """(n, 36): how much further each block has moved at the current frame than at the tail, in crop pixels.

    ``current``, ``tail`` (n, 2, 56, 56): flow from the head frame. A block's main direction is that of right, down,
    left, up (45 degrees to either side) into which most of its current vectors point; what those vectors have of it is
    compared, and their mean taken. Points off the face do not move.
    """
    now = _blocks(current)
    main, mean = _main_mean(now, now - _blocks(tail))
    axis, sign = main % 2, np.where(main < 2, 1.0, -1.0)
    along: NDArray[np.float64] = sign * np.where(axis == 0, mean[:, 0], mean[:, 1])
    return along


def main_motion(flow: NDArray[np.floating]) -> NDArray[np.float64]:
    """(n, 2, 36): mean (right, down) of those vectors of each block of flow (n, 2, 56, 56) that point into its main
    direction."""
    now = _blocks(flow)
    return _main_mean(now, now)[1]


def _main_mean(now: NDArray[np.floating], values: NDArray[np.floating]) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """The main direction (n, 36) of vectors ``now`` (n, 2, 36, 81): 0 right, 1 down, 2 left, 3 up; and the mean
    (n, 2, 36) of ``values`` (n, 2, 36, 81) where ``now`` points there."""
    u, v = now[:, 0], now[:, 1]
    direction = np.where(np.abs(u) >= np.abs(v), np.where(u >= 0, 0, 2), np.where(v >= 0, 1, 3))
    votes = np.stack([(direction == way).sum(axis=-1) for way in range(_DIRECTIONS)], axis=-1)
    main = votes.argmax(axis=-1)
    chosen = (direction == main[..., None])[:, None]
    return main, (values * chosen).sum(axis=-1, dtype=np.float64) / chosen.sum(axis=-1)


def _blocks(flow: NDArray[np.floating]) -> NDArray[np.floating]:
    """(n, 2, 36, 81): the vectors of each block of flow (n, 2, 56, 56), off the face 0."""
    masked = flow[:, :, _INNER, _INNER] * face_mask(GRID)[_INNER, _INNER]
    cell = masked.shape[-1] // BLOCKS
    parts = masked.reshape(len(flow), 2, BLOCKS, cell, BLOCKS, cell)
    return parts.transpose(0, 1, 2, 4, 3, 5).reshape(len(flow), 2, BLOCKS**2, cell**2)


@dataclass(frozen=True, slots=True)
class Mdmd:
    """See the module; k from the training part, the limits from the validation part."""

    description: str = "MDMD: main directional maximal difference over 6 x 6 blocks, moving limit (Wang et al. 2017)"
    names_aus: bool = False

    def fit(self, train: Sequence[ClipRecord], validation: Sequence[ClipRecord], *, seed: int = 0) -> FittedSpotter:  # noqa: ARG002
        scorer = MdmdScorer(half_length(train))
        limits, f1 = choose_limits(scorer, validation, scorer.half_s)
        return PeakSpotter(scorer, limits, {"validation_f1": f1})
