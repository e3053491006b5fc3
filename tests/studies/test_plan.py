"""Sample sizes: published ones, closed forms, and simulation that agrees with them."""

from math import sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.multitest import multipletests

from curves.errors import InputError
from studies.plan import (
    PlanSettings,
    detectable,
    hotelling_power,
    sample_sizes,
    sensitivity,
    sensitivity_table,
    smallest_n,
    t_power,
    t_sample_size,
)
from studies.plan_simulation import holm_rejects, paired_t_p, simulate_analysis, simulate_tests, wilcoxon_p
from studies.results import Result
from studies.simulated_means import PRESETS


def found(results: list[Result], analysis: str, term: str) -> Result:
    (one,) = [row for row in results if (row.analysis, row.term) == (analysis, term)]
    return one


@pytest.mark.parametrize(
    ("d_z", "power", "n"), [(0.5, 0.8, 34), (0.2, 0.8, 199), (0.8, 0.8, 15), (0.3, 0.9, 119), (0.5, 0.95, 54)]
)
def test_sizes_that_every_textbook_table_has(d_z: float, power: float, n: int) -> None:
    """Two-sided paired t at 0.05, as power tables and calculators print them."""
    assert t_sample_size(d_z, power, 0.05) == n


@given(n=st.integers(3, 400), d_z=st.floats(0.05, 3.0), alpha=st.floats(0.001, 0.2))
def test_t_power_is_the_noncentral_t(n: int, d_z: float, alpha: float) -> None:
    """Against noncentral F, another implementation: T squared is F(1, n - 1) with noncentrality n d_z squared."""
    other = stats.ncf.sf(stats.f.isf(alpha, 1, n - 1), 1, n - 1, n * d_z**2)
    assert t_power(n, d_z, alpha) == pytest.approx(other, abs=1e-8)
    assert hotelling_power(n, d_z, alpha, 1, 0.3) == pytest.approx(t_power(n, d_z, alpha), abs=1e-8)


def test_large_effects_have_power_one_and_not_nothing() -> None:
    for n, d_z in ((82, 1.0), (300, 2.0), (1000, 10.0), (5, 10.0)):
        assert 0.999 < t_power(n, d_z, 0.05) <= 1.0
    assert t_power(1, 0.5, 0.05) == 0.0
    assert t_sample_size(10.0, 0.9, 0.05) == 3


def test_the_smallest_n_is_the_smallest() -> None:
    n = t_sample_size(0.37, 0.85, 0.01)
    assert t_power(n, 0.37, 0.01) >= 0.85 > t_power(n - 1, 0.37, 0.01)
    with pytest.raises(InputError, match="more than a million"):
        smallest_n(lambda n: 0.0, 0.8)


def test_families_pay_for_their_members_and_ranks_for_their_efficiency() -> None:
    plan = PlanSettings(d_z=0.3, power=0.9)
    results = sample_sizes(plan)
    sizes = [found(results, "sample_size_t", term).n for term in ("one test", "dimensions", "emotions")]
    assert sizes == [119, 153, 175]
    for term, n in zip(("one test", "dimensions", "emotions"), sizes, strict=True):
        ranks = found(results, "sample_size_wilcoxon", term).n
        assert ranks is not None
        assert n is not None
        assert ranks - 1 < n * np.pi / 3 <= ranks


def test_wilcoxon_needs_the_people_whose_least_p_is_below_alpha() -> None:
    results = sample_sizes(PlanSettings(d_z=5.0))
    for term, members in (("one test", 1), ("emotions", 6), ("dimensions", 3)):
        n = found(results, "sample_size_wilcoxon", term).n
        assert n is not None
        least = [stats.wilcoxon(np.arange(1.0, people + 1), method="exact").pvalue for people in (n - 1, n)]
        assert least[1] < 0.05 / members <= least[0]


def test_hotelling_power_by_simulation() -> None:
    """T2 of 4,000 studies by its definition, n d' S^-1 d, against the noncentral F of the plan."""
    n, p, rho, d_z, runs = 40, 3, 0.3, 0.3, 4000
    rng = np.random.default_rng(11)
    covariance = np.full((p, p), rho) + np.eye(p) * (1 - rho)
    draws = d_z + rng.standard_normal((runs, n, p)) @ np.linalg.cholesky(covariance).T
    mean = draws.mean(axis=1)
    centred = draws - mean[:, None]
    inverse = np.linalg.inv(np.einsum("rni,rnj->rij", centred, centred) / (n - 1))
    t2 = n * np.einsum("ri,rij,rj->r", mean, inverse, mean)
    simulated = (t2 * (n - p) / (p * (n - 1)) > stats.f.isf(0.05, p, n - p)).mean()
    exact = hotelling_power(n, d_z, 0.05, p, rho)
    assert simulated == pytest.approx(exact, abs=4 * sqrt(exact * (1 - exact) / runs))


def test_sensitivity_falls_with_the_effect_and_reads_as_a_table() -> None:
    rows = sensitivity(PlanSettings(d_z=0.33))
    table = sensitivity_table(rows)
    assert list(table.columns) == ["d_z", "one test", "emotions", "dimensions"]
    assert 0.33 in table["d_z"].tolist()
    assert (table.drop(columns="d_z").diff().dropna() < 0).all().all()
    assert (table["one test"] < table["dimensions"]).all()
    assert (table["dimensions"] < table["emotions"]).all()


