"""The bridge from the other side, synchronous: push, get, list, delete, remap, watch, publish, analyse.

All errors that a user can act on are BridgeError (with a status code's name) or other MicroExprError.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from curves.errors import FormatError, InputError
from curves.values import Take
from unreal_bridge.connection import ClientSettings, attempted, open_channel, translated
from unreal_bridge.convert import digest, take_to_parts
from unreal_bridge.info import TakeInfo, read_summary
from unreal_bridge.watching import Assembly, Watch
from unreal_bridge.wire import MAX_PART_BYTES, PROTOCOL, pb, rpc

#: Hears how much is done of how much (bytes), or (stage, done, total) of an analysis.
PushProgress = Callable[[int, int], None]
AnalysisProgress = Callable[[str, int, int | None], None]

_DEFAULT = ClientSettings()
_KEY_MODES = {None: "KEY_MODE_UNSPECIFIED", "auto": "KEY_MODE_AUTO", "exact": "KEY_MODE_EXACT"}


class BridgeClient:
    """A connection to a server; may be used as a context manager. Threads may share it."""

    def __init__(self, settings: ClientSettings = _DEFAULT) -> None:
        self._settings = settings
        self._channel = open_channel(settings)
        self._metadata = () if settings.token is None else (("authorization", f"Bearer {settings.token}"),)
        self._takes = rpc.TakeServiceStub(self._channel)
        self._analysis = rpc.AnalysisServiceStub(self._channel)
        self._live = rpc.LiveServiceStub(self._channel)
        self._editors = rpc.EditorServiceStub(self._channel)
        self._info = rpc.InfoServiceStub(self._channel)

    def close(self) -> None:
        self._channel.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def info(self, name: str = "microexpr", version: str = "") -> pb.GetServerInfoResponse:
        """The handshake. Raises InputError if the server speaks an older protocol."""
        request = pb.GetServerInfoRequest(client_name=name, client_version=version, protocol=PROTOCOL)
        answer: pb.GetServerInfoResponse = self._ask(self._info.GetServerInfo, request)
        if answer.protocol < PROTOCOL:
            raise InputError(f"The server speaks protocol {answer.protocol}, we speak {PROTOCOL}: update the server.")
        return answer

    # --- takes

    def push(
        self, take: Take, take_id: str, *, replace: bool = False, progress: PushProgress | None = None
    ) -> tuple[TakeInfo, bool]:
        """Stores a take; its summary, and whether the server had it already. Sent again if no server answers.

        Raises ValueError if the take breaks its contract (see ``take_to_parts``).
        """
        parts = list(take_to_parts(take))
        total, sha256 = sum(map(len, parts)), digest(parts)

        def requests() -> Iterator[pb.PutTakeRequest]:
            yield pb.PutTakeRequest(open=pb.PutTakeOpen(take_id=take_id, replace=replace))
            done = 0
            for position, part in enumerate(parts):
                yield pb.PutTakeRequest(header=part) if position == 0 else pb.PutTakeRequest(chunk=part)
                done += len(part)
                if progress is not None:
                    progress(done, total)
            yield pb.PutTakeRequest(commit=pb.PutTakeCommit(sha256=sha256))

        answer = attempted(self._settings, lambda: self._takes.PutTake(requests(), metadata=self._metadata))
        return read_summary(answer.take), answer.already_stored

    def get(self, take_id: str) -> tuple[Take, TakeInfo]:
        """A take and its summary."""
        return attempted(self._settings, lambda: self._receive(self._takes.GetTake, pb.GetTakeRequest(take_id=take_id)))

    def remap(
        self,
        take_id: str,
        rig: str,
        *,
        emotion: str | None = None,
        intensity: float | None = None,
        gain: float | None = None,
        keys: str | None = None,
        tolerance: float | None = None,
    ) -> Take:
        """The take with curves built anew on the server; the stored take stays."""
        request = pb.RemapTakeRequest(
            take_id=take_id,
            rig=rig,
            emotion=emotion or "",
            intensity=intensity,
            gain=gain,
            key_mode=_key_mode(keys),
            tolerance=tolerance,
        )
        return attempted(self._settings, lambda: self._receive(self._takes.RemapTake, request))[0]

    def list(self, page_size: int = 100) -> Iterator[TakeInfo]:
        """All takes, newest first, asked for page by page."""
        token = ""
        while True:
            page = self._ask(self._takes.ListTakes, pb.ListTakesRequest(page_size=page_size, page_token=token))
            yield from map(read_summary, page.takes)
            token = page.next_page_token
            if not token:
                return

    def delete(self, take_id: str) -> None:
        """Deletes a take. Not tried again: whether the first attempt did it could not be told."""
        with translated(self._settings):
            self._takes.DeleteTake(
                pb.DeleteTakeRequest(take_id=take_id), timeout=self._settings.timeout_s, metadata=self._metadata
            )

    # --- streams

    def watch(
        self,
        *,
        store_id: str = "",
        since: int = 0,
        takes: bool = True,
        live: bool = False,
        content: bool = False,
        prefix: str = "",
    ) -> Watch:
        """What an editor gets, going on where it stopped whenever the connection is lost. Close it when done."""
        wanted = pb.UpdateFilter(takes=takes, live=live, content=content, take_id_prefix=prefix)

        def subscribe(store_id: str, since: int) -> Any:
            request = pb.SubscribeRequest(store_id=store_id, since_sequence=since, filter=wanted)
            return self._editors.Subscribe(request, metadata=self._metadata)

        return Watch(self._settings, subscribe, store_id=store_id, since=since)

    def publish(self, subject: str, names: Sequence[str], frames: Iterable[tuple[float, Sequence[float]]]) -> int:
        """Publishes (time in seconds, one value a name) until ``frames`` ends; how many the server took."""

        def requests() -> Iterator[pb.PublishRequest]:
            yield pb.PublishRequest(header=pb.LiveHeader(subject=subject, names=names))
            for time_s, values in frames:
                yield pb.PublishRequest(frame=pb.LiveFrame(time_s=time_s, values=values, sent_unix_s=time.time()))

        with translated(self._settings):
            return int(self._live.Publish(requests(), metadata=self._metadata).frames)

    def analyse(
        self,
        video: str | Path,
        *,
        upload: bool = True,
        take_id: str = "",
        replace: bool = False,
        rig: str = "",
        emotion: str = "",
        intensity: float | None = None,
        keys: str | None = None,
        tolerance: float | None = None,
        progress: AnalysisProgress | None = None,
    ) -> TakeInfo:
        """Has a video converted on the server. ``upload=False``: ``video`` is a path below the server's root."""
        options = pb.AnalyzeOptions(
            take_id=take_id,
            replace=replace,
            rig=rig,
            emotion=emotion,
            intensity=intensity,
            key_mode=_key_mode(keys),
            tolerance=tolerance,
        )
        requests = (
            _upload(Path(video), options)
            if upload
            else iter([pb.AnalyzeRequest(path=pb.AnalyzePath(path=str(video), options=options))])
        )
        with translated(self._settings):
            call = self._analysis.Analyze(requests, metadata=self._metadata)
            try:
                for answer in call:
                    event = answer.WhichOneof("event")
                    if event == "take":
                        return read_summary(answer.take)
                    if progress is not None and event == "queued":
                        progress("queue", answer.queued.ahead, None)
                    elif progress is not None and event == "progress":
                        progress(answer.progress.stage, answer.progress.done, answer.progress.total or None)
            finally:
                call.cancel()
        raise FormatError("The server ended the analysis without a take; its log says more.")

    # --- within

    def _ask(self, method: Any, request: Any) -> Any:
        return attempted(
            self._settings, lambda: method(request, timeout=self._settings.timeout_s, metadata=self._metadata)
        )

    def _receive(self, method: Any, request: Any) -> tuple[Take, TakeInfo]:
        """A take from a stream of parts. BridgeError DATA_LOSS: something is missing."""
        assembly = Assembly(request.take_id)
        call = method(request, metadata=self._metadata)
        try:
            for part in call:
                assembly.add(part)
        finally:
            call.cancel()
        return assembly.result()


def _key_mode(keys: str | None) -> Any:
    if keys not in _KEY_MODES:
        raise InputError(f"keys: expected auto or exact, got {keys!r}.")
    return _KEY_MODES[keys]


def _upload(video: Path, options: pb.AnalyzeOptions) -> Iterator[pb.AnalyzeRequest]:
    """The file as requests. It is opened now, so that what is wrong with it is told here. Raises InputError."""
    try:
        size = video.stat().st_size
        stream = video.open("rb")
    except OSError as error:
        raise InputError(f"{video} cannot be read ({error.strerror}); check the path.") from error

    def requests() -> Iterator[pb.AnalyzeRequest]:
        with closing(stream):
            yield pb.AnalyzeRequest(upload=pb.AnalyzeUpload(file_name=video.name, size=size, options=options))
            while chunk := stream.read(MAX_PART_BYTES):
                yield pb.AnalyzeRequest(chunk=chunk)

    return requests()
