"""What simulated ratings are drawn from: means and standard deviations, of paper 004 or of a TOML file."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from math import isfinite
from pathlib import Path
from types import MappingProxyType
from typing import Any

from curves.errors import FormatError, InputError
from studies.vocabulary import DIMENSIONS, EMOTIONS, SCALE


@dataclass(frozen=True, slots=True)
class EmotionMeans:
    """Of one emotion, over participants, in rating points: the means of videos A and B, ``sd`` of a participant's mean
    over the dimensions (A and B pooled), ``sd_difference`` of B - A of that mean."""

    mean_a: float
    mean_b: float
    sd: float
    sd_difference: float

    def __post_init__(self) -> None:
        low, high = SCALE
        if not (low < self.mean_a < high and low < self.mean_b < high):
            raise InputError(f"A mean of {self.mean_a:g} and {self.mean_b:g}: both must lie within {low} and {high}.")
        if not (isfinite(self.sd) and isfinite(self.sd_difference) and self.sd > 0 and self.sd_difference > 0):
            raise InputError(f"sd {self.sd:g} and sd_difference {self.sd_difference:g} must be above 0.")
        if self.sd_difference >= 2 * self.sd:
            raise InputError(f"sd_difference {self.sd_difference:g} must be below twice the sd, {self.sd:g}.")


@dataclass(frozen=True, slots=True)
class Means:
    """``emotions``: by word, all or some of the six. ``dimensions``: (mean of A, mean of B) of each; what counts is how
    they differ from one another, the emotions' means stay as they are. ``recognition``: mean, standard deviation of the
    recognition score and its correlation with a participant's mean rating of B."""

    name: str
    source: str
    emotions: Mapping[str, EmotionMeans]
    dimensions: Mapping[str, tuple[float, float]] = field(
        default_factory=lambda: MappingProxyType(dict.fromkeys(DIMENSIONS, (3.0, 3.0)))
    )
    recognition: tuple[float, float, float] = (3.5, 0.9, 0.5)

    def with_effect(self, d_z: float) -> "Means":
        """B - A of every emotion ``d_z`` of its standard deviations, and the same in every dimension."""
        emotions = {
            word: replace(one, mean_b=one.mean_a + d_z * one.sd_difference) for word, one in self.emotions.items()
        }
        level = {word: (sum(pair) / 2, sum(pair) / 2) for word, pair in self.dimensions.items()}
        source = f"{self.source}; the effect is not theirs: d_z {d_z:g} in every emotion"
        return replace(self, name=f"{self.name}, d_z {d_z:g}", source=source, emotions=emotions, dimensions=level)

    def cell_mean(self, emotion: str, dimension: str, video: int) -> float:
        """Of one emotion, dimension and video (0: A, 1: B), in rating points."""
        of_emotion = (self.emotions[emotion].mean_a, self.emotions[emotion].mean_b)[video]
        level = sum(pair[video] for pair in self.dimensions.values()) / len(self.dimensions)
        return of_emotion + self.dimensions[dimension][video] - level


_PAPER_004 = Means(
    "paper-004",
    "paper 004, Tables 4 to 7: means as printed; sd: the column called Cohen's d, which is the pooled SD; "
    "sd_difference: from the printed p and n = 82, for fear (p < 0.001) from the mean correlation of A and B of the "
    "other five; recognition: from the regression's coefficients, R2 and the mean of B",
    MappingProxyType(
        {
            "anger": EmotionMeans(3.6931, 3.8232, 0.658, 0.6369),
            "disgust": EmotionMeans(3.6362, 3.8293, 0.739, 0.6430),
            "fear": EmotionMeans(3.5305, 3.8150, 0.723, 0.7268),
            "happiness": EmotionMeans(3.4939, 3.5874, 0.829, 0.8550),
            "sadness": EmotionMeans(3.5528, 3.7378, 0.811, 0.8188),
            "surprise": EmotionMeans(3.6667, 3.5854, 0.813, 0.9182),
        }
    ),
    MappingProxyType({"clarity": (3.6545, 3.8130), "naturalness": (3.5730, 3.6220), "authenticity": (3.5600, 3.7500)}),
    (3.82, 0.9, 0.526),
)
_NO_EFFECT = Means(
    "no-effect",
    "no study: A and B have the same mean",
    MappingProxyType(dict.fromkeys(EMOTIONS, EmotionMeans(3.5, 3.5, 0.75, 0.75))),
)
PRESETS: Mapping[str, Means] = MappingProxyType({one.name: one for one in (_PAPER_004, _NO_EFFECT)})


