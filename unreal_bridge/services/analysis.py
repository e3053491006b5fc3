"""AnalysisService: a video becomes a take on the server, by a function that the app hands in. One at a time."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PureWindowsPath
from typing import Any

from curves.errors import FormatError, MicroExprError
from curves.values import Take
from unreal_bridge.convert import digest, take_to_parts
from unreal_bridge.errors import BridgeError
from unreal_bridge.info import summarise
from unreal_bridge.names import checked_id, id_of
from unreal_bridge.services.shared import Shared, part_kind
from unreal_bridge.services.uploads import Upload, Uploads, under_root
from unreal_bridge.wire import pb, rpc
from unreal_bridge.wishes import Wish, read_wish

#: Hears (stage, done, total or None); raises BridgeError CANCELLED when the work is no longer wanted.
Progress = Callable[[str, int, int | None], None]
#: Video, wish, progress -> take; raises MicroExprError if the video cannot be converted.
Analyse = Callable[[Path, Wish, Progress], Take]


@dataclass(frozen=True)
class AnalysisSettings:
    """How this server analyses. ``root``: the folder whose videos may be named; None: uploads only."""

    analyse: Analyse
    root: Path | None = None
    max_waiting: int = 8
    max_upload_bytes: int = 2**32


@dataclass(frozen=True)
class _Order:
    """What becomes of the video."""

    take_id: str
    wish: Wish
    replace: bool


class _Job:
    """One analysis: its thread writes, its call reads."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self.wake = asyncio.Event()
        self.cancelled = threading.Event()
        self.latest: tuple[str, int, int | None] | None = None

    def progress(self, stage: str, done: int, total: int | None) -> None:
        if self.cancelled.is_set():
            raise BridgeError("CANCELLED", "The analysis was cancelled.")
        self.latest = (stage, done, total)
        self._loop.call_soon_threadsafe(self.wake.set)


class AnalysisService(rpc.AnalysisServiceServicer):
    """See bridge.proto."""

    def __init__(self, shared: Shared, settings: AnalysisSettings, uploads: Uploads) -> None:
        self._shared, self._settings, self._uploads = shared, settings, uploads
        self._queue: list[_Job] = []  # the first is at work
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="analysis")

    def close(self) -> None:
        """Stops what runs at its next progress, and waits for it."""
        for job in self._queue:
            job.cancelled.set()
        self._worker.shutdown(wait=True, cancel_futures=True)

    async def Analyze(self, requests: AsyncIterator[pb.AnalyzeRequest], context: Any) -> None:
        first = await self._shared.next_of(requests)
        kind = None if first is None else part_kind(first, "part")
        if first is None or kind == "chunk":
            raise FormatError("Analyze: expected a path or an upload first.")
        message = first.path if kind == "path" else first.upload
        options = message.options
        order = _Order(await self._free_id(message), read_wish(options), replace=options.replace)
        with self._queued() as job:
            if kind == "path":
                video = await self._shared.run(under_root, self._settings.root, first.path.path)
                summary = await self._convert(job, video, order, context)
            else:
                with self._uploads.receiving(first.upload, self._settings.max_upload_bytes) as upload:
                    await self._receive(requests, upload)
                    summary = await self._convert(job, upload.close(), order, context)
        await context.write(pb.AnalyzeResponse(take=summary))

    async def _receive(self, requests: AsyncIterator[pb.AnalyzeRequest], upload: Upload) -> None:
        while not upload.complete:
            request = await self._shared.next_of(requests)
            if request is None or part_kind(request, "part") != "chunk":
                raise FormatError("Analyze: the upload ended before its announced size.")
            await self._shared.run(upload.write, request.chunk)

    @contextmanager
    def _queued(self) -> Iterator[_Job]:
        """A place in the queue. BridgeError RESOURCE_EXHAUSTED."""
        if len(self._queue) > self._settings.max_waiting:
            raise BridgeError("RESOURCE_EXHAUSTED", f"{len(self._queue)} analyses wait already; try again later.")
        job = _Job()
        self._queue.append(job)
        try:
            yield job
        finally:
            job.cancelled.set()
            self._queue.remove(job)
            for other in self._queue:
                other.wake.set()

    async def _free_id(self, message: Any) -> str:
        """The take's id. BridgeError ALREADY_EXISTS now, and not after the minutes of an analysis."""
        name = message.path if isinstance(message, pb.AnalyzePath) else message.file_name
        take_id = checked_id(message.options.take_id or id_of(PureWindowsPath(name).stem))
        if not message.options.replace:
            try:
                await self._shared.run(self._shared.store.get, take_id)
            except BridgeError:
                return take_id
            raise BridgeError("ALREADY_EXISTS", f"A take is called {take_id}; replace it or choose another name.")
        return take_id

    async def _convert(self, job: _Job, video: Path, order: _Order, context: Any) -> pb.TakeSummary:
        submitted = self._worker.submit(self._work, job, video, order)
        work = asyncio.wrap_future(submitted)
        work.add_done_callback(lambda _: job.wake.set())
        told: object = None
        try:
            while not work.done():
                job.wake.clear()
                news = self._news(job)
                if news != told:
                    await context.write(news)
                    told = news
                if not work.done():
                    await job.wake.wait()
        except BaseException:
            job.cancelled.set()
            submitted.cancel()  # if it has not begun
            work.add_done_callback(lambda done: done.cancelled() or done.exception())  # heard, and not wanted
            await _settled(work)
            raise
        return work.result()

    def _news(self, job: _Job) -> pb.AnalyzeResponse:
        if job.latest is None:
            return pb.AnalyzeResponse(queued=pb.AnalyzeQueued(ahead=self._queue.index(job)))
        stage, done, total = job.latest
        return pb.AnalyzeResponse(progress=pb.AnalyzeProgress(stage=stage, done=done, total=total or 0))

    def _work(self, job: _Job, video: Path, order: _Order) -> pb.TakeSummary:
        job.progress("queue", 0, None)  # not begun if nobody waits for it any more
        try:
            take = self._settings.analyse(video, order.wish, job.progress)
        except BridgeError:
            raise
        except MicroExprError as error:
            raise BridgeError("FAILED_PRECONDITION", str(error)) from error
        job.progress("storing", 0, None)
        upload = self._shared.store.begin(order.take_id, replace=order.replace)
        try:
            parts = list(take_to_parts(take))
            for part in parts:
                upload.add(part)
            return upload.commit(digest(parts), summarise(take))[0]
        finally:
            upload.abandon()


async def _settled(work: "asyncio.Future[Any]") -> None:
    """Waits until the thread has let go of the video, however often this call is cancelled meanwhile."""
    while not work.done():
        try:
            await asyncio.wait([work])
        except asyncio.CancelledError:
            continue
