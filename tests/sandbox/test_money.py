"""A gateway's payments, refunds and chargebacks go through the whole pipeline to another system, each once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from billsync import assets, settings, workspace
from billsync.cli import payments
from billsync.schedule import SystemClock
from billsync.verify import verify
from billsync_connectors.sandbox.named import NamedSandbox

CONFIG = "billsync.yaml"
IN = "        - mappings/sandbox/deals.yaml\n"
OUT = "        - mappings/sandbox/invoice.yaml\n"
ROWS: list[tuple[str, dict[str, Any]]] = [
    ("accounts", {"id": "Acme", "name": "Acme", "country": "Germany"}),
    ("products", {"id": "GTX Pro", "name": "GTX Pro", "price": "4821"}),
    ("deals", {"id": "D-1", "account": "Acme", "product": "GTX Pro", "stage": "Won", "amount": "100.50",
               "currency": "USD", "closed_on": "2017-03-01"}),
]  # fmt: skip


@pytest.fixture
def sides(tmp_path: Path) -> Iterator[tuple[NamedSandbox, NamedSandbox]]:
    text = (assets.folder("config") / "sandbox-sandbox.example.yaml").read_text(encoding="utf-8")
    text = text.replace("options: {seed: crm_sales} ", "options: {kind: C} ")
    text = text.replace(
        IN, IN + "".join(f"        - mappings/sandbox/{name}.yaml\n" for name in ("payments", "refunds"))
    )
    more = "".join(f"        - mappings/sandbox/{name}_out.yaml\n" for name in ("payment", "refund"))
    (tmp_path / CONFIG).write_text(text.replace(OUT, OUT + more), encoding="utf-8")
    crm, erp = NamedSandbox(tmp_path / "crm"), NamedSandbox(tmp_path / "erp")
    crm.up()
    erp.up()
    yield crm, erp
    crm.down()
    erp.down()


def tell(crm: NamedSandbox, object: str, **fields: Any) -> None:
    crm.admin("POST", "human", {"do": "create", "object": object, "fields": fields})


def run(folder: Path, slot: str) -> int:
    with workspace.opened(settings.load(folder / CONFIG), SystemClock()) as opened:
        report = workspace.run_pipeline(opened, "billing", slot=slot, through=date(2017, 12, 31))
        assert verify(opened.store, now=SystemClock().now(), targets=frozenset({"erp"})).broken == []
    assert report is not None
    return report.exit_code


def stand(erp: NamedSandbox, object: str) -> list[tuple[str, str, str]]:
    rows = erp.admin("GET", f"documents?object={object}")["records"]
    return sorted((row["reference"], row.get("total", row.get("amount")), row["state"]) for row in rows)


def test_money_both_ways_there_and_once(
    sides: tuple[NamedSandbox, NamedSandbox], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """F80, F82, F83: the chargeback came first."""
    crm, erp = sides
    for object, fields in ROWS:
        tell(crm, object, **fields)
    invoice = "INV-2017-000001"
    facts = {"amount": "40.25", "currency": "USD", "on": "2017-04-02", "state": "succeeded"}
    tell(crm, "payments", id="c1", type="chargeback", payment="p1", **facts)
    assert run(tmp_path, "1") == 0
    assert (stand(erp, "payment"), stand(erp, "refund")) == ([], [])
    tell(crm, "payments", id="p1", type="payment", invoice=invoice, **facts | {"amount": "100.50"})
    for slot in ("2", "3", "4"):
        assert run(tmp_path, slot) == 0
        assert stand(erp, "payment") == [("p1", "100.50", "booked")]
        assert stand(erp, "refund") == [("c1", "40.25", "booked")]
        assert stand(erp, "invoice") == [(invoice, "100.50", "partly_paid")]
    assert payments.listing(tmp_path / CONFIG, None, unallocated=False, limit=9, format="table") == 0
    said = capsys.readouterr().out.splitlines()
    assert said[1].split("\t")[:9] == ["p1", "2017-04-02", invoice, "USD", "100.50", "40.25", "60.25", "0.00", "booked"]
    crm.admin("POST", "human", {"do": "change", "object": "payments", "id": "p1", "fields": {"state": "failed"}})
    run(tmp_path, "5")
    assert stand(erp, "payment") == [("p1", "100.50", "void")]
