"""``microexpr convert``: joins the plan, the model, the pipeline and the report of a run.

What needs torch or scipy is imported when the first video needs it: wrong use must be told at once.
"""

# ruff: noqa: PLC0415  # imports inside functions: see above

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from curves.errors import InputError, MicroExprError
from curves.formats import FORMATS, Format
from curves.rigs import load_rig
from curves.values import Take
from microexpr import batch, report
from microexpr.config import ConvertConfig, suggest
from microexpr.progress import ProgressBar, progress_bar

#: Hears of a take: its file and what is in it.
Deliver = Callable[[Path, Take], None]

if TYPE_CHECKING:
    from recognizer.analysis import Model


def convert_inputs(
    inputs: Sequence[Path],
    out: Path,
    config: ConvertConfig,
    *,
    overwrite: bool = False,
    as_json: bool = False,
    deliver: Deliver | None = None,
) -> int:
    """Converts everything, tells about each input as it is done, and returns the exit code. Raises MicroExprError.

    ``deliver`` hears of each take that is there, converted now or before; what it raises is that input's failure.
    """
    check_outputs(config)
    weights = _weights_file(config)
    batch.check_writable(out)
    jobs = batch.plan(inputs, out)

    @cache
    def model() -> "Model":
        from recognizer.analysis import load_model

        return load_model(weights)

    def work_with(bar: ProgressBar) -> batch.Work:
        work = batch_work(model, config, bar, overwrite=overwrite, resume=not batch.is_single(inputs))
        if any(batch.known_problem(job, work) is None for job in jobs):
            model()  # before the first video: weights that cannot be used are one error, not one for each video
        return work

    return run_jobs(jobs, work_with, as_json=as_json, deliver=deliver)


def _weights_file(config: ConvertConfig) -> Path | None:
    if config.weights is not None and not Path(config.weights).is_file():
        raise InputError(f"weights: {config.weights} is no file; check the path given to --weights.")
    return None if config.weights is None else Path(config.weights)


def check_outputs(config: ConvertConfig) -> None:
    """Says before the first video, not after it, that the rig, a format or both together cannot be. InputError."""
    rig = load_rig(config.rig)
    for writer in writers_of(config):
        writer.check_controls(rig.controls)


def run_jobs(
    jobs: Sequence[batch.Job],
    work_with: Callable[[ProgressBar], batch.Work],
    *,
    as_json: bool = False,
    deliver: Deliver | None = None,
) -> int:
    """Runs the jobs with a progress bar, tells about each, returns the exit code."""
    outcomes: list[batch.Outcome] = []
    with progress_bar() as bar:
        for done in batch.run(jobs, work_with(bar)):
            outcome = done if deliver is None else _delivered(done, deliver)
            outcomes.append(outcome)
            _tell(outcome, bar, as_json=as_json, position=(len(outcomes), len(jobs)))
    code = batch.exit_code(outcomes)
    if as_json:
        sys.stdout.write(json.dumps(report.document(outcomes, code), indent=2, allow_nan=False) + "\n")
    elif len(outcomes) > 1:
        statuses = [outcome.status for outcome in outcomes]
        words = [f"{statuses.count(status)} {status}" for status in ("converted", "skipped", "failed")]
        sys.stdout.write(", ".join(words) + "\n")
    return code


def _delivered(outcome: batch.Outcome, deliver: Deliver) -> batch.Outcome:
    if outcome.take is None:
        return outcome
    try:
        deliver(outcome.job.take_path, outcome.take)
    except MicroExprError as error:
        return replace(outcome, status="failed", error=f"{outcome.job.source}: converted, but not pushed: {error}")
    return outcome


def batch_work(
    model: Callable[[], "Model"],
    config: ConvertConfig,
    bar: ProgressBar,
    *,
    overwrite: bool = False,
    resume: bool = False,
) -> batch.Work:
    """What a run does with each source: the pipeline with these settings and the model, asked for when it is needed."""

    def convert(path: Path) -> Take:
        from microexpr import pipeline

        return pipeline.convert(path, model(), config, bar.report(path.name))

    def identity(path: Path) -> dict[str, Any]:
        from microexpr import pipeline

        return pipeline.identity(path, model(), config)

    return batch.Work(convert, identity, formats=writers_of(config), overwrite=overwrite, resume=resume)


def writers_of(config: ConvertConfig) -> tuple[Format, ...]:
    """The formats named in the settings. Raises InputError with the closest name."""
    for name in config.format:
        if name not in FORMATS:
            raise InputError(f"format: '{name}' is not known; {suggest(name, FORMATS)}")
    return tuple(FORMATS[name] for name in config.format)


def _tell(outcome: batch.Outcome, bar: ProgressBar, *, as_json: bool, position: tuple[int, int]) -> None:
    if outcome.status == "failed":
        bar.write(f"error: {outcome.error}", sys.stderr)
    elif not as_json:
        done, total = position
        bar.write((f"[{done}/{total}] " if total > 1 else "") + report.summary(outcome), sys.stdout)
