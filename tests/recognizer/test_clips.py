from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import save_file

from curves.errors import FormatError
from recognizer.clips import (
    DISPLACEMENT_SCALE,
    LARGEST,
    STRAIN_SCALE,
    ClipRecord,
    load_clip,
    mirror_flow,
    mirror_sides,
    mirror_volume,
    optical_strain,
    sample_flow,
    save_clip,
    volume_of,
    window_volume,
    window_volumes,
)
from recognizer.face.align import face_mask


def clip(frames: int = 12, *, prior: bool = False) -> ClipRecord:
    rng = np.random.default_rng(5)
    return ClipRecord(
        times_s=np.cumsum(rng.uniform(0.01, 0.05, frames)),  # a variable frame rate
        flow=rng.normal(size=(frames, 2, 56, 56)).astype(np.float16),
        intensity=rng.random((frames, 19, 2), dtype=np.float32),
        onset_apex_offset=np.array([[0.05, 0.1, 0.2]]),
        event_emotion=np.array([3]),
        event_au=rng.random((1, 19, 2), dtype=np.float32),
        identity="someone",
        seed=4,
        fps=29.97,
        prior=rng.random((56, 56)).astype(np.float16) if prior else None,
    )


@pytest.mark.parametrize("prior", [False, True])
def test_a_clip_comes_back_as_it_was(tmp_path: Path, prior: bool) -> None:
    original = clip(prior=prior)
    save_clip(original, tmp_path / "c.safetensors")
    read = load_clip(tmp_path / "c.safetensors")
    for name in ("times_s", "flow", "intensity", "onset_apex_offset", "event_emotion", "event_au"):
        assert np.array_equal(getattr(read, name), getattr(original, name)), name
        assert getattr(read, name).dtype == getattr(original, name).dtype
    assert (read.identity, read.seed, read.fps) == ("someone", 4, 29.97)
    assert (read.prior is not None) == prior
    assert isinstance(read.flow, np.memmap)
    assert not list(tmp_path.glob("*.part"))


def test_unusable_files_are_named(tmp_path: Path) -> None:
    (tmp_path / "text.safetensors").write_text("no")
    save_file({"flow": np.zeros(3)}, tmp_path / "other.safetensors")
    for name in ("text", "other"):
        with pytest.raises(FormatError, match=name):
            load_clip(tmp_path / f"{name}.safetensors")


def test_contradictions_in_a_clip_are_refused() -> None:
    with pytest.raises(ValueError, match=r"flow: expected shape \(12, 2, 56, 56\)"):
        replace(clip(), flow=np.zeros((12, 2, 8, 8), np.float16))
    with pytest.raises(ValueError, match="rising"):
        replace(clip(), times_s=np.zeros(12))
    with pytest.raises(ValueError, match="onset <= apex"):
        replace(clip(), onset_apex_offset=np.array([[0.2, 0.1, 0.3]]))


@settings(max_examples=30, deadline=None)
@given(start=st.floats(-0.5, 1.0), length=st.floats(0.05, 2.0), fps=st.sampled_from([24.0, 60.0, 200.0]))
def test_interpolation_is_exact_on_linear_motion_and_holds_the_ends(start: float, length: float, fps: float) -> None:
    times = np.arange(int(fps)) / fps
    flow = np.broadcast_to(times[:, None, None, None], (len(times), 2, 3, 3)).astype(np.float32)
    found = sample_flow(times, flow, start, start + length, 16)
    expected = np.clip(np.linspace(start, start + length, 16), 0.0, times[-1])
    assert np.allclose(found[:, 0, 0, 0], expected, atol=1e-5)


def test_strain_of_known_fields() -> None:
    y, x = torch.meshgrid(2.0 * torch.arange(8), 2.0 * torch.arange(8), indexing="ij")  # 2 crop pixels a cell
    stretch = optical_strain(torch.stack([0.3 * x, -0.4 * y]))
    shear = optical_strain(torch.stack([0.2 * y, 0.0 * x]))
    rotation = optical_strain(torch.stack([-0.1 * y, 0.1 * x]))
    assert torch.allclose(stretch, torch.full((8, 8), 0.5), atol=1e-6)
    assert torch.allclose(shear, torch.full((8, 8), 0.2 / 2**0.5), atol=1e-6)
    assert rotation.abs().max() < 1e-6


