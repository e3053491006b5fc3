"""Small trees that look like the licensed sets on disk, with all their quirks: drawn pictures, made-up labels.

No datum of a real set is in them but names and numbers that the quirks consist of. ``look_alike_long`` has the sets of
long videos. Each function returns the folder that a holder would give as PATH.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from openpyxl import Workbook

from curves.values import DEFAULT_AUS, Side
from microexpr._demo_face import draw_face
from microexpr.sample import demo_landmarks
from recognizer.synthetic.warp import displacement_field, warp_image

#: (clip, index of the picture, number of pictures) -> RGB or grey picture.
Painter = Callable[[str, int, int], NDArray[np.uint8]]

_PLAIN: dict[str, bytes] = {}


def plain(clip: str, index: int, count: int) -> NDArray[np.uint8]:
    """A grey square that tells nothing: for tests that read names and labels only."""
    return np.full((8, 8), 128, np.uint8)


def encode(picture: NDArray[np.uint8], suffix: str) -> bytes:
    ordered = picture if picture.ndim == 2 else cv2.cvtColor(picture, cv2.COLOR_RGB2BGR)
    return bytes(cv2.imencode(suffix, ordered, [cv2.IMWRITE_JPEG_QUALITY, 95] if suffix == ".jpg" else [])[1])


def write_pictures(folder: Path, names: Iterable[str], clip: str, paint: Painter) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    listed = list(names)
    for index, name in enumerate(listed):
        suffix = Path(name).suffix
        if paint is plain:
            data = _PLAIN.setdefault(suffix, encode(plain(clip, 0, 1), suffix))
        else:
            data = encode(paint(clip, index, len(listed)), suffix)
        (folder / name).write_bytes(data)


def write_workbook(path: Path, sheets: dict[str, Sequence[Sequence[Any]]]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    book = Workbook()
    book.remove(book.worksheets[0])
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(list(row))
    book.save(path)
    return path


# --- CASME II --------------------------------------------------------------------------------------------------------

CASME2_HEADER = (
    "Subject", "Filename", None, "OnsetFrame", "ApexFrame", "OffsetFrame", None, "Action Units", "Estimated Emotion",
)  # fmt: skip

#: subject, clip, onset, apex, offset, AUs (2019), emotion (2019), objective class, AUs and emotion (2014) if different
CASME2_ROWS: tuple[tuple[Any, ...], ...] = (
    ("01", "EP02_01f", 46, 50, 56, 12, "happiness", 1, None, None),
    ("01", "EP03_02", 3, 8, 12, "4+L10", "disgust", 4, None, None),
    ("02", "EP02_01f", 7, 9, 13, "4+7+6", "others", 7, None, None),  # sub01 has a clip of this name too
    ("02", "EP01_2", 5, 8, 11, "L2+12", "happiness", 1, None, None),
    ("02", "EP08_1", 5, 8, 11, "L1+L2", "surprise", 2, None, None),
    ("04", "EP12_01f", 10, "/", 20, 38, "disgust", 4, None, None),
    ("04", "EP13_01f", 10, "\\", 20, "R14", "repression", 7, None, None),
    ("05", "EP09_05f", 10, 10, 20, "4", "others", 7, None, None),  # apex is the onset
    ("05", "EP16_04f", 10, 20, 20, "17", "sadness", 7, None, None),  # apex is the offset
    ("05", "EP05_03", 1, 4, 8, "1+2", "surprise", 2, "?", None),
    ("07", "EP06_01", 60, 64, 68, "4", "disgust", 4, None, None),  # the pictures go on to 91
    ("09", "EP06_02_01", 1, 4, 8, "24+18", "others", 7, None, None),
    ("09", "EP09f", 1, 4, 8, "5", "fear", 6, None, None),
    ("24", "EP07_01", 1, 4, 8, "1+2", "surprise", 2, None, "sadness"),
    ("24", "EP07_04f", 1, 4, 30, "15+17", "sadness", 5, None, None),  # the offset lies behind the last picture
    ("26", "EP18_50", 1, 4, 8, "12", "happiness", 1, None, None),  # no pictures of it
)


def casme2_sheet(path: Path, edition: int, *, edited: bool = False) -> Path:
    """The 2014 or the 2019 edition; ``edited``: as it circulates, without blank columns, subjects as numbers."""
    header: list[Any] = [*CASME2_HEADER, *(["Objective Classes"] if edition == 2019 else [])]
    rows = []
    for subject, clip, onset, apex, offset, aus, emotion, objective, aus_2014, emotion_2014 in CASME2_ROWS:
        row = [subject, clip, None, onset, apex, offset, None]
        if edition == 2019:
            rows.append([*row, aus, emotion, objective])
        else:
            rows.append([*row, aus_2014 or aus, emotion_2014 or emotion])
    table = [header, *rows]
    if edited:
        table = [[cell for i, cell in enumerate(row) if i not in (2, 6)] for row in table]
        table[1:] = [[int(row[0]), *row[1:]] for row in table[1:]]
    return write_workbook(path, {"Sheet1": table})


def casme2(root: Path, paint: Painter = plain, *, variants: Sequence[str] = ("raw", "cropped")) -> Path:
    """CASME II unpacked one level too deep; ``variants`` of raw (selected), cropped, whole (recordings)."""
    casme2_sheet(root / "CASME2-coding-20140508.xlsx", 2014)
    casme2_sheet(root / "CASME2-coding-20190701.xlsx", 2019)
    (root / "~$CASME2-coding-20190701.xlsx").write_bytes(b"lock")  # Excel's, while the sheet is open
    for subject, clip, onset, _, offset, *_ in CASME2_ROWS:
        last = {("07", "EP06_01"): 91, ("24", "EP07_04f"): 25}.get((subject, clip), offset)
        gone = {5} if clip == "EP03_02" else set()  # one picture is missing
        if clip == "EP18_50":
            continue
        inside, key = f"sub{subject}/{clip}", f"sub{subject}/{clip}"
        shown = [number for number in range(onset, last + 1) if number not in gone]
        if "raw" in variants:
            around = [*range(max(1, onset - 2), onset), *shown]
            folder = root / "CASME2_RAW_selected" / "CASME2_RAW_selected" / inside
            write_pictures(folder, [f"img{n}.jpg" for n in around], key, paint)
        if "cropped" in variants:
            folder = root / "Cropped" / "Cropped" / inside
            write_pictures(folder, [f"reg_img{n}.jpg" for n in shown], key, paint)
        if "whole" in variants:
            write_pictures(root / "CASME2-RAW" / inside, [f"img{n}.jpg" for n in range(1, last + 9)], key, paint)
    return root


# --- SAMM ------------------------------------------------------------------------------------------------------------

SAMM_HEADER = (
    "Subject", "Filename", "Inducement Code", "Onset Frame", "Apex Frame", "Offset Frame", "Duration", "Micro",
    "Action Units", "Estimated Emotion", "Objective Classes", "Notes",
)  # fmt: skip

#: subject, clip, onset, apex, offset, AUs, emotion, objective class, padding of the pictures' numbers
SAMM_ROWS: tuple[tuple[Any, ...], ...] = (
    ("006", "006_1_2", 5562, 5566, 5572, "12", "Happiness", 1, 5),
    ("006", "006_1_3", 7180, 7185, 7190, "7B", "Anger", 7, 4),  # other padding within one person
    ("006", "006_3_2", 9998, 10001, 10005, "4A/B", "Other", 7, 4),  # 9998, 10005: four digits and five
    ("007", "007_3_1", 100, 105, 110, "B18+25", "Other", 7, 5),
    ("007", "007_4_1", 100, 105, 110, "ref(7B)+43", "Contempt", 7, 5),
    ("011", "011_1_1", 100, 105, 110, "L12 or L14", "Contempt", 7, 4),
    ("011", "011_2_1", 100, 105, 110, "(R6 or R12)+R15", "Sadness", 5, 5),
    ("011", "011_2_3", 100, 105, 110, "(R6 or R12) + R15", "Sadness", 5, 5),
    ("013", "013_1_1", 100, 105, 110, "R14A or 17A or 24A", "Disgust", 4, 5),
    ("013", "013_1_2", 100, 105, 110, "A/L12", "Happiness", 1, 4),
    ("014", "014_1_1", 100, 105, 110, "L12 + 61", "Happiness", 1, 4),
    ("014", "014_1_2", 100, 105, 110, "12+15 ", "Fear", 6, 4),
    ("014", "014_2_1", 100, 105, 110, "10A/B", "Disgust", 4, 4),
    ("015", "015_1_1", 100, 105, 110, "4 (soft focus)", "Surprise", 2, 4),
    ("028", "028_4_1", 1100, 1143, 1134, "4", "Anger", 7, 5),  # apex behind the offset
    ("032", "032_3_1", 4896, 1930, 4950, "7", "Anger", 7, 5),  # apex before the onset
    ("032", "032_3_2", 5120, 5127, 5135, "T10", "Disgust", 4, 5),
)


def samm(root: Path, paint: Painter = plain, *, cropped: bool = True) -> Path:
    """SAMM; ``cropped``: its cropped variant beside it. The sheet's durations are formulas without stored values."""
    text = [[f"Line {i} of what the coders say."] for i in range(1, 14)]
    rows = [
        [subject, clip, 1, onset, apex, offset, f"=SUM(F{15 + i}-D{15 + i})+1", "Micro - 1/2", aus, emotion, code, None]
        for i, (subject, clip, onset, apex, offset, aus, emotion, code, _) in enumerate(SAMM_ROWS)
    ]
    other = [["Subject", "Filename"], ["006", "nothing here"]]
    write_workbook(root / "SAMM_Micro_FACS_Codes_v2.xlsx", {"MICRO_ONLY": [*text, SAMM_HEADER, *rows], "Notes": other})
    for subject, clip, onset, _, offset, _, _, _, width in SAMM_ROWS:
        names = [f"{subject}_{number:0{width}d}.jpg" for number in range(onset, offset + 1)]
        write_pictures(root / "SAMM" / subject / clip, names, clip, paint)
        if cropped:
            write_pictures(root / "SAMM_CROP" / subject / clip, names, clip, paint)
    (root / "SAMM" / "006" / "006_1_2" / "Thumbs.db").write_bytes(b"junk")
    (root / "SAMM" / "006" / "006_1_2" / "._006_05562.jpg").write_bytes(b"junk")
    return root


