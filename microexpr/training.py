"""``microexpr train``: a recipe to weights: render clips, train, choose thresholds on people held out."""

# ruff: noqa: PLC0415  # torch is imported after the first look at the arguments: wrong use must be told at once

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from curves.errors import InputError
from microexpr.progress import ProgressBar, progress_bar

if TYPE_CHECKING:
    from recognizer.training import TrainingConfig, TrainingProgress


def run_training(recipe: Path, *, clips: Path, out: Path, facekit: Path | None = None, resume: bool = False) -> None:
    """Trains and tells one line an epoch. With ``facekit``, renders the recipe's clips that ``clips`` lacks first.

    Raises InputError: no such recipe; a training lies in ``out`` and ``resume`` is not set, or the other way round.
    """
    if not recipe.is_file():
        raise InputError(f"The training recipe {recipe} is no file; give a TOML file.")

    from recognizer.synthetic.record import record_clips
    from recognizer.training import CHECKPOINT, load_training_config

    config = load_training_config(recipe)
    refuse_other_training(out / CHECKPOINT, resume=resume)
    with progress_bar() as bar:
        if facekit is not None:
            report = bar.report("clips")
            record_clips(facekit, clips, config.clips, lambda done, total: report("render", done, total))
        _train(config, clips, out, bar, recipe.stem)


def refuse_other_training(checkpoint: Path, *, resume: bool) -> None:
    """InputError where a training lies and ``resume`` is not set, or the other way round."""
    begun = checkpoint.is_file()
    if begun and not resume:
        raise InputError(
            f"{checkpoint.parent} holds a training already; go on with --resume or name another --out folder."
        )
    if resume and not begun:
        raise InputError(f"{checkpoint.parent} holds no training to go on with; leave out --resume.")


def _train(config: "TrainingConfig", clips: Path, out: Path, bar: ProgressBar, name: str) -> None:
    from recognizer.calibration import calibrate
    from recognizer.model import load_model
    from recognizer.training import held_out_clips, save_calibrated, train

    report = bar.report(name)

    def tell(state: "TrainingProgress") -> None:
        report(f"epoch {state.epoch}/{state.epochs}", state.step, state.steps)
        if state.figures is not None:
            bar.write(state.line(), sys.stdout)

    result = train(config, clips, out, tell)
    model = load_model(result.weights)
    thresholds, figures = calibrate(
        model, held_out_clips(config, clips), lambda done, total: report("thresholds", done, total)
    )
    digest = save_calibrated(result.weights, thresholds, figures, half=config.half)
    bar.write(f"spotting F1 {figures['spotting_f1']:.3f} on people held out (synthetic)", sys.stdout)
    bar.write(f"wrote {result.weights} (epoch {result.best_epoch}, SHA-256 {digest})", sys.stdout)
