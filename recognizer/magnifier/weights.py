"""The magnifier on disk: safetensors with its configuration, a model card with their SHA-256 beside them."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from importlib import resources
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from curves.errors import FormatError, SetupError
from recognizer.digests import card_path, expected_digest, file_sha256
from recognizer.magnifier.network import Magnifier, MagnifierConfig

FORMAT = "microexpr.magnifier/1"


def shipped_weights() -> Path:
    """The magnifier that ships with the package."""
    return Path(str(resources.files("recognizer") / "weights" / "magnifier.safetensors"))


def save_magnifier(net: Magnifier, path: Path, metadata: Mapping[str, Any]) -> str:
    """Writes ``path``, kernels in half precision, and its card (``metadata`` with ``sha256``); returns the SHA-256."""
    stored = {"format": FORMAT, "config": asdict(net.config), **metadata}
    tensors = {
        name: value.detach().cpu().to(torch.float16 if value.ndim >= 2 else value.dtype).contiguous().clone()
        for name, value in net.state_dict().items()
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    partial, card = path.with_name(path.name + ".part"), card_path(path)
    save_file(tensors, partial, metadata={"microexpr": json.dumps(stored)})
    digest = file_sha256(partial)
    partial_card = card.with_name(card.name + ".part")
    text = json.dumps({"sha256": digest, **stored}, indent=1, allow_nan=False) + "\n"
    partial_card.write_text(text, encoding="utf-8", newline="\n")
    partial.replace(path)
    partial_card.replace(card)
    return digest


def load_magnifier(path: Path | None = None) -> tuple[Magnifier, dict[str, Any], str]:
    """(network in eval mode, metadata, SHA-256) of ``path``, by default the shipped one.

    The digest is held against the card beside the file; the shipped file must have one. SetupError: no such file or
    card. FormatError: another digest, or not a magnifier.
    """
    path = shipped_weights() if path is None else path
    if not path.is_file():
        raise SetupError(f"The magnifier {path} is missing: reinstall microexpr or name a file with --weights.")
    digest, expected = file_sha256(path), expected_digest(path)
    if expected is None and path.resolve() == shipped_weights().resolve():
        raise SetupError(f"The model card {card_path(path)} of the shipped magnifier is missing: reinstall microexpr.")
    if expected is not None and digest != expected:
        raise FormatError(
            f"The magnifier {path} is not that of its model card (SHA-256 {digest[:12]}..., expected "
            f"{expected[:12]}...): fetch it again."
        )
    try:
        with safe_open(path, framework="pt") as file:
            metadata: dict[str, Any] = json.loads((file.metadata() or {})["microexpr"])
            tensors = {name: file.get_tensor(name).float() for name in file.keys()}  # noqa: SIM118
        if metadata.get("format") != FORMAT:
            raise FormatError(f"{path} holds {metadata.get('format')} but this version reads {FORMAT}: train again.")
        net = Magnifier(MagnifierConfig(**metadata["config"]))
        net.load_state_dict(tensors)
    except (SafetensorError, KeyError, ValueError, TypeError, RuntimeError) as error:
        raise FormatError(f"{path} holds no usable magnifier ({error}): fetch or train it again.") from error
    return net.eval(), metadata, digest
