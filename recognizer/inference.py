"""The network over windows of a motion stream, in batches."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from recognizer.clips import window_volumes
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
    prior = run.prior[:, ::-1] if mirrored and run.prior is not None else run.prior
    parts = [windows[first : first + _BATCH] for first in range(0, len(windows), _BATCH)]

    def answer(some: NDArray[np.float64]) -> NetworkOutput:
        if workers > 1:
            torch.set_num_threads(1)  # of this thread alone
        volumes = window_volumes(run.times_s, run.flow, some[:, 0], some[:, 1], prior=prior, mirrored=mirrored)
        return model.predict(torch.from_numpy(volumes))

    workers = torch.get_num_threads() if model.device.type == "cpu" else 1
    done = 0
    with ThreadPoolExecutor(max(1, workers)) as pool:
        for some, output in zip(parts, pool.map(answer, parts), strict=True):
            done += len(some)
            yield some, output
            if progress is not None:
                progress(done, len(windows))
