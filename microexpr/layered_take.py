"""One take over another: curves summed and clamped (``curves.layer``), events and AU tracks brought along.

All times in seconds. What is animated are the curves; the tracks of the result are the same sum on the base's frames.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from curves.emotion import strongest_emotion
from curves.errors import InputError
from curves.keys import KeyMode, fit_keys
from curves.layer import add_performance, eased
from curves.modulate import Modulation, draw_intensity
from curves.piecewise import constant, from_rich_curve
from curves.rigs import load_rig, rig_names
from curves.values import AUTrack, BasicEmotion, Event, FloatArray, Interval, RichCurve, Side, Take, TangentMode
from microexpr.config import AUTO_EMOTION, DRAW_INTENSITY, NO_EMOTION, ConvertConfig
from microexpr.version import __version__

#: A curve that begins or ends farther from 0 than this (rig weight) is not at rest: seen, it would be a held smile.
REST = 0.005


@dataclass(frozen=True, slots=True)
class LayerSettings:
    """``at_s``: second of the base at which time 0 of the micro take lies, 0 or later. ``weight``: of the micro take,
    above 0, at most 100. ``keys``, ``tolerance``: as in ``fit_keys``; None is the mode's default. Raises InputError."""

    at_s: float = 0.0
    weight: float = 1.0
    keys: KeyMode = "exact"
    tolerance: float | None = None

    def __post_init__(self) -> None:
        if not 0.0 <= self.at_s < float("inf"):
            raise InputError(f"at: expected a time of the base take, 0 s or later, got {self.at_s:g}.")
        if not 0.0 < self.weight <= 100.0:
            raise InputError(f"weight: expected above 0 and at most 100, got {self.weight:g}.")
        ConvertConfig(keys=self.keys, tolerance=self.tolerance)  # the same words, the same ranges


@dataclass(frozen=True, slots=True)
class Named:
    """A take with what to call it and the SHA-256 (hex) of its file."""

    name: str
    take: Take
    sha256: str


# --- rigs ------------------------------------------------------------------------------------------------------------


def rig_of(take: Take) -> tuple[str, str | None] | None:
    """The name of the take's rig and, of a rig file of the user's own, its digest; None: the take does not say, and
    not exactly one shipped rig has all of its controls."""
    config = take.provenance.get("config", {})
    if isinstance(config, Mapping) and isinstance(name := config.get("rig"), str):
        return name, take.provenance.get("rig_sha256")
    names = {curve.name for curve in take.curves}
    fitting = [rig for rig in rig_names() if names and names <= load_rig(rig).controls]
    return (fitting[0], None) if len(fitting) == 1 else None


def check_same_rig(base: Named, micro: Named) -> None:
    """Raises InputError with one sentence if the two takes drive different rigs."""
    ours, theirs = rig_of(base.take), rig_of(micro.take)
    if ours == theirs is not None:
        return
    if ours is not None and theirs is not None:
        same = " of other content" if ours[0] == theirs[0] else ""
        raise InputError(
            f"{base.name} is for the rig {ours[0]}, {micro.name} for {theirs[0]}{same}: "
            f"convert the second video again with --rig {ours[0]}."
        )
    controls = [{curve.name for curve in one.take.curves} for one in (base, micro)]
    if all(controls) and not controls[0] & controls[1]:
        raise InputError(
            f"{base.name} and {micro.name} have no control in common, and one of them names no rig: "
            "convert both videos with the same --rig."
        )


# --- before: a take by itself ----------------------------------------------------------------------------------------


def modulation_of(take: Take) -> Modulation:
    """How the curves of a converted take differ from its tracks (as ``pipeline.choose_modulation`` has it, which needs
    torch); unchanged where the take says nothing of it."""
    config = take.provenance.get("config", {})
    names = ("emotion", "intensity", "gain", "seed")
    if not isinstance(config, Mapping) or not all(name in config for name in names):
        return Modulation()
    settings = ConvertConfig(**{name: config[name] for name in names})
    emotion = None if settings.emotion in (NO_EMOTION, AUTO_EMOTION) else BasicEmotion(settings.emotion)
    if settings.emotion == AUTO_EMOTION:
        emotion = strongest_emotion(take.events)
    intensity = settings.intensity
    if intensity == DRAW_INTENSITY:
        digest = take.provenance.get("source", {}).get("sha256")
        if digest is None:
            raise InputError("A take says that its intensity was drawn, but not for which source: convert it again.")
        intensity = draw_intensity(settings.seed ^ int(digest[:8], 16))
    return Modulation(emotion=emotion, intensity=float(intensity), gain=settings.gain)


