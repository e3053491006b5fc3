"""Spotting on real faces with known truth: near-neutral frames of real videos, warped by known AU motions.

    python benchmarks/spotting.py --videos DIR [--clips 24 --seed 1 --json FILE --keep DIR]

For each video the near-neutral stretches are those of ``near_neutral.toml``, or else chosen automatically: face
followed, lips together, eyes open, shape near the person's neutral frame and almost still. They are printed. Frames of
a stretch are played to and fro, so that real noise, compression and small motion stay, to clips of 8 s. Each frame is
warped by AU motions of our own making (``recognizer.synthetic.warp``) and encoded again (H.264, crf 18). The program's
own analysis then runs on the file.
Unwarped clips of the same stretches tell the false spots. So: real faces, synthetic motion.
"""

import argparse
import json
import sys
import tempfile
import tomllib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from curves.errors import InputError, MicroExprError
from curves.values import DEFAULT_AUS, MIDLINE_AUS, AUActivation, Event, Interval, Side
from recognizer.face.align import EYE_DISTANCE, canonical_face
from recognizer.face.clip import FaceClip, follow_face
from recognizer.face.neutral import frames_at_rest, most_central
from recognizer.scores import (
    BinaryCounts,
    au_counts,
    macro_f1,
    match_intervals,
    spotting_scores,
    timing_errors,
)
from recognizer.synthetic.priors import load_priors
from recognizer.synthetic.warp import AUCourse, TimeCourse, au_motions, displacement_field, intensities_at, warp_image
from recognizer.video import open_video, write_video

Spot = Callable[[Path], Sequence[Event]]

KNOWN, ROUNDED_S = Path(__file__).with_name("near_neutral.toml"), 0.005
CLIP_S = 8.0
SHORTEST_S, LONGEST_S = 0.4, 8.0
PER_VIDEO = 3
NEAR_IOD, STILL_IOD = 0.06, 0.012  # distance from the neutral frame; spread within a stretch (inter-ocular distances)
LIPS_IOD, CORNERS_IOD = 0.08, 0.12  # greatest gap of the lips; how far the mouth's width may be from the mean face's
TRIM = 2  # frames dropped at both ends: smoothing in time hides that a motion has begun
AMPLITUDE_IOD, DURATION_S, GAP_S = (0.01, 0.04), (0.15, 0.5), (0.7, 1.4)
MOST_INTENSITY = 0.5  # AUs whose full strength is small stay micro
BANDS = (0.01, 0.02, 0.03, 0.04)


@dataclass(frozen=True, eq=False)
class Stretch:
    """Near-neutral frames of one video: times (n,) in the file and landmarks (n, 468, 2) in pixels."""

    video: Path
    fps: float
    times_s: NDArray[np.float64]
    points: NDArray[np.float64]

    def __str__(self) -> str:
        return f"{self.video.name} {self.times_s[0]:.2f}..{self.times_s[-1]:.2f} s ({len(self.times_s)} frames)"


@dataclass(frozen=True)
class TrueEvent:
    """One warped event; ``amplitude_iod`` is the greatest displacement of its strongest AU."""

    onset_s: float
    apex_s: float
    offset_s: float
    amplitude_iod: float
    courses: tuple[AUCourse, ...]

    @property
    def interval(self) -> Interval:
        return Interval(self.onset_s, self.offset_s)

    @property
    def aus(self) -> frozenset[int]:
        return frozenset(item.au for item in self.courses)


def near_neutral(video: Path, folder: Path) -> list[Stretch]:
    """The stretches known, or the longest still ones near the person's neutral frame, at most PER_VIDEO."""
    with open_video(video) as opened:
        fps = float(opened.info.frame_rate)
        clip = follow_face(opened, folder, progress=lambda _: None)
    known = tomllib.loads(KNOWN.read_text(encoding="utf-8")).get(video.name)
    if known is not None:
        edges = [np.searchsorted(clip.times_s, (first - ROUNDED_S, last + ROUNDED_S)) for first, last in known]
        chosen = [slice(int(first), int(last)) for first, last in edges]
    else:
        runs = list(_still_runs(clip, *_near(clip)))
        chosen = sorted(runs, key=lambda run: clip.times_s[run.start] - clip.times_s[run.stop - 1])[:PER_VIDEO]
    return [Stretch(video, fps, clip.times_s[run], _landmarks(clip, run)) for run in chosen]


