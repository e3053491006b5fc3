"""Takes as parts: nothing is lost, no part is too long, and what reading a take.json refuses is refused here too."""

import copy
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from format_samples import asymmetric, bare_take, bump, sample, takes
from hypothesis import given, settings
from hypothesis import strategies as st

from curves.errors import FormatError
from curves.formats import take_from_json, take_to_json
from curves.values import (
    AUActivation,
    AUTrack,
    Emotion,
    EmotionEstimate,
    Event,
    Extrapolation,
    InterpMode,
    Interval,
    RichCurve,
    RichKey,
    Side,
    Take,
    TangentMode,
    TangentWeightMode,
)
from unreal_bridge.convert import digest, take_to_parts
from unreal_bridge.incoming import MAX_SERIES, PartChecker, TakeReader, parts_to_take
from unreal_bridge.wire import MAX_PART_BYTES, pb


def long_take(keys: int = 5000, samples: int = 9000) -> Take:
    """Too long for one chunk: a curve and a track go over several."""
    times = np.linspace(0.0, 299.0, samples)
    points = tuple(
        RichKey(k * 0.05, (k % 7) / 7, InterpMode.RCIM_Cubic, TangentMode.RCTM_Break, -k / 3, k / 7)
        for k in range(keys)
    )
    curves = (RichCurve("b", points), bump("a", 0.3), RichCurve("none", ()))
    return Take(Fraction(30), 300.0, (), (AUTrack(1, Side.BOTH, times, times / 300.0),), curves)


# --- there and back --------------------------------------------------------------------------------------------------


@given(take=takes)
@settings(max_examples=25, deadline=None)
def test_a_take_comes_back_to_the_last_bit(take: Take) -> None:
    parts = list(take_to_parts(take))
    assert max(map(len, parts)) <= MAX_PART_BYTES
    back = parts_to_take(parts)
    assert json.dumps(take_to_json(back)) == json.dumps(take_to_json(take))
    assert list(take_to_parts(back)) == parts


@pytest.mark.parametrize(
    "take", [sample(), asymmetric(), bare_take(), long_take()], ids=["sample", "sides", "bare", "long"]
)
def test_samples_come_back(take: Take) -> None:
    parts = list(take_to_parts(take))
    assert max(map(len, parts)) <= MAX_PART_BYTES
    assert json.dumps(take_to_json(parts_to_take(parts))) == json.dumps(take_to_json(take))


def test_chunks_are_full_and_order_means_nothing() -> None:
    take = long_take()
    parts = list(take_to_parts(take))
    assert all(len(part) > MAX_PART_BYTES * 0.99 for part in parts[1:-1]) and len(parts) > 4
    turned = replace(take, curves=take.curves[::-1], tracks=take.tracks[::-1])
    assert digest(take_to_parts(turned)) == digest(parts) != digest(parts[:-1])


def test_a_header_that_is_too_long_goes_on_in_chunks() -> None:
    probabilities = dict.fromkeys(Emotion, 1 / 7)
    events = tuple(
        Event(k / 10, k / 10 + 0.02, k / 10 + 0.05, 0.5, EmotionEstimate(Emotion.FEAR, probabilities),
              tuple(AUActivation(au, Side.LEFT, au / 99) for au in range(1, 30)))
        for k in range(300)
    )  # fmt: skip
    curves = tuple(bump(f"{k:04d}{'ä' * 200}", k / 500) for k in range(400))
    take = replace(bare_take(*curves, provenance={"notes": ["ö\ud800" * 30_000]}), duration_s=40.0, events=events)
    parts = list(take_to_parts(take))
    assert sum(pb.TakeChunk.FromString(part).HasField("more") for part in parts[1:]) >= 4
    assert max(map(len, parts)) <= MAX_PART_BYTES
    assert json.dumps(take_to_json(parts_to_take(parts))) == json.dumps(take_to_json(take))


