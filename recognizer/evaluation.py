"""Systems through a protocol: every system, seed and fold by the same rules, each fold kept on disk when it is done.

What a test subject could give away does not reach a system: it is trained on the training part, chooses by the
validation part, and names test samples that are blind (``Sample.blind``) and in an order that tells nothing.
"""

import hashlib
import json
import os
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from importlib import import_module
from mmap import mmap
from multiprocessing.reduction import ForkingPickler
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from curves.errors import InputError, MicroExprError
from recognizer.digests import file_sha256
from recognizer.labelling import LabelledData
from recognizer.processes import in_processes
from recognizer.protocols import ClassMap, Fold, Protocol, make_folds
from recognizer.samples import Sample
from recognizer.systems import Example, FitSettings, Need, Prediction, System, Task
from recognizer.transfer import generated_examples

RUN = "run.json"
FOLDS = "folds"
Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class EvaluationSettings:
    """``systems``: names in the registry. ``seeds``: of the systems; the protocol has its own. ``aus``: those to be
    named. ``generated``: clips made from pairs of a fold's training part (``recognizer.transfer``), for each real one.
    ``workers``: folds at a time; 0: a process a core, or one where there is a GPU."""

    systems: tuple[str, ...]
    classes: ClassMap
    protocol: Protocol = field(default_factory=Protocol)
    seeds: tuple[int, ...] = (0,)
    aus: tuple[int, ...] = ()
    fit: FitSettings = field(default_factory=FitSettings)
    generated: float = 0.0
    workers: int = 0

    def __post_init__(self) -> None:
        if self.generated < 0.0:
            raise ValueError(f"generated: expected 0 or more, got {self.generated}")


@dataclass(frozen=True, slots=True)
class Job:
    """One system, one seed, one fold."""

    system: str
    seed: int
    fold: Fold

    @property
    def name(self) -> str:
        return f"{self.system}-seed{self.seed}-{self.fold.name}"


@dataclass(frozen=True, slots=True, eq=False)
class Evaluation:
    """``folds``: one dict for each job, as its file holds it. ``config``: what was asked, JSON values."""

    data: LabelledData
    config: Mapping[str, Any]
    folds: tuple[Mapping[str, Any], ...]


def evaluate(
    data: LabelledData,
    settings: EvaluationSettings,
    out: Path,
    *,
    systems: Mapping[str, System] | None = None,
    progress: Progress = lambda _: None,
) -> Evaluation:
    """Runs what ``out`` does not hold yet; an evaluation that was broken off goes on at the fold.

    ``systems``: the registry, ``recognizer.systems.registry.SYSTEMS`` by default. More systems and seeds may be added
    to what ``out`` holds; another protocol, other data or another way of training may not. Raises InputError (that; an
    unknown system; samples that lack what a system reads; too few subjects), and what a system raises.
    """
    known = registry(systems)
    check_names(settings.systems, settings.fit.init, systems=systems)
    _check_systems(data, settings.systems, known)
    folds = make_folds(data.subjects, [one.label for one in data.examples], settings.protocol, sets=data.sets)
    config = _config(data, settings)
    _claim(out, config)
    jobs = [Job(name, seed, fold) for name in settings.systems for seed in settings.seeds for fold in folds]
    missing = [job for job in jobs if not _is_done(out, job)]
    if len(missing) < len(jobs):
        progress(f"{len(jobs) - len(missing)} of {len(jobs)} folds were done before")
    workers = _workers(settings, len(missing))
    fit = replace(settings.fit, threads=1) if workers > 1 else settings.fit
    slim = _slim(data, [known[name] for name in settings.systems], keep=settings.generated > 0)
    state = _State(slim, data.task, fit, settings.generated, systems)
    with closing(_results(state, missing, workers, progress)) as results:
        for done, (job, result) in enumerate(results, len(jobs) - len(missing) + 1):
            write_json(_fold_path(out, job), result)
            hits = float(np.mean([row["y_true"] == row["y_pred"] for row in result["rows"]]))
            progress(f"fold {done}/{len(jobs)} {job.name}: accuracy {hits:.2f}, {result['seconds']:.0f} s")
    return Evaluation(data, config, tuple(_read_fold(out, job) for job in jobs))


def registry(systems: Mapping[str, System] | None = None) -> Mapping[str, System]:
    """``systems``, or those that ship."""
    if systems is not None:
        return systems
    shipped: Mapping[str, System] = import_module("recognizer.systems.registry").SYSTEMS  # the networks: late
    return shipped


