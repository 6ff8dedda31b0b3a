"""Credit notes in a real Tryton: posted once, to the cent, as positive amounts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import pytest

from billsync.connector import Absent, Expectation, Found, Intent, Mismatch
from billsync_connectors.tryton import Tryton
from billsync_connectors.tryton.sandbox import TrytonSandbox
from tests.tryton.stories import applied, invoice, party

pytestmark = pytest.mark.tryton
Connect = Callable[..., Tryton]


def credit(key: str, party: str) -> Intent:
    """One of three seats at 19.99 and 19 % tax, given back: 19.99 + 3.80 = 23.79."""
    line = {"description": "Seat", "quantity": "1", "unit_price": "19.99", "tax_code": "DE19", "tax_rate": "0.19"}
    data = {"reference": key, "party": party, "invoice_date": "2017-03-05", "currency": "USD", "lines": [line]}
    expect = Expectation(total=Decimal("23.79"), tax=Decimal("3.80"), currency="USD", lines=1)
    return Intent(key, "credit_note", data, expect=expect)


def test_a_credit_note_stands_in_the_books_once_and_to_the_cent(
    connect: Connect, tryton_sandbox: TrytonSandbox, tag: str
) -> None:
    erp = connect()
    customer = party(erp, tag)
    applied(erp.write("invoice", [invoice(f"{tag}-1", customer)]))
    note = credit(f"{tag}-CN", customer)
    assert erp.probe("credit_note", [note.key]) == [Absent()]
    [id] = applied(erp.write("credit_note", [note]))
    [found] = erp.probe("credit_note", [note.key])
    assert isinstance(found, Found)
    assert (found.remote_ids, found.complete, found.echo["total"]) == ((id,), True, Decimal("23.79"))
    assert applied(erp.write("credit_note", [replace(note, remote_id=id)])) == [id]
    documents = [item for page in erp.standing("invoice") for item in page if item.reference.startswith(tag)]
    assert sorted((item.reference, item.total, item.state) for item in documents) == [
        (f"{tag}-1", Decimal("71.36"), "sent"),
        (f"{tag}-CN", Decimal("-23.79"), "sent"),
    ]


def test_one_that_comes_to_something_else_is_not_posted(connect: Connect, tag: str) -> None:
    erp = connect()
    note = credit(f"{tag}-CN", party(erp, tag))
    [outcome] = erp.write("credit_note", [replace(note, expect=Expectation(total=Decimal("23.80")))])
    assert isinstance(outcome, Mismatch)
    assert "total is 23.79 there, 23.80 here" in outcome.message
