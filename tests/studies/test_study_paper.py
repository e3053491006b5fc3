"""The published tables computed again: what agrees and what does not, as found; the arithmetic of printed figures."""

import json
from collections import Counter
from pathlib import Path

import pandas as pd
import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from typer.testing import CliRunner

from curves.errors import InputError
from microexpr import study_paper
from studies.paper import FINDINGS, paper_document, paper_rows
from studies.paper_regression import shapiro_p
from studies.paper_rows import PaperRow, Verdict, claim, compare, paper_figures
from studies.rounding import Range, padded, printed, spread, t_of_p

ROWS = paper_rows()
EMOTIONS = ("Anger", "Disgust", "Fear", "Happiness", "Sadness", "Surprise")


def row(table: str, name: str, quantity: str) -> PaperRow:
    found = [one for one in ROWS if (one.table, one.row) == (table, name) and one.quantity.startswith(quantity)]
    assert len(found) == 1, (table, name, quantity, len(found))
    return found[0]


def ends(table: str, name: str, quantity: str) -> tuple[float, float]:
    found = row(table, name, quantity)
    assert found.low is not None and found.high is not None
    return found.low, found.high


@pytest.mark.parametrize("emotion", EMOTIONS)
def test_table_4_is_an_independent_f_with_the_d_column_as_sd(emotion: str) -> None:
    assert row("4", emotion, "p of F(1, 162)").verdict is Verdict.AGREES
    assert row("4", emotion, "Diff").verdict is Verdict.AGREES
    as_d = row("4", emotion, "p if the column were d")
    assert as_d.verdict is Verdict.DISAGREES and as_d.high is not None and as_d.high < 1e-4


def test_p_of_fear_by_hand() -> None:
    """F = (0.2846 / 0.723)^2 41 = 6.353; its p with 1 and 162 degrees of freedom is 0.0127."""
    low, high = ends("4", "Fear", "p of F(1, 162)")
    assert low < stats.f.sf((0.2846 / 0.723) ** 2 * 41, 1, 162) < high
    assert (low, high) == (pytest.approx(0.0126, abs=5e-5), pytest.approx(0.0128, abs=5e-5))


def test_overall_row_cannot_be_had_from_the_others() -> None:
    for title in ("Mean A", "Mean B", "Diff (A-B) as"):
        assert row("4", "Overall", title).verdict is Verdict.DISAGREES
    assert ends("4", "Overall", "Diff (A-B) as") == (
        pytest.approx(-0.13422, abs=1e-5),
        pytest.approx(-0.13412, abs=1e-5),
    )
    assert ends("4", "Overall", "p of F(1, 162)")[1] < 1e-70
    assert row("4", "Overall", "p if the column were d").verdict is Verdict.DISAGREES
    assert row("4", "Overall", "partial eta squared").verdict is Verdict.AGREES
    assert row("4", "Overall", "paired t, d_z").verdict is Verdict.IMPOSSIBLE


@pytest.mark.parametrize(
    ("table", "name", "low", "high"),
    [
        ("5", "Anger", 0.203, 0.205), ("5", "Disgust", 0.297, 0.303), ("5", "Happiness", 0.109, 0.110),
        ("5", "Sadness", 0.225, 0.227), ("5", "Surprise", -0.089, -0.088), ("6", "Naturalness", 0.081, 0.083),
        ("6", "Authenticity", 0.322, 0.333),
    ],
)  # fmt: skip
def test_true_d_z_is_not_the_printed_d(table: str, name: str, low: float, high: float) -> None:
    found = row(table, name, "d_z")
    assert found.verdict is Verdict.DISAGREES
    assert found.low is not None and found.high is not None
    assert low < found.low <= found.high < high


def test_where_only_a_bound_of_p_is_printed_d_z_is_open_to_one_side() -> None:
    for table, name in (("5", "Fear"), ("6", "Clarity")):
        found = row(table, name, "d_z")
        assert (found.verdict, found.high) == (Verdict.UNDECIDED, None)
        assert found.low == pytest.approx(stats.t.isf(0.0005, 81) / 82**0.5)
        assert row(table, name, "d_av_rms").verdict is Verdict.DISAGREES


def test_bonferroni_of_disgust_is_undecided_and_the_others_are_as_the_paper_says() -> None:
    verdicts = {name: row("5", name, "6 p").verdict for name in EMOTIONS}
    assert verdicts.pop("Disgust") is Verdict.UNDECIDED
    assert set(verdicts.values()) == {Verdict.AGREES}
    p = printed(paper_figures()["emotions"]["Disgust"]["p_paired"])
    assert 5 * p.high < 0.05  # Holm: the second of six


def test_table_6_differs_where_zeros_were_filled_in() -> None:
    verdicts = {name: row("6", name, "Diff").verdict for name in paper_figures()["dimensions"]}
    assert verdicts == {
        "Clarity": Verdict.AGREES, "Naturalness": Verdict.DISAGREES, "Authenticity": Verdict.DISAGREES,
    }  # fmt: skip
    assert "zeros" in row("6", "Authenticity", "Diff").note
    assert row("6", "mean of rows", "Diff").verdict is Verdict.AGREES
    assert row("6", "mean of rows", "Mean A").verdict is Verdict.DISAGREES
    in_text = {name: row("6", name, "p of F(1, 162) in the text").verdict for name in verdicts}
    assert [name for name, verdict in in_text.items() if verdict is Verdict.DISAGREES] == ["Naturalness"]


