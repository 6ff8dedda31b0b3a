"""The example configuration as it is shipped: from a CRM to NetSuite and back, by the command line."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from billsync import assets
from billsync_connectors.netsuite.named import NamedNetSuite
from billsync_connectors.sandbox.named import NamedSandbox
from tests.cli.place import Place

Command = Callable[..., str]
CONFIG = "billsync.yaml"
ROWS: list[tuple[str, dict[str, Any]]] = [
    ("accounts", {"id": "Acme", "name": "Acme", "country": "Germany"}),
    ("accounts", {"id": "Bluth", "name": "Bluth", "country": "Germany"}),
    ("products", {"id": "GTX Pro", "name": "GTX Pro", "price": "4821"}),
    *(
        ("deals", {"id": f"D-{n}", "account": account, "product": "GTX Pro", "stage": "Won", "amount": f"{n}00.50",
                   "currency": "USD", "closed_on": closed})
        for n, (account, closed) in enumerate(
            [("Acme", "2017-03-01"), ("Acme", "2017-06-01"), ("Bluth", "2017-03-01")], 1
        )
    ),
]  # fmt: skip


@pytest.fixture
def sides(tmp_path: Path) -> Iterator[tuple[NamedSandbox, NamedNetSuite]]:
    """A CRM with three deals of two customers, and an account."""
    text = (assets.folder("config") / "sandbox-netsuite.example.yaml").read_text(encoding="utf-8")
    (tmp_path / CONFIG).write_text(text.replace("options: {seed: crm_sales} ", "options: {kind: C} "), encoding="utf-8")
    crm, erp = NamedSandbox(tmp_path / "crm"), NamedNetSuite(tmp_path / "erp", options={"nexus": "other"})
    crm.up()
    erp.up()
    for object, fields in ROWS:
        tell(crm, object, **fields)
    yield crm, erp
    crm.down()
    erp.down()


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """A command in the folder, which must end well; what it says."""
    place = Place(tmp_path, capsys, monkeypatch)

    def carry_out(*words: str) -> str:
        said = place.billsync(*words)
        assert said.code == 0, said.out + said.err
        return said.out

    return carry_out


def tell(crm: NamedSandbox, object: str, **fields: Any) -> None:
    crm.admin("POST", "human", {"do": "create", "object": object, "fields": fields})


def rows(erp: NamedNetSuite, object: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = erp.admin("GET", f"documents?object={object}")["documents"][object]
    return found


@pytest.mark.slow
def test_there_and_back_again(sides: tuple[NamedSandbox, NamedNetSuite], command: Command) -> None:
    """Invoices, a credit memo, a void, a payment of ours and one of theirs that pays two invoices."""
    crm, erp = sides
    facts = {"amount": "20.50", "currency": "USD", "on": "2017-07-02", "state": "succeeded"}
    tell(crm, "payments", id="p1", type="payment", invoice="INV-2017-000001", **facts)
    command("sync")
    invoices = {row["tranId"]: row for row in rows(erp, "invoice")}
    assert {number: (row["total"], row["entity"]["refName"]) for number, row in invoices.items()} == {
        "INV-2017-000001": (100.5, "Acme"), "INV-2017-000002": (300.5, "Bluth"), "INV-2017-000003": (200.5, "Acme"),
    }  # fmt: skip
    command("invoice", "credit", "INV-2017-000001", "--amount", "50.00", "--reason", "broken", "--yes")
    command("invoice", "void", "INV-2017-000002", "--reason", "nobody ordered it", "--yes")
    both = {"INV-2017-000001": "30.00", "INV-2017-000003": "200.50"}
    apply = {"items": [{"doc": {"id": invoices[number]["id"]}, "amount": part} for number, part in both.items()]}
    paid = {"payment": "230.50", "tranDate": "2017-07-05", "apply": apply}
    fields = {"customer": invoices["INV-2017-000001"]["entity"], **paid}
    erp.admin("POST", "human", {"do": "create", "object": "customerPayment", "fields": fields})
    command("sync")
    assert [(row["applied"], row["unapplied"]) for row in rows(erp, "creditMemo")] == [(50, 0)]
    assert [row["void"] for row in rows(erp, "invoice")] == [False, True, False]
    assert sorted(row.get("externalId", "") for row in rows(erp, "customerPayment")) == ["", "payment--p1"]
    states = [line.split("\t")[-2:] for line in command("invoice", "list").splitlines()[1:]]
    assert states == [["0.00", "paid"], ["300.50", "void"], ["0.00", "paid"]]
    assert "no invariant is broken" in command("verify", "--live")
