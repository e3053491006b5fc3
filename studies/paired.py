"""Tests of the paired design: each participant rated both videos. Differences are B - A.

Every function returns rows for everything pooled, each emotion, each dimension, and each emotion x dimension that was
rated; what does not exist there is None, with the reason in ``note``.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats
from statsmodels.stats.multivariate import test_mvmean as mean_vector_test  # pytest would collect its own name
from statsmodels.stats.weightstats import DescrStatsW

from studies.effects import Effect, d_av_rms, d_z, hedges, no_spread, partial_eta_squared
from studies.layout import row
from studies.ratings import ALL, SAME, Ratings, design
from studies.results import Result
from studies.settings import AnalysisSettings
from studies.vocabulary import DIMENSIONS, EMOTIONS

Floats = NDArray[np.float64]
TERM = "B - A"
NOBODY = "n = 0: nobody rated both videos"
ROUNDED = 10  # decimals: means of the same ratings in another order must tie
EXACT_UP_TO = 200  # participants; above, the normal approximation of the signed-rank distribution is as good


def paired_t(ratings: Ratings, settings: AnalysisSettings) -> list[Result]:
    """Student's t of the differences; estimate: mean difference in rating points; effect: d_z."""
    return over_design("paired_t", ratings, lambda a, b: _t(b - a, settings))


def _t(differences: Floats, settings: AnalysisSettings) -> dict[str, Any]:
    n = len(differences)
    found: dict[str, Any] = {"n": n, "term": TERM, "statistic_name": "t", "effect_name": "d_z"}
    if not n:
        return {**found, "note": NOBODY}
    found["estimate"] = float(np.mean(differences))
    reason = no_spread(differences)
    if reason:
        return {**found, "note": reason}
    sample = DescrStatsW(differences)
    t, p, df = sample.ttest_mean(0.0)
    low, high = sample.tconfint_mean(settings.alpha)
    test = {"statistic": float(t), "df1": float(df), "p": float(p), "ci_low": float(low), "ci_high": float(high)}
    return {**found, **test, **effect_fields(d_z(differences, settings.confidence))}


def effect_sizes(ratings: Ratings, settings: AnalysisSettings) -> list[Result]:
    """The effects beside d_z, a row each: d_av_rms, g_z, g_av, with the mean difference as the estimate."""
    names = ("d_av_rms", "g_z", "g_av")

    def one(name: str) -> Callable[[Floats, Floats], dict[str, Any]]:
        return lambda a, b: _effect(name, a, b, settings.confidence)

    tables = [over_design("effect_sizes", ratings, one(name)) for name in names]
    return [one for rows in zip(*tables, strict=True) for one in rows]


def _effect(name: str, a: Floats, b: Floats, confidence: float) -> dict[str, Any]:
    effect = d_z(b - a, confidence) if name == "g_z" else d_av_rms(a, b, confidence)
    if name != "d_av_rms":
        effect = hedges(effect, len(a) - 1, name)
    return {
        "n": len(a),
        "term": TERM,
        "estimate": float(np.mean(b - a)) if len(a) else None,
        **effect_fields(effect),
    }


def wilcoxon(ratings: Ratings, settings: AnalysisSettings) -> list[Result]:
    """Wilcoxon's signed-rank test; differences rounded to 10 decimals, zeros dropped (Wilcoxon 1949).

    statistic: the sum of the ranks of B - A > 0. p: exact as far as scipy goes (no ties and n <= 50, or n <= 13 over
    all signs), else the normal approximation corrected for ties and continuity. estimate: Hodges and Lehmann's, the
    median of the means of all pairs of differences, its interval from the ordered means (Hollander and Wolfe 1999,
    section 3.3), zeros dropped here too: p and interval are of the same differences. effect: matched-pairs
    rank-biserial correlation (Kerby 2014), in [-1, 1].
    """
    return over_design("wilcoxon", ratings, lambda a, b: _wilcoxon(b - a, settings))


def _wilcoxon(differences: Floats, settings: AnalysisSettings) -> dict[str, Any]:
    kept = differences[np.round(differences, ROUNDED) != 0.0]
    n, moved = len(differences), np.round(kept, ROUNDED)
    found: dict[str, Any] = {"n": n, "term": TERM, "statistic_name": "W", "effect_name": "rank_biserial_matched"}
    if not n:
        return {**found, "note": NOBODY}
    if not len(moved):
        return {**found, "note": f"all {n} differences are zero and dropped"}
    found["estimate"], found["ci_low"], found["ci_high"] = hodges_lehmann(kept, settings.alpha)
    method, told = wilcoxon_method(moved)
    tested = stats.wilcoxon(moved, correction=True, method=method)
    positive = float(stats.rankdata(np.abs(moved))[moved > 0.0].sum())
    all_ranks = len(moved) * (len(moved) + 1) / 2.0
    note = f"{told}; {n - len(moved)} of {n} differences are zero and dropped, from p, estimate and interval"
    if found["ci_low"] is None:
        note += f"; n = {len(moved)} is too small for an interval of {settings.confidence:g}"
    effect = {"effect": 2.0 * positive / all_ranks - 1.0}
    return {**found, "statistic": positive, "p": float(min(tested.pvalue, 1.0)), **effect, "note": note}


def wilcoxon_method(moved: Floats) -> tuple[Any, str]:
    """scipy's ``method`` for differences without zeros, and what it is in words."""
    n, sizes = len(moved), np.abs(moved)
    tied = len(np.unique(sizes)) < n
    if tied and n <= 13:
        return stats.PermutationMethod(n_resamples=2**n), "exact over all signs (ties)"
    if not tied and n <= 50:
        return "exact", "exact"
    return "asymptotic", f"normal approximation with continuity{' and tie' if tied else ''} correction"


