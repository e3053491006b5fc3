"""The figure of ``microexpr explain``: maps on the face, courses over time, the edges that counted, and the words.

Matplotlib is used without pyplot, as in ``microexpr.plotting``.
"""

import io
import textwrap
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.cm import ScalarMappable
from matplotlib.collections import LineCollection
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.gridspec import GridSpec
from matplotlib.patches import FancyArrowPatch
from numpy.typing import NDArray

from curves.errors import InputError
from microexpr.explaining import Explained, Face, describe, top_edges
from microexpr.report import au_name
from microexpr.writing import write_file
from recognizer.explain import AUPart, Explanation, Part
from recognizer.explain_graph import Edge
from recognizer.face.align import CROP, face_mask

_CONTOURS = (  # of the face mesh, each a line from point to point
    (10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377, 152, 148, 176, 149, 150,
     136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109, 10),
    (61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291, 409, 270, 269, 267, 0, 37, 39, 40, 185, 61),
    (78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308, 415, 310, 311, 312, 13, 82, 81, 80, 191, 78),
    (33, 7, 163, 144, 145, 153, 154, 155, 133, 173, 157, 158, 159, 160, 161, 246, 33),
    (263, 249, 390, 373, 374, 380, 381, 382, 362, 398, 384, 385, 386, 387, 388, 466, 263),
    (46, 53, 52, 65, 55, 107, 66, 105, 63, 70, 46),
    (276, 283, 282, 295, 285, 336, 296, 334, 293, 300, 276),
    (168, 6, 197, 195, 5, 4), (129, 98, 97, 2, 326, 327, 358),
)  # fmt: skip
_COLOURS = ("#222222", "#0072B2", "#D55E00", "#009E73", "#CC79A7")  # Okabe and Ito's: the score, then AUs
_EVENT_COLOUR, _APEX_COLOUR = "#F6C945", "#C99700"  # as in the plot of a take
_MAP = colormaps["RdBu_r"]
_MOST_AUS = 4
_WIDTH_IN, _MAP_IN, _LOWER_IN, _LINE_IN = 12.0, 2.35, 2.7, 0.155
_WRAP = 190
_ARROWS_PX = 9.0  # length of the longest arrow of the motion panel


def draw_explanation(explained: Explained, file: Path, *, photo: bool = False) -> None:
    """Writes the figure, whole or not at all; its kind follows the suffix (png, svg, pdf). InputError otherwise.

    ``photo``: on the person's neutral frame instead of an outline alone.
    """
    figure, picture = explanation_figure(explained, photo=photo), io.BytesIO()
    try:
        figure.savefig(picture, format=file.suffix.removeprefix(".") or "png")
    except ValueError as error:
        raise InputError(f"{file}: the figure cannot be written ({error}).") from error
    write_file(file, picture.getvalue())


def explanation_figure(explained: Explained, *, photo: bool = False) -> Figure:
    """Above: the motion and the score's map, then for each AU its logit's map over its intensity's. Below: courses and
    edges; then the caption."""
    found = explained.found
    shown = found.aus[:_MOST_AUS]
    caption = [line for text in describe(explained) for line in textwrap.wrap(text, _WRAP, subsequent_indent="   ")]
    below = 0.3 + _LINE_IN * len(caption)
    inches = 1.25 + (2 if len(shown) > 1 else 1) * (_MAP_IN + 0.35) + _LOWER_IN + below
    figure = Figure(figsize=(_WIDTH_IN, inches), dpi=110)
    FigureCanvasAgg(figure)
    figure.suptitle(_title(explained), x=0.03, y=1 - 0.12 / inches, ha="left", va="top", fontsize=12)
    rows = 2 if len(shown) > 1 else 1
    top, bottom = 1 - 0.75 / inches, 1 - (0.75 + rows * _MAP_IN + 0.6 * (rows - 1)) / inches
    _draw_maps(figure, explained, (bottom, top), photo)
    _draw_scale(figure, bottom, top)
    lower = GridSpec(1, 2, figure=figure, width_ratios=(1.15, 1.0), left=0.06, right=0.97, wspace=0.12)
    lower.update(top=bottom - 0.5 / inches, bottom=(below + 0.4) / inches)
    draw_courses(figure.add_subplot(lower[0]), found, shown)
    draw_edges(figure.add_subplot(lower[1]), top_edges(explained), has_graph=found.graph is not None)
    figure.text(0.03, (below - 0.12) / inches, "\n".join(caption), va="top", ha="left", fontsize=8, linespacing=1.35)
    return figure


