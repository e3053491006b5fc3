"""TakeService: takes in, out, listed, deleted, and rebuilt for another rig or mood from their tracks."""

import asyncio
import re
from collections.abc import AsyncIterator
from typing import Any

from curves.errors import FormatError, InputError
from curves.values import Take
from unreal_bridge.convert import digest, take_to_parts
from unreal_bridge.errors import BridgeError
from unreal_bridge.incoming import PartChecker, TakeReader
from unreal_bridge.info import summarise
from unreal_bridge.names import checked_id
from unreal_bridge.services.shared import Shared, as_part, part_kind
from unreal_bridge.store import Upload
from unreal_bridge.wire import pb, rpc

MAX_PAGE = 500
_DEFAULT_PAGE = 100
_PAGE_BYTES = 2**20  # of one answer: events make summaries long
_REMAPS_AT_ONCE = 2


class TakeService(rpc.TakeServiceServicer):
    """See bridge.proto."""

    def __init__(self, shared: Shared, max_uploads: int) -> None:
        self._shared, self._max_uploads, self._uploads = shared, max_uploads, 0
        self._remaps = asyncio.Semaphore(_REMAPS_AT_ONCE)

    async def PutTake(self, requests: AsyncIterator[pb.PutTakeRequest], context: Any) -> pb.PutTakeResponse:
        if self._uploads >= self._max_uploads:
            raise BridgeError("ABORTED", f"{self._uploads} takes are arriving already; try again later.")
        self._uploads += 1
        upload: Upload | None = None
        try:
            first = await self._shared.next_of(requests)
            if first is None or part_kind(first, "part") != "open":
                raise FormatError("PutTake: expected the take's id first.")
            take_id = checked_id(first.open.take_id)
            upload = self._shared.store.begin(take_id, replace=first.open.replace)
            return await self._receive(take_id, requests, upload)
        finally:
            self._uploads -= 1
            if upload is not None:
                self._shared.later(upload.abandon)

    async def _receive(
        self, take_id: str, requests: AsyncIterator[pb.PutTakeRequest], upload: Upload
    ) -> pb.PutTakeResponse:
        checker = PartChecker(f"take {take_id}")

        def commit(sha256: bytes) -> pb.PutTakeResponse:
            checker.finish()
            summary, already = upload.commit(sha256, summarise(checker.outline))
            return pb.PutTakeResponse(take=summary, already_stored=already)

        def receive(kind: str, part: bytes) -> None:
            (checker.header if kind == "header" else checker.chunk)(part)
            upload.add(part)

        while (request := await self._shared.next_of(requests)) is not None:
            kind = part_kind(request, "part")
            if kind == "commit":
                return await self._shared.run(commit, request.commit.sha256)
            if kind == "open":
                raise FormatError(f"take {take_id}: a second take in one call.")
            await self._shared.run(receive, kind, getattr(request, kind))
        raise FormatError(f"take {take_id}: it ended without a commit; nothing was kept.")

    async def GetTake(self, request: pb.GetTakeRequest, context: Any) -> None:
        found = await self._shared.run(self._shared.store.get, request.take_id)
        assert found.summary is not None and found.content_id is not None  # noqa: S101  # get found it
        await context.write(pb.TakePart(summary=found.summary))
        position = 0
        while parts := await self._shared.run(self._shared.store.parts, found.content_id, position):
            for part in parts:
                await context.write(as_part(position, part))
                position += 1
        await context.write(pb.TakePart(end=pb.TakeEnd(sha256=found.summary.sha256)))

    async def ListTakes(self, request: pb.ListTakesRequest, context: Any) -> pb.ListTakesResponse:
        store = self._shared.store
        before = _read_token(request.page_token, store.store_id)
        size = min(request.page_size or _DEFAULT_PAGE, MAX_PAGE)
        found = await self._shared.run(store.list, size + 1, before=before)
        answer, used = pb.ListTakesResponse(), 0
        for summary in found[:size]:
            used += summary.ByteSize()
            if answer.takes and used > _PAGE_BYTES:
                break
            answer.takes.append(summary)
        if len(answer.takes) < len(found):
            answer.next_page_token = f"{store.store_id}-{answer.takes[-1].sequence}"
        return answer

    async def DeleteTake(self, request: pb.DeleteTakeRequest, context: Any) -> pb.DeleteTakeResponse:
        await self._shared.run(self._shared.store.delete, request.take_id)
        return pb.DeleteTakeResponse()

    async def RemapTake(self, request: pb.RemapTakeRequest, context: Any) -> None:
        async with self._remaps:
            summary, parts = await self._shared.run(self._remap, request)
        await context.write(pb.TakePart(summary=summary))
        for position, part in enumerate(parts):
            await context.write(as_part(position, part))
        await context.write(pb.TakePart(end=pb.TakeEnd(sha256=digest(parts))))

    def _remap(self, request: pb.RemapTakeRequest) -> tuple[pb.TakeSummary, list[bytes]]:
        from unreal_bridge.remapping import read_remap, remapped  # noqa: PLC0415  # scipy: most servers need none

        remap = read_remap(request)
        take = remapped(self._read_tracks(request.take_id), remap)
        parts = list(take_to_parts(take))
        summary = summarise(take)
        summary.take_id = request.take_id
        summary.content_bytes = sum(map(len, parts))
        return summary, parts

    def _read_tracks(self, take_id: str) -> Take:
        store = self._shared.store
        found = store.get(take_id)
        assert found.content_id is not None  # noqa: S101  # get found it
        reader, position = TakeReader(f"take {take_id}", with_curves=False), 0
        while parts := store.parts(found.content_id, position):
            for part in parts:
                (reader.chunk if position else reader.header)(part)
                position += 1
        return reader.take()


def _read_token(token: str, store_id: str) -> int | None:
    if not token:
        return None
    match = re.fullmatch(r"([0-9a-f]{32})-([0-9]{1,18})", token)
    if match is None or match[1] != store_id:
        raise InputError("The page token is not of this server; begin again with the first page.")
    return int(match[2])
