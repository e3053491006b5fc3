"""468 points on a face: MediaPipe's face mesh network.

Source of the layout: MediaPipe Face Mesh model card: 192 x 192 RGB in [0, 1]; 468 x (x, y, z) in input pixels, z grows
away from the camera and has the scale of x; a logit that a face is there.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from recognizer.face.detect import Detection
from recognizer.face.models import landmark_model
from recognizer.face.tflite import TfliteNet

_SIZE = 192
_MARGIN = 1.5  # the network was trained on boxes this much larger than the points' bounding box
#: Outer corners of the eyes, image-left first: they give the roll of the head.
_OUTER_EYES = (33, 263)


@dataclass(frozen=True, slots=True)
class Region:
    """A rotated square in the frame: centre (x, y), side in pixels, roll in radians (clockwise in the picture)."""

    x: float
    y: float
    side: float
    roll: float

    def to_image(self) -> NDArray[np.float64]:
        """(2, 3) affine map from network input pixels to frame pixels (pixel centres at whole numbers)."""
        scale = self.side / _SIZE
        cos, sin = np.cos(self.roll) * scale, np.sin(self.roll) * scale
        middle = (_SIZE - 1) / 2
        return np.array(
            [
                [cos, -sin, self.x - cos * middle + sin * middle],
                [sin, cos, self.y - sin * middle - cos * middle],
            ]
        )


def region_of_detection(face: Detection) -> Region:
    x0, y0, x1, y1 = face.box
    across = face.eyes[1] - face.eyes[0]
    roll = float(np.arctan2(across[1], across[0]))
    return Region((x0 + x1) / 2, (y0 + y1) / 2, _MARGIN * max(x1 - x0, y1 - y0), roll)


def region_of_landmarks(points: NDArray[np.floating]) -> Region:
    """Where to look in the next frame: the box around the points (468, 3), upright in the head's own roll."""
    across = points[_OUTER_EYES[1], :2] - points[_OUTER_EYES[0], :2]
    roll = float(np.arctan2(across[1], across[0]))
    cos, sin = np.cos(roll), np.sin(roll)
    upright = points[:, :2] @ np.array([[cos, -sin], [sin, cos]])
    low, high = upright.min(axis=0), upright.max(axis=0)
    x, y = np.array([[cos, -sin], [sin, cos]]) @ ((low + high) / 2)
    return Region(float(x), float(y), _MARGIN * float((high - low).max()), roll)


class LandmarkNet:
    """Predicts face mesh points; one instance belongs to one thread."""

    def __init__(self) -> None:
        self._net = TfliteNet(landmark_model())

    def predict(self, image: NDArray[np.uint8], region: Region) -> tuple[NDArray[np.float32], float]:
        """Points (468, 3) in frame pixels (z in the same unit) and the probability in [0, 1] that a face is there."""
        to_image = region.to_image()
        patch = cv2.warpAffine(
            image,
            to_image,
            (_SIZE, _SIZE),
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REPLICATE,
        )
        outputs = self._net(patch[None] * np.float32(1 / 255))
        raw = next(o for o in outputs if o.size == 468 * 3).reshape(468, 3)
        logit = float(next(o for o in outputs if o.size == 1).reshape(()))
        points = np.empty((468, 3), np.float32)
        points[:, :2] = raw[:, :2] @ to_image[:, :2].T + to_image[:, 2]
        points[:, 2] = raw[:, 2] * (region.side / _SIZE)
        return points, float(1.0 / (1.0 + np.exp(-np.clip(logit, -50, 50))))
