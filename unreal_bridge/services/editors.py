"""EditorService: everything that happens in the store, in order, and live frames between it."""

from collections.abc import AsyncIterator
from typing import Any

from curves.errors import InputError
from unreal_bridge.errors import BridgeError
from unreal_bridge.hub import Subscriber
from unreal_bridge.services.shared import Shared, as_part
from unreal_bridge.store import Change
from unreal_bridge.wire import pb, rpc

_EVERYTHING = pb.UpdateFilter(takes=True, live=True)
_AT_ONCE = 100


class EditorService(rpc.EditorServiceServicer):
    """See bridge.proto."""

    def __init__(self, shared: Shared) -> None:
        self._shared = shared

    async def Subscribe(self, request: pb.SubscribeRequest, context: Any) -> None:
        wanted = request.filter if request.HasField("filter") else _EVERYTHING
        if not (wanted.takes or wanted.live):
            raise InputError("The filter lets nothing through: set takes or live.")
        with self._shared.hub.subscribed(live=wanted.live) as subscriber:
            welcome, cursor = await self._welcome(request, wanted)
            await context.write(welcome)
            while True:
                subscriber.wake.clear()
                if wanted.takes:
                    while changes := await self._changes(cursor, wanted, _AT_ONCE):
                        for change in changes:
                            async for update in self._told(change, wanted, subscriber):
                                await context.write(update)
                            cursor = change.sequence
                            self._check_open()
                for live in subscriber.drain():
                    await context.write(pb.Update(live=live))
                self._check_open()
                await subscriber.wake.wait()

    def _check_open(self) -> None:
        if self._shared.hub.closed:
            raise BridgeError("UNAVAILABLE", "The server stops; connect again when it is back.")

    async def _changes(self, cursor: int, wanted: pb.UpdateFilter, limit: int) -> tuple[Change, ...]:
        store = self._shared.store
        return await self._shared.run(store.changes, cursor, prefix=wanted.take_id_prefix, limit=limit)

    async def _welcome(self, request: pb.SubscribeRequest, wanted: pb.UpdateFilter) -> tuple[pb.Update, int]:
        """The first update, and the sequence after which the changes to tell begin."""
        store = self._shared.store
        last = await self._shared.run(store.last_sequence)
        # What lies in the future was dealt with in a store that lost its end: this one was restored from a backup.
        same = request.store_id == store.store_id and request.since_sequence <= last
        cursor = request.since_sequence if same else 0
        behind = wanted.takes and await self._changes(cursor, wanted, 1)
        welcome = pb.Welcome(store_id=store.store_id, last_sequence=last, reset=bool(request.store_id) and not same)
        return pb.Update(welcome=welcome, resume_sequence=last if wanted.takes and not behind else 0), cursor

    async def _told(self, change: Change, wanted: pb.UpdateFilter, subscriber: Subscriber) -> AsyncIterator[pb.Update]:
        """A change as updates; live frames that come meanwhile between them."""
        if change.summary is None or change.content_id is None:
            yield pb.Update(deleted=pb.TakeDeleted(take_id=change.take_id), resume_sequence=change.sequence)
            return
        complete = change.sequence
        yield pb.Update(committed=change.summary, resume_sequence=0 if wanted.content else complete)
        if not wanted.content:
            return
        position = 0
        try:
            while parts := await self._shared.run(self._shared.store.parts, change.content_id, position):
                for part in parts:
                    yield pb.Update(part=as_part(position, part))
                    position += 1
                for live in subscriber.drain():
                    yield pb.Update(live=live)
        except BridgeError as error:
            if error.code != "ABORTED":
                raise
            return  # overtaken by a change that follows
        yield pb.Update(part=pb.TakePart(end=pb.TakeEnd(sha256=change.summary.sha256)), resume_sequence=complete)