def _draw_maps(figure: Figure, explained: Explained, span: tuple[float, float], photo: bool) -> None:
    """Motion and score, then each AU's logit over its intensity; with no more than one AU all in a row."""
    found, face = explained.found, explained.face
    shown = found.aus[:_MOST_AUS]
    pairs = [
        (
            (part.logit, f"{au_name(part.activation)}: is it there? (graph)", "+"),
            (part.intensity, f"{au_name(part.activation)}: how strong?", ""),
        )
        for part in shown
    ]
    in_a_row = len(shown) < 2
    columns, rows = (4, 1) if in_a_row else (1 + len(shown), 2)
    grid = GridSpec(rows, columns, figure=figure, hspace=0.24, wspace=0.05)
    grid.update(left=0.02, right=0.93, bottom=span[0], top=span[1])
    draw_motion(figure.add_subplot(grid[0, 0]), found, face)
    score = grid[0, 1] if in_a_row else grid[1, 0]
    draw_map(figure.add_subplot(score), found.score, face, "score: is this an event?", photo=photo)
    for column, pair in enumerate(pairs, start=2 if in_a_row else 1):
        for row, (part, title, sign) in enumerate(pair):
            place = grid[0, column + row] if in_a_row else grid[row, column]
            draw_map(figure.add_subplot(place), part, face, title, sign=sign, photo=photo)


def _title(explained: Explained) -> str:
    event = explained.found.seen.event
    return (
        f"{explained.name}: what carried event {explained.number} of {explained.count} "
        f"({event.onset_s:.2f} - {event.apex_s:.2f} - {event.offset_s:.2f} s, {event.emotion.label.value}, "
        f"score {event.score:.2f})"
    )


def _outline(axes: Axes, face: Face, colour: str = "#333333") -> None:
    lines = [face.points[list(contour)] for contour in _CONTOURS]
    axes.add_collection(LineCollection(lines, colors=colour, linewidths=0.8))
    axes.set_xlim(-0.5, CROP - 0.5)
    axes.set_ylim(max(CROP - 0.5, float(face.points[:, 1].max()) + 2), min(-0.5, float(face.points[:, 1].min()) - 2))
    axes.set_aspect("equal")
    axes.axis("off")


def draw_map(axes: Axes, part: Part, face: Face, title: str, *, sign: str = "+", photo: bool = False) -> None:
    """A map over the face: red raised the number, blue lowered it; each map has a scale of its own, in its title."""
    most = float(np.abs(part.cells).max()) or 1.0
    if photo:
        axes.imshow(face.crop, cmap="gray", vmin=0, vmax=255, extent=(-0.5, CROP - 0.5, CROP - 0.5, -0.5))
    axes.imshow(heat(part.cells, most), extent=(-0.5, CROP - 0.5, CROP - 0.5, -0.5))
    _outline(axes, face, "#EEEEEE" if photo else "#333333")
    digits = 2 if sign else 3
    axes.set_title(
        f"{title}\n{part.value:{sign}.{digits}f}, without {part.without:{sign}.{digits}f}; scale ±{most:.2g}",
        fontsize=8.5, linespacing=1.3, pad=3,
    )  # fmt: skip


def heat(cells: NDArray[np.float64], most: float) -> NDArray[np.float64]:
    """(112, 112, 4) RGBA of ``cells`` (14, 14): colour by value, clear where it is 0 and beside the face."""
    smooth = cv2.resize(cells, (CROP, CROP), interpolation=cv2.INTER_CUBIC) / most
    colours = np.asarray(_MAP(0.5 + 0.5 * np.clip(smooth, -1.0, 1.0)), dtype=np.float64)
    colours[..., 3] = np.clip(1.6 * np.abs(smooth), 0.0, 0.95) * (face_mask(CROP) > 0.02)
    return colours


