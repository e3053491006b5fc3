"""Everything that is wrong with the tables of participants is told at once; what other programs write is understood."""

from pathlib import Path

import pytest
from rating_tables import rating_table, rejected, session_table, written

from studies.ratings import Missing
from studies.validation import ReadSettings, RejectedRowsError, read_ratings

EXCLUDE = ReadSettings(exclude=True)


def test_everything_is_told_at_once(tmp_path: Path) -> None:
    """What is wrong besides a bad row of the same participant, or in the same row, is not left for the next run."""
    table = rating_table(5).astype(str)
    table.loc[0, ["rating", "video"]] = ["9", "C"]
    table.loc[40, "rating"] = "x"  # P001, whose gender differs elsewhere
    table.loc[45, "gender"] = "other"
    table.loc[80, "rating"] = "x"  # P002, who rated A only besides
    table = table[(table["participant_id"] != "P002") | (table["video"] == "A")]
    table.loc[120, "emotion"] = "joy"  # P003, who lacks two ratings besides
    table = table.drop(index=[125, 126])
    table.loc[150, "participant_id"] = ""  # P004
    found = rejected(tmp_path, table).set_index("row")["reason"]
    assert found[2] == "video 'C' is none of A, B; rating 9 is outside 1 to 5"
    assert found[42] == "rating 'x' is not a number; this participant's gender is 'male', 'other'"
    told = found.str.split("; ").explode()
    assert (told == "this participant's gender is 'male', 'other'").sum() == 36
    assert (told == "this participant rated video A only").sum() == 18
    assert (told == "this participant lacks 2 of 36 ratings").sum() == 34
    assert not told.str.contains("lacks 1 of 36").any()  # of P004, until the row without a name has one
    assert not told.str.contains("is ''").any()


def test_nobody_is_no_participant(tmp_path: Path) -> None:
    table = rating_table(3).astype(str)
    table.loc[[5, 6, 50], "participant_id"] = ""
    with pytest.raises(RejectedRowsError, match=r"^3 rows cannot be used; ratings row 7: participant_id is empty"):
        read_ratings(written(tmp_path, table))
    flow = read_ratings(tmp_path / "ratings.csv", None, EXCLUDE).flow
    assert flow[["step", "participants"]].to_numpy().tolist() == [
        ["before", 3],
        ["excluded", 0],
        ["excluded", 2],
        ["after", 1],
    ]


def test_gaps_name_the_other_ways(tmp_path: Path) -> None:
    path = written(tmp_path, rating_table(3).drop(index=3))
    with pytest.raises(
        RejectedRowsError, match=r"^35 rows of 1 participants .*--missing item_pairs or mean_available\.$"
    ):
        read_ratings(path)


def test_na_is_a_missing_rating(tmp_path: Path) -> None:
    table, sessions = rating_table(3).astype(str), session_table(3).astype(str)
    table.loc[[3, 40, 80], "rating"] = ["NA", "n/a", "NaN"]
    table["recognition_score"] = "NA"
    sessions[["attention_check_passed", "duration_s"]] = "NA"
    paths = written(tmp_path, table), written(tmp_path, sessions, "s.csv")
    read = read_ratings(*paths, ReadSettings(missing=Missing.ITEM_PAIRS))
    assert len(read.long) == len(table) - 3
    assert read.people[["recognition_score", "attention_check_passed", "duration_s"]].isna().all(axis=None)


def test_decimal_commas_between_semicolons(tmp_path: Path) -> None:
    table, sessions = rating_table(2).astype(str), session_table(2).astype(str)
    table["rating"] += ",0"
    table["recognition_score"] = "4,5"
    table["education"] = "1,0"
    sessions["duration_s"] = "612,25"
    table.to_csv(tmp_path / "r.csv", index=False, sep=";")
    sessions.to_csv(tmp_path / "s.csv", index=False, sep=";")
    read = read_ratings(tmp_path / "r.csv", tmp_path / "s.csv")
    assert list(read.long["rating"]) == list(rating_table(2)["rating"])
    assert set(read.people["recognition_score"]) == {4.5}
    assert set(read.people["duration_s"]) == {612.25}
    assert set(read.people["education"]) == {"1,0"}


def test_ids_that_a_spreadsheet_changed(tmp_path: Path) -> None:
    table, sessions = rating_table(3), session_table(3)
    table["participant_id"] = table["participant_id"].str[1:]
    found = rejected(tmp_path, table, sessions.assign(participant_id=["000", "1.0", "7"]))
    assert list(found["reason"]) == [
        "participant_id '1.0' has no ratings; the ratings have '001': write it alike in both tables",
        "participant_id '7' has no ratings",
    ]


def test_sessions_after_are_of_those_who_are_analysed(tmp_path: Path) -> None:
    table = rating_table(4)
    paths = written(tmp_path, table.drop(index=3)), written(tmp_path, session_table(4), "s.csv")
    flow = read_ratings(*paths, EXCLUDE).flow
    told = flow[flow["table"] == "sessions"][["step", "rows", "participants"]].to_numpy().tolist()
    assert told == [["before", 4, 4], ["excluded", 1, 1], ["after", 3, 3]]
