"""Calls to other systems, told to whoever watches: where to and what came of it, never what was said.  (shell)"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, Final

import httpx

from billsync import observe
from billsync.connector import Fault

_NEWS: Final = frozenset({"401", "403", "429"})
_A_SCHEME: Final = 8
"""Letters of `Bearer` and the like, which are no secret."""
_PRIVATE: Final = ("auth", "key", "token", "secret", "cookie")


def hide(secrets: Collection[str], headers: Mapping[str, str]) -> None:
    """Never say these secrets, nor what headers of such names hold, wherever they come up."""
    said = [text for name, text in headers.items() if any(word in name.lower() for word in _PRIVATE)]
    observe.hide(*secrets, *said, *(word for text in said for word in text.split() if len(word) > _A_SCHEME))


def call(system: str, request: httpx.Request) -> AbstractContextManager[observe.Mark]:
    """One request; the block marks it with the answer's `status`."""
    return _call(system, request) if observe.watched() else _UNWATCHED


@contextmanager
def _call(system: str, request: httpx.Request) -> Iterator[observe.Mark]:
    facts: dict[str, Any] = {"connection": system, "host": request.url.host, "method": request.method}
    status, reason = "none", ""
    try:
        with observe.span("call", **facts) as mark:

            def marked(**found: str) -> None:
                nonlocal status
                status = found.get("status", status)
                mark(**found)

            yield marked
    except Fault as fault:
        reason = fault.reason
        raise
    finally:
        observe.count("billsync_calls_total", connection=system, status=status)
        if reason or status in _NEWS or status.startswith("5"):
            observe.event("call_failed", **facts, status=status, reason=reason or f"status_{status}")


def repeated(system: str, error: BaseException | None, attempt: int) -> None:
    """A read is made once more."""
    reason = error.reason if isinstance(error, Fault) else ""
    observe.count("billsync_call_repeats_total", connection=system, reason=reason)
    observe.event("call_repeated", level="debug", connection=system, reason=reason, attempt=attempt)


def _unmarked(**_found: str) -> None:
    """Nobody is told."""


_UNWATCHED: AbstractContextManager[observe.Mark] = nullcontext(_unmarked)