# --- SMIC ------------------------------------------------------------------------------------------------------------

#: modality, subject as in folders, emotion, clip, first picture, how many
SMIC_CLIPS = (
    ("HS", "s1", "negative", "s1_ne_01", 41200, 12),
    ("HS", "s1", "positive", "s1_po_02", 900, 10),
    ("HS", "s3", "surprise", "s3_sur_01", 1234, 11),
    ("HS", "s20", "negative", "s20_ne_01", 777, 9),
    ("HS", "s20", "positive", "s20_ne_04", 100, 9),  # folder and name do not agree
    ("VIS", "s11", "negative", "s11_ne_01", 10, 8),
    ("NIR", "s11", "surprise", "s11_sur_03", 10, 8),
)
SMIC_HEADER = [
    "Subject", "Filename", None, "OnsetF", "OffsetF", "Onset2F", "Offset2F", None, "FirstF", "LastF", "TotalMF1",
    "TotalMF2", "TotalVL", "Emotion",
]  # fmt: skip
#: Long videos: folder of the subject (padded), clip (not padded), first and last picture, digits of the names
SMIC_VIDEOS = (
    ("s03", "s3_ne_02", 17581039, 17581080, 8),
    ("s20", "s20_ne_01", 1200, 1240, 6),
    ("s20", "s20_sur_02", 1234560, 1234600, 7),
)


