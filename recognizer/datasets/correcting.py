"""Known errors of label sheets, as data: ``corrections/<set>.toml``, a table a correction.

    [[correction]]
    subject = "032"        # as the reader spells it
    clip = "032_3_1"       # the sheet's name of the clip
    field = "apex"         # onset, apex, offset, emotion or aus
    was = 1930             # what the sheet says; where it says something else, nothing is changed
    now = 4945
    reason = "..."

They are keyed by subject and clip, never by a row's number: sheets circulate in editions with rows added and sorted.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources
from typing import Any

from recognizer.datasets.au_text import read_aus
from recognizer.datasets.clip_rules import RowLabels

FIELDS = ("onset", "apex", "offset", "emotion", "aus")


@dataclass(frozen=True, slots=True)
class KnownError:
    """One entry of a correction table. Raises ValueError for one without reason or for an unknown field."""

    subject: str
    clip: str
    field: str
    was: int | str
    now: int | str
    reason: str

    def __post_init__(self) -> None:
        if self.field not in FIELDS:
            raise ValueError(f"correction of {self.clip}: expected a field of {FIELDS}, got {self.field!r}")
        if not self.reason.strip():
            raise ValueError(f"correction of {self.clip}: expected a reason, got none")

    def sentence(self) -> str:
        return f"{self.field} {self.was} -> {self.now}: {self.reason}"


@cache
def known_errors(name: str) -> tuple[KnownError, ...]:
    """The corrections of the set ``name``; () where it has none."""
    path = resources.files("recognizer.datasets").joinpath("corrections", f"{name}.toml")
    if not path.is_file():
        return ()
    return parse_corrections(tomllib.loads(path.read_text(encoding="utf-8")))


def parse_corrections(document: Mapping[str, Any]) -> tuple[KnownError, ...]:
    """Entries of a correction table; ValueError or TypeError where one is not as it must be."""
    return tuple(KnownError(**entry) for entry in document.get("correction", ()))


def corrected(row: RowLabels, sheet_clip: str, errors: tuple[KnownError, ...]) -> RowLabels:
    """``row`` with the known errors of its clip put right; ``sheet_clip``: the clip's name in the sheet."""
    for error in errors:
        if (error.subject, error.clip) == (row.subject, sheet_clip) and _says(row, error):
            change: dict[str, Any] = {error.field: error.now}
            if error.field == "aus":
                change = {"aus": read_aus(error.now), "aus_text": str(error.now)}
            row = replace(row, **change, corrected=(*row.corrected, error.sentence()))
    return row


def _says(row: RowLabels, error: KnownError) -> bool:
    value = row.aus_text if error.field == "aus" else getattr(row, error.field)
    return bool(value == error.was)
