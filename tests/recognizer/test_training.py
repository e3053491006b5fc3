"""Training on motion made here: each AU is a bump of displacement at its own place."""

import json
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
import torch

from curves.errors import InputError
from curves.values import DEFAULT_AUS, MIDLINE_AUS
from recognizer import variants
from recognizer.augment import AugmentConfig, augment
from recognizer.clips import ClipRecord, save_clip, volume_of
from recognizer.linear_start import start_linear
from recognizer.losses import LossConfig, intensity_loss, joint_loss
from recognizer.network import MicroExpressionNet, NetworkOutput
from recognizer.synthetic.record import RecordSettings
from recognizer.synthetic.scenario import SceneSettings
from recognizer.training import TrainingConfig, TrainingProgress, learning_rate, load_training_config, train
from recognizer.validation import area_under_curve, correlation, f1_score
from recognizer.weights_io import card_path, load_network
from recognizer.windows import Window, WindowConfig, WindowSampler, is_validation, label_window, load_clips

RECIPE = Path(variants.__file__).with_name("recipes") / "default.toml"
_GRID = np.mgrid[0:56, 0:56]


def _bump(au: int, side: int) -> np.ndarray:
    """(2, 56, 56): where and which way AU number ``au`` pulls on ``side`` (0 left: image-right)."""
    angle = au * 2.4
    x, y = 40 + 8 * np.cos(angle), 28 + 20 * np.sin(angle * 1.7)
    shape = np.exp(-((_GRID[1] - x) ** 2 + (_GRID[0] - y) ** 2) / 50)
    left = np.stack([4 * np.cos(3 * angle) * shape, 4 * np.sin(3 * angle) * shape])
    return left if side == 0 else np.stack([-left[0, :, ::-1], left[1, :, ::-1]])


