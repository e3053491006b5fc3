"""``microexpr train``: a recipe and a folder of clips to weights."""

import sys
from pathlib import Path

from curves.errors import InputError
from microexpr.progress import progress_bar
from recognizer.training import CHECKPOINT, TrainingProgress, load_training_config, train


def run_training(recipe: Path, *, clips: Path, out: Path, resume: bool = False) -> None:
    """Trains and tells one line an epoch. Raises InputError: a training lies in ``out`` and ``resume`` is not set."""
    config = load_training_config(recipe)
    begun = (out / CHECKPOINT).is_file()
    if begun and not resume:
        raise InputError(f"{out} holds a training already; go on with --resume or name another --out folder.")
    if resume and not begun:
        raise InputError(f"{out} holds no training to go on with; leave out --resume.")
    with progress_bar() as bar:
        report = bar.report(recipe.stem)

        def tell(state: TrainingProgress) -> None:
            report(f"epoch {state.epoch}/{state.epochs}", state.step, state.steps)
            if state.figures is not None:
                bar.write(state.line(), sys.stdout)

        result = train(config, clips, out, tell)
    sys.stdout.write(f"wrote {result.weights} (epoch {result.best_epoch}, SHA-256 {result.sha256})\n")
