"""Bulk API 2.0: jobs that read and jobs that write, with CSV in and out.  (shell)"""

from __future__ import annotations

import base64
import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

from billsync_connectors.salesforce.server.asked import Reply, Request
from billsync_connectors.salesforce.server.clock import stamp
from billsync_connectors.salesforce.server.denied import Denied, missing
from billsync_connectors.salesforce.server.ids import made
from billsync_connectors.salesforce.server.queries import Queries
from billsync_connectors.salesforce.server.records import Records
from billsync_connectors.salesforce.server.settings import Settings
from billsync_connectors.salesforce.server.shelf import Shelf
from billsync_connectors.salesforce.server.soql import parsed
from billsync_connectors.salesforce.server.values import cell
from billsync_stand_in.clock import Clock

_DELIMITERS: Final = {"COMMA": ",", "TAB": "\t", "SEMICOLON": ";", "PIPE": "|", "CARET": "^", "BACKQUOTE": "`"}
_ENDS: Final = {"LF": "\n", "CRLF": "\r\n"}
_RESULTS: Final = ("successfulResults", "failedResults", "unprocessedrecords", "unprocessedRecords")
_OPERATIONS: Final = ("insert", "update", "upsert", "delete", "hardDelete")


@dataclass(slots=True)
class Job:
    """One job.

    Attributes:
        polls: how often it still says that it is at work before it is complete.
        head, rows: of a query's results; of an ingest job's data.
        good, bad: rows of an ingest job: id, created or the error, and the row.
    """

    id: str
    asked: dict[str, Any]
    user: str
    at: str
    state: str
    version: str
    polls: int
    head: list[str] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)
    good: list[list[str]] = field(default_factory=list)
    bad: list[list[str]] = field(default_factory=list)
    error: str = ""

    @property
    def query(self) -> bool:
        """Whether it reads."""
        return self.asked["operation"] in ("query", "queryAll")

    def plain(self) -> dict[str, Any]:
        """As it is told."""
        told = {
            "id": self.id, "operation": self.asked["operation"], "object": self.asked.get("object"),
            "createdById": self.user, "createdDate": self.at, "systemModstamp": self.at, "state": self.state,
            "concurrencyMode": "Parallel", "contentType": "CSV", "apiVersion": Decimal(self.version.lstrip("v")),
            "jobType": "V2Query" if self.query else "V2Ingest",
            "lineEnding": self.asked.get("lineEnding", "LF"),
            "columnDelimiter": self.asked.get("columnDelimiter", "COMMA"),
        }  # fmt: skip
        if not self.query:
            name = self.asked.get("externalIdFieldName")
            more = {"externalIdFieldName": name} if name else {}
            url = f"services/data/{self.version}/jobs/ingest/{self.id}/batches"
            told |= {"contentUrl": url, "numberRecordsFailed": len(self.bad), **more}
        if self.error:
            told["errorMessage"] = self.error
        count = len(self.rows) if self.query else len(self.good) + len(self.bad)
        return {**told, "numberRecordsProcessed": count, "retries": 0, "totalProcessingTime": 100}


