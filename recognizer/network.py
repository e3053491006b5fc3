"""Backbone, temporal head, AU graph and per-frame intensity in one network (SPEC 2 and 3)."""

from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 (torch's own convention)

from curves.values import DEFAULT_AUS
from graph.cooccurrence import DEFAULT_SMOOTHING, default_prior, symmetrised
from graph.network import AUGraphNetwork, GraphOutput, NoGraph
from recognizer.resnet3d import BackboneOutput, Kind, ResNet3D18

SIDES = 2  #: [left, right], the subject's
FINE_GRID = 7  #: block 1 is averaged to 7 x 7 cells, so that an intensity knows where it comes from
INTENSITY_GAIN = 5.0  #: brings a micro-expression's intensities (0.03 to 0.3) to the size of the other features
INPUT_GRID = 14  #: and the input itself to 14 x 14, for the linear path


@dataclass(frozen=True, slots=True)
class NetworkConfig:
    """What sets one variant apart; ``recognizer.variants`` holds the named ones.

    input: ``flow`` (u, v, strain from the window's first frame and from neutral: 6 channels) or ``rgb`` (3).
    prior: ``ewp`` adds paper 003's map as a channel.
    size: input height and width in pixels; frames: T, a multiple of 8. width: channels of conv1. backbone: ``r3d``
        (the paper's), ``mc3`` or ``r2plus1d``, see ``recognizer.resnet3d``.
    features: ``pooled`` gives all clip heads the globally averaged F alone, as the paper does; ``located`` adds a
        summary of the per-frame features and intensities, which keep place and time.
    temporal: ``convolution`` or ``lstm`` (ELRCN's temporal enrichment) over the per-frame features.
    graph: ``asymmetric`` | ``symmetric`` | ``none``; node_width, graph_widths, emotion_layer, keep_ratio: see
        ``graph.network.AUGraphNetwork``; smoothing: of the default prior.
    """

    aus: tuple[int, ...] = DEFAULT_AUS
    input: Literal["flow", "rgb"] = "flow"
    prior: Literal["none", "ewp"] = "none"
    size: int = 56
    frames: int = 16
    width: int = 8
    backbone: Kind = "r3d"
    features: Literal["pooled", "located"] = "located"
    frame_width: int = 96
    temporal: Literal["convolution", "lstm"] = "convolution"
    graph: Literal["none", "symmetric", "asymmetric"] = "asymmetric"
    node_width: int = 32
    graph_widths: tuple[int, int] = (128, 64)
    emotion_layer: bool = True
    keep_ratio: float = 0.5
    smoothing: float = DEFAULT_SMOOTHING
    dropout: float = 0.1

    def __post_init__(self) -> None:
        if self.frames % 8 or self.frames < 8:
            raise ValueError(f"frames: expected a multiple of 8, got {self.frames}")
        if self.size % (2 * INPUT_GRID):
            raise ValueError(f"size: expected a multiple of {2 * INPUT_GRID}, got {self.size}")
        if not 0.0 < self.keep_ratio <= 1.0:
            raise ValueError(f"keep_ratio: expected in (0, 1], got {self.keep_ratio}")

    @property
    def channels(self) -> int:
        return (6 if self.input == "flow" else 3) + (self.prior == "ewp")


class NetworkOutput(NamedTuple):
    """score_logit (B,): the window holds a micro-expression. times (B, 3): onset, apex, offset as fractions of the
    window, in [0, 1]. au_logits (B, n). emotion_logits (B, 7): the graph's; first_emotion_logits (B, 7): the emotion
    layer's. intensity (B, T, n, 2): per frame, [left, right]; not cut to [0, 1]: see ``recognizer.tracks``."""

    score_logit: Tensor
    times: Tensor
    au_logits: Tensor
    emotion_logits: Tensor
    first_emotion_logits: Tensor
    intensity: Tensor


class FrameFeatures(nn.Module):
    """Temporal features before pooling, brought back to T: -> (B, T, frame_width), and the input's linear path.

    Block 1 (every frame, 7 x 7 cells), block 4 (interpolated to T) and, for flow, the input itself on 14 x 14 cells.
    """

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        width = config.frame_width
        self.config = config
        self.fine = nn.Linear(config.width * FINE_GRID**2, width)
        self.deep = nn.Linear(8 * config.width, width)
        self.grid_width = config.channels * INPUT_GRID**2 if config.input == "flow" else 0
        self.grid = nn.Linear(self.grid_width, width) if self.grid_width else None
        self.mix = nn.Conv1d(width * (3 if self.grid else 2), width, 3, padding=1)
        self.lstm = nn.LSTM(width, width, batch_first=True) if config.temporal == "lstm" else None

    def grid_of(self, volume: Tensor) -> Tensor:
        """(B, C, T, H, W) -> (B, T, C * 14 * 14): means over cells."""
        cell = volume.shape[-1] // INPUT_GRID
        return F.avg_pool3d(volume, (1, cell, cell)).transpose(1, 2).flatten(2)

    def forward(self, maps: BackboneOutput, grid: Tensor | None) -> Tensor:
        frames = maps.fine.shape[2]
        fine = F.adaptive_avg_pool3d(maps.fine.float(), (frames, FINE_GRID, FINE_GRID)).transpose(1, 2).flatten(2)
        deep = F.interpolate(maps.deep.float().mean(dim=(3, 4)), size=frames, mode="linear").transpose(1, 2)
        parts = [self.fine(fine), self.deep(deep)]
        if self.grid is not None and grid is not None:
            parts.append(self.grid(grid))
        mixed = torch.relu(self.mix(torch.relu(torch.cat(parts, dim=-1)).transpose(1, 2))).transpose(1, 2)
        return self.lstm(mixed)[0] if self.lstm is not None else mixed


class IntensityHead(nn.Module):
    """(B, T, frame_width) and the input grid -> (B, T, n, 2).

    Intensity is nearly linear in displacement, so a linear path from the input grid runs beside the features, and
    nothing bends the sum. It is cut to [0, 1] only in use: in training that would leave no gradient to an estimate
    below 0 or above 1 (``recognizer.losses.intensity_loss`` knows).
    """

    def __init__(self, frame_width: int, grid_width: int, count: int) -> None:
        super().__init__()
        self.count = count
        self.frame = nn.Linear(frame_width, count * SIDES)
        nn.init.zeros_(self.frame.bias)
        self.direct = nn.Linear(grid_width, count * SIDES, bias=False) if grid_width else None
        if self.direct is not None:
            nn.init.normal_(self.direct.weight, std=1e-3)

    def forward(self, frames: Tensor, grid: Tensor | None) -> Tensor:
        raw = self.frame(frames)
        if self.direct is not None and grid is not None:
            raw = raw + self.direct(grid)
        value: Tensor = raw.view(*raw.shape[:-1], self.count, SIDES)
        return value


def prior_adjacency(config: NetworkConfig) -> NDArray[np.float64]:
    """A of the public label sheets for the variant's AUs, directed unless the variant is symmetric."""
    directed = default_prior(config.aus, smoothing=config.smoothing)
    return symmetrised(directed) if config.graph == "symmetric" else directed


class MicroExpressionNet(nn.Module):
    """(B, channels, T, size, size) -> ``NetworkOutput``.

    ``adjacency`` (n, n): A of ``graph.cooccurrence`` (symmetrised by the caller for a symmetric variant); None
    takes ``prior_adjacency``. It is saved with the weights.
    """

    def __init__(self, config: NetworkConfig, adjacency: NDArray[np.float64] | None = None) -> None:
        super().__init__()
        self.config = config
        count = len(config.aus)
        # channels_last_3d: 1.2 to 1.9 times faster in fp32 on CPU, for inference and training (width 8 to 24)
        self.backbone = ResNet3D18(config.channels, config.width, config.backbone).to(
            memory_format=torch.channels_last_3d
        )  # type: ignore[call-overload]
        self.frames = FrameFeatures(config)
        self.intensity = IntensityHead(config.frame_width, self.frames.grid_width, count)
        located = config.features == "located"
        seen = config.frame_width + count * SIDES  # per-frame features, and the intensities read from them
        self.summary = nn.Linear(config.frames * seen, config.frame_width) if located else None
        enriched = config.frame_width if config.temporal == "lstm" else 0
        feature_width = self.backbone.out_width + (config.frame_width if located else 0) + enriched
        self.dropout = nn.Dropout(config.dropout)
        self.score = nn.Linear(feature_width, 1)
        self.times = nn.Linear(feature_width, 3)
        self.graph: nn.Module = NoGraph(feature_width, count)
        if config.graph != "none":
            chosen = prior_adjacency(config) if adjacency is None else adjacency
            self.graph = AUGraphNetwork(
                feature_width,
                torch.tensor(chosen, dtype=torch.float32),
                node_width=config.node_width,
                widths=config.graph_widths,
                emotion_layer=config.emotion_layer,
                keep_ratio=config.keep_ratio,
            )

    def _check(self, volume: Tensor) -> None:
        config = self.config
        expected = (config.channels, config.frames, config.size, config.size)
        if tuple(volume.shape[1:]) != expected:
            raise ValueError(f"volume: expected (B, {', '.join(map(str, expected))}), got {tuple(volume.shape)}")

    def _clip_features(self, pooled: Tensor, frames: Tensor, intensity: Tensor) -> Tensor:
        parts = [pooled.float()]
        if self.summary is not None:
            parts.append(
                torch.relu(self.summary(torch.cat([frames, INTENSITY_GAIN * intensity.flatten(2)], -1).flatten(1)))
            )
        if self.config.temporal == "lstm":
            parts.append(frames[:, -1])  # the LSTM's last state has seen the whole window
        result: Tensor = self.dropout(torch.cat(parts, dim=-1))
        return result

    def forward(self, volume: Tensor) -> NetworkOutput:
        self._check(volume)
        maps: BackboneOutput = self.backbone(volume)
        with torch.autocast(volume.device.type, enabled=False):  # the heads are small, and intensity needs the digits
            grid = self.frames.grid_of(volume.float()) if self.frames.grid_width else None
            frames = self.frames(maps, grid)
            intensity = self.intensity(frames, grid)
            features = self._clip_features(maps.pooled, frames, intensity)
            found: GraphOutput = self.graph(features)
            return NetworkOutput(
                score_logit=self.score(features).squeeze(-1),
                times=self.times(features).sigmoid(),
                au_logits=found.au_logits,
                emotion_logits=found.emotion_logits,
                first_emotion_logits=found.first_emotion_logits,
                intensity=intensity,
            )
