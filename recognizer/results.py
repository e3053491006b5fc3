"""Figures of an evaluation with confidence intervals, as one tidy table.

Answers are pooled over folds before a figure is made (MEGC2019). Intervals are percentiles over resampled subjects:
clips of one person are not independent of each other. They tell how the figure would vary with other test subjects, not
with other training.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from recognizer.evaluation import Evaluation
from recognizer.protocols import Subject, person_of
from recognizer.scores import class_f1, class_recall, mean_known

#: The columns of ``results.csv``: a row a figure.
COLUMNS = ("system", "seed", "protocol", "data", "metric", "label", "value", "ci_low", "ci_high", "sd", "n")
MEAN = "mean"  #: in the column ``seed``: the mean over seeds; ``sd`` is their standard deviation

Floats = NDArray[np.float64]
Key = tuple[str, str]  # metric, class or AU or ""


@dataclass(frozen=True, slots=True)
class Resampling:
    """``draws`` of subjects with replacement; ``level`` of the interval."""

    draws: int = 2000
    level: float = 0.95
    seed: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """Answers to n samples. ``true``, ``predicted`` (n,): positions in ``classes``. ``au_counts`` (n, A, 3): whether a
    sample is a true positive, false positive, false negative of each of ``aus``; all 0 where it has no AU labels."""

    subjects: tuple[Subject, ...]
    classes: tuple[str, ...]
    true: NDArray[np.int64]
    predicted: NDArray[np.int64]
    aus: tuple[int, ...] = ()
    au_counts: NDArray[np.int64] | None = None

    @property
    def keys(self) -> list[Key]:
        """The figures, in the order of ``figures``."""
        result: list[Key] = [("uf1", ""), ("uar", ""), ("accuracy", "")]
        result += [("f1", name) for name in self.classes] + [("recall", name) for name in self.classes]
        if self.au_counts is not None:
            result += [("au_f1_macro", ""), *(("au_f1", str(au)) for au in self.aus)]
        return result

    @property
    def sizes(self) -> list[int]:
        """How many samples each figure rests on: those of the class, those with the AU, or all."""
        per_class = np.bincount(self.true, minlength=len(self.classes)).tolist()
        result = [len(self.true)] * 3 + per_class * 2
        if self.au_counts is not None:
            positive = self.au_counts[:, :, [0, 2]].sum(axis=(0, 2))
            result += [int(self.au_counts.any(axis=(1, 2)).sum()), *positive.tolist()]
        return [int(one) for one in result]

    def by_subject(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Confusion matrices (S, C, C) and AU counts (S, A, 3) of the subjects in sorted order."""
        names = sorted(set(self.subjects))
        place = {name: i for i, name in enumerate(names)}
        owner = np.array([place[one] for one in self.subjects], np.int64)
        matrices = np.zeros((len(names), len(self.classes), len(self.classes)), np.int64)
        np.add.at(matrices, (owner, self.true, self.predicted), 1)
        aus = np.zeros((len(names), len(self.aus), 3), np.int64)
        if self.au_counts is not None:
            np.add.at(aus, owner, self.au_counts)
        return matrices, aus

    @property
    def matrix(self) -> NDArray[np.int64]:
        """(C, C): row the true class, column the predicted one."""
        return self.by_subject()[0].sum(axis=0)

    def figures(self, matrices: NDArray[np.int64], aus: NDArray[np.int64]) -> Floats:
        """(..., K) of confusion matrices (..., C, C) and AU counts (..., A, 3), in the order of ``keys``."""
        f1, recall = class_f1(matrices), class_recall(matrices)
        hits = np.trace(matrices, axis1=-2, axis2=-1) / np.maximum(matrices.sum(axis=(-2, -1)), 1)
        parts = [np.stack([mean_known(f1), mean_known(recall), hits], axis=-1), f1, recall]
        if self.au_counts is not None:
            tp, fp, fn = np.moveaxis(aus, -1, 0)
            whole = 2 * tp + fp + fn
            per_au = np.where(whole > 0, 2 * tp / np.maximum(whole, 1), np.nan)
            parts += [mean_known(per_au)[..., None], per_au]
        return np.concatenate(parts, axis=-1)


@dataclass(frozen=True, slots=True, eq=False)
class Scored:
    """``values`` (R, K) of R seeds; ``draws`` (B, R, K) over resampled subjects; ``sizes`` (K,)."""

    keys: Sequence[Key]
    seeds: tuple[str, ...]
    values: Floats
    draws: Floats
    sizes: Sequence[int]


def score(judged: Mapping[str, Judged], resampling: Resampling) -> Scored:
    """The figures of one system, ``judged`` by seed: the same subjects are drawn for each seed, and for each system
    that was judged on them. One subject alone tells nothing of others: all draws are NaN, there is no interval."""
    values, draws = [], []
    first = next(iter(judged.values()))
    for one in judged.values():
        matrices, aus = one.by_subject()
        weights = draw_subjects(len(matrices), resampling)
        values.append(one.figures(matrices.sum(axis=0), aus.sum(axis=0)))
        drawn = np.einsum("bs,sij->bij", weights, matrices), np.einsum("bs,saj->baj", weights, aus)
        draws.append(np.where(len(matrices) > 1, one.figures(*drawn), np.nan))
    return Scored(first.keys, tuple(judged), np.stack(values), np.stack(draws, axis=1), first.sizes)


def draw_subjects(count: int, resampling: Resampling) -> NDArray[np.int64]:
    """(B, S): how often each of S subjects is drawn, with replacement, S draws a row."""
    rng = np.random.default_rng(resampling.seed)
    return rng.multinomial(count, np.full(count, 1.0 / count), resampling.draws)


