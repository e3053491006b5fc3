"""What one conversion is asked to do: a TOML file, then the arguments over it, as one frozen value.

The words are the same everywhere: option ``--tolerance``, TOML key ``tolerance``, field ``tolerance``, and the
``provenance.config`` of every take.
"""

import difflib
import math
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Literal

from curves.errors import InputError
from curves.values import BasicEmotion

KeyMode = Literal["auto", "exact"]

NO_EMOTION = "none"
AUTO_EMOTION = "auto"
DRAW_INTENSITY = "draw"

KEY_MODES: tuple[KeyMode, ...] = ("auto", "exact")
#: Upper end of ``gain`` in curves/modulators.toml; said here so that the command line starts without scipy.
MAX_GAIN = 100.0
EMOTION_CHOICES: tuple[str, ...] = (NO_EMOTION, AUTO_EMOTION, *(emotion.value for emotion in BasicEmotion))


@dataclass(frozen=True)
class ConvertConfig:
    """Settings of one conversion; raises InputError naming the setting that cannot be used.

    Attributes:
        rig: a shipped rig's name or the path of a mapping TOML.
        format: names of the formats written beside ``take.json``, which is always written; ``take`` alone: no other.
        keys: ``auto`` (few Auto keys, the paper's way) or ``exact`` (User/Break tangents, spline reproduced).
        tolerance: largest error of the keys, as a fraction of each curve's own peak, below 1; None: 0.005 for ``auto``,
            0 for ``exact``.
        emotion: ``none`` leaves the measured intensities as they are; ``auto`` takes the emotion of the events found;
            else one of BasicEmotion.
        intensity: i_v of SPEC 4 in [0, 1], or ``draw``: drawn from the data's distribution with ``seed``.
        gain: exaggeration, above 0, at most 100; above 1 the result is clamped at rig weight 1.
        seed: of ``draw``, >= 0; mixed with the source's digest, so that each video of a folder draws its own.
        start, end: part of the video to convert, seconds from its first frame; None: from its start, to its end.
        face: which face, 1 is the largest; None: the largest.
        neutral: first and last second of a stretch in which the face is at rest; None: it is looked for.
        fps: frames per second of a folder of images (required there); for a video overrides its time stamps.
        weights: path of network weights; None: those shipped.
        exhaustive: look at every window, also where nothing moves.
    """

    rig: str = "metahuman"
    format: tuple[str, ...] = ("curvetable",)
    keys: KeyMode = "auto"
    tolerance: float | None = None
    emotion: str = NO_EMOTION
    intensity: float | str = 1.0
    gain: float = 1.0
    seed: int = 0
    start: float | None = None
    end: float | None = None
    face: int | None = None
    neutral: tuple[float, float] | None = None
    fps: float | None = None
    weights: str | None = None
    exhaustive: bool = False

    def __post_init__(self) -> None:
        _require_choice("keys", self.keys, KEY_MODES)
        _require_choice("emotion", self.emotion, EMOTION_CHOICES)
        self._check_tolerance()
        self._check_intensity()
        _require(0.0 < self.gain <= MAX_GAIN, "gain", f"above 0 and at most {MAX_GAIN:g}", self.gain)
        _require(self.seed >= 0, "seed", "0 or more", self.seed)
        _require(self.face is None or self.face >= 1, "face", "1 or more, 1 is the largest face", self.face)
        _require(self.fps is None or 0.0 < self.fps < math.inf, "fps", "above 0", self.fps)
        self._check_range()

    def _check_tolerance(self) -> None:
        if self.tolerance is not None:
            held = 0.0 < self.tolerance < 1.0 or (self.tolerance == 0.0 and self.keys == "exact")
            _require(held, "tolerance", "above 0 and below 1, 0.005 for 0.5 %", self.tolerance)

    def _check_intensity(self) -> None:
        drawn = self.intensity == DRAW_INTENSITY
        wanted = drawn or (not isinstance(self.intensity, str) and 0.0 <= self.intensity <= 1.0)
        _require(wanted, "intensity", f"a number from 0 to 1 or '{DRAW_INTENSITY}'", self.intensity)

    def _check_range(self) -> None:
        for name, value in (("start", self.start), ("end", self.end)):
            _require(value is None or 0.0 <= value < math.inf, name, "0 s or later", value)
        if self.end is not None:
            _require(self.end > (self.start or 0.0), "end", "later than start", self.end)
        if self.neutral is not None:
            first, last = self.neutral
            _require(0.0 <= first < last < math.inf, "neutral", "two rising times in seconds", list(self.neutral))

    def resolved(self) -> dict[str, Any]:
        """Every setting as a JSON value; paths are shortened to file names, since a take travels and a path does not.

        What such a file held is said by its digest, in the take's provenance.
        """
        values: dict[str, Any] = {name: _portable(value) for name, value in asdict(self).items()}
        values["rig"] = Path(self.rig).name
        values["weights"] = None if self.weights is None else Path(self.weights).name
        return values


