"""Open and resolved problems: one row per fault at a record, however often it is seen.  (shell)"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, bindparam, func, insert, select, update

from billsync.model.problem import Problem
from billsync.store.schema import problems
from billsync.store.sql import among, bulk, rows

_OPEN: Final = "open"
_RESOLVED: Final = "resolved"
_NOTHING: Final[frozenset[str]] = frozenset()


@dataclass(frozen=True, slots=True)
class StoredProblem:
    """A problem and its story.

    Attributes:
        number: from 1, for people to name it by.
        state: `open` or `resolved`.
        times: how many runs saw it.
        run: id of the run that saw it last.
    """

    number: int
    problem: Problem
    state: str
    pipeline: str
    first_seen: datetime
    last_seen: datetime
    times: int
    run: str


_Stored = list[StoredProblem]


class Problems:
    """Problems by number and by fingerprint."""

    def __init__(self, conn: Connection) -> None:
        self._conn = conn

    def report(self, items: Sequence[Problem], *, pipeline: str, run: str, at: datetime) -> int:
        """Store what was seen: new, seen again, or open again.  Gives how many are open that were not before."""
        seen = {item.fingerprint: item for item in items}
        columns = (problems.c.fingerprint, problems.c.state)
        known = {
            row["fingerprint"]: row["state"]
            for row in among(self._conn, select(*columns), problems.c.fingerprint, seen)
        }
        number: int = self._conn.execute(select(func.coalesce(func.max(problems.c.number), 0))).scalar_one()
        new = [item for fingerprint, item in seen.items() if fingerprint not in known]
        inserted = [_row(item, number + n, pipeline, run, at) for n, item in enumerate(new, start=1)]
        bulk(self._conn, insert(problems), inserted)
        again = [
            {"b_fingerprint": fingerprint, "b_doc": seen[fingerprint].json_text(), "b_code": seen[fingerprint].code}
            for fingerprint in known
        ]
        bulk(self._conn, _again(pipeline, run, at), again)
        return len(new) + sum(1 for state in known.values() if state != _OPEN)

    def close(
        self,
        *,
        connection: str,
        object: str,
        ids: Iterable[str],
        except_: Collection[str] = _NOTHING,
        at: datetime,
        codes_prefix: str = "",
    ) -> int:
        """Resolve the open problems of these records, but for these fingerprints.  Gives how many those were.

        With `codes_prefix` only those whose code starts with it.
        """
        query = _open_of(connection, object)
        if self._conn.execute(query.limit(1)).first() is None:  # as it mostly is: nothing to look for
            return 0
        found = [row for row in among(self._conn, query, problems.c.id, ids) if row["code"].startswith(codes_prefix)]
        return self.close_fingerprints({row["fingerprint"] for row in found} - set(except_), at)

    def close_file(
        self,
        connection: str,
        object: str,
        *,
        except_: Collection[str] = _NOTHING,
        at: datetime,
        codes_prefix: str = "READ-",
    ) -> int:
        """Resolve the open READ problems of a kind of record that a full read did not see again."""
        found = [row for row in rows(self._conn, _open_of(connection, object)) if row["code"].startswith(codes_prefix)]
        return self.close_fingerprints({row["fingerprint"] for row in found} - set(except_), at)

    def close_fingerprints(self, fingerprints: Iterable[str], at: datetime) -> int:
        """Resolve these problems where they are open.  Gives how many were."""
        mine = problems.c.fingerprint == bindparam("b_fingerprint")
        resolve = update(problems).where(mine, problems.c.state == _OPEN).values(state=_RESOLVED, resolved_at=at)
        return bulk(self._conn, resolve, [{"b_fingerprint": item} for item in dict.fromkeys(fingerprints)])

    def get(self, number: int) -> StoredProblem | None:
        """The problem of that number, or None."""
        found = rows(self._conn, select(problems).where(problems.c.number == number))
        return _stored(found[0]) if found else None

    def count_open(self) -> int:
        """How many are open."""
        return self._conn.execute(select(func.count()).where(problems.c.state == _OPEN)).scalar_one()

    def list(
        self,
        *,
        state: str | None = _OPEN,
        pipeline: str | None = None,
        code: str | None = None,
        after: int = 0,
        limit: int = 500,
    ) -> _Stored:
        """Problems by number, from the first after `after`; a filter that is None lets all through."""
        query = select(problems).where(problems.c.number > after).order_by(problems.c.number).limit(limit)
        for column, wanted in ((problems.c.state, state), (problems.c.pipeline, pipeline), (problems.c.code, code)):
            query = query if wanted is None else query.where(column == wanted)
        return [_stored(row) for row in rows(self._conn, query)]


def _open_of(connection: str, object: str) -> Any:
    mine = (problems.c.system == connection, problems.c.object == object, problems.c.state == _OPEN)
    return select(problems.c.fingerprint, problems.c.code).where(*mine)


def _again(pipeline: str, run: str, at: datetime) -> Any:
    seen = update(problems).where(problems.c.fingerprint == bindparam("b_fingerprint"))
    return seen.values(
        state=_OPEN,
        resolved_at=None,
        code=bindparam("b_code"),
        doc=bindparam("b_doc"),
        times=problems.c.times + 1,
        pipeline=pipeline,
        run=run,
        last_seen=at,
    )


def _row(problem: Problem, number: int, pipeline: str, run: str, at: datetime) -> dict[str, Any]:
    return {
        "number": number,
        "fingerprint": problem.fingerprint,
        "state": _OPEN,
        "code": problem.code,
        "pipeline": pipeline,
        "system": problem.place.system or "",
        "object": problem.place.object or "",
        "id": problem.place.id or "",
        "first_seen": at,
        "last_seen": at,
        "resolved_at": None,
        "times": 1,
        "run": run,
        "doc": problem.json_text(),
    }


def _stored(row: dict[str, Any]) -> StoredProblem:
    names = ("number", "state", "pipeline", "first_seen", "last_seen", "times", "run")
    return StoredProblem(problem=Problem(**json.loads(row["doc"])), **{name: row[name] for name in names})
