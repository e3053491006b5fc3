"""Order, attention, equivalence and power: closed forms, statsmodels' own functions, and published designs."""

import numpy as np
import pytest
from rating_tables import rating_table, ratings_from, ratings_of, session_table
from scipy import stats
from statsmodels.stats.power import TTestPower
from statsmodels.stats.weightstats import ttost_paired

from studies.paired import paired_t
from studies.ratings import ALL, Ratings
from studies.results import Result
from studies.robustness import attention_sensitivity, detectable_d_z, order_effect, sensitivity_power, tost
from studies.settings import AnalysisSettings

DEFAULT = AnalysisSettings()
A = [3.0, 4.0, 2.0, 3.5, 4.5, 1.0, 2.5, 3.0]
B = [3.5, 4.0, 2.5, 3.0, 5.0, 2.0, 2.5, 3.5]


def row(results: list[Result], emotion: str = ALL, dimension: str = ALL, term: str = "") -> Result:
    (found,) = [
        one for one in results if (one.emotion, one.dimension) == (emotion, dimension) and term in ("", one.term)
    ]
    return found


def with_sessions(people: int, failed: tuple[int, ...] = ()) -> Ratings:
    sessions = session_table(people, failed)
    passed = (sessions["attention_check_passed"] == "true").astype("boolean").array
    return ratings_of(
        rating_table(people, emotions=("fear",)),
        order=list(sessions["order"]),
        attention_check_passed=passed,
        duration_s=list(sessions["duration_s"]),
    )


# --- order -----------------------------------------------------------------------------------------------------------


def test_order_effect_is_welchs_t_between_the_orders() -> None:
    ratings = with_sessions(11)
    found = row(order_effect(ratings, DEFAULT), "fear")
    pairs = ratings.pairs("fear")
    differences, order = pairs["B"] - pairs["A"], ratings.people["order"]
    expected = stats.ttest_ind(differences[order == "AB"], differences[order == "BA"], equal_var=False)
    assert (found.statistic, found.p, found.df1) == pytest.approx((expected.statistic, expected.pvalue, expected.df))
    assert found.n == 11
    assert (found.ci_low, found.ci_high) == pytest.approx(tuple(expected.confidence_interval()))
    assert "AB 6, BA 5" in found.note


def test_order_effect_without_orders() -> None:
    (found,) = order_effect(ratings_from({("fear", "clarity"): (A, B)}), DEFAULT)
    assert "no sessions" in found.note
    lonely = with_sessions(3)
    lonely.people["order"] = ["AB", "AB", ""]
    found = row(order_effect(lonely, DEFAULT))
    assert found.p is None
    assert "two participants in each order are needed" in found.note
    assert "1 without an order left out" in found.note


def test_order_effect_without_variance() -> None:
    ratings = ratings_from({("fear", "clarity"): ([3.0] * 4, [4.0, 4.0, 3.0, 3.0])})
    ratings.people["order"] = ["AB", "AB", "BA", "BA"]
    found = row(order_effect(ratings, DEFAULT))
    assert (found.estimate, found.statistic, found.p) == (1.0, None, None)
    assert "no variance" in found.note


# --- attention -------------------------------------------------------------------------------------------------------


def test_attention_leaves_the_failed_out() -> None:
    ratings = with_sessions(9, failed=(2, 5))
    found = row(attention_sensitivity(ratings, DEFAULT), "fear", term="paired_t")
    kept = ratings.only([person for person in ratings.people.index if person not in {"P002", "P005"}])
    expected = row(paired_t(kept, DEFAULT), "fear")
    assert (found.n, found.statistic, found.p, found.effect) == (7, expected.statistic, expected.p, expected.effect)
    assert found.note == "2 of 9 participants failed the attention check and are left out"
    terms = {one.term for one in attention_sensitivity(ratings, DEFAULT)}
    assert terms == {"paired_t", "wilcoxon", "hotelling_t2_paired"}


def test_attention_when_all_passed_or_nothing_is_known() -> None:
    assert "no participant failed" in attention_sensitivity(with_sessions(4), DEFAULT)[0].note
    unknown = with_sessions(4, failed=(1,))
    unknown.people["attention_check_passed"] = unknown.people["attention_check_passed"].mask([False, True, False, True])
    assert "no participant failed" in attention_sensitivity(unknown, DEFAULT)[0].note


