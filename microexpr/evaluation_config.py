"""What ``microexpr evaluate`` is asked to do: a TOML file as one frozen value; unknown keys fail."""

import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints

from curves.errors import InputError
from microexpr.config import suggest

NO_AUS, ALL_AUS = "none", "auto"
_LEAST = {"epochs": 1, "width": 1, "batch_size": 1, "draws": 1, "workers": 0, "split_seed": 0, "generated": 0}
_LARGEST_SEED = 2**32 - 1


@dataclass(frozen=True, slots=True)
class EvaluateConfig:
    """Keys of the file. Paths are relative to it.

    Recognition:
        data: folders, each of prepared samples or of a licensed set. set: names of the licensed sets in ``data``, in
            its order ("" where prepared samples lie); left out: recognised by themselves. cache: folder for samples
            prepared from licensed sets. name: what results call the data.
        protocol: loso, kfold, split or cross; folds, test_share, validation_share, train_sets, test_sets, split_seed:
            see ``recognizer.protocols.Protocol``.
        classes: a shipped class map or a file. aus: "none", "auto" (those of ten samples or more) or a list.
        systems: names; seeds: of the systems; epochs, width, batch_size, learning_rate, init, generated_weight: see
            ``recognizer.systems.FitSettings``. generated: clips made from pairs of the training part for each real
            one (docs/generated-data.md). device: auto, cpu or cuda. workers: folds at a time, 0: one a core.
    Spotting:
        spotters: names. clips: folder of motion clips. spot_protocol: split, kfold or loso. spot_test_share: of split,
            the part of the people who are tested.
    draws: resamplings behind the intervals.
    """

    data: tuple[Path, ...] = ()
    set: tuple[str, ...] = ()
    cache: Path | None = None
    name: str = ""
    protocol: str = "loso"
    folds: int = 5
    test_share: float = 0.25
    validation_share: float = 0.2
    train_sets: tuple[str, ...] = ()
    test_sets: tuple[str, ...] = ()
    split_seed: int = 0
    classes: str = "synthetic"
    aus: str | tuple[int, ...] = NO_AUS
    systems: tuple[str, ...] = ()
    seeds: tuple[int, ...] = (0,)
    epochs: int = 30
    width: int = 16
    batch_size: int = 32
    learning_rate: float = 1e-3
    init: Path | None = None
    generated: float = 0.0
    generated_weight: float = 0.5
    device: str = "auto"
    workers: int = 0
    spotters: tuple[str, ...] = ()
    clips: Path | None = None
    spot_protocol: str = "split"
    spot_test_share: float = 0.3
    draws: int = 2000

    def __post_init__(self) -> None:
        if not self.systems and not self.spotters:
            raise InputError(
                "The config names nothing to evaluate: give 'systems' with 'data', or 'spotters' with 'clips'."
            )
        if bool(self.systems) != bool(self.data):
            raise InputError("The keys 'systems' and 'data' go together: give both or neither.")
        if bool(self.spotters) != (self.clips is not None):
            raise InputError("The keys 'spotters' and 'clips' go together: give both or neither.")
        if self.set and len(self.set) != len(self.data):
            raise InputError(
                f"'set' names {len(self.set)} sets and 'data' {len(self.data)} folders: give one for each."
            )
        for key in ("systems", "seeds", "spotters"):
            if len(dict.fromkeys(getattr(self, key))) != len(getattr(self, key)):
                raise InputError(f"{key}: expected each once, got {list(getattr(self, key))}.")
        if not self.seeds or not 0 <= min(self.seeds) <= max(self.seeds) <= _LARGEST_SEED:
            raise InputError(f"seeds: expected at least one number, each from 0 to {_LARGEST_SEED}.")
        self._check_training()
        for key, least in _LEAST.items():
            if getattr(self, key) < least:
                raise InputError(f"{key}: expected {least} or more, got {getattr(self, key)}.")
        if self.device not in ("auto", "cpu", "cuda"):
            raise InputError(f"device: '{self.device}' is not known; {suggest(self.device, ('auto', 'cpu', 'cuda'))}")
        if self.spot_protocol not in ("split", "kfold", "loso"):
            raise InputError(f"spot_protocol: '{self.spot_protocol}' is not known; known are: split, kfold, loso.")
        if isinstance(self.aus, str) and self.aus not in (NO_AUS, ALL_AUS):
            raise InputError(f"aus: expected '{NO_AUS}', '{ALL_AUS}' or a list of numbers, got {self.aus!r}.")

    def _check_training(self) -> None:
        if not 0.0 < self.learning_rate <= 1.0:
            raise InputError(f"learning_rate: expected above 0, at most 1, got {self.learning_rate}.")
        if not 0.0 <= self.generated_weight < math.inf:
            raise InputError(f"generated_weight: expected 0 or more, got {self.generated_weight}.")
        if self.init is not None and not self.init.is_file():
            raise InputError(f"init: {self.init} is no file; give weights to start from, or leave the key out.")


_KEYS = tuple(item.name for item in fields(EvaluateConfig))
_HINTS = get_type_hints(EvaluateConfig)


def read_evaluate_config(file: Path) -> EvaluateConfig:
    """Raises InputError: no such file, not TOML, an unknown key, a value of another type or out of its range."""
    try:
        values = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{file}: cannot be read ({error.strerror}); give the TOML file of an evaluation.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{file}: is not valid TOML ({error}).") from error
    for key in values:
        if key not in _KEYS:
            raise InputError(f"{file}: unknown key '{key}'; known are: {', '.join(_KEYS)}.")
    config = _built(file, values)
    beside = file.parent / config.classes
    return _replaced(config, classes=str(beside)) if config.classes.endswith(".toml") else config


def _built(file: Path, values: Mapping[str, Any]) -> EvaluateConfig:
    try:
        return EvaluateConfig(**{key: _typed(key, value, file.parent) for key, value in values.items()})
    except InputError as error:
        raise InputError(f"{file}: {error}") from error


def _replaced(config: EvaluateConfig, **changes: Any) -> EvaluateConfig:
    return EvaluateConfig(**{key: getattr(config, key) for key in _KEYS} | changes)


def _typed(key: str, value: Any, folder: Path) -> Any:
    """A value of the file in the type of its field; a single value stands for a list of one."""
    wanted = _HINTS[key]
    choices = get_args(wanted) if isinstance(wanted, UnionType) else (wanted,)
    for choice in choices:
        if get_origin(choice) is tuple:
            inner = get_args(choice)[0]
            parts = value if isinstance(value, list) else [value]
            if all(_fits(part, inner) for part in parts):
                return tuple(_as(part, inner, folder) for part in parts)
        elif choice is not type(None) and _fits(value, choice):
            return _as(value, choice, folder)
    words = {int: "a whole number", float: "a number", str: "a text", Path: "a path"}
    inner = get_args(choices[-1])[0] if get_origin(choices[-1]) is tuple else choices[0]
    listed = "a list of " if get_origin(choices[-1]) is tuple else ""
    raise InputError(
        f"{key}: expected {listed}{words[inner].removeprefix('a ') + 's' if listed else words[inner]}, got {value!r}."
    )


def _fits(value: Any, kind: type) -> bool:
    if isinstance(value, bool):
        return False
    accepted: dict[type, tuple[type, ...]] = {Path: (str,), float: (int, float)}
    return isinstance(value, accepted.get(kind, (kind,)))


def _as(value: Any, kind: type, folder: Path) -> Any:
    return folder / value if kind is Path else kind(value)
