"""The graph names as many emotions as its task has."""

import pytest
import torch

from graph.network import EMOTIONS, AUGraphNetwork, NoGraph

ADJACENCY = torch.tensor([[0.0, 0.9, 0.2], [0.1, 0.0, 0.5], [0.0, 0.3, 0.0]])


@pytest.mark.parametrize("emotions", [2, 3, EMOTIONS])
@pytest.mark.parametrize("emotion_layer", [True, False])
def test_both_emotion_heads_and_the_layer_between_them_have_the_tasks_classes(
    emotions: int, emotion_layer: bool
) -> None:
    net = AUGraphNetwork(5, ADJACENCY, node_width=4, widths=(8, 6), emotion_layer=emotion_layer, emotions=emotions)
    found = net(torch.randn(2, 5))
    assert found.emotion_logits.shape == found.first_emotion_logits.shape == (2, emotions)
    assert found.au_logits.shape == (2, 3)
    nodes = net.node_features(torch.randn(2, 5), torch.zeros(2, emotions))
    assert nodes.shape == (2, 3, 4 + 3 + emotion_layer * emotions)
    assert NoGraph(5, 3, emotions=emotions)(torch.randn(2, 5)).emotion_logits.shape == (2, emotions)


def test_seven_unless_told() -> None:
    assert AUGraphNetwork(5, ADJACENCY, node_width=4, widths=(8, 6)).emotion.out_features == EMOTIONS
