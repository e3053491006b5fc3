"""``microexpr study votes`` and ``study experts``: what they write, and what they say where they cannot."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from studies.results import COLUMNS
from studies.simulated_votes import EXPERTS, VOTES, write_scores, write_votes

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tables")
    write_votes(folder)
    write_scores(folder)
    return folder


@pytest.mark.slow
def test_votes(command: Run, tables: Path, tmp_path: Path) -> None:
    code, out, err = command("study", "votes", tables / VOTES, "--out", tmp_path / "v")
    assert (code, err) == (0, "")
    assert "2232 votes, ties: drop" in out
    results = pd.read_csv(tmp_path / "v" / "results.csv", keep_default_na=False)
    assert tuple(results.columns) == COLUMNS
    assert len(results) == 4 * 10
    rate = (
        results[results["term"] == "2: FOMM with AWP over FOMM with EWP"].set_index("analysis").loc["preference_rate"]
    )
    assert float(rate["estimate"]) == 14 / 18
    assert results["note"].str.startswith("simulated data").all()
    assert len(pd.read_csv(tmp_path / "v" / "samples.csv")) == 4 * 18
    assert (tmp_path / "v" / "voting_rates.png").read_bytes().startswith(b"\x89PNG")
    assert "<svg" in (tmp_path / "v" / "voting_rates.svg").read_text(encoding="utf-8")
    code, _, err = command("study", "votes", tables / VOTES, "--out", tmp_path / "v")
    assert code == 2
    assert "--overwrite" in err
    assert command("study", "votes", tables / VOTES, "--out", tmp_path / "v", "--overwrite")[0] == 0


def test_a_test_that_does_not_exist_shows_its_reason_and_no_number(command: Run, tmp_path: Path) -> None:
    rows = [("1", f"s{sample}", f"v{voter}", "new", "old", "new") for sample in range(3) for voter in range(3)]
    names = ["set", "sample", "voter", "model_a", "model_b", "choice"]
    pd.DataFrame(rows, columns=names).to_csv(tmp_path / "v.csv", index=False)
    code, out, _ = command("study", "votes", tmp_path / "v.csv", "--out", tmp_path / "v")
    assert code == 0
    (line,) = [line for line in out.splitlines() if line.startswith("z_published")]
    assert line.endswith(" -  all samples gave the same share: no variance to test against")


def test_experts(command: Run, tables: Path, tmp_path: Path) -> None:
    code, out, err = command("study", "experts", tables / EXPERTS, "--out", tmp_path / "e")
    assert (code, err) == (0, "")
    assert "648 scores of 3 experts" in out
    sums = pd.read_csv(tmp_path / "e" / "totals.csv").set_index("method")
    assert sums.loc["FOMM with EWP", "all experts normalised"] == pytest.approx(2.936782, abs=5e-7)
    results = pd.read_csv(tmp_path / "e" / "results.csv", keep_default_na=False)
    assert results["note"].str.startswith("simulated data").all()
    assert set(results["analysis"]) == {"expert_total", "expert_normalised", "icc", "weighted_kappa"}


def test_every_bad_row_is_listed_and_nothing_is_written(command: Run, tables: Path, tmp_path: Path) -> None:
    table = pd.read_csv(tables / VOTES, dtype=str)
    table.loc[[3, 9], "choice"] = "nobody"
    table.to_csv(tmp_path / "votes.csv", index=False)
    code, out, err = command("study", "votes", tmp_path / "votes.csv", "--out", tmp_path / "v")
    assert (code, out) == (2, "")
    assert [line[:7] for line in err.splitlines()] == ["row 5: ", "row 11:", "error: "]
    assert "2 rows cannot be used" in err
    assert not (tmp_path / "v").exists()
    scores = pd.read_csv(tables / EXPERTS, dtype=str)
    scores.loc[0, "score"] = "7"
    scores.to_csv(tmp_path / "scores.csv", index=False)
    code, _, err = command("study", "experts", tmp_path / "scores.csv", "--out", tmp_path / "e")
    assert code == 2
    assert err.startswith("row 2: score 7 is outside 0 to 3\nerror: ")
    assert command("study", "experts", tmp_path / "scores.csv", "--scale", 0, 9, "--out", tmp_path / "e")[0] == 0


def test_columns_are_mapped_and_formulas_defused(command: Run, tmp_path: Path) -> None:
    rows = [("1", f"s{k % 3}", f"v{k // 3}", "=1+1", "<b>old</b>", "=1+1" if k % 2 else "<b>old</b>") for k in range(9)]
    names = ["set", "sample", "wer", "model_a", "model_b", "choice"]
    pd.DataFrame(rows, columns=names).to_csv(tmp_path / "v.csv", index=False)
    code, _, err = command("study", "votes", tmp_path / "v.csv", "--out", tmp_path / "v")
    assert code == 2
    assert "no column 'voter'" in err
    options = ("--column", "voter=wer", "--ties", "half", "--out", tmp_path / "v")
    assert command("study", "votes", tmp_path / "v.csv", *options)[0] == 0
    assert "\n=" not in (tmp_path / "v" / "results.csv").read_text(encoding="utf-8")
    assert "<b>" not in (tmp_path / "v" / "voting_rates.svg").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--ties", "ignore"), "--ties ignore is not known; it is one of: drop, half."),
        (("--alpha", "0.7"), "--alpha 0.7 is outside 0 to 0.5."),
        (("--column", "voter"), "expected OURS=YOURS with OURS one of: set, sample, voter"),
        (("--column", "who=x"), "expected OURS=YOURS"),
    ],
)
def test_wrong_options_of_votes(
    command: Run, tables: Path, tmp_path: Path, options: tuple[str, str], told: str
) -> None:
    code, _, err = command("study", "votes", tables / VOTES, "--out", tmp_path / "v", *options)
    assert code == 2
    assert told in err


def test_a_scale_begins_with_its_lowest_score(command: Run, tables: Path, tmp_path: Path) -> None:
    code, _, err = command("study", "experts", tables / EXPERTS, "--scale", 3, 0, "--out", tmp_path / "e")
    assert code == 2
    assert "the lowest score comes first" in err
