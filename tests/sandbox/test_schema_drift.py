"""The fields of a real system change over night: what they touch waits, all else goes on, nothing becomes null."""

from __future__ import annotations

from pathlib import Path

import pytest

from billsync.model.delivery import DeliveryState
from billsync.store import Store
from tests.cli.place import Place
from tests.sandbox.house import House
from tests.sandbox.stand_in import StandIn

S = DeliveryState


@pytest.fixture
def house(ledger: Store, sandbox_server: StandIn) -> House:
    made = House(ledger, sandbox_server)
    made.fill()
    return made


def customers(store: Store, there: StandIn) -> House:
    """Customers only."""
    made = House(store, there, inbound=("accounts",), outbound=("customer",))
    made.there.human("create", "accounts", "Acme", name="Acme", country="Germany", sector="retail")
    made.run()
    return made


@pytest.fixture
def small(ledger: Store, sandbox_server: StandIn) -> House:
    return customers(ledger, sandbox_server)


def test_both_ways_on_each_kind_of_database(store: Store, sandbox_server: StandIn) -> None:
    house = customers(store, sandbox_server)
    house.there.fault("schema", object="customer", do="remove", field="country")
    house.there.human("create", "accounts", "Cancity", name="Cancity", country="Panama")
    house.run()
    house.there.fault("schema", object="accounts", do="remove", field="name")
    house.there.human("change", "accounts", "Acme", name="Acme Inc.")
    house.run()
    assert house.codes() == ["PUSH-DRIFT-01", "PUSH-DRIFT-01", "READ-DRIFT-01"]
    house.there.admin("DELETE", "faults")
    assert house.run().exit_code == 0
    assert sorted(house.erp("customer", "name")) == ["Acme Inc.", "Cancity"]


def accept(house: House) -> None:
    """A person looked, and takes the fields as they are."""
    with house.store.tx("t") as tx:
        taken = [tx.schemas.accept(item, why="looked", at=house.clock.now()) for item in tx.schemas.list()]
    assert any(taken)


def test_of_a_kind_of_record_whose_field_is_another_nothing_is_read(house: House) -> None:
    assert house.run().exit_code == 0
    house.deal("D-3", "Acme", "7")
    house.there.human("change", "accounts", "Acme", name="Acme Inc.")
    house.there.fault("schema", object="deals", do="rename", field="amount", to="amount_eur")
    assert house.run().exit_code == 1
    assert house.codes() == ["READ-DRIFT-01"]
    assert any("perhaps it is called amount_eur now" in note for note in house.notes.said), house.notes.said
    assert house.erp("customer", "name") == ["Acme Inc.", "Bolt"], "what is not concerned goes on"
    assert house.erp("invoice", "total") == ["100.00", "250.50"]
    house.there.admin("DELETE", "faults")
    assert house.run().exit_code == 0
    assert house.erp("invoice", "total") == ["100.00", "250.50", "7.00"], "nothing of it was missed"
    assert house.codes() == []


def test_a_field_that_nothing_reads_may_go_and_one_that_is_read_a_person_lets_go(small: House) -> None:
    small.there.fault("schema", object="accounts", do="remove", field="owner")
    small.there.human("create", "accounts", "Bolt", name="Bolt", country="Norway")
    assert small.run().exit_code == 0
    small.there.fault("schema", object="accounts", do="retype", field="sector", to="mapping")
    small.there.human("change", "accounts", "Bolt", name="Bolt AS")
    assert small.run().exit_code == 1
    assert "crm: accounts: the field sector is mapping now, it was text" in small.notes.said
    accept(small)
    small.run()
    assert small.codes() == [], "what it makes of that is the mapping's affair"
    small.there.admin("DELETE", "faults")
    assert small.run().exit_code == 1, "the way back is a change, too"
    assert small.run(full=True).exit_code == 0
    with small.store.view() as tx:
        assert [row["note"] for row in tx.audit.tail("schema/crm/accounts")] == ["sync --full", "looked"]


@pytest.mark.parametrize(
    ("do", "field", "to"), [("remove", "country", ""), ("shorten", "name", "5"), ("require", "street", "")]
)
def test_what_a_changed_field_keeps_from_being_written_waits(small: House, do: str, field: str, to: str) -> None:
    before = small.customer_writes()
    small.there.human("create", "accounts", "Cancity", name="Cancity", country="Panama")
    small.there.fault("schema", object="customer", do=do, field=field, to=to)
    assert small.run().exit_code == 1
    assert small.customer_writes() == before, "it was not even tried"
    assert small.write("customer", "Cancity").state is S.REVIEW
    assert set(small.codes()) == {"PUSH-DRIFT-01"}
    small.there.admin("DELETE", "faults")
    assert small.run().exit_code == 0
    assert (small.codes(), small.erp("customer", "country")) == ([], ["DE", "PA"])


