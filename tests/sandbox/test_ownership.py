"""Whose word counts for a field, between a real CRM and a real ERP: what is sent once, what stands, what is told."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from billsync import answers
from billsync.model.delivery import DeliveryState
from billsync.settings.shape import Conflicts
from billsync.store import Store
from tests.sandbox.house import House
from tests.sandbox.stand_in import StandIn

CUSTOMER = """\
mapping: sandbox.customer
version: 1
from: customer
to: sandbox.customer
key: id
fields:
  name: {from: name}
  country: {from: country, owner: hub}
  city: {from: properties.sector, owner: erp}
  street: {from: name, create_only: true}
"""


def shipped_text(name: str) -> str:
    return Path(f"mappings/sandbox/{name}.yaml").read_text(encoding="utf-8").split("tests:", maxsplit=1)[0]


@pytest.fixture
def house(ledger: Store, sandbox_server: StandIn) -> House:
    return opened(ledger, sandbox_server)


def opened(store: Store, there: StandIn, **changed: str) -> House:
    made = House(store, there, changed={"customer": CUSTOMER, **changed}, inbound=("accounts",), outbound=("customer",))
    made.there.human("create", "accounts", "Acme", name="Acme", country="Germany", sector="retail")
    made.run()
    return made


def crm(house: House, **fields: Any) -> None:
    house.there.human("change", "accounts", "Acme", **fields)


def erp(house: House, **fields: Any) -> None:
    house.there.human("change", "customer", "customer-1", **fields)


def stands(house: House, *names: str) -> list[Any]:
    [row] = house.there.documents("customer")
    return [row[name] for name in names]


def test_what_is_sent_once_is_not_sent_again_and_a_change_of_it_alone_writes_nothing(house: House) -> None:
    assert stands(house, "name", "city", "street") == ["Acme", "retail", "Acme"]
    erp(house, city="Berlin", street="Hauptstr. 1")
    crm(house, sector="medical")
    before = house.customer_writes()
    house.run()
    assert house.customer_writes() == before, "only a field of the ERP's changed"
    assert house.write("customer", "Acme").key == "customer:Acme:erp:1", "none was even planned"
    crm(house, name="Acme Inc.")
    assert house.run().exit_code == 0
    assert stands(house, "name", "city", "street") == ["Acme Inc.", "Berlin", "Hauptstr. 1"]
    body = house.there.log(writes=True)[-1]["body"]
    assert "street" not in body
    assert "city" not in body


def test_a_record_that_is_made_anew_gets_what_is_sent_once(house: House) -> None:
    """The first one was refused before it stood there: the second makes it."""
    house.there.fault("reject-item", path="/v1/customer")
    house.there.fault("error", status=422, path="/v1/customer$", method="POST")
    house.there.human("create", "accounts", "Bolt", name="Bolt", country="Norway", sector="retail")
    house.run()
    assert house.write("customer", "Bolt").state is DeliveryState.DEAD
    house.there.human("change", "accounts", "Bolt", name="Bolt AS")
    house.run()
    [row] = [row for row in house.there.documents("customer") if row["reference"] == "Bolt"]
    assert (row["street"], row["city"]) == ("Bolt AS", "retail")


def test_a_change_there_of_what_the_hub_owns_is_told_and_held(store: Store, sandbox_server: StandIn) -> None:
    house = opened(store, sandbox_server)
    erp(house, country="FR")
    crm(house, name="Acme Inc.")
    assert house.run().exit_code == 1
    assert stands(house, "name", "country") == ["Acme", "FR"]
    assert house.codes() == ["PUSH-REVIEW-02"]
    with store.tx("retry") as tx:
        [item] = tx.problems.list()
        assert "country of customer customer-1 was changed there" in item.problem.message
        row = house.write("customer", "Acme")
        assert not answers.release(tx, row, at=house.clock.now()), "not with all others at once"
        assert answers.release(tx, row, named=True, at=house.clock.now())
    assert house.run().exit_code == 0
    assert stands(house, "name", "country") == ["Acme Inc.", "DE"], "a person wanted ours"
    assert house.codes() == []


def test_by_policy_ours_goes_over_it_or_theirs_stands(house: House) -> None:
    house.extra = {"conflicts": Conflicts(default="ours", fields={"customer.name": "theirs"})}
    erp(house, country="FR", name="ACME GmbH")
    crm(house, name="Acme Inc.", country="Norway")
    assert house.run().exit_code == 0
    assert stands(house, "name", "country") == ["ACME GmbH", "NO"]
    crm(house, name="Acme 2", country="Kenya")
    house.run()
    assert stands(house, "name", "country") == ["ACME GmbH", "KE"], "it stays theirs"


def test_a_change_to_the_same_value_is_none(house: House) -> None:
    house.extra = {"conflicts": Conflicts()}
    erp(house, name="Acme Inc.")
    crm(house, name="Acme Inc.", country="Norway")
    assert house.run().exit_code == 0
    assert stands(house, "name", "country") == ["Acme Inc.", "NO"]


@pytest.mark.parametrize(("policy", "country", "codes"), [("report", "FR", ["PUSH-REVIEW-02"]), ("ours", "DE", [])])
def test_a_later_look_finds_a_change_that_no_write_ran_into(
    house: House, policy: str, country: str, codes: list[str]
) -> None:
    house.extra = {"conflicts": Conflicts.model_validate({"default": policy})}
    erp(house, country="FR", city="Berlin")
    house.run()
    house.clock.at += timedelta(hours=3)
    house.run()
    assert (house.codes(), stands(house, "country", "city")) == (codes, [country, "Berlin"])


# ---------------------------------------------------------------- what comes in


@pytest.mark.parametrize(("policy", "country", "codes"), [("report", "DE", ["MAP-OWNER-01"]), ("theirs", "NO", [])])
def test_what_the_crm_does_not_own_it_does_not_change(
    house: House, policy: str, country: str, codes: list[str]
) -> None:
    house.changed["accounts"] = shipped_text("accounts").replace("on_miss: quarantine}", "owner: erp}")
    house.extra = {"conflicts": Conflicts.model_validate({"fields": {"customer.country": policy}})}
    crm(house, country="Norway", name="Acme Inc.")
    report = house.run()
    assert (report.exit_code, house.codes()) == (int(bool(codes)), codes)
    assert stands(house, "name", "country") == ["Acme Inc.", country]
    crm(house, country="Germany", name="Acme")
    assert house.run().exit_code == 0
    assert (house.codes(), stands(house, "country")) == ([], ["DE"])
