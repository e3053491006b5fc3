"""Expert evaluation: scores of generated videos (paper 003, section IV-E, Table III)."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from curves.errors import InputError
from studies import agreement
from studies.bad_rows import empty_cells, repeated, require_clean
from studies.results import Result, mark_simulated
from studies.tables import read_table
from studies.vocabulary import EXPERT_COLUMNS

SCALE: tuple[float, float] = (0.0, 3.0)  # paper 003: completely incorrect, poor, good, excellent
OVERALL = "all experts"


@dataclass(frozen=True, slots=True, eq=False)
class Scores:
    """Clean scores. ``table``: columns method, expert, video, category (text) and score (float within ``scale``)."""

    table: pd.DataFrame
    scale: tuple[float, float] = SCALE

    @property
    def methods(self) -> list[str]:
        return list(dict.fromkeys(self.table["method"]))

    @property
    def experts(self) -> list[str]:
        return list(dict.fromkeys(self.table["expert"]))

    @property
    def missing(self) -> int:
        """How many of the design's scores (every method x expert x video x category that occurs) are not there."""
        table = self.table
        full = np.prod([table[name].nunique() for name in ("method", "expert", "video", "category")])
        return int(full) - len(table)


def read_scores(path: Path, names: Mapping[str, str] | None = None, scale: tuple[float, float] = SCALE) -> Scores:
    """Scores of a CSV, Parquet or XLSX file; ``names``: from our column names to the file's.

    Raises:
        InputError: as ``read_table``, or no scores at all.
        BadRowsError: with every row that cannot be used.
    """
    table = read_table(path, EXPERT_COLUMNS, names=names)
    if table.empty:
        raise InputError(f"{path.name} holds no scores.")
    found = empty_cells(table)
    for row, first in repeated(table, EXPERT_COLUMNS[:-1]).items():
        found[row].append(f"a second score of this method, expert, video and category, after row {first}")
    score = pd.to_numeric(table["score"], errors="coerce").astype("float64")
    for row, text, number in zip(table.index, table["score"], score, strict=True):
        if text and not np.isfinite(number):
            found[row].append(f"score {text!r} is not a number")
        elif text and not scale[0] <= number <= scale[1]:
            found[row].append(f"score {text} is outside {scale[0]:g} to {scale[1]:g}")
    require_clean(path.name, found)
    return Scores(table.assign(score=score).reset_index(drop=True), scale)


def totals(scores: Scores) -> pd.DataFrame:
    """Sums of scores: a row a method, a column an expert, both in the order in which they come; NaN where an expert
    scored nothing of a method."""
    sums = scores.table.groupby(["method", "expert"], sort=False)["score"].sum().unstack()
    return sums.reindex(index=scores.methods, columns=scores.experts)


def normalise(table: pd.DataFrame) -> pd.DataFrame:
    """Table III of paper 003: each expert's totals over the best total that this expert gave, and the sum over the
    experts in the column ``OVERALL``, so that a generous expert weighs no more than a strict one.

    ``table``: as ``totals``. A column whose best total is 0 (or empty) has no such quotient: NaN, and so has the sum.
    """
    best = table.max()
    parts = table / best.where(best > 0)
    return parts.assign(**{OVERALL: parts.sum(axis=1, skipna=False)})


def analyse_experts(scores: Scores, alpha: float = 0.05) -> list[Result]:
    """Totals and normalised totals by method and expert, then agreement; ``alpha``: of the intervals."""
    sums = totals(scores)
    shares = normalise(sums)
    counts = scores.table.groupby(["method", "expert"])["score"].count().unstack().reindex_like(sums).fillna(0.0)
    gap = f"; {scores.missing} scores of the design are missing: totals are not comparable" if scores.missing else ""
    results: list[Result] = []
    for method in scores.methods:
        of_experts = sums.loc[method].to_numpy(dtype=np.float64)
        n = counts.loc[method].to_numpy(dtype=np.float64)
        for expert, total, number in zip(scores.experts, of_experts, n, strict=True):
            results.append(_total(f"{method}: {expert}", total, int(number), gap))
        results.append(_total(f"{method}: {OVERALL}", float(np.nansum(of_experts)), int(n.sum()), gap))
        best = sums.max().to_numpy(dtype=np.float64)
        notes = [f"{total:g}/{top:g}, the expert's best total" for total, top in zip(of_experts, best, strict=True)]
        notes.append(f"sum over {len(best)} experts of total / the expert's best total")
        values = shares.loc[method].to_numpy(dtype=np.float64)
        for expert, value, note in zip(shares.columns, values, notes, strict=True):
            results.append(_normalised(f"{method}: {expert}", value, note + gap))
    results += agreement.agreement(scores.table, scores.experts, scores.scale, alpha)
    return mark_simulated(results, scores.experts)


def _total(term: str, total: float, n: int, gap: str) -> Result:
    if n == 0:
        return Result(analysis="expert_total", term=term, n=0, note="no scores")
    return Result(analysis="expert_total", term=term, n=n, estimate=float(total), note=f"sum of {n} scores{gap}")


def _normalised(term: str, value: float, note: str) -> Result:
    if not np.isfinite(value):
        reason = "an expert's best total is 0 or a total is missing: nothing to divide by"
        return Result(analysis="expert_normalised", term=term, note=reason)
    return Result(analysis="expert_normalised", term=term, estimate=float(value), note=note)
