"""From a followed face to where each pixel of its crop shall come from, frame by frame."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from recognizer.face.align import CROP, EYE_DISTANCE, HeadShape
from recognizer.face.motion import GRID, HeadMotion
from recognizer.face.stream import MotionStream
from recognizer.magnifier.examples import pictures
from recognizer.magnifier.network import Magnifier, held_alpha

#: Grid points (of two crop pixels) added around the crop, so that what moves at its rim can fade out beyond it.
MARGIN = 8
WIDE = GRID + 2 * MARGIN
_CELL = CROP // GRID
_BATCH = 16
_EDGE, _FADE = 1.0, 3.0  # grid points: how sharp the face's outline is, how gently movement ends beyond it
_SMOOTH_S = 0.02  # standard deviation of the smoothing over time


@dataclass(frozen=True, slots=True)
class Magnification:
    """``alpha`` in [1/16, 16]. ``reach``: how far a factor above 1 may move anything, in distances between the eyes: a
    full expression goes about as far. What moves further by itself is left as it is; so it is below 1, too, where the
    factor rises to 1 from half of the reach on."""

    alpha: float = 8.0
    reach: float = 0.15


@dataclass(frozen=True, slots=True, eq=False)
class FaceFields:
    """``fields`` (N, 2, 72, 72) float16: backward displacement, crop pixels, of the crop's grid and MARGIN around it,
    for the N frames of the clip. ``limited``: how many frames hold movement whose factor is less than half of what was
    asked (below 1: that was made smaller by less than half of it)."""

    fields: NDArray[np.float16]
    limited: int


def face_fields(
    stream: MotionStream,
    net: Magnifier,
    asked: Magnification,
    folder: Path,
    progress: Callable[[int], None] = lambda _done: None,
) -> FaceFields:
    """The displacement that magnifies ``stream``'s motion from its neutral frame; spooled into ``folder``.

    Frames outside of the clip's runs get none. ``progress`` hears how many frames are done.
    """
    count = len(stream.clip.times_s)
    rough = np.memmap(folder / "rough.f16", np.float16, "w+", shape=(count, 2, WIDE, WIDE))
    outline = _Outline(stream.clip.shape)
    limited = done = 0
    for frames in _batches(stream):
        field, few = _magnified(stream, net, asked, outline, frames)
        rough[frames] = field
        limited += few
        done += len(frames)
        progress(done)
    smooth = np.memmap(folder / "fields.f16", np.float16, "w+", shape=rough.shape)
    for run in stream.clip.runs:
        smooth_over_time(rough[run], stream.clip.times_s[run], smooth[run])
    return FaceFields(smooth, limited)


def _batches(stream: MotionStream) -> Iterator[NDArray[np.intp]]:
    frames = np.concatenate([np.arange(run.start, run.stop) for run in stream.clip.runs])
    for first in range(0, len(frames), _BATCH):
        yield frames[first : first + _BATCH]


@torch.no_grad()
def _magnified(
    stream: MotionStream, net: Magnifier, asked: Magnification, outline: "_Outline", frames: NDArray[np.intp]
) -> tuple[NDArray[np.float32], int]:
    rest = pictures([stream.clip.crops[stream.neutral]]).expand(len(frames), -1, -1, -1)
    still = pictures([steadied(stream, outline.head, int(i)) for i in frames])
    flow = torch.from_numpy(stream.flow[frames].astype(np.float32)) * torch.from_numpy(outline.inside)
    alpha = torch.full((len(frames),), asked.alpha)
    factors = held_alpha(flow, alpha, torch.full((len(frames),), asked.reach * EYE_DISTANCE))
    field = net(rest, still, flow, factors).numpy()
    given = factors[:, 0].numpy()
    less = given < 0.5 * asked.alpha if asked.alpha >= 1.0 else given > 0.5 * (1.0 + asked.alpha)
    held_back = less & (outline.inside > 0.5)
    limited = int((held_back.mean(axis=(1, 2)) > 0.01).sum())
    return np.stack([outline.spread(one) for one in field]), limited


def steadied(stream: MotionStream, head: HeadMotion, frame: int) -> NDArray[np.uint8]:
    """The crop of a frame (112, 112) without what aligning left of the head's motion, as the flow is without it."""
    off = head.field(stream.head[frame : frame + 1])[0]
    right, down = (cv2.resize(part, (CROP, CROP), interpolation=cv2.INTER_LINEAR) for part in off)
    ys, xs = np.mgrid[:CROP, :CROP].astype(np.float32)
    crop = np.asarray(stream.clip.crops[frame])
    return cv2.remap(crop, xs + right, ys + down, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)


