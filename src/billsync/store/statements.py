"""Statements are compiled once for all stores of a process, not once for each store that is opened.  (shell)

SQLAlchemy keeps compiled statements by engine.  A daemon opens the store again for each run, a plan a copy of it: all
of them compile alike, as long as driver and server are the same, and compiling takes longer than a small query does.
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy.util import LRUCache

_KEPT: Final = 1500
"""Statements kept, more than there are: those that are built of parts have many forms."""


class _Statements(LRUCache[tuple[Any, ...], Any]):
    """Compiled statements by what they were made of; SQLAlchemy's own key begins with the dialect of the engine."""

    def get(self, key: tuple[Any, ...], default: Any = None) -> Any:
        return super().get(_shared(key), default)

    def __setitem__(self, key: tuple[Any, ...], value: Any) -> None:
        super().__setitem__(_shared(key), value)


def _shared(key: tuple[Any, ...]) -> tuple[Any, ...]:
    dialect, *what = key
    return (dialect.name, dialect.driver, dialect.server_version_info, *what)


COMPILED: Final = {"compiled_cache": _Statements(_KEPT)}
"""Execution options of each engine of a store."""
