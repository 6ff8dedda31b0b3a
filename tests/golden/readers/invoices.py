"""Discounts, taxes, credit notes, due dates, instalments, revenue and what a document comes to."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

from billsync.billing.instalment import due_on, settle
from billsync.billing.pricing import Consumption, price
from billsync.invoicing.convention import PRESETS
from billsync.invoicing.crediting import Invoiced, InvoicedLine, Note, by_origin, credit
from billsync.invoicing.discount import discount
from billsync.invoicing.exchange import realised
from billsync.invoicing.parity import RatingProfile, recompute
from billsync.invoicing.revenue import straight_line
from billsync.invoicing.taxation import Taxable, taxes
from billsync.invoicing.totals import Totals, balance, totals
from billsync.model.convention import Conventions, CouponOrder
from billsync.model.discount import Coupon
from billsync.model.exact import round_ratio
from billsync.model.exchange import FxRate
from billsync.model.money import Rounding
from billsync.model.paying import DueRule, Payable
from billsync.model.period import Period
from billsync.model.scheme import PerUnitPrice
from tests.golden.reading import Answers, Inputs, NotCovered, day, dec, known, places_of, reads


def percent(value: Any) -> Decimal:
    return dec(value).scaleb(-2)


def numbered(amounts: Sequence[Any]) -> dict[str, Decimal]:
    return {str(number): dec(amount) for number, amount in enumerate(amounts)}


@reads("coupon", needs="subtotal percent", may="unit")
def percentages(inputs: Inputs) -> Answers:
    coupons = [Coupon(id=str(n), percent=percent(value)) for n, value in enumerate(inputs["percent"])]
    lines, places = {"all": dec(inputs["subtotal"])}, places_of(inputs)
    there, back = (discount(lines, order, places, order="as_given").total for order in (coupons, coupons[::-1]))
    return {"discount": there, "discount_reverse_order": back}


ORDERS: dict[str, CouponOrder] = {"percentage first": "percentage_first", "fixed first": "fixed_first"}


def written(text: str, number: int, lines: tuple[str, ...] | None = None) -> Coupon:
    """`10%`, `5000 fixed` or `10`."""
    if text.endswith("%"):
        return Coupon(id=str(number), percent=percent(text[:-1]), lines=lines)
    return Coupon(id=str(number), amount=dec(text.removesuffix(" fixed")), lines=lines)


@reads("coupon", needs="subtotal coupons order", may="unit")
def mixed(inputs: Inputs) -> Answers:
    coupons = [written(text, number) for number, text in enumerate(inputs["coupons"])]
    order = known(ORDERS, inputs["order"])
    return {"discount": discount({"all": dec(inputs["subtotal"])}, coupons, places_of(inputs), order=order).total}


@reads("coupon", needs="lines coupon_fixed", may="unit")
def fixed(inputs: Inputs) -> Answers:
    lines = numbered(inputs["lines"])
    found = discount(lines, [Coupon(id="fixed", amount=dec(inputs["coupon_fixed"]))], places_of(inputs))
    return {"after": [amount - found.shares[name] for name, amount in lines.items()]}


@reads("coupon_tax", needs="fees coupons sequential", may="unit")
def coupons_and_tax(inputs: Inputs) -> Answers:
    """By the conventions of the system that the case comes from."""
    known({"True": True}, str(inputs["sequential"]))
    places = places_of(inputs)
    lines = [taxable(str(n), fee["amount"], fee["tax_rate"]) for n, fee in enumerate(inputs["fees"])]
    coupons = [
        Coupon(
            id=str(number),
            amount=dec(coupon["amount"]),
            lines=None if coupon["lines"] == "all" else tuple(str(line) for line in coupon["lines"]),
        )
        for number, coupon in enumerate(inputs["coupons"])
    ]
    found = totals(lines, coupons, places, PRESETS["lago-like"].conventions)
    return {
        "alloc_3dp": [round_ratio(amount, 3) for amount in found.discounts.discounts.values()],
        "line_tax": [round_ratio(line.exact, places) for line in found.taxed.lines],
        "fees": found.subtotal,
        "coupons": found.discounts.total,
        "tax": found.taxed.total,
        "total": found.total,
    }


def taxable(name: str, amount: Any, rate: Any) -> Taxable:
    return Taxable(name, dec(amount), percent(rate), str(rate))


def of_rate(lines: Sequence[Any], rate: Any) -> list[Taxable]:
    return [taxable(str(number), amount, rate) for number, amount in enumerate(lines)]


@reads("tax tax_rounding", needs="lines tax_rate", may="unit")
def per_line_or_document(inputs: Inputs) -> Answers:
    lines, places = of_rate(inputs["lines"], inputs["tax_rate"]), places_of(inputs)
    per_line, per_rate, per_document = (
        taxes(lines, places, rounded_on=on).total for on in ("line", "rate", "document")
    )
    return {"per_line": per_line, "per_rate": per_rate, "per_document": per_document}


@reads("tax tax_rounding", needs="amount tax_rate", may="unit mode")
def one_amount(inputs: Inputs) -> Answers:
    lines, places = of_rate([inputs["amount"]], inputs["tax_rate"]), places_of(inputs)
    by_mode = {mode.value: taxes(lines, places, mode).total for mode in Rounding}
    return {"tax": by_mode[inputs.get("mode", "half_up")], **by_mode}


@reads("tax", needs="lines", may="unit")
def several_rates(inputs: Inputs) -> Answers:
    lines = [taxable(str(n), amount, rate) for n, (amount, rate) in enumerate(inputs["lines"])]
    return {"tax": taxes(lines, places_of(inputs)).total}


@reads("tax_rounding", needs="fees tax_rate", may="unit")
def invoice_and_notes(inputs: Inputs) -> Answers:
    """Notes that know nothing of each other round each line's tax by itself: that is the convention `line`."""
    lines, places = of_rate(inputs["fees"], inputs["tax_rate"]), places_of(inputs)
    return {
        "invoice_total": totals(lines, [], places, Conventions()).total,
        "sum_of_line_credit_notes": totals(lines, [], places, Conventions(tax_rounding="line")).total,
    }


