"""Maps of the face in coarse cells: parts of it, chosen by a map or at random."""

import numpy as np
from numpy.typing import NDArray

from recognizer.face.align import face_mask
from recognizer.face.motion import GRID

#: Cells of a map, a side: 8 crop pixels, a fifth of the eye distance.
CELLS = 14
#: Points of the flow grid in a cell, a side.
STEP = GRID // CELLS
_ON_FACE = 0.5  # of a cell's mean face mask: a cell counts as face from here on


def pooled(grid: NDArray[np.floating]) -> NDArray[np.float64]:
    """(56, 56) -> (14, 14): means."""
    return grid.reshape(CELLS, STEP, CELLS, STEP).mean(axis=(1, 3)).astype(np.float64)


def face_cells() -> NDArray[np.bool_]:
    """(14, 14): the cells that lie on the face."""
    return pooled(face_mask(GRID)) >= _ON_FACE


def spread(cells: NDArray[np.bool_]) -> NDArray[np.float64]:
    """(56, 56) in [0, 1]: the chosen cells (14, 14), smoothly fading over their borders; all of them are 1 everywhere.

    A hard border would be a movement of its own: strain.
    """
    at = np.clip((np.arange(GRID) + 0.5) / STEP - 0.5, 0.0, CELLS - 1)
    away = np.minimum(np.abs(at[:, None] - np.arange(CELLS)[None]), 1.0)
    bumps = 0.5 + 0.5 * np.cos(np.pi * away)
    return bumps @ cells.astype(np.float64) @ bumps.T


def highest(values: NDArray[np.floating], face: NDArray[np.bool_], part: float) -> NDArray[np.bool_]:
    """(14, 14): the ``part`` of the face's cells with the highest ``values`` (14, 14)."""
    count = max(1, round(part * int(face.sum())))
    order = np.argsort(-np.where(face, values, -np.inf).ravel(), kind="stable")
    chosen = np.zeros(values.size, np.bool_)
    chosen[order[:count]] = True
    return chosen.reshape(values.shape)


def random_patches(face: NDArray[np.bool_], part: float, draws: int, seed: int) -> list[NDArray[np.bool_]]:
    """Random parts of the face of the same size, connected like a map's: the heights of smoothed noise."""
    rng = np.random.default_rng(seed)
    axis = np.arange(CELLS)
    near = np.exp(-((axis[:, None] - axis[None]) ** 2) / (2 * 1.5**2))
    noise = rng.standard_normal((draws, CELLS, CELLS))
    return [highest(near @ some @ near, face, part) for some in noise]
