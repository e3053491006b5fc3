"""All figures of a report with their words: title, caption, and what is to be seen for who does not see it."""

import numpy as np
import pandas as pd

from studies import apa
from studies.descriptives import within_subject_means
from studies.figures import Picture, as_picture, draw_differences, draw_effects, draw_means, effect_rows
from studies.ratings import ALL, Ratings
from studies.regression import regression_frame
from studies.regression_figure import draw_regression
from studies.settings import AnalysisSettings
from studies.vocabulary import SCALE


def draw_all(frame: pd.DataFrame, ratings: Ratings, settings: AnalysisSettings) -> list[Picture]:
    """In the order of the report: means, differences, effects, regression; one that cannot be drawn is left out."""
    if not len(ratings.pairs()):
        return []
    drawn = [
        _means(ratings, settings),
        _differences(ratings),
        _effects(frame, settings),
        _regression(ratings),
    ]
    return [picture for picture in drawn if picture is not None]


def _means(ratings: Ratings, settings: AnalysisSettings) -> Picture:
    table = within_subject_means(ratings, settings.confidence)
    pooled = table[table["dimension"] == ALL]
    told = [
        f"{emotion} A {apa.number(rows['A'])}, B {apa.number(rows['B'])}"
        for emotion, rows in pooled.pivot(index="emotion", columns="video", values="mean").iterrows()
    ]
    caption = (
        f"Mean ratings of video A (open circles, dashed) and B (filled squares, solid) with "
        f"{100 * settings.confidence:g} % within-subject confidence intervals (Cousineau-Morey: the participant's mean "
        "over the conditions of the panel is taken out, the variance multiplied by C / (C - 1) for C conditions). They "
        "compare conditions within participants and say nothing of differences between people. n: participants who "
        "rated every condition of the panel (where that is nobody, each emotion by itself). The axis shows a part of "
        f"the scale from {SCALE[0]} to {SCALE[1]}."
    )
    return as_picture(
        draw_means(ratings, settings.confidence), name="means", title="Means by emotion and dimension", caption=caption,
        alt=f"Means of A and B with intervals in a panel a dimension. Over the dimensions: {'; '.join(told)}.",
    )  # fmt: skip


def _differences(ratings: Ratings) -> Picture:
    words = []
    rows = [(name, ratings.differences(name)) for name in ratings.emotions]
    rows += [(name, ratings.differences(ALL, name)) for name in ratings.dimensions]
    for name, values in [*rows, ("overall", ratings.differences())]:
        if len(values):
            share = 100 * float(np.mean(values > 1e-9))
            words.append(f"{name} mean {apa.number(values.mean())}, above zero {share:.0f} %")
    caption = (
        "Differences of a participant's mean ratings, B - A, by emotion (over dimensions), by dimension (over "
        "emotions) and overall: density (hatched), box from the first to the third quartile with the median, whiskers "
        "to the last value within 1.5 box lengths, diamond at the mean, one circle a participant."
        " Dotted line: no difference."
    )
    return as_picture(
        draw_differences(ratings), name="differences", title="Differences between the videos", caption=caption,
        alt=f"Distributions of B - A. {'; '.join(words)}.",
    )  # fmt: skip


def _effects(frame: pd.DataFrame, settings: AnalysisSettings) -> Picture | None:
    figure = draw_effects(frame, alpha=settings.alpha)
    if figure is None:
        return None
    told = [f"{row.label} {row.words}" for row in effect_rows(frame, alpha=settings.alpha).itertuples()]
    caption = (
        "d_z, the mean difference B - A divided by the standard deviation of the differences, with its "
        f"{100 * settings.confidence:g} % confidence interval (noncentral t). Filled: p is below {settings.alpha:g} "
        "after Holm's correction within the family (overall: uncorrected, the only one of its kind)."
    )
    return as_picture(
        figure, name="effects", title="Effect sizes by emotion, by dimension and overall", caption=caption,
        alt=f"Forest of d_z: {'; '.join(told)}.",
    )  # fmt: skip


def _regression(ratings: Ratings) -> Picture | None:
    points = regression_frame(ratings)
    figure = draw_regression(points)
    if figure is None:
        return None
    r = float(np.corrcoef(points["recognition_score"], points["rating"])[0, 1])
    caption = (
        "Mean rating of video B on the mean recognition score, one point a participant. (a) least-squares line with "
        "the 95 % interval of the mean; (b) ordered residuals against normal quantiles; (c) residuals with their "
        "kernel density and the normal density of the same spread; (d) residuals against fitted values with a lowess "
        "line."
    )
    return as_picture(
        figure, name="regression", title="Regression and residuals", caption=caption,
        alt=f"Four plots of the regression of {len(points)} participants; the correlation is {apa.number(r)}.",
    )  # fmt: skip
