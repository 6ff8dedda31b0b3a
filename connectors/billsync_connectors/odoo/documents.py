"""Invoices and credit notes: drafts in one call, compared to the cent, then posted; credit notes applied.  (shell)"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final

from billsync.connector import (
    Absent,
    Applied,
    Fault,
    Found,
    Intent,
    Mismatch,
    Outcome,
    Probe,
    Refused,
    TryLater,
    Unclear,
    Unfinished,
    differences,
)
from billsync_connectors.odoo.applying import Applying
from billsync_connectors.odoo.drafts import Drafts
from billsync_connectors.odoo.encoding import amount, day, link
from billsync_connectors.odoo.external import External
from billsync_connectors.odoo.house import House, currency_name
from billsync_connectors.odoo.jobs import Job, adopt, located, outcomes, still, stopping
from billsync_connectors.odoo.session import Session
from billsync_connectors.odoo.voiding import Voiding

MODEL: Final = "account.move"
TYPES: Final = {"invoice": "out_invoice", "credit_note": "out_refund"}
READ: Final = (
    *("name", "state", "move_type", "invoice_date", "amount_total", "amount_tax", "amount_residual", "currency_id"),
    *("invoice_line_ids", "payment_reference", "reversed_entry_id"),
)
STATES: Final = {"draft": "draft", "posted": "sent", "cancel": "void"}


class Documents:
    """Writes and finds customer documents of one type by their external id."""

    def __init__(self, session: Session, house: House, external: External, object: str) -> None:
        self._session, self._external, self._object = session, external, object
        self._type = TYPES[object]
        self._drafts = Drafts(session, house, external, object, self._type)
        self._applying = Applying(session)
        self._voiding = Voiding(session, external, object)

    # ------------------------------------------------------------ looking up

    def probe(self, keys: Sequence[str]) -> list[Probe]:
        """One answer per key.  A copy that a person made with our reference is named too; void ones where alone."""
        ids = self._external.ids(self._object, MODEL, keys)
        either = ["|", ["id", "in", sorted(ids.values())], ["payment_reference", "in", list(keys)]]
        rows = self._session.find(MODEL, [["move_type", "=", self._type], *either], READ)
        by_id = {row["id"]: row for row in rows}
        copies: dict[str, list[dict[str, Any]]] = {}
        for row in rows:
            copies.setdefault(str(row["payment_reference"]), []).append(row)
        return [self._found(by_id.get(ids.get(key, 0)), copies.get(key, [])) for key in keys]

    def _found(self, own: dict[str, Any] | None, copies: Sequence[dict[str, Any]]) -> Probe:
        rows = list({row["id"]: row for row in (*([own] if own else []), *copies)}.values())
        rows = [row for row in rows if row["state"] != "cancel"] or rows[:1]
        if not rows:
            return Absent()
        ids = tuple(str(row["id"]) for row in rows)
        if len(rows) > 1:
            return Found(ids)
        return Found(ids, complete=rows[0]["state"] != "draft", echo=echo(rows[0]))

    # ------------------------------------------------------------ writing

    def write(self, intents: Sequence[Intent]) -> list[Outcome]:
        """Take back what is void, and bring the others to their posted state."""
        wanted = [intent for intent in intents if not intent.void]
        stand = iter(self._written(wanted))
        return [self._voiding.void(intent) if intent.void else next(stand) for intent in intents]

    def _written(self, intents: Sequence[Intent]) -> list[Outcome]:
        jobs = located(self._external, self._object, MODEL, intents)
        with stopping(jobs):
            self._drafts.make([job for job in still(jobs) if job.id is None])
            rows = self._looked(still(jobs))
            adopt(self._external, self._object, MODEL, jobs)
            drafts = [job for job in still(jobs) if self._to_post(job, rows[job.record])]
            faults = self._post(sorted(drafts, key=lambda job: (_day(rows[job.record]), job.record)))
            after = self._looked(drafts)
            for job in still(drafts):
                self._ended(job, after[job.record], faults.get(job.record))
            self._apply(jobs, {**rows, **after})
        return outcomes(jobs)

    def _looked(self, jobs: Sequence[Job]) -> dict[int, dict[str, Any]]:
        """The documents as they stand; one that is gone, or cannot be read, ends its job."""
        with stopping(jobs):
            rows = self._session.those(MODEL, (job.record for job in jobs), READ)
            for job in jobs:
                if job.record not in rows:
                    what = f"{self._session.system}: Odoo has no {self._object} {job.id} ({job.intent.key}) any more"
                    job.outcome = Refused("gone", what)
            return rows
        return {}

    def _to_post(self, job: Job, row: Mapping[str, Any]) -> bool:
        """Whether it has still to be posted; else its outcome is noted.  A draft that differs is never posted."""
        job.outcome = self._judged(job, row)
        if not isinstance(job.outcome, Applied) or row["state"] != "draft":
            return False
        job.outcome = None
        return True

    def _judged(self, job: Job, row: Mapping[str, Any]) -> Outcome:
        about = f"Odoo's {self._object} {job.record} ({job.intent.key})"
        if row["state"] == "cancel":
            return Refused("void", f"{self._session.system}: {about} was cancelled there")
        if row["move_type"] != self._type:
            return Mismatch(str(job.record), f"{about} is of the type {row['move_type']}")
        shown = echo(row)
        if differing := differences(job.intent.expect, shown):
            return Mismatch(str(job.record), f"{about}: {differing}", shown)
        return Applied(str(job.record), shown)

    # ------------------------------------------------------------ posting

    def _post(self, jobs: Sequence[Job]) -> dict[int, Fault]:
        """Post in one call; a refused call is halved.  The faults, by record."""
        if not jobs:
            return {}
        try:
            self._session.do(MODEL, "action_post", [job.record for job in jobs])
        except Refused as fault:
            if len(jobs) == 1:
                return {jobs[0].record: fault}
            middle = len(jobs) // 2
            return {**self._post(jobs[:middle]), **self._post(jobs[middle:])}
        except (TryLater, Unclear) as fault:
            return {job.record: fault for job in jobs}
        return {}

    def _ended(self, job: Job, row: Mapping[str, Any], fault: Fault | None) -> None:
        """What the document shows counts, whatever was said of posting it; one that is refused leaves nothing."""
        if row["state"] != "draft":
            job.outcome = self._judged(job, row)
        elif isinstance(fault, Refused) and self._nothing_left(job, fault):
            job.outcome = fault
        else:
            reason, message = (fault.reason, str(fault)) if isinstance(fault, Fault) else ("not_posted", _NOT_POSTED)
            job.outcome = Unfinished(str(job.record), reason, message)

    def _nothing_left(self, job: Job, fault: Refused) -> bool:
        """Whether a refusal is the end: the draft is deleted, or was known and waits for a person."""
        if job.intent.remote_id is not None:
            return fault.reason in _FOR_PERSONS
        return self._drafts.withdrawn(job.record)

    # ------------------------------------------------------------ application

    def _apply(self, jobs: Sequence[Job], rows: Mapping[int, Mapping[str, Any]]) -> None:
        """Credit notes lower what is open on the invoice that they name; the rest of them stays as credit."""
        for job in jobs:
            if not isinstance(job.outcome, Applied) or self._object != "credit_note":
                continue
            row = rows[job.record]
            invoice = link(row["reversed_entry_id"])
            if invoice is None or not amount(row["amount_residual"]) or row["amount_residual"] != row["amount_total"]:
                continue
            job.outcome = self._applying.apply(job, move=job.record, invoices=[invoice]) or job.outcome


def echo(row: Mapping[str, Any]) -> dict[str, Any]:
    """What a document shows, by the port's names; a credit note's amounts are positive in Odoo too."""
    return {
        "total": amount(row["amount_total"]),
        "tax": amount(row["amount_tax"]),
        "currency": currency_name(row["currency_id"]),
        "lines": len(row["invoice_line_ids"]),
        "on": day(row["invoice_date"]),
        "number": row["name"] or None,
        "state": STATES.get(str(row["state"])),
    }


def _day(row: Mapping[str, Any]) -> date:
    return day(row["invoice_date"]) or date.max


_FOR_PERSONS: Final = ("period_closed", "number_taken")
_NOT_POSTED: Final = "Odoo did not post it, and does not say why"
