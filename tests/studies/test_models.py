"""The models: published examples, identities, symmetries."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from model_studies import ASKED, QUICK, changed, found, scored, study
from statsmodels.stats.anova import AnovaRM

from studies.layout import observations
from studies.manova import independent_f, manova_published
from studies.mixed import lmm
from studies.paired import paired_t
from studies.ratings import ALL, Ratings, build_ratings
from studies.regression import ROWS, regression, regression_frame
from studies.reliability import ICC_FORMS, alpha, cronbach_alpha, icc, icc_of_ratings
from studies.results import Result, results_frame
from studies.rm_anova import rm_anova, within_effect
from studies.vocabulary import DIMENSIONS, EMOTIONS, VIDEOS

# --- published -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("emotion", "mean_a", "mean_b", "sd", "p"),
    [
        ("anger", 3.6931, 3.8232, 0.658, 0.207),
        ("disgust", 3.6362, 3.8293, 0.739, 0.096),
        ("fear", 3.5305, 3.8150, 0.723, 0.013),
        ("happiness", 3.4939, 3.5874, 0.829, 0.471),
        ("sadness", 3.5528, 3.7378, 0.811, 0.146),
        ("surprise", 3.6667, 3.5854, 0.813, 0.523),
    ],
)
def test_table_4_of_paper_004_is_an_f_of_independent_groups(
    emotion: str, mean_a: float, mean_b: float, sd: float, p: float
) -> None:
    """82 people with exactly the printed means and (as its "Cohen's d") standard deviations give its printed p."""
    rng = np.random.default_rng(5)
    spread = rng.normal(size=(2, 82))
    spread = (spread - spread.mean(axis=1, keepdims=True)) / spread.std(axis=1, ddof=1, keepdims=True)
    rows = [
        (f"P{i:02d}", emotion, dimension, video, mean + sd * own[i])
        for video, mean, own in zip(VIDEOS, (mean_a, mean_b), spread, strict=True)
        for i in range(82)
        for dimension in DIMENSIONS
    ]
    long = pd.DataFrame(rows, columns=["participant_id", "emotion", "dimension", "video", "rating"])
    people = pd.DataFrame({"recognition_score": 3.0}, index=pd.Index(long["participant_id"].unique()))
    row = found(independent_f(build_ratings(long, people), ASKED), emotion=emotion, dimension=ALL)
    assert (row.df1, row.df2) == (1.0, 162.0)
    assert row.p == pytest.approx(p, abs=0.0006)
    assert "ignores pairing" in row.note


def test_icc_of_shrout_and_fleiss_1979() -> None:
    """Their Table 2 (6 targets, 4 judges) and Table 4; the intervals as R's psych prints them."""
    judged = [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]
    forms = {one.form: one for one in icc(pd.DataFrame(judged))}
    assert tuple(forms) == ICC_FORMS
    values = [round(forms[form].value or 0.0, 2) for form in ICC_FORMS]
    assert values == [0.29, 0.62, 0.71, 0.91]
    assert (forms["ICC(2,1)"].low, forms["ICC(2,1)"].high) == pytest.approx((0.019, 0.76), abs=0.005)
    assert (forms["ICC(3,1)"].low, forms["ICC(3,1)"].high) == pytest.approx((0.34, 0.95), abs=0.005)
    assert (forms["ICC(2,1)"].f, forms["ICC(2,1)"].df1, forms["ICC(2,1)"].df2) == pytest.approx(
        (11.03, 5, 15), abs=0.01
    )


ANSCOMBE_X = [10, 8, 13, 9, 11, 14, 6, 4, 12, 7, 5]
ANSCOMBE_Y = [8.04, 6.95, 7.58, 8.81, 8.33, 9.96, 7.24, 4.26, 10.84, 4.82, 5.68]
ANSCOMBE_4 = [6.58, 5.76, 7.71, 8.84, 8.47, 7.04, 5.25, 12.50, 5.56, 7.91, 6.89]


def points(x: list[float], y: list[float]) -> Ratings:
    names = [f"P{i:02d}" for i in range(len(x))]
    cells = [(name, "fear", "clarity", video, value) for name, value in zip(names, y, strict=True) for video in VIDEOS]
    long = pd.DataFrame(cells, columns=["participant_id", "emotion", "dimension", "video", "rating"])
    return build_ratings(long, pd.DataFrame({"recognition_score": x}, index=pd.Index(names)).astype(float))


def test_regression_of_anscombe_1973() -> None:
    rows = regression(points([float(x) for x in ANSCOMBE_X], ANSCOMBE_Y), ASKED)
    assert [(row.term, row.statistic_name) for row in rows] == list(ROWS)
    slope, model = found(rows, term="recognition_score"), found(rows, term="model", statistic_name="F")
    assert found(rows, term="intercept").estimate == pytest.approx(3.0000909, abs=1e-7)
    assert (slope.estimate, slope.p) == pytest.approx((0.5000909, 0.00217), abs=1e-5)
    assert (model.statistic, model.effect) == pytest.approx((17.98994, 0.6665425), abs=1e-5)
    assert found(rows, statistic_name="adjusted_r_squared").statistic == pytest.approx(0.6294916, abs=1e-7)