def as_animated(take: Take) -> Take:
    """The same take with tracks as its curves have them: scaled by the modulation that the take names."""
    modulation = modulation_of(take)
    factor = modulation.factor * modulation.gain
    if factor == 1.0:
        return take
    return replace(take, tracks=tuple(replace(t, values=np.clip(factor * t.values, 0.0, 1.0)) for t in take.tracks))


def cut(take: Take, within: Interval, ease_s: float, *, tolerance: float = 0.001) -> Take:
    """The stretch of a take from rest to rest, its times counted from the stretch's start.

    Curves and tracks are multiplied by a smooth window (``curves.layer.eased``); curves get exact keys within
    ``tolerance`` of their own peak. Kept are the events that lie within the stretch.
    """
    curves = tuple(
        fit_keys(curve.name, eased(curve, within, ease_s).shifted(-within.start_s), "exact", tolerance)
        for curve in take.curves
        if curve.keys
    )
    events = [e for e in take.events if within.start_s <= e.onset_s and e.offset_s <= within.end_s]
    gaps = [
        Interval(max(0.0, gap.start_s - within.start_s), min(within.end_s, gap.end_s) - within.start_s)
        for gap in take.no_face
        if gap.start_s < within.end_s and gap.end_s > within.start_s
    ]
    return replace(
        take,
        duration_s=within.duration_s,
        events=tuple(moved(event, -within.start_s) for event in events),
        tracks=tuple(_cut_track(track, within, ease_s) for track in take.tracks),
        curves=curves,
        no_face=tuple(gaps),
        start_timecode=None,
    )


@dataclass(frozen=True, slots=True)
class Part:
    """Which part of a take is meant: an event, counted from 1, or the seconds from ``span[0]`` to ``span[1]``; neither:
    from the first onset to the last offset. Raises InputError for both."""

    event: int | None = None
    span: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        if self.event is not None and self.span is not None:
            raise InputError("Give either --event or --part.")

    def stretch(self, one: Named, ease_s: float) -> Interval:
        """The part and ``ease_s`` before and after it. Raises InputError: no such event or seconds, or no ease."""
        if not ease_s > 0.0:
            raise InputError(f"ease: a part of a take needs more than 0 s, got {ease_s:g}.")
        start, end = self._span(one)
        return Interval(start - ease_s, end + ease_s)

    def _span(self, one: Named) -> tuple[float, float]:
        events, length = one.take.events, one.take.duration_s
        if self.span is not None:
            if not 0.0 <= self.span[0] < self.span[1] <= length:
                raise InputError(f"part: expected two rising times within {one.name}'s 0 to {length:g} s.")
            return self.span
        if not events:
            raise InputError(f"{one.name} holds no event: give the seconds of its micro-expression with --part.")
        if self.event is not None and not 1 <= self.event <= len(events):
            raise InputError(f"event: {one.name} has {len(events)}, counted from 1; there is no {self.event}.")
        chosen = events if self.event is None else events[self.event - 1 : self.event]
        return min(event.onset_s for event in chosen), max(event.offset_s for event in chosen)


def cut_named(one: Named, within: Interval, ease_s: float) -> Named:
    """``cut`` with what was cut in the provenance."""
    told = {"start_s": within.start_s, "end_s": within.end_s, "ease_s": ease_s}
    short = cut(one.take, within, ease_s)
    return replace(one, take=replace(short, provenance={**one.take.provenance, "cut": told}))


