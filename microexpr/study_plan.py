"""``microexpr study plan`` and ``microexpr study simulate``: before anybody has been asked."""

# ruff: noqa: PLC0415, PLR0917  # an option is a parameter; pandas and statsmodels are imported inside, --help is quick

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from microexpr.writing import check_new_file

if TYPE_CHECKING:
    from collections.abc import Sequence

    from studies.results import Result

Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace existing files.")]
PLAN_FILES = ("results.csv", "sensitivity.csv", "orders.csv")


def register(app: typer.Typer) -> None:
    """Adds ``plan`` and ``simulate``."""
    app.command("plan")(plan)
    app.command("simulate")(simulate)


def plan(
    d_z: Annotated[float, typer.Option("--d-z", help="Wished effect: mean of B - A over its SD.")] = 0.3,
    power: Annotated[float, typer.Option(help="Wished power.")] = 0.9,
    alpha: Annotated[float, typer.Option(help="Of a family of tests, two-sided.")] = 0.05,
    emotions: Annotated[int, typer.Option(min=1, help="Members of the family of emotions.")] = 6,
    dimensions: Annotated[int, typer.Option(min=1, help="Members of the family of dimensions.")] = 3,
    rho: Annotated[float, typer.Option(help="Correlation of a participant's differences.")] = 0.3,
    n: Annotated[int | None, typer.Option(help="Participants you can get [what the larger family needs].")] = None,
    means: Annotated[str, typer.Option(help="Of the simulated ratings: paper-004, no-effect or a TOML.")] = "paper-004",
    runs: Annotated[int, typer.Option(help="Simulated studies; 0: none.")] = 10_000,
    seed: Annotated[int, typer.Option(min=0, help="Of simulation and orders.")] = 1,
    out: Annotated[Path, typer.Option(help="Folder for results.csv, sensitivity.csv, orders.csv.")] = Path("plan"),
    overwrite: Overwrite = False,
) -> None:
    """How many participants for a wished effect and power, and in which orders they see the videos."""
    for name in PLAN_FILES:
        check_new_file(out / name, overwrite=overwrite)
    from studies import plan as planning
    from studies.orders import order_list, orders_frame
    from studies.results import results_frame, write_csv
    from studies.simulated_means import find_means

    settings = planning.PlanSettings(d_z, power, alpha, emotions, dimensions, rho, runs, seed)
    wished = find_means(means)
    results = planning.sample_sizes(settings)
    needed = max(int(one.n or 0) for one in results if one.analysis == "sample_size_t")
    people = needed if n is None else n
    sensitivity = planning.sensitivity(settings)
    results += planning.detectable(people, settings)
    if runs:
        from studies.plan_simulation import simulate_analysis, simulate_tests

        results += [*simulate_tests(settings), *simulate_analysis(wished, people, settings)]
    _show(results)
    out.mkdir(parents=True, exist_ok=True)
    write_csv(results_frame([*results, *sensitivity]), out / PLAN_FILES[0])
    write_csv(planning.sensitivity_table(sensitivity), out / PLAN_FILES[1])
    write_csv(orders_frame(order_list(people, seed=seed)), out / PLAN_FILES[2])
    typer.echo(f"orders for {people} participants, sensitivity and all results in {out}")


def simulate(
    n: Annotated[int, typer.Option("--n", help="Participants.")] = 82,
    seed: Annotated[int, typer.Option(min=0, help="Decides all that is drawn.")] = 1,
    means: Annotated[str, typer.Option(help="paper-004, no-effect or a TOML file of your own.")] = "paper-004",
    out: Annotated[Path, typer.Option(help="Folder for the tables.")] = Path("simulated"),
    items: Annotated[int, typer.Option(help="Items a dimension.")] = 1,
    missing: Annotated[float, typer.Option(help="Share of ratings left empty, by chance.")] = 0.0,
    inattentive: Annotated[float, typer.Option(help="Share of failed attention checks, by chance.")] = 0.05,
    effect: Annotated[float | None, typer.Option(help="d_z of every emotion, in place of the means of B.")] = None,
    draw: Annotated[
        bool, typer.Option("--draw", help="Draw from a population; else the sample has the means.")
    ] = False,
    votes: Annotated[bool, typer.Option("--votes", help="Votes too, with paper 003's preferred samples.")] = False,
    experts: Annotated[bool, typer.Option("--experts", help="Expert scores too, with paper 003's totals.")] = False,
    overwrite: Overwrite = False,
) -> None:
    """Write a simulated data set, marked as such in every file: for teaching, tests and rehearsals."""
    from studies import simulated_tables, simulated_votes
    from studies.simulated_means import find_means

    settings = simulated_tables.SimulationSettings(n, seed, items, missing, inattentive, draw)
    wished = find_means(means)
    if effect is not None:
        wished = wished.with_effect(effect)
    extra = {simulated_votes.VOTES: votes, simulated_votes.EXPERTS: experts}
    for name in (*simulated_tables.FILES, *(name for name, asked in extra.items() if asked)):
        check_new_file(out / name, overwrite=overwrite)
    written = simulated_tables.write_study(wished, settings, out)
    if votes:
        written.append(simulated_votes.write_votes(out, seed))
    if experts:
        written.append(simulated_votes.write_scores(out, seed))
    for path in written:
        typer.echo(str(path))
    typer.echo(f"simulated: {n} participants, {wished.name}; README.txt says what was wished and what came.")


def _show(results: "Sequence[Result]") -> None:
    for one in results:
        power = "" if one.statistic is None else f"  power {one.statistic:.3f}"
        if one.ci_low is not None:  # of a simulation: how far it can be trusted
            power += f" (95% {one.ci_low:.3f} to {one.ci_high:.3f})"
        told = one.note if one.effect is None else f"d_z {one.effect:.3f}{power}"
        typer.echo(f"{one.analysis:24} {one.term:24} n {one.n:<5}  {told}")
