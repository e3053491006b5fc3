"""Training clips on disk and the window volumes that networks read: one code for training and for use.

A clip holds a motion stream: for each native frame of a video the displacement (u right, v down, in pixels of the
112 x 112 crop) of each point of the person's neutral frame, head motion removed, on a 56 x 56 grid.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file
from torch import Tensor

from curves.errors import FormatError
from curves.values import DEFAULT_AUS, Emotion
from recognizer.face.align import face_mask
from recognizer.face.motion import GRID

PIXELS_PER_CELL = 112 / GRID  #: the crop's pixels between neighbouring flow vectors

#: Channel scales, fixed: a micro-expression moves 0.3 to 2 px, so displacement is O(1) as it is; its strain is 0.02
#: to 0.2 per pixel.
DISPLACEMENT_SCALE = 1.0
STRAIN_SCALE = 10.0

#: Larger values say no more than that something moves a lot: hair, a hand, a lost track. A jaw drops by less.
LARGEST = 8.0

_FORMAT = "microexpr.clip/1"


@dataclass(frozen=True, slots=True, eq=False)
class ClipRecord:
    """One video's motion stream with its truth.

    times_s (N,) float64, strictly rising. flow (N, 2, 56, 56) float16, crop pixels. intensity (N, n, 2) float32 in
    [0, 1], AUs in ``DEFAULT_AUS`` order, [left, right] of the subject (unmirrored video: the subject's right is
    image-left). onset_apex_offset (E, 3) float64, seconds. event_emotion (E,) int64, index into ``Emotion``.
    event_au (E, n, 2) float32: peak intensities of the event's own AUs. prior: (56, 56) float16 or None.
    intensity_known: (N, n) float32 or None (all known): 0 where intensity is not known, as of the mouth in speech.
    scene: digest of the settings that a rendered clip was drawn by, or "". event_macro: (E,) bool or None (all micro):
    the events that their label sheet calls macro-expressions.
    Raises ValueError where shapes or times contradict that.
    """

    times_s: NDArray[np.float64]
    flow: NDArray[np.float16]
    intensity: NDArray[np.float32]
    onset_apex_offset: NDArray[np.float64]
    event_emotion: NDArray[np.int64]
    event_au: NDArray[np.float32]
    identity: str
    seed: int
    fps: float
    prior: NDArray[np.float16] | None = None
    intensity_known: NDArray[np.float32] | None = None
    scene: str = ""
    event_macro: NDArray[np.bool_] | None = None

    def __post_init__(self) -> None:
        n, events, aus = len(self.times_s), len(self.onset_apex_offset), len(DEFAULT_AUS)
        expected: dict[str, tuple[int, ...]] = {
            "times_s": (n,),
            "flow": (n, 2, GRID, GRID),
            "intensity": (n, aus, 2),
            "onset_apex_offset": (events, 3),
            "event_emotion": (events,),
            "event_au": (events, aus, 2),
        }
        if self.prior is not None:
            expected["prior"] = (GRID, GRID)
        if self.intensity_known is not None:
            expected["intensity_known"] = (n, aus)
        if self.event_macro is not None:
            expected["event_macro"] = (events,)
        for name, shape in expected.items():
            if getattr(self, name).shape != shape:
                raise ValueError(f"clip {name}: expected shape {shape}, got {getattr(self, name).shape}")
        if n < 2 or (np.diff(self.times_s) <= 0).any():
            raise ValueError("clip times_s: expected at least two strictly rising times")
        order = self.onset_apex_offset
        if events and not ((order[:, 0] <= order[:, 1]) & (order[:, 1] <= order[:, 2])).all():
            raise ValueError("clip onset_apex_offset: expected onset <= apex <= offset")
        if events and not ((self.event_emotion >= 0) & (self.event_emotion < len(Emotion))).all():
            raise ValueError(f"clip event_emotion: expected 0..{len(Emotion) - 1}")

    @property
    def events(self) -> int:
        return len(self.onset_apex_offset)


_DTYPES: dict[str, type[np.generic]] = {
    "times_s": np.float64,
    "flow": np.float16,
    "intensity": np.float32,
    "onset_apex_offset": np.float64,
    "event_emotion": np.int64,
    "event_au": np.float32,
    "prior": np.float16,
    "intensity_known": np.float32,
    "event_macro": np.bool_,
}


def save_clip(clip: ClipRecord, path: Path) -> None:
    """Writes safetensors; the file appears only when complete."""
    arrays = {
        name: np.ascontiguousarray(getattr(clip, name), dtype=dtype)
        for name, dtype in _DTYPES.items()
        if getattr(clip, name) is not None
    }
    metadata = {"format": _FORMAT, "identity": clip.identity, "seed": str(clip.seed), "fps": repr(clip.fps)}
    if clip.scene:
        metadata["scene"] = clip.scene
    partial = path.with_name(path.name + ".part")
    save_file(arrays, partial, metadata=metadata)
    partial.replace(path)


def _map_flow(path: Path) -> NDArray[np.float16]:
    """The flow as a read-only memory map: a folder of clips may be larger than memory."""
    with path.open("rb") as file:
        header_size = int.from_bytes(file.read(8), "little")
        entry = json.loads(file.read(header_size))["flow"]
    offset = 8 + header_size + entry["data_offsets"][0]
    return np.memmap(path, dtype="<f2", mode="r", offset=offset, shape=tuple(entry["shape"]))


def load_clip(path: Path) -> ClipRecord:
    """Reads what ``save_clip`` wrote; the flow stays on disk, memory-mapped. FormatError: not such a file."""
    try:
        with safe_open(path, framework="numpy") as file:
            metadata = file.metadata() or {}
            if metadata.get("format") != _FORMAT:
                raise FormatError(f"{path} is not a training clip ({_FORMAT}): render the clips again.")
            arrays: dict[str, Any] = {name: file.get_tensor(name) for name in file.keys() if name != "flow"}  # noqa: SIM118
        return ClipRecord(
            **arrays,
            flow=_map_flow(path),
            identity=metadata["identity"],
            seed=int(metadata["seed"]),
            fps=float(metadata["fps"]),
            scene=metadata.get("scene", ""),
        )
    except (SafetensorError, KeyError, ValueError, TypeError) as error:
        raise FormatError(f"{path} is no usable training clip ({error}): delete it and render it again.") from error


def clip_scene(path: Path) -> str:
    """``ClipRecord.scene`` of a file, without reading its arrays. FormatError: not such a file."""
    try:
        with safe_open(path, framework="numpy") as file:
            return str((file.metadata() or {}).get("scene", ""))
    except SafetensorError as error:
        raise FormatError(f"{path} is no usable training clip ({error}): delete it and render it again.") from error


def sample_flow(
    times_s: NDArray[np.float64],
    flow: NDArray[np.floating[Any]],
    start_s: NDArray[np.float64] | float,
    end_s: NDArray[np.float64] | float,
    frames: int = 16,
) -> NDArray[np.float32]:
    """TIM: linear interpolation in time at ``frames`` equally spaced times over [start_s, end_s], both ends included.

    Scalars give (frames, 2, H, W), arrays (B,) give (B, frames, 2, H, W). Times outside the stream take its nearest
    frame. ValueError unless start_s < end_s.
    """
    below, above, share = _neighbours(times_s, np.asarray(start_s), np.asarray(end_s), frames)
    weight = share[..., None, None, None]
    low: NDArray[np.float32] = flow[below].astype(np.float32)
    high: NDArray[np.float32] = flow[above].astype(np.float32)
    high -= low
    high *= weight
    high += low
    return high


_Neighbours = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]


def _neighbours(
    times_s: NDArray[np.float64], start_s: NDArray[np.float64], end_s: NDArray[np.float64], frames: int
) -> _Neighbours:
    """For each of ``frames`` times in each window: the frames of the stream before and after it, the latter's share."""
    start, end = start_s.astype(np.float64), end_s.astype(np.float64)
    if not (start < end).all():
        raise ValueError(f"window: expected start_s < end_s, got {start_s}, {end_s}")
    at = start[..., None] + (end - start)[..., None] * np.linspace(0.0, 1.0, frames)
    position = np.interp(at, times_s, np.arange(len(times_s)))
    below = np.minimum(position.astype(np.int64), max(len(times_s) - 2, 0))
    return below, np.minimum(below + 1, len(times_s) - 1), (position - below).astype(np.float32)


