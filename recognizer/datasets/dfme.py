"""DFME: micro-expressions at 200, 300 or 500 fps, said row by row (Zhao et al. 2023).

A sheet a split: ``training_full_with_AU.xlsx``, ``testA_...``, ``testB_...``; pictures in ``<split>/<Filename>``.
"""

import re
from pathlib import Path

from curves.errors import InputError
from recognizer.datasets.au_text import read_aus
from recognizer.datasets.cells import emotion_of
from recognizer.datasets.clip_rules import RowLabels
from recognizer.datasets.disk import Tree, numbered_pictures
from recognizer.datasets.gathering import Gathering, Reader
from recognizer.datasets.labels import Dataset
from recognizer.datasets.sheets import Row, rows_with_header

NAME, TITLE = "dfme", "DFME"
_SHEET = r"(training|testA|testB)[_ ]?.*\.(xlsx|csv)"
_COLUMNS = ("Subject", "Filename", "OnsetFrame", "ApexFrame", "OffsetFrame", "Emotion", "Fps", "AU")
_SPLITS = r"(training|train|testA|testB|test_A|test_B)([_ ].*)?"


def _finds(tree: Tree) -> bool:
    """The names of the sheets are common words: unless one says that it is of AUs, its columns must be the set's."""
    return any("with_au" in sheet.name.lower() or _is_ours(sheet) for sheet in _sheets(tree))


def _is_ours(sheet: Path) -> bool:
    try:
        return bool(rows_with_header(sheet, _COLUMNS))
    except InputError:
        return False


def _sheets(tree: Tree) -> list[Path]:
    """One sheet a split, the one with AUs where there are two."""
    best: dict[str, Path] = {}
    for path in sorted(tree.find_files(_SHEET), key=lambda path: "au" not in path.stem.lower()):
        best.setdefault(_split(path.name), path)
    return [best[name] for name in sorted(best)]


def _split(name: str) -> str:
    plain = name.lower().replace("_", "")
    return "train" if plain.startswith("train") else plain[:5]


def _read(tree: Tree) -> list[Dataset]:
    found = Gathering(NAME, TITLE, tree.root)
    folders = _folders(tree)
    failed: list[InputError] = []
    read = 0
    for sheet in _sheets(tree):
        try:
            rows = rows_with_header(sheet, _COLUMNS)
        except InputError as error:
            failed.append(error)
            found.problem(sheet.name, str(error))
            continue
        read += 1
        found.source(f"labels: {sheet.name}")
        for row in rows:
            _read_row(found, row, _split(sheet.name), folders)
    if failed and not read:
        raise failed[0]
    if not read:
        raise InputError(
            f"{tree.root} holds no label sheet of DFME with the columns {', '.join(_COLUMNS)}: "
            "put training_full_with_AU.xlsx there."
        )
    found.source("pictures: <split>/<Filename>" if folders else "pictures: none found")
    return [found.dataset()]


def _folders(tree: Tree) -> dict[tuple[str, str], Path]:
    """Folders of clips by split and name without leading zeros, in lower case."""
    found: dict[tuple[str, str], Path] = {}
    for split in tree.find_folders(_SPLITS):
        for folder in tree.folders(split):
            found.setdefault((_split(split.name), _plain(folder.name)), folder)
    return found


def _plain(name: str) -> str:
    return name.lower().lstrip("0") or "0"


def _read_row(found: Gathering, row: Row, split: str, folders: dict[tuple[str, str], Path]) -> None:
    subject, name, fps = row.text("Subject"), row.text("Filename"), row.decimal("Fps")
    if not subject or not name or not fps:
        text = f"The row {name!r} lacks its subject, its name or its frame rate ({row.text('Fps')!r})."
        found.lost_row(f"{NAME} {split} line {row.line}", text)
        return
    folder = folders.get((split, _plain(name)))
    labels = RowLabels(
        dataset=NAME,
        clip=f"{split}/{name}",
        subject=subject if re.search(r"[a-z]", subject, re.IGNORECASE) else f"sub{subject}",
        fps=fps,
        onset=row.number("OnsetFrame"),
        apex=row.number("ApexFrame"),
        offset=row.number("OffsetFrame"),
        aus=read_aus(row.value("AU")),
        aus_text=row.text("AU"),
        emotion=emotion_of(row.text("Emotion")),
    )
    found.row(labels, name, numbered_pictures(folder), str(folder or f"{split}/{name}"))


READER = Reader(
    NAME, TITLE, "training_full_with_AU.xlsx, testA_*.xlsx, testB_*.xlsx; folders <split>/<Filename>", _finds, _read
)
