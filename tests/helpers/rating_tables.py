"""Made-up ratings for the tests of studies: seeded, on the Likert scale, as tables or as ``Ratings``."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from studies.ratings import Missing, Ratings, build_ratings
from studies.validation import RejectedRowsError, read_ratings
from studies.vocabulary import DIMENSIONS, EMOTIONS, VIDEOS


def rating_table(
    people: int = 12,
    *,
    seed: int = 1,
    emotions: Sequence[str] = EMOTIONS,
    dimensions: Sequence[str] = DIMENSIONS,
    items: Sequence[str] = (),
) -> pd.DataFrame:
    """The long table as a user has it: every cell rated, integers 1..5, B a little above A for fear."""
    draw = np.random.default_rng(seed)
    rows = []
    for number in range(people):
        leaning = draw.normal(0.0, 0.7)
        about = {"participant_id": f"P{number:03d}", "age_band": ("18-24", "25-30")[number % 2]}
        about |= {"gender": ("female", "male")[number % 2], "education": "bachelor"}
        score = int(np.clip(np.rint(3.5 + leaning), 1, 5))
        for emotion in emotions:
            for dimension in dimensions:
                for item in items or ("",):
                    for video in VIDEOS:
                        mean = 3.4 + leaning + (0.6 if emotion == "fear" and video == "B" else 0.0)
                        rating = int(np.clip(np.rint(draw.normal(mean, 0.8)), 1, 5))
                        cell = {"emotion": emotion, "video": video, "dimension": dimension, "rating": rating}
                        rows.append({**about, **cell, "recognition_score": score} | ({"item": item} if items else {}))
    return pd.DataFrame(rows)


def session_table(people: int = 12, failed: Sequence[int] = ()) -> pd.DataFrame:
    """The sessions of ``rating_table``: orders in turn, the participants of ``failed`` (numbers) inattentive."""
    numbers = range(people)
    return pd.DataFrame(
        {
            "participant_id": [f"P{number:03d}" for number in numbers],
            "order": [("AB", "BA")[number // 2 % 2] for number in numbers],
            "attention_check_passed": ["false" if number in failed else "true" for number in numbers],
            "duration_s": [600.0 + number for number in numbers],
        }
    )


def ratings_of(table: pd.DataFrame, policy: Missing = Missing.STRICT, **people: Sequence[object]) -> Ratings:
    """``Ratings`` of a clean long table; ``people``: further columns of ``Ratings.people``, a value a participant."""
    about = table.groupby("participant_id")[["age_band", "gender", "education", "recognition_score"]].first()
    return build_ratings(table.astype({"rating": "float64"}), about.assign(**people), policy)


def ratings_from(cells: Mapping[tuple[str, str], tuple[Sequence[float], Sequence[float]]]) -> Ratings:
    """``Ratings`` from (emotion, dimension) -> (A of each participant, B of each)."""
    rows = [
        {
            "participant_id": f"P{number:03d}",
            "emotion": emotion,
            "dimension": dimension,
            "video": video,
            "rating": value,
        }
        for (emotion, dimension), pair in cells.items()
        for video, values in zip(VIDEOS, pair, strict=True)
        for number, value in enumerate(values)
    ]
    long = pd.DataFrame(rows).assign(age_band="", gender="", education="", recognition_score=3.0)
    return ratings_of(long)


def written(folder: Path, table: pd.DataFrame, name: str = "ratings.csv") -> Path:
    path = folder / name
    if path.suffix == ".csv":
        table.to_csv(path, index=False)
    elif path.suffix == ".xlsx":
        table.to_excel(path, index=False)
    else:
        table.to_parquet(path)
    return path


def rejected(folder: Path, table: pd.DataFrame, sessions: pd.DataFrame | None = None) -> pd.DataFrame:
    place = None if sessions is None else written(folder, sessions, "sessions.csv")
    with pytest.raises(RejectedRowsError) as caught:
        read_ratings(written(folder, table), place)
    return caught.value.rejected
