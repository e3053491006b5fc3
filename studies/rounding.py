"""Arithmetic with printed figures: a number rounded to its digits stands for an interval, and so does all that is
computed from it."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import product
from math import inf

from scipy import stats

_SLACK = 1e-12  # of binary fractions


@dataclass(frozen=True, slots=True)
class Range:
    """All numbers from ``low`` to ``high``; an end may be infinite."""

    low: float
    high: float

    def __post_init__(self) -> None:
        if not self.low <= self.high:
            raise ValueError(f"range: expected low <= high, got {self.low} and {self.high}")

    def meets(self, other: "Range") -> bool:
        """Whether some number lies in both."""
        return self.low <= other.high + _SLACK and other.low <= self.high + _SLACK

    @property
    def size(self) -> "Range":
        """Of the absolute values."""
        ends = sorted((abs(self.low), abs(self.high)))
        return Range(0.0 if self.low < 0 < self.high else ends[0], ends[1])

    def __neg__(self) -> "Range":
        return Range(-self.high, -self.low)


def printed(text: str) -> Range:
    """What may have been rounded to ``text``: "0.207" is [0.2065, 0.2075], "<0.001" is [0, 0.001]."""
    if text.startswith("<"):
        return Range(0.0, float(text[1:]))
    decimals = len(text.partition(".")[2])
    half = 0.5 * 10.0**-decimals
    return Range(float(text) - half, float(text) + half)


def padded(text: str) -> Range:
    """The same if zeros at the end were filled in and not computed: "3.5600" is [3.555, 3.565]."""
    return printed(text.rstrip("0") if "." in text else text)


def spread(function: Callable[..., float], *ranges: Range) -> Range:
    """The values of ``function``, which must be monotonic in each of its arguments, over ``ranges``."""
    values = [function(*ends) for ends in product(*((one.low, one.high) for one in ranges))]
    return Range(min(values), max(values))


def mean_of(ranges: list[Range]) -> Range:
    return Range(sum(one.low for one in ranges) / len(ranges), sum(one.high for one in ranges) / len(ranges))


def t_of_p(p: Range, df: int) -> Range:
    """|t| of a two-sided p; without an upper end where p may be 0."""
    return Range(_t(p.high, df), _t(p.low, df))


def p_of_f(f: Range, df1: int, df2: int) -> Range:
    return spread(lambda value: float(stats.f.sf(value, df1, df2)), f)


def f_of_p(p: Range, df1: int, df2: int) -> Range:
    return spread(lambda value: float(stats.f.isf(value, df1, df2)), p)


def _t(p: float, df: int) -> float:
    return float(stats.t.isf(p / 2, df)) if p > 0 else inf
