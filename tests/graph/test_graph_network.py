import numpy as np
import pytest
import torch

from graph.network import AUGraphNetwork, DirectedConvolution, EmotionPooling, normalised_adjacency

# 0 hears 1 and 2, 1 hears 2, 2 hears nobody.
DIRECTED = np.array([[0.0, 0.9, 0.2], [0.0, 0.0, 0.5], [0.0, 0.0, 0.0]])


def network(**changes: object) -> AUGraphNetwork:
    torch.manual_seed(0)
    settings: dict[str, object] = {"node_width": 4, "widths": (8, 6)} | changes
    return AUGraphNetwork(5, torch.tensor(DIRECTED, dtype=torch.float32), **settings).eval()  # type: ignore[arg-type]


def test_message_flows_from_the_condition_to_the_effect() -> None:
    layer = DirectedConvolution(1, 1, normalised_adjacency(torch.tensor(DIRECTED)))
    layer.weight.weight.data.fill_(1.0)
    layer.double()
    only_last = layer(torch.tensor([[[0.0], [0.0], [1.0]]], dtype=torch.float64))[0, :, 0]
    only_first = layer(torch.tensor([[[1.0], [0.0], [0.0]]], dtype=torch.float64))[0, :, 0]
    assert (only_last > 0).all()  # AU 2 reaches 0 and 1
    assert only_first[0] > 0
    assert only_first[1:].abs().sum() == 0  # AU 0 reaches nobody


def test_propagation_equals_the_formula_in_plain_numpy() -> None:
    rng = np.random.default_rng(3)
    nodes, weight = rng.normal(size=(2, 3, 4)), rng.normal(size=(4, 5))
    with_self = DIRECTED + np.eye(3)
    scale = np.diag(with_self.sum(axis=1) ** -0.5)
    expected = scale @ with_self @ scale @ nodes @ weight
    layer = DirectedConvolution(4, 5, normalised_adjacency(torch.tensor(DIRECTED))).double()
    layer.weight.weight.data = torch.tensor(weight.T)
    assert np.allclose(layer(torch.tensor(nodes)).detach().numpy(), expected)


def test_self_loops_and_negative_weights_are_refused() -> None:
    with pytest.raises(ValueError, match="zero diagonal"):
        normalised_adjacency(torch.eye(3))
    with pytest.raises(ValueError, match="square"):
        normalised_adjacency(torch.zeros(2, 3))


def test_each_graph_of_a_batch_is_judged_alone() -> None:
    net, features = network(), torch.randn(6, 5)
    together = net(features)
    for i in range(6):
        alone = net(features[i : i + 1])
        for whole, part in zip(together, alone, strict=True):
            assert torch.allclose(whole[i : i + 1], part, atol=1e-6)


def test_pooling_keeps_the_upper_half_by_score() -> None:
    pooling = EmotionPooling(4, normalised_adjacency(torch.tensor(DIRECTED, dtype=torch.float32)), 0.5)
    nodes = torch.randn(2, 3, 4)
    scorer = pooling.pool.gnn
    scores = scorer(nodes.reshape(-1, 4), torch.zeros((2, 0), dtype=torch.long)).view(2, 3)
    best = scores.argsort(dim=1, descending=True)[:, :2]  # ceil(0.5 * 3)
    kept = torch.stack([nodes[b, best[b]] * torch.tanh(scores[b, best[b]])[:, None] for b in range(2)])
    expected = torch.cat((kept.mean(dim=1), kept.amax(dim=1)), dim=-1)
    assert torch.allclose(pooling(nodes), expected, atol=1e-6)


def test_emotion_layer_carries_the_estimate_of_the_first_head() -> None:
    net, features = network(), torch.randn(2, 5)
    first = net.first_emotion(features)
    nodes = net.node_features(features, first)
    assert nodes.shape == (2, 3, 4 + 3 + 7)
    assert torch.equal(nodes[:, :, 4:7], torch.eye(3).expand(2, -1, -1))
    assert torch.allclose(nodes[:, 1, 7:], first.softmax(dim=-1))
    plain = network(emotion_layer=False)
    assert plain.node_features(features, first).shape == (2, 3, 4 + 3)


def test_emotion_layer_changes_the_aus() -> None:
    net, features = network(), torch.randn(2, 5)
    before = net(features).au_logits
    net.first_emotion.bias.data += torch.linspace(-3, 3, 7)
    assert not torch.allclose(net(features).au_logits, before)