def test_attention_when_all_failed() -> None:
    found = attention_sensitivity(with_sessions(3, failed=(0, 1, 2)), DEFAULT)
    assert {one.n for one in found} == {0}
    assert all("3 of 3 participants failed" in one.note and "n = 0" in one.note for one in found)


# --- equivalence -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("bound", [0.1, 0.3, 0.8])
def test_tost_in_points_is_statsmodels(bound: float) -> None:
    ratings = ratings_from({("fear", "clarity"): (A, B)})
    asked = AnalysisSettings(equivalence_points=bound, equivalence_d_z=None)
    found = row(tost(ratings, asked), "fear", "clarity")
    p, lower, upper = ttost_paired(np.array(B), np.array(A), -bound, bound)
    assert found.p == pytest.approx(p)
    assert found.statistic in (pytest.approx(lower[0]), pytest.approx(upper[0]))
    inside = -bound < (found.ci_low or 0.0) and (found.ci_high or 0.0) < bound
    assert inside == ((found.p or 0.0) < 0.05)


def test_tost_in_d_z_is_exact_at_its_bound() -> None:
    """At the limit of d_z's 1 - 2 alpha interval, p is alpha: interval and test are one."""
    ratings = ratings_from({("fear", "clarity"): (A, B)})
    first = row(tost(ratings, AnalysisSettings(equivalence_points=None)), "fear", "clarity")
    bound = first.effect_ci_high or 0.0
    at_bound = AnalysisSettings(equivalence_points=None, equivalence_d_z=bound)
    assert row(tost(ratings, at_bound), "fear", "clarity").p == pytest.approx(0.05, abs=1e-9)


def test_tost_does_not_care_which_video_is_called_a() -> None:
    forth, back = (ratings_from({("fear", "clarity"): pair}) for pair in ((A, B), (B, A)))
    for one, other in zip(tost(forth, DEFAULT), tost(back, DEFAULT), strict=True):
        assert one.p == (None if other.p is None else pytest.approx(other.p, rel=1e-9))
        assert one.statistic == (None if other.statistic is None else pytest.approx(-other.statistic, rel=1e-9))


def test_tost_without_variance() -> None:
    for found in tost(ratings_from({("fear", "clarity"): (A, A)}), DEFAULT):
        assert (found.p, found.statistic) == (None, None)
        assert "no variance" in found.note or "nobody" in found.note


# --- power -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("n", "d"), [(34, 0.5), (199, 0.2), (15, 0.8)])
def test_detectable_effects_of_known_designs(n: int, d: float) -> None:
    """Sample sizes of G*Power for a paired t test, alpha 0.05, power 0.8: n people find d, n - 1 do not."""
    at_n, before = detectable_d_z(n, 0.8, 0.05), detectable_d_z(n - 1, 0.8, 0.05)
    assert (at_n or 9.0) <= d < (before or 0.0)


@pytest.mark.parametrize("n", [2, 3, 10, 82])
def test_detectable_effects_have_that_power(n: int) -> None:
    found = detectable_d_z(n, 0.9, 0.05) or 0.0
    assert TTestPower().power(found, n, 0.05) == pytest.approx(0.9, abs=1e-9)


def test_sensitivity_names_the_families() -> None:
    found = sensitivity_power(ratings_from({("fear", "clarity"): (A, B)}), DEFAULT)
    assert [one.term for one in found] == [
        "power 0.8, alpha 0.05", "power 0.9, alpha 0.05",
        "power 0.8, alpha 0.05 / 6 (emotions)", "power 0.9, alpha 0.05 / 6 (emotions)",
        "power 0.8, alpha 0.05 / 3 (dimensions)", "power 0.9, alpha 0.05 / 3 (dimensions)",
    ]  # fmt: skip
    assert found[2].effect == detectable_d_z(8, 0.8, 0.05 / 6)


def test_sensitivity_of_one_participant() -> None:
    for found in sensitivity_power(ratings_from({("fear", "clarity"): ([2.0], [3.0])}), DEFAULT):
        assert found.effect is None
        assert "two participants" in found.note
