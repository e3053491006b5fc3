"""Frames a second and memory of a conversion, stage by stage and as a whole, in one run.

    python benchmarks/convert.py VIDEO... [--repeat 3] [--weights FILE] [--json FILE]

Decoding alone is the limit that no conversion can pass. Each video is converted ``--repeat`` times by the product's
own pipeline, with the model loaded before; the fastest run is printed (others share the machine, nothing makes a run
faster than it is), with the ratio to decoding. Memory is the process's resident set, sampled while a stage runs.
"""

import argparse
import json
import platform
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import torch

from curves.formats import FORMATS
from microexpr.config import ConvertConfig
from microexpr.pipeline import convert
from recognizer.analysis import Model, load_model
from recognizer.video import open_video

STAGES = ("face", "motion", "intensity", "spotting", "curves", "write")


class Stopwatch:
    """Seconds and peak memory (MB) by stage, told by the pipeline's own progress calls.

    ``own_memory``: without the pages of files, where the system tells them apart.
    """

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self.memory: dict[str, float] = {}
        self.own_memory: dict[str, float] = {}
        self._stage, self._since = "", time.perf_counter()

    def tell(self, stage: str, *_: int | None) -> None:
        if stage != self._stage:
            now = time.perf_counter()
            if self._stage:
                self.seconds[self._stage] = self.seconds.get(self._stage, 0.0) + now - self._since
            self._stage, self._since = stage, now

    @contextmanager
    def sampling(self) -> Iterator[None]:
        stop, process = threading.Event(), psutil.Process()

        def sample() -> None:
            while not stop.wait(0.02):
                used, stage = process.memory_info(), self._stage
                own = used.rss - getattr(used, "shared", 0)
                self.memory[stage] = max(self.memory.get(stage, 0.0), used.rss / 2**20)
                self.own_memory[stage] = max(self.own_memory.get(stage, 0.0), own / 2**20)

        thread = threading.Thread(target=sample, daemon=True)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()


def decode_only(path: Path) -> tuple[int, float]:
    """Frames, and seconds to decode them."""
    started = time.perf_counter()
    with open_video(path) as video:
        frames = sum(1 for _ in video)
    return frames, time.perf_counter() - started


def convert_once(path: Path, model: Model) -> Stopwatch:
    watch = Stopwatch()
    with watch.sampling(), tempfile.TemporaryDirectory() as folder:
        watch.tell("face")
        take = convert(path, model, ConvertConfig(), watch.tell)
        watch.tell("write")
        for name in ("take", "curvetable"):
            FORMATS[name].write(take, Path(folder), path.stem)
        watch.tell("")
    return watch


def measure(path: Path, model: Model, repeat: int) -> dict[str, Any]:
    decoded = [decode_only(path) for _ in range(repeat)]
    frames, decode_s = min(decoded, key=lambda pair: pair[1])
    fastest = min((convert_once(path, model) for _ in range(repeat)), key=lambda w: sum(w.seconds.values()))
    whole = sum(fastest.seconds.values())
    return {
        "video": path.name,
        "frames": frames,
        "decode_fps": frames / decode_s,
        "convert_fps": frames / whole,
        "convert_over_decode": whole / decode_s,
        "stages_ms_per_frame": {s: 1000 * fastest.seconds.get(s, 0.0) / frames for s in STAGES},
        "stages_peak_mb": {s: fastest.memory.get(s) for s in STAGES},
    }


def show(row: dict[str, Any]) -> None:
    print(f"\n{row['video']}: {row['frames']} frames")
    print(f"  decode only {row['decode_fps']:8.1f} frames/s")
    print(f"  whole       {row['convert_fps']:8.1f} frames/s  ({row['convert_over_decode']:.1f} x decoding)")
    for stage, ms in row["stages_ms_per_frame"].items():
        memory = row["stages_peak_mb"][stage]
        print(f"  {stage:<10} {ms:7.2f} ms/frame  {'' if memory is None else f'{memory:7.0f} MB peak'}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("videos", nargs="+", type=Path)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--weights", type=Path)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    model = load_model(arguments.weights)
    machine = f"{platform.system()}, {psutil.cpu_count()} cores, torch {torch.__version__} on {torch.get_num_threads()}"
    print(f"{machine} threads, {'bf16' if model.bf16 else 'fp32'}; load {psutil.getloadavg()[0]:.1f}")
    rows = [measure(path, model, arguments.repeat) for path in arguments.videos]
    for row in rows:
        show(row)
    if arguments.json:
        arguments.json.write_text(json.dumps({"machine": machine, "videos": rows}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