def _near(clip: FaceClip) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """Which frames are near neutral, lips together, eyes open, and the smoothed shape (N, k) of all, in iod."""
    shape = np.asarray(clip.expressions, np.float64) / EYE_DISTANCE
    for run in clip.runs:  # landmarks jitter from frame to frame
        shape[run] = gaussian_filter1d(shape[run], 1.5, axis=0)
    distance = np.linalg.norm(shape - shape[most_central(clip, frames_at_rest(clip))], axis=2)
    openness = np.asarray(clip.openness, np.float64) / EYE_DISTANCE
    eyes = openness[:, 2:].mean(axis=1)
    usual = np.linalg.norm(np.subtract(*canonical_face()[[61, 291], :2])) / EYE_DISTANCE
    at_rest = (openness[:, 0] < LIPS_IOD) & (np.abs(openness[:, 1] - usual) < CORNERS_IOD)
    in_run = np.zeros(len(shape), bool)
    for run in clip.runs:
        in_run[run] = True
    open_eyes = eyes > 0.75 * np.quantile(eyes, 0.8)
    return in_run & at_rest & open_eyes & (np.quantile(distance, 0.9, axis=1) < NEAR_IOD), shape.reshape(len(shape), -1)


def _still_runs(clip: FaceClip, near: NDArray[np.bool_], shape: NDArray[np.float64]) -> Iterator[slice]:
    """Non-overlapping runs of near frames in which 9 of 10 coordinates stay within STILL_IOD."""
    run_of = np.zeros(len(near), int)
    for number, run in enumerate(clip.runs, 1):
        run_of[run] = number
    start = 0
    while start < len(near):
        stop, low, high = start, shape[start], shape[start]
        while stop < len(near) and near[stop] and run_of[stop] == run_of[start]:
            low, high = np.minimum(low, shape[stop]), np.maximum(high, shape[stop])
            too_long = clip.times_s[stop] - clip.times_s[start] > LONGEST_S
            if too_long or np.quantile(high - low, 0.9) > STILL_IOD:
                break
            stop += 1
        if stop - start > 2 * TRIM + 1 and clip.times_s[stop - 1] - clip.times_s[start] >= SHORTEST_S:
            yield slice(start + TRIM, stop - TRIM)
            start = stop
        else:
            start += 1


def _landmarks(clip: FaceClip, run: slice) -> NDArray[np.float64]:
    """Rigid head shape seen by the smoothed cameras: without the landmark network's jitter."""
    cameras = gaussian_filter1d(np.asarray(clip.cameras[run], np.float64), 1.5, axis=0)
    shape = np.column_stack([clip.shape.points, np.ones(len(clip.shape.points))])
    return np.asarray(np.einsum("nij,kj->nki", cameras, shape))


def draw_events(random: np.random.Generator, duration_s: float) -> list[TrueEvent]:
    """Events one after another with gaps of GAP_S, AUs and laterality as often as in the public label sheets."""
    events: list[TrueEvent] = []
    now = random.uniform(*GAP_S)
    while now + DURATION_S[1] + 0.3 < duration_s:
        event = _draw_event(random, now)
        events.append(event)
        now = event.offset_s + random.uniform(*GAP_S)
    return events


