"""Would the results stand? The order of the videos, the attention checks, claims of no difference, and the power."""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats
from scipy.optimize import brentq
from statsmodels.stats.weightstats import CompareMeans, DescrStatsW

from studies.effects import d_z, no_spread
from studies.layout import row
from studies.paired import NOBODY, TERM, effect_fields, hotelling_t2_paired, over_design, paired_t, wilcoxon
from studies.ratings import ALL, SAME, Ratings
from studies.results import Result
from studies.settings import AnalysisSettings
from studies.vocabulary import DIMENSIONS, EMOTIONS, ORDERS

Floats = NDArray[np.float64]


def order_effect(ratings: Ratings, settings: AnalysisSettings) -> list[Result]:
    """Does B - A depend on which video came first? Welch's t between the participants who saw A first and those who saw
    B first, per emotion, dimension and over all; estimate: mean difference under AB minus that under BA. With a
    counterbalanced order an effect of the order adds noise but no bias (Jones and Kenward 2014, section 2.3)."""
    slices = [(ALL, ALL), *((emotion, ALL) for emotion in EMOTIONS), *((ALL, dimension) for dimension in DIMENSIONS)]
    if not ratings.has_sessions:
        return [_missing("order_effect", "no sessions table was given (--sessions)")]
    return [_order_effect(ratings, emotion, dimension, settings) for emotion, dimension in slices]


def _order_effect(ratings: Ratings, emotion: str, dimension: str, settings: AnalysisSettings) -> Result:
    pairs = ratings.pairs(emotion, dimension)
    orders = ratings.people["order"].reindex(pairs.index)
    groups = [np.asarray((pairs["B"] - pairs["A"])[orders == order], dtype=np.float64) for order in ORDERS]
    sizes = ", ".join(f"{order} {len(group)}" for order, group in zip(ORDERS, groups, strict=True))
    unknown = len(pairs) - sum(map(len, groups))
    note = f"Welch; participants: {sizes}" + (f"; {unknown} without an order left out" if unknown else "")
    found: dict[str, Any] = {"analysis": "order_effect", "emotion": emotion, "dimension": dimension}
    found |= {"term": "AB - BA", "n": sum(map(len, groups)), "statistic_name": "t"}
    if min(map(len, groups)) < 2:
        return Result(**found, note=f"{note}; two participants in each order are needed")
    found["estimate"] = float(np.mean(groups[0]) - np.mean(groups[1]))
    if all(np.ptp(group) < SAME for group in groups):
        return row(**found, note=f"{note}; within each order all differences are the same: no variance")
    compared = CompareMeans(DescrStatsW(groups[0]), DescrStatsW(groups[1]))
    t, p, df = compared.ttest_ind(usevar="unequal")
    low, high = compared.tconfint_diff(settings.alpha, usevar="unequal")
    found |= {"statistic": float(t), "df1": float(df), "p": float(p), "ci_low": float(low), "ci_high": float(high)}
    return row(note=note, **found)


def attention_sensitivity(ratings: Ratings, settings: AnalysisSettings) -> list[Result]:
    """``paired_t``, ``wilcoxon`` and ``hotelling_t2_paired`` again without the participants whose attention check
    failed; ``term`` names the analysis. Participants of whom no check is known stay in."""
    if not ratings.has_sessions:
        return [_missing("attention_sensitivity", "no sessions table was given (--sessions)")]
    failed = ratings.people["attention_check_passed"].eq(False).fillna(False).astype(bool)
    told = f"{int(failed.sum())} of {len(failed)} participants failed the attention check and are left out"
    if not failed.any():
        return [_missing("attention_sensitivity", "no participant failed the attention check: results as in the main")]
    kept = ratings.only(list(ratings.people.index[~failed]))
    rows = []
    for analysis in (paired_t, wilcoxon, hotelling_t2_paired):
        for found in analysis(kept, settings):
            note = "; ".join(part for part in (told, found.note) if part)
            rows.append(_renamed(found, "attention_sensitivity", note))
    return rows


def _renamed(found: Result, analysis: str, note: str) -> Result:
    return replace(found, analysis=analysis, term=found.analysis, note=note)


