"""Repeated-measures analysis of variance: video x emotion within participants.

Every participant holds every cell, so type I, II and III are the same. Each effect is tested against its own
interaction with the participants. With C the effect's orthonormal contrasts (k x cells), y a participant's contrasts
C x ratings, m their mean and S their covariance over n participants,

    F = n m'm / trace(S),   df1 = k,   df2 = k (n - 1)

which is the univariate F of the textbooks (Maxwell & Delaney 2004, chapters 11 to 13) and equals statsmodels's AnovaRM
to rounding; AnovaRM fits one dummy a participant and effect, which takes five seconds with 200 participants and grows
with their cube, and it has no corrections. The corrections come from the same S:

    Greenhouse-Geisser (1959):  e = trace(S)^2 / (k trace(S S))                        within 1/k..1
    Huynh-Feldt (1976):         (n k e - 2) / (k (n - 1 - k e)), at most 1

both degrees of freedom are multiplied by it.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats
from scipy.linalg import helmert

from studies.layout import SPREADLESS, f_fields, grid, is_constant, row
from studies.ratings import ALL, SAME, Ratings
from studies.results import Result
from studies.settings import AnalysisSettings
from studies.vocabulary import VIDEOS

Array = NDArray[np.float64]
TERMS = ("video", "emotion", "video:emotion")
NAMES = ("F", "F_greenhouse_geisser", "F_huynh_feldt")


@dataclass(frozen=True, slots=True)
class WithinEffect:
    """One effect within participants. ``gg``, ``hf``: epsilons within (0, 1]; ``hf`` is None where it does not
    exist."""

    f: float
    df1: float
    df2: float
    gg: float
    hf: float | None


def rm_anova(ratings: Ratings, settings: AnalysisSettings) -> list[Result]:
    """For the mean of the dimensions and for each: ``TERMS``, type III, uncorrected and with both corrections; three
    rows a term (``NAMES``). In corrected rows df1 and df2 are multiplied by epsilon, which is their estimate. Effect:
    partial eta squared (the same for all three, its interval without correction). A participant must have rated every
    cell.
    """
    confidence = settings.confidence
    return [result for dimension in (ALL, *ratings.dimensions) for result in _table(ratings, dimension, confidence)]


def _table(ratings: Ratings, dimension: str, confidence: float) -> list[Result]:
    wide = grid(ratings, dimension)
    n, emotions = len(wide), len(ratings.emotions)
    reason = _no_anova(ratings, n)
    if reason:
        return [
            row("rm_anova", reason, dimension=dimension, term=term, n=n, statistic_name=name)
            for term in TERMS
            for name in NAMES
        ]
    rated = wide.to_numpy(dtype=np.float64)
    return [
        row("rm_anova", note, dimension=dimension, term=term, n=n, statistic_name=name, **fields)
        for term, contrasts in _contrasts(emotions).items()
        for name, fields, note in _tests(within_effect(rated @ contrasts.T), confidence)
    ]


def _no_anova(ratings: Ratings, n: int) -> str:
    if len(ratings.emotions) < 2:
        return "needs two rated emotions or more"
    there = len(ratings.people)
    if n < there:
        return f"unbalanced: only {n} of {there} participants rated every emotion with both videos"
    return "" if n >= 2 else f"n too small: {n} participants"


def _contrasts(emotions: int) -> dict[str, Array]:
    """Orthonormal contrasts (k, emotions x videos) of each term, columns as in ``layout.grid``."""
    one = np.full((1, emotions), emotions**-0.5)
    both = np.full((1, len(VIDEOS)), len(VIDEOS) ** -0.5)
    between_emotions, between_videos = helmert(emotions), helmert(len(VIDEOS))
    return {
        "video": np.kron(one, between_videos),
        "emotion": np.kron(between_emotions, both),
        "video:emotion": np.kron(between_emotions, between_videos),
    }


def within_effect(scores: Array) -> WithinEffect | None:
    """The test of one effect from its contrasts. ``scores``: (n participants, k), n >= 2. None where they do not vary
    over participants."""
    n, k = scores.shape
    if all(is_constant(column) for column in scores.T):
        return None
    covariance = np.atleast_2d(np.cov(scores, rowvar=False))
    mean, trace = scores.mean(axis=0), float(np.trace(covariance))
    gg = min(1.0, trace**2 / (k * float(np.sum(covariance**2))))
    spare = n - 1 - k * gg
    hf = min(1.0, (n * k * gg - 2) / (k * spare)) if spare > SAME else None
    if k == 1:
        gg, hf = 1.0, 1.0
    return WithinEffect(n * float(mean @ mean) / trace, float(k), float(k * (n - 1)), gg, hf)


def _tests(effect: WithinEffect | None, confidence: float) -> list[tuple[str, dict[str, Any], str]]:
    """(one of ``NAMES``, fields, note) without and with each correction."""
    if effect is None:
        return [(name, {}, f"{SPREADLESS}: the effect is the same in all participants") for name in NAMES]
    plain = f_fields(effect.f, effect.df1, effect.df2, confidence)
    tests: list[tuple[str, dict[str, Any], str]] = [("F", plain, "type III")]
    corrections = ((NAMES[1], "Greenhouse-Geisser", effect.gg), (NAMES[2], "Huynh-Feldt", effect.hf))
    for name, what, epsilon in corrections:
        if epsilon is None:
            tests.append((name, {}, f"n too small for the {what} epsilon"))
            continue
        fields = {"statistic": effect.f, "df1": effect.df1 * epsilon, "df2": effect.df2 * epsilon}
        fields["p"] = float(stats.f.sf(*fields.values()))
        fields |= {"estimate": epsilon, "effect_name": plain["effect_name"], "effect": plain["effect"]}
        tests.append((name, fields, f"type III; estimate: {what} epsilon, both df multiplied by it"))
    return tests
