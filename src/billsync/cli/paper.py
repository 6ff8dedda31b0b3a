"""Invoices and credit notes as they look on paper: aligned columns of plain text, also in a pipe.  (shell)"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Final

from billsync.cli.show import visible
from billsync.invoicing.wording import money, percent
from billsync.model.customer import Customer
from billsync.model.invoice import CreditNote, Invoice, InvoiceLine
from billsync.model.scalar import plain

_HEADS: Final = ("", "item", "period", "quantity", "unit price", "amount", "discount", "tax")
_RIGHT: Final = frozenset({0, 3, 4, 5, 6, 7})
_AMOUNT: Final = 5
_LONGEST: Final = 44
"""Characters of an item's name in one line; the rest of it goes on below."""

Row = Sequence[str]


def page(document: Invoice | CreditNote, customer: Customer) -> Iterator[str]:
    """The lines of one document."""
    what = "Invoice" if isinstance(document, Invoice) else "Credit note"
    name = visible(customer.legal_name or customer.name)
    yield f"{what} {visible(document.number or f'draft {document.id}')} for {name}, {document.currency}"
    yield "  " + ", ".join(_dates(document))
    yield from (f"  {text}" for text in _notes(document))
    yield ""
    rows = [_HEADS, *(row for line in document.lines for row in _line(line)), *_sums(document)]
    used = [index for index in range(len(_HEADS)) if any(row[index] for row in rows[1:])]
    yield from aligned([[row[index] for index in used] for row in rows], {used.index(i) for i in _RIGHT if i in used})


def _dates(document: Invoice | CreditNote) -> Iterator[str]:
    yield f"issued on {document.issued_on}"
    if document.window is not None:
        yield f"for {document.window}"
    if isinstance(document, Invoice):
        yield f"due on {document.due_on}"


def _notes(document: Invoice | CreditNote) -> Iterator[str]:
    if isinstance(document, CreditNote) and document.invoice:
        yield f"takes back of {visible(document.invoice)}"
    if isinstance(document, CreditNote) and document.reason:
        yield visible(document.reason)
    if document.fx is not None:
        fx = document.fx
        yield f"agreed in {fx.base}: 1 {fx.base} = {plain(fx.rate)} {fx.target} on {fx.on} ({visible(fx.source)})"


def _line(line: InvoiceLine) -> Iterator[Row]:
    first, *rest = list(_wrapped(visible(line.description or line.product))) or [""]
    tax = percent(line.tax_rate) if line.tax_rate or line.tax_code != "none" else ""
    less = money(-line.discount) if line.discount else ""
    period = str(line.period or "")
    yield (line.id, first, period, _number(line.quantity), _price(line), money(line.amount), less, tax)
    if line.corrects:
        rest.append(f"of {visible(line.corrects)}"[:_LONGEST])
    yield from (("", text, "", "", "", "", "", "") for text in rest)


def _price(line: InvoiceLine) -> str:
    """The unit price, where quantity times it is the amount; tiers and parts of cycles are left to the explanation."""
    return _number(line.unit_amount, places=2) if line.quantity * line.unit_amount == line.amount else ""


def _number(value: Decimal, places: int = 0) -> str:
    whole, _, decimals = f"{value:,f}".partition(".")
    kept = decimals.rstrip("0").ljust(places, "0")
    return f"{whole}.{kept}" if kept else whole


def _wrapped(text: str) -> Iterator[str]:
    import textwrap

    return iter(textwrap.wrap(text, _LONGEST))


def _sums(document: Invoice | CreditNote) -> Iterator[Row]:
    yield _sum("", "")
    if document.discounts or document.discount_total or document.taxes:
        yield _sum("subtotal", money(document.subtotal))
    for item in document.discounts:
        yield _sum(f"discount {visible(item.name or item.coupon)}", money(-item.amount))
    back = sum((item.amount for item in document.discounts), Decimal(0)) - document.discount_total
    if back:
        yield _sum("discount of what is given back", money(back))
    inside = "in it: " if document.policy.prices_include_tax else ""
    for tax in document.taxes:
        yield _sum(f"{inside}{visible(tax.name)} {percent(tax.rate)} on {money(tax.base)}", money(tax.amount))
        if tax.note:
            yield from (_sum(text, "") for text in _wrapped(visible(tax.note)))
    yield _sum(f"total {document.currency}", money(document.total))
    if isinstance(document, Invoice) and document.prepaid:
        for draw in document.prepaid:
            yield _sum(f"prepaid credit {visible(draw.grant)}", money(-draw.amount))
        yield _sum(f"to pay {document.currency}", money(document.due))


def _sum(what: str, amount: str) -> Row:
    return ("", what, "", "", "", amount, "", "")


def aligned(rows: Sequence[Row], right: set[int], indent: str = "  ") -> Iterator[str]:
    """Rows of cells in columns; those in `right` end at the same place.  The first row is the head."""
    from rich.cells import cell_len

    widths = [max(cell_len(row[index]) for row in rows) for index in range(len(rows[0]))]
    for number, row in enumerate(rows):
        cells = [
            " " * (width - cell_len(text)) + text if index in right else text + " " * (width - cell_len(text))
            for index, (text, width) in enumerate(zip(row, widths, strict=True))
        ]
        yield (indent + "  ".join(cells)).rstrip()
        if number == 0:
            yield indent + "  ".join("─" * width for width in widths)
