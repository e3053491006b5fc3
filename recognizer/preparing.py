"""From labelled clips to samples: follow the face, hold it still, measure its motion from the onset; kept on disk.

The way of a frame is that of any video (``recognizer.face``), but for two things. Motion counts from the clip's first
frame, its onset, since a labelled clip has no other neutral face. And the network looks at each frame: clips are short.
"""

import hashlib
import json
import re
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from curves.errors import InputError, MicroExprError, NoFaceError
from recognizer.datasets.labels import Dataset, FlowImage, Kind, LabelledClip, Problem
from recognizer.face.clip import FaceClip, follow_face
from recognizer.face.motion import GRID, motion_from_neutral
from recognizer.pictures import read_picture
from recognizer.processes import in_processes
from recognizer.samples import IMAGE, Sample, load_sample, save_sample
from recognizer.video import Frame, Image, Video, VideoInfo

#: Frames kept of a clip, evenly spread, the apex among them: TIM makes 16 of them, and 200 fps give up to 200.
MOST_FRAMES = 64

#: Pictures cut tightly around a face leave the detector nothing to find a face in; then they get a grey border of this
#: part of their width and height on each side.
_BORDER, _GREY = 0.5, 128

#: The rate (Hz) at which a clip is shown to the face code: so slow that each frame is looked at and none is too short.
#: It says nothing of the sample's times. A power of two: times are exact.
_SHOWN_HZ = 4

#: Changes whenever the same pictures would give another sample, so that what is kept on disk is made anew.
_VERSION = 1

#: Clips done, clips in all.
Progress = Callable[[int, int], None]


class Prepared(NamedTuple):
    """``samples``: in the order of the set's clips; their large arrays lie on disk. ``problems``: clips of which no
    sample could be made, and why. ``notes``: what was decided about samples that were made now, not found on disk (a
    border, frames without a face)."""

    samples: list[Sample]
    problems: list[Problem]
    notes: list[Problem]


class _Job(NamedTuple):
    clip: LabelledClip
    path: Path


class _Done(NamedTuple):
    """``error``: a sentence on why there is no sample, or ""."""

    error: str = ""
    notes: tuple[str, ...] = ()


def prepare(
    dataset: Dataset, cache_dir: Path, progress: Progress, *, workers: int = 1, kind: Kind | None = Kind.MICRO
) -> Prepared:
    """Samples of all clips of ``kind`` (None: of all) and of all flow images of ``dataset``.

    A sample is a file in ``cache_dir``, written when complete, named by what it was made of: what is there already is
    not made again, so a run that was broken off goes on. ``workers``: processes. Clips without a face at their onset,
    or with pictures that cannot be read, are problems. Raises OSError where ``cache_dir`` cannot be written.
    """
    folder = cache_dir / dataset.name
    folder.mkdir(parents=True, exist_ok=True)
    jobs = [_Job(clip, folder / _file_name(clip)) for clip in dataset.clips if kind is None or clip.kind is kind]
    results = _run(jobs, max(1, workers), progress)
    prepared = Prepared([], [], [])
    for job, done in zip(jobs, results, strict=True):
        key = f"{dataset.name} {job.clip.clip}"
        prepared.notes.extend(Problem(key, note) for note in done.notes)
        if done.error:
            prepared.problems.append(Problem(key, done.error))
        else:
            prepared.samples.append(load_sample(job.path))
    for image in dataset.images:
        try:
            prepared.samples.append(_flow_sample(image))
        except MicroExprError as error:
            prepared.problems.append(Problem(f"{dataset.name} {image.clip}", str(error)))
    return prepared


def _run(jobs: Sequence[_Job], workers: int, progress: Progress) -> list[_Done]:
    results = [_Done() if job.path.is_file() else None for job in jobs]
    waiting = [i for i, result in enumerate(results) if result is None]
    done = len(jobs) - len(waiting)
    progress(done, len(jobs))
    with closing(_results(jobs, waiting, workers)) as made:
        for i, result in made:
            results[i] = result
            done += 1
            progress(done, len(jobs))
    return [result for result in results if result is not None]


def _results(jobs: Sequence[_Job], waiting: Sequence[int], workers: int) -> Generator[tuple[int, _Done], None, None]:
    if workers == 1 or len(waiting) < 2:
        yield from ((i, _make(jobs[i])) for i in waiting)
        return
    numbered = [(i, jobs[i]) for i in waiting]
    for (i, _), result in in_processes(_make_numbered, numbered, min(workers, len(waiting))):
        yield i, result


def _make_numbered(numbered: tuple[int, _Job]) -> _Done:
    return _make(numbered[1])


def _make(job: _Job) -> _Done:
    """One clip's sample into its file; an error that a user can act on becomes a sentence, not the end of the run."""
    try:
        sample, notes = sample_of(job.clip)
    except MicroExprError as error:
        return _Done(str(error))
    save_sample(sample, job.path)
    return _Done(notes=notes)


