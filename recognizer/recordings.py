"""Long recordings of licensed sets as motion clips with their labelled expressions: what spotting is judged on.

A recording goes the way of any video (``recognizer.face``): its neutral frame is looked for, nothing of the labels is
used for the motion. Missing pictures leave their gap in time.
"""

import hashlib
import json
import re
from collections.abc import Iterator
from contextlib import closing
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from curves.errors import MicroExprError, NoFaceError
from curves.values import DEFAULT_AUS, Emotion, Side
from recognizer.clips import ClipRecord, save_clip
from recognizer.datasets.labels import AUMark, Code, Dataset, Kind, LongVideo, Problem, TrueInterval
from recognizer.face.prior import prior_map
from recognizer.face.stream import MotionStream, measure_motion
from recognizer.pictures import read_picture
from recognizer.preparing import Progress
from recognizer.processes import in_processes
from recognizer.video import Frame, Video, VideoInfo

_VERSION = 1  # changes whenever the same pictures would give another clip


class PreparedRecordings(NamedTuple):
    """``clips``: files of ``recognizer.clips``, in the order of the set's recordings. ``problems``: recordings of which
    none could be made, and why. ``notes``: what was decided about clips that were made now."""

    clips: list[Path]
    problems: list[Problem]
    notes: list[Problem]


class _Job(NamedTuple):
    video: LongVideo
    path: Path


class _Done(NamedTuple):
    """``error``: a sentence on why there is no clip, or ""."""

    error: str = ""
    notes: tuple[str, ...] = ()


def prepare_recordings(dataset: Dataset, out: Path, progress: Progress, *, workers: int = 1) -> PreparedRecordings:
    """A clip of each recording of ``dataset`` in ``out/<set>``: 12.5 kB a frame.

    What is there already is not made again, so a run that was broken off goes on. ``workers``: processes. Recordings
    without a face, or with pictures that cannot be read, are problems. Raises OSError where ``out`` cannot be written.
    """
    folder = out / dataset.name
    folder.mkdir(parents=True, exist_ok=True)
    jobs = [_Job(video, folder / _file_name(video)) for video in dataset.videos]
    results = {i: _Done() for i, job in enumerate(jobs) if job.path.is_file()}
    progress(len(results), len(jobs))
    waiting = [(i, job) for i, job in enumerate(jobs) if i not in results]
    if waiting:
        with closing(in_processes(_make, waiting, max(1, min(workers, len(waiting))))) as made:
            for (i, _), done in made:
                results[i] = done
                progress(len(results), len(jobs))
    prepared = PreparedRecordings([], [], [])
    for i, job in enumerate(jobs):
        key = f"{dataset.name} {job.video.video}"
        prepared.notes.extend(Problem(key, note) for note in results[i].notes)
        if results[i].error:
            prepared.problems.append(Problem(key, results[i].error))
        else:
            prepared.clips.append(job.path)
    return prepared


def _make(numbered: tuple[int, _Job]) -> _Done:
    """One recording's clip into its file; an error that a user can act on becomes a sentence, not the run's end."""
    job = numbered[1]
    try:
        clip, notes = clip_of(job.video)
    except MicroExprError as error:
        return _Done(str(error))
    save_clip(clip, job.path)
    return _Done(notes=notes)


def clip_of(video: LongVideo) -> tuple[ClipRecord, tuple[str, ...]]:
    """The motion clip of a recording, and notes on it.

    Expressions without a labelled apex have it in their middle; AUs that the sheet does not give are none; an emotion
    that is none of ``Emotion`` is "others". Intensities are not known. NoFaceError: no face; InputError: a picture that
    cannot be read.
    """
    # Errors of cleaning up: Windows keeps a file as long as it is mapped.
    with TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        stream = measure_motion(_as_video(video), Path(folder), threads=1, progress=lambda *_: None)
        clip = _recorded(video, stream)
    notes = []
    if len(clip.times_s) < len(video.frames):
        lost = len(video.frames) - len(clip.times_s)
        notes.append(f"The face was lost in {lost} of {len(video.frames)} frames: they are left out.")
    without = sum(interval.apex_frame is None for interval in video.intervals)
    if without:
        notes.append(f"{without} of {len(video.intervals)} expressions have no apex: their middle stands for it.")
    return clip, tuple(notes)


