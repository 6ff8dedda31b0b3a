"""What a billing document comes to, in the form of then.yaml: one door, `billsync.invoicing.book`.  (pure)"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from billsync.invoicing.book import BillingDocument, Book, book
from billsync.model.invoice import CreditNote, Invoice, InvoiceLine
from billsync.model.scalar import plain

Given = dict[str, Any]


def contracts(given: Given) -> list[Given]:
    """The documents in order.  Made day by day, they are the same, in every story."""
    document = _document({name: value for name, value in given.items() if name != "story"})
    through = document.through
    assert through is not None
    found = book(document, through=through)
    assert not found.problems, found.problems
    assert [item.json_text() for item in _day_by_day(document, through).documents] == [
        item.json_text() for item in found.documents
    ]
    kinds = {charge.key: charge.kind for charge in found.charges}
    return [_told(item, kinds) for item in found.documents]


def _document(given: Given) -> BillingDocument:
    """`policy` is the name of a preset, or conventions."""
    policy = given.pop("policy", {})
    rules = {"preset": policy} if isinstance(policy, str) else {"conventions": policy}
    given["contract"] = {"customer": given["customer"]["id"], **given["contract"]}
    return BillingDocument.model_validate(given | {"invoicing": given.get("invoicing", {}) | rules})


def _day_by_day(document: BillingDocument, through: date) -> Book:
    """A run on every day on which something is due."""
    state = book(document, through=document.contract.start)
    while state.next_on is not None and state.next_on <= through:
        state = book(document, through=state.next_on, before=state)
    return book(document, through=through, before=state)


def _told(item: Invoice | CreditNote, kinds: Mapping[str, str]) -> Given:
    told: Given = _head(item)
    told["lines"] = [_line(line, kinds.get(line.charge, "charge")) for line in item.lines]
    told["discounts"] = [f"{each.coupon} {plain(each.amount)}" for each in item.discounts]
    told["taxes"] = [
        f"{tax.code} {plain(tax.rate)} of {plain(tax.base)} = {plain(tax.amount)}"
        + (f", {tax.note}" if tax.note else "")
        for tax in item.taxes
    ]
    told["total"] = f"{plain(item.total)} {item.currency}"
    if isinstance(item, Invoice):
        told["prepaid"] = [f"{draw.grant} {plain(draw.amount)}" for draw in item.prepaid]
        told["due"] = plain(item.due) if item.prepaid else ""
        told["instalments"] = [f"{part.due_on} {plain(part.amount)}" for part in item.instalments]
    if item.fx:
        told["fx"] = f"{plain(item.fx.rate)} {item.fx.base}/{item.fx.target} of {item.fx.on}, {item.fx.source}"
    return {name: value for name, value in told.items() if value}


def _head(item: Invoice | CreditNote) -> Given:
    if isinstance(item, Invoice):
        return {"invoice": f"{item.number} of {item.issued_on}, due {item.due_on}"}
    return {"credit_note": f"{item.number} of {item.issued_on} for {item.invoice or 'several'}"}


def _line(line: InvoiceLine, kind: str) -> str:
    period = f" {line.period}" if line.period else ""
    return f"{line.charge.split('/')[1]}{period}: {plain(line.amount)}" + (f" {kind}" if kind != "charge" else "")
