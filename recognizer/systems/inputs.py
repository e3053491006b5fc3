"""What networks read of samples: tensors made once a fit, not once an epoch.

Time is normalised to 16 frames (TIM, ``recognizer.clips.sample_flow``). Motion is stored as float16: 300 kB a clip.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from curves.errors import InputError
from recognizer.clips import STRAIN_SCALE, optical_strain, sample_flow, volume_of
from recognizer.face.align import CROP, face_mask
from recognizer.face.motion import GRID
from recognizer.samples import IMAGE, Sample
from recognizer.systems import Need

FRAMES = 16  #: T

#: OpenCV's own example values: scale, levels, window, iterations, neighbourhood, its sigma, flags.
_FARNEBACK = (0.5, 3, 15, 3, 5, 1.2, 0)


class Inputs(NamedTuple):
    """``tensors``: each (n, ...), what a network is called with. ``source``: where images come from, ``flow`` or
    ``images`` of the set's own; a network must be used with what it was trained with."""

    tensors: tuple[Tensor, ...]
    source: str = "flow"


def lacks(sample: Sample, need: Need) -> bool:
    """Whether ``sample`` cannot give ``need``."""
    if need is Need.FLOW:
        return sample.flow is None
    if need is Need.CROPS:
        return sample.crops is None
    return sample.flow is None and sample.onset_apex is None


_WORDS = {
    Need.FLOW: "the optical flow of each frame",
    Need.CROPS: "aligned face crops",
    Need.ONSET_APEX: "an onset-apex flow image or the flow of each frame",
}


def require(samples: Sequence[Sample], needs: frozenset[Need], system: str) -> None:
    """InputError if a sample lacks what ``system`` needs; it names the first one and says how many there are."""
    for need in sorted(needs):
        without = [sample for sample in samples if lacks(sample, need)]
        if without:
            name = without[0].clip or "a clip"
            raise InputError(
                f"The system {system} needs {_WORDS[need]}, which {len(without)} of {len(samples)} clips lack "
                f"({name} of {without[0].dataset} first): leave them out or choose another system."
            )


def apex_index(sample: Sample) -> int:
    """The labelled apex; else the frame that moved farthest from the first one, on average over the face.

    By flow where there is one, else by brightness change of the crops.
    """
    if sample.apex is not None:
        return sample.apex
    if sample.flow is not None:
        moved = np.hypot(*sample.flow.astype(np.float32).transpose(1, 0, 2, 3)) * face_mask(GRID)
    elif sample.crops is not None:
        moved = np.abs(sample.crops.astype(np.float32) - sample.crops[0].astype(np.float32)) * face_mask(CROP)
    else:
        raise ValueError(f"sample {sample.clip}: expected flow or crops to find the apex in, got neither")
    return int(moved.mean(axis=(1, 2)).argmax())


def motion_volumes(samples: Sequence[Sample]) -> Inputs:
    """(n, 3, 16, 56, 56) float16: u, v (crop pixels) and ten times the strain, from the first frame."""
    result = torch.empty((len(samples), 3, FRAMES, GRID, GRID), dtype=torch.float16)
    for row, sample in zip(result, samples, strict=True):
        if sample.flow is None:
            raise ValueError(f"sample {sample.clip}: expected flow, got None")
        window = _tim(sample.times_s, sample.flow)
        row.copy_(volume_of(torch.from_numpy(window)[None])[0, :3])
    return Inputs((result,))


def crop_volumes(samples: Sequence[Sample]) -> Inputs:
    """(n, 1, 16, 112, 112) float16: gray, each clip with mean 0 and standard deviation 1 over the face."""
    result = torch.empty((len(samples), 1, FRAMES, CROP, CROP), dtype=torch.float16)
    for row, sample in zip(result, samples, strict=True):
        if sample.crops is None:
            raise ValueError(f"sample {sample.clip}: expected crops, got None")
        row[0].copy_(torch.from_numpy(_standardised(_tim(sample.times_s, sample.crops.astype(np.float32)))))
    return Inputs((result,))


