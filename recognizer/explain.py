"""Which parts of the face, and when, carried an event: integrated gradients over the network's input.

What the event is in the flow is its deviation from a straight passage between its ends. Along a path on which this
motion grows from nothing to what it was, all other motion as it is, the gradients of a logit are summed up
(Sundararajan, Taly & Yan 2017; here along the volumes of real flows, so that strain stays that of the flow). So each
place and frame gets its part of the difference that the event makes, and the parts add up to it. Of the methods
tried (occlusion, gradient times input) this one picks the places whose motion the logit owes most (docs/explain.md);
``Deletion`` tests it on each event.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from curves.errors import InputError
from curves.values import AUActivation, Event, Side
from recognizer.belief import SKIRT
from recognizer.clips import sample_flow, window_volumes
from recognizer.explain_cells import STEP, face_cells, highest, pooled, random_patches, spread
from recognizer.explain_graph import EmotionLayer, GraphPart, explain_graph
from recognizer.inference import MotionRun
from recognizer.model import Model
from recognizer.network import NetworkOutput
from recognizer.spotting import SpottingSettings, holding, slide

_BATCH = 16
_MOMENTS = 25  # of an event, at which an AU's peak is looked for

#: Steps done, steps in all.
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class ExplainSettings:
    """``windows``: how many of the windows that see the event are explained, the weightiest. ``steps``: of the path.
    ``moments``: bins of a course. ``part``: of the face's cells, taken away in the test of the map. ``draws``: random
    patches of that size, drawn with ``seed``."""

    windows: int = 3
    steps: int = 32
    moments: int = 40
    part: float = 0.2
    draws: int = 20
    seed: int = 0


DEFAULT = ExplainSettings()


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """What the network saw of an event: ``run``, the frames around it, and K ``windows`` (K, 2) in seconds that say it,
    with ``weights`` (K,) that sum to 1."""

    event: Event
    run: MotionRun
    windows: NDArray[np.float64]
    weights: NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """What carried one number, a mean over the event's windows. ``value``: as the network gives it; ``without``: if
    the event's motion is taken away. ``cells`` (14, 14) and ``course`` (M,): the parts of the difference by place and
    by time; each adds up to it but for the path's finite steps."""

    value: float
    without: float
    cells: NDArray[np.float64]
    course: NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class AUPart:
    """``logit``: that the graph finds the AU present; ``intensity``: at its peak in the event, on the AU's side."""

    activation: AUActivation
    logit: Part
    intensity: Part


@dataclass(frozen=True, slots=True, eq=False)
class Deletion:
    """Drop of the score's logit if the event's motion is taken away in ``cells`` cells: the ``top`` ones of the map,
    the ``moving`` ones (which need no network), and ``random`` patches (D,)."""

    cells: int
    top: float
    moving: float
    random: NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Explanation:
    """``face`` (14, 14): cells on the face. ``edges_s`` (M + 1,): ends of the courses' bins. ``motion`` (2, 56, 56):
    of the event at its apex, crop pixels. ``graph``, ``emotion``: None for networks that have none."""

    seen: Seen
    settings: ExplainSettings
    face: NDArray[np.bool_]
    edges_s: NDArray[np.float64]
    motion: NDArray[np.float32]
    score: Part
    aus: tuple[AUPart, ...]
    deletion: Deletion
    graph: GraphPart | None
    emotion: EmotionLayer | None


def choose_windows(
    times_s: NDArray[np.float64],
    event: Event,
    run: MotionRun,
    model: Model,
    settings: ExplainSettings = DEFAULT,
) -> Seen:
    """The windows that say ``event`` in ``run``, weighted as spotting weighs them: score times IoU squared.

    ``times_s``: of the whole unbroken run, over which spotting slides; ``run`` may hold only those around the event.
    InputError where no window says it: another version of the program found it.
    """
    spotting = SpottingSettings()
    windows = slide(times_s, spotting)
    inside = (windows[:, 0] >= run.times_s[0] - 1e-9) & (windows[:, 1] <= run.times_s[-1] + 1e-9)
    windows = windows[inside & holding(windows, [event.interval])]
    outputs = [_predict(run, model, windows[i : i + _BATCH]) for i in range(0, len(windows), _BATCH)]
    weight = np.concatenate([np.zeros(0), *(_agreement(event, *pair, spotting.floor) for pair in outputs)])
    best = np.argsort(-weight, kind="stable")[: settings.windows]
    best = np.sort(best[weight[best] > 0.0])
    if not len(best):
        raise InputError(
            f"The event at {event.apex_s:.2f} s is not found again by this version of the program: convert the video "
            "again and explain the new take."
        )
    return Seen(event, run, windows[best], weight[best] / weight[best].sum())


