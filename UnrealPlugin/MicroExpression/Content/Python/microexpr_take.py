"""Takes of micro-expression curves, read without any package: the editor's Python has none.

Plain Python 3.9 and later (Unreal 5.3 has 3.9). Times are in seconds, tangents in value units a second. Evaluation and
automatic tangents follow FRichCurve as `curves/richcurve.py` of microexpr describes it; the tests hold both together.
"""

from __future__ import annotations

import csv
import io
import json
import math
import struct
from bisect import bisect_right
from dataclasses import dataclass, replace
from pathlib import Path

TAKE_FORMAT = "microexpr.take/1"
LINEAR, CONSTANT, CUBIC = "RCIM_Linear", "RCIM_Constant", "RCIM_Cubic"
_INTERP_MODES = (LINEAR, CONSTANT, CUBIC, "RCIM_None")
_TANGENT_MODES = ("RCTM_Auto", "RCTM_User", "RCTM_Break", "RCTM_None", "RCTM_SmartAuto")
MIN_BAKE_FPS = 60.0
MAX_NAME = 1023  # characters of an FName


class TakeImportError(Exception):
    """One sentence that says what is wrong and what to do about it."""


@dataclass(frozen=True)
class Key:
    """One FRichCurveKey without tangent weights."""

    time: float
    value: float
    interp: str
    tangent: str
    arrive: float
    leave: float


@dataclass(frozen=True)
class Take:
    """The part of a take that becomes assets: `curves` maps a control to its keys in time order."""

    name: str
    rate: tuple[int, int]
    duration_s: float
    curves: dict[str, tuple[Key, ...]]

    @property
    def end_s(self) -> float:
        """The take's end, or its last key where that is later."""
        return max([self.duration_s, *(keys[-1].time for keys in self.curves.values() if keys)])


def float32(value: float) -> float:
    """The number as Unreal keeps it."""
    try:
        return float(struct.unpack("<f", struct.pack("<f", value))[0])
    except OverflowError as error:
        raise TakeImportError(f"{value} does not fit into a float; convert the video again.") from error


def read_text(path: str | Path) -> str:
    """A file's text; TakeImportError if there is none."""
    try:
        return Path(path).read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise TakeImportError(f"{path} does not exist; name a file that microexpr convert wrote.") from error
    except UnicodeDecodeError as error:
        raise TakeImportError(f"{path} is no text; name a file that microexpr convert wrote.") from error
    except OSError as error:
        raise TakeImportError(f"{path} cannot be read: {error.strerror}.") from error


def read_take(path: str | Path) -> Take:
    """The take in a `.take.json`; TakeImportError if it is none or breaks the format where curves are concerned."""
    try:
        document = json.loads(read_text(path))
    except (ValueError, RecursionError) as error:
        raise TakeImportError(f"{path} is no take: it is not JSON; name a .take.json.") from error
    version = document.get("format") if isinstance(document, dict) else None
    if version != TAKE_FORMAT:
        raise TakeImportError(
            f"{path} has format {version!r}, this importer reads {TAKE_FORMAT}; update the older one."
        )
    try:
        numerator, denominator = (int(part) for part in document["frame_rate"])
        curves = [(str(item["name"]), tuple(map(_key, item["keys"]))) for item in document["curves"]]
        duration = _finite(document["duration_s"])
    except (KeyError, TypeError, ValueError) as error:
        raise TakeImportError(
            f"{path} is damaged ({type(error).__name__}: {error}); convert the video again."
        ) from error
    if numerator < 1 or denominator < 1 or duration < 0:
        raise TakeImportError(
            f"{path} is damaged: its frame rate or duration is not positive; convert the video again."
        )
    check_names([name for name, _ in curves], str(path))
    for name, keys in curves:
        if any(later.time < earlier.time for earlier, later in zip(keys, keys[1:])):
            raise TakeImportError(f"{path}, {name}: its keys are not in time order; convert the video again.")
    stem = Path(path).name
    name = stem[: -len(".take.json")] if stem.lower().endswith(".take.json") else Path(path).stem
    return Take(name, (numerator, denominator), duration, dict(sorted(curves)))


