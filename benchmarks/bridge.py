"""The bridge on one machine: delay of live frames, time and memory of a long take, twenty editors at once.

Run: ``make core`` and ``python benchmarks/bridge.py``. Publisher, server and who listens are processes of their own.
Live delays are from the making of a frame in Python to a poll of the C core that returns it (``microexpr_measure``,
which polls every 0.1 ms); beside it, to an event of the Python client, in the publisher's process. Takes are synthetic.
JSON stands beside it, measured in the same run.
"""

import argparse
import os
import platform
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path

import numpy as np
import psutil

from curves.formats import read_take, write_take
from curves.rigs.loading import control_names
from curves.values import AUTrack, FloatArray, InterpMode, RichCurve, RichKey, Side, Take, TangentMode
from unreal_bridge.client import BridgeClient
from unreal_bridge.connection import ClientSettings
from unreal_bridge.convert import take_to_parts
from unreal_bridge.watching import Connected, LiveEnded, LiveFrame, Watch

CONTROLS, RATE_HZ = 100, 60.0
CONTROL_NAMES = [f"control{k}" for k in range(CONTROLS)]
CORE = Path(__file__).parents[1] / "UnrealPlugin" / "MicroExpression" / "Source" / "MicroExprCore"
MEASURE = CORE / "build" / "dev" / "tests" / ("microexpr_measure.exe" if os.name == "nt" else "microexpr_measure")
DURATION_S = 600.0


