"""One labelled clip, prepared: what systems that recognise emotions and AUs are trained and judged on.

A sample is cut from onset to offset, as the label sheets give them. Its flow is measured from its first frame.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from curves.errors import FormatError
from recognizer.face.align import CROP
from recognizer.face.motion import GRID

#: Side of the onset-apex flow image that shallow networks read (MEGC2019).
IMAGE = 28

_FORMAT = "microexpr.sample/1"
_DTYPES: dict[str, type[np.generic]] = {
    "times_s": np.float64,
    "flow": np.float16,
    "crops": np.uint8,
    "onset_apex": np.float32,
}
_LARGE = frozenset({"flow", "crops"})


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """A clip of one subject, N frames from onset to offset.

    ``clip`` is unique in ``dataset``, ``subject`` in ``dataset`` too. ``emotion``: as the set names it, in lower case,
    or None. ``aus``: those labelled, or None where the set has no AU labels. ``times_s`` (N,) f64 from 0, rising;
    ``apex``: index of the apex frame, or None where no one labelled it. ``flow`` (N, 2, 56, 56) f16: u right, v down in
    crop pixels from the first frame, head motion removed. ``crops`` (N, 112, 112) u8, gray, the head held still.
    ``onset_apex`` (3, 28, 28) f32: the set's own u, v, strain image, of sets that consist of those. What a set cannot
    give is None. Raises ValueError where shapes contradict that.
    """

    clip: str
    dataset: str
    subject: str
    emotion: str | None
    aus: frozenset[int] | None
    times_s: NDArray[np.float64]
    apex: int | None = None
    flow: NDArray[np.float16] | None = None
    crops: NDArray[np.uint8] | None = None
    onset_apex: NDArray[np.float32] | None = None

    def __post_init__(self) -> None:
        n = len(self.times_s)
        if n < 1 or (np.diff(self.times_s) <= 0).any():
            raise ValueError(f"sample {self.clip} times_s: expected rising times, got {self.times_s}")
        if self.apex is not None and not 0 <= self.apex < n:
            raise ValueError(f"sample {self.clip} apex: expected 0..{n - 1}, got {self.apex}")
        expected = {"flow": (n, 2, GRID, GRID), "crops": (n, CROP, CROP), "onset_apex": (3, IMAGE, IMAGE)}
        for name, shape in expected.items():
            array = getattr(self, name)
            if array is not None and array.shape != shape:
                raise ValueError(f"sample {self.clip} {name}: expected shape {shape}, got {array.shape}")

    def blind(self) -> "Sample":
        """The same clip without what must be recognised, and without whose it is."""
        return replace(self, clip="", subject="", emotion=None, aus=None)


def save_sample(sample: Sample, path: Path) -> None:
    """Writes safetensors, labels in its metadata; the file appears only when complete. OSError where it cannot."""
    arrays = {
        name: np.ascontiguousarray(getattr(sample, name), dtype=dtype)
        for name, dtype in _DTYPES.items()
        if getattr(sample, name) is not None
    }
    labels = {
        "clip": sample.clip,
        "dataset": sample.dataset,
        "subject": sample.subject,
        "emotion": sample.emotion,
        "aus": None if sample.aus is None else sorted(sample.aus),
        "apex": sample.apex,
    }
    partial = path.with_name(path.name + ".part")
    save_file(arrays, partial, metadata={"format": _FORMAT, "labels": json.dumps(labels)})
    partial.replace(path)


def _mapped(path: Path, names: Iterable[str]) -> dict[str, NDArray[Any]]:
    """Arrays of a safetensors file as read-only memory maps: a set of samples may be larger than memory."""
    with path.open("rb") as file:
        size = int.from_bytes(file.read(8), "little")
        header = json.loads(file.read(size))
    result: dict[str, NDArray[Any]] = {}
    for name in names:
        offset = 8 + size + header[name]["data_offsets"][0]
        shape = tuple(header[name]["shape"])
        result[name] = np.memmap(path, dtype=_DTYPES[name], mode="r", offset=offset, shape=shape)
    return result


def load_sample(path: Path) -> Sample:
    """Reads what ``save_sample`` wrote; ``flow`` and ``crops`` stay on disk, memory-mapped, read-only.

    FormatError: not such a file, or none that can be read.
    """
    try:
        with safe_open(path, framework="numpy") as file:
            metadata = file.metadata() or {}
            if metadata.get("format") != _FORMAT:
                raise FormatError(f"{path} is not a prepared sample ({_FORMAT}): prepare the data set again.")
            held = set(file.keys())
            arrays: dict[str, Any] = {name: file.get_tensor(name) for name in held - _LARGE}
        labels = json.loads(metadata["labels"])
        aus = labels.pop("aus")
        arrays |= _mapped(path, held & _LARGE)
        return Sample(aus=None if aus is None else frozenset(aus), **labels, **arrays)
    except (OSError, SafetensorError, KeyError, ValueError, TypeError, AttributeError) as error:
        raise FormatError(
            f"{path} is no usable prepared sample ({error}): delete it and prepare the data set again."
        ) from error
