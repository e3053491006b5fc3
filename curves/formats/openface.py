"""OpenFace-style CSV of the AU tracks, for tools that read OpenFace's output.

Columns: frame (from 1), timestamp (s), confidence, success, then AUxx_r for each AU of the take (intensity 0..5, which
is five times ours), then AUxx_c for each (present 0 or 1). What differs from OpenFace, because a take does not know it:
confidence is 1 or 0 like success; both sides are one column (the stronger side); AUxx_c is 1 while an event names the
AU as present, or from intensity 1 of 5 (FACS level A) upwards; there are no pose, gaze or landmark columns.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from curves.errors import FormatError, InputError
from curves.formats.files import csv_text, parse_csv, parse_number, read_text, write_text
from curves.values import FloatArray, Take

#: OpenFace's intensity at full FACS strength.
SCALE = 5.0
#: OpenFace intensity from which an AU counts as present without an event.
PRESENT_FROM = 1.0

_LEADING = ("frame", "timestamp", "confidence", "success")


@dataclass(frozen=True, slots=True, eq=False)
class OpenFaceTable:
    """A file as read: ``times_s`` and ``success`` (n,), and per AU intensity (n,) in 0..5 and presence (n,)."""

    times_s: FloatArray
    success: NDArray[np.bool_]
    intensity: dict[int, FloatArray]
    present: dict[int, NDArray[np.bool_]]


def write_openface(take: Take, path: Path) -> None:
    """Write the tracks; frames in ``take.no_face`` have success 0 and zeros. Raises InputError without tracks."""
    table = _table(take)
    aus = sorted(table.intensity)
    rows: list[Sequence[object]] = [(*_LEADING, *(f"AU{au:02d}_r" for au in aus), *(f"AU{au:02d}_c" for au in aus))]
    for index, (time, success) in enumerate(zip(table.times_s, table.success, strict=True)):
        intensities = [f"{table.intensity[au][index]:.4f}" for au in aus]
        presence = [int(table.present[au][index]) for au in aus]
        rows.append([index + 1, f"{time:.6f}", int(success), int(success), *intensities, *presence])
    write_text(path, csv_text(rows))


def _table(take: Take) -> OpenFaceTable:
    tracks = [track for track in take.tracks if track.times_s.size]
    if not tracks:
        raise InputError("OpenFace files hold AU tracks, and this take has none: no frame had a face.")
    seen = np.unique(np.concatenate([track.times_s for track in tracks]))
    times = np.union1d(seen, _unseen(take, seen))
    intensity: dict[int, FloatArray] = {track.au: np.zeros(times.size) for track in take.tracks}
    for track in tracks:
        at = np.searchsorted(times, track.times_s)
        intensity[track.au][at] = np.maximum(intensity[track.au][at], SCALE * track.values)
    success = np.isin(times, seen)
    present = {au: (values >= PRESENT_FROM) | _named(take, au, times) & success for au, values in intensity.items()}
    return OpenFaceTable(times, success, intensity, present)


def _unseen(take: Take, seen: FloatArray) -> FloatArray:
    """Frame times without a face: the frame grid inside ``no_face``, half a frame away from frames that are there."""
    grid = np.arange(round(take.duration_s * take.frame_rate)) / take.fps
    inside = np.zeros(grid.size, dtype=bool)
    for gap in take.no_face:
        inside |= (grid >= gap.start_s - 0.25 / take.fps) & (grid < gap.end_s - 0.25 / take.fps)
    missing = grid[inside]
    nearest = np.abs(missing[:, None] - _neighbours(seen, missing)).min(axis=1)
    lonely: FloatArray = missing[nearest > 0.5 / take.fps]
    return lonely


def _neighbours(seen: FloatArray, times: FloatArray) -> FloatArray:
    after = np.searchsorted(seen, times).clip(0, seen.size - 1)
    return np.stack([seen[after], seen[(after - 1).clip(0)]], axis=1)


def _named(take: Take, au: int, times: FloatArray) -> NDArray[np.bool_]:
    named = np.zeros(times.size, dtype=bool)
    for event in take.events:
        if any(present.au == au for present in event.aus):
            named |= (times >= event.onset_s) & (times < event.offset_s)
    return named


def read_openface(path: Path) -> OpenFaceTable:
    """Read such a file, or one that OpenFace 2 wrote: columns by name, spaces ignored, others skipped."""
    rows = parse_csv(read_text(path), str(path))
    names = [cell.strip() for cell in rows[0]] if rows else []
    for name in ("timestamp", "success"):
        if name not in names:
            raise FormatError(f"{path}: is no OpenFace file: column {name} is missing.")
    for index, row in enumerate(rows[1:], 1):
        if len(row) != len(names):
            raise FormatError(f"{path}, frame row {index}: has {len(row)} cells for {len(names)} columns.")

    def column(name: str) -> FloatArray:
        at = names.index(name)
        return np.array([parse_number(row[at], f"{path}, {name}") for row in rows[1:]])

    measured = {int(name[2:4]): name for name in names if name.startswith("AU") and name.endswith("_r")}
    judged = {int(name[2:4]): name for name in names if name.startswith("AU") and name.endswith("_c")}
    return OpenFaceTable(
        times_s=column("timestamp"),
        success=column("success") == 1.0,
        intensity={au: column(name) for au, name in measured.items()},
        present={au: column(name) == 1.0 for au, name in judged.items()},
    )
