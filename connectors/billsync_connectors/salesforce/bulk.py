"""First reads of many records: jobs of Bulk API 2.0, one for the records and one for each kind of children.  (shell)

A query with children inside would bring 500 records a call; two flat ones bring many thousands.  The children wait in a
temporary database, whatever their number and order, until their record comes: memory stays flat.  Jobs outlive a killed
run: their results are there for days.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from typing import Any, Final
from urllib.parse import urlencode

from billsync.connector import Page, Refused, TryLater
from billsync_connectors.salesforce.denials import Denied
from billsync_connectors.salesforce.plan import Child, Leaf, Plan
from billsync_connectors.salesforce.rows import Strange, records
from billsync_connectors.salesforce.session import Session
from billsync_connectors.salesforce.soql import select
from billsync_connectors.salesforce.tables import columns, table
from billsync_connectors.salesforce.values import COMPOUND

ROWS: Final = 5000
"""Rows of a table at once; fewer where they are too large for an answer."""
_FIRST_S: Final = 0.5
_MOST_S: Final = 15.0
_LONGEST_S: Final = 1800.0
_END: Final = "null"


class NoBulk(Exception):
    """The org does not carry this out as a job: it has to be read otherwise."""


class Bulk:
    """Bulk reads of one connection.  Raises `TryLater`, `Refused` and `NoBulk`."""

    def __init__(self, session: Session, *, sleep: Callable[[float], None] = time.sleep) -> None:
        self._session, self._sleep = session, sleep

    def pages(self, plan: Plan, state: Mapping[str, Any] | None, goes: Mapping[str, Any]) -> Iterator[Page]:
        """Pages of live records; a checkpoint holds the jobs and how far the table of records was read."""
        jobs, locator = _state(state)
        if not jobs:
            jobs = self._begun(plan)
            yield Page((), checkpoint=_at(goes, jobs, ""))
        for job in jobs:
            self._awaited(job)
        with closing(sqlite3.connect("")) as shelf:
            self._shelve(plan, jobs[1:], shelf)
            while locator != _END:
                rows, locator = self._table(jobs[0], locator, plan.leaves, plan.flat())
                for child in plan.children:
                    for row in rows:
                        row[child.name] = _taken(shelf, child, str(row["Id"]))
                try:
                    found, problems = records(self._session.system, plan, rows)
                except Strange as strange:
                    raise self._session.strange(str(strange)) from None
                yield Page(found, problems, checkpoint=_at(goes, jobs, locator))

    # ------------------------------------------------------------ jobs

    def _begun(self, plan: Plan) -> list[str]:
        """A job for the records, one for each kind of children: their queries are flat."""
        leaves = [*plan.leaves, *(leaf for child in plan.children for leaf in child.leaves)]
        if any(leaf.type in COMPOUND for leaf in leaves):
            raise NoBulk
        queries = [select(columns(plan.flat(), plan.leaves), plan.object, plan.where)]
        for child in plan.children:
            fields = columns([*child.fields(), child.reference], child.leaves)
            queries.append(select(fields, child.object))
        return [self._job(query) for query in queries]

    def _job(self, query: str) -> str:
        body = {"operation": "query", "query": query, "lineEnding": "LF", "columnDelimiter": "COMMA"}
        try:
            found = self._session.ask("jobs/query", body)
        except Denied as no:
            if isinstance(no.fault, Refused):
                raise NoBulk from None
            raise no.fault from None
        return self._text(found, "id")

    def _awaited(self, job: str) -> None:
        """Look at a job until it is done."""
        waited, pause = 0.0, _FIRST_S
        while True:
            state = self._text(self._asked(f"jobs/query/{job}").value, "state")
            if state == "JobComplete":
                return
            if state in ("Failed", "Aborted"):
                raise NoBulk
            if waited > _LONGEST_S:
                raise TryLater(
                    "bulk_waits", f"{self._session.system}: a job is still at work: it goes on with the next run"
                )
            self._sleep(pause)
            waited, pause = waited + pause, min(pause * 2, _MOST_S)

    def _text(self, value: Any, name: str) -> str:
        found = value.get(name) if isinstance(value, Mapping) else None
        if not isinstance(found, str):
            raise self._session.strange(f"a job without {name}")
        return found

    # ------------------------------------------------------------ tables

    def _table(
        self, job: str, locator: str, leaves: Sequence[Leaf], further: Sequence[str]
    ) -> tuple[list[dict[str, Any]], str]:
        """Some rows of a job's table, and where to go on."""
        most = ROWS
        while True:
            asked = {"maxRecords": str(most), **({"locator": locator} if locator else {})}
            try:
                answer = self._asked(f"jobs/query/{job}/results?{urlencode(asked)}", text=True)
                break
            except TryLater as fault:
                if fault.reason != "too_large" or most == 1:
                    raise
                most = max(1, most // 8)
        names = {leaf.name for leaf in leaves}
        try:
            rows = list(table(answer.value or "", leaves, [name for name in further if name not in names]))
        except Strange as strange:
            raise self._session.strange(str(strange)) from None
        told, following = answer.headers.get("sforce-numberofrecords", ""), answer.headers.get("sforce-locator")
        if not following or (told.isdigit() and int(told) != len(rows)):
            raise self._session.strange("not all of a table")
        return rows, following

    def _shelve(self, plan: Plan, jobs: Sequence[str], shelf: sqlite3.Connection) -> None:
        """All children, until their record comes."""
        shelf.execute("create table child (kind text, parent text, id text, data text)")
        for child, job in zip(plan.children, jobs, strict=True):
            locator = ""
            while locator != _END:
                rows, locator = self._table(job, locator, child.leaves, [*child.fields(), child.reference])
                kept = [(child.name, row[child.reference], row["Id"], json.dumps(row)) for row in rows]
                shelf.executemany("insert into child values (?, ?, ?, ?)", kept)
        shelf.execute("create index of_parent on child (kind, parent)")

    def _asked(self, path: str, *, text: bool = False) -> Any:
        try:
            return self._session.asked(path, text=text)
        except Denied as no:
            if no.code == "NOT_FOUND":  # a job is kept for some days only
                raise NoBulk from None
            raise no.fault from None


def _taken(shelf: sqlite3.Connection, child: Child, id: str) -> dict[str, Any]:
    found = shelf.execute("select data from child where kind = ? and parent = ?", (child.name, id))
    return {"records": [json.loads(data) for (data,) in found]}


def _state(state: Mapping[str, Any] | None) -> tuple[list[str], str]:
    jobs = state.get("jobs") if state else None
    return (list(jobs), str(state["locator"])) if state and jobs else ([], "")


def _at(goes: Mapping[str, Any], jobs: Sequence[str], locator: str) -> dict[str, Any]:
    return {**goes, "bulk": {"jobs": list(jobs), "locator": locator}}
