"""Who sees what when: orders of the videos and of the emotions, counterbalanced and drawn by a seed."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from studies.vocabulary import EMOTIONS, ORDERS


@dataclass(frozen=True, slots=True)
class Assignment:
    """What one participant gets: ``participant`` counts from 1, ``order`` is "AB" or "BA" and holds for all emotions,
    ``emotions`` in the order in which they come."""

    participant: int
    order: str
    emotions: tuple[str, ...]


def order_list(n: int, emotions: Sequence[str] = EMOTIONS, seed: int = 1) -> list[Assignment]:
    """Orders for ``n`` participants. A longer list begins with the shorter one of the same seed.

    However many come: AB and BA differ by one at most, and so do the numbers of times that an emotion stands at a
    place. In a whole block (two participants an emotion, four where the number of emotions is odd) each sequence comes
    once with AB and once with BA, and each emotion follows each other one equally often (Williams 1949, Latin squares
    balanced for first-order carry-over).

    Raises:
        ValueError: ``n`` below 0, no emotion, or one of them twice.
    """
    if n < 0 or not emotions or len(set(emotions)) != len(emotions):
        raise ValueError(f"order_list: expected n >= 0 and different emotions, got n {n} and {list(emotions)}")
    rng = np.random.default_rng(seed)
    found: list[tuple[str, tuple[str, ...]]] = []
    while len(found) < n:
        found += _block(emotions, rng)
    return [Assignment(number, order, sequence) for number, (order, sequence) in enumerate(found[:n], start=1)]


def orders_frame(assignments: Sequence[Assignment]) -> pd.DataFrame:
    """Columns participant, order, emotion_1, emotion_2, ...: one row a participant."""
    places = len(assignments[0].emotions) if assignments else 0
    names = ["participant", "order", *(f"emotion_{place}" for place in range(1, places + 1))]
    return pd.DataFrame([(one.participant, one.order, *one.emotions) for one in assignments], columns=names)


def _block(emotions: Sequence[str], rng: np.random.Generator) -> list[tuple[str, tuple[str, ...]]]:
    """Each row of the squares once with AB and once with BA, as many lines as that makes.

    The first half goes through the squares, AB and BA in pairs. The second half does so again with the orders turned
    over, at each place with a row of the same square that had the other order the first time.
    """
    names = [emotions[index] for index in rng.permutation(len(emotions))]
    squares = _squares(len(names))
    rows = [(square, row) for square, held in enumerate(squares) for row in rng.permutation(held).tolist()]
    turns = [turn for _ in range(0, len(rows), 2) for turn in rng.permutation(2).tolist()][: len(rows)]
    lacking: dict[tuple[int, int], list[list[int]]] = {}
    for (square, row), turn in zip(rows, turns, strict=True):
        lacking.setdefault((square, 1 - turn), []).append(row)
    second = [(1 - turn, _take(lacking[square, 1 - turn], rng)) for (square, _), turn in zip(rows, turns, strict=True)]
    first = [(turn, row) for (_, row), turn in zip(rows, turns, strict=True)]
    return [(ORDERS[turn], tuple(names[index] for index in row)) for turn, row in (*first, *second)]


def _take(rows: list[list[int]], rng: np.random.Generator) -> list[int]:
    return rows.pop(int(rng.integers(len(rows))))


def _squares(size: int) -> list[list[list[int]]]:
    """The Williams square of 0 .. size - 1; for an odd size it takes two, the second mirroring the first."""
    zigzag = [place // 2 + 1 if place % 2 else -(place // 2) for place in range(size)]  # 0, 1, -1, 2, -2, ...
    square = [[(step + shift) % size for step in zigzag] for shift in range(size)]
    return [square] if size % 2 == 0 else [square, [row[::-1] for row in square]]
