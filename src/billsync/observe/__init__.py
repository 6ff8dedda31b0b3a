"""What happens, told to whoever watches: events, spans, counts; nobody watches until `watch` is called.  (shell)

Everything may call these at any place: without a watcher they cost next to nothing, and they never raise.  Names are
those of `catalogue.py`; facts are ids, counts and codes, never contents of records.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from typing import Any, Literal, Protocol

from billsync.observe.masking import Mask

Level = Literal["debug", "info", "warning", "error"]
Mark = Callable[..., None]
"""Adds facts to a span that are only known at its end, such as `mark(status="200")`."""


class Watcher(Protocol):
    """Who is told; implementations mask secrets and personal data before anything leaves them, and raise nothing."""

    def event(self, level: Level, name: str, facts: dict[str, Any]) -> None:
        """Something happened."""

    def span(self, name: str, facts: dict[str, Any]) -> AbstractContextManager[Mark]:
        """Something takes place while the block lasts; what the block raises goes through."""

    def count(self, name: str, by: float, labels: dict[str, str]) -> None:
        """A counter grows."""

    def gauge(self, name: str, value: float, labels: dict[str, str]) -> None:
        """A value is as it is now."""


_watcher: Watcher | None = None
_bound: ContextVar[dict[str, Any]] = ContextVar("billsync_observed", default={})  # noqa: B039  replaced, never changed
mask = Mask()
"""What no watcher may say; the whole process shares it."""


def watch(watcher: Watcher | None) -> None:
    """From now on, tell this one; None: nobody."""
    global _watcher  # noqa: PLW0603  one process has one watcher
    _watcher = watcher


def watched() -> bool:
    """Whether anybody is told: for facts that cost something to gather."""
    return _watcher is not None


def hide(*secrets: str) -> None:
    """Never say these words from now on, wherever they come up."""
    mask.add(*secrets)


def event(name: str, *, level: Level = "info", **facts: Any) -> None:
    """Something happened; `facts` are ids, counts and codes, never contents of records."""
    if _watcher is not None:
        _watcher.event(level, name, {**_bound.get(), **facts})


def span(name: str, **facts: Any) -> AbstractContextManager[Mark]:
    """Something takes place while the block lasts; the block gets a `Mark`."""
    return _NOBODY if _watcher is None else _watcher.span(name, {**_bound.get(), **facts})


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


def unnamed(id: str) -> str:
    """An id as it may be told: one that could be a name (a space, or no digit in it) as its fingerprint."""
    if any(map(str.isdigit, id)) and not any(map(str.isspace, id)):
        return id
    return f"~{hashlib.sha256(id.encode()).hexdigest()[:12]}" if id else id


def _unmarked(**_facts: Any) -> None:
    """Nobody is told."""


_NOBODY: AbstractContextManager[Mark] = nullcontext(_unmarked)
