"""``microexpr datasets``: what is printed, what is written, how it ends."""

import json
from collections.abc import Callable
from pathlib import Path

import look_alike
import look_alike_long
import pytest

from recognizer.samples import load_sample

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(autouse=True)
def wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "160")  # so that no cell of the table is folded


def row(text: str, name: str) -> str:
    cells = [line.split("│") for line in text.splitlines() if line.startswith("│")]
    (value,) = [cell[2].strip() for cell in cells if cell[1].strip() == name]
    return value


def test_check_tells_what_was_recognised(tmp_path: Path, command: Run) -> None:
    code, out, err = command("datasets", "check", look_alike.casme2(tmp_path))
    assert (code, err) == (0, "")
    assert "CASME II" in out
    assert row(out, "labelled rows") == "16"
    assert row(out, "clips") == "15"
    assert row(out, "subjects") == "7"
    assert row(out, "frames a second") == "200"
    assert row(out, "clips without apex") == "3"
    assert row(out, "frames missing") == "6 in 2 clips"
    assert row(out, "emotions").startswith("disgust 3, others 3, surprise 3")
    assert "AU12 2," in row(out, "AUs")
    assert "labels: CASME2-coding-20190701.xlsx, of 2 editions" in out
    assert "corrected: casme2 sub07/EP06_01: offset 68 -> 91" in out
    assert "problem: casme2 sub26/EP18_50: No pictures of this clip were found" in out


def test_check_writes_every_clip_and_problem(tmp_path: Path, command: Run) -> None:
    look_alike.samm(tmp_path / "sets" / "SAMM")
    look_alike_long.casme_sq(tmp_path / "sets" / "sq")
    report = tmp_path / "out" / "report.json"
    code, out, _ = command("datasets", "check", tmp_path / "sets", "--json", report)
    assert code == 0
    assert f"wrote {report}" in out
    document = json.loads(report.read_text(encoding="utf-8"))
    assert document["format"] == "microexpr.datasets/1"
    samm, long = document["sets"]
    assert (samm["name"], long["name"]) == ("samm", "casme_sq")
    clips = {clip["clip"]: clip for clip in samm["clips"]}
    assert len(clips) == samm["summary"]["labelled rows"] == 17
    assert clips["011_2_1"]["aus"] == ["R15"]
    assert clips["011_2_1"]["aus_maybe"] == [["R6", "R12"]]
    assert samm["summary"]["clips with uncertain AUs"] == 4
    assert [item["key"] for item in samm["corrections"]] == ["samm 028_4_1", "samm 032_3_1", "samm 032_3_2"]
    assert len(long["problems"]) == 2
    assert sum(len(video["expressions"]) for video in long["videos"]) == 4


def test_check_shows_the_first_problems_and_says_how_many_more_there_are(tmp_path: Path, command: Run) -> None:
    rows = [["01", f"EP{i:02d}", "", 1, 2, 3, "", "4", "disgust"] for i in range(30)]
    header = [name or "" for name in look_alike.CASME2_HEADER]
    look_alike.write_workbook(tmp_path / "CASME2-coding-20140508.xlsx", {"Sheet1": [header, *rows]})
    code, out, _ = command("datasets", "check", tmp_path)
    assert code == 0
    assert out.count("problem: ") == 20
    assert "10 more problems; --json FILE writes all." in out
    assert "pictures: none found" in out


def casme2_sheet(folder: Path, *rows: tuple[object, ...], lacking: tuple[str, ...] = ()) -> Path:
    header = [name or "" for name in look_alike.CASME2_HEADER if name not in lacking]
    look_alike.write_workbook(folder / "CASME2-coding-20140508.xlsx", {"Sheet1": [header, *map(list, rows)]})
    for clip in ("EP01", "EP02"):
        look_alike.write_pictures(
            folder / "pictures" / "sub01" / clip, [f"img{i}.jpg" for i in range(1, 9)], clip, look_alike.plain
        )
    return folder