def _draw_event(random: np.random.Generator, onset_s: float) -> TrueEvent:
    priors = load_priors()
    emotion = int(random.choice(len(priors.emotion), p=priors.emotion))
    chosen = priors.draw_aus(random, emotion)[:3]
    length = random.uniform(*DURATION_S)
    lead = random.choice((Side.LEFT, Side.RIGHT))
    one_sided = random.random() < np.mean(priors.unilateral[chosen])
    amplitude, courses = 0.0, []
    for position, index in enumerate(chosen):
        au = DEFAULT_AUS[index]
        begin = random.uniform(0.0, 0.2) * length if position else 0.0  # the first AU spans the event
        end = random.uniform(0.8, 1.0) * length if position else length
        apex = begin + random.uniform(0.35, 0.6) * (end - begin)
        peak_iod = au_motions()[au, Side.LEFT].peak
        moved = min(random.uniform(*AMPLITUDE_IOD), MOST_INTENSITY * peak_iod)
        amplitude = max(amplitude, moved)
        side = lead if one_sided and au not in MIDLINE_AUS else Side.BOTH
        course = TimeCourse(onset_s + begin, onset_s + apex, onset_s + end, moved / peak_iod)
        courses.append(AUCourse(au, side, course))
    strongest = max(courses, key=lambda item: item.course.peak * au_motions()[item.au, Side.LEFT].peak)
    return TrueEvent(onset_s, strongest.course.apex_s, onset_s + length, amplitude, tuple(courses))


def write_clip(path: Path, stretch: Stretch, events: Sequence[TrueEvent]) -> None:
    """The stretch played to and fro for CLIP_S, warped by the events."""
    images = _images(stretch)
    count = round(CLIP_S * stretch.fps)
    intensities = intensities_at([item for event in events for item in event.courses], np.arange(count) / stretch.fps)
    forth_and_back = [*range(len(images)), *range(len(images) - 2, 0, -1)]

    def frames() -> Iterator[NDArray[np.uint8]]:
        for number in range(count):
            index = forth_and_back[number % len(forth_and_back)]
            shape = (images[index].shape[0], images[index].shape[1])
            yield warp_image(images[index], displacement_field(stretch.points[index], intensities[number], shape))

    write_video(path, frames(), stretch.fps, crf=18)


def _images(stretch: Stretch) -> list[NDArray[np.uint8]]:
    half = 0.5 / stretch.fps
    first, last = float(stretch.times_s[0]), float(stretch.times_s[-1])
    with open_video(stretch.video, start_s=max(0.0, first - half), end_s=last + half) as opened:
        frames = list(opened)
    times = np.array([frame.time_s for frame in frames])
    return [frames[int(np.abs(times - time_s).argmin())].image for time_s in stretch.times_s]


@dataclass(frozen=True)
class Scored:
    """One clip with its truth and what was found; a control has no truth."""

    video: str
    true: tuple[TrueEvent, ...]
    found: tuple[Event, ...]
    pairs: tuple[tuple[int, int], ...]

    @property
    def counts(self) -> BinaryCounts:
        return spotting_scores([event.interval for event in self.true], [event.interval for event in self.found])


def run_clip(stretch: Stretch, events: Sequence[TrueEvent], path: Path, spot: Spot) -> Scored:
    write_clip(path, stretch, events)
    found = tuple(spot(path))
    pairs = match_intervals([event.interval for event in events], [event.interval for event in found])
    return Scored(stretch.video.name, tuple(events), found, tuple(pairs))


def summary(clips: Sequence[Scored], controls: Sequence[Scored]) -> dict[str, object]:
    """All figures, pooled over clips."""
    counts = sum((clip.counts for clip in clips), BinaryCounts())
    matched = [(clip.true[i], clip.found[j]) for clip in clips for i, j in clip.pairs]
    per_au = au_counts((true.aus, {item.au for item in found.aus}) for true, found in matched)
    errors = timing_errors(
        [[true.onset_s, true.apex_s, true.offset_s] for true, _ in matched],
        [[found.onset_s, found.apex_s, found.offset_s] for _, found in matched],
    )
    signed = [found.onset_s - true.onset_s for true, found in matched]
    minutes = len(controls) * CLIP_S / 60
    return {
        "spotting": {**asdict(counts), "precision": counts.precision, "recall": counts.recall, "f1": counts.f1},
        "by_video": {
            name: asdict(sum((clip.counts for clip in clips if clip.video == name), BinaryCounts()))
            for name in sorted({clip.video for clip in clips})
        },
        "recall_by_amplitude": _recall_by_amplitude(clips),
        "au": {str(au): {**asdict(item), "f1": item.f1} for au, item in per_au.items()},
        "au_f1_macro": macro_f1(per_au),
        "au_f1_pooled": sum(per_au.values(), BinaryCounts()).f1,
        "sides_right": _sides_right(matched),
        "timing_error_s": asdict(errors),
        "onset_bias_s": float(np.mean(signed)) if signed else float("nan"),
        "false_spots_per_minute_unwarped": sum(len(clip.found) for clip in controls) / minutes,
        "unwarped_minutes": minutes,
    }


