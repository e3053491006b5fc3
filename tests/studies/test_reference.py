"""Every number of the analyses against R's (``reference/reference.R``), which is not needed to run this.

Agreement asked for: nine significant digits; of intervals that invert the noncentral F seven (scipy's distribution and
R's differ there); of the mixed model three to four, as both search for it.
"""

from functools import cache
from pathlib import Path

import pandas as pd
import pytest

from studies.analysis import ANALYSES
from studies.corrections import correct
from studies.mixed import lmm
from studies.ratings import Missing, Ratings, build_ratings
from studies.settings import AnalysisSettings

HERE = Path(__file__).parent / "reference"
WITHOUT_NUMBERS_OF_R = ("data", "attention_sensitivity")
ASKED = [name for name in ANALYSES if name not in WITHOUT_NUMBERS_OF_R]
ONLY_BALANCED = {"rm_anova", "icc"}  # the other study has gaps


@cache
def study(name: str) -> Ratings:
    table = pd.read_csv(HERE / f"{name}_ratings.csv", dtype={"item": str}).fillna({"item": ""})
    sessions = pd.read_csv(HERE / f"{name}_sessions.csv", index_col="participant_id")
    people = table.groupby("participant_id")[["recognition_score"]].mean().join(sessions)
    return build_ratings(table.drop(columns="recognition_score"), people, Missing.MEAN_AVAILABLE)


@cache
def reference() -> pd.DataFrame:
    return pd.read_csv(HERE / "reference.csv", keep_default_na=False, encoding="utf-8")


def tolerance(analysis: str, field: str) -> float:
    if analysis == "lmm":
        return 3e-4
    from_f = analysis in {"manova_published", "independent_f", "hotelling_t2_paired", "rm_anova", "regression"}
    return 1e-7 if from_f and field.startswith("effect_ci") else 1e-9


CASES = [
    pytest.param(name, analysis, marks=[pytest.mark.slow] if name == "gaps" or analysis == "lmm" else [])
    for analysis in ASKED
    for name in ("balanced", "gaps")
    if name == "balanced" or analysis not in ONLY_BALANCED
]


@pytest.mark.parametrize(("name", "analysis"), CASES)
def test_as_r_has_it(name: str, analysis: str) -> None:
    rows = correct(ANALYSES[analysis](study(name), AnalysisSettings()))
    ours = {(row.emotion, row.dimension, row.term, row.statistic_name or row.effect_name): row for row in rows}
    asked = reference()
    asked = asked[(asked["set"] == name) & (asked["analysis"] == analysis)]
    assert len(asked) >= 5
    wrong = []
    for row in asked.itertuples():
        found = getattr(ours[row.emotion, row.dimension, row.term, row.name], row.field)
        if found != pytest.approx(row.value, rel=tolerance(analysis, row.field), abs=1e-11):
            wrong.append((row.emotion, row.dimension, row.term, row.name, row.field, row.value, found))
    assert wrong == []


@pytest.mark.slow
def test_the_mixed_model_to_more_digits_where_variances_are_well_inside() -> None:
    rows = lmm(study("balanced"), AnalysisSettings())
    asked = reference()
    asked = asked[(asked["set"] == "balanced") & (asked["analysis"] == "lmm") & (asked["dimension"] == "all")]
    ours = {(row.term, row.statistic_name): row for row in rows if row.dimension == "all"}
    assert not any("singular" in row.note for row in ours.values())
    for row in asked.itertuples():
        assert getattr(ours[row.term, row.name], row.field) == pytest.approx(row.value, rel=1e-6), row


def test_every_reference_number_is_asked_for() -> None:
    assert set(reference()["analysis"]) == set(ASKED)
