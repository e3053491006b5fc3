"""Bring a displacement of the aligned crop back to the whole picture, at the picture's own resolution."""

from collections.abc import Callable, Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from recognizer.face.align import CROP, HeadShape
from recognizer.face.clip import FaceClip
from recognizer.magnifier.apply import MARGIN, FaceFields
from recognizer.video import Frame, Image

_CELL = 2
_ROUNDS = 4  # of finding the crop's point under a picture's pixel: depth changes slowly, each round gains a digit
_LEAST_PX = 0.02  # less is no movement: the pixel stays as it is


def magnified_frames(
    frames: Iterator[Frame], clip: FaceClip, fields: FaceFields, progress: Callable[[int], None] = lambda _done: None
) -> Iterator[Frame]:
    """Each frame of the video, its face moved where ``clip`` has one at that time; the others as they are."""
    rows = {float(time): row for row, time in enumerate(clip.times_s)}
    surface = Surface(clip.shape)
    for number, frame in enumerate(frames, start=1):
        row = rows.get(frame.time_s)
        if row is None:
            yield frame
        else:
            image = surface.moved(frame.image, clip.cameras[row], fields.fields[row])
            yield Frame(frame.index, frame.time_s, image)
        progress(number)


class Surface:
    """One head's depth at the crop's grid and the margin around it."""

    def __init__(self, shape: HeadShape) -> None:
        side = CROP + 2 * _CELL * MARGIN
        off = _CELL * MARGIN
        self._depth = np.pad(shape.depth, off, mode="edge").astype(np.float32)
        ys, xs = np.mgrid[:side, :side].astype(np.float32)
        self._xs, self._ys, self._off = xs - off, ys - off, off
        self._step = max(1, round(shape.reduction))

    def moved(self, image: Image, camera: NDArray[np.floating], field: NDArray[np.floating]) -> Image:
        """``image`` (H, W, 3) with each pixel from where ``field`` (2, 72, 72), crop pixels, says; a new array.

        ``camera`` (2, 4): where the head's points lie in the picture. Pixels that do not move stay bit for bit.
        """
        camera = np.asarray(camera, np.float32)
        shift = self._in_picture(camera, np.asarray(field, np.float32))
        if not (np.abs(shift) > _LEAST_PX).any():
            return image
        x0, y0, columns, rows = self._box(camera, image)
        if columns <= 0 or rows <= 0:
            return image
        step = self._step
        at = self._under(camera, x0, y0, (-(-columns // step), -(-rows // step)))
        coarse = cv2.remap(shift, at[..., 0] + self._off, at[..., 1] + self._off, cv2.INTER_LINEAR, borderValue=0)
        size = (coarse.shape[1] * step, coarse.shape[0] * step)
        away = cv2.resize(coarse, size, interpolation=cv2.INTER_LINEAR)[:rows, :columns]
        return _remapped(image, away, x0, y0)

    def _in_picture(self, camera: NDArray[np.float32], field: NDArray[np.float32]) -> NDArray[np.float32]:
        """(144, 144, 2): the displacement in picture pixels, along the head's surface."""
        side = len(self._depth)
        right, down = (cv2.resize(part, (side, side), interpolation=cv2.INTER_LINEAR) for part in field)
        xs, ys = self._xs + self._off + right, self._ys + self._off + down
        depth = cv2.remap(self._depth, xs, ys, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE) - self._depth
        return np.stack([c[0] * right + c[1] * down + c[2] * depth for c in camera], axis=-1)

    def _box(self, camera: NDArray[np.float32], image: Image) -> tuple[int, int, int, int]:
        """Left, top, columns, rows of the picture's part that the grid covers."""
        height, width = image.shape[:2]
        places = [c[0] * self._xs + c[1] * self._ys + c[2] * self._depth + c[3] for c in camera]
        (x0, x1), (y0, y1) = ((int(np.floor(p.min())), int(np.ceil(p.max())) + 1) for p in places)
        x0, y0, x1, y1 = max(0, x0), max(0, y0), min(width, x1), min(height, y1)
        return x0, y0, x1 - x0, y1 - y0

    def _under(self, camera: NDArray[np.float32], x0: int, y0: int, size: tuple[int, int]) -> NDArray[np.float32]:
        """(rows, columns, 2): the crop's point seen at every ``step``-th pixel of the picture."""
        middle = (self._step - 1) / 2
        px = x0 + middle + self._step * np.arange(size[0], dtype=np.float32)
        py = y0 + middle + self._step * np.arange(size[1], dtype=np.float32)
        seen = np.stack(np.meshgrid(px, py), axis=-1) - camera[:, 3]
        back = np.linalg.inv(camera[:, :2]).T
        at = (seen @ back).astype(np.float32)
        for _ in range(_ROUNDS):
            depth = cv2.remap(
                self._depth, at[..., 0] + self._off, at[..., 1] + self._off, cv2.INTER_LINEAR,
                borderMode=cv2.BORDER_REPLICATE,
            )  # fmt: skip
            at = ((seen - depth[..., None] * camera[:, 2]) @ back).astype(np.float32)
        return at


def _remapped(image: Image, away: NDArray[np.float32], x0: int, y0: int) -> Image:
    """``image`` with the part from (x0, y0) on taken from ``away`` (rows, columns, 2) pixels off."""
    rows, columns = away.shape[:2]
    ys, xs = np.mgrid[:rows, :columns].astype(np.float32)
    part = cv2.remap(
        image, xs + away[..., 0] + x0, ys + away[..., 1] + y0, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )
    result = image.copy()
    moves = (np.abs(away) > _LEAST_PX).any(axis=-1)
    result[y0 : y0 + rows, x0 : x0 + columns][moves] = part[moves]
    return result
