"""Drafts that wait for their day or a person, and contracts that are beyond the bounds of a run."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from billsync.store import DraftState, Store, StoredDraft
from tests.stage.agreed import Agreed, plain
from tests.stage.office import INVOICE, PARTY, PRODUCT


@pytest.fixture
def office(tmp_path: Path, store: Store) -> Agreed:
    return Agreed(tmp_path, store, outbound=(PARTY, PRODUCT, INVOICE), contracts={"C-1": plain()})


def drafts(office: Agreed) -> list[StoredDraft]:
    with office.store.view() as tx:
        return tx.ledger.drafts()


def numbers(office: Agreed) -> list[str]:
    with office.store.view() as tx:
        return [item.invoice.number for item in tx.ledger.invoices()]


def decide(office: Agreed, to: DraftState, *ids: str) -> None:
    with office.store.tx("decide") as tx:
        tx.ledger.decide(ids, to, reason="test", at=office.clock.now())


def test_a_contract_beyond_its_bound_is_parked_and_the_others_go_on(office: Agreed) -> None:
    office.rules = {"limits": {"invoices_per_contract": 3}}
    office.contracts |= {"C-2": plain(start="2017-05-01"), "C-3": plain(start="2017-06-01")}
    assert office.run(through=date(2017, 6, 30)).exit_code == 1
    assert numbers(office) == ["INV-0001", "INV-0002", "INV-0003"]
    assert office.codes() == ["BILL-LIMIT-01"] * 6
    assert {(item.state, item.document.lines[0].deal) for item in drafts(office)} == {(DraftState.PARKED, "C-1")}
    decide(office, DraftState.APPROVED, *(item.id for item in drafts(office)[:2]))
    office.run(through=date(2017, 6, 30))
    assert (len(numbers(office)), len(drafts(office))) == (5, 4)
    assert office.codes() == ["BILL-LIMIT-01"] * 4, "the rest waits for a person although it is fewer now"
    decide(office, DraftState.APPROVED, *(item.id for item in drafts(office)))
    assert office.run(through=date(2017, 6, 30)).exit_code == 0
    assert (len(numbers(office)), drafts(office), office.codes(), office.sound()) == (9, [], [], True)


def test_an_amount_beyond_the_bound_of_a_contract(office: Agreed) -> None:
    office.rules = {"limits": {"amount_per_contract": "99.99"}}
    office.run(through=date(2017, 2, 1))
    assert (numbers(office), office.codes()) == ([], ["BILL-LIMIT-01"] * 2)
    office.contracts["C-1"] = plain(start="2017-02-01")
    office.run(through=date(2017, 2, 1))
    assert (numbers(office), office.codes(), drafts(office)) == (["INV-0001"], [], [])


def test_a_grace_period_passes_and_the_draft_follows_what_changes(office: Agreed) -> None:
    office.rules = {"grace_days": 5}
    office.run(through=date(2017, 1, 1))
    [draft] = drafts(office)
    assert (numbers(office), draft.reason) == ([], "its grace period ends on 2017-01-06")
    seats = plain()["lines"][0] | {"quantity": "7"}
    office.contracts["C-1"] = plain(lines=[seats])
    office.run(through=date(2017, 1, 5))
    assert [str(item.document.total) for item in drafts(office)] == ["70.00"]
    office.run(through=date(2017, 1, 6))
    assert (numbers(office), drafts(office), office.sound()) == (["INV-0001"], [], True)


def test_what_a_person_said_holds_for_what_was_seen(office: Agreed) -> None:
    office.rules = {"finalise": "on_approval"}
    office.run(through=date(2017, 1, 1))
    decide(office, DraftState.APPROVED, drafts(office)[0].id)
    office.contracts["C-1"] = plain(lines=[plain()["lines"][0] | {"quantity": "7"}])
    office.run(through=date(2017, 1, 1))
    assert (numbers(office), [item.state for item in drafts(office)]) == ([], [DraftState.DRAFT])
    decide(office, DraftState.REJECTED, drafts(office)[0].id)
    office.run(through=date(2017, 1, 1))
    assert (numbers(office), [item.state for item in drafts(office)]) == ([], [DraftState.REJECTED])
    office.run(through=date(2016, 12, 1))
    assert [item.state for item in drafts(office)] == [DraftState.REJECTED], "an earlier day takes nothing back"
    office.contracts = {"C-9": plain(start="2018-01-01")}
    office.run(through=date(2017, 1, 1))
    assert drafts(office) == []
    with office.store.view() as tx:
        assert tx.audit.verify() == []
