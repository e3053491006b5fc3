"""What an analysis tells its user beside what it found."""

from fractions import Fraction
from pathlib import Path

import pytest

from recognizer.analysis import _slow_note
from recognizer.video import VideoInfo


@pytest.mark.parametrize(("rate", "told"), [(1, True), (5, True), (14, True), (15, False), (24, False), (200, False)])
def test_a_video_too_slow_for_micro_expressions_is_told(rate: int, told: bool) -> None:
    info = VideoInfo(Path("a.mp4"), 64, 48, Fraction(rate), None, None, None, 0)
    assert bool(_slow_note(info)) is told
    assert all(f"{rate} frames a second" in note for note in _slow_note(info))
