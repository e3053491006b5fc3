"""Linear mixed model: every rating at once, with each participant's own level and own effect of the video.

    rating ~ video + emotion + (1 + video | participant)

fitted by restricted maximum likelihood in the parameters of lme4 (Bates et al. 2015), which meet no singular matrix
where a variance is zero; statsmodels's MixedLM meets one there, and its coefficients are wrong. Video is coded -0.5
(A), +0.5 (B), so that its coefficient is B - A in rating points and the intercept the grand mean; emotion in Sum
coding: each is a deviation from the mean of the emotions. Tests are Wald's, with the normal distribution: somewhat
liberal with few participants.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats
from scipy.optimize import minimize

from studies.layout import SPREADLESS, is_constant, join, left_out, observations, row
from studies.ratings import ALL, Ratings
from studies.results import Result
from studies.settings import AnalysisSettings

Floats = NDArray[np.float64]
#: A fit is called singular where some combination of a participant's level and effect varies less than this share of
#: the residual variance.
SINGULAR = 1e-4
#: Criteria closer than this are as good; a slope above ``STEEP`` is none of an optimum.
LEVEL, STEEP = 1e-8, 1e-2
RANDOM = ("sd_intercept", "sd_video", "sd_residual", "correlation")
_CODINGS = {"video": "B - A, coded -0.5, +0.5", "intercept": "grand mean, not tested: no rating is 0"}
Part = tuple[str, str, dict[str, Any], str]  # term, statistic_name, fields, note


def lmm(ratings: Ratings, settings: AnalysisSettings) -> list[Result]:
    """For the mean of the dimensions and for each. Terms: intercept, video, emotion[...] (z; estimates in rating points
    with Wald intervals), emotion (chi-squared of all its coefficients), and ``RANDOM`` (estimates: SDs in rating
    points, and the correlation of level and effect). A fit that did not converge, or could not be made, has no p and
    says so.
    """
    confidence = settings.confidence
    return [result for dimension in (ALL, *ratings.dimensions) for result in _rows(ratings, dimension, confidence)]


@dataclass(frozen=True, slots=True, eq=False)
class MixedFit:
    """``fixed``: coefficients in the order of ``_terms``; ``covariance``: theirs. ``random``: (2, 2) of level and
    effect, ``residual``: variance; rating points squared."""

    fixed: NDArray[np.float64]
    covariance: NDArray[np.float64]
    random: NDArray[np.float64]
    residual: float
    converged: bool

    @property
    def singular(self) -> bool:
        return bool(np.linalg.eigvalsh(self.random)[0] < SINGULAR * self.residual)


@dataclass(frozen=True, slots=True, eq=False)
class _Moments:
    """What the REML criterion needs of the data. Of each participant, rotated so that their level and effect touch two
    rows only: ``level_effect`` (n, 2, 2) and ``rows`` (n, 2, k + 1), the fixed effects' columns and the rating; of all
    other rows the products, ``rest`` (k + 1, k + 1). ``spare``: observations minus k."""

    level_effect: Floats
    rows: Floats
    rest: Floats
    spare: int

    def factors(self, theta: Floats) -> tuple[Floats, Floats]:
        """(n, 2, 2) covariances of the rotated rows and the Cholesky factor of [X y]' V^-1 [X y], both for a residual
        variance of 1. ``theta``: ``_root``. Of full rank on the boundary too, where that of level and effect is not."""
        reach = self.level_effect @ _root(theta)
        own = np.eye(2) + reach @ reach.transpose(0, 2, 1)
        products = self.rest + np.einsum("nia,nib->ab", self.rows, np.linalg.solve(own, self.rows))
        return own, np.linalg.cholesky(products)

    def criterion(self, theta: Floats) -> float:
        """-2 log of the restricted likelihood at its best residual variance, but for a constant (lme4's profiled REML
        criterion, Bates et al. 2015)."""
        own, factor = self.factors(theta)
        ends = 2.0 * np.log(np.diag(factor))
        return float(np.log(np.linalg.det(own)).sum() + ends[:-1].sum() + self.spare * ends[-1])


def _root(theta: Floats) -> Floats:
    """Lower triangle of three: times its transpose the covariance of level and effect over the residual variance. Two
    numbers stand for a correlation of 1 or -1 (or no level, or no effect), none for neither level nor effect."""
    level, both, effect = np.append(theta, np.zeros(3 - len(theta)))
    return np.array([[level, 0.0], [both, effect]])


def fit_mixed(data: pd.DataFrame, emotions: tuple[str, ...]) -> MixedFit | None:
    """``data``: as ``layout.observations``. None where the search meets a matrix without inverse."""
    ratings = data["rating"].to_numpy(dtype=np.float64)
    half = np.where(data["video"] == "B", 0.5, -0.5)
    places = data["emotion"].map(emotions.index).to_numpy()
    coding = np.vstack([np.eye(len(emotions) - 1), np.full(len(emotions) - 1, -1.0)])
    design = np.column_stack([np.ones(len(data)), coding[places], half])
    try:
        roughly = np.linalg.lstsq(design, ratings)[0]  # taken off, so that digits are not lost in the products
        moments = _moments(data, np.column_stack([design, ratings - design @ roughly]), half)
        theta, converged = _search(moments)
        factor = moments.factors(theta)[1]
    except np.linalg.LinAlgError:
        return None
    residual = float(factor[-1, -1] ** 2) / moments.spare
    inverse = np.linalg.inv(factor[:-1, :-1])  # generalised least squares with the very covariance of the errors below
    root = _root(theta)
    return MixedFit(
        roughly + inverse.T @ factor[-1, :-1], residual * inverse.T @ inverse, residual * root @ root.T, residual,
        converged,
    )  # fmt: skip


def _moments(data: pd.DataFrame, columns: Floats, half: Floats) -> _Moments:
    triangles, rows, rest = [], [], np.zeros((columns.shape[1],) * 2)
    for places in data.groupby("participant_id").indices.values():
        rotation, triangle = np.linalg.qr(np.column_stack([np.ones(len(places)), half[places]]), mode="complete")
        rotated = rotation.T @ columns[places]
        triangles.append(triangle[:2])
        rows.append(rotated[:2])
        rest += rotated[2:].T @ rotated[2:]
    return _Moments(np.stack(triangles), np.stack(rows), rest, len(data) - columns.shape[1] + 1)


def _search(moments: _Moments) -> tuple[Floats, bool]:
    """The theta of the least criterion, and whether the criterion is level there. Searched inside and, since a search
    only creeps towards it, on the boundary, which is taken where it is as good: correlation 1 and -1 (with no level
    and no effect at their ends), and neither level nor effect."""
    found = [np.zeros(0)]
    for start in ([0.5, 0.3], [0.5, -0.3], [0.5, 0.0, 0.5]):
        search = minimize(moments.criterion, np.array(start), method="BFGS", jac="3-point", options={"gtol": 1e-7})
        found.append(np.asarray(search.x))
    values = np.array([moments.criterion(theta) for theta in found])
    best = found[int(np.argmax(values <= values.min() + LEVEL))]
    whole, step = np.append(best, np.zeros(3 - len(best))), 1e-5 * np.eye(3)
    slopes = [(moments.criterion(whole + one) - moments.criterion(whole - one)) / 2e-5 for one in step]
    return best, max(map(abs, slopes)) < STEEP


def _terms(emotions: tuple[str, ...]) -> list[str]:
    """Of the coefficients, in their order; the last emotion's deviation is minus the sum of the others'."""
    return ["intercept", *(f"emotion[{emotion}]" for emotion in emotions[:-1]), "video"]


def _rows(ratings: Ratings, dimension: str, confidence: float) -> list[Result]:
    data = observations(ratings, dimension)
    emotions = tuple(emotion for emotion in ratings.emotions if emotion in set(data["emotion"]))
    n = int(data["participant_id"].nunique())
    reason = _no_model(data, n, emotions)
    fit = None if reason else fit_mixed(data, emotions)
    if fit is None:
        note = reason or "the model could not be fitted: singular matrix"
        tested = [("video", "z"), ("emotion", "chi2")]
        parts: list[Part] = [(term, name, {}, "") for term, name in (*tested, *((term, "") for term in RANDOM))]
    else:
        note = join(
            "did not converge: no tests" * (not fit.converged),
            "singular fit: variances on the boundary, intervals may be too narrow" * fit.singular,
            left_out(ratings, n),
        )
        parts = [*_fixed(fit, emotions, confidence), _emotion(fit, emotions), *_random(fit)]
    return [
        row("lmm", join(what, note), dimension=dimension, term=term, n=n, statistic_name=name, **fields)
        for term, name, fields, what in parts
    ]


def _no_model(data: pd.DataFrame, n: int, emotions: tuple[str, ...]) -> str:
    """Why there is no such model, or ""."""
    if len(emotions) < 2:
        return "needs two rated emotions or more"
    if n < 3:
        return f"n = {n}: three participants are needed"
    if is_constant(data["rating"]):
        return f"{SPREADLESS}: all ratings are the same"
    own = data["rating"] - data.groupby(["participant_id", "video"])["rating"].transform("mean")
    if is_constant(own - own.groupby(data["emotion"]).transform("mean")):
        return f"{SPREADLESS} beyond participants, video and emotion"
    return ""


def _fixed(fit: MixedFit, emotions: tuple[str, ...], confidence: float) -> list[Part]:
    errors = np.sqrt(np.diag(fit.covariance))
    reach = float(stats.norm.isf((1 - confidence) / 2))
    parts: list[Part] = []
    for term, value, error in zip(_terms(emotions), fit.fixed, errors, strict=True):
        fields = {"estimate": float(value)}
        if fit.converged:
            fields |= {"ci_low": float(value - reach * error), "ci_high": float(value + reach * error)}
        if fit.converged and term != "intercept":
            z = float(value / error)
            fields |= {"statistic": z, "p": float(2 * stats.norm.sf(abs(z)))}
        parts.append((term, "z", fields, _CODINGS.get(term, "Sum coding")))
    return [parts[0], parts[-1], *parts[1:-1]]  # video before the emotions


def _emotion(fit: MixedFit, emotions: tuple[str, ...]) -> Part:
    if not fit.converged:
        return "emotion", "chi2", {}, ""
    picked = slice(1, len(emotions))
    chi2 = float(fit.fixed[picked] @ np.linalg.solve(fit.covariance[picked, picked], fit.fixed[picked]))
    df = float(len(emotions) - 1)
    fields = {"statistic": chi2, "df1": df, "p": float(stats.chi2.sf(chi2, df))}
    return "emotion", "chi2", fields, "Wald, all emotions together"


def _random(fit: MixedFit) -> list[Part]:
    level, effect = np.sqrt(np.maximum(np.diag(fit.random), 0.0))
    deviations = (("sd_intercept", level), ("sd_video", effect), ("sd_residual", fit.residual**0.5))
    parts: list[Part] = [
        (name, "", {"estimate": float(sd)}, "estimate: SD in rating points") for name, sd in deviations
    ]
    if min(level, effect) ** 2 < SINGULAR * fit.residual:
        return [*parts, ("correlation", "", {}, f"{SPREADLESS} of level or effect: no correlation")]
    correlation = float(np.clip(fit.random[0, 1] / (level * effect), -1.0, 1.0))
    return [*parts, ("correlation", "", {"estimate": correlation}, "estimate: correlation of level and effect")]