def draw_motion(axes: Axes, found: Explanation, face: Face) -> None:
    """The event's own motion at its apex as arrows, for comparison: this is what the face did, as the flow saw it."""
    _outline(axes, face, "#999999")
    step = 4
    at = np.arange(step // 2, found.motion.shape[1], step)
    u, v = found.motion[:, at][:, :, at] * (face_mask(found.motion.shape[1])[np.ix_(at, at)] > 0.5)
    longest = float(np.hypot(u, v).max()) or 1.0
    xs, ys = np.meshgrid(2 * at + 0.5, 2 * at + 0.5)
    axes.quiver(
        xs, ys, u / longest * _ARROWS_PX, v / longest * _ARROWS_PX, angles="xy", scale_units="xy", scale=1.0,
        width=0.008, color="#006D5B",
    )  # fmt: skip
    axes.set_title(
        f"the event's motion at its apex\nlongest arrow {longest:.2f} px ({longest / 0.4:.1f} % of the eye distance)",
        fontsize=8.5, linespacing=1.3, pad=3,
    )  # fmt: skip
    for x, side in ((0.02, "R"), (0.94, "L")):
        axes.text(x, 0.02, side, transform=axes.transAxes, fontsize=8, color="#777777")


def _draw_scale(figure: Figure, bottom: float, top: float) -> None:
    axes = figure.add_axes((0.945, bottom + 0.25 * (top - bottom), 0.008, 0.5 * (top - bottom)))
    bar = figure.colorbar(ScalarMappable(Normalize(-1, 1), _MAP), cax=axes)
    bar.set_ticks([-1, 0, 1], labels=["lowers", "0", "raises"], fontsize=7.5)
    bar.outline.set_linewidth(0.4)


def draw_courses(axes: Axes, found: Explanation, shown: Sequence[AUPart]) -> None:
    """When: each number's difference by the event, spread over time, in percent of it a bin."""
    event = found.seen.event
    axes.axvspan(event.onset_s, event.offset_s, color=_EVENT_COLOUR, alpha=0.3, linewidth=0, zorder=0)
    axes.axvline(event.apex_s, color=_APEX_COLOUR, linewidth=1.0, zorder=0)
    axes.axhline(0.0, color="#BBBBBB", linewidth=0.8, zorder=0)
    middle = (found.edges_s[1:] + found.edges_s[:-1]) / 2
    named = [("score", found.score), *((f"{au_name(p.activation)} logit", p.logit) for p in shown)]
    for (name, part), colour in zip(named, _COLOURS, strict=False):
        whole = float(np.abs(part.course).sum()) or 1.0
        axes.plot(middle, 100 * part.course / whole, color=colour, linewidth=1.4, label=name)
    skirt = 0.6 * (event.offset_s - event.onset_s)
    axes.set_xlim(max(found.edges_s[0], event.onset_s - skirt), min(found.edges_s[-1], event.offset_s + skirt))
    width_ms = 1000 * float(found.edges_s[1] - found.edges_s[0])
    axes.set_ylabel(f"part of the whole, % per {width_ms:.0f} ms", fontsize=8.5)
    axes.set_xlabel("time, s (event shaded, line at its apex)", fontsize=8.5)
    axes.set_title("when: whose frames mattered", fontsize=9.5, loc="left")
    axes.tick_params(labelsize=8)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(fontsize=8, frameon=False, loc="best")


def draw_edges(axes: Axes, edges: Sequence[Edge], *, has_graph: bool) -> None:
    """The strongest edges into the event's AUs: from the left to the right, red helps, blue hinders."""
    axes.set_title("AU edges: what each message adds to its target's logit", fontsize=9.5, loc="left")
    axes.axis("off")
    axes.set_xlim(0.0, 1.0)
    axes.set_ylim(0.0, 1.0)
    if not edges:
        axes.text(0.5, 0.5, "no edges" if has_graph else "this network has no AU graph", ha="center", fontsize=9)
        return
    targets = sorted({edge.target for edge in edges})
    ordered = sorted(edges, key=lambda edge: (edge.target, -edge.change))
    heights = np.linspace(0.93, 0.05, len(ordered)) if len(ordered) > 1 else np.array([0.5])
    rows = {
        target: float(np.mean([y for y, e in zip(heights, ordered, strict=True) if e.target == target]))
        for target in targets
    }
    most = max(abs(edge.change) for edge in edges)
    for y, edge in zip(heights, ordered, strict=True):
        colour = _MAP(0.92 if edge.change > 0 else 0.08)
        axes.add_patch(
            FancyArrowPatch(
                (0.27, float(y)), (0.80, rows[edge.target]), arrowstyle="-|>", mutation_scale=11, color=colour,
                linewidth=0.6 + 2.6 * abs(edge.change) / most, shrinkA=0, shrinkB=2,
            )
        )  # fmt: skip
        axes.text(0.02, y, f"{edge.change:+.2f}", fontsize=8.5, color=colour, va="center")
        axes.text(0.26, y, f"AU{edge.source}", fontsize=8.5, va="center", ha="right")
    for target, y in rows.items():
        axes.text(
            0.82,
            y,
            f"AU{target}",
            fontsize=10,
            va="center",
            bbox={"boxstyle": "round", "fc": "#F6F1DC", "ec": "#999999"},
        )
