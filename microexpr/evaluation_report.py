"""Results of an evaluation on disk: a tidy CSV, JSON, a Markdown table, predictions and figures."""

import io
import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from platform import python_version
from typing import Any

import numpy as np
import pandas as pd

from microexpr.result_figures import draw_bars, draw_confusion
from microexpr.version import __version__
from microexpr.writing import write_file
from recognizer.clips import ClipRecord
from recognizer.evaluation import Evaluation, EvaluationSettings
from recognizer.protocols import Protocol
from recognizer.results import MEAN, Judged, Resampling, judged_runs, predictions_table, result_rows, table_of
from recognizer.scores import strs
from recognizer.spot_evaluation import SpottingRun, spotting_rows

_LIBRARIES = ("numpy", "scipy", "pandas", "torch", "opencv-python-headless")
_MAIN = (("uf1", "UF1"), ("uar", "UAR"), ("accuracy", "accuracy"), ("au_f1_macro", "AU F1"))
_DIFFERENCES = tuple((f"{metric}_difference", title) for metric, title in _MAIN[:3])
_SPOTTING = (
    ("spotting_f1", "F1"), ("spotting_precision", "precision"), ("spotting_recall", "recall"),
    ("false_events_per_min", "false/min"), ("onset_error_s", "onset error s"), ("offset_error_s", "offset error s"),
    ("spotting_au_f1_macro", "AU F1"),
)  # fmt: skip


def versions() -> dict[str, str]:
    """Of this package, Python and the libraries that figures depend on."""
    found = {"microexpr": __version__, "python": python_version()}
    for name in _LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "unknown"
    return found


@dataclass
class Report:
    """What is written: figures as rows, and what they rest on."""

    command: str
    resampling: Resampling
    rows: list[dict[str, Any]] = field(default_factory=list)
    about: dict[str, Any] = field(default_factory=dict)
    confusions: dict[str, tuple[tuple[str, ...], Any, int]] = field(default_factory=dict)
    predictions: pd.DataFrame | None = None

    def add_recognition(self, evaluation: Evaluation, settings: EvaluationSettings, name: str = "") -> None:
        """The figures of all systems and the confusion matrices (summed over seeds)."""
        counts = evaluation.data.counts
        data = name or " + ".join(counts["sets"])
        self.rows += result_rows(evaluation, self.resampling, protocol=settings.protocol.kind.value, data=data)
        for system, seeds in judged_runs(evaluation).items():
            self.add_confusion(system, seeds)
        self.predictions = predictions_table(evaluation)
        told = ("system", "seed", "fold", "sizes", "chosen", "seconds")
        self.about["recognition"] = {
            "protocol": settings.protocol.text,
            "data": {"name": data, "digest": evaluation.data.digest, **counts},
            "seeds": list(settings.seeds),
            "config": dict(evaluation.config),
            "classes": settings.classes.description,
            "folds": [{key: fold[key] for key in told} for fold in evaluation.folds],
        }

    def add_confusion(self, system: str, judged: Mapping[str, Judged]) -> None:
        """``judged`` by seed: the counts of all seeds together, and how many seeds they are."""
        matrix = np.sum([one.matrix for one in judged.values()], axis=0)
        self.confusions[system] = (next(iter(judged.values())).classes, matrix, len(judged))
        if any(len(set(one.subjects)) < 2 for one in judged.values()):
            self.note(f"{system}: judged on one subject only, so there is no interval over subjects.")

    def note(self, text: str) -> None:
        """A sentence that must be read beside the figures: in ``results.json`` and ``results.md``."""
        self.about.setdefault("notes", []).append(text)

    def add_spotting(self, name: str, run: SpottingRun, clips: Sequence[ClipRecord], protocol: Protocol) -> None:
        """The figures of one spotter; and its STRS with each system that was evaluated beside it."""
        about = {"system": name, "protocol": "spotting", "data": "clips"}
        added = spotting_rows(run, self.resampling, about)
        f1 = next(row["value"] for row in added if row["metric"] == "spotting_f1" and row["seed"] == MEAN)
        known = [row for row in self.rows if row["metric"] == "uf1" and row["seed"] == MEAN]
        nan = {"ci_low": math.nan, "ci_high": math.nan, "sd": math.nan}
        added += [
            {**about, **nan, "seed": MEAN, "metric": "strs", "label": row["system"], "n": row["n"]}
            | {"value": strs(f1, row["value"])}
            for row in known
        ]
        self.rows += added
        spotting = self.about.setdefault("spotting", {"iou": 0.5, "clips": len(clips), "chosen": {}})
        spotting["protocol"] = f"{protocol.kind}, people apart: train, validation, test {run.people}"
        spotting["digest"] = run.digest
        spotting["chosen"][name] = run.chosen

    @property
    def caption(self) -> str:
        """What every figure and table is captioned with."""
        parts = []
        if (told := self.about.get("recognition")) is not None:
            data = told["data"]
            parts.append(
                f"Data: {data['name']}, {data['samples']} clips of {data['subjects']} subjects, "
                f"digest {data['digest']}. Protocol: {told['protocol']}. Seeds: {', '.join(map(str, told['seeds']))}."
            )
        if (told := self.about.get("spotting")) is not None:
            parts.append(
                f"Spotting: {told['clips']} clips, digest {told['digest']}, {told['protocol']}, IoU {told['iou']}."
            )
        if "data" in self.about:
            parts.append(f"Data: {self.about['data']}.")
        parts.append(
            f"Intervals: {self.resampling.level:.0%}, {self.resampling.draws} resamplings of the test subjects. "
            f"Command: {self.command}. " + ", ".join(f"{name} {number}" for name, number in versions().items()) + "."
        )
        return " ".join(parts)