def percentiles(draws: Floats, resampling: Resampling) -> Floats:
    """(2, ...): ends of the interval over the first axis; NaN where fewer than half of the draws have the figure."""
    known = np.isfinite(draws).mean(axis=0) >= 0.5
    tail = 50 * (1 - resampling.level)
    ends = np.nanpercentile(np.where(known, draws, 0.0), [tail, 100 - tail], axis=0)
    return np.where(known, ends, np.nan)


def rows_of(scored: Scored, resampling: Resampling, about: Mapping[str, Any]) -> list[dict[str, Any]]:
    """A row a figure and seed, and the means over seeds. ``about``: system, protocol, data."""
    rows = []
    ends, whole = percentiles(scored.draws, resampling), percentiles(scored.draws.mean(axis=1), resampling)
    for r, seed in enumerate(scored.seeds):
        rows += _rows(scored, seed, scored.values[r], ends[:, r], spread=None, about=about)
    spread = scored.values.std(axis=0, ddof=1) if len(scored.seeds) > 1 else None
    return rows + _rows(scored, MEAN, scored.values.mean(axis=0), whole, spread=spread, about=about)


def _rows(
    scored: Scored, seed: str, values: Floats, ends: Floats, *, spread: Floats | None, about: Mapping[str, Any]
) -> list[dict[str, Any]]:
    return [
        dict(about)
        | {"seed": seed, "metric": metric, "label": label, "value": float(values[k]), "n": scored.sizes[k]}
        | {"ci_low": float(ends[0, k]), "ci_high": float(ends[1, k])}
        | {"sd": float("nan") if spread is None else float(spread[k])}
        for k, (metric, label) in enumerate(scored.keys)
    ]


def judged_runs(evaluation: Evaluation) -> dict[str, dict[str, Judged]]:
    """System -> seed -> answers pooled over folds."""
    grouped: dict[str, dict[str, list[Mapping[str, Any]]]] = {}
    for fold in evaluation.folds:
        grouped.setdefault(fold["system"], {}).setdefault(str(fold["seed"]), []).extend(fold["rows"])
    task = evaluation.data.task
    return {
        system: {seed: _judged(rows, task.classes, task.aus) for seed, rows in seeds.items()}
        for system, seeds in grouped.items()
    }


def _judged(rows: Sequence[Mapping[str, Any]], classes: tuple[str, ...], aus: tuple[int, ...]) -> Judged:
    named = bool(aus) and any(row["aus_pred"] is not None for row in rows)
    counts = np.zeros((len(rows), len(aus), 3), np.int64)
    for count, row in zip(counts, rows, strict=True):
        if named and row["aus_true"] is not None:
            true, found = np.array(row["aus_true"], bool), np.array(row["aus_pred"], bool)
            count[:] = np.stack([true & found, ~true & found, true & ~found], axis=-1)
    return Judged(
        tuple(person_of(row["dataset"], row["subject"]) for row in rows),
        classes,
        np.array([row["y_true"] for row in rows], np.int64),
        np.array([row["y_pred"] for row in rows], np.int64),
        aus if named else (),
        counts if named else None,
    )


def result_rows(evaluation: Evaluation, resampling: Resampling, *, protocol: str, data: str) -> list[dict[str, Any]]:
    """All figures of all systems; and, with several, how far each is from the first one in UF1, UAR and accuracy on
    the same resampled subjects (metric ``uf1_difference`` ..., label: the first system)."""
    rows: list[dict[str, Any]] = []
    base: tuple[str, Scored] | None = None
    for system, judged in judged_runs(evaluation).items():
        about = {"system": system, "protocol": protocol, "data": data}
        scored = score(judged, resampling)
        rows += rows_of(scored, resampling, about)
        if base is None:
            base = (system, scored)
        else:
            rows += _differences(scored, base, resampling, about)
    return rows


def _differences(
    scored: Scored, base: tuple[str, Scored], resampling: Resampling, about: Mapping[str, Any]
) -> list[dict[str, Any]]:
    name, other = base
    values = (scored.values.mean(axis=0)[:3] - other.values.mean(axis=0)[:3])[None]
    draws = (scored.draws.mean(axis=1)[:, :3] - other.draws.mean(axis=1)[:, :3])[:, None]
    keys = [(f"{metric}_difference", name) for metric, _ in scored.keys[:3]]
    difference = Scored(keys, (MEAN,), values, draws, scored.sizes[:3])
    return _rows(difference, MEAN, values[0], percentiles(draws, resampling)[:, 0], spread=None, about=about)


def table_of(rows: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """The tidy table, columns ``COLUMNS``."""
    return pd.DataFrame(list(rows), columns=list(COLUMNS))


def predictions_table(evaluation: Evaluation) -> pd.DataFrame:
    """A row a clip, system and seed: clip, dataset, subject, fold, seed, system, y_true, y_pred, ``p_CLASS`` ...;
    where AUs were asked for also ``aus_true`` and ``aus_pred``, numbers with blanks between."""
    task = evaluation.data.task
    rows = []
    for fold in evaluation.folds:
        for row in fold["rows"]:
            one = {name: row[name] for name in ("clip", "dataset", "subject")}
            one |= {"fold": fold["fold"], "seed": fold["seed"], "system": fold["system"]}
            one |= {name: task.classes[row[name]] for name in ("y_true", "y_pred")}
            one |= {f"p_{name}": p for name, p in zip(task.classes, row["probabilities"], strict=True)}
            if task.aus:
                one |= {name: _au_text(row[name], task.aus) for name in ("aus_true", "aus_pred")}
            rows.append(one)
    return pd.DataFrame(rows)


def _au_text(present: Sequence[int] | None, aus: Sequence[int]) -> str:
    return "" if present is None else " ".join(str(au) for au, is_there in zip(aus, present, strict=True) if is_there)
