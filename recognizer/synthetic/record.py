"""Rendered clips as training data: each one through the same face and flow code as a real video.

``record_clips`` is resumable: a clip's file appears only when it is complete, and clips that exist are not made again.
"""

import hashlib
import json
import multiprocessing
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict, dataclass, field, replace
from fractions import Fraction
from functools import partial
from itertools import islice
from pathlib import Path

import cv2
import numpy as np

from curves.errors import InputError, MicroExprError, NoFaceError
from recognizer.clips import ClipRecord, clip_scene, save_clip
from recognizer.face.prior import prior_map
from recognizer.face.stream import measure_motion
from recognizer.synthetic.facekit import load_facekit
from recognizer.synthetic.generate import RenderedClip, Studio
from recognizer.synthetic.scenario import SceneSettings
from recognizer.video import Frame, Video, VideoInfo

_LEAST_FRAMES = 16
_QUEUED = 128  # clips handed to the processes at a time
INNER_PX = 320  # what is drawn before it is averaged down; more costs time and shows no more


@dataclass(frozen=True, slots=True)
class RecordSettings:
    """``clips`` clips with seeds from ``first_seed`` on; each person plays ``clips_per_person`` of them."""

    clips: int = 1500
    first_seed: int = 0
    clips_per_person: int = 3
    workers: int = 2
    scene: SceneSettings = field(default_factory=SceneSettings)

    def __post_init__(self) -> None:
        for name in ("clips", "clips_per_person", "workers"):
            if getattr(self, name) < 1:
                raise ValueError(f"clips {name}: expected at least 1, got {getattr(self, name)}")


def record_clips(kit: Path, out: Path, settings: RecordSettings, progress: Callable[[int, int], None]) -> int:
    """Render and measure clips into ``out`` as ``clip-<seed>.safetensors``; returns how many are there in the end.

    ``kit`` is the folder of ICT-FaceKit's arrays. A clip in which the face cannot be followed is left out.
    Raises InputError (no such kit, or clips of another scene lie in ``out``), SetupError (no OpenGL), MicroExprError (a
    process was ended from outside).
    """
    out.mkdir(parents=True, exist_ok=True)
    seeds = range(settings.first_seed, settings.first_seed + settings.clips)
    missing = [seed for seed in seeds if not _path(out, seed).exists()]
    _refuse_other_scenes([_path(out, seed) for seed in sorted({*seeds} - {*missing})], scene_digest(settings))
    present = settings.clips - len(missing)
    progress(present, settings.clips)
    opening = partial(_open_studio, kit, out, settings)
    render_all(
        kit, settings.workers, opening, _record_seed, missing, progress=lambda n: progress(present + n, settings.clips)
    )
    return len(list(out.glob("clip-*.safetensors")))


def render_all(
    kit: Path,
    workers: int,
    opening: Callable[[], None],
    work: Callable[[int], object],
    items: Sequence[int],
    *,
    progress: Callable[[int], None],
) -> None:
    """Call ``work`` for each of ``items`` in processes that called ``opening`` first (both: module level functions, or
    partial ones); raises what ``record_clips`` raises."""
    if not items:
        return
    with Studio(load_facekit(kit), INNER_PX):
        pass  # what is wrong with the kit or with OpenGL is told here at once, and not by each process
    context = multiprocessing.get_context("spawn")  # OpenGL and OpenCV's threads do not survive a fork
    run_all(ProcessPoolExecutor(workers, context, opening), work, items, progress)


def scene_digest(settings: RecordSettings) -> str:
    """16 hex digits over what decides how the clip of a seed looks and who plays it."""
    what = json.dumps([asdict(settings.scene), settings.clips_per_person], sort_keys=True)
    return hashlib.sha256(what.encode()).hexdigest()[:16]


def _refuse_other_scenes(paths: Sequence[Path], scene: str) -> None:
    """InputError at the first clip drawn by other settings; a clip that does not name its own is taken as it is."""
    for path in paths:
        if clip_scene(path) not in ("", scene):
            raise InputError(
                f"{path} was rendered with another [clips.scene] or clips_per_person: name another folder for the "
                "clips, or delete those that are there."
            )


def run_all(
    pool: ProcessPoolExecutor, work: Callable[[int], object], items: Iterable[int], progress: Callable[[int], None]
) -> None:
    """Call ``work`` for each item in ``pool``, in any order, then close it; ``progress`` is told how many are done.

    MicroExprError: a process ended before its time. What ``work`` raises comes through. Only ``_QUEUED`` items wait at
    a time, so that neither memory nor the way out of an error grows with their number.
    """
    waiting, done = iter(items), 0
    with pool:
        try:
            running: set[Future[object]] = {pool.submit(work, item) for item in islice(waiting, _QUEUED)}
            while running:
                finished, running = wait(running, return_when=FIRST_COMPLETED)
                for future in finished:
                    future.result()
                running |= {pool.submit(work, item) for item in islice(waiting, len(finished))}
                done += len(finished)
                progress(done)
        except BrokenProcessPool as error:
            raise MicroExprError(
                "A process that renders clips ended before its time (out of memory, killed, or a fault of the graphics "
                "driver): run the same command again, with fewer workers if memory is short; finished clips are kept."
            ) from error
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _path(out: Path, seed: int) -> Path:
    return out / f"clip-{seed:06d}.safetensors"


class _Worker:
    """What one process keeps between clips: the OpenGL context lives as long as the process."""

    studio: Studio
    out: Path
    settings: RecordSettings


def _open_studio(kit: Path, out: Path, settings: RecordSettings) -> None:
    cv2.setNumThreads(1)
    _Worker.studio, _Worker.out, _Worker.settings = Studio(load_facekit(kit), INNER_PX), out, settings


def _record_seed(seed: int) -> None:
    settings = _Worker.settings
    person = settings.first_seed + (seed - settings.first_seed) // settings.clips_per_person
    record = record_clip(_Worker.studio.clip(seed, settings.scene, identity_seed=person), seed)
    if record is not None:
        save_clip(replace(record, scene=scene_digest(settings)), _path(_Worker.out, seed))


def record_clip(rendered: RenderedClip, seed: int) -> ClipRecord | None:
    """The motion stream of a rendered clip with its truth, or None where the face could not be followed throughout.

    Truth is relative to the frame that was taken for neutral, as the measured motion is.
    """
    truth = rendered.truth
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        video = as_video(rendered)
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


def as_video(rendered: RenderedClip) -> Video:
    """The rendered frames in the shape of an opened video; compression has already been through the codec."""
    times = rendered.truth.times_s
    # Drawn here: an OpenGL context belongs to one thread, and whoever reads a video may do so in another. At most a
    # few hundred small pictures.
    pictures = list(rendered.frames)

    def frames() -> Iterator[Frame]:
        for index, (time_s, image) in enumerate(zip(times, pictures, strict=True)):
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
