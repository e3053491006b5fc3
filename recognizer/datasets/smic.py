"""SMIC: HS (100 fps), VIS and NIR (25 fps); no AUs, no apexes (Li et al. 2013).

The clips' folders are the labels: ``HS/s1/micro/negative/s1_ne_01``. The extended release (SMIC-E) has long videos and
a sheet with onsets and offsets; where the folders of clips are not there, clips are cut from those videos.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from recognizer.datasets.cells import emotion_of, padded, uncropped_first
from recognizer.datasets.clip_rules import RowLabels
from recognizer.datasets.disk import Tree, numbered_pictures
from recognizer.datasets.gathering import Gathering, Reader
from recognizer.datasets.labels import Dataset, LabelledClip
from recognizer.datasets.sheets import Row, newest, no_rows, read_sheets, rows_with_header

NAME = "smic"
RATES = {"hs": 100.0, "vis": 25.0, "nir": 25.0}
EMOTIONS = {"ne": "negative", "po": "positive", "sur": "surprise"}
_SHEET = r"SMIC.*annotation.*\.xlsx"
_CLIP = re.compile(r"s(\d+)_(ne|po|sur?)[a-z]*_(\d+)", re.IGNORECASE)
_MODALITY = re.compile(r"(?<![a-z])(hs|vis|nir)(?![a-z])", re.IGNORECASE)
_COLUMNS = ("Subject", "Filename", "OnsetF", "OffsetF")
_SECOND = ("", "2", "3")  # Onset2F, Offset2F: a second expression in one video


@dataclass(frozen=True, slots=True)
class _Name:
    """``s3_ne_02``: the subject, the emotion and the number, spelled one way."""

    subject: str
    clip: str
    emotion: str


def _named(text: str) -> _Name | None:
    match = _CLIP.fullmatch(text.strip())
    if match is None:
        return None
    code = {"s": "sur", "su": "sur"}.get(match[2].lower(), match[2].lower())
    subject = f"s{int(match[1]):02d}"
    return _Name(subject, f"{subject}_{code}_{match[3]}", EMOTIONS[code])


def _modality(folder: Path, root: Path) -> str | None:
    """hs, vis or nir, from the nearest folder name that says so."""
    inside = folder.relative_to(root).parts if folder != root else ()
    for part in reversed((*root.parts[-2:], *inside)):
        if match := _MODALITY.search(part.replace("_", " ")):
            return match[1].lower()
    return None


def _short(tree: Tree) -> dict[str, list[Path]]:
    """Folders of subjects with folders ``micro``, by modality, the preferred variant first."""
    found: dict[str, list[Path]] = {}
    for folder in uncropped_first(tree.find_parents(r"s\d+", r"micro"), tree.root):
        found.setdefault(_modality(folder, tree.root) or "hs", []).append(folder)
    return found


def _long(tree: Tree) -> dict[str, list[Path]]:
    """Folders of subjects with long videos in them, by modality."""
    found: dict[str, list[Path]] = {}
    for folder in tree.find_parents(r"s\d+", _CLIP.pattern):
        found.setdefault(_modality(folder, tree.root) or "hs", []).append(folder)
    return found


def _finds(tree: Tree) -> bool:
    return bool(tree.find_files(_SHEET) or _short(tree) or _long(tree))


def _read(tree: Tree) -> list[Dataset]:
    short, long, sheets = _short(tree), _long(tree), tree.find_files(_SHEET)
    rows = _annotations(newest(sheets)) if sheets else {}
    if sheets and not rows and not short:
        raise no_rows(newest(sheets))
    results = []
    for modality in RATES:
        if not (modality in short or modality in long or modality in rows):
            continue
        found = Gathering(f"smic-{modality}", f"SMIC {modality.upper()}", tree.root, NAME)
        found.pictures([*short.get(modality, []), *long.get(modality, [])])
        if modality in short:
            _read_short(tree, found, modality, short[modality])
        if modality in rows:
            found.source(f"labels of long videos: {newest(sheets).name}")
            _read_long(tree, found, modality, long.get(modality, []), rows[modality], keep=modality not in short)
        elif modality in long:
            found.problem(found.name, "There are long videos, but no sheet SMIC-HS-E_annotation.xlsx to label them.")
        results.append(found.dataset())
    return results


def _annotations(sheet: Path) -> dict[str, list[Row]]:
    """Rows of the sheet by modality: each has a sheet of its own in the workbook."""
    found = {}
    for title, frame in read_sheets(sheet).items():
        match = _MODALITY.search(title.replace("_", " "))
        if match and len(frame):
            found[match[1].lower()] = rows_with_header(sheet, _COLUMNS, title, may_be_empty=True)
    return {modality: rows for modality, rows in found.items() if rows}


# --- folders of clips ------------------------------------------------------------------------------------------------


def _read_short(tree: Tree, found: Gathering, modality: str, variants: list[Path]) -> None:
    done: set[str] = set()
    for variant in variants:
        for folder, emotion in _clip_folders(tree, variant):
            name = _named(folder.name)
            if name is None:
                found.lost_row(f"{found.name} {folder.name}", "The folder's name is not like s1_ne_01.")
            elif name.clip not in done:  # a less preferred variant only adds what the first lacks
                done.add(name.clip)
                _short_clip(found, modality, folder, emotion, name)


def _clip_folders(tree: Tree, variant: Path) -> Iterator[tuple[Path, str]]:
    for subject in tree.folders(variant):
        micro = tree.child(subject, "micro")
        for emotion in tree.folders(micro) if micro is not None else []:
            for folder in tree.folders(emotion):
                yield folder, emotion.name.lower()


def _short_clip(found: Gathering, modality: str, folder: Path, emotion: str, name: _Name) -> None:
    notes = []
    if emotion != name.emotion:
        notes.append(f"The folder {emotion} and the name {folder.name} do not agree on the emotion: the folder counts.")
    labels = RowLabels(
        found.name,
        name.clip,
        name.subject,
        RATES[modality],
        emotion=emotion_of(emotion),
        whole=True,
        apex_labelled=False,
        notes=tuple(notes),
    )
    found.row(labels, name.clip, numbered_pictures(folder), str(folder))


# --- long videos -----------------------------------------------------------------------------------------------------


def _read_long(
    tree: Tree, found: Gathering, modality: str, variants: list[Path], rows: list[Row], *, keep: bool
) -> None:
    """Videos with their intervals; ``keep``: the clips are the set's clips too."""
    videos: dict[str, list[LabelledClip]] = {}
    for row in rows:
        name = _named(row.text("Filename"))
        if name is None:
            found.lost_row(f"{found.name} line {row.line}", f"The name {row.text('Filename')!r} is not like s3_ne_02.")
            continue
        folder = _video_folder(tree, variants, name)
        pictures, clips = numbered_pictures(folder), videos.setdefault(name.clip, [])
        for labels in _expressions(found.name, modality, row, name, fresh=keep):
            built = found.row(labels, name.clip, pictures, str(folder or name.clip), keep=keep)
            clips += [built] if built is not None else []
    for clip, clips in videos.items():
        name = _named(clip)
        if name is not None and (pictures := numbered_pictures(_video_folder(tree, variants, name))):
            found.video(clip, name.subject, pictures, RATES[modality], clips)


