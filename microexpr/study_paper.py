"""``microexpr study paper``: the user study's tables computed again from its printed figures."""

# ruff: noqa: PLC0415  # scipy, pandas and what knows videos are imported when the command runs

import json
from collections.abc import Sequence
from math import ceil, log10
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from curves.errors import InputError
from microexpr.writing import check_new_file, write_file

if TYPE_CHECKING:
    from studies.paper_rows import PaperRow

_SUFFIXES = (".csv", ".json", ".txt")


def register(app: typer.Typer) -> None:
    """Adds ``paper`` to ``microexpr study``."""
    app.command("paper")(recompute_paper)


def recompute_paper(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout instead of text.")] = False,
    out: Annotated[Path | None, typer.Option(help=f"File instead of stdout: {', '.join(_SUFFIXES)}.")] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an existing file.")] = False,
) -> None:
    """Compute the published user study's tables again from its printed figures: what agrees, what cannot.

    A recomputed figure is a range: printed figures are rounded. It agrees if it meets the printed one.
    """
    if out is not None:
        if out.suffix.lower() not in _SUFFIXES:
            raise InputError(f"--out {out}: name a file that ends in one of {', '.join(_SUFFIXES)}.")
        check_new_file(out, overwrite=overwrite)
    from studies.paper import paper_rows

    text = _as_file(paper_rows(), ".json" if as_json and out is None else out.suffix.lower() if out else ".txt")
    if out is None:
        typer.echo(text, nl=False)
    else:
        write_file(out, text.encode())


def _as_file(rows: "list[PaperRow]", suffix: str) -> str:
    from studies.paper import paper_document, paper_frame

    if suffix == ".csv":
        return str(paper_frame(rows).to_csv(index=False, lineterminator="\n"))  # all words are ours: none is a formula
    if suffix == ".json":
        return json.dumps(paper_document(rows), indent=2, ensure_ascii=False) + "\n"
    return _text(rows) + "\n"


def _text(rows: "Sequence[PaperRow]") -> str:
    from studies.paper import FINDINGS
    from studies.paper_rows import paper_figures

    lines = [f"Recomputed from the printed figures of: {paper_figures()['source']}.", "", "What was found:"]
    lines += [f"- {finding}" for finding in FINDINGS]
    for table in dict.fromkeys(row.table for row in rows):
        part = [row for row in rows if row.table == table]
        lines += ["", f"Table {table}" if table != "text" else "Text", *_table(part)]
    return "\n".join(lines)


def _table(rows: "Sequence[PaperRow]") -> list[str]:
    """Aligned columns; what there is to say of rows follows below, each remark once."""
    from microexpr.report import aligned

    notes = list(dict.fromkeys(row.note for row in rows if row.note))
    cells: list[tuple[str, ...]] = [("row", "quantity", "printed", "recomputed", "verdict")]
    for row in rows:
        mark = f" [{notes.index(row.note) + 1}]" if row.note else ""
        cells.append((row.row, row.quantity, row.printed, range_words(row.low, row.high), f"{row.verdict}{mark}"))
    return [*aligned(cells), *(f"  [{number}] {note}" for number, note in enumerate(notes, 1))]


def range_words(low: float | None, high: float | None) -> str:
    """ "0.2068 to 0.2078", "above 3.415": as many digits as tell the two ends apart, and one more."""
    if low is None or high is None:
        if low is None and high is None:
            return ""
        return f"above {low:.4g}" if low is not None else f"below {high:.4g}"
    if high - low < 1e-12:
        return f"{low:.4g}"
    if max(abs(low), abs(high)) < 1e-3:
        return f"{low:.3g} to {high:.3g}"
    decimals = max(0, ceil(-log10(high - low) - 1e-9)) + 1
    return f"{low:.{decimals}f} to {high:.{decimals}f}"
