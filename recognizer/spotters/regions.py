"""Regional means of a motion stream on an even time grid: what spotters without a network read."""

from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from recognizer.face.align import CROP, face_mask
from recognizer.face.motion import GRID

_CHUNK = 256  # frames turned to float32 at a time
_ON_FACE = 0.6  # share of a cell that must lie on the face


@cache
def face_cells(side: int) -> NDArray[np.intp]:
    """Numbers (r,) of those cells of a ``side`` x ``side`` grid that lie on the face, row by row."""
    small = cv2.resize(face_mask(GRID), (side, side), interpolation=cv2.INTER_AREA)
    return np.flatnonzero(small.ravel() > _ON_FACE)


def cell_centres(side: int) -> NDArray[np.float64]:
    """(r, 2): x and y, in crop pixels, of the middles of ``face_cells``."""
    axis = (np.arange(side) + 0.5) * CROP / side - 0.5
    return np.stack(np.meshgrid(axis, axis, indexing="xy"), axis=-1).reshape(-1, 2)[face_cells(side)]


def regional_flow(flow: NDArray[np.floating], side: int) -> NDArray[np.float32]:
    """(N, 2, r): mean displacement, in crop pixels, of each of ``face_cells``, of flow (N, 2, 56, 56)."""
    cell = GRID // side
    if cell * side != GRID:
        raise ValueError(f"regional_flow side: expected a divisor of {GRID}, got {side}")
    chosen = face_cells(side)
    result = np.empty((len(flow), 2, len(chosen)), np.float32)
    for i in range(0, len(flow), _CHUNK):
        part = np.asarray(flow[i : i + _CHUNK], np.float32).reshape(-1, 2, side, cell, side, cell)
        result[i : i + _CHUNK] = part.mean(axis=(3, 5)).reshape(len(part), 2, -1)[..., chosen]
    return result


def even_times(times_s: NDArray[np.float64], most_hz: float) -> NDArray[np.float64]:
    """(M,): the times of an even grid over a run, as dense as its frames, but of at most ``most_hz``."""
    if len(times_s) < 2:
        return times_s.copy()
    step = max(float(np.round(np.median(np.diff(times_s)), 6)), 1.0 / most_hz)
    count = int((times_s[-1] - times_s[0]) / step + 1e-6) + 1
    grid: NDArray[np.float64] = times_s[0] + step * np.arange(count)
    return grid


def at_times(
    times_s: NDArray[np.float64], values: NDArray[np.floating], wanted_s: NDArray[np.float64]
) -> NDArray[np.float32]:
    """``values`` (N, ...) interpolated in time at ``wanted_s`` (M,); before and after the run its ends."""
    place = np.interp(wanted_s, times_s, np.arange(len(times_s), dtype=np.float64))
    below = np.clip(place.astype(np.intp), 0, max(len(times_s) - 2, 0))
    above = np.minimum(below + 1, len(times_s) - 1)
    share = (place - below).astype(np.float32).reshape(-1, *(1,) * (values.ndim - 1))
    result: NDArray[np.float32] = values[below] * (1 - share) + values[above] * share
    return result