@pytest.mark.parametrize(
    "curve",
    [
        RichCurve("a", (), pre_infinity=Extrapolation.RCCE_Linear),
        RichCurve("a", (), default_value=0.5),
        RichCurve("a", (RichKey(0, 0, tangent_weight_mode=TangentWeightMode.RCTWM_WeightedBoth),)),
        RichCurve("a", (RichKey(0, 0, leave_tangent_weight=0.5),)),
        RichCurve("a", (RichKey(0, float("nan")),)),
        RichCurve("a" * 1025, ()),
        RichCurve("", ()),
    ],
)
def test_what_a_take_cannot_hold_is_not_sent(curve: RichCurve) -> None:
    with pytest.raises(ValueError, match=r"curve|name"):
        list(take_to_parts(bare_take(curve)))


def test_a_take_that_breaks_the_rules_is_not_sent() -> None:
    take = asymmetric()
    for wrong in (
        replace(take, no_face=(Interval(0.2, 0.3),)),
        replace(take, duration_s=0.1),
        replace(take, duration_s=float("nan")),
        replace(take, provenance={"x": float("nan")}),
        replace(take, tracks=(AUTrack(12, Side.BOTH, np.zeros(1), np.zeros(1)), *take.tracks)),
        replace(take, curves=(bump("a", 0.1), bump("A", 0.1))),
        replace(take, no_face=(Interval(0.9, 1.0),) * 4097),
    ):
        with pytest.raises(ValueError, match=r"expected|JSON"):
            list(take_to_parts(wrong))


# --- the rules of take.json ------------------------------------------------------------------------------------------


def header_and_chunk(take: Take) -> tuple[pb.TakeHeader, pb.TakeChunk]:
    header, chunk = take_to_parts(take)
    return pb.TakeHeader.FromString(header), pb.TakeChunk.FromString(chunk)


def refusal(header: pb.TakeHeader, *chunks: pb.TakeChunk) -> str:
    with pytest.raises(FormatError) as refused:
        parts_to_take([header.SerializeToString(), *(chunk.SerializeToString() for chunk in chunks)])
    return str(refused.value)


def set_field(target: Callable[[Any, Any], Any], name: str, value: Any) -> Callable[[Any, Any], None]:
    return lambda header, chunk: setattr(target(header, chunk), name, value)


def put(target: Callable[[Any, Any], Any], index: int, value: Any) -> Callable[[Any, Any], None]:
    return lambda header, chunk: target(header, chunk).__setitem__(index, value)


