"""SHA-256 of files, and which one a weights file must have. Light: the doctor asks it where torch is missing."""

import hashlib
import json
from importlib import resources
from pathlib import Path

from curves.errors import FormatError, SetupError


def file_sha256(path: Path) -> str:
    """SHA-256 (hex) of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def default_weights_path() -> Path:
    """The weights that ship with the package."""
    return Path(str(resources.files("recognizer") / "weights" / "default.safetensors"))


def card_path(weights: Path) -> Path:
    """The model card of a weights file: same name, ``.json``."""
    return weights.with_suffix(".json")


def expected_digest(weights: Path) -> str | None:
    """The SHA-256 that the model card says; None for weights of the user's own that have no card.

    Raises SetupError if the shipped weights lack theirs, FormatError for a card that cannot be read.
    """
    card = card_path(weights)
    if not card.is_file():
        if weights.resolve() == default_weights_path().resolve():
            raise SetupError(f"The model card {card} of the shipped weights is missing: reinstall microexpr.")
        return None
    try:
        return str(json.loads(card.read_text(encoding="utf-8"))["sha256"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise FormatError(f"The model card {card} cannot be read: restore it or delete it.") from error
