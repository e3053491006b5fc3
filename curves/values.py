"""The words that all rooms share: frozen values with read-only arrays.

Units: times and durations in seconds, intervals half-open ``[start_s, end_s)``. AU intensity lies in [0, 1],
where 1.0 is full FACS strength and rig weight 1. Left and right are the subject's.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from fractions import Fraction
from itertools import pairwise
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

#: The default AU vocabulary: the 19 AUs of CASME II (SPEC 3), in FACS order. Networks, tracks and files index by it.
DEFAULT_AUS: tuple[int, ...] = (1, 2, 4, 5, 6, 7, 9, 10, 12, 14, 15, 16, 17, 18, 20, 24, 25, 26, 38)

#: AUs whose muscles lie on the midline: a left and a right part cannot be told apart.
MIDLINE_AUS: frozenset[int] = frozenset({16, 17, 18, 24, 25, 26, 38})


class Side(StrEnum):
    """Which half of the subject's face moves."""

    BOTH = "both"
    LEFT = "left"
    RIGHT = "right"


class Emotion(StrEnum):
    """CASME II's seven labels: what the network is trained on, in this order."""

    HAPPINESS = "happiness"
    DISGUST = "disgust"
    SURPRISE = "surprise"
    REPRESSION = "repression"
    FEAR = "fear"
    SADNESS = "sadness"
    OTHERS = "others"


class BasicEmotion(StrEnum):
    """Ekman's six and neutral: what animation modulators are named by."""

    ANGER = "anger"
    DISGUST = "disgust"
    FEAR = "fear"
    HAPPINESS = "happiness"
    SADNESS = "sadness"
    SURPRISE = "surprise"
    NEUTRAL = "neutral"


#: Training label -> animation emotion (SPEC 8). Repression and "others" have no counterpart among Ekman's six.
BASIC_EMOTION: Mapping[Emotion, BasicEmotion] = MappingProxyType(
    {
        Emotion.HAPPINESS: BasicEmotion.HAPPINESS,
        Emotion.DISGUST: BasicEmotion.DISGUST,
        Emotion.SURPRISE: BasicEmotion.SURPRISE,
        Emotion.REPRESSION: BasicEmotion.NEUTRAL,
        Emotion.FEAR: BasicEmotion.FEAR,
        Emotion.SADNESS: BasicEmotion.SADNESS,
        Emotion.OTHERS: BasicEmotion.NEUTRAL,
    }
)


@dataclass(frozen=True, slots=True)
class Interval:
    """Half-open time interval ``[start_s, end_s)``; raises ValueError unless ``start_s < end_s``, both finite."""

    start_s: float
    end_s: float

    def __post_init__(self) -> None:
        if not (np.isfinite(self.start_s) and np.isfinite(self.end_s) and self.start_s < self.end_s):
            raise ValueError(f"interval: expected finite start_s < end_s, got [{self.start_s}, {self.end_s})")

    @property
    def duration_s(self) -> float:
        return self.end_s - self.start_s

    def contains(self, time_s: float) -> bool:
        return self.start_s <= time_s < self.end_s

    def iou(self, other: "Interval") -> float:
        """Intersection over union, in [0, 1]."""
        overlap = min(self.end_s, other.end_s) - max(self.start_s, other.start_s)
        return max(0.0, overlap) / (self.duration_s + other.duration_s - max(0.0, overlap))


@dataclass(frozen=True, slots=True)
class AUActivation:
    """One AU judged present in an event; ``intensity`` is its peak in [0, 1]."""

    au: int
    side: Side
    intensity: float

    def __post_init__(self) -> None:
        if not 0.0 <= self.intensity <= 1.0:
            raise ValueError(f"AU{self.au} intensity: expected 0..1, got {self.intensity}")


@dataclass(frozen=True, slots=True)
class EmotionEstimate:
    """The likeliest label and the probability of each of the seven; probabilities sum to 1."""

    label: Emotion
    probabilities: Mapping[Emotion, float]

    def __post_init__(self) -> None:
        object.__setattr__(self, "probabilities", MappingProxyType(dict(self.probabilities)))
        total = sum(self.probabilities.values())
        if abs(total - 1.0) > 1e-3:
            raise ValueError(f"emotion probabilities: expected a sum of 1, got {total}")


@dataclass(frozen=True, slots=True)
class Event:
    """One micro-expression: ``onset_s <= apex_s <= offset_s``, spotting ``score`` in [0, 1]."""

    onset_s: float
    apex_s: float
    offset_s: float
    score: float
    emotion: EmotionEstimate
    aus: tuple[AUActivation, ...]

    def __post_init__(self) -> None:
        if not self.onset_s <= self.apex_s <= self.offset_s or not self.onset_s < self.offset_s:
            raise ValueError(
                f"event: expected onset <= apex <= offset, got {self.onset_s}, {self.apex_s}, {self.offset_s}"
            )
        if not 0.0 <= self.score <= 1.0:
            raise ValueError(f"event score: expected 0..1, got {self.score}")

    @property
    def interval(self) -> Interval:
        return Interval(self.onset_s, self.offset_s)


