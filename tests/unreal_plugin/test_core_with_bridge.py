"""The core library against the real server: what Python pushes is what a host reads, whatever breaks meanwhile."""

import ctypes as c
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from core_library import (
    MEASURE,
    NOT_FOUND,
    OK,
    UNAUTHENTICATED,
    WATCH,
    Client,
    Curve,
    Mapping,
    Part,
    ServerInfo,
    needs_core,
)
from format_samples import sample

pytest.importorskip("grpc", reason="the bridge is not installed: pip install -e '.[bridge]'")
connection = pytest.importorskip("unreal_bridge.connection", reason="the bridge's server is not here")

from unreal_bridge.client import BridgeClient  # noqa: E402
from unreal_bridge.convert import take_to_parts  # noqa: E402
from unreal_bridge.server import ServerSettings, running  # noqa: E402

pytestmark = needs_core
SERVER = """
import sys
from pathlib import Path
from unreal_bridge.server import ServerSettings
from unreal_bridge.serving import serve
serve(Path(sys.argv[1]), ServerSettings(port=int(sys.argv[2])), ready=lambda address: print(address, flush=True))
"""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Any]:
    with running(tmp_path / "data", ServerSettings(grace_s=0.5)) as found:
        yield found


def python_client(address: str, retries: int = 0) -> BridgeClient:
    return BridgeClient(connection.ClientSettings(address, retries=retries, timeout_s=20))


def curves_of(client: Client, call: c.c_void_p) -> dict[str, list[tuple[float, float, float, float]]]:
    """Curves of the take that a call fetched: time, value and tangents of each key."""
    take = c.c_void_p()
    assert client.library.microexpr_call_get_take(call, c.byref(take)) == OK
    found, curve = {}, Curve()
    position = 0
    while client.library.microexpr_take_get_curve(take, position, c.byref(curve)) == OK:
        keys = [curve.keys[i] for i in range(curve.key_count)]
        found[curve.name.decode()] = [(k.time, k.value, k.arrive_tangent, k.leave_tangent) for k in keys]
        position += 1
    client.library.microexpr_take_release(take)
    return found


def as_float(number: float) -> float:
    return c.c_float(number).value


def test_a_pushed_take_is_read_as_it_was(server: Any) -> None:
    take = sample()
    with python_client(server.address) as pusher:
        pusher.push(take, "sample")
    with Client(server.address) as client:
        code, call = client.ask("fetch", b"sample")
        assert code == OK, client.library.microexpr_call_message(call)
        found = curves_of(client, call)
        client.library.microexpr_call_destroy(call)
        code, call = client.ask("fetch", b"other")
        client.library.microexpr_call_destroy(call)
    assert code == NOT_FOUND
    assert found == {
        curve.name: [
            tuple(map(as_float, (key.time, key.value, key.arrive_tangent, key.leave_tangent))) for key in curve.keys
        ]
        for curve in take.curves
    }


def test_handshake_push_and_remap(server: Any) -> None:
    parts = list(take_to_parts(sample()))
    given = (Part * len(parts))(*(Part(part, len(part)) for part in parts))
    with Client(server.address) as client:
        code, call = client.ask("info")
        info = ServerInfo()
        assert (code, client.library.microexpr_call_get_info(call, c.byref(info))) == (OK, OK)
        with python_client(server.address) as reader:
            assert (info.protocol, info.store_id.decode()) == (1, reader.info().store_id)
        assert {info.rigs[i].decode() for i in range(info.rig_count)} >= {"facs", "arkit", "metahuman"}
        client.library.microexpr_call_destroy(call)
        for already in (0, 1):
            code, call = client.ask("push", b"from-c", 0, given, c.c_size_t(len(parts)))
            stored = c.c_int(-1)
            assert (code, client.library.microexpr_call_get_already_stored(call, c.byref(stored))) == (OK, OK)
            assert stored.value == already
            client.library.microexpr_call_destroy(call)
        mapping = Mapping(rig=b"arkit", intensity=0.5, gain=float("nan"), tolerance=float("nan"))
        code, call = client.ask("remap", b"from-c", c.byref(mapping))
        assert code == OK, client.library.microexpr_call_message(call)
        assert curves_of(client, call)
        client.library.microexpr_call_destroy(call)
    with python_client(server.address) as reader:
        assert reader.get("from-c")[0].curves == sample().curves


