"""Find faces in a frame: MediaPipe's short-range BlazeFace detector.

Source of the layout: the model card of BlazeFace (short range): 128 x 128 RGB in [-1, 1]; 896 anchors on a 16 x 16 grid
(2 per cell) and an 8 x 8 grid (6 per cell); per anchor a logit, a box and six points relative to the anchor's centre.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from recognizer.face.models import detection_model
from recognizer.face.tflite import TfliteNet

_SIZE = 128
_MIN_SCORE = 0.5
_SAME_FACE_OVERLAP = 0.4  # of the smaller box


@dataclass(frozen=True, slots=True)
class Detection:
    """One face: ``box`` (x0, y0, x1, y1) and ``eyes`` (2, 2: image-left eye first), in pixels; score in [0, 1]."""

    box: tuple[float, float, float, float]
    eyes: NDArray[np.float32]
    score: float

    @property
    def area(self) -> float:
        x0, y0, x1, y1 = self.box
        return (x1 - x0) * (y1 - y0)


def _anchor_centres() -> NDArray[np.float32]:
    """(896, 2): centres in units of the input's side."""
    grids = []
    for cells, per_cell in ((16, 2), (8, 6)):
        ys, xs = np.mgrid[0:cells, 0:cells]
        centres = np.stack([(xs + 0.5) / cells, (ys + 0.5) / cells], axis=-1).reshape(-1, 2)
        grids.append(np.repeat(centres, per_cell, axis=0))
    return np.concatenate(grids).astype(np.float32)


def _overlap(a: Detection, b: Detection) -> float:
    width = min(a.box[2], b.box[2]) - max(a.box[0], b.box[0])
    height = min(a.box[3], b.box[3]) - max(a.box[1], b.box[1])
    return max(0.0, width) * max(0.0, height) / max(min(a.area, b.area), 1e-6)


def _apart(found: Sequence[Detection]) -> list[Detection]:
    """One detection a face: of those that overlap, the one with the best score."""
    kept: list[Detection] = []
    for candidate in sorted(found, key=lambda d: -d.score):
        if all(_overlap(candidate, other) < _SAME_FACE_OVERLAP for other in kept):
            kept.append(candidate)
    return kept


class FaceDetector:
    """Detects faces; one instance belongs to one thread."""

    def __init__(self) -> None:
        self._net = TfliteNet(detection_model())
        self._anchors = _anchor_centres()

    def detect(self, image: NDArray[np.uint8], at_least: int = 1) -> list[Detection]:
        """Faces of an RGB image (H, W, 3), the largest first.

        The whole picture is looked at first; only where it shows fewer faces than ``at_least`` is it searched again in
        overlapping square tiles, since a face far from the camera is too small in a picture scaled to 128 pixels.
        """
        height, width = image.shape[:2]
        found = self._detect_square(image, 0, 0, max(height, width))
        if len(_apart(found)) < at_least:
            for left, top, side in _tiles(width, height):
                found += self._detect_square(image, left, top, side)
        return sorted(_apart(found), key=lambda d: -d.area)

    def _detect_square(self, image: NDArray[np.uint8], left: int, top: int, side: int) -> list[Detection]:
        tile = image[top : top + side, left : left + side]
        scale = _SIZE / side
        small = cv2.resize(tile, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        padded = np.full((_SIZE, _SIZE, 3), 0.0, np.float32)
        rows, columns = min(small.shape[0], _SIZE), min(small.shape[1], _SIZE)
        padded[:rows, :columns] = small[:rows, :columns].astype(np.float32) / 127.5 - 1.0
        outputs = self._net(padded[None])
        logits = next(o for o in outputs if o.shape[-1] == 1).reshape(-1)
        boxes = next(o for o in outputs if o.shape[-1] == 16).reshape(-1, 16)
        scores = 1.0 / (1.0 + np.exp(-np.clip(logits, -50, 50)))
        return [
            self._decode(boxes[i], self._anchors[i], float(scores[i]), (left, top), side)
            for i in np.flatnonzero(scores >= _MIN_SCORE)
        ]

    @staticmethod
    def _decode(
        raw: NDArray[np.float32], anchor: NDArray[np.float32], score: float, corner: tuple[int, int], side: int
    ) -> Detection:
        centre = (raw[:2] / _SIZE + anchor) * side + corner
        half = raw[2:4] / _SIZE * side / 2
        eyes = (raw[4:8].reshape(2, 2) / _SIZE + anchor) * side + corner
        box = (*(centre - half).tolist(), *(centre + half).tolist())
        return Detection(box, eyes.astype(np.float32), score)


def _tiles(width: int, height: int) -> list[tuple[int, int, int]]:
    """Overlapping squares (left, top, side): of the short side, then of two thirds of it."""
    tiles = []
    for side in (min(width, height), max(_SIZE, min(width, height) * 2 // 3)):
        step = max(1, side // 2)
        for top in {*range(0, max(1, height - side + 1), step), max(0, height - side)}:
            for left in {*range(0, max(1, width - side + 1), step), max(0, width - side)}:
                tiles.append((left, top, side))
    return tiles
