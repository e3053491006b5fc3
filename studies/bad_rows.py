"""Rows of a table that cannot be used: each is told, with its reason, before anything is computed."""

from collections.abc import Iterable, Mapping, Sequence

import pandas as pd

from curves.errors import InputError


class BadRowsError(InputError):
    """``rows``: (row in the file, reason), in the file's order; the message counts them and shows the first."""

    def __init__(self, name: str, rows: Sequence[tuple[int, str]]) -> None:
        self.rows = tuple(rows)
        count = f"{len(rows)} rows" if len(rows) > 1 else "1 row"
        super().__init__(f"{name}: {count} cannot be used (row {rows[0][0]}: {rows[0][1]}); correct or remove them.")


def require_clean(name: str, found: Mapping[int, Sequence[str]]) -> None:
    """Raises BadRowsError if ``found`` (row -> its reasons) holds any; several reasons of a row are told together."""
    rows = [(row, "; ".join(reasons)) for row, reasons in sorted(found.items()) if reasons]
    if rows:
        raise BadRowsError(name, rows)


def empty_cells(table: pd.DataFrame) -> dict[int, list[str]]:
    """Row -> a reason for each of its empty cells; a row without any has an empty list."""
    return {
        int(row): [f"{name} is empty" for name, cell in zip(table.columns, cells, strict=True) if cell == ""]
        for row, cells in zip(table.index, table.itertuples(index=False), strict=True)
    }


def repeated(table: pd.DataFrame, key: Iterable[str]) -> dict[int, int]:
    """Row -> the earlier row that has the same ``key``."""
    seen: dict[tuple[str, ...], int] = {}
    found: dict[int, int] = {}
    for row, cells in zip(table.index, table[list(key)].itertuples(index=False, name=None), strict=True):
        first = seen.setdefault(cells, int(row))
        if first != row:
            found[int(row)] = first
    return found