def _predict(run: MotionRun, model: Model, windows: NDArray[np.float64]) -> tuple[NDArray[np.float64], NetworkOutput]:
    volumes = window_volumes(run.times_s, run.flow, windows[:, 0], windows[:, 1], prior=run.prior)
    return windows, model.predict(torch.from_numpy(volumes))


def _agreement(event: Event, windows: NDArray[np.float64], output: NetworkOutput, floor: float) -> NDArray[np.float64]:
    """(B,): how much each window says ``event``; 0 for what is no candidate or overlaps it by less than half."""
    score = output.score_logit.sigmoid().double().numpy()
    at = windows[:, :1] + np.sort(output.times.double().numpy(), axis=1) * (windows[:, 1:] - windows[:, :1])
    shared = np.clip(np.minimum(at[:, 2], event.offset_s) - np.maximum(at[:, 0], event.onset_s), 0.0, None)
    iou = shared / (at[:, 2] - at[:, 0] + event.interval.duration_s - shared)
    return np.where((score >= floor) & (iou > 0.5), score * iou**2, 0.0)


def explain(
    seen: Seen,
    model: Model,
    settings: ExplainSettings = DEFAULT,
    progress: Progress = lambda _done, _total: None,
) -> Explanation:
    """Maps, courses, edges and the emotion layer's part for one event; the same input gives the same numbers.

    ``model`` in float32: ValueError for bfloat16, whose gradients are too coarse.
    """
    if model.bf16:
        raise ValueError("model: expected float32 (load_model(precision='fp32')), got bfloat16")
    face, own = face_cells(), own_motion(seen)
    targets = [
        lambda reading: reading.score,
        *(t for activation in seen.event.aus for t in _targets(activation, model)),
    ]
    total = settings.steps + 2 + settings.draws
    reader = Reader(seen, own, model)
    edges_s = np.linspace(seen.windows[:, 0].min(), seen.windows[:, 1].max(), settings.moments + 1)
    parts = _integrate(reader, targets, settings.steps, edges_s, lambda done: progress(done, total))
    moving = np.hypot(own[:, 0], own[:, 1]).max(axis=0)
    patches = [
        highest(parts[0].cells, face, settings.part),
        highest(pooled(moving), face, settings.part),
        *random_patches(face, settings.part, settings.draws, settings.seed),
    ]
    drops = []
    for patch in patches:
        drops.append(parts[0].value - float(reader.read(1.0 - spread(patch)).score))
        progress(settings.steps + len(drops), total)
    graph, emotion = explain_graph(model, reader.volumes(1.0), seen.weights)
    apex = int(np.abs(seen.run.times_s - seen.event.apex_s).argmin())
    return Explanation(
        seen=seen,
        settings=settings,
        face=face,
        edges_s=edges_s,
        motion=own[apex],
        score=parts[0],
        aus=tuple(AUPart(a, *pair) for a, *pair in zip(seen.event.aus, parts[1::2], parts[2::2], strict=True)),
        deletion=Deletion(int(patches[0].sum()), drops[0], drops[1], np.array(drops[2:])),
        graph=graph,
        emotion=emotion,
    )


class Reading(NamedTuple):
    """Means over the event's windows: ``score`` () and ``au`` (n,) logits, ``intensity`` (n, 2) where it peaks."""

    score: Tensor
    au: Tensor
    intensity: Tensor


_Target = Callable[[Reading], Tensor]


def _targets(activation: AUActivation, model: Model) -> tuple[_Target, _Target]:
    """The AU's logit and its intensity, of a reading."""
    i = model.network.config.aus.index(activation.au)
    sides = {Side.LEFT: [0], Side.RIGHT: [1], Side.BOTH: [0, 1]}[activation.side]
    return (lambda reading: reading.au[i]), (lambda reading: reading.intensity[i, sides].mean())


