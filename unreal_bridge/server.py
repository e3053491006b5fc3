"""The server: all services behind one guarded port. ``running`` keeps one in a thread of its own."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from curves.errors import InputError
from curves.rigs import rig_names
from curves.values import BasicEmotion
from unreal_bridge.guard import Guard
from unreal_bridge.hub import Hub
from unreal_bridge.observing import Observe, log, unobserved
from unreal_bridge.reach import check_token, is_loopback
from unreal_bridge.services.analysis import AnalysisService, AnalysisSettings
from unreal_bridge.services.editors import EditorService
from unreal_bridge.services.live import LiveService
from unreal_bridge.services.shared import Shared
from unreal_bridge.services.takes import TakeService
from unreal_bridge.services.uploads import Uploads
from unreal_bridge.store import Store, StoreSettings
from unreal_bridge.wire import MAX_MESSAGE_BYTES, MAX_PART_BYTES, PROTOCOL, pb, rpc

SERVICES = ("TakeService", "EditorService", "LiveService", "AnalysisService", "InfoService")


@dataclass(frozen=True)
class ServerSettings:
    """Where and how to serve. Raises InputError: an address beyond this machine without TLS and a token.

    Attributes:
        host, port: address to listen at; port 0 takes a free one.
        token: what clients must bring; None: nothing, on loopback only.
        certificate, key: PEM files for TLS; both or none.
        max_subscribers, max_uploads, max_calls: at once; a subscriber and an upload are a call each.
        idle_s: how long a client that is to send may be silent.
        grace_s: how long calls may go on once the server is told to stop.
        store: bounds of the store.
        version: said in the handshake.
    """

    host: str = "127.0.0.1"
    port: int = 0
    token: str | None = None
    certificate: Path | None = None
    key: Path | None = None
    max_subscribers: int = 64
    max_uploads: int = 16
    max_calls: int = 256
    idle_s: float = 60.0
    grace_s: float = 10.0
    store: StoreSettings = field(default_factory=StoreSettings)
    version: str = ""

    def __post_init__(self) -> None:
        if (self.certificate is None) != (self.key is None):
            raise InputError("TLS needs both a certificate and its key.")
        check_token(self.token)
        if not is_loopback(self.host) and (self.certificate is None or self.token is None):
            raise InputError(
                f"{self.host} can be reached from other machines: give a TLS certificate, its key and a token, "
                "or serve at 127.0.0.1."
            )


class InfoService(rpc.InfoServiceServicer):
    """See bridge.proto."""

    def __init__(self, shared: Shared, settings: ServerSettings, *, analysis: bool) -> None:
        self._shared, self._settings, self._analysis = shared, settings, analysis

    async def GetServerInfo(self, request: pb.GetServerInfoRequest, context: Any) -> pb.GetServerInfoResponse:  # noqa: ARG002, N802
        store = self._shared.store
        return pb.GetServerInfoResponse(
            server_version=self._settings.version,
            protocol=PROTOCOL,
            store_id=store.store_id,
            last_sequence=await self._shared.run(store.last_sequence),
            analysis=self._analysis,
            rigs=rig_names(),
            emotions=[emotion.value for emotion in BasicEmotion],
            max_part_bytes=MAX_PART_BYTES,
            max_take_bytes=store.settings.max_take_bytes,
        )


class BridgeServer:
    """A server over the takes in ``directory``; without ``analysis``, AnalysisService is UNIMPLEMENTED.

    Made, started and stopped in one event loop. Raises InputError and BridgeError where the directory, the address or
    the TLS files cannot be used.
    """

    def __init__(
        self,
        directory: Path,
        settings: ServerSettings,
        analysis: AnalysisSettings | None = None,
        observe: Observe = unobserved,
    ) -> None:
        self._settings = settings
        store = Store(directory, settings.store)
        try:
            self._shared = Shared(store, Hub(settings.max_subscribers), settings.idle_s)
            loop = asyncio.get_running_loop()

            def announce() -> None:
                loop.call_soon_threadsafe(self._shared.hub.takes_changed)

            store.on_change = announce
            self._analysis = (
                AnalysisService(self._shared, analysis, Uploads(directory / "uploads")) if analysis else None
            )
            self._server = grpc.aio.server(
                interceptors=(Guard(settings.token, observe),),
                options=_OPTIONS,
                maximum_concurrent_rpcs=settings.max_calls,
            )
            self._health = self._add_services()
            self.port = self._listen()
        except BaseException:
            store.close()
            raise

    @property
    def address(self) -> str:
        host = f"[{self._settings.host}]" if ":" in self._settings.host else self._settings.host
        return f"{host}:{self.port}"

    async def start(self) -> None:
        await self._server.start()
        for name in ("", *_full_names()):
            await self._health.set(name, health_pb2.HealthCheckResponse.SERVING)
        log("serving", address=self.address, store_id=self._shared.store.store_id, tls=bool(self._settings.certificate))

    async def stop(self) -> None:
        """Refuses new calls, sends editors away, lets the rest finish within the grace, closes the store."""
        await self._health.enter_graceful_shutdown()
        self._shared.hub.close()
        await self._server.stop(self._settings.grace_s)
        if self._analysis is not None:
            await asyncio.to_thread(self._analysis.close)
        await asyncio.to_thread(self._shared.threads.shutdown)
        self._shared.store.close()
        log("stopped", address=self.address)

    def _add_services(self) -> health.aio.HealthServicer:
        shared, server, settings = self._shared, self._server, self._settings
        rpc.add_TakeServiceServicer_to_server(TakeService(shared, settings.max_uploads), server)
        rpc.add_EditorServiceServicer_to_server(EditorService(shared), server)
        rpc.add_LiveServiceServicer_to_server(LiveService(shared), server)
        if self._analysis is not None:
            rpc.add_AnalysisServiceServicer_to_server(self._analysis, server)
        info = InfoService(shared, settings, analysis=self._analysis is not None)
        rpc.add_InfoServiceServicer_to_server(info, server)
        servicer = health.aio.HealthServicer()
        health_pb2_grpc.add_HealthServicer_to_server(servicer, server)
        reflection.enable_server_reflection((*_full_names(), health.SERVICE_NAME, reflection.SERVICE_NAME), server)
        return servicer

    def _listen(self) -> int:
        settings = self._settings
        host = f"[{settings.host}]" if ":" in settings.host else settings.host
        address = f"{host}:{settings.port}"
        try:
            if settings.certificate is None or settings.key is None:
                return self._server.add_insecure_port(address)
            pair = (settings.key.read_bytes(), settings.certificate.read_bytes())
            return self._server.add_secure_port(address, grpc.ssl_server_credentials([pair]))
        except OSError as error:
            raise InputError(f"{error.filename} cannot be read ({error.strerror}); check the TLS files.") from error
        except RuntimeError as error:
            raise InputError(f"{address} cannot be used; another program may hold it, choose another port.") from error


_OPTIONS = (
    ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
    ("grpc.so_reuseport", 0),  # two servers at one port would share its clients, each with half of the takes
    ("grpc.keepalive_time_ms", 30_000),
    ("grpc.keepalive_timeout_ms", 10_000),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.min_ping_interval_without_data_ms", 5_000),
    ("grpc.max_concurrent_streams", 128),
    ("grpc.max_metadata_size", 16_384),
)


def _full_names() -> tuple[str, ...]:
    return tuple(f"microexpr.v1.{name}" for name in SERVICES)


@contextmanager
def running(
    directory: Path, settings: ServerSettings = ServerSettings(), analysis: AnalysisSettings | None = None
) -> Iterator[BridgeServer]:
    """A server in a thread of its own, started when the block begins and stopped at its end."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="bridge loop", daemon=True)
    thread.start()

    async def begin() -> BridgeServer:
        server = BridgeServer(directory, settings, analysis)
        await server.start()
        return server

    try:
        server = asyncio.run_coroutine_threadsafe(begin(), loop).result()
        try:
            yield server
        finally:
            asyncio.run_coroutine_threadsafe(server.stop(), loop).result()
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
