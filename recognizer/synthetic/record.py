"""Rendered clips as training data: each one through the same face and flow code as a real video.

``record_clips`` is resumable: a clip's file appears only when it is complete, and clips that exist are not made again.
"""

import hashlib
import json
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, field, replace
from fractions import Fraction
from functools import partial
from pathlib import Path

import cv2
import numpy as np

from curves.errors import InputError, NoFaceError
from recognizer.clips import ClipRecord, clip_scene, save_clip
from recognizer.face.prior import prior_map
from recognizer.face.stream import measure_motion
from recognizer.processes import in_processes
from recognizer.synthetic.facekit import load_facekit
from recognizer.synthetic.generate import RenderedClip, Studio
from recognizer.synthetic.scenario import SceneSettings
from recognizer.video import Frame, Video, VideoInfo

_LEAST_FRAMES = 16
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
    record = partial(_record_seed, out, settings)
    render_all(kit, settings.workers, record, missing, lambda n: progress(present + n, settings.clips))
    return len(list(out.glob("clip-*.safetensors")))


def render_all(
    kit: Path,
    workers: int,
    work: Callable[[Studio, int], None],
    items: Sequence[int],
    progress: Callable[[int], None],
) -> None:
    """Call ``work`` with a studio and each of ``items``, in ``workers`` processes; raises what ``record_clips`` raises.

    ``work``: a module level function, or a partial one. ``progress`` is told how many are done."""
    if not items:
        return
    with Studio(load_facekit(kit), INNER_PX):
        pass  # what is wrong with the kit or with OpenGL is told here at once, and not by each process
    with closing(in_processes(partial(_in_studio, work), items, workers, opening=partial(_open_studio, kit))) as done:
        for count, _ in enumerate(done, 1):
            progress(count)


class _Process:
    """What one process keeps between clips: the OpenGL context lives as long as the process."""

    studio: Studio


def _open_studio(kit: Path) -> None:
    cv2.setNumThreads(1)
    _Process.studio = Studio(load_facekit(kit), INNER_PX)


def _in_studio(work: Callable[[Studio, int], None], item: int) -> None:
    work(_Process.studio, item)


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


def _path(out: Path, seed: int) -> Path:
    return out / f"clip-{seed:06d}.safetensors"


def _record_seed(out: Path, settings: RecordSettings, studio: Studio, seed: int) -> None:
    person = settings.first_seed + (seed - settings.first_seed) // settings.clips_per_person
    record = record_clip(studio.clip(seed, settings.scene, identity_seed=person), seed)
    if record is not None:
        save_clip(replace(record, scene=scene_digest(settings)), _path(out, seed))


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
