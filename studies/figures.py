"""Figures of a study, readable in black and white: means, differences, effects.

Captions are words beside a picture, never in it. The same data give the same bytes (SVG and PNG) with the same
matplotlib.
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray
from scipy import stats

from studies.descriptives import within_subject_means
from studies.ratings import ALL, Ratings
from studies.vocabulary import SCALE, VIDEOS

_DPI = 200
#: Video A is open, round, its interval dashed; video B is filled, square, solid.
_STYLE: dict[str, dict[str, Any]] = {
    "A": {"marker": "o", "color": "#444444", "markerfacecolor": "white"},
    "B": {"marker": "s", "color": "black", "markerfacecolor": "black"},
}
_LABEL = {"A": "A: without micro-expression", "B": "B: with micro-expression"}
FONTS: Any = {"font.family": "DejaVu Sans", "font.size": 9, "axes.titlesize": 10, "axes.labelsize": 9}


@dataclass(frozen=True, slots=True)
class Picture:
    """A drawn figure and the words that go with it. ``alt`` says what is to be seen to who does not see it."""

    name: str
    title: str
    caption: str
    alt: str
    svg: bytes
    png: bytes


def new_figure(width: float, height: float) -> Figure:
    """An empty figure in inches, drawn without a window system."""
    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def as_picture(figure: Figure, *, name: str, title: str, caption: str, alt: str) -> Picture:
    """The figure as bytes: SVG with its letters as outlines (it looks the same everywhere), PNG at 200 dpi."""
    svg, png = io.BytesIO(), io.BytesIO()
    with mpl.rc_context({"svg.hashsalt": name, "svg.fonttype": "path"}):
        figure.savefig(svg, format="svg", metadata={"Date": None, "Creator": None})
    figure.savefig(png, format="png", dpi=_DPI, metadata={"Software": None})
    return Picture(name, title, caption, alt, svg.getvalue(), png.getvalue())


def draw_means(ratings: Ratings, confidence: float = 0.95) -> Figure:
    """A panel a dimension and one for their mean: emotions along, A and B with within-subject intervals."""
    table = within_subject_means(ratings, confidence)
    panels = list(dict.fromkeys(table["dimension"]))
    columns = min(2, len(panels))
    rows = -(-len(panels) // columns)
    with mpl.rc_context(FONTS):
        figure = new_figure(7.2, 0.5 + 2.6 * rows)
        grid = figure.subplots(rows, columns, sharey=True, squeeze=False)
        for axes, dimension in zip(grid.flat, panels, strict=False):
            _draw_panel(axes, table[table["dimension"] == dimension], dimension)
        for axes in grid.flat[len(panels) :]:
            axes.set_visible(False)
        for row in grid:
            row[0].set_ylabel(f"mean rating ({SCALE[0]} to {SCALE[1]})")
        handles, labels = grid[0, 0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=2, frameon=False)
    return figure


def _draw_panel(axes: Any, part: pd.DataFrame, dimension: str) -> None:
    emotions = list(dict.fromkeys(part["emotion"]))
    count = int(part["n"].max()) if len(part) else 0
    for shift, video in zip((-0.12, 0.12), VIDEOS, strict=True):
        rows = part[part["video"] == video].set_index("emotion").reindex(emotions)
        error = (rows["ci_high"] - rows["mean"]).to_numpy(np.float64)
        drawn = axes.errorbar(
            np.arange(len(emotions)) + shift, rows["mean"].to_numpy(np.float64), yerr=error, label=_LABEL[video],
            capsize=3, markersize=5.5, linestyle="none", elinewidth=1.1, **_STYLE[video],
        )  # fmt: skip
        if video == "A":
            drawn[2][0].set_linestyle("--")
    name = "mean of the dimensions" if dimension == ALL else dimension
    axes.set_title(f"{name} (n = {count})")
    axes.set_xticks(range(len(emotions)), emotions, rotation=30, ha="right")
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", color="#dddddd", linewidth=0.6)
    axes.set_axisbelow(True)


def draw_differences(ratings: Ratings) -> Figure:
    """Rainclouds of B - A, a row an emotion, a dimension and all: density, box with median, one point a participant,
    a diamond at the mean."""
    rows = [(emotion, ratings.differences(emotion)) for emotion in ratings.emotions]
    rows += [(dimension, ratings.differences(ALL, dimension)) for dimension in ratings.dimensions]
    rows.append(("overall", ratings.differences()))
    with mpl.rc_context(FONTS):
        figure = new_figure(7.2, 0.8 + 0.62 * len(rows))
        axes = figure.subplots()
        for at, (_, values) in enumerate(rows):
            _draw_cloud(axes, float(at), values)
        axes.axvline(0, color="black", linewidth=0.8, linestyle=":")
        axes.set_yticks(range(len(rows)), [f"{name}\n(n = {len(values)})" for name, values in rows])
        axes.set_ylim(len(rows) - 0.45, -0.75)
        axes.set_xlabel("difference of ratings, B - A (positive: higher with the micro-expression)")
        axes.spines[["top", "right"]].set_visible(False)
    return figure


def _draw_cloud(axes: Any, at: float, values: NDArray[np.float64]) -> None:
    if not len(values):
        return
    if np.ptp(values) > 1e-9 and len(values) > 2:
        along = np.linspace(values.min() - 0.2, values.max() + 0.2, 200)
        density = stats.gaussian_kde(values)(along)
        top = at - 0.14 - 0.46 * density / density.max()
        axes.fill_between(along, at - 0.14, top, facecolor="#d9d9d9", edgecolor="black", linewidth=0.7, hatch="///")
    axes.boxplot(
        values, positions=[at], orientation="horizontal", widths=0.13, showfliers=False, manage_ticks=False,
        medianprops={"color": "black", "linewidth": 1.6},
    )  # fmt: skip
    jitter = np.random.default_rng(0).uniform(-0.09, 0.09, len(values))
    axes.plot(np.sort(values), at + 0.24 + jitter, "o", markersize=2.4, color="black", markerfacecolor="none", mew=0.5)
    axes.plot([values.mean()], [at], "D", markersize=4.5, color="black", markerfacecolor="white")


def draw_effects(results: pd.DataFrame, alpha: float = 0.05) -> Figure | None:
    """Forest of d_z with its interval, by emotion, by dimension, overall; None where no row has it. A filled marker: p
    after Holm's correction is below ``alpha`` (uncorrected for the overall row, a family of one)."""
    rows = effect_rows(results, alpha)
    if not len(rows):
        return None
    with mpl.rc_context(FONTS):
        figure = new_figure(7.2, 0.9 + 0.34 * len(rows))
        axes = figure.subplots()
        numbers = _columns(rows, ("effect", "effect_ci_low", "effect_ci_high"))
        for at, (effect, low, high) in enumerate(numbers):
            axes.plot([low, high], [at, at], "-", color="black", linewidth=1.4)  # NaN: no interval is drawn
            face = "black" if rows["significant"].iloc[at] else "white"
            axes.plot([effect], [at], "s", color="black", markerfacecolor=face, markersize=6)
            words = str(rows["words"].iloc[at])
            axes.text(1.02, at, words, transform=axes.get_yaxis_transform(), va="center", family="monospace")
        axes.axvline(0, color="black", linewidth=0.8, linestyle=":")
        axes.set_yticks(range(len(rows)), rows["label"])
        axes.set_ylim(len(rows) - 0.4, -0.6)
        axes.set_xlabel(f"d_z with {100 * (1 - alpha):g} % interval (positive: B higher)")
        axes.spines[["top", "right"]].set_visible(False)
        for cut in np.flatnonzero(rows["group"].to_numpy()[1:] != rows["group"].to_numpy()[:-1]):
            axes.axhline(cut + 0.5, color="#999999", linewidth=0.6)
    return figure


