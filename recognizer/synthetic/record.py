"""Rendered clips as training data: each one through the same face and flow code as a real video.

``record_clips`` is resumable: a clip's file appears only when it is complete, and clips that exist are not made again.
"""

import multiprocessing
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np

from curves.errors import NoFaceError
from recognizer.clips import ClipRecord, save_clip
from recognizer.face.prior import prior_map
from recognizer.face.stream import measure_motion
from recognizer.synthetic.facekit import load_facekit
from recognizer.synthetic.generate import RenderedClip, Studio
from recognizer.synthetic.scenario import SceneSettings
from recognizer.video import Frame, Video, VideoInfo

_LEAST_FRAMES = 16
_INNER_PX = 320  # what is drawn before it is averaged down; more costs time and shows no more


@dataclass(frozen=True, slots=True)
class RecordSettings:
    """``clips`` clips with seeds from ``first_seed`` on; each person plays ``clips_per_person`` of them."""

    clips: int = 1500
    first_seed: int = 0
    clips_per_person: int = 3
    workers: int = 2
    scene: SceneSettings = field(default_factory=SceneSettings)


def record_clips(kit: Path, out: Path, settings: RecordSettings, progress: Callable[[int, int], None]) -> int:
    """Render and measure clips into ``out`` as ``clip-<seed>.safetensors``; returns how many are there in the end.

    ``kit`` is the folder of ICT-FaceKit's arrays. A clip in which the face cannot be followed is left out.
    """
    out.mkdir(parents=True, exist_ok=True)
    seeds = [
        seed
        for seed in range(settings.first_seed, settings.first_seed + settings.clips)
        if not _path(out, seed).exists()
    ]
    progress(settings.clips - len(seeds), settings.clips)
    context = multiprocessing.get_context("spawn")  # OpenGL and OpenCV's threads do not survive a fork
    with context.Pool(settings.workers, initializer=_open_studio, initargs=(kit, out, settings)) as pool:
        for done, _ in enumerate(pool.imap_unordered(_record_seed, seeds), start=settings.clips - len(seeds) + 1):
            progress(done, settings.clips)
    return len(list(out.glob("clip-*.safetensors")))


def _path(out: Path, seed: int) -> Path:
    return out / f"clip-{seed:06d}.safetensors"


class _Worker:
    """What one process keeps between clips: the OpenGL context lives as long as the process."""

    studio: Studio
    out: Path
    settings: RecordSettings


def _open_studio(kit: Path, out: Path, settings: RecordSettings) -> None:
    cv2.setNumThreads(1)
    _Worker.studio, _Worker.out, _Worker.settings = Studio(load_facekit(kit), _INNER_PX), out, settings


def _record_seed(seed: int) -> None:
    settings = _Worker.settings
    person = settings.first_seed + (seed - settings.first_seed) // settings.clips_per_person
    record = record_clip(_Worker.studio.clip(seed, settings.scene, identity_seed=person), seed)
    if record is not None:
        save_clip(record, _path(_Worker.out, seed))


def record_clip(rendered: RenderedClip, seed: int) -> ClipRecord | None:
    """The motion stream of a rendered clip with its truth, or None where the face could not be followed throughout.

    Truth is relative to the frame that was taken for neutral, as the measured motion is.
    """
    truth = rendered.truth
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        video = _as_video(rendered)
        try:
            stream = measure_motion(video, Path(folder), threads=1, progress=lambda *_: None)
        except NoFaceError:
            return None
        run = max(stream.clip.runs, key=lambda r: r.stop - r.start)
        if run.stop - run.start < max(_LEAST_FRAMES, 0.9 * len(truth.times_s)):
            return None
        times = stream.clip.times_s[run]
        rows = np.searchsorted(truth.times_s, times - 1e-6)
        neutral = int(np.searchsorted(truth.times_s, stream.clip.times_s[stream.neutral] - 1e-6))
        return ClipRecord(
            times_s=times,
            flow=np.array(stream.flow[run]),
            intensity=np.clip(truth.intensity[rows] - truth.intensity[neutral], 0.0, 1.0),
            onset_apex_offset=truth.onset_apex_offset,
            event_emotion=truth.event_emotion,
            event_au=truth.event_au,
            identity=truth.identity,
            seed=seed,
            fps=rendered.fps,
            prior=prior_map(stream.clip.shape.points).astype(np.float16),
            intensity_known=truth.intensity_known[rows],
        )


def _as_video(rendered: RenderedClip) -> Video:
    """The rendered frames in the shape of an opened video; compression has already been through the codec."""
    times = rendered.truth.times_s

    def frames() -> Iterator[Frame]:
        for index, (time_s, image) in enumerate(zip(times, rendered.frames, strict=True)):
            yield Frame(index, float(time_s), image)

    info = VideoInfo(
        path=Path(rendered.truth.identity),
        width=0,
        height=0,
        frame_rate=Fraction(rendered.fps).limit_denominator(1001),
        duration_s=float(times[-1]),
        frame_count=len(times),
        start_timecode=None,
        rotation=0,
    )
    return Video(info, frames(), [], lambda: None)
