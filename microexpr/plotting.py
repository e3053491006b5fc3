"""A take as one picture: faces at the moments that matter, AU tracks with events, and the rig curves.

Matplotlib is used without pyplot, so that no window system or global state is touched.
"""

import io
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.gridspec import GridSpec, GridSpecFromSubplotSpec
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from curves.errors import InputError
from curves.values import AUTrack, FloatArray, Interval, Side, Take
from microexpr.moments import Thumbnail, time_span
from microexpr.rig_panel import LEGEND_COLUMNS, draw_rig, rig_legend, rig_lines, shortened
from microexpr.writing import write_file

#: Okabe and Ito's colours, told apart by colour-blind readers too. Left and right are the subject's.
SIDE_COLOURS: Mapping[Side, str] = {Side.BOTH: "#222222", Side.LEFT: "#0072B2", Side.RIGHT: "#D55E00"}
_SIDE_STYLES: Mapping[Side, Literal["-", "--"]] = {Side.BOTH: "-", Side.LEFT: "-", Side.RIGHT: "--"}
_EVENT_COLOUR, _APEX_COLOUR, _GRID_COLOUR = "#F6C945", "#C99700", "#DDDDDD"
_NO_FACE: Mapping[str, Any] = {"facecolor": "#F3F3F3", "edgecolor": "#CFCFCF", "hatch": "///", "linewidth": 0}

#: Tracks below this everywhere, of AUs in no event, are named below the figure and not drawn.
QUIET = 0.02
#: Sizes in inches. A name row holds event names; a legend row the rig's largest curves.
_WIDTH_IN, _STRIP_IN, _LANE_IN, _CURVES_IN, _GAP_IN = 12.0, 1.5, 0.5, 2.4, 0.45
_NAME_ROW_IN, _LEGEND_ROW_IN, _NAME_CHARACTER_IN = 0.13, 0.19, 0.062
_LEFT, _RIGHT = 0.075, 0.985  # of the width: where the axes begin and end
_NAME_ROWS = 3
#: A lane is at least this high in intensity, so that a quiet track's noise is not blown up.
_LANE_AT_LEAST = 0.1


def draw_take(take: Take, file: Path, title: str, faces: Sequence[Thumbnail] = ()) -> None:
    """Writes the figure, whole or not at all; its kind follows the suffix of ``file`` (png, svg, pdf).

    Raises InputError: no such kind, or the file cannot be written.
    """
    figure, picture = take_figure(take, title, faces), io.BytesIO()
    try:
        figure.savefig(picture, format=file.suffix.removeprefix(".") or "png")
    except ValueError as error:
        raise InputError(f"{file}: the figure cannot be written ({error}).") from error
    write_file(file, picture.getvalue())


def take_figure(take: Take, title: str, faces: Sequence[Thumbnail] = ()) -> Figure:
    """The figure of a take, drawn on no screen."""
    lanes, names, rig = active_aus(take), place_names(take), rig_lines(take)
    name_rows = max((row for _, _, row in names), default=0)
    heights = [_STRIP_IN] * bool(faces) + [max(2, len(lanes)) * _LANE_IN, _CURVES_IN]
    gap = _GAP_IN + _NAME_ROW_IN * name_rows
    above, below = (0.5 if faces else 0.05 + gap), 0.6 + _LEGEND_ROW_IN * math.ceil(len(rig.named) / LEGEND_COLUMNS)
    inches = sum(heights) + gap * (len(heights) - 1) + above + below
    figure = Figure(figsize=(_WIDTH_IN, inches), dpi=120)
    FigureCanvasAgg(figure)
    grid = GridSpec(len(heights), 1, figure=figure, height_ratios=heights, hspace=gap * len(heights) / sum(heights))
    grid.update(left=_LEFT, right=_RIGHT, top=1 - above / inches, bottom=below / inches)
    figure.suptitle(shortened(title, 70), x=_LEFT, y=1 - 0.12 / inches, ha="left", va="top", fontsize=12)
    if faces:
        _draw_faces(figure, grid, faces)
    tracks = figure.add_subplot(grid[-2])
    _draw_tracks(tracks, take, lanes)
    _draw_names(tracks, names)
    curves = figure.add_subplot(grid[-1], sharex=tracks)
    draw_rig(curves, rig, take)
    for axes in (tracks, curves):
        _draw_time(axes, take)
    _draw_legend(figure, take, 1 - 0.12 / inches)
    rig_legend(figure, rig, _LEFT, 0.06 / inches)
    figure.align_ylabels()
    return figure


def active_aus(take: Take) -> tuple[int, ...]:
    """AUs worth a lane, in FACS order: those of an event, and those that anywhere reach ``QUIET``."""
    judged = {activation.au for event in take.events for activation in event.aus}
    moving = {track.au for track in take.tracks if track.values.size and track.values.max() >= QUIET}
    return tuple(sorted(judged | moving))


