"""3D networks on the whole clip: AU_GCN_CUR (paper 004), ablations, other backbones and inputs, priors of paper 003."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from types import MappingProxyType
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 (torch's own convention)

from graph.cooccurrence import DEFAULT_SMOOTHING, adjacency_from_labels, symmetrised
from graph.network import AUGraphNetwork, GraphOutput
from recognizer.resnet3d import BackboneOutput, Kind, ResNet3D18
from recognizer.systems import Need, System
from recognizer.systems.fitting import Build, NetworkSystem
from recognizer.systems.initial import StartWeights, read_start, start_backbone
from recognizer.systems.inputs import crop_volumes, motion_volumes
from recognizer.systems.objective import RecognitionOutput
from recognizer.systems.priors import PriorChannel, PriorKind

_CELLS = 7  #: ELRCN reads block 1 averaged to 7 x 7 cells of each frame
_ENRICHED = 64  #: width of its LSTM


@dataclass(frozen=True, slots=True)
class VolumeConfig:
    """What sets one 3D row apart.

    input: ``flow`` (u, v, strain on 56 x 56) or ``rgb`` (gray crops of 112 x 112, in three channels). graph: over the
    AUs, from training labels; ``none``: AUs and emotion straight from F. temporal: ``lstm`` adds ELRCN. pretrained: the
    backbone starts from weights. node_width, graph_widths, keep_ratio: see ``graph.network.AUGraphNetwork``; smoothing:
    pseudo-samples of the adjacency. The paper's graph is wider (512; 1024, 512), on a backbone four times as wide.
    """

    input: Literal["flow", "rgb"] = "flow"
    backbone: Kind = "r3d"
    graph: Literal["none", "symmetric", "asymmetric"] = "asymmetric"
    emotion_layer: bool = True
    temporal: Literal["none", "lstm"] = "none"
    prior: PriorKind = "none"
    pretrained: bool = False
    node_width: int = 32
    graph_widths: tuple[int, int] = (128, 64)
    keep_ratio: float = 0.5
    smoothing: float = DEFAULT_SMOOTHING
    dropout: float = 0.2


class FrameEnrichment(nn.Module):
    """ELRCN's temporal enrichment: features of each frame, with their place, into an LSTM; (B, width, T, ...) ->
    (B, 64), its last state."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.frame = nn.Linear(width * _CELLS**2, _ENRICHED)
        self.lstm = nn.LSTM(_ENRICHED, _ENRICHED, batch_first=True)

    def forward(self, fine: Tensor) -> Tensor:
        cells = F.adaptive_avg_pool3d(fine, (fine.shape[2], _CELLS, _CELLS)).transpose(1, 2).flatten(2)
        states, _ = self.lstm(torch.relu(self.frame(cells)))
        last: Tensor = states[:, -1]
        return last


class EmotionHead(nn.Module):
    """Without a graph: F -> emotion, and AUs where they are labelled."""

    def __init__(self, feature_width: int, classes: int, aus: int) -> None:
        super().__init__()
        self.emotion = nn.Linear(feature_width, classes)
        self.au = nn.Linear(feature_width, aus) if aus else None

    def forward(self, features: Tensor) -> RecognitionOutput:
        return RecognitionOutput(self.emotion(features), au_logits=self.au(features) if self.au is not None else None)


class VolumeNet(nn.Module):
    """(B, 3 or, for ``rgb``, 1, 16, side, side) -> ``RecognitionOutput``. ``width`` of conv1; ``build``: what is named,
    and the AU labels that the graph is made from."""

    def __init__(self, config: VolumeConfig, width: int, build: Build) -> None:
        super().__init__()
        self.config = config
        self.prior = PriorChannel(config.prior) if config.prior != "none" else None
        backbone = ResNet3D18(3 + (self.prior is not None), width, config.backbone)
        self.backbone = backbone.to(memory_format=torch.channels_last_3d)  # type: ignore[call-overload]
        self.enrichment = FrameEnrichment(width) if config.temporal == "lstm" else None
        features = backbone.out_width + (_ENRICHED if self.enrichment is not None else 0)
        self.dropout = nn.Dropout(config.dropout)
        self.head = (
            EmotionHead(features, build.classes, build.aus) if config.graph == "none" else self._graph(features, build)
        )

    def _graph(self, features: int, build: Build) -> AUGraphNetwork:
        config = self.config
        adjacency = adjacency_from_labels(build.au_labels, smoothing=config.smoothing)
        if config.graph == "symmetric":
            adjacency = symmetrised(adjacency)
        return AUGraphNetwork(
            features,
            torch.tensor(adjacency, dtype=torch.float32),
            node_width=config.node_width,
            widths=config.graph_widths,
            emotion_layer=config.emotion_layer,
            keep_ratio=config.keep_ratio,
            emotions=build.classes,
        )

    def forward(self, volume: Tensor) -> RecognitionOutput:
        if self.config.input == "rgb":
            volume = volume.expand(-1, 3, -1, -1, -1)
        maps: BackboneOutput = self.backbone(volume if self.prior is None else self.prior(volume))
        with torch.autocast(volume.device.type, enabled=False):  # the heads are small
            features = maps.pooled.float()
            if self.enrichment is not None:
                features = torch.cat([features, self.enrichment(maps.fine.float())], dim=-1)
            found: RecognitionOutput | GraphOutput = self.head(self.dropout(features))
        if isinstance(found, RecognitionOutput):
            return found
        return RecognitionOutput(found.emotion_logits, found.first_emotion_logits, found.au_logits)


