"""SOFTNet-like: a shallow three-stream network scores pairs of frames (Liong, See & Wong, ICIP 2021).

Input: u, v and strain of the flow between frames k apart, 42 x 42. A stream for each is one 5 x 5 convolution (3, 5, 8
filters) and pooling; a dense layer of 400 gives one number: how far [i, i + k] overlaps an event. As published, the
score is smoothed over 2 k and peaks above mean + p (max - mean) are spots. Unlike there, the network learns the overlap
(IoU) itself, not whether there is any, and p and an absolute floor are chosen on other people than it learned from.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.ndimage import correlate1d
from torch import Tensor, nn
from torch.nn import functional

from recognizer.clips import ClipRecord
from recognizer.face.align import face_mask
from recognizer.face.motion import GRID
from recognizer.inference import MotionRun
from recognizer.spotters import FittedSpotter
from recognizer.spotters.picking import PeakSpotter, Trace, choose_limits, half_length, true_intervals
from recognizer.spotters.regions import at_times, even_times

SIDE = 42
_FILTERS = (3, 5, 8)
_MOST_HZ = 50.0
_STRAIN_SCALE = 10.0
_LARGEST = 8.0
_CHUNK = 128


@dataclass(frozen=True, slots=True)
class SoftnetSettings:
    """``pairs``: drawn from each clip an epoch, a half of them that overlap an event where there is one."""

    epochs: int = 8
    pairs: int = 24
    batch_size: int = 128
    learning_rate: float = 5e-4
    weight_decay: float = 1e-4


class SoftNet(nn.Module):
    """(B, 3, 42, 42) to (B,)."""

    def __init__(self) -> None:
        super().__init__()
        self.streams = nn.ModuleList(
            nn.Sequential(nn.Conv2d(1, filters, 5, padding=2), nn.ReLU(), nn.MaxPool2d(3)) for filters in _FILTERS
        )
        self.dense = nn.Linear(sum(_FILTERS) * 7 * 7, 400)
        self.score = nn.Linear(400, 1)

    def forward(self, pairs: Tensor) -> Tensor:
        parts = [stream(pairs[:, i : i + 1]) for i, stream in enumerate(self.streams)]
        pooled = functional.max_pool2d(torch.cat(parts, dim=1), 2)
        hidden = functional.relu(self.dense(pooled.flatten(1)))
        result: Tensor = self.score(hidden).squeeze(1)
        return result


def pair_input(flow: NDArray[np.floating]) -> Tensor:
    """(B, 3, 42, 42): u, v and strain of flows (B, 2, 56, 56) in crop pixels, off the face 0, large values cut."""
    field = torch.from_numpy(np.ascontiguousarray(flow, np.float32))
    (uy, ux), (vy, vx) = (torch.gradient(field[:, i], spacing=2.0, dim=(1, 2)) for i in (0, 1))
    strain = torch.sqrt(ux**2 + vy**2 + 0.5 * (uy + vx) ** 2)
    whole = torch.stack([field[:, 0], field[:, 1], _STRAIN_SCALE * strain], dim=1) * torch.tensor(face_mask(GRID))
    small = functional.interpolate(whole, size=(SIDE, SIDE), mode="area")
    return small.clamp(-_LARGEST, _LARGEST)


def overlaps(starts_s: NDArray[np.float64], clip: ClipRecord, length_s: float) -> NDArray[np.float32]:
    """(B,): greatest IoU of [start, start + length_s) with an event."""
    best = np.zeros(len(starts_s))
    for event in true_intervals(clip):
        shared = np.minimum(starts_s + length_s, event.end_s) - np.maximum(starts_s, event.start_s)
        shared = shared.clip(0.0)
        best = np.maximum(best, shared / (length_s + event.duration_s - shared))
    return best.astype(np.float32)


def _draw(
    clip: ClipRecord, settings: SoftnetSettings, length_s: float, random: np.random.Generator
) -> tuple[NDArray[np.float16], NDArray[np.float32]]:
    """Flows (B, 2, 56, 56) between the ends of drawn pairs, and their overlaps (B,)."""
    first, last = float(clip.times_s[0]), float(clip.times_s[-1]) - length_s
    if last <= first:
        return np.zeros((0, 2, GRID, GRID), np.float16), np.zeros(0, np.float32)
    starts = random.uniform(first, last, settings.pairs)
    events = true_intervals(clip)
    for i in range(0, settings.pairs if events else 0, 2):
        event = events[int(random.integers(len(events)))]
        starts[i] = np.clip(random.uniform(event.start_s - length_s / 2, event.end_s - length_s / 2), first, last)
    frames = [
        np.interp(at, clip.times_s, np.arange(len(clip.times_s))).round().astype(int)
        for at in (starts, starts + length_s)
    ]
    moved = clip.flow[frames[1]].astype(np.float32) - clip.flow[frames[0]].astype(np.float32)
    return moved.astype(np.float16), overlaps(starts, clip, length_s)


def train_network(train: Sequence[ClipRecord], length_s: float, settings: SoftnetSettings, seed: int) -> SoftNet:
    """Squared error, Adam, seeded; on one thread the same every time."""
    random = np.random.default_rng(seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        net = SoftNet()
    optimiser = torch.optim.AdamW(net.parameters(), settings.learning_rate, weight_decay=settings.weight_decay)
    group = max(1, settings.batch_size // settings.pairs) * 8  # clips whose pairs are mixed
    for _ in range(settings.epochs):
        order = random.permutation(len(train))
        for some in np.split(order, range(group, len(order), group)):
            drawn = [_draw(train[i], settings, length_s, random) for i in some]
            flow, truth = (np.concatenate(part) for part in zip(*drawn, strict=True))
            for batch in np.array_split(random.permutation(len(truth)), max(1, len(truth) // settings.batch_size)):
                _step(net, optimiser, flow[batch], truth[batch], mirrored=bool(random.integers(2)))
    return net.eval()


def _step(
    net: SoftNet,
    optimiser: torch.optim.Optimizer,
    flow: NDArray[np.float16],
    truth: NDArray[np.float32],
    mirrored: bool,
) -> None:
    if not len(truth):
        return
    pairs = pair_input(flow)
    if mirrored:
        pairs = pairs.flip(-1) * torch.tensor([-1.0, 1.0, 1.0])[:, None, None]
    loss = functional.mse_loss(net(pairs), torch.from_numpy(truth))
    optimiser.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]
    optimiser.step()


@dataclass(frozen=True, slots=True, eq=False)
class SoftnetScorer:
    """A ``FrameScorer``: the smoothed score of the pair whose middle a time is. ``half_s``: the paper's k."""

    net: SoftNet
    half_s: float

    def trace(self, run: MotionRun) -> Trace:
        times = even_times(run.times_s, _MOST_HZ)
        if len(times) < 3:
            return Trace(times, np.zeros(len(times)))
        scores = []
        for first in range(0, len(times), _CHUNK):
            some = times[first : first + _CHUNK]
            ends = [at_times(run.times_s, run.flow, some + sign * self.half_s / 2) for sign in (-1, 1)]
            with torch.inference_mode():
                scores.append(self.net(pair_input(ends[1] - ends[0])).numpy())
        width = max(1, round(2 * self.half_s / (times[1] - times[0]))) | 1
        smooth = correlate1d(np.concatenate(scores).astype(np.float64), np.full(width, 1 / width), mode="nearest")
        return Trace(times, smooth)


@dataclass(frozen=True, slots=True)
class Softnet:
    """See the module; the network and k from the training part, the limits from the validation part."""

    settings: SoftnetSettings = SoftnetSettings()
    description: str = "SOFTNet-like: three shallow streams (u, v, strain) on frame pairs (after Liong et al. 2021)"
    names_aus: bool = False

    def fit(self, train: Sequence[ClipRecord], validation: Sequence[ClipRecord], *, seed: int = 0) -> FittedSpotter:
        half_s = half_length(train)
        scorer = SoftnetScorer(train_network(train, half_s, self.settings, seed), half_s)
        limits, f1 = choose_limits(scorer, validation, half_s)
        return PeakSpotter(scorer, limits, {"validation_f1": f1, "epochs": self.settings.epochs})
