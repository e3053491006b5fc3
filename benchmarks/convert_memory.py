"""Memory of a whole conversion against the video's length: what grows, in which stage, and what 10 minutes would take.

    python benchmarks/convert_memory.py FACE_VIDEO [--seconds 30 60 120] [--size 1920x1080] [--fps 25] [--json FILE]

Ten seconds of FACE_VIDEO are scaled to the size and repeated, packet by packet, to the longest length; each length is
converted in a process of its own. By stage: the peak of the resident set, and of its own part: without pages of files,
such as the temporary arrays, which the system takes back when it needs them (Linux tells; elsewhere the whole set). A
line through the peaks over the lengths gives MB a minute and the value at 10 minutes; what grows faster than the length
shows in longer runs only.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from convert import STAGES, Stopwatch
from decode_memory import LIMIT_GB, repeat
from numpy.typing import NDArray

from curves.formats import FORMATS
from microexpr.config import ConvertConfig
from microexpr.pipeline import convert
from recognizer.analysis import load_model
from recognizer.video import open_video, write_video

LOOP_S, ASKED_S = 10.0, 600.0


def scaled(source: Path, size: tuple[int, int], fps: float) -> Iterator[NDArray[np.uint8]]:
    """Frames of the first seconds of ``source``, at ``fps``, filling ``size`` (the rest cut off)."""
    width, height = size
    count = 0
    with open_video(source, end_s=LOOP_S) as video:
        for frame in video:
            factor = max(width / frame.image.shape[1], height / frame.image.shape[0])
            large = cv2.resize(frame.image, None, fx=factor, fy=factor, interpolation=cv2.INTER_CUBIC)
            y, x = (large.shape[0] - height) // 2, (large.shape[1] - width) // 2
            while count <= frame.time_s * fps:
                count += 1
                yield np.ascontiguousarray(large[y : y + height, x : x + width])


def convert_in_this_process(path: Path, seconds: float) -> dict[str, Any]:
    """Peaks (MB) by stage of converting the first ``seconds``, the model loaded before."""
    model, watch = load_model(), Stopwatch()
    with watch.sampling(), tempfile.TemporaryDirectory() as folder:
        watch.tell("face")
        take = convert(path, model, ConvertConfig(end=seconds), watch.tell)
        watch.tell("write")
        for name in ("take", "curvetable"):
            FORMATS[name].write(take, Path(folder), path.stem)
        watch.tell("")
    return {
        "seconds": seconds,
        "frames": len(take.tracks[0].times_s),
        "events": len(take.events),
        "keys": sum(len(curve.keys) for curve in take.curves),
        "took_s": sum(watch.seconds.values()),
        "rss_mb": watch.memory,
        "own_mb": watch.own_memory,
    }


def convert_in_child(path: Path, seconds: float) -> dict[str, Any]:
    command = [sys.executable, __file__, str(path), "--seconds", str(seconds), "--child"]
    return dict(json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout))


def line_through(rows: list[dict[str, Any]], kind: str, stage: str) -> tuple[float, float]:
    """MB a minute, and MB at the asked length, by least squares."""
    slope, start = np.polyfit([row["seconds"] for row in rows], [row[kind].get(stage, np.nan) for row in rows], 1)
    return 60.0 * float(slope), float(start + slope * ASKED_S)


def show(rows: list[dict[str, Any]]) -> float:
    """Prints the table; returns the greatest resident set (MB) expected at the asked length."""
    for row in rows:
        facts = f"{row['frames']} frames, {row['events']} events, {row['keys']} keys"
        print(f"{row['seconds']:6.0f} s: {facts}, took {row['took_s']:.0f} s")
    worst = 0.0
    for kind, words in (("rss_mb", "resident"), ("own_mb", "own, files apart")):
        lengths = "".join(f"{row['seconds']:8.0f} s" for row in rows)
        print(f"\n{words}, MB{lengths}   MB/minute  at {ASKED_S:.0f} s")
        for stage in STAGES:
            slope, asked = line_through(rows, kind, stage)
            peaks = "".join(f"{row[kind].get(stage, float('nan')):10.0f}" for row in rows)
            print(f"{stage:<{len(words) + 4}}{peaks}{slope:12.1f}{asked:10.0f}")
            worst = max(worst, asked if kind == "rss_mb" else 0.0)
    return worst


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("video", type=Path)
    parser.add_argument("--seconds", type=float, nargs="+", default=[30.0, 60.0, 120.0])
    parser.add_argument("--size", default="1920x1080")
    parser.add_argument("--fps", type=int, default=25)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.child:
        print(json.dumps(convert_in_this_process(given.video, given.seconds[0])))
        return
    width, height = map(int, given.size.split("x"))
    with tempfile.TemporaryDirectory() as folder:
        short, path = Path(folder) / "short.mp4", Path(folder) / "long.mkv"
        frames = scaled(given.video, (width, height), given.fps)
        write_video(short, islice(frames, int(LOOP_S * given.fps)), given.fps, crf=23)
        repeat(short, path, max(given.seconds))
        rows = [convert_in_child(path, seconds) for seconds in given.seconds]
    worst = show(rows)
    if given.json:
        given.json.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    kept = worst < 1000 * LIMIT_GB
    print(f"\nlimit {LIMIT_GB} GB at {ASKED_S:.0f} s: {'kept' if kept else 'BROKEN'} ({worst:.0f} MB)")
    sys.exit(not kept)


if __name__ == "__main__":
    main()