def _frozen(array: Any, name: str) -> FloatArray:
    result = np.array(array, dtype=np.float64)  # a copy: the caller's array stays the caller's
    if result.ndim != 1:
        raise ValueError(f"{name}: expected one dimension, got shape {result.shape}")
    if not np.isfinite(result).all():
        raise ValueError(f"{name}: expected finite values")
    result.flags.writeable = False
    return result


@dataclass(frozen=True, slots=True, eq=False)
class AUTrack:
    """Per-frame intensity of one AU on one side.

    ``times_s`` (n,) strictly rising, in seconds; ``values`` (n,) in [0, 1]. Frames without a face are absent.
    """

    au: int
    side: Side
    times_s: FloatArray
    values: FloatArray

    def __post_init__(self) -> None:
        times, values = _frozen(self.times_s, "times_s"), _frozen(self.values, "values")
        if times.shape != values.shape:
            raise ValueError(f"AU{self.au} track: expected as many values as times, got {values.size}, {times.size}")
        if (np.diff(times) <= 0).any():
            raise ValueError(f"AU{self.au} track: expected strictly rising times")
        if values.size and (values.min() < 0.0 or values.max() > 1.0):
            raise ValueError(f"AU{self.au} track: expected values in 0..1, got {values.min()}..{values.max()}")
        object.__setattr__(self, "times_s", times)
        object.__setattr__(self, "values", values)


# The byte values are Unreal's (Engine/Curves/RichCurve.h); names as Unreal spells them.
class InterpMode(IntEnum):
    RCIM_Linear = 0
    RCIM_Constant = 1
    RCIM_Cubic = 2
    RCIM_None = 3


class TangentMode(IntEnum):
    RCTM_Auto = 0
    RCTM_User = 1
    RCTM_Break = 2
    RCTM_None = 3
    RCTM_SmartAuto = 4


class TangentWeightMode(IntEnum):
    RCTWM_WeightedNone = 0
    RCTWM_WeightedArrive = 1
    RCTWM_WeightedLeave = 2
    RCTWM_WeightedBoth = 3


class Extrapolation(IntEnum):
    RCCE_Cycle = 0
    RCCE_CycleWithOffset = 1
    RCCE_Oscillate = 2
    RCCE_Linear = 3
    RCCE_Constant = 4
    RCCE_None = 5


@dataclass(frozen=True, slots=True)
class RichKey:
    """One FRichCurveKey. ``time`` in seconds; tangents in value units per second."""

    time: float
    value: float
    interp_mode: InterpMode = InterpMode.RCIM_Linear
    tangent_mode: TangentMode = TangentMode.RCTM_Auto
    arrive_tangent: float = 0.0
    leave_tangent: float = 0.0
    tangent_weight_mode: TangentWeightMode = TangentWeightMode.RCTWM_WeightedNone
    arrive_tangent_weight: float = 0.0
    leave_tangent_weight: float = 0.0


@dataclass(frozen=True, slots=True)
class RichCurve:
    """A named FRichCurve: keys in time order. ``default_value`` None is Unreal's "unset" (MAX_FLT)."""

    name: str
    keys: tuple[RichKey, ...]
    pre_infinity: Extrapolation = Extrapolation.RCCE_Constant
    post_infinity: Extrapolation = Extrapolation.RCCE_Constant
    default_value: float | None = None

    def __post_init__(self) -> None:
        times = [key.time for key in self.keys]
        if any(later < earlier for earlier, later in pairwise(times)):
            raise ValueError(f"curve {self.name}: expected keys in time order")


@dataclass(frozen=True, slots=True, eq=False)
class Take:
    """Named RichCurves with events, tracks and provenance: what travels, is stored and imported.

    Time 0 is the first presented frame. ``frame_rate`` is exact (30000/1001), ``fps`` its float. ``provenance``
    holds JSON values: version, weights_sha256, config, source, notes.
    """

    frame_rate: Fraction
    duration_s: float
    events: tuple[Event, ...]
    tracks: tuple[AUTrack, ...]
    curves: tuple[RichCurve, ...]
    no_face: tuple[Interval, ...] = ()
    start_timecode: str | None = None
    provenance: Mapping[str, Any] = field(default_factory=dict)

    @property
    def fps(self) -> float:
        return float(self.frame_rate)
