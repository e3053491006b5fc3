from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_samples import onset_apex_image, tiny_examples

from curves.errors import InputError
from recognizer.clips import STRAIN_SCALE, mirror_volume, optical_strain
from recognizer.face.align import face_mask
from recognizer.samples import Sample
from recognizer.systems import Need
from recognizer.systems.augmenting import LightAugment, augmented
from recognizer.systems.inputs import (
    Standardiser,
    apex_and_flow,
    apex_index,
    crop_volumes,
    motion_volumes,
    onset_apex_images,
    require,
)

SAMPLES = [example.sample for example in tiny_examples(3, crops=True)]
STILL = LightAugment(mirror=0.0, scale_min=1.0, scale_max=1.0, shift=0)


def drawn(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_a_volume_is_the_clip_at_16_times_with_its_strain() -> None:
    sample = SAMPLES[0]
    volume = motion_volumes([sample]).tensors[0][0].float()
    assert volume.shape == (3, 16, 56, 56)
    assert sample.flow is not None
    last = torch.from_numpy(sample.flow[-1].astype(np.float32))
    mask = torch.tensor(face_mask(56))
    assert torch.allclose(volume[:2, -1], last * mask, atol=2e-3)
    assert torch.allclose(volume[2, -1], STRAIN_SCALE * optical_strain(last) * mask, atol=2e-3)
    assert not volume[:, 0].any()  # the first frame is the neutral one


def test_one_frame_stands_still_and_frame_rate_changes_nothing() -> None:
    sample = SAMPLES[0]
    assert sample.flow is not None
    single = replace(sample, times_s=sample.times_s[:1], apex=0, flow=sample.flow[:1], crops=None)
    assert not motion_volumes([single]).tensors[0].any()
    slow = replace(sample, times_s=sample.times_s * 3)
    assert torch.equal(motion_volumes([slow]).tensors[0], motion_volumes([sample]).tensors[0])


def test_crops_are_standardised_over_the_face_whatever_the_light() -> None:
    sample = SAMPLES[1]
    assert sample.crops is not None
    volume = crop_volumes([sample]).tensors[0]
    assert volume.shape == (1, 1, 16, 112, 112)
    face = volume[0, 0, :, torch.tensor(face_mask(112) > 0.5)].float()
    assert abs(float(face.mean())) < 1e-2 and abs(float(face.std()) - 1) < 1e-2
    dark = replace(sample, crops=(sample.crops // 2).astype(np.uint8))
    assert (crop_volumes([dark]).tensors[0] - volume).abs().max() < 0.05


def test_onset_apex_image_is_the_apex_averaged_two_by_two() -> None:
    image = onset_apex_images(SAMPLES[:1]).tensors[0][0]
    expected = torch.from_numpy(onset_apex_image(SAMPLES[0]))
    expected[2] *= STRAIN_SCALE
    inside = torch.tensor(face_mask(28) > 0.99)
    assert image.shape == (3, 28, 28)
    assert torch.allclose(image[:, inside], expected[:, inside], atol=0.02)


def test_an_apex_that_no_one_labelled_is_the_frame_that_moved_most() -> None:
    for sample in SAMPLES:
        assert apex_index(replace(sample, apex=None)) == sample.apex
        assert apex_index(replace(sample, apex=None, flow=None)) == sample.apex
    assert apex_index(replace(SAMPLES[0], apex=2)) == 2


def test_ready_made_images_are_taken_as_they_are_and_never_mixed_with_flow() -> None:
    own = [replace(s, flow=None, crops=None, apex=None, onset_apex=onset_apex_image(s) * 100) for s in SAMPLES]
    inputs = onset_apex_images(own)
    assert inputs.source == "images"
    assert own[0].onset_apex is not None
    assert torch.equal(inputs.tensors[0][0], torch.from_numpy(own[0].onset_apex))
    with pytest.raises(InputError, match="1 of 3 clips are ready-made"):
        onset_apex_images([*SAMPLES[:2], own[0]])


def test_farneback_finds_the_motion_of_the_crops() -> None:
    sample = tiny_examples(1, crops=True)[0].sample
    frame, flow = apex_and_flow([sample]).tensors
    assert frame.shape == (1, 1, 112, 112) and flow.shape == (1, 2, 112, 112)
    assert sample.flow is not None and sample.apex is not None
    truth = torch.from_numpy(sample.flow[sample.apex].astype(np.float32))
    moving = (truth[1] < -0.5) & torch.tensor(face_mask(56) > 0.9)
    found = torch.nn.functional.avg_pool2d(flow[0], 2)[1][moving]
    assert float(found.mean() / truth[1][moving].mean()) == pytest.approx(1.0, abs=0.35)


def test_what_a_sample_lacks_is_named() -> None:
    bare = [replace(sample, crops=None) for sample in SAMPLES]
    with pytest.raises(InputError, match=r"aligned face crops, which 3 of 3 clips lack \(clip00_000 of tiny first\)"):
        require(bare, frozenset({Need.FLOW, Need.CROPS}), "some")
    require(
        [replace(bare[0], flow=None, onset_apex=np.zeros((3, 28, 28), np.float32))], frozenset({Need.ONSET_APEX}), ""
    )
    require(SAMPLES, frozenset(Need), "all")


def test_standardiser_knows_its_part_alone() -> None:
    images = torch.randn(50, 3, 4, 4) * 7 + 3
    standardiser = Standardiser.of([images])
    (result,) = standardiser([images])
    assert torch.allclose(result.mean((0, 2, 3)), torch.zeros(3), atol=1e-5)
    assert torch.allclose(result.std((0, 2, 3)), torch.ones(3), atol=1e-5)
    assert torch.allclose(standardiser([images[:1]])[0], result[:1])
    assert torch.equal(Standardiser()([images])[0], images)


def test_mirror_turns_u_and_the_picture_and_nothing_else() -> None:
    volume = torch.randn(2, 3, 2, 56, 56)
    mirrored = augmented([volume], ["motion"], replace(STILL, mirror=1.0), drawn())[0]
    six = mirror_volume(torch.cat([volume, volume], dim=1))
    assert torch.equal(mirrored, six[:, :3])
    assert torch.equal(augmented([volume], ["motion"], STILL, drawn())[0], volume)


def test_brightness_keeps_its_strength_and_all_inputs_move_alike() -> None:
    gray = torch.rand(8, 1, 112, 112)
    motion = torch.nn.functional.avg_pool2d(gray, 4).expand(-1, 2, -1, -1)
    config = LightAugment(mirror=0.5, scale_min=2.0, scale_max=2.0, shift=1)
    changed_gray, changed_motion = augmented([gray, motion], ["gray", "motion"], config, drawn(3))
    coarse = torch.nn.functional.avg_pool2d(changed_gray, 4)[:, 0]
    assert torch.allclose(changed_motion[:, 1, 1:-1, 1:-1], 2 * coarse[:, 1:-1, 1:-1], atol=1e-5)
    assert changed_gray.max() <= 1.0


@settings(max_examples=15)
@given(st.integers(0, 10_000))
def test_augmentation_is_seeded_and_leaves_its_input_alone(seed: int) -> None:
    volume = torch.randn(3, 3, 2, 28, 28)
    before = volume.clone()
    first, second = (augmented([volume], ["motion"], LightAugment(), drawn(seed))[0] for _ in range(2))
    assert torch.equal(first, second)
    assert torch.equal(volume, before)
    ratio = first.abs().amax((1, 2, 3, 4)) / volume.abs().amax((1, 2, 3, 4))
    assert ((ratio <= 1.2001) & (ratio > 0.5)).all()


def test_blind_samples_give_the_same_inputs() -> None:
    blind: list[Sample] = [sample.blind() for sample in SAMPLES]
    for prepare in (motion_volumes, crop_volumes, onset_apex_images, apex_and_flow):
        pairs = zip(prepare(SAMPLES).tensors, prepare(blind).tensors, strict=True)
        assert all(torch.equal(a, b) for a, b in pairs)
