"""Explanations on networks and motions whose answer is known."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import torch

from curves.errors import InputError
from curves.values import DEFAULT_AUS, AUActivation, Emotion, EmotionEstimate, Event, Side
from graph.network import AUGraphNetwork
from recognizer.explain import ExplainSettings, Seen, choose_windows, explain, own_motion
from recognizer.explain_cells import CELLS, face_cells, highest, pooled, random_patches, spread
from recognizer.explain_graph import emotion_layer, graph_part
from recognizer.face.align import CROP, canonical_face
from recognizer.face.motion import GRID
from recognizer.inference import MotionRun
from recognizer.model import Model, Thresholds
from recognizer.network import MicroExpressionNet
from recognizer.synthetic.warp import displacement_field, pulse
from recognizer.variants import VARIANTS

SMALL = {"width": 2, "frame_width": 8, "node_width": 4, "graph_widths": (8, 6), "dropout": 0.0}
QUICK = ExplainSettings(windows=2, steps=6, draws=2, moments=12)
CALM = EmotionEstimate(Emotion.OTHERS, dict.fromkeys(Emotion, 1 / 7))
EVENT = Event(0.4, 0.6, 0.8, 0.9, CALM, (AUActivation(12, Side.LEFT, 0.2), AUActivation(25, Side.BOTH, 0.1)))


def model(name: str = "default", **changes: object) -> Model:
    torch.manual_seed(0)
    net = MicroExpressionNet(replace(VARIANTS[name], **{**SMALL, **changes})).eval().requires_grad_(False)  # type: ignore[arg-type]
    return Model(net, Thresholds(), "digest", "untrained", torch.device("cpu"), bf16=False)


def smile(drift: float = 0.0) -> MotionRun:
    """A second and a half at 50 fps: AU12 left between 0.4 and 0.8 s, over a slow ``drift`` of the whole face."""
    times = np.arange(75) / 50
    amounts = np.zeros((len(DEFAULT_AUS), 2))
    amounts[DEFAULT_AUS.index(12), 0] = 0.5
    field = displacement_field(canonical_face()[:, :2], amounts, (CROP, CROP))[::2, ::2].transpose(2, 0, 1)
    flow = pulse(times, 0.4, 0.6, 0.8)[:, None, None, None] * field + drift * times[:, None, None, None]
    return MotionRun(times, flow.astype(np.float32))


def seen(run: MotionRun | None = None) -> Seen:
    return Seen(EVENT, run or smile(), np.array([[0.3, 0.9], [0.2, 1.2]]), np.array([0.6, 0.4]))


@pytest.mark.slow
def test_parts_add_up_to_what_the_event_makes() -> None:
    found = explain(seen(), model(), replace(QUICK, steps=12))
    for part in (found.score, *(p.logit for p in found.aus), *(p.intensity for p in found.aus)):
        difference = part.value - part.without
        assert part.cells.sum() == pytest.approx(difference, rel=0.1, abs=2e-3)
        assert part.course.sum() == pytest.approx(part.cells.sum(), rel=1e-5, abs=1e-8)
    assert abs(found.score.value - found.score.without) > 0.01  # else nothing was tested


@pytest.mark.slow
def test_only_what_moves_in_the_event_carries_it() -> None:
    """The smile is on the subject's left, low in the picture; the drift that goes on all the time carries nothing."""
    found = explain(seen(smile(drift=0.5)), model(), QUICK)
    cells = np.abs(found.score.cells)
    assert cells[CELLS // 2 :, CELLS // 2 :].sum() > 0.95 * cells.sum()
    assert cells[:4].sum() < 1e-3 * cells.sum()
    middle = (found.edges_s[1:] + found.edges_s[:-1]) / 2
    during = (middle > 0.3) & (middle < 0.9)
    assert np.abs(found.score.course[during]).sum() > 0.99 * np.abs(found.score.course).sum()


def test_the_events_own_motion() -> None:
    run = smile(drift=2.0)
    own = own_motion(seen(run))
    outside = (run.times_s < 0.3) | (run.times_s > 0.9)
    assert not own[outside].any()
    still = smile()
    np.testing.assert_allclose(own, own_motion(seen(still)), atol=1e-4)  # a straight passage is not the event's
    np.testing.assert_allclose(own[30], still.flow[30], atol=1e-4)


@pytest.mark.slow
def test_the_same_input_gives_the_same_numbers() -> None:
    first, second = (explain(seen(), model(), replace(QUICK, steps=2)) for _ in range(2))
    np.testing.assert_array_equal(first.score.cells, second.score.cells)
    np.testing.assert_array_equal(first.deletion.random, second.deletion.random)
    assert first.graph is not None
    assert second.graph is not None
    assert first.graph.edges == second.graph.edges


def test_progress_ends_at_its_total() -> None:
    told: list[tuple[int, int]] = []
    explain(seen(), model(), replace(QUICK, steps=2), lambda done, total: told.append((done, total)))
    assert [done for done, _ in told] == list(range(1, told[-1][1] + 1))


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name, config in VARIANTS.items() if config.input == "flow"])
def test_every_variant_that_reads_flow_is_explained(name: str) -> None:
    run = smile()
    if VARIANTS[name].prior == "ewp":
        run = replace(run, prior=np.ones((GRID, GRID), np.float32))
    found = explain(seen(run), model(name, size=56), replace(QUICK, steps=1, draws=1))
    config = VARIANTS[name]
    assert (found.graph is None) == (config.graph == "none")
    assert (found.emotion is None) == (config.graph == "none" or not config.emotion_layer)
    assert np.isfinite(found.score.cells).all()


def test_coarse_gradients_are_refused() -> None:
    with pytest.raises(ValueError, match="float32"):
        explain(seen(), replace(model(), bf16=True), QUICK)


