"""The tests that paper 004 ran: videos A and B as if two different groups of people had rated them.

Paper 004, section 4.3, names one factor only, "video type (A vs. B)", for the whole and again within each emotion; its
p-values (Table 4; clarity 0.137, naturalness 0.606, authenticity 0.070 in the text) are those of F(1, 2n - 2) with
n = 82 on the participants' means, as the printed means and standard deviations show. Emotion, gender and the rest are
in none of its models, so they are in none of these. The same people rated both videos: ``studies.paired`` and
``studies.rm_anova`` use that, these tests do not.
"""

import warnings
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats
from statsmodels.multivariate.manova import MANOVA

from studies.layout import SPREADLESS, f_fields, is_constant, join, left_out, row, vectors
from studies.ratings import ALL, Ratings
from studies.results import Result
from studies.settings import AnalysisSettings
from studies.vocabulary import EMOTIONS

IGNORES_PAIRING = "ignores pairing: A and B as two independent groups of n participants each"
#: Our name of each multivariate statistic, and statsmodels's.
STATISTICS: dict[str, str] = {
    "pillai": "Pillai's trace",
    "wilks": "Wilks' lambda",
    "hotelling_lawley": "Hotelling-Lawley trace",
    "roy": "Roy's greatest root",
}
TERM = "video"


def manova_published(ratings: Ratings, settings: AnalysisSettings) -> list[Result]:
    """The three dimensions on video (Sum coding), pooled (the participants' means over emotions) and for each emotion.

    Five rows each: the four ``STATISTICS``, and the F that stands for all of them (exact and the same, as there are two
    videos), df1 = dimensions, df2 = 2n - 1 - dimensions. Effect: multivariate partial eta squared, 1 - Wilks' lambda.
    """
    return [result for emotion in (ALL, *EMOTIONS) for result in _manova(ratings, emotion, settings.confidence)]


def _manova(ratings: Ratings, emotion: str, confidence: float) -> list[Result]:
    tables = vectors(ratings, emotion)
    n, dimensions = tables["A"].shape
    reason = _no_manova(tables)
    note = join(IGNORES_PAIRING, reason or left_out(ratings, n))
    fields: dict[str, dict[str, Any]] = {name: {} for name in (*STATISTICS, "F")}
    if not reason:
        values, f = _fit(tables)
        fields["F"] = f_fields(f, float(dimensions), float(2 * n - 1 - dimensions), confidence)
        shared = {name: fields["F"][name] for name in ("df1", "df2", "p")}
        fields |= {name: {"statistic": value, **shared} for name, value in values.items()}
    return [
        row("manova_published", note, emotion=emotion, term=TERM, n=n, statistic_name=name, **found)
        for name, found in fields.items()
    ]


def _no_manova(tables: dict[str, pd.DataFrame]) -> str:
    """Why there is no such test, or ""."""
    n, dimensions = tables["A"].shape
    if dimensions < 2:
        return "needs two rated dimensions or more"
    if 2 * n - 1 - dimensions < 1:
        return f"n too small: {n} participants with all ratings for {dimensions} dimensions"
    within = np.vstack([table - table.mean() for table in tables.values()])
    if any(is_constant(column) for column in within.T):
        return f"{SPREADLESS} in a dimension within both videos"
    if np.linalg.matrix_rank(within / within.std(axis=0), tol=1e-7) < dimensions:
        return "singular covariance: a dimension follows from the others"
    return ""


def _fit(tables: dict[str, pd.DataFrame]) -> tuple[dict[str, float], float]:
    """The four statistics, and F."""
    data = pd.concat([table.assign(video=video) for video, table in tables.items()], ignore_index=True)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # n = 4: a division by zero whose limit is right
            fit = MANOVA.from_formula(f"{' + '.join(map(str, tables['A']))} ~ C(video, Sum)", data=data)
            table = fit.mv_test().results["C(video, Sum)"]["stat"]
    except ValueError:  # statsmodels drops eigenvalues below 1e-8, then asks for the largest of none: no effect at all
        return {name: float(name == "wilks") for name in STATISTICS}, 0.0
    values = {name: float(np.real(table.loc[theirs, "Value"])) for name, theirs in STATISTICS.items()}
    return values, float(np.real(table.loc[STATISTICS["pillai"], "F Value"]))


def independent_f(ratings: Ratings, settings: AnalysisSettings) -> list[Result]:
    """One-way F(1, 2n - 2) of video: the mean of all dimensions and each of them, pooled over emotions and for each
    emotion (paper 004, Table 4: the mean of the dimensions within an emotion). Estimate: mean B - mean A in rating
    points, its interval with the pooled variance of two groups. Effect: partial eta squared.
    """
    return [
        _independent(ratings, emotion, dimension, settings.confidence)
        for emotion in (ALL, *EMOTIONS)
        for dimension in (ALL, *ratings.dimensions)
    ]


def _independent(ratings: Ratings, emotion: str, dimension: str, confidence: float) -> Result:
    pairs = ratings.pairs(emotion, dimension)
    n = len(pairs)
    a, b = (pairs[video].to_numpy(dtype=np.float64) for video in ("A", "B"))
    where: dict[str, Any] = {"emotion": emotion, "dimension": dimension, "term": TERM, "n": n, "statistic_name": "F"}
    if n < 2:
        few = f"n too small: {n} participants rated both videos"
        return row("independent_f", join(IGNORES_PAIRING, few), **where)
    where["estimate"] = float(b.mean() - a.mean())
    if is_constant(a) and is_constant(b):
        return row("independent_f", join(IGNORES_PAIRING, f"{SPREADLESS} within both videos"), **where)
    low, high = stats.ttest_ind(b, a).confidence_interval(confidence)
    where |= {"ci_low": float(low), "ci_high": float(high)}
    where |= f_fields(float(stats.f_oneway(a, b).statistic), 1.0, 2.0 * n - 2.0, confidence)
    return row("independent_f", join(IGNORES_PAIRING, left_out(ratings, n)), **where)
