"""Peak memory while a long video is read: it must not grow with the length.

    python benchmarks/decode_memory.py --seconds 600 --size 1920x1080
    python benchmarks/decode_memory.py --seconds 600 --video clip.mp4

Ten seconds of a moving test picture (or ``--video``) are repeated, packet by packet, to that length. Each length (a
tenth of it, all of it) is decoded in a process of its own; printed are frames a second and that process's peak memory.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import psutil
from numpy.typing import NDArray

from recognizer.video import open_video, write_video

LIMIT_GB = 1.5


def moving_picture(width: int, height: int, count: int) -> Iterator[NDArray[np.uint8]]:
    """Noise that drifts: no frame is like another, and encoding stays cheap."""
    noise = np.random.default_rng(0).integers(0, 255, (height // 8 + 64, width // 8 + 64, 3), dtype=np.uint8)
    for i in range(count):
        y, x = (i // 4) % 64, (i // 2) % 64
        tile = noise[y : y + height // 8, x : x + width // 8]
        picture = np.repeat(np.repeat(tile, 8, axis=0), 8, axis=1)
        yield np.ascontiguousarray(picture)


def repeat(source: Path, target: Path, seconds: float) -> None:
    """Copy the compressed pictures of ``source`` again and again until ``target`` is ``seconds`` long.

    ``source`` must store decoding times, as MP4 does: without them, pictures out of order cannot be copied.
    """
    offset, length = 0, 0.0
    with av.open(str(target), "w") as output:
        stream = None
        while length < seconds:
            with av.open(str(source)) as video:
                picture = video.streams.video[0]
                stream = stream or output.add_stream_from_template(picture)
                first, end = None, 0
                for packet in video.demux(picture):
                    if packet.size == 0:
                        continue
                    if packet.dts is None:
                        sys.exit(f"{source} stores no decoding times; convert it to MP4 first.")
                    first = packet.dts if first is None else first
                    end = max(end, packet.dts + (packet.duration or 1) - first)
                    packet.pts, packet.dts = packet.pts + offset - first, packet.dts + offset - first
                    packet.stream = stream
                    output.mux(packet)
                offset += end
                length = float(offset * picture.time_base)  # the source's: the copy may count in other units


def decode(path: Path, seconds: float) -> dict[str, float]:
    """Read the video to ``seconds`` in this process, sampling its resident memory at every 25th frame."""
    process, peak, count = psutil.Process(), 0, 0
    began = time.perf_counter()
    with open_video(path, end_s=seconds) as video:
        for frame in video:
            count += 1
            if frame.index % 25 == 0:
                peak = max(peak, process.memory_info().rss)
    return {"frames": count, "seconds": time.perf_counter() - began, "peak_gb": peak / 1e9}


def decode_in_child(path: Path, seconds: float) -> dict[str, float]:
    command = [sys.executable, __file__, "--video", str(path), "--seconds", str(seconds), "--child"]
    return dict(json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=600.0, help="length in seconds")
    parser.add_argument("--size", default="1920x1080")
    parser.add_argument("--fps", type=int, default=30)
    parser.add_argument("--video", type=Path, help="repeat this one instead of a test picture")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.child:
        print(json.dumps(decode(given.video, given.seconds)))
        return
    with tempfile.TemporaryDirectory() as folder:
        short, path = given.video or Path(folder) / "short.mp4", Path(folder) / "long.mkv"
        if given.video is None:
            width, height = map(int, given.size.split("x"))
            write_video(short, moving_picture(width, height, 10 * given.fps), given.fps, crf=28)
        repeat(short, path, given.seconds)
        with open_video(path) as video:
            info = video.info
        print(f"{info.width}x{info.height}, {float(info.frame_rate):g} fps, {path.stat().st_size / 1e6:.0f} MB")
        peaks = []
        for length in (given.seconds / 10, given.seconds):
            result = decode_in_child(path, length)
            peaks.append(result["peak_gb"])
            speed = result["frames"] / result["seconds"]
            print(f"{length:7.1f} s: {result['frames']:.0f} frames, {speed:.0f} fps, peak RSS {peaks[-1]:.3f} GB")
    print(f"limit {LIMIT_GB} GB: {'kept' if max(peaks) < LIMIT_GB else 'BROKEN'}")
    sys.exit(max(peaks) >= LIMIT_GB)


if __name__ == "__main__":
    main()
