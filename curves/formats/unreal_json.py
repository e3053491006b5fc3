"""Curves as JSON that Unreal imports by itself: UCurveFloat files and a DataTable with FRuntimeFloatCurve cells.

Both hold the same FRichCurve, once with camelCase names (UCurveBase::ImportFromJSONString, UE 5.3 and later) and once
with PascalCase names (FJsonObjectConverter, DataTable import). The top name `floatCurve` is inferred from the colour
curve's known `floatCurves`; nothing here was run in an editor.
"""

import json
from collections.abc import Callable, Mapping
from enum import IntEnum
from pathlib import Path
from typing import Any, TypeVar

from curves.errors import FormatError
from curves.formats.files import parse_json, read_text, safe_name, write_folder, write_text
from curves.richcurve import auto_tangents
from curves.values import (
    Extrapolation,
    InterpMode,
    RichCurve,
    RichKey,
    Take,
    TangentMode,
    TangentWeightMode,
)

#: What Unreal writes for "no default value": the largest float32.
UNSET_DEFAULT = 3.4028234663852886e38
_UNSET_FROM = 3.402823e38  # people write 3.402823466e+38 and shorter

_KEY_FIELDS: Mapping[str, str] = {
    "interp_mode": "interpMode",
    "tangent_mode": "tangentMode",
    "tangent_weight_mode": "tangentWeightMode",
    "time": "time",
    "value": "value",
    "arrive_tangent": "arriveTangent",
    "arrive_tangent_weight": "arriveTangentWeight",
    "leave_tangent": "leaveTangent",
    "leave_tangent_weight": "leaveTangentWeight",
}
_ENUMS: Mapping[str, type[IntEnum]] = {
    "interp_mode": InterpMode,
    "tangent_mode": TangentMode,
    "tangent_weight_mode": TangentWeightMode,
}
_CURVE_FIELDS = frozenset({"keys", "defaultvalue", "preinfinityextrap", "postinfinityextrap", "keyhandlestoindices"})

Mode = TypeVar("Mode", bound=IntEnum)


def camel(name: str) -> str:
    """The name as it is: our field names are camelCase."""
    return name


def pascal(name: str) -> str:
    """The name as C++ spells it."""
    return name[0].upper() + name[1:]


def richcurve_to_json(curve: RichCurve, spelling: Callable[[str], str] = camel) -> dict[str, Any]:
    """FRichCurve as JSON values, with every field of every key; tangents as they stand."""
    keys = [
        {
            spelling(field): (_ENUMS[name](getattr(key, name)).name if name in _ENUMS else float(getattr(key, name)))
            for name, field in _KEY_FIELDS.items()
        }
        for key in curve.keys
    ]
    return {
        spelling("keys"): keys,
        spelling("defaultValue"): UNSET_DEFAULT if curve.default_value is None else float(curve.default_value),
        spelling("preInfinityExtrap"): Extrapolation(curve.pre_infinity).name,
        spelling("postInfinityExtrap"): Extrapolation(curve.post_infinity).name,
    }


def richcurve_from_json(item: Any, name: str, where: str) -> RichCurve:
    """FRichCurve from JSON values in either spelling. Fields left out have Unreal's defaults, unknown ones are refused.

    Nothing is recomputed: tangents are what the file says. Raises FormatError.
    """
    fields = _folded(item, where)
    unknown = sorted(set(fields) - _CURVE_FIELDS)
    if unknown:
        raise FormatError(f"{where}: {unknown[0]!r} is no field of FRichCurve.")
    keys = fields.get("keys", [])
    if not isinstance(keys, list):
        raise FormatError(f"{where}, keys: must be a list.")
    default = _number(fields.get("defaultvalue", UNSET_DEFAULT), f"{where}, defaultValue")
    try:
        return RichCurve(
            name=name,
            keys=tuple(_key(key, f"{where}, keys[{index}]") for index, key in enumerate(keys)),
            pre_infinity=_mode(Extrapolation, fields.get("preinfinityextrap", "RCCE_Constant"), where),
            post_infinity=_mode(Extrapolation, fields.get("postinfinityextrap", "RCCE_Constant"), where),
            default_value=None if default >= _UNSET_FROM else default,
        )
    except ValueError as error:
        raise FormatError(f"{where}: {error}.") from error


def _key(item: Any, where: str) -> RichKey:
    fields = _folded(item, where)
    values: dict[str, Any] = {}
    for name, field in _KEY_FIELDS.items():
        if field.casefold() in fields:
            value = fields.pop(field.casefold())
            values[name] = _mode(_ENUMS[name], value, where) if name in _ENUMS else _number(value, f"{where}.{field}")
    if fields:
        raise FormatError(f"{where}: {min(fields)!r} is no field of FRichCurveKey.")
    return RichKey(**{"time": 0.0, "value": 0.0, **values})


