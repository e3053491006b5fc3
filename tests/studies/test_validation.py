"""Tables of participants: every bad row told with its number and reason, nothing dropped in silence."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from rating_tables import rating_table, rejected, session_table, written

from curves.errors import InputError
from studies.layout import observations
from studies.ratings import Missing, Ratings
from studies.validation import ReadSettings, RejectedRowsError, read_ratings

EXCLUDE = ReadSettings(exclude=True)


# --- good tables -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", ["csv", "xlsx", "parquet"])
def test_every_format_gives_the_same_ratings(tmp_path: Path, suffix: str) -> None:
    table, sessions = rating_table(3, items=("a", "b")), session_table(3, failed=[1])
    read = read_ratings(written(tmp_path, table, f"r.{suffix}"), written(tmp_path, sessions, f"s.{suffix}"))
    assert (len(read.long), len(read.cells), len(read.people)) == (3 * 72, 3 * 36, 3)
    assert read.items == ("a", "b")
    assert list(read.people["attention_check_passed"]) == [True, False, True]
    assert list(read.people["order"]) == ["AB", "AB", "BA"]
    assert list(read.people["duration_s"]) == [600.0, 601.0, 602.0]
    chosen = table[(table.participant_id == "P002") & (table.emotion == "sadness") & (table.dimension == "naturalness")]
    cell = read.cells[(read.cells.participant_id == "P002") & (read.cells.emotion == "sadness")]
    cell = cell[cell.dimension == "naturalness"].set_index("video")["rating"]
    assert cell["A"] == chosen[chosen.video == "A"]["rating"].mean()
    assert cell["B"] == chosen[chosen.video == "B"]["rating"].mean()
    assert read.rejected.empty


def test_rows_in_any_order_give_the_same_cells(tmp_path: Path) -> None:
    table = rating_table(3)
    one = read_ratings(written(tmp_path, table))
    other = read_ratings(written(tmp_path, table.sample(frac=1.0, random_state=1)))
    pd.testing.assert_frame_equal(one.cells, other.cells)
    assert list(one.cells.columns) == ["participant_id", "emotion", "dimension", "video", "rating"]
    assert list(one.cells["dimension"][:6]) == ["clarity"] * 2 + ["naturalness"] * 2 + ["authenticity"] * 2
    assert list(one.cells["video"][:4]) == ["A", "B", "A", "B"]


def test_words_may_be_written_in_any_case(tmp_path: Path) -> None:
    table = rating_table(2).assign(emotion=lambda t: t["emotion"].str.title(), video=lambda t: t["video"].str.lower())
    assert len(read_ratings(written(tmp_path, table)).cells) == 72


def test_columns_of_other_names(tmp_path: Path) -> None:
    table = rating_table(2).rename(columns={"rating": "Score (1-5)", "participant_id": "pid"})
    sessions = session_table(2).rename(columns={"participant_id": "who", "order": "sequence"})
    names = {"rating": "Score (1-5)", "participant_id": "pid", "sessions.participant_id": "who", "order": "sequence"}
    paths = written(tmp_path, table), written(tmp_path, sessions, "s.csv")
    assert list(read_ratings(*paths, ReadSettings(names)).people["order"]) == ["AB", "AB"]
    with pytest.raises(InputError, match="has no column 'nope'"):
        read_ratings(*paths, ReadSettings({**names, "item": "nope"}))
    with pytest.raises(InputError, match="is about the sessions table"):
        read_ratings(paths[0], None, ReadSettings({"order": "sequence"}))
    with pytest.raises(InputError, match="there is no column 'colour'"):
        read_ratings(paths[0], None, ReadSettings({"colour": "x"}))


def test_rows_keep_their_numbers_under_semicolons_and_blank_lines(tmp_path: Path) -> None:
    text = rating_table(2).to_csv(index=False, sep=";")
    head, first, rest = text.split("\n", 2)
    path = tmp_path / "r.csv"
    path.write_text(
        f"{head}\n{first}\n\n{rest.replace('clarity;3', 'clarity;30').replace('clarity;4', 'clarity;30')}",
        encoding="utf-8",
    )
    with pytest.raises(RejectedRowsError) as caught:
        read_ratings(path)
    lines = path.read_text(encoding="utf-8").splitlines()
    assert len(caught.value.rejected)
    for row in caught.value.rejected["row"]:
        assert "clarity;30" in lines[row - 1]


def test_a_column_that_stands_twice(tmp_path: Path) -> None:
    table = rating_table(2)
    twice = pd.concat([table, table[["rating"]]], axis=1)
    for name in ("r.csv", "r.xlsx"):
        with pytest.raises(InputError, match="has the column 'rating' more than once"):
            read_ratings(written(tmp_path, twice, name))


def test_tables_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="There is no file"):
        read_ratings(tmp_path / "none.csv")
    (tmp_path / "r.txt").write_text("x", encoding="utf-8")
    with pytest.raises(InputError, match=r"give a \.csv"):
        read_ratings(tmp_path / "r.txt")
    (tmp_path / "empty.csv").write_text("", encoding="utf-8")
    with pytest.raises(InputError, match="cannot be read as csv"):
        read_ratings(tmp_path / "empty.csv")
    (tmp_path / "r.xlsx").write_bytes(b"no zip")
    with pytest.raises(InputError, match="cannot be read as xlsx"):
        read_ratings(tmp_path / "r.xlsx")
    with pytest.raises(InputError, match="has no column 'rating'"):
        read_ratings(written(tmp_path, rating_table(2).drop(columns="rating")))
    with pytest.raises(InputError, match="no rating that can be used"):
        read_ratings(written(tmp_path, rating_table(2).iloc[:0]))


# --- bad rows --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        ("emotion", "joy", "emotion 'joy' is none of anger, disgust"),
        ("video", "C", "video 'C' is none of A, B"),
        ("dimension", "beauty", "dimension 'beauty' is none of clarity"),
        ("rating", "6", "rating 6 is outside 1 to 5"),
        ("rating", "0.5", "rating 0.5 is outside"),
        ("rating", "inf", "rating inf is outside"),
        ("rating", "good", "rating 'good' is not a number"),
        ("rating", "4,0", "rating '4,0' is not a number: write 4.0, with a decimal point"),
        ("rating", "NA", "this participant lacks 1 of 36 ratings"),
        ("recognition_score", "-1", "recognition_score -1 is outside"),
        ("recognition_score", "well", "recognition_score 'well' is not a number"),
        ("participant_id", "", "participant_id is empty"),
    ],
)
def test_a_bad_row_is_told_with_its_number(tmp_path: Path, column: str, value: str, reason: str) -> None:
    table = rating_table(2).astype(str)
    table.loc[9, column] = value
    found = rejected(tmp_path, table)
    bad = found[found["row"] == 11]  # the header is row 1
    assert len(bad) == 1
    assert bad.iloc[0]["reason"].startswith(reason)
    alone = set(found["row"]) == {11}  # who has a bad row is not told besides that it is missing
    assert alone or column == "participant_id" or value == "NA"


def test_every_bad_row_is_told_and_the_sentence_names_a_few(tmp_path: Path) -> None:
    table = rating_table(4).astype(str)
    for place, value in ((3, "6"), (40, "x"), (80, "9"), (120, "0"), (125, "0")):
        table.loc[place, "rating"] = value
    with pytest.raises(
        RejectedRowsError, match=r"^5 rows of 4 participants cannot be used; ratings row 5: rating 6"
    ) as caught:
        read_ratings(written(tmp_path, table))
    assert list(caught.value.rejected["row"]) == [5, 42, 82, 122, 127]
    assert "--exclude" in str(caught.value)
    assert "row 122" not in str(caught.value)


def test_duplicates(tmp_path: Path) -> None:
    table = rating_table(3)
    agreeing, other = table.iloc[[5]], table.iloc[[40]].assign(rating=lambda t: 6 - t["rating"] % 5)
    found = rejected(tmp_path, pd.concat([table, agreeing, other]))
    told = dict(zip(found["row"], found["reason"], strict=True))
    assert told == {
        110: "duplicate: says the same as row 7",
        42: "duplicate: rows 42, 111 disagree",
        111: "duplicate: rows 42, 111 disagree",
    }


def test_the_same_cell_for_two_items_is_no_duplicate(tmp_path: Path) -> None:
    assert read_ratings(written(tmp_path, rating_table(2, items=("x", "y")))).items == ("x", "y")


def test_one_video_only(tmp_path: Path) -> None:
    table = rating_table(3)
    half = table[(table["participant_id"] != "P001") | (table["video"] == "B")]
    found = rejected(tmp_path, half)
    assert set(found["reason"]) == {"this participant rated video B only"}
    assert len(found) == 18
    for policy in Missing:
        with pytest.raises(RejectedRowsError, match="video B only"):
            read_ratings(tmp_path / "ratings.csv", None, ReadSettings(missing=policy))


def test_conflicting_demographics(tmp_path: Path) -> None:
    table = rating_table(3)
    table.loc[4, "gender"] = "other"
    found = rejected(tmp_path, table)
    assert set(found["reason"]) == {"this participant's gender is 'female', 'other'"}
    assert len(found) == 36
    read = read_ratings(tmp_path / "ratings.csv", None, EXCLUDE)
    assert list(read.people.index) == ["P001", "P002"]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda t: t.assign(order=["AB", "ABBA", "BA"]), "order 'abba'".upper()),
        (lambda t: t.assign(attention_check_passed=["true", "perhaps", ""]), "attention_check_passed 'perhaps'"),
        (lambda t: t.assign(duration_s=["1", "-3", "x"]), "duration_s -3 is negative"),
        (lambda t: t.assign(participant_id=["P000", "P001", "P999"]), "participant_id 'P999' has no ratings"),
        (lambda t: pd.concat([t, t.iloc[[1]].assign(order="BA")]), "duplicate: rows 3, 5 disagree"),
        (lambda t: pd.concat([t, t.iloc[[1]]]), "duplicate: says the same as row 3"),
    ],
)
def test_bad_sessions(tmp_path: Path, change: Callable[[pd.DataFrame], pd.DataFrame], reason: str) -> None:
    found = rejected(tmp_path, rating_table(3), change(session_table(3).astype(str)))
    assert set(found["table"]) == {"sessions"}
    assert any(told.lower().startswith(reason.lower()) for told in found["reason"])
    read = read_ratings(tmp_path / "ratings.csv", tmp_path / "sessions.csv", EXCLUDE)
    assert len(read.people) == 3  # who has no good session is still in the study


# --- the flow --------------------------------------------------------------------------------------------------------


def test_the_flow_adds_up(tmp_path: Path) -> None:
    table = rating_table(6).astype(str)
    table.loc[[3, 4], "rating"] = "7"  # P000
    table.loc[50, "emotion"] = "joy"  # P001
    table.loc[table["participant_id"] == "P003", "rating"] = "9"
    table = table[(table["participant_id"] != "P004") | (table["video"] == "A")]
    read = read_ratings(written(tmp_path, table), None, EXCLUDE)
    steps = read.flow[read.flow["table"] == "ratings"].set_index("reason")
    assert list(read.people.index) == ["P002", "P005"]
    assert steps.loc["rating outside 1 to 5", ["rows", "participants"]].tolist() == [38, 1]
    assert steps.loc["unknown emotion", ["rows", "participants"]].tolist() == [1, 0]
    assert steps.loc["one video only", ["rows", "participants"]].tolist() == [18, 1]
    assert steps.loc["missing ratings", ["rows", "participants"]].tolist() == [34 + 35, 2]
    excluded = read.flow[read.flow["step"] == "excluded"]
    before, after = (read.flow[read.flow["step"] == step].iloc[0] for step in ("before", "after"))
    assert (before["rows"], before["participants"]) == (198, 6)
    assert (after["rows"], after["participants"]) == (72, 2)
    assert before["rows"] - excluded["rows"].sum() == after["rows"]
    assert before["participants"] - excluded["participants"].sum() == after["participants"]
    assert len(read.rejected) == excluded["rows"].sum()


# --- what is missing -------------------------------------------------------------------------------------------------


def holes(folder: Path, policy: Missing, *, exclude: bool = False) -> Ratings:
    """P000: no rating of fear, clarity, item x, video A; an empty one of item y, naturalness, B."""
    table = rating_table(4, emotions=("fear", "anger"), items=("x", "y")).astype(str)
    first = (table["participant_id"] == "P000") & (table["emotion"] == "fear")
    gone = first & (table["dimension"] == "clarity") & (table["item"] == "x") & (table["video"] == "A")
    empty = first & (table["dimension"] == "naturalness") & (table["item"] == "y") & (table["video"] == "B")
    table.loc[empty, "rating"] = ""
    return read_ratings(written(folder, table[~gone]), None, ReadSettings(exclude=exclude, missing=policy))


def cell(read: Ratings, dimension: str) -> tuple[float, float, pd.DataFrame]:
    chosen = (read.cells["participant_id"] == "P000") & (read.cells["emotion"] == "fear")
    a, b = read.cells[chosen & (read.cells["dimension"] == dimension)]["rating"]
    long = read.long[(read.long["participant_id"] == "P000") & (read.long["emotion"] == "fear")]
    return a, b, long[long["dimension"] == dimension].set_index(["item", "video"])["rating"]


def test_strict_stops_or_leaves_the_participant_out(tmp_path: Path) -> None:
    with pytest.raises(RejectedRowsError, match="this participant lacks 2 of 24 ratings"):
        holes(tmp_path, Missing.STRICT)
    read = holes(tmp_path, Missing.STRICT, exclude=True)
    assert list(read.people.index) == ["P001", "P002", "P003"]


def test_item_pairs_counts_an_item_only_with_its_counterpart(tmp_path: Path) -> None:
    read = holes(tmp_path, Missing.ITEM_PAIRS)
    a, b, long = cell(read, "clarity")
    assert (a, b) == (long["y", "A"], long["y", "B"])
    a, b, long = cell(read, "naturalness")
    assert (a, b) == (long["x", "A"], long["x", "B"])
    assert "no rating given" in set(read.flow["reason"])


def test_mean_available_takes_what_there_is(tmp_path: Path) -> None:
    a, b, long = cell(holes(tmp_path, Missing.MEAN_AVAILABLE), "clarity")
    assert a == long["y", "A"]
    assert b == (long["x", "B"] + long["y", "B"]) / 2


def test_a_cell_without_its_counterpart(tmp_path: Path) -> None:
    table = rating_table(3, emotions=("fear",), dimensions=("clarity", "naturalness"))
    gone = (table["participant_id"] == "P000") & (table["dimension"] == "clarity") & (table["video"] == "A")
    path = written(tmp_path, table[~gone])
    pairs = read_ratings(path, None, ReadSettings(missing=Missing.ITEM_PAIRS))
    means = read_ratings(path, None, ReadSettings(missing=Missing.MEAN_AVAILABLE))
    assert (len(pairs.cells), len(means.cells)) == (10, 11)
    for read in (pairs, means):
        assert len(read.pairs("fear", "clarity")) == 2
        assert len(read.pairs("fear")) == 3


def test_pooled_means_of_a_and_b_are_over_the_same_cells(tmp_path: Path) -> None:
    """Half the people rated B of fear alone, rated high: no emotion has an effect, so neither has the whole."""
    table = rating_table(6).astype({"rating": object})
    table["rating"] = np.where(table["emotion"] == "fear", 5, 2)
    gone = (table["video"] == "B") & (table["emotion"] != "fear") & (table["participant_id"] < "P003")
    gone |= (table["video"] == "A") & (table["emotion"] == "anger") & (table["dimension"] == "clarity")
    read = read_ratings(written(tmp_path, table[~gone]), None, ReadSettings(missing=Missing.MEAN_AVAILABLE))
    assert len(read.cells) == len(table[~gone])
    assert list(read.differences()) == [0.0] * 6
    assert list(read.differences("anger")) == [0.0] * 3
    assert list(read.pairs()["A"]) == pytest.approx([5.0] * 3 + [(3 * 5 + 14 * 2) / 17] * 3)
    observed = observations(read)
    assert set(observed[observed["emotion"] != "fear"]["participant_id"]) == {"P003", "P004", "P005"}


def test_what_nobody_was_asked_is_not_missing(tmp_path: Path) -> None:
    read = read_ratings(written(tmp_path, rating_table(2, emotions=("fear",), dimensions=("clarity",))))
    assert (read.emotions, read.dimensions) == (("fear",), ("clarity",))


def test_recognition_is_the_mean_over_emotions(tmp_path: Path) -> None:
    table = rating_table(2, emotions=("fear", "anger")).astype(str)
    table["recognition_score"] = np.where(table["emotion"] == "fear", "5", "2")
    table.loc[table["participant_id"] == "P001", "recognition_score"] = ""
    people = read_ratings(written(tmp_path, table)).people
    assert people.loc["P000", "recognition_score"] == 3.5
    assert np.isnan(people.loc["P001", "recognition_score"])
