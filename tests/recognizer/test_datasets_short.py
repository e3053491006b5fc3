"""CASME II, SAMM, SMIC, the composite and its flow images: every quirk of their layouts, on look-alike trees."""

import shutil
from collections.abc import Callable
from pathlib import Path

import look_alike
import pytest

from curves.errors import FormatError, InputError
from curves.values import Side
from recognizer.datasets import READERS, Dataset, LabelledClip, read_datasets
from recognizer.datasets.labels import Kind, Part


def clips_of(data: Dataset) -> dict[str, LabelledClip]:
    return {clip.clip: clip for clip in data.clips}


@pytest.fixture(scope="module")
def casme2(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    (data,) = read_datasets(look_alike.casme2(tmp_path_factory.mktemp("casme2")))
    return data


@pytest.fixture(scope="module")
def samm(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    (data,) = read_datasets(look_alike.samm(tmp_path_factory.mktemp("samm")))
    return data


# --- CASME II --------------------------------------------------------------------------------------------------------


def test_each_row_of_casme2_is_a_clip_or_a_problem(casme2: Dataset) -> None:
    assert casme2.name == "casme2"
    assert casme2.rows == len(look_alike.CASME2_ROWS) == len(casme2.clips) + len(casme2.problems)
    assert {clip.fps for clip in casme2.clips} == {200.0}
    assert {clip.kind for clip in casme2.clips} == {Kind.MICRO}
    (problem,) = casme2.problems
    assert problem.key == "casme2 sub26/EP18_50"
    assert "No pictures" in problem.text


def test_casme2_clips_of_one_name_are_told_apart_by_subject(casme2: Dataset) -> None:
    clips = clips_of(casme2)
    assert clips["sub01/EP02_01f"].subject == "sub01"
    assert clips["sub02/EP02_01f"].onset == 7


def test_casme2_frames_are_numbers_in_names_from_onset_to_offset(casme2: Dataset) -> None:
    clip = clips_of(casme2)["sub01/EP02_01f"]
    assert [path.name for path in clip.frames] == [
        f"img{number}.jpg" for number in range(46, 57)
    ]  # img44, 45: before it
    assert clip.apex is not None
    assert clip.frames[clip.apex].name == "img50.jpg"
    assert clip.times_s[-1] == pytest.approx(10 / 200)
    single = clips_of(casme2)["sub09/EP09f"]
    assert [path.name for path in single.frames] == [f"img{n}.jpg" for n in range(1, 9)]  # 2 before 10, no padding


def test_casme2_missing_frames_are_listed_and_leave_a_gap_in_time(casme2: Dataset) -> None:
    clip = clips_of(casme2)["sub01/EP03_02"]
    assert clip.missing == (5,)
    assert clip.numbers == (3, 4, 6, 7, 8, 9, 10, 11, 12)
    assert clip.times_s[2] - clip.times_s[1] == pytest.approx(2 / 200)
    late = clips_of(casme2)["sub24/EP07_04f"]
    assert late.missing == (26, 27, 28, 29, 30)
    assert late.numbers[-1] == 25
    assert late.offset == 30
    assert "lies after the last picture 25" in late.notes[0]


def test_casme2_apexes_that_are_none(casme2: Dataset) -> None:
    clips = clips_of(casme2)
    for clip in ("sub04/EP12_01f", "sub04/EP13_01f"):  # "/" and "\"
        assert clips[clip].apex is None
        assert clips[clip].apex_unknown == "the sheet gives no apex"
    assert clips["sub05/EP09_05f"].apex is None
    assert "is the onset" in clips["sub05/EP09_05f"].apex_unknown
    assert clips["sub05/EP09_05f"].apex_frame == 10  # what the sheet says stays
    assert clips["sub05/EP16_04f"].apex == len(clips["sub05/EP16_04f"].frames) - 1


def test_casme2_aus_of_all_forms(casme2: Dataset) -> None:
    clips = clips_of(casme2)
    assert clips["sub01/EP02_01f"].au_numbers == {12}
    assert clips["sub02/EP02_01f"].au_numbers == {4, 6, 7}
    assert [mark.side for mark in clips["sub02/EP08_1"].aus or ()] == [Side.LEFT, Side.LEFT]
    assert clips["sub04/EP12_01f"].au_numbers == {38}


def test_casme2_known_error_is_corrected_with_its_reason(casme2: Dataset) -> None:
    clip = clips_of(casme2)["sub07/EP06_01"]
    assert (clip.offset, clip.numbers[-1]) == (91, 91)
    assert "68 -> 91" in clip.corrected[0]
    assert [item.key for item in casme2.corrections] == ["casme2 sub07/EP06_01"]


def test_casme2_takes_the_newest_edition_and_the_uncropped_pictures(casme2: Dataset) -> None:
    assert clips_of(casme2)["sub24/EP07_01"].emotion == "surprise"  # sadness in the edition of 2014
    assert clips_of(casme2)["sub24/EP07_01"].objective == 2
    assert casme2.sources[0] == "labels: CASME2-coding-20190701.xlsx, of 2 editions"
    assert "CASME2_RAW_selected/CASME2_RAW_selected" in casme2.sources[1]


def test_casme2_edition_of_2014_has_question_marks_and_no_objective_classes(tmp_path: Path) -> None:
    look_alike.casme2(tmp_path, variants=("cropped",))
    (tmp_path / "CASME2-coding-20190701.xlsx").unlink()
    (data,) = read_datasets(tmp_path)
    clips = clips_of(data)
    assert clips["sub05/EP05_03"].aus is None
    assert clips["sub05/EP05_03"].au_numbers is None
    assert clips["sub24/EP07_01"].emotion == "sadness"
    assert clips["sub24/EP07_01"].objective is None
    assert clips["sub01/EP02_01f"].frames[0].name == "reg_img46.jpg"
    assert clips["sub01/EP02_01f"].frames[0].parent.parent.parent.name == "Cropped"


def test_casme2_edited_copy_without_blank_columns_and_with_subjects_as_numbers(tmp_path: Path) -> None:
    look_alike.casme2(tmp_path, variants=("raw",))
    (before,) = read_datasets(tmp_path)
    for sheet in tmp_path.glob("CASME2*.xlsx"):
        sheet.unlink()
    look_alike.casme2_sheet(tmp_path / "CASME2-coding-20190701.xlsx", 2019, edited=True)
    (after,) = read_datasets(tmp_path)
    assert after.clips == before.clips


def test_casme2_clip_that_one_variant_lacks_is_taken_from_another(tmp_path: Path) -> None:
    look_alike.casme2(tmp_path, variants=("raw", "whole"))
    shutil.rmtree(tmp_path / "CASME2_RAW_selected" / "CASME2_RAW_selected" / "sub01" / "EP02_01f")
    (data,) = read_datasets(tmp_path)
    clip = clips_of(data)["sub01/EP02_01f"]
    assert clip.frames[0].as_posix().endswith("CASME2-RAW/sub01/EP02_01f/img46.jpg")
    assert len(clip.frames) == 11  # the recording goes on, the clip does not
    assert "where it lacks a clip: CASME2-RAW" in data.sources[1]


def test_known_error_is_left_alone_where_the_sheet_says_something_else(tmp_path: Path) -> None:
    look_alike.casme2(tmp_path)
    for sheet in tmp_path.glob("CASME2*.xlsx"):
        sheet.unlink()
    header = [name or "" for name in look_alike.CASME2_HEADER]
    row = ["07", "EP06_01", "", 60, 64, 90, "", "4", "disgust"]
    look_alike.write_workbook(tmp_path / "CASME2-coding-20190701.xlsx", {"Sheet1": [header, row]})
    (data,) = read_datasets(tmp_path)
    assert (data.clips[0].offset, data.corrections) == (90, ())


# --- SAMM ------------------------------------------------------------------------------------------------------------


def test_samm_header_below_the_text_is_found_and_every_row_read(samm: Dataset) -> None:
    assert samm.rows == len(samm.clips) == len(look_alike.SAMM_ROWS)
    clip = clips_of(samm)["006_1_2"]
    assert (clip.subject, clip.emotion, clip.objective, clip.fps) == ("006", "happiness", 1, 200.0)
    assert clips_of(samm)["006_3_2"].emotion == "other"


def test_samm_numbers_are_parsed_whatever_their_padding(samm: Dataset) -> None:
    clips = clips_of(samm)
    five, four, mixed = clips["006_1_2"], clips["006_1_3"], clips["006_3_2"]
    assert five.frames[0].name == "006_05562.jpg"
    assert four.frames[0].name == "006_7180.jpg"
    assert [path.name for path in mixed.frames[:3]] == ["006_9998.jpg", "006_9999.jpg", "006_10000.jpg"]
    assert all(not clip.missing for clip in samm.clips)
    assert five.apex == 4


def test_samm_prefers_the_uncropped_pictures(samm: Dataset) -> None:
    assert samm.sources[1] == "pictures: SAMM (where it lacks a clip: SAMM_CROP)"
    assert clips_of(samm)["006_1_2"].frames[0].parents[2].name == "SAMM"


def test_samm_apexes_outside_the_clip_are_corrected(samm: Dataset) -> None:
    clips = clips_of(samm)
    assert [clips[name].apex_frame for name in ("028_4_1", "032_3_1", "032_3_2")] == [1105, 4945, 5130]
    assert all(clips[name].apex is not None for name in ("028_4_1", "032_3_1", "032_3_2"))
    assert len(samm.corrections) == 3
    assert all("re-annotation" in item.text for item in samm.corrections)


def test_samm_aus(samm: Dataset) -> None:
    clips = clips_of(samm)
    assert clips["006_1_3"].aus is not None
    assert clips["006_1_3"].aus[0].intensity == "B"
    assert clips["006_3_2"].aus_text == "4A/B"
    assert [mark.part for mark in clips["007_3_1"].aus or ()] == [Part.BOTTOM, Part.WHOLE]
    assert clips["007_4_1"].au_numbers == {43}
    uncertain = {name for name, clip in clips.items() if clip.aus_uncertain}
    assert uncertain == {"011_1_1", "011_2_1", "011_2_3", "013_1_1"}
    assert clips["011_2_1"].au_numbers is None  # 15 is there, 6 or 12 too: no clean label
    assert [mark.au for mark in clips["011_2_1"].aus or ()] == [15]
    assert clips["013_1_2"].au_numbers == {12}
    assert clips["014_1_1"].au_numbers == {12, 61}
    assert clips["014_1_2"].au_numbers == {12, 15}
    (problem,) = samm.problems
    assert "soft focus" in problem.text
    assert clips["015_1_1"].au_numbers == {4}


# --- SMIC ------------------------------------------------------------------------------------------------------------


def test_smic_clips_of_three_cameras(tmp_path: Path) -> None:
    found = {data.name: data for data in read_datasets(look_alike.smic(tmp_path))}
    assert [(name, len(data.clips), data.clips[0].fps) for name, data in found.items()] == [
        ("smic-hs", 5, 100.0), ("smic-vis", 1, 25.0), ("smic-nir", 1, 25.0),
    ]  # fmt: skip
    clips = clips_of(found["smic-hs"])
    first = clips["s01_ne_01"]
    assert (first.subject, first.emotion, first.aus, first.apex) == ("s01", "negative", None, None)
    assert first.apex_unknown == "the set labels no apex"
    assert first.frames[0].name == "image041200.bmp"  # raw before cropped
    assert first.missing == (41205, 41206, 41207)
    assert clips["s20_ne_04"].emotion == "positive"
    assert "do not agree" in clips["s20_ne_04"].notes[0]
    assert [problem.key for problem in found["smic-hs"].problems] == ["smic-hs odd name"]
    assert found["smic-hs"].rows == 6


def test_smic_cropped_alone(tmp_path: Path) -> None:
    found = read_datasets(look_alike.smic(tmp_path, raw=False), "smic")
    assert found[0].clips[0].frames[0].name == "reg_image041200.bmp"


def test_smic_long_videos_with_two_and_three_expressions(tmp_path: Path) -> None:
    (data,) = read_datasets(look_alike.smic_long(tmp_path, third=True))
    videos = {video.video: video for video in data.videos}
    assert set(videos) == {"s03_ne_02", "s20_ne_01", "s20_sur_02"}
    intervals = videos["s03_ne_02"].intervals
    assert [(item.onset, item.offset) for item in intervals] == [
        (17581045, 17581055), (17581060, 17581066), (17581070, 17581078),
    ]  # fmt: skip
    assert intervals[0].time.start_s == pytest.approx(0.06)
    assert intervals[0].time.end_s == pytest.approx(0.17)
    assert set(clips_of(data)) == {"s03_ne_02", "s03_ne_02-2", "s03_ne_02-3", "s20_ne_01", "s20_sur_02"}
    (problem,) = data.problems  # the archive lacks a video that the sheet has
    assert "s03_ne_03" in problem.key
    assert data.rows == 6  # empty rows at the sheet's end are no rows


def test_smic_short_clips_are_not_doubled_by_the_long_videos(tmp_path: Path) -> None:
    look_alike.smic(tmp_path)
    look_alike.smic_long(tmp_path)
    data = next(data for data in read_datasets(tmp_path) if data.name == "smic-hs")
    assert len(data.clips) == 5
    assert len(data.videos) == 3
    assert sum(len(video.intervals) for video in data.videos) == 4


# --- composite -------------------------------------------------------------------------------------------------------


def test_composite_finds_its_clips_in_three_sets(tmp_path: Path) -> None:
    for write, name in ((look_alike.casme2, "a"), (look_alike.samm, "b"), (look_alike.smic, "c")):
        write(tmp_path / name)
    look_alike.composite_list(tmp_path)
    data = read_datasets(tmp_path)[-1]
    assert data.name == "megc2019"
    assert [(clip.clip, clip.subject, clip.emotion) for clip in data.clips] == [
        ("casme2/sub01/EP02_01f", "casme2/sub01", "positive"),
        ("casme2/sub01/EP03_02", "casme2/sub01", "negative"),
        ("samm/006_1_2", "samm/006", "positive"),
        ("samm/028_4_1", "samm/028", "negative"),
        ("smic-hs/s01_ne_01", "smic-hs/s01", "negative"),
        ("smic-hs/s03_sur_01", "smic-hs/s03", "surprise"),
    ]
    assert [problem.key for problem in data.problems] == ["casme2/sub26/EP18_50"]
    assert data.rows == 7


def test_composite_without_one_of_its_sets_says_so(tmp_path: Path) -> None:
    look_alike.casme2(tmp_path / "a")
    look_alike.composite_list(tmp_path)
    problems = read_datasets(tmp_path)[-1].problems
    assert sum("its set was not found" in problem.text for problem in problems) == 4


def test_composite_list_of_another_kind_is_refused(tmp_path: Path) -> None:
    look_alike.casme2(tmp_path / "a")
    look_alike.composite_list(tmp_path, ["casme2,sub01,EP02_01f,7"])
    with pytest.raises(FormatError, match="line 1"):
        read_datasets(tmp_path)


def test_flow_images_of_the_composite_are_each_subjects_own(tmp_path: Path) -> None:
    (data,) = read_datasets(look_alike.threedb(tmp_path))
    assert [(image.clip, image.subject, image.emotion) for image in data.images] == [
        ("006/1/006_1_2", "006", "positive"),
        ("s03/2/s03_sur_01", "s03", "surprise"),
        ("sub01/0/EP03_02", "sub01", "negative"),
        ("sub01/1/EP02_01f", "sub01", "positive"),
    ]
    assert "3 subjects are there; the composite has 68" in data.problems[0].text
    shutil.rmtree(tmp_path / "three_norm_u_v_os" / "006" / "u_test")
    (tmp_path / "three_norm_u_v_os" / "s03" / "u_test" / "7").mkdir()
    (data,) = read_datasets(tmp_path)
    assert len(data.images) == 3
    assert any("no folder u_test" in problem.text for problem in data.problems)
    assert any("folder 7 is no class" in problem.text for problem in data.problems)


# --- what is no set --------------------------------------------------------------------------------------------------


def test_nothing_recognised_names_what_was_looked_for(tmp_path: Path) -> None:
    (tmp_path / "holiday").mkdir()
    with pytest.raises(InputError) as raised:
        read_datasets(tmp_path)
    assert all(name in str(raised.value) for name in READERS)
    with pytest.raises(InputError, match="is no folder"):
        read_datasets(tmp_path / "nowhere")
    with pytest.raises(InputError, match="no set called 'casme9'"):
        read_datasets(tmp_path, "casme9")


@pytest.mark.parametrize("write", [look_alike.casme2, look_alike.samm])
def test_pictures_without_their_sheet(tmp_path: Path, write: Callable[[Path], Path]) -> None:
    for sheet in write(tmp_path).glob("*.xlsx"):
        sheet.unlink()
    with pytest.raises(InputError, match="no label sheet: put"):
        read_datasets(tmp_path)


def test_a_sheet_that_cannot_be_read_spoils_its_own_set_only(tmp_path: Path) -> None:
    look_alike.samm(tmp_path / "a")
    look_alike.smic(tmp_path / "b")
    (tmp_path / "a" / "SAMM_Micro_FACS_Codes_v2.xlsx").write_bytes(b"not a workbook")
    found = {data.name: data for data in read_datasets(tmp_path)}
    assert found["samm"].clips == ()
    assert "cannot be read" in found["samm"].problems[0].text
    assert len(found["smic-hs"].clips) == 5
    with pytest.raises(InputError, match="cannot be read"):
        read_datasets(tmp_path, "samm")
    look_alike.write_workbook(tmp_path / "a" / "SAMM_Micro_FACS_Codes_v2.xlsx", {"Sheet1": [["Subject", "Name"]]})
    with pytest.raises(InputError, match="no row with the column names"):
        read_datasets(tmp_path, "samm")
