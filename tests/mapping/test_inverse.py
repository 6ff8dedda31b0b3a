"""Mappings turned around: what is written is read again as the same; why other fields do not lead back."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billsync.connector import Record
from billsync.mapping import Mapping, check, parse, record_of
from billsync.mapping.inverse import leads_back, ways
from billsync.mapping.layers import PLAIN
from billsync.mapping.problems import Findings
from billsync.mapping.stack import NoSheet, Sheet, read_stack
from billsync.mapping.tools.mirror import pair_of, round_trips
from billsync.model.deal import Deal, DealLine
from billsync.model.problem import Place

HEAD = "mapping: crm.deal\nversion: 1\nfrom: crm.Deal\nto: deal\nkey: Id\n"
DEAL = (
    HEAD
    + """\
tables:
  stage: {Gewonnen: won, Verloren: lost}
fields:
  id: {from: Id}
  name: {from: Info.Title}
  customer: {ref: crm.Account, from: AccountId}
  currency: {from: Currency, default: USD}
  stage: {from: Stage, lookup: stage, on_miss: error}
  signed_on: {from: Closed, as: date, format: DD.MM.YYYY}
  properties: {fields: {"region.code": {from: Region, owner: crm}}}
  lines:
    each: Info.Items
    key: No
    fields:
      id: {from: No}
      product: {ref: crm.Product, from: Product.Id}
      quantity: {from: Quantity, as: decimal}
      unit_amount: {from: Price, as: money}
      model: {const: one_time}
tests:
  - name: a deal
    given: {Id: "1", Stage: Gewonnen, AccountId: "001", Closed: 31.01.2026, Region: EMEA, Extra: kept, Currency: "",
            Info: {Title: T, Items: [{No: a, Product: {Id: p, Name: P}, Quantity: "3.00", Price: "1.005"}]}}
    refs: {crm.Account: {001: acme}, crm.Product: {p: SEAT}}
    expect: {customer: acme}
  - {name: an empty one, given: {Id: "2", Stage: Verloren, AccountId: "001", Closed: 01.02.2026, Info: {Items: []}},
     expect: {lines: []}}
  - {name: one that is wrong, given: {Id: "3"}, expect_problem: MAP-DOC-02}
