"""A folder of files in the hands of the conformance kit: people write them anew with every change.  (shell)"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from billsync.conformance.subject import Ability, Kind, Subject
from billsync.connector import Connector, Context, Data
from billsync_connectors.files.config import FilesConfig
from billsync_connectors.files.connector import Files

_NO_WIRE: Final = "a folder of this machine has no connection that could fail"
_WHOLE: Final = "half a file that ends with a row is a file like any other: writers rename it into its place"
_LONG: Final = 10_000_000


class FilesSubject(Subject):
    """One folder with a file of each text format."""

    connector = "files"
    kinds = (
        Kind("deals", text="note", number="amount"),
        Kind("accounts", text="name"),
    )
    lacks = {
        Ability.MERGE: "files know no merging",
        Ability.RELATE: "rows of files show nothing of others",
        Ability.LINK: "rows of files show nothing of others",
        Ability.LATE: "rows of files have no stamps",
        Ability.SESSION: "nobody logs in to a folder of this machine",
        Ability.LOCKED_OUT: "nobody logs in to a folder of this machine",
        Ability.COUNT: "a folder counts no requests",
        Ability.BUSY: _NO_WIRE,
        Ability.LIMIT: _NO_WIRE,
        Ability.ERROR: _NO_WIRE,
        Ability.CUT: _NO_WIRE,
        Ability.TRUNCATED: _WHOLE,
        Ability.WRONG_TYPES: _WHOLE,
        Ability.LOGIN_PAGE: _WHOLE,
    }

    def reset(self) -> None:
        """Two files without records."""
        self._made = 0
        self._rows: dict[str, dict[str, dict[str, object]]] = {"deals": {}, "accounts": {}}
        self._gone: dict[str, dict[str, object]] = {}
        for object in self._rows:
            self._write(object)

    def open(self, context: Context) -> Connector:
        """A connector to the folder."""
        objects = {"deals": {"file": "deals.jsonl", "key": "id"}, "accounts": {"file": "accounts.csv", "key": "id"}}
        settings = {"folder": str(self.folder), "objects": objects, "page_size": self.page}
        return Files(context, FilesConfig.model_validate(settings))

    def truth(self, object: str) -> Mapping[str, Data]:
        """What was written."""
        return {id: dict(row) for id, row in self._rows[object].items()}

    def create(self, object: str, fields: Data) -> str:
        """One more row."""
        (id,) = self.burst(object, [fields])
        return id

    def burst(self, object: str, rows: Sequence[Data]) -> list[str]:
        """Several more rows at once."""
        ids = []
        for fields in rows:
            self._made += 1
            ids.append(f"{object[0]}{self._made:05}")
            empty: dict[str, Any] = {"note": "", "amount": Decimal(0)} if object == "deals" else {"name": ""}
            self._rows[object][ids[-1]] = {"id": ids[-1], **empty, **fields}
        self._write(object)
        return ids

    def edit(self, object: str, id: str, fields: Data) -> None:
        """Other values in a row."""
        self._rows[object][id].update(fields)
        self._write(object)

    def delete(self, object: str, id: str) -> None:
        """The row is not there any more."""
        self._gone[id] = self._rows[object].pop(id)
        self._write(object)

    def restore(self, object: str, id: str) -> None:
        """The row is there again."""
        self._rows[object][id] = self._gone.pop(id)
        self._write(object)

    def pass_time(self, seconds: int) -> None:
        """Files have no clock."""

    def strike(self, fault: Ability, *, after_s: int = 1) -> None:
        """A row with a long text, which stays."""
        self.create("deals", {"note": "x" * _LONG})

    def _write(self, object: str) -> None:
        rows = list(self._rows[object].values())
        text = _jsonl(rows) if object == "deals" else _csv(rows)
        name = "deals.jsonl" if object == "deals" else "accounts.csv"
        temporary = self.folder / f".{name}"
        temporary.write_text(text, encoding="utf-8", newline="")
        temporary.replace(self.folder / name)


def _jsonl(rows: Sequence[Data]) -> str:
    """One object a line; numbers as they are written by hand."""
    lines = []
    for row in rows:
        rest = json.dumps({name: value for name, value in row.items() if name != "amount"})
        lines.append(f'{rest[:-1]}, "amount": {row["amount"]}}}\n')
    return "".join(lines) or "\n"


def _csv(rows: Sequence[Data]) -> str:
    found = io.StringIO(newline="")
    writer = csv.writer(found)
    writer.writerow(("id", "name"))
    writer.writerows((row["id"], row["name"]) for row in rows)
    return found.getvalue()