def _gradient(field: Tensor, dim: int) -> Tensor:
    """Central differences per crop pixel, one-sided at the border."""
    size = field.shape[dim]
    result = torch.empty_like(field)
    torch.sub(field.narrow(dim, 2, size - 2), field.narrow(dim, 0, size - 2), out=result.narrow(dim, 1, size - 2))
    torch.sub(field.narrow(dim, 1, 1), field.narrow(dim, 0, 1), out=result.narrow(dim, 0, 1)).mul_(2)
    torch.sub(field.narrow(dim, -1, 1), field.narrow(dim, -2, 1), out=result.narrow(dim, -1, 1)).mul_(2)
    return result.mul_(1 / (2 * PIXELS_PER_CELL))


def _deformation(flow: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """exx, eyy and 2 exy = du/dy + dv/dx of ``flow`` (..., 2, H, W), each (..., H, W)."""
    u, v = flow[..., 0, :, :], flow[..., 1, :, :]
    return _gradient(u, -1), _gradient(v, -2), _gradient(u, -2).add_(_gradient(v, -1))


def _magnitude(exx: Tensor, eyy: Tensor, double_exy: Tensor) -> Tensor:
    return (exx * exx).addcmul_(eyy, eyy).addcmul_(double_exy, double_exy, value=0.5).sqrt_()


def optical_strain(flow: Tensor) -> Tensor:
    """Magnitude of the symmetric gradient of ``flow`` (..., 2, H, W) -> (..., H, W), per crop pixel.

    sqrt(exx^2 + eyy^2 + 2 exy^2), exy = (du/dy + dv/dx) / 2. Not differentiable: it works in place.
    """
    return _magnitude(*_deformation(flow))


def _fill_volume(volume: Tensor, window: Tensor) -> None:
    """``window`` (B, T, 2, H, W) -> the six flow channels of ``volume`` (B, C, T, H, W)."""
    deformation = _deformation(window)
    from_first = [term - term[:, :1] for term in deformation]  # differentiation is linear: no second pass
    volume[:, 0:2] = (window - window[:, :1]).transpose(1, 2)
    volume[:, 2] = _magnitude(*from_first)
    volume[:, 3:5] = window.transpose(1, 2)
    volume[:, 5] = _magnitude(*deformation)
    volume[:, 2] *= STRAIN_SCALE
    volume[:, 5] *= STRAIN_SCALE
    if DISPLACEMENT_SCALE != 1.0:
        volume[:, [0, 1, 3, 4]] *= DISPLACEMENT_SCALE


def volume_of(window: Tensor, prior: Tensor | None = None) -> Tensor:
    """Windows of flow (B, T, 2, H, W) float32 -> network input (B, 6 or 7, T, H, W).

    Channels: u, v, strain from the window's first frame; u, v, strain from neutral; then ``prior`` (B, H, W), the same
    in each frame. What lies beside the face is 0, and nothing exceeds ``LARGEST``.
    """
    batch, frames, _, height, width = window.shape
    volume = window.new_empty((batch, 6 if prior is None else 7, frames, height, width))
    mask = torch.tensor(face_mask(height), device=window.device)
    # On a CPU one window at a time stays in the cache: measured several times faster than the batch at once.
    step = 1 if window.device.type == "cpu" else batch
    for i in range(0, batch, step):
        _fill_volume(volume[i : i + step], window[i : i + step])
        volume[i : i + step, :6].mul_(mask).clamp_(-LARGEST, LARGEST)
    if prior is not None:
        volume[:, 6] = prior[:, None]
    return volume


def window_volumes(
    times_s: NDArray[np.float64],
    flow: NDArray[np.floating[Any]],
    starts_s: Sequence[float] | NDArray[np.float64],
    ends_s: Sequence[float] | NDArray[np.float64],
    frames: int = 16,
    *,
    prior: NDArray[np.floating[Any]] | None = None,
    mirrored: bool = False,
) -> NDArray[np.float32]:
    """Volumes of many windows of one stream: (B, 6, frames, H, W) float32, 7 channels with a ``prior`` (H, W).

    What ``volume_of`` makes of ``sample_flow``, up to rounding, in less than half the time: interpolation,
    differentiation and the mask are linear, so each frame is differentiated and masked once, however many windows it
    is in. ``mirrored``: the volumes of the mirrored video; the prior stays.
    """
    below, above, share = _neighbours(times_s, np.asarray(starts_s), np.asarray(ends_s), frames)
    used, inverse = np.unique(np.stack([below, above], axis=1), return_inverse=True)
    places = torch.from_numpy(inverse.reshape(len(below), 2, frames))
    fields = _fields(torch.from_numpy(flow[used].astype(np.float32)), mirrored)
    volume = torch.empty((len(below), 6 if prior is None else 7, frames, *flow.shape[-2:]))
    for window, place, part in zip(volume, places, torch.from_numpy(share), strict=True):
        _blend(window[:6].flatten(2), fields, place, part[:, None])
    if prior is not None:
        volume[:, 6] = torch.from_numpy(np.ascontiguousarray(prior, dtype=np.float32))
    result: NDArray[np.float32] = volume.numpy()
    return result


def _fields(flow: Tensor, mirrored: bool) -> Tensor:
    """(5, n, H W) of frames (n, 2, H, W): u, v, and what strain is made of, scaled and masked."""
    seen = mirror_flow(flow) if mirrored else flow
    mask = torch.tensor(face_mask(flow.shape[-1]))
    fields = flow.new_empty((5, len(flow), *flow.shape[2:]))
    torch.mul(seen.transpose(0, 1), mask * DISPLACEMENT_SCALE, out=fields[:2])
    for field, term in zip(fields[2:], _deformation(seen), strict=True):
        torch.mul(term, mask * STRAIN_SCALE, out=field)
    return fields.flatten(2)


def _blend(volume: Tensor, fields: Tensor, place: Tensor, share: Tensor) -> None:
    """One window's channels (6, T, H W) of the fields of all frames: its own lie between frames ``place`` (2, T),
    at ``share`` (T, 1) of the way. A window at a time, a field at a time: each fits into a core's cache."""
    below, above = place
    terms = [volume[3], volume[4], *volume.new_empty((3, *volume.shape[1:]))]
    for field, term in zip(fields, terms, strict=True):
        torch.lerp(field.index_select(0, below), field.index_select(0, above), share, out=term)
    torch.sub(volume[3], volume[3, :1], out=volume[0])
    torch.sub(volume[4], volume[4, :1], out=volume[1])
    volume[5] = _magnitude(*terms[2:])
    volume[2] = _magnitude(*(term.sub_(term[:1].clone()) for term in terms[2:]))
    volume.clamp_(-LARGEST, LARGEST)


def window_volume(
    times_s: NDArray[np.float64],
    flow: NDArray[np.floating[Any]],
    start_s: float,
    end_s: float,
    frames: int = 16,
    *,
    prior: NDArray[np.floating[Any]] | None = None,
) -> NDArray[np.float32]:
    """The volume (6, frames, H, W) of one window [start_s, end_s] of ``flow`` (N, 2, H, W), ``times_s`` (N,)."""
    volume: NDArray[np.float32] = window_volumes(times_s, flow, [start_s], [end_s], frames, prior=prior)[0]
    return volume


def mirror_flow(flow: Tensor) -> Tensor:
    """The flow (..., 2, H, W) of the mirrored video: x runs the other way, so u changes its sign."""
    return flow.flip(-1) * flow.new_tensor([-1.0, 1.0]).view(2, 1, 1)


def mirror_volume(volume: Tensor) -> Tensor:
    """The network input (..., C, T, H, W) of the mirrored video: u channels (0 and 3) change sign, strain does not."""
    sign = volume.new_ones(volume.shape[-4])
    sign[[0, 3]] = -1.0
    return volume.flip(-1) * sign.view(-1, 1, 1, 1)


def mirror_sides(intensity: Tensor) -> Tensor:
    """Labels (..., n, 2) of the mirrored video: left and right change places."""
    return intensity.flip(-1)
