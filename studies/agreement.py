"""How well experts agree: weighted kappa of every pair, and the intraclass correlation of them all."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats
from statsmodels.stats.inter_rater import cohens_kappa

from studies.reliability import icc
from studies.results import Result

WEIGHTS = ("linear", "quadratic")
_KEY = ["method", "video", "category"]
FloatArray = NDArray[np.float64]


def agreement(table: pd.DataFrame, experts: Sequence[str], scale: tuple[float, float], alpha: float) -> list[Result]:
    """Rows ``icc`` and ``weighted_kappa`` over all categories and for each; ``dimension`` holds the category.

    ``table``: columns method, expert, video, category, score. A score is compared only with those of the same method,
    video and category; ICC takes what every expert scored, kappa what the two did.
    """
    categories = list(dict.fromkeys(table["category"]))
    results: list[Result] = []
    for category in ("all", *(categories if len(categories) > 1 else [])):
        part = table if category == "all" else table[table["category"] == category]
        wide = part.pivot(index=_KEY, columns="expert", values="score").reindex(columns=list(experts))
        results += _icc(wide, category, alpha)
        for weights in WEIGHTS:
            results += _kappas(wide, category, weights, scale, alpha)
    return results


def _kappas(wide: pd.DataFrame, category: str, weights: str, scale: tuple[float, float], alpha: float) -> list[Result]:
    if len(wide.columns) < 2:
        return [
            Result(
                analysis="weighted_kappa", dimension=category, term=weights, n=len(wide),
                note="one expert: there is nobody to agree with",
            )
        ]  # fmt: skip
    results = []
    for first, second in combinations(wide.columns, 2):
        both = wide[[first, second]].dropna().to_numpy(dtype=np.float64)
        term = f"{weights}: {first} and {second}"
        row = Result(analysis="weighted_kappa", dimension=category, term=term, n=len(both))
        results.append(_kappa(row, both, weights, scale, alpha))
    values = [one.statistic for one in results if one.statistic is not None]
    left = len(results) - len(values)
    mean = Result(
        analysis="weighted_kappa", dimension=category, term=f"{weights}: mean of pairs", n=len(wide),
        statistic_name="kappa", statistic=float(np.mean(values)) if values else None,
        note=f"mean of {len(values)} pairs" + (f"; {left} pairs have none" if left else ""),
    )  # fmt: skip
    return [*results, mean]


def _kappa(row: Result, both: FloatArray, weights: str, scale: tuple[float, float], alpha: float) -> Result:
    """``row`` filled in. ``both``: (n, 2) scores of two experts; weights go by the distance of scores, over all levels
    of the scale where scores are whole, else over those that occur."""
    if len(both) == 0:
        return replace(row, note="the two scored nothing in common")
    if np.ptp(both) == 0:
        return replace(row, note="both gave one and the same score throughout: chance alone agrees as well")
    whole = (both % 1 == 0).all() and scale[0] % 1 == 0
    levels = np.arange(scale[0], scale[1] + 0.5) if whole else np.unique(both)
    counts = np.zeros((len(levels), len(levels)))
    np.add.at(counts, tuple(np.searchsorted(levels, both).T), 1)
    with np.errstate(all="ignore"):  # about quantities of the result that are not read here
        done = cohens_kappa(counts, weights=levels, wt=weights)
    note = f"n: scores that both gave; {weights} weights over {len(levels)} levels"
    half = None
    if np.isfinite(done.var_kappa) and done.var_kappa > 0:
        half = float(stats.norm.isf(alpha / 2) * np.sqrt(done.var_kappa))
    value = float(done.kappa)
    return replace(
        row,
        statistic_name="kappa",
        statistic=value,
        estimate=value,
        ci_low=None if half is None else value - half,
        ci_high=None if half is None else value + half,
        note=note + ("; no variance, no interval" if half is None else "; interval by the normal approximation"),
    )


def _icc(wide: pd.DataFrame, category: str, alpha: float) -> list[Result]:
    """Targets are a method's videos: of one category, or the sum of all categories, as Table III adds them up."""
    what = "videos of a method"
    if category == "all" and wide.index.get_level_values("category").nunique() > 1:
        categories = wide.index.get_level_values("category").nunique()
        wide = wide.groupby(level=["method", "video"], sort=False).sum(min_count=categories)
        what += ", scores summed over the categories"
    return [
        Result(
            analysis="icc", dimension=category, term=found.form, n=found.n, statistic_name="F", statistic=found.f,
            df1=found.df1, df2=found.df2, p=found.p, effect_name=found.form, effect=found.value,
            effect_ci_low=found.low, effect_ci_high=found.high,
            note=f"targets: {found.n} {what}, raters: {found.k} experts" + (f"; {found.note}" if found.note else ""),
        )
        for found in icc(wide, 1 - alpha)
    ]  # fmt: skip
