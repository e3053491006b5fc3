import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curves.values import Interval
from recognizer.scores import (
    BinaryCounts,
    accuracy,
    au_counts,
    confusion_matrix,
    macro_f1,
    match_intervals,
    pooled_spotting,
    spotting_scores,
    strs,
    timing_errors,
    uar,
    uf1,
)

intervals = st.lists(
    st.tuples(st.integers(0, 40), st.integers(1, 12)).map(lambda pair: Interval(pair[0] / 10, sum(pair) / 10)),
    max_size=5,
)


def test_a_spot_counts_at_exactly_half_overlap_and_not_below() -> None:
    true = [Interval(0.0, 1.0)]
    assert spotting_scores(true, [Interval(0.0, 0.5)]) == BinaryCounts(tp=1)
    assert spotting_scores(true, [Interval(0.0, 0.49)]) == BinaryCounts(fp=1, fn=1)


def test_two_spots_on_one_event_are_one_hit_and_one_false_alarm() -> None:
    found = [Interval(0.0, 0.9), Interval(0.1, 1.0)]
    assert spotting_scores([Interval(0.0, 1.0)], found) == BinaryCounts(tp=1, fp=1)


def test_matching_is_optimal_where_greedy_loses_a_pair() -> None:
    # The best single pair is (1, 0); taking it first would leave true 0 without a partner at IoU 0.5.
    true = [Interval(0.0, 1.0), Interval(0.3, 1.5)]
    found = [Interval(0.25, 1.35), Interval(0.7, 1.5)]
    assert true[1].iou(found[0]) > max(true[0].iou(found[0]), true[1].iou(found[1]))
    assert match_intervals(true, found) == [(0, 0), (1, 1)]


def test_scores_by_hand() -> None:
    counts = BinaryCounts(tp=6, fp=2, fn=4)
    assert (counts.precision, counts.recall) == (0.75, 0.6)
    assert counts.f1 == pytest.approx(2 * 0.75 * 0.6 / 1.35)
    assert all(math.isnan(x) for x in (BinaryCounts().precision, BinaryCounts().recall, BinaryCounts().f1))


def test_spots_do_not_match_across_videos() -> None:
    here = [Interval(0.0, 0.4)]
    assert pooled_spotting([(here, []), ([], here)]) == BinaryCounts(fp=1, fn=1)
    assert pooled_spotting([(here, here), (here, here)]) == BinaryCounts(tp=2)


def test_au_counts_by_hand() -> None:
    counts = au_counts([({1, 2}, {1}), ({12}, {12, 6}), ({1}, {1, 2})])
    assert counts == {
        1: BinaryCounts(tp=2),
        2: BinaryCounts(fp=1, fn=1),
        6: BinaryCounts(fp=1),
        12: BinaryCounts(tp=1),
    }
    assert macro_f1(counts) == pytest.approx((1 + 0 + 0 + 1) / 4)
    assert math.isnan(macro_f1({}))


def test_timing_errors_by_hand() -> None:
    errors = timing_errors([[0.0, 0.1, 0.3], [1.0, 1.2, 1.4]], [[0.1, 0.1, 0.2], [0.9, 1.3, 1.4]])
    assert (errors.onset_s, errors.apex_s, errors.offset_s) == pytest.approx((0.1, 0.05, 0.05))
    assert errors.count == 2
    assert math.isnan(timing_errors([], []).onset_s)
    with pytest.raises(ValueError, match="as many found as true"):
        timing_errors([[0.0, 0.1, 0.3]], [])


def test_recognition_scores_by_hand() -> None:
    matrix = confusion_matrix([0, 0, 0, 1, 1, 2], [0, 1, 1, 1, 0, 2], classes=4)
    assert matrix.tolist() == [[1, 2, 0, 0], [1, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 0]]
    assert accuracy(matrix) == pytest.approx(3 / 6)
    assert uar(matrix) == pytest.approx((1 / 3 + 1 / 2 + 1) / 3)
    assert uf1(matrix) == pytest.approx((2 / 5 + 2 / 5 + 1) / 3)  # class 3 neither occurs nor is predicted
    assert strs(0.5, 0.4) == pytest.approx(0.2)


def test_a_class_only_predicted_pulls_uf1_down_but_not_uar() -> None:
    matrix = confusion_matrix([0, 0], [0, 1], classes=2)
    assert uf1(matrix) == pytest.approx((2 / 3 + 0) / 2)
    assert uar(matrix) == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("true", "predicted", "match"), [([0], [3], r"0\.\.2"), ([-1], [0], r"0\.\.2"), ([0], [], "as")]
)
def test_confusion_matrix_refuses(true: list[int], predicted: list[int], match: str) -> None:
    with pytest.raises(ValueError, match=match):
        confusion_matrix(true, predicted, classes=3)


def test_iou_of_zero_is_refused() -> None:
    with pytest.raises(ValueError, match="above 0"):
        match_intervals([], [], iou=0.0)


@given(intervals, intervals)
def test_matching_is_one_to_one_and_as_large_as_any(true: list[Interval], found: list[Interval]) -> None:
    pairs = match_intervals(true, found)
    assert all(true[i].iou(found[j]) >= 0.5 for i, j in pairs)
    assert len({i for i, _ in pairs}) == len({j for _, j in pairs}) == len(pairs)
    short, long = sorted((true, found), key=len)
    best = max(
        sum(one.iou(long[k]) >= 0.5 for one, k in zip(short, choice, strict=True))
        for choice in itertools.permutations(range(len(long)), len(short))
    )
    assert len(pairs) == best
    assert len(match_intervals(found, true)) == len(pairs)


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=40))
def test_recognition_scores_lie_in_0_1_and_are_1_only_when_right(labels: list[tuple[int, int]]) -> None:
    matrix = confusion_matrix([a for a, _ in labels], [b for _, b in labels], classes=5)
    assert matrix.sum() == len(labels)
    right = all(a == b for a, b in labels)
    for score in (accuracy(matrix), uf1(matrix), uar(matrix)):
        assert 0.0 <= score <= 1.0
        assert (score == 1.0) == right
    assert np.isfinite(uf1(matrix))
