"""The rules that all sets share: spans, apexes, missing pictures, corrections, values that contradict themselves."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recognizer.datasets import READERS
from recognizer.datasets.au_text import read_aus
from recognizer.datasets.clip_rules import RowLabels, build_clip
from recognizer.datasets.correcting import corrected, known_errors, parse_corrections
from recognizer.datasets.disk import numbered_pictures
from recognizer.datasets.labels import LabelledClip, Problem
from recognizer.datasets.sheets import Row, newest

ROW = RowLabels("casme2", "sub01/EP01", "sub01", 200.0, 10, 12, 15)
frame_numbers = st.none() | st.integers(-3, 40)


def pictures(*numbers: int) -> dict[int, Path]:
    return {number: Path(f"img{number}.jpg") for number in sorted(numbers)}


@given(frame_numbers, frame_numbers, frame_numbers, st.sets(st.integers(0, 40)), st.booleans())
def test_no_row_gets_lost_and_no_frame_is_made_up(
    onset: int | None, apex: int | None, offset: int | None, there: set[int], cut: bool
) -> None:
    row = replace(ROW, onset=onset, apex=apex, offset=offset, cut=cut)
    built = build_clip(row, pictures(*there), "folder")
    if isinstance(built, Problem):
        assert built.key == "casme2 sub01/EP01"
        assert built.text
        return
    assert onset is not None
    assert set(built.numbers) <= there
    assert not set(built.missing) & there
    span = {*built.numbers, *built.missing}
    assert span == set(range(onset, max(span) + 1))  # each number from onset to offset is a frame or missing
    assert [path.name for path in built.frames] == [f"img{number}.jpg" for number in built.numbers]
    if built.apex is None:
        assert built.apex_unknown
    else:
        assert built.apex > 0
        assert built.numbers[built.apex] == apex
    if offset is not None and offset > onset:
        assert max(span) == offset


def test_whole_folder_is_the_clip_where_the_set_has_no_numbers() -> None:
    built = build_clip(replace(ROW, onset=None, whole=True, apex_labelled=False), pictures(3, 4, 6), "folder")
    assert isinstance(built, LabelledClip)
    assert (built.numbers, built.missing) == ((3, 4, 6), (5,))


def test_corrections_of_the_sets_have_reasons_and_change_something() -> None:
    names = {name for name in READERS if known_errors(name)}
    assert names == {"casme2", "samm"}
    for error in (error for name in names for error in known_errors(name)):
        assert error.was != error.now
        assert len(error.reason) > 20


def test_corrections_must_be_whole() -> None:
    entry = {"subject": "a", "clip": "b", "field": "apex", "was": 1, "now": 2, "reason": "because"}
    assert parse_corrections({"correction": [entry]})
    with pytest.raises(ValueError, match="expected a reason"):
        parse_corrections({"correction": [{**entry, "reason": " "}]})
    with pytest.raises(ValueError, match="expected a field"):
        parse_corrections({"correction": [{**entry, "field": "row"}]})
    with pytest.raises(TypeError):
        parse_corrections({"correction": [{**entry, "row": 128}]})


def test_corrections_reach_their_own_clip_only() -> None:
    entry = {"subject": "sub01", "clip": "EP01", "field": "aus", "was": "4", "now": "4+L10", "reason": "because"}
    errors = parse_corrections({"correction": [entry]})
    row = replace(ROW, aus=read_aus("4"), aus_text="4")
    changed = corrected(row, "EP01", errors)
    assert changed.aus == read_aus("4+L10")
    assert changed.aus_text == "4+L10"
    assert corrected(row, "EP02", errors) == row
    assert corrected(replace(row, subject="sub02"), "EP01", errors).aus_text == "4"
    assert corrected(replace(row, aus_text="7"), "EP01", errors).corrected == ()


def test_pictures_are_known_by_the_last_number_of_their_names(tmp_path: Path) -> None:
    names = [
        "006_05562.jpg",
        "006_5563.JPG",
        "reg_image041200.bmp",
        "img2.png",
        "img10.png",
        "._img3.png",
        "notes4.txt",
    ]
    for name in [*names, "cover.jpg"]:
        (tmp_path / name).touch()
    found = numbered_pictures(tmp_path)
    assert list(found) == [2, 10, 5562, 5563, 41200]
    assert found[5562].name == "006_05562.jpg"
    assert numbered_pictures(tmp_path / "nowhere") == {}
    assert numbered_pictures(None) == {}


def test_newest_edition_of_a_sheet() -> None:
    def among(*names: str) -> str:
        both = [newest([Path(name) for name in order]).name for order in (names, names[::-1])]
        assert both[0] == both[1]
        return both[0]

    assert among("CASME2-coding-20140508.xlsx", "CASME2-coding-20190701.xlsx") == "CASME2-coding-20190701.xlsx"
    assert among("CASME2-coding-updated.xlsx", "CASME2-coding-20190701.xlsx") == "CASME2-coding-updated.xlsx"
    assert among("SAMM_LongVideos_V3_Release.xlsx", "SAMM_LongVideos_V1_Release.xlsx").endswith("V3_Release.xlsx")
    assert among("CAS(ME)^2code_final.xlsx", "CAS(ME)^2code_final(Updated).xlsx").endswith("(Updated).xlsx")
    assert among("cas(me)3_part_A_ME_label.xlsx", "cas(me)3_part_A_ME_label_JpgIndex_v2.xlsx").endswith("v2.xlsx")


@pytest.mark.parametrize(
    ("cell", "number"),
    [(5, 5), (5.0, 5), ("5", 5), ("5.0", 5), ("/", None), ("\\", None), ("", None), (None, None), (float("nan"), None)],
)
def test_cells_of_numbers(cell: object, number: int | None) -> None:
    assert Row(1, {"apexframe": cell}).number("ApexFrame") == number


def test_clips_that_contradict_themselves_are_refused() -> None:
    frames = (Path("a1.png"), Path("a2.png"))
    good = LabelledClip("set", "clip", "s1", frames, (1, 2), 200.0, apex=1)
    for change in (
        {"numbers": (2, 1)}, {"numbers": (1, 2, 3)}, {"frames": frames[:1], "numbers": (1,), "apex": 0}, {"fps": 0.0},
        {"apex": 2}, {"apex": None}, {"apex_unknown": "why"},
    ):  # fmt: skip
        with pytest.raises(ValueError, match="expected"):
            replace(good, **change)  # type: ignore[arg-type]
