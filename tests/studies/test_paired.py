"""Paired tests: published examples and closed forms, what they say where nothing exists, symmetries."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from rating_tables import rating_table, ratings_from, ratings_of
from scipy import stats

from studies.paired import effect_sizes, hodges_lehmann, hotelling_t2_paired, mean_vector, paired_t, wilcoxon
from studies.ratings import ALL, Ratings
from studies.results import Result
from studies.settings import AnalysisSettings

DEFAULT = AnalysisSettings()
# Student's sleep data (1908): hours of extra sleep under two drugs, the same ten people.
SLEEP = ([0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0], [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4])
# Hollander and Wolfe (1999), example 3.1: depression scale factor IV before and after a tranquilliser.
DEPRESSION = (
    [1.83, 0.50, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.30],
    [0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29],
)
# Johnson and Wichern (2007), example 6.1: effluent measured by two laboratories (BOD, SS).
EFFLUENT = {
    ("fear", "clarity"): ([6, 6, 18, 8, 11, 34, 28, 71, 43, 33, 20], [25, 28, 36, 35, 15, 44, 42, 54, 34, 29, 39]),
    ("fear", "naturalness"): (
        [27, 23, 64, 44, 30, 75, 26, 124, 54, 30, 14],
        [15, 13, 22, 29, 31, 64, 30, 64, 56, 20, 21],
    ),
}


def row(results: list[Result], emotion: str = ALL, dimension: str = ALL, effect: str = "") -> Result:
    (found,) = [
        one
        for one in results
        if (one.emotion, one.dimension) == (emotion, dimension) and (not effect or one.effect_name == effect)
    ]
    return found


def one_cell(a: list[float], b: list[float]) -> Ratings:
    return ratings_from({("fear", "clarity"): (a, b)})


# --- published -------------------------------------------------------------------------------------------------------


def test_paired_t_of_the_sleep_data() -> None:
    """R: t.test(extra ~ group, sleep, paired) with B - A."""
    found = row(paired_t(one_cell(*SLEEP), DEFAULT), "fear", "clarity")
    assert (found.n, found.df1, found.statistic_name) == (10, 9.0, "t")
    assert found.statistic == pytest.approx(4.0621, abs=5e-5)
    assert found.p == pytest.approx(0.002833, abs=5e-7)
    assert found.estimate == pytest.approx(1.58)
    assert (found.ci_low, found.ci_high) == pytest.approx((0.7001142, 2.4598858), abs=5e-8)
    assert found.effect == pytest.approx(4.0621 / 10**0.5, abs=5e-5)


def test_wilcoxon_of_the_depression_data() -> None:
    found = row(wilcoxon(one_cell(*DEPRESSION), DEFAULT), "fear", "clarity")
    assert found.statistic == 5.0  # A - B: 40 of 45
    assert found.p == pytest.approx(0.0390625, abs=1e-12)
    assert found.estimate == pytest.approx(-0.46)
    assert (found.ci_low, found.ci_high) == pytest.approx((-0.786, -0.010), abs=1e-9)
    assert found.effect == pytest.approx((5 - 40) / 45)
    assert found.note.startswith("exact;")


def test_wilcoxon_with_ties_is_exact_over_all_signs() -> None:
    """Nine of ten sleepers moved, all upwards: two of the 2^9 signs are as extreme, whatever the ties."""
    found = row(wilcoxon(one_cell(*SLEEP), DEFAULT), "fear", "clarity")
    assert found.p == pytest.approx(2 / 2**9)
    assert found.statistic == 45.0
    assert found.effect == 1.0
    assert "exact over all signs (ties); 1 of 10 differences are zero" in found.note


def test_differences_that_differ_by_rounding_only_tie() -> None:
    """In floating point 1.3 - 1.0 and 0.4 - 0.1 are two numbers, and 0.1 + 0.2 - 0.3 is not zero."""
    found = row(wilcoxon(one_cell([0.1, 1.0, 2.0, 0.3], [0.4, 1.3, 2.0 - 0.3, 0.1 + 0.2]), DEFAULT), "fear", "clarity")
    assert found.statistic == 4.0  # three ranks of 2, one of them below zero
    assert found.p == 1.0
    assert "1 of 4 differences are zero" in found.note


def test_wilcoxon_of_many_tied_is_the_corrected_normal_approximation() -> None:
    """Against the textbook's formula with continuity and tie correction."""
    differences = np.array([1, 1, 2, -1, 3, 2, 2, -2, 1, 1, 4, 3, -1, 2, 1, 0, 0], dtype=float)
    found = row(wilcoxon(one_cell([0.0] * 17, list(differences)), DEFAULT), "fear", "clarity")
    moved = differences[differences != 0]
    n = len(moved)
    ranks = stats.rankdata(np.abs(moved))
    _, ties = np.unique(np.abs(moved), return_counts=True)
    spread = (n * (n + 1) * (2 * n + 1) / 24 - (ties**3 - ties).sum() / 48) ** 0.5
    above = ranks[moved > 0].sum()
    z = (abs(above - n * (n + 1) / 4) - 0.5) / spread
    assert found.statistic == above
    assert found.p == pytest.approx(2 * stats.norm.sf(z), rel=1e-12)
    assert "continuity and tie correction; 2 of 17" in found.note


