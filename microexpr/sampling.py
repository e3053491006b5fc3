"""``microexpr curves sample``: the numbers that Unreal's FRichCurve::Eval gives at chosen times, as CSV."""

import csv
import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Literal, TextIO

import numpy as np

from curves.errors import InputError
from curves.formats import read_curves
from curves.richcurve import evaluate
from curves.values import RichCurve

Precision = Literal["float64", "float32"]


def parse_times(text: str) -> tuple[float, ...]:
    """Seconds from ``-0.1,0,0.05``. Raises InputError naming the part that is no number."""
    times = []
    for part in text.split(","):
        try:
            time = float(part)
        except ValueError:
            raise InputError(f"--times: '{part.strip()}' is not a number; write --times=-0.1,0,0.05.") from None
        if not math.isfinite(time):
            raise InputError(f"--times: {part.strip()} is not a finite time.")
        times.append(time)
    return tuple(times)


def time_range(curves: Sequence[RichCurve], fps: float, start: float | None, end: float | None) -> tuple[float, ...]:
    """start, start + 1/fps, ... up to and with ``end``; by default from the first to the last key. Raises InputError.

    Each time is ``start + n / fps``, so that no rounding error adds up.
    """
    if not (math.isfinite(fps) and fps > 0):
        raise InputError(f"--fps: expected a number above 0, got {fps:g}.")
    keyed = [key.time for curve in curves for key in curve.keys]
    first = min(keyed, default=0.0) if start is None else start
    last = max(keyed, default=0.0) if end is None else end
    if not (math.isfinite(first) and math.isfinite(last) and first <= last):
        raise InputError(f"--end: expected a time not before --start ({first:g} s), got {last:g} s.")
    count = math.floor((last - first) * fps + 1e-9) + 1
    return tuple(first + n / fps for n in range(count))


def load_curves(file: Path) -> tuple[RichCurve, ...]:
    """The curves of any of our curve files. Raises InputError, FormatError."""
    curves = read_curves(file)
    if not curves:
        raise InputError(f"{file} holds no curve.")
    return curves


def write_samples(
    curves: Sequence[RichCurve], times: Iterable[float], stream: TextIO, precision: Precision = "float64"
) -> None:
    """CSV: ``time,value`` for one curve, ``time,<name>,...`` for several, a row a time in the order given.

    Numbers have as many digits as their precision needs to come back unchanged. ``float32`` computes step by step as
    the engine does; ``float64`` is what the same formulas give without its rounding.
    """
    at = tuple(times)
    kind: Any = np.float32 if precision == "float32" else np.float64
    columns = [evaluate(curve, at, precision=kind) for curve in curves]
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(["time", *(["value"] if len(curves) == 1 else [curve.name for curve in curves])])
    for row, time in enumerate(at):
        writer.writerow([repr(time), *(str(column[row]) for column in columns)])
