"""What editors are told: everything in order, once, over lost connections; live frames, newest first in line."""

import asyncio
import json
import queue
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from shutil import copytree
from typing import Any

import grpc
import pytest
from bridge_samples import channel_to, served
from format_samples import asymmetric, bare_take, bump, sample

from curves.formats import take_to_json
from curves.values import Take
from unreal_bridge.client import BridgeClient
from unreal_bridge.connection import ClientSettings
from unreal_bridge.convert import digest, take_to_parts
from unreal_bridge.errors import BridgeError
from unreal_bridge.hub import Hub
from unreal_bridge.info import summarise
from unreal_bridge.server import BridgeServer
from unreal_bridge.services.editors import EditorService
from unreal_bridge.services.shared import Shared
from unreal_bridge.store import Store, StoreSettings
from unreal_bridge.watching import Committed, Connected, Deleted, LiveEnded, LiveFrame, Watch
from unreal_bridge.wire import pb, rpc

Bridge = tuple[BridgeServer, BridgeClient]


@pytest.fixture
def bridge(tmp_path: Path) -> Iterator[Bridge]:
    with served(tmp_path / "data") as made:
        yield made


def told(watch: Watch, until: Callable[[Any], bool]) -> list[Any]:
    """Events up to the first for which ``until`` holds; the watch goes on behind it, as if that were dealt with."""
    found = []
    for event in watch:
        found.append(event)
        if until(event):
            return found
    raise AssertionError("the watch ended")


def committed(take_id: str) -> Callable[[Any], bool]:
    return lambda event: isinstance(event, Committed) and event.info.take_id == take_id


def names(events: list[Any]) -> list[str]:
    return [event.info.take_id if isinstance(event, Committed) else f"-{event.take_id}" for event in events[1:]]


# --- takes -----------------------------------------------------------------------------------------------------------


def test_an_editor_gets_what_was_there_and_what_comes(bridge: Bridge) -> None:
    _, client = bridge
    client.push(sample(), "a")
    client.push(bare_take(), "b")
    client.delete("b")
    with client.watch(content=True) as watch:
        events = iter(watch)
        first = next(events)
        assert isinstance(first, Connected) and (first.last_sequence, first.reset) == (3, False)
        there = next(events)
        assert isinstance(there, Committed) and there.take is not None
        assert json.dumps(take_to_json(there.take)) == json.dumps(take_to_json(sample()))
        assert next(events) == Deleted("b")
        client.push(asymmetric(), "c")
        come = next(events)
        assert isinstance(come, Committed) and come.info.take_id == "c" and come.take is not None


def test_an_editor_goes_on_where_it_stopped(bridge: Bridge) -> None:
    _, client = bridge
    for name in ("a", "b", "c"):
        client.push(bare_take(bump(name, 0.2)), name)
    first = client.watch()
    assert names(told(first, committed("c"))) == ["a", "b", "c"]
    first.close()
    assert (first.sequence, len(first.store_id)) == (2, 32)  # c was handed out; that it was dealt with is not known
    client.push(bare_take(bump("b", 0.3)), "b", replace=True)
    client.delete("a")
    client.push(bare_take(), "d")
    with client.watch(store_id=first.store_id, since=3) as second:
        assert names(told(second, committed("d"))) == ["b", "-a", "d"]
    with client.watch(store_id="0" * 32, since=99) as other:  # a store made anew has another id
        events = told(other, committed("d"))
        assert events[0].reset and names(events) == ["c", "b", "-a", "d"]


def test_nothing_is_twice_or_missing_over_restarts(tmp_path: Path) -> None:
    """The server goes away and comes back at the same port in mid-watch; the watch itself goes on."""
    with served(tmp_path / "data") as (server, client):
        port = server.port
        client.push(bare_take(), "t0")
        watcher = BridgeClient(ClientSettings(f"127.0.0.1:{port}", retries=0))  # they count for the first one only
        watch = watcher.watch(content=True)
        losses: list[str] = []
        watch.on_lost = losses.append
        found: queue.Queue[Any] = queue.Queue()
        thread = threading.Thread(target=lambda: [found.put(event) for event in watch], daemon=True)
        thread.start()
        seen = [found.get(timeout=20), found.get(timeout=20)]
    for number in range(1, 4):
        with served(tmp_path / "data", port=port) as (_, client):
            client.push(bare_take(), f"t{number}")
            while not (isinstance(seen[-1], Committed) and seen[-1].info.take_id == f"t{number}"):
                seen.append(found.get(timeout=20))
    watch.close()
    watcher.close()
    thread.join(timeout=20)
    assert not thread.is_alive()
    assert [event.info.take_id for event in seen if isinstance(event, Committed)] == ["t0", "t1", "t2", "t3"]
    assert sum(isinstance(event, Connected) for event in seen) >= 4
    assert len(losses) >= 3


