"""One row of the recomputation of the user study's tables, and the figures that are printed there."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files
from math import isfinite
from typing import Any

from studies.rounding import Range, printed


class Verdict(StrEnum):
    """``COMPUTED``: not printed in the paper, what its figures allow. ``UNDECIDED``: the printed digits allow both."""

    AGREES = "agrees"
    DISAGREES = "disagrees"
    UNDECIDED = "undecided"
    COMPUTED = "computed"
    IMPOSSIBLE = "cannot be computed"


#: Table, row and quantity of a ``PaperRow``.
Where = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class PaperRow:
    """``table``: "4" to "7", or "text". ``printed``: as it stands in the paper, "" for what does not. ``low``,
    ``high``: the recomputed figure, as far apart as the rounding of the printed ones lets it be; None: no limit."""

    table: str
    row: str
    quantity: str
    printed: str
    low: float | None
    high: float | None
    verdict: Verdict
    note: str = ""


@cache
def paper_figures() -> Mapping[str, Any]:
    """The printed figures (``paper_tables.toml``)."""
    return tomllib.loads(files("studies").joinpath("paper_tables.toml").read_text(encoding="utf-8"))


def compare(where: Where, text: str, recomputed: Range, note: str = "") -> PaperRow:
    """Agrees if the recomputed range meets what rounds to ``text``; undecided if it does and is open to one side."""
    if not recomputed.meets(printed(text)):
        verdict = Verdict.DISAGREES
    else:
        verdict = Verdict.AGREES if isfinite(recomputed.low) and isfinite(recomputed.high) else Verdict.UNDECIDED
    return _row(where, text, recomputed, verdict, note)


def judged(where: Where, text: str, value: Range, agrees: bool, note: str = "") -> PaperRow:
    """A comparison that the caller has made."""
    return _row(where, text, value, Verdict.AGREES if agrees else Verdict.DISAGREES, note)


def computed(where: Where, value: Range, note: str = "") -> PaperRow:
    """A figure that the paper does not print."""
    return _row(where, "", value, Verdict.COMPUTED, note)


def claim(where: Where, text: str, value: Range, limit: float, note: str = "") -> PaperRow:
    """``text`` says that a value is below ("<") or above (">=") ``limit``: agrees, disagrees, or the digits leave it
    open."""
    below, above = value.high < limit, value.low >= limit
    wanted = below if "<" in text else above
    verdict = Verdict.AGREES if wanted else Verdict.DISAGREES if below or above else Verdict.UNDECIDED
    return _row(where, text, value, verdict, note)


def impossible(where: Where, text: str, note: str) -> PaperRow:
    return PaperRow(*where, text, None, None, Verdict.IMPOSSIBLE, note)


def _row(where: Where, text: str, value: Range, verdict: Verdict, note: str) -> PaperRow:
    low, high = (end if isfinite(end) else None for end in (value.low, value.high))
    return PaperRow(*where, text, low, high, verdict, note)