def _cut_track(track: AUTrack, within: Interval, ease_s: float) -> AUTrack:
    inside = (track.times_s >= within.start_s) & (track.times_s <= within.end_s)
    times = track.times_s[inside]
    u = np.clip(np.minimum(times - within.start_s, within.end_s - times) / ease_s, 0.0, 1.0)
    return replace(track, times_s=times - within.start_s, values=track.values[inside] * u * u * (3.0 - 2.0 * u))


def moved(event: Event, offset_s: float) -> Event:
    """The event ``offset_s`` seconds later."""
    times = {name: getattr(event, name) + offset_s for name in ("onset_s", "apex_s", "offset_s")}
    return replace(event, **times)


def restless(take: Take) -> dict[str, float]:
    """For each curve that does not start and end at rest: the value farthest from 0 that it holds beyond its ends."""
    ends = {c.name: max(c.keys[0].value, c.keys[-1].value, key=abs) for c in take.curves if c.keys}
    return {name: value for name, value in ends.items() if abs(value) > REST}


# --- the sum ---------------------------------------------------------------------------------------------------------


def layer_takes(base: Named, micro: Named, settings: LayerSettings) -> Take:
    """The micro take over the base take; frame rate, time code and rig are the base's.

    Each curve is ``base + weight * micro`` within [0, 1] at every time, the micro take's time 0 at ``at_s``
    (``curves.layer.add_performance``). The take grows where the micro take reaches past the base's end. A stretch
    without a face in the base's video is none where an event is laid over it.

    Raises:
        InputError: the takes are for different rigs, or ``at_s`` lies after the base's end.
    """
    check_same_rig(base, micro)
    if settings.at_s > base.take.duration_s:
        raise InputError(
            f"at: {settings.at_s:g} s is after the end of {base.name} ({base.take.duration_s:g} s); give one before it."
        )
    curves = add_performance(
        base.take.curves, micro.take.curves, settings.at_s, weight=settings.weight, mode=settings.keys,
        tolerance=settings.tolerance, sharp_as_exact=True,
    )  # fmt: skip
    end_s = settings.at_s + micro.take.duration_s
    added = tuple(moved(event, settings.at_s) for event in micro.take.events)
    last_s = max((event.offset_s for event in (*base.take.events, *added)), default=0.0)  # may be a frame past its take
    notes = _notes(base, micro, settings, curves)
    return Take(
        frame_rate=base.take.frame_rate,
        duration_s=max(base.take.duration_s, end_s, last_s),
        events=tuple(sorted((*base.take.events, *added), key=lambda event: (event.onset_s, event.offset_s))),
        tracks=_tracks(as_animated(base.take), as_animated(micro.take), settings),
        curves=curves,
        no_face=_without([event.interval for event in added], base.take.no_face),
        start_timecode=base.take.start_timecode,
        provenance=_provenance(base, micro, settings, notes),
    )


def _tracks(base: Take, micro: Take, settings: LayerSettings) -> tuple[AUTrack, ...]:
    """Tracks of both by AU and side, on the base's frames (its own; of a base without tracks: at its frame rate)."""
    ours, theirs = ({(t.au, t.side): t for t in take.tracks if t.times_s.size} for take in (base, micro))
    split = {au for au, side in (*ours, *theirs) if side is not Side.BOTH}
    ours, theirs = _by_side(ours, split), _by_side(theirs, split)
    frames = np.unique(np.concatenate([track.times_s for track in ours.values()] or [_frames(base)]))
    result = []
    for au, side in sorted(ours.keys() | theirs.keys()):
        own, new = ours.get((au, side)), theirs.get((au, side))
        times = frames if own is None else own.times_s
        values = np.zeros(times.size) if own is None else own.values
        if new is not None:
            values = values + settings.weight * np.interp(times - settings.at_s, new.times_s, new.values)
        result.append(AUTrack(au, side, times, np.clip(values, 0.0, 1.0)))
    return tuple(result)


def _by_side(tracks: Mapping[tuple[int, Side], AUTrack], split: set[int]) -> dict[tuple[int, Side], AUTrack]:
    """Where one take knows an AU's sides, the other's track of both stands for each of them."""
    result: dict[tuple[int, Side], AUTrack] = {}
    for (au, side), track in tracks.items():
        for each in (Side.LEFT, Side.RIGHT) if side is Side.BOTH and au in split else (side,):
            result[au, each] = replace(track, side=each)
    return result


