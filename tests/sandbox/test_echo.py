"""What billsync wrote into a system is no news when it is read from there; what a person writes over it is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from billsync.push.echo import digest, same
from billsync.store import Echo, Store
from tests.sandbox.house import House
from tests.sandbox.stand_in import StandIn
from tests.store.made import AT, LONG, record


@pytest.fixture
def house(ledger: Store, sandbox_server: StandIn) -> House:
    made = House(ledger, sandbox_server)
    made.fill()
    assert made.run().counts["status writes confirmed"] == 2
    return made


def versions(house: House) -> dict[str, tuple[str, int]]:
    with house.store.view() as tx:
        rows = tx.inbox.page("crm", "deals")
        return {row.id: (row.state, row.version) for row in rows}


def test_a_status_that_was_written_back_does_not_bring_the_deal_again(house: House) -> None:
    report = house.run()
    assert report.counts["records read"] == 2, "the CRM lists both deals as changed"
    assert {name: n for name, n in report.counts.items() if n and name != "records read"} == {}
    assert versions(house) == {"D-1": ("mapped", 2), "D-2": ("mapped", 2)}, "they are kept as they stand"
    with house.store.view() as tx:
        row = tx.inbox.get("crm", "deals", "D-1")
        assert row is not None
        assert row.data["billing"]["invoices"] == ["INV-0001"]


def test_a_persons_edit_beside_it_or_over_it_is_news(house: House) -> None:
    house.run()
    told = next(row for row in house.there.documents("deals") if row["id"] == "D-1")["billing"]
    house.there.human("change", "deals", "D-1", owner="Mo")
    assert house.run().counts["records new or changed"] == 1
    house.there.human("change", "deals", "D-1", billing={"state": "mine"})
    assert house.run().counts["records new or changed"] == 1
    house.there.human("change", "deals", "D-1", billing=told)
    assert house.run().counts["records new or changed"] == 1, "what a person wrote back is a person's, not an echo"


def test_an_edit_in_the_same_moment_is_not_swallowed(house: House) -> None:
    """The record is read once, with our write and a person's edit of another field."""
    house.there.human("change", "deals", "D-2", stage="Lost")
    report = house.run()
    assert (report.counts["records read"], report.counts["records new or changed"]) == (2, 1)
    assert report.counts["deals removed"] == 1


ONE = """\
mapping: sandbox.one
version: 1
from: sandbox.customer
to: customer
key: id
fields:
  id: {expr: "'SIDE-' & id"}
  name: {from: name}
  country: {from: country}
"""


@pytest.fixture
def second_server(tmp_path: Path) -> Iterator[StandIn]:
    stand_in = StandIn(tmp_path)
    stand_in.start()
    stand_in.ready()
    yield stand_in
    stand_in.stop()


def side(store: Store, here: StandIn, there: StandIn, name: str, other: str) -> House:
    """A pipeline that reads the customers of one system and writes them into another, which is read too."""
    return House(
        store, here, {"accounts": ONE.replace("SIDE", name)}, ("accounts",), ("customer",), peer=there,
        ends=(name, other), extra={"heard": frozenset({(other, "customer")})},
    )  # fmt: skip


def test_a_loop_between_two_systems_ends(ledger: Store, sandbox_server: StandIn, second_server: StandIn) -> None:
    """Each reads the other's customers and writes its own there: none comes back as another one, however often."""
    pair = (sandbox_server, second_server)
    east = side(ledger, sandbox_server, second_server, "east", "west")
    west = side(ledger, second_server, sandbox_server, "west", "east")
    sandbox_server.human("create", "customer", name="Acme", country="DE")
    second_server.human("create", "customer", name="Bolt", country="NO")
    for _ in range(2):
        assert (east.run().exit_code, west.run().exit_code) == (0, 0)
    assert [sorted(row["name"] for row in there.documents("customer")) for there in pair] == [["Acme", "Bolt"]] * 2
    sandbox_server.human("change", "customer", "customer-1", name="Acme Inc.")
    east.run()
    before = [len(there.log(writes=True)) for there in pair]
    west.run()
    east.run()
    assert [len(there.log(writes=True)) for there in pair] == before
    assert sorted(row["name"] for row in second_server.documents("customer")) == ["Acme Inc.", "Bolt"]


# ---------------------------------------------------------------- the ledger itself


def test_the_ledger_keeps_what_is_theirs_theirs(store: Store) -> None:
    with store.tx("t") as tx:
        tx.echoes.remember(
            "erp", "customer", [Echo(LONG, "name", "1"), Echo(LONG, "city", "2"), Echo("b", "x", "3")], AT
        )
        tx.echoes.hand_over("erp", "customer", {LONG: ["name"]})
        tx.echoes.remember("erp", "customer", [Echo(LONG, "name", "9")], AT)
        assert tx.echoes.theirs("erp", "customer", [LONG, "b"]) == {LONG: frozenset({"name"})}
        assert tx.echoes.of("erp", "customer", [LONG])[LONG]["name"] == Echo(LONG, "name", "9", "theirs")
        tx.echoes.forget("erp", "customer", {LONG: ["name"]})
        assert set(tx.echoes.of("erp", "customer", [LONG, "b"])[LONG]) == {"city"}


def test_a_record_that_waits_goes_on_waiting_when_an_echo_comes(store: Store) -> None:
    with store.tx("t") as tx:
        tx.inbox.absorb("crm", [record(Name="Acme")], run="r", at=AT)
        tx.echoes.remember("crm", "Account", [Echo("A-1", "Paid", digest("yes"))], AT)
        absorbed = tx.inbox.absorb("crm", [record(Name="Acme", Paid="yes")], run="r", at=AT)
        assert (absorbed.changed, absorbed.unchanged, absorbed.echoed) == (0, 1, 1)
        [row] = tx.inbox.pending("crm", "Account", "m")
        assert (row.state, row.data["Paid"]) == ("new", "yes")


_LEAVES = st.none() | st.booleans() | st.text(max_size=4) | st.decimals(allow_nan=False, allow_infinity=False, places=2)
_VALUES: Any = st.recursive(
    _LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip


@settings(max_examples=40)
@given(_VALUES, _VALUES)
@example("NaN", "nan")
@example("sNaN", 1)
def test_what_was_written_stands_there_in_whatever_form(one: Any, other: Any) -> None:
    assert same(one, one)
    assert not same("written", "written by hand")
    if digest(one) == digest(other):
        assert same(one, other)