def check_names(names: Sequence[str], init: Path | None = None, *, systems: Mapping[str, System] | None = None) -> None:
    """InputError: a name that no system has, or weights to start from that none of those named would read."""
    known = registry(systems)
    for name in names:
        if name not in known:
            raise InputError(f"There is no system {name!r}; known are {', '.join(sorted(known))}.")
    if init is not None and not any(getattr(known[name], "reads_init", False) for name in names):
        reading = [name for name, one in known.items() if getattr(one, "reads_init", False)]
        raise InputError(
            f"No system that is asked for starts from weights ({init.name}): leave 'init' out, or add "
            f"{' or '.join(reading)}."
        )


def _check_systems(data: LabelledData, names: Sequence[str], known: Mapping[str, System]) -> None:
    for name in names:
        for need in known[name].needs:
            lacking = [one.sample.clip for one in data.examples if not _has(one.sample, need)]
            if lacking:
                raise InputError(
                    f"The system {name} reads {need.value}, which {len(lacking)} of {len(data.examples)} samples lack "
                    f"({lacking[0]}, ...): leave the system out, or take data that has it."
                )


def _has(sample: Sample, need: Need) -> bool:
    if need is Need.ONSET_APEX:
        return sample.onset_apex is not None or sample.flow is not None
    return getattr(sample, need.value) is not None


def _slim(data: LabelledData, systems: Sequence[System], *, keep: bool) -> tuple[Example, ...]:
    """The examples without the arrays that no system reads: each process holds them all. ``keep``: with all of them,
    since motion is carried from face to face by both."""
    if keep:
        return tuple(data.examples)
    needs = frozenset(need for system in systems for need in system.needs)
    unread: dict[str, Any] = {}
    if Need.CROPS not in needs:
        unread["crops"] = None
    if not needs & {Need.FLOW, Need.ONSET_APEX}:
        unread["flow"] = None
    return tuple(one._replace(sample=replace(one.sample, **unread)) for one in data.examples)


@dataclass(frozen=True, slots=True, eq=False)
class _State:
    """What a process works with."""

    examples: tuple[Example, ...]
    task: Task
    fit: FitSettings
    generated: float
    systems: Mapping[str, System] | None


def run_fold(
    system: System,
    examples: Sequence[Example],
    fold: Fold,
    task: Task,
    fit: FitSettings,
    *,
    generated: float = 0.0,
    progress: Progress = lambda _: None,
) -> tuple[Prediction, dict[str, Any]]:
    """Trains and tests once: (prediction of ``fold.test`` in its order, what the validation part chose).

    Generated clips come from pairs of the training part alone, so no subject crosses. ValueError: the system's answer
    has another shape, or numbers that are none.
    """
    train, validation = ([examples[i] for i in part] for part in (fold.train, fold.validation))
    if generated:
        crops = Need.CROPS in system.needs
        train += generated_examples(train, round(generated * len(train)), fit.seed, crops=crops, progress=progress)
    fitted = system.fit(train, validation, task, fit, progress)
    # Sets list their clips by subject and class: the order in which they are asked must not tell either.
    order = np.random.default_rng([fit.seed, len(fold.test)]).permutation(len(fold.test))
    answer = fitted.predict([examples[fold.test[i]].sample.blind() for i in order])
    back = np.argsort(order)
    expected = (len(fold.test), len(task.classes))
    classes = np.asarray(answer.classes, np.float64)
    if classes.shape != expected or not np.isfinite(classes).all():
        raise ValueError(f"prediction: expected finite probabilities of shape {expected}, got {classes.shape}")
    named = None if answer.aus is None or not task.aus else np.asarray(answer.aus, bool)
    if named is not None and named.shape != (len(fold.test), len(task.aus)):
        raise ValueError(f"prediction of AUs: expected shape {(len(fold.test), len(task.aus))}, got {named.shape}")
    return Prediction(classes[back], None if named is None else named[back]), dict(fitted.chosen)


def _do(state: _State, job: Job, progress: Progress) -> dict[str, Any]:
    began = time.monotonic()
    fit = replace(state.fit, seed=job.seed)
    system = registry(state.systems)[job.system]
    prediction, chosen = run_fold(
        system, state.examples, job.fold, state.task, fit, generated=state.generated, progress=progress
    )
    rows = []
    for k, i in enumerate(job.fold.test):
        sample, label, aus, _ = state.examples[i]
        rows.append(
            {
                "clip": sample.clip, "dataset": sample.dataset, "subject": sample.subject,
                "y_true": label, "y_pred": int(prediction.classes[k].argmax()),
                "probabilities": [round(float(p), 6) for p in prediction.classes[k]],
                "aus_true": _ints(aus), "aus_pred": None if prediction.aus is None else _ints(prediction.aus[k]),
            }
        )  # fmt: skip
    sizes = {"train": len(job.fold.train), "validation": len(job.fold.validation), "test": len(job.fold.test)}
    return {
        "system": job.system, "seed": job.seed, "fold": job.fold.name, "sizes": sizes, "chosen": plain(chosen),
        "seconds": time.monotonic() - began, "rows": rows,
    }  # fmt: skip


