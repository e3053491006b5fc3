"""The lowest panel of a plot: rig curves as Unreal evaluates them, the largest in colours of their own.

A control's left and right half share a colour, the right one dashed; where both are alike they are one line.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from curves.richcurve import evaluate
from curves.values import FloatArray, RichCurve, Side, Take
from microexpr.moments import time_span

LEGEND_COLUMNS = 3
#: Of the controls that are named, the largest first; neither blue nor orange, which mean a side in the lanes above.
_COLOURS = ("#000000", "#009E73", "#CC79A7", "#56B4E9", "#8B4513", "#7B4FA3")
_OTHERS_COLOUR, _GRID_COLOUR = "#BBBBBB", "#DDDDDD"
#: Halves of a control that nowhere differ by more than this part of its peak are drawn as one.
_ALIKE = 0.02
_NAME_LENGTH = 30
_ENDINGS = (
    ("_left", Side.LEFT), ("Left", Side.LEFT), ("_L", Side.LEFT), ("L", Side.LEFT),
    ("_right", Side.RIGHT), ("Right", Side.RIGHT), ("_R", Side.RIGHT), ("R", Side.RIGHT),
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class ControlLines:
    """One control's curve, or those of its two sides, at ``times_s`` (n,); ``peak``: its largest value, sign apart."""

    name: str
    times_s: FloatArray
    values: Mapping[Side, FloatArray]
    peak: float

    @property
    def label(self) -> str:
        """``jawOpen 0.40``, ``browDown L+R 0.20`` (alike), ``browDown L 0.20, R 0.10``."""
        name = shortened(self.name, _NAME_LENGTH)
        peaks = {side: _signed_peak(values) for side, values in self.values.items()}
        if len(peaks) == 2 and self.alike:
            return f"{name} L+R {peaks[Side.LEFT]:.2f}"
        letters = {Side.BOTH: "", Side.LEFT: "L ", Side.RIGHT: "R "}
        return f"{name} " + ", ".join(f"{letters[side]}{peaks[side]:.2f}" for side in peaks)

    @property
    def alike(self) -> bool:
        if set(self.values) != {Side.LEFT, Side.RIGHT}:
            return False
        return float(np.abs(self.values[Side.LEFT] - self.values[Side.RIGHT]).max()) <= _ALIKE * self.peak


@dataclass(frozen=True)
class RigLines:
    """What the panel shows: ``named`` controls in their colours, the ``others`` behind them; none that rests."""

    named: tuple[ControlLines, ...]
    others: tuple[ControlLines, ...]


def side_of_name(name: str) -> Side:
    """The side that a control's name ends with: ``browDownLeft``, ``CTRL_expressions_browDownL``, ``AU12_left``."""
    return next((side for ending, side in _ENDINGS if name.endswith(ending)), Side.BOTH)


def control_of_name(name: str) -> str:
    """A control's name without its side and without MetaHuman's prefix."""
    ending = next((ending for ending, _ in _ENDINGS if name.endswith(ending)), "")
    return name.removesuffix(ending).removeprefix("CTRL_expressions_") or name


def shortened(name: str, length: int) -> str:
    """A name too long for its place without its middle."""
    half = (length - 3) // 2
    return name if len(name) <= length else f"{name[:half]}...{name[-half:]}"


def rig_lines(take: Take) -> RigLines:
    """The take's curves by control, the largest first."""
    controls: dict[str, dict[Side, RichCurve]] = {}
    for curve in take.curves:
        if curve.keys:
            side, sides = side_of_name(curve.name), controls.setdefault(control_of_name(curve.name), {})
            if side in sides:  # two names of a user's rig that differ in how they spell the side alone
                sides = controls[curve.name] = {}
            sides[side] = curve
    lines = [_sampled(name, curves, take) for name, curves in controls.items()]
    moving = sorted((line for line in lines if line.peak > 0), key=lambda line: -line.peak)
    return RigLines(tuple(moving[: len(_COLOURS)]), tuple(moving[len(_COLOURS) :]))


def _sampled(name: str, curves: Mapping[Side, RichCurve], take: Take) -> ControlLines:
    """At even times and at all keys: in a long take a micro-expression lies between two even times."""
    start, end = time_span(take)
    keys = [key.time for curve in curves.values() for key in curve.keys if start <= key.time <= end]
    times = np.unique(np.concatenate([np.linspace(start, end, 1500), np.array(keys, dtype=np.float64)]))
    values = {side: evaluate(curves[side], times) for side in Side if side in curves}
    return ControlLines(name, times, values, max(float(np.abs(of_side).max()) for of_side in values.values()))


def _signed_peak(values: FloatArray) -> float:
    return float(values[np.abs(values).argmax()])


def draw_rig(axes: Axes, rig: RigLines, take: Take) -> None:
    """Draws the lines, before a rig clamps them, and says how many curves and keys the take has."""
    for line in rig.others:
        _draw(axes, line, _OTHERS_COLOUR, 0.7)
    for line, colour in reversed([*zip(rig.named, _COLOURS, strict=False)]):  # the largest on top
        _draw(axes, line, colour, 1.2)
    keys = sum(len(curve.keys) for curve in take.curves)
    axes.set_ylabel("rig weight", fontsize=9)
    rest = f"; {len(rig.others)} smaller controls in grey" if rig.others else ""
    axes.set_xlabel(f"time, s      ({len(take.curves)} curves, {keys} keys{rest})")
    axes.margins(y=0.06)
    axes.grid(axis="y", color=_GRID_COLOUR, linewidth=0.8)


def _draw(axes: Axes, line: ControlLines, colour: str, width: float) -> None:
    for side, values in line.values.items():
        if side is Side.RIGHT and line.alike:
            continue
        style = "--" if side is Side.RIGHT else "-"
        axes.plot(line.times_s, values, color=colour, linestyle=style, linewidth=width)


def rig_legend(figure: Figure, rig: RigLines, x: float, y: float) -> None:
    """Names and peaks of the largest controls below the time axis, where they cover nothing; x, y in the figure."""
    if not rig.named:
        return
    entries = [
        Line2D([], [], color=colour, linewidth=1.6, label=line.label)
        for line, colour in zip(rig.named, _COLOURS, strict=False)
    ]
    figure.legend(
        handles=entries, loc="lower left", bbox_to_anchor=(x, y), ncols=LEGEND_COLUMNS, fontsize=8, frameon=False,
        borderaxespad=0.0, handlelength=1.8, columnspacing=2.5,
    )  # fmt: skip