def write_report(report: Report, out: Path) -> list[str]:
    """Writes all files into ``out``; returns lines for the terminal: the main table and what was written."""
    table = table_of(report.rows)
    write_file(out / "results.csv", _csv(table))
    write_file(out / "results.json", _json(report, table))
    tables = markdown_tables(table)
    told = [*_left_out(report), *(f"Note: {note}" for note in report.about.get("notes", ()))]
    text = "\n\n".join([*tables, *map(_escaped, told), report.caption]) + "\n"
    write_file(out / "results.md", text.encode())
    written = ["results.csv", "results.json", "results.md"]
    if report.predictions is not None:
        write_file(out / "predictions.csv", _csv(report.predictions))
        written.append("predictions.csv")
    written += _write_figures(report, table, out)
    return [*"\n\n".join(tables).splitlines(), f"wrote {', '.join(written)} in {out}"]


def _csv(table: pd.DataFrame) -> bytes:
    return table.to_csv(index=False, lineterminator="\n").encode()


def _json(report: Report, table: pd.DataFrame) -> bytes:
    matrices = {
        system: {"classes": list(classes), "seeds": seeds, "matrix": matrix.tolist()}
        for system, (classes, matrix, seeds) in report.confusions.items()
    }
    values = {
        "format": "microexpr.results/1", "command": report.command, "versions": versions(), **report.about,
        "caption": report.caption, "confusion": matrices, "figures": table.to_dict("records"),
    }  # fmt: skip
    return (json.dumps(without_nan(values), indent=1, default=str) + "\n").encode()


