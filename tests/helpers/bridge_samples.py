"""Servers, clients and takes that the tests of the bridge share."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc

from curves.values import Take
from unreal_bridge.client import BridgeClient
from unreal_bridge.connection import ClientSettings
from unreal_bridge.convert import digest, take_to_parts
from unreal_bridge.server import BridgeServer, ServerSettings, running
from unreal_bridge.services.analysis import AnalysisSettings
from unreal_bridge.wire import pb, rpc


@contextmanager
def served(
    directory: Path, analysis: AnalysisSettings | None = None, **settings: Any
) -> Iterator[tuple[BridgeServer, BridgeClient]]:
    """A server on a free port, and a client of it that does not try again."""
    with running(directory, ServerSettings(**{"grace_s": 0.5, **settings}), analysis) as server:
        client = BridgeClient(ClientSettings(f"127.0.0.1:{server.port}", retries=0, timeout_s=20))
        with client:
            yield server, client


@contextmanager
def channel_to(server: BridgeServer) -> Iterator[grpc.Channel]:
    with grpc.insecure_channel(f"127.0.0.1:{server.port}") as channel:
        yield channel


def put_requests(take: Take, take_id: str, *, replace: bool = False) -> list[pb.PutTakeRequest]:
    """A whole PutTake call."""
    parts = list(take_to_parts(take))
    return [
        pb.PutTakeRequest(open=pb.PutTakeOpen(take_id=take_id, replace=replace)),
        pb.PutTakeRequest(header=parts[0]),
        *(pb.PutTakeRequest(chunk=part) for part in parts[1:]),
        pb.PutTakeRequest(commit=pb.PutTakeCommit(sha256=digest(parts))),
    ]


def put(channel: grpc.Channel, requests: Sequence[pb.PutTakeRequest]) -> Any:
    return rpc.TakeServiceStub(channel).PutTake(iter(requests), timeout=20)
