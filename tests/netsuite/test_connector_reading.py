"""What people do in NetSuite comes back: payments in parts, voids, deletions; and what stands there."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest

from billsync.connector import Absent, Found, Refused
from billsync_connectors.netsuite.connector import NetSuite
from tests.netsuite.connecting import connect, credit, done, invoice, party, payment, taken_back, write
from tests.netsuite.stand_in import StandIn


@pytest.fixture
def there(account: StandIn) -> StandIn:
    account.set(nexus="other", date_format="D.M.YYYY")
    account.stand("2026-03-05T12:00:00Z")
    return account


@pytest.fixture
def erp(there: StandIn) -> NetSuite:
    return connect(there)


class Copy:
    """What a reader has by now."""

    def __init__(self, erp: NetSuite, object: str = "payment") -> None:
        self.erp, self.object = erp, object
        self.mark: Mapping[str, Any] | None = None
        self.rows: dict[str, Mapping[str, Any]] = {}

    def read(self) -> dict[str, tuple[str | None, Decimal]]:
        """Invoice and amount of each payment."""
        for page in self.erp.read(self.object, self.mark):
            for record in page.records:
                if record.deleted:
                    self.rows.pop(record.id, None)
                else:
                    self.rows[record.id] = record.data
            self.mark = page.checkpoint or self.mark
        return {id: (row["invoice_reference"], row["amount"]) for id, row in self.rows.items()}


def standing(erp: NetSuite, object: str) -> list[Any]:
    return [row for page in erp.standing(object) for row in page]


def paid(there: StandIn, customer: str, amount: int, *parts: tuple[str, int], id: str = "") -> str:
    """A payment that a person books, or changes."""
    items = [{"doc": {"id": invoice}, "amount": part} for invoice, part in parts]
    fields: dict[str, Any] = {"customer": {"id": customer}, "payment": amount, "apply": {"items": items}}
    return there.human("update" if id else "create", "customerPayment", id, **fields)


def test_a_payment_of_two_invoices_comes_in_parts_and_goes_in_parts(there: StandIn, erp: NetSuite) -> None:
    buyer, copy = party(erp), Copy(erp)
    assert copy.read() == {}
    one, two = (done(erp, invoice(buyer, f"INV-{number}")) for number in (1, 2))
    id = paid(there, buyer, 150, (one, 100), (two, 40))
    assert copy.read() == {
        id: ("INV-1", Decimal(100)), f"{id}/2": ("INV-2", Decimal(40)), f"{id}/3": (None, Decimal(10)),
    }  # fmt: skip
    assert copy.read()[id] == ("INV-1", Decimal(100))
    there.forward(7200)
    there.human("update", "customerPayment", id, payment=100, apply={"items": [{"doc": {"id": two}, "apply": False}]})
    assert copy.read() == {id: ("INV-1", Decimal(100))}
    fetched = erp.fetch("payment", [id, f"{id}/2", "999"])
    assert [(record.id, record.data["amount"]) for record in fetched] == [(id, 100)]
    there.human("void", "customerPayment", id)
    assert copy.read() == {}


def test_what_is_deleted_is_told_though_nothing_else_changed(there: StandIn, erp: NetSuite) -> None:
    buyer, copy = party(erp), Copy(erp)
    one = done(erp, invoice(buyer))
    kept, gone = paid(there, buyer, 20, (one, 20)), paid(there, buyer, 30, (one, 30))
    assert set(copy.read()) == {kept, gone}
    there.forward(3 * 86_400)
    there.human("delete", "customerPayment", gone)
    assert set(copy.read()) == {kept}
    assert set(copy.read()) == {kept}


def test_others_payments_are_none_of_ours_and_ours_come_back_with_their_key(there: StandIn, erp: NetSuite) -> None:
    stranger = there.customer("Stranger")
    theirs = there.invoice(stranger, {"item": {"id": "98"}, "rate": "50", "taxCode": {"id": "2"}})
    paid(there, stranger, 60, (theirs, 50))
    paid(there, stranger, 70)
    one = done(erp, invoice(party(erp)))
    mine = done(erp, payment("p1", "150.00", invoice=one))
    copy = Copy(erp)
    assert copy.read() == {mine: ("INV-1", Decimal(150))}
    assert copy.rows[mine]["reference"] == "p1"


def test_many_in_one_second_and_an_hour_that_comes_twice(there: StandIn, erp: NetSuite) -> None:
    """More than a page was changed in one second; when summer ends, later changes bear earlier times."""
    buyer, copy = party(erp), Copy(erp)
    one = done(erp, invoice(buyer))
    there.stand("2026-11-01T08:59:00Z")  # 1:59 of the first time
    expected = {paid(there, buyer, 1, (one, 1)) for _ in range(7)}
    there.fault("short-page", rows=2, next=3)
    assert set(copy.read()) == expected
    there.stand("2026-11-01T09:01:00Z")  # 1:01 of the second time
    expected.add(paid(there, buyer, 1, (one, 1)))
    assert set(copy.read()) == expected
    there.fault("short-page", rows=1, next=2)
    assert len(copy.erp.session.rows("SELECT c.id FROM currency c ORDER BY c.id")) == 6


def test_what_stands_there_in_our_words(there: StandIn, erp: NetSuite) -> None:
    buyer = party(erp)
    one, two, three = (done(erp, invoice(buyer, f"INV-{number}", dueDate="2026-04-04")) for number in (1, 2, 3))
    done(erp, credit(buyer, invoice=one))
    mine = done(erp, payment("p1", "20.00", invoice=two))
    write(erp, taken_back("invoice", "INV-3", three))
    there.fault("short-page", rows=1, next=3)
    rows = standing(erp, "invoice")
    assert [(row.id, row.reference, row.number, row.state, row.total, row.open, row.tax) for row in rows] == [
        (one, "INV-1", "INV-1", "paid", 120, 0, 20),
        (two, "INV-2", "INV-2", "partly_paid", 120, 100, 20),
        (three, "INV-3", "INV-3", "void", 0, 0, 0),
    ]
    assert [(row.currency, row.customer, row.lines, str(row.on), str(row.due_on)) for row in rows] == [
        ("EUR", buyer, 1, "2026-03-05", "2026-04-04")
    ] * 3
    memos = standing(erp, "credit_memo")
    assert [(row.reference, row.total, row.tax, row.open, row.state) for row in memos] == [("CN-1", 120, 20, 0, "paid")]
    by_hand = paid(there, buyer, 30, (two, 30))
    payments = standing(erp, "payment")
    assert [(row.id, row.reference, row.applies_to, row.total, row.state) for row in payments] == [
        (mine, "p1", "INV-2", 20, "booked"), (by_hand, "", "INV-2", 30, "booked"),
    ]  # fmt: skip


def test_many_keys_are_looked_up_in_few_requests(there: StandIn, erp: NetSuite) -> None:
    buyer = party(erp)
    id = done(erp, invoice(buyer, "O'Neil 7", tranId="7"))
    there.admin("DELETE", "log")
    probes = erp.probe("invoice", [*(f"INV-{number}" for number in range(450)), "O'Neil 7"])
    assert [type(probe) for probe in probes] == [Absent] * 450 + [Found]
    assert isinstance(probes[-1], Found)
    assert (probes[-1].remote_ids, probes[-1].echo["total"], probes[-1].echo["lines"]) == ((id,), 120, 1)
    assert len(there.admin("GET", "log")["requests"]) <= 5


def test_fields_and_objects_that_are_not_there(erp: NetSuite) -> None:
    fields = {field.name: field for field in erp.describe("invoice").fields}
    assert (fields["amountPaid"].writable, fields["memo"].writable) == (False, True)
    with pytest.raises(Refused, match="only invoice, credit_memo, payment"):
        erp.read("customer", None)
    with pytest.raises(Refused, match="not one of NetSuite's"):
        list(erp.read("payment", {"at": "yesterday"}))
