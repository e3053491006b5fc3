"""State of an unfinished training in one safetensors file: no pickle, and never half written."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from curves.errors import FormatError


def save_checkpoint(
    path: Path,
    net: torch.nn.Module,
    average: torch.nn.Module,
    optimiser: torch.optim.Optimizer,
    state: Mapping[str, Any],
) -> None:
    """``state``: JSON values (epoch, step, best, config...)."""
    tensors = {f"net/{name}": value for name, value in net.state_dict().items()}
    tensors |= {f"average/{name}": value for name, value in average.state_dict().items()}
    for number, values in optimiser.state_dict()["state"].items():
        tensors |= {f"optimiser/{number}/{name}": value for name, value in values.items()}
    stored = {name: value.detach().cpu().contiguous().clone() for name, value in tensors.items()}
    partial = path.with_name(path.name + ".part")
    save_file(stored, partial, metadata={"state": json.dumps(dict(state))})
    partial.replace(path)


def load_checkpoint(
    path: Path,
    net: torch.nn.Module,
    average: torch.nn.Module,
    optimiser: torch.optim.Optimizer,
) -> dict[str, Any]:
    """Fills the three and returns the state; FormatError if the file does not fit them."""
    try:
        with safe_open(path, framework="pt") as file:
            state: dict[str, Any] = json.loads((file.metadata() or {})["state"])
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        net.load_state_dict(_part(tensors, "net/"))
        average.load_state_dict(_part(tensors, "average/"))
        moments: dict[int, dict[str, Tensor]] = {}
        for name, value in _part(tensors, "optimiser/").items():
            number, _, key = name.partition("/")
            moments.setdefault(int(number), {})[key] = value
        optimiser.load_state_dict({"state": moments, "param_groups": optimiser.state_dict()["param_groups"]})
    except (SafetensorError, KeyError, ValueError, RuntimeError) as error:
        raise FormatError(f"The checkpoint {path} cannot be resumed ({error}): delete it to start again.") from error
    return state


def _part(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}
