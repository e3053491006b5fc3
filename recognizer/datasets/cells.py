"""Cells that several sets write alike: emotions, objective classes, the choice among variants of the pictures."""

import re
from collections.abc import Sequence
from pathlib import Path

from recognizer.datasets.labels import Kind

_ROMAN = {"i": 1, "ii": 2, "iii": 3, "iv": 4, "v": 5, "vi": 6, "vii": 7}


def emotion_of(text: str) -> str | None:
    """The emotion in lower case, single blanks; None where the cell is empty or a question mark."""
    plain = " ".join(text.lower().split())
    return None if plain in ("", "?", "/", "\\", "nan", "none") else plain


def objective_of(text: str) -> int | None:
    """The objective class 1 to 7, in Arabic or Roman numbers; None for anything else."""
    plain = text.strip().lower()
    if plain in _ROMAN:
        return _ROMAN[plain]
    return int(plain) if re.fullmatch(r"[1-7]", plain) else None


def kind_of(text: str) -> Kind | None:
    """ "Micro - 1/2", "micro-expression", "Macro"; None for anything else."""
    plain = text.lower()
    return next((kind for kind in Kind if kind.value in plain), None)


def padded(text: str, prefix: str, width: int) -> str:
    """A subject spelled one way: "1", "01", "sub1" and "SUB01" are sub01 (prefix "sub", width 2)."""
    digits = re.search(r"[0-9]+", text)
    return f"{prefix}{int(digits[0]):0{width}d}" if digits else text.strip()


def uncropped_first(folders: Sequence[Path], root: Path) -> list[Path]:
    """Variants of the pictures, the one to use first: clips cut from the recordings (selected), then whole recordings
    (raw), then any other, cropped ones last.

    The face code needs what lies around a face and holds the head still by itself; crops were cut on a grid of pixels.
    """

    def rank(folder: Path) -> int:
        inside = folder.relative_to(root).as_posix().lower() if folder != root else folder.name.lower()
        words = ("selected", "raw", "", "crop")
        return next((i for i, word in enumerate(words) if word and word in inside), words.index(""))

    return sorted(folders, key=rank)
