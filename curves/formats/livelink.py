"""Live Link Face CSV: the samples that Apple's and Epic's capture app records, one row a frame.

63 columns: Timecode, BlendshapeCount, 52 ARKit shapes, 9 rotations. The file counts shapes and rotations: 61.

**Order trap:** here JawRight stands before JawLeft and MouthRight before MouthLeft; Live Link over UDP (our control
list) and NVIDIA's order have Left first. **Case trap:** the first letter is upper case here, lower case in ARKit.
Columns are therefore always matched by name. Rotations are not known to us and written as 0.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from curves.errors import FormatError, InputError
from curves.formats import timecode
from curves.formats.files import csv_text, parse_csv, parse_number, read_text, write_text
from curves.richcurve import evaluate
from curves.rigs import control_names
from curves.values import FloatArray, Take

_ROTATIONS = tuple(f"{part}{axis}" for part in ("Head", "LeftEye", "RightEye") for axis in ("Yaw", "Pitch", "Roll"))

#: A curve that leaves 0..1 by less, as key fitting may, is clamped without a word.
_WORTH_A_NOTE = 1e-3


def header() -> tuple[str, ...]:
    """The 63 column names in the file's own order."""
    return ("Timecode", "BlendshapeCount", *(_column(name) for name in _file_order()), *_ROTATIONS)


def _file_order() -> list[str]:
    order = list(control_names("arkit"))
    for left, right in (("jawLeft", "jawRight"), ("mouthLeft", "mouthRight")):
        first, second = order.index(left), order.index(right)
        order[first], order[second] = right, left
    return order


def _column(arkit_name: str) -> str:
    return arkit_name[0].upper() + arkit_name[1:]


def check_controls(names: Iterable[str]) -> None:
    """Raise InputError unless all names are ARKit shapes: the file has columns for nothing else."""
    foreign = sorted(set(names) - set(control_names("arkit")))
    if foreign:
        raise InputError(f"Live Link Face files hold ARKit shapes only, not {foreign[0]}: convert with --rig arkit.")


def write_livelink(take: Take, path: Path) -> list[str]:
    """Write the take's curves, sampled at its frame rate and clamped to 0..1; returns notes for the user.

    Shapes that the take does not drive are 0. Time codes start at ``take.start_timecode``, else at 00:00:00:00.
    A start that is no time code at this frame rate is left out with a note. Raises InputError if the curves are no
    ARKit shapes.
    """
    check_controls(curve.name for curve in take.curves)
    shapes = control_names("arkit")
    count = max(1, round(take.duration_s * take.frame_rate))
    times = np.arange(count) * (take.frame_rate.denominator / take.frame_rate.numerator)
    values = {curve.name: evaluate(curve, times) for curve in take.curves}
    beyond = {name: max(-samples.min(), samples.max() - 1.0) for name, samples in values.items()}
    clamped = sorted(name for name, distance in beyond.items() if distance > _WORTH_A_NOTE)
    columns = [np.clip(values.get(name, np.zeros(count)), 0.0, 1.0) for name in _file_order()]
    codes, notes = _codes(take, count)
    zeros = [_cell(0.0)] * len(_ROTATIONS)
    rows: list[Sequence[object]] = [header()]
    for code, samples in zip(codes, np.stack(columns, axis=1), strict=True):
        rows.append([code, len(shapes) + len(_ROTATIONS), *map(_cell, samples), *zeros])
    write_text(path, csv_text(rows))
    notes.append("Live Link Face: head and eye rotations are not known and written as 0.")
    if clamped:
        largest = max(beyond.values())
        notes.append(f"Live Link Face: {', '.join(clamped)} left 0..1 by at most {largest:.2g} and was clamped.")
    return notes


def _cell(value: float) -> str:
    return f"{value:.10f}"


def _codes(take: Take, count: int) -> tuple[list[str], list[str]]:
    start, notes = take.start_timecode or "00:00:00:00", []
    try:
        first = timecode.to_frames(start, take.frame_rate)
    except ValueError as error:
        notes.append(f"Live Link Face: {error}; time codes start at 00:00:00:00.")
        start, first = "00:00:00:00", 0
    drop = timecode.is_drop_frame(start)
    codes = (timecode.from_frames(first + frame, take.frame_rate, drop_frame=drop) for frame in range(count))
    # the app writes ':' always; .mmm is the fraction of a frame at which it sampled: ours lie on whole frames
    return [code.replace(";", ":") + ".000" for code in codes], notes


@dataclass(frozen=True, slots=True, eq=False)
class LiveLinkFace:
    """A file as read: time codes, and samples (n,) by column name as the file spells it."""

    timecodes: tuple[str, ...]
    samples: dict[str, FloatArray]


def read_livelink(path: Path) -> LiveLinkFace:
    """Read a Live Link Face CSV; columns are matched by name in any case and order. Raises FormatError."""
    rows = parse_csv(read_text(path), str(path))
    known = {name.casefold(): name for name in header()}
    names = [known.get(cell.strip().casefold(), cell) for cell in rows[0]] if rows else []
    missing = [name for name in header() if name not in names]
    if missing or len(names) != len(known):
        raise FormatError(f"{path}: is no Live Link Face file: column {(missing or ['(too many)'])[0]} is missing.")
    for row in rows[1:]:
        if len(row) != len(names):
            raise FormatError(f"{path}, {row[0]}: has {len(row)} cells for {len(names)} columns.")
    table = {name: [row[index] for row in rows[1:]] for index, name in enumerate(names)}
    samples = {
        name: np.array([parse_number(cell, f"{path}, {name}") for cell in cells])
        for name, cells in table.items()
        if name not in ("Timecode", "BlendshapeCount")
    }
    return LiveLinkFace(tuple(table["Timecode"]), samples)
