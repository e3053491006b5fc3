"""SAMM: 159 clips of 29 people at 200 fps, grey (Davison et al. 2018).

Frame numbers count through a long recording (5562 to 5632); their padding in the pictures' names differs from clip to
clip. The sheet's header stands below 13 rows of text; its durations are formulas and are not read.
"""

from recognizer.datasets.cells import padded
from recognizer.datasets.one_sheet import OneSheetSet

SET = OneSheetSet(
    name="samm",
    title="SAMM",
    fps=200.0,
    sheet=r"SAMM_Micro_FACS_Codes.*\.(xlsx|csv)",
    sheet_example="SAMM_Micro_FACS_Codes_v2.xlsx",
    subject_folder=r"\d{3}",
    clip_folder=r"\d{3}_\d+_\d+",
    onset="Onset Frame",
    apex="Apex Frame",
    offset="Offset Frame",
    subject=lambda cell: padded(cell, "", 3),
    clip_of=lambda _subject, name: name,
    looks_for="SAMM_Micro_FACS_Codes*.xlsx; folders 006/006_1_2 of pictures",
)
READER = SET.reader()
