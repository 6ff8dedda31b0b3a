"""What stands in Odoo: every customer invoice, credit note and payment, in the engine's words.  (shell)"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from billsync.connector import Standing
from billsync_connectors.odoo.changes import GONE, OBJECTS
from billsync_connectors.odoo.encoding import amount, day, link, named, text
from billsync_connectors.odoo.external import External
from billsync_connectors.odoo.session import Session, reading

PAGE: Final = 500
_MOVE: Final = (
    *("name", "state", "invoice_date", "invoice_date_due", "amount_total", "amount_tax", "amount_residual"),
    *("currency_id", "partner_id", "invoice_line_ids", "reversed_entry_id"),
)
_PAYMENT: Final = ("name", "state", "amount", "currency_id", "date", "partner_id", "reconciled_invoice_ids")


def standing(session: Session, external: External, object: str) -> Iterator[list[Standing]]:
    """Every document of one kind, void ones too; drafts of payments count for nothing and are left out.

    Raises `TryLater`, `Refused`.
    """
    model, domain, _ = OBJECTS[object]
    fields = _PAYMENT if object == "payment" else _MOVE
    own = [*domain, ["company_id", "=", session.company], *([["state", "!=", "draft"]] if object == "payment" else [])]
    after = 0
    while rows := session.find(model, [*own, ["id", ">", after]], fields, limit=PAGE):
        keys = external.keys(object, model, [row["id"] for row in rows])
        about = _settled(external, rows, object)
        with reading(session.system):
            page = [_told(object, row, keys.get(row["id"], ""), about) for row in rows]
        yield page
        after = rows[-1]["id"]


def _settled(external: External, rows: Sequence[Mapping[str, Any]], object: str) -> dict[int, str]:
    """Invoice -> our reference, of those that payments settle, or credit notes correct."""
    ids = {link(row["reversed_entry_id"]) for row in rows} if object == "credit_note" else set()
    ids |= {id for row in rows for id in row["reconciled_invoice_ids"]} if object == "payment" else set()
    wanted = {id for id in ids if id is not None}
    return external.keys("invoice", "account.move", wanted) if wanted else {}


def _told(object: str, row: Mapping[str, Any], key: str, about: Mapping[int, str]) -> Standing:
    if object == "payment":
        return _payment(row, key, about)
    total, left = amount(row["amount_total"]), amount(row["amount_residual"])
    state, left = _state(str(row["state"]), total, left)
    return Standing(
        id=str(row["id"]),
        reference=key,
        currency=named(row["currency_id"]),
        total=total,
        number=text(row["name"]) or None,
        customer=_partner(row),
        applies_to=about.get(link(row["reversed_entry_id"]) or 0, "") if object == "credit_note" else None,
        tax=amount(row["amount_tax"]),
        open=left,
        on=day(row["invoice_date"]),
        due_on=day(row["invoice_date_due"]),
        lines=len(row["invoice_line_ids"]),
        state=state,
    )


def _state(state: str, total: Decimal, left: Decimal) -> tuple[str, Decimal]:
    """The state in the engine's words, and what is still to be paid."""
    if state == "cancel":
        return "void", Decimal(0)
    if state == "draft":
        return "draft", total
    if not left:
        return "paid", left
    return ("sent" if left == total else "partly_paid"), left


def _payment(row: Mapping[str, Any], key: str, about: Mapping[int, str]) -> Standing:
    settles = [about[id] for id in row["reconciled_invoice_ids"] if id in about]
    return Standing(
        id=str(row["id"]),
        reference=key,
        currency=named(row["currency_id"]),
        total=amount(row["amount"]),
        number=text(row["name"]) or None,
        customer=_partner(row),
        applies_to=settles[0] if settles else "",
        on=day(row["date"]),
        state="void" if row["state"] in GONE else "booked",
    )


def _partner(row: Mapping[str, Any]) -> str | None:
    found = link(row["partner_id"])
    return None if found is None else str(found)
