"""From a labelled row and the pictures on disk to a clip: the same rules for all sets.

What the sheets leave open or get wrong is decided here, once, and each decision leaves its reason in the clip's notes.
Single known errors are no rules: they are data, in ``corrections``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from recognizer.datasets.au_text import AUReading
from recognizer.datasets.labels import Kind, LabelledClip, Problem

#: No micro-expression lasts longer (s), by any definition in use (0.5 s; some sets take 1 s): a slip of the pen.
LONGEST_MICRO_S = 2.0

NO_APEX_LABELS = "the set labels no apex"


@dataclass(frozen=True, slots=True)
class RowLabels:
    """What a row says, corrections applied. ``key`` names the row for messages. ``onset`` None with ``whole``: the
    clip is its folder, from the first picture to the last. ``cut``: the folder holds this clip alone, so that its
    last picture tells an unknown offset."""

    dataset: str
    clip: str
    subject: str
    fps: float
    onset: int | None = None
    apex: int | None = None
    offset: int | None = None
    aus: AUReading | None = None
    aus_text: str = ""
    emotion: str | None = None
    objective: int | None = None
    kind: Kind = Kind.MICRO
    whole: bool = False
    cut: bool = False
    apex_labelled: bool = True
    corrected: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        return f"{self.dataset} {self.clip}"


def build_clip(row: RowLabels, pictures: Mapping[int, Path], where: str) -> LabelledClip | Problem:
    """The clip of a row out of the pictures by number; a Problem where less than two of its pictures are there.

    ``where``: the folder in which they were looked for, for messages.
    """
    if not pictures:
        return Problem(row.key, f"No pictures of this clip were found ({where}).")
    notes = list(row.notes)
    if row.whole:
        first, last = min(pictures), max(pictures)
    else:
        if row.onset is None:
            return Problem(row.key, "The sheet gives no onset frame.")
        first = row.onset
        ending = _ending(row, pictures, notes)
        if ending is None:
            return Problem(row.key, f"The sheet gives no usable offset frame (onset {row.onset}, offset {row.offset}).")
        last = ending
    there = [number for number in pictures if first <= number <= last]
    if len(there) < 2:
        have = f"{min(pictures)} to {max(pictures)}"
        return Problem(
            row.key, f"Of the frames {first} to {last} less than two are on disk, which has {have} ({where})."
        )
    missing = () if row.whole else tuple(sorted(set(range(first, last + 1)) - set(there)))
    if there[-1] < last:
        notes.append(f"The offset {last} lies after the last picture {there[-1]}: the clip ends there.")
    if there[0] > first:
        notes.append(f"The onset {first} lies before the first picture {there[0]}: the clip starts there.")
    length = (last - first + 1) / row.fps
    if row.kind is Kind.MICRO and length > LONGEST_MICRO_S:
        notes.append(f"{length:.1f} s from onset to offset is too long for a micro-expression: doubtful label.")
    apex, unknown = _apex(row, first, last, there)
    return LabelledClip(
        dataset=row.dataset,
        clip=row.clip,
        subject=row.subject,
        frames=tuple(pictures[number] for number in there),
        numbers=tuple(there),
        fps=row.fps,
        onset=row.onset,
        apex_frame=row.apex,
        offset=row.offset,
        apex=apex,
        apex_unknown=unknown,
        aus=None if row.aus is None else row.aus.aus,
        maybe=() if row.aus is None else row.aus.maybe,
        aus_text=row.aus_text,
        emotion=row.emotion,
        objective=row.objective,
        kind=row.kind,
        missing=missing,
        corrected=row.corrected,
        notes=tuple(notes),
    )


def _ending(row: RowLabels, pictures: Mapping[int, Path], notes: list[str]) -> int | None:
    """The offset frame, or what stands for it where the sheet gives none that can be."""
    assert row.onset is not None  # noqa: S101 - the caller has looked
    if row.offset is not None and row.offset > row.onset:
        return row.offset
    if row.cut and max(pictures) > row.onset:
        notes.append(f"The sheet's offset ({row.offset}) is unusable: the clip ends with its last picture.")
        return max(pictures)
    if row.apex is not None and row.apex > row.onset:
        notes.append(f"The sheet's offset ({row.offset}) is unusable: the clip ends at its apex.")
        return row.apex
    return None


def _apex(row: RowLabels, first: int, last: int, there: Sequence[int]) -> tuple[int | None, str]:
    """Index of the apex among the frames that are there, or None and why."""
    if not row.apex_labelled:
        return None, NO_APEX_LABELS
    if row.apex is None:
        return None, "the sheet gives no apex"
    if not first <= row.apex <= last:
        return None, f"the sheet's apex {row.apex} is not between onset {first} and offset {last}"
    if row.apex == first:
        return None, f"the sheet's apex {row.apex} is the onset: nothing has moved there"
    if row.apex not in there:
        return None, f"the picture of the apex {row.apex} is not on disk"
    if row.apex == there[0]:
        return None, f"the apex {row.apex} is the first picture on disk: nothing has moved there"
    return there.index(row.apex), ""
