"""Takes, curves and strategies that the tests of the file formats share."""

from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
from hypothesis import strategies as st

from curves.richcurve import auto_tangents
from curves.values import (
    AUActivation,
    AUTrack,
    Emotion,
    EmotionEstimate,
    Event,
    InterpMode,
    Interval,
    RichCurve,
    RichKey,
    Side,
    Take,
    TangentMode,
)

FPS = Fraction(30000, 1001)
#: Peaks of the curves of ``asymmetric``.
PEAK = {"mouthSmileLeft": 0.3, "mouthSmileRight": 0.1, "jawLeft": 0.25, "jawRight": 0.0625, "browInnerUp": 0.2}


def bump(name: str, peak: float, mode: TangentMode = TangentMode.RCTM_Auto) -> RichCurve:
    """Rest, rise to the peak at 0.3 s, rest; automatic tangents, or user tangents of their own."""
    points = ((0.0, 0.0), (0.1, 0.0), (0.3, peak), (0.6, 0.0), (1.0, 0.0))
    keys = auto_tangents(tuple(RichKey(t, v, InterpMode.RCIM_Cubic, TangentMode.RCTM_Auto) for t, v in points))
    if mode is TangentMode.RCTM_Auto:
        return RichCurve(name, keys)
    return RichCurve(name, tuple(replace(k, tangent_mode=mode, arrive_tangent=0.1, leave_tangent=-0.2) for k in keys))


def bare_take(*curves: RichCurve, rate: Fraction = FPS, **fields: Any) -> Take:
    """One second without events and tracks."""
    return Take(rate, 1.0, (), (), curves, **fields)


def asymmetric() -> Take:
    """One second at 29.97 fps, no face from 0.7 s; left and right differ everywhere."""
    times = np.arange(21) / float(FPS)
    shape = np.interp(times, [0.1, 0.3, 0.6], [0.0, 1.0, 0.0])
    event = Event(
        0.1, 0.3, 0.6, 0.9,
        EmotionEstimate(Emotion.HAPPINESS, dict.fromkeys(Emotion, 1 / 7)),
        (AUActivation(12, Side.LEFT, 0.3),),
    )  # fmt: skip
    return Take(
        frame_rate=FPS,
        duration_s=30 / float(FPS),
        events=(event,),
        tracks=(
            AUTrack(12, Side.LEFT, times, 0.3 * shape),
            AUTrack(12, Side.RIGHT, times, 0.1 * shape),
            AUTrack(26, Side.BOTH, times, np.full(21, 0.5)),
        ),
        curves=tuple(bump(name, peak) for name, peak in PEAK.items()),
        no_face=(Interval(0.7, 1.001),),
        start_timecode="01:00:00:10",
    )


def sample() -> Take:
    """One of everything that a take file can hold, in numbers that need all their digits."""
    probabilities = {Emotion.DISGUST: 0.625, **{label: 0.0625 for label in Emotion if label is not Emotion.DISGUST}}
    keys = (
        RichKey(0.1, 0.0, InterpMode.RCIM_Cubic, TangentMode.RCTM_Auto, 0.0, 0.0),
        RichKey(0.30000000000000004, 0.2, InterpMode.RCIM_Cubic, TangentMode.RCTM_Break, -0.0, 1 / 3),
    )
    return Take(
        frame_rate=FPS,
        duration_s=1.5,
        events=(
            Event(
                0.1, 0.2, 0.4, 0.9, EmotionEstimate(Emotion.DISGUST, probabilities), (AUActivation(4, Side.LEFT, 0.25),)
            ),
        ),
        tracks=(
            AUTrack(4, Side.LEFT, np.array([0.0, float(1 / FPS)]), np.array([0.1, 0.2])),
            AUTrack(4, Side.RIGHT, np.array([0.0, float(1 / FPS)]), np.array([0.0, 1.0])),
        ),
        curves=(RichCurve("CTRL_expressions_browDownL", keys), RichCurve("empty", ())),
        no_face=(Interval(1.0, 1.25),),
        start_timecode="01:02:03;04",
        provenance={"version": "0", "config": {"seed": 1, "nested": [1.5, None]}, "notes": ["ü"]},
    )


@st.composite
def drawn_curves(
    draw: st.DrawFn,
    keys: st.SearchStrategy[RichKey],
    names: st.SearchStrategy[str],
    max_keys: int = 5,
    **fields: st.SearchStrategy[Any],
) -> tuple[RichCurve, ...]:
    """Up to three curves, no name twice even where case does not count; ``fields``: what else a curve has."""
    in_order = st.lists(keys, max_size=max_keys).map(lambda found: tuple(sorted(found, key=lambda key: key.time)))
    found = draw(st.lists(names, unique_by=str.casefold, max_size=3))
    return tuple(
        RichCurve(name, draw(in_order), **{field: draw(value) for field, value in fields.items()}) for name in found
    )


UNIT = st.floats(0, 1)
ANY = st.floats(-1e6, 1e6)
FACE_S = st.floats(20, 600, exclude_max=True)  # drawn takes have no face somewhere before and after


@st.composite
def tracks(draw: st.DrawFn) -> tuple[AUTrack, ...]:
    ways = st.sampled_from([(Side.BOTH,), (Side.LEFT,), (Side.RIGHT,), (Side.LEFT, Side.RIGHT)])
    result = []
    for au, side in [(au, side) for au in draw(st.sets(st.integers(1, 64), max_size=3)) for side in draw(ways)]:
        times = sorted(draw(st.lists(FACE_S, unique=True, max_size=5)))
        result.append(AUTrack(au, side, np.array(times), np.array([draw(UNIT) for _ in times])))
    return tuple(result)


@st.composite
def events(draw: st.DrawFn) -> Event:
    onset, apex, offset = sorted(draw(st.lists(FACE_S, min_size=3, max_size=3, unique=True)))
    shares = np.array(draw(st.lists(st.floats(0.01, 1), min_size=7, max_size=7)))
    shares /= shares.sum()
    emotion = EmotionEstimate(list(Emotion)[int(shares.argmax())], dict(zip(Emotion, shares.tolist(), strict=True)))
    au = st.builds(AUActivation, st.integers(1, 64), st.sampled_from(Side), UNIT)
    aus = draw(st.lists(au, max_size=3, unique_by=lambda au: (au.au, au.side)))
    return Event(onset, apex, offset, draw(UNIT), emotion, tuple(aus))


takes = st.builds(
    Take,
    frame_rate=st.fractions(Fraction(1, 10), 1000, max_denominator=1001),
    duration_s=st.floats(600, 700),
    events=st.lists(events(), max_size=2).map(tuple),
    tracks=tracks(),
    curves=drawn_curves(
        st.builds(RichKey, ANY, ANY, st.sampled_from(InterpMode), st.sampled_from(TangentMode), ANY, ANY),
        st.text(min_size=1, max_size=8),
    ),
    no_face=st.lists(
        st.builds(lambda start, s: Interval(start, start + s), st.floats(0, 9), st.floats(1, 9)), max_size=3
    )
    .map(tuple)
    .map(lambda gaps: (*gaps, Interval(600, 650))),
    start_timecode=st.sampled_from([None, "00:00:00:00", "23:59:59;29", "10:00:00:119"]),
    provenance=st.dictionaries(st.text(), st.none() | ANY | st.text(), max_size=3),
)
