"""The magnifier: its parts against numbers worked out by hand, its training, its weights."""

import json
import math
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from curves.errors import FormatError, InputError, SetupError
from microexpr._demo_face import draw_face
from microexpr.sample import demo_landmarks
from recognizer.face.align import CROP, crop_face, fit_camera, head_shape, stability
from recognizer.magnifier.apply import WIDE, smooth_over_time
from recognizer.magnifier.examples import ExampleConfig, draw_alpha, draw_examples, true_field
from recognizer.magnifier.faces import Faces, draw_strengths, load_faces
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
from recognizer.magnifier.picture import Surface
from recognizer.magnifier.ratio import RatioRow, magnify_crops, write_table
from recognizer.magnifier.training import (
    CHECKPOINT,
    LOG,
    MagnifierRecipe,
    MagnifierTraining,
    example_losses,
    load_recipe,
)
from recognizer.magnifier.weights import load_magnifier, save_magnifier, shipped_weights
from recognizer.mmr import mmr
from recognizer.synthetic.warp import displacement_field, warp_image

SMALL = MagnifierConfig(width=4, stages=3, embedding=8)
RECIPES = Path(__file__).parents[2] / "recognizer" / "recipes"


def texture(side: int, seed: int, sigma: float = 2.0) -> np.ndarray:
    """(side, side) uint8 of smooth noise: something for flow to hold on to."""
    noise = np.random.default_rng(seed).normal(0.0, 1.0, (side, side)).astype(np.float32)
    smooth = cv2.GaussianBlur(noise, (0, 0), sigma)
    return np.clip(128 + 40 * smooth / smooth.std(), 0, 255).astype(np.uint8)


def fake_faces(people: int = 4, expressions: int = 2) -> Faces:
    still = np.stack([texture(2 * CROP, seed, 3.0) for seed in range(people)])
    rest = np.stack([cv2.resize(one, (CROP, CROP), interpolation=cv2.INTER_AREA) for one in still])
    moved_ = np.stack([np.stack([np.roll(one, k, 1) for k in range(expressions)]) for one in rest])
    return Faces(still, rest, moved_, np.arange(people))


def tiny_recipe(steps: int = 2) -> MagnifierRecipe:
    return MagnifierRecipe(
        people=4,
        held_out=1,
        steps=steps,
        batch_size=4,
        validate_every=1,
        validation_examples=2,
        warmup=1,
        network=SMALL,
    )


def bump(side: int, peak: tuple[float, float], width: float) -> torch.Tensor:
    """(1, 2, side, side): one Gaussian in the middle."""
    grid = pixel_grid(torch.empty(side, side))[0]
    bell = torch.exp(-((grid - (side - 1) / 2) ** 2).sum(0) / (2 * width**2))
    return torch.stack([bell * peak[0], bell * peak[1]])[None]


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


def random_inputs(count: int = 2) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    frames = torch.rand(2 * count, 1, CROP, CROP, generator=generator)
    return frames[:count], frames[count:], torch.randn(count, 2, 56, 56, generator=generator) * 0.3


def stirred(config: MagnifierConfig = SMALL) -> Magnifier:
    """A magnifier whose last layer is not zero, as one that has learned."""
    torch.manual_seed(1)
    net = Magnifier(config)
    torch.nn.init.normal_(net.unet.out.weight, std=0.1)
    return net


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


# --- examples and training -------------------------------------------------------------------------------------------


def test_examples_come_from_their_seed_alone() -> None:
    first, again, other = (draw_examples(fake_faces(), np.random.default_rng(s), 4, ExampleConfig()) for s in (3, 3, 4))
    assert torch.equal(first.frame, again.frame)
    assert torch.equal(first.flow, again.flow)
    assert torch.equal(first.truth, again.truth)
    assert not torch.equal(first.frame, other.frame)
    assert first.truth.shape == (3, 2, 56, 56)  # the fourth is rendered: no truth
    assert first.rest.min() >= 0.0
    assert first.rest.max() <= 1.0


def test_free_examples_never_go_beyond_a_full_expression() -> None:
    config = ExampleConfig(rendered=0.0, limited=0.0, noise=(0.0, 0.0))
    for seed in range(4):
        batch = draw_examples(fake_faces(), np.random.default_rng(seed), 8, config)
        assert batch.truth.norm(dim=1).max() < 10.0  # a quarter of the distance between the eyes


def test_strengths_lie_in_their_range_and_midline_aus_are_even() -> None:
    for seed in range(50):
        strengths = draw_strengths(np.random.default_rng(seed), 0.06, 0.2)
        assert strengths[strengths > 0].min() >= 0.06 * 0.6
        assert strengths.max() <= 0.2
        assert (strengths.max(axis=1) > 0).sum() in (1, 2, 3)


def test_faces_come_back_from_their_file(tmp_path: Path) -> None:
    faces = fake_faces()
    faces.save(tmp_path / "faces.safetensors")
    again = load_faces(tmp_path / "faces.safetensors")
    assert np.array_equal(again.moved, faces.moved)
    assert np.array_equal(again.seeds, faces.seeds)
    (tmp_path / "bad.safetensors").write_bytes(b"nothing")
    with pytest.raises(FormatError, match="holds no rendered faces"):
        load_faces(tmp_path / "bad.safetensors")