def _finite(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise ValueError(f"{value!r} is no number")
    return float(value)


def _key(item: dict[str, object]) -> Key:
    interp, tangent = str(item["interp_mode"]), str(item["tangent_mode"])
    if interp not in _INTERP_MODES or tangent not in _TANGENT_MODES:
        raise ValueError(f"unknown mode {interp} or {tangent}")
    numbers = [_finite(item[name]) for name in ("time", "value", "arrive_tangent", "leave_tangent")]
    return Key(numbers[0], numbers[1], interp, tangent, numbers[2], numbers[3])


def check_names(names: list[str], where: str) -> None:
    """Refuse what cannot be a curve's name in Unreal: empty, None, too long, control characters, twice but for case."""
    if not names:
        raise TakeImportError(f"{where} holds no curve; look at what microexpr convert said about the video.")
    seen: dict[str, str] = {}
    for name in names:
        bad = next((sign for sign in name if ord(sign) < 32 or sign == "\x7f"), None)
        if not name.strip() or name.casefold() == "none" or len(name) > MAX_NAME or bad is not None:
            raise TakeImportError(
                f"{where}: {name[:40]!r} cannot be a curve's name in Unreal; rename it in your rig file."
            )
        if name.casefold() in seen:
            other = seen[name.casefold()]
            raise TakeImportError(
                f"{where}: {other!r} and {name!r} are one name to Unreal; rename one in your rig file."
            )
        seen[name.casefold()] = name


def with_tangents(keys: tuple[Key, ...]) -> tuple[Key, ...]:
    """Automatic tangents for Cubic + Auto keys that still have zeros: nothing computes them when keys are set.

    The rule of FRichCurve::AutoSetTangents: inner keys get the chord of their neighbours, end keys stay at 0.
    """
    result = list(keys)
    for index in range(1, len(keys) - 1):
        before, key, after = keys[index - 1], keys[index], keys[index + 1]
        if key.interp == CUBIC and key.tangent == "RCTM_Auto" and key.arrive == key.leave == 0.0:
            rise = (key.value - before.value) + (after.value - key.value)
            slope = rise / max(1e-4, after.time - before.time)
            result[index] = replace(key, arrive=slope, leave=slope)
    return tuple(result)


def evaluate(keys: tuple[Key, ...], times: list[float]) -> list[float]:
    """FRichCurve::Eval at times, with constant ends; 0 without keys."""
    if not keys:
        return [0.0] * len(times)
    key_times = [key.time for key in keys]
    return [_value(keys, bisect_right(key_times, time), time) for time in times]


def _value(keys: tuple[Key, ...], right: int, time: float) -> float:
    """The value at a time with `right` keys at or before it; steps as in curves/richcurve.py, so the same digits."""
    if right == 0 or right == len(keys):
        return keys[0 if right == 0 else -1].value
    start, end = keys[right - 1], keys[right]
    span = end.time - start.time
    if start.interp == CONSTANT:
        return start.value
    alpha = (time - start.time) / span
    if start.interp == LINEAR:
        return _lerp(start.value, end.value, alpha)
    second = start.value + start.leave * span * (1.0 / 3.0)
    third = end.value - end.arrive * span * (1.0 / 3.0)
    middle = _lerp(second, third, alpha)
    first = _lerp(_lerp(start.value, second, alpha), middle, alpha)
    last = _lerp(middle, _lerp(third, end.value, alpha), alpha)
    return _lerp(first, last, alpha)


def _lerp(start: float, end: float, alpha: float) -> float:
    return start + alpha * (end - start)


def curve_table_text(take: Take) -> str:
    """The take as CurveTable CSV, sampled at the larger of 60 and its own frames a second: linear keys."""
    rate = max(MIN_BAKE_FPS, take.rate[0] / take.rate[1])
    start = min([0.0, *(keys[0].time for keys in take.curves.values() if keys)])
    first = math.floor(start * rate)
    last = max(math.ceil(take.end_s * rate), first + 1)
    times = [float32(frame / rate) for frame in range(first, last + 1)]
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(["---", *(f"{time:.9g}" for time in times)])
    for name, keys in take.curves.items():
        writer.writerow([name, *(f"{float32(value):.9g}" for value in evaluate(keys, times))])
    return stream.getvalue()


def check_curve_table(text: str, where: str) -> None:
    """Refuse what is no CurveTable CSV: the editor would import something else without a word."""
    try:
        rows = [row for row in csv.reader(io.StringIO(text, newline="")) if row]
    except csv.Error as error:
        raise TakeImportError(f"{where} is no CSV: {error}.") from error
    if not rows or len(rows[0]) < 2:
        raise TakeImportError(
            f"{where} is no curve table: its first row must hold times; convert with --format curvetable."
        )
    times = [_cell(cell, f"{where}, first row") for cell in rows[0][1:]]
    if any(later <= earlier for earlier, later in zip(times, times[1:])):
        raise TakeImportError(f"{where} is no curve table: the times in its first row must rise.")
    check_names([row[0] for row in rows[1:]], where)
    for row in rows[1:]:
        if len(row) != len(rows[0]):
            raise TakeImportError(f"{where}, row {row[0]!r}: has {len(row) - 1} values for {len(times)} times.")
        for cell in row[1:]:
            if cell.strip():
                _cell(cell, f"{where}, row {row[0]!r}")


def _cell(cell: str, where: str) -> float:
    try:
        return _finite(float(cell))
    except ValueError as error:
        raise TakeImportError(f"{where}: {cell!r} is no number.") from error