@reads("wallet", needs="fees_precise_minor tax_rate wallet")
def prepaid(inputs: Inputs) -> Answers:
    lines = of_rate(inputs["fees_precise_minor"], inputs["tax_rate"])
    found = totals(lines, [], 0, Conventions(), credits=dec(inputs["wallet"]))
    return {
        "fees": found.subtotal,
        "tax": found.taxed.total,
        "total": found.total,
        "prepaid_applied": found.prepaid,
        "due": found.due,
    }


LINE_COUPON = re.compile(r"(?P<coupon>\d+%?) on line (?P<line>\d+)")
IN_ORDER = "line coupons, invoice coupons, tax on the rest, wallet last"


@reads("invoice_total_order", needs="lines line_coupon subscription_coupon wallet tax_rate order", may="unit")
def in_order(inputs: Inputs) -> Answers:
    known({IN_ORDER: True}, inputs["order"])
    first = LINE_COUPON.fullmatch(inputs["line_coupon"])
    if not first:
        raise NotCovered(f"the coupon {inputs['line_coupon']!r} is of no known form")
    coupons = [written(first["coupon"], 0, (first["line"],)), written(inputs["subscription_coupon"], 1)]
    lines, wallet = of_rate(inputs["lines"], inputs["tax_rate"]), dec(inputs["wallet"])
    found = totals(lines, coupons, places_of(inputs), Conventions(), credits=wallet)
    return {"tax": found.taxed.total, "due": found.due, "total": found.total}


EXACT = "net and tax each rounded from the EXACT unused amount"


def invoiced(lines: Sequence[Taxable], coupons: Sequence[Coupon], places: int) -> tuple[Invoiced, Totals]:
    found = totals(lines, coupons, places, Conventions())
    items = tuple(InvoicedLine(line.id, line.amount, line.rate, found.discounts.discounts[line.id]) for line in lines)
    return Invoiced(items, found.net, found.taxed.total, places), found


@reads("credit_note", needs="fee tax_rate unused_days period_days rounding", may="unit")
def unused(inputs: Inputs) -> Answers:
    known({EXACT: True}, inputs["rounding"])
    invoice, _ = invoiced(of_rate([inputs["fee"]], inputs["tax_rate"]), [], places_of(inputs))
    part = Fraction(dec(inputs["fee"])) * Fraction(inputs["unused_days"], inputs["period_days"])
    note = credit(invoice, [], {"0": part})
    return {"net": note.net, "tax": note.tax, "total": note.total}