def build_volume_net(config: VolumeConfig, build: Build) -> VolumeNet:
    """The network of a row; a pre-trained one has kind and width of its weights. InputError: see ``initial``."""
    settings = build.settings
    if not config.pretrained:
        if settings.init is not None:
            build.progress(f"{build.system}: starts from scratch, {settings.init.name} is not used")
        return VolumeNet(config, settings.width, build)
    start: StartWeights = read_start(settings.init)
    width = start.width or settings.width
    if width != settings.width:
        build.progress(f"{build.system}: width {width}, that of the weights, instead of {settings.width}")
    net = VolumeNet(replace(config, backbone=start.kind or config.backbone), width, build)
    start_backbone(net.backbone, start, build.system, build.progress)
    return net


def _row(name: str, description: str, config: VolumeConfig) -> NetworkSystem:
    flow = config.input == "flow"
    return NetworkSystem(
        name=name,
        description=description,
        needs=frozenset({Need.FLOW if flow else Need.CROPS}),
        prepare=motion_volumes if flow else crop_volumes,
        kinds=("motion",) if flow else ("gray",),
        build=partial(build_volume_net, config),
        names_aus=True,
        needs_aus=config.graph != "none",
        reads_init=config.pretrained,
    )


_CUR = VolumeConfig()
_PLAIN = replace(_CUR, graph="none")

_ROWS: tuple[tuple[str, str, VolumeConfig], ...] = (
    ("cnn3d", "3D-ResNet-18 on flow, no graph, from scratch (paper 004, Table 1)", _PLAIN),
    ("cnn3d_pretrained", "the same, its backbone from our synthetic clips or --init", replace(_PLAIN, pretrained=True)),
    (
        "au_gcn",
        "3D-ResNet-18 and an undirected AU graph without emotion layer (paper 004, ablation)",
        replace(_CUR, graph="symmetric", emotion_layer=False),
    ),
    ("au_gcn_cur", "3D-ResNet-18, directed AU graph, emotion layer (paper 004)", _CUR),
    (
        "au_gcn_cur_no_emotion",
        "AU_GCN_CUR without its emotion layer (ablation)",
        replace(_CUR, emotion_layer=False),
    ),
    (
        "au_gcn_cur_pretrained",
        "AU_GCN_CUR, its backbone from our synthetic clips or --init",
        replace(_CUR, pretrained=True),
    ),
    (
        "au_gcn_cur_elrcn",
        "AU_GCN_CUR with ELRCN's LSTM over frames (paper 004, section 2.4; Khor et al. 2018)",
        replace(_CUR, temporal="lstm"),
    ),
    (
        "au_gcn_cur_mc3",
        "AU_GCN_CUR on MC3-18 (paper 003, Table VII; Tran et al. 2018)",
        replace(_CUR, backbone="mc3"),
    ),
    (
        "au_gcn_cur_r2plus1d",
        "AU_GCN_CUR on R(2+1)D-18 (paper 003, Table VII; Tran et al. 2018)",
        replace(_CUR, backbone="r2plus1d"),
    ),
    (
        "au_gcn_cur_rgb",
        "AU_GCN_CUR on brightness: gray crops in three channels (paper 004 reads RGB)",
        replace(_CUR, input="rgb"),
    ),
    ("au_gcn_cur_ewp", "AU_GCN_CUR with the equal weighted prior map (paper 003, IV-B)", replace(_CUR, prior="ewp")),
    ("au_gcn_cur_awp", "AU_GCN_CUR with the adaptive weighted prior map (paper 003, IV-B)", replace(_CUR, prior="awp")),
)

SYSTEMS: Mapping[str, System] = MappingProxyType({name: _row(name, text, config) for name, text, config in _ROWS})
