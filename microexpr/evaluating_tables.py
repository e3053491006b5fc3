"""Figures of what people have already: predictions of clips, or flow magnitudes of real and generated clips."""

import csv
import math
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import typer

from curves.errors import InputError
from microexpr.evaluation_report import Report, write_report
from microexpr.report import aligned
from microexpr.writing import write_file
from recognizer.digests import file_sha256
from recognizer.mmr import STILL, ratio, summarise
from recognizer.results import Judged, Resampling, rows_of, score

_PREDICTIONS = ("clip", "subject", "y_true", "y_pred")
_LABELS = ("y_true", "y_pred")
_WHOLE, _NUMBER = re.compile(r"[+-]?[0-9]+(\.0*)?"), re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)")
_MOTION = ("clip", "flow_real", "flow_generated")
_TOLD = 5  # bad rows that are told one by one


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a CSV file; the header is line 1."""

    line: int
    values: dict[str, str]


def read_rows(file: Path, columns: Sequence[str]) -> list[Row]:
    """Rows of a CSV file that has ``columns`` (and perhaps others), blanks around values removed.

    Raises InputError: no such file, no text, a column is missing, no row.
    """
    try:
        with file.open(encoding="utf-8-sig", newline="") as stream:
            rows = list(_rows(csv.reader(stream), file, columns))
    except OSError as error:
        raise InputError(f"{file}: cannot be read ({error.strerror}); check the path.") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{file}: is no CSV text in UTF-8 ({error}).") from error
    if not rows:
        raise InputError(f"{file}: holds no row below its header.")
    return rows


def _rows(reader: "csv._reader", file: Path, columns: Sequence[str]) -> Iterator[Row]:  # type: ignore[name-defined, unused-ignore]
    header = [name.strip() for name in next(reader, [])]
    twice = [name for name in header if name and header.count(name) > 1]
    if twice:
        raise InputError(f"{file}: names the column '{twice[0]}' twice; remove or rename one.")
    missing = [name for name in columns if name not in header]
    for mark, name in ((";", "semicolons"), ("\t", "tabs")):
        if missing and len(header) == 1 and mark in header[0]:
            raise InputError(f"{file}: its columns are separated by {name}; separate them by commas.")
    if missing:
        raise InputError(f"{file}: has no column '{missing[0]}'; its first line must name {', '.join(columns)}.")
    for cells in reader:
        if any(cell.strip() for cell in cells):
            padded = [cell.strip() for cell in cells] + [""] * (len(header) - len(cells))
            yield Row(reader.line_num, dict(zip(header, padded, strict=False)))


def evaluate_predictions(file: Path, out: Path | None) -> None:
    """Prints UAR, UF1, accuracy with intervals over subjects, the classes and the confusion; writes them to ``out``.

    A file with columns ``system`` and ``seed`` (as ours) is judged for each system. Raises InputError: a cell is empty,
    a clip is there twice for one system and seed, systems were judged on other clips or other true classes, labels
    differ in case only.
    """
    rows = [_plain_labels(row) for row in read_rows(file, _PREDICTIONS)]
    _check_predictions(file, rows)
    _check_labels(file, rows)
    classes = tuple(sorted({row.values[key] for row in rows for key in _LABELS}, key=_order))
    digest = file_sha256(file)[:16]
    report = Report(f"microexpr evaluate --predictions {file}" + (f" --out {out}" if out else ""), Resampling())
    report.about["data"] = f"{file.name}, digest {digest}"
    for name in sorted(set(classes) - {row.values["y_true"] for row in rows}, key=_order):
        report.note(f"class '{name}' occurs only in y_pred: it counts in UF1 (with F1 0), not in UAR.")
    systems: dict[str, dict[str, list[Row]]] = {}
    for row in rows:
        seeds = systems.setdefault(row.values.get("system") or "predictions", {})
        seeds.setdefault(row.values.get("seed") or "0", []).append(row)
    for system, seeds in systems.items():
        judged = {seed: _judged(some, classes) for seed, some in seeds.items()}
        about = {"system": system, "protocol": "given", "data": f"{file.name} {digest}"}
        report.rows += rows_of(score(judged, report.resampling), report.resampling, about)
        report.add_confusion(system, judged)
    _print_predictions(report)
    if out is not None:
        typer.echo(write_report(report, out)[-1])


def _plain_labels(row: Row) -> Row:
    """With whole numbers written one way (``1.0`` is ``1``), and nothing for ``nan``: so are missing labels written."""
    values = dict(row.values)
    for key in _LABELS:
        if _WHOLE.fullmatch(values[key]):
            values[key] = str(int(values[key].split(".")[0]))
        elif values[key].lower() == "nan":
            values[key] = ""
    return Row(row.line, values)


def _order(label: str) -> tuple[bool, float, str]:
    """Sorts numbers by their value, before words."""
    is_number = _NUMBER.fullmatch(label) is not None
    return not is_number, float(label) if is_number else 0.0, label


def _check_labels(file: Path, rows: Sequence[Row]) -> None:
    """InputError: labels that differ in case only; a clip whose true class or subject is not the same throughout."""
    spelled: dict[str, tuple[str, int]] = {}
    known: dict[tuple[str, str, str], tuple[str, int]] = {}
    for row in rows:
        for key in _LABELS:
            label = row.values[key]
            other, line = spelled.setdefault(label.casefold(), (label, row.line))
            if other != label:
                raise InputError(
                    f"{file}, line {row.line}: '{label}' differs from '{other}' (line {line}) in case only; "
                    "write a class one way."
                )
        clip = row.values["clip"]
        for key in ("y_true", "subject"):
            value = row.values[key]
            other, line = known.setdefault((row.values.get("dataset", ""), clip, key), (value, row.line))
            if other != value:
                raise InputError(
                    f"{file}, line {row.line}: clip {clip} has {key} '{value}', but '{other}' in line {line}; "
                    f"a clip has one {key}."
                )


def _check_predictions(file: Path, rows: Sequence[Row]) -> None:
    seen: dict[tuple[str, ...], int] = {}
    groups: dict[tuple[str, str], set[tuple[str, str]]] = {}
    for row in rows:
        for key in _PREDICTIONS:
            if not row.values[key]:
                raise InputError(f"{file}, line {row.line}: the cell {key} is empty; fill it or delete the row.")
        system = (row.values.get("system", ""), row.values.get("seed", ""))
        clip = (row.values.get("dataset", ""), row.values["clip"])
        earlier = seen.setdefault((*system, *clip), row.line)
        if earlier != row.line:
            raise InputError(f"{file}, line {row.line}: clip {clip[1]} was in line {earlier} already; give each once.")
        groups.setdefault(system, set()).add(clip)
    first = next(iter(groups.values()))
    for system, clips in groups.items():
        if clips != first:
            raise InputError(f"{file}: {' seed '.join(system)} names other clips than the first system does.")


def _judged(rows: Sequence[Row], classes: tuple[str, ...]) -> Judged:
    ordered = sorted(rows, key=lambda row: (row.values.get("dataset", ""), row.values["clip"]))
    return Judged(
        tuple((row.values.get("dataset", ""), row.values["subject"]) for row in ordered),
        classes,
        np.array([classes.index(row.values["y_true"]) for row in ordered], np.int64),
        np.array([classes.index(row.values["y_pred"]) for row in ordered], np.int64),
    )


def _print_predictions(report: Report) -> None:
    table = pd.DataFrame(report.rows)
    for note in report.about.get("notes", ()):
        typer.echo(f"note: {note}")
    for system, (classes, matrix, seeds) in report.confusions.items():
        part = table[(table["system"] == system) & (table["seed"] == "mean")]
        lines = [("figure", "value", "95 % interval over subjects", "clips")]
        for row in part.to_dict("records"):
            interval = f"{row['ci_low']:.4f} to {row['ci_high']:.4f}" if math.isfinite(row["ci_low"]) else "-"
            lines.append((f"{row['metric']} {row['label']}".strip(), _figure(row["value"]), interval, str(row["n"])))
        typer.echo(f"{system}:")
        for line in aligned(lines):
            typer.echo(f"  {line}")
        typer.echo(f"  confusion, rows true, columns named{f', sum over {seeds} seeds' if seeds > 1 else ''}:")
        cells = [("", *classes), *((name, *map(str, row)) for name, row in zip(classes, matrix.tolist(), strict=True))]
        for line in aligned(cells):
            typer.echo(f"  {line}")


def _figure(value: float) -> str:
    return f"{value:.4f}" if math.isfinite(value) else "-"


def evaluate_motion(file: Path, out: Path | None) -> int:
    """Prints a ratio a clip, mean (with interval over clips), median and SD; the exit code: 1 if rows were bad.

    Bad rows are told with their line on stderr and left out. Raises InputError where none is good, or a clip is there
    twice.
    """
    good, bad = _ratios(file)
    for line in bad[:_TOLD]:
        sys.stderr.write(f"error: {line}\n")
    if len(bad) > _TOLD:
        sys.stderr.write(f"error: {file}: {len(bad) - _TOLD} more rows are bad\n")
    if not good:
        raise InputError(f"{file}: no row has a real flow of {STILL} or more and a generated flow of 0 or more.")
    summary = summarise([one[3] for one in good])
    table = pd.DataFrame(good, columns=["clip", "flow_real", "flow_generated", "mmr"])
    lines = [("clip", "real", "generated", "MMR"), *((c, f"{r:.4f}", f"{g:.4f}", f"{m:.4f}") for c, r, g, m in good)]
    for line in aligned(lines):
        typer.echo(line)
    interval = f" [{summary.ci_low:.4f}, {summary.ci_high:.4f}]" if summary.clips > 1 else ""
    typer.echo(
        f"mean {summary.mean:.4f}{interval} median {summary.median:.4f} "
        f"SD {_figure(summary.sd)} over {summary.clips} clips; {len(bad)} rows left out"
    )
    if not interval:
        typer.echo("note: one clip has no interval and no SD.")
    if out is not None:
        write_file(out / "mmr.csv", table.to_csv(index=False, lineterminator="\n").encode())
        typer.echo(f"wrote mmr.csv in {out}")
    return 1 if bad else 0


def _ratios(file: Path) -> tuple[list[tuple[str, float, float, float]], list[str]]:
    """Good rows (clip, real, generated, ratio), and what is wrong with the others. InputError: a clip twice."""
    good, bad = [], []
    seen: dict[str, int] = {}
    for row in read_rows(file, _MOTION):
        clip = row.values["clip"] or f"line {row.line}"
        earlier = seen.setdefault(clip, row.line)
        if earlier != row.line:
            raise InputError(f"{file}, line {row.line}: clip {clip} was in line {earlier} already; give each once.")
        try:
            real, generated = (_flow(row.values, key) for key in _MOTION[1:])
            if real < STILL:
                raise ValueError(f"flow_real is {real:g}: below {STILL:g} pixels the clip does not move")
            good.append((clip, real, generated, ratio(generated, real)))
        except ValueError as error:
            bad.append(f"{file}, line {row.line}: {error}")
    return good, bad


def _flow(values: dict[str, str], column: str) -> float:
    """ValueError, naming the column: no number of 0 or more."""
    try:
        flow = float(values[column])
    except ValueError:
        flow = math.nan
    if not (math.isfinite(flow) and flow >= 0.0):
        raise ValueError(f"{column}: expected a number, 0 or more, got '{values[column]}'")
    return flow
