"""What is 0 but for the rounding of sums is written as 0, and a p below all numbers as none."""

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rating_tables import ratings_from

from studies.corrections import correct
from studies.effects import RESIDUE
from studies.paired import effect_sizes, hotelling_t2_paired, paired_t, wilcoxon
from studies.ratings import Ratings, build_ratings
from studies.regression import regression
from studies.results import NUMBERS, Result
from studies.rm_anova import rm_anova
from studies.settings import AnalysisSettings
from studies.vocabulary import EMOTIONS

DEFAULT = AnalysisSettings()


def sound(rows: list[Result]) -> None:
    assert rows
    for row in rows:
        for name in set(NUMBERS) - {"p", "n"}:
            value = getattr(row, name)
            assert value is None or value == 0.0 or abs(value) >= RESIDUE, (name, row)


def of_thirds(thirds: list[int], shift: float) -> Ratings:
    """Means of three items, and each difference below zero too: all mean differences are zero."""
    b = [shift + third / 3 for third in (*thirds, *(-third for third in reversed(thirds)))]
    return ratings_from({("fear", "clarity"): ([shift] * len(b), b)})


def test_no_mean_difference() -> None:
    ratings = of_thirds([1, 1, -2, 5], 0.1)
    for analysis in (wilcoxon, effect_sizes, hotelling_t2_paired):
        sound(analysis(ratings, DEFAULT))
    rows = paired_t(ratings, DEFAULT)
    sound(rows)
    assert {(row.estimate, row.statistic, round(row.p or 0.0, 9)) for row in rows if row.n} == {(0.0, 0.0, 1.0)}


@pytest.mark.slow
@given(thirds=st.lists(st.integers(-6, 6), min_size=2, max_size=9), shift=st.sampled_from([0.1, 1.0, 2.7]))
@settings(max_examples=4, deadline=None)
def test_no_number_is_a_residue(thirds: list[int], shift: float) -> None:
    for analysis in (paired_t, wilcoxon, effect_sizes):
        sound(analysis(of_thirds(thirds, shift), DEFAULT))


def test_emotions_of_one_mean() -> None:
    """Each participant likes another emotion best, all of them together none."""
    turns = [[((place + person) % 6 + 0.1) / 3 for place in range(6)] for person in range(6)]
    columns = {(emotion, "clarity"): [turn[place] for turn in turns] for place, emotion in enumerate(EMOTIONS)}
    rows = rm_anova(ratings_from({cell: (column, column) for cell, column in columns.items()}), DEFAULT)
    sound(rows)
    assert {row.statistic for row in rows if row.term == "emotion"} == {0.0}


def test_breusch_pagan_of_squares_that_do_not_go_with_the_score() -> None:
    names = pd.Index([f"P{place}" for place in range(4)])
    cells = [(name, "fear", "clarity", "B", y) for name, y in zip(names, [2.0, 2.2, 4.3, 1.4], strict=True)]
    long = pd.DataFrame(cells, columns=["participant_id", "emotion", "dimension", "video", "rating"])
    people = pd.DataFrame({"recognition_score": [4.0, 3.0, 4.0, 5.0]}, index=names)
    rows = regression(build_ratings(long, people), DEFAULT)
    sound(rows)
    (found,) = [row for row in rows if row.statistic_name == "breusch_pagan"]
    assert (found.statistic, found.p) == (0.0, 1.0)


def test_a_p_below_every_number_is_left_out_and_still_counts_in_its_family() -> None:
    sure = [4.0 + 1e-3 * (place % 7) for place in range(500)]
    other = [3.0 + 0.01 * (place % 50 - 24) for place in range(500)]
    cells = {("fear", "clarity"): ([3.0] * 500, sure), ("anger", "clarity"): ([3.0] * 500, other)}
    rows = correct(paired_t(ratings_from(cells), DEFAULT), {"two": ("fear", "anger"), "dimensions": ("clarity",)})
    pooled = {row.emotion: row for row in rows if row.dimension == "all"}
    tiny, seen = pooled["fear"], pooled["anger"]
    assert (tiny.p, tiny.p_holm) == (None, None)
    assert "p below 1e-300" in tiny.note
    assert seen.p is not None
    assert seen.p_bonferroni == pytest.approx(min(1.0, 2 * seen.p))