def smic(root: Path, paint: Painter = plain, *, cropped: bool = True, raw: bool = True) -> Path:
    """The three cameras' clips; the subject's folders are not padded."""
    for modality, subject, emotion, clip, first, count in SMIC_CLIPS:
        inside = Path(modality) / subject / "micro" / emotion / clip
        numbers = [first + 3 * (i > 4) + i for i in range(count)]  # a gap, as where single pictures are missing
        if cropped:
            names = [f"reg_image{number:06d}.bmp" for number in numbers]
            write_pictures(root / "SMIC_all_cropped" / inside, names, clip, paint)
        if raw:
            names = [f"image{number:06d}.bmp" for number in numbers]
            write_pictures(root / "SMIC_all_raw" / inside, names, clip, paint)
    if raw:
        lone = root / "SMIC_all_raw" / "HS" / "s4" / "micro" / "negative" / "odd name"
        write_pictures(lone, ["image000001.bmp"], "odd", paint)
    return root


def smic_long(root: Path, paint: Painter = plain, *, third: bool = False) -> Path:
    """SMIC-E with its annotations; ``third``: the second version of the sheet, with a third expression's columns."""
    extra = ["Onset3F", "Offset3F", "TotalMF3"] if third else []
    rows: list[list[Any]] = [[*SMIC_HEADER, *extra]]
    more = [17581070, 17581078, 9] if third else []
    rows += [
        [3, "s3_ne_02", None, 17581045, 17581055, 17581060, 17581066, None, 17581039, 17581080, 11, 7, 42, "negative",
         *more],
        [20, "s20_ne_01", None, 1210, 1222, None, None, None, 1200, 1240, 13, None, 41, "negative"],
        [20, "s20_sur_02", None, 1234570, 1234580, None, None, None, 1234560, 1234600, 11, None, 41, "surprise"],
        [3, "s3_ne_03", None, 100, 110, None, None, None, 90, 120, 11, None, 31, "negative"],  # absent from the archive
    ]  # fmt: skip
    rows += [[None] * len(SMIC_HEADER)] * 6
    vis = [[cell for i, cell in enumerate(row) if i != 9] for row in [SMIC_HEADER]]
    write_workbook(root / "SMIC-HS-E_annotation.xlsx", {"HS": rows, "VIS": vis})
    for subject, clip, first, last, digits in SMIC_VIDEOS:
        names = [f"image{number:0{digits}d}.jpg" for number in range(first, last + 1)]
        write_pictures(root / "HS_long" / "SMIC_HS_E" / subject / clip, names, clip, paint)
    return root