def _recall_by_amplitude(clips: Sequence[Scored]) -> dict[str, str]:
    result = {}
    for low, high in pairwise(BANDS):
        inside = [
            any(i == index for i, _ in clip.pairs)
            for clip in clips
            for index, event in enumerate(clip.true)
            if low <= event.amplitude_iod < high
        ]
        result[f"{100 * low:.0f}-{100 * high:.0f} % iod"] = f"{sum(inside)}/{len(inside)}"
    return result


def _sides_right(matched: Sequence[tuple[TrueEvent, Event]]) -> str:
    """Of the true AUs found in matched events, off the midline: how many with the right side."""
    right = total = 0
    for true, found in matched:
        sides: dict[int, AUActivation] = {item.au: item for item in found.aus}
        for item in true.courses:
            if item.au in sides and item.au not in MIDLINE_AUS:
                total += 1
                right += sides[item.au].side is item.side
    return f"{right}/{total}"


def print_summary(result: dict[str, object]) -> None:
    for name, value in result.items():
        if isinstance(value, dict):
            print(f"{name}:")
            for key, item in value.items():
                print(f"  {key}: {_short(item)}")
        else:
            print(f"{name}: {_short(value)}")


def _short(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {_short(item)}" for key, item in value.items())
    return f"{value:.3f}" if isinstance(value, float) else str(value)


def product(weights: Path | None) -> Spot:
    """The program's own analysis, default settings."""
    from recognizer.analysis import AnalysisSettings, analyse, load_model  # noqa: PLC0415  # torch loads late

    model = load_model(weights)
    return lambda path: analyse(path, model, AnalysisSettings(), lambda *_: None).events


def all_stretches(folder: Path, scratch: Path) -> list[Stretch]:
    result: list[Stretch] = []
    for number, video in enumerate(sorted(path for path in folder.iterdir() if path.is_file())):
        spool = scratch / f"spool{number}"
        spool.mkdir()
        try:
            found = near_neutral(video, spool)
        except MicroExprError as error:
            print(f"  {video.name}: left out ({error})")
            continue
        print("\n".join(f"  {stretch}" for stretch in found) or f"  {video.name}: no near-neutral stretch")
        result += found
    if not result:
        raise InputError(f"No video in {folder} has a near-neutral stretch of {SHORTEST_S} s.")
    return result


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--videos", type=Path, required=True, help="folder of real videos")
    parser.add_argument("--clips", type=int, default=24, help="warped clips of 8 s, spread over the stretches")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--weights", type=Path, default=None)
    parser.add_argument("--json", type=Path, default=None, help="also write the figures there")
    parser.add_argument("--keep", type=Path, default=None, help="keep the clips in this folder")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        print("near-neutral stretches:")
        stretches = all_stretches(arguments.videos, Path(scratch))
        out = arguments.keep or Path(scratch)
        out.mkdir(parents=True, exist_ok=True)
        spot = product(arguments.weights)
        random = np.random.default_rng(arguments.seed)
        clips = [
            run_clip(stretches[n % len(stretches)], draw_events(random, CLIP_S), out / f"warped{n:03}.mp4", spot)
            for n in range(arguments.clips)
        ]
        controls = [run_clip(stretch, [], out / f"still{n:03}.mp4", spot) for n, stretch in enumerate(stretches)]
    print(f"\nreal faces warped by synthetic AU motion: {len(clips)} clips of {CLIP_S:g} s, seed {arguments.seed}")
    result = summary(clips, controls)
    print_summary(result)
    if arguments.json:
        arguments.json.write_text(json.dumps(result, indent=2), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
