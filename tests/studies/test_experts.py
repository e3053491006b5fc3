"""Expert scores: Table III of paper 003 to all its digits, and agreement."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from curves.errors import InputError
from studies.bad_rows import BadRowsError
from studies.experts import OVERALL, Scores, analyse_experts, normalise, read_scores, totals
from studies.results import Result
from studies.vocabulary import EXPERT_COLUMNS

EXPERTS = ("Expert1", "Expert2", "Expert3")
#: Table III: raw totals of three experts, overall, and the normalised overall as printed.
TABLE_III = {
    "ID:3311": ((85, 51, 37), 173, "1.57062"),
    "FAMGAN": ((104, 66, 66), 236, "2.228101"),
    "FOMM": ((140, 107, 56), 303, "2.736842"),
    "FOMM with EWP": ((139, 101, 76), 316, "2.936782"),
}


def scores_with(sums: dict[str, tuple[int, ...]], videos: int = 18) -> Scores:
    """Scores 0..3 of ``videos`` videos in three categories that add up to the totals."""
    rows = []
    for method, of_experts in sums.items():
        for expert, total in zip(EXPERTS, of_experts, strict=True):
            cells = np.full(videos * 3, total // (videos * 3))
            cells[: total % (videos * 3)] += 1
            rows += [(method, expert, f"v{k // 3}", ("upper", "lower", "noise")[k % 3], s) for k, s in enumerate(cells)]
    return Scores(pd.DataFrame(rows, columns=list(EXPERT_COLUMNS)).astype({"score": "float64"}))


def found(results: list[Result], analysis: str, term: str, dimension: str = "") -> Result:
    (one,) = [row for row in results if (row.analysis, row.term, row.dimension) == (analysis, term, dimension)]
    return one


def test_table_three_to_all_its_printed_digits() -> None:
    held = scores_with({method: sums for method, (sums, _, _) in TABLE_III.items()})
    results = analyse_experts(held)
    for method, (sums, overall, printed) in TABLE_III.items():
        assert found(results, "expert_total", f"{method}: {OVERALL}").estimate == overall
        value = found(results, "expert_normalised", f"{method}: {OVERALL}").estimate
        assert value is not None
        assert round(value, 6) == float(printed)
        for expert, total, best in zip(EXPERTS, sums, (140, 107, 76), strict=True):
            row = found(results, "expert_normalised", f"{method}: {expert}")
            assert row.estimate == pytest.approx(total / best, rel=1e-15)
            assert row.note.startswith(f"{total}/{best}")  # as printed: 85/140


def test_the_normalisation_takes_a_published_table_of_totals() -> None:
    table = pd.DataFrame({m: sums for m, (sums, _, _) in TABLE_III.items()}, index=list(EXPERTS)).T.astype(float)
    for method, value in normalise(table)[OVERALL].items():
        assert f"{value:.6f}".rstrip("0") == TABLE_III[str(method)][2]


def test_a_generous_expert_weighs_no_more_than_a_strict_one() -> None:
    table = pd.DataFrame({"generous": [100.0, 50.0], "strict": [5.0, 10.0]}, index=["x", "y"])
    assert normalise(table)[OVERALL].tolist() == [1.5, 1.5]
    assert np.isnan(normalise(table.assign(none=0.0))[OVERALL]).all()


def two_experts(pairs: list[tuple[float, float]]) -> Scores:
    rows = [("m", expert, f"v{k}", "upper", pair[e]) for k, pair in enumerate(pairs) for e, expert in enumerate("pq")]
    return Scores(pd.DataFrame(rows, columns=list(EXPERT_COLUMNS)))


def kappa_by_hand(pairs: list[tuple[float, float]], power: int) -> float:
    """1 - observed over expected disagreement: |i - j|^power over the pairs, and over every pairing of the margins."""
    first, second = np.array(pairs, dtype=float).T
    return float(1 - np.mean(abs(first - second) ** power) / np.mean(abs(first[:, None] - second[None, :]) ** power))


@pytest.mark.parametrize(("weights", "power"), [("linear", 1), ("quadratic", 2)])
def test_weighted_kappa_against_its_definition(weights: str, power: int) -> None:
    pairs = [(0.0, 0.0), (1.0, 2.0), (2.0, 2.0), (3.0, 1.0), (3.0, 3.0), (0.0, 1.0), (2.0, 3.0)]
    results = analyse_experts(two_experts(pairs))
    row = found(results, "weighted_kappa", f"{weights}: p and q", "all")
    assert row.statistic == pytest.approx(kappa_by_hand(pairs, power), rel=1e-12)
    assert row.ci_low is not None
    assert row.ci_high is not None
    assert row.ci_low < row.statistic < row.ci_high
    assert found(results, "weighted_kappa", f"{weights}: mean of pairs", "all").statistic == row.statistic
    halves = [(a / 2 + 0.25, b / 2 + 0.25) for a, b in pairs]  # steps that are no whole numbers: the same distances
    fine = found(analyse_experts(two_experts(halves)), "weighted_kappa", f"{weights}: p and q", "all")
    assert fine.statistic == pytest.approx(row.statistic, rel=1e-12)


def test_icc_of_shrout_and_fleiss() -> None:
    """Their table 2 (1979): six targets, four judges; ICC(2,1) 0.29, ICC(3,1) 0.71, (2,k) 0.62, (3,k) 0.91."""
    judged = [(9, 2, 5, 8), (6, 1, 3, 2), (8, 4, 6, 8), (7, 1, 2, 6), (10, 5, 6, 9), (6, 2, 4, 7)]
    rows = [("m", f"j{j}", f"v{t}", "all of it", s) for t, row in enumerate(judged) for j, s in enumerate(row)]
    held = Scores(pd.DataFrame(rows, columns=list(EXPERT_COLUMNS)).astype({"score": "float64"}), (0, 10))
    results = analyse_experts(held)
    for form, value in {"ICC(2,1)": 0.29, "ICC(3,1)": 0.71, "ICC(2,k)": 0.62, "ICC(3,k)": 0.91}.items():
        assert found(results, "icc", form, "all").effect == pytest.approx(value, abs=0.005)


def test_one_expert_has_nobody_to_agree_with() -> None:
    held = two_experts([(1.0, 0.0), (2.0, 0.0), (3.0, 0.0)])
    alone = Scores(held.table[held.table["expert"] == "p"].reset_index(drop=True))
    results = analyse_experts(alone)
    assert found(results, "expert_normalised", f"m: {OVERALL}").estimate == 1.0
    assert found(results, "weighted_kappa", "linear", "all").statistic is None
    assert all(row.effect is None and row.note for row in results if row.analysis == "icc")


@pytest.mark.parametrize("score", [0.0, 2.0])
def test_constant_scores_have_no_agreement_beyond_chance(score: float) -> None:
    results = analyse_experts(two_experts([(score, score)] * 4))
    for weights in ("linear", "quadratic"):
        row = found(results, "weighted_kappa", f"{weights}: p and q", "all")
        assert row.statistic is None
        assert "one and the same score" in row.note
        assert found(results, "weighted_kappa", f"{weights}: mean of pairs", "all").statistic is None
    assert all(row.effect is None for row in results if row.analysis == "icc")
    normalised = found(results, "expert_normalised", f"m: {OVERALL}")
    assert normalised.estimate == (2.0 if score else None)


def test_missing_scores_are_told() -> None:
    held = scores_with({"x": (10, 20, 30), "y": (12, 9, 8)}, videos=4)
    gapped = Scores(held.table.drop(index=3).reset_index(drop=True))
    assert gapped.missing == 1
    rows = [row for row in analyse_experts(gapped) if row.analysis.startswith("expert_")]
    assert all("1 scores of the design are missing" in row.note for row in rows)
    none = Scores(held.table[(held.table["method"] != "x") | (held.table["expert"] != "Expert2")])
    results = analyse_experts(none)
    assert found(results, "expert_total", "x: Expert2").note == "no scores"
    assert found(results, "expert_normalised", f"x: {OVERALL}").estimate is None


def test_the_order_of_rows_changes_nothing_but_the_order_of_names() -> None:
    held = scores_with({method: sums for method, (sums, _, _) in TABLE_III.items()}, videos=18)
    shuffled = Scores(held.table.sample(frac=1, random_state=4).reset_index(drop=True))
    pd.testing.assert_frame_equal(totals(shuffled).loc[held.methods, held.experts], totals(held), check_names=False)


def test_every_bad_row_is_told_with_its_reason(tmp_path: Path) -> None:
    rows = [
        ("m", "e", "v1", "upper", "3"),
        ("m", "e", "v1", "upper", "2"),
        ("m", "e", "v2", "upper", "4"),
        ("m", "e", "v3", "upper", "good"),
        ("m", "", "v4", "upper", "1"),
        ("m", "e", "v5", "upper", "inf"),
    ]
    path = tmp_path / "scores.csv"
    pd.DataFrame(rows, columns=list(EXPERT_COLUMNS)).to_csv(path, index=False)
    with pytest.raises(BadRowsError) as error:
        read_scores(path)
    assert dict(error.value.rows) == {
        3: "a second score of this method, expert, video and category, after row 2",
        4: "score 4 is outside 0 to 3",
        5: "score 'good' is not a number",
        6: "expert is empty",
        7: "score 'inf' is not a number",
    }
    pd.DataFrame(rows[:1], columns=list(EXPERT_COLUMNS)).to_csv(path, index=False)
    assert read_scores(path).table["score"].tolist() == [3.0]
    pd.DataFrame([], columns=list(EXPERT_COLUMNS)).to_csv(path, index=False)
    with pytest.raises(InputError, match="holds no scores"):
        read_scores(path)
