"""CAS(ME)^2, SAMM Long Videos, CAS(ME)^3, 4DME and DFME: every quirk of their layouts, on look-alike trees."""

from collections.abc import Callable
from pathlib import Path

import look_alike
import look_alike_long
import pytest

from curves.errors import InputError
from curves.values import Side
from recognizer.datasets import Dataset, LabelledClip, read_datasets
from recognizer.datasets.labels import Code, Kind, Part


def clips_of(data: Dataset) -> dict[str, LabelledClip]:
    return {clip.clip: clip for clip in data.clips}


def only(found: list[Dataset]) -> Dataset:
    (data,) = found
    return data


# --- CAS(ME)^2 -------------------------------------------------------------------------------------------------------


def test_casme_sq_names_are_resolved_by_the_rules(tmp_path: Path) -> None:
    data = only(read_datasets(look_alike_long.casme_sq(tmp_path)))
    clips = clips_of(data)
    assert data.rows == len(look_alike_long.CASME_SQ_ROWS) == len(data.clips) + len(data.problems)
    first = clips["s15/disgust1_1"]
    assert (first.subject, first.kind, first.emotion, first.fps) == ("s15", Kind.MACRO, "negative", 30.0)
    assert first.frames[0].as_posix().endswith("rawpic/s15/15_0101disgustingteeth/img5.jpg")  # img1 is frame 1
    assert first.au_numbers == {4, 10}
    assert "Self-reported: disgust." in first.notes
    happy = clips["s15/happy2_1"]  # its rule's code is a text, that of disgust1 a number that lost its zero
    assert happy.frames[0].parent.name == "15_0202funny"
    assert happy.au_numbers == {12}


def test_casme_sq_offset_zero_ends_at_the_apex(tmp_path: Path) -> None:
    clip = clips_of(only(read_datasets(look_alike_long.casme_sq(tmp_path))))["s15/disgust1_2"]
    assert (clip.numbers[0], clip.numbers[-1], clip.offset) == (20, 23, None)
    assert clip.aus is not None
    assert clip.aus[0].side is Side.LEFT
    assert any("ends at its apex" in note for note in clip.notes)


def test_casme_sq_videos_hold_all_expressions_and_may_hold_none(tmp_path: Path) -> None:
    data = only(read_datasets(look_alike_long.casme_sq(tmp_path)))
    videos = {video.video: video for video in data.videos}
    assert [item.kind for item in videos["s15/15_0101disgustingteeth"].intervals] == [Kind.MACRO, Kind.MICRO]
    assert videos["s15/15_0101disgustingteeth"].intervals[0].time.start_s == pytest.approx(4 / 30)
    assert videos["s15/15_0101disgustingteeth"].intervals[0].time.end_s == pytest.approx(14 / 30)
    assert len(videos["s16/16_0101disgustingteeth"].frames) == 30
    texts = " ".join(problem.text for problem in data.problems)
    assert "no film of 'sad9_1'" in texts
    assert "No pictures" in texts


def test_casme_sq_prefers_the_updated_workbook(tmp_path: Path) -> None:
    look_alike_long.casme_sq(tmp_path)
    look_alike_long.casme_sq(tmp_path, sheet="CAS(ME)^2code_final.xlsx")
    data = only(read_datasets(tmp_path))
    assert data.sources[0] == "labels: CAS(ME)^2code_final(Updated).xlsx, of 2 editions"
    for sheet in tmp_path.glob("*.xlsx"):
        sheet.unlink()
    look_alike.write_workbook(tmp_path / "CAS(ME)^2code_final.xlsx", {"one": look_alike_long.CASME_SQ_ROWS})
    with pytest.raises(InputError, match="two sheets called naming rule"):
        read_datasets(tmp_path)


# --- SAMM Long Videos ------------------------------------------------------------------------------------------------


