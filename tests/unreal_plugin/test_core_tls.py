"""The core library and TLS: with whom it speaks, with whom it does not, and how soon it says so."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from certificates import certificate
from core_library import DEADLINE_EXCEEDED, OK, UNAUTHENTICATED, UNAVAILABLE, Client, needs_core
from format_samples import asymmetric

pytest.importorskip("grpc", reason="the bridge is not installed: pip install -e '.[bridge]'")

from unreal_bridge.client import BridgeClient
from unreal_bridge.connection import ClientSettings
from unreal_bridge.server import ServerSettings, running

pytestmark = needs_core
TOKEN = "open-sesame"  # noqa: S105
#: A refused handshake and none in time look alike to a client that is in a hurry.
REFUSED = (UNAVAILABLE, DEADLINE_EXCEEDED)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The server's certificate, its key's path beside it, and another's certificate."""
    folder = tmp_path_factory.mktemp("tls")
    studio, key = certificate(folder, "studio")
    other, _ = certificate(folder, "other")
    return {"root": studio.read_bytes(), "other": other.read_bytes(), "cert": bytes(studio), "key": bytes(key)}


@pytest.fixture(scope="module")
def address(files: dict[str, bytes], tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    cert, key = (Path(files[name].decode()) for name in ("cert", "key"))
    with running(
        tmp_path_factory.mktemp("data"), ServerSettings(certificate=cert, key=key, token=TOKEN, grace_s=0.2)
    ) as server:
        with BridgeClient(ClientSettings(server.address, token=TOKEN, root_certificate=cert)) as pusher:
            pusher.push(asymmetric(), "talk")
        yield server.address


def asked(address: str, **options: Any) -> tuple[int, str]:
    """Status and message of a handshake."""
    with Client(address, deadline_ms=3000, **options) as client:
        code, call = client.ask("info")
        message = client.library.microexpr_call_message(call).decode()
        client.library.microexpr_call_destroy(call)
    return code, message


def test_the_right_root_and_token_open_the_door(address: str, files: dict[str, bytes]) -> None:
    with Client(address, TOKEN, tls_root_pem=files["root"]) as client:
        code, call = client.ask("fetch", b"talk")
        client.library.microexpr_call_destroy(call)
    assert code == OK


def test_who_the_root_does_not_vouch_for_is_not_spoken_to(address: str, files: dict[str, bytes]) -> None:
    code, message = asked(address, token=TOKEN, tls_root_pem=files["other"])
    assert code in REFUSED and address in message


def test_another_name_than_the_certificates_is_not_spoken_to(address: str, files: dict[str, bytes]) -> None:
    code, _ = asked(address, token=TOKEN, tls_root_pem=files["root"], tls_server_name=b"elsewhere")
    assert code in REFUSED


def test_a_plain_client_at_a_tls_port_is_told_something(address: str) -> None:
    code, message = asked(address, token=TOKEN)
    assert code in REFUSED and address in message


@pytest.mark.parametrize("token", ["wrong", None])
def test_tls_alone_is_not_enough(address: str, files: dict[str, bytes], token: str | None) -> None:
    code, message = asked(address, token=token, tls_root_pem=files["root"])
    assert code == UNAUTHENTICATED and "token" in message


def test_a_tls_client_at_a_plain_port_is_told_something(tmp_path: Path, files: dict[str, bytes]) -> None:
    with running(tmp_path, ServerSettings(grace_s=0.2)) as server:
        assert asked(server.address, tls_root_pem=files["root"])[0] in REFUSED
