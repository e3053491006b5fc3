"""The models: published examples, identities, symmetries, and nothing where nothing exists."""

import warnings
from collections.abc import Callable
from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from statsmodels.stats.anova import AnovaRM

from studies import layout
from studies.layout import observations
from studies.manova import independent_f, manova_published
from studies.mixed import lmm
from studies.paired import paired_t
from studies.ratings import ALL, Missing, Ratings, build_ratings
from studies.regression import ROWS, regression, regression_frame
from studies.reliability import ICC_FORMS, alpha, cronbach_alpha, icc, icc_of_ratings
from studies.results import Result, results_frame
from studies.rm_anova import rm_anova, within_effect
from studies.settings import AnalysisSettings
from studies.vocabulary import DIMENSIONS, EMOTIONS, VIDEOS

ASKED = AnalysisSettings()
QUICK = (manova_published, independent_f, rm_anova, cronbach_alpha, icc_of_ratings, regression)
Change = Callable[[pd.DataFrame], object]


def study(n: int, seed: int = 0, missing: Missing = Missing.MEAN_AVAILABLE) -> Ratings:
    """``n`` simulated participants, Likert ratings, complete."""
    rng = np.random.default_rng(seed)
    names = [f"P{number:03d}" for number in range(n)]
    index = pd.MultiIndex.from_product(
        [names, EMOTIONS, DIMENSIONS, VIDEOS], names=["participant_id", "emotion", "dimension", "video"]
    )
    level = rng.normal(3.3, 0.5, (n, 1, 1, 1)) + rng.normal(0.25, 0.4, (n, 1, 1, 1)) * np.arange(2)
    level = level + 0.1 * np.arange(6)[:, None, None] + rng.normal(0, 0.8, (n, 6, 3, 2))
    long = pd.DataFrame({"rating": np.clip(np.round(level), 1, 5).ravel()}, index=index).reset_index()
    scores = np.clip(level.mean(axis=(1, 2, 3)) + rng.normal(0, 0.3, n), 1, 5)
    people = pd.DataFrame({"recognition_score": scores}, index=pd.Index(names, name="participant_id"))
    return build_ratings(long, people, missing)


def changed(base: Ratings, change: Change) -> Ratings:
    return build_ratings(base.long.assign(rating=change(base.long)), base.people, base.policy)


def scored(base: Ratings, scores: object) -> Ratings:
    return build_ratings(base.long, base.people.assign(recognition_score=scores), base.policy)


def found(rows: list[Result], **where: str) -> Result:
    picked = [row for row in rows if all(getattr(row, name) == value for name, value in where.items())]
    assert len(picked) == 1, where
    return picked[0]


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


# --- where nothing exists --------------------------------------------------------------------------------------------


@cache
def odd_studies() -> dict[str, Ratings]:
    base = study(10, seed=1)
    pair = ["participant_id", "emotion", "dimension"]
    rng = np.random.default_rng(0)

    def only(keep: Change) -> Ratings:
        return build_ratings(base.long[keep(base.long)], base.people, base.policy)

    line = base.cells[base.cells["video"] == "B"].groupby("participant_id")["rating"].mean()
    return {
        **{f"n = {n}": study(n, seed=n) for n in (1, 2, 3, 4, 5, 6)},
        "nobody": build_ratings(base.long[:0], base.people[:0]),
        "all the same": changed(base, lambda x: 3.0),
        "ceiling but one": changed(base, lambda x: np.where(x.index == 5, 4.0, 5.0)),
        "B = A": changed(base, lambda x: x.groupby(pair)["rating"].transform("min")),
        "B = A + 1": changed(base, lambda x: x.groupby(pair)["rating"].transform("min") + (x["video"] == "B")),
        "A = 1, B = 5": changed(base, lambda x: np.where(x["video"] == "B", 5.0, 1.0)),
        "emotions decide": changed(base, lambda x: x["emotion"].map(EMOTIONS.index) % 5 + 1.0),
        "participants decide": changed(base, lambda x: x["participant_id"].str[1:].astype(float) % 5 + 1.0),
        "dimensions agree": changed(base, lambda x: x.groupby([*pair[:2], "video"])["rating"].transform("first")),
        "no fear": only(lambda x: x["emotion"] != "fear"),
        "fear only": only(lambda x: x["emotion"] == "fear"),
        "clarity only": only(lambda x: x["dimension"] == "clarity"),
        "A only": only(lambda x: x["video"] == "A"),
        "holes": only(lambda x: rng.random(len(x)) > 0.2),
        "one score": scored(base, 3.0),
        "no score": scored(base, np.nan),
        "points on a line": scored(base, line),
    }


