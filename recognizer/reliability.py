"""Whether scores are probabilities: of what was believed at 0.7, were seven in ten true?"""

from collections.abc import Sequence
from typing import Any

import numpy as np

_BINS = 10


def reliability(scores: Sequence[float], right: Sequence[bool]) -> dict[str, Any]:
    """The reliability table of ``scores`` in [0, 1]: for each tenth its count, mean score and share that is right, and
    ``ece``, the expected calibration error (Naeini et al. 2015): the mean difference of those two, weighted by count.

    Raises ValueError where they differ in length; empty tenths are left out.
    """
    score, true = np.asarray(scores, np.float64), np.asarray(right, np.bool_)
    if score.shape != true.shape:
        raise ValueError(f"reliability: expected as many verdicts as scores, got {true.size}, {score.size}")
    tenth = np.minimum((score * _BINS).astype(int), _BINS - 1)
    rows = [
        {
            "from": k / _BINS,
            "n": int((tenth == k).sum()),
            "mean_score": round(float(score[tenth == k].mean()), 4),
            "share_true": round(float(true[tenth == k].mean()), 4),
        }
        for k in np.unique(tenth)
    ]
    gaps = [row["n"] * abs(row["mean_score"] - row["share_true"]) for row in rows]
    return {"bins": rows, "ece": float(np.sum(gaps) / len(score)) if len(score) else float("nan")}
