"""The client's border: a channel with TLS, token and deadlines; gRPC's errors as BridgeError; retries with backoff."""

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import grpc

from curves.errors import InputError
from unreal_bridge.errors import BridgeError
from unreal_bridge.reach import check_token, is_loopback, split_address
from unreal_bridge.wire import MAX_MESSAGE_BYTES

T = TypeVar("T")

DEFAULT_ADDRESS = "127.0.0.1:50551"


@dataclass(frozen=True)
class ClientSettings:
    """How to reach a server. Raises InputError: no address, another machine without TLS, an impossible token.

    Attributes:
        address: HOST:PORT; without TLS this machine only, so that neither takes nor the token travel in the open.
        token: sent with every call; None: none.
        root_certificate: PEM file of who vouches for the server's certificate: turns TLS on.
        timeout_s: of a call that is one question and one answer; also how long a call is tried again that the server
            puts off (ABORTED: too many takes arrive, or a take changed while it was read).
        retries: how often a call is tried again that found no server, waiting 0.1 s, then twice as long each time.
    """

    address: str = DEFAULT_ADDRESS
    token: str | None = None
    root_certificate: Path | None = None
    timeout_s: float = 30.0
    retries: int = 5

    def __post_init__(self) -> None:
        found = split_address(self.address)
        if found is None:
            raise InputError(
                f"{self.address!r} is no server; write HOST:PORT, the port 1 to 65535, such as {DEFAULT_ADDRESS}."
            )
        check_token(self.token)
        if self.root_certificate is None and not is_loopback(found[0]):
            raise InputError(
                f"{found[0]} is another machine: say with a PEM file who vouches for it (--tls-root), which turns TLS "
                "on, or use 127.0.0.1."
            )


def open_channel(settings: ClientSettings) -> grpc.Channel:
    """The channel; nothing is sent yet. Raises InputError: the certificate cannot be read."""
    options = [
        ("grpc.max_receive_message_length", 4 * 2**20),
        ("grpc.max_send_message_length", MAX_MESSAGE_BYTES),
        ("grpc.keepalive_time_ms", 30_000),
        ("grpc.keepalive_timeout_ms", 10_000),
        ("grpc.initial_reconnect_backoff_ms", 100),
        ("grpc.min_reconnect_backoff_ms", 100),
        ("grpc.max_reconnect_backoff_ms", 2_000),
        # A channel of its own: else a client inherits the back-off of another one in this process and fails at once.
        ("grpc.use_local_subchannel_pool", 1),
        ("grpc.enable_http_proxy", 0),  # the address is what the user says
    ]
    if settings.root_certificate is None:
        return grpc.insecure_channel(settings.address, options)
    try:
        root = settings.root_certificate.read_bytes()
    except OSError as error:
        raise InputError(f"{settings.root_certificate} cannot be read ({error.strerror}); check the path.") from error
    return grpc.secure_channel(settings.address, grpc.ssl_channel_credentials(root), options)


@contextmanager
def translated(settings: ClientSettings) -> Iterator[None]:
    """gRPC's errors as BridgeError."""
    try:
        yield
    except grpc.RpcError as error:
        raise _bridge_error(error, settings) from error


def attempted(settings: ClientSettings, work: Callable[[], T]) -> T:
    """What ``work`` gives; tried again while no server answers or it puts us off. Only for what may be done twice."""
    until = time.monotonic() + settings.timeout_s
    unanswered = put_off = 0
    while True:
        try:
            with translated(settings):
                return work()
        except BridgeError as error:
            if error.code == "UNAVAILABLE" and unanswered < settings.retries:
                unanswered += 1
            elif error.code == "ABORTED" and time.monotonic() < until:
                put_off += 1
            else:
                raise
        pause(unanswered + put_off - 1)


def pause(attempt: int) -> None:
    """Waits before the next attempt."""
    time.sleep(backoff_s(attempt))


def backoff_s(attempt: int) -> float:
    """Seconds before the next attempt: 0.1, doubling up to 5, a random part of it so that clients come apart."""
    return min(5.0, 0.1 * 2.0 ** min(attempt, 10)) * random.uniform(0.5, 1.0)  # noqa: S311  # no secret


def _bridge_error(error: Any, settings: ClientSettings) -> BridgeError:
    code, details = error.code().name, " ".join((error.details() or "").split())
    if code == "UNAVAILABLE":
        hint = "start it with 'microexpr serve', or check address, TLS certificate and token"
        return BridgeError(code, f"No server answers at {settings.address} ({details[:200]}); {hint}.")
    if code == "DEADLINE_EXCEEDED":
        return BridgeError(code, f"{settings.address} did not answer in time; try again. {details}".strip())
    if code == "UNIMPLEMENTED":
        return BridgeError(code, f"The server at {settings.address} does not offer this ({details}).")
    return BridgeError(code, details or f"The server at {settings.address} answered {code}.")
