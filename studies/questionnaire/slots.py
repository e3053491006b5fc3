"""Counterbalancing while people come and go: who is next gets what is lacking most."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from studies.orders import order_list
from studies.vocabulary import ORDERS


@dataclass(frozen=True, slots=True)
class Slot:
    """What one participant sees: ``order`` "AB" or "BA" within every pair, and the emotions in their order."""

    order: str
    emotions: tuple[str, ...]


def slots_of(emotions: Sequence[str], seed: int) -> tuple[Slot, ...]:
    """The whole first block of ``order_list``: each sequence of emotions once with AB and once with BA."""
    block = len(emotions) * (2 if len(emotions) % 2 == 0 else 4)
    listed = (Slot(one.order, one.emotions) for one in order_list(block, emotions, seed))
    return tuple(dict.fromkeys(listed))  # one emotion has one sequence, which the list has twice


def next_slot(slots: Sequence[Slot], taken: Mapping[Slot, int]) -> Slot:
    """The slot of the next participant: of the order that fewer have, the first of those that fewest have.

    ``taken`` counts those who are done or still at it, so that later participants make up for drop-outs. If nobody
    leaves, the block comes in its own order, again and again, and AB and BA differ by one at most.
    """
    per_order = {order: sum(taken.get(slot, 0) for slot in slots if slot.order == order) for order in ORDERS}
    fewest = min(per_order.values())
    free = [slot for slot in slots if per_order[slot.order] == fewest]
    return min(free, key=lambda slot: taken.get(slot, 0))  # min keeps the first of equals
