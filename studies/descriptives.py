"""What the figures and the first tables of a report show: means of A and B, and within-subject intervals."""

import numpy as np
import pandas as pd
from scipy import stats

from studies.ratings import ALL, Ratings, design
from studies.vocabulary import VIDEOS


def describe_pairs(ratings: Ratings) -> pd.DataFrame:
    """Columns emotion, dimension, n, mean_a, sd_a, mean_b, sd_b, difference, sd_difference (SDs with n - 1, NaN where
    n < 2), over the participants of ``Ratings.pairs``; a row a question of ``studies.ratings.design``."""
    rows = []
    for emotion, dimension in design(ratings.emotions, ratings.dimensions):
        pairs = ratings.pairs(emotion, dimension)
        change = pairs["B"] - pairs["A"]
        row: dict[str, object] = {"emotion": emotion, "dimension": dimension, "n": len(pairs)}
        for video in VIDEOS:
            row |= {f"mean_{video.lower()}": pairs[video].mean(), f"sd_{video.lower()}": pairs[video].std()}
        rows.append(row | {"difference": change.mean(), "sd_difference": change.std()})
    return pd.DataFrame(rows)


def within_subject_means(ratings: Ratings, confidence: float = 0.95) -> pd.DataFrame:
    """Columns dimension (last "all": the mean of the participant's cells), emotion, video, n, mean, ci_low, ci_high.

    Cousineau-Morey: within each dimension a participant's mean over the C conditions (emotion x video) is replaced by
    the grand mean, the variance is multiplied by C / (C - 1) (Morey 2008), the interval is that of t with n - 1
    degrees of freedom. Only participants who rated every condition of the dimension count; where they are fewer than
    two, each emotion's two videos are taken for themselves (C = 2), and n is the largest. Of one person there is no
    interval (NaN).
    """
    tables = [_within(ratings, dimension, confidence) for dimension in (*ratings.dimensions, ALL)]
    return pd.concat(tables, ignore_index=True)


def _within(ratings: Ratings, dimension: str, confidence: float) -> pd.DataFrame:
    cells = ratings.cells if dimension == ALL else ratings.cells[ratings.cells["dimension"] == dimension]
    wide = cells.pivot_table(index="participant_id", columns=["emotion", "video"], values="rating")
    emotions = [one for one in ratings.emotions if all((one, video) in wide.columns for video in VIDEOS)]
    whole = _intervals(wide, emotions, confidence)
    if emotions and whole["n"].iloc[0] < 2:
        whole = pd.concat([_intervals(wide, [emotion], confidence) for emotion in emotions], ignore_index=True)
    whole.insert(0, "dimension", dimension)
    return whole


def _intervals(wide: pd.DataFrame, emotions: list[str], confidence: float) -> pd.DataFrame:
    """Of the participants with all conditions of ``emotions``; ``wide``: a row a participant, a column a condition."""
    order = [(emotion, video) for emotion in emotions for video in VIDEOS]
    values = wide[order].dropna().to_numpy(np.float64)
    n, conditions = values.shape
    mean = values.mean(axis=0) if n else np.full(conditions, np.nan)
    half = np.full(conditions, np.nan)
    if n > 1 and conditions:
        centred = values - values.mean(axis=1, keepdims=True) + values.mean()
        error = centred.std(axis=0, ddof=1) * np.sqrt(conditions / (conditions - 1) / n)
        half = stats.t.ppf(0.5 + confidence / 2, n - 1) * error
    table = pd.DataFrame(order, columns=["emotion", "video"])
    return table.assign(n=n, mean=mean, ci_low=mean - half, ci_high=mean + half)
