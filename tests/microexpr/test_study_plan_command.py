"""``microexpr study plan`` and ``study simulate``: what they write, and a rehearsal from one into the analysis."""

import re
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from studies.results import COLUMNS
from studies.validation import read_ratings

Run = Callable[..., tuple[int, str, str]]


def test_plan(command: Run, tmp_path: Path) -> None:
    code, out, err = command("study", "plan", "--d-z", 0.5, "--power", 0.8, "--runs", 40, "--out", tmp_path)
    assert (code, err) == (0, "")
    assert "sample_size_t            one test                 n 34 " in out
    assert re.search(r"simulated_wilcoxon .* power 0\.\d{3} \(95% 0\.\d{3} to [01]\.\d{3}\)", out)
    results = pd.read_csv(tmp_path / "results.csv", keep_default_na=False)
    assert tuple(results.columns) == COLUMNS
    assert {"sample_size_t", "sample_size_holm", "simulated_analysis", "sensitivity"} < set(results["analysis"])
    needed = results[(results["analysis"] == "sample_size_t") & (results["term"] == "emotions")]["n"].astype(int).item()
    orders = pd.read_csv(tmp_path / "orders.csv")
    assert len(orders) == needed
    assert abs((orders["order"] == "AB").sum() - (orders["order"] == "BA").sum()) <= 1
    assert pd.read_csv(tmp_path / "sensitivity.csv").set_index("d_z").loc[0.5, "one test"] == 34


def test_plan_without_simulation_for_the_people_one_can_get(command: Run, tmp_path: Path) -> None:
    code, out, _ = command("study", "plan", "--runs", 0, "--n", 82, "--seed", 7, "--out", tmp_path)
    assert code == 0
    assert "simulated" not in out
    assert "detectable               one test                 n 82     d_z 0.362" in out
    first = (tmp_path / "orders.csv").read_bytes()
    assert first.count(b"\n") == 83
    assert command("study", "plan", "--runs", 0, "--n", 82, "--seed", 7, "--out", tmp_path)[0] == 2
    assert command("study", "plan", "--runs", 0, "--n", 82, "--seed", 7, "--out", tmp_path, "--overwrite")[0] == 0
    assert (tmp_path / "orders.csv").read_bytes() == first


def test_plan_of_an_effect_that_ratings_cannot_have_has_all_else_and_says_so(command: Run, tmp_path: Path) -> None:
    code, out, err = command("study", "plan", "--d-z", 5, "--runs", 40, "--out", tmp_path)
    assert (code, err) == (0, "")
    assert "sample_size_t            one test                 n 3 " in out
    assert "ratings from 1 to 5 with the means paper-004 cannot have d_z 5" in out
    results = pd.read_csv(tmp_path / "results.csv", keep_default_na=False).set_index("analysis")
    assert (results.loc["simulated_analysis", "statistic"], len(results.loc["simulated_holm"])) == ("", 6)
    assert results.loc["simulated_analysis", "note"].startswith("no simulation: ")


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--d-z", 0), "--d-z 0 is outside 0.05 to 10"),
        (("--power", 1), "--power 1 is outside alpha to 1"),
        (("--n", 2, "--runs", 0), "--n 2: take 3 participants or more"),
        (("--means", "nowhere"), "neither a file nor one of"),
    ],
)
def test_wrong_options_of_plan(command: Run, tmp_path: Path, options: tuple[object, ...], told: str) -> None:
    code, _, err = command("study", "plan", "--out", tmp_path / "p", *options)
    assert code == 2
    assert told in err
    assert not (tmp_path / "p").exists()


def test_simulate_writes_what_analyze_reads(command: Run, tmp_path: Path) -> None:
    folder = tmp_path / "s"
    code, out, err = command("study", "simulate", "--n", 24, "--votes", "--experts", "--out", folder)
    assert (code, err) == (0, "")
    assert "simulated: 24 participants, paper-004" in out
    assert len(list(folder.iterdir())) == 6
    held = read_ratings(folder / "simulated_ratings.csv", folder / "simulated_sessions.csv")
    assert len(held.people) == 24
    code, _, err = command("study", "simulate", "--n", 24, "--out", folder)
    assert code == 2
    assert "--overwrite" in err


@pytest.mark.slow
def test_simulate_with_an_effect_of_ones_own_means(command: Run, tmp_path: Path) -> None:
    command("study", "simulate", "--n", 24, "--out", tmp_path / "first")
    means = tmp_path / "first" / "simulated_means.toml"
    code, _, _ = command("study", "simulate", "--n", 30, "--means", means, "--effect", 0.6, "--out", tmp_path / "again")
    assert code == 0
    held = read_ratings(tmp_path / "again" / "simulated_ratings.csv")
    for emotion in held.emotions:
        differences = held.differences(emotion)
        assert differences.mean() / differences.std(ddof=1) == pytest.approx(0.6, abs=0.1)
    code, _, err = command("study", "simulate", "--n", 3, "--out", tmp_path / "few")
    assert code == 2
    assert "--draw" in err
    assert command("study", "simulate", "--n", 3, "--draw", "--out", tmp_path / "few")[0] == 0
