"""What an editor asks of curves: rig, emotion, intensity, keys, tolerance; checked before any work."""

from dataclasses import dataclass
from typing import Literal

from curves.errors import InputError
from curves.rigs import rig_names
from curves.values import BasicEmotion
from unreal_bridge.wire import pb

_MAX_TOLERANCE = 0.2
_KEY_MODES: dict[int, Literal["auto", "exact"] | None] = {
    pb.KEY_MODE_UNSPECIFIED: None,
    pb.KEY_MODE_AUTO: "auto",
    pb.KEY_MODE_EXACT: "exact",
}


@dataclass(frozen=True)
class Wish:
    """None: the default of whoever fulfils it."""

    rig: str | None
    emotion: BasicEmotion | None
    intensity: float | None
    keys: Literal["auto", "exact"] | None
    tolerance: float | None


def read_wish(message: pb.RemapTakeRequest | pb.AnalyzeOptions) -> Wish:
    """The wish in a message. Raises InputError: a name is not known, or a number is out of its range."""
    if message.rig and message.rig not in rig_names():  # names only: a path would be read from this machine's disk
        raise InputError(f"{message.rig[:60]!r} is no rig; use {', '.join(rig_names())}.")
    if message.emotion and message.emotion not in list(BasicEmotion):
        raise InputError(f"{message.emotion[:60]!r} is no emotion; use {', '.join(BasicEmotion)} or none.")
    if message.key_mode not in _KEY_MODES:
        raise InputError(f"key mode {message.key_mode} is not known; update the server.")
    intensity = message.intensity if message.HasField("intensity") else None
    if intensity is not None and not 0.0 <= intensity <= 1.0:
        raise InputError(f"intensity: expected 0 to 1, got {intensity}.")
    tolerance = message.tolerance if message.HasField("tolerance") else None
    if tolerance is not None and not 0.0 < tolerance <= _MAX_TOLERANCE:
        raise InputError(f"tolerance: expected above 0 and at most {_MAX_TOLERANCE}, got {tolerance}.")
    return Wish(
        rig=message.rig or None,
        emotion=BasicEmotion(message.emotion) if message.emotion else None,
        intensity=intensity,
        keys=_KEY_MODES[message.key_mode],
        tolerance=tolerance,
    )
