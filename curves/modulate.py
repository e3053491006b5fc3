"""Emotion modulators and intensity: c'(t) = c(t) * m_e * i_v (SPEC 4). The numbers are data: ``modulators.toml``."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Any

import numpy as np

from curves.bspline import TrackSpline
from curves.piecewise import PiecewiseCubic
from curves.values import BasicEmotion


@dataclass(frozen=True, slots=True)
class Parameter:
    """A number that may be set: its default, its closed range, and what it counts."""

    name: str
    default: float
    low: float
    high: float
    unit: str

    def checked(self, value: float) -> float:
        """The value; raises ValueError outside the range."""
        if not self.low <= value <= self.high:
            raise ValueError(f"{self.name}: expected {self.low:g}..{self.high:g} ({self.unit}), got {value}")
        return value


@cache
def _table() -> Mapping[str, Any]:
    text = resources.files("curves").joinpath("modulators.toml").read_text(encoding="utf-8")
    return MappingProxyType(tomllib.loads(text))


def _parameter(name: str, row: Mapping[str, Any], default: float) -> Parameter:
    low, high = row["range"]
    parameter = Parameter(name, default, low, high, row["unit"])
    parameter.checked(default)
    return parameter


@cache
def parameters() -> Mapping[str, Parameter]:
    """Every parameter of modulation by name: ``strength``, ``intensity``, ``gain`` and ``emotion.<name>``."""
    table = _table()
    rows = {name: _parameter(name, table[name], table[name]["default"]) for name in ("strength", "intensity", "gain")}
    for member in BasicEmotion:
        name = f"emotion.{member.value}"
        rows[name] = _parameter(name, table["emotion"], table["emotion"]["default"][member.value])
    return MappingProxyType(rows)


@dataclass(frozen=True, slots=True)
class Modulation:
    """How a performance's amplitude is changed; timing is never touched.

    emotion: names m_e; None is 1.
    strength: 0 leaves curves as they are, 1 applies m_e * i_v fully, between them the factor is blended.
    intensity: i_v in [0, 1], given by the user or by ``draw_intensity``.
    gain: exaggerates, or holds back, on top of it; may exceed 1, and the sum is clamped at the rig.

    Raises ValueError outside the ranges of ``parameters()``.
    """

    emotion: BasicEmotion | None = None
    strength: float = 1.0
    intensity: float = 1.0
    gain: float = 1.0

    def __post_init__(self) -> None:
        for name in ("strength", "intensity", "gain"):
            parameters()[name].checked(getattr(self, name))

    @property
    def factor(self) -> float:
        """m_e * i_v, blended by strength; in [0, 1], without the gain."""
        modulator = 1.0 if self.emotion is None else parameters()[f"emotion.{self.emotion.value}"].default
        return 1.0 - self.strength + self.strength * modulator * self.intensity


def modulated(spline: TrackSpline | PiecewiseCubic, modulation: Modulation) -> PiecewiseCubic:
    """c'(t), then the gain: in [0, 1] as long as the gain is at most 1; the rig clamps the rest."""
    curve = spline.curve if isinstance(spline, TrackSpline) else spline
    return curve.scaled(modulation.factor * modulation.gain)


def draw_intensity(seed: int) -> float:
    """An i_v in (0, 1], the same for the same seed.

    Drawn from the quantiles of ``modulators.toml``, which say where they come from: an assumed, not a measured,
    distribution of peak amplitudes, relative to the largest.
    """
    table = _table()["drawn_peak"]
    position = np.random.default_rng(seed).uniform()
    return float(np.interp(position, table["probability"], table["quantile"]) / max(table["quantile"]))
