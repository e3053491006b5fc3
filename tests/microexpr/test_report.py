"""What the command line says of a conversion."""

from fractions import Fraction
from pathlib import Path

import numpy as np

from curves.values import AUTrack, Interval, Side, Take
from microexpr.batch import Job, Outcome
from microexpr.report import summary


def said(times: list[float], *no_face: Interval) -> str:
    track = AUTrack(12, Side.BOTH, np.array(times), np.zeros(len(times)))
    take = Take(Fraction(30), 6.5, (), (track,), (), no_face)
    return summary(Outcome(Job(Path("a.mp4"), Path("out"), "a"), "converted", 1.0, take)).splitlines()[0]


def test_the_length_is_that_of_the_part_and_faceless_time_is_told() -> None:
    assert said([0.0, 6.4]) == "a.mp4: no events in 6.50 s of video"
    assert said([2.0, 6.4]) == "a.mp4: no events in 4.50 s of video"
    assert said([0.0, 2.4], Interval(2.5, 6.5)) == "a.mp4: no events in 6.50 s of video, 4.00 s of it without a face"
