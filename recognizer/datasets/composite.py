"""The three-class composite of MEGC2019 out of CASME II, SAMM and SMIC-HS: a list says which clips, and their class.

``combined_3class_gt.csv`` has no header: ``casme2,sub01,EP02_01f,1``; 0 negative, 1 positive, 2 surprise; 442 rows.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from curves.errors import FormatError
from recognizer.datasets.cells import padded
from recognizer.datasets.labels import Dataset, LabelledClip, Problem
from recognizer.datasets.sheets import read_sheets, rows_without_header
from recognizer.datasets.threedb import CLASSES

NAME, TITLE = "megc2019", "MEGC2019 composite"
#: Set name in the list -> (ours, prefix and width of its subjects).
_SETS = {"casme2": ("casme2", "sub", 2), "samm": ("samm", "", 3), "smic": ("smic-hs", "s", 2)}


@dataclass(frozen=True, slots=True)
class CompositeRow:
    """One clip of the list, spelled as our readers spell it; ``emotion``: negative, positive or surprise."""

    dataset: str
    subject: str
    clip: str
    emotion: str


def read_composite_list(path: Path) -> list[CompositeRow]:
    """The rows of the list. FormatError for a row that names no set or class that the composite has."""
    result = []
    for row in rows_without_header(next(iter(read_sheets(path).values())), ("set", "subject", "clip", "class")):
        known, emotion = _SETS.get(row.text("set").lower()), CLASSES.get(row.text("class"))
        if known is None or emotion is None:
            raise FormatError(
                f"{path} line {row.line} is not like 'casme2,sub01,EP02_01f,1': use the list of MEGC2019."
            )
        name, prefix, width = known
        subject = padded(row.text("subject"), prefix, width)
        clip = f"{subject}/{row.text('clip')}" if name == "casme2" else row.text("clip")
        result.append(CompositeRow(name, subject, clip, emotion))
    return result


def composite(rows: Sequence[CompositeRow], sets: Mapping[str, Dataset], root: Path) -> Dataset:
    """The clips of ``rows`` out of ``sets`` (by name), with their three-class emotion.

    Subjects are called ``samm/006``, clips ``samm/006_1_2``: the sets' names would meet otherwise. A row whose clip is
    not in its set is a problem.
    """
    clips: list[LabelledClip] = []
    problems: list[Problem] = []
    by_name = {name: {clip.clip.lower(): clip for clip in held.clips} for name, held in sets.items()}
    for row in rows:
        found = by_name.get(row.dataset, {}).get(row.clip.lower())
        key = f"{row.dataset}/{row.clip}"
        if found is None:
            why = "its set was not found" if row.dataset not in sets else "the set has no such clip with pictures"
            problems.append(Problem(key, f"The composite's list names this clip, but {why}."))
        else:
            subject = f"{row.dataset}/{row.subject}"
            clips.append(replace(found, dataset=NAME, clip=key, subject=subject, emotion=row.emotion))
    parts = ", ".join(f"{name} {sum(row.dataset == name for row in rows)}" for name, _, _ in _SETS.values())
    return Dataset(
        NAME, TITLE, root, len(rows), tuple(clips), problems=tuple(problems), sources=(f"list: {parts} clips",)
    )
