"""Which windows a network trains on, and what is true in them."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from curves.errors import InputError
from recognizer.clips import ClipRecord, load_clip, sample_flow

#: An event counts as inside a window if at least this share of it is.
INSIDE = 0.95
#: A window that holds no more than this share of an event shows none of it.
OUTSIDE = 0.05
QUIET_INTENSITY = 0.01


@dataclass(frozen=True, slots=True)
class WindowConfig:
    """How windows are drawn: durations log-uniform in [min_s, max_s] (seconds).

    positive_share holds one event that fills at least ``event_share`` of the window; negative_share holds none; the
    rest is drawn freely and trains intensity where an event is cut. rare_au_boost in [0, 1]: 0 draws events alike,
    1 draws them by the inverse frequency of their rarest AU. mix_share of all windows get another clip's residual
    motion (a stretch without any AU) added.
    """

    min_s: float = 0.3
    max_s: float = 1.0
    positive_share: float = 0.5
    negative_share: float = 0.4
    event_share: float = 0.4
    rare_au_boost: float = 0.3
    mix_share: float = 0.3

    def __post_init__(self) -> None:
        if not 0 < self.min_s < self.max_s:
            raise ValueError(f"windows: expected 0 < min_s < max_s, got {self.min_s}, {self.max_s}")
        if not 0 <= self.positive_share + self.negative_share <= 1:
            raise ValueError("windows: expected positive_share + negative_share in 0..1")


class Window(NamedTuple):
    """[start_s, end_s] of clip number ``clip``. ``label``: 1 one event inside, 0 none, -1 neither. ``event``: its
    number or -1. ``residual``: (clip, start_s, end_s) whose motion is added, or None."""

    clip: int
    start_s: float
    end_s: float
    label: int
    event: int
    residual: tuple[int, float, float] | None = None


class Batch(NamedTuple):
    """flow (B, T, 2, 56, 56) float32. label (B,) 1, 0 or -1 (no verdict). times (B, 3) fractions, emotion (B,) and
    au (B, n) mean something where label is 1. intensity (B, T, n, 2). duration_s (B,). prior (B, 56, 56) or None.
    known (B, T, n): 1 where intensity is known, else 0; None: everywhere."""

    flow: Tensor
    label: Tensor
    times: Tensor
    au: Tensor
    emotion: Tensor
    intensity: Tensor
    duration_s: Tensor
    prior: Tensor | None = None
    known: Tensor | None = None

    def to(self, device: torch.device) -> "Batch":
        return self._replace(**{k: v.to(device) for k, v in self._asdict().items() if v is not None})


def load_clips(folder: Path) -> list[ClipRecord]:
    """All ``*.safetensors`` clips under ``folder`` in name order; InputError if there are none."""
    paths = sorted(folder.rglob("*.safetensors"))
    if not paths:
        raise InputError(f"No training clips (*.safetensors) under {folder}: render them first or name another folder.")
    return [load_clip(path) for path in paths]


def is_validation(identity: str, fraction: float) -> bool:
    """Whether a person belongs to the validation part: by a hash of the identity, so that it never changes sides."""
    digest = hashlib.sha256(identity.encode()).digest()
    return int.from_bytes(digest[:8], "big") < fraction * 2**64


def split_identities(clips: Sequence[ClipRecord], fraction: float) -> tuple[list[ClipRecord], list[ClipRecord]]:
    """Training and validation clips without a common identity; InputError if one part is empty."""
    train = [clip for clip in clips if not is_validation(clip.identity, fraction)]
    validation = [clip for clip in clips if is_validation(clip.identity, fraction)]
    if not train or not validation:
        people = len({clip.identity for clip in clips})
        raise InputError(
            f"{people} identities in the clips leave the training or the validation part empty "
            f"(validation_fraction {fraction}): add clips of more people or change the fraction."
        )
    return train, validation


def label_window(clip: ClipRecord, start_s: float, end_s: float, event_share: float) -> tuple[int, int]:
    """(label, event) of a window: see ``Window``."""
    if not clip.events:
        return 0, -1
    onset, offset = clip.onset_apex_offset[:, 0], clip.onset_apex_offset[:, 2]
    overlap = np.clip(np.minimum(end_s, offset) - np.maximum(start_s, onset), 0.0, None)
    inside = overlap / np.maximum(offset - onset, 1e-9)
    if (inside <= OUTSIDE).all():
        return 0, -1
    event = int(np.argmax(overlap))
    fits = inside[event] >= INSIDE and offset[event] - onset[event] >= event_share * (end_s - start_s)
    return (1, event) if fits else (-1, -1)


class WindowSampler:
    """Draws windows of ``clips``; all randomness comes from the generator given to each call."""

    def __init__(self, clips: Sequence[ClipRecord], config: WindowConfig) -> None:
        self.clips = clips
        self.config = config
        self.events = [(c, e) for c, clip in enumerate(clips) for e in range(clip.events)]
        self.event_weights = self._event_weights()
        self.quiet = [(c, *span) for c, clip in enumerate(clips) for span in _quiet_spans(clip, config.min_s)]

    def _event_weights(self) -> NDArray[np.float64]:
        if not self.events:
            return np.zeros(0)
        present = np.stack([self.clips[c].event_au[e].max(axis=-1) > 0 for c, e in self.events])
        rate = np.maximum(present.mean(axis=0), 1e-4)
        rarest = np.where(present, rate, np.inf).min(axis=1)
        weights = np.where(np.isfinite(rarest), rarest, 1.0) ** -self.config.rare_au_boost
        result: NDArray[np.float64] = weights / weights.sum()
        return result

    def draw(self, rng: np.random.Generator, count: int) -> list[Window]:
        """``count`` windows in random order."""
        positives = round(count * self.config.positive_share) if self.events else 0
        negatives = round(count * self.config.negative_share)
        chosen: list[int] = []
        if positives:
            chosen = rng.choice(len(self.events), positives, p=self.event_weights).tolist()
        windows = [window for i in chosen if (window := self._around(rng, *self.events[i])) is not None]
        windows += [self._free(rng, wanted=0) for _ in range(negatives)]
        windows += [self._free(rng, wanted=None) for _ in range(count - len(windows))]
        return [self._mixed(rng, windows[i]) for i in rng.permutation(len(windows))]

    def _duration(self, rng: np.random.Generator, low: float, high: float) -> float:
        return float(np.exp(rng.uniform(np.log(low), np.log(high))))

    def _around(self, rng: np.random.Generator, number: int, event: int) -> Window | None:
        """A window that holds the event, anywhere inside; None if the event is too short or too long for any."""
        clip, config = self.clips[number], self.config
        onset, _, offset = clip.onset_apex_offset[event]
        length = offset - onset
        low, high = max(config.min_s, length), min(config.max_s, length / config.event_share)
        if low > high:
            return None
        duration = self._duration(rng, low, high)
        margin = 0.04 * length  # sliding windows cut a little off too
        start = rng.uniform(offset - duration - margin, onset + margin)
        window = (start, start + duration)
        label, found = label_window(clip, *window, config.event_share)
        return Window(number, *window, label, found)

    def _free(self, rng: np.random.Generator, wanted: int | None) -> Window:
        """A window anywhere; of label ``wanted`` if that is found in 20 tries."""
        for _ in range(20):
            number = int(rng.integers(len(self.clips)))
            clip = self.clips[number]
            duration = self._duration(rng, self.config.min_s, self.config.max_s)
            latest = max(float(clip.times_s[-1]) - duration, float(clip.times_s[0]))
            start = float(rng.uniform(clip.times_s[0], latest))
            label, event = label_window(clip, start, start + duration, self.config.event_share)
            if wanted is None or label == wanted:
                break
        return Window(number, start, start + duration, label, event)

    def _mixed(self, rng: np.random.Generator, window: Window) -> Window:
        if not self.quiet or rng.random() >= self.config.mix_share:
            return window
        number, start, end = self.quiet[int(rng.integers(len(self.quiet)))]
        duration = min(window.end_s - window.start_s, end - start)
        begin = float(rng.uniform(start, end - duration)) if end - start > duration else start
        return window._replace(residual=(number, begin, begin + duration))

    def collate(self, windows: Sequence[Window], frames: int, *, with_prior: bool = False) -> Batch:
        """The flow of the windows and what is true in them."""
        truths = [_truth(self.clips[w.clip], w, frames) for w in windows]
        prior = None
        if with_prior:
            prior = torch.from_numpy(np.stack([_prior_of(self.clips[w.clip]) for w in windows]))
        return Batch(
            flow=torch.from_numpy(np.stack([self._flow(w, frames) for w in windows])),
            label=torch.tensor([w.label for w in windows]),
            times=torch.from_numpy(np.stack([t["times"] for t in truths])),
            au=torch.from_numpy(np.stack([t["au"] for t in truths])),
            emotion=torch.tensor([t["emotion"] for t in truths]),
            intensity=torch.from_numpy(np.stack([t["intensity"] for t in truths])),
            duration_s=torch.tensor([w.end_s - w.start_s for w in windows], dtype=torch.float32),
            prior=prior,
            known=torch.from_numpy(np.stack([t["known"] for t in truths])),
        )

    def _flow(self, window: Window, frames: int) -> NDArray[np.float32]:
        clip = self.clips[window.clip]
        flow = sample_flow(clip.times_s, clip.flow, window.start_s, window.end_s, frames)
        if window.residual is not None:
            number, start, end = window.residual
            flow += sample_flow(self.clips[number].times_s, self.clips[number].flow, start, end, frames)
        return flow


def _quiet_spans(clip: ClipRecord, min_s: float) -> list[tuple[float, float]]:
    """Stretches of at least ``min_s`` in which no AU is active."""
    quiet = clip.intensity.max(axis=(1, 2)) < QUIET_INTENSITY
    if clip.intensity_known is not None:
        quiet &= clip.intensity_known.min(axis=1) > 0
    edges = np.flatnonzero(np.diff(np.concatenate(([False], quiet, [False])).astype(np.int8)))
    spans = [(float(clip.times_s[a]), float(clip.times_s[b - 1])) for a, b in edges.reshape(-1, 2)]
    return [(start, end) for start, end in spans if end - start >= min_s]


def _truth(clip: ClipRecord, window: Window, frames: int) -> dict[str, Any]:
    at = np.linspace(window.start_s, window.end_s, frames)
    position = np.interp(at, clip.times_s, np.arange(len(clip.times_s)))
    below = np.minimum(position.astype(np.int64), len(clip.times_s) - 2)
    weight = (position - below).astype(np.float32)[:, None, None]
    intensity = clip.intensity[below] * (1 - weight) + clip.intensity[below + 1] * weight
    known = np.ones(intensity.shape[:2], np.float32)
    if clip.intensity_known is not None:
        known = np.minimum(clip.intensity_known[below], clip.intensity_known[below + 1])
    truth: dict[str, Any] = {"intensity": intensity, "known": known, "times": np.zeros(3, np.float32), "emotion": 0}
    truth["au"] = np.zeros(clip.intensity.shape[1], np.float32)
    if window.event >= 0:
        fraction = (clip.onset_apex_offset[window.event] - window.start_s) / (window.end_s - window.start_s)
        truth["times"] = np.clip(fraction, 0.0, 1.0).astype(np.float32)
        truth["emotion"] = int(clip.event_emotion[window.event])
        truth["au"] = (clip.event_au[window.event].max(axis=-1) > 0).astype(np.float32)
    return truth


def _prior_of(clip: ClipRecord) -> NDArray[np.float32]:
    if clip.prior is None:
        raise InputError("This network reads the facial prior, but the clips hold none: render them with the prior.")
    return clip.prior.astype(np.float32)
