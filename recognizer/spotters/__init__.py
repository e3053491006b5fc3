"""Spotters: when in a motion stream micro-expressions happen. One protocol, one registry, as for ``systems``."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from curves.values import AUActivation, Interval
from recognizer.clips import ClipRecord
from recognizer.inference import MotionRun


@dataclass(frozen=True, slots=True)
class Spot:
    """A found event in seconds; ``score``: the higher, the surer, comparable within one spotter. ``aus``: () where the
    spotter names none."""

    onset_s: float
    apex_s: float
    offset_s: float
    score: float
    aus: tuple[AUActivation, ...] = ()

    @property
    def interval(self) -> Interval:
        return Interval(self.onset_s, self.offset_s)


class FittedSpotter(Protocol):
    """A spotter with its limits chosen. ``chosen``: what the validation part decided, for the results."""

    @property
    def chosen(self) -> Mapping[str, Any]: ...

    def spot(self, run: MotionRun) -> list[Spot]:
        """The events of one unbroken run, in time order, not overlapping."""
        ...


class Spotter(Protocol):
    """A row of the table. ``description``: one line, with its source. ``names_aus``: whether spots carry AUs."""

    @property
    def description(self) -> str: ...
    @property
    def names_aus(self) -> bool: ...

    def fit(self, train: Sequence[ClipRecord], validation: Sequence[ClipRecord], *, seed: int = 0) -> FittedSpotter:
        """Learns from ``train`` if it learns; ``validation`` (other people) chooses the limits that it leaves open."""
        ...
