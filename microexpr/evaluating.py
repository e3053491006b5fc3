"""``microexpr evaluate``: a config run through a protocol, or figures of predictions and motions that exist already."""

# ruff: noqa: PLC0415, PLR0917  # an option is a parameter; torch and matplotlib are imported after the first look at the arguments

import sys
from collections.abc import Mapping, Sequence
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from curves.errors import InputError
from microexpr.evaluation_config import ALL_AUS, NO_AUS, EvaluateConfig, read_evaluate_config

if TYPE_CHECKING:
    from recognizer.protocols import Protocol
    from recognizer.results import Resampling
    from recognizer.samples import Sample


def register(app: typer.Typer) -> None:
    """Adds ``evaluate`` and ``samples`` to the command line."""
    app.command()(evaluate)
    app.command("samples")(render_samples)


def evaluate(
    config: Annotated[Path | None, typer.Argument(help="TOML file: data, protocol, systems, ...")] = None,
    out: Annotated[Path | None, typer.Option(help="Folder for results [CONFIG's name + -results].")] = None,
    predictions: Annotated[
        Path | None, typer.Option(help="CSV with clip, subject, y_true, y_pred: figures of these.")
    ] = None,
    motion: Annotated[
        Path | None, typer.Option(help="CSV with clip, flow_real, flow_generated: motion ratios (MMR).")
    ] = None,
) -> None:
    """Evaluate systems by a protocol without leakage; goes on where it was broken off.

    With --predictions or --motion: figures of what you have already.
    """
    if sum(one is not None for one in (config, predictions, motion)) != 1:
        raise InputError("Give exactly one of: a CONFIG file, --predictions FILE, --motion FILE.")
    if config is not None:
        _evaluate_config(config, out or Path(f"{config.stem}-results"))
    elif predictions is not None:
        from microexpr.evaluating_tables import evaluate_predictions

        evaluate_predictions(predictions, out)
    elif motion is not None:
        from microexpr.evaluating_tables import evaluate_motion

        raise typer.Exit(evaluate_motion(motion, out))


def render_samples(
    kit: Annotated[Path, typer.Argument(help="Folder of ICT-FaceKit.")],
    out: Annotated[Path, typer.Argument(help="Folder for the samples.")],
    clips: Annotated[int, typer.Option(min=1, help="How many.")] = 1200,
    people: Annotated[int, typer.Option(min=1, help="Who play them.")] = 300,
    seed: Annotated[int, typer.Option(min=0, help="Decides who they are and what they do.")] = 1,
    workers: Annotated[int, typer.Option(min=1, help="Processes.")] = 1,
) -> None:
    """Render the synthetic benchmark: labelled clips of people drawn anew, resumable."""
    from microexpr.progress import progress_bar
    from recognizer.synthetic.labelled import SampleSettings, record_samples

    if people > clips:
        raise InputError(f"--people {people} is more than --clips {clips}: each plays at least one.")
    settings = SampleSettings(clips, people, seed, workers)
    with progress_bar() as bar:
        report = bar.report("samples")
        made = record_samples(kit, out, settings, lambda done, total: report("render", done, total))
    typer.echo(f"{made} samples (synthetic) in {out}")
    if made < clips:
        typer.echo(f"note: in {clips - made} clips the face could not be followed; they are left out.")


def _evaluate_config(file: Path, out: Path) -> None:
    asked = read_evaluate_config(file)
    from microexpr.evaluation_report import Report, write_report
    from recognizer.results import Resampling

    resampling = Resampling(draws=asked.draws)
    report = Report(command=f"microexpr evaluate {file} --out {out}", resampling=resampling)
    if asked.systems:
        _recognise(asked, out, report)
    if asked.spotters:
        _spot(asked, out, report, resampling)
    for line in write_report(report, out):
        typer.echo(line)


def _tell(line: str) -> None:
    sys.stderr.write(line + "\n")
    sys.stderr.flush()


def _tell_of(name: str, line: str) -> None:
    _tell(f"{name} {line}")


