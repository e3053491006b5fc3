"""Pictures of licensed sets, read one by one."""

from pathlib import Path

import cv2
import numpy as np

from curves.errors import InputError
from recognizer.video import Image


def read_picture(path: Path, *, like: Image | None = None) -> Image:
    """A picture as RGB (H, W, 3) uint8; InputError where it cannot be read, or has another size than ``like``."""
    try:
        data = np.frombuffer(path.read_bytes() or b"\0", np.uint8)
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}): restore it and run this again.") from error
    image = cv2.imdecode(data, cv2.IMREAD_COLOR_RGB)  # not cv2.imread: see video.py
    if image is None:
        raise InputError(f"{path} is not a picture that can be read: restore it and run this again.")
    if like is not None and image.shape != like.shape:
        raise InputError(f"{path} has another size than the clip's first picture: restore the clip's folder.")
    return np.asarray(image, dtype=np.uint8)
