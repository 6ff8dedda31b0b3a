"""The books against the documents of the ERP: each thing that may have happened there is found, and nothing else."""

from __future__ import annotations

import shutil
import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from billsync.connector import Context, Standing
from billsync.model.invoice import InvoiceState
from billsync.stage import proof
from billsync.stage.world import End
from billsync.store import Store
from billsync.verify import Scope, Verdict
from tests.push.fakes import Fake, NoConfig
from tests.stage.office import Office
from tests.store.made import AT, later

NUMBERS = ("INV-{seq:04}",)


@pytest.fixture
def office(tmp_path: Path, sqlite_template: Path) -> Iterator[Office]:
    store = Store.open(f"sqlite:///{shutil.copy(sqlite_template, tmp_path)}")
    made = Office(tmp_path, store)
    made.run()
    yield made
    store.close()


class Listed(Fake):
    """Lists what a test says that stands there."""

    found: Sequence[Standing]

    def standing(self, object: str) -> Iterator[Sequence[Standing]]:
        yield from (self.found[start : start + 500] for start in range(0, len(self.found), 500))


def look(office: Office, found: Sequence[Standing], **scope: date) -> Verdict:
    fake = Listed(Context("erp", Path()), NoConfig())
    fake.found = found
    asked = Scope(office.clock.now(), frozenset({"erp"}), NUMBERS, since=scope.get("since"))
    return proof.prove(office.store, End("erp", fake), "invoice", asked)


def standing(office: Office) -> list[Standing]:
    return [item for page in office.erp().standing("invoice") for item in page]


def broken(verdict: Verdict) -> set[tuple[str, str]]:
    return {(item.invariant, item.row) for item in verdict.broken}


def test_an_erp_that_agrees_is_green(office: Office) -> None:
    verdict = look(office, standing(office))
    assert (verdict.broken, verdict.checked) == ([], {"I1": 2, "I2": 2, "I3": 2, "I12": 2})


Change = Callable[[list[Standing]], list[Standing]]
GROUP = "Acme/USD/2017-03"
CHANGES: dict[str, tuple[Change, set[tuple[str, str]]]] = {
    "gone": (lambda rows: rows[1:], {("I1", "INV-0001"), ("I3", GROUP)}),
    "void": (lambda rows: [replace(rows[0], state="void"), rows[1]], {("I1", "INV-0001"), ("I3", GROUP)}),
    "doubled": (lambda rows: [*rows, replace(rows[0], id="R99")], {("I1", "INV-0001"), ("I3", GROUP)}),
    "unknown": (lambda rows: [*rows, replace(rows[0], id="R99", reference="INV-0003")], {("I2", "INV-0003")}),
    "unknown before": (lambda rows: [*rows, replace(rows[0], id="R9", reference="INV-0000")], set()),
    "not ours": (lambda rows: [*rows, replace(rows[0], id="R99", reference="PO-77")], set()),
    "unknown and void": (
        lambda rows: [*rows, replace(rows[0], id="R99", reference="INV-0003", state="void")],
        set(),
    ),
    "amount": (
        lambda rows: [replace(rows[0], total=Decimal("100.01")), rows[1]],
        {("I12", "INV-0001"), ("I3", GROUP)},
    ),
    "currency": (lambda rows: [replace(rows[0], currency="EUR"), rows[1]], {("I12", "INV-0001")}),
    "customer": (lambda rows: [replace(rows[0], customer="R77"), rows[1]], {("I12", "INV-0001")}),
    "replaced": (lambda rows: [replace(rows[0], id="R77"), rows[1]], {("I12", "INV-0001")}),
}


@pytest.mark.parametrize("name", CHANGES)
def test_what_somebody_did_there_is_found(office: Office, name: str) -> None:
    change, expected = CHANGES[name]
    rows = sorted(standing(office), key=lambda item: item.reference)
    assert broken(look(office, change(rows)[::-1])) == expected


def test_one_that_is_void_here_must_not_stand_there(office: Office) -> None:
    with office.store.tx("void") as tx:
        tx.ledger.move_invoice("INV-0001", InvoiceState.VOID, note="", at=AT)
    assert broken(look(office, standing(office))) == {("I1", "INV-0001")}


def test_old_documents_are_left_out_where_that_is_asked(office: Office) -> None:
    verdict = look(office, [], since=date(2018, 1, 1))
    assert (verdict.broken, verdict.checked) == ([], {})


def test_what_is_sent_while_it_looks_is_left_out(office: Office) -> None:
    office.clock.at = AT.replace(year=2025)
    assert office.clock.now() < later(0)
    verdict = look(office, [])
    assert (verdict.broken, verdict.checked) == ([], {})


class Many(Fake):
    """Lists twenty thousand documents, a page at a time."""

    def standing(self, object: str) -> Iterator[Sequence[Standing]]:
        for start in range(0, 20_000, 500):
            yield [
                Standing(f"R{n}", f"PO-{n:06}", "USD", Decimal(n), on=date(2017, 3, 1))
                for n in range(start, start + 500)
            ]


def test_what_stands_there_does_not_stay_in_memory(office: Office) -> None:
    end = End("erp", Many(Context("erp", Path()), NoConfig()))
    tracemalloc.start()
    verdict = proof.prove(office.store, end, "invoice", Scope(office.clock.now(), frozenset({"erp"}), NUMBERS))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert broken(verdict) == {("I1", "INV-0001"), ("I1", "INV-0002"), ("I3", GROUP), ("I3", "Zoomit/USD/2017-03")}
    assert peak < 9_000_000
