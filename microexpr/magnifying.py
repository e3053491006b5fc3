"""``microexpr magnify`` and ``microexpr train-magnifier``.

torch is imported after the first look at the arguments: wrong use must be told at once.
"""

# ruff: noqa: PLC0415  # imports inside functions: see above

import math
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from curves.errors import InputError
from curves.values import Interval
from microexpr.progress import ProgressBar, progress_bar
from microexpr.training import refuse_other_training
from microexpr.writing import cannot_write, check_new_file

if TYPE_CHECKING:
    from recognizer.face.stream import MotionStream
    from recognizer.magnifier.apply import FaceFields
    from recognizer.magnifier.network import Magnifier
    from recognizer.magnifier.training import MagnifierProgress

#: As in recognizer.magnifier.network; said here so that wrong use is told before torch is loaded.
ALPHA_RANGE = (1 / 16, 16.0)
SUFFIXES = (".mp4", ".mov", ".mkv")


@dataclass(frozen=True, slots=True)
class MagnifyRequest:
    """What one ``microexpr magnify`` is asked to do; InputError for what cannot be.

    ``alpha`` in [1/16, 16]; ``out`` None: beside the video, with ``.magnified.mp4`` for its suffix; ``start_s``,
    ``end_s``, ``face``, ``fps``, ``neutral`` as in ``convert``.
    """

    video: Path
    alpha: float = 8.0
    out: Path | None = None
    start_s: float | None = None
    end_s: float | None = None
    face: int | None = None
    fps: float | None = None
    weights: Path | None = None
    overwrite: bool = False
    neutral: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        low, high = ALPHA_RANGE
        if not (math.isfinite(self.alpha) and low <= self.alpha <= high):
            raise InputError(
                f"--alpha {self.alpha:g} is outside of 1/16 to 16; try 8 to see more, 0.5 to halve the motion."
            )
        if not self.video.exists():
            raise InputError(f"{self.video} does not exist; check the path.")
        if self.weights is not None and not self.weights.is_file():
            raise InputError(f"--weights: {self.weights} is no file; check the path.")
        target = self.target
        if target.suffix.lower() not in SUFFIXES:
            raise InputError(f"{target} is no name for a video; let --out end in {', '.join(SUFFIXES)}.")
        if target.resolve() == self.video.resolve():
            raise InputError(f"{target} is the video itself; give --out another name.")
        self._check_times()
        check_new_file(target, overwrite=self.overwrite)

    def _check_times(self) -> None:
        if self.neutral is not None:
            first, last = self.neutral
            if not 0.0 <= first < last < math.inf:
                raise InputError(
                    f"--neutral {first:g} {last:g} is no stretch of time; give two rising times in seconds."
                )

    @property
    def target(self) -> Path:
        return self.video.with_name(f"{self.video.stem}.magnified.mp4") if self.out is None else self.out


def run_magnify(request: MagnifyRequest) -> None:
    """Writes the video with its face's small motion magnified and says what was done. Raises MicroExprError."""
    import cv2

    from recognizer.magnifier.weights import load_magnifier

    net, _, _ = load_magnifier(request.weights)
    threads = cv2.getNumThreads()
    with progress_bar() as bar, tempfile.TemporaryDirectory(prefix="microexpr-", ignore_cleanup_errors=True) as folder:
        cv2.setNumThreads(1)  # as in analysis: the stages run side by side already
        try:
            lines = _magnify(request, net, Path(folder), bar)
        finally:
            cv2.setNumThreads(threads)
        for line in lines:
            bar.write(line, sys.stdout)


def _magnify(request: MagnifyRequest, net: "Magnifier", folder: Path, bar: ProgressBar) -> list[str]:
    from recognizer.face.stream import measure_motion
    from recognizer.magnifier.apply import Magnification, face_fields
    from recognizer.video import open_video

    report = bar.report(request.video.name)
    part = {"fps": request.fps, "start_s": request.start_s, "end_s": request.end_s}
    neutral = None if request.neutral is None else Interval(*request.neutral)
    with open_video(request.video, **part) as video:
        stream = measure_motion(video, folder, face=request.face, neutral_within=neutral, progress=report)
        notes = [*video.notes, *stream.clip.notes]
    count = len(stream.clip.times_s)
    fields = face_fields(stream, net, Magnification(request.alpha), folder, lambda done: report("magnify", done, count))
    written = _write(request, stream, fields, bar)
    return [*(f"note: {note}" for note in notes), *_told(request, stream, fields, written)]


def _write(request: MagnifyRequest, stream: "MotionStream", fields: "FaceFields", bar: ProgressBar) -> int:
    """Encodes the whole picture, frame by frame at its own time; returns the number of frames."""
    from recognizer.magnifier.picture import magnified_frames
    from recognizer.video import VideoWriter, open_video

    report = bar.report(request.video.name)
    part = {"fps": request.fps, "start_s": request.start_s, "end_s": request.end_s}
    with open_video(request.video, **part) as video, _new_file(request.target) as fresh:
        rate, total, number = video.info.frame_rate, video.part_frames, 0
        with VideoWriter(fresh, rate, timed=True) as writer:
            for frame in magnified_frames(iter(video), stream.clip, fields):
                writer.write(frame.image, frame.time_s - stream.clip.first_s)
                number += 1
                report("write", number, total)
    return number


@contextmanager
def _new_file(target: Path) -> Iterator[Path]:
    """A path to write to, which takes the place of ``target`` once it is whole. InputError if it cannot be written."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".microexpr-", dir=target.parent) as scratch:
            fresh = Path(scratch) / f"video{target.suffix}"
            yield fresh
            fresh.replace(target)
    except OSError as error:
        raise cannot_write(target, error) from error


def _told(request: MagnifyRequest, stream: "MotionStream", fields: "FaceFields", written: int) -> Iterator[str]:
    neutral_s = float(stream.clip.times_s[stream.neutral])
    yield f"note: Motion is counted from the face at {neutral_s:.2f} s, taken for neutral. Sound is not kept."
    changed = "magnified" if request.alpha > 1.0 else "held back"
    if fields.limited:
        yield (
            f"note: In {fields.limited} of {written} frames something moves by more than a micro-expression "
            f"(speech, a blink); there it was {changed} less."
        )
    yield f"wrote {request.target} ({written} frames, motion times {request.alpha:g})"


def run_magnifier_training(recipe: Path, *, facekit: Path, out: Path, resume: bool = False) -> None:
    """Renders people, trains the magnifier, measures the ratios; a line a validation. InputError as for ``train``."""
    if not recipe.is_file():
        raise InputError(f"The magnifier's recipe {recipe} is no file; give a TOML file.")

    from recognizer.magnifier.training import CHECKPOINT, WEIGHTS, load_recipe, summary, train_magnifier

    settings = load_recipe(recipe)
    refuse_other_training(out / CHECKPOINT, resume=resume)
    with progress_bar() as bar:
        report = bar.report(recipe.stem)

        def tell(state: "MagnifierProgress") -> None:
            report(state.stage, state.done, state.total)
            if state.line is not None:
                bar.write(state.line, sys.stdout)

        card = train_magnifier(settings, facekit, out, tell)
        for line in (*summary(card), f"wrote {out / WEIGHTS} (SHA-256 {card['sha256']})"):
            bar.write(line, sys.stdout)
