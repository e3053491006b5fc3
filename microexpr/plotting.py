"""A take as one picture: faces at the moments that matter, AU tracks with events, and the rig curves.

Matplotlib is used without pyplot, so that no window system or global state is touched.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.gridspec import GridSpec, GridSpecFromSubplotSpec
from matplotlib.lines import Line2D

from curves.errors import InputError
from curves.richcurve import evaluate
from curves.values import AUTrack, FloatArray, Interval, RichCurve, Side, Take
from microexpr.moments import Thumbnail, time_span

#: Okabe and Ito's colours, told apart by colour-blind readers too. Left and right are the subject's.
SIDE_COLOURS: Mapping[Side, str] = {Side.BOTH: "#222222", Side.LEFT: "#0072B2", Side.RIGHT: "#D55E00"}
_SIDE_STYLES: Mapping[Side, Literal["-", "--"]] = {Side.BOTH: "-", Side.LEFT: "-", Side.RIGHT: "--"}
_EVENT_COLOUR, _NO_FACE_COLOUR, _GRID_COLOUR = "#F6C945", "#9A9A9A", "#DDDDDD"

#: Tracks below this everywhere, of AUs in no event, are named below the figure and not drawn.
QUIET = 0.02
_WIDTH_IN, _STRIP_IN, _LANE_IN, _CURVES_IN = 12.0, 1.5, 0.5, 2.1
_CURVES_NAMED = 8
#: A lane is at least this high in intensity, so that a quiet track's noise is not blown up.
_LANE_AT_LEAST = 0.1


def draw_take(take: Take, file: Path, title: str, faces: Sequence[Thumbnail] = ()) -> None:
    """Writes the figure; the kind follows the suffix of ``file`` (png, svg, pdf). Raises InputError."""
    lanes = active_aus(take)
    heights = [_STRIP_IN] * bool(faces) + [max(2, len(lanes)) * _LANE_IN, _CURVES_IN]
    figure = Figure(figsize=(_WIDTH_IN, sum(heights) + 1.3), dpi=120)
    FigureCanvasAgg(figure)
    grid = GridSpec(len(heights), 1, figure=figure, height_ratios=heights, hspace=0.45 * len(heights) / sum(heights))
    inches = figure.get_figheight()
    grid.update(left=0.075, right=0.985, top=1 - 0.5 / inches, bottom=0.55 / inches)
    figure.suptitle(title, x=0.075, y=1 - 0.12 / inches, ha="left", va="top", fontsize=12)
    if faces:
        _draw_faces(figure, grid, faces)
    tracks = figure.add_subplot(grid[-2])
    _draw_tracks(tracks, take, lanes)
    curves = figure.add_subplot(grid[-1], sharex=tracks)
    _draw_curves(curves, take)
    for axes in (tracks, curves):
        _draw_time(axes, take)
    _draw_legend(figure, take, 1 - 0.12 / inches)
    figure.align_ylabels()
    try:
        figure.savefig(file)
    except (OSError, ValueError) as error:
        raise InputError(f"{file}: the figure cannot be written ({error}).") from error


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
            spine.set_color("#C99700" if face.apex else _GRID_COLOUR)
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
    for event in take.events:
        axes.annotate(
            event.emotion.label.value, (event.apex_s, 1.0), xycoords=("data", "axes fraction"), xytext=(0, 2),
            textcoords="offset points", ha="center", va="bottom", fontsize=7, annotation_clip=True,
        )  # fmt: skip
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


def _draw_curves(axes: Axes, take: Take) -> None:
    """All rig curves over each other as Unreal evaluates them, before a rig clamps; the largest are named."""
    times = np.linspace(*time_span(take), 1500)
    sampled = [(curve, evaluate(curve, times)) for curve in take.curves if curve.keys]
    sampled.sort(key=lambda pair: -float(np.abs(pair[1]).max()))
    for rank, (curve, values) in enumerate(sampled):
        if rank >= _CURVES_NAMED and not np.abs(values).max() > 0:
            continue
        side = side_of_name(curve.name)
        axes.plot(times, values, color=SIDE_COLOURS[side], linestyle=_SIDE_STYLES[side], linewidth=0.9)
    _name_peaks(axes, [(curve, times, values) for curve, values in sampled[:_CURVES_NAMED]])
    keys = sum(len(curve.keys) for curve in take.curves)
    axes.set_ylabel("rig weight", fontsize=9)
    axes.set_xlabel(f"time, s      ({len(take.curves)} curves, {keys} keys)")
    axes.margins(y=0.18)
    axes.grid(axis="y", color=_GRID_COLOUR, linewidth=0.8)


def _name_peaks(axes: Axes, curves: Sequence[tuple[RichCurve, FloatArray, FloatArray]]) -> None:
    """Names in the legend's order of height, each with its peak."""
    lines = []
    for curve, _, values in curves:
        if np.abs(values).max() > 0:
            side = side_of_name(curve.name)
            label = f"{curve.name.removeprefix('CTRL_expressions_')} {values.max():.2f}"
            lines.append(Line2D([], [], color=SIDE_COLOURS[side], linestyle=_SIDE_STYLES[side], label=label))
    if lines:
        axes.legend(handles=lines, fontsize=7, ncols=2, loc="upper right", framealpha=0.85, handlelength=1.6)


def side_of_name(name: str) -> Side:
    """The side that a control's name ends with: ``browDownLeft``, ``CTRL_expressions_browDownL``, ``AU12_left``."""
    for side, endings in ((Side.LEFT, ("Left", "L", "_left")), (Side.RIGHT, ("Right", "R", "_right"))):
        if name.endswith(endings):
            return side
    return Side.BOTH


def _draw_time(axes: Axes, take: Take) -> None:
    axes.set_xlim(*time_span(take))
    axes.spines[["top", "right"]].set_visible(False)
    for event in take.events:
        axes.axvspan(event.onset_s, event.offset_s, color=_EVENT_COLOUR, alpha=0.35, linewidth=0, zorder=0)
        axes.axvline(event.apex_s, color="#C99700", linewidth=1.0, zorder=0)
    for gap in take.no_face:
        axes.axvspan(gap.start_s, gap.end_s, facecolor="none", edgecolor=_NO_FACE_COLOUR, hatch="///", linewidth=0)


def _draw_legend(figure: Figure, take: Take, top: float) -> None:
    entries = [
        Line2D([], [], color=SIDE_COLOURS[side], linestyle=_SIDE_STYLES[side], label=words)
        for side, words in ((Side.LEFT, "subject's left"), (Side.RIGHT, "subject's right"), (Side.BOTH, "both"))
    ]
    entries.append(Line2D([], [], color=_EVENT_COLOUR, linewidth=7, alpha=0.6, label="event, line at apex"))
    if take.no_face:
        entries.append(Line2D([], [], color=_NO_FACE_COLOUR, linewidth=7, alpha=0.5, label="no face"))
    figure.legend(
        handles=entries, loc="upper right", bbox_to_anchor=(0.985, top + 0.005), ncols=len(entries), fontsize=8,
        frameon=False, borderaxespad=0.0,
    )  # fmt: skip