def test_what_a_number_of_people_shows_is_what_needs_that_number() -> None:
    for row in detectable(82, PlanSettings(power=0.8)):
        alpha = {"one test": 0.05, "emotions": 0.05 / 6, "dimensions": 0.05 / 3}[row.term]
        assert row.effect is not None
        assert t_sample_size(row.effect + 1e-9, 0.8, alpha) == 82
    with pytest.raises(InputError, match="3 participants or more"):
        detectable(2, PlanSettings())


@pytest.mark.slow
def test_holm_is_statsmodels_holm() -> None:
    p = np.random.default_rng(8).uniform(0, 0.06, (8, 4))
    p[0] = 0.0125  # equal ones, at the first threshold
    ours = holm_rejects(p, 0.05)
    for row, mine in zip(p, ours, strict=True):
        assert mine.tolist() == multipletests(row, alpha=0.05, method="holm")[0].tolist()
    assert 0 < ours.mean() < 1


def test_vectorised_tests_are_scipys() -> None:
    draws = np.random.default_rng(3).normal(0.3, 1.0, (5, 30, 2)).round(1)
    for run in range(5):
        for member in range(2):
            one = draws[run, :, member]
            assert paired_t_p(draws)[run, member] == pytest.approx(stats.ttest_1samp(one, 0).pvalue, rel=1e-9)
            ranks = stats.wilcoxon(one, method="asymptotic").pvalue
            assert wilcoxon_p(draws)[run, member] == pytest.approx(ranks, rel=1e-9)
    assert paired_t_p(np.ones((1, 5, 1))).tolist() == [[1.0]]
    assert wilcoxon_p(np.zeros((1, 5, 1))).tolist() == [[1.0]]


def test_simulation_agrees_with_the_closed_form_within_its_own_error() -> None:
    """A family of one: Holm is the t-test, whose power is known."""
    plan = PlanSettings(d_z=0.5, power=0.8, emotions=1, dimensions=1, runs=1500, seed=5)
    results = simulate_tests(plan)
    n = t_sample_size(0.5, 0.8, 0.05)
    exact = t_power(n, 0.5, 0.05)
    for term in ("emotions: one member", "emotions: any", "emotions: all"):
        row = found(results, "simulated_holm", term)
        assert row.n == n
        assert row.statistic == pytest.approx(exact, abs=4 * sqrt(exact * (1 - exact) / 1500))
        assert row.ci_low is not None
        assert row.ci_high is not None
        assert row.ci_low < row.statistic < row.ci_high
        assert "1500 simulated studies, Monte Carlo error 0.01" in row.note
    ranks = found(results, "simulated_wilcoxon", "one test").statistic
    assert ranks == pytest.approx(0.8, abs=0.05)
    assert simulate_tests(plan) == results


def test_holm_needs_no_more_than_bonferroni_and_no_less_than_one_test() -> None:
    plan = PlanSettings(d_z=0.5, power=0.8, runs=300)
    results = [*sample_sizes(plan), *simulate_tests(plan)]
    for family in ("emotions", "dimensions"):
        holm = found(results, "sample_size_holm", family).n or 0
        assert (found(results, "sample_size_t", "one test").n or 0) <= holm
        assert holm <= (found(results, "sample_size_t", family).n or 0)
        one, any_, all_ = (
            found(results, "simulated_holm", f"{family}: {term}").statistic or 0
            for term in ("one member", "any", "all")
        )
        assert all_ <= one <= any_


@pytest.mark.slow
def test_the_planned_analysis_on_likert_ratings_has_the_wished_effect_and_its_power() -> None:
    results = simulate_analysis(PRESETS["no-effect"], 60, PlanSettings(d_z=0.3, runs=600, seed=2))
    weaker = simulate_analysis(PRESETS["no-effect"], 60, PlanSettings(d_z=0.05, runs=600, seed=2))
    emotions = found(results, "simulated_analysis", "emotions: paired t")
    assert emotions.effect == pytest.approx(0.3, abs=0.02)  # the integers have it, not only what they came from
    assert t_power(60, 0.3, 0.05 / 6) - 0.03 < (emotions.statistic or 0) < t_power(60, 0.3, 0.05)
    overall = found(results, "simulated_analysis", "overall: paired t")
    assert overall.effect is not None
    exact = t_power(60, overall.effect, 0.05)
    assert overall.statistic == pytest.approx(exact, abs=4 * sqrt(exact * (1 - exact) / 600) + 0.01)
    for strong, weak in zip(results, weaker, strict=True):
        assert (weak.statistic or 0) < (strong.statistic or 0)


@pytest.mark.parametrize(
    "wrong",
    [{"d_z": 0.0}, {"d_z": float("nan")}, {"power": 1.0}, {"power": 0.04}, {"alpha": 0.6}, {"rho": 1.0}, {"runs": -1}],
)
def test_wishes_that_cannot_be(wrong: dict[str, float]) -> None:
    with pytest.raises(InputError):
        PlanSettings(**wrong)  # type: ignore[arg-type]
