"""Renders the videos of a study and writes them with everything that says how they were made.

In one folder lie, for each emotion, ``EMOTION_A.mp4`` and ``EMOTION_B.mp4`` with their takes, for all of them one
``stimuli.json`` and one ``STUDY.toml``. A later run with the same person, size, rate and duration adds its emotions.
"""

import json
import math
import platform
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from curves.emotion import strongest_emotion
from curves.errors import InputError
from curves.formats import write_take
from curves.rigs import Rig, load_rig, rig_names
from curves.values import DEFAULT_AUS, BasicEmotion, FloatArray, Interval, Take
from microexpr.layered_take import Named, Part, rig_of
from microexpr.layering import named_take
from microexpr.progress import Report, progress_bar
from microexpr.stimulus_faces import Face, open_face
from microexpr.stimulus_takes import (
    LONGEST_S,
    Micro,
    Timing,
    frame_times,
    in_rig,
    intensities,
    macro_take,
    not_drawn,
    place_micro,
)
from microexpr.stimulus_video import QUANTISER, StimulusWriter
from microexpr.version import __version__
from microexpr.writing import cannot_write, check_new_file, write_file
from recognizer.digests import file_sha256

Image = NDArray[np.uint8]
FORMAT = "microexpr.stimuli/1"
_FACS = "facs"
SYNTHETIC = "Synthetic media: nobody was filmed for these videos; tell so whoever is shown them."


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is wanted. ``emotions`` empty: that of the take's events. Raises InputError for what cannot be."""

    take: Path
    out: Path
    emotions: tuple[str, ...] = ()
    facekit: Path | None = None
    at_s: float | None = None
    event: int | None = None
    part: tuple[float, float] | None = None
    weight: float = 1.0
    duration_s: float = 4.0
    fps: float = 30.0
    size: int = 480
    seed: int = 7
    rig: str | None = None
    overwrite: bool = False

    def __post_init__(self) -> None:
        if self.at_s is not None and not math.isfinite(self.at_s):
            raise InputError(f"at: expected a time in seconds, got {self.at_s}.")
        if not 10.0 <= self.fps <= 240.0:
            raise InputError(f"fps: expected 10 to 240, got {self.fps:g}.")
        if not 64 <= self.size <= 2048 or self.size % 2:
            raise InputError(f"size: expected an even number of pixels, 64 to 2048, got {self.size}.")
        if self.out.exists() and not self.out.is_dir():
            raise InputError(f"{self.out} is a file; --out needs a folder.")

    @property
    def frame_rate(self) -> Fraction:
        return Fraction(self.fps).limit_denominator(1001)


def make_stimuli(request: Request) -> list[str]:
    """Renders and writes; returns what to tell. Raises MicroExprError before the first frame where it can."""
    timing, one = Timing(request.duration_s), named_take(request.take)
    emotions = request.emotions or (_own_emotion(one),)
    rig, rig_name = _rig(one, request.rig)
    micro = place_micro(one, timing, Part(request.event, request.part), request.at_s, request.weight)
    in_rig(one, rig, rig_name), in_rig(one, load_rig(_FACS), _FACS)  # what cannot be is said before anything is drawn
    known = _known_stimuli(request)
    for name in (name for emotion in emotions for name in _names(emotion)):
        check_new_file(request.out / name, overwrite=request.overwrite)
    lines = []
    with open_face(request.facekit, request.size, request.seed) as face, progress_bar() as bar:
        common = _common(request, face)
        if known and known["common"] != common and not set(known["stimuli"]) <= set(emotions):
            raise InputError(
                f"{request.out} holds stimuli of another face, size, rate, duration or seed; choose another --out."
            )
        work = _Work(micro=micro, rig=rig, rig_name=rig_name, request=request, face=face)
        made: dict[str, Any] = dict(known.get("stimuli", {})) if known.get("common") == common else {}
        for emotion in emotions:
            made[emotion] = _make_one(work, emotion, bar.report(emotion))
            lines += _told(emotion, made[emotion], request.out)
    document = {"format": FORMAT, "version": __version__, "synthetic_media": SYNTHETIC, "common": common,
                "libraries": _libraries(), "stimuli": dict(sorted(made.items()))}  # fmt: skip
    text = json.dumps(document, indent=1, allow_nan=False) + "\n"
    write_file(request.out / "stimuli.json", text.encode())
    return [*lines, f"wrote {request.out / 'stimuli.json'}", *_write_study(request.out, document, known)]