def test_updates_say_where_to_resume(bridge: Bridge) -> None:
    server, client = bridge
    with channel_to(server) as channel:
        stub = rpc.EditorServiceStub(channel)

        def first(**wish: Any) -> pb.Update:
            call = stub.Subscribe(pb.SubscribeRequest(**wish), timeout=20)
            update: pb.Update = next(iter(call))
            call.cancel()
            return update

        store_id = first().welcome.store_id
        client.push(asymmetric(), "a")
        assert first().resume_sequence == 0  # a is still to come
        assert first(store_id=store_id, since_sequence=1).resume_sequence == 1
        assert first(store_id=store_id, since_sequence=1, filter=pb.UpdateFilter(live=True)).resume_sequence == 0
        assert first(filter=pb.UpdateFilter(takes=True, take_id_prefix="b")).resume_sequence == 1
        call = stub.Subscribe(pb.SubscribeRequest(filter=pb.UpdateFilter(takes=True, content=True)), timeout=20)
        updates = [next(call) for _ in range(5)]
        call.cancel()
    kinds = [update.WhichOneof("event") for update in updates]
    assert kinds == ["welcome", "committed", "part", "part", "part"]
    assert [update.part.WhichOneof("part") for update in updates[2:]] == ["header", "chunk", "end"]
    assert [update.resume_sequence for update in updates] == [0, 0, 0, 0, 1]


def test_filters_let_through_what_they_name(bridge: Bridge) -> None:
    _, client = bridge
    for name in ("ann-1", "bob-1", "ann-2"):
        client.push(bare_take(), name)
    with client.watch(prefix="ann-") as watch:
        assert names(told(watch, committed("ann-2"))) == ["ann-1", "ann-2"]


@pytest.mark.parametrize("wish", [{"filter": pb.UpdateFilter()}, {"filter": pb.UpdateFilter(content=True)}])
def test_a_filter_that_lets_nothing_through_is_refused(bridge: Bridge, wish: dict[str, Any]) -> None:
    with channel_to(bridge[0]) as channel, pytest.raises(grpc.RpcError) as refused:
        next(rpc.EditorServiceStub(channel).Subscribe(pb.SubscribeRequest(**wish)))
    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT


def test_an_editor_ahead_of_a_restored_store_begins_anew(bridge: Bridge) -> None:
    """Its last sequence is beyond the store's; exactly at it, it is not ahead."""
    server, client = bridge
    client.push(bare_take(), "a")
    store_id = client.info().store_id
    with client.watch(store_id=store_id, since=2) as watch:
        events = told(watch, committed("a"))
        assert events[0] == Connected(store_id, 1, True) and names(events) == ["a"]
        client.push(bare_take(), "b")  # the store has caught up: only the watch knows that it has dealt with nothing
        assert names(told(watch, committed("b"))) == ["a", "b"]
    for filters in ({"live": True}, {"takes": True}):  # neither sends it away
        with channel_to(server) as channel:
            wish = pb.SubscribeRequest(store_id=store_id, since_sequence=2**64 - 1, filter=pb.UpdateFilter(**filters))
            call = rpc.EditorServiceStub(channel).Subscribe(wish, timeout=20)
            assert next(call).welcome.reset
            call.cancel()
    with client.watch(store_id=store_id, since=2) as level:
        assert told(level, lambda event: isinstance(event, Connected))[0].reset is False


