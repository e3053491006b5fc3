"""Figures: what is drawn is what was measured, in black and white."""

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from study_data import made_up_ratings, made_up_results

from studies.descriptives import describe_pairs, within_subject_means
from studies.figures import as_picture, draw_differences, draw_effects, draw_means
from studies.ratings import Ratings, build_ratings
from studies.regression import regression_frame
from studies.regression_figure import draw_regression


@pytest.fixture(scope="module")
def ratings() -> Ratings:
    return made_up_ratings()


def test_within_subject_interval_by_hand() -> None:
    """Three people, one emotion, one dimension: with two conditions the half-width is t SD(B - A) / sqrt(2 n)."""
    a, b = np.array([2.0, 3.0, 5.0]), np.array([3.0, 5.0, 5.0])
    rows = [
        (f"p{i}", "fear", "clarity", video, value)
        for video, values in (("A", a), ("B", b))
        for i, value in enumerate(values)
    ]
    long = pd.DataFrame(rows, columns=["participant_id", "emotion", "dimension", "video", "rating"])
    table = within_subject_means(build_ratings(long, pd.DataFrame(index=["p0", "p1", "p2"])))
    half = 4.302652729911275 * (b - a).std(ddof=1) / np.sqrt(2 * 3)
    for _, row in table.iterrows():
        assert row["mean"] == pytest.approx((a if row["video"] == "A" else b).mean())
        assert (row["ci_low"], row["ci_high"]) == pytest.approx((row["mean"] - half, row["mean"] + half))
        assert row["n"] == 3


def test_what_differs_between_people_only_does_not_widen_the_interval(ratings: Ratings) -> None:
    shift = {name: float(at) for at, name in enumerate(ratings.people.index)}
    moved = ratings.long.assign(rating=ratings.long["rating"] + ratings.long["participant_id"].map(shift))
    widths = [
        (table["ci_high"] - table["ci_low"]).to_numpy()
        for table in (within_subject_means(ratings), within_subject_means(build_ratings(moved, ratings.people)))
    ]
    assert widths[0] == pytest.approx(widths[1])


def test_one_person_has_means_and_no_interval() -> None:
    table = within_subject_means(made_up_ratings(people=1))
    assert table["mean"].notna().all() and table["ci_low"].isna().all()
    assert len(draw_means(made_up_ratings(people=1)).axes) == 4


def test_means_are_drawn_for_both_videos_in_every_panel(ratings: Ratings) -> None:
    figure = draw_means(ratings)
    table = within_subject_means(ratings)
    assert [axes.get_title() for axes in figure.axes] == [
        f"{name} (n = 12)" for name in ("clarity", "naturalness", "authenticity", "mean of the dimensions")
    ]
    for axes, dimension in zip(figure.axes, ("clarity", "naturalness", "authenticity", "all"), strict=True):
        assert [label.get_text() for label in axes.get_xticklabels()] == list(ratings.emotions)
        for video, drawn in zip("AB", axes.containers, strict=True):
            part = table[(table["dimension"] == dimension) & (table["video"] == video)]
            assert drawn.lines[0].get_ydata() == pytest.approx(part["mean"].to_numpy())
            ends = np.array([path.vertices[:, 1] for path in drawn.lines[2][0].get_paths()])
            assert ends == pytest.approx(part[["ci_low", "ci_high"]].to_numpy())
    assert {drawn.lines[0].get_marker() for drawn in figure.axes[0].containers} == {"o", "s"}


def test_differences_show_every_participant_of_every_row(ratings: Ratings) -> None:
    axes = draw_differences(ratings).axes[0]
    clouds = [line for line in axes.lines if line.get_marker() == "o" and len(line.get_xdata()) == 12]
    rows = [ratings.differences(emotion) for emotion in ratings.emotions]
    rows += [ratings.differences("all", dimension) for dimension in ratings.dimensions] + [ratings.differences()]
    assert len(clouds) == len(rows) == 10
    for line, values in zip(clouds, rows, strict=True):
        assert line.get_xdata() == pytest.approx(np.sort(values))
    diamonds = [float(line.get_xdata()[0]) for line in axes.lines if line.get_marker() == "D"]
    assert diamonds == pytest.approx([values.mean() for values in rows])
    labels = [label.get_text().split("\n")[0] for label in axes.get_yticklabels()]
    assert labels == [*ratings.emotions, *ratings.dimensions, "overall"]


@pytest.mark.parametrize("people", [1, 2])
def test_differences_of_few_and_of_constant_differences(people: int) -> None:
    few = made_up_ratings(people=people)
    same = few.long.assign(rating=3.0)
    for ratings in (few, build_ratings(same, few.people)):
        axes = draw_differences(ratings).axes[0]
        assert sum(line.get_marker() == "D" for line in axes.lines) == 10


