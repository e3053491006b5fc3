"""Small trees that look like the sets of long videos and the newer ones; see ``look_alike``."""

from pathlib import Path
from typing import Any

from look_alike import Painter, plain, write_pictures, write_workbook

# --- CAS(ME)^2 -------------------------------------------------------------------------------------------------------

#: participant, expression, onset, apex, offset, AUs, emotion, kind, self-report
CASME_SQ_ROWS: tuple[tuple[Any, ...], ...] = (
    (1, "disgust1_1", 5, 9, 14, "4+10", "negative", "macro-expression", "disgust"),
    (1, "disgust1_2", 20, 23, 0, "L4", "negative", "micro-expression", "disgust"),  # offset unknown
    (1, "happy2_1", 3, 6, 10, 12, "positive", "micro-expression", "happiness"),
    (2, "disgust1_1", 3, 6, 10, "T10", "others", "macro-expression", "others"),
    (2, "sad9_1", 3, 6, 10, "15", "negative", "macro-expression", "sadness"),  # no rule names this film
    (2, "happy2_1", 3, 6, 10, "6+12", "positive", "micro-expression", "happiness"),  # its video is not on disk
)


def casme_sq(root: Path, paint: Painter = plain, *, sheet: str = "CAS(ME)^2code_final(Updated).xlsx") -> Path:
    """CAS(ME)^2: no header rows; in the naming rules, 0101 is a number in one row and a text in the other."""
    people = [[1, "s15", 1], [2, "s16", 2]]
    films = [[101, "disgust1"], ["0202", "happy2"]]
    tables = {"CASFEcode_final": CASME_SQ_ROWS, "naming rule1": people, "naming rule2": films}
    write_workbook(root / sheet, tables)
    for subject, video in (
        ("s15", "15_0101disgustingteeth"),
        ("s15", "15_0202funny"),
        ("s16", "16_0101disgustingteeth"),
    ):
        names = [f"img{number}.jpg" for number in range(1, 31)]
        write_pictures(root / "rawpic" / subject / video, names, f"{subject}/{video}", paint)
        write_pictures(root / "cropped" / subject / video, names[:3], f"{subject}/{video}", paint)
    return root


# --- SAMM Long Videos ------------------------------------------------------------------------------------------------

#: subject, clip, code, onset, apex, offset, duration, type, AUs, notes
SAMM_LV_ROWS: tuple[tuple[Any, ...], ...] = (
    ("006", "006_1_2", 1, 10, 15, 20, 11, "Micro - 1/2", "12", None),
    ("006", "006_1_3", 1, 30, 33, 0, 0, "Macro", "4+7", "goes on"),  # offset unknown
    ("006", "006_1_4", 1, 1, 4, 8, 8, "Macro", "6+12", None),  # begins with the video
    ("007", "007_3_1", 3, 5, 8, 12, 8, "Macro", None, None),
    ("007", "007_9_1", 9, 5, 8, 12, 8, "Macro", "1", None),  # its video is not on disk
)


def samm_lv(root: Path, paint: Painter = plain) -> Path:
    """SAMM's long videos: ten rows of text, no header, an older edition beside the sheet."""
    text = [[f"Line {i}"] for i in range(1, 11)]
    write_workbook(root / "SAMM_LongVideos_V3_Release.xlsx", {"FACS": [*text, *SAMM_LV_ROWS]})
    write_workbook(root / "SAMM_LongVideos_V1_Release.xlsx", {"FACS": [*text, *SAMM_LV_ROWS[:1]]})
    for video, count in (("006_1", 40), ("007_3", 20), ("008_1", 20)):
        names = [f"{video}_{number:04d}.jpg" for number in range(1, count + 1)]
        write_pictures(root / "SAMM_longvideos" / video, names, video, paint)
    return root


# --- CAS(ME)^3 -------------------------------------------------------------------------------------------------------

CASME3_HEADER = ("Subject", "Filename", "Onset", "Apex", "Offset", "AU", "Objective class", "emotion")
#: every cell is text
CASME3_ROWS = (
    ("spNO.1", "b", "166", "170", "175", "4", "IV", "disgust"),
    ("spNO.1", "J", "10", "10", "18", "9+4+14", "VII", "others"),  # capital letter; apex is the onset
    ("spNO.2", "j", "5", "9", "90", "B18+T10", "I", "Others"),  # 2.9 s at 30 fps
    ("spNO.40", "e", "20", "25", "0", "L12+R4", "II", "happiness"),
    ("spNO.40", "e", "20", "25", "0", "L12+R4", "II", "happiness"),  # twice
    ("spNO.41", "a", "20", "25", "30", "1+2", "II", "surprise"),  # only in the whole recording
    ("spNO.42", "a", "20", "25", "0", "1+2", "II", "surprise"),  # only in the whole recording, offset unknown
    ("spNO.43", "a", "20", "25", "30", "1+2", "II", "surprise"),  # nowhere
)
CASME3_MACRO = (("spNO.1", "b", "100", "110", "120", "6+12", "I", "happiness"),)


