"""What a face cannot show, as data."""

import math

from curves.values import DEFAULT_AUS
from graph.anatomy import impossible_pairs, impossible_rate
from graph.cooccurrence import public_counts


def test_the_pairs_are_of_the_vocabulary_and_never_labelled() -> None:
    counts = public_counts()
    pairs = impossible_pairs()
    assert len(set(pairs)) == len(pairs) >= 4
    for first, second in pairs:
        assert first < second
        a, b = DEFAULT_AUS.index(first), DEFAULT_AUS.index(second)
        assert counts.joint[a, b] == 0


def test_the_rate_counts_sets_that_hold_a_pair() -> None:
    assert impossible_rate([{24, 25}, {12}, {1, 2, 4}, set()]) == 1 / 3
    assert math.isnan(impossible_rate([set()]))
