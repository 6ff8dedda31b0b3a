"""Look-ups outside of the mapping: ties of ids both ways, and reference tables of other systems, kept and renewed."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from billsync.connector import TryLater
from billsync.stage.references import References, parse_live, warm
from billsync.store import Store
from tests.sandbox.house import House
from tests.sandbox.stand_in import StandIn

LIVE = "live:erp.product?key=code&value=id"


@pytest.fixture
def house(ledger: Store, sandbox_server: StandIn) -> House:
    made = House(ledger, sandbox_server)
    made.fill()
    return made


def base(name: str, id: str) -> str | None:
    return f"{name}/{id}"


def reads(house: House) -> int:
    return sum(row["path"].startswith("/v1/product?") for row in house.there.log())


def test_ties_are_looked_up_both_ways(store: Store, sandbox_server: StandIn) -> None:
    house = House(store, sandbox_server)
    house.fill()
    house.run()
    resolve = References(house.world(), base)
    assert resolve("links:sandbox.customer", "Acme") == "customer-1"
    assert resolve("links:erp.customer?back", "customer-1") == "Acme"
    assert resolve("links:crm.customer", "Acme") == "Acme"
    assert resolve("links:erp.customer", "Nobody") is None
    assert resolve("links:nowhere.customer", "Acme") is None
    assert resolve("files.accounts", "Acme") == "files.accounts/Acme"
    with store.tx("t") as tx:
        assert References(house.world(), base, tx)("links:erp.customer", "Bolt") == "customer-2"


def test_a_live_table_is_read_once_kept_and_renewed(store: Store, sandbox_server: StandIn) -> None:
    house = House(store, sandbox_server)
    house.there.human("create", "product", name="Basic", code="B")
    house.there.human("create", "product", name="Pro", code="P")
    assert [References(house.world(), base)(LIVE, code) for code in ("B", "P")] == ["product-1", "product-2"]
    assert reads(house) == 1, "the second look and the second world take what is kept"
    world = house.world()
    assert References(world, base)(LIVE, "X") is None
    assert References(world, base)(LIVE, "Y") is None
    assert reads(house) == 2, "what it lacks is looked for once a run"
    house.there.human("change", "product", "product-1", code="C")
    assert References(house.world(), base)(LIVE, "B") == "product-1", "an hour old is young enough"
    house.clock.at += timedelta(hours=2)
    assert References(house.world(), base)(LIVE, "B") is None
    assert References(house.world(), base)(f"{LIVE}&age_s=0", "C") == "product-1"
    with store.view() as tx:
        assert tx.live_tables.get("erp", "product", "code", "id") == (
            {"C": "product-1", "P": "product-2"},
            house.clock.at,
        )


def test_inside_of_a_transaction_nothing_is_read_and_the_next_run_knows(house: House) -> None:
    house.there.human("create", "product", name="Basic", code="B")
    with house.store.tx("t") as tx:
        assert References(house.world(), base, tx)(LIVE, "B") is None
    assert reads(house) == 0
    warm(house.world())
    assert reads(house) == 1
    with house.store.tx("t") as tx:
        assert References(house.world(), base, tx)(LIVE, "B") == "product-1"
    warm(house.world(), (LIVE,))
    assert reads(house) == 1


def test_what_is_there_twice_is_nobodys_and_an_old_table_does_where_the_system_is_away(house: House) -> None:
    for name in ("One", "Two"):
        house.there.human("create", "product", name=name, code="B")
    assert References(house.world(), base)(LIVE, "B") is None
    assert house.notes.said == ["erp: product has 'B' more than once as code"]
    house.there.human("change", "product", "product-2", code="D")
    house.clock.at += timedelta(hours=2)
    assert References(house.world(), base)(LIVE, "D") == "product-2"
    house.clock.at += timedelta(hours=2)
    house.there.fault("error", status=503, path="/v1/product", next=20)
    assert References(house.world(), base)(LIVE, "D") == "product-2"
    assert "product as it was 2026-01-01" in house.notes.said[-1]
    with pytest.raises(TryLater):
        References(house.world(), base)("live:erp.product?key=name&value=id", "One")


@pytest.mark.parametrize(
    "name", ["live:x", "live:erp.product", "live:erp.product?key=a&value=b&c=d", f"{LIVE}&age_s=x"]
)
def test_a_name_of_no_form(name: str) -> None:
    with pytest.raises(ValueError, match="expected"):
        parse_live(name)


def test_a_mapping_looks_into_the_other_system(house: House) -> None:
    """Through a whole run: what is not there holds the record back until it is."""
    text = Path("mappings/sandbox/deals.yaml").read_text(encoding="utf-8").split("tests:", maxsplit=1)[0]
    looked = "owner: {from: product, lookup: {live: erp.product, key: code, value: id}}"
    house.changed["deals"] = text.replace("owner: {from: owner}", looked)
    assert house.world().lives == (LIVE,)
    house.run()
    assert house.codes() == ["MAP-LOOKUP-01", "MAP-LOOKUP-01"]
    assert house.erp("product", "code") == ["Basic"], "sent after the deals were mapped"
    assert house.run().exit_code == 0
    with house.store.view() as tx:
        found = tx.facts.get("deal", "D-1")
    assert found is not None
    assert '"owner":"product-' in found.doc


def test_an_outbound_mapping_knows_the_id_there_of_what_is_tied(house: House) -> None:
    """The invoice names its customer by the ERP's own id, in a field that is no reference."""
    text = Path("mappings/sandbox/invoice.yaml").read_text(encoding="utf-8").split("tests:", maxsplit=1)[0]
    looked = "  description: {from: customer, lookup: {links: erp.customer}, on_miss: default, default: new}\n"
    head, _, rest = text.partition("  description:\n")
    house.changed["invoice"] = head + looked + rest.partition("\n")[2]
    house.run()
    house.deal("D-3", "Acme", "7")
    house.run()
    assert house.erp("invoice", "description")[-1] == "customer-1"
