"""Rig files: TOML -> Rig, every mistake of a user's file said in one sentence."""

import re
import tomllib
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any, NoReturn

from curves.errors import FormatError, InputError
from curves.rigs.rig import FACS_AUS, Rig, RigTarget
from curves.values import Side

_SHIPPED = ("facs", "arkit", "metahuman")
_BASES = ("arkit", "metahuman")
_KEYS = frozenset({"name", "base", "controls", "limits", "targets"})
_SIDES = frozenset({"left", "right", "both"})
_AU_KEY = re.compile(r"AU(\d{1,2})")


def rig_names() -> tuple[str, ...]:
    """Names of the shipped rigs."""
    return _SHIPPED


def control_names(base: str) -> tuple[str, ...]:
    """All controls of ``arkit`` (52, in Live Link UDP order) or ``metahuman`` (251, as UE 5.8 streams them).

    Raises ValueError for any other base.
    """
    if base not in _BASES:
        raise ValueError(f"control list: expected one of {', '.join(_BASES)}, got {base}")
    return tuple((files("curves.rigs") / f"{base}_controls.txt").read_text(encoding="utf-8").split())


def load_rig(name_or_path: str) -> Rig:
    """The shipped rig of that name, or the rig in that TOML file.

    Raises InputError if there is no such rig or the file cannot be read, FormatError (naming file and key) if the
    file does not follow docs/rigs.md.
    """
    if name_or_path in _SHIPPED:
        return _parse((files("curves.rigs") / f"{name_or_path}.toml").read_text(encoding="utf-8"), name_or_path)
    path = Path(name_or_path)
    if not path.is_file():
        raise InputError(f"No rig {name_or_path!r}: use {', '.join(_SHIPPED)} or the path of a TOML file.")
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise FormatError(f"{path}: a rig file must be UTF-8 text.") from error
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.") from error
    return _parse(text, str(path))


def _parse(text: str, where: str) -> Rig:
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise FormatError(f"{where} is not valid TOML: {error}.") from error
    unknown = sorted(set(document) - _KEYS)
    if unknown:
        _refuse(where, unknown[0], f"unknown key; known are {', '.join(sorted(_KEYS))}")
    name = document.get("name", Path(where).stem)
    if not isinstance(name, str) or not name:
        _refuse(where, "name", "must be a text")
    controls = _controls(document, where)
    targets = _targets(document.get("targets"), controls, where)
    return Rig(name=name, controls=controls, targets=targets, limits=_limits(document.get("limits", []), where))


def _refuse(where: str, key: str, problem: str) -> NoReturn:
    raise FormatError(f"{where}, {key}: {problem}.")


def _controls(document: Mapping[str, Any], where: str) -> frozenset[str]:
    if ("base" in document) == ("controls" in document):
        _refuse(where, "base", f"give either base = {' | '.join(_BASES)} or controls = [your own names]")
    if "base" in document:
        if document["base"] not in _BASES:
            _refuse(where, "base", f"must be {' or '.join(_BASES)}, not {document['base']!r}")
        return frozenset(control_names(document["base"]))
    names = document["controls"]
    if not isinstance(names, list) or not names or not all(isinstance(name, str) and name.strip() for name in names):
        _refuse(where, "controls", "must be a list of names")
    if len({name.casefold() for name in names}) != len(names):
        _refuse(where, "controls", "lists a name twice (Unreal does not tell upper from lower case)")
    return frozenset(names)


def _limits(limits: Any, where: str) -> tuple[str, ...]:
    if not isinstance(limits, list) or not all(isinstance(limit, str) for limit in limits):
        _refuse(where, "limits", "must be a list of sentences")
    for limit in limits:
        if not re.search(r"\bAU\d+\b", limit):
            _refuse(where, "limits", f"{limit!r} names no AU; write it as AU12")
    return tuple(limits)


def _targets(table: Any, controls: frozenset[str], where: str) -> dict[tuple[int, Side], tuple[RigTarget, ...]]:
    if not isinstance(table, dict) or not table:
        _refuse(
            where, "targets", "must be a table such as AU12 = { left = { smileL = 1.0 }, right = { smileR = 1.0 } }"
        )
    targets: dict[tuple[int, Side], tuple[RigTarget, ...]] = {}
    for key, sides in table.items():
        match = _AU_KEY.fullmatch(key)
        if match is None or int(match[1]) not in FACS_AUS:
            _refuse(where, f"targets.{key}", "is no Action Unit; write AU and its FACS number, such as AU12")
        au = int(match[1])
        if (au, Side.LEFT) in targets:
            _refuse(where, f"targets.{key}", f"AU{au} is given twice")
        for side, drives in _sides(sides, f"targets.{key}", where).items():
            targets[au, side] = _side_targets(drives, controls, f"targets.{key}", where)
    return targets


def _sides(sides: Any, key: str, where: str) -> dict[Side, Any]:
    if not isinstance(sides, dict):
        _refuse(where, key, "must be a table with left and right, or with both")
    unknown = sorted(set(sides) - _SIDES)
    if unknown:
        _refuse(where, f"{key}.{unknown[0]}", "is no side; sides are left, right and both, as seen by the subject")
    if set(sides) == {"both"}:
        return {Side.LEFT: sides["both"], Side.RIGHT: sides["both"]}
    if set(sides) != {"left", "right"}:
        _refuse(where, key, "give left and right (an empty table {} moves nothing), or both alone")
    return {Side.LEFT: sides["left"], Side.RIGHT: sides["right"]}


def _side_targets(drives: Any, controls: frozenset[str], key: str, where: str) -> tuple[RigTarget, ...]:
    if not isinstance(drives, dict):
        _refuse(where, key, "a side must be a table of control = weight")
    for control, weight in drives.items():
        if control not in controls:
            _refuse(where, f"{key}.{control}", "is no control of this rig; check its spelling, case included")
        if isinstance(weight, bool) or not isinstance(weight, int | float) or not 0.0 < weight <= 1.0:
            _refuse(where, f"{key}.{control}", f"weight must be a number above 0 and at most 1, not {weight!r}")
    return tuple(RigTarget(control, float(weight)) for control, weight in sorted(drives.items()))
