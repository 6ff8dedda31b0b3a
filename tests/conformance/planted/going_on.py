"""Faults in going on where a read stopped: cursors, checkpoints, deletes, claims."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from billsync.connector import (
    Checkpoint,
    Page,
    Record,
)
from billsync.model.problem import Problem
from tests.conformance.acme_billsync.connector import SERVICES, Acme
from tests.conformance.acme_billsync.crm import AcmeCrm

Row = dict[str, Any]
HOUR_S = 3600


class Sweeping(Acme):
    """The sound one: reads everything again each hour, for what leaves no trace."""

    def read(self, object: str, since: Checkpoint | None) -> Iterator[Page]:
        crm = SERVICES[self._config.address]
        swept = int((since or {}).get("swept", crm.clock))
        if crm.clock - swept >= HOUR_S:
            since, swept = None, crm.clock
        for page in super().read(object, since):
            yield replace(page, checkpoint={**page.checkpoint, "swept": swept})


class OnlyNew(Acme):
    """Shows a record once: a change is no news."""

    def read(self, object: str, since: Checkpoint | None) -> Iterator[Page]:
        shown = list((since or {}).get("shown", []))
        for page in super().read(object, since):
            fresh = [record for record in page.records if record.id not in shown]
            shown += [record.id for record in fresh]
            yield replace(page, records=fresh, checkpoint={**page.checkpoint, "shown": list(shown)})


class ForgetsDeletes(Acme):
    """Leaves out what is gone."""

    def _records(self, rows: list[Row]) -> tuple[list[Record], list[Problem]]:
        return super()._records([row for row in rows if not row.get("gone")])


class GoneForEver(Acme):
    """What was gone once is not shown again."""

    def read(self, object: str, since: Checkpoint | None) -> Iterator[Page]:
        gone = list((since or {}).get("gone", []))
        for page in super().read(object, since):
            gone += [record.id for record in page.records if record.deleted]
            live = [record for record in page.records if record.deleted or record.id not in gone]
            yield replace(page, records=live, checkpoint={**page.checkpoint, "gone": list(gone)})


class OwnFieldsOnly(Acme):
    """Reads what changed in the record itself."""

    def read(self, object: str, since: Checkpoint | None) -> Iterator[Page]:
        for page in super().read(object, since):
            yield page
            if page.checkpoint["tagged"] != [0, ""]:
                return


class CheckpointTooEarly(Acme):
    """A page carries the checkpoint of the next one."""

    def read(self, object: str, since: Checkpoint | None) -> Iterator[Page]:
        held: Page | None = None
        for page in super().read(object, since):
            if held is not None:
                yield replace(held, checkpoint=page.checkpoint)
            held = page
        if held is not None:
            yield held


class NotJson(Acme):
    """Its checkpoints hold what no JSON holds."""

    def read(self, object: str, since: Checkpoint | None) -> Iterator[Page]:
        for page in super().read(object, since):
            yield replace(page, checkpoint={**page.checkpoint, "place": {1, 2}})


class MarksTheStart(Acme):
    """After a kill it goes on where nothing was read yet, and says so: all from the first page's end."""

    def read(self, object: str, since: Checkpoint | None) -> Iterator[Page]:
        for number, page in enumerate(super().read(object, since)):
            end = page.checkpoint
            yield page if number else replace(page, checkpoint={**end, "changed": [end["start"], "~"]})


class StampAlone(Acme):
    """Goes on after the stamp of the last record, without its id."""

    def _ask(self, call: Callable[[AcmeCrm, str], str]) -> Row:
        answer = super()._ask(call)
        for row in answer.get("rows", []):
            if "place" in row:
                row["place"] = [row["place"][0], "~"]
        return answer


class NoLag(Acme):
    """Goes on after the last record, whatever comes late."""

    def _end(self, mark: dict[str, Any]) -> dict[str, Any]:
        return {name: mark[name] for name in ("changed", "tagged")}


class LagFromTheHighest(Acme):
    """Goes back from the highest stamp that it saw, not from when it began."""

    def _end(self, mark: dict[str, Any]) -> dict[str, Any]:
        return {name: [mark[name][0] - self._config.lag_s - 1, ""] for name in ("changed", "tagged")}


def _everything(crm: AcmeCrm, token: str) -> str:
    """All rows on one page, by their stamps."""
    page, crm.page = crm.page, 1000
    try:
        return crm.changed(token, 0, "")
    finally:
        crm.page = page


class Offsets(Acme):
    """Pages by number in an order that changes under its hands."""

    def read(self, object: str, since: Checkpoint | None) -> Iterator[Page]:
        offset = int((since or {}).get("offset", 0))
        while True:
            rows = list(self._ask(_everything)["rows"])
            records, problems = self._records(rows[offset : offset + 5])
            offset += 5
            yield Page(records, problems, {"offset": min(offset, len(rows))})
            if offset >= len(rows):
                return


class ReadTime(Acme):
    """Writes into each record when it was read."""

    _reads = 0

    def _record(self, row: Row) -> Record:
        ReadTime._reads += 1
        made = super()._record(row)
        return made if made.deleted else replace(made, data={**made.data, "read": self._reads})


class Chatty(Acme):
    """Fetches every record that it ever saw, to be sure."""

    def read(self, object: str, since: Checkpoint | None) -> Iterator[Page]:
        for page in super().read(object, since):
            self.check()
            self.check()
            yield page


class OnePage(Acme):
    """Holds everything in memory and shows it at once."""

    def read(self, object: str, since: Checkpoint | None) -> Iterator[Page]:
        pages = list(super().read(object, since))
        yield replace(pages[-1], records=[record for page in pages for record in page.records])


class SaysSnapshot(Acme):
    """Takes each page for all of it."""

    def read(self, object: str, since: Checkpoint | None) -> Iterator[Page]:
        for page in super().read(object, since):
            yield replace(page, snapshot=True)


class SaysSnapshotLater(Acme):
    """Takes what changed for all of it."""

    def read(self, object: str, since: Checkpoint | None) -> Iterator[Page]:
        for page in super().read(object, since):
            yield replace(page, snapshot=since is not None)


class CompleteTooEarly(Acme):
    """Says of each page that it was the last."""

    def read(self, object: str, since: Checkpoint | None) -> Iterator[Page]:
        for page in super().read(object, since):
            yield replace(page, complete=True)
