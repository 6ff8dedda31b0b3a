"""A connector under watch: nothing but the port's faults leaves it, and what it says is noted.  (shell)"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar

from pydantic import BaseModel

from billsync.conformance.broken import Broken
from billsync.connector import Capabilities, Checkpoint, Connector, Fault, Health, Page, Record, Schema, Unclear


class Watched(Connector):
    """Passes everything on.  Raises `Broken` in place of what may not cross the port.

    Attributes:
        heard: every message of a fault or problem so far.
    """

    capabilities: ClassVar = Capabilities(system="watched", title="Watched")
    config: ClassVar = BaseModel

    def __init__(self, inner: Connector, heard: list[str]) -> None:
        self._inner, self.heard = inner, heard
        vars(self)["capabilities"] = inner.capabilities

    def shown(self) -> str:
        """The connector as a log or a debugger shows it."""
        return f"{self._inner!r} {self._inner}"

    def check(self) -> Health:
        """As the connector does it."""
        with self._watch("check"):
            health = self._inner.check()
        self.heard.extend(health.remarks)
        return health

    def describe(self, object: str) -> Schema:
        """As the connector does it."""
        with self._watch("describe"):
            return self._inner.describe(object)

    def read(self, object: str, since: Checkpoint | None) -> Generator[Page, None, None]:
        """As the connector does it, page by page."""
        with self._watch("read"):
            pages = iter(self._inner.read(object, since))
        try:
            while True:
                with self._watch("read"):
                    page = next(pages, None)
                if page is None:
                    return
                self.heard.extend(str(problem) for problem in page.problems)
                yield page
        finally:
            with self._watch("read"):
                _let_go(pages)

    def fetch(self, object: str, ids: Sequence[str]) -> list[Record]:
        """As the connector does it."""
        with self._watch("fetch"):
            return self._inner.fetch(object, ids)

    def close(self) -> None:
        """As the connector does it."""
        with self._watch("close"):
            self._inner.close()

    @contextmanager
    def _watch(self, method: str) -> Iterator[None]:
        try:
            yield
        except Fault as fault:
            self.heard.append(fault.message)
            if isinstance(fault, Unclear):
                message = f"`{method}` raised Unclear ({fault.message}), which is for writes: a read changes nothing"
                raise Broken(message) from fault
            raise
        except Exception as error:
            self.heard.append(str(error))
            message = f"`{method}` let a {type(error).__name__} out ({error}); only TryLater and Refused cross the port"
            raise Broken(message) from error


def _let_go(pages: Any) -> None:
    """End a generator that is not read to its end; other iterators have nothing to end."""
    close = getattr(pages, "close", None)
    if close is not None:
        close()
