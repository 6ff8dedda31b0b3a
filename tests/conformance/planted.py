"""Acme's connector with one fault planted in it: what the kit must find, one class for each way to get it wrong."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any, ClassVar

from billsync.conformance.subject import Ability
from billsync.connector import (
    Checkpoint,
    Connector,
    Context,
    Fault,
    Health,
    Page,
    Record,
    Refused,
    Schema,
    TryLater,
)
from billsync.model.problem import Place, Problem
from tests.conformance.acme_billsync.conformance import SECRET, AcmeSubject
from tests.conformance.acme_billsync.connector import SERVICES, Acme
from tests.conformance.acme_billsync.crm import AcmeCrm, AcmeError

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


def _everything(crm: AcmeCrm, token: str) -> str:
    """All rows on one page, by their stamps."""
    page, crm.page = crm.page, 1000
    try:
        return crm.changed(token, 0, "")
    finally:
        crm.page = page


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


class Shared(Acme):
    """Keeps the session of all connections in one place, and ends it with its own."""

    _all: ClassVar[dict[str, str]] = {}

    def _ask(self, call: Callable[[AcmeCrm, str], str]) -> Row:
        if self._all.get("closed"):
            raise TryLater("closed", "the session was closed by somebody")
        return super()._ask(call)

    def close(self) -> None:
        Shared._all["closed"] = "yes"


class Nameless(Acme):
    """`check` says nothing."""

    def check(self) -> Health:
        super().check()
        return Health(system="")


class AlwaysHealthy(Acme):
    """`check` looks at nothing."""

    def check(self) -> Health:
        return Health(system="Acme CRM")


class Terse(Acme):
    """Says that it does not work, and no more."""

    def _ask(self, call: Callable[[AcmeCrm, str], str]) -> Row:
        try:
            return super()._ask(call)
        except TryLater as fault:
            raise TryLater(fault.reason, "error", after_s=fault.after_s, offline=fault.offline) from None


class AnyKind(Acme):
    """Knows every kind of record, and finds none of it."""

    def _known(self, object: str) -> None:
        return


class Trusting(Acme):
    """Takes a checkpoint for one of its own."""

    def _mark(self, since: Checkpoint | None) -> dict[str, Any]:
        return dict(since) if since is not None else super()._mark(None)


class Loud(Acme):
    """Its messages show what it sent."""

    def _ask(self, call: Callable[[AcmeCrm, str], str]) -> Row:
        try:
            return super()._ask(call)
        except TryLater as fault:
            secret = self._config.secret.get_secret_value()
            message = f"{fault.message} (log-in with {secret})"
            raise TryLater(fault.reason, message, after_s=fault.after_s, offline=fault.offline) from None


class ClosesOnce(Acme):
    """Its second close fails."""

    def close(self) -> None:
        del self._name


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


class OnePage(Acme):
    """Holds everything in memory and shows it at once."""

    def read(self, object: str, since: Checkpoint | None) -> Iterator[Page]:
        pages = list(super().read(object, since))
        yield replace(pages[-1], records=[record for page in pages for record in page.records])


class LogsInOnce(Acme):
    """A session that ends is the end."""

    def _ask(self, call: Callable[[AcmeCrm, str], str]) -> Row:
        def once(crm: AcmeCrm, token: str) -> str:
            try:
                return call(crm, token)
            except AcmeError as error:
                raise AcmeError(400 if error.status == 401 else error.status, "", error.retry_after) from None

        return super()._ask(once)


class GivesUp(Acme):
    """Takes everything that passes by itself for final."""

    def _ask(self, call: Callable[[AcmeCrm, str], str]) -> Row:
        try:
            return super()._ask(call)
        except Fault as fault:
            raise Refused(fault.reason, fault.message) from None


class WaitsNot(Acme):
    """Forgets for how long it was asked to wait."""

    def _ask(self, call: Callable[[AcmeCrm, str], str]) -> Row:
        try:
            return super()._ask(call)
        except TryLater as fault:
            raise TryLater(fault.reason, fault.message, offline=fault.offline) from None


class Swallows(Acme):
    """Takes an answer that it cannot read for an empty one."""

    def _ask(self, call: Callable[[AcmeCrm, str], str]) -> Row:
        try:
            return super()._ask(call)
        except TryLater:
            return {"rows": [], "more": False, "now": 1 << 40}

    def _end(self, mark: dict[str, Any]) -> dict[str, Any]:
        return {name: [mark["start"], "~"] for name in ("changed", "tagged")}


class TakesForGone(Acme):
    """Takes an answer that it cannot read for a CRM without records."""

    def read(self, object: str, since: Checkpoint | None) -> Iterator[Page]:
        try:
            yield from super().read(object, since)
        except TryLater:
            yield Page((), checkpoint=since or {}, snapshot=True)


class Leaks(Acme):
    """Lets the library's own exceptions out."""

    def _ask(self, call: Callable[[AcmeCrm, str], str]) -> Row:
        def raw(crm: AcmeCrm, token: str) -> str:
            try:
                return call(crm, token)
            except AcmeError as error:
                raise KeyError(error.status) from None

        return super()._ask(raw)