def test_the_token_is_brought(tmp_path: Path) -> None:
    with running(tmp_path / "data", ServerSettings(token="secret", grace_s=0.5)) as guarded:  # noqa: S106
        for token, expected in (("secret", OK), ("wrong", UNAUTHENTICATED), (None, UNAUTHENTICATED)):
            with Client(guarded.address, token) as client:
                code, call = client.ask("info")
                client.library.microexpr_call_destroy(call)
            assert code == expected


def test_the_benchmarks_program_hears_every_frame_and_reads_every_key(server: Any) -> None:
    command = [str(MEASURE), "live", server.address, "2"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)  # noqa: S603
    assert process.stdout is not None and process.stdout.readline() == "ready\n"
    with python_client(server.address) as client:
        client.publish("face", ["a", "b"], ((k / 60, [0.0, 1.0]) for k in range(20)))
        *delays, last = process.communicate(timeout=20)[0].splitlines()
        assert len(delays) + int(last.split()[1]) == 2 * 20
        assert all(0 <= float(delay) < 20 for delay in delays)
        client.push(sample(), "talk")
        fetch = [str(MEASURE), "fetch", server.address, "talk"]
        said = subprocess.run(fetch, capture_output=True, text=True, check=True, timeout=20).stdout.split()  # noqa: S603
    assert int(said[1]) == sum(len(curve.keys) for curve in sample().curves)


def start_server(data: Path, port: int = 0) -> tuple[subprocess.Popen[str], str]:
    process = subprocess.Popen(  # noqa: S603
        [sys.executable, "-c", SERVER, str(data), str(port)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    return process, process.stdout.readline().strip()


def watch(address: str, count: int, store: tuple[str, str] | None = None) -> subprocess.Popen[str]:
    command = [str(WATCH), address, str(count), "120", *(store or ())]
    environment = {**os.environ, "MICROEXPR_TOKEN": ""}
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)  # noqa: S603


def committed(lines: list[str]) -> list[dict[str, str]]:
    rows = [dict(word.split("=") for word in line.split()[1:]) for line in lines if line.startswith("committed ")]
    assert all(row["status"] == "0" for row in rows)
    return rows


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="a process cannot be killed in the same way there")
def test_a_killed_server_loses_and_doubles_nothing(tmp_path: Path) -> None:
    """Takes are pushed while the server is killed and comes back; a host that comes back too goes on where it was."""
    take, total = sample(), 24
    process, address = start_server(tmp_path / "data")
    port = int(address.rpartition(":")[2])
    watcher = watch(address, 16)
    fifth = [threading.Event() for _ in range(total // 5)]

    def push_all() -> None:
        with python_client(address, retries=8) as pusher:
            for number in range(total):
                pusher.push(take, f"take-{number}")
                if number % 5 == 4:
                    fifth[number // 5].set()

    pushing = threading.Thread(target=push_all)
    pushing.start()
    for event in fifth:  # the next one is on its way
        assert event.wait(60)
        process.kill()
        process.wait()
        process, _ = start_server(tmp_path / "data", port)
    try:
        first = watcher.communicate(timeout=120)[0].splitlines()
        rows = committed(first)
        second = watch(address, total - len(rows), (rows[-1]["store"], rows[-1]["resume"]))
        rows += committed(second.communicate(timeout=120)[0].splitlines())
        pushing.join(timeout=60)
    finally:
        process.kill()
        process.wait()
    assert [row["id"] for row in rows] == [f"take-{number}" for number in range(total)]
    assert [int(row["resume"]) for row in rows] == sorted({int(row["resume"]) for row in rows})
    assert {int(row["curves"]) for row in rows} == {len(take.curves)}
    assert "lost" in {line.split()[0] for line in first}
