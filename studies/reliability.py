"""How far ratings agree: Cronbach's alpha and the intraclass correlation.

Sources: Cronbach 1951; Feldt 1965 (interval of alpha); Shrout & Fleiss 1979 and McGraw & Wong 1996 (forms of the ICC,
their F and intervals; the names here are Shrout and Fleiss's).
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from studies.layout import SPREADLESS, grid, is_constant, join, row
from studies.ratings import ALL, SAME, Ratings
from studies.results import Result
from studies.settings import AnalysisSettings
from studies.vocabulary import VIDEOS

Array = NDArray[np.float64]
ICC_FORMS = ("ICC(2,1)", "ICC(2,k)", "ICC(3,1)", "ICC(3,k)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """One coefficient. ``n``: targets (or participants), ``k``: raters (or items). ``value`` is at most 1 and may be
    below 0. ``f``, ``df1``, ``df2``, ``p``: of the test against 0. What does not exist is None and ``note`` says why.
    """

    form: str
    n: int
    k: int
    value: float | None = None
    low: float | None = None
    high: float | None = None
    f: float | None = None
    df1: float | None = None
    df2: float | None = None
    p: float | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class _TwoWay:
    """Mean squares of a (n, k) table without repeats: rows, columns, and what is left."""

    n: int
    k: int
    rows: float
    columns: float
    error: float

    @property
    def df_rows(self) -> int:
        return self.n - 1

    @property
    def df_error(self) -> int:
        return (self.n - 1) * (self.k - 1)

    @property
    def f(self) -> float:
        return self.rows / self.error

    def f_bounds(self, alpha: float) -> tuple[float, float]:
        """Interval of the rows' F: F / F(1 - alpha/2; df) and F x F(1 - alpha/2; df swapped)."""
        low = self.f / stats.f.isf(alpha / 2, self.df_rows, self.df_error)
        high = self.f * stats.f.isf(alpha / 2, self.df_error, self.df_rows)
        return float(low), float(high)


def _two_way(table: Array) -> _TwoWay:
    n, k = table.shape
    rows, columns = table.mean(axis=1), table.mean(axis=0)
    rest = table - rows[:, None] - columns + table.mean()
    return _TwoWay(
        n,
        k,
        k * float(np.var(rows, ddof=1)),
        n * float(np.var(columns, ddof=1)),
        float(np.sum(rest**2)) / ((n - 1) * (k - 1)),
    )


def _complete(table: pd.DataFrame) -> tuple[Array, str]:
    """The rows without gaps, and what to say about those with."""
    kept = table.dropna()
    gaps = len(table) - len(kept)
    return kept.to_numpy(dtype=np.float64), f"{gaps} of {len(table)} rows left out: with gaps" * (gaps > 0)


def _too_small(table: Array, rows: str, columns: str) -> str:
    n, k = table.shape
    if n < 2 or k < 2:
        return f"needs two {rows} and two {columns} or more, got {n} and {k}"
    return f"{SPREADLESS}: all scores are the same" if is_constant(table) else ""


def alpha(table: pd.DataFrame, confidence: float = 0.95) -> Agreement:
    """Cronbach's alpha of a table, a row a participant and a column an item, with Feldt's interval; rows with gaps are
    left out and counted in ``note``. By Hoyt's identity it is 1 - 1/F of the rows, which is ICC(3,k)."""
    scores, note = _complete(table)
    n, k = scores.shape
    reason = _too_small(scores, "participants", "items")
    total = scores.sum(axis=1) if not reason else np.zeros(0)
    if not reason and is_constant(total):
        reason = f"{SPREADLESS} of the participants' totals"
    if reason:
        return Agreement(form="alpha", n=n, k=k, note=join(note, reason))
    value = k / (k - 1) * (1 - float(np.var(scores, axis=0, ddof=1).sum() / np.var(total, ddof=1)))
    if 1 - value <= SAME:
        return Agreement(form="alpha", n=n, k=k, value=1.0, note=join(note, "items agree exactly: no interval"))
    df1, df2 = n - 1, (n - 1) * (k - 1)
    low = 1 - (1 - value) * float(stats.f.isf((1 - confidence) / 2, df1, df2))
    high = 1 - (1 - value) * float(stats.f.ppf((1 - confidence) / 2, df1, df2))
    return Agreement(form="alpha", n=n, k=k, value=value, low=low, high=high, note=note)


def icc(table: pd.DataFrame, confidence: float = 0.95) -> list[Agreement]:
    """``ICC_FORMS`` of a table, a row a target and a column a rater; rows with gaps are left out and counted in
    ``note``. (2,.): raters drawn at random, absolute agreement; (3,.): these raters, consistency. (.,1): one rater;
    (.,k): the mean of all. F tests the targets against the residual: df n - 1 and (n - 1)(k - 1).
    """
    scores, note = _complete(table)
    n, k = scores.shape
    reason = _too_small(scores, "targets", "raters")
    if reason:
        return [Agreement(form=form, n=n, k=k, note=join(note, reason)) for form in ICC_FORMS]
    squares = _two_way(scores)
    if squares.error <= SAME**2:
        note = join(note, "no residual variance: neither F nor interval")
        exact = zip(ICC_FORMS, _points(squares), strict=True)
        return [Agreement(form=form, n=n, k=k, value=value, note=note) for form, value in exact]
    f, df1, df2 = squares.f, float(squares.df_rows), float(squares.df_error)
    test = {"f": f, "df1": df1, "df2": df2, "p": float(stats.f.sf(f, df1, df2))}
    bounds = _intervals(squares, 1 - confidence)
    return [
        Agreement(form=form, n=n, k=k, value=value, low=low, high=high, note=note, **test)
        for form, value, (low, high) in zip(ICC_FORMS, _points(squares), bounds, strict=True)
    ]


