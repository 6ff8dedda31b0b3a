"""An iterator that works in a thread of its own, a little ahead of who takes from it.  (shell)"""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Iterator
from contextvars import copy_context
from queue import SimpleQueue
from typing import Final, TypeVar

T = TypeVar("T")

DEPTH: Final = 2
"""Items that may be ready before they are asked for: one that is waited for, and one for an uneven source."""


class _End:
    """Nothing comes any more; `error` is what the source raised, or None."""

    def __init__(self, error: BaseException | None) -> None:
        self.error = error


def ahead(source: Callable[[], Iterator[T]], depth: int = DEPTH) -> Generator[T, None, None]:
    """What the source gives, in its order; it is made, worked and closed in one thread, and nowhere else.

    What it raises is raised in its place.  Where the reader stops early the source is closed before this returns: it
    ends the item that it is at first.
    """
    ready: SimpleQueue[T | _End] = SimpleQueue()
    room, stopped = threading.Semaphore(depth), threading.Event()

    def work() -> None:
        error: BaseException | None = None
        try:
            _fill(source(), ready, room, stopped)
        except BaseException as raised:  # noqa: BLE001  raised again by the reader
            error = raised
        ready.put(_End(error))

    thread = threading.Thread(target=copy_context().run, args=(work,), name="billsync-ahead", daemon=True)
    thread.start()
    try:
        while not isinstance(item := ready.get(), _End):
            room.release()
            yield item
        if item.error is not None:
            raise item.error
    finally:
        stopped.set()
        room.release()
        thread.join()


def _fill(
    items: Iterator[T], ready: SimpleQueue[T | _End], room: threading.Semaphore, stopped: threading.Event
) -> None:
    try:
        while room.acquire() and not stopped.is_set():
            try:
                item = next(items)
            except StopIteration:
                return
            ready.put(item)
    finally:
        if isinstance(items, Generator):
            items.close()