def test_check_counts_a_row_that_stands_twice_once(tmp_path: Path, command: Run) -> None:
    first = ("01", "EP01", "", 1, 2, 5, "", "4", "disgust")
    other = ("01", "EP01", "", 4, 6, 8, "", "4", "disgust")
    felt = ("01", "EP01", "", 1, 2, 5, "", "12", "happiness")
    code, out, _ = command("datasets", "check", casme2_sheet(tmp_path, first, first, other, felt))
    assert code == 0
    assert (row(out, "labelled rows"), row(out, "clips"), row(out, "problems")) == ("4", "2", "2")
    told = "problem: casme2 sub01/EP01: The labels name this clip with the same frames a second time"
    assert f"{told}: only the first row counts." in out
    assert f"{told}, with other AUs or another emotion: only the first row counts." in out
    assert "note: casme2 sub01/EP01#2: The labels name sub01/EP01 2 times, with other frames" in out


def test_check_tells_aus_that_are_not_understood(tmp_path: Path, command: Run) -> None:
    rows = [("01", "EP01", "", 1, 2, 5, "", "12+", "disgust"), ("01", "EP02", "", 1, 2, 5, "", 12.5, "disgust")]
    code, out, _ = command("datasets", "check", casme2_sheet(tmp_path, *rows))
    assert code == 0
    assert "In the AUs '12+' this was not understood and left out: +" in out
    assert "In the AUs '12.5' this was not understood and left out: 12.5" in out


@pytest.mark.parametrize(
    ("rows", "lacking", "words"),
    [
        (0, (), "has no labelled rows"),
        (1, ("ApexFrame",), "lacks the column ApexFrame: "),
        (1, ("ApexFrame", "Action Units"), "lacks the columns ApexFrame, Action Units: "),
    ],
)
def test_a_sheet_that_labels_nothing_or_lacks_columns_is_refused(
    tmp_path: Path, command: Run, rows: int, lacking: tuple[str, ...], words: str
) -> None:
    row = ("01", "EP01", "", 1, 2, 5, "", "4", "disgust")
    code, out, err = command("datasets", "check", casme2_sheet(tmp_path, *[row] * rows, lacking=lacking))
    assert (code, out) == (2, "")
    assert words in err
    assert err.count("\n") == 1


def test_check_of_one_set_by_name(tmp_path: Path, command: Run) -> None:
    look_alike.samm(tmp_path / "SAMM")
    look_alike.smic(tmp_path / "SMIC")
    code, out, _ = command("datasets", "check", tmp_path, "--set", "samm")
    assert code == 0
    assert "SMIC" not in out.replace(str(tmp_path), "")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "No known set was recognised"),
        (("--set", "samm"), "SAMM_Micro_FACS_Codes"),
        (("--set", "casme9"), "known are casme2, samm, smic"),
    ],
)
def test_nothing_recognised_is_one_sentence_and_two(
    tmp_path: Path, command: Run, arguments: tuple[str, ...], words: str
) -> None:
    code, out, err = command("datasets", "check", tmp_path, *arguments)
    assert (code, out) == (2, "")
    assert words in err
    assert err.startswith("error: ")
    assert err.count("\n") == 1


@pytest.mark.slow
def test_prepare_makes_samples_and_tells_what_it_left_out(tmp_path: Path, command: Run) -> None:
    look_alike_long.dfme(tmp_path / "set", look_alike.face_painter())
    code, out, err = command("datasets", "prepare", tmp_path / "set", "--out", tmp_path / "samples")
    assert (code, err) == (0, "")
    assert f"DFME: 5 samples in {tmp_path / 'samples' / 'dfme'}" in out
    assert "left out: dfme train line 5: " in out
    (tmp_path / "set" / "testB" / "00001" / "00005.png").write_bytes(b"no picture")
    code, out, err = command("datasets", "prepare", tmp_path / "set", "--out", tmp_path / "more", "--set", "dfme")
    assert code == 1
    assert "DFME: 4 samples" in out
    assert "left out: dfme testb/00001: " in out
    samples = [load_sample(path) for path in (tmp_path / "samples" / "dfme").iterdir()]
    assert {sample.clip for sample in samples} == {
        "train/00001", "train/00002", "train/00003", "testa/00001", "testb/00001",
    }  # fmt: skip
    assert all(sample.flow is not None and sample.apex is not None for sample in samples)
