"""Choose the frames that show the person at rest: what all motion is measured from.

The most frequent expression is no answer, since a smile may fill most of a clip. A face at rest has its lips together,
its mouth at its usual width and its eyes open; among the frames that come near that, the most central one is taken.
"""

import numpy as np
from numpy.typing import NDArray

from curves.errors import InputError
from curves.values import Interval
from recognizer.face.align import canonical_face
from recognizer.face.clip import FaceClip

_POOL, _TOLERANCE = 0.15, 1.0  # frames within a crop pixel of the most relaxed 15 % count as relaxed
_POOL_MOST = 2000
_CORNERS = (61, 291)


def frames_at_rest(clip: FaceClip, within: Interval | None = None) -> NDArray[np.intp]:
    """Indices of the frames of ``clip`` in which the face is as good as at rest, at least one.

    ``within``: where the user knows it to be (seconds): all frames there. InputError: no frame with a face is there.
    """
    usable = np.concatenate([np.arange(run.start, run.stop) for run in clip.runs])
    if within is not None:
        usable = usable[(clip.times_s[usable] >= within.start_s) & (clip.times_s[usable] < within.end_s)]
        if not usable.size:
            raise InputError(
                f"neutral: no frame between {within.start_s:g} and {within.end_s:g} s shows the face; give a stretch "
                "in which it can be seen at rest."
            )
    looked = usable[clip.looked[usable]]  # in the others, a blink may have gone unseen
    usable = looked if looked.size else usable
    if within is not None:
        return usable
    tension = _smooth(_tension(clip.openness[usable].astype(np.float64)))
    return usable[tension <= np.quantile(tension, _POOL) + _TOLERANCE]


def most_central(clip: FaceClip, frames: NDArray[np.intp]) -> int:
    """The one of ``frames`` whose shape lies in the middle of all of them."""
    pool = frames[:: max(1, len(frames) // _POOL_MOST)]
    shapes = clip.expressions[pool].astype(np.float64).reshape(len(pool), -1)
    centre = np.median(shapes, axis=0)
    return int(pool[np.argmin(np.abs(shapes - centre).mean(axis=1))])


def _tension(openness: NDArray[np.float64]) -> NDArray[np.float64]:
    """(N,): how far each frame is from rest, in crop pixels."""
    gap, width = openness[:, 0], openness[:, 1]
    usual = float(np.linalg.norm(np.subtract(*canonical_face()[list(_CORNERS), :2])))
    eyes = openness[:, 2:].mean(axis=1)
    wide_open = np.quantile(eyes, 0.8)
    return gap + 0.7 * np.maximum(0.0, np.abs(width - usual) - 1.5) + 3.0 * np.maximum(0.0, 0.8 * wide_open - eyes)


def _smooth(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean of three neighbours: a neutral frame stands among frames like it."""
    padded = np.pad(values, 1, mode="edge")
    return (padded[:-2] + padded[1:-1] + padded[2:]) / 3
