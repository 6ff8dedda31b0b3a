"""Payments of customers: made by our external id, posted, then applied to their invoices.  (shell)

The wizard that registers payments makes and applies one in a single call, but keeps nothing of ours that could be
written twice without harm; `load` with an external id does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from billsync.connector import (
    Absent,
    Applied,
    Data,
    Expectation,
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
from billsync_connectors.odoo import payload
from billsync_connectors.odoo.applying import Applying
from billsync_connectors.odoo.encoding import amount, day, link
from billsync_connectors.odoo.external import External
from billsync_connectors.odoo.house import House, currency_name
from billsync_connectors.odoo.jobs import Job, adopt, located, outcomes, still, stopping
from billsync_connectors.odoo.loading import Sheet, load
from billsync_connectors.odoo.session import Session
from billsync_connectors.odoo.voiding import Voiding

MODEL: Final = "account.payment"
READ: Final = ("name", "state", "amount", "currency_id", "date", "move_id", "reconciled_invoice_ids", "partner_id")
VOID: Final = ("canceled", "rejected")
_INVOICES: Final = "invoice_ids"
"""The invoices that a payment is for; the payload's own name, which Odoo has since 18."""


class Payments:
    """Writes and finds payments."""

    def __init__(self, session: Session, house: House, external: External) -> None:
        self._session, self._house, self._external = session, house, external
        self._applying = Applying(session)
        self._voiding = Voiding(session, external, "payment", MODEL)

    def probe(self, keys: Sequence[str]) -> list[Probe]:
        """One answer per key.  Raises `TryLater`, `Refused`."""
        ids = self._external.ids("payment", MODEL, keys)
        rows = self._session.find(MODEL, [["id", "in", sorted(ids.values())]], READ) if ids else []
        there = {row["id"]: row for row in rows}
        return [_found(there[ids[key]]) if ids.get(key) in there else Absent() for key in keys]

    def write(self, intents: Sequence[Intent]) -> list[Outcome]:
        """Take back what is void; book and apply the others."""
        wanted = [intent for intent in intents if not intent.void]
        stand = iter(self._written(wanted))
        return [self._voiding.void(intent) if intent.void else next(stand) for intent in intents]

    def _written(self, intents: Sequence[Intent]) -> list[Outcome]:
        jobs = located(self._external, "payment", MODEL, intents)
        with stopping(jobs):
            self._make([job for job in still(jobs) if job.id is None])
            rows = self._looked(still(jobs))
            adopt(self._external, "payment", MODEL, jobs)
            for job in still(jobs):
                with stopping([job]):
                    self._finish(job, rows[job.record])
        return outcomes(jobs)

    # ------------------------------------------------------------ drafts

    def _make(self, jobs: Sequence[Job]) -> None:
        locked = self._house.locked_until() if jobs else None
        payers, sheets = self._payers(jobs), list[tuple[Job, Sheet]]()
        for job in still(jobs):
            with stopping([job]):
                self._house.open_on(payload.day(job.intent.payload, "date"), locked)
                head = self._head(job.intent, payers)
                sheets.append((job, Sheet(self._external.xmlid("payment", job.intent.key), head)))
        made = load(self._session, MODEL, [sheet for _, sheet in sheets])
        for (job, _), result in zip(sheets, made, strict=True):
            if isinstance(result, int):
                job.id = result
            elif isinstance(result, TryLater | Refused | Unclear):
                job.stops(result)

    def _payers(self, jobs: Sequence[Job]) -> dict[int, int]:
        """Invoice -> its partner, of those payments that name none."""
        wanted: set[int] = set()
        for job in jobs:
            with stopping([job]):
                wanted.update(payload.remote_ids(job.intent.payload.get(_INVOICES), _INVOICES))
        rows = self._session.find("account.move", [["id", "in", sorted(wanted)]], ["partner_id"]) if wanted else []
        return {row["id"]: partner for row in rows if (partner := link(row["partner_id"])) is not None}

    def _head(self, intent: Intent, payers: Mapping[int, int]) -> dict[str, str]:
        types, data = self._house.types(MODEL), intent.payload
        payload.only(data, types, "payment", (_INVOICES, "memo"))
        if (payload.number(data, "amount") or 0) <= 0:
            raise Refused("bad_value", "Odoo books payments of more than nothing only", field="amount")
        said = {name: value for name, value in data.items() if name not in (_INVOICES, "memo") and value is not None}
        said["memo" if "memo" in types else "ref"] = payload.optional_text(data, "memo") or intent.key  # `ref` until 17
        if "partner_id" not in said:
            said["partner_id"] = self._payer(data, payers)
        if "journal_id" not in said:
            said["journal_id"] = self._house.bank_journal
        own = {"payment_type": "inbound", "partner_type": "customer"}
        return {**own, **payload.columns(self._house.coded(MODEL, said), types)}

    def _payer(self, data: Data, payers: Mapping[int, int]) -> int:
        for invoice in payload.remote_ids(data.get(_INVOICES), _INVOICES):
            if invoice not in payers:
                raise Refused(
                    "bad_reference", f"{self._session.system}: Odoo has no invoice {invoice}", field=_INVOICES
                )
            return payers[invoice]
        raise Refused("missing_value", "a payment for no invoice needs its partner_id", field="partner_id")

    # ------------------------------------------------------------ posted, and applied

    def _looked(self, jobs: Sequence[Job]) -> dict[int, dict[str, Any]]:
        with stopping(jobs):
            rows = self._session.those(MODEL, (job.record for job in jobs), READ)
            for job in jobs:
                if job.record not in rows:
                    what = f"{self._session.system}: Odoo has no payment {job.id} ({job.intent.key}) any more"
                    job.outcome = Refused("gone", what)
            return rows
        return {}

    def _finish(self, job: Job, row: dict[str, Any]) -> None:
        about = f"Odoo's payment {job.record} ({job.intent.key})"
        if row["state"] in VOID:
            job.outcome = Refused("void", f"{self._session.system}: {about} was cancelled there")
            return
        if differing := differences(_expected(job.intent), echo(row)):
            job.outcome = Mismatch(str(job.record), f"{about}: {differing}", echo(row))
            return
        if row["state"] == "draft":
            self._post(job)
            row = self._looked([job]).get(job.record, row) if job.outcome is None else row
        if job.outcome is None and row["state"] == "draft":
            job.outcome = Unfinished(str(job.record), "not_posted", f"{about} is not posted, and Odoo does not say why")
        if job.outcome is None:
            self._apply(job, row, about)
        job.outcome = job.outcome or Applied(str(job.record), echo(row))

    def _post(self, job: Job) -> None:
        """Book it; one that is refused leaves nothing.  Raises `TryLater`, `Unclear`."""
        try:
            self._session.do(MODEL, "action_post", [job.record])
        except Refused as fault:
            if job.intent.remote_id is None:
                with stopping([job]):
                    self._session.do(MODEL, "unlink", [job.record])
                    job.outcome = fault
            else:
                job.outcome = fault

    def _apply(self, job: Job, row: Mapping[str, Any], about: str) -> None:
        wanted = payload.remote_ids(job.intent.payload.get(_INVOICES), _INVOICES)
        invoices = [id for id in wanted if id not in row["reconciled_invoice_ids"]]
        move = link(row["move_id"])
        if not invoices:
            return
        if move is None:
            hint = "give the journal's payment method an outstanding account, and book the payment again"
            what = f"{about} has no journal entry, so that it cannot be applied to its invoice: {hint}"
            job.outcome = Mismatch(str(job.record), what, echo(row))
            return
        job.outcome = self._applying.apply(job, move=move, invoices=invoices)


def _expected(intent: Intent) -> Expectation:
    """Money shows what was sent, also where the engine says nothing of it."""
    data = intent.payload
    currency = data.get("currency_id")
    named = currency if isinstance(currency, str) and not currency.isdigit() else None
    own = Expectation(total=payload.number(data, "amount"), currency=named, on=payload.day(data, "date"))
    return intent.expect or own


def _found(row: Mapping[str, Any]) -> Found:
    return Found((str(row["id"]),), complete=row["state"] != "draft", echo=echo(row))


def echo(row: Mapping[str, Any]) -> dict[str, Any]:
    """What a payment shows, by the port's names."""
    state = "void" if row["state"] in VOID else "draft" if row["state"] == "draft" else "booked"
    return {
        "total": amount(row["amount"]),
        "currency": currency_name(row["currency_id"]),
        "on": day(row["date"]),
        "number": row["name"] or None,
        "state": state,
    }
