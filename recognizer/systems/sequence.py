"""Two networks that paper 004's Table 3 lists, rebuilt from their outline: CNN + LSTM and MER-GCN."""

from collections.abc import Mapping
from contextlib import nullcontext
from itertools import pairwise
from types import MappingProxyType

import torch
from torch import Tensor, nn

from graph.cooccurrence import DEFAULT_SMOOTHING, adjacency_from_labels
from graph.network import DirectedConvolution, normalised_adjacency
from recognizer.systems import Need, System
from recognizer.systems.fitting import Build, NetworkSystem
from recognizer.systems.inputs import motion_volumes
from recognizer.systems.objective import RecognitionOutput

_DROPOUT = 0.2


class CnnLstm(nn.Module):
    """(B, 3, 16, 56, 56) -> emotions (Fan et al. 2016: CNN-RNN).

    Four 3 x 3 convolutions on each frame alone, their mean over the face into an LSTM, its last state into the
    classifier. Their VGG is pre-trained on faces and sees brightness; ours starts from scratch on flow.
    """

    def __init__(self, width: int, classes: int) -> None:
        super().__init__()
        widths = [3, width, 2 * width, 4 * width, 8 * width]
        layers: list[nn.Module] = []
        for before, after in pairwise(widths):
            layers += [nn.Conv2d(before, after, 3, padding=1, bias=False), nn.BatchNorm2d(after), nn.ReLU()]
            layers.append(nn.MaxPool2d(2))
        self.frame = nn.Sequential(*layers)
        self.lstm = nn.LSTM(widths[-1], widths[-1], batch_first=True)
        self.dropout = nn.Dropout(_DROPOUT)
        self.emotion = nn.Linear(widths[-1], classes)

    def forward(self, volume: Tensor) -> RecognitionOutput:
        batch, _, frames = volume.shape[:3]
        images = volume.transpose(1, 2).flatten(0, 1).contiguous(memory_format=torch.channels_last)
        features = self.frame(images).mean(dim=(2, 3)).view(batch, frames, -1)
        with torch.autocast(volume.device.type, enabled=False):
            states, _ = self.lstm(features.float())
            return RecognitionOutput(self.emotion(self.dropout(states[:, -1])))


class MerGcn(nn.Module):
    """(B, 3, 16, 56, 56) -> emotions and AUs.

    A plain 3D ConvNet, whose feature F is projected onto one node per AU; two graph convolutions over P(AU_i | AU_j) of
    the training labels; the mean of the nodes beside F is classified. The abstract of Lo et al. (2020) says that 3D
    ConvNets extract the AUs' features and graph layers find how the AU nodes depend on each other; that AU labels
    supervise the nodes, and that both views are fused by concatenation, is our reading.
    """

    def __init__(self, width: int, build: Build, *, node_width: int = 32, graph_width: int = 64) -> None:
        super().__init__()
        widths = [3, width, 2 * width, 4 * width, 8 * width]
        layers: list[nn.Module] = []
        for i, (before, after) in enumerate(pairwise(widths)):
            stride = (1, 2, 2) if i == 0 else (1, 1, 1)  # in place of a pooling: four times cheaper
            layers += [nn.Conv3d(before, after, 3, stride, 1, bias=False), nn.BatchNorm3d(after), nn.ReLU()]
            if i < 3:
                layers.append(nn.MaxPool3d(2))
        self.convolutions = nn.Sequential(*layers).to(memory_format=torch.channels_last_3d)  # type: ignore[call-overload]
        adjacency = adjacency_from_labels(build.au_labels, smoothing=DEFAULT_SMOOTHING)
        propagation = normalised_adjacency(torch.tensor(adjacency, dtype=torch.float32))
        self.project = nn.Linear(widths[-1], build.aus * node_width)
        self.graph = nn.ModuleList(
            DirectedConvolution(a, b, propagation) for a, b in ((node_width, graph_width), (graph_width, graph_width))
        )
        self.dropout = nn.Dropout(_DROPOUT)
        self.au = nn.Linear(graph_width, 1)
        self.emotion = nn.Linear(widths[-1] + graph_width, build.classes)

    def _pooled(self, volume: Tensor) -> Tensor:
        x = volume.contiguous(memory_format=torch.channels_last_3d)
        last = len(self.convolutions) - 3
        x = self.convolutions[:last](x)
        # Two frames are left: on a CPU their bfloat16 gradient cannot be trusted, see recognizer.resnet3d.
        with nullcontext() if x.is_cuda else torch.autocast("cpu", enabled=False):
            x = self.convolutions[last:](x if x.is_cuda else x.float())
        pooled: Tensor = x.float().mean(dim=(2, 3, 4))
        return pooled

    def forward(self, volume: Tensor) -> RecognitionOutput:
        pooled = self._pooled(volume)
        with torch.autocast(volume.device.type, enabled=False):
            features = self.dropout(pooled)
            nodes = self.project(features).view(len(features), -1, self.graph[0].weight.in_features)  # type: ignore[union-attr]
            for layer in self.graph:
                nodes = torch.relu(layer(nodes))
            fused = torch.cat([features, nodes.mean(dim=1)], dim=-1)
            return RecognitionOutput(self.emotion(fused), au_logits=self.au(nodes).squeeze(-1))


def _cnn_lstm(build: Build) -> CnnLstm:
    return CnnLstm(build.settings.width, build.classes)


def _mer_gcn(build: Build) -> MerGcn:
    return MerGcn(build.settings.width, build)


SYSTEMS: Mapping[str, System] = MappingProxyType(
    {
        "cnn_lstm": NetworkSystem(
            name="cnn_lstm",
            description="CNN on each frame of flow, LSTM over frames (paper 004, Table 3; Fan et al. 2016)",
            needs=frozenset({Need.FLOW}),
            prepare=motion_volumes,
            kinds=("motion",),
            build=_cnn_lstm,
        ),
        "mer_gcn": NetworkSystem(
            name="mer_gcn",
            description="3D ConvNet and AU graph, fused (paper 004, Table 3; Lo et al. 2020, our reading)",
            needs=frozenset({Need.FLOW}),
            prepare=motion_volumes,
            kinds=("motion",),
            build=_mer_gcn,
            names_aus=True,
            needs_aus=True,
        ),
    }
)