@contextmanager
def server(folder: Path) -> Iterator[tuple[str, psutil.Process]]:
    """A server process's address and itself."""
    process = subprocess.Popen(
        [sys.executable, "-m", "microexpr", "serve", "--port", "0", "--data", str(folder)],
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        yield process.stdout.readline().split()[2].rstrip(","), psutil.Process(process.pid)
    finally:
        process.terminate()
        process.communicate(timeout=30)


def long_take(keys_per_curve: int) -> Take:
    """Ten minutes of all 251 MetaHuman controls, and a track of each of 19 AUs at 60 fps."""
    times = np.linspace(0.0, DURATION_S - 1.0, keys_per_curve)
    shape = 0.1 + 0.1 * np.sin(times)

    def curve(name: str, scale: float) -> RichCurve:
        points = zip(times.tolist(), (scale * shape).tolist(), strict=True)
        return RichCurve(name, tuple(RichKey(t, v, InterpMode.RCIM_Cubic, TangentMode.RCTM_Auto) for t, v in points))

    names = control_names("metahuman")
    frames = np.arange(int(DURATION_S * 60) - 1) / 60
    return Take(
        Fraction(60), DURATION_S, (),
        tuple(AUTrack(au, Side.BOTH, frames, 0.5 + 0.5 * np.sin(frames * au)) for au in range(1, 20)),
        tuple(curve(name, k / len(names)) for k, name in enumerate(names)),
    )  # fmt: skip


def seconds(work: object) -> float:
    started = time.perf_counter()
    assert callable(work)
    work()
    return time.perf_counter() - started


def bulk(address: str, process: psutil.Process, folder: Path, keys_per_curve: int) -> None:
    """A long take stored and fetched, and the same as a JSON file."""
    take = long_take(keys_per_curve)
    parts = list(take_to_parts(take))
    before = process.memory_info().rss
    peak = Peak(process)
    with BridgeClient(ClientSettings(address)) as client, peak:
        put = seconds(lambda: client.push(take, f"long-{keys_per_curve}"))
        get = seconds(lambda: client.get(f"long-{keys_per_curve}"))
    fetched = None
    if MEASURE.is_file():
        said = subprocess.run(
            [str(MEASURE), "fetch", address, f"long-{keys_per_curve}"], capture_output=True, text=True, check=True
        ).stdout.split()
        assert int(said[1]) == keys_per_curve * len(take.curves)
        fetched = float(said[0])
    path = folder / "long.take.json"
    write, read = seconds(lambda: write_take(take, path)), seconds(lambda: read_take(path))
    keys = keys_per_curve * len(take.curves)
    print(f"bulk: {DURATION_S:g} s, {len(take.curves)} controls, {keys:,} keys, {len(take.tracks)} tracks of 60 fps")
    print(f"  wire {sum(map(len, parts)) / 1e6:.1f} MB in {len(parts)} parts; JSON {path.stat().st_size / 1e6:.1f} MB")
    print(f"  put {put:.2f} s + fetch {get:.2f} s = {put + get:.2f} s (both ends in Python, take objects made)")
    if fetched is not None:
        print(f"  put {put:.2f} s + fetch by the C core {fetched:.2f} s = {put + fetched:.2f} s (as an editor does)")
    print(f"  JSON write {write:.2f} s + read {read:.2f} s: {(write + read) / (put + get):.1f} times as long")
    print(f"  server memory grew by {(peak.rss - before) / 1e6:.0f} MB at most")


class Peak:
    """The largest memory of a process while the block runs, looked at every 5 ms."""

    def __init__(self, process: psutil.Process) -> None:
        self._process, self._done, self.rss = process, threading.Event(), 0
        self._thread = threading.Thread(target=self._look)

    def _look(self) -> None:
        while not self._done.wait(0.005):
            self.rss = max(self.rss, self._process.memory_info().rss)

    def __enter__(self) -> "Peak":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()


class Listener(threading.Thread):
    """One editor: delays in seconds of the frames that it got, and how many it was spared."""

    def __init__(self, watch: Watch) -> None:
        super().__init__()
        self._watch, self.ready = watch, threading.Event()
        self.delays: list[float] = []
        self.dropped = 0

    def run(self) -> None:
        with self._watch:
            for event in self._watch:
                if isinstance(event, Connected):
                    self.ready.set()
                elif isinstance(event, LiveFrame):
                    self.delays.append(time.time() - event.sent_unix_s)
                    self.dropped += event.dropped
                elif isinstance(event, LiveEnded):
                    return


def frames(duration_s: float) -> Iterator[tuple[float, list[float]]]:
    """60 a second, each at its time."""
    values: FloatArray = np.linspace(0.0, 1.0, CONTROLS)
    start = time.perf_counter()
    for number in range(int(duration_s * RATE_HZ)):
        due = start + number / RATE_HZ
        time.sleep(max(0.0, due - time.perf_counter()))
        yield number / RATE_HZ, values.tolist()


def live_in_core(address: str, subscribers: int, duration_s: float) -> None:
    """Publish to so many subscriptions of the C core, each with a client of its own, all polled by one thread."""
    command = [str(MEASURE), "live", address, str(subscribers)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    with BridgeClient(ClientSettings(address)) as client:
        sent = client.publish("bench", CONTROL_NAMES, frames(duration_s))
    *rows, last = process.communicate(timeout=60)[0].splitlines()
    assert process.returncode == 0
    report(
        f"{subscribers} subscriber(s) in the C core", list(map(float, rows)), int(last.split()[1]), sent * subscribers
    )


def live_in_python(address: str, duration_s: float) -> None:
    """Publish to a subscriber in this process."""
    with BridgeClient(ClientSettings(address)) as client, BridgeClient(ClientSettings(address)) as editor:
        listener = Listener(editor.watch(takes=False, live=True))
        listener.start()
        listener.ready.wait(20)
        sent = client.publish("bench", CONTROL_NAMES, frames(duration_s))
        listener.join(20)
    report("1 subscriber in Python", listener.delays, listener.dropped, sent)


def report(who: str, delays_s: list[float], missed: int, sent: int) -> None:
    delays = np.array(delays_s) * 1000
    p50, p99 = np.percentile(delays, [50, 99])
    print(
        f"live: {RATE_HZ:g} Hz x {CONTROLS} controls, {who}: p50 {p50:.2f} ms, p99 {p99:.2f} ms, "
        f"worst {delays.max():.1f} ms, {missed} of {sent} left out (load {psutil.getloadavg()[0]:.1f})"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=10.0, help="length of each live run")
    parser.add_argument("--keys", type=int, nargs="*", default=[600, 3600], help="keys a curve of the long take")
    options = parser.parse_args()
    load = psutil.getloadavg()[0]
    python = f"Python {platform.python_version()}"
    print(f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, load {load:.1f}, {python}")
    with tempfile.TemporaryDirectory() as folder, server(Path(folder) / "data") as (address, process):
        live_in_python(address, options.seconds)
        for subscribers in (1, 20) if MEASURE.is_file() else ():
            live_in_core(address, subscribers, options.seconds)
        if not MEASURE.is_file():
            print(f"live in the C core: not measured, {MEASURE.name} is not built (make core)")
        for keys in options.keys:
            bulk(address, process, Path(folder), keys)


if __name__ == "__main__":
    main()