def test_samm_lv_rows_below_the_text_without_header(tmp_path: Path) -> None:
    data = only(read_datasets(look_alike_long.samm_lv(tmp_path)))
    clips = clips_of(data)
    assert data.rows == len(look_alike_long.SAMM_LV_ROWS) == len(data.clips) + len(data.problems)
    assert (clips["006_1_2"].subject, clips["006_1_2"].kind) == ("006", Kind.MICRO)
    assert clips["006_1_3"].kind is Kind.MACRO
    assert clips["006_1_3"].numbers[-1] == 33  # offset 0: the apex
    assert clips["006_1_3"].offset is None
    assert clips["006_1_3"].notes[0] == "goes on"
    assert "first frame" in clips["006_1_4"].notes[0]
    assert clips["007_3_1"].aus is None
    assert "V3" in data.sources[0]
    videos = {video.video: video for video in data.videos}
    assert [len(videos[name].intervals) for name in ("006_1", "007_3", "008_1")] == [3, 1, 0]
    assert videos["006_1"].frames[9].name == "006_1_0010.jpg"
    assert [problem.text.partition(" ")[0] for problem in data.problems] == ["No", "The", "The"]
    assert "'neither' is neither micro nor macro" in data.problems[1].text
    assert "'lost' is not like 006_1_2" in data.problems[2].text


# --- CAS(ME)^3 -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def casme3(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return only(read_datasets(look_alike_long.casme3(tmp_path_factory.mktemp("casme3"))))


def test_casme3_clips_of_text_cells(casme3: Dataset) -> None:
    clips = clips_of(casme3)
    rows = len(look_alike_long.CASME3_ROWS) + len(look_alike_long.CASME3_MACRO)
    assert casme3.rows == rows == len(casme3.clips) + len(casme3.problems)
    first = clips["spNO.1_b_166"]
    assert (first.subject, first.emotion, first.objective, first.apex) == ("spNO.1", "disgust", 4, 4)
    assert first.frames[0].as_posix().endswith("Part_A_ME_clip/frame/spNO.1_b_166/166.jpg")
    assert clips["spNO.1_b_100"].kind is Kind.MACRO
    assert clips["spNO.1_b_100"].objective == 1


def test_casme3_case_of_names_does_not_matter(casme3: Dataset) -> None:
    clips = clips_of(casme3)
    assert clips["spNO.1_J_10"].frames[0].parent.name == "spno.1_j_10"
    assert [mark.au for mark in clips["spNO.1_J_10"].aus or ()] == [9, 4, 14]  # in the coder's order
    assert clips["spNO.2_j_5"].emotion == "others"
    assert [mark.part for mark in clips["spNO.2_j_5"].aus or ()] == [Part.BOTTOM, Part.TOP]


def test_casme3_doubtful_rows_are_kept_and_told(casme3: Dataset) -> None:
    clips = clips_of(casme3)
    assert clips["spNO.1_J_10"].apex is None
    assert "too long for a micro-expression" in clips["spNO.2_j_5"].notes[0]
    assert not any("too long" in note for note in clips["spNO.1_b_166"].notes)
    assert clips["spNO.40_e_20"].numbers[-1] == 33  # offset 0: the last picture of the clip's own folder
    assert "spNO.40_e_20#2" not in clips
    assert [problem.key for problem in casme3.problems] == ["casme3 spNO.40_e_20", "casme3 spNO.43_a_20"]
    assert "with the same frames a second time: only the first row counts" in casme3.problems[0].text


def test_casme3_recordings_stand_in_for_clips_and_are_long_videos(casme3: Dataset) -> None:
    clips = clips_of(casme3)
    assert clips["spNO.41_a_20"].frames[0].as_posix().endswith("part_A/spNO.41/a/color/20.jpg")
    assert clips["spNO.42_a_20"].numbers[-1] == 25  # a recording does not tell where the clip ends: the apex
    videos = {video.video: video for video in casme3.videos}
    assert [(item.onset, item.kind) for item in videos["spNO.1_b"].intervals] == [(100, Kind.MACRO), (166, Kind.MICRO)]
    assert "spNO.42_a" in videos


def test_casme3_clips_alone(tmp_path: Path) -> None:
    data = only(read_datasets(look_alike_long.casme3(tmp_path, recordings=False)))
    assert data.videos == ()
    assert {problem.key for problem in data.problems} == {
        "casme3 spNO.40_e_20",
        *(f"casme3 spNO.{n}_a_20" for n in (41, 42, 43)),
    }


