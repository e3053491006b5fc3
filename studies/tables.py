"""Reading the tables that people bring: CSV, Parquet or XLSX, under their own column names."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pandas as pd

from curves.errors import InputError

_READERS: dict[str, Callable[[Path], pd.DataFrame]] = {
    ".csv": lambda path: pd.read_csv(path, dtype="string", keep_default_na=False, encoding="utf-8-sig"),
    ".parquet": pd.read_parquet,
    ".xlsx": lambda path: pd.read_excel(path, dtype="string", keep_default_na=False, engine="openpyxl"),
}


def read_table(
    path: Path, needed: Sequence[str], optional: Sequence[str] = (), names: Mapping[str, str] | None = None
) -> pd.DataFrame:
    """The columns ``needed`` and those of ``optional`` that are there, under our names, every cell as text ("" where
    nothing stands); other columns are left out. The index is the row's number in the file, the header being row 1.

    ``names``: from our name to the file's.

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
        raise InputError(f"{path.name} cannot be read as {path.suffix.lower()[1:]}: {error}.") from error
    table.columns = [str(name).strip() for name in table.columns]
    wanted = {name: (names or {}).get(name, name) for name in (*needed, *optional)}
    for name in needed:
        if wanted[name] not in table.columns:
            there = ", ".join(map(str, table.columns))
            raise InputError(f"{path.name} has no column {wanted[name]!r}; it has: {there}. Map names with --column.")
    kept = {name: there for name, there in wanted.items() if there in table.columns}
    twice = [there for there in kept.values() if list(table.columns).count(there) > 1]
    if twice:
        raise InputError(f"{path.name} has the column {twice[0]!r} more than once; keep one of them.")
    picked = table[list(kept.values())].set_axis(list(kept), axis=1)
    picked.index = pd.RangeIndex(2, len(picked) + 2, name="row")
    return pd.DataFrame({name: column.astype("string").fillna("").str.strip() for name, column in picked.items()})
