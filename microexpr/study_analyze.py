"""``microexpr study analyze``: a table of ratings in, the table of results and the report out."""

# ruff: noqa: PLC0415, PLR0917  # an option is a parameter; statsmodels and pandas are imported inside, --help is quick

import shlex
import sys
from collections.abc import Iterator, Sequence
from enum import StrEnum
from math import isnan
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from curves.errors import InputError
from microexpr.writing import check_file, check_new_file

if TYPE_CHECKING:
    import pandas as pd

    from studies.ratings import Ratings
    from studies.settings import AnalysisSettings

RESULTS, REJECTED = "results.csv", "rejected.csv"


class Missing(StrEnum):
    """The words of ``studies.ratings.Missing``, without its imports."""

    STRICT = "strict"
    ITEM_PAIRS = "item_pairs"
    MEAN_AVAILABLE = "mean_available"


def register(app: typer.Typer) -> None:
    """Adds ``analyze`` to ``microexpr study``."""
    app.command()(analyze)


def analyze(
    ratings: Annotated[Path, typer.Argument(help="CSV, Parquet or XLSX: one row a rating.")],
    out: Annotated[Path, typer.Option(help="Folder for results.csv and the report; made if missing.")],
    sessions: Annotated[Path | None, typer.Option(help="Table with one row a participant: order, checks.")] = None,
    column: Annotated[
        list[str] | None,
        typer.Option(
            metavar="OURS=THEIRS", help="Name of a column; sessions.OURS=THEIRS: of --sessions alone. Repeat."
        ),
    ] = None,
    exclude: Annotated[
        bool, typer.Option("--exclude", help="Leave bad rows out and say so, instead of stopping.")
    ] = False,
    missing: Annotated[
        Missing, typer.Option(help="Ratings not given: complete participants, complete items, or what there is.")
    ] = Missing.STRICT,
    family: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=WORD,...",
            help="Emotions or dimensions corrected together; their declared number counts. Repeat. [emotions: 6, "
            "dimensions: 3; cells: emotions x dimensions, 18]",
        ),
    ] = None,
    alpha: Annotated[float, typer.Option(help="Of tests; intervals are of 1 - alpha.")] = 0.05,
    equivalence: Annotated[
        float | None, typer.Option(help="Bound of no difference, in points of the scale [0.3].")
    ] = None,
    equivalence_dz: Annotated[
        float | None, typer.Option("--equivalence-dz", help="The same in SDs of the differences [0.3].")
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace existing files.")] = False,
) -> None:
    """Analyse ratings of videos A and B: results.csv and a report, as the paper did and as the design asks."""
    for name in OUTPUTS:
        check_new_file(out / name, overwrite=overwrite)
    settings = _settings(family or [], alpha, equivalence, equivalence_dz)
    data = _read(ratings, sessions, column or [], exclude, missing, out)

    from studies.analysis import analyse
    from studies.report import ReportSettings, write_report
    from studies.results import write_csv

    frame = analyse(data, settings)
    out.mkdir(parents=True, exist_ok=True)
    write_csv(frame, out / RESULTS)
    written = [out / RESULTS, *([out / REJECTED] if len(data.rejected) else [])]
    command = shlex.join(["microexpr", *sys.argv[1:]])
    written += write_report(frame, data, out, ReportSettings(source=ratings.name, command=command, analysis=settings))
    for line in [*_summary(data, frame), *(f"wrote {path}" for path in written)]:
        typer.echo(line)


OUTPUTS = (RESULTS, "report.html", "report.md")


def _settings(families: Sequence[str], alpha: float, points: float | None, units: float | None) -> "AnalysisSettings":
    from studies.corrections import declare_families
    from studies.settings import AnalysisSettings

    default = AnalysisSettings()
    if points is None and units is None:
        points, units = default.equivalence_points, default.equivalence_d_z
    try:
        return AnalysisSettings(alpha, points, units, default.powers, declare_families(families))
    except ValueError as error:
        raise InputError(f"{error}.") from error


def _read(
    ratings: Path, sessions: Path | None, columns: Sequence[str], exclude: bool, missing: Missing, out: Path
) -> "Ratings":
    """The ratings; rows that cannot be used are listed in ``out`` / ``REJECTED``, whether they stop us or not."""
    from studies import ratings as rooms
    from studies.validation import ReadSettings, RejectedRowsError, read_ratings

    names = dict(_pair(text) for text in columns)
    settings = ReadSettings(names, exclude=exclude, missing=rooms.Missing(missing.value))
    try:
        data = read_ratings(ratings, sessions, settings)
    except RejectedRowsError as error:
        _write_rejected(error.rejected, out)
        raise InputError(f"{error} All are listed in {out / REJECTED}.") from error
    _write_rejected(data.rejected, out)
    return data


def _pair(text: str) -> tuple[str, str]:
    ours, equals, theirs = text.partition("=")
    if not (equals and ours.strip() and theirs.strip()):
        raise InputError(f"--column {text!r} is not understood; write it as rating=NAME_IN_YOUR_FILE.")
    return ours.strip(), theirs.strip()


def _write_rejected(rejected: "pd.DataFrame", out: Path) -> None:
    from studies.results import write_csv

    target = out / REJECTED
    if rejected.empty:
        target.unlink(missing_ok=True)  # of an earlier run: these rows are in now
        return
    check_file(target)
    out.mkdir(parents=True, exist_ok=True)
    write_csv(rejected, target)


def _summary(data: "Ratings", frame: "pd.DataFrame") -> Iterator[str]:
    import pandas as pd

    for table, step, reason, rows, participants in data.flow.astype(object).to_numpy():
        why = f" ({reason})" if reason else ""
        yield f"{table} {step}{why}: {rows} rows, {participants} participants"
    yield f"missing ratings: {data.policy}; differences are B - A"
    odd = frame[(frame["analysis"] == "data") & frame["term"].isin(["fractional ratings", "unpaired cells"])]
    yield from odd["note"]
    shown = frame[(frame["analysis"] == "paired_t") & ((frame["emotion"] == "all") | (frame["dimension"] == "all"))]
    shown = shown[shown["n"] > 0]
    head = ["", "n", "B - A", "interval", "t", "p", "p Holm", "d_z"]
    lines = [_line(row) for row in shown.itertuples(index=False)]
    yield pd.DataFrame(lines, columns=head).to_string(index=False)


def _line(row: Any) -> tuple[str, ...]:
    name = "overall" if row.emotion == row.dimension else row.dimension if row.emotion == "all" else row.emotion
    interval = "" if isnan(row.ci_low) else f"{row.ci_low:z.3f} to {row.ci_high:z.3f}"
    numbers = (_short(row.statistic, 2), _p(row.p), _p(row.p_holm), _short(row.effect, 2))
    return name, str(row.n), _short(row.estimate, 3), interval, *numbers


def _short(number: float, digits: int) -> str:
    return "" if isnan(number) else f"{number:z.{digits}f}"  # z: never -0.000


def _p(p: float) -> str:
    return "" if isnan(p) else "< 0.001" if p < 0.001 else f"{p:.3f}"
