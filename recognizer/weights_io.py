"""Weights on disk: safetensors with the variant in their metadata, a model card with their SHA-256 beside them."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from importlib import metadata as package_metadata
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from curves.errors import FormatError, SetupError
from recognizer.digests import card_path, default_weights_path, expected_digest, file_sha256
from recognizer.network import MicroExpressionNet, NetworkConfig

__all__ = [
    "FORMAT",
    "card_path",
    "config_from_json",
    "config_to_json",
    "default_weights_path",
    "load_network",
    "save_weights",
]

FORMAT = "microexpr.weights/1"


def config_to_json(config: NetworkConfig) -> dict[str, Any]:
    return asdict(config)


def config_from_json(values: Mapping[str, Any]) -> NetworkConfig:
    """The inverse of ``config_to_json``; TypeError for an unknown key."""
    lists = {name: tuple(value) for name, value in values.items() if isinstance(value, list)}
    return NetworkConfig(**{**values, **lists})


def _package_version() -> str:
    try:
        return package_metadata.version("microexpr")
    except package_metadata.PackageNotFoundError:
        return "not installed"


def _stored(tensor: Tensor, half: bool) -> Tensor:
    # Norms and biases stay: they are few, and a running variance can leave half precision's range.
    as_half = half and tensor.is_floating_point() and tensor.ndim >= 2
    return tensor.detach().cpu().to(torch.float16 if as_half else tensor.dtype).contiguous().clone()


def save_weights(
    net: MicroExpressionNet,
    path: Path,
    metadata: Mapping[str, Any],
    *,
    half: bool = False,
) -> str:
    """Writes ``path`` and, beside it, the card (``metadata`` with ``sha256``); returns the SHA-256.

    ``half``: matrices and kernels as float16, half the size. ``metadata``: JSON values on data, seeds, command,
    scores; config, AU list and version are added here.
    """
    stored = {
        "format": FORMAT,
        "version": _package_version(),
        "aus": list(net.config.aus),
        "config": config_to_json(net.config),
        **metadata,
    }
    tensors = {name: _stored(tensor, half) for name, tensor in net.state_dict().items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".part")
    save_file(tensors, partial, metadata={"microexpr": json.dumps(stored)})
    digest = file_sha256(partial)
    card = json.dumps({"sha256": digest, **stored}, indent=1, allow_nan=False) + "\n"
    partial_card = card_path(path).with_name(card_path(path).name + ".part")
    partial_card.write_text(card, encoding="utf-8", newline="\n")
    partial.replace(path)
    partial_card.replace(card_path(path))
    return digest


def load_network(path: Path, *, expected_sha256: str | None = None) -> tuple[MicroExpressionNet, dict[str, Any], str]:
    """(network in eval mode, metadata, SHA-256) of what ``save_weights`` wrote.

    The digest is held against ``expected_sha256`` or else the card beside the file; weights of the user's own may lack
    a card, those that ship may not. SetupError: no such file, or no card of the shipped ones. FormatError: another
    digest, or not weights of ours.
    """
    if not path.is_file():
        raise SetupError(f"The weights {path} are missing: reinstall microexpr or name a file with --weights.")
    digest = file_sha256(path)
    expected = expected_sha256 or expected_digest(path)
    if expected is not None and digest != expected:
        raise FormatError(
            f"The weights {path} are not those of their model card (SHA-256 {digest[:12]}..., expected "
            f"{expected[:12]}...): fetch them again."
        )
    try:
        with safe_open(path, framework="pt") as file:
            metadata: dict[str, Any] = json.loads((file.metadata() or {})["microexpr"])
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        if metadata.get("format") != FORMAT:
            raise FormatError(f"{path} holds {metadata.get('format')} but this version reads {FORMAT}: train again.")
        config = config_from_json(metadata["config"])
        count = len(config.aus)
        net = MicroExpressionNet(config, np.zeros((count, count)))  # the graph comes with the weights
        net.load_state_dict({name: _restored(tensor) for name, tensor in tensors.items()})
    except (SafetensorError, KeyError, ValueError, TypeError, RuntimeError) as error:
        raise FormatError(f"{path} holds no usable weights ({error}): fetch or train them again.") from error
    return net.eval(), metadata, digest


def _restored(tensor: Tensor) -> Tensor:
    return tensor.float() if tensor.dtype == torch.float16 else tensor
