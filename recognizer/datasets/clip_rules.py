"""From a labelled row and the pictures on disk to a clip: the same rules for all sets.

What the sheets leave open or get wrong is decided here, once, and each decision leaves its reason in the clip's notes.
Single known errors are no rules: they are data, in ``corrections``.
"""

from collections.abc import Iterator, Mapping, Sequence
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
    notes = list(row.notes)
    if not pictures:
        return Problem(row.key, f"No pictures of this clip were found ({where}).")
    span = _span(row, pictures, notes)
    if isinstance(span, str):
        return Problem(row.key, span)
    first, last = span
    there = [number for number in pictures if first <= number <= last]
    if len(there) < 2:
        have = f"{min(pictures)} to {max(pictures)}"
        return Problem(
            row.key, f"Of the frames {first} to {last} less than two are on disk, where {have} are ({where})."
        )
    notes += _remarks(row, first, last, there)
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
        missing=tuple(sorted(set(range(first, last + 1)) - set(there))),
        corrected=row.corrected,
        notes=tuple(notes),
    )


def _span(row: RowLabels, pictures: Mapping[int, Path], notes: list[str]) -> tuple[int, int] | str:
    """First and last frame of the clip, or a sentence on why it has none."""
    if row.whole:
        return min(pictures), max(pictures)
    if row.onset is None:
        return "The sheet gives no onset frame."
    last = _ending(row, row.onset, pictures, notes)
    if last is None:
        return f"The sheet gives no usable offset frame (onset {row.onset}, offset {row.offset})."
    return row.onset, last


def _ending(row: RowLabels, onset: int, pictures: Mapping[int, Path], notes: list[str]) -> int | None:
    """The offset frame, or what stands for it where the sheet gives none that can be."""
    if row.offset is not None and row.offset > onset:
        return row.offset
    if row.cut and max(pictures) > onset:
        notes.append("The sheet gives no offset after the onset: the clip ends with its last picture.")
        return max(pictures)
    if row.apex is not None and row.apex > onset:
        notes.append("The sheet gives no offset after the onset: the clip ends at its apex.")
        return row.apex
    return None


def _remarks(row: RowLabels, first: int, last: int, there: Sequence[int]) -> Iterator[str]:
    if there[-1] < last:
        yield f"The offset {last} lies after the last picture {there[-1]}: the clip ends there."
    if there[0] > first:
        yield f"The onset {first} lies before the first picture {there[0]}: the clip starts there."
    length = (last - first + 1) / row.fps
    if row.kind is Kind.MICRO and length > LONGEST_MICRO_S:
        yield f"{length:.1f} s from onset to offset is too long for a micro-expression: a doubtful label."


def _apex(row: RowLabels, first: int, last: int, there: Sequence[int]) -> tuple[int | None, str]:
    """Index of the apex among the frames that are there, or None and why."""
    apex, why = row.apex, ""
    if not row.apex_labelled:
        why = NO_APEX_LABELS
    elif apex is None:
        why = "the sheet gives no apex"
    elif not first <= apex <= last:
        why = f"the sheet's apex {apex} is not between onset {first} and offset {last}"
    elif apex == first:
        why = f"the sheet's apex {apex} is the onset: nothing has moved there"
    elif apex not in there:
        why = f"the picture of the apex {apex} is not on disk"
    elif apex == there[0]:
        why = f"the apex {apex} is the first picture on disk: nothing has moved there"
    return (None, why) if why or apex is None else (there.index(apex), "")
