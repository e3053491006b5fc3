"""Public evaluation: which of two models' videos people prefer (paper 003, section IV-F, Tables IV and V)."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import numpy as np
import pandas as pd

from curves.errors import InputError
from studies import vote_tests
from studies.bad_rows import empty_cells, repeated, require_clean
from studies.corrections import correct_together
from studies.results import Result, mark_simulated
from studies.tables import read_table
from studies.vocabulary import VOTE_COLUMNS

TIE = "tie"
#: Tests whose p-values are corrected over the sets, each for itself.
TESTED = ("z_published", "t_test", "t_test_two_sided", "t_test_voters", "binomial", "binomial_votes")


class Ties(StrEnum):
    """What a vote "tie" counts."""

    DROP = "drop"  # it is left out: shares are of the votes that decided
    HALF = "half"  # half a vote for each


@dataclass(frozen=True, slots=True, eq=False)
class Votes:
    """Clean votes. ``table``: columns set, sample, voter (text) and ``vote`` (1.0 for ``a``, 0.0 for ``b``, NaN for a
    tie); ``pairs``: set -> its models (a, b), in the order in which the sets come. A row whose models stand the other
    way round is turned."""

    table: pd.DataFrame
    pairs: Mapping[str, tuple[str, str]]


def read_votes(path: Path, names: Mapping[str, str] | None = None) -> Votes:
    """Votes of a CSV, Parquet or XLSX file; ``names``: from our column names to the file's.

    Raises:
        InputError: as ``read_table``, or no votes at all.
        BadRowsError: with every row that cannot be used.
    """
    table = read_table(path, VOTE_COLUMNS, names=names)
    if table.empty:
        raise InputError(f"{path.name} holds no votes.")
    pairs: dict[str, tuple[str, str]] = {}
    found = empty_cells(table)
    for row, first in repeated(table, ("set", "sample", "voter")).items():
        found[row].append(f"the voter's second vote on this sample, after row {first}")
    choices = table["choice"].where(table["choice"].str.casefold() != TIE, TIE)
    columns = (table[name] for name in ("set", "model_a", "model_b"))
    for row, name, a, b, choice in zip(table.index, *columns, choices, strict=True):
        found[row] += _reasons(a, b, choice)
        if not found[row]:
            pair = pairs.setdefault(name, (a, b))
            if {a, b} != set(pair):
                found[row].append(f"set {name} compares {pair[0]} with {pair[1]}, this row {a} with {b}")
    require_clean(path.name, found)
    wins = choices == table["set"].map({name: pair[0] for name, pair in pairs.items()})
    vote = np.where(choices == TIE, np.nan, wins.astype(float))
    return Votes(table[["set", "sample", "voter"]].reset_index(drop=True).assign(vote=vote), pairs)


def _reasons(a: str, b: str, choice: str) -> list[str]:
    if "" in {a, b, choice}:
        return []  # told already
    reasons = []
    if a == b:
        reasons.append(f"model_a and model_b are both {a}")
    if TIE in {a.casefold(), b.casefold()}:
        reasons.append(f"a model cannot be named {TIE}")
    if choice not in {a, b, TIE}:
        reasons.append(f"choice {choice!r} is neither {a}, {b} nor {TIE}")
    return reasons


def sample_counts(votes: Votes, ties: Ties = Ties.DROP) -> pd.DataFrame:
    """One row a set and sample, in the order in which they come.

    Columns set, sample, wins_a, wins_b, ties (whole votes), votes_a, votes_b (wins, and halves of ties with
    ``Ties.HALF``), n (votes that count, their sum), share_a = votes_a / n in [0, 1], NaN where no vote counts.
    """
    return _counts(votes.table, "sample", ties)


def voter_counts(votes: Votes, ties: Ties = Ties.DROP) -> pd.DataFrame:
    """As ``sample_counts``, with voters in place of samples."""
    return _counts(votes.table, "voter", ties)


def _counts(table: pd.DataFrame, unit: str, ties: Ties) -> pd.DataFrame:
    groups = table.groupby(["set", unit], sort=False)["vote"]
    wins_a, decided = groups.sum(), groups.count()
    tied = groups.size() - decided
    half = tied / 2 if ties is Ties.HALF else 0.0 * tied
    counts = pd.DataFrame(
        {
            "wins_a": wins_a.astype(int),
            "wins_b": (decided - wins_a).astype(int),
            "ties": tied,
            "votes_a": wins_a + half,
            "votes_b": decided - wins_a + half,
            "n": decided + 2 * half,
        }
    )
    return counts.assign(share_a=counts["votes_a"] / counts["n"].where(counts["n"] > 0)).reset_index()


def analyse_votes(votes: Votes, ties: Ties = Ties.DROP, alpha: float = 0.05) -> list[Result]:
    """All rates and tests, set by set; the three corrected p-values are over the sets, for each test of ``TESTED``.

    ``term``: "SET: A over B". Rates and their intervals (1 - ``alpha``) are shares in [0, 1] of votes or samples.
    """
    samples, voters = sample_counts(votes, ties), voter_counts(votes, ties)
    results: list[Result] = []
    for name, pair in votes.pairs.items():
        of_set = samples[samples["set"] == name]
        results += vote_tests.rates(name, pair, of_set)
        results += vote_tests.tests(name, pair, of_set, voters[voters["set"] == name], alpha)
    return mark_simulated(corrected_over_sets(results), voters["voter"])


def corrected_over_sets(results: list[Result]) -> list[Result]:
    """The same rows; those of one test that have a p get Bonferroni's, Holm's and Benjamini-Hochberg's beside it."""
    return correct_together(
        results,
        [[at for at, one in enumerate(results) if one.analysis == test and one.p is not None] for test in TESTED],
    )
