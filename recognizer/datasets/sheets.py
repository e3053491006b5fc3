"""Label sheets as rows by column name: wherever the header stands, whatever blank columns lie between.

Sheets circulate in edited copies with columns removed and added, so no column is known by its place; the few sheets
without a header are read with the names that their reader gives.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from curves.errors import InputError

#: Rows in which a header is looked for: SAMM's stands below 13 rows of text.
_HEADER_WITHIN = 40


@dataclass(frozen=True, slots=True)
class Row:
    """One labelled row. ``line``: its number in the sheet, from 1, for messages. ``cells``: by plain column name."""

    line: int
    cells: dict[str, Any]

    def text(self, column: str) -> str:
        """The cell as text without blanks around it; "" where it is empty or the sheet has no such column."""
        value = self.cells.get(plain(column))
        if value is None or (isinstance(value, float) and pd.isna(value)):
            return ""
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        return str(value).strip()

    def value(self, column: str) -> Any:
        """The cell as the sheet holds it."""
        return self.cells.get(plain(column))

    def number(self, column: str) -> int | None:
        """The cell as a whole number; None where it holds none ("/", "\\", blank, words)."""
        text = self.text(column)
        return int(float(text)) if re.fullmatch(r"-?[0-9]+(\.0*)?", text) else None

    def decimal(self, column: str) -> float | None:
        """The cell as a number; None where it holds none."""
        text = self.text(column)
        return float(text) if re.fullmatch(r"[0-9]+(\.[0-9]*)?", text) else None


def plain(name: Any) -> str:
    """A column's name by its letters and digits alone: "Onset Frame", "OnsetFrame" and "onset_frame" are one."""
    return re.sub(r"[^a-z0-9]", "", str(name).lower())


def read_sheets(path: Path) -> dict[str, pd.DataFrame]:
    """All sheets of a workbook (.xlsx), or the one of a .csv, as the cells lie there, without a header.

    Formulas give the values that were stored with them. Raises InputError where the file cannot be read.
    """
    try:
        if path.suffix.lower() == ".csv":
            frame = pd.read_csv(path, header=None, dtype=str, keep_default_na=False, encoding="utf-8-sig")
            return {path.stem: frame}
        return pd.read_excel(path, sheet_name=None, header=None, dtype=object, engine="openpyxl")
    except Exception as error:
        reason = " ".join(str(error).split())
        raise InputError(
            f"The label sheet {path} cannot be read ({reason}): get it again, or save it as .xlsx anew."
        ) from error


def rows_with_header(
    path: Path, needed: Sequence[str], sheet: str | None = None, *, may_be_empty: bool = False
) -> list[Row]:
    """The rows below the first row that names all of the columns ``needed``, in the first sheet that has such a row.

    ``sheet``: the one sheet of the workbook to look in.
    Rows in which all of the needed cells are empty (tails, separators) are no rows. InputError where no sheet names
    all columns (it tells those that are missing), or, unless ``may_be_empty``, where no row stands below.
    """
    wanted = {plain(name) for name in needed}
    nearest: set[str] = set()
    for title, frame in read_sheets(path).items():
        if sheet is not None and title != sheet:
            continue
        for at in range(min(_HEADER_WITHIN, len(frame))):
            names = [plain(cell) for cell in frame.iloc[at]]
            if wanted <= set(names):
                rows = _rows(frame, at + 1, names, wanted)
                if not (rows or may_be_empty):
                    raise no_rows(path)
                return rows
            nearest = max(nearest, wanted & set(names), key=len)
    raise _no_header(path, needed, nearest)


def no_rows(path: Path) -> InputError:
    """What is said of a sheet that labels nothing."""
    return InputError(f"The label sheet {path} has no labelled rows: use the set's own sheet.")


def _no_header(path: Path, needed: Sequence[str], nearest: set[str]) -> InputError:
    """``nearest``: the most of the needed columns that one row names; a row that names one alone may be any text."""
    if len(nearest) < 2:
        names = ", ".join(needed)
        return InputError(f"The label sheet {path} has no row with the column names {names}: use the set's own sheet.")
    lacking = [name for name in needed if plain(name) not in nearest]
    columns = f"column{'s' if len(lacking) > 1 else ''} {', '.join(lacking)}"
    return InputError(f"The label sheet {path} lacks the {columns}: use the set's own sheet.")


def rows_without_header(frame: pd.DataFrame, names: Sequence[str], *, skip: int = 0) -> list[Row]:
    """The rows of a sheet without header, columns named by place; ``skip`` rows of text stand above."""
    plain_names = [plain(name) for name in names]
    return _rows(frame, skip, plain_names, set(plain_names[:3]))


def _rows(frame: pd.DataFrame, first: int, names: Sequence[str], wanted: set[str]) -> list[Row]:
    rows = []
    for at in range(first, len(frame)):
        cells: dict[str, Any] = {}
        for name, value in zip(names, frame.iloc[at], strict=False):
            if name and name != "nan":
                cells.setdefault(name, value)
        row = Row(at + 1, cells)
        if any(row.text(name) for name in wanted):
            rows.append(row)
    return rows


def newest(paths: Sequence[Path]) -> Path:
    """Of several editions of one sheet the latest: one called updated, else the one with the latest date or version."""
    return max(paths, key=lambda path: ("updated" in path.name.lower(), _edition(path.name), -len(path.parts)))


def _edition(name: str) -> int:
    """The highest number in a sheet's name, its set's own number aside."""
    named = re.sub(r"\(me\)\^?[23]", "", name, flags=re.IGNORECASE)
    return max((int(digits) for digits in re.findall(r"[0-9]+", named)), default=0)
