"""Reading the tables that people bring: CSV, Parquet or XLSX, under their own column names."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pandas as pd

from curves.errors import InputError

_COMMA = "decimal comma"


def _read_csv(path: Path) -> pd.DataFrame:
    with path.open(encoding="utf-8-sig") as lines:
        first = lines.readline()
    separator = max(",;\t", key=first.count)  # spreadsheets of half of Europe write semicolons
    # Without a header, so that pandas neither renames a column that stands twice nor takes one for an index; with the
    # blank lines, so that rows keep their numbers.
    table = _headed(
        pd.read_csv(
            path, sep=separator, header=None, dtype="string", keep_default_na=False, encoding="utf-8-sig",
            skip_blank_lines=False,
        )
    )  # fmt: skip
    table.attrs[_COMMA] = separator == ";"
    return table


def _read_xlsx(path: Path) -> pd.DataFrame:
    return _headed(pd.read_excel(path, header=None, dtype="string", keep_default_na=False, engine="openpyxl"))


def _headed(raw: pd.DataFrame) -> pd.DataFrame:
    return raw.iloc[1:].set_axis(list(raw.iloc[0].fillna("")), axis=1)


_READERS: dict[str, Callable[[Path], pd.DataFrame]] = {
    ".csv": _read_csv,
    ".parquet": pd.read_parquet,
    ".xlsx": _read_xlsx,
}


def read_table(
    path: Path,
    needed: Sequence[str],
    optional: Sequence[str] = (),
    names: Mapping[str, str] | None = None,
    numbers: Sequence[str] = (),
) -> pd.DataFrame:
    """The columns ``needed`` and those of ``optional`` that are there, under our names, every cell as text ("" where
    nothing stands); other columns and empty rows are left out. The index is the row's number in the file, the header
    being row 1.

    ``names``: from our name to the file's. A CSV's columns may be separated by commas, semicolons or tabs; where it is
    semicolons, "4,5" in a column of ``numbers`` (our names) becomes "4.5".

    Raises:
        InputError: no such file, not a table, a column missing or twice; the sentence names what is there.
    """
    read = _READERS.get(path.suffix.lower())
    if read is None:
        raise InputError(f"{path.name} is no table that can be read: give a .csv, .parquet or .xlsx file.")
    if not path.is_file():
        raise InputError(f"There is no file {path}.")
    try:
        table = read(path)
    except Exception as error:  # each library has errors of its own; none of them is ours to list
        raise InputError(f"{path.name} cannot be read as {path.suffix.lower()[1:]}: {_reason(error)}.") from error
    comma = table.attrs.get(_COMMA, False)
    table.columns = [str(name).strip() for name in table.columns]
    kept = _columns(path.name, list(table.columns), needed, optional, names or {})
    picked = table[list(kept.values())].set_axis(list(kept), axis=1)
    picked.index = pd.RangeIndex(2, len(picked) + 2, name="row")
    text = pd.DataFrame({name: column.astype("string").fillna("").str.strip() for name, column in picked.items()})
    for name in [name for name in numbers if comma and name in text.columns]:
        text[name] = text[name].str.replace(r"^([+-]?\d+),(\d+)$", r"\1.\2", regex=True)
    return text[(text != "").any(axis=1)]


def _reason(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).rstrip(".")


def _columns(
    file: str, there: Sequence[str], needed: Sequence[str], optional: Sequence[str], names: Mapping[str, str]
) -> dict[str, str]:
    """From our name to the file's, of the columns to keep."""
    kept = {name: names.get(name, name) for name in needed}
    kept |= {name: names.get(name, name) for name in optional if name in names or name in there}
    for theirs in kept.values():
        if theirs not in there:
            listed = ", ".join(there)
            raise InputError(f"{file} has no column {theirs!r}; it has: {listed}. Map names with --column.")
        if there.count(theirs) > 1:
            raise InputError(f"{file} has the column {theirs!r} more than once; keep one of them.")
    return kept
