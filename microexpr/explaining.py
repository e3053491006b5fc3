"""``microexpr explain``: find a take's video again, read the event again, and say what carried it."""

import json
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from curves.errors import InputError
from curves.formats.take import read_take
from curves.values import Emotion, Event, FloatArray, Interval, Take
from microexpr.faces import find_source
from microexpr.progress import Report, progress_bar
from microexpr.report import au_name
from microexpr.version import __version__
from microexpr.writing import check_new_file, write_file
from recognizer.explain import DEFAULT, ExplainSettings, Explanation, Part, Seen, choose_windows, explain
from recognizer.explain_graph import Edge
from recognizer.face.prior import prior_map
from recognizer.face.stream import MotionStream, measure_motion
from recognizer.inference import MotionRun
from recognizer.model import Model, load_model
from recognizer.video import open_video

FORMAT = "microexpr.explanation/1"
#: Edges drawn and told; the file of --json holds all.
TOP_EDGES = 8
_AROUND_S = 1.5  # kept on either side of an event: no window that sees it is longer


@dataclass(frozen=True, slots=True, eq=False)
class Face:
    """``points`` (468, 2): the person's own face at rest, crop pixels; ``crop`` (112, 112) uint8: its neutral frame."""

    points: FloatArray
    crop: NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class Explained:
    """One event of a take, explained; ``number`` counts from 1, of ``count``."""

    name: str
    number: int
    count: int
    face: Face
    found: Explanation


def explain_take(
    take_path: Path,
    *,
    number: int | None = None,
    video: Path | None = None,
    weights: Path | None = None,
    settings: ExplainSettings = DEFAULT,
) -> Explained:
    """Reads the event (``number`` from 1; None: the surest) of a take file in its video again and explains it.

    InputError: no such event, the take does not say what it was made from, its video is not there or another one, or
    other weights. Raises what ``measure_motion`` and ``load_model`` raise.
    """
    take = read_take(take_path)
    number = _choose(take, take_path, number)
    config = _config(take, take_path)
    source = _source(take, take_path, video)
    model = _model(take, take_path, weights)
    with progress_bar() as bar:
        report = bar.report(source.name)
        seen, face = observe(source, take.events[number - 1], model, config, report)
        found = explain(seen, model, settings, lambda done, total: report("explaining", done, total))
    return Explained(_stem(take_path), number, len(take.events), face, found)


def figure_of(
    take_path: Path, number: int | None, out: Path | None, json_file: Path | None, *, overwrite: bool = False
) -> Path:
    """Where the figure of an event goes: ``out``, or STEM.event-N.png by the take.

    Called before the work: raises InputError if there is no such event, or if a file cannot be written or is there
    already and ``overwrite`` is False.
    """
    number = _choose(read_take(take_path), take_path, number)
    picture = out or take_path.with_name(f"{_stem(take_path)}.event-{number}.png")
    for file in [picture] if json_file is None else [picture, json_file]:
        check_new_file(file, overwrite=overwrite)
        if file.resolve() == take_path.resolve():
            raise InputError(f"{file} is the take itself; name another file.")
    if json_file is not None and json_file.resolve() == picture.resolve():
        raise InputError(f"{picture} cannot hold both the figure and the JSON document; name another file for --json.")
    return picture


def _stem(take_path: Path) -> str:
    return take_path.name.removesuffix(".take.json")


def _choose(take: Take, take_path: Path, number: int | None) -> int:
    if not take.events:
        raise InputError(f"{take_path} holds no event, so there is nothing to explain.")
    if number is None:
        return 1 + max(range(len(take.events)), key=lambda i: take.events[i].score)
    if not 1 <= number <= len(take.events):
        raise InputError(f"--event: {take_path} holds events 1 to {len(take.events)}, not {number}.")
    return number


def _config(take: Take, take_path: Path) -> Mapping[str, Any]:
    """The settings of the take's analysis."""
    has = take.provenance
    if not (has.get("weights_sha256") and "config" in has and "sha256" in has.get("source", {})):
        raise InputError(
            f"{take_path} does not say which video, weights and settings it was made from: convert the video again."
        )
    config: Mapping[str, Any] = has["config"]
    return config


