"""Asynchronous work: a job of many tasks, each for itself; a key makes a job once.  (shell)"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, Final

from billsync_connectors.netsuite.server.asked import Reply, Request
from billsync_connectors.netsuite.server.denied import Denied, content, not_found
from billsync_connectors.netsuite.server.ledger import Ledger
from billsync_stand_in.clock import read, written

JOBS: Final = "/services/rest/async/v1/job"
_KEY: Final = "x-netsuite-idempotency-key"
_COLLECTION: Final = "type=collection"
Task = Callable[[str, str, Mapping[str, Any]], Reply]
"""Method, path below /record/v1, body -> reply; raises `Denied`."""


class Jobs:
    """Keeps them; every method is called inside of a turn, and raises `Denied`.

    Attributes:
        refused: tasks that a fault refuses, by their place from 1; only: how many are executed at all.
    """

    def __init__(self, ledger: Ledger, execute: Task) -> None:
        self._ledger, self._execute = ledger, execute
        self.refused: dict[int, Denied] = {}
        self.only: int | None = None

    def take(self, request: Request, path: list[str]) -> Reply:
        """Accept a job; the same key again is refused with the first one's address."""
        key, shelf, settings = request.headers.get(_KEY, ""), self._ledger.shelf, self._ledger.settings
        now = self._ledger.clock.now()
        known = shelf.recall(f"key {key}", None) if key else None
        if known and read(known["at"]) + timedelta(seconds=settings.key_s) > now:
            told = "A request with the same idempotency key has been accepted already."
            raise Denied(400, "IDEMPOTENCY_ERROR", told, Location=f"{JOBS}/{known['job']}")
        id = shelf.recall("last job", 123_455) + 1
        shelf.remember("last job", id)
        tasks = self._tasks(request, path)
        due = written(now + timedelta(seconds=settings.job_s))
        shelf.remember(f"job {id}", {"id": str(id), "due": due, "tasks": tasks, "looks": 0, "done": False})
        if key:
            shelf.remember(f"key {key}", {"job": str(id), "at": written(now)})
        shelf.remember("open jobs", [*shelf.recall("open jobs", []), str(id)])
        self._carry_out(limit=self.only, refused=self.refused)
        return Reply(202, None, {"Location": f"{JOBS}/{id}", "Preference-Applied": "respond-async"})

    def _tasks(self, request: Request, path: list[str]) -> list[dict[str, Any]]:
        if _COLLECTION not in request.headers.get("content-type", ""):
            body = request.mapping() if request.body else {}
            return [{"id": "1", "method": request.method, "path": path, "body": body, "reply": None}]
        items = request.mapping().get("items")
        most = self._ledger.settings.batch_max
        if not isinstance(items, list) or not 0 < len(items) <= most:
            raise content(f"A collection has 1 to {most} items.", "items")
        return [self._task(request.method, path, place, item) for place, item in enumerate(items, 1)]

    def _task(self, method: str, path: list[str], place: int, item: Any) -> dict[str, Any]:
        own = item if isinstance(item, Mapping) else {}
        named = [*path[:1], str(own["id"])] if method in ("PATCH", "DELETE") and "id" in own else path[:1]
        if method == "PUT":
            named = [*path[:1], f"eid:{own.get('externalId', '')}"]
        return {"id": str(place), "method": method, "path": named, "body": own, "reply": None}

    # ------------------------------------------------------------ at work

    def arrive(self) -> None:
        """Carry out what is due."""
        self._carry_out(limit=None, refused={})

    def _carry_out(self, *, limit: int | None, refused: Mapping[int, Denied]) -> None:
        shelf, now = self._ledger.shelf, written(self._ledger.clock.now())
        left = []
        for id in shelf.recall("open jobs", []):
            job = shelf.recall(f"job {id}", {})
            if job["due"] > now:
                left.append(id)
                continue
            tasks = [
                task if limit is not None and place > limit else {**task, "reply": self._done(task, refused.get(place))}
                for place, task in enumerate(job["tasks"], 1)
            ]
            shelf.remember(f"job {id}", {**job, "tasks": tasks, "done": True})
        shelf.remember("open jobs", left)

    def _done(self, task: Mapping[str, Any], denied: Denied | None) -> dict[str, Any]:
        try:
            with self._ledger.shelf.turn():
                if denied is not None:
                    raise denied
                reply = self._execute(task["method"], "/".join(task["path"]), task["body"])
        except Denied as refused:
            language = self._ledger.settings.language
            return {"status": refused.status, "value": refused.value(language), "location": ""}
        return {"status": reply.status, "value": reply.value, "location": reply.headers.get("Location", "")}

    # ------------------------------------------------------------ looked at

    def look(self, rest: list[str], base: str) -> Reply:
        """`ID`, `ID/task`, `ID/task/N`, `ID/task/N/result`."""
        job = self._ledger.shelf.recall(f"job {rest[0]}", None) if rest else None
        if job is None:
            raise not_found("job", "/".join(rest))
        match rest[1:]:
            case []:
                return Reply(200, self._told(job, base))
            case ["task"]:
                items = [{"id": task["id"], "links": _links(f"{base}/task/{task['id']}")} for task in job["tasks"]]
                told = {"links": _links(f"{base}/task"), "items": items, "count": len(items), "hasMore": False}
                return Reply(200, {**told, "offset": 0, "totalResults": len(items)})
            case ["task", id, *more] if more in ([], ["result"]):
                task = next((each for each in job["tasks"] if each["id"] == id), None)
                if task is not None:
                    return _result(task) if more else Reply(200, _shown(task, f"{base}/task/{id}"))
        raise not_found("job", "/".join(rest))

    def _told(self, job: dict[str, Any], base: str) -> dict[str, Any]:
        """Where it stands; it says pending for a while, though it may be done."""
        looks = job["looks"] + 1
        self._ledger.shelf.remember(f"job {job['id']}", {**job, "looks": looks})
        done = job["done"] and looks > self._ledger.settings.job_polls
        failed = any(task["reply"] is None or task["reply"]["status"] >= 400 for task in job["tasks"])
        progress = ("failed" if failed else "succeeded") if done else ("pending" if looks == 1 else "processing")
        own = {"links": _links(base), "completed": done, "id": job["id"], "progress": progress}
        return {**own, "task": {"links": _links(f"{base}/task")}}


def _shown(task: Mapping[str, Any], base: str) -> dict[str, Any]:
    reply = task["reply"]
    progress = "processing" if reply is None else "failed" if reply["status"] >= 400 else "succeeded"
    own = {"links": _links(base), "completed": reply is not None, "id": task["id"], "progress": progress}
    return {**own, "result": {"links": _links(f"{base}/result")}}


def _result(task: Mapping[str, Any]) -> Reply:
    reply = task["reply"]
    if reply is None:
        raise not_found("result", str(task["id"]))
    where = {"Location": reply["location"]} if reply["location"] else {}
    return Reply(reply["status"], reply["value"], where)


def _links(href: str) -> list[dict[str, str]]:
    return [{"rel": "self", "href": href}]
