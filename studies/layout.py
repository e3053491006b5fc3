"""Ratings in the shapes that the models take, and the guards that keep numbers that do not exist out of the tables."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import stats

from studies.effects import partial_eta_squared, settled
from studies.ratings import ALL, SAME, Ratings
from studies.results import Result
from studies.vocabulary import VIDEOS

SPREADLESS = "no variance"
TINY_P = "p below 1e-300"


def is_constant(values: ArrayLike) -> bool:
    """All the same number (or none at all), but for the rounding of sums."""
    array = np.asarray(values, dtype=np.float64)
    return array.size == 0 or bool(np.ptp(array) <= SAME)


def row(analysis: str, note: str, *, emotion: str = ALL, dimension: str = ALL, **fields: Any) -> Result:
    """A ``Result`` of ``settled`` numbers; a p too small for one is left out, which is said, rather than called 0."""
    fields = {name: value if name == "p" else settled(value) for name, value in fields.items()}
    if fields.get("p") == 0.0:
        fields["p"] = None
        note = join(note, TINY_P)
    return Result(analysis=analysis, emotion=emotion, dimension=dimension, note=note, **fields)


def f_fields(f: float, df1: float, df2: float, confidence: float) -> dict[str, Any]:
    """Of an F test with whole degrees of freedom: its numbers, and partial eta squared with its interval."""
    effect = partial_eta_squared(f, df1, df2, confidence)
    test = {"statistic": f, "df1": df1, "df2": df2, "p": float(stats.f.sf(f, df1, df2))}
    return test | {
        "effect_name": effect.name,
        "effect": effect.value,
        "effect_ci_low": effect.low,
        "effect_ci_high": effect.high,
    }


def left_out(ratings: Ratings, kept: int) -> str:
    """What a note must say when a model could not use everybody; "" when it could."""
    there = len(ratings.people)
    return f"{there - kept} of {there} participants left out: not every rating that this model needs" * (kept < there)


def join(*notes: str) -> str:
    """The notes that say something, as one."""
    return "; ".join(note for note in notes if note)


def vectors(ratings: Ratings, emotion: str = ALL) -> dict[str, pd.DataFrame]:
    """For A and for B, (participants, dimensions): means over the emotions (or of one), of participants who have them
    all; both tables have the same rows and columns."""
    pairs = {dimension: ratings.pairs(emotion, dimension) for dimension in ratings.dimensions}
    pairs = {dimension: pair for dimension, pair in pairs.items() if len(pair)}
    return {
        video: pd.DataFrame({dimension: pair[video] for dimension, pair in pairs.items()}).dropna() for video in VIDEOS
    }


def observations(ratings: Ratings, dimension: str = ALL) -> pd.DataFrame:
    """Columns participant_id, emotion, video, rating: one row a participant, emotion and video; the mean over the
    dimensions where these are pooled. Only pairs: a cell rated for A alone or B alone is left out."""
    cells = ratings.cells if dimension == ALL else ratings.cells[ratings.cells["dimension"] == dimension]
    keys = ["participant_id", "emotion", "video"]
    both = cells.groupby([*keys[:2], "dimension"])["video"].transform("nunique") == len(VIDEOS)
    return pd.DataFrame(cells[both].groupby(keys, as_index=False, sort=True)["rating"].mean())


def grid(ratings: Ratings, dimension: str = ALL) -> pd.DataFrame:
    """(participants, emotions x videos) of those who rated every cell, columns (emotion, video), A before B."""
    wide = observations(ratings, dimension).pivot_table(
        index="participant_id", columns=["emotion", "video"], values="rating", aggfunc="mean"
    )
    complete: pd.DataFrame = wide.reindex(columns=columns(ratings.emotions)).dropna()
    return complete


def columns(emotions: Sequence[str]) -> pd.MultiIndex:
    return pd.MultiIndex.from_product([list(emotions), list(VIDEOS)], names=["emotion", "video"])
