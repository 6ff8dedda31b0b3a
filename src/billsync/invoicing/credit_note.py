"""An invoice and what is to be given back of it -> a credit note that lacks only its number.  (pure)"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from billsync.billing.key import business_key
from billsync.invoicing.crediting import Invoiced, InvoicedLine, Note, credit
from billsync.model.charge import Why
from billsync.model.currency import exponent
from billsync.model.exact import apportion
from billsync.model.invoice import CreditNote, Discount, Invoice, InvoiceLine, TaxTotal
from billsync.model.money import allocate, from_minor, to_minor
from billsync.model.scalar import plain

ZERO = Decimal(0)


Earlier = Sequence[CreditNote | Invoice]
"""What gave back something of an invoice before: credit notes, and invoices with lines that correct its charges."""


def left_to_credit(invoice: Invoice, earlier: Earlier) -> dict[str, Decimal]:
    """Line of the invoice -> its amount before discounts less what was given back of it; zero where all was."""
    left = {line.id: line.amount for line in invoice.lines}
    mine = {line.charge: line.id for line in invoice.lines}
    for document in earlier:
        for part in _back(invoice, document):
            left[mine[part.charge]] -= part.amount
    return left


def spread(amount: Decimal, left: Mapping[str, Decimal], currency: str) -> dict[str, Decimal]:
    """An amount before discounts and tax over lines, in proportion to what is left of each.

    Raises ValueError for more than is left of them, or an amount not above zero.
    """
    open_ = {name: rest for name, rest in left.items() if rest > 0}
    if not ZERO < amount <= sum(open_.values(), ZERO):
        raise ValueError(f"{plain(amount)} is not within what is left to credit: {plain(sum(open_.values(), ZERO))}")
    return dict(zip(open_, allocate(amount, list(open_.values()), exponent(currency)), strict=True))


def credit_note(
    invoice: Invoice,
    earlier: Earlier,
    items: Mapping[str, Decimal],
    *,
    issued_on: date,
    reason: str = "",
) -> CreditNote:
    """The next credit note of an invoice, without a number, for items: line -> amount before discounts, as on the line.

    Net and tax of the note are rounded each; the note that gives back the last of the invoice takes what is left of
    both.  Raises ValueError for an amount with more decimals than the currency, a line that is not on the invoice, and
    for more than is left of one.
    """
    places, currency = exponent(invoice.currency), invoice.currency
    items = {name: from_minor(to_minor(amount, currency), currency) for name, amount in items.items()}
    notes = [_as_note(invoice, document) for document in earlier]
    count = sum(isinstance(document, CreditNote) for document in earlier) + 1
    made = credit(_as_invoiced(invoice, places), notes, items)
    closing = all(left_to_credit(invoice, earlier)[name] == items.get(name, ZERO) for name in _names(invoice))
    lines = _lines(invoice, earlier, items, made, places, closing=closing, reason=reason)
    discount, tax = _sum(line.discount for line in lines), _sum(_tax_of(line) for line in lines)
    subtotal = _sum(line.amount for line in lines)
    return CreditNote(
        id=business_key(invoice.id, "credit", str(count), by=":"),
        entity=invoice.entity,
        invoice=invoice.number,
        customer=invoice.customer,
        currency=invoice.currency,
        issued_on=issued_on,
        window=invoice.window,
        lines=lines,
        discounts=_discounts(invoice, discount, places),
        taxes=_taxes(invoice, lines),
        subtotal=subtotal,
        discount_total=discount,
        tax_total=tax,
        total=subtotal - discount + (ZERO if invoice.policy.prices_include_tax else tax),
        contract_currency=invoice.contract_currency,
        fx=invoice.fx,
        policy=invoice.policy,
        reason=reason,
    )


# ---------------------------------------------------------------- as the arithmetic takes it


def _as_invoiced(invoice: Invoice, places: int) -> Invoiced:
    """Where prices include tax, the net of the arithmetic is the gross, and its rate the tax in it."""
    inclusive = invoice.policy.prices_include_tax
    lines = tuple(
        InvoicedLine(line.id, line.amount, _rate(line.tax_rate, inclusive=inclusive), line.discount)
        for line in invoice.lines
    )
    net = invoice.subtotal - invoice.discount_total
    return Invoiced(lines, net, invoice.tax_total, places, invoice.policy.rounding)


def _rate(rate: Decimal, *, inclusive: bool) -> Fraction:
    return Fraction(rate) / (1 + Fraction(rate)) if inclusive else Fraction(rate)


class _Part(NamedTuple):
    """What a document gave back of a charge; amounts are positive."""

    charge: str
    amount: Decimal
    discount: Decimal
    tax: Decimal


def _back(invoice: Invoice, document: CreditNote | Invoice) -> Iterator[_Part]:
    """The lines of a document that give back something of the invoice; on an invoice they are negative."""
    mine = {line.charge for line in invoice.lines}
    sign = 1 if isinstance(document, CreditNote) else -1
    for line in document.lines:
        if line.corrects in mine and document.id != invoice.id:
            yield _Part(line.corrects, sign * line.amount, sign * line.discount, sign * (_tax_of(line)))


def _as_note(invoice: Invoice, document: CreditNote | Invoice) -> Note:
    """The part of an earlier document that is for this invoice."""
    mine = {line.charge: line.id for line in invoice.lines}
    items: dict[str, Fraction] = {}
    parts = list(_back(invoice, document))
    for part in parts:
        items[mine[part.charge]] = items.get(mine[part.charge], Fraction(0)) + Fraction(part.amount)
    discount = _sum(part.discount for part in parts)
    return Note(items, discount, _sum(part.amount for part in parts) - discount, _sum(part.tax for part in parts))


def _names(invoice: Invoice) -> list[str]:
    return [line.id for line in invoice.lines]


# ---------------------------------------------------------------- the document


def _lines(
    invoice: Invoice,
    earlier: Earlier,
    items: Mapping[str, Decimal],
    made: Note,
    places: int,
    *,
    closing: bool,
    reason: str,
) -> tuple[InvoiceLine, ...]:
    """A line for each item; discount and tax of the note are shared out, the last note's to the cent per line."""
    wanted = [line for line in invoice.lines if items.get(line.id)]
    parts = [Fraction(items[line.id]) / Fraction(line.amount) for line in wanted]
    taxes = _line_taxes(invoice, places)
    whole = [(line.discount, taxes[line.id]) for line in wanted]
    if closing and wanted:
        shares = _what_is_left(invoice, earlier, wanted, taxes)
    else:
        discounts = _shared(
            made.discount, [part * Fraction(cut[0]) for part, cut in zip(parts, whole, strict=True)], places
        )
        tax = _shared(made.tax, [part * Fraction(cut[1]) for part, cut in zip(parts, whole, strict=True)], places)
        shares = list(zip(discounts, tax, strict=True))
    nothing = ZERO.scaleb(-places)
    return tuple(
        _line(invoice, line, items[line.id], discount + nothing, tax + nothing, reason)
        for line, (discount, tax) in zip(wanted, shares, strict=True)
    )


