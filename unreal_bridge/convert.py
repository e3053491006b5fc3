"""Take -> parts: the encoded header, then encoded chunks, each at most 64 KiB. Pure; ``incoming`` is the way back.

Equal takes make equal parts: what has no order of its own is sorted as in ``take.json``. Numbers keep all their bits.
"""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from hashlib import sha256
from typing import Any

import numpy as np

from curves.errors import FormatError
from curves.formats import take_rules, take_to_json
from curves.formats.take import event_order
from curves.values import AUTrack, Event, FloatArray, RichCurve, Side, Take
from unreal_bridge.wire import MAX_PART_BYTES, SIDE_NUMBERS, pb

#: Longest name of a curve, in bytes of UTF-8.
MAX_NAME_BYTES = 1024
#: Most events, and most intervals without a face: each is compared with each.
MAX_LISTED = 4096

_ENVELOPE = 6  # bytes that an item of a list needs beside its content: tag and length
_SERIES = 64  # bytes that a CurveKeys or TrackSamples needs beside its numbers
_KEY_BYTES = 4 * 8 + 2
_SAMPLE_BYTES = 2 * 8

#: Puts items [start, stop) of a series into a chunk.
_Add = Callable[[pb.TakeChunk, int, int], None]


def take_to_parts(take: Take) -> Iterator[bytes]:
    """The take's parts, header first, made one by one: a long take needs no second copy in memory.

    Raises ValueError where the wire would lose something or its reader would refuse it, at the latest when the curve
    at fault is reached. The rules are those of ``take_to_json``; besides, no curve's name may be longer than 1,024
    bytes, and there are at most 4,096 events and as many intervals without a face.
    """
    yield from _headers(take, _outline(take))
    yield from _chunks(take)


def digest(parts: Iterable[bytes]) -> bytes:
    """SHA-256 over the parts, 32 bytes."""
    total = sha256()
    for part in parts:
        total.update(part)
    return total.digest()


def _outline(take: Take) -> dict[str, Any]:
    """The take's JSON values with empty tracks and curves; checked as far as that goes, tracks to the end."""
    for curve in take.curves:
        size = len(curve.name.encode())
        if size > MAX_NAME_BYTES:
            raise ValueError(f"curve {curve.name[:40]}...: expected a name of at most 1,024 bytes, got {size}")
    for name, count in (("events", len(take.events)), ("no_face", len(take.no_face))):
        if count > MAX_LISTED:
            raise ValueError(f"{name}: expected at most {MAX_LISTED}, got {count}")
    empty = replace(
        take,
        tracks=tuple(AUTrack(track.au, track.side, np.empty(0), np.empty(0)) for track in take.tracks),
        curves=tuple(replace(curve, keys=()) for curve in take.curves),
    )
    try:
        take_rules.check(take, "take")
    except FormatError as error:
        raise ValueError(f"expected a take that can be read again, got: {error}") from error
    return take_to_json(empty)


# --- header ----------------------------------------------------------------------------------------------------------


def _headers(take: Take, document: dict[str, Any]) -> Iterator[bytes]:
    """The header and, if it is not enough, chunks that go on with it."""
    numerator, denominator = document["frame_rate"]
    current = pb.TakeHeader(
        frame_rate_num=numerator,
        frame_rate_den=denominator,
        start_timecode=document["start_timecode"] or "",
        duration_s=document["duration_s"],
    )
    first, used = True, 64
    for field, item, size in _header_items(take, document):
        if used + size > MAX_PART_BYTES:
            yield _encoded(current, first=first)
            current, first, used = pb.TakeHeader(), False, 2 * _ENVELOPE
        used += size
        if field == "provenance_json":
            current.provenance_json += item
        else:
            getattr(current, field).append(item)
    yield _encoded(current, first=first)


def _encoded(header: pb.TakeHeader, *, first: bool) -> bytes:
    return (header if first else pb.TakeChunk(more=header)).SerializeToString(deterministic=True)


