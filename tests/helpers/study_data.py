"""Ratings of a small made-up study, and rows of results, for the tests of figures and reports."""

import numpy as np
import pandas as pd

from studies.ratings import FLOW_COLUMNS, Ratings, build_ratings
from studies.results import Result, results_frame
from studies.vocabulary import DIMENSIONS, EMOTIONS, VIDEOS

EVIL = "<script>alert(1)</script>|`x`"
FORMULA = "=HYPERLINK(A1)"


def made_up_ratings(people: int = 12, emotions: tuple[str, ...] = EMOTIONS, seed: int = 5) -> Ratings:
    """Whole ratings; fear is higher in B. Two participants carry names and groups that must be escaped."""
    rng = np.random.default_rng(seed)
    names = [EVIL, FORMULA, *(f"p{number:02d}" for number in range(2, people))][:people]
    rows = [
        (name, emotion, dimension, video, float(rng.integers(2, 5) + (emotion == "fear" and video == "B")))
        for name in names
        for emotion in emotions
        for dimension in DIMENSIONS
        for video in VIDEOS
    ]
    long = pd.DataFrame(rows, columns=["participant_id", "emotion", "dimension", "video", "rating"])
    table = pd.DataFrame(
        {
            "age_band": ["18-24", "25-30"] * (people // 2) + ["18-24"] * (people % 2),
            "gender": [EVIL, FORMULA, *["female"] * (people - 2)][:people],
            "education": "master | PhD",
            "recognition_score": rng.uniform(2, 5, people).round(1),
        },
        index=pd.Index(names, name="participant_id"),
    )
    flow = pd.DataFrame(
        [("ratings", "before", "", 500, 14), ("ratings", "excluded", f"unknown emotion {EVIL}", 4, 2)],
        columns=list(FLOW_COLUMNS),
    )
    return build_ratings(long, table, flow=flow)


def made_up_results() -> pd.DataFrame:
    """Rows of many kinds: whole, with a missing statistic, with an unknown analysis, with names to escape."""
    asked = [("all", "all"), ("fear", "all"), ("anger", "all"), ("all", "clarity")]
    paired = [
        Result(
            analysis="paired_t", emotion=emotion, dimension=dimension, term="B - A", n=12, statistic_name="t",
            statistic=3.0 - at, df1=11, p=0.01 * at + 0.0004, p_holm=None if at == 0 else 0.03 * at,
            estimate=0.25, ci_low=0.1, ci_high=0.4, effect_name="d_z", effect=0.5 - 0.1 * at,
            effect_ci_low=0.1 - 0.1 * at, effect_ci_high=0.9 - 0.1 * at,
        )
        for at, (emotion, dimension) in enumerate(asked)
    ]  # fmt: skip
    gone = Result(
        analysis="paired_t", emotion="sadness", dimension="all", term="B - A", n=1, note="n = 1: too few, sadly"
    )
    odd = Result(analysis="something_new", term=EVIL, n=3, statistic_name="Q", statistic=1.25, note=FORMULA)
    published = Result(
        analysis="manova_published", emotion="all", dimension="all", term="video", n=12, statistic_name="pillai",
        statistic=0.031, df1=3, df2=20, p=1e-9, note="ignores pairing",
    )  # fmt: skip
    effects = [
        Result(
            analysis="effect_sizes",
            emotion="fear",
            dimension="all",
            n=12,
            estimate=0.25,
            effect_name=name,
            effect=value,
        )
        for name, value in (("g_z", 0.4712), ("g_av", 0.3334))
    ]
    return results_frame([*paired, gone, odd, published, *effects])