def _video_folder(tree: Tree, variants: list[Path], name: _Name) -> Path | None:
    """s03/s3_ne_02: the folders of one release pad the subject here and not there."""
    for variant in variants:
        for subject in tree.folders(variant):
            for folder in tree.folders(subject) if padded(subject.name, "s", 2) == name.subject else []:
                if (other := _named(folder.name)) is not None and other.clip == name.clip:
                    return folder
    return None


def _expressions(dataset: str, modality: str, row: Row, name: _Name, *, fresh: bool) -> Iterator[RowLabels]:
    """The one to three expressions of a row; their names differ from those of the short clips where both are there."""
    for second in _SECOND:
        onset, offset = row.number(f"Onset{second}F"), row.number(f"Offset{second}F")
        if second and not onset:
            continue
        yield RowLabels(
            dataset,
            f"{name.clip}{'' if fresh else ' in its long video'}{f'-{second}' if second else ''}",
            name.subject,
            RATES[modality],
            onset,
            None,
            offset,
            emotion=emotion_of(row.text("Emotion")) or name.emotion,
            apex_labelled=False,
        )


READER = Reader(
    NAME,
    "SMIC",
    "folders HS|VIS|NIR/s1/micro/negative/s1_ne_01; SMIC-HS-E_annotation.xlsx with folders s03/s3_ne_02",
    _finds,
    _read,
)