class Reader:
    """Reads the event's windows with less of ``own``, the event's motion (N, 2, 56, 56), than there was."""

    def __init__(self, seen: Seen, own: NDArray[np.float32], model: Model) -> None:
        self.seen, self._own, self.model = seen, own, model
        self._flow = np.asarray(seen.run.flow, np.float32)
        self._weights = torch.tensor(seen.weights, dtype=torch.float32, device=model.device)
        self._peaks = self._at_peaks()

    def _at_peaks(self) -> Tensor:
        """(n, K, 16): how much each frame of each window counts for the intensity of each AU where it peaks."""
        moments = np.linspace(self.seen.event.onset_s, self.seen.event.offset_s, _MOMENTS)
        start, end = self.seen.windows.T[..., None]
        last = self.model.network.config.frames - 1
        position = (moments - start) / (end - start) * last  # (K, moments)
        hats = np.clip(1.0 - np.abs(position[..., None] - np.arange(last + 1)), 0.0, None)  # linear interpolation
        hats *= self.seen.weights[:, None, None]
        hats /= np.maximum(hats.sum(axis=(0, 2)), 1e-9)[None, :, None]  # at each moment, of the windows that hold it
        counts = torch.tensor(hats, dtype=torch.float32, device=self.model.device).transpose(0, 1)
        with torch.inference_mode():
            intensity = self.model.network(self.volumes(1.0).to(self.model.device)).intensity
        peaks = torch.einsum("mkt,ktns->mn", counts, intensity).argmax(dim=0)
        return counts[peaks].clone()

    def volumes(self, share: float | NDArray[np.floating]) -> Tensor:
        """(K, C, 16, 56, 56) with ``share`` of the event's motion, one number or (56, 56), in [0, 1]."""
        run, windows = self.seen.run, self.seen.windows
        flow = self._flow - np.float32(1.0 - share) * self._own
        return torch.from_numpy(window_volumes(run.times_s, flow, windows[:, 0], windows[:, 1], prior=run.prior))

    def answer(self, volumes: Tensor) -> Reading:
        """What the network says of ``volumes`` (K, C, 16, 56, 56); gradients flow where they are asked for."""
        output: NetworkOutput = self.model.network(volumes.to(self.model.device))
        return Reading(
            self._weights @ output.score_logit,
            self._weights @ output.au_logits,
            torch.einsum("nkt,ktns->ns", self._peaks, output.intensity),
        )

    def read(self, share: float | NDArray[np.floating]) -> Reading:
        with torch.inference_mode():
            return self.answer(self.volumes(share))


def _integrate(
    reader: Reader,
    targets: Sequence[_Target],
    steps: int,
    edges_s: NDArray[np.float64],
    progress: Callable[[int], None],
) -> list[Part]:
    """The integrated gradients of each target, by the midpoint rule, window by window put at its times."""
    totals = [torch.zeros(()) for _ in targets]
    for step, (middle, difference) in enumerate(_path(reader, steps)):
        reading = reader.answer(middle.requires_grad_())
        for i, target in enumerate(targets):
            (slope,) = torch.autograd.grad(target(reading), middle, retain_graph=i + 1 < len(targets))
            totals[i] = (slope * difference).sum(dim=1).cpu() + totals[i]  # (K, 16, 56, 56)
        progress(step + 1)
    with_all, with_none = reader.read(1.0), reader.read(0.0)
    parts = []
    for target, total in zip(targets, totals, strict=True):
        values = total.double().numpy()
        cells = pooled(values.sum(axis=(0, 1))) * STEP**2
        course = _course(values.sum(axis=(2, 3)), reader.seen.windows, edges_s)
        parts.append(Part(float(target(with_all)), float(target(with_none)), cells, course))
    return parts


def _path(reader: Reader, steps: int) -> Iterator[tuple[Tensor, Tensor]]:
    """(Volumes in the middle of each step, difference over the step), from none of the event's motion to all of it."""
    below = reader.volumes(0.0)
    for step in range(1, steps + 1):
        above = reader.volumes(step / steps)
        middle = reader.volumes((step - 0.5) / steps).to(reader.model.device)
        yield middle, (above - below).to(reader.model.device)
        below = above


def _course(
    frames: NDArray[np.float64], windows: NDArray[np.float64], edges_s: NDArray[np.float64]
) -> NDArray[np.float64]:
    """(M,): parts ``frames`` (K, 16) of windows' frames, each spread over its frame's time, summed in bins."""
    total = np.zeros(len(edges_s) - 1)
    for values, (start, end) in zip(frames, windows, strict=True):
        half = 0.5 * (end - start) / (len(values) - 1)
        ends = np.clip(np.linspace(start - half, end + half, len(values) + 1), start, end)
        total += np.diff(np.interp(edges_s, ends, np.concatenate([[0.0], np.cumsum(values)])))
    return total


def own_motion(seen: Seen) -> NDArray[np.float32]:
    """(N, 2, 56, 56): how the flow deviates, during the event and its skirts, from a straight passage from its value
    before to that after; 0 outside."""
    times, flow = seen.run.times_s, seen.run.flow
    skirt = SKIRT * seen.event.interval.duration_s
    start, end = max(seen.event.onset_s - skirt, times[0]), min(seen.event.offset_s + skirt, times[-1])
    inside = (times > start) & (times < end)
    before, after = sample_flow(times, flow, float(start), float(end), frames=2)
    share = ((times[inside] - start) / (end - start)).astype(np.float32)[:, None, None, None]
    own = np.zeros(flow.shape, np.float32)
    own[inside] = flow[inside] - (before * (1 - share) + after * share)
    return own
