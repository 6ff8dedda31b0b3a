"""A contract and its usage from files to a real Tryton, with a credit note for what was changed after it was billed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from billsync.connector import Connector
from billsync.stage.world import End, World
from billsync.store import Store
from billsync_connectors.tryton import Tryton
from tests.stage.agreed import Agreed, plain

pytestmark = pytest.mark.tryton
MAPPINGS = tuple(f"mappings/tryton/{name}.yaml" for name in ("party", "product", "invoice", "credit_note"))
TAXED = {"taxes": [{"code": "DE19", "rate": "0.19"}], "default_tax_code": "DE19"}


@dataclass
class InTryton(Agreed):
    """Its ERP is the sandbox."""

    real: Connector | None = None

    def world(self, through: date) -> World:
        assert self.real is not None
        return replace(super().world(through), target=End("erp", self.real))


def test_a_contract_stands_in_tryton_to_the_cent(connect: Callable[..., Tryton], tag: str, tmp_path: Path) -> None:
    store = Store.open(f"sqlite:///{tmp_path}/books.db", create=True)
    office = InTryton(tmp_path, store, outbound=MAPPINGS, real=connect())
    office.rules = {**TAXED, "conventions": {"credits": "credit_note", "downgrade": "now"}}
    office.rules |= {"series": f"{tag}-{{seq:04}}", "credit_series": f"{tag}C-{{seq:04}}"}
    office.contracts, office.usage = (
        {f"{tag}-1": plain(start="2023-01-01")},
        [("e1", "Acme", "calls", "2023-01-10", "1500")],
    )
    first = office.run(through=date(2023, 2, 1))
    with store.view() as tx:
        assert [item.problem.message for item in tx.problems.list()] == []
        assert first.exit_code == 0
    change = {"effective": "2023-02-15", "agreed_on": "2023-02-20", "line": "seats", "quantity": "2"}
    office.contracts = {f"{tag}-1": plain(start="2023-01-01", amendments=[change])}
    second = office.run(through=date(2023, 2, 20))
    with store.view() as tx:
        assert [item.problem.message for item in tx.problems.list()] == []
    assert second.exit_code == 0
    pages = connect().standing("invoice")
    there = {item.reference: item.total for page in pages for item in page if item.reference.startswith(tag)}
    # 50 in January; 50 and usage of 25 in February; 25.00 of it given back for half of February, and 10.00 billed anew
    assert there == {
        f"{tag}-0001": Decimal("59.50"),
        f"{tag}-0002": Decimal("89.25"),
        f"{tag}-0003": Decimal("11.90"),
        f"{tag}C-0001": Decimal("-29.75"),
    }
    with store.view() as tx:
        stored = tx.ledger.invoice(f"{tag}-0002")
        notes = tx.ledger.credit_notes()
    assert stored is not None
    assert (stored.credited, stored.open) == (Decimal("29.75"), Decimal("59.50"))
    assert [str(item.state) for item in notes] == ["sent"]
    assert office.sound()
    store.close()