WRONG_HEADERS = {
    "rate": set_field(lambda h, c: h, "frame_rate_den", 0),
    "large rate": set_field(lambda h, c: h, "frame_rate_num", 2**32 - 1),
    "time code": set_field(lambda h, c: h, "start_timecode", "1:2:3"),
    "negative duration": set_field(lambda h, c: h, "duration_s", -1.0),
    "infinite duration": set_field(lambda h, c: h, "duration_s", float("inf")),
    "event after the end": set_field(lambda h, c: h.events[0], "offset_s", 9.0),
    "event before its apex": set_field(lambda h, c: h.events[0], "onset_s", 0.5),
    "event without a number": set_field(lambda h, c: h.events[0], "apex_s", float("nan")),
    "score": set_field(lambda h, c: h.events[0], "score", 1.5),
    "label": set_field(lambda h, c: h.events[0].emotion, "label", "joy"),
    "label not the likeliest": lambda h, c: h.events[0].emotion.probabilities.update({"fear": 0.2, "happiness": 0.08}),
    "no emotion": lambda h, c: h.events[0].ClearField("emotion"),
    "AU": set_field(lambda h, c: h.events[0].aus[0], "au", 100),
    "no side": set_field(lambda h, c: h.events[0].aus[0], "side", 0),
    "unknown side": set_field(lambda h, c: h.events[0].aus[0], "side", 9),
    "AU twice": lambda h, c: h.events[0].aus.append(h.events[0].aus[0]),
    "event without a face": lambda h, c: h.no_face.add(start_s=0.2, end_s=0.3),
    "interval that ends before it begins": lambda h, c: h.no_face.add(start_s=0.9, end_s=0.8),
    "track twice": lambda h, c: h.track_names.append(h.track_names[0]),
    "track of both sides and of one": lambda h, c: h.track_names.add(au=12, side=pb.SIDE_BOTH),
    "curve twice, letter case apart": lambda h, c: h.curve_names.append("JAWLEFT"),
    "curve without a name": lambda h, c: h.curve_names.append(""),
    "provenance": set_field(lambda h, c: h, "provenance_json", "[1]"),
    "provenance with NaN": set_field(lambda h, c: h, "provenance_json", '{"a": NaN}'),
    "provenance that ends early": set_field(lambda h, c: h, "provenance_json", '{"a": '),
    "too many events": lambda h, c: h.no_face.extend([pb.Interval(start_s=0.9, end_s=1)] * 4097),
}  # fmt: skip
WRONG_CHUNKS = {
    "no such curve": set_field(lambda h, c: c.curves[0], "curve", 5),
    "no such track": set_field(lambda h, c: c.tracks[0], "track", 3),
    "keys out of order": put(lambda h, c: c.curves[0].time_s, 1, 0.9),
    "keys gone back": lambda h, c: c.curves.append(c.curves[0]),
    "a key at no time": put(lambda h, c: c.curves[0].time_s, 1, float("nan")),
    "an infinite value": put(lambda h, c: c.curves[0].value, 1, float("inf")),
    "an infinite tangent": put(lambda h, c: c.curves[0].leave_tangent, 1, float("-inf")),
    "too few values": lambda h, c: c.curves[0].value.pop(),
    "too few modes": set_field(lambda h, c: c.curves[0], "interp_mode", b"\2"),
    "unknown interp mode": set_field(lambda h, c: c.curves[0], "interp_mode", b"\4" * 5),
    "unknown tangent mode": set_field(lambda h, c: c.curves[0], "tangent_mode", b"\5" * 5),
    "samples out of order": put(lambda h, c: c.tracks[0].time_s, 1, 0.0),
    "samples gone back": lambda h, c: c.tracks.append(c.tracks[0]),
    "a sample above 1": put(lambda h, c: c.tracks[0].value, 1, 1.01),
    "a sample below 0": put(lambda h, c: c.tracks[0].value, 1, -0.01),
    "a sample that is no number": put(lambda h, c: c.tracks[0].value, 1, float("nan")),
    "samples before 0": put(lambda h, c: c.tracks[0].time_s, 0, -0.01),
    "samples after the end": put(lambda h, c: c.tracks[0].time_s, 20, 1.2),
    "samples without a face": put(lambda h, c: c.tracks[0].time_s, 20, 0.75),
    "more after numbers": lambda h, c: None,
}


@pytest.mark.parametrize("name", [*WRONG_HEADERS, *WRONG_CHUNKS])
def test_a_broken_rule_is_refused_with_its_place(name: str) -> None:
    header, chunk = header_and_chunk(asymmetric())
    {**WRONG_HEADERS, **WRONG_CHUNKS}[name](header, chunk)
    more = [pb.TakeChunk(more=pb.TakeHeader(curve_names=["x"]))] if name == "more after numbers" else []
    message = refusal(header, chunk, *more)
    assert message.startswith("take") and message.endswith("."), message


@pytest.mark.parametrize("name", WRONG_CHUNKS)
def test_a_reader_of_files_refuses_the_same(name: str) -> None:
    """What the chunks' checks say is what ``take_from_json`` says of the same numbers in a file."""
    header, chunk = header_and_chunk(asymmetric())
    WRONG_CHUNKS[name](header, chunk)
    document = take_to_json(asymmetric())
    if name.startswith(("no such", "more", "too few", "unknown")):
        pytest.skip("a file cannot say it")
    document["curves"] = [
        {"name": header.curve_names[k.curve], "keys": [
            {"time": t, "value": v, "interp_mode": "RCIM_Cubic", "tangent_mode": "RCTM_Auto", "arrive_tangent": a,
             "leave_tangent": le}
            for t, v, a, le in zip(k.time_s, k.value, k.arrive_tangent, k.leave_tangent, strict=True)]}
        for k in chunk.curves
    ]  # fmt: skip
    document["tracks"] = [
        {"au": header.track_names[t.track].au, "side": document["tracks"][t.track]["side"], "times_s": list(t.time_s),
         "values": list(t.value)}
        for t in chunk.tracks
    ]  # fmt: skip
    with pytest.raises(FormatError):
        take_from_json(document)


