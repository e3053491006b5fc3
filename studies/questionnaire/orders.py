"""Counterbalancing: which video comes first, and in what order the emotions come."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from studies.vocabulary import ORDERS


@dataclass(frozen=True, slots=True)
class Slot:
    """What one participant sees: ``order`` "AB" or "BA" within every pair, and the emotions in their order."""

    order: str
    emotions: tuple[str, ...]


def williams_square(count: int) -> tuple[tuple[int, ...], ...]:
    """Rows of 0 .. count-1: each value once at each place, and after each other value equally often (Williams 1949).

    ``count`` rows where it is even, twice as many where it is odd.
    """
    first = [0]
    for step in range(1, count):
        first.append((first[-1] + (step if step % 2 else -step)) % count)
    rows = [tuple((value + shift) % count for value in first) for shift in range(count)]
    return tuple(rows + [row[::-1] for row in rows] if count % 2 and count > 1 else rows)


def slots_of(emotions: Sequence[str], seed: int) -> tuple[Slot, ...]:
    """All slots: each order with each row of a Williams square over the emotions, shuffled by ``seed``."""
    shuffled = [emotions[index] for index in np.random.default_rng(seed).permutation(len(emotions))]
    rows = williams_square(len(emotions))
    return tuple(Slot(order, tuple(shuffled[value] for value in row)) for order in ORDERS for row in rows)


def next_slot(slots: Sequence[Slot], taken: Mapping[Slot, int], seed: int, number: int) -> Slot:
    """The slot of participant ``number``: of the order that fewer have, then of the row that fewest have; ties are
    drawn by ``seed``. ``taken`` counts those who are done or still at it, so that drop-outs are made up for.

    Both orders never differ by more than one while nobody leaves; later participants even out what drop-outs leave.
    """
    per_order = {order: sum(taken.get(slot, 0) for slot in slots if slot.order == order) for order in ORDERS}
    draw = np.random.default_rng([seed, number])
    ties = [order for order in ORDERS if per_order[order] == min(per_order.values())]
    order = ties[int(draw.integers(len(ties)))]
    rows = [slot for slot in slots if slot.order == order]
    fewest = min(taken.get(slot, 0) for slot in rows)
    free = [slot for slot in rows if taken.get(slot, 0) == fewest]
    return free[int(draw.integers(len(free)))]