# --- 4DME and DFME ---------------------------------------------------------------------------------------------------


def test_fourdme_ignored_codes_swapped_rows_and_new_numbers(tmp_path: Path) -> None:
    data = only(read_datasets(look_alike_long.fourdme(tmp_path)))
    clips = clips_of(data)
    assert data.name == "4dme"
    assert data.rows == len(data.clips) == 4
    assert clips["01/c01"].au_numbers == {12}
    assert clips["01/c01"].notes == ()
    assert clips["01/c02"].au_numbers == {1}  # AU4(k) is to be ignored
    assert "[1, 2] and the columns of single AUs [4] differ" in clips["02/c01"].notes[0]
    assert "numbered from 1" in clips["02/c02"].notes[0]
    assert (clips["02/c02"].apex, clips["02/c02"].frames[0].name) == (4, "00001.jpg")
    assert clips["02/c02"].emotion == "repression"


def test_dfme_rate_of_each_row_and_names_per_split(tmp_path: Path) -> None:
    data = only(read_datasets(look_alike_long.dfme(tmp_path)))
    clips = clips_of(data)
    assert data.rows == 6
    assert [clips[f"train/0000{n}"].fps for n in (1, 2, 3)] == [200.0, 300.0, 500.0]
    assert {"train/00001", "testa/00001", "testb/00001"} <= set(clips)
    assert clips["train/00001"].numbers[0] == 0
    assert clips["train/00001"].frames[5].name == "00005.png"
    assert clips["testa/00001"].subject == "s9"
    assert [mark.code for mark in clips["train/00002"].aus or ()] == [Code.UNIT, Code.DESCRIPTOR]
    assert clips["train/00002"].au_numbers == {4}  # descriptors and head movements are no AUs
    assert clips["train/00003"].au_numbers == {1}
    (problem,) = data.problems
    assert "frame rate" in problem.text


def test_sheets_called_training_are_not_dfme_for_that(tmp_path: Path) -> None:
    look_alike.write_workbook(tmp_path / "training_plan.xlsx", {"Sheet1": [["Monday", "swim"]]})
    with pytest.raises(InputError, match="No known set"):
        read_datasets(tmp_path)


# --- all of them -----------------------------------------------------------------------------------------------------

WRITERS: dict[str, Callable[[Path], Path]] = {
    "casme2": look_alike.casme2,
    "samm": look_alike.samm,
    "smic": look_alike.smic,
    "casme_sq": look_alike_long.casme_sq,
    "casme3": look_alike_long.casme3,
    "samm_lv": look_alike_long.samm_lv,
    "4dme": look_alike_long.fourdme,
    "dfme": look_alike_long.dfme,
    "3db": look_alike.threedb,
}


@pytest.mark.parametrize("name", WRITERS)
def test_each_set_is_recognised_as_itself_and_one_level_deeper(tmp_path: Path, name: str) -> None:
    WRITERS[name](tmp_path / "archive")
    here, above = read_datasets(tmp_path / "archive"), read_datasets(tmp_path)
    assert [data.name.split("-")[0] for data in here] == [name] * len(here)
    assert [data.clips for data in above] == [data.clips for data in here]
    assert [data.images for data in above] == [data.images for data in here]
    assert [len(data.problems) for data in above] == [len(data.problems) for data in here]
    named = read_datasets(tmp_path, name)
    assert [data.clips for data in named] == [data.clips for data in here]


@pytest.mark.parametrize(
    ("name", "header", "words"),
    [
        ("SAMM_LongVideos_V3_Release.xlsx", "Some text", "no labelled rows"),
        ("SMIC-HS-E_annotation.xlsx", "Subject Filename OnsetF OffsetF", "no labelled rows"),
        ("training_full_with_AU.xlsx", "Subject Filename OnsetFrame OffsetFrame Emotion Fps AU", "column ApexFrame:"),
    ],
)
def test_sheets_that_label_nothing_or_lack_a_column(tmp_path: Path, name: str, header: str, words: str) -> None:
    look_alike.write_workbook(tmp_path / name, {"Sheet1": [header.split()]})
    with pytest.raises(InputError, match=words):
        read_datasets(tmp_path)
