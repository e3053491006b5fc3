"""The four diagnostic plots of the regression (paper 004, Figure 6): fit, Q-Q, histogram, residuals."""

from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
import statsmodels.api as sm
from matplotlib.figure import Figure
from scipy import stats

from studies.figures import FONTS, new_figure
from studies.ratings import SAME
from studies.regression import FRAME_COLUMNS

_POINTS: dict[str, Any] = {"marker": "o", "s": 14, "facecolors": "none", "edgecolors": "black", "linewidths": 0.7}


def draw_regression(points: pd.DataFrame) -> Figure | None:
    """``points``: the table of ``studies.regression.regression_frame``. None where no line can be drawn, or where all
    points lie on it: there are no residuals to look at."""
    x, y, fitted, residuals = (points[name].to_numpy(np.float64) for name in FRAME_COLUMNS[:4])
    if len(x) < 3 or np.ptp(residuals) < SAME or np.ptp(x) < SAME:
        return None
    fit = sm.OLS(y, sm.add_constant(x)).fit()
    with mpl.rc_context(FONTS):
        figure = new_figure(7.2, 6.2)
        (top_left, top_right), (bottom_left, bottom_right) = figure.subplots(2, 2)
        _draw_fit(top_left, x, y, fit)
        _draw_quantiles(top_right, residuals)
        _draw_histogram(bottom_left, residuals)
        _draw_residuals(bottom_right, fitted, residuals)
        for axes in figure.axes:
            axes.spines[["top", "right"]].set_visible(False)
    return figure


def _draw_fit(axes: Any, x: Any, y: Any, fit: Any) -> None:
    along = np.linspace(x.min(), x.max(), 100)
    band = fit.get_prediction(sm.add_constant(along)).summary_frame(alpha=0.05)
    axes.fill_between(along, band["mean_ci_lower"], band["mean_ci_upper"], color="#dddddd", label="95 % CI of the mean")
    axes.scatter(x, y, **_POINTS)
    axes.plot(along, band["mean"], color="black", linewidth=1.4, label="least squares")
    axes.set_title("(a) fit")
    axes.set_xlabel("mean recognition score")
    axes.set_ylabel("mean rating of video B")
    axes.legend(frameon=False, fontsize=8, loc="best")


def _draw_quantiles(axes: Any, residuals: Any) -> None:
    (theory, ordered), (slope, intercept, _) = stats.probplot(residuals, dist="norm")
    axes.scatter(theory, ordered, **_POINTS)
    axes.plot(theory, slope * theory + intercept, color="black", linewidth=1)
    axes.set_title("(b) normal Q-Q plot of residuals")
    axes.set_xlabel("normal quantiles")
    axes.set_ylabel("ordered residuals")


def _draw_histogram(axes: Any, residuals: Any) -> None:
    edges = np.histogram_bin_edges(residuals, bins="fd" if len(residuals) > 10 else "sturges")
    axes.hist(residuals, bins=edges, density=True, facecolor="white", edgecolor="black", hatch="///", linewidth=0.7)
    along = np.linspace(residuals.min() - 0.3, residuals.max() + 0.3, 200)
    axes.plot(along, stats.gaussian_kde(residuals)(along), color="black", linewidth=1.4, label="kernel density")
    normal = stats.norm.pdf(along, 0, residuals.std(ddof=2) if len(residuals) > 3 else residuals.std())
    axes.plot(along, normal, color="black", linewidth=1, linestyle="--", label="normal")
    axes.set_title("(c) residuals")
    axes.set_xlabel("residual")
    axes.set_ylabel("density")
    axes.legend(frameon=False, fontsize=8, loc="best")


def _draw_residuals(axes: Any, fitted: Any, residuals: Any) -> None:
    axes.scatter(fitted, residuals, **_POINTS)
    axes.axhline(0, color="black", linewidth=0.8, linestyle=":")
    if len(fitted) >= 10 and len(np.unique(fitted.round(10))) >= 5:
        smooth = sm.nonparametric.lowess(residuals, fitted)
        axes.plot(smooth[:, 0], smooth[:, 1], color="black", linewidth=1.2, linestyle="--", label="lowess")
        axes.legend(frameon=False, fontsize=8, loc="best")
    axes.set_title("(d) residuals against fitted values")
    axes.set_xlabel("fitted value")
    axes.set_ylabel("residual")