def test_forest_has_intervals_filled_where_significant_and_nothing_it_was_not_given() -> None:
    figure = draw_effects(made_up_results())
    assert figure is not None
    axes = figure.axes[0]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["fear", "anger", "clarity", "overall"]
    squares = [line for line in axes.lines if line.get_marker() == "s"]
    assert [float(line.get_xdata()[0]) for line in squares] == pytest.approx([0.4, 0.3, 0.2, 0.5])
    assert [line.get_markerfacecolor() for line in squares] == ["black", "white", "white", "black"]  # .03 .06 .09 .0004
    spans = [line.get_xdata() for line in axes.lines if len(line.get_xdata()) == 2 and line.get_linestyle() == "-"]
    assert np.array(spans)[:4] == pytest.approx(np.array([[0.0, 0.8], [-0.1, 0.7], [-0.2, 0.6], [0.1, 0.9]]))
    assert any("0.40 [ 0.00,  0.80]" in text.get_text() for text in axes.texts)


def test_no_forest_without_effects() -> None:
    frame = made_up_results()
    assert draw_effects(frame[frame["effect_name"] != "d_z"]) is None


def test_regression_draws_its_points_and_residuals(ratings: Ratings) -> None:
    points = regression_frame(ratings)
    figure = draw_regression(points)
    assert figure is not None
    fit, quantiles, histogram, residuals = figure.axes
    drawn = [np.asarray(axes.collections[at].get_offsets()) for axes, at in ((fit, 1), (quantiles, 0), (residuals, 0))]
    assert drawn[0] == pytest.approx(points[["recognition_score", "rating"]].to_numpy())
    assert drawn[1][:, 1] == pytest.approx(np.sort(points["residual"]))
    assert drawn[2] == pytest.approx(points[["fitted", "residual"]].to_numpy())
    assert np.asarray(quantiles.collections[0].get_offsets())[:, 1] == pytest.approx(np.sort(points["residual"]))
    assert np.asarray(residuals.collections[0].get_offsets()) == pytest.approx(
        points[["fitted", "residual"]].to_numpy()
    )
    assert sum(patch.get_height() * patch.get_width() for patch in histogram.patches) == pytest.approx(1)
    assert len(histogram.lines) == 2


def test_no_regression_figure_of_two_people() -> None:
    assert draw_regression(regression_frame(made_up_ratings(people=2))) is None


def test_all_is_grey_and_readable(ratings: Ratings) -> None:
    drawn = [draw_means(ratings), draw_differences(ratings), draw_effects(made_up_results())]
    for figure in [one for one in drawn if one is not None]:
        for axes in figure.axes:
            colours = [to_rgb(line.get_color()) for line in axes.lines]
            assert all(max(colour) - min(colour) < 1e-6 for colour in colours)
            assert all(label.get_fontsize() >= 8 for label in (*axes.get_xticklabels(), *axes.get_yticklabels()))


def test_missing_cells_leave_their_participant_out_of_the_panel(ratings: Ratings) -> None:
    cut = (ratings.long["participant_id"] == "p02") & (ratings.long["dimension"] == "clarity")
    part = build_ratings(ratings.long[~(cut & (ratings.long["emotion"] == "fear"))], ratings.people)
    table = within_subject_means(part).groupby("dimension")["n"].first()
    assert table["clarity"] == 11 and table["naturalness"] == 12


def test_where_nobody_rated_every_emotion_each_emotion_stands_for_itself() -> None:
    whole = made_up_ratings(people=6)
    first = whole.long["participant_id"].isin(whole.people.index[:3])
    low = whole.long["emotion"].isin(["anger", "disgust", "fear"])
    ratings = build_ratings(whole.long[first == low], whole.people)
    table = within_subject_means(ratings)
    assert (table["n"] == 3).all() and table["ci_low"].notna().all()
    assert draw_means(ratings).axes[0].get_title() == "clarity (n = 3)"


def test_an_emotion_with_one_video_only_is_left_out_and_the_rest_stays(ratings: Ratings) -> None:
    cut = (ratings.long["emotion"] == "fear") & (ratings.long["video"] == "B")
    table = within_subject_means(build_ratings(ratings.long[~cut], ratings.people))
    assert "fear" not in set(table["emotion"]) and (table["n"] == 12).all()


def test_described_pairs_are_those_of_the_tests(ratings: Ratings) -> None:
    table = describe_pairs(ratings).set_index(["emotion", "dimension"])
    values = ratings.differences("fear", "clarity")
    assert table.loc[("fear", "clarity"), "difference"] == pytest.approx(values.mean())
    assert table.loc[("fear", "clarity"), "sd_difference"] == pytest.approx(values.std(ddof=1))
    assert len(table) == 1 + 6 + 3 + 18


def test_pictures_are_the_same_twice_and_name_no_date(ratings: Ratings) -> None:
    def picture(figure: Figure) -> tuple[bytes, bytes]:
        made = as_picture(figure, name="x", title="", caption="", alt="")
        return made.svg, made.png

    made = [picture(draw_effects(made_up_results()) or Figure()) for _ in range(2)]
    assert all(one == other for one, other in pairwise(made))
    assert b"<dc:date>" not in made[0][0] and made[0][1].startswith(b"\x89PNG")