def _source(take: Take, take_path: Path, video: Path | None) -> Path:
    """The take's own video: ``video``, or what has its name beside the take, above it or in the current folder."""
    if video is not None:
        find_source(take, take_path, video)  # refuses another video
        return video
    name = take.provenance["source"].get("name", "")
    places = [take_path.parent / name, take_path.resolve().parent.parent / name, Path(name)]
    there = [place for place in places if name and place.exists()]
    for place in there:
        if find_source(take, place.with_name(take_path.name), None)[0] is not None:
            return Path(place)
    if there:
        raise InputError(f"{there[0]} is not the video that {take_path} was made from: give that one with --video.")
    raise InputError(f"The video {name} is not beside {take_path}: give it with --video.")


def _model(take: Take, take_path: Path, weights: Path | None) -> Model:
    model = load_model(weights, precision="fp32")
    made_with = str(take.provenance["weights_sha256"])
    if model.sha256 != made_with:
        raise InputError(
            f"{take_path} was made with other weights (SHA-256 {made_with[:12]}...) than "
            f"{'those shipped' if weights is None else weights} ({model.sha256[:12]}...): give those with --weights, "
            "or convert the video again."
        )
    return model


def observe(source: Path, event: Event, model: Model, config: Mapping[str, Any], report: Report) -> tuple[Seen, Face]:
    """Analyse the video as the take's analysis did, and keep what was seen around ``event``.

    All of what the take covers is measured again, not the event alone: neutral frame and head shape come from all.
    """
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)  # as ``recognizer.analysis`` does: stages run side by side
    try:
        with (
            tempfile.TemporaryDirectory(prefix="microexpr-", ignore_cleanup_errors=True) as folder,
            open_video(source, fps=config.get("fps"), start_s=config.get("start"), end_s=config.get("end")) as video,
        ):
            neutral = config.get("neutral")
            stream = measure_motion(
                video,
                Path(folder),
                face=config.get("face"),
                neutral_within=None if neutral is None else Interval(*neutral),
                progress=report,
            )
            return _around(stream, event, model)
    finally:
        cv2.setNumThreads(threads)


def _around(stream: MotionStream, event: Event, model: Model) -> tuple[Seen, Face]:
    """Copies: the stream's files are deleted."""
    clip = stream.clip
    for part in clip.runs:
        times = clip.times_s[part]
        if times[0] - 1e-6 <= event.apex_s <= times[-1] + 1e-6:
            break
    else:
        raise InputError(f"No face is found at {event.apex_s:.2f} s by this version of the program: convert again.")
    prior = prior_map(clip.shape.points) if model.network.config.prior == "ewp" else None
    first, stop = np.searchsorted(times, (event.onset_s - _AROUND_S, event.offset_s + _AROUND_S))
    run = MotionRun(times[first:stop], np.array(stream.flow[part][first:stop]), prior)
    face = Face(clip.shape.points[:, :2].copy(), np.array(clip.crops[stream.neutral]))
    return choose_windows(times, event, run, model), face


def top_edges(explained: Explained, count: int = TOP_EDGES) -> list[Edge]:
    """The edges into AUs of the event that change their logits most."""
    graph = explained.found.graph
    judged = {activation.au for activation in explained.found.seen.event.aus}
    return [] if graph is None else [edge for edge in graph.edges if edge.target in judged][:count]


def describe(explained: Explained) -> list[str]:
    """What was found, in plain sentences; also the figure's caption."""
    found = explained.found
    score, deletion, event = found.score, found.deletion, found.seen.event
    lines = [
        f"Event {explained.number} of {explained.count}, {event.onset_s:.2f} to {event.offset_s:.2f} s, apex "
        f"{event.apex_s:.2f} s. Logit of the network's score: {score.value:+.2f}; without the event's motion: "
        f"{score.without:+.2f} (means of {len(found.seen.windows)} windows). The map's cells add up to "
        f"{score.cells.sum():+.2f}.",
        "Method: integrated gradients from the flow without the event's motion to the flow as it was. A map shows what "
        "this network used, not what the face did.",
        f"Test: taking the motion out of the map's highest {deletion.cells} of {int(found.face.sum())} face cells "
        f"lowers the logit by {deletion.top:.2f}; out of the {deletion.cells} that move most by {deletion.moving:.2f}; "
        f"out of random patches by {deletion.random.mean():.2f} (SD {deletion.random.std():.2f}).",
    ]
    lines += [
        f"{au_name(part.activation)}: logit {part.logit.value:+.2f} (without the motion {part.logit.without:+.2f}), "
        f"peak intensity {part.intensity.value:.2f} ({part.intensity.without:.2f})."
        for part in found.aus
    ]
    lines += [
        f"{au_name(p.activation)} is named for its intensity; its logit says no."
        for p in found.aus
        if p.logit.value < 0
    ]
    return [*lines, *_graph_lines(explained)]


