"""Collect what a reader finds, so that nothing gets lost and names stay unique."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from curves.values import Interval
from recognizer.datasets.clip_rules import RowLabels, build_clip
from recognizer.datasets.correcting import KnownError, corrected, known_errors
from recognizer.datasets.disk import Tree
from recognizer.datasets.labels import (
    Correction,
    Dataset,
    FlowImage,
    LabelledClip,
    LongVideo,
    Problem,
    TrueInterval,
)


@dataclass(frozen=True, slots=True)
class Reader:
    """One licensed set: ``looks_for`` says in words what ``finds`` looks for below PATH; ``read`` gives what is there,
    more than one data set where a release holds several (the cameras of SMIC)."""

    name: str
    title: str
    looks_for: str
    finds: Callable[[Tree], bool]
    read: Callable[[Tree], list[Dataset]]


class Gathering:
    """A data set under construction."""

    def __init__(self, name: str, title: str, root: Path, corrections: str | None = None) -> None:
        self.name, self._title, self._root = name, title, root
        self._errors: tuple[KnownError, ...] = known_errors(corrections or name)
        self._rows = 0
        self._seen: dict[str, list[RowLabels]] = defaultdict(list)
        self._clips: list[LabelledClip] = []
        self._videos: list[LongVideo] = []
        self._images: list[FlowImage] = []
        self._problems: list[Problem] = []
        self._corrections: list[Correction] = []
        self._sources: list[str] = []

    def source(self, text: str) -> None:
        self._sources.append(text)

    def pictures(self, variants: Sequence[Path]) -> None:
        """Say which variant of the pictures is used, and which ones stand in where a clip is missing from it."""
        names = [path.relative_to(self._root).as_posix() for path in variants]
        shown = ["PATH itself" if name == "." else name for name in names]
        also = f" (where it lacks a clip: {', '.join(shown[1:])})" if shown[1:] else ""
        self.source(f"pictures: {shown[0]}{also}" if shown else "pictures: none found")

    def problem(self, key: str, text: str) -> None:
        self._problems.append(Problem(key, text))

    def lost_row(self, key: str, text: str) -> None:
        """A labelled row of which nothing can be made."""
        self._rows += 1
        self.problem(key, text)

    def row(
        self, labels: RowLabels, sheet_clip: str, pictures: Mapping[int, Path], where: str, *, keep: bool = True
    ) -> LabelledClip | None:
        """A labelled row: known errors put right, name made unique, then a clip of the set or a problem of it.

        A second row of the same clip and frames is a problem; one of other frames is a clip of its own, with a note.
        ``keep`` False: the clip is returned, but not one of the set's clips (it stands for an interval only).
        """
        self._rows += 1
        fixed = corrected(labels, sheet_clip, self._errors)
        self._corrections += [Correction(fixed.key, text) for text in fixed.corrected]
        before = self._seen[fixed.clip]
        if twins := [other for other in before if _frames(other) == _frames(fixed)]:
            self._problems.append(_duplicate(fixed, twins[0]))
            return None
        before.append(fixed)
        if (times := len(before)) > 1:
            note = f"The labels name {fixed.clip} {times} times, with other frames: this one is called "
            fixed = replace(fixed, clip=f"{fixed.clip}#{times}", notes=(*fixed.notes, f"{note}{fixed.clip}#{times}."))
        if fixed.aus is not None and fixed.aus.unread:
            words = " ".join(fixed.aus.unread)
            self.problem(fixed.key, f"In the AUs {fixed.aus_text!r} this was not understood and left out: {words}")
        built = build_clip(fixed, pictures, where)
        if isinstance(built, Problem):
            self._problems.append(built)
            return None
        if keep:
            self._clips.append(built)
        return built

    def image(self, image: FlowImage) -> None:
        self._rows += 1
        self._images.append(image)

    def video(
        self, name: str, subject: str, pictures: Mapping[int, Path], fps: float, of: Sequence[LabelledClip]
    ) -> None:
        """A whole recording, with the clips that were cut from it."""
        if len(pictures) < 2:
            self.problem(f"{self.name} {name}", "The folder of this long video holds less than two pictures.")
            return
        numbers = tuple(pictures)
        gaps = tuple(sorted(set(range(numbers[0], numbers[-1] + 1)) - set(numbers)))
        intervals = tuple(sorted((_interval(clip, numbers[0]) for clip in of), key=lambda item: item.onset))
        self._videos.append(
            LongVideo(self.name, name, subject, tuple(pictures.values()), numbers, fps, intervals, gaps)
        )

    def dataset(self) -> Dataset:
        return Dataset(
            self.name,
            self._title,
            self._root,
            self._rows,
            tuple(self._clips),
            tuple(self._videos),
            tuple(self._images),
            tuple(self._problems),
            tuple(self._corrections),
            tuple(self._sources),
        )


def _frames(row: RowLabels) -> tuple[object, ...]:
    return row.subject, row.kind, row.onset, row.apex, row.offset


def _duplicate(row: RowLabels, first: RowLabels) -> Problem:
    same = (row.aus_text, row.emotion, row.objective) == (first.aus_text, first.emotion, first.objective)
    differs = "" if same else ", with other AUs or another emotion"
    text = f"The labels name this clip with the same frames a second time{differs}: only the first row counts."
    return Problem(row.key, text)


def _interval(clip: LabelledClip, first: int) -> TrueInterval:
    onset, offset = clip.numbers[0], clip.numbers[-1]
    return TrueInterval(
        time=Interval((onset - first) / clip.fps, (offset + 1 - first) / clip.fps),
        kind=clip.kind,
        onset=onset,
        offset=offset,
        apex_frame=None if clip.apex is None else clip.numbers[clip.apex],
        aus=clip.aus,
        emotion=clip.emotion,
        notes=clip.notes,
    )