class Silent(Acme):
    """Drops what has no id."""

    def _records(self, rows: list[Row]) -> tuple[list[Record], list[Problem]]:
        return super()._records([row for row in rows if row.get("id")])


class Nowhere(Acme):
    """Its problems do not say where."""

    def _records(self, rows: list[Row]) -> tuple[list[Record], list[Problem]]:
        records, problems = super()._records(rows)
        return records, [problem.model_copy(update={"place": Place()}) for problem in problems]


PLANTED: dict[str, tuple[type[Acme], ...]] = {
    "edited": (OnlyNew,),
    "deleted": (ForgetsDeletes,),
    "restored": (GoneForEver,),
    "merged": (ForgetsDeletes,),
    "related": (OwnFieldsOnly,),
    "untold": (Acme,),
    "checkpoints": (CheckpointTooEarly, NotJson, OnePage),
    "restarts": (MarksTheStart,),
    "same-instant": (StampAlone,),
    "late": (NoLag,),
    "slow-read": (LagFromTheHighest,),
    "shifting-pages": (Offsets, ForgetsDeletes),
    "no-news": (ReadTime,),
    "quiet-requests": (Chatty,),
    "lazy": (OnePage,),
    "two-at-once": (Shared,),
    "check": (Nameless,),
    "locked-out": (AlwaysHealthy, Terse),
    "unknown-kind": (AnyKind,),
    "odd-questions": (Trusting,),
    "secrets": (Loud,),
    "close": (ClosesOnce,),
    "described": (MoreThanTold, Retyped),
    "keys": (OneForAll,),
    "values": (Bytes, Floats),
    "decimals": (Floats,),
    "texts": (Guesses, Trims),
    "nul": (AllOrNothing,),
    "empty": (NeedsRecords,),
    "fetched": (OtherFetch,),
    "snapshots": (SaysSnapshot, SaysSnapshotLater, CompleteTooEarly),
    "session-ends": (LogsInOnce,),
    "busy": (GivesUp, Swallows),
    "long-wait": (WaitsNot,),
    "other-limit": (GivesUp, Swallows),
    "server-error": (GivesUp, Swallows, Leaks),
    "cut": (GivesUp, Swallows, Leaks),
    "truncated": (GivesUp, Swallows, TakesForGone),
    "login-page": (GivesUp, Swallows, TakesForGone),
    "wrong-types": (Silent, Nowhere),
    "huge": (AllOrNothing,),
    "random-walk": (
        NoLag,
        Offsets,
        ForgetsDeletes,
        StampAlone,
        CheckpointTooEarly,
        OwnFieldsOnly,
        Swallows,
    ),
}
"""Rule -> connectors that break it."""


class Planted(AcmeSubject):
    """Acme with a service that takes names of any length, and a connector of the test's choice."""

    lacks: ClassVar = {}
    untold_s = HOUR_S
    made: type[Acme] = Sweeping

    def open(self, context: Context) -> Connector:
        return self.made(context, self._config(SECRET))

    def locked_out(self, context: Context) -> Connector:
        return self.made(context, self._config("wrong-2041"))

    def reset(self) -> None:
        super().reset()
        Shared._all.clear()

    def link(self, object: str, id: str) -> None:
        self.crm.rows[id].tags.append("nobody knows when")

    def strike(self, fault: Ability, *, after_s: int = 1) -> None:
        if fault is Ability.HUGE:
            self.create("deals", {"name": "x" * 10_000_000})
        else:
            super().strike(fault, after_s=after_s)
