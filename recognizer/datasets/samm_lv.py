"""SAMM Long Videos: 147 videos at 200 fps with macro- and micro-expressions (Yap et al. 2020).

The sheet has ten rows of text and no header. An expression's file name starts with that of its video (006_1_2 lies in
006_1).
"""

import re
from pathlib import Path

from curves.errors import InputError
from recognizer.datasets.au_text import read_aus
from recognizer.datasets.cells import kind_of, padded
from recognizer.datasets.clip_rules import RowLabels
from recognizer.datasets.disk import Tree, numbered_pictures
from recognizer.datasets.gathering import Gathering, Reader
from recognizer.datasets.labels import Dataset, Kind, LabelledClip
from recognizer.datasets.sheets import Row, newest, no_rows, read_sheets, rows_without_header

NAME, TITLE, FPS = "samm_lv", "SAMM Long Videos", 200.0
_SHEET = r"SAMM_LongVideos.*\.xlsx"
_VIDEO = r"\d{3}_\d+"
_COLUMNS = ("subject", "filename", "inducement", "onset", "apex", "offset", "duration", "type", "aus", "notes")


def _videos(tree: Tree) -> dict[str, Path]:
    found: dict[str, Path] = {}
    for parent in tree.find_parents(_VIDEO):
        for folder in tree.folders(parent):
            if re.fullmatch(_VIDEO, folder.name):
                found.setdefault(folder.name, folder)
    return found


def _finds(tree: Tree) -> bool:
    return bool(tree.find_files(_SHEET) or _videos(tree))


def _read(tree: Tree) -> list[Dataset]:
    sheets, videos = tree.find_files(_SHEET), _videos(tree)
    if not sheets:
        raise InputError(
            f"{tree.root} holds SAMM's long videos but no label sheet: put SAMM_LongVideos_V3_Release.xlsx beside them."
        )
    sheet = newest(sheets)
    found = Gathering(NAME, TITLE, tree.root)
    found.source(f"labels: {sheet.name}" + (f", of {len(sheets)} editions" if len(sheets) > 1 else ""))
    found.pictures(sorted({folder.parent for folder in videos.values()}))
    pictures = {name: numbered_pictures(folder) for name, folder in videos.items()}
    cut: dict[str, list[LabelledClip]] = {}
    for row in _rows(sheet):
        name = row.text("filename")
        if not re.match(_VIDEO, name):
            found.lost_row(f"{NAME} line {row.line}", f"The name {name!r} is not like 006_1_2.")
            continue
        kind = kind_of(row.text("type"))
        if kind is None:
            found.lost_row(f"{NAME} {name}", f"The type {row.text('type')!r} is neither micro nor macro.")
            continue
        video = "_".join(name.split("_")[:2])
        built = found.row(_labels(row, name, kind), name, pictures.get(video, {}), str(videos.get(video, video)))
        cut.setdefault(video, []).extend([built] if built is not None else [])
    for name, shown in pictures.items():
        found.video(name, name[:3], shown, FPS, cut.get(name, []))
    return [found.dataset()]


def _rows(sheet: Path) -> list[Row]:
    """The rows below the text: those with an onset or a name. How many rows of text stand above does not matter."""
    frame = next(iter(read_sheets(sheet).values()))
    rows = rows_without_header(frame, _COLUMNS)
    labelled = [row for row in rows if row.number("onset") is not None or re.match(_VIDEO, row.text("filename"))]
    if not labelled:
        raise no_rows(sheet)
    return labelled


def _labels(row: Row, name: str, kind: Kind) -> RowLabels:
    onset = row.number("onset")
    notes = [row.text("notes")] if row.text("notes") else []
    if onset == 1:
        notes.append("The onset is the video's first frame: the expression may have begun before.")
    return RowLabels(
        dataset=NAME,
        clip=name,
        subject=padded(row.text("subject") or name, "", 3),
        fps=FPS,
        onset=onset,
        apex=row.number("apex"),
        offset=row.number("offset") or None,  # 0 stands for unknown
        aus=read_aus(row.value("aus")),
        aus_text=row.text("aus"),
        kind=kind,
        notes=tuple(notes),
    )


READER = Reader(NAME, TITLE, "SAMM_LongVideos_V*_Release.xlsx; folders 006_1 of pictures", _finds, _read)
