"""What a licensed set holds, in one form for all sets: labelled clips, long videos, flow images, and what went wrong.

Frame numbers are those of the label sheets and of the pictures' names; nothing here counts from an offset of its own.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from curves.values import Interval, Side


class Kind(StrEnum):
    """Whether an expression is brief and involuntary, or an ordinary one."""

    MICRO = "micro"
    MACRO = "macro"


class Code(StrEnum):
    """What a number of FACS stands for; the three share one range of numbers."""

    UNIT = "AU"  #: an action unit
    DESCRIPTOR = "AD"  #: an action descriptor, such as a tongue shown: no muscle is said
    MOVEMENT = "M"  #: a movement of the head


class Part(StrEnum):
    """Which lip: some AUs of the mouth are coded for one of them."""

    WHOLE = ""
    TOP = "top"
    BOTTOM = "bottom"


@dataclass(frozen=True, slots=True)
class AUMark:
    """One code that the sheet says is there.

    ``side``: the subject's; BOTH where no side is said. ``intensity``: FACS letters as written ("B", or "A/B" where
    the coder left it open), or None. ``asymmetric``: on both sides, one of them stronger. ``side_open``: the coder left
    open which side it is; ``side`` is BOTH then.
    """

    au: int
    side: Side = Side.BOTH
    intensity: str | None = None
    part: Part = Part.WHOLE
    code: Code = Code.UNIT
    asymmetric: bool = False
    side_open: bool = False

    def __str__(self) -> str:
        side = {Side.BOTH: "", Side.LEFT: "L", Side.RIGHT: "R"}[self.side]
        return f"{side}{'' if self.code is Code.UNIT else self.code.value}{self.au}{self.intensity or ''}"


@dataclass(frozen=True, slots=True)
class LabelledClip:
    """One labelled expression with its pictures, in order from onset to offset.

    ``clip`` is unique in ``dataset``; ``subject`` is spelled one way throughout (sub01, 006, s03). ``numbers``: the
    pictures' own numbers, as many as ``frames``; a gap is a picture that is not on disk, and all of those are in
    ``missing``. ``onset``, ``apex_frame``, ``offset``: as the sheet says, corrections applied, None where it says
    nothing usable. ``apex``: index into ``frames``, or None; then ``apex_unknown`` says why. ``aus``: the codes that
    are certain, or None where the set or the row names none; ``maybe``: groups of which the coder left open which
    one is there; ``aus_text``: the cell as written. ``emotion``: in lower case as the set names it, or None.
    ``objective``: class 1 to 7 (Davison et al. 2018), or None. ``corrected``: reasons of the corrections applied.
    ``notes``: sentences on what was decided about this row. Raises ValueError where these contradict each other.
    """

    dataset: str
    clip: str
    subject: str
    frames: tuple[Path, ...]
    numbers: tuple[int, ...]
    fps: float
    onset: int | None = None
    apex_frame: int | None = None
    offset: int | None = None
    apex: int | None = None
    apex_unknown: str = ""
    aus: tuple[AUMark, ...] | None = None
    maybe: tuple[tuple[AUMark, ...], ...] = ()
    aus_text: str = ""
    emotion: str | None = None
    objective: int | None = None
    kind: Kind = Kind.MICRO
    missing: tuple[int, ...] = ()
    corrected: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        n = len(self.frames)
        if n < 2 or len(self.numbers) != n or (np.diff(self.numbers) <= 0).any():
            raise ValueError(f"clip {self.clip}: expected two or more frames with rising numbers, got {self.numbers}")
        if not (np.isfinite(self.fps) and self.fps > 0.0):
            raise ValueError(f"clip {self.clip} fps: expected a rate above 0, got {self.fps}")
        if self.apex is not None and not 0 <= self.apex < n:
            raise ValueError(f"clip {self.clip} apex: expected 0..{n - 1}, got {self.apex}")
        if (self.apex is None) != bool(self.apex_unknown):
            raise ValueError(f"clip {self.clip}: expected an apex, or why it is unknown, got {self.apex_unknown!r}")

    @property
    def times_s(self) -> NDArray[np.float64]:
        """(n,) seconds of the frames from the first one, by their numbers: a missing picture leaves its gap."""
        numbers = np.array(self.numbers, dtype=np.float64)
        return (numbers - numbers[0]) / self.fps

    @property
    def aus_uncertain(self) -> bool:
        """True if the coder left open whether, or which, AU is there."""
        return bool(self.maybe)

    @property
    def au_numbers(self) -> frozenset[int] | None:
        """The action units present, sides aside, or None where they are not known for certain.

        None, too, where the coder wavered: counting such a clip as one without the AU would be as wrong as with it.
        """
        if self.aus is None or self.maybe:
            return None
        return frozenset(mark.au for mark in self.aus if mark.code is Code.UNIT)


@dataclass(frozen=True, slots=True)
class TrueInterval:
    """One expression in a long video: ``time`` in seconds from its first frame, both ends' frames within; the rest as
    in ``LabelledClip``."""

    time: Interval
    kind: Kind
    onset: int
    offset: int
    apex_frame: int | None = None
    aus: tuple[AUMark, ...] | None = None
    emotion: str | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LongVideo:
    """A whole recording with all labelled expressions in it: what spotting is judged on.

    ``numbers``: the pictures' own numbers, rising; ``missing``: those between them that are not on disk.
    """

    dataset: str
    video: str
    subject: str
    frames: tuple[Path, ...]
    numbers: tuple[int, ...]
    fps: float
    intervals: tuple[TrueInterval, ...]
    missing: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        n = len(self.frames)
        if n < 2 or len(self.numbers) != n or (np.diff(self.numbers) <= 0).any():
            raise ValueError(f"video {self.video}: expected two or more frames with rising numbers, got {n}")


@dataclass(frozen=True, slots=True)
class FlowImage:
    """The onset-apex flow of one clip as a picture (28, 28, 3): all that is left of it in the 3DB composite."""

    dataset: str
    clip: str
    subject: str
    emotion: str
    path: Path


@dataclass(frozen=True, slots=True)
class Problem:
    """What could not be read, and why; ``key`` names the clip, the row of a sheet or the file."""

    key: str
    text: str


@dataclass(frozen=True, slots=True)
class Correction:
    """A label that was changed, from the tables in ``corrections``."""

    key: str
    text: str


@dataclass(frozen=True, slots=True)
class Dataset:
    """One set as found on disk. ``name``: lower case, also of its clips. ``rows``: labelled rows (of sheets, or
    folders where the set has no sheet); each is one of ``clips``, ``images``, an interval of ``videos`` or a problem.
    ``sources``: sentences on which sheet and which variant of the pictures was used.
    """

    name: str
    title: str
    root: Path
    rows: int = 0
    clips: tuple[LabelledClip, ...] = ()
    videos: tuple[LongVideo, ...] = ()
    images: tuple[FlowImage, ...] = ()
    problems: tuple[Problem, ...] = ()
    corrections: tuple[Correction, ...] = ()
    sources: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for what, names in (
            ("clips", [clip.clip for clip in self.clips]),
            ("videos", [video.video for video in self.videos]),
            ("images", [image.clip for image in self.images]),
        ):
            if len(set(names)) != len(names):
                raise ValueError(f"{self.name}: expected {what} of different names, got {doubles(names)} twice")


def doubles(names: Iterable[str]) -> list[str]:
    """Those that occur more than once, in order of their second occurrence."""
    seen: set[str] = set()
    again: list[str] = []
    for name in names:
        if name in seen and name not in again:
            again.append(name)
        seen.add(name)
    return again
