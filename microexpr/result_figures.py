"""Figures of an evaluation: bars with intervals, confusion matrices. Each says below itself what it rests on."""

import textwrap
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray

#: Okabe and Ito's colours, told apart by colour-blind readers too.
_COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442")
_CAPTION_PT, _LINE_IN = 7, 0.14


def draw_bars(title: str, means: pd.DataFrame, metrics: Sequence[tuple[str, str]], caption: str) -> Figure:
    """A row of bars a system, one bar a metric (column name, title), with its interval where there is one. ``means``:
    rows of the tidy table, one a system and metric."""
    systems = list(dict.fromkeys(means["system"]))
    present = [(metric, title) for metric, title in metrics if (means["metric"] == metric).any()]
    height = 0.6 + max(2, len(systems)) * (0.16 * len(present) + 0.16)
    figure, axes = _figure(8.0, height, caption, left=0.22, labels_in=0.6)
    thick = 0.8 / len(present)
    for k, (metric, name_of_metric) in enumerate(present):
        part = means[means["metric"] == metric].set_index("system").reindex(systems)
        value, low, high = (part[name].to_numpy(np.float64) for name in ("value", "ci_low", "ci_high"))
        at = np.arange(len(systems)) + (k - (len(present) - 1) / 2) * thick
        error = np.stack([value - low, high - value]).clip(0)  # NaN: no interval is drawn
        axes.barh(
            at, np.nan_to_num(value), thick * 0.9, xerr=error, color=_COLOURS[k % len(_COLOURS)], label=name_of_metric,
            error_kw={"linewidth": 1, "ecolor": "#333333", "capsize": 2.5, "capthick": 1},
        )  # fmt: skip
    axes.set_yticks(range(len(systems)), systems, fontsize=8, parse_math=False)
    axes.set_xlabel(", ".join(name for _, name in present) + " (0 to 1)", fontsize=8)
    axes.set_title(title, fontsize=10, parse_math=False)
    axes.invert_yaxis()
    axes.set_xlim(0, 1)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(fontsize=8, frameon=False, loc="upper center", bbox_to_anchor=(0.5, 1.0), ncols=len(present))
    axes.set_ylim(len(systems) - 0.4, -0.5 - 0.35 * len(present) / (0.16 * len(present) + 0.16) * 0.5)
    return figure


def draw_confusion(
    title: str, classes: Sequence[str], matrix: NDArray[np.int64], caption: str, *, seeds: int = 1
) -> Figure:
    """Rows the true class, in parts of the row; below the part the count, summed over ``seeds``."""
    side = 2.2 + 0.55 * len(classes)
    summed = f"sum over {seeds} seeds" if seeds > 1 else ""
    cells = f"In each cell: share of the row, below it the count of clips{', ' + summed if summed else ''}."
    figure, axes = _figure(side + 1.2, side + 0.2, f"{cells} {caption}", left=0.26, labels_in=0.95, above=0.55)
    totals = matrix.sum(axis=1, keepdims=True)
    parts = matrix / np.maximum(totals, 1)
    axes.imshow(parts, cmap="Blues", vmin=0, vmax=1)
    for i, j in np.ndindex(matrix.shape):
        colour = "white" if parts[i, j] > 0.55 else "black"
        axes.text(j, i, f"{parts[i, j]:.2f}\n{matrix[i, j]}", ha="center", va="center", fontsize=7, color=colour)
    axes.set_xticks(range(len(classes)), classes, rotation=35, ha="right", fontsize=8, parse_math=False)
    axes.set_yticks(range(len(classes)), classes, fontsize=8, parse_math=False)
    axes.set_xlabel("named", fontsize=8)
    axes.set_ylabel("true", fontsize=8)
    axes.set_title(f"{title}\n{summed}".strip(), fontsize=10, parse_math=False)
    return figure


def _figure(
    width: float, height: float, caption: str, *, left: float, labels_in: float = 0.4, above: float = 0.35
) -> tuple[Figure, Any]:
    """A figure of one axes, the caption below it; sizes in inches. What users wrote (names, paths) goes into figures
    with ``parse_math=False``: a ``$`` in it is a dollar."""
    lines = textwrap.wrap(caption, int(width * 16.5), break_on_hyphens=False)
    below = labels_in + _LINE_IN * len(lines)
    whole = height + below
    figure = Figure(figsize=(width, whole), dpi=120)
    FigureCanvasAgg(figure)
    axes = figure.add_axes((left, below / whole, 0.96 - left, (height - above) / whole))
    figure.text(
        0.02, 0.06 / whole, "\n".join(lines), fontsize=_CAPTION_PT, color="#444444", va="bottom", parse_math=False
    )
    return figure, axes
