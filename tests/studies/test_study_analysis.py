"""All analyses together: names, columns, families, who is in, and nothing that is not a number."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from rating_tables import rating_table, ratings_from, ratings_of, session_table

from studies.analysis import ANALYSES, analyse
from studies.ratings import Missing
from studies.results import COLUMNS, NUMBERS
from studies.settings import AnalysisSettings
from studies.validation import ReadSettings, read_ratings

NAMES = {
    "manova_published", "independent_f", "regression", "hotelling_t2_paired", "paired_t", "effect_sizes", "wilcoxon",
    "rm_anova", "lmm", "cronbach_alpha", "icc", "order_effect", "attention_sensitivity", "tost", "sensitivity_power",
}  # fmt: skip


@pytest.mark.slow
def test_every_analysis_has_its_rows(tmp_path: Path) -> None:
    rating_table(5, emotions=("fear", "anger")).to_csv(tmp_path / "r.csv", index=False)
    session_table(5, failed=[2]).to_csv(tmp_path / "s.csv", index=False)
    frame = analyse(read_ratings(tmp_path / "r.csv", tmp_path / "s.csv"))
    assert tuple(frame.columns) == COLUMNS
    assert set(frame["analysis"]) >= {"data", *NAMES}
    assert list(dict.fromkeys(frame["analysis"])) == list(ANALYSES)
    fear = frame[(frame["analysis"] == "paired_t") & (frame["emotion"] == "fear") & (frame["dimension"] == "all")]
    assert fear.iloc[0]["p_bonferroni"] == pytest.approx(min(1.0, 6 * fear.iloc[0]["p"]))  # as declared
    assert not np.isinf(frame[list(NUMBERS)].astype(float)).any(axis=None)


TWO, CEILING, CONSTANT = ([3.0, 4.0], [4.0, 2.0]), ([5.0] * 4, [5.0] * 4), ([2.0] * 3, [3.0] * 3)


@pytest.mark.slow
@pytest.mark.parametrize("pair", [([3.0], [4.0]), TWO, CEILING, CONSTANT, ([1.0] * 9, [1.0] * 8 + [2.0])])
def test_small_and_still_studies_give_rows_with_reasons(pair: tuple[list[float], list[float]]) -> None:
    frame = analyse(ratings_from({("fear", "clarity"): pair}))
    assert not np.isinf(frame[list(NUMBERS)].astype(float)).any(axis=None)
    tested = frame[frame["statistic_name"] != ""]
    silent = tested[tested["statistic"].isna() & (tested["note"] == "")]
    assert silent.empty, silent
    unmeasured = frame[(frame["effect_name"] != "") & frame["effect"].isna() & (frame["note"] == "")]
    assert unmeasured.empty, unmeasured


def test_the_table_names_the_policy_and_who_was_left_out(tmp_path: Path) -> None:
    table = rating_table(4, emotions=("fear",)).astype(str)
    table.loc[3, "rating"] = "9"
    table.to_csv(tmp_path / "r.csv", index=False)
    read = read_ratings(tmp_path / "r.csv", None, ReadSettings(exclude=True, missing=Missing.ITEM_PAIRS))
    frame = analyse(read, names=["data"])
    assert list(frame["term"]) == ["missing ratings", "ratings before", "ratings excluded", "ratings after"]
    assert list(frame["n"]) == [4, 4, 0, 4]
    assert frame["note"][0].startswith("policy item_pairs:")
    assert frame["note"][2] == "1 rows: rating outside 1 to 5"


def test_the_table_tells_of_fractions_and_of_cells_without_a_counterpart() -> None:
    table = rating_table(3, emotions=("fear",)).astype({"rating": float})
    table.loc[[0, 12], "rating"] = 3.5
    gone = table.drop(index=[3, 4])
    frame = analyse(ratings_of(gone, Missing.MEAN_AVAILABLE), names=["data"]).set_index("term")
    assert (frame.loc["fractional ratings", "n"], frame.loc["unpaired cells", "n"]) == (2, 1)
    assert frame.loc["fractional ratings", "note"].startswith("2 ratings are no whole numbers")
    assert frame.loc["unpaired cells", "note"].startswith("2 emotions x dimensions with a rating of one video only")
    assert "cells with both videos" in frame.loc["missing ratings", "note"]
    assert list(analyse(ratings_of(rating_table(3)), names=["data"])["term"]) == ["missing ratings"]


def test_one_gender_is_no_trouble() -> None:
    table = rating_table(4, emotions=("fear",)).assign(gender="female")
    assert analyse(ratings_of(table), names=["paired_t"])["p"].notna().any()


def test_families_are_the_settings() -> None:
    ratings = ratings_of(rating_table(6))
    asked = AnalysisSettings(families={"mine": ("fear", "anger")})
    frame = analyse(ratings, asked, names=["paired_t"]).set_index(["emotion", "dimension"])
    assert frame.loc[("fear", "all"), "p_bonferroni"] == pytest.approx(min(1.0, 2 * frame.loc[("fear", "all"), "p"]))
    assert pd.isna(frame.loc[("sadness", "all"), "p_bonferroni"])
    assert pd.isna(frame.loc[("all", "clarity"), "p_bonferroni"])


def test_an_unknown_name() -> None:
    with pytest.raises(ValueError, match="expected one of data"):
        analyse(ratings_from({("fear", "clarity"): ([1.0], [2.0])}), names=["magic"])


@pytest.mark.parametrize("bad", [{"alpha": 0.0}, {"alpha": 0.7}, {"equivalence_points": -1.0}, {"powers": (1.0,)}])
def test_settings_that_cannot_be(bad: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="expected"):
        AnalysisSettings(**bad)