def test_a_restored_store_with_a_new_id_is_told_whole(tmp_path: Path) -> None:
    """Takes after the backup have the numbers of those that were lost: by the id alone an editor knows."""
    data, backup = tmp_path / "data", tmp_path / "backup"
    with served(data) as (_, client):
        client.push(bare_take(), "a")
    copytree(data, backup)
    with served(data) as (_, client):
        client.push(bare_take(), "lost")
        store_id = client.info().store_id
    with served(backup, store=StoreSettings(new_id=True)) as (_, client):
        client.push(bare_take(), "new")
        renewed = client.info().store_id
        assert renewed != store_id and len(renewed) == 32
        with client.watch(store_id=store_id, since=2) as watch:
            events = told(watch, committed("new"))
        assert events[0].reset and names(events) == ["a", "new"]
    with served(backup) as (_, client):  # and keeps that id
        assert client.info().store_id == renewed


def test_one_editor_too_many_is_refused(tmp_path: Path) -> None:
    with served(tmp_path, max_subscribers=1) as (_, client), client.watch() as watch:
        told(watch, lambda event: isinstance(event, Connected))
        with pytest.raises(BridgeError) as refused:
            next(iter(client.watch()))
        assert refused.value.code == "RESOURCE_EXHAUSTED"


def long_take(size: int) -> Take:
    """About ``size`` MB in parts."""
    keys = bump("x", 0.5).keys
    many = tuple(replace(keys[0], time=k / 100) for k in range(size * 30_000))
    return bare_take(replace(bump("x", 0.5), keys=many))


def test_a_slow_editor_loses_no_take_and_the_server_keeps_none_for_it(bridge: Bridge) -> None:
    """It reads nothing while ten takes are committed, of which the network's own buffers hold a part only."""
    _, client = bridge
    with client.watch(content=True) as watch:
        events = iter(watch)
        assert isinstance(next(events), Connected)
        takes = {f"t{number}": bare_take(bump("x", number / 20)) for number in range(10)}
        takes["t5"] = long_take(2)
        for take_id, take in takes.items():
            client.push(take, take_id)
        for take_id, take in takes.items():
            event = next(events)
            assert isinstance(event, Committed) and event.info.take_id == take_id and event.take is not None
            assert event.take.curves == take.curves


class Written:
    """Stands for a call: keeps what is written to it, and lets the test act at the third message."""

    def __init__(self, at_third: Callable[[], Any], enough: Callable[[pb.Update], bool]) -> None:
        self.updates: list[pb.Update] = []
        self._at_third, self._enough = at_third, enough

    async def write(self, update: pb.Update) -> None:
        self.updates.append(update)
        if len(self.updates) == 3:
            self._at_third()
        if self._enough(update):
            raise asyncio.CancelledError


def test_a_take_replaced_in_mid_stream_has_no_end_and_its_successor_follows(tmp_path: Path) -> None:
    store = Store(tmp_path)

    def put(take: Take) -> None:
        upload, parts = store.begin("t", replace=True), list(take_to_parts(take))
        for part in parts:
            upload.add(part)
        upload.commit(digest(parts), summarise(take))

    put(long_take(3))
    service = EditorService(Shared(store, Hub(1), idle_s=1.0))
    call = Written(lambda: put(bare_take()), lambda update: update.resume_sequence > 0)
    request = pb.SubscribeRequest(filter=pb.UpdateFilter(takes=True, content=True))
    with pytest.raises(asyncio.CancelledError):
        asyncio.run(service.Subscribe(request, call))
    store.close()
    kinds = [update.WhichOneof("event") for update in call.updates]
    assert kinds.count("committed") == 2 and kinds.count("part") > 3
    ends = [number for number, u in enumerate(call.updates) if u.part.WhichOneof("part") == "end"]
    assert ends == [len(kinds) - 1] and kinds[-3:] == ["committed", "part", "part"]
    assert call.updates[-1].resume_sequence == 2


# --- live ------------------------------------------------------------------------------------------------------------


def test_live_frames_reach_those_who_listen(bridge: Bridge) -> None:
    _, client = bridge
    go_on: queue.Queue[tuple[float, list[float]] | None] = queue.Queue()
    with client.watch(takes=False, live=True) as watch:
        events = iter(watch)
        assert isinstance(next(events), Connected)
        sent: list[int] = []
        publisher = threading.Thread(
            target=lambda: sent.append(client.publish("face", ["a", "b"], iter(go_on.get, None)))
        )
        publisher.start()
        for number in range(3):
            go_on.put((number / 60, [number / 10, 1.0]))
            event = next(events)
            assert isinstance(event, LiveFrame)
            assert (event.subject, event.time_s, event.dropped) == ("face", number / 60, 0)
            assert event.values == pytest.approx({"a": number / 10, "b": 1.0}) and event.sent_unix_s > 1e9
        go_on.put(None)
        assert next(events) == LiveEnded("face")
        publisher.join(timeout=20)
        assert sent == [3]


