"""Spotting on real faces with known truth: real frames, warped by known AU motions. See docs/spotting-benchmark.md.

    python benchmarks/spotting.py --videos DIR [--clips 24 --seed 1 --json FILE --keep DIR]
    python benchmarks/spotting.py --clips-from DIR [--streams] [--spotter NAME] [--weights FILE] [--json FILE]

Rows, reported apart: ``static`` (one frame held, with tremor, head moves, blinks), ``inserted`` (near-neutral footage
with events), ``talking`` (the person talks or laughs, with events), the same without events (``neutral``,
``neutral-static``, ``speech``, ``laughter``), and one everyday movement alone (``blinks``, ``gaze``, ``turns``). So:
real faces, synthetic motion by other code than the training renderer's. ``--keep`` writes clips and truth;
``--clips-from`` takes them again, so that spotters are judged on the very same files; ``--streams`` keeps the measured
motion beside them.
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from spotting_checks import too_easy
from spotting_clips import make, plans
from spotting_footage import all_stretches
from spotting_scores import Scored, figures, print_figures, score
from spotting_truth import ClipTruth, read_truth, write_truth

from curves.errors import InputError
from recognizer.clips import load_clip
from recognizer.face.prior import prior_map
from recognizer.face.stream import measure_motion
from recognizer.inference import MotionRun
from recognizer.spotters.network import Network
from recognizer.spotters.registry import SPOTTERS
from recognizer.video import open_video

#: The path of a clip in, what was found out: Event, or Spot of recognizer.spotters.
Spot = Callable[[Path], Sequence[Any]]


def make_clips(videos: Path, clips: int, seed: int, folder: Path) -> list[ClipTruth]:
    """Makes all clips into ``folder``, with their truth; a clip that is there already is made again."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        print("stretches:")
        stretches = all_stretches(videos, Path(scratch))
    truths = []
    for number, plan in enumerate(plans(stretches, clips, seed)):
        truths.append(make(plan, number, folder, seed))
        write_truth(folder, truths, {"seed": seed, "clips_a_row": clips})
        last = truths[-1]
        print(f"  {last.file}: {last.source}, {last.fps:g} Hz, {len(last.events)} events", flush=True)
    return truths


def product(weights: Path | None) -> Spot:
    """The program's own analysis of the file, default settings."""
    from recognizer.analysis import AnalysisSettings, analyse, load_model  # noqa: PLC0415  # torch loads late

    model = load_model(weights)
    return lambda path: analyse(path, model, AnalysisSettings(), lambda *_: None).events


def registered(name: str, clips: Path | None, weights: Path | None) -> Spot:
    """A spotter of ``recognizer.spotters.registry`` on the kept motion streams, fitted to rendered ``clips`` where it
    learns or chooses limits: every fifth identity is its validation part."""
    if name not in SPOTTERS:
        raise InputError(f"There is no spotter {name}; choose one of {', '.join(['product', *SPOTTERS])}.")
    spotter = Network(weights) if name == "network" else SPOTTERS[name]
    records = [load_clip(path) for path in sorted(clips.glob("*.safetensors"))] if clips else []
    held_out = set(sorted({record.identity for record in records})[::5])
    train = [record for record in records if record.identity not in held_out]
    fitted = spotter.fit(train, [record for record in records if record.identity in held_out])
    return lambda path: [found for run in motion_runs(path) for found in fitted.spot(run)]


def motion_runs(path: Path) -> list[MotionRun]:
    """The motion measured in a clip, read from the file beside it, or measured and kept there."""
    kept = path.with_suffix(".npz")
    if not kept.is_file():
        _measure(path, kept)
    with np.load(kept) as stored:
        times, flow, prior = stored["times_s"], stored["flow"], stored["prior"]
        return [MotionRun(times[a:b], flow[a:b], prior) for a, b in stored["runs"]]


def _measure(path: Path, kept: Path) -> None:
    with tempfile.TemporaryDirectory() as folder, open_video(path) as video:
        stream = measure_motion(video, Path(folder), progress=lambda *_: None)
        clip = stream.clip
        runs = np.array([(run.start, run.stop) for run in clip.runs])
        arrays = {"times_s": clip.times_s, "flow": np.asarray(stream.flow), "runs": runs}
        partial = kept.with_suffix(".part.npz")  # the file appears only when complete
        np.savez(partial, **arrays, prior=prior_map(clip.shape.points).astype(np.float32))
    partial.replace(kept)


def chosen_spotter(arguments: argparse.Namespace) -> Spot:
    if arguments.spotter == "product":
        return product(arguments.weights)
    return registered(arguments.spotter, arguments.train, arguments.weights)


def run(truths: Sequence[ClipTruth], folder: Path, spot: Spot) -> list[Scored]:
    scored = []
    for truth in truths:
        scored.append(score(truth, tuple(spot(folder / truth.file))))
        counts = scored[-1].counts
        print(f"  {truth.file}: {counts.tp} right, {counts.fp} false, {counts.fn} missed", flush=True)
    return scored


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--videos", type=Path, help="folder of real videos to make the clips from")
    source.add_argument("--clips-from", type=Path, help="folder that --keep has written")
    parser.add_argument("--clips", type=int, default=24, help="clips of 8 s of each row; a third of it per distractor")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path, default=None, help="keep clips and truth in this folder")
    parser.add_argument("--streams", action="store_true", help="measure the motion of each clip and keep it beside it")
    parser.add_argument("--make-only", action="store_true", help="make the clips, judge nothing")
    parser.add_argument("--spotter", default="product", help="product (default), network, or a registered spotter")
    parser.add_argument("--train", type=Path, default=None, help="folder of rendered clips, for spotters that learn")
    parser.add_argument("--rows", nargs="*", default=None, help="only these rows")
    parser.add_argument("--weights", type=Path, default=None)
    parser.add_argument("--no-checks", action="store_true", help="do not look whether the clips are too easy")
    parser.add_argument("--json", type=Path, default=None, help="also write the figures there")
    return parser.parse_args()


def main() -> int:
    arguments = parsed()
    cv2.setNumThreads(1)
    with tempfile.TemporaryDirectory() as scratch:
        folder = arguments.clips_from or arguments.keep or Path(scratch)
        if arguments.clips_from:
            truths = read_truth(folder)
        else:
            truths = make_clips(arguments.videos, arguments.clips, arguments.seed, folder)
        truths = [truth for truth in truths if arguments.rows is None or truth.row in arguments.rows]
        if arguments.streams:
            for truth in truths:
                motion_runs(folder / truth.file)
        if arguments.make_only:
            return 0
        checks = {} if arguments.no_checks else too_easy(truths, folder)
        print(f"\nspotter: {arguments.spotter}")
        began = time.perf_counter()
        scored = run(truths, folder, chosen_spotter(arguments))
        took = time.perf_counter() - began
    frames = sum(truth.fps * truth.seconds for truth in truths)
    result = {
        "spotter": arguments.spotter,
        "weights": str(arguments.weights.name) if arguments.weights else "default",
        "frames_per_s": frames / took,
        "rows": figures(scored),
        "too_easy": checks,
    }
    print_figures(result)
    if arguments.json:
        arguments.json.write_text(json.dumps(result, indent=2), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
