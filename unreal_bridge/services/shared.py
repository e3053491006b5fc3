"""What services share: the store, the hub, threads for what blocks, and waiting for a client with a limit."""

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from typing import ParamSpec, TypeVar

from curves.errors import FormatError
from unreal_bridge.errors import BridgeError
from unreal_bridge.hub import Hub
from unreal_bridge.observing import log
from unreal_bridge.store import Store
from unreal_bridge.wire import pb

P = ParamSpec("P")
T = TypeVar("T")


@dataclass
class Shared:
    """Handed to every service. ``idle_s``: how long a client that is to send may be silent."""

    store: Store
    hub: Hub
    idle_s: float
    threads: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(8, thread_name_prefix="bridge"))

    async def run(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """What blocks, in a thread. Cancelled, it is not waited for, and its result is lost."""
        future = self.threads.submit(work, *args, **kwargs)
        return await asyncio.wrap_future(future)

    def later(self, work: Callable[[], None]) -> None:
        """Tidying that nobody waits for; done before the server ends."""

        def report(future: "Future[None]") -> None:
            if error := future.exception():
                log("tidying failed", error=str(error))

        with suppress(RuntimeError):  # the threads are gone: the store tidies up when it opens
            self.threads.submit(work).add_done_callback(report)

    async def next_of(self, requests: AsyncIterator[T]) -> T | None:
        """The client's next message, or None at its end. BridgeError DEADLINE_EXCEEDED: it said nothing for long."""
        try:
            async with asyncio.timeout(self.idle_s):
                return await anext(requests)
        except StopAsyncIteration:
            return None
        except TimeoutError as error:
            raise BridgeError(
                "DEADLINE_EXCEEDED", f"Nothing came for {self.idle_s:g} s; check the connection and try again."
            ) from error


def part_kind(message: object, oneof: str) -> str:
    """Which field of a oneof is set. Raises FormatError: none that this version knows."""
    kind: str | None = message.WhichOneof(oneof)  # type: ignore[attr-defined]
    if kind is None:
        raise FormatError(f"{type(message).__name__}: it is empty, or of a newer version than this server.")
    return kind


def as_part(position: int, part: bytes) -> pb.TakePart:
    """A take's part at a position, 0 being its header."""
    return pb.TakePart(header=part) if position == 0 else pb.TakePart(chunk=part)