def run_training(folder: Path, recipe: MagnifierRecipe, upto: int | None = None) -> MagnifierTraining:
    folder.mkdir(exist_ok=True)
    training = MagnifierTraining(recipe, fake_faces(), folder, lambda _state: None)
    for _ in range(upto or 0):
        training.train_step()
    if upto is None:
        training.run()
    return training


def test_two_steps_are_the_same_twice() -> None:
    here = Path("nowhere")  # no validation, so nothing is written
    nets = []
    for _ in range(2):
        training = MagnifierTraining(tiny_recipe(), fake_faces(), here, lambda _state: None)
        training.train_step()
        training.train_step()
        nets.append(training.net.state_dict())
    assert all(torch.equal(nets[0][name], nets[1][name]) for name in nets[0])


def test_a_training_broken_off_goes_on_as_it_was(tmp_path: Path) -> None:
    whole = run_training(tmp_path / "whole", tiny_recipe(3))
    first = MagnifierTraining(tiny_recipe(3), fake_faces(), tmp_path / "parts", lambda _state: None)
    (tmp_path / "parts").mkdir()
    first.train_step()
    first._validate(1.0)
    second = run_training(tmp_path / "parts", tiny_recipe(3))
    assert second.step == 3
    for name, value in whole.net.state_dict().items():
        assert torch.equal(value, second.net.state_dict()[name]), name
    assert len((tmp_path / "whole" / LOG).read_text(encoding="utf-8").splitlines()) == 3
    assert (tmp_path / "whole" / CHECKPOINT).is_file()
    with pytest.raises(InputError, match="another recipe"):
        MagnifierTraining(replace(tiny_recipe(3), seed=9), fake_faces(), tmp_path / "parts", lambda _state: None)


@pytest.mark.slow
def test_it_learns_one_batch_by_heart() -> None:
    torch.manual_seed(0)
    net = Magnifier(MagnifierConfig(width=8, stages=4, embedding=16))
    config = ExampleConfig(rendered=0.0, noise=(5.0, 5.0), shrink=0.0)
    weights = MagnifierLoss(magnification=0.0, colour=0.0, truth=1.0, size=0.0)
    batch = draw_examples(fake_faces(), np.random.default_rng(2), 4, config)
    optimiser = torch.optim.Adam(net.parameters(), lr=2e-3)
    errors = []
    for _ in range(40):
        losses = example_losses(net, batch, weights)
        optimiser.zero_grad()
        losses["total"].backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimiser.step()
        errors.append(float(losses["truth"]))
    assert errors[-1] < 0.5 * errors[0]


def test_the_shipped_recipe_is_read_and_unknown_keys_are_not(tmp_path: Path) -> None:
    recipe = load_recipe(RECIPES / "magnifier.toml")
    assert recipe.network.stages == 5
    assert recipe.network.embedding == 32
    assert recipe.network.width <= 16
    assert (recipe.loss.magnification, recipe.loss.colour) == (1.0, 10.0)
    (tmp_path / "bad.toml").write_text("[network]\nbreadth = 3\n", encoding="utf-8")
    with pytest.raises(InputError, match="unknown key 'breadth'"):
        load_recipe(tmp_path / "bad.toml")
    (tmp_path / "same.toml").write_text("people = 10\nheld_out = 2\ntest_seed = 5\n", encoding="utf-8")
    with pytest.raises(InputError, match="seeds of their own"):
        load_recipe(tmp_path / "same.toml")


# --- weights ---------------------------------------------------------------------------------------------------------


def test_weights_come_back_and_others_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors"
    net = stirred()
    digest = save_magnifier(net, path, {"note": 1})
    again, metadata, found = load_magnifier(path)
    assert (found, metadata["note"], again.config) == (digest, 1, SMALL)
    for name, value in net.state_dict().items():
        assert torch.allclose(value, again.state_dict()[name], atol=1e-3), name
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    with pytest.raises(FormatError, match="is not that of its model card"):
        load_magnifier(path)
    path.with_suffix(".json").unlink()
    path.write_bytes(b"nonsense")
    with pytest.raises(FormatError, match="holds no usable magnifier"):
        load_magnifier(path)
    with pytest.raises(SetupError, match="is missing"):
        load_magnifier(tmp_path / "none.safetensors")


def test_the_shipped_magnifier_is_small_and_has_its_card() -> None:
    net, metadata, digest = load_magnifier()
    card = json.loads(shipped_weights().with_suffix(".json").read_text(encoding="utf-8"))
    assert card["sha256"] == digest
    assert shipped_weights().stat().st_size < 5_000_000
    assert net.config.width <= 16
    assert metadata["validation"]["truth_px"] < metadata["validation"]["flow_alone_px"]
    clean = {row["alpha"]: row for row in metadata["mmr"] if row["noise"] == 0.0}
    for alpha in (3.0, 5.0, 7.0):
        assert abs(clean[alpha]["mean"] / alpha - 1.0) <= 0.2