def test_what_does_not_need_the_field_goes_on(house: House) -> None:
    house.run()
    house.there.human("create", "accounts", "Cancity", name="Cancity", country="Panama")
    house.deal("D-3", "Cancity", "7")
    house.deal("D-4", "Acme", "8")
    house.there.fault("schema", object="customer", do="rename", field="country", to="land")
    assert house.run().exit_code == 1
    assert house.erp("invoice", "total") == ["100.00", "250.50", "8.00"], "the other customer's invoice went"
    house.there.admin("DELETE", "faults")
    assert house.run().exit_code == 0
    assert house.erp("invoice", "total") == ["100.00", "250.50", "8.00", "7.00"]


def test_after_the_mapping_was_mended_and_the_fields_accepted_the_old_write_is_of_no_use(small: House) -> None:
    house = small
    house.there.fault("schema", object="customer", do="rename", field="country", to="land")
    house.there.human("create", "accounts", "Cancity", name="Cancity", country="Panama")
    house.run()
    assert house.write("customer", "Cancity").key == "customer:Cancity:erp:1"
    text = Path("mappings/sandbox/customer.yaml").read_text(encoding="utf-8")
    house.changed["customer"] = text.replace("country:", "land:").split("tests:", maxsplit=1)[0]
    accept(house)
    assert house.run().exit_code == 0
    assert house.erp("customer", "country") == ["DE", "PA"]
    with house.store.view() as tx:
        assert [row.state for row in tx.outbox.list(our_id="Cancity", kind="customer")] == [S.CONFIRMED] * 2
    assert house.codes() == []


def test_a_record_with_a_value_that_nobody_has_looked_at_waits(house: House) -> None:
    house.there.fault("schema", object="deals", do="choices", field="stage", to="Won,Lost")
    house.run()
    house.there.admin("DELETE", "faults")
    house.there.fault("schema", object="deals", do="choices", field="stage", to="Won,Lost,Renewed")
    house.deal("D-3", "Acme", "7")
    house.there.human("change", "deals", "D-3", stage="Renewed")
    house.deal("D-4", "Acme", "8")
    house.run()
    assert "crm: deals: the field stage has new values: 'Renewed'" in house.notes.said
    assert house.codes() == ["MAP-DRIFT-01"]
    assert house.erp("invoice", "total") == ["100.00", "250.50", "8.00"]
    accept(house)
    assert house.run().exit_code == 0
    assert house.codes() == []


def test_a_table_that_holds_back_what_it_does_not_have_needs_no_help(small: House) -> None:
    small.there.fault("schema", object="accounts", do="choices", field="country", to="Germany,Norway")
    small.run()
    small.there.admin("DELETE", "faults")
    small.there.fault("schema", object="accounts", do="choices", field="country", to="Germany,Norway,Kenya")
    small.there.human("change", "accounts", "Acme", country="Kenya")
    assert small.run().exit_code == 0
    assert small.erp("customer", "country") == ["KE"]


# ---------------------------------------------------------------- the command


def test_the_command_shows_what_waits_and_takes_a_persons_word(
    tmp_path: Path, sandbox_server: StandIn, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    place = Place(tmp_path, capsys, monkeypatch)
    place.write("billsync.yaml", CONFIG.format(url=sandbox_server.url))
    sandbox_server.human("create", "accounts", "Acme", name="Acme", country="Germany")
    assert place.billsync("sync").code == 0
    said = place.billsync("connectors", "drift", "--format", "json")
    assert (said.code, said.json) == (0, [])
    sandbox_server.fault("schema", object="accounts", do="remove", field="country")
    sandbox_server.fault("schema", object="customer", do="require", field="city")
    said = place.billsync("connectors", "drift", "--format", "json")
    assert said.code == 4
    assert [(row["object"], row["kind"], row["field"], row["waits"]) for row in said.json] == [
        ("accounts", "removed", "country", "reading"), ("customer", "required", "city", "nothing"),
    ]  # fmt: skip
    said = place.billsync("sync")
    assert said.code == 1
    assert "crm: accounts: the field country is gone" in said.err
    assert "--reason" in place.billsync("connectors", "drift", "--accept").err
    assert place.billsync("connectors", "drift", "crm", "--accept", "--reason", "we know").code == 0
    assert [row["object"] for row in place.billsync("connectors", "drift", "--format", "json").json] == ["customer"]
    assert place.billsync("sync").code == 0
    assert "crm, erp" in place.billsync("connectors", "drift", "nope").err


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
"""
