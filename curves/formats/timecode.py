"""SMPTE time codes as frame counts, drop-frame included (SMPTE ST 12-1)."""

import math
import re
from fractions import Fraction

_TIMECODE = re.compile(r"([0-9]{2}):([0-5][0-9]):([0-5][0-9])([:;.])([0-9]{2,3})")
_DAY_S = 24 * 60 * 60


def is_timecode(text: str) -> bool:
    """True if a take can hold ``text`` as its start time code: the whole of it is the pattern in take.schema.json."""
    return _TIMECODE.fullmatch(text) is not None


def nominal_rate(frame_rate: Fraction) -> int:
    """Frames that a second of time code counts: 30 for 30000/1001. At least 1."""
    return max(1, math.ceil(frame_rate))


def is_drop_frame(timecode: str) -> bool:
    """True for the separators that mean drop-frame: ``;`` or ``.`` before the frames."""
    match = _TIMECODE.fullmatch(timecode)
    return match is not None and match[4] != ":"


def to_frames(timecode: str, frame_rate: Fraction) -> int:
    """The frame count since midnight. Raises ValueError if it is no time code of this frame rate."""
    match = _TIMECODE.fullmatch(timecode)
    rate = nominal_rate(frame_rate)
    if match is None:
        raise ValueError(f"{timecode!r} is no time code; expected HH:MM:SS:FF")
    hours, minutes, seconds, frames = (int(match[group]) for group in (1, 2, 3, 5))
    if hours > 23 or frames >= rate:
        raise ValueError(f"{timecode!r} is no time code at {rate} frames a second")
    count = (hours * 3600 + minutes * 60 + seconds) * rate + frames
    if is_drop_frame(timecode):
        passed = hours * 60 + minutes
        count -= _dropped(rate) * (passed - passed // 10)
    return count


def from_frames(count: int, frame_rate: Fraction, *, drop_frame: bool = False) -> str:
    """The time code of a frame count, ``HH:MM:SS:FF`` (``HH:MM:SS;FF`` with drop-frame); wraps at 24 hours."""
    rate = nominal_rate(frame_rate)
    if drop_frame:
        drop = _dropped(rate)
        ten_minutes, minute = rate * 600 - drop * 9, rate * 60 - drop
        count %= ten_minutes * 144
        tens, rest = divmod(count, ten_minutes)
        # the first minute of ten drops nothing; each later one skips its first numbers
        count += drop * (9 * tens + max(0, (rest - drop) // minute))
    else:
        count %= rate * _DAY_S
    seconds, frames = divmod(count, rate)
    separator = ";" if drop_frame else ":"
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}{separator}{frames:02d}"


def _dropped(rate: int) -> int:
    """Frame numbers left out each minute but every tenth: 2 at 29.97, 4 at 59.94."""
    return rate // 15 if rate % 30 == 0 else 0
