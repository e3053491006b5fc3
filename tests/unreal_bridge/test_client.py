"""The client by itself: what it refuses to send, how long it tries again, and when it gives up."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc
import pytest
from bridge_samples import channel_to, put_requests, served
from format_samples import asymmetric, bare_take

from curves.errors import InputError
from curves.values import RichCurve, RichKey
from unreal_bridge.client import BridgeClient
from unreal_bridge.connection import ClientSettings, backoff_s
from unreal_bridge.errors import BridgeError
from unreal_bridge.server import BridgeServer
from unreal_bridge.store import Store, StoreSettings, Upload
from unreal_bridge.watching import Connected, Watch
from unreal_bridge.wire import pb, rpc

# --- what it refuses -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "fields",
    [
        {"address": "127.0.0.1:50551"}, {"address": "127.9.9.9:1"}, {"address": "localhost:65535"},
        {"address": "[::1]:5"}, {"address": "render-1:50551", "root_certificate": Path("studio.pem")},
    ],
)  # fmt: skip
def test_this_machine_is_reached_without_tls_and_others_with(fields: dict[str, Any]) -> None:
    assert ClientSettings(token="t", **fields).address == fields["address"]  # noqa: S106


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"address": "render-1:50551"}, "another machine"),
        ({"address": "render-1:50551", "token": "secret"}, "another machine"),
        ({"address": "10.0.0.7:50551", "token": "secret"}, "another machine"),
        ({"address": "127.0.0.1.example:50551", "token": "secret"}, "another machine"),
        ({"address": "[fe80::1]:50551", "token": "secret"}, "another machine"),
        ({"address": "dns:render-1:50551"}, "HOST:PORT"),
        ({"address": "::1:5055"}, "HOST:PORT"),
        ({"address": "127.0.0.1:0"}, "1 to 65535"),
        ({"address": "127.0.0.1:65536"}, "1 to 65535"),
        ({"address": "127.0.0.1:\u0663"}, "1 to 65535"),
        ({"token": "schl\u00fcssel"}, "printable ASCII"),
        ({"token": ""}, "printable ASCII"),
    ],
)
def test_a_client_refuses_what_is_not_safe_or_cannot_be(fields: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words) as refused:
        ClientSettings(**fields)
    assert "secret" not in str(refused.value)


# --- tries again -----------------------------------------------------------------------------------------------------


@contextmanager
def full_house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[BridgeServer, Callable[[], None]]]:
    """A server whose only place for uploads is taken, and what lets that upload finish, which frees the place."""
    taken, let_go = threading.Event(), threading.Event()
    begin = Store.begin

    def notice(store: Store, take_id: str, **wishes: Any) -> Upload:
        taken.set()
        return begin(store, take_id, **wishes)

    def slowly() -> Iterator[pb.PutTakeRequest]:
        first, *rest = put_requests(asymmetric(), "first")
        yield first
        let_go.wait(20)
        yield from rest

    monkeypatch.setattr(Store, "begin", notice)
    with served(tmp_path, max_uploads=1) as (server, _), channel_to(server) as channel:
        call = rpc.TakeServiceStub(channel).PutTake.future(slowly(), timeout=20)

        def finish() -> None:
            let_go.set()
            call.result()

        assert taken.wait(20)
        yield server, finish
        finish()


def test_a_push_waits_for_its_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[int] = []
    with full_house(tmp_path, monkeypatch) as (server, finish):

        def wait(attempt: int) -> None:
            waits.append(attempt)
            if len(waits) == 3:
                finish()

        monkeypatch.setattr("unreal_bridge.connection.pause", wait)
        with BridgeClient(ClientSettings(server.address, retries=0)) as client:
            client.push(bare_take(), "second")
            assert [info.take_id for info in client.list()] == ["second", "first"]
    assert waits == [0, 1, 2]


def test_a_push_waits_no_longer_than_its_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with (
        full_house(tmp_path, monkeypatch) as (server, _),
        BridgeClient(ClientSettings(server.address, timeout_s=0.0)) as client,
        pytest.raises(BridgeError, match="1 takes are arriving") as refused,
    ):
        client.push(bare_take(), "second")
    assert refused.value.code == "ABORTED"


def test_a_full_disk_is_not_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[int] = []
    monkeypatch.setattr("unreal_bridge.connection.pause", waits.append)
    large = bare_take(RichCurve("x", tuple(RichKey(k / 60, k / 10_000) for k in range(10_000))))
    with (
        served(tmp_path, store=StoreSettings(max_store_bytes=200_000)) as (server, _),
        BridgeClient(ClientSettings(server.address)) as client,
        pytest.raises(BridgeError, match="free some space"),
    ):
        client.push(large, "large")
    assert waits == []


# --- watches on ------------------------------------------------------------------------------------------------------


class Refused(grpc.RpcError):
    """What a call raises, with a status code."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self._code = code

    def code(self) -> grpc.StatusCode:
        return grpc.StatusCode[self._code]

    def details(self) -> str:
        return "Scripted."


def scripted(calls: list[Any], retries: int) -> Watch:
    """A watch whose calls end as the script says: with a code, or after a welcome of that sequence."""
    script = iter(calls)

    def subscribe(store_id: str, since: int) -> Iterator[pb.Update]:
        how = next(script)
        if isinstance(how, str):
            raise Refused(how)
        return iter([pb.Update(welcome=pb.Welcome(store_id="0" * 32, last_sequence=how))])

    return Watch(ClientSettings(retries=retries), subscribe, store_id="", since=0)


def test_once_connected_a_watch_never_gives_up(monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[int] = []

    def at_once(attempt: int) -> float:
        waits.append(attempt)
        return 0.0

    monkeypatch.setattr("unreal_bridge.watching.backoff_s", at_once)
    passing = ["UNAVAILABLE", "CANCELLED", "UNKNOWN", "RESOURCE_EXHAUSTED", "INTERNAL"]
    watch, losses = scripted(["UNAVAILABLE", 1, *passing * 300, 2, "UNAUTHENTICATED"], retries=1), []
    watch.on_lost = losses.append
    events = iter(watch)
    assert [next(events), next(events)] == [Connected("0" * 32, 1, False), Connected("0" * 32, 2, False)]
    assert len(losses) == 1 and waits == [0, *range(1501)]
    with pytest.raises(BridgeError) as refused:
        next(events)
    assert refused.value.code == "UNAUTHENTICATED" and len(losses) == 2
    assert 2.5 <= backoff_s(100_000) <= 5.0


def test_before_the_first_connection_a_watch_gives_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("unreal_bridge.watching.backoff_s", lambda attempt: 0.0)
    for calls in (["UNAVAILABLE"] * 3, ["RESOURCE_EXHAUSTED"]):
        watch, losses = scripted([*calls, 1], retries=2), []
        watch.on_lost = losses.append
        with pytest.raises(BridgeError) as refused:
            next(iter(watch))
        assert refused.value.code == calls[0] and losses == []
