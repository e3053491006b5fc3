"""The magnifier's training, its weights, what they reach, and the whole picture."""

import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from magnifier_samples import RECIPES, SMALL, fake_faces, stirred, texture, tiny_recipe

from curves.errors import FormatError, InputError, SetupError
from microexpr._demo_face import draw_face
from microexpr.sample import demo_landmarks
from recognizer.face.align import CROP, crop_face, fit_camera, head_shape, stability
from recognizer.magnifier.apply import WIDE, smooth_over_time
from recognizer.magnifier.examples import ExampleConfig, draw_examples
from recognizer.magnifier.faces import draw_strengths, load_faces
from recognizer.magnifier.losses import (
    MagnifierLoss,
)
from recognizer.magnifier.network import Magnifier, MagnifierConfig
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
