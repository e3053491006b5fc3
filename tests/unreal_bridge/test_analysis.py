"""AnalysisService with a function of the test's own: progress, cancelling, the queue, and which files it may read."""

import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from bridge_samples import channel_to, served
from format_samples import asymmetric, bare_take

from curves.errors import InputError, NoFaceError
from curves.values import BasicEmotion, Take
from unreal_bridge.client import BridgeClient
from unreal_bridge.errors import BridgeError
from unreal_bridge.server import BridgeServer
from unreal_bridge.services.analysis import AnalysisSettings, Progress
from unreal_bridge.wire import pb, rpc
from unreal_bridge.wishes import Wish

WAIT_S = 20


class Studio:
    """An analysis that a test can hold and release; ``seen`` are the videos' names and contents."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, bytes]] = []
        self.wishes: list[Wish] = []
        self.begun, self.release, self.ended = (threading.Semaphore(0) for _ in range(3))
        self.hold = False
        self.error: Exception | None = None

    def __call__(self, video: Path, wish: Wish, progress: Progress) -> Take:
        self.seen.append((video.name, video.read_bytes() if video.is_file() else b""))
        self.wishes.append(wish)
        try:
            progress("face", 1, 2)
            self.begun.release()
            if self.hold:
                assert self.release.acquire(timeout=WAIT_S)
            if self.error is not None:
                raise self.error
            progress("curves", 2, 2)
            return asymmetric()
        finally:
            self.ended.release()


Made = tuple[BridgeServer, BridgeClient, Studio, Path]


@pytest.fixture
def bridge(tmp_path: Path) -> Iterator[Made]:
    root = tmp_path / "videos"
    (root / "sub").mkdir(parents=True)
    (root / "sub" / "talk.mp4").write_bytes(b"video")
    (tmp_path / "secret.mp4").write_bytes(b"secret")
    studio = Studio()
    settings = AnalysisSettings(studio, root=root, max_waiting=1, max_upload_bytes=200_000)
    with served(tmp_path / "data", settings) as (server, client):
        yield server, client, studio, root


def refusal(work: Callable[[], Any]) -> tuple[str, str]:
    with pytest.raises(BridgeError) as refused:
        work()
    return refused.value.code, str(refused.value)


def test_a_video_of_the_server_becomes_a_take(bridge: Made) -> None:
    _, client, studio, _ = bridge
    heard: list[tuple[str, int, int | None]] = []
    info = client.analyse(
        "sub/talk.mp4", upload=False, rig="arkit", emotion="fear", intensity=0.5, keys="exact", tolerance=0.01,
        progress=lambda *news: heard.append(news),
    )  # fmt: skip
    assert info.take_id == "talk" and client.get("talk")[1] == info
    assert studio.seen == [("talk.mp4", b"video")]
    assert studio.wishes == [Wish("arkit", BasicEmotion.FEAR, 0.5, "exact", 0.01)]
    assert heard and {stage for stage, _, _ in heard} <= {"queue", "face", "curves", "storing"}


def test_a_video_that_is_sent_becomes_a_take_and_is_gone(bridge: Made, tmp_path: Path) -> None:
    _, client, studio, _ = bridge
    video = tmp_path / "my clip ä.mov"
    video.write_bytes(bytes(range(256)) * 600)
    info = client.analyse(video, take_id="named")
    assert info.take_id == "named"
    assert studio.seen == [("my clip ä.mov", video.read_bytes())]
    assert studio.wishes == [Wish(None, None, None, None, None)]
    assert list((tmp_path / "data" / "uploads").iterdir()) == []


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("../secret.mp4", "PERMISSION_DENIED"),
        ("sub/../../secret.mp4", "PERMISSION_DENIED"),
        ("sub/../sub/talk.mp4", "PERMISSION_DENIED"),
        ("..\\secret.mp4", "PERMISSION_DENIED"),
        ("/etc/passwd", "PERMISSION_DENIED"),
        ("\\\\host\\share\\x.mp4", "PERMISSION_DENIED"),
        ("C:\\x.mp4", "PERMISSION_DENIED"),
        ("C:x.mp4", "PERMISSION_DENIED"),
        ("sub/nobody.mp4", "NOT_FOUND"),
        ("sub/talk.mp4/x", "NOT_FOUND"),
        ("n" * 5000, "NOT_FOUND"),
        ("", "INVALID_ARGUMENT"),
        ("sub/talk.mp4\0", "INVALID_ARGUMENT"),
    ],
)
def test_paths_stay_below_the_root(bridge: Made, path: str, code: str) -> None:
    _, client, studio, _ = bridge
    assert refusal(lambda: client.analyse(path, upload=False, take_id="x") if path else empty_path(bridge))[0] == code
    assert studio.seen == []


def empty_path(bridge: Made) -> None:
    with channel_to(bridge[0]) as channel:
        request = pb.AnalyzeRequest(path=pb.AnalyzePath(options=pb.AnalyzeOptions(take_id="x")))
        try:
            list(rpc.AnalysisServiceStub(channel).Analyze(iter([request])))
        except grpc.RpcError as error:
            raise BridgeError(error.code().name, error.details()) from error


def test_links_are_followed_and_do_not_lead_out(bridge: Made, tmp_path: Path) -> None:
    _, client, studio, root = bridge
    try:
        (root / "out.mp4").symlink_to(tmp_path / "secret.mp4")
        (root / "up").symlink_to(tmp_path, target_is_directory=True)
        (root / "in.mp4").symlink_to(root / "sub" / "talk.mp4")
        (root / "round").symlink_to(root / "round")
    except OSError:
        pytest.skip("links need a permission here")
    for path in ("out.mp4", "up/secret.mp4"):
        assert refusal(lambda path=path: client.analyse(path, upload=False))[0] == "PERMISSION_DENIED"  # type: ignore[misc]
    assert refusal(lambda: client.analyse("round", upload=False))[0] == "NOT_FOUND"
    assert studio.seen == []
    assert client.analyse("in.mp4", upload=False).take_id == "in"


def test_without_a_root_no_path_is_read(tmp_path: Path) -> None:
    with served(tmp_path, AnalysisSettings(Studio())) as (_, client):
        assert client.info().analysis
        assert refusal(lambda: client.analyse(os.path.relpath(__file__), upload=False))[0] == "PERMISSION_DENIED"


def test_cancelling_stops_the_work_and_stores_nothing(bridge: Made) -> None:
    server, client, studio, _ = bridge
    studio.hold = True
    with channel_to(server) as channel:
        request = pb.AnalyzeRequest(path=pb.AnalyzePath(path="sub/talk.mp4"))
        call = rpc.AnalysisServiceStub(channel).Analyze(iter([request]))
        assert next(call).WhichOneof("event") in ("queued", "progress")
        assert studio.begun.acquire(timeout=WAIT_S)
        call.cancel()
        studio.hold = False
        assert client.info().analysis  # the server has had a turn
        studio.release.release()
        assert studio.ended.acquire(timeout=WAIT_S)
    assert client.analyse("sub/talk.mp4", upload=False, take_id="next").sequence == 1


def test_the_queue_is_bounded_and_says_how_many_are_ahead(bridge: Made) -> None:
    server, client, studio, _ = bridge
    studio.hold = True
    with channel_to(server) as channel:
        stub = rpc.AnalysisServiceStub(channel)

        def ask(take_id: str) -> Any:
            options = pb.AnalyzeOptions(take_id=take_id)
            return stub.Analyze(iter([pb.AnalyzeRequest(path=pb.AnalyzePath(path="sub/talk.mp4", options=options))]))

        first = ask("first")
        next(first)
        assert studio.begun.acquire(timeout=WAIT_S)
        second = ask("second")
        assert next(second).queued.ahead == 1
        code, message = refusal(lambda: client.analyse("sub/talk.mp4", upload=False, take_id="third"))
        assert code == "RESOURCE_EXHAUSTED" and "try again later" in message
        studio.hold = False
        studio.release.release()
        assert [list(call)[-1].take.take_id for call in (first, second)] == ["first", "second"]


def test_a_taken_name_is_refused_before_the_work(bridge: Made) -> None:
    _, client, studio, _ = bridge
    client.push(bare_take(), "talk")
    assert refusal(lambda: client.analyse("sub/talk.mp4", upload=False))[0] == "ALREADY_EXISTS"
    assert studio.seen == []
    assert client.analyse("sub/talk.mp4", upload=False, replace=True).sequence == 2


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (NoFaceError("No face was found."), "FAILED_PRECONDITION"),
        (InputError("The file is no video."), "FAILED_PRECONDITION"),
        (RuntimeError("a secret of the machine"), "INTERNAL"),
    ],
)
def test_what_goes_wrong_with_a_video_is_said(bridge: Made, error: Exception, code: str) -> None:
    _, client, studio, _ = bridge
    studio.error = error
    got, message = refusal(lambda: client.analyse("sub/talk.mp4", upload=False))
    assert got == code and (str(error) in message) == (code != "INTERNAL")
    studio.error = None
    client.analyse("sub/talk.mp4", upload=False)


def upload(size: int = 3, name: str = "a.mp4", **options: Any) -> pb.AnalyzeRequest:
    return pb.AnalyzeRequest(
        upload=pb.AnalyzeUpload(file_name=name, size=size, options=pb.AnalyzeOptions(**{"take_id": "x", **options}))
    )


def chunk(data: bytes) -> pb.AnalyzeRequest:
    return pb.AnalyzeRequest(chunk=data)


@pytest.mark.parametrize(
    ("requests", "code"),
    [
        ([], "INVALID_ARGUMENT"),
        ([pb.AnalyzeRequest()], "INVALID_ARGUMENT"),
        ([chunk(b"abc")], "INVALID_ARGUMENT"),
        ([upload()], "INVALID_ARGUMENT"),
        ([upload(), chunk(b"a")], "INVALID_ARGUMENT"),
        ([upload(), upload()], "INVALID_ARGUMENT"),
        ([upload(), chunk(b"")], "INVALID_ARGUMENT"),
        ([upload(), chunk(b"abcd")], "RESOURCE_EXHAUSTED"),
        ([upload(100_000), chunk(b"\0" * 65_537)], "INVALID_ARGUMENT"),
        ([upload(0)], "RESOURCE_EXHAUSTED"),
        ([upload(200_001)], "RESOURCE_EXHAUSTED"),
        ([upload(name="")], "INVALID_ARGUMENT"),
        ([upload(name="x/")], "OK"),
        ([upload(rig="x.toml")], "INVALID_ARGUMENT"),
        ([upload(emotion="joy")], "INVALID_ARGUMENT"),
        ([upload(intensity=2.0)], "INVALID_ARGUMENT"),
        ([upload(tolerance=float("nan"))], "INVALID_ARGUMENT"),
        ([upload(key_mode=9)], "INVALID_ARGUMENT"),
        ([upload(take_id="../x")], "INVALID_ARGUMENT"),
    ],
)
def test_wrong_uploads_are_refused(bridge: Made, requests: list[pb.AnalyzeRequest], code: str) -> None:
    if code == "OK":
        requests = [*requests, chunk(b"abc")]
    with channel_to(bridge[0]) as channel:
        call = rpc.AnalysisServiceStub(channel).Analyze(iter(requests), timeout=WAIT_S)
        if code == "OK":
            assert list(call)[-1].take.take_id == "x"
            return
        with pytest.raises(grpc.RpcError) as refused:
            list(call)
    assert refused.value.code().name == code and refused.value.details()
    assert bridge[2].seen == []


def test_a_file_name_stays_a_name(bridge: Made, tmp_path: Path) -> None:
    with channel_to(bridge[0]) as channel:
        for number, name in enumerate(("../../up.mp4", "C:\\x\\up.mp4", "a/../up.mp4", "up.mp4\0", "con.mp4")):
            requests = [upload(name=name, take_id=f"t{number}"), chunk(b"abc")]
            assert list(rpc.AnalysisServiceStub(channel).Analyze(iter(requests)))[-1].take.take_id == f"t{number}"
    assert [name for name, _ in bridge[2].seen] == ["up.mp4", "up.mp4", "up.mp4", "up.mp4_", "_con.mp4"]
    assert not (tmp_path / "up.mp4").exists()
