"""Simulated studies that the models are tried on."""

from collections.abc import Callable

import numpy as np
import pandas as pd

from studies.manova import independent_f, manova_published
from studies.ratings import Missing, Ratings, build_ratings
from studies.regression import regression
from studies.reliability import cronbach_alpha, icc_of_ratings
from studies.results import Result
from studies.rm_anova import rm_anova
from studies.settings import AnalysisSettings
from studies.vocabulary import DIMENSIONS, EMOTIONS, VIDEOS

ASKED = AnalysisSettings()
QUICK = (manova_published, independent_f, rm_anova, cronbach_alpha, icc_of_ratings, regression)
Change = Callable[[pd.DataFrame], object]


def study(n: int, seed: int = 0, missing: Missing = Missing.MEAN_AVAILABLE) -> Ratings:
    """``n`` simulated participants, Likert ratings, complete."""
    rng = np.random.default_rng(seed)
    names = [f"P{number:03d}" for number in range(n)]
    index = pd.MultiIndex.from_product(
        [names, EMOTIONS, DIMENSIONS, VIDEOS], names=["participant_id", "emotion", "dimension", "video"]
    )
    level = rng.normal(3.3, 0.5, (n, 1, 1, 1)) + rng.normal(0.25, 0.4, (n, 1, 1, 1)) * np.arange(2)
    level = level + 0.1 * np.arange(6)[:, None, None] + rng.normal(0, 0.8, (n, 6, 3, 2))
    long = pd.DataFrame({"rating": np.clip(np.round(level), 1, 5).ravel()}, index=index).reset_index()
    scores = np.clip(level.mean(axis=(1, 2, 3)) + rng.normal(0, 0.3, n), 1, 5)
    people = pd.DataFrame({"recognition_score": scores}, index=pd.Index(names, name="participant_id"))
    return build_ratings(long, people, missing)


def changed(base: Ratings, change: Change) -> Ratings:
    return build_ratings(base.long.assign(rating=change(base.long)), base.people, base.policy)


def scored(base: Ratings, scores: object) -> Ratings:
    return build_ratings(base.long, base.people.assign(recognition_score=scores), base.policy)


def found(rows: list[Result], **where: str) -> Result:
    picked = [row for row in rows if all(getattr(row, name) == value for name, value in where.items())]
    assert len(picked) == 1, where
    return picked[0]
