"""Posts drafts: in order of date, a few at a time, never two calls at once.  (shell)"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Collection, Iterator, Sequence
from datetime import date
from typing import Any, Final

from billsync.connector import Fault, Refused, TryLater
from billsync_connectors.tryton.session import Session

MODEL: Final = "account.invoice"
GROUP: Final = 25
"""Invoices posted in one call: about ten seconds of Tryton's time with a dozen lines each."""

_PATIENCE: Final = 4
_DONE: Final = frozenset({"posted", "paid"})
_EXPECTED: Final = ("invoice_payment_term", "invoice_taxes")
"""Warnings that are part of the work: due dates in the past, and taxes that we worked out ourselves."""


class Posting:
    """Moves drafts to `posted`.

    Validating first halves the time of posting: a validated invoice's taxes are not worked out again at every step.
    """

    def __init__(self, session: Session, timeout: int) -> None:
        self._session, self._timeout = session, timeout * _PATIENCE

    def post(self, drafts: Sequence[tuple[int, date]]) -> dict[int, Fault]:
        """Post the invoices, given as id and invoice date; the faults of those that are not posted, by id."""
        ids = [record for record, _day in sorted(drafts, key=lambda draft: (draft[1], draft[0]))]
        faults: dict[int, Fault] = {}
        for group in (ids[start : start + GROUP] for start in range(0, len(ids), GROUP)):
            faults.update(self._group(group))
        return faults

    def withdraw(self, ids: Sequence[int]) -> frozenset[int]:
        """Delete what is not posted, so that nothing is left; those that are gone for certain."""
        gone = set()
        for record in ids:
            try:
                with contextlib.suppress(Refused):  # one that is a draft still
                    self._session.do(f"model.{MODEL}.draft", [record])
                self._session.do(f"model.{MODEL}.delete", [record])
            except Fault:
                continue
            gone.add(record)
        return frozenset(gone)

    def _group(self, ids: Sequence[int]) -> dict[int, Fault]:
        with_warnings = list(_warnings(ids))
        try:
            self._acknowledge(with_warnings)
        except Fault as fault:
            return dict.fromkeys(ids, TryLater(fault.reason, fault.message))
        faults = self._moved(ids)
        self._forget(with_warnings)
        return faults

    def _moved(self, ids: Sequence[int]) -> dict[int, Fault]:
        """Validate and post; a refused call is halved, and after any fault Tryton is asked what became of it."""
        try:
            if drafts := self._in_state(ids, {"draft"}):
                self._session.do(f"model.{MODEL}.validate_invoice", drafts, timeout=self._timeout)
            self._session.do(f"model.{MODEL}.post", list(ids), timeout=self._timeout)
        except Fault as fault:
            left = self._not_done(ids)
            if not isinstance(fault, Refused) or len(left) < 2:
                return dict.fromkeys(left, fault)
            middle = len(left) // 2
            return {**self._moved(left[:middle]), **self._moved(left[middle:])}
        return {}

    def _not_done(self, ids: Sequence[int]) -> list[int]:
        """Those that are not posted: work that Tryton does after posting may fail and look like a refusal."""
        try:
            done = self._in_state(ids, _DONE)
        except Fault:
            return list(ids)
        return [record for record in ids if record not in done]

    def _in_state(self, ids: Sequence[int], states: Collection[str]) -> list[int]:
        rows = self._session.find(MODEL, [["id", "in", list(ids)], ["state", "in", sorted(states)]])
        return [row["id"] for row in rows]

    def _acknowledge(self, names: Sequence[str]) -> None:
        values = [{"user": self._session.user_id, "name": name} for name in names]
        self._session.do("model.res.user.warning.create", values)

    def _forget(self, names: Sequence[str]) -> None:
        """Remove what was not needed: an acknowledgement must not outlive the call it was meant for."""
        try:
            left: list[dict[str, Any]] = self._session.find("res.user.warning", [["name", "in", list(names)]])
            if left:
                self._session.do("model.res.user.warning.delete", [row["id"] for row in left])
        except Fault:
            return


def _warnings(ids: Sequence[int]) -> Iterator[str]:
    """Tryton's names of the expected warnings: its own digest of the record, then the kind."""
    for record in ids:
        digest = hashlib.md5(f"{MODEL},{record}".encode(), usedforsecurity=False).hexdigest()
        yield from (f"{digest}.{kind}" for kind in _EXPECTED)
