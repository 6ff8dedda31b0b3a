"""What each payment comes to, made again from the rows that only grow, and compared with what is kept.  (shell)"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, select

from billsync.model.payment import Payment
from billsync.store.invoices import minor
from billsync.store.payments import BOOKED, current_refunds
from billsync.store.schema import allocations, payment_versions, payments, receipts, refunds
from billsync.store.sql import among, rows

_PAGE = 500
_Row = dict[str, Any]


def receipt_faults(conn: Connection) -> Iterator[str]:
    """What is wrong with payments as they stand, in words.  Reads in pages."""
    query, after = select(payments).order_by(payments.c.id).limit(_PAGE), ""
    while page := rows(conn, query.where(payments.c.id > after)):
        kept = {row["payment"]: row for row in among(conn, select(receipts), receipts.c.payment, _ids(page))}
        for row, made in zip(page, _made(conn, page), strict=True):
            fault = _fault(kept.get(row["id"]), made)
            if fault:
                yield f"the payment {row['id']} {fault}"
        after = page[-1]["id"]


def _ids(page: Sequence[_Row]) -> list[str]:
    return [row["id"] for row in page]


def _made(conn: Connection, page: Sequence[_Row]) -> list[_Row]:
    """The receipts as they have to be, in the order of the payments."""
    ids = _ids(page)
    versions = select(payment_versions, payments.c.whole, payments.c.id).join(payments)
    told = {row["id"]: row | {"n": 1, "state": BOOKED} for row in page}
    told |= {row["id"]: row for row in among(conn, versions.order_by(payment_versions.c.n), payments.c.id, ids)}
    back: dict[tuple[str, str], int] = {}
    for row in among(conn, current_refunds(), refunds.c.payment, ids):
        if row["state"] == BOOKED:
            key = (row["payment"], row["currency"])
            back[key] = back.get(key, 0) + row["amount_minor"]
    settled: dict[str, int] = {}
    parts = select(allocations.c.amount_minor, payments.c.id, payments.c.whole).join(payments)
    for row in among(conn, parts, payments.c.id, ids):
        settled[row["id"]] = settled.get(row["id"], 0) + row["amount_minor"]
    return [_receipt(told[id], back.get((id, told[id]["currency"]), 0), settled.get(id, 0)) for id in ids]


def _receipt(told: _Row, back: int, settled: int) -> _Row:
    amount = told["amount_minor"] if told["state"] == BOOKED else 0
    same = {name: told[name] for name in ("state", "n", "currency", "doc")}
    return same | {"amount_minor": amount, "back_minor": min(amount, back), "settled_minor": settled}


def _fault(kept: _Row | None, made: _Row) -> str:
    if kept is None or any(kept[name] != value for name, value in made.items()):
        return "does not come to what its rows say"
    payment = Payment.model_validate_json(kept["doc"])
    amount = minor(payment.amount, payment.currency) if kept["state"] == BOOKED else 0
    if (amount, payment.invoice) != (kept["amount_minor"], kept["invoice"]):
        return "has columns that differ from its document"
    if not 0 <= kept["settled_minor"] <= kept["amount_minor"] - kept["back_minor"]:
        return "settles more than is left of it"
    return ""
