"""Pages are fetched while others are stored: in their order, by one thread, and never beyond where the reader stops."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing

import pytest

from billsync.local.ahead import DEPTH, ahead


class Source:
    """Gives numbers, and knows who asked for them."""

    def __init__(self, count: int, fails_at: int = -1) -> None:
        self.count, self.fails_at, self.given, self.closed_by = count, fails_at, 0, 0
        self.threads: set[int] = set()
        self.asked = threading.Semaphore(0)

    def read(self) -> Iterator[int]:
        try:
            for number in range(self.count):
                self.threads.add(threading.get_ident())
                if number == self.fails_at:
                    raise ConnectionError("the line is cut")
                self.given += 1
                self.asked.release()
                yield number
        finally:
            self.closed_by = threading.get_ident()


def test_everything_comes_in_its_order_from_one_thread_that_is_not_the_readers() -> None:
    source = Source(50)
    assert list(ahead(source.read)) == list(range(50))
    assert len(source.threads) == 1
    assert source.threads != {threading.get_ident()}
    assert source.threads == {source.closed_by}


def test_what_is_next_is_fetched_meanwhile_and_no_more_than_that() -> None:
    source = Source(50)
    with closing(ahead(source.read)) as items:
        assert next(items) == 0
        for _ in range(1 + DEPTH):
            assert source.asked.acquire(timeout=10)
        assert not source.asked.acquire(timeout=0.05)


def test_an_error_comes_in_its_place_after_what_came_before_it() -> None:
    items = ahead(Source(9, fails_at=3).read)
    assert [next(items) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(ConnectionError):
        next(items)


def test_a_reader_that_stops_finds_the_source_closed_and_the_thread_gone() -> None:
    source = Source(50)
    before = threading.active_count()
    with closing(ahead(source.read)) as items:
        next(items)
    assert source.closed_by in source.threads
    assert source.given <= 1 + DEPTH + 1
    assert threading.active_count() == before


def test_a_source_that_cannot_be_made_says_so_to_the_reader() -> None:
    def broken() -> Iterator[int]:
        raise ValueError("no such object")

    with pytest.raises(ValueError, match="no such object"):
        next(ahead(broken))