def sample_of(clip: LabelledClip) -> tuple[Sample, tuple[str, ...]]:
    """The sample of a clip, and notes on it.

    NoFaceError: no face in the onset frame. InputError: a picture that cannot be read, or of another size.
    """
    kept = kept_frames(len(clip.frames), clip.apex)
    paths = [clip.frames[i] for i in kept]
    notes: list[str] = []
    try:
        followed = _follow(clip, paths, border=False)
    except NoFaceError:
        followed = _follow(clip, paths, border=True)
        notes.append("The pictures are cut so tightly that a grey border was added to find the face.")
    seen = kept[followed.frames]
    if len(seen) < len(kept):
        notes.append(f"The face was lost in {len(kept) - len(seen)} of {len(kept)} frames: they are left out.")
    at = np.flatnonzero(seen == clip.apex) if clip.apex is not None else np.empty(0)
    if clip.apex is not None and not len(at):
        notes.append("The face was lost at the apex: the sample has none.")
    times = clip.times_s[seen]
    sample = Sample(
        clip=clip.clip,
        dataset=clip.dataset,
        subject=clip.subject,
        emotion=clip.emotion,
        aus=clip.au_numbers,
        times_s=times - times[0],
        apex=int(at[0]) if len(at) else None,
        flow=followed.flow,
        crops=followed.crops,
    )
    return sample, tuple(notes)


def kept_frames(count: int, apex: int | None, most: int = MOST_FRAMES) -> NDArray[np.int64]:
    """Indices of at most ``most`` of ``count`` frames: the first, the last and those evenly between, where the one
    nearest to ``apex`` makes way for it. Rising."""
    chosen = np.unique(np.round(np.linspace(0, count - 1, min(most, count))).astype(np.int64))
    if apex is not None and apex not in chosen:
        inner = chosen[1:-1] if len(chosen) > 2 else chosen
        chosen[np.flatnonzero(chosen == inner[np.abs(inner - apex).argmin()])[0]] = apex
    return chosen


class _Followed(NamedTuple):
    """``frames``: which of the frames shown have a face, the first of them 0; ``crops`` and ``flow`` of those."""

    frames: NDArray[np.int64]
    crops: NDArray[np.uint8]
    flow: NDArray[np.float16]


def _follow(clip: LabelledClip, paths: Sequence[Path], *, border: bool) -> _Followed:
    # Errors of cleaning up: Windows keeps a file as long as it is mapped.
    with TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        face = follow_face(_shown(paths, border=border), Path(folder), progress=lambda _: None)
        return _measured(clip, face)


def _measured(clip: LabelledClip, face: FaceClip) -> _Followed:
    """Crops and motion of the frames with a face; NoFaceError where the first has none."""
    shown = np.round(face.times_s * _SHOWN_HZ).astype(np.int64)
    usable = np.concatenate([np.arange(run.start, run.stop) for run in face.runs])
    if shown[usable[0]] != 0:
        raise NoFaceError(f"No face was found in the onset frame {clip.frames[0]}: its motion has no beginning.")
    flow = np.zeros((len(shown), 2, GRID, GRID), np.float16)
    motion_from_neutral(face, int(usable[0]), flow, threads=1)
    return _Followed(shown[usable], np.array(face.crops[usable]), flow[usable])


def _shown(paths: Sequence[Path], *, border: bool) -> Video:
    """The pictures as a video for the face code, at a rate of its own."""
    first = read_picture(paths[0])
    height, width = first.shape[:2]
    rate = Fraction(_SHOWN_HZ)
    info = VideoInfo(paths[0].parent, width, height, rate, len(paths) / _SHOWN_HZ, len(paths), None, 0)
    return Video(info, _frames(paths, first, border), [], lambda: None, part_frames=len(paths))


def _frames(paths: Sequence[Path], first: Image, border: bool) -> Iterator[Frame]:
    down, right = (round(_BORDER * side) for side in first.shape[:2]) if border else (0, 0)
    for index, path in enumerate(paths):
        image = read_picture(path, like=first)
        if border:
            grey = (_GREY, _GREY, _GREY)
            bordered = cv2.copyMakeBorder(image, down, down, right, right, cv2.BORDER_CONSTANT, value=grey)
            image = np.asarray(bordered, np.uint8)
        yield Frame(index, index / _SHOWN_HZ, image)


def _flow_sample(image: FlowImage) -> Sample:
    """A flow image of the 3DB composite: three channels in the file's order (RGB), 0..1, no frames."""
    picture = read_picture(image.path)
    if picture.shape != (IMAGE, IMAGE, 3):
        raise InputError(f"{image.path} is {picture.shape[1]}x{picture.shape[0]}, not {IMAGE}x{IMAGE}: restore it.")
    channels = picture.transpose(2, 0, 1).astype(np.float32) / 255.0
    times = np.zeros(1)
    return Sample(image.clip, image.dataset, image.subject, image.emotion, None, times, onset_apex=channels)


def _file_name(clip: LabelledClip) -> str:
    """The clip's name, fit for a file, and a digest of what its sample is made of."""
    kept = kept_frames(len(clip.frames), clip.apex)
    files = []
    for i in kept:
        try:
            state = clip.frames[i].stat()
            files.append([clip.frames[i].name, state.st_size, state.st_mtime_ns])
        except OSError:
            files.append([clip.frames[i].name])  # whoever reads it says what is wrong
    aus = clip.au_numbers
    made_of = [
        _VERSION, clip.dataset, clip.clip, clip.subject, clip.emotion, None if aus is None else sorted(aus), clip.fps,
        clip.apex, [clip.numbers[i] for i in kept], files,
    ]  # fmt: skip
    digest = hashlib.sha256(json.dumps(made_of).encode()).hexdigest()[:16]
    return f"{re.sub(r'[^A-Za-z0-9._#-]+', '_', clip.clip)}-{digest}.safetensors"