def onset_apex_images(samples: Sequence[Sample]) -> Inputs:
    """(n, 3, 28, 28) float32: u, v, strain from onset to apex, cells of the flow averaged two by two.

    A sample without flow gives the image of its set, whose unit is the set's own. InputError where both kinds come
    together: one network cannot read two units.
    """
    own = [sample.flow is None for sample in samples]
    if any(own) and not all(own):
        raise InputError(
            f"{sum(own)} of {len(own)} clips are ready-made onset-apex images and the others flow, in different units: "
            "use sets of one kind."
        )
    images = np.stack([_image(sample) for sample in samples]) if samples else np.zeros((0, 3, IMAGE, IMAGE), np.float32)
    return Inputs((torch.from_numpy(images),), "images" if any(own) else "flow")


def apex_and_flow(samples: Sequence[Sample]) -> Inputs:
    """Paper 002's two streams: the apex frame (n, 1, 112, 112) float32, standardised over the face, and Farneback's
    flow from the first frame to it (n, 2, 112, 112) float32, in crop pixels."""
    frames, flows = [], []
    mask = face_mask(CROP)
    for sample in samples:
        if sample.crops is None:
            raise ValueError(f"sample {sample.clip}: expected crops, got None")
        apex = sample.crops[apex_index(sample)]
        frames.append(_standardised(apex[None].astype(np.float32)))
        flow = cv2.calcOpticalFlowFarneback(sample.crops[0], apex, np.zeros((CROP, CROP, 2), np.float32), *_FARNEBACK)
        flows.append((flow * mask[..., None]).transpose(2, 0, 1))
    return Inputs((_stacked(frames, (1, CROP, CROP)), _stacked(flows, (2, CROP, CROP))))


def _stacked(arrays: Sequence[NDArray[np.float32]], shape: tuple[int, ...]) -> Tensor:
    return torch.from_numpy(np.stack(arrays) if arrays else np.zeros((0, *shape), np.float32)).float()


def _tim(times_s: NDArray[np.float64], frames: NDArray[np.floating]) -> NDArray[np.float32]:
    """``frames`` (N, ...) at 16 equally spaced times from the first to the last; a single one stands still."""
    if len(times_s) == 1:
        return np.repeat(frames.astype(np.float32), FRAMES, axis=0)
    flat = frames[:, None] if frames.ndim == 3 else frames
    sampled = sample_flow(times_s, flat, float(times_s[0]), float(times_s[-1]), FRAMES)
    return sampled[:, 0] if frames.ndim == 3 else sampled


def _standardised(frames: NDArray[np.float32]) -> NDArray[np.float32]:
    face = frames[:, face_mask(CROP) > 0.5]
    return (frames - face.mean()) / max(float(face.std()), 1.0)


def _image(sample: Sample) -> NDArray[np.float32]:
    if sample.flow is None:
        if sample.onset_apex is None:
            raise ValueError(f"sample {sample.clip}: expected flow or an onset-apex image, got neither")
        return sample.onset_apex
    flow = torch.from_numpy(sample.flow[apex_index(sample)].astype(np.float32))
    full = torch.cat([flow, STRAIN_SCALE * optical_strain(flow)[None]]) * torch.tensor(face_mask(GRID))
    image: NDArray[np.float32] = torch.nn.functional.avg_pool2d(full, GRID // IMAGE).numpy()
    return image


@dataclass(frozen=True, slots=True, eq=False)
class Standardiser:
    """Channel means and spreads of training images, a pair for each tensor, each (1, C, 1, 1); () changes nothing."""

    pairs: tuple[tuple[Tensor, Tensor], ...] = ()

    @classmethod
    def of(cls, tensors: Sequence[Tensor]) -> "Standardiser":
        """Of the training part's ``tensors`` (n, C, ...)."""
        pairs = []
        for tensor in tensors:
            axes = [0, *range(2, tensor.ndim)]
            mean, spread = tensor.float().mean(axes, keepdim=True), tensor.float().std(axes, keepdim=True)
            pairs.append((mean, spread.clamp(min=1e-6)))
        return cls(tuple(pairs))

    def __call__(self, tensors: Sequence[Tensor]) -> tuple[Tensor, ...]:
        if not self.pairs:
            return tuple(tensors)
        return tuple(
            (tensor.float() - mean) / spread for tensor, (mean, spread) in zip(tensors, self.pairs, strict=True)
        )
