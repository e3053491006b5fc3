"""The boxplot of paper 003, figure 8: how the votes of a set spread over its samples."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

_SPREAD = 0.24  # half-width of the strip of points beside a box's middle


def vote_figure(counts: pd.DataFrame, pairs: Mapping[str, tuple[str, str]]) -> Figure:
    """Shares of votes for the first model of each set: box, a point a sample, mean as a diamond; readable without
    colour. ``counts``: of ``votes.sample_counts``; samples without a vote that counts are not drawn."""
    shares = [counts.loc[counts["set"] == name, "share_a"].dropna().to_numpy() for name in pairs]
    figure = Figure(figsize=(1.6 + 1.9 * len(pairs), 4.6), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    black = {"color": "black"}
    axes.boxplot(
        shares, widths=0.62, showfliers=False, showmeans=True, boxprops=black, whiskerprops=black, capprops=black,
        medianprops={"color": "black", "linewidth": 2.2},
        meanprops={"marker": "D", "markerfacecolor": "white", "markeredgecolor": "black", "markersize": 8, "zorder": 4},
    )  # fmt: skip
    for place, of_set in enumerate(shares, start=1):
        across = place + np.linspace(-_SPREAD, _SPREAD, of_set.size) if of_set.size > 1 else np.full(of_set.size, place)
        axes.plot(across, of_set, "o", color="0.45", markersize=4, markeredgewidth=0, zorder=3)
    axes.axhline(0.5, color="black", linestyle="--", linewidth=1)
    labels = [f"{name}\n{a}\nover\n{b}" for name, (a, b) in pairs.items()]
    axes.set_xticks(range(1, len(pairs) + 1), labels, fontsize=9, parse_math=False)  # names come from strangers
    axes.set_ylim(-0.03, 1.03)
    axes.set_ylabel("voting rate of a sample")
    axes.set_title("Box: quartiles; line: median; diamond: mean; points: samples; dashed: no preference", fontsize=8)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    return figure
