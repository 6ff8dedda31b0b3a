"""Faults in what records look like: fields, keys, values, texts."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from billsync.connector import (
    Checkpoint,
    Page,
    Record,
    Schema,
    TryLater,
)
from billsync.model.problem import Problem
from tests.conformance.acme_billsync.connector import Acme

Row = dict[str, Any]


class MoreThanTold(Acme):
    """Delivers a field that it does not describe."""

    def _record(self, row: Row) -> Record:
        made = super()._record(row)
        return made if made.deleted else replace(made, data={**made.data, "colour": "red"})


class Retyped(Acme):
    """Describes amounts as booleans."""

    def describe(self, object: str) -> Schema:
        told = super().describe(object)
        fields = tuple(field.model_copy(update={"type": "bool"}) for field in told.fields)
        return told.model_copy(update={"fields": fields})


class OneForAll(Acme):
    """Gives every record the same id."""

    def _record(self, row: Row) -> Record:
        return replace(super()._record(row), id="d0001")


class Bytes(Acme):
    """Delivers a value that nothing can store."""

    def _record(self, row: Row) -> Record:
        made = super()._record(row)
        return made if made.deleted else replace(made, data={**made.data, "tags": {1, 2}})


class Floats(Acme):
    """Reads amounts as Python's own JSON reader does."""

    def _record(self, row: Row) -> Record:
        made = super()._record(row)
        return made if made.deleted else replace(made, data={**made.data, "amount": json.loads(row["amount"])})


class Guesses(Acme):
    """Takes texts that look like numbers for numbers."""

    def _record(self, row: Row) -> Record:
        made = super()._record(row)
        name = made.data.get("name", "")
        return replace(made, data={**made.data, "name": int(name)}) if name.isdigit() else made


class Trims(Acme):
    """Normalises texts."""

    def _record(self, row: Row) -> Record:
        made = super()._record(row)
        return (
            made
            if made.deleted
            else replace(made, data={**made.data, "name": made.data["name"].encode("ascii", "ignore").decode()})
        )


class AllOrNothing(Acme):
    """Refuses a page with a record that cannot be stored."""

    def _records(self, rows: list[Row]) -> tuple[list[Record], list[Problem]]:
        if any("\0" in str(row.get("name")) or len(str(row.get("name"))) > 1 << 20 for row in rows):
            raise TryLater("unreadable", "Acme: this page cannot be read, ask them to mend it")
        return super()._records(rows)


class NeedsRecords(Acme):
    """Cannot bear that there is nothing."""

    def read(self, object: str, since: Checkpoint | None) -> Iterator[Page]:
        for page in super().read(object, since):
            page.checkpoint["last"] = page.records[-1].id if since is None else ""  # type: ignore[index]
            yield page


class OtherFetch(Acme):
    """Fetches fewer fields than it reads."""

    def fetch(self, object: str, ids: Sequence[str]) -> list[Record]:
        return [replace(found, data={**found.data, "tags": []} | {"more": 1}) for found in super().fetch(object, ids)]
