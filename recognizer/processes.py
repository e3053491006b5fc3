"""Work in several processes that end when they should: on an error, on Ctrl+C, and with the process that began them."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from itertools import islice
from typing import TypeVar

from curves.errors import MicroExprError

_QUEUED = 64  # items that wait at a time: neither memory nor the way out of an error grows with their number

Item = TypeVar("Item")
Answer = TypeVar("Answer")


def in_processes(
    work: Callable[[Item], Answer], items: Iterable[Item], workers: int, *, opening: Callable[[], None] | None = None
) -> Generator[tuple[Item, Answer], None, None]:
    """(item, ``work(item)``) for each item as it is done, in any order, from ``workers`` processes that called
    ``opening`` first (both: module level functions, or partial ones).

    What ``work`` raises comes through. Then, and where the caller goes away or is interrupted, the other processes are
    ended at once, in the middle of their items. MicroExprError: a process ended before its time.
    """
    # Started anew, not forked: OpenGL, OpenCV's threads and the networks' do not survive a fork.
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(workers, context, partial(_begin, opening))
    before = set(multiprocessing.active_children())
    try:
        yield from _answers(pool, work, iter(items))
    except BrokenProcessPool as error:
        raise MicroExprError(
            "A process ended before its time (out of memory, killed, or a fault of the graphics driver): run the same "
            "command again, with fewer workers if memory is short; what is finished is kept."
        ) from error
    except BaseException:
        for process in set(multiprocessing.active_children()) - before:
            process.terminate()
        raise
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _answers(
    pool: ProcessPoolExecutor, work: Callable[[Item], Answer], waiting: Iterator[Item]
) -> Generator[tuple[Item, Answer], None, None]:
    asked: dict[Future[Answer], Item] = {pool.submit(work, item): item for item in islice(waiting, _QUEUED)}
    while asked:
        finished, _ = wait(asked, return_when=FIRST_COMPLETED)
        for future in finished:
            yield asked.pop(future), future.result()
        asked |= {pool.submit(work, item): item for item in islice(waiting, len(finished))}


def _begin(opening: Callable[[], None] | None) -> None:
    # Ctrl+C reaches every process of a terminal. As an exception it would end one item and begin the next.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    if opening is not None:
        opening()


def _end_with_parent() -> None:
    """A process whose parent was killed would wait for work for ever."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