def _header_items(take: Take, document: dict[str, Any]) -> Iterator[tuple[str, Any, int]]:
    """What a header lists, piece by piece: field, value, bytes it takes at most."""
    for name in (curve["name"] for curve in document["curves"]):
        yield "curve_names", name, len(name.encode()) + _ENVELOPE
    for track in document["tracks"]:
        yield "track_names", pb.TrackName(au=track["au"], side=SIDE_NUMBERS[Side(track["side"])]), 16
    for start_s, end_s in document["no_face"]:
        yield "no_face", pb.Interval(start_s=start_s, end_s=end_s), 18 + _ENVELOPE
    for event in map(event_message, sorted(take.events, key=event_order)):
        yield "events", event, event.ByteSize() + _ENVELOPE
    text = json.dumps(document["provenance"], allow_nan=False, sort_keys=True)  # in ASCII: it may be cut anywhere
    for start in range(0, len(text), 8192):
        piece = text[start : start + 8192]
        yield "provenance_json", piece, len(piece) + _ENVELOPE


def event_message(event: Event) -> pb.Event:
    """One event as a message; its AUs sorted as in ``take.json``."""
    return pb.Event(
        onset_s=event.onset_s,
        apex_s=event.apex_s,
        offset_s=event.offset_s,
        score=event.score,
        emotion=pb.EmotionEstimate(
            label=event.emotion.label.value,
            probabilities={label.value: share for label, share in event.emotion.probabilities.items()},
        ),
        aus=[
            pb.AUActivation(au=au.au, side=SIDE_NUMBERS[au.side], intensity=au.intensity)
            for au in sorted(event.aus, key=lambda au: (au.au, au.side, au.intensity))
        ],
    )


# --- chunks ----------------------------------------------------------------------------------------------------------


def _chunks(take: Take) -> Iterator[bytes]:
    """Series after series, each chunk as full as it can be."""
    chunk, room = pb.TakeChunk(), MAX_PART_BYTES
    for add, count, item_bytes in _series(take):
        start = 0
        while start < count:
            if room < _SERIES + item_bytes:
                yield chunk.SerializeToString(deterministic=True)
                chunk, room = pb.TakeChunk(), MAX_PART_BYTES
            stop = min(count, start + (room - _SERIES) // item_bytes)
            add(chunk, start, stop)
            room -= _SERIES + (stop - start) * item_bytes
            start = stop
    if room < MAX_PART_BYTES:
        yield chunk.SerializeToString(deterministic=True)


def _series(take: Take) -> Iterator[tuple[_Add, int, int]]:
    """Each track, then each curve, in the order of their names: how to add it, its length, bytes an item."""
    for position, track in enumerate(sorted(take.tracks, key=lambda track: (track.au, track.side))):
        yield _track_adder(position, track), track.times_s.size, _SAMPLE_BYTES
    for position, curve in enumerate(sorted(take.curves, key=lambda curve: curve.name)):
        yield _curve_adder(position, curve), len(curve.keys), _KEY_BYTES


def _track_adder(position: int, track: AUTrack) -> _Add:
    def add(chunk: pb.TakeChunk, start: int, stop: int) -> None:
        chunk.tracks.add(
            track=position, time_s=track.times_s[start:stop].tolist(), value=track.values[start:stop].tolist()
        )

    return add


def _curve_adder(position: int, curve: RichCurve) -> _Add:
    columns = [
        _finite([getattr(key, name) for key in curve.keys], f"curve {curve.name}, {name}")
        for name in ("time", "value", "arrive_tangent", "leave_tangent")
    ]
    if any(key.tangent_weight_mode or key.arrive_tangent_weight or key.leave_tangent_weight for key in curve.keys):
        raise ValueError(f"curve {curve.name}: expected no tangent weights, got some; a take cannot hold them")

    def add(chunk: pb.TakeChunk, start: int, stop: int) -> None:
        time, value, arrive, leave = (column[start:stop].tolist() for column in columns)
        keys = curve.keys[start:stop]
        chunk.curves.add(
            curve=position,
            time_s=time,
            value=value,
            interp_mode=bytes(key.interp_mode for key in keys),
            tangent_mode=bytes(key.tangent_mode for key in keys),
            arrive_tangent=arrive,
            leave_tangent=leave,
        )

    return add


def _finite(numbers: list[float], where: str) -> FloatArray:
    column = np.array(numbers, dtype=np.float64)
    if not np.isfinite(column).all():
        raise ValueError(f"{where}: expected finite numbers")
    return column
