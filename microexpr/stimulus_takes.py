"""Takes A and B of a study's videos: a parametric expression, and the same with a micro-expression over it.

Both come twice: in the rig of the take given, for the animator, and as plain FACS controls, which our renderers draw.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any

import numpy as np

from curves.build import KeySettings, build_curves, control_curves
from curves.errors import InputError
from curves.keys import fit_all_keys
from curves.piecewise import PiecewiseCubic, hermite
from curves.richcurve import evaluate
from curves.rigs import Rig, load_rig
from curves.values import DEFAULT_AUS, AUTrack, FloatArray, Interval, Side, Take
from microexpr.layered_take import LayerSettings, Named, Part, cut_named, layer_takes, modulation_of, rig_of
from microexpr.version import __version__

_SIDES = (Side.LEFT, Side.RIGHT)
#: Before the micro-expression's onset and after its offset: there it comes from rest and goes to rest.
EASE_S = 0.1
#: What lasts longer is no micro-expression any more (Yan et al. 2013, "How fast are the leaked facial expressions").
LONGEST_S = 0.5
MACRO_SOURCE = "Ekman and Friesen (1978), Facial Action Coding System, investigator's guide, table 11-1"


@dataclass(frozen=True, slots=True)
class Timing:
    """When the expression of a video moves, in seconds from its start; raises InputError if there is no room."""

    duration_s: float

    def __post_init__(self) -> None:
        table = _table()["timing"]
        least = sum(table.values())
        if not least <= self.duration_s <= 60.0:
            raise InputError(f"duration: expected {least:g} to 60 s, got {self.duration_s:g}.")

    @property
    def breaks_s(self) -> tuple[float, ...]:
        """Start, onset, start of the hold, its end, offset, end."""
        table = _table()["timing"]
        onset, offset = table["rest_before_s"], self.duration_s - table["rest_after_s"]
        return 0.0, onset, onset + table["rise_s"], offset - table["fall_s"], offset, self.duration_s

    @property
    def hold(self) -> Interval:
        return Interval(*self.breaks_s[2:4])

    def envelope(self) -> PiecewiseCubic:
        """0, up to 1, and back to 0; value and slope are continuous."""
        return hermite(self.breaks_s, [0.0, 0.0, 1.0, 1.0, 0.0, 0.0], np.zeros(6))


@cache
def _table() -> Mapping[str, Any]:
    text = files("microexpr").joinpath("macro_expressions.toml").read_text(encoding="utf-8")
    return MappingProxyType(tomllib.loads(text))


def macro_aus(emotion: str) -> dict[int, float]:
    """AUs of the emotion's expression with their peak intensity in [0, 1] (``macro_expressions.toml``)."""
    return {int(name.removeprefix("AU")): float(peak) for name, peak in _table()[emotion].items()}


def macro_take(emotion: str, rig: Rig, rig_name: str, timing: Timing, *, frame_rate: Fraction) -> Take:
    """Take A: the emotion's expression alone, on both sides, exact keys; tracks at ``frame_rate``; no events, which
    are micro-expressions."""
    envelope, peaks = timing.envelope(), macro_aus(emotion)
    sources = {(au, Side.BOTH): envelope.scaled(peak) for au, peak in peaks.items()}
    times = frame_times(timing, frame_rate)
    return Take(
        frame_rate=frame_rate,
        duration_s=timing.duration_s,
        events=(),
        tracks=tuple(AUTrack(au, Side.BOTH, times, np.clip(curve(times), 0, 1)) for (au, _), curve in sources.items()),
        curves=fit_all_keys(dict(sorted(control_curves(sources, rig).items())), "exact"),
        provenance={
            "version": __version__,
            "config": {"command": "study stimuli", "rig": rig_name},
            "macro": {"emotion": emotion, "aus": {f"AU{au}": peak for au, peak in peaks.items()},
                      "aus_from": MACRO_SOURCE, "breaks_s": list(timing.breaks_s)},
            "notes": list(rig.notes(peaks)),
        },
    )  # fmt: skip


def frame_times(timing: Timing, frame_rate: Fraction) -> FloatArray:
    """When each frame of a video is shown, seconds; the last one begins before its end."""
    return np.asarray(np.arange(max(1, round(timing.duration_s * float(frame_rate)))) / float(frame_rate))