@reads("credit_note", needs="fees coupon", may="unit")
def coupon_on_a_line(inputs: Inputs) -> Answers:
    lines = [taxable(str(n), amount, rate) for n, (amount, rate) in enumerate(inputs["fees"])]
    coupon = Coupon(id="c", amount=dec(inputs["coupon"]["amount"]), lines=(str(inputs["coupon"]["on"]),))
    _, found = invoiced(lines, [coupon], places_of(inputs))
    effective = Fraction(found.taxed.total) / Fraction(found.net) * 100
    return {"tax": found.taxed.total, "total": found.total, "effective_rate": round_ratio(effective, 5)}


@reads("credit_note", needs="fee coupon tax_rate credit_item", may="unit")
def part_of_a_discounted_line(inputs: Inputs) -> Answers:
    lines = of_rate([inputs["fee"]], inputs["tax_rate"])
    invoice, _ = invoiced(lines, [Coupon(id="c", amount=dec(inputs["coupon"]))], places_of(inputs))
    note = credit(invoice, [], {"0": dec(inputs["credit_item"])})
    return {"coupon_adjustment": note.discount, "net": note.net, "tax": note.tax, "total": note.total}


@reads("credit_note", needs="fees tax_rate credits", may="unit")
def notes_until_nothing_is_left(inputs: Inputs) -> Answers:
    """Each credit goes to the first line that has room for it."""
    invoice, found = invoiced(of_rate(inputs["fees"], inputs["tax_rate"]), [], places_of(inputs))
    notes: list[Note] = []
    for amount in inputs["credits"]:
        notes.append(credit(invoice, notes, {roomy(invoice, notes, dec(amount)): dec(amount)}))
    made = [note.total for note in notes]
    return {"invoice_total": found.total, "cn_totals": made, "remaining": found.total - sum(made, Decimal(0))}


def roomy(invoice: Invoiced, notes: Sequence[Note], amount: Decimal) -> str:
    used = {
        line.id: sum((note.items.get(line.id, Fraction(0)) for note in notes), Fraction(0)) for line in invoice.lines
    }
    return next(line.id for line in invoice.lines if Fraction(line.amount) - used[line.id] >= amount)


@reads("credit_note", needs="fees coupon tax_rate credit", may="unit")
def each_line_in_full(inputs: Inputs) -> Answers:
    known({"each fee in full": True}, inputs["credit"])
    lines = of_rate(inputs["fees"], inputs["tax_rate"])
    invoice, found = invoiced(lines, [Coupon(id="c", amount=dec(inputs["coupon"]))], places_of(inputs))
    notes: list[Note] = []
    for line in lines:
        notes.append(credit(invoice, notes, {line.id: line.amount}))
    return {
        "invoice_total": found.total,
        "cn": [[note.net, note.tax] for note in notes],
        "sum_total": sum((note.total for note in notes), Decimal(0)),
    }


@reads("credit_note", needs="lines discount tax_rate credit_lines", may="unit")
def lines_in_full(inputs: Inputs) -> Answers:
    lines = of_rate(inputs["lines"], inputs["tax_rate"])
    invoice, found = invoiced(lines, [written(inputs["discount"], 0)], places_of(inputs))
    notes: list[Note] = []
    for numbers in inputs["credit_lines"]:
        notes.append(credit(invoice, notes, {lines[number].id: lines[number].amount for number in numbers}))
    return {"invoice_total": found.total, "cn_totals": [note.total for note in notes]}


@reads("credit_note", needs="invoice_total paid_from_balance paid_by_card credit mode", may="unit")
def back_the_way_it_came(inputs: Inputs) -> Answers:
    known({"refund": True}, inputs["mode"])
    if dec(inputs["credit"]) != dec(inputs["invoice_total"]):
        raise NotCovered("how a part of what was paid in two ways goes back is not said")
    paid = {"balance": dec(inputs["paid_from_balance"]), "card": dec(inputs["paid_by_card"])}
    back = by_origin(dec(inputs["credit"]), paid, places_of(inputs))
    return {"back_to_balance": back["balance"], "refund": back["card"]}


