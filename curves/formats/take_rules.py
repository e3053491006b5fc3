"""What a take must keep beyond its schema and its values' own contracts: how its parts fit together."""

from bisect import bisect_left
from collections import Counter

from curves.errors import FormatError
from curves.formats.timecode import is_timecode
from curves.values import Event, Side, Take


def check(take: Take, where: str) -> None:
    """Raise FormatError, with ``where`` and the place in it, at the first rule that is broken (docs/formats.md)."""
    if take.start_timecode is not None and not is_timecode(take.start_timecode):
        raise FormatError(f"{where}, start_timecode: {take.start_timecode!r} is not HH:MM:SS:FF.")
    for index, event in enumerate(take.events):
        _check_event(event, take, f"{where}, events[{index}]")
    _check_tracks(take, where)


def _check_event(event: Event, take: Take, where: str) -> None:
    shares = event.emotion.probabilities
    label = event.emotion.label
    if label not in shares or shares[label] < max(shares.values()):
        raise FormatError(f"{where}, emotion: the label {label} is not the likeliest of its probabilities.")
    twin = next((name for name, count in Counter((au.au, au.side) for au in event.aus).items() if count > 1), None)
    if twin is not None:
        raise FormatError(f"{where}, aus: AU{twin[0]} {twin[1]} stands there twice.")
    _check_span(event.onset_s, event.offset_s, take, where)
    for gap in take.no_face:
        if event.onset_s < gap.end_s and event.offset_s > gap.start_s:
            raise FormatError(f"{where}: it overlaps {gap.start_s:g} to {gap.end_s:g} s, where there is no face.")


def _check_tracks(take: Take, where: str) -> None:
    sides: dict[int, set[Side]] = {}
    for track in take.tracks:
        sides.setdefault(track.au, set()).add(track.side)
    for au, found in sides.items():
        if Side.BOTH in found and len(found) > 1:
            raise FormatError(f"{where}, tracks: AU{au} has a track of both sides and one of a single side.")
    for index, track in enumerate(take.tracks):
        times = track.times_s.tolist()
        if times:
            _check_span(times[0], times[-1], take, f"{where}, tracks[{index}]")
        for gap in take.no_face:
            inside = bisect_left(times, gap.start_s)
            if inside < len(times) and gap.contains(times[inside]):
                raise FormatError(
                    f"{where}, tracks[{index}]: {times[inside]:g} s lies in {gap.start_s:g} to {gap.end_s:g} s, "
                    "where there is no face."
                )


def _check_span(first_s: float, last_s: float, take: Take, where: str) -> None:
    """Within the take; a frame of slack, since whether the last frame's own length counts is a matter of the source."""
    end_s = take.duration_s + float(1 / take.frame_rate)
    if first_s < 0.0 or last_s > end_s:
        raise FormatError(f"{where}: {first_s:g} to {last_s:g} s is not within the take's 0 to {take.duration_s:g} s.")
