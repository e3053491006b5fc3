"""The grammar of AU cells: each quirk of the sets' sheets, and properties of any cell."""

import re
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curves.values import Side
from recognizer.datasets.au_text import AUReading, read_aus
from recognizer.datasets.labels import AUMark, Code, Part


def said(cell: Any) -> tuple[list[str] | None, list[list[str]]]:
    reading = read_aus(cell)
    certain = None if reading.aus is None else [str(mark) for mark in reading.aus]
    return certain, [[str(mark) for mark in group] for group in reading.maybe]


@pytest.mark.parametrize(
    ("cell", "certain", "maybe"),
    [
        (12, ["12"], []),  # CASME II: a single AU is a number
        (12.0, ["12"], []),
        ("12.0", ["12"], []),
        ("4+L10", ["4", "L10"], []),
        ("4+7+6", ["4", "7", "6"], []),
        ("L2+12", ["L2", "12"], []),
        ("L1+L2", ["L1", "L2"], []),
        ("?", None, []),
        (None, None, []),
        (float("nan"), None, []),
        ("/", None, []),
        ("7B", ["7B"], []),  # SAMM: intensity letters
        ("10A/B", ["10A/B"], []),
        ("4A/B", ["4A/B"], []),
        ("B18+25", ["18", "25"], []),
        ("ref(7B)+43", ["43"], []),
        ("L12 or L14", [], [["L12", "L14"]]),
        ("(R6 or R12)+R15", ["R15"], [["R6", "R12"]]),
        ("(R6 or R12) + R15", ["R15"], [["R6", "R12"]]),
        ("R14A or 17A or 24A", [], [["R14A", "17A", "24A"]]),
        ("A/L12", ["12"], []),
        ("L12 + 61", ["L12", "61"], []),
        ("12+15 ", ["12", "15"], []),
        ("12?", [], [["12"]]),
        ("1,4，7、12", ["1", "4", "7", "12"], []),  # CAS(ME)^3, part C: a Chinese comma
        ("９+４", ["9", "4"], []),  # full-width digits
        ("9+4+14", ["9", "4", "14"], []),
        ("AU1+AU2", ["1", "2"], []),
        ("AD29+M57+1", ["AD29", "M57", "1"], []),  # DFME
        ("0", None, []),
        ("L12A or R12B", ["12A/B"], []),  # whichever it is, AU12 is there
        ("6+12 or 14", ["6"], [["12", "14"]]),
    ],
)
def test_each_quirk_of_the_sheets(cell: Any, certain: list[str] | None, maybe: list[list[str]]) -> None:
    assert said(cell) == (certain, maybe)


def test_sides_parts_codes_and_what_is_left_open() -> None:
    assert read_aus("A7").aus == (AUMark(7, asymmetric=True),)
    assert read_aus("A/L12").aus == (AUMark(12, side_open=True),)
    assert read_aus("L12A or R12B").aus == (AUMark(12, intensity="A/B", side_open=True),)
    assert read_aus("T10+B18").aus == (AUMark(10, part=Part.TOP), AUMark(18, part=Part.BOTTOM))
    assert read_aus("L4").aus == (AUMark(4, Side.LEFT),)
    assert read_aus("R14A").aus == (AUMark(14, Side.RIGHT, "A"),)
    assert read_aus("AD29+M57").aus == (AUMark(29, code=Code.DESCRIPTOR), AUMark(57, code=Code.MOVEMENT))
    assert read_aus("ref(7B)+43").reference == (AUMark(7, intensity="B"),)


def test_what_is_not_understood_is_told_and_what_must_be_ignored_is_apart() -> None:
    assert read_aus("4 soft focus") == AUReading((AUMark(4),), unread=("soft", "focus"))
    assert read_aus("AU4(k)+AU1") == AUReading((AUMark(1),), ignored=("AU4(k)",))
    assert read_aus("blurred") == AUReading(None, unread=("blurred",))
    assert read_aus("12+") == AUReading((AUMark(12),), unread=("+",))
    assert read_aus("+4") == AUReading((AUMark(4),), unread=("+",))
    assert read_aus("4++12") == AUReading((AUMark(4), AUMark(12)), unread=("+",))
    for number in ("12.5", 12.5):
        assert read_aus(number) == AUReading(None, unread=("12.5",))
    for none in ("0", 0, 0.0):
        assert read_aus(none) == AUReading(None, unread=("0",))
    assert read_aus("1212") == AUReading(None, unread=("1212",))
    assert read_aus(datetime(2019, 4, 12)) == AUReading(None, unread=("2019-04-12 00:00:00",))
    assert read_aus("12)+(4").aus == (AUMark(12), AUMark(4))


marks = st.builds(
    lambda au, side, letter: (au, side, letter),
    st.integers(1, 99),
    st.sampled_from(["", "L", "R"]),
    st.sampled_from(["", "A", "B", "C", "D", "E"]),
)


@given(st.lists(marks, min_size=1, max_size=6), st.sampled_from(["+", " + ", ",", "，", "、", ", ", " and "]))
def test_what_is_written_is_read(written: list[tuple[int, str, str]], separator: str) -> None:
    reading = read_aus(separator.join(f"{side}{au}{letter}" for au, side, letter in written))
    sides = {"": Side.BOTH, "L": Side.LEFT, "R": Side.RIGHT}
    expected = dict.fromkeys(AUMark(au, sides[side], letter or None) for au, side, letter in written)
    assert reading == AUReading(tuple(expected))


@given(st.lists(marks, min_size=2, max_size=4), st.booleans(), st.integers(1, 99))
def test_alternatives_are_all_kept(written: list[tuple[int, str, str]], bracket: bool, beside: int) -> None:
    text = " or ".join(f"{side}{au}{letter}" for au, side, letter in written)
    reading = read_aus((f"({text})" if bracket else text) + f"+{beside}")
    found = {mark.au for mark in reading.aus or ()} | {mark.au for group in reading.maybe for mark in group}
    assert found == {au for au, _, _ in written} | {beside}
    if len({au for au, _, _ in written}) > 1:
        assert reading.maybe  # no alternative is taken for certain


@given(st.text(alphabet="LRABTMDU0123456789+/(),?or ref，abc", max_size=30) | st.text(max_size=20))
def test_any_cell_is_read_and_no_number_gets_lost(text: str) -> None:
    reading = read_aus(text)
    named = [*(reading.aus or ()), *(mark for group in reading.maybe for mark in group), *reading.reference]
    told = {mark.au for mark in named} | {
        int(number)
        for words in (reading.ignored, reading.unread)
        for word in words
        for number in re.findall("[0-9]+", word)
    }
    assert all(1 <= mark.au <= 99 for mark in named)
    if text.isascii():
        assert {int(number) for number in re.findall("[0-9]+", text)} <= told | {0}
