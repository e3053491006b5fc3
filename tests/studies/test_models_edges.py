"""The models where nothing exists: empty, with the reason; and fits that fail."""

import warnings
from collections.abc import Callable
from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd
import pytest
from model_studies import ASKED, QUICK, Change, changed, found, scored, study

from studies import layout
from studies.manova import independent_f, manova_published
from studies.mixed import lmm
from studies.ratings import ALL, Ratings, build_ratings
from studies.regression import regression
from studies.reliability import cronbach_alpha, icc_of_ratings
from studies.results import Result
from studies.rm_anova import rm_anova
from studies.vocabulary import EMOTIONS

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