# --- composite -------------------------------------------------------------------------------------------------------

COMPOSITE_ROWS = (
    "casme2,sub01,EP02_01f,1", "casme2,sub01,EP03_02,0", "casme2,sub26,EP18_50,1", "samm,6,006_1_2,1",
    "samm,28,028_4_1,0", "smic,s01,s01_ne_01,0", "smic,s03,s03_sur_01,2",
)  # fmt: skip


def composite_list(root: Path, rows: Sequence[str] = COMPOSITE_ROWS) -> Path:
    root.mkdir(parents=True, exist_ok=True)
    path = root / "combined_3class_gt.csv"
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return path


THREEDB_CLIPS = (
    ("sub01", "1", "EP02_01f"),
    ("sub01", "0", "EP03_02"),
    ("006", "1", "006_1_2"),
    ("s03", "2", "s03_sur_01"),
)


def threedb(root: Path, seed: int = 3) -> Path:
    """The flow images: a fold a subject, in which the others' clips are the training part."""
    random = np.random.default_rng(seed)
    pictures = {clip: random.integers(0, 256, (28, 28, 3), np.uint8) for clip in THREEDB_CLIPS}
    for held_out in sorted({subject for subject, _, _ in THREEDB_CLIPS}):
        for (subject, label, name), picture in pictures.items():
            part = "u_test" if subject == held_out else "u_train"
            folder = root / "three_norm_u_v_os" / held_out / part / label
            folder.mkdir(parents=True, exist_ok=True)
            (folder / f"{name}.png").write_bytes(encode(picture, ".png"))
    return root


# --- faces -----------------------------------------------------------------------------------------------------------


@cache
def _face(size: int, seed: int) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """The drawn face and its landmarks (468, 2)."""
    return draw_face(size, seed=seed), demo_landmarks(size)


def face_painter(au: int = 12, side: Side = Side.LEFT, *, size: int = 320, peak: float = 0.4) -> Painter:
    """Paints the drawn face of the project's sample, in which one AU rises to ``peak`` in the middle of the clip and
    falls. Each clip has its own skin."""

    def paint(clip: str, index: int, count: int) -> NDArray[np.uint8]:
        still, points = _face(size, sum(map(ord, clip)) % 3)
        amounts = np.zeros((len(DEFAULT_AUS), 2))
        amount = peak * max(0.0, np.sin(np.pi * index / max(1, count - 1)))
        sides = {Side.LEFT: [0], Side.RIGHT: [1], Side.BOTH: [0, 1]}[side]
        amounts[DEFAULT_AUS.index(au), sides] = amount
        return warp_image(still, displacement_field(points, amounts, (size, size)))

    return paint
