"""Payments of ours and credit notes against invoices in a real Tryton: once, to the cent, and back again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from billsync.connector import Absent, Applied, Expectation, Found, Intent, Refused, Standing, Unclear
from billsync_connectors.tryton import Tryton
from billsync_connectors.tryton.sandbox import TrytonSandbox
from tests.tryton.stories import Relay, applied, invoice, party

pytestmark = pytest.mark.tryton
Connect = Callable[..., Tryton]


def payment(key: str, invoice: str, amount: str, **changes: str) -> Intent:
    data = {"invoice": invoice, "amount": amount, "currency": "USD", "date": "2017-04-12", **changes}
    return Intent(key, "payment", data, expect=Expectation(total=Decimal(amount), currency="USD", on=date(2017, 4, 12)))


def credit(key: str, party: str, against: str, price: str) -> Intent:
    line = {"description": "Seat", "quantity": "1", "unit_price": price, "tax_rate": "0"}
    data = {"party": party, "invoice_date": "2017-03-05", "currency": "USD", "invoice": against, "lines": [line]}
    return Intent(key, "credit_note", data, expect=Expectation(total=Decimal(price), on=date(2017, 3, 5)))


def standing(erp: Tryton, object: str, tag: str) -> list[Standing]:
    found = [item for page in erp.standing(object) for item in page]
    return [item for item in found if (item.applies_to or item.reference).startswith(tag)]


def open_of(erp: Tryton, number: str) -> tuple[str | None, Decimal | None]:
    [item] = standing(erp, "invoice", number)
    return item.state, item.open


def test_a_payment_is_booked_once_on_its_invoice_and_taken_back(
    connect: Connect, tryton_sandbox: TrytonSandbox, tag: str
) -> None:
    erp = connect()
    [bill] = applied(erp.write("invoice", [invoice(f"{tag}-1", party(erp, tag))]))
    part, rest = payment(f"{tag}-P1", bill, "50.00"), payment(f"{tag}-P2", bill, "21.36")
    assert erp.probe("payment", [part.key]) == [Absent()]
    [id] = applied(erp.write("payment", [part]))
    assert open_of(erp, f"{tag}-1") == ("partly_paid", Decimal("21.36"))
    applied(erp.write("payment", [rest]))
    assert open_of(erp, f"{tag}-1") == ("paid", Decimal(0))
    [one, two] = erp.probe("payment", [part.key, rest.key])
    assert isinstance(one, Found)
    assert isinstance(two, Found)
    assert (one.remote_ids, one.echo["total"], one.echo["on"]) == ((id,), Decimal("50.00"), date(2017, 4, 12))
    assert sorted((item.reference, item.total) for item in standing(erp, "payment", tag)) == [
        (part.key, Decimal("50.00")),
        (rest.key, Decimal("21.36")),
    ]
    void = replace(part, payload={}, remote_id=id, void=True, expect=None)
    assert erp.write("payment", [void]) == [Applied(id, {"state": "void"})]
    assert erp.write("payment", [void]) == [Applied(id, {"state": "void"})]
    assert erp.probe("payment", [part.key]) == [Absent()]
    assert open_of(erp, f"{tag}-1") == ("partly_paid", Decimal("50.00"))
    with tryton_sandbox.rpc() as rpc:
        assert rpc.find("res.user.warning", []) == []


def test_what_cannot_be_booked_says_why(connect: Connect, tag: str) -> None:
    erp = connect()
    [bill] = applied(erp.write("invoice", [invoice(f"{tag}-1", party(erp, tag))]))
    wrong = [
        payment(f"{tag}-a", "99999999", "1.00"),
        replace(payment(f"{tag}-b", bill, "1.00"), payload={"amount": "1", "currency": "USD", "date": "2017-04-12"}),
        payment(f"{tag}-c", bill, "1.00", memo="x"),
        payment(f"{tag}-d", bill, "1.00", date="2031-01-01"),
    ]
    outcomes = erp.write("payment", wrong)
    assert [item.reason for item in outcomes if isinstance(item, Refused)] == [
        *("gone", "no_invoice", "unknown_field", "period_missing")
    ]
    assert open_of(erp, f"{tag}-1") == ("sent", Decimal("71.36"))


def test_too_much_stays_the_customers_credit(connect: Connect, tag: str) -> None:
    erp = connect()
    [bill] = applied(erp.write("invoice", [invoice(f"{tag}-1", party(erp, tag))]))
    [outcome] = erp.write("payment", [payment(f"{tag}-P", bill, "100.00")])
    assert isinstance(outcome, Applied)
    assert outcome.echo["total"] == Decimal("100.00")
    assert open_of(erp, f"{tag}-1") == ("paid", Decimal(0))


def test_a_credit_note_is_taken_off_its_invoice_and_a_payment_settles_the_rest(connect: Connect, tag: str) -> None:
    erp = connect()
    customer = party(erp, tag)
    first, second = applied(erp.write("invoice", [invoice(f"{tag}-{n}", customer) for n in (1, 2)]))
    part, whole = credit(f"{tag}-CN1", customer, first, "20.00"), credit(f"{tag}-CN2", customer, second, "71.36")
    ids = applied(erp.write("credit_note", [part, whole]))
    assert open_of(erp, f"{tag}-1") == ("partly_paid", Decimal("51.36"))
    assert open_of(erp, f"{tag}-2") == ("paid", Decimal(0))
    again = [replace(item, remote_id=id) for item, id in zip([part, whole], ids, strict=True)]
    assert applied(erp.write("credit_note", again)) == ids
    assert open_of(erp, f"{tag}-1") == ("partly_paid", Decimal("51.36"))
    assert standing(erp, "payment", tag) == []
    assert [record for page in erp.read("payment", None) for record in page.records if _of(record.data, tag)] == []
    applied(erp.write("payment", [payment(f"{tag}-P", first, "51.36")]))
    notes = {item.reference: (item.total, item.open, item.state) for item in standing(erp, "credit_note", tag)}
    assert notes == {f"{tag}-CN{n}": (Decimal(total), Decimal(0), "paid") for n, total in ((1, 20), (2, "71.36"))}


def _of(data: object, tag: str) -> bool:
    return isinstance(data, dict) and str(data.get("invoice_reference")).startswith(tag)


def test_a_credit_note_that_is_a_part_of_an_invoice_is_made_void(connect: Connect, tag: str) -> None:
    erp = connect()
    customer = party(erp, tag)
    [bill] = applied(erp.write("invoice", [invoice(f"{tag}-1", customer)]))
    [id] = applied(erp.write("credit_note", [note := credit(f"{tag}-CN", customer, bill, "20.00")]))
    void = Intent(note.key, "credit_note", {}, remote_id=id, void=True)
    assert erp.write("credit_note", [void, void]) == [Applied(id, {"state": "void"})] * 2
    assert open_of(erp, f"{tag}-1") == ("sent", Decimal("71.36"))


def test_a_lost_reply_to_a_booking_is_unclear(connect: Connect, relay: Relay, tag: str) -> None:
    erp = connect(url=relay.url)
    [bill] = applied(erp.write("invoice", [invoice(f"{tag}-1", party(erp, tag))]))
    relay.lose = {"choice"}
    [lost] = erp.write("payment", [paid := payment(f"{tag}-P", bill, "71.36")])
    assert isinstance(lost, Unclear)
    [found] = erp.probe("payment", [paid.key])
    assert isinstance(found, Found)
    assert len(standing(erp, "payment", tag)) == 1