def _frames(take: Take) -> FloatArray:
    times = np.arange(max(1, round(take.duration_s * take.fps))) / take.fps
    seen = [not any(gap.contains(time) for gap in take.no_face) for time in times.tolist()]
    return np.asarray(times[np.array(seen)])


def _without(events: Sequence[Interval], gaps: Sequence[Interval]) -> tuple[Interval, ...]:
    """What the events leave of the gaps."""
    left = list(gaps)
    for event in events:
        parts = [((g.start_s, min(g.end_s, event.start_s)), (max(g.start_s, event.end_s), g.end_s)) for g in left]
        left = [Interval(start, end) for pair in parts for start, end in pair if start < end]
    return tuple(left)


# --- what is said of it ----------------------------------------------------------------------------------------------


def _notes(base: Named, micro: Named, settings: LayerSettings, curves: Sequence[RichCurve]) -> list[str]:
    notes = []
    if held := restless(micro.take):
        worst = max(held, key=lambda name: abs(held[name]))
        notes.append(
            f"{len(held)} of {len(micro.take.curves)} curves of {micro.name} do not start and end at rest (most: "
            f"{worst}, {held[worst]:.3g}); that value is held over the base before and after. --ease brings them to "
            "rest, --event N takes one event alone."
        )
    late = settings.at_s + micro.take.duration_s - base.take.duration_s
    if late > 1e-6:
        notes.append(f"{micro.name} reaches {late:.2f} s past the end of {base.name}: the take is that much longer.")
    if clipped := _clipped(base.take, micro.take, settings):
        notes.append(f"Held at rig weight 1, where the sum is larger: {', '.join(clipped)}.")
    if settings.keys == "auto":
        touched = {curve.name for curve in micro.take.curves}
        sharp = [c.name for c in curves if c.name in touched and _is_exact(c)]
        if sharp:
            notes.append(f"Too sharp for auto keys, so with exact ones: {', '.join(sharp)}.")
    return notes


def _is_exact(curve: RichCurve) -> bool:
    return any(key.tangent_mode is not TangentMode.RCTM_Auto for key in curve.keys)


def _clipped(base: Take, micro: Take, settings: LayerSettings) -> list[str]:
    ours = {curve.name: from_rich_curve(curve) for curve in base.curves}
    result = []
    for curve in micro.curves:
        added = from_rich_curve(curve).scaled(settings.weight).shifted(settings.at_s)
        total = ours.get(curve.name, constant(0.0, 0.0, 1.0)).plus(added)
        if total.extremes()[1] > 1.0 + 1e-6:
            result.append(curve.name)
    return result


def _provenance(base: Named, micro: Named, settings: LayerSettings, notes: Sequence[str]) -> dict[str, Any]:
    """What was laid on what. ``config`` says the rig as a converted take does, so that the result can be layered on."""
    rig = rig_of(base.take) or rig_of(micro.take)
    entries: dict[str, Any] = {
        "version": __version__,
        "config": {
            "command": "layer", "rig": rig and rig[0], "at": settings.at_s, "weight": settings.weight,
            "keys": settings.keys, "tolerance": settings.tolerance,
        },
        "layered": {"base": _origin(base), "micro": _origin(micro), "at_s": settings.at_s, "weight": settings.weight},
        "notes": list(notes),
    }  # fmt: skip
    for one in (base, micro):  # the converter's own sentence
        if (media := one.take.provenance.get("synthetic_media")) is not None:
            entries["synthetic_media"] = media
    if rig is not None and rig[1] is not None:
        entries["rig_sha256"] = rig[1]
    return entries


def _origin(one: Named) -> dict[str, Any]:
    kept = ("version", "source", "config", "weights_sha256", "layered", "cut", "macro")
    made = {key: one.take.provenance[key] for key in kept if key in one.take.provenance}
    return {"name": Path(one.name).name, "sha256": one.sha256, **made}