def tost(ratings: Ratings, settings: AnalysisSettings) -> list[Result]:
    """Two one-sided t tests: is B - A certainly smaller than the equivalence bounds (Schuirmann 1987)? One row for
    bounds in rating points, one for bounds in d_z; p: the larger of the two, small where A and B are equivalent.

    statistic: the t of that side. Interval: 1 - 2 alpha, inside the bounds exactly where p < alpha. The bounds in d_z
    are tested with the noncentral t distribution, so that the SD need not be taken as known.
    """
    rows: list[list[Result]] = []
    if settings.equivalence_points is not None:
        bound = settings.equivalence_points
        rows.append(over_design("tost", ratings, lambda a, b: _tost_points(b - a, bound, settings.alpha)))
    if settings.equivalence_d_z is not None:
        units = settings.equivalence_d_z
        rows.append(over_design("tost", ratings, lambda a, b: _tost_d_z(b - a, units, settings.alpha)))
    return [one for pair in zip(*rows, strict=True) for one in pair]


def _tost_points(differences: Floats, bound: float, alpha: float) -> dict[str, Any]:
    found: dict[str, Any] = {"n": len(differences), "term": f"within ±{bound:g} points", "statistic_name": "t"}
    reason = _no_equivalence(differences)
    if reason:
        return {**found, "note": reason}
    sample = DescrStatsW(differences)
    p, lower, upper = sample.ttost_mean(-bound, bound)
    worse = lower if lower[1] >= upper[1] else upper
    low, high = sample.tconfint_mean(2.0 * alpha)
    found |= {"statistic": float(worse[0]), "df1": float(worse[2]), "p": float(p)}
    found |= {"estimate": float(sample.mean), "ci_low": float(low), "ci_high": float(high)}
    return {**found, "note": f"interval of {1 - 2 * alpha:g}"}


def _tost_d_z(differences: Floats, bound: float, alpha: float) -> dict[str, Any]:
    n = len(differences)
    found: dict[str, Any] = {"n": n, "term": f"within ±{bound:g} d_z", "statistic_name": "t", "effect_name": "d_z"}
    reason = _no_equivalence(differences)
    if reason:
        return {**found, "note": reason}
    t, shift = float(stats.ttest_1samp(differences, 0.0).statistic), bound * n**0.5
    p = float(stats.nct.cdf(abs(t), n - 1, shift))  # of the side that t is nearer to, so the larger of the two
    effect = d_z(differences, 1.0 - 2.0 * alpha)
    found |= {"statistic": t, "df1": n - 1.0, "p": p, "estimate": float(np.mean(differences))}
    return {**found, **effect_fields(effect, f"noncentral t; interval of {1 - 2 * alpha:g}")}


def _no_equivalence(differences: Floats) -> str:
    return no_spread(differences) if len(differences) else NOBODY


def sensitivity_power(ratings: Ratings, settings: AnalysisSettings) -> list[Result]:
    """The smallest d_z that a two-sided paired t test of as many participants finds with a given probability, at alpha
    and at alpha divided by the size of each declared family (Bonferroni)."""
    n = len(ratings.pairs())
    sizes = {"": 1} | {name: len(words) for name, words in settings.families.items()}
    return [
        _detectable(n, power, settings.alpha / size, f"power {power:g}, alpha {settings.alpha:g}{_of(name, size)}")
        for name, size in sizes.items()
        for power in settings.powers
    ]


def _of(name: str, size: int) -> str:
    return f" / {size} ({name})" if name else ""


def _detectable(n: int, power: float, alpha: float, term: str) -> Result:
    found: dict[str, Any] = {"analysis": "sensitivity_power", "emotion": ALL, "dimension": ALL, "term": term, "n": n}
    found |= {"effect_name": "d_z", "note": f"the smallest found in {power:.0%} of such studies; {TERM}, two-sided"}
    if n < 2:
        return Result(**(found | {"note": f"n = {n}: two participants are needed"}))
    effect = detectable_d_z(n, power, alpha)
    if effect is None:
        return Result(**(found | {"note": f"n = {n} is too small for any such effect to be found"}))
    return Result(**found, effect=effect)


def detectable_d_z(n: int, power: float, alpha: float) -> float | None:
    """The d_z above 0 at which a two-sided paired t test of ``n`` >= 2 participants has ``power``; None if above 1000.

    t squared is F: ``statsmodels``' ``TTestPower`` fails for few participants, where the noncentral t does."""
    critical = float(stats.t.isf(alpha / 2.0, n - 1)) ** 2

    def lacking(effect: float) -> float:
        return power - float(stats.ncf.sf(critical, 1.0, n - 1.0, n * effect**2))

    high = 1.0
    while not lacking(high) < 0.0:
        high *= 2.0
        if high > 1000.0:
            return None
    return float(brentq(lacking, 0.0, high, xtol=1e-12))


def _missing(analysis: str, why: str) -> Result:
    return Result(analysis=analysis, note=why)