# --- ratio -----------------------------------------------------------------------------------------------------------


def drawn_clip(strength: float) -> np.ndarray:
    """(4, 112, 112): the demo's drawn face, which nobody trained on, raising brows and lip corners."""
    size = 480
    face, points = draw_face(size, seed=3), demo_landmarks(size)
    points3 = np.column_stack([points, np.zeros(len(points))])
    shape = head_shape(points3[None])
    camera = fit_camera(shape.points, points, stability())
    frames = []
    for part in (0.0, 1 / 3, 2 / 3, 1.0):
        amounts = np.zeros((19, 2))
        amounts[[0, 8]] = part * strength
        frames.append(crop_face(warp_image(face, displacement_field(points, amounts, (size, size))), camera, shape))
    return np.stack(frames)


@pytest.mark.slow
@pytest.mark.parametrize(("alpha", "strength"), [(3.0, 0.2), (5.0, 0.14), (7.0, 0.1), (0.5, 0.6), (0.25, 0.6)])
def test_the_shipped_magnifier_on_a_face_never_trained_on(alpha: float, strength: float) -> None:
    net, _, _ = load_magnifier()
    clip = drawn_clip(strength)
    assert mmr(clip, magnify_crops(net, clip, alpha)) == pytest.approx(alpha, rel=0.2)


def test_the_table_is_a_csv(tmp_path: Path) -> None:
    write_table([RatioRow(3.0, 0.0, 2.9, 0.1, 40, 1.0, 2.8)], tmp_path / "t.csv")
    text = (tmp_path / "t.csv").read_text(encoding="utf-8")
    assert text == "alpha,noise,mean,sd,n,within_20,truth\n3.0,0.0,2.9,0.1,40,1.0,2.8\n"


# --- the whole picture -----------------------------------------------------------------------------------------------


def test_smoothing_over_time_goes_by_the_clock() -> None:
    fields = np.zeros((5, 2, WIDE, WIDE), np.float16)
    fields[2] = 1.0
    even, gap = np.arange(5) / 30, np.array([0.0, 0.03, 1.0, 2.0, 2.03])
    out = np.empty_like(fields)
    smooth_over_time(fields, even, out)
    assert 0.5 < out[2, 0, 9, 9] < 0.75
    assert out[1, 0, 9, 9] == pytest.approx((1 - float(out[2, 0, 9, 9])) / 2, abs=2e-3)
    smooth_over_time(fields, gap, out)
    assert out[2, 0, 9, 9] == 1.0
    assert out[1, 0, 9, 9] == 0.0


def flat_head(scale: float) -> Surface:
    points = np.column_stack([np.random.default_rng(0).uniform(20, 90, (468, 2)), np.zeros(468)])
    shape = head_shape(points[None])
    return Surface(type(shape)(shape.points, np.zeros((CROP, CROP), np.float32), scale))


def test_the_picture_moves_by_the_field_times_its_scale_and_nowhere_else() -> None:
    image = cv2.cvtColor(texture(600, 6, 4.0), cv2.COLOR_GRAY2RGB)
    camera = np.array([[2.0, 0, 0, 150], [0, 2.0, 0, 150]])
    field = np.zeros((2, WIDE, WIDE), np.float32)
    field[0, 20:50, 20:50] = 3.0
    result = flat_head(2.0).moved(image, camera, field)
    middle = np.s_[220:280, 220:280]  # crop 35 .. 65
    assert np.abs(result[middle].astype(int) - image[220:280, 226:286]).max() <= 1
    assert np.array_equal(result[:140], image[:140])
    assert np.array_equal(result[:, :140], image[:, :140])
    assert np.array_equal(result[420:], image[420:])
    assert flat_head(2.0).moved(image, camera, np.zeros_like(field)) is image


def test_depth_bends_the_movement_as_the_turned_head_shows_it() -> None:
    image = cv2.cvtColor(texture(600, 6, 4.0), cv2.COLOR_GRAY2RGB)
    camera = np.array([[2.0, 0, 1.0, 150], [0, 2.0, 0, 150]])  # a turned head: depth moves to the right
    surface = flat_head(2.0)
    surface._depth = surface._xs * 0.5  # depth grows by half a pixel a pixel
    field = np.zeros((2, WIDE, WIDE), np.float32)
    field[0, 20:50, 20:50] = 2.0
    result = surface.moved(image, camera, field)
    at = np.s_[270:300, 270:300]  # x = (285 - 150) / 2.5 = 54 in the crop
    assert np.abs(result[at].astype(int) - image[270:300, 275:305]).max() <= 1  # 2 * (2 + 1 * 0.5)


def test_a_face_at_the_picture_rim_is_no_error() -> None:
    image = cv2.cvtColor(texture(200, 7), cv2.COLOR_GRAY2RGB)
    field = np.ones((2, WIDE, WIDE), np.float32)
    for left in (-150.0, 190.0, 900.0):
        camera = np.array([[2.0, 0, 0, left], [0, 2.0, 0, -40.0]])
        assert flat_head(2.0).moved(image, camera, field).shape == image.shape