def resolve_config(file: Path | None, arguments: Mapping[str, Any]) -> ConvertConfig:
    """Defaults, then the TOML ``file``, then those ``arguments`` that are not None. Raises InputError."""
    values = read_config(file) if file is not None else {}
    values.update({name: value for name, value in arguments.items() if value is not None})
    return ConvertConfig(**{name: _typed(name, value) for name, value in values.items()})


def read_config(file: Path) -> dict[str, Any]:
    """The settings in a TOML file, checked by name only. Raises InputError for an unreadable file or unknown key.

    ``rig`` and ``weights`` that are files are found relative to the TOML file, wherever the command runs.
    """
    try:
        values = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{file}: cannot be read ({error.strerror}); check the path given to --config.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{file}: is not valid TOML ({error}).") from error
    for key in values:
        if key not in _FIELDS:
            raise InputError(f"{file}: unknown setting '{key}'; {suggest(key, _FIELDS)}")
    for key in ("rig", "weights"):
        if isinstance(values.get(key), str) and (beside := file.parent / values[key]).is_file():
            values[key] = str(beside)
    return values


def suggest(word: str, known: Iterable[str]) -> str:
    """The end of an error sentence: the closest known word, or all of them."""
    names = list(known)
    close = difflib.get_close_matches(word, names, n=1)
    return f"did you mean '{close[0]}'?" if close else f"known are: {', '.join(names)}."


_FIELDS: tuple[str, ...] = tuple(item.name for item in fields(ConvertConfig))
_NUMBERS = frozenset({"tolerance", "gain", "start", "end", "fps"})
_WHOLE = frozenset({"seed", "face"})


def _typed(name: str, value: Any) -> Any:
    """One setting in its field's type, however TOML or the command line spelled it."""
    if name == "format":
        return _format_names(value)
    if name == "intensity":
        return value if value == DRAW_INTENSITY else _number(name, value)
    if name == "neutral":
        return _span(name, value)
    if name in _NUMBERS:
        return _number(name, value)
    expected: type = int if name in _WHOLE else bool if name == "exhaustive" else str
    if not isinstance(value, expected) or (expected is int and isinstance(value, bool)):
        words = {int: "a whole number", bool: "true or false", str: "a text"}[expected]
        raise InputError(f"{name}: expected {words}, got {value!r}.")
    return value


def _number(name: str, value: Any) -> float:
    try:
        if isinstance(value, bool):
            raise TypeError
        number = float(value)
    except (TypeError, ValueError):
        also = f" or '{DRAW_INTENSITY}'" if name == "intensity" else ""
        raise InputError(f"{name}: expected a number{also}, got {value!r}.") from None
    return number


def _span(name: str, value: Any) -> tuple[float, float]:
    if not isinstance(value, list | tuple) or len(value) != 2:
        raise InputError(f"{name}: expected two times in seconds, got {value!r}.")
    return _number(name, value[0]), _number(name, value[1])


def _format_names(value: Any) -> tuple[str, ...]:
    """Names from a list or from words with commas; each once, order kept."""
    parts = [value] if isinstance(value, str) else value
    if not isinstance(parts, list | tuple) or not all(isinstance(part, str) for part in parts):
        raise InputError(f"format: expected a list of names, got {value!r}.")
    names = [name.strip() for part in parts for name in part.split(",")]
    if names and not any(names):
        raise InputError("format: names none; leave it out for the usual ones, or give 'take' for take.json alone.")
    return tuple(dict.fromkeys(name for name in names if name))


def _portable(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _require(holds: bool, name: str, expected: str, got: Any) -> None:
    if not holds:
        raise InputError(f"{name}: expected {expected}, got {got!r}.")


def _require_choice(name: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise InputError(f"{name}: '{value}' is not known; {suggest(value, choices)}")
