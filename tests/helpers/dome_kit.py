"""A face kit that is a dome with a bump for each shape: enough for a renderer to show that something moves."""

import numpy as np

from recognizer.synthetic import actions
from recognizer.synthetic.facekit import FaceKit

_HEIGHT = {"brow": 5.5, "eye": 3.4, "cheek": 1.0, "nose": 0.0, "mouth": -3.5, "jaw": -6.0}


Pair = tuple[float, float]


def _oval(centre: Pair, radii: Pair, degrees: Pair, count: int) -> np.ndarray:
    angle = np.radians(np.linspace(*degrees, count))
    return np.stack([centre[0] + radii[0] * np.cos(angle), centre[1] + radii[1] * np.sin(angle)], axis=1)


def _landmarks() -> np.ndarray:
    """68 points (x, y) where Multi-PIE has them, roughly."""
    brow = np.stack([np.linspace(5.5, 1.2, 5), np.array([5.0, 5.8, 6.0, 6.0, 5.7])], axis=1)
    return np.concatenate(
        [
            _oval((0, 2), (7.3, 9.5), (170, 370), 17), brow * [-1, 1], brow[::-1],
            np.c_[np.zeros(4), np.linspace(3.5, 0.5, 4)], np.c_[np.linspace(-1.2, 1.2, 5), np.full(5, -1.0)],
            _oval((-3.1, 3.4), (1.3, 0.4), (180, -120), 6), _oval((3.1, 3.4), (1.3, 0.4), (180, -120), 6),
            _oval((0, -3.5), (2.5, 0.9), (180, -150), 12), _oval((0, -3.5), (2.2, 0.2), (180, -135), 8),
        ]
    )  # fmt: skip


def dome_kit(points_across: int = 41) -> FaceKit:
    """17 cm wide, 23 cm high; each named shape lifts the skin by 0.6 cm where its part of the face is."""
    axes = np.linspace(-8.5, 8.5, points_across), np.linspace(-11, 12, points_across)
    x, y = (axis.ravel() for axis in np.meshgrid(*axes))
    points = np.stack([x, y, 11 - 0.1 * x**2 - 0.03 * y**2], axis=1)
    last = points_across - 1
    cell = (np.arange(last)[:, None] * points_across + np.arange(last)).ravel()
    corner = cell + points_across
    triangles = np.concatenate([np.stack([cell, cell + 1, corner + 1], 1), np.stack([cell, corner + 1, corner], 1)])
    table = actions._table()["action"]
    names = tuple(
        sorted({n for row in table for side in ("left", "right") for n in row[side]} | {*actions.DISTRACTORS})
    )
    fields = []
    for name in names:
        height = next(at for start, at in _HEIGHT.items() if name.startswith(start))
        across = {"_L": 3.0, "_R": -3.0}.get(name[-2:], 0.0)
        fields.append(np.exp(-0.5 * ((x - across) ** 2 + (y - height) ** 2))[:, None] * np.array([0.0, 0.6, 0.0]))
    landmarks = [int(np.argmin(((points[:, :2] - at) ** 2).sum(1))) for at in _landmarks()]
    return FaceKit(
        points.astype(np.float32), triangles.astype(np.int32), np.zeros(len(points), np.uint8),
        np.array(landmarks, np.int32), names, np.array(fields, np.float32),
        (0.05 * points[None] * [1, 0, 0]).astype(np.float32),
    )  # fmt: skip