def make_clip(seed: int, identity: str, frames: int = 75, fps: float = 50.0) -> ClipRecord:
    rng = np.random.default_rng(seed)
    times = np.arange(frames) / fps
    onset = float(rng.uniform(0.35, 0.7))
    event = np.array([[onset, onset + 0.15, onset + 0.35]])
    emotion = int(rng.integers(3))
    shape = np.interp(times, event[0], [0.0, 1.0, 0.0])
    event_au = np.zeros((1, 19, 2), np.float32)
    event_au[0, [emotion, emotion + 6]] = rng.uniform(0.1, 0.4)
    intensity = (shape[:, None, None] * event_au[0]).astype(np.float32)
    flow = rng.normal(0, 0.02, (frames, 2, 56, 56))
    for au in (emotion, emotion + 6):
        for side in range(2):
            flow += intensity[:, au, side, None, None, None] * _bump(au, side)
    return ClipRecord(
        times, flow.astype(np.float16), intensity, event, np.array([emotion]), event_au, identity, seed, fps
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("clips")
    for i in range(10):
        save_clip(make_clip(i, f"person {i}"), path / f"{i}.safetensors")
    return path


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> TrainingConfig:
    """A recipe of seconds with a narrow network, entered in the registry."""
    narrow = replace(variants.VARIANTS["default"], width=2, frame_width=8, node_width=4, graph_widths=(8, 6))
    monkeypatch.setattr(variants, "VARIANTS", {**variants.VARIANTS, "tiny": narrow})
    return TrainingConfig(
        variant="tiny",
        epochs=2,
        windows_per_epoch=16,
        linear_windows=16,
        batch_size=8,
        validation_fraction=0.3,
        validation_windows=12,
        device="cpu",
        precision="fp32",
        half=False,
    )


class _BrokenOffError(Exception):
    pass


def _break_off_after_first_epoch(progress: TrainingProgress) -> None:
    if progress.figures is not None and progress.epoch == 1:
        raise _BrokenOffError


@pytest.mark.slow
def test_a_resumed_training_ends_at_the_same_weights(tmp_path: Path, folder: Path, tiny: TrainingConfig) -> None:
    whole = train(tiny, folder, tmp_path / "whole")
    with pytest.raises(_BrokenOffError):
        train(tiny, folder, tmp_path / "broken", _break_off_after_first_epoch)
    resumed = train(tiny, folder, tmp_path / "broken")
    assert resumed.best_epoch == whole.best_epoch
    for name in ("checkpoint.safetensors", "weights.safetensors"):
        one, other = (_tensors(tmp_path / run / name) for run in ("whole", "broken"))
        assert all(torch.equal(one[key], other[key]) for key in one)
    log = [json.loads(line) for line in (tmp_path / "broken" / "log.jsonl").read_text().splitlines()]
    assert [entry["epoch"] for entry in log] == [1, 2]
    assert load_network(resumed.weights)[2] == resumed.sha256


@pytest.mark.slow
def test_the_card_tells_how_clips_are_rendered_and_that_makes_no_other_training(
    tmp_path: Path, folder: Path, tiny: TrainingConfig
) -> None:
    scene = SceneSettings(fps=(25.0, 50.0), fps_weight=(0.5, 0.5), speech=0.1)
    config = replace(tiny, epochs=1, clips=RecordSettings(clips=7, first_seed=40, scene=scene))
    result = train(config, folder, tmp_path)
    recipe = json.loads(card_path(result.weights).read_text())["training"]["recipe"]
    assert recipe == json.loads(json.dumps(asdict(config)))
    assert recipe["clips"]["first_seed"] == 40
    assert recipe["clips"]["scene"]["fps"] == [25.0, 50.0]
    assert train(replace(config, clips=RecordSettings()), folder, tmp_path).sha256 == result.sha256


def _tensors(path: Path) -> dict[str, torch.Tensor]:
    from safetensors.torch import load_file  # noqa: PLC0415

    return load_file(path)


def test_another_recipe_is_not_resumed(tmp_path: Path, folder: Path, tiny: TrainingConfig) -> None:
    one_epoch = replace(tiny, epochs=1)
    train(one_epoch, folder, tmp_path)
    with pytest.raises(InputError, match="another recipe"):
        train(replace(one_epoch, seed=9), folder, tmp_path)


@pytest.mark.slow
def test_training_learns_where_and_when(tmp_path: Path, folder: Path, tiny: TrainingConfig) -> None:
    seen: list[TrainingProgress] = []
    config = replace(tiny, epochs=5, windows_per_epoch=128, ema_decay=0.9, learning_rate=5e-3, validation_windows=40)
    result = train(config, folder, tmp_path, seen.append)
    losses = [p.loss for p in seen if p.figures is not None]
    assert losses[-1] < 0.75 * losses[0]
    assert result.figures["score_auc"] > 0.9
    assert result.figures["intensity_r"] > 0.6


def test_people_never_change_sides_and_one_side_must_not_be_empty(
    tmp_path: Path, folder: Path, tiny: TrainingConfig
) -> None:
    sides = [is_validation(f"person {i}", 0.3) for i in range(2000)]
    assert 0.27 < np.mean(sides) < 0.33
    with pytest.raises(InputError, match="identities"):
        train(replace(tiny, validation_fraction=0.0), folder, tmp_path)
    with pytest.raises(InputError, match="No training clips"):
        train(tiny, tmp_path / "nothing", tmp_path)
    with pytest.raises(InputError, match="reads rgb"):
        train(replace(tiny, variant="paper"), folder, tmp_path)


def test_the_shipped_recipe_is_read_and_a_wrong_one_is_named(tmp_path: Path) -> None:
    config = load_training_config(RECIPE)
    assert config.variant == "default"
    assert config.windows.event_share == 0.4
    for text, message in (
        ("epoch = 3", "unknown key 'epoch'"),
        ("[loss]\nhubber = 1.0", r"\[loss\]: unknown key 'hubber'"),
        ("epochs = 'many'", "epochs must be a int"),
        ("[windows]\nmin_s = 2.0", "min_s < max_s"),
        ("epochs = ", "cannot be read"),
    ):
        (tmp_path / "r.toml").write_text(text)
        with pytest.raises(InputError, match=message):
            load_training_config(tmp_path / "r.toml")


def test_windows_are_labelled_by_what_they_hold() -> None:
    clip = replace(make_clip(0, "x"), onset_apex_offset=np.array([[0.5, 0.6, 0.8]]))
    assert label_window(clip, 0.4, 0.9, 0.4) == (1, 0)
    assert label_window(clip, 0.0, 0.45, 0.4) == (0, -1)
    assert label_window(clip, 0.6, 1.1, 0.4) == (-1, -1)  # cut
    assert label_window(clip, 0.3, 1.3, 0.4) == (-1, -1)  # lost in a long window


def test_drawn_windows_keep_the_shares_and_are_seeded() -> None:
    sampler = WindowSampler([make_clip(i, "x") for i in range(4)], WindowConfig())
    windows = sampler.draw(np.random.default_rng(1), 400)
    assert windows == sampler.draw(np.random.default_rng(1), 400)
    labels = np.array([w.label for w in windows])
    assert (labels == 1).mean() >= 0.5
    assert (labels == 0).mean() >= 0.39
    durations = np.array([w.end_s - w.start_s for w in windows])
    assert durations.min() >= 0.3
    assert durations.max() <= 1.0
    assert 0.2 < np.mean([w.residual is not None for w in windows]) < 0.4
    for number, start, end in (w.residual for w in windows if w.residual is not None):
        clip = sampler.clips[number]
        inside = (clip.times_s >= start) & (clip.times_s <= end)
        assert clip.intensity[inside].max() < 0.01


def test_truth_of_a_window() -> None:
    clip = make_clip(3, "x")
    onset, apex, offset = clip.onset_apex_offset[0]
    batch = WindowSampler([clip], WindowConfig()).collate([Window(0, onset - 0.1, offset + 0.1, 1, 0)], 16)
    length = offset - onset + 0.2
    assert batch.times[0].tolist() == pytest.approx([0.1 / length, (apex - onset + 0.1) / length, 1 - 0.1 / length])
    assert batch.au[0].nonzero().flatten().tolist() == np.flatnonzero(clip.event_au[0].max(axis=1)).tolist()
    assert float(batch.intensity.max()) == pytest.approx(float(clip.event_au.max()), rel=0.2)
    assert int(batch.emotion[0]) == int(clip.event_emotion[0])


def test_augmentation_scales_motion_with_its_truth_and_mirrors_both() -> None:
    sampler = WindowSampler([make_clip(i, "x") for i in range(4)], WindowConfig(mix_share=0.0))
    batch = sampler.collate(sampler.draw(np.random.default_rng(0), 16), 16)
    quiet = AugmentConfig(mirror=1.0, affine_px=0.0, noise_px=0.0)
    changed = augment(batch, quiet, torch.Generator().manual_seed(0))
    factor = changed.intensity.amax(dim=(1, 2, 3)) / batch.intensity.amax(dim=(1, 2, 3)).clamp(min=1e-9)
    moving = batch.intensity.amax(dim=(1, 2, 3)) > 0
    assert ((factor[moving] >= 0.499) & (factor[moving] <= 1.501)).all()
    scale = factor[moving][:, None, None, None]
    assert torch.allclose(changed.flow[moving][:, :, 0], -batch.flow[moving][:, :, 0].flip(-1) * scale, atol=1e-4)
    assert torch.allclose(changed.intensity[moving], batch.intensity[moving].flip(-1) * scale, atol=1e-6)
    assert changed.intensity.max() <= 1.0
    noisy = augment(batch, AugmentConfig(), torch.Generator().manual_seed(0))
    again = augment(batch, AugmentConfig(), torch.Generator().manual_seed(0))
    assert torch.equal(noisy.flow, again.flow)
    assert not torch.equal(noisy.flow, changed.flow)


def _output(batch_size: int) -> NetworkOutput:
    torch.manual_seed(0)
    shapes = ((batch_size,), (batch_size, 3), (batch_size, 19), (batch_size, 7), (batch_size, 7))
    parts = [torch.rand(shape) for shape in shapes]
    return NetworkOutput(*parts, torch.rand(batch_size, 16, 19, 2))


def test_loss_parts_see_only_the_windows_that_they_can_judge() -> None:
    sampler = WindowSampler([make_clip(i, "x") for i in range(4)], WindowConfig())
    batch = sampler.collate(sampler.draw(np.random.default_rng(0), 12), 16)
    nothing = batch._replace(label=torch.full((12,), -1))
    losses = joint_loss(_output(12), nothing, LossConfig())
    assert losses["score"] == losses["times"] == losses["au"] == losses["emotion"] == 0
    assert losses["intensity"] > 0
    negative = joint_loss(_output(12), batch._replace(label=torch.zeros(12, dtype=torch.long)), LossConfig())
    assert negative["score"] > 0
    assert negative["times"] == 0


def test_onset_after_offset_costs_more() -> None:
    sampler = WindowSampler([make_clip(0, "x")], WindowConfig(positive_share=1.0, negative_share=0.0))
    batch = sampler.collate(sampler.draw(np.random.default_rng(0), 4), 16)
    centre = batch.times.mean(dim=1, keepdim=True)
    spread = torch.tensor([[-0.2, 0.0, 0.2]])
    output = _output(4)
    truth = batch._replace(times=centre.expand(-1, 3))
    ordered = joint_loss(output._replace(times=centre + spread), truth, LossConfig())["times"]
    disordered = joint_loss(output._replace(times=centre - spread), truth, LossConfig())["times"]
    assert float(disordered - ordered) == pytest.approx(0.4, abs=1e-5)


def test_unknown_intensity_does_not_count() -> None:
    sampler = WindowSampler([make_clip(0, "x")], WindowConfig())
    batch = sampler.collate(sampler.draw(np.random.default_rng(0), 4), 16)
    known = torch.ones(4, 16, 19)
    known[:, :, 5] = 0
    output = _output(4)
    changed = output._replace(intensity=output.intensity.index_fill(2, torch.tensor([5]), 7.0))
    one, other = (joint_loss(o, batch._replace(known=known), LossConfig())["intensity"] for o in (output, changed))
    assert torch.equal(one, other)


def test_silence_may_be_estimated_below_zero_but_activity_may_not() -> None:
    truth = torch.zeros(1, 2, 1, 2)
    estimate = torch.full_like(truth, -0.3).requires_grad_()
    config = LossConfig()
    assert intensity_loss(estimate, truth, config) == 0
    truth[0, 1] = 0.2
    intensity_loss(estimate, truth, config).backward()
    assert estimate.grad is not None
    assert (estimate.grad[0, 1] < 0).all()
    assert not estimate.grad[0, 0].any()


def test_learning_rate_rises_then_falls() -> None:
    config = TrainingConfig(epochs=10, windows_per_epoch=320, batch_size=32)
    rates = [learning_rate(config, step) for step in range(100)]
    assert np.argmax(rates) == 4
    assert rates[-1] < 0.02 * config.learning_rate
    assert (np.diff(rates[5:]) <= 0).all()


def test_figures_on_cases_worked_by_hand() -> None:
    assert area_under_curve(np.array([0.1, 0.4, 0.35, 0.8]), np.array([0, 0, 1, 1])) == 0.75
    assert area_under_curve(np.array([1.0, 1.0]), np.array([0, 1])) == 0.5
    assert f1_score(np.array([1, 1, 0]), np.array([1, 0, 1])) == 0.5
    assert correlation(np.array([1.0, 2.0, 3.0]), np.array([2.0, 4.0, 6.0])) == pytest.approx(1.0)
    assert np.isnan(correlation(np.ones(3), np.arange(3.0)))


@pytest.mark.slow
def test_network_in_training_agrees_with_its_average_at_the_end(
    tmp_path: Path, folder: Path, tiny: TrainingConfig
) -> None:
    result = train(replace(tiny, epochs=1, ema_decay=0.0), folder, tmp_path)
    checkpoint = _tensors(tmp_path / "checkpoint.safetensors")
    net, _, _ = load_network(result.weights)
    assert isinstance(net, MicroExpressionNet)
    state = net.state_dict()
    assert all(torch.allclose(state[n], checkpoint[f"net/{n}"].to(state[n].dtype)) for n in state)


@pytest.mark.slow
def test_the_linear_start_reads_intensity_before_any_step(folder: Path) -> None:
    clips = [make_clip(i, f"person {i}") for i in range(12)]
    config = WindowConfig(mix_share=0.0)
    torch.manual_seed(0)
    net = MicroExpressionNet(replace(variants.VARIANTS["default"], width=2, frame_width=8))
    still = AugmentConfig(affine_px=0.0, noise_px=0.0)
    start_linear(net, WindowSampler(clips[:9], config), still, windows=600, seed=0)
    judge = WindowSampler(clips[9:], config)
    batch = judge.collate(judge.draw(np.random.default_rng(1), 40), net.config.frames)
    with torch.no_grad():
        found = net.eval()(volume_of(batch.flow)).intensity
    assert correlation(found.numpy().ravel(), batch.intensity.numpy().ravel()) > 0.8


def test_one_half_of_the_face_is_held_still_with_its_truth(folder: Path) -> None:
    sampler = WindowSampler(load_clips(folder), WindowConfig(mix_share=0.0))
    batch = sampler.collate(sampler.draw(np.random.default_rng(3), 60), 16)
    config = AugmentConfig(mirror=0.0, scale_min=1.0, scale_max=1.0, affine_px=0.0, noise_px=0.0, one_side=1.0)
    changed = augment(batch, config, torch.Generator().manual_seed(0))
    midline = [i for i, au in enumerate(DEFAULT_AUS) if au in MIDLINE_AUS]
    for before, after, truth, held in zip(batch.flow, changed.flow, batch.intensity, changed.intensity, strict=True):
        if truth[:, midline].any():
            assert torch.equal(before, after)
            assert torch.equal(truth, held)
            continue
        if not truth.any():
            continue  # whichever half is held still
        still = 0 if not held[..., 0].any() else 1
        assert not held[..., still].any()
        assert torch.equal(held[..., 1 - still], truth[..., 1 - still])
        assert held.sum() >= 0.49 * truth.sum()  # the half that moves more keeps moving
        outer = after[..., -12:] if still == 0 else after[..., :12]  # the subject's left is on the right
        assert outer.abs().max() < 1e-3 * max(float(before.abs().max()), 1.0)


def test_motion_is_deformed_and_attenuated_but_keeps_its_truth(folder: Path) -> None:
    sampler = WindowSampler(load_clips(folder), WindowConfig(mix_share=0.0))
    batch = sampler.collate(sampler.draw(np.random.default_rng(4), 40), 16)
    still = AugmentConfig(mirror=0.0, scale_min=1.0, scale_max=1.0, affine_px=0.0, noise_px=0.0)
    changed = augment(batch, replace(still, gain=0.5, shift_px=3.0, stretch=0.08), torch.Generator().manual_seed(0))
    assert torch.equal(changed.intensity, batch.intensity)
    similar = torch.nn.functional.cosine_similarity(changed.flow.flatten(1), batch.flow.flatten(1))
    moving = batch.intensity.amax(dim=(1, 2, 3)) > 0.2
    assert moving.sum() > 5
    assert similar[moving].median() > 0.8
    assert similar[moving].max() < 0.9999
    assert torch.equal(augment(batch, still, torch.Generator().manual_seed(0)).flow, batch.flow)
