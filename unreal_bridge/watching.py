"""What an editor gets: updates in order, over lost connections, each take and deletion once."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from types import TracebackType
from typing import Any, Self

from curves.values import Take
from unreal_bridge.connection import ClientSettings, backoff_s, translated
from unreal_bridge.errors import BridgeError
from unreal_bridge.incoming import TakeReader
from unreal_bridge.info import TakeInfo, read_summary
from unreal_bridge.wire import pb


@dataclass(frozen=True)
class Connected:
    """A connection was made, for the first time or again. ``reset``: the store is not what it was, forget the old."""

    store_id: str
    last_sequence: int
    reset: bool


@dataclass(frozen=True)
class Committed:
    """A take is there; ``take`` is its content if it was asked for."""

    info: TakeInfo
    take: Take | None


@dataclass(frozen=True)
class Deleted:
    take_id: str


@dataclass(frozen=True)
class LiveFrame:
    """Values of a subject by control; ``sent_unix_s``: by the publisher's clock, 0 if it does not say."""

    subject: str
    time_s: float
    values: dict[str, float]
    dropped: int
    sent_unix_s: float


@dataclass(frozen=True)
class LiveEnded:
    subject: str


#: What ends a connection but may not be there the next time, once a server has welcomed us; as in the C core.
_PASSING = frozenset(
    {"UNAVAILABLE", "CANCELLED", "UNKNOWN", "ABORTED", "DEADLINE_EXCEEDED", "RESOURCE_EXHAUSTED", "INTERNAL"}
)

Event = Connected | Committed | Deleted | LiveFrame | LiveEnded


class Assembly:
    """A take that comes in TakeParts: summary, header, chunks, end."""

    def __init__(self, take_id: str) -> None:
        self._take_id = take_id
        self._reader = TakeReader(f"take {take_id}")
        self._digest = sha256()
        self._info: TakeInfo | None = None
        self._end: bytes | None = None

    def add(self, part: pb.TakePart) -> None:
        """The next part. Raises FormatError."""
        kind = part.WhichOneof("part")
        if kind == "summary":
            self._info = read_summary(part.summary)
        elif kind in ("header", "chunk"):
            data = getattr(part, kind)
            (self._reader.header if kind == "header" else self._reader.chunk)(data)
            self._digest.update(data)
        elif kind == "end":
            self._end = part.end.sha256

    def take(self) -> Take:
        """The take, after its end. BridgeError DATA_LOSS, FormatError."""
        if self._end != self._digest.digest():
            raise BridgeError("DATA_LOSS", f"Take {self._take_id} did not arrive whole; try again.")
        return self._reader.take()

    def result(self) -> tuple[Take, TakeInfo]:
        """The take and its summary."""
        take = self.take()
        if self._info is None:
            raise BridgeError("DATA_LOSS", f"Take {self._take_id} came without its summary; update the server.")
        return take, self._info


class Watch:
    """An endless iterator of events; ``close`` ends it, from any thread.

    The first connection is tried as often as the settings say. Once there was one, a lost connection is made anew for
    as long as it takes, and ``on_lost`` hears why it was lost, once a loss; Connected tells that it is back.

    ``store_id`` and ``sequence`` say how far it came: kept, and handed to the next watch, nothing is told twice and
    nothing left out. They move when the event that they count is dealt with: when ``done`` is called, or the next event
    is asked for.
    """

    def __init__(
        self, settings: ClientSettings, subscribe: Callable[[str, int], Any], *, store_id: str, since: int
    ) -> None:
        self._settings, self._subscribe = settings, subscribe
        self.store_id, self.sequence = store_id, since
        self._reached = (store_id, since)
        #: Called in the thread that iterates.
        self.on_lost: Callable[[str], None] = lambda _: None
        self._welcomed = False
        self._closed = threading.Event()
        self._lock = threading.Lock()
        self._call: Any = None

    def done(self) -> None:
        """The event handed out last is dealt with: after a restart it need not be told again."""
        self.store_id, self.sequence = self._reached

    def close(self) -> None:
        self._closed.set()
        with self._lock:
            if self._call is not None:
                self._call.cancel()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __iter__(self) -> Iterator[Event]:
        attempt = 0
        while not self._closed.is_set():
            reason = "The server ended the connection."
            try:
                with translated(self._settings):
                    for event in self._connected():
                        attempt = 0
                        yield event
            except BridgeError as error:
                if self._closed.is_set():
                    return
                if not self._may_try_again(error, attempt):
                    raise
                reason = str(error)
            if self._welcomed and attempt == 0 and not self._closed.is_set():
                self.on_lost(reason)
            self._closed.wait(backoff_s(attempt))
            attempt += 1

    def _may_try_again(self, error: BridgeError, attempt: int) -> bool:
        if self._welcomed:
            return error.code in _PASSING
        return error.code == "UNAVAILABLE" and attempt < self._settings.retries

    def _connected(self) -> Iterator[Event]:
        """The events of one connection."""
        with self._lock:
            if self._closed.is_set():
                return
            self._call = call = self._subscribe(self.store_id, self.sequence)
        stream = _Stream()
        store_id = self.store_id
        for update in call:
            if update.WhichOneof("event") == "welcome":
                store_id = update.welcome.store_id
                self._welcomed = True
                if update.welcome.reset:  # else, lost before the first take, we would name what is of the old store
                    self._reached = (store_id, 0)
            event = stream.read(update)
            if update.resume_sequence:
                self._reached = (store_id, update.resume_sequence)
            if event is not None:
                yield event
            self.done()


class _Stream:
    """Updates of one connection made into events: takes put together, subjects named."""

    def __init__(self) -> None:
        self._pending: tuple[TakeInfo, Assembly] | None = None
        self._subjects: dict[int, pb.LiveHeader] = {}

    def read(self, update: pb.Update) -> Event | None:
        kind = update.WhichOneof("event")
        if kind == "welcome":
            welcome = update.welcome
            return Connected(welcome.store_id, welcome.last_sequence, welcome.reset)
        if kind == "committed":
            info = read_summary(update.committed)
            if update.resume_sequence:
                return Committed(info, None)
            self._pending = (info, Assembly(info.take_id))
        elif kind == "part":
            return self._part(update.part)
        elif kind == "deleted":
            return Deleted(update.deleted.take_id)
        elif kind == "live":
            return self._live(update.live)
        return None

    def _part(self, part: pb.TakePart) -> Event | None:
        if self._pending is None:
            raise BridgeError("DATA_LOSS", "Parts came without a take; update the server.")
        info, assembly = self._pending
        assembly.add(part)
        if part.WhichOneof("part") != "end":
            return None
        self._pending = None
        return Committed(info, assembly.take())

    def _live(self, live: pb.LiveUpdate) -> Event | None:
        kind = live.WhichOneof("event")
        if kind == "header":
            self._subjects[live.subject_id] = live.header
            return None
        header = self._subjects.get(live.subject_id)
        if header is None:
            raise BridgeError("DATA_LOSS", "A live frame came without its names; update the server.")
        if kind == "frame":
            frame = live.frame
            values = dict(zip(header.names, frame.values, strict=True))
            return LiveFrame(header.subject, frame.time_s, values, live.dropped, frame.sent_unix_s)
        del self._subjects[live.subject_id]
        return LiveEnded(header.subject)
