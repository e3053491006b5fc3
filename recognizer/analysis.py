"""A video in, AU tracks and events out: the recogniser's door."""

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from curves.values import MIDLINE_AUS, AUTrack, Event, Interval, Side
from recognizer.face.prior import prior_map
from recognizer.face.stream import MotionStream, Progress, measure_motion
from recognizer.inference import MotionRun
from recognizer.model import Model, load_model
from recognizer.spotting import SpottingSettings, score_windows, spot
from recognizer.tracks import at_rest, settled, track_intensity
from recognizer.video import Video, VideoInfo, open_video

__all__ = ["Analysis", "AnalysisSettings", "Model", "Progress", "analyse", "load_model"]

#: Left and right are told apart where they differ by this much of the AU's peak, and by this much at all.
_SIDE_SHARE, _SIDE_LEAST = 0.25, 0.02
_SLOW_HZ = 15.0  # three frames in the fifth of a second that a short event takes


@dataclass(frozen=True, slots=True)
class AnalysisSettings:
    """``start_s``, ``end_s``: the part of the video; ``fps``: of folders of pictures, or instead of a file's
    timestamps; ``face``: rank by size (1 the largest); ``neutral``: where in the video (seconds) the face is at rest,
    None: chosen; ``exhaustive``: no motion gate; ``threads``: for the flow."""

    start_s: float | None = None
    end_s: float | None = None
    fps: float | None = None
    face: int | None = None
    neutral: Interval | None = None
    exhaustive: bool = False
    threads: int = 2


@dataclass(frozen=True, slots=True, eq=False)
class Analysis:
    """What was found in one video. ``tracks`` hold the frames with a face; ``notes`` are sentences for the user."""

    info: VideoInfo
    events: tuple[Event, ...]
    tracks: tuple[AUTrack, ...]
    no_face: tuple[Interval, ...]
    duration_s: float
    notes: tuple[str, ...]
    provenance: Mapping[str, Any]


def analyse(path: Path, model: Model, settings: AnalysisSettings, progress: Progress) -> Analysis:
    """Follow the face, measure its motion, and read AUs and events from it.

    ``progress`` hears (stage, done, total or None). Raises InputError, NoFaceError, SetupError.
    """
    with (
        tempfile.TemporaryDirectory(prefix="microexpr-", ignore_cleanup_errors=True) as folder,
        open_video(path, fps=settings.fps, start_s=settings.start_s, end_s=settings.end_s) as video,
    ):
        threads = cv2.getNumThreads()
        cv2.setNumThreads(1)  # stages run side by side already: more threads in each would wait for each other
        try:
            # A function of its own: Windows deletes the folder only when nothing in it is mapped any more.
            return _analyse(video, Path(folder), model, settings, progress)
        finally:
            cv2.setNumThreads(threads)


def _analyse(video: Video, folder: Path, model: Model, settings: AnalysisSettings, progress: Progress) -> Analysis:
    stream = measure_motion(
        video,
        folder,
        face=settings.face,
        neutral_within=settings.neutral,
        threads=settings.threads,
        progress=progress,
    )
    intensity, events, looked = _read(stream, model, settings, progress)
    times = stream.clip.times_s
    neutral_s = float(times[stream.neutral])
    kept = np.concatenate([np.arange(run.start, run.stop) for run in stream.clip.runs])
    return Analysis(
        info=video.info,
        events=tuple(events),
        tracks=tuple(_tracks(times[kept], intensity[kept], model.network.config.aus)),
        no_face=stream.clip.no_face,
        duration_s=stream.clip.duration_s,
        notes=(*video.notes, *_slow_note(video.info), *stream.clip.notes, _neutral_note(stream, settings)),
        provenance={"neutral_s": round(neutral_s, 4), **looked},
    )


def _neutral_note(stream: MotionStream, settings: AnalysisSettings) -> str:
    how = "was taken for neutral" if settings.neutral is None else "is neutral, of the stretch that was given"
    return (
        f"The face at {stream.clip.times_s[stream.neutral]:.2f} s {how}; motion is measured from it, "
        f"and 0 is each AU's median over the {len(stream.at_rest)} frames like it."
    )


def _slow_note(info: VideoInfo) -> tuple[str, ...]:
    rate = float(info.frame_rate)
    return () if rate >= _SLOW_HZ else (f"At {rate:g} frames a second most micro-expressions fall between the frames.",)


def _read(
    stream: MotionStream, model: Model, settings: AnalysisSettings, progress: Progress
) -> tuple[NDArray[np.float32], list[Event], dict[str, Any]]:
    """Intensity (N, n, 2) of all frames and the events, run by run, so that nothing bridges a gap.

    Where rest lies is settled before anything is looked for."""
    clip = stream.clip
    needs_prior = model.network.config.prior == "ewp"
    prior = prior_map(clip.shape.points) if needs_prior else None
    intensity = np.zeros((len(clip.times_s), len(model.network.config.aus), 2), np.float32)
    spotting = SpottingSettings(exhaustive=settings.exhaustive)
    events: list[Event] = []
    windows = scored = 0
    runs = [(part, MotionRun(clip.times_s[part], stream.flow[part], prior)) for part in clip.runs]
    for part, run in runs:
        intensity[part] = track_intensity(run, model, _in_frames(progress, "intensity", part, len(intensity)))
    intensity = settled(intensity, model.network.config.aus, at_rest(intensity, stream.at_rest))
    for part, run in runs:
        at = _in_frames(progress, "spotting", part, len(intensity))
        found = score_windows(run, intensity[part], model, spotting, at)
        events += spot(found, run, intensity[part], model, spotting)
        windows, scored = windows + found.windows, scored + len(found.score)
    return intensity, events, {"windows": windows, "windows_scored": scored}


def _in_frames(progress: Progress, stage: str, part: slice, count: int) -> Callable[[int, int], None]:
    """Progress through the windows of one run, told in frames of the whole video: a bar that never goes back."""
    return lambda done, total: progress(stage, part.start + (part.stop - part.start) * done // max(total, 1), count)


def _tracks(times_s: NDArray[np.float64], intensity: NDArray[np.float32], aus: tuple[int, ...]) -> list[AUTrack]:
    """One track an AU where its sides go together, else one for each side."""
    tracks = []
    for i, au in enumerate(aus):
        left, right = np.clip(intensity[:, i].T.astype(np.float64), 0.0, 1.0)
        apart = float(np.abs(left - right).max())
        peak = float(max(left.max(), right.max()))
        if au in MIDLINE_AUS or apart < max(_SIDE_LEAST, _SIDE_SHARE * peak):
            tracks.append(AUTrack(au, Side.BOTH, times_s, (left + right) / 2))
        else:
            tracks += [AUTrack(au, Side.LEFT, times_s, left), AUTrack(au, Side.RIGHT, times_s, right)]
    return tracks