def test_a_participant_who_alone_decides_the_slope() -> None:
    """Anscombe's fourth set: without the eighth point there is no slope, so it has no Cook's distance."""
    ratings = points([8.0] * 7 + [19.0] + [8.0] * 3, ANSCOMBE_4)
    rows = regression(ratings, ASKED)
    assert found(rows, term="recognition_score").estimate == pytest.approx(0.4999091, abs=1e-7)
    cook = found(rows, statistic_name="cook_d_max")
    assert "alone" in cook.note
    frame = regression_frame(ratings)
    assert list(frame.index[frame["cook_d"].isna()]) == ["P07"]
    assert cook.statistic == frame["cook_d"].max()


@given(alone=st.floats(1, 5), others=st.floats(1, 5), seed=st.integers(0, 99))
@settings(max_examples=20)
def test_nobody_alone_has_a_distance_of_rounding_errors(alone: float, others: float, seed: int) -> None:
    """The residual is 0 by necessity, in the computer 1e-16: divided by 1 - leverage it would be anything."""
    assume(abs(alone - others) > 0.01)
    ratings = points([others] * 7 + [alone], list(np.random.default_rng(seed).uniform(1, 5, 8)))
    assert np.isnan(regression_frame(ratings)["cook_d"].iloc[-1])


# --- identities ------------------------------------------------------------------------------------------------------


def test_the_two_groups_make_one_exact_f() -> None:
    rows = manova_published(study(12), ASKED)
    for emotion in (ALL, *EMOTIONS):
        pillai, wilks, trace, roy, f = [row for row in rows if row.emotion == emotion]
        assert (f.df1, f.df2) == (3.0, 20.0)
        assert pillai.statistic == pytest.approx(1 - (wilks.statistic or 0))
        assert trace.statistic == pytest.approx(roy.statistic)
        assert f.statistic == pytest.approx((trace.statistic or 0) * 20 / 3)
        assert f.effect == pytest.approx(pillai.statistic)
        assert len({row.p for row in (pillai, wilks, trace, roy, f)}) == 1
        assert "ignores pairing" in f.note


def test_f_is_that_of_statsmodels() -> None:
    ratings = study(9)
    rows = rm_anova(ratings, ASKED)
    for dimension in (ALL, "naturalness"):
        data = observations(ratings, dimension)
        table = AnovaRM(data, "rating", "participant_id", within=["video", "emotion"]).fit().anova_table
        for term, (f, df1, df2, p) in table.iterrows():
            row = found(rows, dimension=dimension, term=str(term), statistic_name="F")
            assert (row.statistic, row.df1, row.df2, row.p) == pytest.approx((f, df1, df2, p), rel=1e-9)


def test_video_within_participants_is_the_paired_t() -> None:
    ratings = study(10)
    t = found(paired_t(ratings, ASKED), emotion=ALL, dimension=ALL)
    row = found(rm_anova(ratings, ASKED), dimension=ALL, term="video", statistic_name="F_huynh_feldt")
    assert row.statistic == pytest.approx((t.statistic or 0) ** 2)
    assert row.p == pytest.approx(t.p)
    assert row.estimate == 1.0


def test_epsilon_within_its_bounds() -> None:
    rng = np.random.default_rng(0)
    one_way = np.outer(rng.normal(size=8), [1.0, 2.0, -1.0])  # all participants along one line
    alike = within_effect(one_way)
    assert alike is not None
    assert alike.gg == pytest.approx(1 / 3)
    assert alike.hf == pytest.approx((8 - 2) / (3 * 6))
    spherical = within_effect(np.sqrt(2) * np.vstack([np.eye(3), -np.eye(3)]))
    assert spherical is not None
    assert (spherical.gg, spherical.hf) == (pytest.approx(1.0), 1.0)


@pytest.mark.slow
def test_the_mixed_model_of_complete_data_has_the_paired_t_as_its_z() -> None:
    """Nobody misses anything and no variance is on the boundary: then B - A and its error are the paired ones."""
    ratings = study(30, seed=3)
    rows = [row for row in lmm(ratings, ASKED) if row.dimension == ALL]
    assert not any("converge" in row.note or "singular" in row.note for row in rows)
    t, video = found(paired_t(ratings, ASKED), emotion=ALL, dimension=ALL), found(rows, term="video")
    assert video.estimate == pytest.approx(t.estimate, rel=1e-9)
    assert video.statistic == pytest.approx(t.statistic, rel=1e-6)
    deviations = [row.estimate or 0 for row in rows if row.term.startswith("emotion[")]
    means = observations(ratings).groupby("emotion")["rating"].mean()
    assert deviations == pytest.approx(list((means - means.mean())[list(EMOTIONS[:-1])]), rel=1e-8)


