"""Real footage for the spotting benchmark: stretches of videos with the places of the face mesh's points in them.

Which stretches: ``near_neutral.toml``, ``talking.toml`` and ``held_frames.toml``, chosen by eye. A video that is named
in none of them is searched for near-neutral stretches.
"""

import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from curves.errors import InputError, MicroExprError, NoFaceError
from recognizer.face.align import EYE_DISTANCE, canonical_face
from recognizer.face.clip import SHAPE_POINTS, FaceClip, follow_face
from recognizer.face.neutral import frames_at_rest, most_central
from recognizer.face.track import FaceTracker
from recognizer.video import open_video

HERE, ROUNDED_S = Path(__file__).parent, 0.005
SHORTEST_S, LONGEST_S = 0.4, 8.0
PER_VIDEO = 3
NEAR_IOD, STILL_IOD = 0.06, 0.012  # distance from the neutral frame; spread within a stretch (inter-ocular distances)
LIPS_IOD, CORNERS_IOD = 0.08, 0.12  # greatest gap of the lips; how far the mouth's width may be from the mean face's
TRIM = 2  # frames dropped at both ends: smoothing in time hides that a motion has begun
_SPREAD = 0.16  # iod; how far each tracked point tells of the expression of the mesh around it


@dataclass(frozen=True, eq=False)
class Stretch:
    """Frames of one video: ``times_s`` (n,) in the file, ``points`` (n, 468, 2) in pixels, ``depth`` (468,) in
    inter-ocular distances, growing away from the camera. ``kind``: near-neutral, held, speech or laughter."""

    video: Path
    kind: str
    fps: float
    times_s: NDArray[np.float64]
    points: NDArray[np.float64]
    depth: NDArray[np.float64]

    def __str__(self) -> str:
        first, last = self.times_s[0], self.times_s[-1]
        return f"{self.video.name} {first:.2f}..{last:.2f} s ({len(self.times_s)} frames, {self.kind})"

    def images(self) -> list[NDArray[np.uint8]]:
        """The frames (H, W, 3) RGB."""
        half = 0.5 / self.fps
        first, last = float(self.times_s[0]), float(self.times_s[-1])
        with open_video(self.video, start_s=max(0.0, first - half), end_s=last + half) as opened:
            frames = list(opened)
        times = np.array([frame.time_s for frame in frames])
        return [frames[int(np.abs(times - time_s).argmin())].image for time_s in self.times_s]


def all_stretches(folder: Path, scratch: Path) -> list[Stretch]:
    """The stretches of all videos in ``folder``; videos without any are told of. InputError: there is none at all."""
    result: list[Stretch] = []
    for number, video in enumerate(sorted(path for path in folder.iterdir() if path.is_file())):
        spool = scratch / f"spool{number}"
        spool.mkdir()
        try:
            found = stretches_of(video, spool)
        except MicroExprError as error:
            print(f"  {video.name}: left out ({error})")
            continue
        print("\n".join(f"  {stretch}" for stretch in found) or f"  {video.name}: no stretch")
        result += found
    if not any(stretch.kind == "near-neutral" for stretch in result):
        raise InputError(f"No video in {folder} has a near-neutral stretch of {SHORTEST_S} s.")
    return result


def stretches_of(video: Path, folder: Path) -> list[Stretch]:
    """All stretches of one video; ``folder`` takes temporary files. Raises what ``follow_face`` raises."""
    with open_video(video) as opened:
        clip = follow_face(opened, folder, progress=lambda _: None)
    near, talking, held = (_table(name).get(video.name) for name in ("near_neutral", "talking", "held_frames"))
    if near is None and talking is None and held is None:
        runs = list(_still_runs(clip, *_near(clip)))
        runs = sorted(runs, key=lambda run: clip.times_s[run.start] - clip.times_s[run.stop - 1])[:PER_VIDEO]
        chosen = [_stretch(video, clip, run, "near-neutral") for run in runs]
        return chosen + [_middle(stretch) for stretch in chosen]
    parts = [(first, last, "near-neutral") for first, last in near or []]
    parts += [(time_s, time_s, "held") for time_s in held or []]
    parts += [(item["from"], item["to"], item["kind"]) for item in talking or []]
    return [_stretch(video, clip, _frames(clip, first, last), kind) for first, last, kind in parts]


def _table(name: str) -> dict[str, Any]:
    return tomllib.loads((HERE / f"{name}.toml").read_text(encoding="utf-8"))


def _frames(clip: FaceClip, first_s: float, last_s: float) -> slice:
    """The frames from ``first_s`` to ``last_s``; of a single time, the nearest one."""
    if first_s == last_s:
        nearest = int(np.abs(clip.times_s - first_s).argmin())
        return slice(nearest, nearest + 1)
    first, last = np.searchsorted(clip.times_s, (first_s - ROUNDED_S, last_s + ROUNDED_S))
    return slice(int(first), int(last))


