"""A document in words: every amount with what went in, its arithmetic, its convention and its source.  (pure)"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from billsync.invoicing import wording
from billsync.invoicing.policy import NO_TAX
from billsync.invoicing.wording import money, percent
from billsync.model.amendment import Amendment
from billsync.model.contract import Contract
from billsync.model.invoice import CreditNote, Invoice, InvoiceLine, TaxTotal
from billsync.model.scalar import plain

Document = Invoice | CreditNote

_SAID: Final = ("deal", "line", "currency", "period")
"""Inputs of a charge that stand elsewhere in its explanation."""


@dataclass(frozen=True, slots=True)
class Agreed:
    """The contract that documents were made from, where it is at hand: then they say more.

    Attributes:
        places: id of its line or commitment, or `amendments.0`, -> where that was written, as text.
    """

    contract: Contract
    places: Mapping[str, str] = field(default_factory=dict)


def explain(
    invoice: Invoice, state: str, paid: Decimal, agreed: Agreed | None = None, *, credited: Decimal = Decimal(0)
) -> list[str]:
    """Lines of plain text for a person in finance: what, how, why and from where.

    `paid` and `credited` are what was paid of it, and taken back by credit notes, so far.  With what was agreed,
    coupons and instalments say how they were, and lines where.
    """
    head = _head(invoice, state, paid, credited)
    return [*head, *_body(invoice, agreed), *_paying(invoice, agreed), *_made_by(invoice)]


def explain_note(note: CreditNote, agreed: Agreed | None = None) -> list[str]:
    """The same for a credit note."""
    name = note.number or f"draft {note.id}"
    of = f" of the invoice {note.invoice}" if note.invoice else ""
    return [
        f"Credit note {name} for {note.customer}: {money(note.total)} {note.currency}{of}",
        f"  issued on {note.issued_on}" + (f" for {note.window}" if note.window else ""),
        *([f"  why: {note.reason}"] if note.reason else []),
        f"  known here as {note.id}",
        *_body(note, agreed),
        *_made_by(note),
    ]


def _body(document: Document, agreed: Agreed | None) -> Iterator[str]:
    yield from ("", "Lines")
    for line in document.lines:
        yield from _line(line, document, agreed)
    if document.discounts or document.discount_total:
        yield from ("", "Discounts", *_discounts(document, agreed))
    yield from ("", "Tax", *_taxes(document), "", "Total", f"  {_total(document)}")
    if document.fx is not None:
        yield from ("", "Currency", *_exchange(document))


def _made_by(document: Document) -> Iterator[str]:
    yield from ("", "Made by", *(f"  {words}" for words in wording.conventions(document.policy)))


def _head(invoice: Invoice, state: str, paid: Decimal, credited: Decimal) -> Iterator[str]:
    name = invoice.number or f"draft {invoice.id}"
    yield f"Invoice {name} for {invoice.customer}: {money(invoice.total)} {invoice.currency}"
    back = f", {money(credited)} credited" if credited else ""
    yield f"  state: {state}; {money(paid)} {invoice.currency} paid{back}, {money(invoice.due - paid - credited)} open"
    yield f"  issued on {invoice.issued_on}" + (f" for {invoice.window}" if invoice.window else "")
    days = (invoice.due_on - invoice.issued_on).days
    yield f"  due on {invoice.due_on}: {days} day{'' if days == 1 else 's'} after it was issued"
    if invoice.replaces:
        yield f"  in place of {invoice.replaces}, which is void"
    yield f"  known here as {invoice.id}"


# ---------------------------------------------------------------- lines


def _line(line: InvoiceLine, document: Document, agreed: Agreed | None) -> Iterator[str]:
    period = f", {line.period}" if line.period else ""
    yield f"  {line.id}. {line.description or line.product}{period}: {money(line.amount)} {document.currency}"
    if line.corrects:
        gives_back = (line.amount < 0) is isinstance(document, Invoice)
        yield f"     for:  {'gives back of' if gives_back else 'belongs to'} the charge {line.corrects}"
    yield f"     how:  {line.why.formula}"
    yield f"     rule: {line.why.rule}"
    if given := ", ".join(_inputs(line)):
        yield f"     with: {given}"
    if line.discount:
        left = line.amount - line.discount
        yield f"     less: {money(line.discount)} by discounts, so that {money(left)} is left"
    yield f"     tax:  {_line_tax(line)}"
    source = line.why.source or f"deal {line.deal}"
    place = agreed.places.get(line.why.inputs.get("line", "")) if agreed else None
    yield f"     from: {source}" + (f", {place}" if place else "")
    for item, where in _amendments(line, document, agreed):
        yield f"     and:  amended from {item.effective} on, known from {item.known_on} on" + (
            f", {where}" if where else ""
        )


def _amendments(line: InvoiceLine, document: Document, agreed: Agreed | None) -> Iterator[tuple[Amendment, str]]:
    """What was known of changes of the line, or of the whole contract, that reach its period."""
    if agreed is None or line.period is None:
        return
    for index, item in enumerate(agreed.contract.amendments):
        mine = item.line in (None, line.why.inputs.get("line"))
        if mine and item.effective < line.period.end and item.known_on <= document.issued_on:
            yield item, agreed.places.get(f"amendments.{index}", "")


def _inputs(line: InvoiceLine) -> Iterator[str]:
    for name, value in line.why.inputs.items():
        if name not in _SAID and value:
            yield f"{name.replace('_', ' ')} {value}"


def _line_tax(line: InvoiceLine) -> str:
    if line.tax_code == NO_TAX:
        return "no tax"
    share = "" if line.tax is None else f"; {money(line.tax)} is its share"
    return f"{line.tax_code}, {percent(line.tax_rate)}{share}"


# ---------------------------------------------------------------- what a document comes to


def _discounts(document: Document, agreed: Agreed | None) -> Iterator[str]:
    coupons = {item.id: item for item in agreed.contract.coupons} if agreed else {}
    for item in document.discounts:
        name = item.coupon if item.name in ("", item.coupon) else f"{item.coupon} ({item.name})"
        rule = f", {wording.coupon(coupons[item.coupon])}" if item.coupon in coupons else ""
        yield f"  {name}: {money(item.amount)} {document.currency}{rule}"
    back = sum((item.amount for item in document.discounts), Decimal(0)) - document.discount_total
    if back:
        yield f"  taken back: {money(back)} {document.currency}, the discounts of what is given back, which nobody paid"
    lines = [f"{money(line.discount)} on line {line.id}" for line in document.lines if line.discount]
    yield f"  shared over the lines in proportion to their amounts: {', '.join(lines) or 'nothing'}"


def _taxes(document: Document) -> Iterator[str]:
    if not document.taxes:
        yield "  none"
    for tax in document.taxes:
        yield f"  {_tax(tax, document)} {document.currency}, {_tax_rounding(document)}"
        if tax.note:
            yield f"     {tax.note}"


def _tax(tax: TaxTotal, document: Document) -> str:
    if document.policy.prices_include_tax:
        gross = tax.base + tax.amount
        return f"{tax.name}: {percent(tax.rate)} inside of {money(gross)}, on {money(tax.base)} = {money(tax.amount)}"
    return f"{tax.name}: {money(tax.base)} x {percent(tax.rate)} = {money(tax.amount)}"


def _tax_rounding(document: Document) -> str:
    mode = wording.rounding(document.policy)
    if document.policy.tax_rounding == "line":
        return f"each line's tax rounded {mode}, then summed"
    if document.policy.tax_rounding == "document":
        return f"its share of all tax, which is rounded {mode} once"
    return f"rounded {mode} once, on the sum of its lines"


def _total(document: Document) -> str:
    inside = document.policy.prices_include_tax
    parts = f"{money(document.subtotal)} {'with' if inside else 'before'} tax"
    if document.discount_total:
        parts += f" - {money(document.discount_total)} discounts"
    if not inside:
        parts += f" + {money(document.tax_total)} tax"
    within = f", {money(document.tax_total)} of it tax" if inside else ""
    return f"{parts} = {money(document.total)} {document.currency}{within}"


def _exchange(document: Document) -> Iterator[str]:
    fx = document.fx
    if fx is not None:
        yield f"  agreed in {document.contract_currency or fx.base}, invoiced in {document.currency}"
        yield f"  1 {fx.base} = {plain(fx.rate)} {fx.target}, the rate of {fx.on} by {fx.source}, on each line"


# ---------------------------------------------------------------- how it is paid


def _paying(invoice: Invoice, agreed: Agreed | None) -> Iterator[str]:
    if not invoice.prepaid and not invoice.instalments:
        return
    yield from ("", "To pay")
    for draw in invoice.prepaid:
        yield f"  prepaid credit {draw.grant} pays {money(draw.amount)} {invoice.currency}"
    if invoice.prepaid:
        yield "     credits are used by priority, then the first to expire, then the oldest"
        yield f"  {money(invoice.due)} {invoice.currency} is left to pay"
    yield from _instalments(invoice, agreed)


def _instalments(invoice: Invoice, agreed: Agreed | None) -> Iterator[str]:
    plan = [f": {wording.instalment(part)}" for part in agreed.contract.instalments] if agreed else []
    if len(plan) != len(invoice.instalments):
        plan = [""] * len(invoice.instalments)
    for number, (part, words) in enumerate(zip(invoice.instalments, plan, strict=True), start=1):
        yield f"  part {number}: {money(part.amount)} {invoice.currency} due on {part.due_on}{words}"
    if invoice.instalments:
        parts = " + ".join(money(part.amount) for part in invoice.instalments)
        yield f"  {parts} = {money(invoice.due)} {invoice.currency}"
