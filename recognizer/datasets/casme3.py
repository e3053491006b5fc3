"""CAS(ME)^3, part A: 860 micro-expressions of 94 people at 30 fps, and macro-expressions (Li et al. 2022).

Colour pictures only. A clip's own folder (``Part_A_ME_clip/frame/spNO.1_b_166``) is taken before the whole recording
(``part_A/spNO.1/b/color``); where the recordings are there, they are long videos for spotting too.
"""

import re
from pathlib import Path
from typing import NamedTuple

from curves.errors import InputError
from recognizer.datasets.au_text import read_aus
from recognizer.datasets.cells import emotion_of, objective_of
from recognizer.datasets.clip_rules import RowLabels
from recognizer.datasets.disk import Tree, numbered_pictures
from recognizer.datasets.gathering import Gathering, Reader
from recognizer.datasets.labels import Dataset, Kind, LabelledClip
from recognizer.datasets.sheets import Row, newest, rows_with_header

NAME, TITLE, FPS = "casme3", "CAS(ME)^3 part A", 30.0
_SUBJECT = r"spNO\.?\d+"
_COLUMNS = ("Subject", "Filename", "Onset", "Apex", "Offset", "AU")


class _Part(NamedTuple):
    kind: Kind
    sheet: str
    folder: str


_PARTS = (
    _Part(Kind.MICRO, r"cas\(me\)\^?3.*part_?A_ME.*\.(xlsx|csv)", r"Part_?A_ME_clip"),
    _Part(Kind.MACRO, r"cas\(me\)\^?3.*part_?A_MaE.*\.(xlsx|csv)", r"Part_?A_MaE_clip"),
)


class _Pictures(NamedTuple):
    """Folders of single clips by name, and of whole recordings by (spno.1, b), all in lower case: sheets and folders
    do not agree on it."""

    clips: dict[str, Path]
    recordings: dict[tuple[str, str], Path]


def _recordings(tree: Tree) -> dict[tuple[str, str], Path]:
    found: dict[tuple[str, str], Path] = {}
    for parent in tree.find_parents(_SUBJECT, r"[a-z]\d?"):
        for subject in tree.folders(parent):
            for video in tree.folders(subject) if re.fullmatch(_SUBJECT, subject.name, re.IGNORECASE) else []:
                if (colour := tree.child(video, "color")) is not None:
                    found.setdefault((subject.name.lower(), video.name.lower()), colour)
    return found


def _clip_folders(tree: Tree, part: _Part) -> dict[str, Path]:
    found: dict[str, Path] = {}
    for folder in tree.find_folders(part.folder):
        for clip in tree.folders(tree.child(folder, "frame") or folder):
            found.setdefault(clip.name.lower(), clip)
    return found


def _finds(tree: Tree) -> bool:
    return any(tree.find_files(part.sheet) or tree.find_folders(part.folder) for part in _PARTS) or bool(
        _recordings(tree)
    )


def _read(tree: Tree) -> list[Dataset]:
    found = Gathering(NAME, TITLE, tree.root)
    recordings = _recordings(tree)
    cut: dict[tuple[str, str], list[LabelledClip]] = {}
    sheets = 0
    for part in _PARTS:
        if files := tree.find_files(part.sheet):
            sheets += 1
            sheet = newest(files)
            found.source(f"labels ({part.kind}): {sheet.name}")
            pictures = _Pictures(_clip_folders(tree, part), recordings)
            for row in rows_with_header(sheet, _COLUMNS):
                _read_row(found, part.kind, row, pictures, cut)
        elif tree.find_folders(part.folder):
            found.problem(NAME, f"There are {part.kind} clips, but no sheet to label them.")
    if not sheets:
        raise InputError(
            f"{tree.root} holds pictures of CAS(ME)^3 but no label sheet: put "
            "cas(me)3_part_A_ME_label_JpgIndex_v2.xlsx beside them."
        )
    found.source("pictures: folders of clips, else whole recordings" if recordings else "pictures: folders of clips")
    for (subject, video), folder in recordings.items():
        clips = cut.get((subject, video), [])
        name = _subject(subject)
        found.video(f"{name}_{video}", name, numbered_pictures(folder), FPS, clips)
    return [found.dataset()]


def _read_row(
    found: Gathering, kind: Kind, row: Row, pictures: _Pictures, cut: dict[tuple[str, str], list[LabelledClip]]
) -> None:
    subject, video = _subject(row.text("Subject")), row.text("Filename")
    if not subject or not video:
        found.lost_row(f"{NAME} {kind} line {row.line}", "The row names no subject or no video.")
        return
    name, key = f"{subject}_{video}_{row.text('Onset')}", (subject.lower(), video.lower())
    own, recording = pictures.clips.get(name.lower()), pictures.recordings.get(key)
    shown = numbered_pictures(own)
    labels = _labels(row, name, subject, kind, cut=bool(shown))
    built = found.row(labels, name, shown or numbered_pictures(recording), str(own or recording or name))
    cut.setdefault(key, []).extend([built] if built is not None else [])


def _subject(text: str) -> str:
    """spNO.1, whatever its case."""
    digits = re.search(r"\d+", text)
    return f"spNO.{int(digits[0])}" if digits else ""


def _labels(row: Row, name: str, subject: str, kind: Kind, *, cut: bool) -> RowLabels:
    return RowLabels(
        dataset=NAME,
        clip=name,
        subject=subject,
        fps=FPS,
        onset=row.number("Onset"),
        apex=row.number("Apex"),
        offset=row.number("Offset") or None,  # 0 stands for unknown
        aus=read_aus(row.value("AU")),
        aus_text=row.text("AU"),
        emotion=emotion_of(row.text("emotion")),
        objective=objective_of(row.text("Objective class")),
        kind=kind,
        cut=cut,
    )


READER = Reader(
    NAME,
    TITLE,
    "cas(me)3_part_A_ME_label*.xlsx; Part_A_ME_clip/frame/spNO.1_b_166 or part_A/spNO.1/b/color",
    _finds,
    _read,
)