class Bulk:
    """Every method is called inside of a turn of the shelf, and raises `Denied`.

    Attributes:
        fails: what the next job that gets to work fails with; "" for none.
    """

    def __init__(
        self, shelf: Shelf, clock: Clock, records: Records, queries: Queries, settings: Callable[[], Settings]
    ) -> None:
        self._shelf, self._clock, self._records, self._queries = shelf, clock, records, queries
        self._settings = settings
        self._jobs: dict[str, Job] = {}
        self.fails = ""

    def forget(self) -> None:
        """No jobs."""
        self._jobs.clear()
        self.fails = ""

    def answer(self, request: Request, version: str, rest: list[str]) -> Reply:
        """One of /jobs/."""
        reads = rest[:1] == ["query"]
        if not reads and rest[:1] != ["ingest"]:
            raise missing()
        if len(rest) == 1:
            return self._all(request, version, reads=reads)
        job = self._jobs.get(rest[1])
        if job is None or job.query != reads:
            raise missing()
        if len(rest) == 2:
            return self._one(request, job)
        if rest[2] == "results" and reads:
            return self._results(request, job)
        if rest[2] == "batches" and request.method == "PUT":
            return self._upload(request, job)
        if rest[2] in _RESULTS:
            return self._outcome(job, rest[2])
        raise missing()

    # ------------------------------------------------------------ jobs

    def _all(self, request: Request, version: str, *, reads: bool) -> Reply:
        if request.method == "POST":
            return self._opened(request, version, reads=reads)
        found = [job.plain() for job in self._jobs.values() if job.query == reads]
        return Reply(200, {"done": True, "records": found, "nextRecordsUrl": None})

    def _opened(self, request: Request, version: str, *, reads: bool) -> Reply:
        asked = request.mapping()
        if asked.get("operation") not in (("query", "queryAll") if reads else _OPERATIONS):
            raise Denied(400, "INVALIDJOB", f"Operation: {asked.get('operation')} is not supported")
        if asked.get("lineEnding", "LF") not in _ENDS or asked.get("columnDelimiter", "COMMA") not in _DELIMITERS:
            raise Denied(400, "INVALIDJOB", "lineEnding or columnDelimiter is not supported")
        state = "UploadComplete" if reads else "Open"
        if reads:
            asked["object"] = self._checked(asked)
        else:
            asked["object"] = self._records.kind(str(asked.get("object"))).name
        number, now = len(self._jobs) + 1, stamp(self._clock.now())
        polls = self._settings().bulk_polls
        job = Job(made("750", number), asked, self._records.user, now, state, version, polls)
        self._jobs[job.id] = job
        return Reply(200, job.plain())

    def _checked(self, asked: dict[str, Any]) -> str:
        """The object of a query that bulk jobs can carry out."""
        query = parsed(str(asked.get("query", "")))
        answer = self._queries.selected(str(asked["query"]), "v0", deleted=False)
        if answer.inner or answer.totals or query.count or query.offset:
            told = "Aggregate Relationships, GROUP BY, COUNT() and OFFSET are not supported in Bulk Query"
            raise Denied(400, "API_ERROR", told)
        if any(column.type == "address" for _names, column in answer.columns):
            raise Denied(400, "FUNCTIONALITY_NOT_ENABLED", "Selecting compound data not supported in Bulk Query")
        return answer.object

    def _one(self, request: Request, job: Job) -> Reply:
        if request.method == "DELETE":
            del self._jobs[job.id]
            return Reply(204)
        if request.method == "PATCH":
            self._told(job, str(request.mapping().get("state")))
        elif job.state in ("UploadComplete", "InProgress"):
            self._advance(job)
        return Reply(200, job.plain())

    def _told(self, job: Job, state: str) -> None:
        """Close or abort it."""
        allowed = {"UploadComplete": ("Open",), "Aborted": ("Open", "UploadComplete", "InProgress")}
        if job.state not in allowed.get(state, ()):
            raise Denied(400, "INVALIDJOBSTATE", f"The job is {job.state}: it cannot become {state}")
        job.state = state

    def _advance(self, job: Job) -> None:
        """Each look at a job brings it on."""
        if self.fails:
            job.state, job.error, self.fails = "Failed", self.fails, ""
        elif job.polls:
            job.polls, job.state = job.polls - 1, "InProgress"
        else:
            job.state = "JobComplete"
            if job.query:
                self._read(job)
            else:
                self._write(job)

    # ------------------------------------------------------------ reading

    def _read(self, job: Job) -> None:
        answer = self._queries.selected(
            str(job.asked["query"]), job.version, deleted=job.asked["operation"] == "queryAll"
        )
        job.head = [".".join(names) for names, _field in answer.columns]
        rows = [self._shelf.get(answer.object, id) for id in answer.ids]
        shown = [answer.show(row) for row in rows if row is not None]
        job.rows = [[cell(_reached(row, names)) for names, _field in answer.columns] for row in shown]

    def _results(self, request: Request, job: Job) -> Reply:
        if job.state != "JobComplete":
            raise Denied(400, "INVALIDJOBSTATE", f"Results are not there: the job is {job.state}")
        start = _unpacked(request.asked("locator"))
        most = request.asked("maxRecords")
        size = min(
            int(most) if most.isdigit() and int(most) else self._settings().bulk_page, self._settings().bulk_page
        )
        page, end = job.rows[start : start + size], start + size
        locator = _packed(end) if end < len(job.rows) else "null"
        headers = {"Sforce-Locator": locator, "Sforce-NumberOfRecords": str(len(page))}
        return self._csv(job, job.head, page, headers)

    def _csv(self, job: Job, head: Sequence[str], rows: Sequence[Sequence[str]], headers: dict[str, str]) -> Reply:
        text = io.StringIO(newline="")
        end = _ENDS[job.asked.get("lineEnding", "LF")]
        delimiter = _DELIMITERS[job.asked.get("columnDelimiter", "COMMA")]
        writer = csv.writer(text, delimiter=delimiter, lineterminator=end, quoting=csv.QUOTE_ALL)
        writer.writerow(head)
        writer.writerows(rows)
        return Reply(200, text.getvalue(), headers, "text/csv; charset=UTF-8")

    # ------------------------------------------------------------ writing

    def _upload(self, request: Request, job: Job) -> Reply:
        if job.state != "Open" or job.head:
            raise Denied(400, "INVALIDJOBSTATE", "Found multiple contents for job: only one upload is taken")
        delimiter = _DELIMITERS[job.asked.get("columnDelimiter", "COMMA")]
        text = request.body.decode("utf-8-sig", "replace")
        rows = [row for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter) if row]
        job.head, job.rows = (rows[0], rows[1:]) if rows else ([], [])
        return Reply(201)

    def _write(self, job: Job) -> None:
        for row in job.rows:
            sent = _unflattened(zip(job.head, row, strict=False))
            try:
                with self._shelf.turn():
                    id, created = self._carried(job, sent)
            except Denied as denied:
                fields = ",".join(denied.fields or ()) or "--"
                job.bad.append([str(sent.get("Id", "")), f"{denied.code}:{denied.message}:{fields}", *row])
            else:
                job.good.append([id, cell(created), *row])

    def _carried(self, job: Job, sent: dict[str, Any]) -> tuple[str, bool]:
        object, key = job.asked["object"], str(job.asked.get("externalIdFieldName") or "Id")
        match job.asked["operation"]:
            case "insert":
                return str(self._records.create(object, sent)["Id"]), True
            case "update":
                return str(self._records.update(object, str(sent.pop("Id", "")), sent)["Id"]), False
            case "upsert":
                return self._records.upsert(object, key, str(sent.pop(key, "") or ""), sent)
        id = str(sent.get("Id", ""))
        self._records.delete(object, id)
        if job.asked["operation"] == "hardDelete":
            self._records.purge(object, id)
        return id, False

    def _outcome(self, job: Job, which: str) -> Reply:
        if which == "successfulResults":
            return self._csv(job, ["sf__Id", "sf__Created", *job.head], job.good, {})
        if which == "failedResults":
            return self._csv(job, ["sf__Id", "sf__Error", *job.head], job.bad, {})
        left = [] if job.state == "JobComplete" else job.rows
        return self._csv(job, job.head, left, {})


def _reached(row: dict[str, Any], names: Sequence[str]) -> Any:
    found: Any = row
    for name in names:
        found = found.get(name) if found else None
    return found


def _packed(place: int) -> str:
    return base64.urlsafe_b64encode(str(place).encode()).decode().rstrip("=")


def _unpacked(locator: str) -> int:
    if not locator:
        return 0
    try:
        return int(base64.urlsafe_b64decode(locator + "=" * (-len(locator) % 4)))
    except ValueError:
        raise Denied(400, "INVALID_QUERY_LOCATOR", "invalid locator") from None


def _unflattened(cells: Any) -> dict[str, Any]:
    """A CSV row as a record: `Account.External_Id__c` is nested, `#N/A` empties, an empty cell says nothing."""
    found: dict[str, Any] = {}
    for name, text in cells:
        above, _, below = name.partition(".")
        if text == "":
            continue
        value = None if text == "#N/A" else text
        if below:
            found[above] = {below: value}
        else:
            found[name] = value
    return found
