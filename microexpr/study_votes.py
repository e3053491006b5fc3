"""``microexpr study votes`` and ``microexpr study experts``: the two evaluations of paper 003."""

# ruff: noqa: PLC0415, PLR0917  # an option is a parameter; pandas, statsmodels and matplotlib are imported once the arguments are known to be right

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from curves.errors import InputError
from microexpr.writing import check_new_file

if TYPE_CHECKING:
    from studies.results import Result

Columns = Annotated[
    list[str] | None, typer.Option("--column", metavar="OURS=YOURS", help="A column's name in your file; repeat.")
]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace existing files.")]
Alpha = Annotated[float, typer.Option(help="Intervals are of 1 - alpha.")]


VOTE_FILES = ("results.csv", "samples.csv", "voting_rates.png", "voting_rates.svg")
EXPERT_FILES = ("results.csv", "totals.csv")


def register(app: typer.Typer) -> None:
    """Adds ``votes`` and ``experts``."""
    app.command("votes")(votes)
    app.command("experts")(experts)


def votes(
    table: Annotated[Path, typer.Argument(metavar="VOTES", help=".csv, .parquet, .xlsx: one row a vote.")],
    out: Annotated[Path | None, typer.Option(help="Folder for results [VOTES' name + -results].")] = None,
    column: Columns = None,
    ties: Annotated[str, typer.Option(help="drop: a tie is no vote; half: half a vote for each.")] = "drop",
    alpha: Alpha = 0.05,
    overwrite: Overwrite = False,
) -> None:
    """Which model people prefer: preference and voting rates, tests, Holm over the sets, boxplot."""
    from studies.results import results_frame, write_csv
    from studies.vocabulary import VOTE_COLUMNS
    from studies.vote_figure import vote_figure
    from studies.votes import Ties, analyse_votes, read_votes, sample_counts

    if ties not in list(Ties):
        raise InputError(f"--ties {ties} is not known; it is one of: {', '.join(Ties)}.")
    check_alpha(alpha)
    out = out or Path(f"{table.stem}-results")
    for name in VOTE_FILES:
        check_new_file(out / name, overwrite=overwrite)
    with listing_bad_rows():
        held = read_votes(table, column_names(column, VOTE_COLUMNS))
    results = analyse_votes(held, Ties(ties), alpha)
    counts = sample_counts(held, Ties(ties))
    out.mkdir(parents=True, exist_ok=True)
    write_csv(results_frame(results), out / "results.csv")
    write_csv(counts, out / "samples.csv")
    figure = vote_figure(counts, held.pairs)
    figure.savefig(out / "voting_rates.png", dpi=200)
    figure.savefig(out / "voting_rates.svg", metadata={"Date": None})
    for line in _lines(results):
        typer.echo(line)
    typer.echo(f"{len(held.table)} votes, ties: {ties}; results.csv, samples.csv, voting_rates.png and .svg in {out}")


def experts(
    table: Annotated[Path, typer.Argument(metavar="SCORES", help=".csv, .parquet, .xlsx: one row a score.")],
    out: Annotated[Path | None, typer.Option(help="Folder for results [SCORES' name + -results].")] = None,
    column: Columns = None,
    scale: Annotated[tuple[float, float], typer.Option(help="Lowest and highest score.", metavar="LOW HIGH")] = (0, 3),
    alpha: Alpha = 0.05,
    overwrite: Overwrite = False,
) -> None:
    """Experts' totals, normalised by each expert's best, and how far they agree."""
    from studies.experts import analyse_experts, normalise, read_scores, totals
    from studies.results import results_frame, write_csv
    from studies.vocabulary import EXPERT_COLUMNS

    check_alpha(alpha)
    if not scale[0] < scale[1]:
        raise InputError(f"--scale {scale[0]:g} {scale[1]:g}: the lowest score comes first.")
    out = out or Path(f"{table.stem}-results")
    for name in EXPERT_FILES:
        check_new_file(out / name, overwrite=overwrite)
    with listing_bad_rows():
        held = read_scores(table, column_names(column, EXPERT_COLUMNS), scale)
    results = analyse_experts(held, alpha)
    sums = totals(held)
    out.mkdir(parents=True, exist_ok=True)
    write_csv(results_frame(results), out / "results.csv")
    both = sums.add_suffix(" total").join(normalise(sums).add_suffix(" normalised"))
    write_csv(both.rename_axis("method").reset_index(), out / "totals.csv")
    for line in _lines(results):
        typer.echo(line)
    typer.echo(f"{len(held.table)} scores of {len(held.experts)} experts; results.csv and totals.csv in {out}")


def column_names(given: Sequence[str] | None, known: Sequence[str]) -> dict[str, str]:
    """From our name to the file's. InputError: not of the form OURS=YOURS, or a column that we do not have."""
    names: dict[str, str] = {}
    for text in given or ():
        ours, equals, theirs = (part.strip() for part in text.partition("="))
        if not equals or not theirs or ours not in known:
            raise InputError(f"--column {text!r}: expected OURS=YOURS with OURS one of: {', '.join(known)}.")
        names[ours] = theirs
    return names


def check_alpha(alpha: float) -> None:
    """InputError unless within (0, 0.5)."""
    if not 0.0 < alpha < 0.5:
        raise InputError(f"--alpha {alpha:g} is outside 0 to 0.5.")


@contextmanager
def listing_bad_rows() -> Iterator[None]:
    """Tells every bad row on stderr before the error itself goes on."""
    from studies.bad_rows import BadRowsError

    try:
        yield
    except BadRowsError as error:
        for row, reason in error.rows:
            typer.echo(f"row {row}: {reason}", err=True)
        raise


def _lines(results: "Sequence[Result]") -> Iterator[str]:
    """The results for a reader at a terminal, short; results.csv has them in full."""
    for one in results:
        value = one.statistic if one.statistic_name else one.estimate
        if one.effect is not None and one.analysis == "icc":
            value = one.effect
        shown = "-" if value is None else f"{value:.4g}" if one.analysis != "expert_normalised" else f"{value:.7g}"
        p = "" if one.p is None else f"  p {one.p:.3g}"
        holm = "" if one.p_holm is None else f" (Holm {one.p_holm:.3g})"
        about = " ".join(filter(None, (one.term, one.dimension and f"[{one.dimension}]")))
        why = f"  {one.note}" if value is None else ""
        yield f"{one.analysis:18} {about:60} {shown:>9}{p}{holm}{why}"
