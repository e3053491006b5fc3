"""``microexpr study analyze``: a table in, results out, and what it says when rows are bad."""

from pathlib import Path

import pandas as pd
import pytest
from rating_tables import rating_table, session_table

from microexpr.cli import main
from microexpr.study_analyze import _line


@pytest.fixture
def study(tmp_path: Path) -> Path:
    rating_table(5, emotions=("fear", "anger")).to_csv(tmp_path / "ratings.csv", index=False)
    session_table(5, failed=[1]).to_csv(tmp_path / "sessions.csv", index=False)
    return tmp_path


def run(*words: object) -> int:
    with pytest.raises(SystemExit) as caught:
        main(["study", "analyze", *map(str, words)])
    return int(caught.value.code or 0)


@pytest.mark.slow
def test_a_study_becomes_results(study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = study / "new" / "out"
    assert run(study / "ratings.csv", "--sessions", study / "sessions.csv", "--out", out) == 0
    told = capsys.readouterr().out
    assert "ratings after: 60 rows, 5 participants" in told
    assert "missing ratings: strict" in told
    assert f"wrote {out / 'results.csv'}" in told
    frame = pd.read_csv(out / "results.csv")
    assert {"paired_t", "wilcoxon", "tost", "attention_sensitivity", "order_effect"} <= set(frame["analysis"])
    assert not (out / "rejected.csv").exists()
    before = (out / "results.csv").read_bytes()
    assert run(study / "ratings.csv", "--out", out) == 2
    assert "use --overwrite" in capsys.readouterr().err
    assert (out / "results.csv").read_bytes() == before


@pytest.mark.slow
def test_bad_rows_stop_or_are_left_out(study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = rating_table(5, emotions=("fear", "anger")).astype(str)
    table.loc[7, "emotion"] = "=cmd()"
    table.to_csv(study / "ratings.csv", index=False)
    out = study / "out"
    assert run(study / "ratings.csv", "--out", out) == 2
    told = capsys.readouterr().err
    assert told.startswith("error: 1 rows of 1 participants cannot be used; ratings row 9: emotion '=cmd()'")
    assert told.count("\n") == 1
    listed = pd.read_csv(out / "rejected.csv")
    assert listed[["table", "row", "participant_id"]].to_numpy().tolist() == [["ratings", 9, "P000"]]
    assert not (out / "results.csv").exists()

    assert run(study / "ratings.csv", "--out", out, "--exclude") == 0
    told = capsys.readouterr().out
    assert "ratings excluded (unknown emotion): 1 rows, 0 participants" in told
    assert "ratings excluded (missing ratings): 11 rows, 1 participants" in told
    assert "ratings after: 48 rows, 4 participants" in told
    assert len(pd.read_csv(out / "rejected.csv")) == 12

    rating_table(5, emotions=("fear",)).to_csv(study / "ratings.csv", index=False)
    assert run(study / "ratings.csv", "--out", out, "--overwrite") == 0
    assert not (out / "rejected.csv").exists()  # it told of other rows


def test_the_summary_never_has_minus_zero() -> None:
    about = {"emotion": "fear", "dimension": "all", "n": 4, "p": 0.9, "p_holm": 0.9}
    row = pd.Series(
        {**about, "estimate": -1e-17, "ci_low": -1e-4, "ci_high": -1e-5, "statistic": -1e-9, "effect": -0.001}
    )
    assert _line(row) == ("fear", "4", "0.000", "0.000 to 0.000", "0.00", "0.900", "0.900", "0.00")


@pytest.mark.slow
def test_options_reach_the_analysis(study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = rating_table(5, emotions=("fear", "anger")).rename(columns={"rating": "score"})
    table.drop(index=3).to_csv(study / "ratings.csv", index=False)
    words = ["--column", "rating=score", "--missing", "mean_available", "--family", "one=fear", "--alpha", 0.1]
    assert run(study / "ratings.csv", "--out", study, *words, "--equivalence", 0.25) == 0
    frame = pd.read_csv(study / "results.csv", keep_default_na=False)
    assert frame["note"][0].startswith("policy mean_available")
    assert set(frame[frame["analysis"] == "tost"]["term"]) == {"within ±0.25 points"}
    fear = frame[(frame["analysis"] == "paired_t") & (frame["emotion"] == "fear") & (frame["dimension"] == "all")]
    assert fear.iloc[0]["p_bonferroni"] == fear.iloc[0]["p"]
    assert "power 0.8, alpha 0.1" in set(frame["term"])


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--column", "rating"], "--column 'rating' is not understood"),
        (["--column", "x=y"], "there is no column 'x'"),
        (["--family", "a=joy"], "must hold emotions only"),
        (["--alpha", "2"], "alpha: expected within (0, 0.5), got 2.0"),
        (["--equivalence", "0"], "equivalence_points: expected above 0"),
        (["--missing", "some"], "Invalid value for '--missing'"),
    ],
)
def test_wrong_use_is_one_line(study: Path, capsys: pytest.CaptureFixture[str], words: list[str], told: str) -> None:
    assert run(study / "ratings.csv", "--out", study / "out", *words) == 2
    shown = capsys.readouterr().err
    assert shown.startswith("error: ")
    assert told in shown
    assert shown.count("\n") == 1
    assert not (study / "out").exists()
