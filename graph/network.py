"""The AU graph network with its emotion layer (SPEC 3; AU_GCN_CUR section 3.3).

One node per AU. A node starts as [its projection of F, its one-hot, the 7-d emotion vector]; two directed graph
convolutions follow; AU logits come from all nodes, the emotion logits from the half that self-attention pooling keeps.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch_geometric.nn.pool import SAGPooling

EMOTIONS = 7  #: CASME II's labels, ``curves.values.Emotion``: what a network names unless told


class GraphOutput(NamedTuple):
    """``au_logits`` (B, n); ``emotion_logits`` (B, 7) from the pooled graph; ``first_emotion_logits`` (B, 7) from F
    alone: what the emotion layer is made of. 7 or however many ``emotions`` the network names."""

    au_logits: Tensor
    emotion_logits: Tensor
    first_emotion_logits: Tensor


def normalised_adjacency(adjacency: Tensor) -> Tensor:
    """D^-1/2 (A + I) D^-1/2 with D the row sums of A + I; ``adjacency`` (n, n) >= 0 with zero diagonal.

    A stays directed: entry [i, j] weighs the message i <- j (``graph.cooccurrence``).
    """
    if adjacency.ndim != 2 or adjacency.shape[0] != adjacency.shape[1]:
        raise ValueError(f"adjacency: expected a square matrix, got shape {tuple(adjacency.shape)}")
    if (adjacency < 0).any() or adjacency.diagonal().any():
        raise ValueError("adjacency: expected no negative entry and a zero diagonal (I is added here)")
    with_self = adjacency + torch.eye(adjacency.shape[0], dtype=adjacency.dtype)
    scale = with_self.sum(dim=1).rsqrt()  # a row sum is at least 1: no division by zero
    return scale[:, None] * with_self * scale[None, :]


class DirectedConvolution(nn.Module):
    """H' = A_hat H W, A_hat (n, n) normalised once and fixed; H (B, n, in) -> (B, n, out). No activation."""

    propagation: Tensor

    def __init__(self, in_width: int, out_width: int, propagation: Tensor) -> None:
        super().__init__()
        self.register_buffer("propagation", propagation)
        self.weight = nn.Linear(in_width, out_width, bias=False)

    def forward(self, nodes: Tensor) -> Tensor:
        result: Tensor = self.propagation @ self.weight(nodes)
        return result


class _PoolingScore(nn.Module):
    """The scorer that SAGPooling asks for: our directed convolution, one number a node.

    PyG's default scorer leaves edge weights out; a smoothed A has every edge, so all nodes would hear the same.
    """

    def __init__(self, in_channels: int, out_channels: int, propagation: Tensor) -> None:
        super().__init__()
        self.convolution = DirectedConvolution(in_channels, out_channels, propagation)

    def reset_parameters(self) -> None:
        self.convolution.weight.reset_parameters()

    def forward(self, nodes: Tensor, _edge_index: Tensor) -> Tensor:
        count = self.convolution.propagation.shape[0]
        scores: Tensor = self.convolution(nodes.view(-1, count, nodes.shape[-1]))
        return scores.reshape(-1, 1)


class EmotionPooling(nn.Module):
    """Self-attention pooling (PyG ``SAGPooling``) that keeps ``ceil(ratio n)`` nodes a graph, then mean and maximum.

    (B, n, width) -> (B, 2 width). No layer follows that would need the pooled edges, so none are passed.
    """

    def __init__(self, width: int, propagation: Tensor, ratio: float) -> None:
        super().__init__()
        self.pool = SAGPooling(width, ratio, GNN=_PoolingScore, propagation=propagation)
        # SAGPooling multiplies the score by a weight and divides by that weight's norm: only its sign is left.
        nn.init.ones_(self.pool.select.weight).requires_grad_(False)

    def forward(self, nodes: Tensor) -> Tensor:
        batch, count, width = nodes.shape
        graph_of_node = torch.arange(batch, device=nodes.device).repeat_interleave(count)
        no_edges = torch.zeros((2, 0), dtype=torch.long, device=nodes.device)
        kept: Tensor = self.pool(nodes.reshape(-1, width), no_edges, batch=graph_of_node)[0]
        kept = kept.view(batch, -1, width)  # SAGPooling returns the graphs in order, equally many nodes each
        return torch.cat((kept.mean(dim=1), kept.amax(dim=1)), dim=-1)


class AUGraphNetwork(nn.Module):
    """F (B, feature_width) -> ``GraphOutput``.

    ``adjacency`` (n, n): directed or symmetrised A without self-loops. ``node_width``: size of F's projection on each
    node (the paper: 512). ``widths``: of the two graph layers (the paper: 1024, 512). ``emotion_layer``: append the
    softmax of the first head, never the label, to each node, in training as in use. ``emotions``: how many it names.
    """

    def __init__(
        self,
        feature_width: int,
        adjacency: Tensor,
        *,
        node_width: int,
        widths: tuple[int, int],
        emotion_layer: bool = True,
        keep_ratio: float = 0.5,
        emotions: int = EMOTIONS,
    ) -> None:
        super().__init__()
        propagation = normalised_adjacency(adjacency)
        self.count = adjacency.shape[0]
        self.emotion_layer = emotion_layer
        self.project = nn.Linear(feature_width, self.count * node_width)
        self.first_emotion = nn.Linear(feature_width, emotions)
        in_width = node_width + self.count + (emotions if emotion_layer else 0)
        self.convolutions = nn.ModuleList(
            DirectedConvolution(a, b, propagation) for a, b in ((in_width, widths[0]), widths)
        )
        self.au = nn.Linear(widths[1], 1)
        self.pooling = EmotionPooling(widths[1], propagation, keep_ratio)
        self.emotion = nn.Linear(2 * widths[1], emotions)

    def node_features(self, features: Tensor, first_emotion_logits: Tensor) -> Tensor:
        """(B, n, node_width + n [+ emotions]): F's projection, the one-hot, the emotion layer."""
        batch = features.shape[0]
        one_hot = torch.eye(self.count, device=features.device, dtype=features.dtype).expand(batch, -1, -1)
        parts = [self.project(features).view(batch, self.count, -1), one_hot]
        if self.emotion_layer:
            parts.append(first_emotion_logits.softmax(dim=-1)[:, None, :].expand(-1, self.count, -1))
        return torch.cat(parts, dim=-1)

    def forward(self, features: Tensor) -> GraphOutput:
        first = self.first_emotion(features)
        nodes = self.node_features(features, first)
        for convolution in self.convolutions:
            nodes = torch.relu(convolution(nodes))
        return GraphOutput(self.au(nodes).squeeze(-1), self.emotion(self.pooling(nodes)), first)


class NoGraph(nn.Module):
    """The ablation without a graph (the paper's "3D-CNN" row): AUs and emotion straight from F."""

    def __init__(self, feature_width: int, count: int, *, emotions: int = EMOTIONS) -> None:
        super().__init__()
        self.au = nn.Linear(feature_width, count)
        self.emotion = nn.Linear(feature_width, emotions)

    def forward(self, features: Tensor) -> GraphOutput:
        emotion = self.emotion(features)
        return GraphOutput(self.au(features), emotion, emotion)
