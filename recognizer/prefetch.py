"""Work on the next item while the last one is used: decoding, landmarks and cropping each keep a core busy."""

import queue
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Done:
    """The source has ended, by itself or with an error."""

    error: BaseException | None = None


def prefetched(items: Iterable[T], depth: int = 4) -> Iterator[T]:
    """The same items in the same order, made in a thread of their own, at most ``depth`` ahead.

    An error of the source is raised here, in its place. Leaving early stops the thread.
    """
    ready: queue.Queue[T | _Done] = queue.Queue(depth)
    left = threading.Event()

    def offer(item: T | _Done) -> None:
        while not left.is_set():
            try:
                ready.put(item, timeout=0.1)
            except queue.Full:
                continue
            return

    def fill() -> None:
        try:
            for item in items:
                offer(item)
                if left.is_set():
                    return
        except BaseException as error:  # noqa: BLE001  # it is raised where the items are used
            offer(_Done(error))
        else:
            offer(_Done())

    thread = threading.Thread(target=fill, name="prefetch", daemon=True)
    thread.start()
    try:
        while not isinstance(item := ready.get(), _Done):
            yield item
        if item.error is not None:
            raise item.error
    finally:
        left.set()
        thread.join()