class _Outline:
    """Where the face ends: beyond it, movement is that of its edge, and fades out; the background's is left alone."""

    def __init__(self, shape: HeadShape) -> None:
        self.head = HeadMotion(shape)
        hull = cv2.convexHull(shape.points[:, :2].astype(np.float32)).reshape(-1, 2)
        on_grid = (hull - 0.5) / _CELL + MARGIN
        filled = np.zeros((WIDE, WIDE), np.float32)
        cv2.fillConvexPoly(filled, np.round(on_grid).astype(np.int32), 1.0)
        filled[[0, -1]] = filled[:, [0, -1]] = 0.0
        soft = cv2.GaussianBlur(cv2.erode(filled, np.ones((3, 3), np.uint8)), (0, 0), _EDGE)
        inner = slice(MARGIN, MARGIN + GRID)
        self.inside = np.ascontiguousarray(soft[inner, inner])
        self._share = np.zeros((WIDE, WIDE), np.float32)
        self._share[inner, inner] = self.inside
        self._around = np.maximum(cv2.GaussianBlur(self._share, (0, 0), _FADE), 1e-3)
        wide = cv2.GaussianBlur(cv2.dilate(filled, np.ones((3, 3), np.uint8)), (0, 0), _FADE)
        self._fade = wide * _frame(WIDE)

    def spread(self, field: NDArray[np.float32]) -> NDArray[np.float32]:
        """(2, 56, 56) to (2, 72, 72): as given on the face, continued from its edge and fading beyond it."""
        wide = np.zeros((2, WIDE, WIDE), np.float32)
        wide[:, MARGIN : MARGIN + GRID, MARGIN : MARGIN + GRID] = field
        for part in wide:
            beyond = cv2.GaussianBlur(part * self._share, (0, 0), _FADE) / self._around
            part[:] = (self._share * part + (1.0 - self._share) * beyond) * self._fade
        return wide


def _frame(side: int) -> NDArray[np.float32]:
    """1 within, falling to 0 at the rim over the margin."""
    away = np.minimum(np.arange(side), np.arange(side)[::-1]) / (MARGIN - 1)
    ramp = 0.5 - 0.5 * np.cos(np.pi * np.clip(away, 0.0, 1.0))
    return np.minimum.outer(ramp, ramp).astype(np.float32)


def smooth_over_time(
    fields: NDArray[np.float16], times_s: NDArray[np.float64], out: NDArray[np.float16], sigma_s: float = _SMOOTH_S
) -> None:
    """Gaussian mean over frames near in time, into ``out``; takes the flow's jitter, times alpha, off the picture.

    At 30 frames a second a frame's neighbours count a quarter of it; a movement of 1/10 s keeps nine tenths.
    """
    for i, time in enumerate(times_s):
        first, stop = np.searchsorted(times_s, (time - 2.5 * sigma_s, time + 2.5 * sigma_s))
        weights = np.exp(-0.5 * ((times_s[first:stop] - time) / sigma_s) ** 2).astype(np.float32)
        out[i] = np.tensordot(weights / weights.sum(), fields[first:stop].astype(np.float32), 1)
