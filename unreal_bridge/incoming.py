"""Parts -> take, by the rules that reading a ``take.json`` has, in the memory of a part.

``PartChecker`` checks parts as they come and keeps none; ``TakeReader`` also builds the take. What the rules are is
said once, in ``curves.formats``: the header is put to ``take_from_json`` as a take without numbers, and of the
numbers is checked here what that would check if they were there.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np
from google.protobuf.message import DecodeError, Message

from curves.errors import FormatError
from curves.formats import take_from_json
from curves.formats.files import parse_json
from curves.formats.take import FORMAT
from curves.values import AUTrack, FloatArray, InterpMode, RichCurve, RichKey, Take, TangentMode
from unreal_bridge.convert import MAX_LISTED, MAX_NAME_BYTES
from unreal_bridge.wire import MAX_PART_BYTES, SIDES, pb

#: Largest sum of a header and the chunks that go on with it.
MAX_HEADER_BYTES = 4 * 2**20
#: Most pieces of curves and tracks in one chunk: many small ones cost time without bound in the bytes.
MAX_SERIES = 2048

_INTERP_MODES = len(InterpMode)
_TANGENT_MODES = len(TangentMode)


class PartChecker:
    """Takes a take's parts in their order; raises FormatError, naming the place, at the first that is wrong.

    ``where`` begins each sentence. ``outline`` is the take without samples and keys, known after ``finish`` or as
    soon as a chunk brought numbers.
    """

    def __init__(self, where: str = "take") -> None:
        self._where = where
        self._header: pb.TakeHeader | None = None
        self._header_bytes = 0
        self._outline: Take | None = None
        self._curve_ends: list[float] = []
        self._track_ends: list[float] = []
        self._gap_starts = self._gap_ends = np.empty(0)

    @property
    def outline(self) -> Take:
        if self._outline is None:
            raise FormatError(f"{self._where}: the header is missing.")
        return self._outline

    def header(self, part: bytes) -> None:
        """The first part."""
        if self._header is not None:
            raise FormatError(f"{self._where}: a second header.")
        self._header = _decoded(pb.TakeHeader, part, f"{self._where}, header")
        self._header_bytes = len(part)

    def chunk(self, part: bytes) -> None:
        """One of the other parts."""
        if self._header is None:
            raise FormatError(f"{self._where}: a chunk before the header.")
        chunk = _decoded(pb.TakeChunk, part, f"{self._where}, chunk")
        if chunk.HasField("more"):
            self._more(chunk.more, len(part))
        if not (chunk.curves or chunk.tracks):
            return
        if len(chunk.curves) + len(chunk.tracks) > MAX_SERIES:
            raise FormatError(f"{self._where}, chunk: more than {MAX_SERIES} pieces of curves and tracks.")
        self._close_header()
        for samples in chunk.tracks:
            self._take_samples(samples)
        for keys in chunk.curves:
            self._take_keys(keys)

    def finish(self) -> None:
        """After the last part: raises FormatError if there was no header."""
        if self._header is None:
            raise FormatError(f"{self._where}: the header is missing.")
        self._close_header()

    def keep_samples(self, track: int, times_s: FloatArray, values: FloatArray) -> None:
        """What a reader does with checked samples; the checker: nothing."""

    def keep_keys(self, curve: int, columns: tuple[FloatArray, ...], modes: tuple[bytes, bytes]) -> None:
        """What a reader does with checked keys (time, value, arrive, leave); the checker: nothing."""

    # --- header

    def _more(self, more: pb.TakeHeader, size: int) -> None:
        if self._outline is not None:
            raise FormatError(f"{self._where}: more of the header after curves or tracks.")
        if more.frame_rate_num or more.frame_rate_den or more.start_timecode or more.duration_s:
            raise FormatError(f"{self._where}: more of the header may bring lists and provenance only.")
        self._header_bytes += size
        if self._header_bytes > MAX_HEADER_BYTES:
            raise FormatError(f"{self._where}: the header is longer than {MAX_HEADER_BYTES} bytes.")
        assert self._header is not None  # noqa: S101  # asked by the caller
        self._header.MergeFrom(replaced_provenance(self._header, more))

    def _close_header(self) -> None:
        if self._outline is None and self._header is not None:
            self._outline = _outline(self._header, self._where)
            self._curve_ends = [-np.inf] * len(self._outline.curves)
            self._track_ends = [-np.inf] * len(self._outline.tracks)
            gaps = np.array(sorted((gap.start_s, gap.end_s) for gap in self._outline.no_face)).reshape(-1, 2)
            self._gap_starts, self._gap_ends = gaps[:, 0], np.maximum.accumulate(gaps[:, 1])

    # --- numbers

    def _take_samples(self, samples: pb.TrackSamples) -> None:
        where = f"{self._where}, tracks[{samples.track}]"
        if samples.track >= len(self._track_ends):
            raise FormatError(f"{where}: the header names {len(self._track_ends)} tracks only.")
        times, values = _columns(where, time_s=samples.time_s, value=samples.value)
        if not times.size:
            return
        if times[0] <= self._track_ends[samples.track] or (np.diff(times) <= 0).any():
            raise FormatError(f"{where}: expected strictly rising times.")
        if values.min() < 0.0 or values.max() > 1.0:
            raise FormatError(f"{where}: expected values in 0..1, got {values.min()}..{values.max()}.")
        self._check_span(times, where)
        self._track_ends[samples.track] = float(times[-1])
        self.keep_samples(samples.track, times, values)

    def _check_span(self, times: FloatArray, where: str) -> None:
        """The rules on where samples may lie, of ``curves.formats.take_rules``."""
        take = self.outline
        if times[0] < 0.0 or times[-1] > take.duration_s + float(1 / take.frame_rate):
            raise FormatError(
                f"{where}: {times[0]:g} to {times[-1]:g} s is not within the take's 0 to {take.duration_s:g} s."
            )
        begun = np.searchsorted(self._gap_starts, times, side="right")  # gaps that begin at or before each sample
        latest_end = np.concatenate(([-np.inf], self._gap_ends))[begun]
        if (inside := times < latest_end).any():
            time = times[inside][0]
            gap = next(gap for gap in take.no_face if gap.contains(time))
            raise FormatError(
                f"{where}: {time:g} s lies in {gap.start_s:g} to {gap.end_s:g} s, where there is no face."
            )

    def _take_keys(self, keys: pb.CurveKeys) -> None:
        where = f"{self._where}, curves[{keys.curve}]"
        if keys.curve >= len(self._curve_ends):
            raise FormatError(f"{where}: the header names {len(self._curve_ends)} curves only.")
        columns = _columns(
            where,
            time_s=keys.time_s,
            value=keys.value,
            arrive_tangent=keys.arrive_tangent,
            leave_tangent=keys.leave_tangent,
        )
        times = columns[0]
        modes = (keys.interp_mode, keys.tangent_mode)
        for name, mode, known in zip(("interp", "tangent"), modes, (_INTERP_MODES, _TANGENT_MODES), strict=True):
            if len(mode) != times.size:
                raise FormatError(f"{where}, {name}_mode: expected one a key, got {len(mode)} for {times.size} keys.")
            if mode and max(mode) >= known:
                raise FormatError(f"{where}, {name}_mode: {max(mode)} is none that Unreal has.")
        if not times.size:
            return
        if times[0] < self._curve_ends[keys.curve] or (np.diff(times) < 0).any():
            raise FormatError(f"{where}: expected keys in time order.")
        self._curve_ends[keys.curve] = float(times[-1])
        self.keep_keys(keys.curve, columns, modes)


class TakeReader(PartChecker):
    """A checker that keeps what it checked. ``with_curves=False`` drops the keys: tracks are all that a remap needs."""

    def __init__(self, where: str = "take", *, with_curves: bool = True) -> None:
        super().__init__(where)
        self._with_curves = with_curves
        self._samples: dict[int, list[tuple[FloatArray, FloatArray]]] = {}
        self._keys: dict[int, list[RichKey]] = {}

    def keep_samples(self, track: int, times_s: FloatArray, values: FloatArray) -> None:
        self._samples.setdefault(track, []).append((times_s, values))

    def keep_keys(self, curve: int, columns: tuple[FloatArray, ...], modes: tuple[bytes, bytes]) -> None:
        if self._with_curves:
            time, value, arrive, leave = (column.tolist() for column in columns)
            interp, tangent = map(_INTERP.__getitem__, modes[0]), map(_TANGENT.__getitem__, modes[1])
            self._keys.setdefault(curve, []).extend(map(RichKey, time, value, interp, tangent, arrive, leave))

    def take(self) -> Take:
        """The take, after the last part."""
        self.finish()
        outline = self.outline
        tracks = []
        for position, empty in enumerate(outline.tracks):
            found = self._samples.get(position, [(empty.times_s, empty.values)])
            times, values = (np.concatenate(column) for column in zip(*found, strict=True))
            tracks.append(AUTrack(empty.au, empty.side, times, values))
        curves = [RichCurve(c.name, tuple(self._keys.get(position, ()))) for position, c in enumerate(outline.curves)]
        return replace(outline, tracks=tuple(tracks), curves=tuple(curves) if self._with_curves else ())


_INTERP = tuple(InterpMode)
_TANGENT = tuple(TangentMode)


def parts_to_take(parts: Iterable[bytes], where: str = "take") -> Take:
    """The take in its parts, header first. Raises FormatError."""
    reader = TakeReader(where)
    for position, part in enumerate(parts):
        (reader.chunk if position else reader.header)(part)
    return reader.take()


def replaced_provenance(header: pb.TakeHeader, more: pb.TakeHeader) -> pb.TakeHeader:
    """``more`` such that merging it into ``header`` appends to the text instead of replacing it."""
    if more.provenance_json:
        more.provenance_json = header.provenance_json + more.provenance_json
    return more


def _decoded(kind: Any, part: bytes, where: str) -> Any:
    if len(part) > MAX_PART_BYTES:
        raise FormatError(f"{where}: {len(part)} bytes are more than the {MAX_PART_BYTES} of a part.")
    try:
        message: Message = kind.FromString(part)
    except DecodeError as error:
        raise FormatError(f"{where}: these bytes are no {kind.DESCRIPTOR.name}.") from error
    return message


def _outline(header: pb.TakeHeader, where: str) -> Take:
    """The take without numbers, all rules of ``take_from_json`` kept."""
    for name in header.curve_names:
        if len(name.encode()) > MAX_NAME_BYTES:
            raise FormatError(f"{where}, curve_names: {name[:40]}... is longer than {MAX_NAME_BYTES} bytes.")
    for name, items in (("events", header.events), ("no_face", header.no_face)):
        if len(items) > MAX_LISTED:
            raise FormatError(f"{where}, {name}: {len(items)} are more than {MAX_LISTED}.")
    rate = (header.frame_rate_num, header.frame_rate_den)
    document = {
        "format": FORMAT,
        "fps": rate[0] / rate[1] if all(rate) else 0,
        "frame_rate": list(rate),
        "start_timecode": header.start_timecode or None,
        "duration_s": header.duration_s,
        "events": [_event(event) for event in header.events],
        "tracks": [
            {"au": track.au, "side": _side(track.side), "times_s": [], "values": []} for track in header.track_names
        ],
        "curves": [{"name": name, "keys": []} for name in header.curve_names],
        "no_face": [[gap.start_s, gap.end_s] for gap in header.no_face],
        "provenance": parse_json(header.provenance_json or "{}", f"{where}, provenance_json"),
    }
    return take_from_json(document, where)


def _event(event: pb.Event) -> dict[str, Any]:
    return {
        "onset_s": event.onset_s,
        "apex_s": event.apex_s,
        "offset_s": event.offset_s,
        "score": event.score,
        "emotion": {"label": event.emotion.label, "probabilities": dict(event.emotion.probabilities)},
        "aus": [{"au": au.au, "side": _side(au.side), "intensity": au.intensity} for au in event.aus],
    }


def _side(number: int) -> str | int:
    """The side's word; any other number as it is, for the schema to refuse."""
    return SIDES[number].value if number in SIDES else number


def _columns(where: str, **fields: Any) -> tuple[FloatArray, ...]:
    """The arrays of a series: as long as each other, finite."""
    columns = {name: np.array(values, dtype=np.float64) for name, values in fields.items()}
    length = len(columns["time_s"])
    for name, column in columns.items():
        if column.size != length:
            raise FormatError(f"{where}, {name}: expected as many as times, got {column.size} for {length}.")
        if not np.isfinite(column).all():
            raise FormatError(f"{where}, {name}: expected finite numbers.")
    return tuple(columns.values())