def _folded(item: Any, where: str) -> dict[str, Any]:
    if not isinstance(item, dict):
        raise FormatError(f"{where}: must be an object.")
    fields = {name.casefold(): value for name, value in item.items()}  # Unreal's names have no case
    if len(fields) != len(item):
        raise FormatError(f"{where}: a field stands there twice, in different case.")
    return fields


def _mode(kind: type[Mode], value: Any, where: str) -> Mode:
    if isinstance(value, str):
        name = value.rpartition("::")[2]  # some exporters write ERichCurveInterpMode::RCIM_Cubic
        if name in kind.__members__:
            return kind[name]
    elif isinstance(value, int) and not isinstance(value, bool) and value in list(kind):
        return kind(value)
    raise FormatError(f"{where}: {value!r} is no {kind.__name__}; known are {', '.join(kind.__members__)}.")


def _number(value: Any, where: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise FormatError(f"{where}: {value!r} is not a number.")
    return float(value)


def curvefloat_to_json(curve: RichCurve) -> dict[str, Any]:
    """UCurveFloat as Unreal's own JSON; the curve's name is not part of it (it is the asset's)."""
    return {"floatCurve": richcurve_to_json(curve)}


def curvefloat_from_json(document: Any, name: str, where: str) -> RichCurve:
    """The curve in a UCurveFloat's JSON; FormatError if there is none. Other properties of the asset are ignored."""
    fields = _folded(document, where)
    if "floatcurve" not in fields:
        raise FormatError(f'{where}: no "floatCurve": this is no UCurveFloat.')
    return richcurve_from_json(fields["floatcurve"], name, f"{where}, floatCurve")


def write_curvefloats(take: Take, path: Path) -> list[Path]:
    """One UCurveFloat JSON a curve, `NAME.json`, in the folder ``path``, which is replaced as a whole."""
    texts: dict[str, str] = {}
    for curve in sorted(take.curves, key=lambda curve: curve.name):
        stem = safe_name(curve.name, [name.removesuffix(".json") for name in texts])
        texts[f"{stem}.json"] = _text(curvefloat_to_json(curve))
    return write_folder(path, texts)


def read_curvefloat(path: Path) -> RichCurve:
    """The curve in a UCurveFloat JSON file, named after the file."""
    return curvefloat_from_json(parse_json(read_text(path), str(path)), path.stem, str(path))


def computed_tangents(curve: RichCurve) -> RichCurve:
    """The curve with automatic tangents where a Cubic + Auto key still has the zeros of FRichCurve::AddKey.

    Unreal does not compute them on import: such keys would stay flat.
    """
    keys = tuple(
        automatic if key.arrive_tangent == key.leave_tangent == 0.0 else key
        for key, automatic in zip(curve.keys, auto_tangents(curve.keys), strict=True)
    )
    return RichCurve(curve.name, keys, curve.pre_infinity, curve.post_infinity, curve.default_value)


def write_datatable(take: Take, path: Path) -> None:
    """DataTable JSON: one row a curve, its FRuntimeFloatCurve in the column `Curve`; tangents are computed."""
    rows = [
        {
            "Name": curve.name,
            "Curve": {"EditorCurveData": richcurve_to_json(computed_tangents(curve), pascal), "ExternalCurve": ""},
        }
        for curve in sorted(take.curves, key=lambda curve: curve.name)
    ]
    write_text(path, _text(rows))


def read_datatable(path: Path) -> tuple[RichCurve, ...]:
    """The curves of a DataTable JSON file, one a row."""
    return datatable_from_json(parse_json(read_text(path), str(path)), str(path))


def datatable_from_json(rows: Any, where: str) -> tuple[RichCurve, ...]:
    """The curves in a DataTable's rows: `Name` and one FRuntimeFloatCurve column of any name. Raises FormatError."""
    if not isinstance(rows, list):
        raise FormatError(f"{where}: a DataTable must be a list of rows.")
    return tuple(_row_curve(row, f"{where}, row {index + 1}") for index, row in enumerate(rows))


def _row_curve(row: Any, where: str) -> RichCurve:
    if not isinstance(row, dict) or not isinstance(row.get("Name"), str):
        raise FormatError(f'{where}: must be an object with a "Name".')
    cells = [_folded(cell, where) for cell in row.values() if isinstance(cell, dict)]
    found = [cell for cell in cells if "editorcurvedata" in cell]
    if len(found) != 1:
        raise FormatError(f"{where}: must have one FRuntimeFloatCurve column, has {len(found)}.")
    if found[0].get("externalcurve") not in (None, "", "None"):
        raise FormatError(f"{where}: its keys lie in another asset, {found[0]['externalcurve']!r}; export that one.")
    return richcurve_from_json(found[0]["editorcurvedata"], row["Name"], f"{where}, EditorCurveData")


def _text(document: Any) -> str:
    return json.dumps(document, indent="\t", ensure_ascii=False, allow_nan=False) + "\n"
