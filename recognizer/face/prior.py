"""The facial prior of paper 003: 18 keypoints where AUs act, and the map of how near each pixel is to one.

Keypoints (section IV-B and equation 6): twelve of the 68 landmarks, and six beside landmarks at half the distance of
the inner eye corners. Map (equation 2, equally weighted): the mean of one Gaussian per keypoint.
"""

import numpy as np
from numpy.typing import NDArray

from recognizer.face.align import CROP
from recognizer.face.motion import GRID

#: Landmark of the 68-point scheme (counted from 0) -> point of the face mesh.
_MESH = {
    19: 105, 24: 334, 27: 168, 29: 195, 35: 327, 38: 158, 39: 133, 41: 144, 42: 362, 43: 385, 46: 373,
    48: 61, 54: 291, 55: 321, 57: 17, 59: 91,
}  # fmt: skip
_ON_LANDMARKS = (19, 24, 27, 38, 41, 43, 46, 48, 54, 55, 57, 59)
#: Equation 6 as printed. It is not symmetric: by symmetry the last two would stand at 31 and 48.
_BESIDE = ((29, 1), (35, 1), (54, 1), (29, -1), (35, -1), (54, -1))
_SIGMA = 0.01  # "the variance"; divides squared distance in coordinates that run from -1 to 1, as in FOMM


def keypoints(points: NDArray[np.floating]) -> NDArray[np.float64]:
    """(18, 2) keypoints in the unit of the face mesh ``points`` (468, 2 or 3)."""
    p = {number: np.asarray(points[mesh, :2], dtype=np.float64) for number, mesh in _MESH.items()}
    half = 0.5 * (p[42] - p[39])
    return np.stack([*(p[n] for n in _ON_LANDMARKS), *(p[n] + sign * half for n, sign in _BESIDE)])


def keypoint_maps(points: NDArray[np.floating]) -> NDArray[np.float32]:
    """Equation 2: a Gaussian a keypoint, (18, 56, 56), in [0, 1], for mesh ``points`` (468, 2 or 3) in crop pixels."""
    centres = (np.arange(GRID) * (CROP / GRID) + 0.5 * (CROP / GRID - 1)) / (CROP - 1) * 2 - 1
    xs, ys = np.meshgrid(centres, centres)
    places = keypoints(points) / (CROP - 1) * 2 - 1
    x, y = places[:, 0, None, None], places[:, 1, None, None]
    return np.exp(-((xs - x) ** 2 + (ys - y) ** 2) / _SIGMA).astype(np.float32)


def prior_map(points: NDArray[np.floating]) -> NDArray[np.float32]:
    """The equal weighted prior (56, 56), in [0, 1], for mesh ``points`` (468, 2 or 3) in crop pixels."""
    mean: NDArray[np.float32] = keypoint_maps(points).mean(axis=0)
    return mean