def _write_study(out: Path, document: Mapping[str, Any], known: Mapping[str, Any]) -> list[str]:
    """Writes STUDY.toml, but never over one that somebody has worked on."""
    text, file = study_toml(document).encode(), out / "STUDY.toml"
    untouched = not file.exists() or (known and file.read_bytes() == study_toml(known).encode())
    if untouched or file.read_bytes() == text:
        write_file(file, text)
        return [f"wrote {file}: fill in contact and consent, then 'microexpr study serve {file}'"]
    fresh = out / "STUDY.new.toml"
    write_file(fresh, text)
    return [f"wrote {fresh}; {file} was changed by hand and stays as it is."]


def _own_emotion(one: Named) -> str:
    emotion = strongest_emotion(one.take.events)
    if emotion is None or emotion is BasicEmotion.NEUTRAL:
        raise InputError(f"{one.name} does not tell which of the six emotions it is: give --emotion or --all-emotions.")
    return emotion.value


def _rig(one: Named, wanted: str | None) -> tuple[Rig, str]:
    """The rig of takes A and B with its name."""
    if wanted is not None:
        return load_rig(wanted), wanted if wanted in rig_names() else Path(wanted).name
    own = rig_of(one.take)
    if own is None or own[0] not in rig_names():
        what = "names no rig" if own is None else f"is for the rig {own[0]} of your own"
        raise InputError(f"{one.name} {what}: give the rig of the takes A and B with --rig.")
    return load_rig(own[0]), own[0]


def _names(emotion: str) -> tuple[str, ...]:
    return tuple(f"{emotion}_{which}{suffix}" for which in "AB" for suffix in (".mp4", ".take.json"))


