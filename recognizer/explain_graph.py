"""Which edges of the AU graph, and how much of the emotion layer, an event's AU logits owe.

An edge j -> i is cut by taking its message away in both graph layers (and in the pooling that reads the emotion):
entry [i, j] of the normalised adjacency becomes 0, all others stay. So what is measured is that message alone, not
what a graph normalised anew would say.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from graph.network import AUGraphNetwork, DirectedConvolution, GraphOutput
from recognizer.model import Model


class Edge(NamedTuple):
    """``change``: what the edge ``source`` -> ``target`` (AUs) adds to the target's logit: with it less without it.
    ``weight``: its entry in the normalised adjacency."""

    source: int
    target: int
    weight: float
    change: float


class GraphPart(NamedTuple):
    """``edges``: all of them, the largest change first. ``au_logits``, ``without_edges`` (n,): with all edges and with
    none but each node's own; ``aus`` (n,) names them."""

    aus: tuple[int, ...]
    edges: tuple[Edge, ...]
    au_logits: NDArray[np.float64]
    without_edges: NDArray[np.float64]


class EmotionLayer(NamedTuple):
    """``probabilities`` (7,): what the layer tells each node, in ``Emotion`` order. Logits with it, and with a layer
    that tells nothing (1/7 each): ``au_*`` (n,), ``emotion_*`` (7,) of the graph's own verdict."""

    probabilities: NDArray[np.float64]
    au_with: NDArray[np.float64]
    au_without: NDArray[np.float64]
    emotion_with: NDArray[np.float64]
    emotion_without: NDArray[np.float64]


def explain_graph(
    model: Model, volumes: Tensor, weights: NDArray[np.float64]
) -> tuple[GraphPart | None, EmotionLayer | None]:
    """Of windows ``volumes`` (K, C, 16, 56, 56), means with ``weights`` (K,). None: the network has no such part."""
    graph = model.network.graph
    if not isinstance(graph, AUGraphNetwork):
        return None, None
    features = _features(model, graph, volumes)
    share = torch.from_numpy(weights).to(features)
    aus = model.network.config.aus
    with torch.inference_mode():
        edges = graph_part(graph, features, share, aus)
        return edges, emotion_layer(graph, features, share) if graph.emotion_layer else None


def _features(model: Model, graph: AUGraphNetwork, volumes: Tensor) -> Tensor:
    """F (K, width): what the network hands to its graph."""
    caught: list[Tensor] = []
    hook = graph.register_forward_pre_hook(lambda _module, inputs: caught.append(inputs[0].float()))
    try:
        model.predict(volumes)
    finally:
        hook.remove()
    return caught[0]


def graph_part(graph: AUGraphNetwork, features: Tensor, share: Tensor, aus: tuple[int, ...]) -> GraphPart:
    """The change by each edge of ``graph`` for F ``features`` (K, width), means with ``share`` (K,)."""

    def logits() -> NDArray[np.float64]:
        return (share @ graph(features).au_logits).detach().double().cpu().numpy()

    propagation = next(iter(_convolutions(graph))).propagation.cpu()
    whole = logits()
    edges = []
    for i, j in torch.nonzero(propagation).tolist():
        if i != j:
            keep = torch.ones_like(propagation)
            keep[i, j] = 0.0
            with _kept(graph, keep):
                change = float(whole[i] - logits()[i])
            edges.append(Edge(aus[j], aus[i], float(propagation[i, j]), change))
    with _kept(graph, torch.eye(len(aus))):
        alone = logits()
    return GraphPart(aus, tuple(sorted(edges, key=lambda edge: -abs(edge.change))), whole, alone)


def emotion_layer(graph: AUGraphNetwork, features: Tensor, share: Tensor) -> EmotionLayer:
    """What the emotion layer of ``graph`` changes, for the same as ``graph_part``."""
    found: GraphOutput = graph(features)
    told = found.first_emotion_logits.softmax(dim=-1)
    nodes = graph.node_features(features, torch.zeros_like(found.first_emotion_logits))  # a softmax of zeros is 1/7
    for convolution in graph.convolutions:
        nodes = torch.relu(convolution(nodes))
    columns = (
        told,
        found.au_logits,
        graph.au(nodes).squeeze(-1),
        found.emotion_logits,
        graph.emotion(graph.pooling(nodes)),
    )
    return EmotionLayer(*((share @ column).detach().double().cpu().numpy() for column in columns))


def _convolutions(graph: AUGraphNetwork) -> Iterator[DirectedConvolution]:
    return (module for module in graph.modules() if isinstance(module, DirectedConvolution))


@contextmanager
def _kept(graph: AUGraphNetwork, keep: Tensor) -> Iterator[None]:
    """While it lasts, messages are multiplied by ``keep`` (n, n); then the graph is as it was."""
    held = [(convolution, convolution.propagation) for convolution in _convolutions(graph)]
    try:
        for convolution, propagation in held:
            convolution.propagation = propagation * keep.to(propagation)
        yield
    finally:
        for convolution, propagation in held:
            convolution.propagation = propagation
