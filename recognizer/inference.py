"""The network over windows of a motion stream, in batches."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from recognizer.clips import mirror_volume, sample_flow, volume_of
from recognizer.model import Model
from recognizer.network import NetworkOutput

_BATCH = 16

#: Windows done, windows in all.
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True, eq=False)
class MotionRun:
    """Frames that follow each other without a break: ``times_s`` (N,), ``flow`` (N, 2, 56, 56) from neutral in crop
    pixels, and the facial ``prior`` (56, 56) for networks that read it."""

    times_s: NDArray[np.float64]
    flow: NDArray[np.floating]
    prior: NDArray[np.floating] | None = None


def predict_windows(
    run: MotionRun,
    model: Model,
    windows: NDArray[np.float64],
    progress: Progress | None = None,
    *,
    mirrored: bool = False,
) -> Iterator[tuple[NDArray[np.float64], NetworkOutput]]:
    """The network's answers to ``windows`` (B, 2) of starts and ends in seconds, a batch at a time: (its windows,
    answers). ``mirrored``: the answers to the mirrored face, in which left is right.

    On a CPU each core works on a batch of its own: two threads on one small convolution wait for each other.
    """
    parts = [windows[first : first + _BATCH] for first in range(0, len(windows), _BATCH)]

    def answer(some: NDArray[np.float64]) -> NetworkOutput:
        if workers > 1:
            torch.set_num_threads(1)  # of this thread alone
        flow = torch.from_numpy(sample_flow(run.times_s, run.flow, some[:, 0], some[:, 1]))
        maps = None
        if run.prior is not None:
            maps = torch.from_numpy(np.asarray(run.prior, np.float32)).expand(len(some), -1, -1)
        volume = volume_of(flow, maps)
        return model.predict(mirror_volume(volume) if mirrored else volume)

    workers = torch.get_num_threads() if model.device.type == "cpu" else 1
    done = 0
    with ThreadPoolExecutor(max(1, workers)) as pool:
        for some, output in zip(parts, pool.map(answer, parts), strict=True):
            done += len(some)
            yield some, output
            if progress is not None:
                progress(done, len(windows))
