"""2D networks on onset and apex alone: STSTNet, OFF-ApexNet, and paper 002's two-stream classifier."""

from collections.abc import Mapping
from types import MappingProxyType

import torch
from torch import Tensor, nn

from recognizer.systems import Need, System
from recognizer.systems.fitting import Build, NetworkSystem
from recognizer.systems.inputs import apex_and_flow, onset_apex_images
from recognizer.systems.objective import Objective, RecognitionOutput

_STREAMS = (3, 5, 8)  #: filters of STSTNet's three streams
_EMBEDDING = 256  #: of paper 002's streams


class StstNet(nn.Module):
    """(B, 3, 28, 28) -> emotions (Liong et al., FG 2019).

    Three streams of one 3 x 3 convolution with 3, 5 and 8 filters, each pooled 3 x 3 (stride 3); side by side, averaged
    2 x 2: 16 x 5 x 5 = 400 features, one linear layer. Batch norm and dropout are ours.
    """

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.streams = nn.ModuleList(
            nn.Sequential(
                nn.Conv2d(3, filters, 3, padding=1), nn.BatchNorm2d(filters), nn.ReLU(), nn.MaxPool2d(3, 3, padding=1)
            )
            for filters in _STREAMS
        )
        self.pool = nn.AvgPool2d(2)
        self.dropout = nn.Dropout(0.3)
        self.emotion = nn.Linear(400, classes)

    def forward(self, image: Tensor) -> RecognitionOutput:
        features = self.pool(torch.cat([stream(image) for stream in self.streams], dim=1)).flatten(1)
        return RecognitionOutput(self.emotion(self.dropout(features)))


class OffApexNet(nn.Module):
    """(B, 3, 28, 28), whose u and v are read -> emotions (Gan et al. 2019).

    A stream each of two 5 x 5 convolutions with 6 and 16 filters, each pooled 2 x 2; 2 x 784 features, two layers of
    1024. Dropout is ours.
    """

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.streams = nn.ModuleList(
            nn.Sequential(
                nn.Conv2d(1, 6, 5, padding=2),
                nn.ReLU(),
                nn.MaxPool2d(2),
                nn.Conv2d(6, 16, 5, padding=2),
                nn.ReLU(),
                nn.MaxPool2d(2),
                nn.Flatten(),
            )
            for _ in range(2)
        )
        self.dense = nn.Sequential(
            nn.Linear(2 * 16 * 7 * 7, 1024),
            nn.ReLU(),
            nn.Dropout(0.3),
            nn.Linear(1024, 1024),
            nn.ReLU(),
            nn.Dropout(0.3),
        )
        self.emotion = nn.Linear(1024, classes)

    def forward(self, image: Tensor) -> RecognitionOutput:
        parts = [stream(image[:, i : i + 1]) for i, stream in enumerate(self.streams)]
        return RecognitionOutput(self.emotion(self.dense(torch.cat(parts, dim=1))))


class _Block(nn.Module):
    """ResNet-18's: two 3 x 3 convolutions around a shortcut."""

    def __init__(self, before: int, after: int, stride: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(before, after, 3, stride, 1, bias=False),
            nn.BatchNorm2d(after),
            nn.ReLU(),
            nn.Conv2d(after, after, 3, 1, 1, bias=False),
            nn.BatchNorm2d(after),
        )
        self.shortcut: nn.Module = nn.Identity()
        if stride != 1 or before != after:
            self.shortcut = nn.Sequential(nn.Conv2d(before, after, 1, stride, bias=False), nn.BatchNorm2d(after))

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(self.body(x) + self.shortcut(x))


class ResNet18(nn.Sequential):
    """(B, channels, H, W) -> (B, 8 width) (He et al. 2016); ``width``: 64 is theirs."""

    def __init__(self, channels: int, width: int) -> None:
        widths = [width, width, 2 * width, 4 * width, 8 * width]
        blocks = [
            layer
            for i in range(4)
            for layer in (_Block(widths[i], widths[i + 1], 1 if i == 0 else 2), _Block(widths[i + 1], widths[i + 1], 1))
        ]
        super().__init__(
            nn.Conv2d(channels, width, 7, 2, 3, bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(),
            nn.MaxPool2d(3, 2, 1),
            *blocks,
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
        )


class TwoStream(nn.Module):
    """Apex frame (B, 1, 112, 112) and flow to it (B, 2, 112, 112) -> emotions (paper 002, section 4: MER classifier).

    A ResNet-18 each, projected to 256; "gated concatenation": a gate in (0, 1) per feature, read from both embeddings,
    weighs one against the other before they are put side by side. The paper's networks are 64 wide and see RGB.
    """

    def __init__(self, width: int, classes: int) -> None:
        super().__init__()
        self.appearance = nn.Sequential(ResNet18(1, width), nn.Linear(8 * width, _EMBEDDING))
        self.motion = nn.Sequential(ResNet18(2, width), nn.Linear(8 * width, _EMBEDDING))
        self.gate = nn.Linear(2 * _EMBEDDING, _EMBEDDING)
        self.emotion = nn.Linear(2 * _EMBEDDING, classes)

    def forward(self, frame: Tensor, flow: Tensor) -> RecognitionOutput:
        appearance, motion = self.appearance(frame), self.motion(flow)
        gate = self.gate(torch.cat([appearance, motion], dim=1)).sigmoid()
        return RecognitionOutput(self.emotion(torch.cat([gate * appearance, (1 - gate) * motion], dim=1)))


def _ststnet(build: Build) -> StstNet:
    return StstNet(build.classes)


def _off_apexnet(build: Build) -> OffApexNet:
    return OffApexNet(build.classes)


def _two_stream(build: Build) -> TwoStream:
    return TwoStream(build.settings.width, build.classes)


SYSTEMS: Mapping[str, System] = MappingProxyType(
    {
        "ststnet": NetworkSystem(
            name="ststnet",
            description="shallow triple-stream CNN on the onset-apex flow (Liong et al., FG 2019)",
            needs=frozenset({Need.ONSET_APEX}),
            prepare=onset_apex_images,
            kinds=("motion",),
            build=_ststnet,
            standardise=True,
            bf16=False,
        ),
        "off_apexnet": NetworkSystem(
            name="off_apexnet",
            description="two-stream CNN on the onset-apex u and v (Gan et al. 2019)",
            needs=frozenset({Need.ONSET_APEX}),
            prepare=onset_apex_images,
            kinds=("motion",),
            build=_off_apexnet,
            standardise=True,
            bf16=False,
        ),
        "two_stream": NetworkSystem(
            name="two_stream",
            description="apex frame and Farneback flow to it, two ResNet-18, gated fusion (paper 002, section 4)",
            needs=frozenset({Need.CROPS}),
            prepare=apex_and_flow,
            kinds=("gray", "motion"),
            build=_two_stream,
            objective=Objective(label_smoothing=0.1),
        ),
    }
)