def test_hotelling_of_the_effluent_data() -> None:
    found = row(hotelling_t2_paired(ratings_from(EFFLUENT), DEFAULT), "fear")
    assert found.statistic == pytest.approx(13.6, abs=0.05)
    assert (found.n, found.df1, found.df2) == (11, 2.0, 9.0)
    t2 = found.statistic or 0.0
    assert found.p == pytest.approx(stats.f.sf(t2 * 9 / (2 * 10), 2, 9))
    assert found.effect == pytest.approx(t2 / (t2 + 10))


def test_hotelling_of_one_dimension_is_t_squared() -> None:
    ratings = one_cell(*SLEEP)
    t, t2 = row(paired_t(ratings, DEFAULT), "fear", "clarity"), row(hotelling_t2_paired(ratings, DEFAULT), "fear")
    assert t2.statistic == pytest.approx((t.statistic or 0.0) ** 2)
    assert t2.p == pytest.approx(t.p)
    assert (t2.df1, t2.df2) == (1.0, t.df1)


def test_hotelling_does_not_care_for_units() -> None:
    table = np.random.default_rng(3).normal(0.3, 1.0, (20, 3))
    mixed = table @ np.array([[1.0, 0.5, 0.0], [0.0, 2.0, 1.0], [0.3, 0.0, 1.0]])
    assert mean_vector(mixed) == pytest.approx(mean_vector(table), rel=1e-10)


def test_hodges_and_lehmann_look_at_the_differences_that_wilcoxon_ranks() -> None:
    """R: wilcox.test(moved, conf.int = TRUE) of the eight that moved, all upwards: p 0.0078, its interval above 0."""
    moved = [1.1, 0.4, 2.3, 0.9, 3.1, 1.6, 0.2, 0.7]
    found = row(wilcoxon(one_cell([3.0] * 20, [3.0 + one for one in moved] + [3.0] * 12), DEFAULT), "fear", "clarity")
    assert (found.n, found.p) == (20, pytest.approx(2 / 2**8))
    assert (found.estimate, found.ci_low, found.ci_high) == pytest.approx((1.2, 0.45, 2.3))
    assert found.note == "exact; 12 of 20 differences are zero and dropped, from p, estimate and interval"
    few = row(wilcoxon(one_cell([3.0] * 20, [4.1, 3.4, 5.3] + [3.0] * 17), DEFAULT), "fear", "clarity")
    assert few.ci_low is None
    assert "n = 3 is too small for an interval" in few.note


@pytest.mark.parametrize(("n", "inside"), [(5, None), (6, 1), (9, 6), (20, 53), (30, 138)])
def test_ends_of_the_hodges_lehmann_interval(n: int, inside: int | None) -> None:
    """The critical values of the tables of the signed-rank test (two-sided 0.05: 0, 5, 52, 137), plus one."""
    differences = np.cumsum(np.arange(1.0, n + 1.0))  # all means of pairs differ
    first, second = np.triu_indices(n)
    means = np.sort((differences[first] + differences[second]) / 2.0)
    estimate, low, high = hodges_lehmann(differences, 0.05)
    assert estimate == np.median(means)
    assert (low, high) == ((None, None) if inside is None else (means[inside - 1], means[-inside]))