def _recognise(asked: EvaluateConfig, out: Path, report: Any) -> None:
    from recognizer.evaluation import EvaluationSettings, check_names, evaluate
    from recognizer.labelling import frequent_aus, label_samples
    from recognizer.protocols import load_class_map
    from recognizer.systems import FitSettings

    classes, protocol = load_class_map(asked.classes), _protocol(asked)
    check_names(asked.systems, asked.init)  # what is mistyped is told before faces are looked at for hours
    samples, lost = _samples(asked, out)
    aus = frequent_aus(samples) if asked.aus == ALL_AUS else () if asked.aus == NO_AUS else asked.aus
    fit = FitSettings(
        epochs=asked.epochs, width=asked.width, batch_size=asked.batch_size, learning_rate=asked.learning_rate,
        device=asked.device, init=asked.init, generated_weight=asked.generated_weight,
    )  # fmt: skip
    data = label_samples(samples, classes, tuple(int(au) for au in aus), lost=lost)
    for reason, count in data.left_out.items():
        _tell(f"left out {count}: {reason}")
    settings = EvaluationSettings(
        asked.systems, classes, protocol, asked.seeds, data.task.aus, fit, asked.generated, asked.workers
    )
    report.add_recognition(evaluate(data, settings, out, progress=_tell), settings, asked.name)


def _protocol(asked: EvaluateConfig, kind: str = "") -> "Protocol":
    from recognizer.protocols import Kind, Protocol

    kind = kind or asked.protocol
    if kind not in list(Kind):
        raise InputError(f"protocol: '{kind}' is not known; known are: {', '.join(Kind)}.")
    try:
        return Protocol(
            Kind(kind), asked.folds, asked.test_share, asked.validation_share, asked.train_sets, asked.test_sets,
            asked.split_seed,
        )  # fmt: skip
    except ValueError as error:
        raise InputError(f"{error}.") from error


def _samples(asked: EvaluateConfig, out: Path) -> "tuple[list[Sample], dict[str, int]]":
    """Prepared samples of all folders; and how many labelled rows gave none, by reason."""
    from recognizer.samples import load_sample

    samples: list[Sample] = []
    lost: dict[str, int] = {}
    for folder, name in zip(asked.data, asked.set or ("",) * len(asked.data), strict=True):
        if not folder.is_dir():
            raise InputError(f"{folder} is no folder: check the key 'data'.")
        files = sorted(folder.glob("*.safetensors"))
        if files and not name:
            _tell(f"{folder}: {len(files)} prepared samples")
            samples += [load_sample(file) for file in files]
        else:
            samples += _prepared(folder, name, asked.cache or out / "prepared", asked.workers, lost)
    return samples, lost


def _prepared(folder: Path, name: str, cache: Path, workers: int, lost: dict[str, int]) -> "list[Sample]":
    """Samples of a licensed set, prepared into ``cache`` or found there. InputError: no set, or several and no name."""
    from microexpr.progress import progress_bar
    from recognizer.datasets import READERS, read_datasets
    from recognizer.evaluation import cores
    from recognizer.preparing import prepare

    found = read_datasets(folder, name if name in READERS else None)
    chosen = [dataset for dataset in found if dataset.name == name] if name else found
    if len(chosen) != 1:
        names = ", ".join(dataset.name for dataset in found)
        raise InputError(f"{folder} holds the sets {names}: say which one with the key 'set'.")
    with progress_bar() as bar:
        report = bar.report(str(folder))
        told = partial(report, "prepare")
        prepared = prepare(chosen[0], cache, told, workers=workers or cores())
    for reason, problems in (("unusable in the set", chosen[0].problems), ("not prepared", prepared.problems)):
        if problems:
            lost[f"{chosen[0].name}: {reason} ('microexpr datasets check' tells)"] = len(problems)
    return prepared.samples


def _spot(asked: EvaluateConfig, out: Path, report: Any, resampling: "Resampling") -> None:
    from dataclasses import replace

    from recognizer.evaluation import FOLDS
    from recognizer.spot_evaluation import evaluate_spotter
    from recognizer.windows import load_clips

    known: Mapping[str, Any] = import_module("recognizer.spotters.registry").SPOTTERS
    _require_known("spotter", asked.spotters, known)
    clips = load_clips(asked.clips or Path())
    protocol = replace(_protocol(asked, asked.spot_protocol), test_share=asked.spot_test_share)
    for name in asked.spotters:
        tell = partial(_tell_of, name)
        run = evaluate_spotter(
            name, known[name], clips, protocol, asked.seeds, resampling=resampling, keep=out / FOLDS, progress=tell
        )
        report.add_spotting(name, run, clips, protocol)


def _require_known(kind: str, names: Sequence[str], known: Mapping[str, Any]) -> None:
    for name in names:
        if name not in known:
            raise InputError(f"There is no {kind} {name!r}; known are {', '.join(sorted(known))}.")