def hodges_lehmann(differences: Floats, alpha: float) -> tuple[float, float | None, float | None]:
    """Median of the n (n + 1) / 2 means of two differences (each with itself too), and its 1 - alpha interval, None
    where n is too small for one. ``differences`` (n,), n >= 1."""
    first, second = np.triu_indices(len(differences))
    means = np.sort((differences[first] + differences[second]) / 2.0)
    place = _end_of_interval(len(differences), alpha)
    if place is None:
        return float(np.median(means)), None, None
    return float(np.median(means)), float(means[place - 1]), float(means[-place])


def _end_of_interval(n: int, alpha: float) -> int | None:
    """Which of the ordered means, counted from 1 from either side, ends the interval: the number of w with
    P(W <= w) <= alpha / 2, None if there is none. W: the sum of those of the ranks 1..n whose sign is positive."""
    if n > EXACT_UP_TO:
        spread = (n * (n + 1) * (2 * n + 1) / 24.0) ** 0.5
        return int(np.rint(n * (n + 1) / 4.0 - float(stats.norm.isf(alpha / 2.0)) * spread))
    chances = np.ones(1)
    for rank in range(1, n + 1):
        grown = np.zeros(len(chances) + rank)
        grown[: len(chances)] += chances / 2.0
        grown[rank:] += chances / 2.0
        chances = grown
    place = int(np.searchsorted(np.cumsum(chances), alpha / 2.0, side="right"))
    return place if place > 0 else None


def hotelling_t2_paired(ratings: Ratings, settings: AnalysisSettings) -> list[Result]:
    """Hotelling's T2 of the differences in all dimensions at once, over all emotions and per emotion; participants
    with every dimension rated. p: of F = T2 (n - k) / (k (n - 1)) with k and n - k degrees of freedom."""
    return [_hotelling(ratings, emotion, settings) for emotion in (ALL, *EMOTIONS)]


def _hotelling(ratings: Ratings, emotion: str, settings: AnalysisSettings) -> Result:
    there = [dimension for dimension in ratings.dimensions if len(ratings.pairs(emotion, dimension))]
    frames = [ratings.pairs(emotion, dimension) for dimension in there]
    columns = [(frame["B"] - frame["A"]).rename(name) for name, frame in zip(there, frames, strict=True)]
    table = pd.concat(columns, axis=1, join="inner").to_numpy(np.float64) if columns else np.empty((0, 0))
    found: dict[str, Any] = {"analysis": "hotelling_t2_paired", "emotion": emotion, "dimension": ALL, "term": TERM}
    found |= {"n": len(table), "statistic_name": "T2", "effect_name": "partial_eta_squared"}
    reason = no_mean_vector_test(table)
    if reason:
        return row(note=reason, **found)
    t2, f, p, df1, df2 = mean_vector(table)
    effect = partial_eta_squared(f, df1, df2, settings.confidence, sample=len(table))
    note = f"over {', '.join(there)}; F = {f:.6g}"
    found |= {"statistic": t2, "df1": df1, "df2": df2, "p": p}
    return row(**(found | effect_fields(effect, note)))


def no_mean_vector_test(table: Floats) -> str:
    """Why ``table`` (n, k) allows no T2; "" if it does."""
    n, k = table.shape
    if not k or not n:
        return NOBODY
    if n <= k:
        return f"n = {n}: more participants than dimensions ({k}) are needed"
    still = [float(np.ptp(column)) < SAME for column in table.T]
    if any(still):
        return "in one dimension every participant has the same difference: no variance"
    if k > 1 and np.linalg.cond(np.corrcoef(table, rowvar=False)) > 1e10:
        return "the differences in one dimension follow from those in the others: no variance left"
    return ""


def mean_vector(table: Floats) -> tuple[float, float, float, float, float]:
    """(T2, F, p, df1, df2) of (n, k) differences whose covariance is regular."""
    n, k = table.shape
    if k == 1:  # statsmodels wants a matrix
        t, p = stats.ttest_1samp(table[:, 0], 0.0)
        return float(t**2), float(t**2), float(p), 1.0, float(n - 1)
    tested = mean_vector_test(table)
    return float(tested.t2), float(tested.statistic), float(tested.pvalue), float(k), float(n - k)


def effect_fields(effect: Effect, note: str = "") -> dict[str, Any]:
    """The fields of a ``Result`` that an effect fills."""
    return {
        "effect_name": effect.name,
        "effect": effect.value,
        "effect_ci_low": effect.low,
        "effect_ci_high": effect.high,
        "note": "; ".join(part for part in (note, effect.note) if part),
    }


def over_design(analysis: str, ratings: Ratings, ask: Callable[[Floats, Floats], dict[str, Any]]) -> list[Result]:
    """``ask`` of (n,) A and (n,) B, for all, each emotion, each dimension, and each pair of them that was rated."""
    rated = set(ratings.emotions), set(ratings.dimensions)
    rows = []
    for emotion, dimension in design(EMOTIONS, DIMENSIONS):
        if ALL not in (emotion, dimension) and (emotion not in rated[0] or dimension not in rated[1]):
            continue
        pairs = ratings.pairs(emotion, dimension)
        fields = ask(pairs["A"].to_numpy(np.float64), pairs["B"].to_numpy(np.float64))
        rows.append(row(analysis, fields.pop("note", ""), emotion=emotion, dimension=dimension, **fields))
    return rows
