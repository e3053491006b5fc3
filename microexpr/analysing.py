"""What the bridge calls to convert a video: the pipeline, an editor's wishes over the server's settings."""

# ruff: noqa: PLC0415  # imports inside functions: a server that never converts a video needs no torch

from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from curves.errors import InputError
from curves.values import Take
from microexpr.config import ConvertConfig

if TYPE_CHECKING:
    from recognizer.analysis import Model
    from unreal_bridge.services.analysis import Analyse, Progress
    from unreal_bridge.wishes import Wish


def analysis_function(config: ConvertConfig) -> "Analyse":
    """The function for ``AnalysisSettings``; the model is loaded at the first video. Raises InputError."""
    if config.weights is not None and not Path(config.weights).is_file():
        raise InputError(f"weights: {config.weights} is no file; check the path in the configuration.")

    @cache
    def model() -> "Model":
        from recognizer.analysis import load_model

        return load_model(None if config.weights is None else Path(config.weights))

    def analyse(video: Path, wish: "Wish", progress: "Progress") -> Take:
        from microexpr import pipeline

        return pipeline.convert(video, model(), wished(config, wish), progress)

    return analyse


def wished(config: ConvertConfig, wish: "Wish") -> ConvertConfig:
    """The settings with those that the wish names. Raises InputError."""
    names = {
        "rig": wish.rig,
        "emotion": None if wish.emotion is None else wish.emotion.value,
        "intensity": wish.intensity,
        "keys": wish.keys,
        "tolerance": wish.tolerance,
    }
    return replace(config, **{name: value for name, value in names.items() if value is not None})  # type: ignore[arg-type]
