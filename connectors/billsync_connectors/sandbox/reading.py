"""Reads records in the order in which they changed, so that edits while paging lose nothing.  (shell)

Only the sandbox's own times are compared.  A change may be listed some time after it was made (`publish_lag_s`): the
next read therefore starts no later than that time before this one began.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any, Final
from urllib.parse import urlencode

from billsync.connector import Checkpoint, Page, Record, Refused, TryLater
from billsync.model.problem import Place, Problem
from billsync.model.scalar import read_instant
from billsync_connectors.sandbox.config import SandboxSettings
from billsync_connectors.sandbox.records import record_of
from billsync_connectors.sandbox.session import Session

FETCH_MAX: Final = 200


class Reading:
    """The records of one connection.  Raises `TryLater` and `Refused`, between pages too."""

    def __init__(self, session: Session, settings: SandboxSettings) -> None:
        self._session, self._settings = session, settings

    def pages(self, object: str, since: Checkpoint | None) -> Iterator[Page]:
        """Pages; a checkpoint holds `updated` and `id` of the last record, and `start` while a read is under way."""
        mark = {name: place for name, place in (since or {}).items() if isinstance(place, str)}
        while True:
            answer = self.raw(object, mark)
            mark.setdefault("start", str(answer["as_of"]))
            rows = answer["records"]
            if rows:
                mark.update(updated=str(rows[-1].get("updated")), id=str(rows[-1].get("id")))
            more = answer.get("more") is True and bool(rows)
            records, problems = self._records(object, rows)
            checkpoint = dict(mark) if more else self._end(mark)
            yield Page(records, problems, checkpoint=checkpoint, complete=not more and "id" not in (since or {}))
            if not more:
                return

    def raw(self, object: str, mark: Mapping[str, Any]) -> dict[str, Any]:
        """One page as the sandbox gives it."""
        place = {"after_updated": mark.get("updated", ""), "after_id": mark.get("id", "")}
        query = urlencode({**place, "limit": self._settings.page_size})
        answer = self._session.ask("GET", f"v1/{object}?{query}", any_text=True)
        if not isinstance(answer.get("records"), list) or "as_of" not in answer:
            raise TryLater("not_json", f"{self._session.system}: the list of {object} has no records", offline=True)
        return answer

    def rows(self, object: str, ids: list[str]) -> list[dict[str, Any]]:
        """These records as the sandbox gives them; those that are not there are left out."""
        found: list[dict[str, Any]] = []
        for start in range(0, len(ids), FETCH_MAX):
            asked = {"ids": ids[start : start + FETCH_MAX]}
            found += self._session.ask("POST", f"v1/{object}/search", asked, any_text=True).get("records", [])
        return found

    # ------------------------------------------------------------ inside

    def _end(self, mark: Mapping[str, Any]) -> dict[str, Any]:
        """Where the next read starts: after the last record, but not after what may still be published."""
        lag = timedelta(seconds=self._settings.publish_lag_s)
        try:
            safe = (read_instant(mark["start"]) - lag).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        except ValueError as error:
            raise Refused(
                "bad_checkpoint", f"{self._session.system}: the time of a list cannot be read: {error}"
            ) from None
        if mark.get("updated", "") < safe:
            return {name: mark[name] for name in ("updated", "id") if name in mark}
        return {"updated": safe, "id": ""}

    def _records(self, object: str, rows: list[Any]) -> tuple[list[Record], list[Problem]]:
        """The records; what cannot be read as one is told."""
        records: list[Record] = []
        problems: list[Problem] = []
        for row in rows:
            try:
                records.append(record_of(self._session.system, object, row, echoes=self._settings.echoes))
            except (ValueError, AttributeError) as error:
                place = Place(system=self._session.system, object=object)
                problems.append(Problem(code="READ-KEY-01", message=f"{object}: {error}", place=place))
        return records, problems
