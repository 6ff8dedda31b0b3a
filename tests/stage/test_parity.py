"""What the target would recompute is compared before a number is drawn."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from billsync.connector import RatingSheet
from billsync.invoicing.parity import SentLine, come_to
from billsync.settings.shape import Parity
from billsync.stage.world import World
from billsync.store import Store
from tests.stage.agreed import Agreed, plain
from tests.stage.office import INVOICE, PARTY, PRODUCT, Erp

TAXED = {"taxes": [{"code": "US", "rate": "0.07"}], "default_tax_code": "US"}
DAY = date(2017, 1, 1)


@dataclass
class Judged(Agreed):
    """An office whose ERP says how it computes."""

    sheet: RatingSheet = field(default_factory=RatingSheet)
    parity: Parity = field(default_factory=Parity)

    def erp(self) -> Erp:
        erp = super().erp()
        known = erp.capabilities
        writes = {**known.writes, "invoice": known.writes["invoice"].model_copy(update={"rating": self.sheet})}
        erp.__dict__["capabilities"] = known.model_copy(update={"writes": writes})
        return erp

    def world(self, through: date) -> World:
        return replace(super().world(through), parity=self.parity)


@pytest.fixture
def office(tmp_path: Path, store: Store) -> Judged:
    """Two lines whose tax is another where it is rounded on each: 10.36 x 7 % is 0.7252, twice is 1.4504."""
    lines = plain()["lines"]
    twins = [{**lines[0], "id": id, "quantity": "1", "price": {"scheme": "volume", "tiers": [{"unit_amount": "10.36"}]}}
             for id in ("a", "b")]  # fmt: skip
    made = Judged(tmp_path, store, outbound=(PARTY, PRODUCT, INVOICE), contracts={"C-1": plain(lines=twins)})
    made.rules = TAXED
    return made


def invoices(office: Judged) -> list[str]:
    with office.store.view() as tx:
        return [item.invoice.number for item in tx.ledger.invoices()]


def test_a_target_that_rounds_each_line_gets_no_number_until_it_agrees(office: Judged) -> None:
    office.sheet = RatingSheet(tax_rounding="line")
    assert office.run(through=DAY).exit_code == 1
    with office.store.view() as tx:
        [item] = tx.problems.list()
    assert item.problem.code == "BILL-PARITY-01"
    assert item.problem.message == "erp would come to 22.18 USD with 1.46 tax, we to 22.17 with 1.45"
    assert invoices(office) == []
    office.parity = Parity(tax_rounding="rate")
    assert office.run(through=DAY).exit_code == 0
    assert (invoices(office), office.codes(), office.sound()) == (["INV-0001"], [], True)


def test_a_unit_price_that_loses_decimals_is_shown_line_by_line(office: Judged) -> None:
    office.sheet = RatingSheet(unit_price_places=1)
    assert office.run(through=DAY).exit_code == 1
    with office.store.view() as tx:
        [item] = tx.problems.list()
    assert "line 1: 1 x 10.36 = 10.40 there, 10.36 here; line 2: 1 x 10.36 = 10.40 there" in item.problem.message
    assert office.books.requests == 3, "the customers and the product went, no invoice did"


def test_a_tolerated_difference_is_a_line_of_its_own(office: Judged) -> None:
    office.rules = {}
    office.sheet = RatingSheet(unit_price_places=1)
    office.parity = Parity(tolerance=Decimal("0.10"), product="Basic")
    assert office.run(through=DAY).exit_code == 0
    [content] = [data for data in office.books.content.values() if "lines" in data]
    assert content["lines"][-1]["description"] == "Rounding"
    assert Decimal(content["lines"][-1]["unit_price"]) == Decimal("-0.08")
    assert content["lines"][-1]["product"] == content["lines"][0]["product"]
    assert (invoices(office), office.sound()) == (["INV-0001"], True)


def test_a_document_as_a_target_computes_it() -> None:
    lines = [SentLine(Decimal(3), Decimal("0.33335"), Decimal("0.19")), SentLine(Decimal(1), Decimal("1.05"))]
    kept = come_to(lines, 2, unit_price_places=None, tax_rounding="rate")
    assert (kept.amounts, kept.tax, kept.total) == (
        (Decimal("1.00"), Decimal("1.05")),
        Decimal("0.19"),
        Decimal("2.24"),
    )
    cut = come_to(lines, 2, unit_price_places=1, tax_rounding="line")
    assert (cut.amounts, cut.total) == ((Decimal("0.90"), Decimal("1.10")), Decimal("2.17"))
