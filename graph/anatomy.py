"""Which AUs a face cannot show at once: a table (``impossible_pairs.toml``), and how often it is broken."""

import tomllib
from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from functools import cache
from importlib import resources


@cache
def impossible_pairs() -> tuple[tuple[int, int], ...]:
    """Pairs of AU numbers, the smaller first."""
    text = resources.files("graph").joinpath("impossible_pairs.toml").read_text(encoding="utf-8")
    pairs = (tuple(sorted(entry["aus"])) for entry in tomllib.loads(text)["pair"])
    return tuple((first, second) for first, second in pairs)


def impossible_rate(found: Iterable[AbstractSet[int]]) -> float:
    """Share of sets of AUs (one a frame or an event; empty ones do not count) that hold an impossible pair; NaN
    without any."""
    some = [aus for aus in found if aus]
    broken = sum(any(a in aus and b in aus for a, b in impossible_pairs()) for aus in some)
    return broken / len(some) if some else float("nan")