def _recorded(video: LongVideo, stream: MotionStream) -> ClipRecord:
    usable = np.concatenate([np.arange(run.start, run.stop) for run in stream.clip.runs])
    if len(usable) < 2:
        raise NoFaceError(f"The face could not be followed in {video.video}: leave the recording out.")
    count, aus = len(usable), len(DEFAULT_AUS)
    times = [_onset_apex_offset(video, interval) for interval in video.intervals]
    return ClipRecord(
        times_s=np.asarray(stream.clip.times_s[usable], np.float64),
        flow=np.array(stream.flow[usable]),
        intensity=np.zeros((count, aus, 2), np.float32),
        onset_apex_offset=np.array(times, np.float64).reshape(-1, 3),
        event_emotion=np.array([_emotion(interval) for interval in video.intervals], np.int64),
        event_au=np.array([_peaks(interval.aus) for interval in video.intervals], np.float32).reshape(-1, aus, 2),
        identity=f"{video.dataset}/{video.subject}",
        seed=0,
        fps=video.fps,
        prior=prior_map(stream.clip.shape.points).astype(np.float16),
        intensity_known=np.zeros((count, aus), np.float32),
        event_macro=np.array([interval.kind is Kind.MACRO for interval in video.intervals], np.bool_),
    )


def _onset_apex_offset(video: LongVideo, interval: TrueInterval) -> tuple[float, float, float]:
    start, end = interval.time.start_s, interval.time.end_s
    if interval.apex_frame is None:
        return start, (start + end) / 2, end
    return start, min(max((interval.apex_frame - video.numbers[0]) / video.fps, start), end), end


def _emotion(interval: TrueInterval) -> int:
    names = [emotion.value for emotion in Emotion]
    return names.index(interval.emotion if interval.emotion in names else Emotion.OTHERS.value)


def _peaks(marks: tuple[AUMark, ...] | None) -> NDArray[np.float32]:
    """(n, 2): 1 where the sheet marks the AU on that side. How strong it is, is not known."""
    peaks = np.zeros((len(DEFAULT_AUS), 2), np.float32)
    for mark in marks or ():
        if mark.code is Code.UNIT and mark.au in DEFAULT_AUS:
            peaks[DEFAULT_AUS.index(mark.au)] = (mark.side is not Side.RIGHT, mark.side is not Side.LEFT)
    return peaks


def _as_video(video: LongVideo) -> Video:
    """The pictures at their own times: a frame's number decides it, so that missing ones leave their gap."""
    first = read_picture(video.frames[0])

    def frames() -> Iterator[Frame]:
        for path, number in zip(video.frames, video.numbers, strict=True):
            at = number - video.numbers[0]
            yield Frame(at, at / video.fps, read_picture(path, like=first))

    height, width = first.shape[:2]
    rate, count = Fraction(video.fps).limit_denominator(1001), len(video.frames)
    duration = (video.numbers[-1] - video.numbers[0] + 1) / video.fps
    info = VideoInfo(video.frames[0].parent, width, height, rate, duration, count, None, 0)
    return Video(info, frames(), [], lambda: None, part_frames=count)


def _file_name(video: LongVideo) -> str:
    """The recording's name, fit for a file, and a digest of its labels and of which pictures it has."""
    labels = [
        [one.kind, one.onset, one.apex_frame, one.offset, one.emotion, [str(mark) for mark in one.aus or ()]]
        for one in video.intervals
    ]
    made_of = [_VERSION, video.dataset, video.video, video.subject, video.fps, list(video.numbers), labels]
    digest = hashlib.sha256(json.dumps(made_of).encode()).hexdigest()[:16]
    return f"{re.sub(r'[^A-Za-z0-9._#-]+', '_', video.video)}-{digest}.safetensors"
