"""Read curves from any of our curve files; what it is is decided by its content."""

from pathlib import Path
from typing import Any

from curves.errors import FormatError, InputError
from curves.formats import unreal_json, unreal_tables
from curves.formats.files import parse_csv, parse_json, read_text
from curves.formats.take import take_from_json
from curves.values import RichCurve

_KINDS = "take JSON, CurveTable CSV, DataTable JSON, AU dictionary CSV, UCurveFloat JSON"


def read_curves(path: Path) -> tuple[RichCurve, ...]:
    """The curves of a take, CurveTable, DataTable, AU dictionary or UCurveFloat file, or of a folder of UCurveFloats.

    Raises InputError if it cannot be read, FormatError if it is none of these or breaks its format.
    """
    path = Path(path)
    if path.is_dir():
        files = sorted(path.glob("*.json"))
        if not files:
            raise InputError(f"{path} holds no UCurveFloat JSON file.")
        return tuple(unreal_json.read_curvefloat(file) for file in files)
    text = read_text(path)
    if text.lstrip()[:1] in ("{", "["):
        return _from_json(parse_json(text, str(path)), path)
    return _from_rows(parse_csv(text, str(path)), str(path))


def _from_json(document: Any, path: Path) -> tuple[RichCurve, ...]:
    if isinstance(document, list):
        return unreal_json.datatable_from_json(document, str(path))
    if "format" in document:
        return take_from_json(document, str(path)).curves
    if any(name.casefold() == "floatcurve" for name in document):
        return (unreal_json.curvefloat_from_json(document, path.stem, str(path)),)
    raise FormatError(f"{path} is none of our curve files ({_KINDS}).")


def _from_rows(rows: list[list[str]], where: str) -> tuple[RichCurve, ...]:
    cells = [cell.strip() for cell in rows[0][1:]] if rows else []
    if cells == ["Time", "Disp"]:
        return unreal_tables.dictionary_from_rows(rows, where)
    if cells and all(_is_number(cell) for cell in cells):
        return unreal_tables.curvetable_from_rows(rows, where)
    raise FormatError(f"{where} is none of our curve files ({_KINDS}).")


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True
