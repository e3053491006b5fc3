"""Makes the two simulated studies beside this file: python tests/studies/reference/simulate.py

``balanced``: 24 participants, every rating there. ``gaps``: 20 participants, two items a dimension, 8% of the ratings
missing, one participant without a recognition score. Nobody was asked anything: ids begin with "sim".
"""

from pathlib import Path

import numpy as np
import pandas as pd

HERE = Path(__file__).parent
EMOTIONS = ("happiness", "sadness", "fear", "anger", "disgust", "surprise")
DIMENSIONS = ("clarity", "naturalness", "authenticity")


def simulate(people: int, items: tuple[str, ...], missing: float, seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Ratings and sessions."""
    rng = np.random.default_rng(seed)
    names = [f"sim{number + 1:02d}" for number in range(people)]
    level, effect = rng.normal(3.3, 0.5, people), rng.normal(0.3, 0.35, people)
    recognition = np.clip(np.round(3.4 + 0.7 * (level - 3.3) + rng.normal(0, 0.4, people), 2), 1, 5)
    shift = dict(zip(EMOTIONS, (0.2, 0.0, -0.2, 0.1, -0.1, 0.0), strict=True))
    rows = [
        (name, emotion, video, dimension, item, float(np.clip(np.round(centre + rng.normal(0, 0.8)), 1, 5)), score)
        for name, own, gain, score in zip(names, level, effect, recognition, strict=True)
        for emotion in EMOTIONS
        for video in "AB"
        for dimension in DIMENSIONS
        for item in items
        for centre in [own + shift[emotion] + gain * (video == "B")]
    ]
    columns = ["participant_id", "emotion", "video", "dimension", "item", "rating", "recognition_score"]
    table = pd.DataFrame(rows, columns=columns)
    table = table[rng.random(len(table)) >= missing]
    sessions = pd.DataFrame({"participant_id": names, "order": [("AB", "BA")[i % 2] for i in range(people)]})
    sessions["attention_check_passed"] = [i % 9 != 4 for i in range(people)]
    return table, sessions


def main() -> None:
    for name, people, items, missing, seed in (("balanced", 24, ("",), 0.0, 1), ("gaps", 20, ("i1", "i2"), 0.08, 2)):
        table, sessions = simulate(people, items, missing, seed)
        if missing:
            table.loc[table["participant_id"] == "sim07", "recognition_score"] = np.nan
        table.to_csv(HERE / f"{name}_ratings.csv", index=False, lineterminator="\n")
        sessions.to_csv(HERE / f"{name}_sessions.csv", index=False, lineterminator="\n")


if __name__ == "__main__":
    main()