def test_rules_hold_across_chunks() -> None:
    header, chunk = header_and_chunk(asymmetric())
    assert "rising" in refusal(header, chunk, pb.TakeChunk(tracks=[chunk.tracks[0]]))
    assert "time order" in refusal(header, chunk, pb.TakeChunk(curves=[chunk.curves[0]]))


def test_parts_out_of_order_or_broken_are_refused() -> None:
    header, chunk = header_and_chunk(asymmetric())
    checker = PartChecker()
    with pytest.raises(FormatError, match="before the header"):
        checker.chunk(chunk.SerializeToString())
    with pytest.raises(FormatError, match="missing"):
        checker.finish()
    checker.header(header.SerializeToString())
    with pytest.raises(FormatError, match="second"):
        checker.header(header.SerializeToString())
    with pytest.raises(FormatError, match="no TakeChunk"):
        checker.chunk(b"\xff")
    with pytest.raises(FormatError, match="65537 bytes"):
        checker.chunk(b"\0" * 65_537)
    with pytest.raises(FormatError, match="pieces"):
        checker.chunk(pb.TakeChunk(curves=[pb.CurveKeys()] * (MAX_SERIES + 1)).SerializeToString())
    with pytest.raises(FormatError, match="lists and provenance only"):
        refused = PartChecker()
        refused.header(header.SerializeToString())
        refused.chunk(pb.TakeChunk(more=pb.TakeHeader(duration_s=1)).SerializeToString())


def test_a_header_without_end_is_refused() -> None:
    checker = PartChecker()
    checker.header(pb.TakeHeader(frame_rate_num=30, frame_rate_den=1).SerializeToString())
    more = pb.TakeChunk(more=pb.TakeHeader(curve_names=["n" * 1000] * 60)).SerializeToString()
    with pytest.raises(FormatError, match="longer than"):
        for _ in range(80):
            checker.chunk(more)


@given(data=st.binary(max_size=200), position=st.integers(0, 2000), flips=st.binary(min_size=1, max_size=4))
@settings(max_examples=200)
def test_damaged_parts_are_refused_or_read_but_nothing_else(data: bytes, position: int, flips: bytes) -> None:
    parts = list(take_to_parts(sample()))
    for index in range(len(parts)):
        damaged = bytearray(parts[index])
        start = position % len(damaged)
        damaged[start : start + len(flips)] = flips
        for replacement in (data, bytes(damaged)):
            try:
                take_to_json(parts_to_take([*parts[:index], replacement, *parts[index + 1 :]]))
            except FormatError as error:
                assert str(error)


def test_a_checker_keeps_no_numbers() -> None:
    checker, parts = PartChecker(), list(take_to_parts(long_take()))
    checker.header(parts[0])
    for part in parts[1:]:
        checker.chunk(part)
    checker.finish()
    assert checker.outline.tracks[0].times_s.size == 0 and checker.outline.curves[0].keys == ()


def test_tracks_alone_can_be_read() -> None:
    reader, parts = TakeReader(with_curves=False), list(take_to_parts(asymmetric()))
    reader.header(parts[0])
    reader.chunk(parts[1])
    take = reader.take()
    assert take.curves == () and [track.times_s.size for track in take.tracks] == [21, 21, 21]


def cut(parts: list[bytes]) -> Iterator[list[bytes]]:
    yield copy.copy(parts[:1])
    yield parts[:0]


def test_less_than_all_parts_is_another_digest() -> None:
    parts = list(take_to_parts(long_take()))
    assert all(digest(less) != digest(parts) for less in cut(parts))
