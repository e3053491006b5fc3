"""CASME II: 255 clips of 26 people at 200 fps (Yan et al. 2014).

Frame numbers of the sheet are those of the pictures' names (img46.jpg), in each variant of the pictures.
"""

from recognizer.datasets.cells import padded
from recognizer.datasets.one_sheet import OneSheetSet

SET = OneSheetSet(
    name="casme2",
    title="CASME II",
    fps=200.0,
    sheet=r"CASME2-coding.*\.(xlsx|csv)",
    sheet_example="CASME2-coding-20190701.xlsx",
    subject_folder=r"sub\d+",
    clip_folder=r"EP\d+.*",
    onset="OnsetFrame",
    apex="ApexFrame",
    offset="OffsetFrame",
    subject=lambda cell: padded(cell, "sub", 2),  # text "01" arrives as 1 where a copy was saved anew
    clip_of=lambda subject, name: f"{subject}/{name}",  # EP02_01f is in several people's folders
    looks_for="CASME2-coding-*.xlsx; folders sub01/EP02_01f of pictures",
)
READER = SET.reader()