"""
)
BACK = "mapping: crm.deal_back\nversion: 1\ninverse_of: crm.deal\n"
PLACE = Place(system="crm", object="Deal", id="1")


class Shelf(dict[str, str]):
    """Mappings by name."""

    def find(self, name: str, _by: Sheet) -> Sheet:
        if name not in self:
            raise NoSheet(f"there is no mapping {name}")
        return Sheet(self[name], f"{name}.yaml")


def back(text: str = BACK, base: str = DEAL) -> Mapping:
    return parse(text, "back.yaml", find=Shelf({"crm.deal": base}).find)


def reasons(*fields: str, top: str = "", to: str = "deal") -> dict[str, str]:
    """Target of each field -> why it does not lead back; "" where it does."""
    text = HEAD.replace("to: deal", f"to: {to}") + top + "fields:\n" + "".join(f"  {line}\n" for line in fields)
    stack = read_stack(Sheet(text, "m.yaml"), Shelf().find, PLAIN, Findings())
    assert stack is not None
    return {way.target: way.reason for way in ways(stack.root, stack.tables(Findings()))}


def a_deal(**more: Any) -> Deal:
    line = {"id": "a", "product": "SEAT", "quantity": "3", "unit_amount": "1.005"}
    given = {"id": "1", "name": "T", "customer": "acme", "currency": "EUR", "stage": "won", "signed_on": "2026-01-31",
             "lines": [line], "properties": {"region.code": "EMEA"}}  # fmt: skip
    return Deal.model_validate({**given, **more})


def test_the_inverse_writes_what_the_mapping_reads() -> None:
    mapping = back()
    assert (mapping.name, mapping.source, mapping.target, mapping.direction) == (
        "crm.deal_back",
        "deal",
        "crm.Deal",
        "outbound",
    )
    assert str(mapping.key) == "id"
    mapped = mapping.apply(record_of("deal", a_deal(), "1"), lambda _name, _id: None)
    assert mapped.doc == {
        "Id": "1",
        "Info": {"Title": "T", "Items": [{"No": "a", "Product": {"Id": {"$ref": "product/SEAT"}},
                                          "Quantity": Decimal(3), "Price": Decimal("1.005")}]},
        "AccountId": {"$ref": "customer/acme"},
        "Currency": "EUR",
        "Stage": "Gewonnen",
        "Closed": "31.01.2026",
        "Region": "EMEA",
    }  # fmt: skip
    assert mapped.refs == (("product", "SEAT"), ("customer", "acme"))
    assert {facts.target: facts.owner for facts in mapping.fields if facts.owner} == {"Region": "crm"}


def test_a_value_that_the_table_does_not_have_is_told() -> None:
    (problem,) = back().apply(record_of("deal", a_deal(stage="open"), "1"), lambda _name, _id: None).problems
    assert problem.code == "MAP-LOOKUP-02"


def test_its_own_fields_are_laid_over() -> None:
    mapping = back(BACK + "fields: {Region: null, Info: {fields: {Title: {const: fixed}}}, Total: {const: '1'}}\n")
    doc = mapping.apply(record_of("deal", a_deal(), "1"), lambda _name, _id: None).doc
    assert doc is not None
    assert ("Region" in doc, doc["Info"]["Title"], doc["Total"]) == (False, "fixed", "1")


def test_the_tests_of_the_base_are_run_there_and_back() -> None:
    shelf = Shelf({"crm.deal": DEAL})
    own, generated = pair_of(Sheet(BACK, "b.yaml"), find=shelf.find), pair_of(Sheet(DEAL, "a.yaml"))
    assert own is not None
    assert generated is not None
    for pair in (own, generated):
        results = round_trips(pair)
        assert [result.name for result in results] == ["a deal (round trip)", "an empty one (round trip)"]
        assert [str(result) for result in results if not result.passed] == []


def test_what_does_not_lead_back_stays_as_the_record_has_it() -> None:
    base = DEAL.replace("name: {from: Info.Title}", 'name: {expr: "UPPER(Extra)"}').replace(
        "key: Id\n", "key: Id\nwhen: \"Stage <> 'Offen' AND NOT BLANK(Id)\"\n"
    )
    pair = pair_of(Sheet(BACK + "fields: {Stage: null}\n", "b.yaml"), find=Shelf({"crm.deal": base}).find)
    assert pair is not None
    (first, _) = round_trips(pair)
    assert [each for each in first.differences if "Stage" not in each] == []
    assert first.doc is not None
    assert first.doc["name"] == "KEPT"


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (
            "fields: {Info: {fields: {Title: {const: other}}}}",
            ["the record's Info.Title: was the text 'T', comes back as the text 'other'", "name: was 'T', is 'other'"],
        ),
        ("fields: {Closed: {from: signed_on}}", ["comes back as the date 2026-01-31"]),
        ("fields: {Stage: {from: stage, lookup: gone}}\ntables: {gone: {}}", ["it cannot be written back"]),
        ("when: \"stage = 'x'\"", ["`when` of the way back is false"]),
    ],
)  # fmt: skip
def test_a_way_back_that_loses_something_is_told(more: str, told: list[str]) -> None:
    pair = pair_of(Sheet(f"{BACK}{more}\n", "b.yaml"), find=Shelf({"crm.deal": DEAL}).find)
    assert pair is not None
    lines = round_trips(pair)[0].differences
    assert len(lines) >= len(told)
    for line, wanted in zip(lines, told, strict=False):
        assert wanted in line


def test_mappings_that_lose_something_have_no_round_trips() -> None:
    assert pair_of(Sheet(DEAL.replace("{from: Info.Title}", '{expr: "UPPER(Id)"}'), "m.yaml")) is None
    assert pair_of(Sheet(DEAL.replace("from: Id}", "frm: Id}"), "m.yaml")) is None
    assert pair_of(Sheet("[", "m.yaml")) is None
    assert (
        pair_of(Sheet("mapping: a\nversion: 1\nfrom: deal\nto: x.y\nkey: id\nfields: {a: {from: id}}\n", "m.yaml"))
        is None
    )


A_NUMBER = "a number that was read by a format is not written by it"
AFTER = "`as: decimal` after a table: two of its values may become one"


@pytest.mark.parametrize(
    ("field", "reason"),
    [
        ("name: {from: Name}", ""),
        ("name: {from: Name, default: x, as: text}", ""),
        ("signed_on: {from: D, as: date, format: DD/MM/YYYY}", ""),
        ("signed_on: {from: D, as: date, format: DD/MM/YY}", "the format 'DD/MM/YY' does not hold all of it"),
        ("name: {from: D, as: text, format: YYYY-MM-DD}", ""),
        ("name: {from: D, as: text, format: YYYY-MM}", "the format 'YYYY-MM' does not hold all of it"),
        ("name: {const: x}", "a fixed value: nothing of the record"),
        ('name: {expr: "UPPER(Name)"}', "`expr` cannot be turned around"),
        ("name: {case: [{else: x}]}", "`case` cannot be turned around"),
        ("name: {fn: acme.name}", "`fn` cannot be turned around"),
        ("name: {from: Name, when: \"Id = '1'\"}", "`when` decides whether it is written"),
        ("name: {from: Name, direction: inbound}", "it is for this direction only"),
        ("name: {from: 'Names[0]'}", "'Names[0]' is no plain path of fields"),
        ("name: {from: $}", "it is the whole record"),
        ("name: {from: Name, as: list}", "`as: list` makes a list of one of a single value"),
        ("name: {from: Price, as: decimal, format: '1.234,56'}", A_NUMBER),
        ("name: {from: Name, lookup: pair}", ""),
        ("name: {from: Name, lookup: pair, on_miss: keep}", "with `on_miss: keep` two values may become one"),
        ("name: {from: Name, lookup: pair, as: decimal}", AFTER),
        ("name: {from: Name, lookup: two}", "the table two is not one-to-one: 'A' and 'B' have the same value"),
        ("name: {from: Name, lookup: none}", "the table none turns a value into nothing"),
        ("name: {from: Name, lookup: gone}", "its table 'gone' cannot be read"),
        ("name: {from: Name, lookup: {ref: crm.Name}}", "what is asked for in another system cannot be asked back"),
        ("owner: {ref: crm.User, from: OwnerId}", "of what owner is a reference is not known"),
        ("lines: {each: $, fields: {id: {const: '1'}}}", "the record itself is the only entry"),
        ("lines: {each: L, when: 'TRUE', fields: {id: {from: Id}}}", "`when` leaves entries out"),
        ("lines: {each: L, by: [a], fields: {id: {from: a}}}", "`by` makes several entries one"),
        ("lines: {each: L, fields: {id: {const: '1'}}}", "none of its fields leads back"),
    ],
)  # fmt: skip
def test_why_a_field_does_or_does_not_lead_back(field: str, reason: str) -> None:
    tables = "tables: {pair: {A: a, B: b}, two: {A: a, B: a}, none: {A: null}}\n"
    assert reasons(field, top=tables)[field.partition(":")[0]] == reason


def test_two_fields_from_one_cannot_both_lead_back() -> None:
    found = reasons("id: {from: Name}", "name: {from: Name}", "stage: {from: Name.First}")
    assert found == {
        "id": "",
        "name": "another field writes 'Name' already",
        "stage": "'Name.First' lies inside of a field that another one writes",
    }


def test_a_mapping_leads_back_where_all_that_comes_from_the_record_does() -> None:
    def of(*fields: str) -> bool:
        text = HEAD + "fields:\n" + "".join(f"  {line}\n" for line in fields)
        stack = read_stack(Sheet(text, "m.yaml"), Shelf().find, PLAIN, Findings())
        assert stack is not None
        return leads_back(ways(stack.root, {}))

    assert of("id: {from: Id}", "stage: {const: won}")
    assert not of("id: {from: Id}", 'name: {expr: "Id"}')
    assert not of("stage: {const: won}")


@pytest.mark.parametrize(
    ("base", "told"),
    [
        (DEAL.replace("to: deal", "to: crm.Other").replace("from: crm.Deal", "from: deal"), "only a mapping from an"),
        (HEAD + "fields: {id: {const: x}}\n", "no field of this mapping leads back"),
    ],
)  # fmt: skip
def test_what_cannot_be_turned_around_is_told_where_it_is_asked_for(base: str, told: str) -> None:
    found = check(BACK, "back.yaml", find=Shelf({"crm.deal": base}).find)
    (problem,) = [each for each in found if each.code == "MAP-INVERSE-01"]
    assert told in problem.message
    assert str(problem.place) == "back.yaml:3:13"


def test_an_error_in_the_base_stands_in_the_base() -> None:
    (problem, *_) = check(BACK, "back.yaml", find=Shelf({"crm.deal": DEAL.replace("DD.MM.YYYY", "QQ")}).find)
    assert problem.place.file == "crm.deal.yaml"


def test_extends_and_inverse_of_are_one_or_the_other() -> None:
    found = check(BACK + "extends: crm.deal\n", "back.yaml", find=Shelf({"crm.deal": DEAL}).find)
    assert ["`extends` and `inverse_of` in one mapping" in each.message for each in found] == [True]


TEXT = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=12)
NAME = TEXT.filter(str.strip)
MONEY = st.decimals(0, 10**9, places=3, allow_nan=False)
LINES = st.lists(
    st.builds(DealLine, id=NAME, product=NAME, quantity=MONEY, unit_amount=MONEY),
    unique_by=lambda line: line.id,
    max_size=4,
)
DEALS = st.builds(
    Deal, id=NAME, name=NAME, customer=NAME,
    currency=st.sampled_from(["EUR", "JPY"]), stage=st.sampled_from(["won", "lost"]),
    signed_on=st.dates(date(1900, 1, 1), date(2200, 1, 1)), lines=LINES.map(tuple),
    properties=st.just({}) | NAME.map(lambda text: {"region.code": text}),
)  # fmt: skip
FORWARD, BACKWARD = parse(DEAL, "m.yaml"), back()


def _plain(value: Any) -> Any:
    """What the outside system keeps: ids in place of references."""
    if isinstance(value, dict):
        return value["$ref"].partition("/")[2] if set(value) == {"$ref"} else {k: _plain(v) for k, v in value.items()}
    return [_plain(inner) for inner in value] if isinstance(value, list) else value


@given(DEALS)
@settings(max_examples=50, deadline=None)
def test_any_deal_that_is_written_is_read_again_as_the_same(deal: Deal) -> None:
    wrote = BACKWARD.apply(record_of("deal", deal, deal.id), lambda _name, _id: None)
    assert wrote.doc is not None, [str(problem) for problem in wrote.problems]
    again = FORWARD.apply(Record("Deal", deal.id, _plain(wrote.doc), PLACE), lambda _name, id: id)
    assert again.noun == deal, [str(problem) for problem in again.problems]