def without_nan(value: Any) -> Any:
    """JSON knows no NaN: null instead."""
    if isinstance(value, Mapping):
        return {str(key): without_nan(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [without_nan(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _left_out(report: Report) -> list[str]:
    left_out = report.about.get("recognition", {}).get("data", {}).get("left_out", {})
    return ["Left out: " + "; ".join(f"{reason}, {count}" for reason, count in left_out.items()) + "."] * bool(left_out)


def markdown_tables(table: pd.DataFrame) -> list[str]:
    """Recognition (mean over seeds, SD, interval), per class, per AU, spotting; those that there are figures for."""
    means = table[table["seed"] == MEAN]
    recognition = means[means["protocol"] != "spotting"]
    result = _wide(recognition, _MAIN, "system")
    for metric, title in (("f1", "F1 of class"), ("au_f1", "F1 of AU")):
        part = recognition[recognition["metric"] == metric]
        if len(part):
            labels = list(dict.fromkeys(part["label"]))
            counts = dict(zip(part["label"], part["n"], strict=True))
            heads = [f"{'AU' if metric == 'au_f1' else ''}{label} ({counts[label]})" for label in labels]
            rows = [
                [system, *(_number(part[(part["system"] == system) & (part["label"] == one)]) for one in labels)]
                for system in dict.fromkeys(part["system"])
            ]
            result.append(_markdown([title, *heads], rows))
    apart = recognition[recognition["metric"].isin([metric for metric, _ in _DIFFERENCES])]
    if len(apart):
        result += _wide(apart, _DIFFERENCES, f"difference from {apart.iloc[0]['label']}")
    spotting = means[means["protocol"] == "spotting"]
    typed = spotting[(spotting["metric"] == "spotting_f1") & (spotting["label"] != "")]
    by_type = typed.assign(metric=typed["label"])  # a column a type
    return [
        *result,
        *_wide(spotting[spotting["label"] == ""], _SPOTTING, "spotter"),
        *_wide(by_type, (("micro", "F1, micro"), ("macro", "F1, macro")), "by type"),
        *_strs(spotting[spotting["metric"] == "strs"]),
    ]


def _strs(found: pd.DataFrame) -> list[str]:
    """Spotters by systems."""
    if found.empty:
        return []
    systems = list(dict.fromkeys(found["label"]))
    rows = [
        [spotter, *(_number(found[(found["system"] == spotter) & (found["label"] == one)]) for one in systems)]
        for spotter in dict.fromkeys(found["system"])
    ]
    return [_markdown(["STRS", *systems], rows)]


def _wide(means: pd.DataFrame, metrics: Sequence[tuple[str, str]], first: str) -> list[str]:
    present = [(metric, title) for metric, title in metrics if (means["metric"] == metric).any()]
    if not present:
        return []
    rows = [
        [system, *(_cell(means[(means["system"] == system) & (means["metric"] == metric)]) for metric, _ in present)]
        for system in dict.fromkeys(means["system"])
    ]
    return [_markdown([first, *(title for _, title in present)], rows)]


def _cell(found: pd.DataFrame) -> str:
    """``0.712 ± 0.010 [0.650, 0.761]``: the SD over seeds where there are several."""
    if found.empty or not math.isfinite(found.iloc[0]["value"]):
        return "-"
    row = found.iloc[0]
    spread = f" ± {row['sd']:.3f}" if math.isfinite(row["sd"]) else ""
    interval = f" [{row['ci_low']:.3f}, {row['ci_high']:.3f}]" if math.isfinite(row["ci_low"]) else ""
    return f"{row['value']:.3f}{spread}{interval}"


def _number(found: pd.DataFrame) -> str:
    return "-" if found.empty or not math.isfinite(found.iloc[0]["value"]) else f"{found.iloc[0]['value']:.3f}"


def _markdown(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [_line(heads), "|" + "---|" * len(heads)]
    return "\n".join([*lines, *map(_line, rows)])


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(map(_escaped, cells)) + " |"


def _escaped(text: str) -> str:
    """Names that people gave, so that they break no table and are no HTML."""
    return re.sub(r"([|<>])", r"\\\1", " ".join(text.split()))


def _write_figures(report: Report, table: pd.DataFrame, out: Path) -> list[str]:
    written = []
    means = table[(table["seed"] == MEAN) & (table["label"] == "")]
    level = f"{report.resampling.level:.0%}"
    for name, metrics, of in (("scores", _MAIN, "Recognition"), ("spotting", _SPOTTING[:3], "Spotting")):
        part = means[(means["protocol"] == "spotting") == (name == "spotting")]
        if len(part):
            title = f"{of}: mean over seeds, {level} intervals over subjects"
            _save(draw_bars(title, part, metrics, report.caption), out / f"{name}.png")
            written.append(f"{name}.png")
    for old in out.glob("confusion-*.png"):  # of a system that is no longer asked for
        old.unlink()
    for system, (classes, matrix, seeds) in report.confusions.items():
        safe = "".join(c if c.isalnum() or c in "-_." else "_" for c in system)
        _save(draw_confusion(system, classes, matrix, report.caption, seeds=seeds), out / f"confusion-{safe}.png")
        written.append(f"confusion-{safe}.png")
    return written


def _save(figure: Any, path: Path) -> None:
    picture = io.BytesIO()
    figure.savefig(picture, format="png")
    write_file(path, picture.getvalue())
