"""What may go wrong around a server: killed, hung up on, sent rubbish, spoken to without the right to."""

import asyncio
import random
import sqlite3
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from typing import Any

import grpc
import pytest
from bridge_samples import channel_to, put_requests, served
from certificates import certificate
from format_samples import asymmetric, bare_take, sample
from hypothesis import given, settings
from hypothesis import strategies as st

from curves.values import RichCurve, RichKey, Take
from unreal_bridge.client import BridgeClient
from unreal_bridge.connection import ClientSettings
from unreal_bridge.convert import digest, take_to_parts
from unreal_bridge.database import FILE_NAME
from unreal_bridge.errors import BridgeError
from unreal_bridge.hub import Hub
from unreal_bridge.incoming import parts_to_take
from unreal_bridge.server import ServerSettings, running
from unreal_bridge.services.analysis import AnalysisSettings
from unreal_bridge.services.shared import Shared
from unreal_bridge.services.takes import TakeService
from unreal_bridge.store import BATCH_BYTES, Store, StoreSettings
from unreal_bridge.wire import pb, rpc

ROOT = Path(__file__).parents[2]

# --- killed ----------------------------------------------------------------------------------------------------------

SERVER = """
import sys
from pathlib import Path
from unreal_bridge import store
from unreal_bridge.server import ServerSettings
from unreal_bridge.serving import serve
store.BATCH_BYTES = 50_000  # so that uploads lie half written in the file
serve(Path(sys.stdin.readline().strip()), ServerSettings(), ready=lambda address: print(address, flush=True))
"""