STEPS = (
    (re.compile(r"(?:net )?(\d+) days"), "days"),
    (re.compile(r"(\d+) months?"), "months"),
    (re.compile(r"(?:day )?(\d+)(?:st|nd|rd|th)? of next month"), "day"),
    (re.compile(r"then the next (\d+)(?:st|nd|rd|th)"), "next_day"),
    (re.compile(r"first day of next month"), "first"),
    (re.compile(r"(?:last day|end) of next month"), "last"),
    (re.compile(r"(?:then the )?end of (?:the )?month"), "end"),
)


def rule(text: str) -> DueRule:
    fields: dict[str, int] = {}
    for part in text.split(", "):
        found = next(((name, match) for step, name in STEPS if (match := step.fullmatch(part))), None)
        if found is None:
            raise NotCovered(f"the due date {text!r} is of no known form")
        name, match = found
        meant = {"first": {"months": 1, "on_day": 1}, "last": {"months": 1, "on_day": 31}, "end": {"on_day": 31}}
        fields |= meant.get(name) or (
            {"months": 1, "on_day": int(match[1])} if name == "day" else {name: int(match[1])}
        )
    return DueRule.model_validate(fields)


@reads("due_date", needs="date rule")
def due_date(inputs: Inputs) -> Answers:
    return {"due": due_on(day(inputs["date"]), rule(inputs["rule"]))}


@reads("due_date", needs="dates payment_days")
def payment_days(inputs: Inputs) -> Answers:
    days = DueRule(payment_days=tuple(inputs["payment_days"]))
    return {"dates": [due_on(day(text), days) for text in inputs["dates"]]}


@reads("payment_schedule", needs="schedule payment rule", may="unit")
def oldest_first(inputs: Inputs) -> Answers:
    known({"oldest first": True}, inputs["rule"])
    first = date(2026, 1, 1)
    payables = [
        Payable(due_on=first + timedelta(days=n), amount=dec(amount)) for n, amount in enumerate(inputs["schedule"])
    ]
    rows, _ = settle(payables, dec(inputs["payment"]))
    return {"rows": [[row.paid, row.open] for row in rows]}


@reads("deferred_revenue", needs="amount service_start service_end_incl method", may="unit")
def revenue(inputs: Inputs) -> Answers:
    known({"daily straight line, last month takes the remainder": True}, inputs["method"])
    service = Period(day(inputs["service_start"]), day(inputs["service_end_incl"]) + timedelta(days=1))
    return {
        "schedule": [
            [part.on, part.amount] for part in straight_line(dec(inputs["amount"]), service, places_of(inputs))
        ]
    }


@reads("erp_parity", needs="units free_units price erp_unit_price_places")
def parity(inputs: Inputs) -> Answers:
    scheme = PerUnitPrice(scheme="per_unit", unit_amount=inputs["price"], free_units=dec(inputs["free_units"]))
    amount = round_ratio(price(scheme, Consumption(quantity=dec(inputs["units"]))).amount, 2)
    found = recompute(dec(inputs["units"]), amount, RatingProfile(unit_price_places=inputs["erp_unit_price_places"]))
    return {
        "billed": amount,
        "erp_unit_price": found.unit_price,
        "erp_total": found.total,
        "round_off": found.difference,
    }


@reads("fx", needs="amount currency invoice_rate payment_rate")
def gain(inputs: Inputs) -> Answers:
    """The books' currency is not told: any other one with two decimals."""
    on = date(2026, 1, 1)
    books = "INR" if inputs["currency"] != "INR" else "EUR"
    invoiced_, paid = (
        FxRate(base=inputs["currency"], target=books, rate=inputs[name], on=on, source="case")
        for name in ("invoice_rate", "payment_rate")
    )
    return {"gain_loss": realised(dec(inputs["amount"]), invoiced_, paid)}


@reads("invoice_balance", needs="charged paid", may="account_credit item_adjustment refunded")
def open_balance(inputs: Inputs) -> Answers:
    adjusted = dec(inputs["charged"]) + dec(inputs.get("item_adjustment", 0))
    left, over = balance(
        adjusted,
        credits=dec(inputs.get("account_credit", 0)),
        paid=dec(inputs["paid"]),
        refunded=dec(inputs.get("refunded", 0)),
    )
    return {"balance": left, "account_credit": over}
