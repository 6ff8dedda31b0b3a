"""Credit notes: as invoices are, and then applied to their invoice, as far as that is open.  (shell)"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from billsync.connector import Fault, Outcome, Refused, TryLater, Unclear, Unfinished
from billsync_connectors.xero import lookup, refusals
from billsync_connectors.xero.documents import Documents, Work
from billsync_connectors.xero.session import NotValid, joined
from billsync_connectors.xero.shown import OPEN
from billsync_connectors.xero.values import Row, amount, day, inner, rows


class CreditNotes(Documents):
    """The credit notes for sales of one organisation."""

    object = "credit_note"
    place = lookup.CREDIT_NOTES

    def finish(self, work: Work) -> None:
        """Apply those that name an invoice; what is more than is open there stays as credit."""
        due = {n: id for n in work.rows if n not in work.outcomes and (id := self._for(work, n))}
        try:
            with self.session.reading():
                invoices = lookup.by_id(self.session, lookup.INVOICES, list(due.values())) if due else {}
        except Fault as fault:
            for n in due:
                work.outcomes[n] = self._unfinished(work.rows[n], fault)
            invoices = {}
        for n, id in due.items():
            if n not in work.outcomes and id in invoices:
                self._apply(work, n, invoices[id])
        super().finish(work)

    @staticmethod
    def _for(work: Work, n: int) -> str:
        """The invoice that a credit note still has to be applied to, or ""."""
        id = str(inner(work.intents[n].payload, "Invoice").get("InvoiceID") or "")
        applied = {str(inner(each, "Invoice").get("InvoiceID")) for each in _allocations(work.rows[n])}
        return "" if id in applied or work.rows[n].get("Status") in OPEN else id

    def _apply(self, work: Work, n: int, invoice: Row) -> None:
        row, key = work.rows[n], work.intents[n].idempotency_key
        try:
            open_ = min(amount(row, "RemainingCredit") or Decimal(0), amount(invoice, "AmountDue") or Decimal(0))
            if open_ <= 0 or invoice.get("Status") != "AUTHORISED":
                return
            on = max(filter(None, (day(row.get("Date")), day(invoice.get("Date")))), default=None)
            body = {"Invoice": {"InvoiceID": invoice["InvoiceID"]}, "Amount": open_, "Date": on}
            self._allocate(str(row[self.place.id]), body, joined([key], "allocate"))
        except ValueError as error:
            work.outcomes[n] = self._unfinished(row, TryLater("unreadable", str(error)))
        except Fault as fault:
            work.outcomes[n] = self._unfinished(row, fault)

    def _allocate(self, id: str, body: dict[str, Any], key: str) -> None:
        """Raises `TryLater`, `Refused`, `Unclear`."""
        path = f"{self.place.plural}/{id}/Allocations"
        answer = self.session.do("PUT", path, {"Allocations": [body]}, params={"summarizeErrors": "false"}, key=key)
        for row in rows(answer.get("Allocations")):
            if said := refusals.told(row):
                raise refusals.refused(self.session.system, f"the application of {id}", said)

    def _unfinished(self, row: Row, fault: Fault) -> Outcome:
        said = [refusals.told(each) for each in fault.elements] if isinstance(fault, NotValid) else []
        message = "; ".join(filter(None, said)) or fault.message
        return Unfinished(str(row[self.place.id]), fault.reason, f"not applied to its invoice yet: {message}")

    def released(self, row: Row) -> Outcome | None:
        """Take it off its invoices: an applied credit note cannot be voided."""
        for each in _allocations(row):
            path = f"{self.place.plural}/{row[self.place.id]}/Allocations/{each.get('AllocationID')}"
            try:
                self.session.do("DELETE", path)
            except NotValid as fault:
                said = "; ".join(filter(None, (refusals.told(one) for one in fault.elements))) or fault.message
                return refusals.refused(self.session.system, f"to take credit note {row[self.place.id]} off", said)
            except (TryLater, Refused, Unclear) as fault:
                return fault
        return None


def _allocations(row: Row) -> Sequence[Row]:
    return [each for each in rows(row.get("Allocations")) if each.get("IsDeleted") is not True]
