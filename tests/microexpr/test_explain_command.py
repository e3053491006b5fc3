"""``microexpr explain``: what it refuses, and the whole way on the drawn sample with the shipped weights."""

import json
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest

from curves.formats import read_take, write_take
from curves.values import AUActivation, Emotion, EmotionEstimate, Event, Side, Take
from microexpr.explain_figure import draw_explanation, heat
from microexpr.explaining import describe, explain_take
from microexpr.sample import make_sample
from recognizer.digests import default_weights_path, file_sha256
from recognizer.explain import ExplainSettings

Command = Callable[..., tuple[int, str, str]]
CALM = EmotionEstimate(Emotion.OTHERS, dict.fromkeys(Emotion, 1 / 7))
EVENT = Event(0.4, 0.6, 0.8, 0.9, CALM, (AUActivation(4, Side.BOTH, 0.1),))


def take_file(folder: Path, *, events: int = 1, video: bytes | None = b"video", **provenance: object) -> Path:
    """A take, and a file beside it with the name of its source."""
    if video is not None:
        (folder / "talk.mp4").write_bytes(video)
    (folder / "right").write_bytes(b"video")
    known = {
        "weights_sha256": file_sha256(default_weights_path()),
        "config": {},
        "source": {"name": "talk.mp4", "sha256": file_sha256(folder / "right")},
    }
    take = Take(Fraction(30), 1.0, (EVENT,) * events, (), (), (), None, {**known, **provenance})
    write_take(take, folder / "talk.take.json")
    return folder / "talk.take.json"


def refused(command: Command, *arguments: object) -> str:
    code, out, error = command("explain", *arguments)
    assert (code, out) == (2, "")
    assert error.startswith("error: ")
    assert error.count("\n") == 1
    return error


def test_a_take_without_events(command: Command, tmp_path: Path) -> None:
    assert "nothing to explain" in refused(command, take_file(tmp_path, events=0))


@pytest.mark.parametrize("number", [0, 3, -1])
def test_an_event_that_is_not_there(command: Command, tmp_path: Path, number: int) -> None:
    assert "events 1 to 2" in refused(command, take_file(tmp_path, events=2), f"--event={number}")


@pytest.mark.parametrize("lost", ["weights_sha256", "config", "source"])
def test_a_take_that_does_not_say_where_it_came_from(command: Command, tmp_path: Path, lost: str) -> None:
    path = take_file(tmp_path)
    take = read_take(path)
    write_take(replace(take, provenance={k: v for k, v in take.provenance.items() if k != lost}), path)
    assert "does not say which video" in refused(command, path)


def test_a_video_that_is_not_there(command: Command, tmp_path: Path) -> None:
    assert "give it with --video" in refused(command, take_file(tmp_path, video=None))
    assert "does not exist" in refused(command, take_file(tmp_path, video=None), "--video", tmp_path / "no.mp4")


def test_another_video(command: Command, tmp_path: Path) -> None:
    path = take_file(tmp_path, video=b"another")
    assert "is not the video" in refused(command, path)
    assert "is not the video" in refused(command, path, "--video", tmp_path / "talk.mp4")


def test_other_weights(command: Command, tmp_path: Path) -> None:
    error = refused(command, take_file(tmp_path, weights_sha256="0" * 64))
    assert "other weights (SHA-256 000000000000...)" in error
    assert "--weights" in error


def test_a_picture_of_another_kind(command: Command, tmp_path: Path) -> None:
    """Told before the video is analysed."""
    assert ".png, .svg or .pdf" in refused(command, take_file(tmp_path), "--out", tmp_path / "p.docx")


def test_what_is_there_is_kept_without_overwrite(command: Command, tmp_path: Path) -> None:
    """Told before the video is looked for: there is none."""
    take = take_file(tmp_path, video=None)
    figure, own, document = tmp_path / "talk.event-1.png", tmp_path / "own.png", tmp_path / "own.json"
    for file in (figure, own, document):
        file.write_bytes(b"mine")
    for arguments in ((), ("--out", own), ("--out", tmp_path / "new.png", "--json", document)):
        assert "exists already; use --overwrite" in refused(command, take, *arguments)
        assert "give it with --video" in refused(command, take, *arguments, "--overwrite")
    assert {file.read_bytes() for file in (figure, own, document)} == {b"mine"}


