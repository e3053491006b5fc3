"""Orders: balanced however many come."""

from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studies.orders import order_list, orders_frame
from studies.vocabulary import EMOTIONS

SIZES = st.integers(1, 7)


@given(n=st.integers(0, 90), size=SIZES, seed=st.integers(0, 1000))
def test_any_number_of_participants_is_balanced(n: int, size: int, seed: int) -> None:
    emotions = tuple("abcdefg"[:size])
    assignments = order_list(n, emotions, seed)
    assert [one.participant for one in assignments] == list(range(1, n + 1))
    assert all(sorted(one.emotions) == sorted(emotions) for one in assignments)
    orders = Counter(one.order for one in assignments)
    assert abs(orders["AB"] - orders["BA"]) <= 1
    for place in range(size):
        counts = Counter(one.emotions[place] for one in assignments)
        assert max(counts[name] for name in emotions) - min(counts[name] for name in emotions) <= 1


@given(size=SIZES, seed=st.integers(0, 1000))
def test_a_whole_block_crosses_order_and_sequence_and_balances_what_follows_what(size: int, seed: int) -> None:
    emotions = tuple("abcdefg"[:size])
    block = order_list(size * (2 if size % 2 == 0 else 4), emotions, seed)
    crossed = Counter((one.order, one.emotions) for one in block)
    copies = 2 if size == 1 else 1  # the mirror of one emotion is itself
    assert set(crossed.values()) == {copies}
    assert {(("BA" if order == "AB" else "AB"), row) for order, row in crossed} == set(crossed)
    after = Counter(pair for one in block for pair in pairwise(one.emotions))
    assert len(after) == size * (size - 1)
    assert len(set(after.values())) <= 1


@given(shorter=st.integers(0, 40), more=st.integers(0, 40), seed=st.integers(0, 1000))
def test_a_longer_list_begins_with_the_shorter(shorter: int, more: int, seed: int) -> None:
    assert order_list(shorter + more, seed=seed)[:shorter] == order_list(shorter, seed=seed)


def test_the_seed_decides() -> None:
    assert order_list(24, seed=3) == order_list(24, seed=3)
    assert order_list(24, seed=3) != order_list(24, seed=4)


def test_the_table_has_a_column_a_place() -> None:
    frame = orders_frame(order_list(3))
    assert list(frame.columns) == ["participant", "order", *(f"emotion_{place}" for place in range(1, 7))]
    assert frame["participant"].tolist() == [1, 2, 3]
    assert set(frame.iloc[0, 2:]) == set(EMOTIONS)
    assert orders_frame([]).columns.tolist() == ["participant", "order"]


def test_wrong_arguments() -> None:
    for n, emotions in ((-1, EMOTIONS), (2, ()), (2, ("fear", "fear"))):
        with pytest.raises(ValueError, match="expected n >= 0 and different emotions"):
            order_list(n, emotions)