def _graph_lines(explained: Explained) -> list[str]:
    found = explained.found
    if found.graph is None:
        return ["This network has no AU graph."]
    edges = ", ".join(f"AU{e.source} -> AU{e.target} {e.change:+.2f}" for e in top_edges(explained))
    lines = [f"Edges (what the message adds to its target's logit): {edges or 'none'}."]
    if (layer := found.emotion) is not None:
        told = int(layer.probabilities.argmax())
        label = list(Emotion)[told].value
        to_aus = dict(zip(found.graph.aus, layer.au_with - layer.au_without, strict=True))
        names = [(f"AU{part.activation.au}", to_aus[part.activation.au]) for part in found.aus]
        names.append((f"{label} itself", (layer.emotion_with - layer.emotion_without)[told]))
        adds = ", ".join(f"{change:+.2f} to {name}" for name, change in names)
        lines.append(f"Emotion layer ({label} {layer.probabilities[told]:.2f}): adds {adds}.")
    return lines


def write_json(explained: Explained, take_path: Path, file: Path) -> None:
    """All figures as one JSON document; see docs/explain.md. InputError: the file cannot be written."""
    text = json.dumps(_document(explained, take_path), indent=1, allow_nan=False) + "\n"
    write_file(file, text.encode())


def _document(explained: Explained, take_path: Path) -> dict[str, Any]:
    found, event = explained.found, explained.found.seen.event
    graph, layer, aus = found.graph, found.emotion, found.graph.aus if found.graph else ()
    return {
        "format": FORMAT,
        "version": __version__,
        "take": take_path.name,
        "event": explained.number,
        "onset_apex_offset_s": [event.onset_s, event.apex_s, event.offset_s],
        "method": "integrated gradients along the growth of the event's motion",
        "settings": {name: getattr(found.settings, name) for name in found.settings.__slots__},
        "windows_s": found.seen.windows.tolist(),
        "window_weights": found.seen.weights.tolist(),
        "face_cells": found.face.astype(int).tolist(),
        "course_edges_s": found.edges_s.tolist(),
        "score": _part(found.score),
        "aus": [
            {
                "au": part.activation.au,
                "side": part.activation.side.value,
                "logit": _part(part.logit),
                "intensity": _part(part.intensity),
            }
            for part in found.aus
        ],
        "deletion": {
            "cells": found.deletion.cells, "top": found.deletion.top, "moving": found.deletion.moving,
            "random": found.deletion.random.tolist(),
        },
        "edges": None if graph is None else [edge._asdict() for edge in graph.edges],
        "au_logits": None if graph is None else _named(aus, graph.au_logits),
        "au_logits_without_edges": None if graph is None else _named(aus, graph.without_edges),
        "emotion_layer": None if layer is None else {
            "probabilities": _named(Emotion, layer.probabilities),
            "au_logits_without": _named(aus, layer.au_without),
            "emotion_logits": _named(Emotion, layer.emotion_with),
            "emotion_logits_without": _named(Emotion, layer.emotion_without),
        },
    }  # fmt: skip


def _part(part: Part) -> dict[str, Any]:
    return {"value": part.value, "without": part.without, "cells": part.cells.tolist(), "course": part.course.tolist()}


def _named(names: Any, values: NDArray[np.float64]) -> dict[str, float]:
    return {str(getattr(name, "value", name)): float(value) for name, value in zip(names, values, strict=True)}