@pytest.mark.slow
@pytest.mark.parametrize("name", odd_studies())
@pytest.mark.parametrize("analysis", [*QUICK, lmm])
def test_what_does_not_exist_is_empty_with_its_reason(name: str, analysis: Callable[..., list[Result]]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        rows = analysis(odd_studies()[name], ASKED)
    assert rows
    for row in rows:  # Result itself refuses inf and nan
        if row.statistic is None and row.estimate is None and row.effect is None:
            assert row.note, row
        if row.p is not None:
            assert 0 < row.p <= 1, row


@pytest.mark.parametrize(
    ("name", "analysis", "where", "reason"),
    [
        ("n = 2", manova_published, {"emotion": "fear", "statistic_name": "F"}, "n = 2"),
        ("dimensions agree", manova_published, {"emotion": ALL, "statistic_name": "wilks"}, "singular covariance"),
        ("A = 1, B = 5", independent_f, {"emotion": ALL, "dimension": ALL}, "no variance"),
        ("B = A + 1", rm_anova, {"dimension": ALL, "term": "video", "statistic_name": "F"}, "no variance"),
        ("holes", rm_anova, {"dimension": ALL, "term": "video", "statistic_name": "F"}, "unbalanced"),
        ("n = 2", rm_anova, {"dimension": ALL, "term": "emotion", "statistic_name": "F_huynh_feldt"}, "too small"),
        ("n = 2", lmm, {"dimension": ALL, "term": "video"}, "n = 2"),
        ("emotions decide", lmm, {"dimension": ALL, "term": "video"}, "no variance"),
        ("fear only", lmm, {"dimension": ALL, "term": "video"}, "two rated emotions"),
        ("emotions decide", cronbach_alpha, {"dimension": "clarity", "term": "A"}, "no variance"),
        ("n = 1", icc_of_ratings, {"dimension": ALL, "term": "ICC(2,1)"}, "two raters"),
        ("A = 1, B = 5", icc_of_ratings, {"dimension": ALL, "term": "ICC(2,1)"}, "no residual variance"),
        ("one score", regression, {"term": "model", "statistic_name": "F"}, "no variance of the recognition score"),
        ("points on a line", regression, {"term": "recognition_score"}, "lie on the line"),
        ("no score", regression, {"term": "recognition_score"}, "10 of 10 participants left out"),
    ],
)
def test_reasons(name: str, analysis: Callable[..., list[Result]], where: dict[str, str], reason: str) -> None:
    row = found(analysis(odd_studies()[name], ASKED), **where)
    assert (row.statistic, row.p) == (None, None)
    assert reason in row.note


def test_no_difference_at_all_is_an_f_of_zero() -> None:
    row = found(manova_published(odd_studies()["B = A"], ASKED), emotion=ALL, statistic_name="F")
    assert (row.statistic, row.p) == (0.0, 1.0)


def test_a_line_without_tests_keeps_its_estimates() -> None:
    row = found(regression(odd_studies()["points on a line"], ASKED), term="recognition_score")
    assert row.estimate == pytest.approx(1.0)
    assert row.ci_low is None


def test_a_p_too_small_for_a_number_is_not_zero() -> None:
    tiny = layout.row("rm_anova", "type III", **layout.f_fields(1e6, 1.0, 2000.0, 0.95))
    assert (tiny.statistic, tiny.p) == (1e6, None)
    assert tiny.note == "type III; p below 1e-300"


@pytest.mark.slow
def test_a_fit_on_the_boundary_says_so() -> None:
    """Everybody has the same effect of the video and the rest of the ratings is noise."""
    rng = np.random.default_rng(8)
    base = study(12, seed=8)
    own = base.long["participant_id"].str[1:].astype(float) / 10
    noise = rng.choice([-1.0, 1.0], (12, 6, 3, 1)) * [[[[1.0, 1.0]]]]  # as much for A as for B
    rows = lmm(changed(base, lambda x: own + (x["video"] == "B") + noise.ravel()), ASKED)
    video = found(rows, dimension=ALL, term="video")
    assert "singular fit" in video.note
    assert video.estimate == pytest.approx(1.0)


@pytest.mark.slow
def test_a_fit_without_convergence_has_no_p(monkeypatch: pytest.MonkeyPatch) -> None:
    from studies import mixed  # noqa: PLC0415

    real = mixed.fit_mixed

    def stopped(data: pd.DataFrame, emotions: tuple[str, ...]) -> object:
        fit = real(data, emotions)
        assert fit is not None
        return replace(fit, converged=False)

    monkeypatch.setattr(mixed, "fit_mixed", stopped)
    rows = lmm(study(6), ASKED)
    assert all(row.p is None and row.ci_low is None for row in rows)
    assert all("did not converge" in row.note for row in rows)
    assert found(rows, dimension=ALL, term="video").estimate is not None
