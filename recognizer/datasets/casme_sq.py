"""CAS(ME)^2: long videos of 22 people at 30 fps with macro- and micro-expressions (Qu et al. 2018).

The workbook has no header rows: expressions on its first sheet, the names of people and of videos on the two others.
Frame numbers are those of the pictures (img1.jpg is 1).
"""

import re
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from curves.errors import InputError
from recognizer.datasets.au_text import read_aus
from recognizer.datasets.cells import emotion_of, kind_of, padded, uncropped_first
from recognizer.datasets.clip_rules import RowLabels
from recognizer.datasets.disk import Tree, numbered_pictures
from recognizer.datasets.gathering import Gathering, Reader
from recognizer.datasets.labels import Dataset, Kind, LabelledClip
from recognizer.datasets.sheets import Row, newest, no_rows, read_sheets, rows_without_header

NAME, TITLE, FPS = "casme_sq", "CAS(ME)^2", 30.0
_SHEET = r"CAS\(ME\)\^?2.*code.*\.xlsx"
_COLUMNS = ("participant", "expression", "onset", "apex", "offset", "aus", "emotion", "kind", "felt")
_SUBJECT, _VIDEO = r"s\d+", r"\d+_\d{4}.*"


@dataclass(frozen=True, slots=True)
class _Names:
    """``subjects``: number in the sheet to s15. ``stimuli``: disgust1 to the code in the videos' names, 0101."""

    subjects: dict[int, str]
    stimuli: dict[str, str]


def _folders(tree: Tree) -> list[Path]:
    return uncropped_first(tree.find_parents(_SUBJECT, _VIDEO), tree.root)


def _finds(tree: Tree) -> bool:
    return bool(tree.find_files(_SHEET) or _folders(tree))


def _read(tree: Tree) -> list[Dataset]:
    sheets, variants = tree.find_files(_SHEET), _folders(tree)
    if not sheets:
        raise InputError(
            f"{tree.root} holds videos of CAS(ME)^2 but no label sheet: put CAS(ME)^2code_final(Updated).xlsx there."
        )
    sheet = newest(sheets)
    rows, names = _tables(sheet)
    found = Gathering(NAME, TITLE, tree.root)
    found.source(f"labels: {sheet.name}" + (f", of {len(sheets)} editions" if len(sheets) > 1 else ""))
    found.pictures(variants)
    videos = _videos(tree, variants)
    cut: dict[tuple[str, str], list[LabelledClip]] = {}
    pictures = {key: numbered_pictures(folder) for key, folder in videos.items()}
    for row in rows:
        key, kind = _video_of(row, names), kind_of(row.text("kind"))
        if key is None or kind is None:
            found.lost_row(f"{NAME} line {row.line}", _why_lost(row, key))
            continue
        where = str(videos.get(key, "/".join(key)))
        built = found.row(_labels(row, key[0], kind), row.text("expression"), pictures.get(key, {}), where)
        cut.setdefault(key, []).extend([built] if built is not None else [])
    for (subject, code), folder in videos.items():
        found.video(f"{subject}/{folder.name}", subject, pictures[subject, code], FPS, cut.get((subject, code), []))
    return [found.dataset()]


def _tables(sheet: Path) -> tuple[list[Row], _Names]:
    """The expressions, and the two tables of names. InputError where the workbook has not these three sheets, or no
    expression."""
    tables = read_sheets(sheet)
    rules = [frame for title, frame in tables.items() if "rule" in title.lower()]
    others = [frame for title, frame in tables.items() if "rule" not in title.lower() and len(frame)]
    if len(rules) != 2 or not others:
        raise InputError(
            f"{sheet} should hold the expressions and two sheets called naming rule, but has {', '.join(tables)}: "
            "use the set's own workbook."
        )
    rows = rows_without_header(others[0], _COLUMNS)
    if not rows:
        raise no_rows(sheet)
    return rows, _names(*rules)


def _names(people: pd.DataFrame, films: pd.DataFrame) -> _Names:
    subjects, stimuli = {}, {}
    for row in rows_without_header(people, ("code", "name", "participant")):
        number = row.number("participant")
        if number is not None and re.fullmatch(_SUBJECT, row.text("name")):
            subjects[number] = padded(row.text("name"), "s", 2)
    for row in rows_without_header(films, ("code", "stimulus")):
        if re.fullmatch(r"\d{1,4}", row.text("code")):  # 0101 arrives as 101 where the cell is a number
            stimuli[row.text("stimulus").lower()] = row.text("code").zfill(4)
    return _Names(subjects, stimuli)


def _videos(tree: Tree, variants: list[Path]) -> dict[tuple[str, str], Path]:
    """Folders of the recordings by (s15, 0101); of several variants of one the preferred."""
    found: dict[tuple[str, str], Path] = {}
    for variant in variants:
        for subject in tree.folders(variant):
            for folder in tree.folders(subject) if re.fullmatch(_SUBJECT, subject.name, re.IGNORECASE) else []:
                if match := re.match(r"\d+_(\d{4})", folder.name):
                    found.setdefault((padded(subject.name, "s", 2), match[1]), folder)
    return found


def _video_of(row: Row, names: _Names) -> tuple[str, str] | None:
    number = row.number("participant")
    subject = None if number is None else names.subjects.get(number)
    code = names.stimuli.get(row.text("expression").rpartition("_")[0].lower())
    return None if subject is None or code is None else (subject, code)


def _why_lost(row: Row, key: tuple[str, str] | None) -> str:
    if key is None:
        return f"The rules name no participant {row.text('participant')!r} or no film of {row.text('expression')!r}."
    return f"The kind {row.text('kind')!r} is neither micro nor macro."


def _labels(row: Row, subject: str, kind: Kind) -> RowLabels:
    felt = emotion_of(row.text("felt"))
    return RowLabels(
        dataset=NAME,
        clip=f"{subject}/{row.text('expression')}",
        subject=subject,
        fps=FPS,
        onset=row.number("onset"),
        apex=row.number("apex"),
        offset=row.number("offset") or None,  # 0 stands for unknown
        aus=read_aus(row.value("aus")),
        aus_text=row.text("aus"),
        emotion=emotion_of(row.text("emotion")),
        kind=kind,
        notes=(f"Self-reported: {felt}.",) if felt else (),
    )


READER = Reader(NAME, TITLE, "CAS(ME)^2code_final*.xlsx; folders s15/15_0101disgustingteeth", _finds, _read)
