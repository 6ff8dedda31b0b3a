"""Many requests in one: each for itself, answered in an order of their own.  (shell)"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from random import Random
from typing import Any, Final

from billsync_connectors.quickbooks.server.books import Books
from billsync_connectors.quickbooks.server.denied import Denied, required, unsupported
from billsync_connectors.quickbooks.server.kinds import BY_PATH
from billsync_connectors.quickbooks.server.queries import Queries

Write = Callable[[str, str, Mapping[str, Any], str], dict[str, Any]]
"""Kind, operation, what was sent, what it includes -> `{kind: object}`."""
_HEAD: Final = ("bId", "operation", "optionsData")
_ID_MOST: Final = 10


class Batches:
    """Executes them; `answer` raises `Denied` where nothing of a batch is done.

    Attributes:
        refused: items that a fault refuses, by their place from 1.
        only: so many items are executed at all, where a fault says so.
    """

    def __init__(self, books: Books, write: Write, queries: Queries) -> None:
        self._books, self._write, self._queries = books, write, queries
        self.refused: dict[int, Denied] = {}
        self.only: int | None = None

    def answer(self, sent: Mapping[str, Any], *, identified: bool) -> dict[str, Any]:
        """The BatchItemResponse."""
        items, settings = sent.get("BatchItemRequest"), self._books.settings
        if not isinstance(items, list) or not items:
            raise required("BatchItemRequest")
        if len(items) > settings.batch_max:
            told = f"The batch limit size is {settings.batch_max}. Supplied: {len(items)}"
            raise Denied(1040, "Batch size exceeds allowed limit", told)
        if identified and any(len(str(item.get("bId", ""))) > _ID_MOST for item in items if isinstance(item, Mapping)):
            told = f"a bId has {_ID_MOST} characters at most where a requestid is given"
            raise Denied(2130, "Invalid Request Id Format", told)
        answers = [self._item(place, item) for place, item in enumerate(items[: self.only], 1)]
        if settings.shuffle_batch:
            count = self._books.shelf.recall("batches", 0)
            self._books.shelf.remember("batches", count + 1)
            Random(count).shuffle(answers)  # noqa: S311  repeatable on purpose
        return {"BatchItemResponse": answers}

    def _item(self, place: int, item: Any) -> dict[str, Any]:
        """One of them; what is refused leaves nothing behind, and stops no other."""
        name = {"bId": item["bId"]} if isinstance(item, Mapping) and "bId" in item else {}
        try:
            with self._books.shelf.turn():
                if place in self.refused:
                    raise self.refused[place]
                return {**self._done(item), **name}
        except Denied as denied:
            return {"Fault": denied.fault(), **name}

    def _done(self, item: Any) -> dict[str, Any]:
        if not isinstance(item, Mapping):
            raise unsupported("BatchItemRequest")
        if "Query" in item:
            return {"QueryResponse": self._queries.answer(str(item["Query"]))}
        objects = [name for name in item if name not in _HEAD]
        kind = BY_PATH.get(objects[0].lower()) if len(objects) == 1 else None
        if kind is None:
            raise Denied(2000, "Invalid or unsupported object name", f"Object Name: {', '.join(objects)}")
        sent, options = item[objects[0]], item.get("optionsData", "")
        if not isinstance(sent, Mapping):
            raise unsupported(kind)
        return self._write(kind, str(item.get("operation", "create")), sent, str(options))
