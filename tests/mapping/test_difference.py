"""Two versions of a mapping: what they say otherwise, and what becomes of the same records."""

from __future__ import annotations

from collections.abc import Mapping

from billsync.mapping import parse, record_of
from billsync.mapping.tools.difference import Comparison, Version, sayings
from billsync.model.customer import Customer
from billsync.strict.yaml import load
from tests.mapping.test_coverage import DEAL, deal, knows


def version(text: str) -> Version:
    return Version(parse(text, "deal.yaml"), load(text, "deal.yaml"))


NEW = (
    DEAL.replace("version: 1", "version: 2")
    .replace("{Seat: SEAT}", "{Seat: SEAT, SeatPro: SEAT}")
    .replace("{const: USD}", "{from: currency, default: USD}")
    .replace("  owner: {from: seller}\n", "")
)


def compare(new: str, *changes: Mapping[str, object]) -> Comparison:
    found, old, after = Comparison(), parse(DEAL, "a.yaml"), parse(new, "b.yaml")
    for number, change in enumerate(changes):
        record = deal(str(number), **change)
        found.see(record, old.apply(record, knows), after.apply(record, knows))
    return found


def test_what_they_say_otherwise() -> None:
    said = [(one.what, one.name, one.before, one.after) for one in sayings(version(DEAL), version(NEW))]
    assert said == [
        ("key", "version", "1", "2"),
        ("field", "currency", "const: USD", "from: currency, default: USD"),
        ("field", "owner", "from: seller", None),
        ("table entry", "sku: SeatPro", None, "SEAT"),
    ]
    assert list(sayings(version(DEAL), version(DEAL + "# another comment\n"))) == []


def test_documents_are_compared_field_by_field() -> None:
    found = compare(NEW, {}, {"currency": "EUR"}, {"seller": "Bob"}, {"currency": "EUR", "seller": "Ann"})
    assert (found.records, found.same, found.changed) == (4, 1, 3)
    assert {name: (change.documents, change.samples) for name, change in found.fields.items()} == {
        "currency": (2, [("1", "USD", "EUR"), ("3", "USD", "EUR")]),
        "owner": (2, [("2", "Bob", ""), ("3", "Ann", "")]),
    }


def test_nothing_and_empty_text_are_two_things_to_who_gets_them() -> None:
    out = "mapping: m\nversion: 1\nfrom: customer\nto: erp.party\nkey: id\nfields: {name: {from: legal_name}}\n"
    old, new = parse(out, "a.yaml"), parse(out.replace("legal_name}", 'legal_name, default: ""}'), "b.yaml")
    record, found = record_of("customer", Customer(id="c", name="Acme"), "c"), Comparison()
    found.see(record, old.apply(record, knows), new.apply(record, knows))
    assert found.fields["name"].samples == [("c", "nothing", "")]


def test_a_field_in_many_lines_counts_its_document_once() -> None:
    lines = [{"n": str(n), "price": str(n)} for n in range(5)]
    found = compare(DEAL.replace("{from: price, as: money}", '{expr: "VALUE(price) + 1"}'), {"lines": lines})
    assert found.fields["lines.unit_amount"].documents == 1
    assert len(found.fields["lines.unit_amount"].samples) == 3


def test_problems_come_and_go_and_records_too() -> None:
    pro = {"lines": [{"what": "SeatPro"}]}
    healed = compare(NEW, pro, pro, {})
    assert (healed.healed, healed.broken, healed.same) == (2, 0, 1)
    ((cure,),) = (healed.cures.values(),)
    assert (cure.records, cure.example, cure.code) == (2, "0", "MAP-REF-01")
    broken = compare(DEAL.replace("{from: account}", "{from: id}").replace("from: account", "from: id"), {})
    assert (broken.broken, broken.healed) == (1, 0)
    assert compare(DEAL.replace("'Won'", "'Open'"), {}, {"stage": "Open"}).taken == 1
    assert compare(DEAL.replace("'Won'", "'Open'"), {}).left == 1
