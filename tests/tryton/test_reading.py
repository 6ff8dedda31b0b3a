"""Reading from a real Tryton: nothing missed, whatever happens between two reads."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from billsync.connector import Checkpoint, Record, Refused
from billsync_connectors.tryton import Tryton, changes
from billsync_connectors.tryton.sandbox import SandboxError, TrytonSandbox
from tests.tryton.stories import applied, invoice, party

pytestmark = pytest.mark.tryton
Connect = Callable[..., Tryton]


def read(erp: Tryton, object: str, since: Checkpoint | None = None) -> tuple[list[Record], Checkpoint]:
    pages = list(erp.read(object, since))
    return [record for page in pages for record in page.records], pages[-1].checkpoint


def of(records: list[Record], tag: str) -> list[dict[str, Any]]:
    rows = [dict(record.data) for record in records]
    return [row for row in rows if str(row.get("invoice_reference", row.get("reference"))).startswith(tag)]


def test_part_and_rest_of_a_payment_come_back(connect: Connect, tryton_sandbox: TrytonSandbox, tag: str) -> None:
    erp = connect()
    applied(erp.write("invoice", [invoice(f"{tag}-1", party(erp, tag))]))
    records, mark = read(erp, "payment")
    assert of(records, tag) == []
    tryton_sandbox.pay(f"{tag}-1", Decimal("50.00"), date(2017, 4, 1), "wire 1")
    records, mark = read(erp, "payment", mark)
    [first] = of(records, tag)
    assert first | {"id": ""} == {
        "id": "",
        "invoice_reference": f"{tag}-1",
        "amount": Decimal("50.00"),
        "currency": "USD",
        "date": date(2017, 4, 1),
        "description": "wire 1",
    }
    tryton_sandbox.pay(f"{tag}-1", Decimal("21.36"), date(2017, 4, 9), "wire 2")
    records, mark = read(erp, "payment", mark)
    assert sorted(row["amount"] for row in of(records, tag)) == [Decimal("21.36"), Decimal("50.00")]
    [paid] = of(read(erp, "invoice")[0], tag)
    assert (paid["state"], paid["amount_to_pay"], paid["party"]) == ("paid", Decimal(0), f"{tag}-C")
    assert [record.data for record in erp.fetch("payment", [first["id"]])] == [first]
    assert erp.fetch("invoice", [paid["id"], "999999"])[0].data == paid


def taken_back(erp: Tryton, mark: Checkpoint) -> tuple[set[str], Checkpoint]:
    records, after = read(erp, "payment", mark)
    return {record.id for record in records if record.deleted}, after


def test_a_payment_whose_move_is_cancelled_is_told_as_gone(
    connect: Connect, tryton_sandbox: TrytonSandbox, tag: str
) -> None:
    erp = connect()
    applied(erp.write("invoice", [invoice(f"{tag}-1", party(erp, tag))]))
    tryton_sandbox.pay(f"{tag}-1", Decimal("50.00"), date(2017, 4, 1), "part")
    tryton_sandbox.pay(f"{tag}-1", Decimal("21.36"), date(2017, 4, 2), "rest")
    records, mark = read(erp, "payment")
    lines = {row["description"]: row["id"] for row in of(records, tag)}
    for word, state in (("rest", Decimal("21.36")), ("part", Decimal("71.36"))):
        tryton_sandbox.take_back(lines[word])
        gone, mark = taken_back(erp, mark)
        assert lines[word] in gone
        [row] = of(read(erp, "invoice")[0], tag)
        assert (row["state"], row["amount_to_pay"]) == ("posted", state)
    assert erp.fetch("payment", list(lines.values())) == []


def test_a_payment_taken_off_its_invoice_is_told_as_gone(
    connect: Connect, tryton_sandbox: TrytonSandbox, tag: str
) -> None:
    erp = connect()
    applied(erp.write("invoice", [invoice(f"{tag}-1", party(erp, tag))]))
    tryton_sandbox.pay(f"{tag}-1", Decimal("50.00"), date(2017, 4, 1))
    records, mark = read(erp, "payment")
    [paid] = of(records, tag)
    with tryton_sandbox.rpc() as rpc:
        rpc.call("model.account.move.line.write", [int(paid["id"])], {"invoice_payment": None})
    gone, mark = taken_back(erp, mark)
    assert paid["id"] in gone
    with tryton_sandbox.rpc() as rpc:
        [row] = rpc.find("account.invoice", [["reference", "=", f"{tag}-1"]])
        rpc.call("model.account.move.line.write", [int(paid["id"])], {"invoice_payment": row["id"]})
    records, _ = read(erp, "payment", mark)
    assert [(record.id, record.deleted) for record in records if record.id == paid["id"]] == [(paid["id"], False)]


def test_an_interrupted_read_goes_on_where_it_stopped(
    connect: Connect, tryton_sandbox: TrytonSandbox, tag: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    erp = connect()
    customer = party(erp, tag)
    applied(erp.write("invoice", [invoice(f"{tag}-{number}", customer) for number in range(5)]))
    monkeypatch.setattr(changes, "PAGE", 2)
    monkeypatch.setattr(changes, "_OVERLAP", timedelta(0))  # the checkpoint alone must be right
    pages = erp.read("invoice", None)
    seen = [next(pages), next(pages)]
    tryton_sandbox.pay(f"{tag}-0", Decimal("1.00"), date(2017, 4, 1))  # behind us: the next read must show it
    tryton_sandbox.pay(f"{tag}-4", Decimal("2.00"), date(2017, 4, 1))  # later, and ahead of us
    rest = list(erp.read("invoice", seen[-1].checkpoint))
    assert not any(page.snapshot for page in rest), "a resumed read did not see everything"
    records = [record for page in [*seen, *rest] for record in page.records]
    assert {row["reference"] for row in of(records, tag)} == {f"{tag}-{number}" for number in range(5)}
    again, _ = read(erp, "payment", rest[-1].checkpoint)
    assert sorted(row["amount"] for row in of(again, tag)) == [Decimal("1.00"), Decimal("2.00")]


def test_the_last_page_of_a_whole_read_is_a_snapshot(connect: Connect) -> None:
    *others, last = connect().read("invoice", None)
    assert last.snapshot
    assert not any(page.snapshot for page in others)


def test_nobody_pays_what_is_not_there(tryton_sandbox: TrytonSandbox) -> None:
    with pytest.raises(SandboxError, match="NO-SUCH"):
        tryton_sandbox.pay("NO-SUCH", Decimal(1), date(2017, 4, 1))


def test_a_foreign_checkpoint_is_refused_in_words(connect: Connect) -> None:
    with pytest.raises(Refused, match="checkpoint"):
        read(connect(), "payment", {"since": "yesterday"})
    with pytest.raises(Refused, match="only payment and invoice"):
        connect().read("party", None)


def test_fields_are_described_as_they_are(connect: Connect) -> None:
    fields = {field.name: field for field in connect().describe("invoice").fields}
    assert fields["reference"].type == "char"
    assert "posted" in fields["state"].choices
    assert not fields["number"].writable