def _draw_faces(figure: Figure, grid: GridSpec, faces: Sequence[Thumbnail]) -> None:
    row = GridSpecFromSubplotSpec(1, len(faces), subplot_spec=grid[0], wspace=0.04)
    for column, face in enumerate(faces):
        axes = figure.add_subplot(row[column])
        axes.imshow(face.image)
        axes.set_xticks([])
        axes.set_yticks([])
        axes.set_xlabel(f"{'apex ' if face.apex else ''}{face.time_s:.2f} s", fontsize=9)
        for spine in axes.spines.values():
            spine.set_color(_APEX_COLOUR if face.apex else _GRID_COLOUR)
            spine.set_linewidth(2.5 if face.apex else 1.0)


def _draw_tracks(axes: Axes, take: Take, lanes: Sequence[int]) -> None:
    """A lane per AU, the lowest AU on top, each on its own scale with its peak written beside it.

    One scale for all would flatten a micro-expression beside a smile.
    """
    for row, au in enumerate(reversed(lanes)):
        lane = [track for track in take.tracks if track.au == au and track.values.size]
        scale = 0.85 / max(_peak(take, au), _LANE_AT_LEAST)
        for track in lane:
            times, values = _with_gaps(track, take.no_face)
            colour, line = SIDE_COLOURS[track.side], _SIDE_STYLES[track.side]
            axes.plot(times, row + scale * values, color=colour, linestyle=line, linewidth=1.3)
        axes.axhline(row, color=_GRID_COLOUR, linewidth=0.8, zorder=0)
    labels = [f"AU{au}\n{_peak(take, au):.2f}" for au in reversed(lanes)]
    axes.set_yticks([row + 0.35 for row in range(len(lanes))], labels, fontsize=8)
    axes.tick_params(axis="y", length=0)
    axes.set_ylim(-0.15, max(1, len(lanes)) + 0.05)
    axes.set_ylabel("AU, peak intensity", fontsize=9)
    axes.tick_params(labelbottom=False)
    if not lanes:
        axes.text(0.5, 0.5, f"no AU reaches {QUIET}", transform=axes.transAxes, ha="center", va="center")


def _peak(take: Take, au: int) -> float:
    return max(
        (float(track.values.max()) for track in take.tracks if track.au == au and track.values.size), default=0.0
    )


def _with_gaps(track: AUTrack, no_face: Sequence[Interval]) -> tuple[FloatArray, FloatArray]:
    """Times and values with NaN where no face was, so that no line bridges it."""
    starts = [gap.start_s for gap in no_face if gap.start_s > track.times_s[0] and gap.end_s <= track.times_s[-1]]
    breaks = np.unique(np.searchsorted(track.times_s, starts))
    return np.insert(track.times_s, breaks, np.nan), np.insert(track.values, breaks, np.nan)


def place_names(take: Take) -> tuple[tuple[str, float, int], ...]:
    """(emotion, time of its middle, row from below) of the events whose names find room above the lanes.

    None covers another; where events are crowded, the surest are named.
    """
    start, end = time_span(take)
    per_inch = (end - start) / (_WIDTH_IN * (_RIGHT - _LEFT))
    rows: list[list[tuple[float, float]]] = [[] for _ in range(_NAME_ROWS)]
    placed = []
    for event in sorted(take.events, key=lambda event: -event.score):
        name = event.emotion.label.value
        half = (len(name) + 1) * _NAME_CHARACTER_IN * per_inch / 2
        middle = max(start + half, min(event.apex_s, end - half))
        for row, spans in enumerate(rows):
            if all(middle + half <= left or middle - half >= right for left, right in spans):
                spans.append((middle - half, middle + half))
                placed.append((name, middle, row))
                break
    return tuple(placed)


def _draw_names(axes: Axes, names: Sequence[tuple[str, float, int]]) -> None:
    for name, time, row in names:
        axes.annotate(
            name, (time, 1.0), xycoords=("data", "axes fraction"), xytext=(0, 2 + row * 72 * _NAME_ROW_IN),
            textcoords="offset points", ha="center", va="bottom", fontsize=7.5, annotation_clip=False,
        )  # fmt: skip


def _draw_time(axes: Axes, take: Take) -> None:
    axes.set_xlim(*time_span(take))
    axes.spines[["top", "right"]].set_visible(False)
    for event in take.events:
        axes.axvspan(event.onset_s, event.offset_s, color=_EVENT_COLOUR, alpha=0.35, linewidth=0, zorder=0)
        axes.axvline(event.apex_s, color=_APEX_COLOUR, linewidth=1.0, zorder=0)
    for gap in take.no_face:
        axes.axvspan(gap.start_s, gap.end_s, zorder=-1, **_NO_FACE)


def _draw_legend(figure: Figure, take: Take, top: float) -> None:
    entries: list[Artist] = [
        Line2D([], [], color=SIDE_COLOURS[side], linestyle=_SIDE_STYLES[side], label=words)
        for side, words in ((Side.LEFT, "AU, subject's left"), (Side.RIGHT, "right"), (Side.BOTH, "both"))
    ]
    entries.append(Line2D([], [], color=_EVENT_COLOUR, linewidth=7, alpha=0.6, label="event, line at apex"))
    if take.no_face:
        entries.append(Patch(label="no face", **_NO_FACE))
    figure.legend(
        handles=entries, loc="upper right", bbox_to_anchor=(_RIGHT, top + 0.005), ncols=len(entries), fontsize=8,
        frameon=False, borderaxespad=0.0,
    )  # fmt: skip
