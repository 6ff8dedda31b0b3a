"""The fields of a real system change over night: what they touch waits, all else goes on, nothing becomes null."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from billsync.model.delivery import DeliveryState
from billsync.store import Store
from tests.cli.place import Place
from tests.sandbox.house import House, shipped
from tests.sandbox.stand_in import StandIn

S = DeliveryState


@pytest.fixture
def house(ledger: Store, sandbox_server: StandIn) -> House:
    made = House(ledger, sandbox_server)
    made.fill()
    return made


def test_both_ways_on_each_kind_of_database(store: Store, sandbox_server: StandIn) -> None:
    house = House(store, sandbox_server)
    house.fill()
    house.run()
    house.there.fault("schema", object="deals", do="remove", field="amount")
    house.there.fault("schema", object="customer", do="remove", field="country")
    house.deal("D-3", "Acme", "7")
    house.there.human("create", "accounts", "Cancity", name="Cancity", country="Panama")
    house.run()
    assert house.codes() == ["PUSH-DRIFT-01", "PUSH-DRIFT-01", "READ-DRIFT-01"]
    house.there.admin("DELETE", "faults")
    assert house.run().exit_code == 0
    assert (house.erp("customer", "country"), len(house.erp("invoice", "id"))) == (["DE", "NO", "PA"], 3)


def accept(house: House) -> None:
    """A person looked, and takes the fields as they are."""
    with house.store.tx("t") as tx:
        taken = [tx.schemas.accept(item, why="looked", at=house.clock.now()) for item in tx.schemas.list()]
    assert any(taken)


@pytest.mark.parametrize(
    ("do", "to", "said"),
    [
        ("remove", "", "the field amount is gone"),
        ("rename", "amount_eur", "perhaps it is called amount_eur now"),
        ("retype", "mapping", "the field amount is mapping now, it was amount"),
    ],
)
def test_of_a_kind_of_record_whose_field_is_another_nothing_is_read(house: House, do: str, to: str, said: str) -> None:
    assert house.run().exit_code == 0
    house.deal("D-3", "Acme", "7")
    house.there.human("change", "accounts", "Acme", name="Acme Inc.")
    house.there.fault("schema", object="deals", do=do, field="amount", to=to)
    assert house.run().exit_code == 1
    assert house.codes() == ["READ-DRIFT-01"]
    assert any(said in note for note in house.notes.said), house.notes.said
    assert house.erp("customer", "name") == ["Acme Inc.", "Bolt"], "what is not concerned goes on"
    assert house.erp("invoice", "total") == ["100.00", "250.50"]
    house.there.admin("DELETE", "faults")
    assert house.run().exit_code == 0
    assert house.erp("invoice", "total") == ["100.00", "250.50", "7.00"], "nothing of it was missed"
    assert house.codes() == []


def test_a_field_that_nothing_reads_may_go(house: House) -> None:
    house.run()
    house.deal("D-3", "Acme", "7")
    house.there.fault("schema", object="deals", do="remove", field="engaged_on")
    assert house.run().exit_code == 0
    assert house.erp("invoice", "total") == ["100.00", "250.50", "7.00"]


def test_a_person_takes_the_fields_as_they_are_or_a_full_read_does(house: House) -> None:
    house.run()
    house.there.fault("schema", object="deals", do="remove", field="owner")
    house.deal("D-3", "Acme", "7")
    assert house.run().exit_code == 1
    accept(house)
    assert house.run().exit_code == 0
    assert house.codes() == []
    house.there.admin("DELETE", "faults")
    house.run()
    house.there.fault("schema", object="deals", do="remove", field="owner")
    assert house.run().exit_code == 1
    assert house.run(full=True).exit_code == 0
    with house.store.view() as tx:
        assert {row["note"] for row in tx.audit.tail("schema/crm/deals")} == {"looked", "sync --full"}
        assert len(house.erp("invoice", "total")) == 3


@pytest.mark.parametrize(
    ("do", "field", "to"),
    [("remove", "country", ""), ("rename", "country", "land"), ("retype", "country", "mapping"),
     ("shorten", "name", "5"), ("require", "street", "")],
)  # fmt: skip
def test_what_a_changed_field_keeps_from_being_written_waits(house: House, do: str, field: str, to: str) -> None:
    house.run()
    before = house.customer_writes()
    house.there.human("create", "accounts", "Cancity", name="Cancity", country="Panama")
    house.deal("D-3", "Cancity", "7")
    house.deal("D-4", "Acme", "8")
    house.there.fault("schema", object="customer", do=do, field=field, to=to)
    assert house.run().exit_code == 1
    assert house.customer_writes() == before, "it was not even tried"
    assert house.write("customer", "Cancity").state is S.REVIEW
    assert set(house.codes()) == {"PUSH-DRIFT-01"}
    assert house.erp("invoice", "total") == ["100.00", "250.50", "8.00"], "the other customer's invoice went"
    house.there.admin("DELETE", "faults")
    assert house.run().exit_code == 0
    assert (house.codes(), house.erp("customer", "name")[-1]) == ([], "Cancity")
    assert house.erp("invoice", "total") == ["100.00", "250.50", "8.00", "7.00"]
    assert house.erp("customer", "country") == ["DE", "NO", "PA"]


def test_after_the_mapping_was_mended_and_the_fields_accepted_the_old_write_is_of_no_use(house: House) -> None:
    house.run()
    house.there.fault("schema", object="customer", do="rename", field="country", to="land")
    house.there.human("create", "accounts", "Cancity", name="Cancity", country="Panama")
    house.run()
    assert house.write("customer", "Cancity").key == "customer:Cancity:erp:1"
    text = Path("mappings/sandbox/customer.yaml").read_text(encoding="utf-8")
    house.changed["customer"] = text.replace("country:", "land:").split("tests:", maxsplit=1)[0]
    accept(house)
    assert house.run().exit_code == 0
    assert house.erp("customer", "country") == ["DE", "NO", "PA"]
    with house.store.view() as tx:
        assert [row.state for row in tx.outbox.list(our_id="Cancity", kind="customer")] == [S.CONFIRMED] * 2
    assert house.codes() == []


STAGES = ("Won", "Lost", "Engaging")


@pytest.mark.parametrize(("new", "held"), [("Renewed", ["MAP-DRIFT-01"]), ("Lost", [])])
def test_a_record_with_a_value_that_nobody_has_looked_at_waits(house: House, new: str, held: Sequence[str]) -> None:
    house.there.fault("schema", object="deals", do="choices", field="stage", to=",".join(STAGES))
    house.run()
    house.there.admin("DELETE", "faults")
    house.there.fault("schema", object="deals", do="choices", field="stage", to="Won,Lost,Engaging,Renewed")
    house.deal("D-3", "Acme", "7")
    house.there.human("change", "deals", "D-3", stage=new)
    house.deal("D-4", "Acme", "8")
    house.run()
    assert "crm: deals: the field stage has new values: 'Renewed'" in house.notes.said
    assert house.codes() == held
    assert house.erp("invoice", "total") == ["100.00", "250.50", "8.00"]
    accept(house)
    assert house.run().exit_code == 0
    assert house.codes() == []


def test_a_table_that_holds_back_what_it_does_not_have_needs_no_help(house: House) -> None:
    house.there.fault("schema", object="accounts", do="choices", field="country", to="Germany,Norway")
    house.run()
    house.there.admin("DELETE", "faults")
    house.there.fault("schema", object="accounts", do="choices", field="country", to="Germany,Norway,Kenya")
    house.there.human("change", "accounts", "Acme", country="Kenya")
    house.run()
    assert house.erp("customer", "country") == ["KE", "NO"]
    assert shipped("accounts").fields[3].table == "country"


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