def _known_stimuli(request: Request) -> dict[str, Any]:
    """What an earlier run left in the folder."""
    path = request.out / "stimuli.json"
    if not path.exists():
        return {}
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        study_toml(document)  # has all that is read of it
        if document["format"] != FORMAT:
            raise ValueError(document["format"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path} is none of ours ({FORMAT}): choose another --out, or delete it.") from error
    return dict(document)


def _common(request: Request, face: Face) -> dict[str, Any]:
    """What all videos of one study share."""
    return {
        "face": face.describe(), "seed": request.seed, "size_px": request.size, "fps": float(request.frame_rate),
        "duration_s": request.duration_s, "codec": f"H.264, yuv420p, qp {QUANTISER}",
    }  # fmt: skip


def _libraries() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for name in ("numpy", "scipy", "av", "opencv-python-headless", "moderngl"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class _Work:
    """What is the same for every emotion of a run."""

    micro: Micro
    rig: Rig
    rig_name: str
    request: Request
    face: Face

    @property
    def timing(self) -> Timing:
        return Timing(self.request.duration_s)

    @property
    def times(self) -> FloatArray:
        return frame_times(self.timing, self.request.frame_rate)


def _make_one(work: _Work, emotion: str, progress: Report) -> dict[str, Any]:
    """Both takes and both videos of one emotion; returns their entry in stimuli.json."""
    out = work.request.out
    try:
        out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".microexpr-", dir=out) as scratch:
            folder = Path(scratch)
            own = _pair(work, emotion, work.rig, work.rig_name, folder=folder)
            drawn = _pair(work, emotion, load_rig(_FACS), _FACS, folder=folder / "drawn")
            differing = _write_videos(work, drawn, folder, emotion, progress=progress)
            for name in _names(emotion):
                (folder / name).replace(out / name)
    except OSError as error:
        raise cannot_write(out, error) from error
    return _entry(work, emotion, own, drawn, differing=differing)


def _entry(
    work: _Work, emotion: str, own: tuple[Take, Take], drawn: tuple[Take, Take], *, differing: list[int]
) -> dict[str, Any]:
    micro, out = work.micro, work.request.out
    files = {name: {"file": name, "sha256": file_sha256(out / name)} for name in _names(emotion)}
    return {
        **{which: {"video": files[f"{emotion}_{which}.mp4"], "take": files[f"{emotion}_{which}.take.json"]}
           for which in "AB"},
        "frames": work.times.size,
        "rig": work.rig_name,
        "macro": dict(own[0].provenance["macro"]),
        "micro": {
            "name": micro.one.name, "sha256": micro.one.sha256, "weight": micro.weight, "onset_s": micro.at_s,
            "stretch_s": [micro.stretch.start_s, micro.stretch.end_s],
            "events_s": [[event.onset_s, event.apex_s, event.offset_s] for event in own[1].events],
            "not_drawn": list(not_drawn(drawn[1])),
        },
        "shown_s": [micro.shown.start_s, micro.shown.end_s],
        "differing_frames": differing,
        "most_apart": _most_apart(drawn, work.times),
        "notes": [*(note for note in own[1].provenance["notes"] if note.startswith("Held at")), *_long_notes(micro)],
    }  # fmt: skip


def _long_notes(micro: Micro) -> list[str]:
    if not micro.long_s:
        return []
    return [f"What is shown lasts up to {max(micro.long_s):.2f} s: a micro-expression lasts {LONGEST_S:g} s at most."]


def _pair(work: _Work, emotion: str, rig: Rig, rig_name: str, *, folder: Path) -> tuple[Take, Take]:
    """Takes A and B in one rig, written into the folder under their names."""
    folder.mkdir(exist_ok=True)
    files = {which: folder / f"{emotion}_{which}.take.json" for which in "AB"}
    write_take(macro_take(emotion, rig, rig_name, work.timing, frame_rate=work.request.frame_rate), files["A"])
    base = named_take(files["A"])
    write_take(work.micro.over(base, rig, rig_name), files["B"])
    return base.take, named_take(files["B"]).take


def frame_pairs(
    face: Face, takes: tuple[Take, Take], times_s: FloatArray, shown: Interval
) -> Iterator[tuple[Image, Image]]:
    """Frames of A and B at times, both takes of the rig ``facs``. Outside ``shown`` both are the very same picture."""
    a, b = (intensities(take, times_s) for take in takes)
    for time_s, without, added in zip(times_s.tolist(), a, b, strict=True):
        picture = face.draw(without, time_s)
        yield picture, face.draw(added, time_s) if shown.contains(time_s) else picture


def _write_videos(work: _Work, drawn: tuple[Take, Take], folder: Path, emotion: str, *, progress: Report) -> list[int]:
    """Encodes both at once; returns first and last frame (from 0) in which they differ, before encoding."""
    times, rate, size = work.times, work.request.frame_rate, work.request.size
    edges = [work.micro.shown.start_s, work.micro.shown.end_s]
    starts = frozenset({0, *np.searchsorted(times, edges).tolist()})
    differing: list[int] = []
    with (
        StimulusWriter(folder / f"{emotion}_A.mp4", rate, size, starts) as first,
        StimulusWriter(folder / f"{emotion}_B.mp4", rate, size, starts) as second,
    ):
        for number, (a, b) in enumerate(frame_pairs(work.face, drawn, times, work.micro.shown)):
            first.write(a)
            second.write(b)
            if not np.array_equal(a, b):
                differing.append(number)
            progress("render", number + 1, times.size)
    if not differing:
        raise InputError(f"The take cannot be seen in {emotion}: videos A and B are alike; try a larger --weight.")
    return [differing[0], differing[-1]]


def _most_apart(pair: tuple[Take, Take], times: FloatArray) -> dict[str, float]:
    """The largest difference of each AU between B and A, where it reaches 0.01; the largest first."""
    apart = np.abs(intensities(pair[1], times) - intensities(pair[0], times)).max(axis=(0, 2))
    order = np.argsort(-apart, kind="stable")
    return {f"AU{DEFAULT_AUS[k]}": round(float(apart[k]), 4) for k in order if apart[k] >= 0.01}


def _told(emotion: str, entry: Mapping[str, Any], out: Path) -> list[str]:
    first, last = entry["differing_frames"]
    apart = ", ".join(f"{au} {value:.2f}" for au, value in list(entry["most_apart"].items())[:5]) or "less than 0.01"
    lines = [f"{emotion}: {out / f'{emotion}_A.mp4'}, {out / f'{emotion}_B.mp4'}, {entry['frames']} frames"]
    lines.append(f"  B differs in frames {first} to {last}, most in {apart}")
    if entry["micro"]["not_drawn"]:
        lines.append(f"  note: not drawn: {', '.join(entry['micro']['not_drawn'])}.")
    return [*lines, *(f"  note: {note}" for note in entry["notes"])]


def study_toml(document: Mapping[str, Any]) -> str:
    """A STUDY.toml for ``microexpr study serve`` with these videos; its questions are the defaults."""
    words = {"contact": "FILL IN: name, address for questions", "consent": f"FILL IN.\n\n{SYNTHETIC}"}
    lines = [
        "# Made by 'microexpr study stimuli'. Fill in contact and consent; have the consent approved.",
        'title = "Faces of virtual humans"',
        *(f"{key} = {json.dumps(text)}" for key, text in words.items()),
        f"seed = {document['common']['seed']}  # of the orders",
    ]
    for emotion, entry in document["stimuli"].items():
        lines += ["", "[[pair]]", f'emotion = "{emotion}"']
        lines += [f'{which.lower()} = "{entry[which]["video"]["file"]}"' for which in "AB"]
    return "\n".join(lines) + "\n"