def test_windows_that_do_not_say_the_event_are_an_error() -> None:
    deaf = model()
    with torch.no_grad():
        deaf.network.score.bias.fill_(-50.0)
    run = smile()
    with pytest.raises(InputError, match="convert the video again"):
        choose_windows(run.times_s, EVENT, run, deaf)


def test_the_windows_chosen_hold_the_event_and_weigh_one() -> None:
    eager = model()
    with torch.no_grad():
        eager.network.score.bias.fill_(20.0)
        eager.network.times.weight.zero_()
        eager.network.times.bias.copy_(torch.tensor([-1.0, 0.0, 1.0]))  # onset, offset at 27 and 73 % of each window
    run = smile()
    found = choose_windows(run.times_s, EVENT, run, eager, ExplainSettings(windows=3))
    assert len(found.windows) <= 3
    assert found.weights.sum() == pytest.approx(1.0)
    assert (found.windows[:, 0] < EVENT.apex_s).all()
    assert (found.windows[:, 1] > EVENT.apex_s).all()


def graph_of(adjacency: torch.Tensor) -> AUGraphNetwork:
    torch.manual_seed(3)
    return AUGraphNetwork(5, adjacency, node_width=4, widths=(8, 6)).eval()


def test_an_edge_changes_its_target_and_is_named_from_source_to_target() -> None:
    adjacency = torch.zeros(4, 4)
    adjacency[2, 0] = 1.0  # 2 hears 0
    part = graph_part(graph_of(adjacency), torch.randn(3, 5), torch.tensor([0.2, 0.3, 0.5]), (1, 2, 4, 5))
    (edge,) = part.edges
    assert (edge.source, edge.target) == (1, 4)
    assert edge.change != 0.0
    assert part.au_logits[2] - part.without_edges[2] == pytest.approx(edge.change, abs=1e-6)
    np.testing.assert_allclose(part.au_logits[[0, 1, 3]], part.without_edges[[0, 1, 3]], atol=1e-6)


def test_without_all_edges_each_node_hears_itself_alone() -> None:
    torch.manual_seed(5)
    graph, features, share = graph_of(torch.rand(4, 4).fill_diagonal_(0)), torch.randn(2, 5), torch.tensor([0.5, 0.5])
    before = graph(features).au_logits
    part = graph_part(graph, features, share, (1, 2, 4, 5))
    assert len(part.edges) == 12
    nodes = graph.node_features(features, graph.first_emotion(features))
    for convolution in graph.convolutions:
        own = convolution.propagation.diagonal()[:, None]
        nodes = torch.relu(own * convolution.weight(nodes))
    alone = share @ graph.au(nodes).squeeze(-1)
    np.testing.assert_allclose(part.without_edges, alone.detach().numpy(), atol=1e-6)
    np.testing.assert_array_equal(graph(features).au_logits.detach(), before.detach())  # the graph is as it was


def test_a_cut_edge_is_one_entry_in_both_layers() -> None:
    torch.manual_seed(6)
    graph, features, share = graph_of(torch.rand(4, 4).fill_diagonal_(0)), torch.randn(2, 5), torch.tensor([0.7, 0.3])
    part = graph_part(graph, features, share, (1, 2, 4, 5))
    other = graph_of(torch.zeros(4, 4))
    other.load_state_dict(graph.state_dict())
    for convolution in other.convolutions:
        convolution.propagation[1, 3] = 0.0
    expected = share @ (graph(features).au_logits - other(features).au_logits)
    edge = next(e for e in part.edges if (e.source, e.target) == (5, 2))
    assert edge.change == pytest.approx(float(expected[1].detach()), abs=1e-6)


def test_an_emotion_layer_that_tells_nothing_adds_nothing() -> None:
    graph, features, share = graph_of(torch.zeros(4, 4)), torch.randn(2, 5), torch.tensor([0.5, 0.5])
    told = emotion_layer(graph, features, share)
    assert np.abs(told.au_with - told.au_without).max() > 1e-4
    with torch.no_grad():
        graph.first_emotion.weight.zero_()
        graph.first_emotion.bias.zero_()
    silent = emotion_layer(graph, features, share)
    np.testing.assert_allclose(silent.au_with, silent.au_without, atol=1e-6)
    np.testing.assert_allclose(silent.emotion_with, silent.emotion_without, atol=1e-6)
    np.testing.assert_allclose(silent.probabilities, 1 / 7)


def test_all_cells_are_everything_and_one_is_a_bump() -> None:
    np.testing.assert_allclose(spread(np.ones((CELLS, CELLS), np.bool_)), 1.0)
    one = np.zeros((CELLS, CELLS), np.bool_)
    one[3, 9] = True
    bump = pooled(spread(one))
    assert np.unravel_index(bump.argmax(), bump.shape) == (3, 9)
    assert bump.sum() == pytest.approx(1.0, rel=0.01)


def test_patches_have_the_asked_size_and_lie_on_the_face() -> None:
    face = face_cells()
    assert 80 < face.sum() < 140
    patches = random_patches(face, 0.2, 5, seed=1)
    assert {int(patch.sum()) for patch in patches} == {round(0.2 * face.sum())}
    assert not any((patch & ~face).any() for patch in patches)
    assert any((a != b).any() for a, b in pairwise(patches))
    again = random_patches(face, 0.2, 5, seed=1)
    assert all((a == b).all() for a, b in zip(patches, again, strict=True))
    values = np.arange(CELLS * CELLS, dtype=float).reshape(CELLS, CELLS)
    chosen = highest(values, face, 0.1)
    assert values[chosen].min() > values[face & ~chosen].max()