def _ints(aus: NDArray[np.bool_] | None) -> list[int] | None:
    return None if aus is None else [int(one) for one in aus]


def plain(chosen: Mapping[str, Any]) -> dict[str, Any]:
    """JSON values: systems may choose numpy numbers and arrays."""
    return json.loads(json.dumps(chosen, default=lambda one: one.tolist() if hasattr(one, "tolist") else str(one)))


class _Process:
    """What one process keeps between folds."""

    state: _State


def _open(state: _State) -> None:
    torch.set_num_threads(1)
    _Process.state = state


def _do_here(job: Job) -> dict[str, Any]:
    return _do(_Process.state, job, lambda _: None)


def _results(
    state: _State, jobs: Sequence[Job], workers: int, progress: Progress
) -> Generator[tuple[Job, dict[str, Any]], None, None]:
    """Jobs with their results as they come. MicroExprError: a process ended before its time."""
    if workers <= 1:
        for job in jobs:
            yield job, _do(state, job, lambda line, job=job: progress(f"{job.name}: {line}"))  # type: ignore[misc]
        return
    yield from in_processes(_do_here, jobs, workers, opening=partial(_open, state))


def _workers(settings: EvaluationSettings, jobs: int) -> int:
    """Processes: one where a GPU does the work, since it would be shared."""
    if settings.fit.device != "cpu" and torch.cuda.is_available():
        return 1
    return min(settings.workers or cores(), jobs)


def cores() -> int:
    """Those that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _by_file(array: Any) -> Any:
    """A whole map travels to another process as its file's name, not as its content; a part of one as an array."""
    if isinstance(array.base, mmap) and array.filename is not None:
        return np.memmap, (str(array.filename), array.dtype, "r", array.offset, array.shape)
    return np.array(array).__reduce__()


ForkingPickler.register(np.memmap, _by_file)


def _config(data: LabelledData, settings: EvaluationSettings) -> dict[str, Any]:
    """What makes an evaluation what it is: all but how many systems, seeds and processes."""
    fit = {k: v for k, v in asdict(settings.fit).items() if k not in ("seed", "threads", "device", "init")}
    init = settings.fit.init
    fit["init"] = None if init is None else {"name": init.name, "sha256": file_sha256(init)}
    return {
        "protocol": json.loads(json.dumps(asdict(settings.protocol))),
        "classes": {"map": settings.classes.name, "names": list(data.task.classes)},
        "aus": list(data.task.aus),
        "fit": fit,
        "generated": settings.generated,
        "data_digest": data.digest,
    }


def _claim(out: Path, config: Mapping[str, Any]) -> None:
    """Makes ``out`` the folder of this evaluation; InputError where it is another's."""
    path = out / RUN
    if path.is_file():
        held = read_json(path)
        other = [key for key in config if held.get(key) != config[key]]
        if other:
            raise InputError(
                f"{out} holds an evaluation with another {', '.join(other)}: name another --out folder or delete it."
            )
    write_json(path, config)


def _fold_path(out: Path, job: Job) -> Path:
    name = "".join(c if c.isalnum() or c in "-_." else "_" for c in job.name)
    key = hashlib.sha256(json.dumps([job.name, job.fold.train, job.fold.validation, job.fold.test]).encode())
    return out / FOLDS / f"{name[:80]}-{key.hexdigest()[:12]}.json"


def _is_done(out: Path, job: Job) -> bool:
    """Whether the job's file is there, and whole: a disk that was full or a copy that was broken off leaves half."""
    try:
        return bool(_read_fold(out, job))
    except (OSError, ValueError, MicroExprError):
        return False


def _read_fold(out: Path, job: Job) -> dict[str, Any]:
    return read_json(_fold_path(out, job))


def read_json(path: Path) -> dict[str, Any]:
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except ValueError as error:
        raise InputError(f"{path} cannot be read ({error}): delete it, and it is made again.") from error


def write_json(path: Path, values: Mapping[str, Any]) -> None:
    """The file appears only when complete."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".part")
    partial.write_text(json.dumps(values, indent=1) + "\n", encoding="utf-8")
    partial.replace(path)
