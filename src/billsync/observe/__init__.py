"""What happens, told to whoever watches: events, spans, counts; nobody watches until `watch` is called.  (shell)

Everything may call these at any place: without a watcher they cost next to nothing, and they never raise.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from typing import Any, Literal, Protocol

Level = Literal["debug", "info", "warning", "error"]


class Watcher(Protocol):
    """Who is told; implementations mask secrets and personal data before anything leaves them."""

    def event(self, level: Level, name: str, facts: dict[str, Any]) -> None:
        """Something happened."""

    def span(self, name: str, facts: dict[str, Any]) -> AbstractContextManager[None]:
        """Something takes place while the block lasts."""

    def count(self, name: str, by: float, labels: dict[str, str]) -> None:
        """A counter grows."""

    def gauge(self, name: str, value: float, labels: dict[str, str]) -> None:
        """A value is as it is now."""


_watcher: Watcher | None = None
_bound: ContextVar[dict[str, Any]] = ContextVar("billsync_observed", default={})  # noqa: B039  replaced, never changed


def watch(watcher: Watcher | None) -> None:
    """From now on, tell this one; None: nobody."""
    global _watcher  # noqa: PLW0603  one process has one watcher
    _watcher = watcher


def event(name: str, *, level: Level = "info", **facts: Any) -> None:
    """Something happened; `facts` are ids, counts and codes, never contents of records."""
    if _watcher is not None:
        _watcher.event(level, name, {**_bound.get(), **facts})


def span(name: str, **facts: Any) -> AbstractContextManager[None]:
    """Something takes place while the block lasts."""
    return nullcontext() if _watcher is None else _watcher.span(name, {**_bound.get(), **facts})


def count(name: str, by: float = 1, **labels: str) -> None:
    """A counter grows: `billsync_..._total`."""
    if _watcher is not None:
        _watcher.count(name, by, labels)


def gauge(name: str, value: float, **labels: str) -> None:
    """A value is as it is now."""
    if _watcher is not None:
        _watcher.gauge(name, value, labels)


@contextmanager
def bound(**facts: Any) -> Iterator[None]:
    """These facts (run, pipeline, connection) stand in every event and span of the block."""
    token = _bound.set({**_bound.get(), **facts})
    try:
        yield
    finally:
        _bound.reset(token)
