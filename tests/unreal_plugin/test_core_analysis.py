"""Videos that a host has analysed through the core library: sent or named, watched, cancelled, refused."""

import ctypes as c
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from bridge_samples import served
from core_library import (
    ALREADY_EXISTS,
    CANCELLED,
    FAILED_PRECONDITION,
    NOT_FOUND,
    OK,
    UNIMPLEMENTED,
    AnalyzeOptions,
    Client,
    Mapping,
    TakeSummary,
    needs_core,
)
from format_samples import asymmetric

from curves.errors import NoFaceError
from curves.values import BasicEmotion, Take
from unreal_bridge.server import BridgeServer
from unreal_bridge.services.analysis import AnalysisSettings, Progress
from unreal_bridge.wishes import Wish

pytestmark = needs_core
WAIT_S = 20


class Studio:
    """An analysis that a test can hold; what it was given."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, bytes]] = []
        self.wishes: list[Wish] = []
        self.begun, self.go, self.ended = threading.Event(), threading.Event(), threading.Event()
        self.go.set()

    def __call__(self, video: Path, wish: Wish, progress: Progress) -> Take:
        self.seen.append((video.name, video.read_bytes()))
        self.wishes.append(wish)
        try:
            progress("face", 1, 2)
            self.begun.set()
            assert self.go.wait(WAIT_S)
            if video.read_bytes() == b"nobody":
                raise NoFaceError("No face was found.")
            progress("curves", 2, 2)
            return asymmetric()
        finally:
            self.ended.set()


@pytest.fixture
def bridge(tmp_path: Path) -> Iterator[tuple[BridgeServer, Studio]]:
    studio = Studio()
    with served(tmp_path / "data", AnalysisSettings(studio, max_upload_bytes=2**20)) as (server, _):
        yield server, studio


def analysed(address: str, **options: Any) -> tuple[int, str, list[tuple[str, int, int]], str, int]:
    """Status, message, progress, the take's id and its number of curves."""
    with Client(address) as client:
        call = client.start("analyze", c.byref(AnalyzeOptions(**options)))
        code, progress = client.wait(call)
        message = client.library.microexpr_call_message(call).decode()
        summary = TakeSummary()
        client.library.microexpr_call_get_summary(call, 0, c.byref(summary))
        take_id = (summary.take_id or b"").decode()
        client.library.microexpr_call_destroy(call)
    return code, message, progress, take_id, summary.curve_count


def test_a_file_that_is_sent_becomes_a_take(bridge: tuple[BridgeServer, Studio], tmp_path: Path) -> None:
    server, studio = bridge
    video = tmp_path / "Ein Gespräch.mov"
    video.write_bytes(bytes(range(256)) * 700)  # three chunks, the last of them not full
    nan = float("nan")
    wish = Mapping(rig=b"arkit", emotion=b"fear", intensity=0.5, gain=nan, tolerance=0.01, key_mode=2)
    code, message, progress, take_id, curves = analysed(
        server.address, upload_path=str(video).encode(), take_id=b"talk", mapping=c.pointer(wish)
    )
    assert (code, message, take_id, curves) == (OK, "", "talk", len(asymmetric().curves))
    assert studio.seen == [(video.name, video.read_bytes())]
    assert studio.wishes == [Wish("arkit", BasicEmotion.FEAR, 0.5, "exact", 0.01)]
    assert {stage for stage, _, _ in progress} <= {"connect", "upload", "queued", "queue", "face", "curves", "storing"}
    assert all(done <= total or total == 0 for stage, done, total in progress if stage != "queued")
    assert list((tmp_path / "data" / "uploads").iterdir()) == []


def test_refusals_keep_their_sentence(bridge: tuple[BridgeServer, Studio], tmp_path: Path) -> None:
    server, studio = bridge
    video = tmp_path / "clip.mp4"
    video.write_bytes(b"nobody")
    code, message, _, _, _ = analysed(server.address, upload_path=str(video).encode())
    assert code == FAILED_PRECONDITION and "No face was found." in message
    video.write_bytes(b"somebody")
    given = {"upload_path": str(video).encode(), "take_id": b"talk"}
    assert analysed(server.address, **given)[0] == OK
    before = len(studio.seen)
    assert analysed(server.address, **given)[0] == ALREADY_EXISTS
    assert len(studio.seen) == before
    assert analysed(server.address, **given, replace=1)[0] == OK
    code, message, _, _, _ = analysed(server.address, upload_path=str(tmp_path / "none.mp4").encode())
    assert code == NOT_FOUND and "none.mp4" in message


def test_cancelling_stops_the_work_on_the_server(bridge: tuple[BridgeServer, Studio], tmp_path: Path) -> None:
    server, studio = bridge
    video = tmp_path / "clip.mp4"
    video.write_bytes(b"somebody")
    studio.go.clear()
    with Client(server.address) as client:
        call = client.start("analyze", c.byref(AnalyzeOptions(upload_path=str(video).encode())))
        assert studio.begun.wait(WAIT_S)
        assert client.library.microexpr_call_cancel(call) == OK
        assert client.wait(call)[0] == CANCELLED
        client.library.microexpr_call_destroy(call)
        code, info = client.ask("info")  # the server has had a turn
        client.library.microexpr_call_destroy(info)
        studio.go.set()
        assert studio.ended.wait(WAIT_S)
        code, call = client.ask("fetch", b"clip")
        client.library.microexpr_call_destroy(call)
    assert code == NOT_FOUND


def test_a_server_that_does_not_analyse_says_so(tmp_path: Path) -> None:
    video = tmp_path / "clip.mp4"
    video.write_bytes(b"somebody")
    with served(tmp_path / "data") as (server, _):
        assert analysed(server.address, upload_path=str(video).encode())[0] == UNIMPLEMENTED


@pytest.mark.slow
def test_a_drawn_video_goes_the_whole_way(tmp_path: Path) -> None:
    """The app's own analysis: real face models, the default weights; the take is what ``convert`` makes of the file."""
    from curves.formats import take_to_json  # noqa: PLC0415
    from microexpr import pipeline  # noqa: PLC0415  # torch
    from microexpr.analysing import analysis_function  # noqa: PLC0415
    from microexpr.config import ConvertConfig  # noqa: PLC0415
    from microexpr.sample import make_sample  # noqa: PLC0415
    from recognizer.analysis import load_model  # noqa: PLC0415

    video = tmp_path / "sample.mp4"
    make_sample(video, 7)
    settings = AnalysisSettings(analysis_function(ConvertConfig()))
    with served(tmp_path / "data", settings) as (server, reader):
        with Client(server.address) as client:
            call = client.start("analyze", c.byref(AnalyzeOptions(upload_path=str(video).encode())))
            code, progress = client.wait(call, wait_s=300)
            message = client.library.microexpr_call_message(call).decode()
            client.library.microexpr_call_destroy(call)
        assert code == OK, message
        take, _ = reader.get("sample")
    assert {"face", "motion", "intensity", "spotting", "curves"} & {stage for stage, _, _ in progress}
    expected = pipeline.convert(video, load_model(), ConvertConfig(), lambda *_: None)
    assert take_to_json(take) == take_to_json(expected)
    assert len(take.events) == 3 and take.curves
