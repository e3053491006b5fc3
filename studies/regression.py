"""Does recognising the virtual human's emotions go with rating video B well (paper 004, section 4.3 and Table 7)?

Ordinary least squares, one point a participant: the mean of all B ratings on the mean recognition score.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import statsmodels.api as sm
from scipy import stats
from statsmodels.stats.diagnostic import het_breuschpagan
from statsmodels.stats.stattools import durbin_watson

from studies.layout import SPREADLESS, f_fields, is_constant, join, row
from studies.ratings import SAME, Ratings
from studies.results import Result
from studies.settings import AnalysisSettings

PREDICTOR = "recognition_score"
FRAME_COLUMNS: tuple[str, ...] = ("recognition_score", "rating", "fitted", "residual", "cook_d")
#: Rows of a regression: term and statistic.
ROWS: tuple[tuple[str, str], ...] = (
    ("intercept", "t"),
    (PREDICTOR, "t"),
    ("model", "F"),
    ("model", "adjusted_r_squared"),
    ("residuals", "shapiro_wilk"),
    ("residuals", "breusch_pagan"),
    ("residuals", "durbin_watson"),
    ("influence", "cook_d_max"),
    ("influence", "cook_d_above_4_over_n"),
)


@dataclass(frozen=True, slots=True, eq=False)
class _Fit:
    """Points (n,) and their straight line."""

    people: pd.Index
    x: np.ndarray[Any, np.dtype[np.float64]]
    y: np.ndarray[Any, np.dtype[np.float64]]
    left_out: str
    model: Any  # statsmodels's RegressionResults; None where no line can be drawn
    reason: str  # why there is no line, or why it has no tests

    @property
    def tested(self) -> bool:
        return self.model is not None and not self.reason


def _fit(ratings: Ratings) -> _Fit:
    cells = ratings.cells[ratings.cells["video"] == "B"]
    points = ratings.people[[PREDICTOR]].join(cells.groupby("participant_id")["rating"].mean()).sort_index()
    kept = points.dropna().astype(np.float64)
    gone = len(points) - len(kept)
    left_out = f"{gone} of {len(points)} participants left out: no recognition score or no rating of B" * (gone > 0)
    x, y = kept[PREDICTOR].to_numpy(), kept["rating"].to_numpy()
    if len(x) < 3:
        return _Fit(kept.index, x, y, left_out, None, f"n too small: {len(x)} participants, a line needs 3")
    if is_constant(x):
        return _Fit(kept.index, x, y, left_out, None, f"{SPREADLESS} of the recognition score")
    model = sm.OLS(y, sm.add_constant(x, has_constant="add")).fit()
    reason = f"{SPREADLESS} of the ratings" if is_constant(y) else ""
    if not reason and is_constant(model.resid):
        reason = f"{SPREADLESS} of the residuals: the points lie on the line"
    return _Fit(kept.index, x, y, left_out, model, reason)


def regression_frame(ratings: Ratings) -> pd.DataFrame:
    """For the diagnostic plots: columns ``FRAME_COLUMNS``, index participant_id; empty where no line can be drawn.
    ``cook_d`` is NaN where it does not exist (points on the line, or a participant who alone decides the slope)."""
    fit = _fit(ratings)
    if fit.model is None:
        return pd.DataFrame(columns=list(FRAME_COLUMNS), dtype=np.float64)
    values = (fit.x, fit.y, fit.model.fittedvalues, fit.model.resid, _cook(fit))
    return pd.DataFrame(dict(zip(FRAME_COLUMNS, values, strict=True)), index=fit.people)


def _cook(fit: _Fit) -> np.ndarray[Any, np.dtype[np.float64]]:
    """(n,) Cook's distances; NaN where they do not exist."""
    if not fit.tested:
        return np.full(len(fit.x), np.nan)
    centred = fit.x - fit.x.mean()
    decides = 1 / len(fit.x) + centred**2 / np.sum(centred**2) >= 1 - SAME  # leverage 1: the residual is 0 by necessity
    distance = np.full(len(fit.x), np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        distance[~decides] = fit.model.get_influence().cooks_distance[0][~decides]
    return distance


def regression(ratings: Ratings, settings: AnalysisSettings) -> list[Result]:
    """``ROWS``, in this order. Estimates of the first two: coefficients (rating points; per point of the score) with
    their intervals. Effect of the model: R squared. Shapiro-Wilk of the residuals; Breusch-Pagan in Koenker's
    studentised form, chi-squared; Durbin-Watson in the order of the participants' ids; Cook's distance: the largest,
    and how many are above 4 / n.
    """
    fit = _fit(ratings)
    if not fit.tested:
        notes = [join(fit.reason, fit.left_out)] * len(ROWS)
        numbers: list[dict[str, Any]] = [{} for _ in ROWS]
        if fit.model is not None:
            for fields, value in zip(numbers, fit.model.params, strict=False):
                fields["estimate"] = float(value)
    else:
        parts = [
            *_coefficients(fit, settings.confidence),
            *_model(fit, settings.confidence),
            *_residuals(fit),
            *_influence(fit),
        ]
        numbers = [part for part, _ in parts]
        notes = [join(note, fit.left_out) for _, note in parts]
    return [
        row("regression", note, term=term, n=len(fit.x), statistic_name=name, **part)
        for (term, name), part, note in zip(ROWS, numbers, notes, strict=True)
    ]


Part = tuple[dict[str, Any], str]


def _coefficients(fit: _Fit, confidence: float) -> list[Part]:
    model = fit.model
    bounds = model.conf_int(alpha=1 - confidence)
    units = ("estimate: rating at a score of 0", "estimate: rating points per point of the score")
    return [
        (
            {
                "statistic": float(model.tvalues[i]),
                "df1": float(model.df_resid),
                "p": float(model.pvalues[i]),
                "estimate": float(model.params[i]),
                "ci_low": float(bounds[i][0]),
                "ci_high": float(bounds[i][1]),
            },
            unit,
        )
        for i, unit in enumerate(units)
    ]


def _model(fit: _Fit, confidence: float) -> list[Part]:
    model = fit.model  # with one predictor R squared is partial eta squared, and so is its interval
    f = f_fields(float(model.fvalue), 1.0, float(model.df_resid), confidence)
    return [
        (f | {"effect_name": "r_squared", "effect": float(model.rsquared)}, ""),
        ({"statistic": float(model.rsquared_adj)}, ""),
    ]


def _residuals(fit: _Fit) -> list[Part]:
    residuals = fit.model.resid
    shapiro = stats.shapiro(residuals)
    normal: Part = {"statistic": float(shapiro.statistic), "p": float(shapiro.pvalue)}, "of the residuals"
    if is_constant(residuals**2 / np.mean(residuals**2)):
        equal: Part = {}, "all residuals are of one size: Breusch-Pagan does not exist"
    else:
        lm, p, _, _ = het_breuschpagan(residuals, fit.model.model.exog)
        equal = {"statistic": float(lm), "df1": 1.0, "p": float(p)}, "studentised (Koenker), chi-squared"
    return [normal, equal, ({"statistic": float(durbin_watson(residuals))}, "in the order of the participants' ids")]


def _influence(fit: _Fit) -> list[Part]:
    distance, n = _cook(fit), len(fit.x)
    alone = int(np.isnan(distance).sum())
    note = "a participant decides the slope alone, without a distance" * (alone > 0)
    largest = int(np.nanargmax(distance))
    return [
        ({"statistic": float(distance[largest])}, join(f"participant {fit.people[largest]}", note)),
        ({"statistic": float(np.sum(distance > 4 / n))}, join(f"participants above 4/n = {4 / n:.4g}", note)),
    ]
