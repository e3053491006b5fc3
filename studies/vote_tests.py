"""Rates and tests of votes: as paper 003 published them, and what they are (equations 7 and 8, section IV-F).

The paper's Z is (mean - N / 2) / (sigma / sqrt(M)) with M samples' vote counts of N votes each and sigma estimated from
those very counts, set against the normal distribution. With an estimated sigma this is Student's t with M - 1 degrees
of freedom; its critical value is 1.74 for M = 18, not 1.65. Everything here uses shares of votes, which gives the same
Z wherever each sample has N votes, and still means something where they have not.
"""

from math import sqrt
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from studies.results import Result

_SIDES = {"greater": "right-tailed, what z_published really is", "two-sided": "two-sided"}
_SD_FLOOR = 1e-12  # of shares: below it their differences are rounding


def z_tails(z: float, samples: int) -> tuple[float, float | None]:
    """Right-tailed p of a published Z over ``samples`` counts: by the normal distribution, as paper 003 has it, and by
    Student's t with ``samples`` - 1 degrees of freedom, as it should be (None for fewer than two samples)."""
    return float(stats.norm.sf(z)), float(stats.t.sf(z, samples - 1)) if samples > 1 else None


def rates(name: str, pair: tuple[str, str], samples: pd.DataFrame) -> list[Result]:
    """Preference rate (equation 7) and voting rate (equation 8), in [0, 1], for each of the two models.

    ``samples``: this set's rows of ``votes.sample_counts``. A sample with as many votes for each is preferred for
    neither, so that with an even number of votes the two preference rates may sum to less than 1.
    """
    counted = samples[samples["n"] > 0]
    total = len(samples)
    undecided = int((counted["votes_a"] == counted["votes_b"]).sum()) + total - len(counted)
    results = []
    for term, mine, other in _directions(name, pair):
        preferred = int((samples[mine] > samples[other]).sum())
        note = f"{preferred} of {total} samples preferred" + (f", {undecided} undecided" if undecided else "")
        results.append(Result(analysis="preference_rate", term=term, n=total, estimate=preferred / total, note=note))
    for term, mine, _ in _directions(name, pair):
        cast = float(samples["n"].sum())
        rate = float(samples[mine].sum()) / cast if cast else None
        note = _votes_note(samples) if cast else "every vote is a tie that is dropped"
        results.append(Result(analysis="voting_rate", term=term, n=total, estimate=rate, note=note))
    return results


def _directions(name: str, pair: tuple[str, str]) -> list[tuple[str, str, str]]:
    a, b = pair
    return [(f"{name}: {a} over {b}", "votes_a", "votes_b"), (f"{name}: {b} over {a}", "votes_b", "votes_a")]


def _votes_note(samples: pd.DataFrame) -> str:
    fewest, most = samples["n"].min(), samples["n"].max()
    if fewest == most:
        return f"{most:g} votes a sample"
    return f"{fewest:g} to {most:g} votes a sample: all votes pooled, samples with more votes weigh more"


def tests(name: str, pair: tuple[str, str], samples: pd.DataFrame, voters: pd.DataFrame, alpha: float) -> list[Result]:
    """The six tests of one set, all of A against B; see ``votes.TESTED``.

    ``samples``, ``voters``: this set's rows of ``votes.sample_counts`` and ``votes.voter_counts``.
    """
    term = f"{name}: {pair[0]} over {pair[1]}"
    shares = samples["share_a"].dropna().to_numpy(dtype=np.float64)
    of_voters = voters["share_a"].dropna().to_numpy(dtype=np.float64)
    return [
        _z_published(term, shares),
        _t_test("t_test", term, shares, "samples", alpha, alternative="greater"),
        _t_test("t_test_two_sided", term, shares, "samples", alpha),
        _t_test("t_test_voters", term, of_voters, "voters", alpha),
        _binomial_samples(term, samples, alpha),
        _binomial_votes(term, samples, alpha),
    ]