def _points(squares: _TwoWay) -> list[float | None]:
    """The coefficients in the order of ``ICC_FORMS``; None where the estimated total variance is not above 0."""
    n, k, spread = squares.n, squares.k, squares.rows - squares.error
    raters = (squares.columns - squares.error) / n
    totals = (
        squares.rows + (k - 1) * squares.error + k * raters,
        squares.rows + raters,
        squares.rows + (k - 1) * squares.error,
        squares.rows,
    )
    return [spread / total if total > SAME**2 else None for total in totals]


def _intervals(squares: _TwoWay, alpha: float) -> list[tuple[float | None, float | None]]:
    """Intervals in the order of ``ICC_FORMS`` (McGraw & Wong 1996, table 7; Satterthwaite's df for (2,.))."""
    k = squares.k
    low, high = squares.f_bounds(alpha)
    consistent = ((low - 1) / (low + k - 1), (high - 1) / (high + k - 1))
    absolute = _absolute_interval(squares, alpha)
    bounds = (absolute, _of_the_mean(absolute, k), consistent, _of_the_mean(consistent, k))
    points = _points(squares)
    return [bound if point is not None else (None, None) for bound, point in zip(bounds, points, strict=True)]


def _absolute_interval(squares: _TwoWay, alpha: float) -> tuple[float | None, float | None]:
    value = _points(squares)[0]
    if value is None:
        return None, None
    n, k = squares.n, squares.k
    a = k * value / (n * (1 - value)) * squares.columns
    b = (1 + k * value * (n - 1) / (n * (1 - value))) * squares.error
    df = (a + b) ** 2 / (a**2 / (k - 1) + b**2 / squares.df_error)
    lower, upper = (
        float(stats.f.isf(alpha / 2, squares.df_rows, df)),
        float(stats.f.isf(alpha / 2, df, squares.df_rows)),
    )
    others = k * squares.columns + (k * n - k - n) * squares.error
    low = n * (squares.rows - lower * squares.error) / (lower * others + n * squares.rows)
    high = n * (upper * squares.rows - squares.error) / (others + n * upper * squares.rows)
    return low, high


def _of_the_mean(bounds: tuple[float | None, float | None], k: int) -> tuple[float | None, float | None]:
    """Spearman and Brown's step from one rater to the mean of k; None where it has no finite value."""
    low, high = (None if one is None or 1 + (k - 1) * one <= SAME else k * one / (1 + (k - 1) * one) for one in bounds)
    return low, high


def cronbach_alpha(ratings: Ratings, settings: AnalysisSettings) -> list[Result]:
    """For A and for B (``term``). Each dimension: over its items (their means over emotions) where it has several, else
    over the emotions; "all": over the dimensions (means over emotions). ``note`` says which; n: participants."""
    return [
        _alpha_row(dimension, video, what, alpha(table, settings.confidence))
        for dimension in (ALL, *ratings.dimensions)
        for video in VIDEOS
        for what, table in [_scale(ratings, dimension, video)]
    ]


def _scale(ratings: Ratings, dimension: str, video: str) -> tuple[str, pd.DataFrame]:
    """What the items are, and the table of participants x items."""
    if dimension == ALL:
        what, cells = "dimension", ratings.cells
    elif len(ratings.items) > 1:
        what, cells = "item", ratings.long[ratings.long["dimension"] == dimension]
    else:
        what, cells = "emotion", ratings.cells[ratings.cells["dimension"] == dimension]
    cells = cells[cells["video"] == video]
    table = cells.pivot_table(index="participant_id", columns=what, values="rating", aggfunc="mean")
    return what, table


def _alpha_row(dimension: str, video: str, what: str, found: Agreement) -> Result:
    return row(
        "cronbach_alpha",
        join(f"over {found.k} {what}s; estimate: alpha, interval after Feldt", found.note),
        dimension=dimension,
        term=video,
        n=found.n,
        statistic_name="alpha",
        statistic=found.value,
        estimate=found.value,
        ci_low=found.low,
        ci_high=found.high,
    )


def icc_of_ratings(ratings: Ratings, settings: AnalysisSettings) -> list[Result]:
    """The analysis ``icc``: how far participants agree about the videos. Targets: the videos (emotion x A, B), raters:
    the participants who rated all of them; for the mean of the dimensions and for each. ``ICC_FORMS`` as terms; the
    effect is the coefficient, the statistic is F of the targets."""
    return [
        _icc_row(dimension, found)
        for dimension in (ALL, *ratings.dimensions)
        for found in icc(grid(ratings, dimension).T, settings.confidence)
    ]


def _icc_row(dimension: str, found: Agreement) -> Result:
    return row(
        "icc",
        join(f"targets: {found.n} videos, raters: {found.k} participants", found.note),
        dimension=dimension,
        term=found.form,
        n=found.k,
        statistic_name="F",
        statistic=found.f,
        df1=found.df1,
        df2=found.df2,
        p=found.p,
        effect_name=found.form,
        effect=found.value,
        effect_ci_low=found.low,
        effect_ci_high=found.high,
    )
