"""Who is told what: subscribers, and the subjects that are being published live. Belongs to one event loop.

A subscriber is woken; what it then gets of takes it reads from the store, in order, so none is lost. Of each live
subject only the newest frame waits for it: memory is bounded however slowly it reads, and what was left out is
counted.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count

import numpy as np

from unreal_bridge.errors import BridgeError
from unreal_bridge.wire import pb

MAX_SUBJECT_CHARACTERS = 128
MAX_LIVE_NAMES = 1024
_MAX_NAME_CHARACTERS = 256


@dataclass
class _Waiting:
    """What one subscriber has not yet been sent of one subject."""

    header: pb.LiveHeader | None
    frame: pb.LiveFrame | None = None
    dropped: int = 0
    announced: bool = False
    ended: bool = False


@dataclass(eq=False)
class Subscriber:
    """One editor's stream: woken when there may be something for it."""

    live: bool
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    _waiting: dict[int, _Waiting] = field(default_factory=dict)

    def drain(self) -> Iterator[pb.LiveUpdate]:
        """What waits, subject after subject; each piece is taken as it is asked for."""
        for subject_id in list(self._waiting):
            yield from self._drain(subject_id, self._waiting[subject_id])

    def _drain(self, subject_id: int, waiting: _Waiting) -> Iterator[pb.LiveUpdate]:
        if waiting.header is not None and not (waiting.ended and not waiting.announced and waiting.frame is None):
            header, waiting.header, waiting.announced = waiting.header, None, True
            yield pb.LiveUpdate(subject_id=subject_id, header=header)
        if waiting.frame is not None and waiting.header is None:
            frame, dropped = waiting.frame, waiting.dropped
            waiting.frame, waiting.dropped = None, 0
            yield pb.LiveUpdate(subject_id=subject_id, frame=frame, dropped=dropped)
        if waiting.ended and waiting.frame is None:
            del self._waiting[subject_id]
            if waiting.announced:
                yield pb.LiveUpdate(subject_id=subject_id, end=pb.LiveEnd(), dropped=waiting.dropped)

    def hear_header(self, subject_id: int, header: pb.LiveHeader) -> None:
        waiting = self._waiting.setdefault(subject_id, _Waiting(header))
        waiting.header = header
        if waiting.frame is not None:  # its values go by the names before
            waiting.frame, waiting.dropped = None, waiting.dropped + 1
        self.wake.set()

    def hear_frame(self, subject_id: int, frame: pb.LiveFrame) -> None:
        waiting = self._waiting[subject_id]
        waiting.dropped += waiting.frame is not None
        waiting.frame = frame
        self.wake.set()

    def hear_end(self, subject_id: int) -> None:
        self._waiting[subject_id].ended = True
        self.wake.set()


class Publication:
    """A subject being published; its frames are checked."""

    def __init__(self, hub: "Hub", subject_id: int, header: pb.LiveHeader) -> None:
        self._hub, self._id, self._header = hub, subject_id, header
        self._last_s = -np.inf
        self.frames = 0
        _check_header(header)

    @property
    def header(self) -> pb.LiveHeader:
        return self._header

    def rename(self, header: pb.LiveHeader) -> None:
        """New names for the same subject. BridgeError INVALID_ARGUMENT."""
        _check_header(header)
        if header.subject != self._header.subject:
            raise _invalid(f"a stream publishes one subject: {self._header.subject}, not {header.subject} too")
        self._header = header
        for subscriber in self._hub.live_subscribers():
            subscriber.hear_header(self._id, header)

    def frame(self, frame: pb.LiveFrame) -> None:
        """The next frame, to all who listen. BridgeError INVALID_ARGUMENT."""
        if len(frame.values) != len(self._header.names):
            raise _invalid(f"expected {len(self._header.names)} values, one a name, got {len(frame.values)}")
        if not (np.isfinite(np.array(frame.values)).all() and np.isfinite(frame.sent_unix_s)):
            raise _invalid("expected finite values")
        if not (np.isfinite(frame.time_s) and frame.time_s >= self._last_s):
            raise _invalid(f"expected times that do not fall, got {frame.time_s} after {self._last_s}")
        self._last_s = frame.time_s
        self.frames += 1
        for subscriber in self._hub.live_subscribers():
            subscriber.hear_frame(self._id, frame)


class Hub:
    """The meeting point. ``close`` wakes everyone for good."""

    def __init__(self, max_subscribers: int) -> None:
        self._max_subscribers = max_subscribers
        self._subscribers: set[Subscriber] = set()
        self._subjects: dict[int, Publication] = {}
        self._ids = count(1)
        self.closed = False

    @property
    def subscriber_count(self) -> int:
        return len(self._subscribers)

    def live_subscribers(self) -> Iterator[Subscriber]:
        return (subscriber for subscriber in self._subscribers if subscriber.live)

    def takes_changed(self) -> None:
        for subscriber in self._subscribers:
            subscriber.wake.set()

    def close(self) -> None:
        self.closed = True
        self.takes_changed()

    @contextmanager
    def subscribed(self, *, live: bool) -> Iterator[Subscriber]:
        """A subscriber for as long as it lasts. BridgeError RESOURCE_EXHAUSTED."""
        if len(self._subscribers) >= self._max_subscribers:
            raise BridgeError(
                "RESOURCE_EXHAUSTED", f"All {self._max_subscribers} places for editors are taken; close one."
            )
        subscriber = Subscriber(live)
        self._subscribers.add(subscriber)
        if live:
            for subject_id, publication in self._subjects.items():
                subscriber.hear_header(subject_id, publication.header)
        try:
            yield subscriber
        finally:
            self._subscribers.discard(subscriber)

    @contextmanager
    def publishing(self, header: pb.LiveHeader) -> Iterator[Publication]:
        """A subject for as long as it is published. BridgeError ALREADY_EXISTS, INVALID_ARGUMENT."""
        if any(other.header.subject == header.subject for other in self._subjects.values()):
            raise BridgeError("ALREADY_EXISTS", f"Somebody else publishes {header.subject}; use another name.")
        subject_id = next(self._ids)
        publication = Publication(self, subject_id, header)
        self._subjects[subject_id] = publication
        for subscriber in self.live_subscribers():
            subscriber.hear_header(subject_id, header)
        try:
            yield publication
        finally:
            del self._subjects[subject_id]
            for subscriber in self.live_subscribers():
                subscriber.hear_end(subject_id)


def _check_header(header: pb.LiveHeader) -> None:
    if not 0 < len(header.subject) <= MAX_SUBJECT_CHARACTERS:
        raise _invalid(f"expected a subject of 1 to {MAX_SUBJECT_CHARACTERS} characters, got {len(header.subject)}")
    if len(header.names) > MAX_LIVE_NAMES or any(len(name) > _MAX_NAME_CHARACTERS for name in header.names):
        raise _invalid(f"expected at most {MAX_LIVE_NAMES} names of at most {_MAX_NAME_CHARACTERS} characters")
    if "" in header.names or len({name.casefold() for name in header.names}) != len(header.names):
        raise _invalid("expected names, none of them empty and none twice, letter case apart")


def _invalid(problem: str) -> BridgeError:
    return BridgeError("INVALID_ARGUMENT", f"Live: {problem}.")