def test_the_normal_approximation_of_the_interval_meets_the_exact_one() -> None:
    draw = np.random.default_rng(5).normal(0.2, 1.0, 201)
    approximate, exact = hodges_lehmann(draw, 0.05), hodges_lehmann(draw[:200], 0.05)
    assert approximate == pytest.approx(exact, abs=0.02)


# --- nothing there ---------------------------------------------------------------------------------------------------


def missing_with(found: Result, words: str) -> None:
    assert (found.statistic, found.p, found.effect, found.effect_ci_low) == (None, None, None, None)
    assert words in found.note


def test_constant_differences_have_no_t() -> None:
    """Means of thirds: the differences are equal but for rounding, and t would be 1e15."""
    third = 1.0 / 3.0
    pair = [1.0, 2.1, 3.3, 4.7], [1 + third, 2.1 + third, 3.3 + third, 4.7 + third]
    ratings = ratings_from({("fear", "clarity"): pair, ("fear", "naturalness"): pair})
    found = row(paired_t(ratings, DEFAULT), "fear")
    missing_with(found, "same difference, 0.333333: no variance")
    assert found.estimate == pytest.approx(third)
    assert (found.ci_low, found.ci_high) == (None, None)
    missing_with(row(hotelling_t2_paired(ratings, DEFAULT), "fear"), "no variance")
    av = row(effect_sizes(ratings, DEFAULT), "fear", effect="d_av_rms")
    assert av.effect == pytest.approx(third / np.std([1.0, 2.1, 3.3, 4.7], ddof=1))
    assert av.effect_ci_low is None
    assert "no interval" in av.note
    missing_with(row(effect_sizes(ratings, DEFAULT), "fear", effect="g_z"), "no variance")


def test_all_ties() -> None:
    ratings = one_cell([3.0, 4.0, 2.0], [3.0, 4.0, 2.0])
    found = row(wilcoxon(ratings, DEFAULT), "fear", "clarity")
    missing_with(found, "all 3 differences are zero")
    assert (found.estimate, found.ci_low, found.ci_high) == (None, None, None)
    missing_with(row(paired_t(ratings, DEFAULT)), "same difference, 0")


def test_ceiling_everybody_gives_five() -> None:
    ratings = one_cell([5.0] * 6, [5.0] * 6)
    missing_with(row(effect_sizes(ratings, DEFAULT), effect="d_av_rms"), "neither A nor B varies")
    missing_with(row(hotelling_t2_paired(ratings, DEFAULT)), "no variance")


def test_two_participants() -> None:
    ratings = ratings_from({("fear", d): ([1.0, 2.0], [2.0, 4.0]) for d in ("clarity", "naturalness", "authenticity")})
    found = row(paired_t(ratings, DEFAULT))
    assert (found.n, found.df1) == (2, 1.0)
    assert found.statistic == pytest.approx(3.0)
    missing_with(row(hotelling_t2_paired(ratings, DEFAULT)), "more participants than dimensions (3)")
    missing_with(row(effect_sizes(ratings, DEFAULT), effect="g_z"), "three participants")
    ranked = row(wilcoxon(ratings, DEFAULT))
    assert ranked.p == pytest.approx(0.5)
    assert ranked.ci_low is None
    assert "too small for an interval" in ranked.note


def test_one_participant() -> None:
    ratings = one_cell([2.0], [4.0])
    missing_with(row(paired_t(ratings, DEFAULT)), "n = 1: two participants")
    assert row(paired_t(ratings, DEFAULT)).estimate == 2.0
    assert row(wilcoxon(ratings, DEFAULT)).p == 1.0
    missing_with(row(effect_sizes(ratings, DEFAULT), effect="d_av_rms"), "n = 1")


def test_an_emotion_that_nobody_rated_has_a_row_that_says_so() -> None:
    ratings = ratings_of(rating_table(3, emotions=("fear",), dimensions=("clarity",)))
    for analysis in (paired_t, wilcoxon, hotelling_t2_paired, effect_sizes):
        found = [one for one in analysis(ratings, DEFAULT) if (one.emotion, one.dimension) == ("sadness", ALL)]
        assert found
        for one in found:
            assert one.n == 0
            missing_with(one, "n = 0")


