"""Facial-prior maps of paper 003 as a channel beside the motion: equal weighted (EWP) or adaptive weighted (AWP).

All crops are aligned to one mean face, so one map, made from that face's keypoints, serves all clips; the paper makes
one a frame. Maps are multiplied by their number, 18, so that the channel is of the motion's size.
"""

from typing import Literal

import torch
from torch import Tensor, nn

from recognizer.face.align import canonical_face
from recognizer.face.prior import keypoint_maps

PriorKind = Literal["none", "ewp", "awp"]


class PriorChannel(nn.Module):
    """(B, C, T, 56, 56) -> (B, C + 1, T, 56, 56).

    ``ewp``: the mean of the keypoints' Gaussians (equation 2). ``awp``: equation 3, S = Psi(S^m), a 1 x 1 convolution
    over the Gaussians whose weights are learned with the rest. Psi is not given; ours is the softmax of the
    weights: they stay positive and sum to 1, so that AWP starts as EWP and differs from it by what it learned alone.
    """

    maps: Tensor

    def __init__(self, kind: PriorKind) -> None:
        super().__init__()
        if kind not in ("ewp", "awp"):
            raise ValueError(f"prior: expected ewp or awp, got {kind!r}")
        maps = torch.from_numpy(keypoint_maps(canonical_face()))
        self.register_buffer("maps", maps * len(maps))
        self.logits = nn.Parameter(torch.zeros(len(maps)), requires_grad=kind == "awp")

    def weights(self) -> Tensor:
        """(18,): of the keypoints, summing to 1."""
        return self.logits.softmax(dim=0)

    def forward(self, volume: Tensor) -> Tensor:
        channel = torch.einsum("k,khw->hw", self.weights(), self.maps)
        batch, _, frames, height, width = volume.shape
        return torch.cat([volume, channel.to(volume.dtype).expand(batch, 1, frames, height, width)], dim=1)
