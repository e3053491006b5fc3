"""Start a backbone from weights on disk: those of ``microexpr train``, or any with the same names and shapes."""

import json
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from curves.errors import InputError
from recognizer.digests import default_weights_path
from recognizer.resnet3d import Kind, ResNet3D18
from recognizer.systems import Progress
from recognizer.weights_io import FORMAT, config_from_json

_PREFIX = "backbone."
_TRIPLE = 3  #: u, v, strain


@dataclass(frozen=True, slots=True, eq=False)
class StartWeights:
    """A backbone's ``tensors`` under the names of ``ResNet3D18``, from ``path``. ``kind``, ``width``: its own, or None
    where the file does not say: then the network's."""

    path: Path
    tensors: dict[str, Tensor]
    kind: Kind | None
    width: int | None


def read_start(path: Path | None) -> StartWeights:
    """The weights of ``path``, or those that ship.

    InputError: no safetensors file, or weights for brightness (``rgb``) instead of flow.
    """
    chosen = default_weights_path() if path is None else path
    try:
        with safe_open(chosen, framework="pt") as file:
            metadata = json.loads((file.metadata() or {}).get("microexpr", "{}"))
            tensors = {name: file.get_tensor(name).float() for name in file.keys()}  # noqa: SIM118
    except (OSError, SafetensorError, ValueError) as error:
        raise InputError(f"{chosen} cannot be read as weights ({error}): give a safetensors file.") from error
    if any(name.startswith(_PREFIX) for name in tensors):
        tensors = {name.removeprefix(_PREFIX): t for name, t in tensors.items() if name.startswith(_PREFIX)}
    if metadata.get("format") != FORMAT:
        return StartWeights(chosen, tensors, None, None)
    try:
        config = config_from_json(metadata["config"])
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"{chosen} names a network unknown to this version ({error}): train it again.") from error
    if config.input != "flow":
        raise InputError(f"{chosen} reads {config.input}, but this system reads flow: give weights of a flow variant.")
    return StartWeights(chosen, tensors, config.backbone, config.width)


def start_backbone(backbone: ResNet3D18, start: StartWeights, system: str, progress: Progress) -> None:
    """Fills ``backbone`` (u, v, strain in) with what fits by name and shape, and says what does not.

    A first layer for the six channels of videos becomes one for three: a clip's first frame is its neutral, both halves
    see the same, so their kernels are summed and the answer stays. InputError if no convolution fits.
    """
    own = backbone.state_dict()
    given = {name: _narrowed(tensor, own.get(name)) for name, tensor in start.tensors.items()}
    fitting = {name: t for name, t in given.items() if name in own and t.shape == own[name].shape}
    kernels = [name for name, tensor in own.items() if tensor.ndim == 5]
    taken = [name for name in kernels if name in fitting]
    if not taken:
        raise InputError(
            f"Nothing in {start.path} fits the backbone of {system}: give weights of microexpr train, or tensors "
            "named and shaped as those of recognizer.resnet3d."
        )
    backbone.load_state_dict({**own, **fitting})
    left = [name for name in own if name not in fitting and not name.endswith("num_batches_tracked")]
    says = f"{system}: starts from {start.path.name}, {len(taken)} of {len(kernels)} convolutions taken over"
    progress(says + (f"; from scratch stay {', '.join(left)}" if left else "") + "; heads start from scratch")


def _narrowed(tensor: Tensor, wanted: Tensor | None) -> Tensor:
    """A first kernel for [u, v, strain, u, v, strain(, prior)] as one for [u, v, strain]; others as they are."""
    if wanted is None or tensor.ndim != 5 or wanted.shape[1] != _TRIPLE or tensor.shape[1] not in (6, 7):
        return tensor
    return torch.add(tensor[:, :_TRIPLE], tensor[:, _TRIPLE : 2 * _TRIPLE])
