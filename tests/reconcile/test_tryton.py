"""A pipeline into a real Tryton: what people do there behind our back is told, mended, and clean."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from billsync import mend
from billsync.connector import Context, Intent
from billsync.invoicing.policy import InvoicingRules
from billsync.model.drift import DriftKind
from billsync.stage import comparing
from billsync.stage.comparing import Report
from billsync.stage.world import End, World
from billsync.store import Store
from billsync_connectors.tryton import Tryton, TrytonSettings
from billsync_connectors.tryton.sandbox import TrytonSandbox
from tests.stage.office import Office
from tests.tryton.stories import applied, invoice

pytestmark = pytest.mark.tryton
K = DriftKind
TODAY = date(2017, 12, 31)


class Agency(Office):
    """The office, with a real Tryton for its ERP."""

    tryton: Tryton

    def world(self, through: date) -> World:
        made = super().world(through)
        values = {name: getattr(made, name) for name in World.__dataclass_fields__}
        rules = InvoicingRules.model_validate({"grouping": "deal", "series": "RCN-{seq:04}"})
        return World(**values | {"target": End("erp", self.tryton), "rules": rules})


@pytest.fixture
def agency(tmp_path: Path, tryton_sandbox: TrytonSandbox) -> Iterator[Agency]:
    store = Store.open(f"sqlite:///{tmp_path / 'books.db'}", create=True)
    made = Agency(tmp_path, store)
    made.tryton = Tryton(Context("erp", Path()), TrytonSettings.model_validate(tryton_sandbox.up()))
    made.deals = {f"D{n}": ("Acme", "Won", f"{n}00") for n in range(1, 6)}
    assert made.run().exit_code == 0
    yield made
    made.tryton.close()
    store.close()


def compared(agency: Agency, edited: str = "report") -> Report:
    return comparing.compare(agency.world(TODAY), edited=edited)


def test_doubles_extras_payments_and_edits_made_in_tryton(agency: Agency, tryton_sandbox: TrytonSandbox) -> None:
    assert compared(agency).clean
    erp = agency.tryton
    with agency.store.view() as tx:
        party = tx.outbox.remote_id("erp", "customer", "Acme")
        ids = {f"RCN-{n:04}": tx.outbox.remote_id("erp", "invoice", f"RCN-{n:04}") for n in range(1, 6)}
    assert party is not None
    applied(erp.write("invoice", [invoice(name, party) for name in ("RCN-0001", "RCN-0900")]))
    tryton_sandbox.pay("RCN-0002", Decimal(40), date(2017, 5, 1), "transfer")
    with tryton_sandbox.rpc() as rpc:
        rpc.call("model.account.invoice.write", [int(ids["RCN-0003"] or 0)], {"reference": "by hand"})
    applied(erp.write("invoice", [Intent("RCN-0004", "invoice", {}, remote_id=ids["RCN-0004"], void=True)]))
    report = compared(agency)
    assert {drift.document: drift.kind for drift in report.drifts} == {
        "RCN-0001": K.DUPLICATE, "RCN-0002": K.PAYMENT, "RCN-0003": K.EDITED, "RCN-0004": K.STATUS, "RCN-0900": K.EXTRA,
    }  # fmt: skip
    done = mend.carry_out(agency.world(TODAY), mend.curable(report))
    assert {row.drift.document for row in done} == {"RCN-0001", "RCN-0002", "RCN-0900"}
    with tryton_sandbox.rpc() as rpc:
        rpc.call("model.account.invoice.write", [int(ids["RCN-0003"] or 0)], {"reference": "RCN-0003"})
    left = compared(agency)
    assert [(drift.document, drift.kind) for drift in left.drifts] == [("RCN-0004", K.STATUS)]
    assert "made void there by hand" in left.drifts[0].cause
    assert agency.sound()
