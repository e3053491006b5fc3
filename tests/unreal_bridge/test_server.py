"""A real server on a free port: what each call does, and the status code and sentence of each refusal."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import grpc
import pytest
from bridge_samples import channel_to, put, put_requests, served
from format_samples import asymmetric, bare_take, bump, sample
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from curves.build import KeySettings, build_curves
from curves.errors import InputError
from curves.formats import take_to_json
from curves.modulate import Modulation
from curves.rigs import load_rig
from curves.values import BasicEmotion
from unreal_bridge.client import BridgeClient
from unreal_bridge.errors import BridgeError
from unreal_bridge.server import BridgeServer, ServerSettings
from unreal_bridge.wire import PROTOCOL, pb, rpc

Bridge = tuple[BridgeServer, BridgeClient]


@pytest.fixture(scope="module")
def bridge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bridge]:
    with served(tmp_path_factory.mktemp("data")) as made:
        yield made


@pytest.fixture
def channel(bridge: Bridge) -> Iterator[grpc.Channel]:
    with channel_to(bridge[0]) as made:
        yield made


def refusal(work: Callable[[], Any]) -> tuple[str, str]:
    with pytest.raises((grpc.RpcError, BridgeError)) as refused:
        work()
    error: Any = refused.value
    if isinstance(error, BridgeError):
        return error.code, str(error)
    return error.code().name, error.details()


# --- takes -----------------------------------------------------------------------------------------------------------


def test_a_take_pushed_is_the_take_fetched(bridge: Bridge) -> None:
    _, client = bridge
    heard: list[tuple[int, int]] = []
    info, already = client.push(sample(), "talk-1", progress=lambda done, total: heard.append((done, total)))
    assert not already and heard[-1][0] == heard[-1][1] == info.content_bytes
    take, again = client.get("talk-1")
    assert json.dumps(take_to_json(take)) == json.dumps(take_to_json(sample()))
    assert again == info
    assert (info.emotion, info.event_count, info.curve_count, info.duration_s) == ("disgust", 1, 2, 1.5)
    assert info.events == sample().events and len(info.sha256) == 64


def test_the_same_again_is_no_error_and_another_is(bridge: Bridge) -> None:
    _, client = bridge
    first, already = client.push(bare_take(bump("a", 0.1)), "same")
    again, already_again = client.push(bare_take(bump("a", 0.1)), "same")
    assert (already, already_again) == (False, True) and again == first
    code, message = refusal(lambda: client.push(bare_take(bump("a", 0.2)), "same"))
    assert code == "ALREADY_EXISTS" and "same" in message
    replaced, _ = client.push(bare_take(bump("a", 0.2)), "same", replace=True)
    assert replaced.sequence > first.sequence
    assert client.get("same")[0].curves == (bump("a", 0.2),)


def test_lists_come_newest_first_page_by_page(bridge: Bridge) -> None:
    _, client = bridge
    for number in range(5):
        client.push(bare_take(), f"page-{number}")
    found = [info.take_id for info in client.list(page_size=2)]
    assert found[:5] == [f"page-{number}" for number in (4, 3, 2, 1, 0)] and len(found) == len(set(found))
    client.delete("page-3")
    assert "page-3" not in [info.take_id for info in client.list(page_size=1)]
    assert refusal(lambda: client.delete("page-3"))[0] == "NOT_FOUND"
    assert refusal(lambda: client.get("page-3"))[0] == "NOT_FOUND"


@pytest.mark.parametrize("token", ["x", "0" * 32 + "-1", "-1", "\0"])
def test_page_tokens_of_others_are_refused(channel: grpc.Channel, token: str) -> None:
    stub = rpc.TakeServiceStub(channel)
    assert refusal(lambda: stub.ListTakes(pb.ListTakesRequest(page_token=token)))[0] == "INVALID_ARGUMENT"


def wrong_uploads() -> dict[str, tuple[str, list[pb.PutTakeRequest]]]:
    opened, header, chunk, commit = put_requests(asymmetric(), "wrong")
    large = pb.PutTakeRequest(chunk=b"\0" * 65_537)
    return {
        "nothing": ("INVALID_ARGUMENT", []),
        "no id": ("INVALID_ARGUMENT", [header, chunk, commit]),
        "no commit": ("INVALID_ARGUMENT", [opened, header, chunk]),
        "no header": ("INVALID_ARGUMENT", [opened, chunk, commit]),
        "header alone": ("DATA_LOSS", [opened, header, commit]),
        "nothing but a commit": ("INVALID_ARGUMENT", [opened, commit]),
        "opened twice": ("INVALID_ARGUMENT", [opened, opened]),
        "header twice": ("INVALID_ARGUMENT", [opened, header, header]),
        "chunk twice": ("INVALID_ARGUMENT", [opened, header, chunk, chunk, commit]),
        "empty message": ("INVALID_ARGUMENT", [opened, pb.PutTakeRequest()]),
        "long part": ("INVALID_ARGUMENT", [opened, header, large]),
        "very long part": ("RESOURCE_EXHAUSTED", [opened, header, pb.PutTakeRequest(chunk=b"\0" * 300_000)]),
        "no chunk": ("INVALID_ARGUMENT", [opened, header, pb.PutTakeRequest(chunk=b"\xff")]),
        "other digest": ("DATA_LOSS", [opened, header, chunk, pb.PutTakeRequest(commit=pb.PutTakeCommit(sha256=b"x"))]),
        "no name": ("INVALID_ARGUMENT", [pb.PutTakeRequest(open=pb.PutTakeOpen())]),
        "path": ("INVALID_ARGUMENT", [pb.PutTakeRequest(open=pb.PutTakeOpen(take_id="../up"))]),
        "long name": ("INVALID_ARGUMENT", [pb.PutTakeRequest(open=pb.PutTakeOpen(take_id="a" * 129))]),
    }


@pytest.mark.parametrize("name", wrong_uploads())
def test_wrong_uploads_are_refused_and_leave_nothing(bridge: Bridge, channel: grpc.Channel, name: str) -> None:
    code, requests = wrong_uploads()[name]
    got, message = refusal(lambda: put(channel, requests))
    assert got == code and message
    assert refusal(lambda: bridge[1].get("wrong"))[0] == "NOT_FOUND"


def test_a_take_may_be_too_large(tmp_path: Path) -> None:
    from unreal_bridge.store import StoreSettings  # noqa: PLC0415

    with served(tmp_path, store=StoreSettings(max_take_bytes=500)) as (_, client):
        code, message = refusal(lambda: client.push(asymmetric(), "large"))
        assert code == "RESOURCE_EXHAUSTED" and "500 bytes" in message
        client.push(bare_take(), "small")


# --- remap -----------------------------------------------------------------------------------------------------------


def test_remap_builds_what_curves_builds(bridge: Bridge) -> None:
    _, client = bridge
    client.push(asymmetric(), "remap")
    take = client.remap("remap", "arkit", emotion="fear", intensity=0.5, gain=1.5, keys="exact", tolerance=0.01)
    wanted = build_curves(
        asymmetric().tracks,
        load_rig("arkit"),
        Modulation(BasicEmotion.FEAR, intensity=0.5, gain=1.5),
        KeySettings("exact", 0.01),
        duration_s=asymmetric().duration_s,
        no_face=asymmetric().no_face,
    )
    assert take.curves == wanted and wanted
    assert take.provenance["remapped"]["rig"] == "arkit"
    assert client.get("remap")[0].curves == tuple(sorted(asymmetric().curves, key=lambda curve: curve.name))
    assert client.remap("remap", "metahuman").curves == build_curves(
        asymmetric().tracks, load_rig("metahuman"), duration_s=asymmetric().duration_s, no_face=asymmetric().no_face
    )


@pytest.mark.parametrize(
    "wrong",
    [
        {"rig": "../rig.toml"}, {"rig": "pyproject.toml"}, {"emotion": "joy"}, {"intensity": 1.5},
        {"intensity": float("nan")}, {"gain": -1.0}, {"gain": float("inf")}, {"tolerance": 0.0}, {"tolerance": 0.3},
        {"tolerance": 1e-9}, {"tolerance": float("nan")}, {"key_mode": 7},
    ],
)  # fmt: skip
def test_wrong_remaps_are_refused(channel: grpc.Channel, bridge: Bridge, wrong: dict[str, Any]) -> None:
    bridge[1].push(asymmetric(), "wrong-remap")
    request = pb.RemapTakeRequest(**{"take_id": "wrong-remap", "rig": "facs", **wrong})
    code, message = refusal(lambda: list(rpc.TakeServiceStub(channel).RemapTake(request)))
    assert code == "INVALID_ARGUMENT" and message.endswith("."), message


def test_without_tracks_there_is_nothing_to_remap(bridge: Bridge) -> None:
    bridge[1].push(bare_take(bump("a", 0.3)), "no-tracks")
    assert refusal(lambda: bridge[1].remap("no-tracks", "facs"))[0] == "FAILED_PRECONDITION"
    assert refusal(lambda: bridge[1].remap("nobody", "facs"))[0] == "NOT_FOUND"


# --- the rest --------------------------------------------------------------------------------------------------------


def test_the_handshake_says_what_the_server_is(bridge: Bridge) -> None:
    info = bridge[1].info()
    assert info.protocol == PROTOCOL and re.fullmatch("[0-9a-f]{32}", info.store_id) and not info.analysis
    assert list(info.rigs) == ["facs", "arkit", "metahuman"] and "fear" in info.emotions
    assert info.max_part_bytes == 65_536


def test_health_and_reflection_answer(channel: grpc.Channel) -> None:
    stub = health_pb2_grpc.HealthStub(channel)
    for service in ("", "microexpr.v1.TakeService"):
        answer = stub.Check(health_pb2.HealthCheckRequest(service=service))
        assert answer.status == health_pb2.HealthCheckResponse.SERVING
    assert refusal(lambda: stub.Check(health_pb2.HealthCheckRequest(service="x")))[0] == "NOT_FOUND"
    request = reflection_pb2.ServerReflectionRequest(list_services="")
    answers = reflection_pb2_grpc.ServerReflectionStub(channel).ServerReflectionInfo(iter([request]))
    names = {service.name for service in next(iter(answers)).list_services_response.service}
    assert {"microexpr.v1.TakeService", "microexpr.v1.EditorService", "grpc.health.v1.Health"} <= names


def test_without_analysis_it_is_unimplemented(bridge: Bridge) -> None:
    code, message = refusal(lambda: bridge[1].analyse("a.mp4", upload=False))
    assert code == "UNIMPLEMENTED" and message


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"host": "0.0.0.0"}, "certificate, its key and a token"),  # noqa: S104  # the very thing that is refused
        ({"host": "::"}, "certificate"),
        ({"host": "studio.example"}, "token"),
        ({"host": "192.168.0.5", "token": "t"}, "certificate"),
        ({"host": "192.168.0.5", "certificate": Path("c"), "key": Path("k")}, "token"),
        ({"certificate": Path("c")}, "key"),
        ({"token": ""}, "token"),
        ({"token": "ä"}, "token"),
        ({"token": "open sesame"}, "without spaces"),
    ],
)
def test_addresses_beyond_this_machine_need_tls_and_a_token(wrong: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        ServerSettings(**wrong)


def test_a_port_in_use_and_a_folder_in_use_are_refused(bridge: Bridge, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="another port"), served(tmp_path, port=bridge[0].port):
        pass
    with (
        served(tmp_path),
        pytest.raises(InputError, match="in use by another server"),
        served(tmp_path),
    ):
        pass


def test_takes_outlive_the_server(tmp_path: Path) -> None:
    with served(tmp_path) as (_, client):
        info, _ = client.push(asymmetric(), "kept")
        store_id = client.info().store_id
    with served(tmp_path) as (_, client):
        assert client.info().store_id == store_id
        take, again = client.get("kept")
        assert again == info
        assert json.dumps(take_to_json(take)) == json.dumps(take_to_json(asymmetric()))


def test_names_that_differ_in_case_are_two_takes(bridge: Bridge) -> None:
    bridge[1].push(bare_take(), "Case")
    bridge[1].push(replace(bare_take(), duration_s=2.0), "case")
    assert bridge[1].get("Case")[1].duration_s == 1.0