def _what_is_left(
    invoice: Invoice,
    earlier: Sequence[CreditNote | Invoice],
    wanted: Sequence[InvoiceLine],
    taxes: Mapping[str, Decimal],
) -> list[tuple[Decimal, Decimal]]:
    """Discount and tax that are left of each line.

    What rounding left of a line that earlier notes gave back goes to a line of the same tax, else to the first one.
    """
    left = dict.fromkeys((line.id for line in wanted), (ZERO, ZERO))
    for line, (discount, tax) in zip(invoice.lines, _credited(invoice, earlier, invoice.lines), strict=True):
        same = [each.id for each in wanted if (each.tax_code, each.tax_rate) == (line.tax_code, line.tax_rate)]
        home = line.id if line.id in left else (same or list(left))[0]
        left[home] = (left[home][0] + line.discount - discount, left[home][1] + taxes[line.id] - tax)
    return list(left.values())


def _line_taxes(invoice: Invoice, places: int) -> dict[str, Decimal]:
    """Each line's share of the tax; worked out for documents that were made before shares were kept."""
    if all(line.tax is not None for line in invoice.lines):
        return {line.id: _tax_of(line) for line in invoice.lines}
    weights = [Fraction(line.amount - line.discount) * Fraction(line.tax_rate) for line in invoice.lines]
    return dict(zip(_names(invoice), _shared(invoice.tax_total, weights, places), strict=True))


def _credited(invoice: Invoice, earlier: Earlier, wanted: Sequence[InvoiceLine]) -> list[tuple[Decimal, Decimal]]:
    """Discount and tax that were given back of each line before."""
    parts = [part for document in earlier for part in _back(invoice, document)]
    return [
        (
            _sum(part.discount for part in parts if part.charge == line.charge),
            _sum(part.tax for part in parts if part.charge == line.charge),
        )
        for line in wanted
    ]


def _shared(total: Decimal, weights: Sequence[Fraction], places: int) -> Sequence[Decimal]:
    """The total over the weights, to the minor unit; where they come to nothing, the first takes it."""
    whole = sum(weights, Fraction(0))
    if not whole:
        return [total if not index else ZERO for index in range(len(weights))]
    return apportion([weight * Fraction(total) / whole for weight in weights], total, places)


def _line(
    invoice: Invoice, line: InvoiceLine, amount: Decimal, discount: Decimal, tax: Decimal, reason: str
) -> InvoiceLine:
    whole = amount == line.amount
    formula = f"{plain(amount)} of {plain(line.amount)} {invoice.currency} given back"
    inputs = {"invoice": invoice.number, "line": line.id} | ({"reason": reason} if reason else {})
    return InvoiceLine(
        id=line.id,
        charge=line.charge,
        deal=line.deal,
        product=line.product,
        description=line.description,
        period=line.period,
        quantity=line.quantity if whole else Decimal(1),
        unit_amount=line.unit_amount if whole else amount,
        amount=amount,
        discount=discount,
        tax_code=line.tax_code,
        tax_rate=line.tax_rate,
        tax=tax,
        corrects=line.charge,
        why=Why(rule="credit note", formula=formula, inputs=inputs, source=line.why.source),
    )


def _discounts(invoice: Invoice, total: Decimal, places: int) -> tuple[Discount, ...]:
    if not total:
        return ()
    given = [item for item in invoice.discounts if item.amount]
    shares = _shared(total, [Fraction(item.amount) for item in given], places)
    return tuple(item.model_copy(update={"amount": share}) for item, share in zip(given, shares, strict=True) if share)


def _taxes(invoice: Invoice, lines: Sequence[InvoiceLine]) -> tuple[TaxTotal, ...]:
    """By code and rate, in the order in which they stand on the invoice."""
    inclusive = invoice.policy.prices_include_tax
    found = []
    for total in invoice.taxes:
        mine = [line for line in lines if (line.tax_code, line.tax_rate) == (total.code, total.rate)]
        if mine:
            tax = _sum(_tax_of(line) for line in mine)
            base = _sum(line.amount - line.discount for line in mine) - (tax if inclusive else ZERO)
            found.append(total.model_copy(update={"base": base, "amount": tax}))
    return tuple(found)


def _tax_of(line: InvoiceLine) -> Decimal:
    return ZERO if line.tax is None else line.tax


def _sum(amounts: Iterator[Decimal] | Sequence[Decimal]) -> Decimal:
    return sum(amounts, ZERO)