def test_one_who_reads_slowly_gets_the_newest_frame_and_hears_how_many_are_gone() -> None:
    hub = Hub(4)
    header = pb.LiveHeader(subject="s", names=["a"])
    with hub.subscribed(live=True) as slow, hub.subscribed(live=False) as deaf, hub.publishing(header) as publication:
        for number in range(5):
            publication.frame(pb.LiveFrame(time_s=number, values=[number]))
        updates = list(slow.drain())
        assert [update.WhichOneof("event") for update in updates] == ["header", "frame"]
        assert updates[1].frame.values == [4.0] and updates[1].dropped == 4
        publication.frame(pb.LiveFrame(time_s=5, values=[5]))
        publication.rename(pb.LiveHeader(subject="s", names=["a", "b"]))
        publication.frame(pb.LiveFrame(time_s=6, values=[6, 7]))
        updates = list(slow.drain())
        assert list(updates[0].header.names) == ["a", "b"]
        assert list(updates[1].frame.values) == [6, 7] and updates[1].dropped == 1
        with hub.subscribed(live=True) as late:
            assert [update.WhichOneof("event") for update in late.drain()] == ["header"]
    assert list(deaf.drain()) == [] and hub.subscriber_count == 0


def test_a_subject_that_ended_unheard_is_not_mentioned() -> None:
    hub = Hub(1)
    with hub.subscribed(live=True) as subscriber:
        with hub.publishing(pb.LiveHeader(subject="s", names=["a"])):
            pass
        assert list(subscriber.drain()) == []
        with hub.publishing(pb.LiveHeader(subject="s", names=["a"])) as publication:
            publication.frame(pb.LiveFrame(values=[1]))
        kinds = [update.WhichOneof("event") for update in subscriber.drain()]
        assert kinds == ["header", "frame", "end"] and list(subscriber.drain()) == []


def header(**fields: Any) -> pb.PublishRequest:
    return pb.PublishRequest(header=pb.LiveHeader(**{"subject": "s", "names": ["a"], **fields}))


def frame(**fields: Any) -> pb.PublishRequest:
    return pb.PublishRequest(frame=pb.LiveFrame(**{"time_s": 0.0, "values": [0.5], **fields}))


@pytest.mark.parametrize(
    "requests",
    [
        [frame()], [pb.PublishRequest()], [header(subject="")], [header(subject="s" * 129)], [header(names=["a", "A"])],
        [header(names=[""])], [header(names=[str(k) for k in range(1025)])], [header(), header(subject="other")],
        [header(), frame(values=[])], [header(), frame(values=[float("nan")])], [header(), frame(time_s=float("inf"))],
        [header(), frame(time_s=1.0), frame(time_s=0.9)], [header(), frame(sent_unix_s=float("nan"))],
        [header(), pb.PublishRequest()],
    ],
)  # fmt: skip
def test_wrong_frames_are_refused(bridge: Bridge, requests: list[pb.PublishRequest]) -> None:
    with channel_to(bridge[0]) as channel, pytest.raises(grpc.RpcError) as refused:
        rpc.LiveServiceStub(channel).Publish(iter(requests), timeout=20)
    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT and refused.value.details().endswith(".")


def test_a_subject_has_one_publisher(bridge: Bridge) -> None:
    _, client = bridge
    more = threading.Event()

    def frames() -> Iterator[tuple[float, list[float]]]:
        yield 0.0, [0.0]
        more.wait(timeout=20)

    with client.watch(takes=False, live=True) as watch:
        events = iter(watch)
        next(events)
        publisher = threading.Thread(target=lambda: client.publish("s", ["a"], frames()))
        publisher.start()
        assert isinstance(next(events), LiveFrame)
        with pytest.raises(BridgeError, match="another name") as refused:
            client.publish("s", ["a"], [])
        assert refused.value.code == "ALREADY_EXISTS"
        more.set()
        publisher.join(timeout=20)