def in_the_face(values: np.ndarray) -> np.ndarray:
    return np.clip(values * face_mask(56), -LARGEST, LARGEST)


def test_what_lies_beside_the_face_or_is_absurd_does_not_reach_the_network() -> None:
    flow = np.full((20, 2, 56, 56), 500.0, np.float16)
    volume = window_volume(np.arange(20) / 30, flow, 0.0, 0.5)
    assert volume[3:5, :, 28, 28].max() == LARGEST
    assert not volume[:, :, [0, -1]][..., [0, -1]].any()


def test_volume_channels_are_from_the_first_frame_and_from_neutral() -> None:
    c = clip()
    start, end = float(c.times_s[2]), float(c.times_s[9])
    volume = window_volume(c.times_s, c.flow, start, end)
    flow = sample_flow(c.times_s, c.flow, start, end)
    assert volume.shape == (6, 16, 56, 56)
    assert volume.dtype == np.float32
    first = flow - flow[:1]
    assert np.allclose(volume[0:2], in_the_face(first.transpose(1, 0, 2, 3) * DISPLACEMENT_SCALE), atol=1e-5)
    assert np.allclose(volume[3:5], in_the_face(flow.transpose(1, 0, 2, 3) * DISPLACEMENT_SCALE), atol=1e-5)
    for channel, motion in ((2, first), (5, flow)):
        strain = optical_strain(torch.from_numpy(motion)).numpy() * STRAIN_SCALE
        assert np.allclose(volume[channel], in_the_face(strain), atol=1e-4)
    assert not volume[:3, 0].any()
    assert np.allclose(flow[0], c.flow[2], atol=1e-5)


def test_the_batch_form_equals_single_windows() -> None:
    c = clip(prior=True)
    starts, ends = c.times_s[[0, 3]], c.times_s[[6, 11]]
    batch = window_volumes(c.times_s, c.flow, starts, ends, prior=c.prior)
    assert batch.shape == (2, 7, 16, 56, 56)
    for i in range(2):
        single = window_volume(c.times_s, c.flow, float(starts[i]), float(ends[i]), prior=c.prior)
        assert np.array_equal(batch[i], single)
    assert (batch[:, 6] == np.asarray(c.prior, dtype=np.float32)).all()


@pytest.mark.parametrize("fps", [24.0, 200.0])
def test_windows_of_a_stream_are_what_sampling_each_and_then_differentiating_gives(fps: float) -> None:
    random = np.random.default_rng(3)
    times = np.cumsum(random.uniform(0.5, 1.5, 90)) / fps  # a phone's uneven frames
    flow = (3 * random.normal(size=(90, 2, 56, 56))).astype(np.float16)
    starts = times[[0, 3, 3, 30]]
    ends = starts + 16 / fps * np.array([0.3, 1.0, 2.5, 1.0])
    straight = volume_of(torch.from_numpy(sample_flow(times, flow, starts, ends)))
    assert np.allclose(window_volumes(times, flow, starts, ends), straight, atol=1e-4)
    turned = window_volumes(times, flow, starts, ends, mirrored=True)
    assert np.allclose(turned, mirror_volume(straight), atol=1e-4)


def test_a_mirrored_window_is_the_window_of_the_mirrored_clip() -> None:
    c = clip(prior=True)
    mirrored = mirror_flow(torch.from_numpy(c.flow.copy())).numpy()
    window = (float(c.times_s[1]), float(c.times_s[8]))
    assert c.prior is not None
    of_mirrored = window_volume(c.times_s, mirrored, *window, prior=c.prior[:, ::-1])
    straight = torch.from_numpy(window_volume(c.times_s, c.flow, *window, prior=c.prior))
    assert np.allclose(mirror_volume(straight).numpy(), of_mirrored, atol=1e-4)
    assert torch.equal(mirror_volume(mirror_volume(straight)), straight)


def test_mirroring_swaps_left_and_right() -> None:
    labels = torch.zeros(4, 19, 2)
    labels[1, 3, 0] = 0.7  # left
    assert mirror_sides(labels)[1, 3].tolist() == pytest.approx([0.0, 0.7])


def test_an_empty_window_is_refused() -> None:
    c = clip()
    with pytest.raises(ValueError, match="start_s < end_s"):
        window_volume(c.times_s, c.flow, 0.2, 0.2)