def test_places_that_cannot_be_written_are_told_before_the_work(command: Command, tmp_path: Path) -> None:
    take = take_file(tmp_path, video=None)
    (tmp_path / "folder.png").mkdir()
    assert "cannot be written" in refused(command, take, "--out", tmp_path / "right" / "p.png")
    assert "cannot be written" in refused(command, take, "--out", tmp_path / "folder.png", "--overwrite")
    assert "cannot be written" in refused(command, take, "--json", tmp_path / "right" / "p.json")
    assert "is the take itself" in refused(command, take, "--json", take, "--overwrite")
    same = tmp_path / "p.png"
    assert "cannot hold both" in refused(command, take, "--out", same, "--json", same)


def test_heat_is_clear_where_nothing_counts_and_red_where_it_raises() -> None:
    cells = np.zeros((14, 14))
    cells[7, 4], cells[7, 9] = 2.0, -2.0
    picture = heat(cells, 2.0)
    assert picture[20, 60, 3] == 0.0
    red, blue = picture[60, 36], picture[60, 76]
    assert red[3] > 0.5
    assert blue[3] > 0.5
    assert red[0] > red[2]
    assert blue[2] > blue[0]


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The drawn sample, converted."""
    from microexpr import pipeline  # noqa: PLC0415
    from microexpr.config import ConvertConfig  # noqa: PLC0415
    from recognizer.model import load_model  # noqa: PLC0415

    folder = tmp_path_factory.mktemp("demo")
    make_sample(folder / "sample.mp4")
    take = pipeline.convert(folder / "sample.mp4", load_model(), ConvertConfig(), lambda *_: None)
    write_take(take, folder / "sample.take.json")
    return folder / "sample.take.json"


@pytest.mark.slow
def test_the_map_finds_what_the_score_is_made_of(demo: Path) -> None:
    """On each event of the sample: a fifth of the face, chosen by the map, is worth more than by chance."""
    settings = ExplainSettings(windows=2, steps=8, draws=8)
    for number in range(1, 1 + len(read_take(demo).events)):
        found = explain_take(demo, number=number, settings=settings).found
        drop = found.deletion
        assert found.score.value - found.score.without > 3.0
        assert drop.top > drop.random.mean() + 2 * drop.random.std()
        assert drop.top > 0.6 * (found.score.value - found.score.without)


@pytest.mark.slow
def test_the_command_writes_figure_and_figures(command: Command, demo: Path, tmp_path: Path) -> None:
    picture, document = tmp_path / "own.png", tmp_path / "own.json"
    code, out, error = command("explain", demo, "--event", 2, "--out", picture, "--json", document)
    assert (code, error) == (0, "")
    assert "Event 2 of 3" in out
    assert f"wrote {picture}" in out
    image = cv2.imread(str(picture))
    assert image is not None
    assert image.shape[0] > 700
    values = json.loads(document.read_text(encoding="utf-8"))
    assert values["format"] == "microexpr.explanation/1"
    judged = [au["au"] for au in values["aus"]]
    assert 12 in judged
    assert len(values["edges"]) > 100
    assert np.shape(values["score"]["cells"]) == (14, 14)
    for part in (values["score"], *(au["logit"] for au in values["aus"])):
        assert np.sum(part["cells"]) == pytest.approx(part["value"] - part["without"], rel=0.1)
    smile = np.array(values["aus"][judged.index(12)]["logit"]["cells"])
    row, column = np.unravel_index(smile.argmax(), smile.shape)
    assert row > 7  # the mouth's left corner: image right
    assert column > 7


@pytest.mark.slow
def test_the_surest_event_is_the_default_and_any_number_of_aus_is_drawn(demo: Path, tmp_path: Path) -> None:
    take = read_take(demo)
    explained = explain_take(demo, settings=ExplainSettings(windows=1, steps=1, draws=1))
    assert take.events[explained.number - 1].score == max(event.score for event in take.events)
    for aus in ((), explained.found.aus[:1], explained.found.aus * 3):
        some = replace(explained, found=replace(explained.found, aus=aus, graph=explained.found.graph if aus else None))
        draw_explanation(some, tmp_path / "p.svg", photo=True)
        assert (tmp_path / "p.svg").stat().st_size > 10_000
    assert "no AU graph" in describe(replace(explained, found=replace(explained.found, graph=None)))[-1]