class Mortal:
    """A server in a process of its own; it is loaded, then waits to be told its folder."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(  # noqa: S603
            [sys.executable, "-c", SERVER], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self._left, self._lock = 0, threading.Lock()

    def serve(self, data: Path, after: int) -> str:
        """Its address. It dies, without a word, at the ``after``-th thing that its clients notice."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self._left = after
        self.process.stdin.write(f"{data}\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().strip()

    def notice(self, *_: object) -> None:
        with self._lock:
            self._left -= 1
            if self._left == 0:
                self.process.kill()

    def bury(self) -> None:
        self.process.kill()
        self.process.communicate(timeout=20)


def big_take(number: int) -> Take:
    """Some parts; how many depends on the number."""
    keys = tuple(RichKey(k / 60, k / 1500) for k in range(1500))
    return bare_take(*(RichCurve(f"c{k}", keys) for k in range(1 + number % 5)))


def push_until_it_dies(server: Mortal, address: str, prefix: str, acknowledged: dict[str, bytes]) -> None:
    with BridgeClient(ClientSettings(address, retries=0)) as client:
        for number in range(4):
            take_id = f"{prefix}-{number}"
            try:
                info, _ = client.push(big_take(number), take_id, progress=server.notice)
            except BridgeError as error:
                assert error.code in ("UNAVAILABLE", "CANCELLED", "UNKNOWN"), error
                return
            acknowledged[take_id] = bytes.fromhex(info.sha256)
            server.notice()


def all_whole(data: Path) -> dict[str, bytes]:
    """Every take in the store by id, its parts read and checked; nothing else lies in the file."""
    store = Store(data)
    found = {}
    for change in store.changes(0, limit=10_000):
        assert change.summary is not None and change.content_id is not None
        parts: list[bytes] = []
        while more := store.parts(change.content_id, len(parts)):
            parts.extend(more)
        assert digest(parts) == change.summary.sha256
        parts_to_take(parts)
        found[change.take_id] = change.summary.sha256
    with store._reading() as reader:
        assert reader.execute("SELECT count(*) FROM contents").fetchone()[0] == len(found)
        assert reader.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
        assert reader.execute("PRAGMA foreign_key_check").fetchall() == []
    store.close()
    return found


def kill_rounds(folder: Path, rounds: int, seed: int) -> tuple[int, int]:
    """How many takes were acknowledged, and how many were committed without a word getting through."""
    draw = random.Random(seed)  # noqa: S311
    acknowledged_in_all = unheard = 0
    coming = Mortal()  # the next one loads while this one is at work
    for number in range(rounds):
        data = folder / str(number // 10)  # ten deaths a store
        before = all_whole(data) if number % 10 else {}
        acknowledged: dict[str, bytes] = {}
        server, coming = coming, Mortal()
        address = server.serve(data, after=draw.randint(1, 60))
        threads = [
            threading.Thread(target=push_until_it_dies, args=(server, address, f"r{number}-{k}", acknowledged))
            for k in range(3)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=60)
        server.bury()
        found = all_whole(data)
        assert before.items() | acknowledged.items() <= found.items()
        acknowledged_in_all += len(acknowledged)
        unheard += len(found) - len(before) - len(acknowledged)
    coming.bury()
    return acknowledged_in_all, unheard


@pytest.mark.slow
def test_fifty_deaths_lose_no_acknowledged_take(tmp_path: Path) -> None:
    acknowledged, _ = kill_rounds(tmp_path, 50, seed=20)
    assert acknowledged > 100


# --- hung up on ------------------------------------------------------------------------------------------------------


def test_a_client_that_goes_in_mid_upload_leaves_nothing(tmp_path: Path) -> None:
    """The call is cancelled as gRPC cancels it, when part of the take lies in the file already."""
    store = Store(tmp_path)
    shared = Shared(store, Hub(1), idle_s=20.0)
    opened, header, *_ = put_requests(asymmetric(), "gone")
    blanks = pb.TakeChunk(more=pb.TakeHeader(provenance_json=" " * 60_000))
    large = pb.PutTakeRequest(chunk=blanks.SerializeToString())

    def contents() -> list[tuple[int, int]]:
        with closing(sqlite3.connect(tmp_path / FILE_NAME)) as connection:
            return connection.execute("SELECT pending, count(*) FROM contents GROUP BY 1").fetchall()

    async def upload() -> None:
        written = asyncio.Event()

        async def requests() -> AsyncIterator[pb.PutTakeRequest]:
            yield opened
            yield header
            for _ in range(BATCH_BYTES // 60_000 + 1):
                yield large
            written.set()
            await asyncio.Event().wait()

        call = asyncio.create_task(TakeService(shared, 1).PutTake(requests(), None))
        await written.wait()
        assert contents() == [(1, 1)]
        call.cancel()
        await asyncio.wait([call])
        shared.threads.shutdown()

    asyncio.run(upload())
    assert contents() == []
    store.close()


def test_a_client_that_falls_silent_is_sent_away(tmp_path: Path) -> None:
    with served(tmp_path, idle_s=0.05) as (server, client), channel_to(server) as channel:
        done = threading.Event()

        def requests() -> Iterator[pb.PutTakeRequest]:
            yield from put_requests(asymmetric(), "silent")[:2]
            done.wait(20)

        with pytest.raises(grpc.RpcError) as refused:
            rpc.TakeServiceStub(channel).PutTake(requests())
        done.set()
        assert refused.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
        client.push(asymmetric(), "silent")


def test_a_full_disk_is_said_to_the_client(tmp_path: Path) -> None:
    with served(tmp_path, store=StoreSettings(max_store_bytes=200_000)) as (_, client):
        client.push(bare_take(), "small")
        with pytest.raises(BridgeError, match="free some space") as refused:
            client.push(big_take(4), "large")
        assert refused.value.code == "RESOURCE_EXHAUSTED"
        assert [info.take_id for info in client.list()] == ["small"]
        client.delete("small")
        client.push(bare_take(), "again")


# --- sent rubbish ----------------------------------------------------------------------------------------------------

METHODS = [
    "/microexpr.v1.TakeService/PutTake", "/microexpr.v1.TakeService/GetTake", "/microexpr.v1.TakeService/ListTakes",
    "/microexpr.v1.TakeService/DeleteTake", "/microexpr.v1.TakeService/RemapTake",
    "/microexpr.v1.EditorService/Subscribe", "/microexpr.v1.LiveService/Publish",
    "/microexpr.v1.AnalysisService/Analyze", "/microexpr.v1.InfoService/GetServerInfo",
    "/grpc.health.v1.Health/Check", "/microexpr.v1.TakeService/Nothing", "/nobody/Nothing",
]  # fmt: skip
WHOLE = [
    *(request.SerializeToString() for request in put_requests(sample(), "fuzz", replace=True)),
    *(pb.PutTakeRequest(header=part).SerializeToString() for part in take_to_parts(asymmetric())),
    pb.PublishRequest(header=pb.LiveHeader(subject="s", names=["a"])).SerializeToString(),
    pb.PublishRequest(frame=pb.LiveFrame(time_s=1, values=[1])).SerializeToString(),
    pb.RemapTakeRequest(take_id="there", rig="facs", intensity=0.5, tolerance=0.1).SerializeToString(),
    pb.SubscribeRequest(store_id="x", since_sequence=2**63, filter=pb.UpdateFilter(takes=True)).SerializeToString(),
    pb.AnalyzeRequest(path=pb.AnalyzePath(path="../x")).SerializeToString(),
    pb.AnalyzeRequest(upload=pb.AnalyzeUpload(file_name="x", size=2)).SerializeToString(),
    pb.AnalyzeRequest(chunk=b"ab").SerializeToString(),
    pb.ListTakesRequest(page_size=2**32 - 1, page_token="x").SerializeToString(),  # noqa: S106  # no secret
    pb.GetTakeRequest(take_id="there").SerializeToString(),
]


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    message = bytearray(draw(st.sampled_from(WHOLE)))
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, len(message)))
        message[at : at + draw(st.integers(0, 2))] = draw(st.binary(max_size=3))
    return bytes(message)


messages = st.lists(st.binary(max_size=40) | damaged(), min_size=1, max_size=4)


def rubbish_is_refused(channel: grpc.Channel, method: str, sent: list[bytes]) -> None:
    call = channel.stream_stream(method)(iter(sent), timeout=20)
    try:
        for _, _answer in zip(range(2), call, strict=False):
            pass
    except grpc.RpcError as error:
        assert error.code().name not in ("INTERNAL", "UNKNOWN", "DEADLINE_EXCEEDED", "UNAVAILABLE"), (error, sent)
        assert error.details() or not method.startswith("/microexpr.")
    finally:
        call.cancel()


@pytest.fixture(scope="module")
def fuzzed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[grpc.Channel]:
    folder = tmp_path_factory.mktemp("fuzzed")
    analysis = AnalysisSettings(lambda video, wish, progress: sample(), root=folder)
    with served(folder, analysis, max_subscribers=1000) as (server, client), channel_to(server) as channel:
        client.push(asymmetric(), "there")
        yield channel
        client.push(sample(), "after", replace=True)
        assert client.get("after")[1].take_id == "after"


@given(method=st.sampled_from(METHODS), sent=messages)
@settings(max_examples=200)
def test_rubbish_is_refused_and_never_a_defect(fuzzed: grpc.Channel, method: str, sent: list[bytes]) -> None:
    rubbish_is_refused(fuzzed, method, sent)


@pytest.mark.slow
@given(method=st.sampled_from(METHODS), sent=st.lists(st.binary(max_size=40) | damaged(), min_size=3, max_size=4))
@settings(max_examples=3_500)
def test_ten_thousand_times_rubbish_is_refused(fuzzed: grpc.Channel, method: str, sent: list[bytes]) -> None:
    rubbish_is_refused(fuzzed, method, sent)


# --- without the right to --------------------------------------------------------------------------------------------


def test_without_the_token_nothing_is_answered(tmp_path: Path) -> None:
    with running(tmp_path, ServerSettings(token="right", grace_s=0.1)) as server:  # noqa: S106
        for token, code in (("right", None), ("wrong", "UNAUTHENTICATED"), (None, "UNAUTHENTICATED")):
            with BridgeClient(ClientSettings(server.address, token=token, retries=0)) as client:
                works: list[Any] = [
                    client.info,
                    lambda client=client: client.push(bare_take(), "a"),
                    lambda client=client: list(client.list()),
                    lambda client=client: client.get("a"),
                    lambda client=client: next(iter(client.watch())),
                    lambda client=client: client.publish("s", ["a"], [(0.0, [1.0])]),
                ]
                for work in works:
                    if code is None:
                        work()
                    else:
                        with pytest.raises(BridgeError, match="token") as refused:
                            work()
                        assert refused.value.code == code
        with channel_to(server) as channel:
            for method in METHODS[-3], METHODS[0]:
                with pytest.raises(grpc.RpcError) as bare:
                    next(channel.stream_stream(method)(iter([b""])))
                assert bare.value.code() is grpc.StatusCode.UNAUTHENTICATED


def test_tls_is_spoken_with_those_only_who_know_whom_they_speak_to(tmp_path: Path) -> None:
    cert, key = certificate(tmp_path, "studio")
    other, _ = certificate(tmp_path, "other")
    settings = ServerSettings(certificate=cert, key=key, token="t", grace_s=0.1)  # noqa: S106
    with running(tmp_path / "data", settings) as server:

        def client(**fields: Any) -> BridgeClient:
            return BridgeClient(ClientSettings(server.address, retries=0, **fields))

        with client(token="t", root_certificate=cert) as right:  # noqa: S106
            right.push(asymmetric(), "a")
            assert right.get("a")[1].take_id == "a"
        for wrong, code in (
            ({"token": "t"}, "UNAVAILABLE DEADLINE_EXCEEDED"),  # the latter where the machine is busy
            ({"token": "t", "root_certificate": other}, "UNAVAILABLE DEADLINE_EXCEEDED"),
            ({"root_certificate": cert}, "UNAUTHENTICATED"),
        ):
            with client(**wrong) as refused_client, pytest.raises(BridgeError) as refused:
                refused_client.info()
            assert refused.value.code in code.split()


def test_digests_are_of_the_parts() -> None:
    parts = list(take_to_parts(asymmetric()))
    assert digest(parts) == sha256(b"".join(parts)).digest()