def find_means(name: str) -> Means:
    """A preset by its name, or the TOML file of that path.

    Raises:
        InputError: neither; or a mean or deviation that ratings cannot have.
        FormatError: a key of the file is unknown, missing or no number.
    """
    if name in PRESETS:
        return PRESETS[name]
    path = Path(name)
    if not path.is_file():
        raise InputError(f"--means {name}: neither a file nor one of: {', '.join(PRESETS)}.")
    try:
        held = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise FormatError(f"{path.name} is no TOML: {error}.") from error
    return _means(held, path.name)


def _means(held: dict[str, Any], name: str) -> Means:
    _require_known(held, {"name", "source", "emotions", "dimensions", "recognition"}, f"{name}")
    emotions, dimensions = held.get("emotions", {}), held.get("dimensions", {})
    if not emotions:
        raise FormatError(f"{name} needs a table [emotions.WORD] for at least one emotion.")
    _require_known(emotions, set(EMOTIONS), f"{name}, emotions")
    keys = ("mean_a", "mean_b", "sd", "sd_difference")
    read = {word: EmotionMeans(*_numbers(emotions[word], keys, name, word)) for word in EMOTIONS if word in emotions}
    means = Means(str(held.get("name", name)), str(held.get("source", f"the file {name}")), MappingProxyType(read))
    if dimensions:
        _require_known(dimensions, set(DIMENSIONS), f"{name}, dimensions")
        levels = {word: _numbers(dimensions.get(word, {}), keys[:2], name, word) for word in DIMENSIONS}
        means = replace(means, dimensions=MappingProxyType({word: (a, b) for word, (a, b) in levels.items()}))
    if "recognition" in held:
        mean, sd, correlation = _numbers(held["recognition"], ("mean", "sd", "correlation"), name, "recognition")
        if not (SCALE[0] <= mean <= SCALE[1] and sd >= 0 and -1 <= correlation <= 1):
            raise FormatError(f"{name}, recognition: mean 1 to 5, sd from 0, correlation -1 to 1.")
        means = replace(means, recognition=(mean, sd, correlation))
    return means


def _require_known(held: object, known: set[str], where: str) -> None:
    strange = sorted(set(held) - known) if isinstance(held, dict) else ["a value in place of a table"]
    if strange:
        raise FormatError(f"{where}: {', '.join(strange)} is not known; known are {', '.join(sorted(known))}.")


def _numbers(held: object, keys: tuple[str, ...], name: str, word: str) -> list[float]:
    _require_known(held, set(keys), f"{name}, {word}")
    values = [held.get(key) for key in keys] if isinstance(held, dict) else []
    for key, value in zip(keys, values, strict=True):
        if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
            raise FormatError(f"{name}, {word}: the key {key} must be a number.")
    return [float(value) for value in values if value is not None]


def means_toml(means: Means) -> str:
    """The TOML text that ``find_means`` reads back to the same means."""
    lines = ["# simulated = true", f"name = {_quoted(means.name)}", f"source = {_quoted(means.source)}", ""]
    for word, one in means.emotions.items():
        lines += [f"[emotions.{word}]", f"mean_a = {one.mean_a!r}", f"mean_b = {one.mean_b!r}"]
        lines += [f"sd = {one.sd!r}", f"sd_difference = {one.sd_difference!r}", ""]
    for word, (a, b) in means.dimensions.items():
        lines += [f"[dimensions.{word}]", f"mean_a = {a!r}", f"mean_b = {b!r}", ""]
    mean, sd, correlation = means.recognition
    lines += ["[recognition]", f"mean = {mean!r}", f"sd = {sd!r}", f"correlation = {correlation!r}", ""]
    return "\n".join(lines)


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
