"""4DME, grey pictures: micro-expressions with a column an AU (Li et al. 2022). 60 fps.

Codes like AU4(k) are to be ignored, by the set's own words. The cell of AUs and the columns of single AUs say the same
but where the sheet errs; the clip's notes tell where they differ, and the cell counts.
"""

import re
from collections.abc import Mapping
from pathlib import Path

from curves.errors import InputError
from recognizer.datasets.au_text import AUReading, read_aus
from recognizer.datasets.cells import emotion_of
from recognizer.datasets.clip_rules import RowLabels
from recognizer.datasets.disk import Tree, numbered_pictures
from recognizer.datasets.gathering import Gathering, Reader
from recognizer.datasets.labels import Dataset
from recognizer.datasets.sheets import Row, newest, rows_with_header

NAME, TITLE, FPS = "4dme", "4DME", 60.0
_SHEET = r"4DME.*Micro.*\.(xlsx|csv)"
_FOLDER = r"gray_micro"
_COLUMNS = ("sub_ID", "fold_name", "Onset", "Apex", "Offset", "AUs")


def _finds(tree: Tree) -> bool:
    return bool(tree.find_files(_SHEET) or tree.find_folders(_FOLDER))


def _read(tree: Tree) -> list[Dataset]:
    sheets, folders = tree.find_files(_SHEET), tree.find_folders(_FOLDER)
    if not sheets:
        raise InputError(
            f"{tree.root} holds pictures of 4DME but no label sheet: put 4DME_Labelling_Micro_release v1.xlsx there."
        )
    sheet = newest(sheets)
    found = Gathering(NAME, TITLE, tree.root)
    found.source(f"labels: {sheet.name}")
    found.pictures(folders)
    for row in rows_with_header(sheet, _COLUMNS):
        subject, name = row.text("sub_ID"), row.text("fold_name")
        if not subject or not name:
            found.lost_row(f"{NAME} line {row.line}", "The row names no subject or no folder.")
            continue
        folder = _folder(tree, folders, subject, name)
        pictures, notes = _renumbered(numbered_pictures(folder), row)
        found.row(_labels(row, subject, name, notes), name, pictures, str(folder or f"{subject}/{name}"))
    return [found.dataset()]


def _folder(tree: Tree, folders: list[Path], subject: str, name: str) -> Path | None:
    """gray_micro/{sub_ID}/{fold_name}; a number's leading zeros do not count."""
    for root in folders:
        for inside in tree.folders(root):
            if inside.name.lower().lstrip("0") == subject.lower().lstrip("0"):
                return tree.child(inside, name)
    return None


def _renumbered(pictures: dict[int, Path], row: Row) -> tuple[Mapping[int, Path], tuple[str, ...]]:
    """A clip cut from its recording may count its pictures anew: where none has a number of the sheet and there are
    exactly as many as the sheet says, they are those."""
    onset, offset = row.number("Onset"), row.number("Offset")
    if onset is None or offset is None or not pictures or any(onset <= number <= offset for number in pictures):
        return pictures, ()
    if len(pictures) != offset - onset + 1:
        return pictures, ()
    note = f"The pictures are numbered from {min(pictures)}: they are taken for frames {onset} to {offset}."
    return dict(zip(range(onset, offset + 1), pictures.values(), strict=True)), (note,)


def _labels(row: Row, subject: str, name: str, notes: tuple[str, ...]) -> RowLabels:
    reading = read_aus(row.value("AUs"))
    return RowLabels(
        dataset=NAME,
        clip=f"{subject}/{name}",
        subject=subject,
        fps=FPS,
        onset=row.number("Onset"),
        apex=row.number("Apex"),
        offset=row.number("Offset"),
        aus=reading,
        aus_text=row.text("AUs"),
        emotion=emotion_of(row.text("Emotion")),
        notes=(*notes, *_disagreement(row, reading)),
    )


def _disagreement(row: Row, reading: AUReading) -> tuple[str, ...]:
    columns = {name: re.fullmatch(r"au(\d+)", name) for name in row.cells}
    ticked = {int(match[1]) for name, match in columns.items() if match and row.text(name) not in ("", "0")}
    if not any(columns.values()):
        return ()
    said = {mark.au for mark in reading.aus or ()}
    if said == ticked:
        return ()
    return (f"The AUs {sorted(said)} and the columns of single AUs {sorted(ticked)} differ: the former count.",)


READER = Reader(NAME, TITLE, "4DME_Labelling_Micro*.xlsx; folders gray_micro/{sub_ID}/{fold_name}", _finds, _read)