def casme3(root: Path, paint: Painter = plain, *, recordings: bool = True) -> Path:
    """Part A: clips in folders whose names differ in case from the sheet's, and whole recordings of some."""
    notes = root / "annotation"
    write_workbook(notes / "cas(me)3_part_A_ME_label_JpgIndex_v2.xlsx", {"Sheet1": [CASME3_HEADER, *CASME3_ROWS]})
    macro = "cas(me)3_part_A_MaE_label_JpgIndex_v2_emotion.xlsx"
    write_workbook(notes / macro, {"Sheet1": [CASME3_HEADER, *CASME3_MACRO]})
    for folder, numbers in (
        ("spNO.1_b_166", range(166, 176)),
        ("spno.1_j_10", range(10, 19)),
        ("spNO.2_J_5", range(5, 91)),
        ("spNO.40_e_20", range(20, 34)),
    ):
        clip = root / "Part_A_ME_clip" / "frame" / folder
        write_pictures(clip, [f"{number}.jpg" for number in numbers], folder, paint)
        write_pictures(root / "Part_A_ME_clip" / "depth" / folder, ["1.png"], folder, plain)
    write_pictures(
        root / "part_a_mae_CLIP" / "frame" / "spNO.1_b_100", [f"{n}.jpg" for n in range(100, 121)], "m", paint
    )
    if recordings:
        for subject, video, count in (("spNO.41", "a", 40), ("spNO.42", "A", 30), ("spNO.1", "b", 200)):
            folder = root / "part_A" / subject / video
            write_pictures(folder / "color", [f"{n}.jpg" for n in range(1, count + 1)], f"{subject}_{video}", paint)
            write_pictures(folder / "depth", ["1.png"], "depth", plain)
    return root


# --- 4DME ------------------------------------------------------------------------------------------------------------

FOURDME_AUS = (1, 2, 4, 12)
#: subject, folder, emotion, onset, apex, offset, AUs, single AUs, first picture on disk
FOURDME_ROWS: tuple[tuple[Any, ...], ...] = (
    ("01", "c01", "Positive", 100, 104, 110, "AU12", (12,), 100),
    ("01", "c02", "Negative", 100, 104, 110, "AU4(k)+AU1", (1,), 100),
    ("02", "c01", "Surprise", 200, 204, 210, "AU1+AU2", (4,), 200),  # swapped with the next row
    ("02", "c02", "Repression", 200, 204, 210, "AU4", (1, 2), 1),  # pictures count anew
)


def fourdme(root: Path, paint: Painter = plain) -> Path:
    header = ["sub_ID", "fold_name", "Emotion", "Onset", "Apex", "Offset", "AUs", *(f"AU{au}" for au in FOURDME_AUS)]
    rows = [[*cells, *(1 if au in single else None for au in FOURDME_AUS)] for *cells, single, _ in FOURDME_ROWS]
    write_workbook(root / "4DME_Labelling_Micro_release v1.xlsx", {"Sheet1": [header, *rows]})
    for subject, name, _, onset, _, offset, _, _, first in FOURDME_ROWS:
        names = [f"{first + i:05d}.jpg" for i in range(offset - onset + 1)]
        write_pictures(root / "gray_micro" / subject / name, names, f"{subject}/{name}", paint)
    return root


# --- DFME ------------------------------------------------------------------------------------------------------------

DFME_HEADER = ("Subject", "Filename", "OnsetFrame", "ApexFrame", "OffsetFrame", "Emotion", "EmotionId", "Fps", "AU")
DFME_ROWS: dict[str, tuple[tuple[Any, ...], ...]] = {
    "training": (
        ("s1", "00001", 0, 5, 12, "Happiness", 3, 200, "L12+R6"),
        ("s1", "00002", 2, 5, 12, "Disgust", 1, 300, "4+AD29"),
        ("s2", "00003", 2, 5, 12, "Fear", 2, 500, "M57+1"),
        ("s2", "00004", 2, 5, 12, "Fear", 2, None, "1"),  # no frame rate
    ),
    "testA": (("s9", "00001", 2, 5, 12, "Anger", 0, 200, "4"),),
    "testB": (("s10", "00001", 2, 5, 12, "Sadness", 5, 200, "15"),),
}


def dfme(root: Path, paint: Painter = plain) -> Path:
    """The names of clips start anew in each split."""
    names = {"training": "training_full_with_AU.xlsx", "testA": "testA_with_AU.xlsx", "testB": "testB_with_AU.xlsx"}
    for split, rows in DFME_ROWS.items():
        write_workbook(root / names[split], {"Sheet1": [DFME_HEADER, *rows]})
        for _, clip, onset, _, offset, *_ in rows:
            pictures = [f"{number:05d}.png" for number in range(onset, offset + 1)]
            write_pictures(root / ("train" if split == "training" else split) / clip, pictures, clip, paint)
    return root