def _stretch(video: Path, clip: FaceClip, run: slice, kind: str) -> Stretch:
    rate = 1.0 / float(np.median(np.diff(clip.times_s)))
    moving = kind in {"speech", "laughter"}
    depth = clip.shape.points[:, 2] / EYE_DISTANCE
    points = landmarks(clip, run, moving=moving)
    found = Stretch(video, kind, round(rate, 3), clip.times_s[run], points, depth)
    return _looked_at(found) if kind == "held" else found


def _middle(stretch: Stretch) -> Stretch:
    at = slice(len(stretch.times_s) // 2, len(stretch.times_s) // 2 + 1)
    return _looked_at(replace(stretch, kind="held", times_s=stretch.times_s[at], points=stretch.points[at]))


def _looked_at(stretch: Stretch) -> Stretch:
    """A held frame with the points seen in it, lids and all: a blink needs them where they are."""
    tracker, image = FaceTracker(), stretch.images()[0]
    seen = [tracker.update(image) for _ in range(4)][-1]
    if seen is None:
        raise NoFaceError(f"No face was found in {stretch}: take another frame.")
    return replace(stretch, points=seen.points[None, :, :2].astype(np.float64))


def landmarks(clip: FaceClip, run: slice, *, moving: bool) -> NDArray[np.float64]:
    """(n, 468, 2): the rigid head shape seen by the smoothed cameras, without the landmark network's jitter; of a
    ``moving`` face, with its smoothed expression."""
    cameras = _smoothed(clip.cameras, run)
    shape = np.column_stack([clip.shape.points, np.ones(len(clip.shape.points))])
    points = np.einsum("nij,kj->nki", cameras, shape)
    if moving:
        rest = clip.shape.points[:, :2] / EYE_DISTANCE
        near = np.exp(-0.5 * (np.linalg.norm(rest[:, None] - rest[SHAPE_POINTS], axis=2) / _SPREAD) ** 2)
        near /= near.sum(axis=1, keepdims=True)
        moved = np.einsum("kp,npd->nkd", near, _smoothed(clip.expressions, run))
        points += np.einsum("nij,nkj->nki", cameras[:, :, :2], moved)
    return np.asarray(points, np.float64)


def _smoothed(rows: NDArray[Any], run: slice) -> NDArray[np.float64]:
    """``rows`` of ``run``, smoothed in time together with the frames around."""
    first = max(0, run.start - 4)
    smooth = gaussian_filter1d(np.asarray(rows[first : run.stop + 4], np.float64), 1.5, axis=0)
    return np.asarray(smooth[run.start - first : run.stop - first])


def _near(clip: FaceClip) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """Which frames are near neutral, lips together, eyes open, and the smoothed shape (N, k) of all, in iod."""
    shape = np.asarray(clip.expressions, np.float64) / EYE_DISTANCE
    for run in clip.runs:  # landmarks jitter from frame to frame
        shape[run] = gaussian_filter1d(shape[run], 1.5, axis=0)
    distance = np.linalg.norm(shape - shape[most_central(clip, frames_at_rest(clip))], axis=2)
    openness = np.asarray(clip.openness, np.float64) / EYE_DISTANCE
    eyes = openness[:, 2:].mean(axis=1)
    usual = np.linalg.norm(np.subtract(*canonical_face()[[61, 291], :2])) / EYE_DISTANCE
    at_rest = (openness[:, 0] < LIPS_IOD) & (np.abs(openness[:, 1] - usual) < CORNERS_IOD)
    in_run = np.zeros(len(shape), bool)
    for run in clip.runs:
        in_run[run] = True
    open_eyes = eyes > 0.75 * np.quantile(eyes, 0.8)
    return in_run & at_rest & open_eyes & (np.quantile(distance, 0.9, axis=1) < NEAR_IOD), shape.reshape(len(shape), -1)


def _still_runs(clip: FaceClip, near: NDArray[np.bool_], shape: NDArray[np.float64]) -> Iterator[slice]:
    """Non-overlapping runs of near frames in which 9 of 10 coordinates stay within STILL_IOD."""
    run_of = np.zeros(len(near), int)
    for number, run in enumerate(clip.runs, 1):
        run_of[run] = number
    start = 0
    while start < len(near):
        stop, low, high = start, shape[start], shape[start]
        while stop < len(near) and near[stop] and run_of[stop] == run_of[start]:
            low, high = np.minimum(low, shape[stop]), np.maximum(high, shape[stop])
            too_long = clip.times_s[stop] - clip.times_s[start] > LONGEST_S
            if too_long or np.quantile(high - low, 0.9) > STILL_IOD:
                break
            stop += 1
        if stop - start > 2 * TRIM + 1 and clip.times_s[stop - 1] - clip.times_s[start] >= SHORTEST_S:
            yield slice(start + TRIM, stop - TRIM)
            start = stop
        else:
            start += 1


def of_kind(stretches: Sequence[Stretch], *kinds: str) -> list[Stretch]:
    return [stretch for stretch in stretches if stretch.kind in kinds]