def effect_rows(results: pd.DataFrame, alpha: float = 0.05) -> pd.DataFrame:
    """The rows of ``results`` that the forest shows, with columns group, label, significant and words added."""
    chosen = results[(results["analysis"] == "paired_t") & (results["effect_name"] == "d_z")]
    chosen = chosen[chosen["effect"].notna()]
    groups = (
        ("emotion", chosen[(chosen["emotion"] != ALL) & (chosen["dimension"] == ALL)], "emotion"),
        ("dimension", chosen[(chosen["emotion"] == ALL) & (chosen["dimension"] != ALL)], "dimension"),
        ("overall", chosen[(chosen["emotion"] == ALL) & (chosen["dimension"] == ALL)], "emotion"),
    )
    parts = [part.assign(group=name, label=part[column]) for name, part, column in groups]
    rows = pd.concat(parts, ignore_index=True)
    rows.loc[rows["group"] == "overall", "label"] = "overall"
    corrected = rows["p_holm"].fillna(rows["p"].where(rows["group"] == "overall"))
    words = [
        f"{value:5.2f} [{low:5.2f}, {high:5.2f}]" if np.isfinite(low) and np.isfinite(high) else f"{value:5.2f}"
        for value, low, high in _columns(rows, ("effect", "effect_ci_low", "effect_ci_high"))
    ]
    return rows.assign(significant=(corrected < alpha).fillna(False), words=words)


def _columns(rows: pd.DataFrame, names: Sequence[str]) -> NDArray[np.float64]:
    return rows[list(names)].to_numpy(np.float64, na_value=np.nan)