def _missing(analysis: str, term: str, shares: NDArray[np.float64], unit: str, name: str) -> Result | None:
    """A row without a statistic if the shares allow none."""
    if shares.size < 2:
        reason = f"{shares.size} {unit}: no variance to test against"
    elif shares.std(ddof=1) < _SD_FLOOR:
        reason = f"all {unit} gave the same share: no variance to test against"
    else:
        return None
    estimate = float(shares.mean()) if shares.size else None
    return Result(analysis=analysis, term=term, n=shares.size, statistic_name=name, estimate=estimate, note=reason)


def _z_published(term: str, shares: NDArray[np.float64]) -> Result:
    missing = _missing("z_published", term, shares, "samples", "Z")
    if missing is not None:
        return missing
    z = float((shares.mean() - 0.5) / (shares.std(ddof=1) / sqrt(shares.size)))
    divided = z * sqrt(shares.size / (shares.size - 1))
    note = (
        "samples; right-tailed against the normal distribution with sigma from the samples (n - 1 in its denominator; "
        f"with n: {divided:.6g}); published threshold 1.65"
    )
    return Result(
        analysis="z_published", term=term, n=shares.size, statistic_name="Z", statistic=z,
        p=z_tails(z, shares.size)[0], estimate=float(shares.mean()), note=note,
    )  # fmt: skip


def _t_test(
    analysis: str, term: str, shares: NDArray[np.float64], unit: str, alpha: float, *,
    alternative: Literal["greater", "two-sided"] = "two-sided",
) -> Result:  # fmt: skip
    missing = _missing(analysis, term, shares, unit, "t")
    if missing is not None:
        return missing
    done = stats.ttest_1samp(shares, 0.5, alternative=alternative)
    low, high = stats.t.interval(1 - alpha, shares.size - 1, shares.mean(), stats.sem(shares))
    cut = "; its ends beyond 0 or 1 are cut off" if low < 0.0 or high > 1.0 else ""
    return Result(
        analysis=analysis, term=term, n=shares.size, statistic_name="t", statistic=float(done.statistic),
        df1=float(shares.size - 1), p=float(done.pvalue), estimate=float(shares.mean()),
        ci_low=max(float(low), 0.0), ci_high=min(float(high), 1.0), effect_name="d_one_sample",
        effect=float((shares.mean() - 0.5) / shares.std(ddof=1)),
        note=f"{_SIDES[alternative]}; estimate: mean of the {unit}' shares of votes, its interval two-sided{cut}",
    )  # fmt: skip


def _binomial_samples(term: str, samples: pd.DataFrame, alpha: float) -> Result:
    for_a = int((samples["votes_a"] > samples["votes_b"]).sum())
    for_b = int((samples["votes_b"] > samples["votes_a"]).sum())
    left = len(samples) - for_a - for_b
    note = "exact, two-sided; samples preferred among those decided" + (f", {left} undecided left out" if left else "")
    return _binomial("binomial", term, for_a, for_a + for_b, alpha=alpha, note=note)


def _binomial_votes(term: str, samples: pd.DataFrame, alpha: float) -> Result:
    wins, losses, tied = (int(samples[column].sum()) for column in ("wins_a", "wins_b", "ties"))
    note = "exact, two-sided; all decided votes as if independent, though a voter votes often: p is too small"
    note += f"; {tied} ties left out" if tied else ""
    return _binomial("binomial_votes", term, wins, wins + losses, alpha=alpha, note=note)


def _binomial(analysis: str, term: str, wins: int, trials: int, *, alpha: float, note: str) -> Result:
    if trials == 0:
        tied = "nothing is decided: every vote or sample is a tie"
        return Result(analysis=analysis, term=term, n=0, statistic_name="k", note=tied)
    done = stats.binomtest(wins, trials)
    interval = done.proportion_ci(1 - alpha, method="exact")
    return Result(
        analysis=analysis, term=term, n=trials, statistic_name="k", statistic=float(wins), p=float(done.pvalue),
        estimate=wins / trials, ci_low=float(interval.low),
        ci_high=float(interval.high), note=note,
    )  # fmt: skip