def test_the_regression_is_consistent_and_independence_cannot_be_checked() -> None:
    table = [one for one in ROWS if one.table == "7"]
    assert {one.verdict for one in table} == {Verdict.AGREES, Verdict.COMPUTED, Verdict.IMPOSSIBLE}
    assert [one.quantity for one in table if one.verdict is Verdict.IMPOSSIBLE] == ["independence"]


def test_one_item_a_dimension_cannot_give_the_means_and_two_can() -> None:
    assert row("5", "all rows", "means possible with one item").low == 4
    assert row("5", "all rows", "means possible with 2 items").verdict is Verdict.AGREES


def test_shapiro_p_is_scipys() -> None:
    w, p = stats.shapiro(stats.norm.rvs(size=82, random_state=4))
    assert shapiro_p(float(w), 82) == pytest.approx(float(p), abs=1e-6)


def test_counts_of_verdicts_and_that_every_finding_has_its_rows() -> None:
    assert Counter(one.verdict for one in ROWS)[Verdict.UNDECIDED] == 3
    assert len(FINDINGS) == 9 and len(ROWS) > 120
    by_size = [abs(end) for one in ROWS if one.quantity.startswith("d_z") for end in (one.low, one.high) if one.high]
    assert (round(min(by_size), 2), round(max(by_size), 2)) == (0.08, 0.33)


@given(st.integers(-99999, 99999), st.integers(0, 4))
def test_printed_holds_what_rounds_to_it(digits: int, decimals: int) -> None:
    text = f"{digits / 10**decimals:.{decimals}f}"
    found = printed(text)
    assert found.low <= float(text) <= found.high
    assert found.high - found.low == pytest.approx(10.0**-decimals)
    assert padded(text).low <= found.low + 1e-12 and padded(text).high >= found.high - 1e-12


PART = st.floats(0, 1)


@given(st.tuples(st.floats(0.1, 5), PART, PART), st.tuples(st.floats(0.1, 5), PART, PART))
def test_spread_covers_all_in_between(above: tuple[float, float, float], below: tuple[float, float, float]) -> None:
    (a, a_more, s), (b, b_more, t) = above, below
    found = spread(lambda x, y: x / y, Range(a, a + a_more), Range(b, b + b_more))
    value = (a + s * a_more) / (b + t * b_more)
    assert found.low - 1e-9 <= value <= found.high + 1e-9


def test_t_of_p_gives_p_back_and_has_no_upper_end_at_zero() -> None:
    t = t_of_p(printed("0.008"), 81)
    assert 2 * stats.t.sf([t.high, t.low], 81) == pytest.approx([0.0075, 0.0085])
    assert t_of_p(printed("<0.001"), 81).high == float("inf")


def test_verdicts_of_comparisons() -> None:
    where = ("1", "row", "x")
    assert compare(where, "0.50", Range(0.504, 0.6)).verdict is Verdict.AGREES
    assert compare(where, "0.50", Range(0.506, 0.6)).verdict is Verdict.DISAGREES
    said = {value: claim(where, "< 0.05", value, 0.05).verdict for value in (Range(0, 0.04), Range(0.04, 0.06))}
    assert list(said.values()) == [Verdict.AGREES, Verdict.UNDECIDED]
    assert claim(where, "< 0.05", Range(0.05, 0.06), 0.05).verdict is Verdict.DISAGREES


def app() -> typer.Typer:
    made = typer.Typer()
    study_paper.register(made)
    made.command("other")(lambda: None)
    return made


def test_json_and_files(tmp_path: Path) -> None:
    told = CliRunner().invoke(app(), ["paper", "--json"])
    document = json.loads(told.stdout)
    assert document["format"] == "microexpr.study-paper/1"
    assert len(document["rows"]) == len(ROWS) == sum(document["counts"].values())
    assert document == json.loads(json.dumps(paper_document(ROWS)))
    for name in ("rows.csv", "rows.json", "rows.txt"):
        assert CliRunner().invoke(app(), ["paper", "--out", str(tmp_path / name)]).exit_code == 0
        assert "Surprise" in (tmp_path / name).read_text(encoding="utf-8")
    table = pd.read_csv(tmp_path / "rows.csv", dtype={"printed": "string"})
    assert list(table["printed"].fillna("")) == [one.printed for one in ROWS]
    assert list(table["low"].dropna()) == [one.low for one in ROWS if one.low is not None]
    again = CliRunner().invoke(app(), ["paper", "--out", str(tmp_path / "rows.csv")])
    assert isinstance(again.exception, InputError) and "--overwrite" in str(again.exception)
    wrong = CliRunner().invoke(app(), ["paper", "--out", str(tmp_path / "rows.doc")])
    assert isinstance(wrong.exception, InputError)


def test_text_names_source_tables_and_notes() -> None:
    told = CliRunner().invoke(app(), ["paper"]).stdout
    for words in ("preprint", "Table 4", "Table 7", "cannot be computed", "undecided", "[1]", "above 3.415"):
        assert words in told


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [
        (3.595483, 3.595583, "3.59548 to 3.59558"), (0.2068, 0.2078, "0.2068 to 0.2078"), (1.0, 1.0, "1"),
        (4.11e-5, 4.22e-5, "4.11e-05 to 4.22e-05"), (3.4147, None, "above 3.415"), (None, None, ""),
    ],
)  # fmt: skip
def test_range_words(low: float | None, high: float | None, words: str) -> None:
    assert study_paper.range_words(low, high) == words