@given(seed=st.integers(0, 10_000), n=st.integers(3, 12), k=st.integers(2, 6))
@settings(max_examples=12)
def test_alpha_is_the_consistency_of_the_mean(seed: int, n: int, k: int) -> None:
    table = pd.DataFrame(np.random.default_rng(seed).normal(size=(n, k)))
    whole, forms = alpha(table), {one.form: one for one in icc(table)}
    assert whole.value == pytest.approx(forms["ICC(3,k)"].value)
    assert (whole.low, whole.high) == pytest.approx((forms["ICC(3,k)"].low, forms["ICC(3,k)"].high))
    for one in forms.values():
        assert one.value is None or one.value <= 1 + 1e-12
        if None not in (one.low, one.value, one.high):
            assert one.low <= one.value + 1e-12 <= one.high + 2e-12  # type: ignore[operator]


def test_alpha_is_over_items_where_there_are_items() -> None:
    base = study(8)
    rng = np.random.default_rng(1)
    items = [
        base.long.assign(item=item, rating=np.clip(base.long["rating"] + rng.integers(-1, 2, len(base.long)), 1, 5))
        for item in ("first", "second", "third")
    ]
    rows = cronbach_alpha(build_ratings(pd.concat(items, ignore_index=True), base.people), ASKED)
    assert found(rows, dimension="clarity", term="A").note.startswith("over 3 items")
    assert found(cronbach_alpha(base, ASKED), dimension="clarity", term="A").note.startswith("over 6 emotions")
    assert found(rows, dimension=ALL, term="B").note.startswith("over 3 dimensions")


def test_the_regression_frame_is_what_the_plots_need() -> None:
    ratings = scored(study(12), [np.nan, *np.linspace(2, 4, 11)])
    frame = regression_frame(ratings)
    assert list(frame.index) == [f"P{i:03d}" for i in range(1, 12)]
    assert frame["rating"].to_numpy() == pytest.approx((frame["fitted"] + frame["residual"]).to_numpy())
    x = frame["recognition_score"]
    leverage = 1 / 11 + (x - x.mean()) ** 2 / ((x - x.mean()) ** 2).sum()
    variance = (frame["residual"] ** 2).sum() / 9
    cook = frame["residual"] ** 2 * leverage / (2 * variance * (1 - leverage) ** 2)
    assert frame["cook_d"].to_numpy() == pytest.approx(cook.to_numpy())
    assert "1 of 12 participants left out" in regression(ratings, ASKED)[0].note


# --- symmetries ------------------------------------------------------------------------------------------------------


def numbers(rows: list[Result]) -> pd.DataFrame:
    return results_frame(rows).drop(columns="note")


@pytest.mark.parametrize("analysis", QUICK)
def test_names_of_participants_do_not_matter(analysis: Callable[..., list[Result]]) -> None:
    base = study(8, seed=4)
    shuffled = {old: f"Q{i:03d}" for i, old in enumerate(np.random.default_rng(0).permutation(base.people.index))}
    other = build_ratings(base.long.replace({"participant_id": shuffled}), base.people.rename(index=shuffled))
    mine, theirs = (
        numbers([row for row in analysis(ratings, ASKED) if row.statistic_name != "durbin_watson"])
        for ratings in (base, other)
    )
    pd.testing.assert_frame_equal(mine, theirs, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("analysis", (manova_published, independent_f, rm_anova, icc_of_ratings))
def test_a_shift_of_all_ratings_changes_nothing(analysis: Callable[..., list[Result]]) -> None:
    base = study(8, seed=4)
    mine, theirs = (numbers(analysis(ratings, ASKED)) for ratings in (base, changed(base, lambda x: x["rating"] + 7)))
    pd.testing.assert_frame_equal(mine, theirs, rtol=1e-7, atol=1e-10)


def swapped(base: Ratings) -> Ratings:
    return build_ratings(base.long.replace({"video": {"A": "B", "B": "A"}}), base.people, base.policy)


def test_swapping_the_videos_flips_the_sign_and_nothing_else() -> None:
    base = study(8, seed=4)
    for mine, theirs in zip(independent_f(base, ASKED), independent_f(swapped(base), ASKED), strict=True):
        flipped = replace(theirs, estimate=-(theirs.estimate or 0), ci_low=theirs.ci_high, ci_high=theirs.ci_low)
        assert mine.estimate == pytest.approx(flipped.estimate)
        assert mine.ci_low == pytest.approx(-(flipped.ci_low or 0))
        assert mine.statistic == pytest.approx(theirs.statistic)
    for analysis in (manova_published, rm_anova):
        pd.testing.assert_frame_equal(
            numbers(analysis(base, ASKED)), numbers(analysis(swapped(base), ASKED)), rtol=1e-8, atol=1e-12
        )
