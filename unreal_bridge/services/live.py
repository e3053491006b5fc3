"""LiveService: values for preview, to whoever listens now."""

from collections.abc import AsyncIterator
from typing import Any

from curves.errors import FormatError
from unreal_bridge.services.shared import Shared, part_kind
from unreal_bridge.wire import pb, rpc


class LiveService(rpc.LiveServiceServicer):
    """See bridge.proto."""

    def __init__(self, shared: Shared) -> None:
        self._shared = shared

    async def Publish(self, requests: AsyncIterator[pb.PublishRequest], context: Any) -> pb.PublishResponse:
        first = await self._shared.next_of(requests)
        if first is None:
            return pb.PublishResponse()
        if part_kind(first, "part") != "header":
            raise FormatError("Live: expected a header before the first frame.")
        with self._shared.hub.publishing(first.header) as publication:
            async for request in requests:  # however long it pauses: keepalive tells whether it lives
                if part_kind(request, "part") == "header":
                    publication.rename(request.header)
                else:
                    publication.frame(request.frame)
            return pb.PublishResponse(frames=publication.frames)