def in_rig(one: Named, rig: Rig, rig_name: str) -> Named:
    """The take with curves for ``rig``: its own, or built anew from its AU tracks as ``convert`` does, exact.

    Raises InputError: another rig is wanted and the take has no AU tracks.
    """
    if rig_of(one.take) == (rig_name, None):
        return one
    if not one.take.tracks:
        raise InputError(f"{one.name} holds no AU tracks, so nothing but its own rig can show it: convert its video.")
    take = one.take
    curves = build_curves(
        take.tracks, rig, modulation_of(take), KeySettings(mode="exact"), duration_s=take.duration_s,
        no_face=take.no_face,
    )  # fmt: skip
    provenance = {key: value for key, value in take.provenance.items() if key != "rig_sha256"}
    provenance["config"] = {**dict(provenance.get("config", {})), "rig": rig_name}
    return replace(one, take=replace(take, curves=curves, provenance=provenance))


@dataclass(frozen=True, slots=True)
class Micro:
    """The micro-expression's take, what of it is shown (seconds of it, the easing included), and where: ``at_s`` is
    the second of the video at which its onset lies; ``weight`` multiplies it."""

    one: Named
    stretch: Interval
    at_s: float
    weight: float = 1.0

    @property
    def shown(self) -> Interval:
        """Seconds of the video in which B may differ from A."""
        start = self.at_s - EASE_S
        return Interval(start, start + self.stretch.duration_s)

    @property
    def long_s(self) -> tuple[float, ...]:
        """How long each movement shown lasts (the events, or all of it) that is longer than a micro-expression."""
        start, end = self.stretch.start_s + EASE_S - 1e-9, self.stretch.end_s - EASE_S + 1e-9
        events = [e.interval for e in self.one.take.events if start <= e.onset_s and e.offset_s <= end]
        return tuple(
            each.duration_s for each in (events or [Interval(start, end)]) if each.duration_s > LONGEST_S + 1e-6
        )

    def over(self, base: Named, rig: Rig, rig_name: str) -> Take:
        """Take B: take A, ``base``, with the micro-expression added and clamped."""
        part = cut_named(in_rig(self.one, rig, rig_name), self.stretch, EASE_S)
        settings = LayerSettings(max(0.0, self.shown.start_s), self.weight, "exact")
        return layer_takes(base, part, settings)


def place_micro(one: Named, timing: Timing, part: Part, at_s: float | None, weight: float) -> Micro:
    """That part of the take where it is asked for, or in the middle of the hold.

    Raises InputError: no such part, no room for it, no face for a while in it, a weight out of range.
    """
    LayerSettings(weight=weight)  # refused now, not after the first video
    stretch = part.stretch(one, EASE_S)
    for gap in one.take.no_face:
        if gap.start_s < stretch.end_s - EASE_S and gap.end_s > stretch.start_s + EASE_S:
            raise InputError(
                f"{one.name} has no face from {gap.start_s:g} to {gap.end_s:g} s: take one --event or --part."
            )
    length = stretch.duration_s - 2 * EASE_S
    middle = (timing.hold.start_s + timing.hold.end_s) / 2
    micro = Micro(one, stretch, middle - length / 2 if at_s is None else at_s, weight)
    if micro.shown.start_s < 0.0 or micro.shown.end_s > timing.duration_s:
        several = part == Part() and len(one.take.events) > 1
        what = "The micro-expressions" if several else "The micro-expression"
        fix = "one of them with --event N, " if several else ""
        raise InputError(
            f"{what} of {one.name} last {length:.2f} s from onset to offset (and {EASE_S:g} s before and after), which "
            f"at {micro.at_s:.2f} s does not fit into a video of {timing.duration_s:g} s: take {fix}another --at or a "
            "longer --duration."
        )
    return micro


def intensities(take: Take, times_s: FloatArray) -> FloatArray:
    """(n, 19, 2) AU intensities in [0, 1] of a take of the rig ``facs``: AUs as in DEFAULT_AUS; left, right."""
    rig, curves = load_rig("facs"), {curve.name: curve for curve in take.curves}
    result = np.zeros((times_s.size, len(DEFAULT_AUS), 2))
    for row, au in enumerate(DEFAULT_AUS):
        for column, side in enumerate(_SIDES):
            for target in rig.targets[au, side]:
                if target.control in curves:
                    result[:, row, column] = evaluate(curves[target.control], times_s)
    return np.clip(result, 0.0, 1.0)


def not_drawn(take: Take) -> tuple[str, ...]:
    """FACS controls of a take that move and that the renderers, which know 19 AUs, cannot draw."""
    rig = load_rig("facs")
    drawn = {target.control for au in DEFAULT_AUS for side in _SIDES for target in rig.targets[au, side]}
    return tuple(c.name for c in take.curves if c.name not in drawn and any(key.value > 1e-3 for key in c.keys))
