import threading
from collections.abc import Iterator

import pytest

from recognizer.prefetch import prefetched


def test_items_come_in_order_and_from_another_thread() -> None:
    threads = set()

    def source() -> Iterator[int]:
        for i in range(100):
            threads.add(threading.get_ident())
            yield i

    assert list(prefetched(source(), depth=3)) == list(range(100))
    assert threads.isdisjoint({threading.get_ident()})


def test_an_error_comes_after_the_items_before_it() -> None:
    def source() -> Iterator[int]:
        yield 1
        raise KeyError("broken")

    got = []
    with pytest.raises(KeyError, match="broken"):
        for item in prefetched(source()):
            got.append(item)
    assert got == [1]


def test_leaving_early_stops_the_source() -> None:
    made = []

    def source() -> Iterator[int]:
        for i in range(10**9):
            made.append(i)
            yield i

    before = threading.active_count()
    items = prefetched(source(), depth=2)
    assert next(items) == 0
    items.close()
    assert threading.active_count() == before
    assert len(made) < 10


def test_stages_nest() -> None:
    assert list(prefetched(i * 2 for i in prefetched(range(50)))) == list(range(0, 100, 2))
