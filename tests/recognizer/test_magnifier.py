"""The magnifier's parts against numbers worked out by hand."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from magnifier_samples import SMALL, bump, fake_faces, random_inputs, stirred, texture

from recognizer.face.align import CROP
from recognizer.magnifier.examples import ExampleConfig, draw_alpha, draw_examples, true_field
from recognizer.magnifier.losses import (
    MagnifierLoss,
    colour_loss,
    flow_losses,
    magnification_loss,
    size_loss,
    truth_loss,
)
from recognizer.magnifier.network import Magnifier, MagnifierConfig, alpha_embedding, held_alpha, limited_alpha, moved
from recognizer.magnifier.optical import inverse_displacement, lucas_kanade, pixel_grid, sample, warp
from recognizer.magnifier.training import (
    example_losses,
)

# --- alpha -----------------------------------------------------------------------------------------------------------


def test_the_embedding_is_sines_then_cosines_of_octaves() -> None:
    assert alpha_embedding(torch.ones(2, 1, 3, 5), 32).shape == (2, 32, 3, 5)
    at_one = alpha_embedding(torch.ones(1, 1, 1, 1), 8).flatten()
    assert torch.equal(at_one, torch.tensor([0.0, 0, 0, 0, 1, 1, 1, 1]))
    quarter = alpha_embedding(torch.full((1, 1, 1, 1), 2**0.25), 32).flatten()
    assert quarter[15] == pytest.approx(1.0)  # a quarter of the shortest period, one octave
    assert quarter[0] == pytest.approx(math.sin(2 * math.pi / 16 / 4), abs=1e-6)  # of the longest, 16 octaves


def test_no_two_factors_of_the_range_share_an_embedding() -> None:
    alpha = torch.exp2(torch.linspace(-4, 4, 81)).view(-1, 1, 1, 1)
    codes = alpha_embedding(alpha, 32).flatten(1)
    apart = torch.cdist(codes, codes) + torch.eye(81) * 9
    assert apart.min() > 0.1


def test_factors_are_drawn_evenly_over_octaves_of_the_papers_ranges() -> None:
    octaves = torch.log2(draw_alpha(np.random.default_rng(0), 4000, ExampleConfig(shrink=0.5)))
    assert octaves.min() >= -4.0
    assert octaves.max() <= 4.0
    counts = torch.histc(octaves, 8, -4.0, 4.0)
    assert counts.min() > 400


def test_a_reach_lowers_the_factor_only_where_much_moves() -> None:
    flow = bump(56, (3.0, 0.0), 3.0)
    factors = limited_alpha(flow, torch.tensor([8.0]), torch.tensor([6.0]))
    assert factors.shape == (1, 1, 56, 56)
    assert factors[0, 0, 28, 28] == pytest.approx(2.0, rel=0.05)
    assert factors[0, 0, 2, 2] == 8.0
    assert factors.min() >= 1.0
    assert (limited_alpha(flow * 10, torch.tensor([8.0]), torch.tensor([6.0])) >= 1.0).all()
    assert (limited_alpha(flow * 10, torch.tensor([0.25]), torch.tensor([6.0])) == 0.25).all()


def test_factors_below_one_rise_to_one_where_much_moves() -> None:
    flow = bump(56, (3.0, 0.0), 3.0)
    factors = held_alpha(flow, torch.tensor([0.25]), torch.tensor([4.0]))
    assert factors[0, 0, 28, 28] == pytest.approx(0.25 + 0.75 * 0.5, rel=0.05)  # half way from half of the reach
    assert factors[0, 0, 2, 2] == 0.25
    assert (held_alpha(flow, torch.tensor([0.25]), torch.tensor([6.5])) == 0.25).all()
    assert held_alpha(flow, torch.tensor([0.25]), torch.tensor([2.9]))[0, 0, 28, 28] == pytest.approx(1.0, abs=0.05)
    above = torch.tensor([8.0]), torch.tensor([6.0])
    assert torch.equal(held_alpha(flow, *above), limited_alpha(flow, *above))


# --- warping and flow ------------------------------------------------------------------------------------------------


@given(st.floats(-3, 3), st.floats(-3, 3), st.floats(5, 9))
def test_an_inverse_leads_back(right: float, down: float, width: float) -> None:
    field = bump(40, (right, down), width)
    back = inverse_displacement(field, rounds=40)
    there = back + sample(field, pixel_grid(field) + back)
    assert there.abs().max() < 0.02


@pytest.mark.parametrize(("right", "down"), [(0.4, 0.0), (-0.7, 0.5), (2.5, -1.5), (5.0, 0.0)])
def test_the_flow_finds_shifts(right: float, down: float) -> None:
    first = torch.from_numpy(texture(56, 1).astype(np.float32) / 255)[None, None]
    shift = torch.tensor([right, down]).view(1, 2, 1, 1).expand(1, 2, 56, 56)
    flow = lucas_kanade(first, warp(first, -shift, mode="bicubic"))
    inner = flow[0, :, 14:-14, 14:-14].flatten(1).median(dim=1).values
    assert inner.tolist() == pytest.approx([right, down], abs=0.15)


def test_gradients_pass_through_the_flow() -> None:
    first = torch.from_numpy(texture(56, 2).astype(np.float32) / 255)[None, None]
    second = first.clone().requires_grad_(True)
    lucas_kanade(first, second)[0, 0].sum().backward()
    assert second.grad is not None
    assert torch.isfinite(second.grad).all()
    assert second.grad.abs().mean() > 0


# --- equations 1 to 3 ------------------------------------------------------------------------------------------------


def test_equation_1_by_hand() -> None:
    flow = torch.tensor([1.0, 0.0]).view(1, 2, 1, 1).expand(1, 2, 4, 4)
    got = torch.tensor([2.0, -0.5]).view(1, 2, 1, 1).expand(1, 2, 4, 4)
    assert magnification_loss(flow, got, torch.full((1, 1, 4, 4), 3.0)) == pytest.approx((1.0 + 0.5) / 2)
    assert magnification_loss(flow, 3 * flow, torch.full((1, 1, 4, 4), 3.0)) == 0.0


def test_equation_2_by_hand() -> None:
    still = torch.zeros(1, 2, 4, 6)
    right = still + torch.tensor([1.0, 0.0]).view(1, 2, 1, 1)
    ramp = torch.arange(6.0).view(1, 1, 1, 6).expand(1, 1, 4, 6) / 10
    assert colour_loss(ramp, still, ramp + 0.3, still) == pytest.approx(0.3)
    # sampled one pixel to the right the ramp is 0.1 brighter, but for its last column, where the rim goes on
    assert colour_loss(ramp, still, ramp, right) == pytest.approx(0.1 * 5 / 6, abs=1e-6)
    assert colour_loss(ramp, right, ramp, right) == 0.0


def test_equation_3_weighs_one_and_ten() -> None:
    weights = MagnifierLoss()
    assert (weights.magnification, weights.colour) == (1.0, 10.0)
    pictures = [torch.from_numpy(texture(CROP, seed).astype(np.float32) / 255)[None, None] for seed in range(3)]
    losses = flow_losses(pictures[0], pictures[1], pictures[2], torch.full((1, 1, 56, 56), 2.0), weights)
    assert losses["total"] == pytest.approx(float(losses["magnification"] + 10 * losses["colour"]), rel=1e-5)


def test_a_frame_magnified_as_it_should_be_loses_least() -> None:
    rest = torch.from_numpy(texture(CROP, 3, 3.0).astype(np.float32) / 255)[None, None]
    motion = bump(CROP, (1.2, 0.4), 12.0)
    frames = {a: warp(rest, inverse_displacement(a * motion, 30), mode="bicubic") for a in (1.0, 2.0, 3.0, 4.0)}
    wanted = torch.full((1, 1, 56, 56), 3.0)
    losses = {a: flow_losses(rest, frames[1.0], frames[a], wanted, MagnifierLoss())["magnification"] for a in frames}
    assert min(losses, key=losses.__getitem__) == 3.0


def test_the_true_field_of_a_shift_by_hand() -> None:
    shift = torch.tensor([2.0, -1.0]).view(1, 2, 1, 1).expand(1, 2, CROP, CROP)
    for alpha in (0.25, 1.0, 3.0):
        field = true_field(shift, torch.full((1, 1, 56, 56), alpha))
        assert field.mean(dim=(0, 2, 3)).tolist() == pytest.approx([2 * (1 - alpha), -(1 - alpha)], abs=1e-5)


def test_the_truth_counts_square_up_to_a_pixel_and_straight_beyond() -> None:
    field = torch.zeros(1, 2, 4, 4)
    assert truth_loss(field, field + 0.5) == pytest.approx(0.125)
    assert truth_loss(field, field - 3.0) == pytest.approx(2.5)


def test_the_size_of_a_movement_by_hand() -> None:
    truth = bump(56, (3.0, -1.0), 8.0)
    assert size_loss(truth, truth) == pytest.approx(0.0, abs=1e-5)
    assert size_loss(0.5 * truth, truth) == pytest.approx(0.25, rel=0.01)
    assert size_loss(0 * truth, truth) == pytest.approx(1.0, rel=0.01)


@pytest.mark.parametrize("alpha", [0.25, 0.5, 3.0, 6.0])
def test_the_true_field_makes_the_magnified_picture(alpha: float) -> None:
    rest = torch.from_numpy(texture(CROP, 4, 4.0).astype(np.float32) / 255)[None, None]
    motion = bump(CROP, (6.0 / max(alpha, 1.0), 2.0 / max(alpha, 1.0)), 12.0)
    frame = warp(rest, inverse_displacement(motion, 30), mode="bicubic")
    wanted = warp(rest, inverse_displacement(alpha * motion, 30), mode="bicubic")
    got = moved(frame, true_field(motion, torch.full((1, 1, 56, 56), alpha)), mode="bicubic")
    assert (got - wanted).abs().mean() < 0.12 * (frame - wanted).abs().mean()


# --- network ---------------------------------------------------------------------------------------------------------


def test_factor_one_changes_nothing_whatever_the_weights() -> None:
    rest, frame, flow = random_inputs()
    field = stirred()(rest, frame, flow, torch.ones(2, 1, 56, 56))
    assert field.shape == (2, 2, 56, 56)
    assert torch.equal(field, torch.zeros_like(field))
    assert (moved(frame, field) - frame).abs().max() < 1e-4  # grid_sample's own rounding


def test_untrained_it_passes_the_flow_on() -> None:
    rest, frame, _ = random_inputs(1)
    flow = torch.tensor([0.5, -0.25]).view(1, 2, 1, 1).expand(1, 2, 56, 56)
    field = Magnifier(SMALL)(rest, frame, flow, torch.full((1, 1, 56, 56), 5.0))
    assert field.mean(dim=(0, 2, 3)).tolist() == pytest.approx([-4 * 0.5, 4 * 0.25], abs=1e-5)


def test_every_weight_gets_a_gradient() -> None:
    net = stirred()
    batch = draw_examples(fake_faces(), np.random.default_rng(0), 4, ExampleConfig())
    example_losses(net, batch, MagnifierLoss())["total"].backward()
    for name, weight in net.named_parameters():
        assert weight.grad is not None, name
        assert torch.isfinite(weight.grad).all(), name
        assert weight.grad.abs().sum() > 0, name


@pytest.mark.parametrize("change", [{"width": 0}, {"stages": 1}, {"embedding": 7}])
def test_a_network_that_cannot_be_is_refused(change: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="expected width"):
        MagnifierConfig(**change)


def test_the_papers_network_can_be_built() -> None:
    net = Magnifier(MagnifierConfig(width=64, stages=5, embedding=32))
    assert [stage[0].out_channels for stage in net.unet.down] == [64, 128, 256, 512, 1024]
