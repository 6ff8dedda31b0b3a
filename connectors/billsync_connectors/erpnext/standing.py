"""What stands in ERPNext: every invoice, credit note and payment of a customer, in the engine's words.  (shell)"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from billsync.connector import Standing, TryLater
from billsync.model.scalar import read_day
from billsync_connectors.erpnext.changes import referred
from billsync_connectors.erpnext.encoding import amount
from billsync_connectors.erpnext.payments import DOCTYPE as PAYMENT
from billsync_connectors.erpnext.payments import SHOWN as PAID
from billsync_connectors.erpnext.sales import DOCTYPE as INVOICE
from billsync_connectors.erpnext.sales import SHOWN, owed, state
from billsync_connectors.erpnext.session import Row, Session
from billsync_connectors.erpnext.site import Site


def documents(session: Session, site: Site, *, returns: bool) -> Iterator[list[Standing]]:
    """Invoices, or credit notes in positive amounts; cancelled ones too.  Raises `TryLater`, `Refused`."""
    fields = _known(site, INVOICE, (site.settings.reference_field, "docstatus", *SHOWN))
    for page in session.all(INVOICE, fields, [["is_return", "=", int(returns)]]):
        yield [_document(session, site, row, -1 if returns else 1) for row in page]


def payments(session: Session, site: Site) -> Iterator[list[Standing]]:
    """Payments of customers, by what they settle; cancelled ones too.  Raises `TryLater`, `Refused`."""
    field = site.settings.reference_field
    received: list[list[Any]] = [
        ["party_type", "=", "Customer"],
        ["payment_type", "=", "Receive"],
        ["docstatus", "!=", 0],
    ]
    for page in session.all(PAYMENT, _known(site, PAYMENT, (field, *PAID)), received):
        whole = [found for row in page if (found := session.get(PAYMENT, str(row["name"]))) is not None]
        names = {str(part["reference_name"]) for row in whole for part in row.get("references", [])}
        invoices = referred(session, field, sorted(names)) if field in site.fields(INVOICE) else {}
        yield [item for row in whole for item in _payment(session, field, row, invoices)]


def _known(site: Site, doctype: str, fields: tuple[str, ...]) -> list[str]:
    """Those that the site has: before the set-up it has no field for our reference."""
    there = {*site.fields(doctype), "docstatus"}
    return [name for name in fields if name in there]


def _document(session: Session, site: Site, row: Row, sign: int) -> Standing:
    try:
        void = row["docstatus"] == 2
        left = amount(row.get("outstanding_amount"))
        due = row.get("due_date")
        return Standing(
            id=str(row["name"]),
            reference=str(row.get(site.settings.reference_field) or ""),
            currency=str(row.get("currency")),
            total=sign * owed(row),
            number=str(row["name"]),
            customer=row.get("customer"),
            tax=sign * amount(row.get("total_taxes_and_charges")),
            open=amount(0) if void else max(sign * left, amount(0)),
            on=read_day(row.get("posting_date")),
            due_on=read_day(due) if due and sign > 0 else None,
            state=state(row),
        )
    except ValueError as error:
        raise TryLater("unreadable", f"{session.system}: {row['name']} cannot be read: {error}") from None


def _payment(session: Session, field: str, row: Row, invoices: dict[str, Row]) -> Iterator[Standing]:
    """One for each invoice that it settles, or one that settles none."""
    parts: list[Any] = [part for part in row.get("references", []) if part["reference_name"] in invoices]
    try:
        for part in parts or [None]:
            invoice = invoices[str(part["reference_name"])] if part is not None else None
            currency = row.get("paid_from_account_currency") or (invoice or {}).get("currency")
            single = len(parts) < 2
            yield Standing(
                id=str(row["name"]) if single else f"{row['name']}#{part['reference_name']}",
                reference=str(row.get(field) or ""),
                currency=str(currency),
                total=amount(row.get("paid_amount") if single else part.get("allocated_amount")),
                number=str(row["name"]),
                customer=row.get("party"),
                applies_to=str((invoice or {}).get(field) or ""),
                on=read_day(row.get("posting_date")),
                state="void" if row["docstatus"] == 2 else "booked",
            )
    except ValueError as error:
        raise TryLater("unreadable", f"{session.system}: {row['name']} cannot be read: {error}") from None
