"""Linear mixed model: every rating at once, with each participant's own level and own effect of the video.

    rating ~ video + emotion + (1 + video | participant)

fitted by restricted maximum likelihood (statsmodels's MixedLM). Video is coded -0.5 (A), +0.5 (B), so that its
coefficient is B - A in rating points and the intercept the grand mean; emotion in Sum coding: each is a deviation from
the mean of the emotions. Tests are Wald's, with the normal distribution: somewhat liberal with few participants.
"""

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import statsmodels.formula.api as smf
from numpy.typing import NDArray
from scipy import stats

from studies.layout import SPREADLESS, is_constant, join, left_out, observations, row
from studies.ratings import ALL, Ratings
from studies.results import Result
from studies.settings import AnalysisSettings

FORMULA = "rating ~ coded + C(emotion, Sum)"
#: A fit is called singular where some combination of a participant's level and effect varies less than this share of
#: the residual variance.
SINGULAR = 1e-4
RANDOM = ("sd_intercept", "sd_video", "sd_residual", "correlation")
_CODINGS = {"video": "B - A, coded -0.5, +0.5", "intercept": "grand mean, not tested: no rating is 0"}
Part = tuple[str, str, dict[str, Any], str]  # term, statistic_name, fields, note


def lmm(ratings: Ratings, settings: AnalysisSettings) -> list[Result]:
    """For the mean of the dimensions and for each. Terms: intercept, video, emotion[...] (z; estimates in rating points
    with Wald intervals), emotion (chi-squared of all its coefficients), and ``RANDOM`` (estimates: SDs in rating
    points, and the correlation of level and effect). A fit that did not converge, or could not be made, has no p and says so.
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


def fit_mixed(data: pd.DataFrame, emotions: tuple[str, ...]) -> MixedFit | None:
    """``data``: as ``layout.observations``. None where the optimiser meets a matrix without inverse."""
    coded = data.assign(
        coded=np.where(data["video"] == "B", 0.5, -0.5), emotion=pd.Categorical(data["emotion"], categories=emotions)
    )
    with warnings.catch_warnings():  # what they warn of is asked for below: convergence, singular fits
        warnings.simplefilter("ignore")
        try:
            model = smf.mixedlm(FORMULA, coded, groups="participant_id", re_formula="~coded")
            result = model.fit(reml=True, method=["bfgs", "lbfgs", "cg"])
        except (np.linalg.LinAlgError, ValueError):
            return None
    fixed = np.asarray(result.fe_params, dtype=np.float64)
    random = np.asarray(result.cov_re, dtype=np.float64)
    return MixedFit(fixed, _covariance(result), random, float(result.scale), bool(result.converged))


def _covariance(result: Any) -> NDArray[np.float64]:
    """(X' V^-1 X)^-1 of the fixed effects at the estimated variances, as lme4 and nlme report it."""
    model, random = result.model, np.asarray(result.cov_re)
    information = np.zeros((model.k_fe, model.k_fe))
    for x, z in zip(model.exog_li, model.exog_re_li, strict=True):
        information += x.T @ np.linalg.solve(z @ random @ z.T + result.scale * np.eye(len(x)), x)
    return np.asarray(np.linalg.inv(information))


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
        return f"n too small: {n} participants rated both videos"
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
