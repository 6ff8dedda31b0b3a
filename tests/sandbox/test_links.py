"""Ties made, undone, proposed and explained on the command line, against a real ERP: nothing is made twice."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billsync import answers
from billsync.model.delivery import DeliveryState
from billsync.reconcile.likeness import Traits, doubles, matches, name_key
from billsync.store import Store
from tests.cli.place import Place, Said
from tests.sandbox.house import House
from tests.sandbox.stand_in import StandIn

CONFIG = """\
store: sqlite:///billsync.db
connections:
  crm: {{connector: sandbox, url: "{url}"}}
  erp: {{connector: sandbox, url: "{url}"}}
pipelines:
  billing:
    source: crm
    target: erp
    mappings:
      inbound: [mappings/sandbox/accounts.yaml]
      outbound: [mappings/sandbox/customer.yaml]
  hold:
    source: crm
    mappings: {{inbound: [mappings/sandbox/accounts.yaml]}}
"""


class Desk(Place):
    """The command line in a folder, and `links` on it."""

    def links(self, *arguments: str) -> Said:
        return self.billsync("links", *arguments)

    def listed(self, *arguments: str) -> Any:
        return self.links(*arguments, "--format", "json").json


@pytest.fixture
def desk(
    tmp_path: Path, sandbox_server: StandIn, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Desk:
    """Three customers, none of them sent yet; two of them stand in the ERP already, and a stranger."""
    made = Desk(tmp_path, capsys, monkeypatch)
    made.write("billsync.yaml", CONFIG.format(url=sandbox_server.url))
    for name, country in (("Acme Corporation", "Germany"), ("Bolt", "Norway"), ("Zoomit", "Kenya")):
        sandbox_server.human("create", "accounts", name, name=name, country=country)
    assert made.billsync("sync", "hold").code == 0
    for name, country in (("ACME Corp.", "DE"), ("Bolt", "SE"), ("Ganjaflex", "US")):
        sandbox_server.human("create", "customer", name=name, country=country)
    return made


def test_a_proposal_that_is_sure_is_linked_and_none_other(desk: Desk, sandbox_server: StandIn) -> None:
    assert [row["our_id"] for row in desk.listed("list", "--unlinked")] == ["Acme Corporation", "Bolt", "Zoomit"]
    said = desk.links("rematch", "--format", "json").json
    assert [(row["our_id"], row["their_id"], row["why"], row["state"]) for row in said["proposals"]] == [
        ("Acme Corporation", "customer-1", "name and country", "sure"),
        ("Bolt", "customer-2", "the names are 100% alike", "for a person"),
    ]  # fmt: skip
    assert said["linked"] == [], "nobody said yes"
    made = desk.links("rematch", "--yes", "--format", "json").json["linked"]
    assert [(row["our_id"], row["record"]) for row in made] == [("Acme Corporation", "erp/customer/customer-1")]
    assert desk.billsync("sync", "billing").code == 0
    there = {row["id"]: (row["name"], row["reference"]) for row in sandbox_server.documents("customer")}
    assert there["customer-1"] == ("Acme Corporation", "Acme Corporation"), "changed, not made again"
    assert sorted(name for name, _ in there.values()) == ["Acme Corporation", "Bolt", "Bolt", "Ganjaflex", "Zoomit"]


def test_a_tie_by_hand_is_checked_explained_and_undone(desk: Desk, sandbox_server: StandIn) -> None:
    tie = ("customer", "Bolt", "erp", "customer")
    for arguments, why in (
        ((*tie, "customer-2"), "--reason"),
        ((*tie, "customer-99", "--reason", "x"), "has no customer 'customer-99'"),
        (("customer", "Nobody", "erp", "customer", "customer-2", "--reason", "x"), "there is no customer Nobody"),
        (("customer", "Bolt", "nope", "customer", "customer-2", "--reason", "x"), "no connection is called"),
    ):
        said = desk.links("link", *arguments)
        assert (said.code, why in said.err) == (2, True), said.err
    assert desk.links("link", *tie, "customer-2", "--reason", "asked them").code == 0
    again = desk.links("link", *tie, "customer-3", "--reason", "x")
    assert "is tied to erp/customer/customer-2 already" in again.err
    taken = desk.links("link", "customer", "Zoomit", "erp", "customer", "customer-2", "--reason", "x")
    assert "is tied to customer Bolt already" in taken.err
    desk.billsync("sync", "billing")
    known = desk.listed("explain", "customer-2")
    assert [(row["act"], row["why"]) for row in known["history"]] == [("linked", "asked them")]
    assert known["documents"][0]["came_from"] == "crm/accounts/Bolt"
    assert known["writes"][0]["sent"]["name"] == "Bolt"
    assert known["writes"][0]["their_id"] == "customer-2"
    assert {row["made_by"] for row in known["ties"]} != {"written"}
    said = desk.links("unlink", "customer", "Bolt", "erp", "--reason", "wrong one", "--yes")
    assert (said.code, "looks for a record with our reference" in said.err) == (0, True)
    assert [row["act"] for row in desk.listed("explain", "customer-2")["history"]] == ["linked", "unlinked"]
    assert "has no tie" in desk.links("unlink", "customer", "Bolt", "erp", "--reason", "x", "--yes").err
    assert "nothing is known of" in desk.links("explain", "nobody").err
    with Store.open(f"sqlite:///{desk.folder}/billsync.db").view() as tx:
        assert [row["after"] for row in tx.audit.tail("link/customer/Bolt/erp")] == ["", "erp/customer/customer-2"]
        assert tx.audit.verify() == []


def test_ours_that_look_like_one_and_the_same(desk: Desk, sandbox_server: StandIn) -> None:
    sandbox_server.human("create", "accounts", "A-9", name="Acme, Inc.", country="Germany")
    desk.billsync("sync", "hold")
    rows = desk.listed("list", "--duplicates")
    assert {(row["group"], row["our_id"]) for row in rows} == {
        ("customer 1", "A-9"),
        ("customer 1", "Acme Corporation"),
    }
    table = desk.links("list", "--kind", "customer", "--system", "crm").out
    assert len(table.splitlines()) == 5


# ---------------------------------------------------------------- exactly once, all the same


@pytest.mark.parametrize("kind", ["A", "B", "C", "D"])
def test_after_a_tie_was_undone_nothing_is_made_twice(kind: str, ledger: Store, sandbox_server: StandIn) -> None:
    """The record still carries our reference, or cannot be searched for: a person is asked."""
    house = House(ledger, sandbox_server, inbound=("accounts",), outbound=("customer",), kind=kind)
    sandbox_server.human("create", "accounts", "Acme", name="Acme", country="Germany")
    house.run()
    with ledger.tx("t") as tx:
        tx.links.remove("customer", "Acme", "erp", at=house.clock.now(), act="unlinked", who="ann", why="wrong")
    sandbox_server.human("change", "accounts", "Acme", name="Acme Inc.")
    assert house.run().exit_code == 1
    row = house.write("customer", "Acme")
    assert (row.state, row.reason, len(house.erp("customer", "id"))) == (DeliveryState.REVIEW, "untied", 1)
    with ledger.tx("t") as tx:
        assert not answers.release(tx, row, at=house.clock.now())
        [item] = tx.problems.list()
        assert answers.resolve(tx, item, exists="customer-1", at=house.clock.now())
    assert house.run().exit_code == 0
    assert len(house.erp("customer", "id")) == 1


def test_after_a_tie_was_undone_another_record_with_our_reference_is_taken(
    ledger: Store, sandbox_server: StandIn
) -> None:
    house = House(ledger, sandbox_server, inbound=("accounts",), outbound=("customer",), kind="A")
    sandbox_server.human("create", "accounts", "Acme", name="Acme", country="Germany")
    house.run()
    sandbox_server.human("change", "customer", "customer-1", name="Acme (wrong)", reference="")
    sandbox_server.human("create", "customer", name="Acme (the right one)", reference="Acme")
    with ledger.tx("t") as tx:
        tx.links.remove("customer", "Acme", "erp", at=house.clock.now(), act="unlinked", who="ann", why="wrong")
    sandbox_server.human("change", "accounts", "Acme", name="Acme Inc.")
    assert house.run().exit_code == 0
    assert house.erp("customer", "name") == ["Acme (wrong)", "Acme Inc."]


# ---------------------------------------------------------------- likeness


@settings(max_examples=40)
@given(st.text(max_size=30), st.text(max_size=30))
def test_names_are_compared_whatever_is_in_them(one: str, other: str) -> None:
    assert name_key(name_key(one)) == name_key(one)
    found = matches([Traits("1", one, "DE")], [Traits("a", one, "DE"), Traits("b", other, "DE")])
    assert all(0 < match.score <= 100 for match in found)
    assert bool(name_key(one)) is any(match.theirs.id == "a" for match in found)
    json.dumps([match.why for match in found])


def test_only_what_is_alone_on_both_sides_is_sure() -> None:
    tax = frozenset({"DE1"})
    one, two = Traits("1", "Acme", "DE", tax), Traits("2", "Acme AG", "DE")
    a, b = Traits("a", "Other", "DE", tax), Traits("b", "acme", "DE")
    assert [(m.theirs.id, m.why, m.sure) for m in matches([one], [a, b])] == [("a", "tax number", True)]
    assert [(m.theirs.id, m.sure) for m in matches([Traits("3", "Acme", "DE"), two], [b])] == [("b", False)] * 2
    assert [(m.theirs.id, m.sure) for m in matches([two], [b, Traits("c", "ACME", "DE")])] == [
        ("b", False),
        ("c", False),
    ]
    assert matches([Traits("4", "Acme", "DE")], [Traits("d", "Acme", "NO")])[0].sure is False
    assert matches([Traits("5")], [Traits("e"), Traits("f", "x")]) == []
    assert [[one.id for one in group] for group in doubles([one, two, Traits("6", "Bolt", "DE")])] == [["1", "2"]]
