"""Curves as CSV that Unreal imports by itself: a CurveTable and the AU dictionary of the paper as a DataTable.

CurveTable: header `---,t1,t2,...`, then one row a curve. All rows share their times and the file has one
interpolation, so the curves are baked: linear keys at a fixed rate.

AU dictionary (AU_GCN_CUR, section 3.4: RowValue->Time, RowValue->Disp): header `---,Time,Disp`, one row a key, rows
named `<Curve>_k00001`; the plugin makes Cubic keys with automatic tangents of them.

Nothing here was run in an editor.
"""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np

from curves.errors import FormatError
from curves.formats.files import csv_text, parse_csv, parse_number, read_text, write_text
from curves.richcurve import auto_tangents, evaluate
from curves.values import FloatArray, InterpMode, RichCurve, RichKey, Take, TangentMode

#: A bake has at least this many keys a second.
MIN_BAKE_FPS = 60.0
#: Points at which a baked interval is compared with its curve.
_PROBES = 8

_DICTIONARY_ROW = re.compile(r"(?P<curve>.+)_k(?P<number>\d+)", re.DOTALL)


def span(take: Take) -> tuple[float, float]:
    """The seconds that a sampled file must cover: the whole take and every key."""
    times = [key.time for curve in take.curves for key in curve.keys]
    return min([0.0, *times]), max([take.duration_s, *times])


def bake(take: Take) -> tuple[FloatArray, dict[str, FloatArray], dict[str, float]]:
    """All curves at shared times, ``max(60, take.fps)`` a second.

    Returns the times (n,), each curve's values (n,), and each curve's error: the largest distance between the curve
    and the straight lines through its baked values, as they stand in the file, in value units.
    """
    rate = max(MIN_BAKE_FPS, take.fps)
    start, end = span(take)
    first, last = math.floor(start * rate), max(math.ceil(end * rate), math.floor(start * rate) + 1)
    times = _as_written(np.arange(first, last + 1) / rate)
    probes = np.unique(np.concatenate([times, np.linspace(times[0], times[-1], _PROBES * (times.size - 1) + 1)]))
    values, errors = {}, {}
    for curve in sorted(take.curves, key=lambda curve: curve.name):
        values[curve.name] = _as_written(evaluate(curve, times))
        difference = np.interp(probes, times, values[curve.name]) - evaluate(curve, probes)
        errors[curve.name] = float(np.abs(difference).max())
    return times, values, errors


def _as_written(values: FloatArray) -> FloatArray:
    return values.astype(np.float32).astype(np.float64)  # what Unreal keeps of the text


def _cell(value: float) -> str:
    return f"{value:.9g}"  # nine digits bring back any float32


def write_curvetable(take: Take, path: Path) -> dict[str, float]:
    """CurveTable CSV, to be imported with linear interpolation. Returns the error of each curve (see `bake`)."""
    times, values, errors = bake(take)
    rows: list[Sequence[object]] = [["---", *map(_cell, times)]]
    rows += [[name, *map(_cell, values[name])] for name in values]
    write_text(path, csv_text(rows))
    return errors


def read_curvetable(path: Path) -> tuple[RichCurve, ...]:
    """The curves of a CurveTable CSV as linear keys; empty cells are no keys. Raises FormatError."""
    return curvetable_from_rows(parse_csv(read_text(path), str(path)), str(path))


def curvetable_from_rows(rows: Sequence[Sequence[str]], where: str) -> tuple[RichCurve, ...]:
    """See `read_curvetable`."""
    if not rows or len(rows[0]) < 2:
        raise FormatError(f"{where}: a CurveTable's first row must hold its times.")
    times = [parse_number(cell, f"{where}, times") for cell in rows[0][1:]]
    if any(later <= earlier for earlier, later in pairwise(times)):
        raise FormatError(f"{where}: the times in the first row must rise.")
    result = []
    for row in rows[1:]:
        if len(row) != len(rows[0]):
            raise FormatError(f"{where}, row {row[0]!r}: has {len(row) - 1} values for {len(times)} times.")
        keys = [
            RichKey(time, parse_number(cell, f"{where}, row {row[0]!r}"))
            for time, cell in zip(times, row[1:], strict=True)
            if cell.strip()
        ]
        result.append(RichCurve(row[0], tuple(keys)))
    _refuse_twins(result, where)
    return tuple(result)


def _refuse_twins(found: Sequence[RichCurve], where: str) -> None:
    names = [curve.name.casefold() for curve in found]
    twin = next((name for name in names if names.count(name) > 1), None)
    if twin is not None:
        raise FormatError(f"{where}: row {twin!r} stands there twice.")


def write_dictionary(take: Take, path: Path) -> dict[str, float]:
    """The AU dictionary as DataTable CSV. Returns what dropping modes and tangents costs each curve.

    The cost is the largest distance, in value units, between the curve and what the reader makes of its rows.
    """
    rows: list[Sequence[object]] = [["---", "Time", "Disp"]]
    costs = {}
    for curve in sorted(take.curves, key=lambda curve: curve.name):
        own = [[f"{curve.name}_k{n:05d}", _cell(key.time), _cell(key.value)] for n, key in enumerate(curve.keys, 1)]
        rows += own
        if curve.keys:
            costs[curve.name] = _distance(curve, _automatic(curve.name, [(float(t), float(v)) for _, t, v in own]))
    write_text(path, csv_text(rows))
    return costs


def _automatic(name: str, points: Sequence[tuple[float, float]]) -> RichCurve:
    cubic = RichKey(0.0, 0.0, InterpMode.RCIM_Cubic, TangentMode.RCTM_Auto)
    return RichCurve(name, auto_tangents(tuple(replace(cubic, time=time, value=value) for time, value in points)))


def _distance(curve: RichCurve, other: RichCurve) -> float:
    times = np.array([key.time for key in curve.keys])
    inner = np.concatenate([np.linspace(a, b, _PROBES + 1) for a, b in pairwise(times)] or [times])
    return float(np.abs(evaluate(curve, inner) - evaluate(other, inner)).max())


def read_dictionary(path: Path) -> tuple[RichCurve, ...]:
    """The curves of an AU dictionary: Cubic keys with automatic tangents, as the plugin makes them."""
    return dictionary_from_rows(parse_csv(read_text(path), str(path)), str(path))


def dictionary_from_rows(rows: Sequence[Sequence[str]], where: str) -> tuple[RichCurve, ...]:
    """See `read_dictionary`."""
    if not rows or [cell.strip() for cell in rows[0][1:]] != ["Time", "Disp"]:
        raise FormatError(f"{where}: an AU dictionary's first row must be ---,Time,Disp.")
    points: dict[str, dict[int, tuple[float, float]]] = {}
    for row in rows[1:]:
        match = _DICTIONARY_ROW.fullmatch(row[0])
        if match is None or len(row) != 3:
            raise FormatError(f"{where}, row {row[0]!r}: must be <Curve>_k00001 with a Time and a Disp.")
        own = points.setdefault(match["curve"], {})
        if int(match["number"]) in own:
            raise FormatError(f"{where}: row {row[0]!r} stands there twice.")
        time, value = (parse_number(cell, f"{where}, row {row[0]!r}") for cell in row[1:])
        own[int(match["number"])] = (time, value)
    return tuple(_dictionary_curve(name, own, where) for name, own in points.items())


def _dictionary_curve(name: str, points: Mapping[int, tuple[float, float]], where: str) -> RichCurve:
    try:
        return _automatic(name, [points[number] for number in sorted(points)])
    except ValueError as error:
        raise FormatError(f"{where}: {error}.") from error