def test_dimensions_that_follow_from_each_other_have_no_t2() -> None:
    draw = np.random.default_rng(2)
    a, b = draw.normal(3, 1, (2, 12))
    cells = {("fear", "clarity"): (a, a + b), ("fear", "naturalness"): (a, a + 2 * b)}
    missing_with(row(hotelling_t2_paired(ratings_from(cells), DEFAULT), "fear"), "follow from")


# --- symmetries ------------------------------------------------------------------------------------------------------

FEW = settings(max_examples=6, phases=[Phase.generate])  # each asks for some two hundred rows
ANALYSES = (paired_t, effect_sizes, wilcoxon, hotelling_t2_paired)
NUMBERS = ("statistic", "p", "estimate", "ci_low", "ci_high", "effect", "effect_ci_low", "effect_ci_high")


@st.composite
def made_up(draw: st.DrawFn) -> dict[tuple[str, str], tuple[list[float], list[float]]]:
    n = draw(st.integers(2, 7))
    ratings = st.lists(st.integers(1, 5).map(float), min_size=n, max_size=n)
    cells = [("fear", "clarity"), ("fear", "naturalness"), ("anger", "clarity")]
    return {cell: (draw(ratings), draw(ratings)) for cell in cells}


def results(ratings: Ratings) -> list[Result]:
    return [one for analysis in ANALYSES for one in analysis(ratings, DEFAULT)]


def same(one: Result, other: Result) -> None:
    assert replace(one, **dict.fromkeys(NUMBERS), note="") == replace(other, **dict.fromkeys(NUMBERS), note="")
    for name in NUMBERS:
        expected = getattr(other, name)
        close = None if expected is None else pytest.approx(expected, rel=1e-6, abs=1e-9)
        assert getattr(one, name) == close, (one, name)


@pytest.mark.slow
@FEW
@given(made_up(), st.sampled_from([-2.5, 0.1, 1.0 / 3.0, 7.0]))
def test_a_constant_added_to_both_videos_changes_nothing(cells: dict, shift: float) -> None:
    moved = {cell: ([x + shift for x in a], [x + shift for x in b]) for cell, (a, b) in cells.items()}
    for one, other in zip(results(ratings_from(cells)), results(ratings_from(moved)), strict=True):
        same(one, other)


@pytest.mark.slow
@FEW
@given(made_up(), st.randoms(use_true_random=False))
def test_the_order_of_participants_changes_nothing(cells: dict, random: object) -> None:
    places = list(range(len(cells["fear", "clarity"][0])))
    random.shuffle(places)  # type: ignore[attr-defined]
    moved = {cell: ([a[i] for i in places], [b[i] for i in places]) for cell, (a, b) in cells.items()}
    for one, other in zip(results(ratings_from(cells)), results(ratings_from(moved)), strict=True):
        same(one, other)


@pytest.mark.slow
@FEW
@given(made_up())
def test_swapping_a_and_b_flips_the_signs(cells: dict) -> None:
    swapped = {cell: (b, a) for cell, (a, b) in cells.items()}
    for one, other in zip(results(ratings_from(cells)), results(ratings_from(swapped)), strict=True):
        same(one, mirrored(other))


def mirrored(found: Result) -> Result:
    """What ``found`` says about A - B."""

    def minus(number: float | None) -> float | None:
        return None if number is None else -number

    if found.statistic_name == "T2":
        return found
    flipped = replace(
        found, estimate=minus(found.estimate), effect=minus(found.effect), ci_low=minus(found.ci_high),
        ci_high=minus(found.ci_low), effect_ci_low=minus(found.effect_ci_high),
        effect_ci_high=minus(found.effect_ci_low),
    )  # fmt: skip
    if found.statistic_name == "t":
        return replace(flipped, statistic=minus(found.statistic))
    if found.statistic is not None and found.statistic_name == "W":
        zeros = int(found.note.split(" of ")[0].rpartition(" ")[2])
        moved = (found.n or 0) - zeros
        return replace(flipped, statistic=moved * (moved + 1) / 2.0 - found.statistic)
    return flipped
