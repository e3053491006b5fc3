"""Simulated votes and expert scores with the printed figures of paper 003, marked as simulated."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from studies.results import write_csv
from studies.vocabulary import EXPERT_COLUMNS, VOTE_COLUMNS

VOTES, EXPERTS = "simulated_votes.csv", "simulated_experts.csv"
#: The four sets of its public evaluation: improved model, other model (Table IV), preferred samples of 18 (Table V).
SETS = (
    ("1", "FOMM with EWP", "FOMM", 10),
    ("2", "FOMM with AWP", "FOMM with EWP", 14),
    ("3", "MRAA with AWP", "MRAA", 14),
    ("4", "FOMM with AWP", "MRAA with AWP", 17),
)
SAMPLES, VOTERS = 18, 31
#: Table III: totals of the three experts.
TOTALS: Mapping[str, tuple[int, int, int]] = {
    "ID:3311": (85, 51, 37),
    "FAMGAN": (104, 66, 66),
    "FOMM": (140, 107, 56),
    "FOMM with EWP": (139, 101, 76),
}
CATEGORIES = ("upper", "lower", "noise")
_CELLS = SAMPLES * len(CATEGORIES)


def simulated_votes(seed: int = 1) -> pd.DataFrame:
    """Votes of 31 voters on 18 samples in four sets, whose preferred samples are those of Table V; how clearly each is
    preferred, and by whom, is drawn."""
    rng = np.random.default_rng(seed)
    rows = []
    for name, a, b, preferred in SETS:
        wins = rng.permutation(SAMPLES) < preferred
        margin = np.minimum(np.abs(rng.normal(0.0, 3.0, SAMPLES)).astype(int), VOTERS // 2)
        votes_a = np.where(wins, VOTERS // 2 + 1 + margin, VOTERS // 2 - margin)
        for sample, count in enumerate(votes_a, start=1):
            for_a = rng.permutation(VOTERS) < count
            rows += [
                (name, f"s{sample:02d}", f"sim-v{voter:02d}", a, b, a if vote else b)
                for voter, vote in enumerate(for_a, start=1)
            ]
    return pd.DataFrame(rows, columns=list(VOTE_COLUMNS)).assign(simulated="true")


def simulated_scores(seed: int = 1) -> pd.DataFrame:
    """Scores 0..3 of 18 videos in three categories, whose totals are those of Table III; the experts agree in part."""
    rng = np.random.default_rng(seed)
    rows = []
    for method, totals in TOTALS.items():
        quality = rng.standard_normal(_CELLS)
        for expert, total in enumerate(totals, start=1):
            liking = quality + 0.8 * rng.standard_normal(_CELLS)
            for cell, score in enumerate(_scores(liking, total)):
                video, category = divmod(cell, len(CATEGORIES))
                rows.append((method, f"sim-Expert{expert}", f"v{video + 1:02d}", CATEGORIES[category], score))
    return pd.DataFrame(rows, columns=list(EXPERT_COLUMNS)).assign(simulated="true")


def _scores(liking: np.ndarray, total: int) -> list[int]:
    """Whole scores 0..3 in the order of ``liking`` that sum to ``total``: shifted by bisection, then rounded."""
    low, high = -20.0, 20.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if np.clip(np.rint(liking + middle), 0, 3).sum() < total else (low, middle)
    return [int(score) for score in np.clip(np.rint(liking + high), 0, 3)]


def write_votes(out: Path, seed: int = 1) -> Path:
    """``VOTES`` in ``out`` (made)."""
    out.mkdir(parents=True, exist_ok=True)
    write_csv(simulated_votes(seed), out / VOTES)
    return out / VOTES


def write_scores(out: Path, seed: int = 1) -> Path:
    """``EXPERTS`` in ``out`` (made)."""
    out.mkdir(parents=True, exist_ok=True)
    write_csv(simulated_scores(seed), out / EXPERTS)
    return out / EXPERTS
