"""What records hold that a mapping does not know, counted."""

from __future__ import annotations

from typing import Any

import pytest

from billsync.connector import Record
from billsync.mapping import Mapping, parse
from billsync.mapping.tools.coverage import Coverage, Profile
from billsync.mapping.tools.tracing import trace
from billsync.model.problem import Place

DEAL = """\
mapping: crm.deal
version: 1
from: crm.Deal
to: deal
when: "stage = 'Won'"
key: id
tables:
  sku: {Seat: SEAT}
  tax: {DE: DE19}
  words: {a: b}
fields:
  id: {from: id}
  name: {expr: "LOOKUP(words, nick, nick) & ''", default: none}
  customer: {ref: crm.Account, from: account}
  currency: {const: USD}
  signed_on: {from: day, as: date}
  owner: {from: seller}
  lines:
    each: lines
    when: "qty <> '0'"
    fields:
      id: {from: n}
      product: {ref: crm.Product, from: what, lookup: sku, on_miss: keep}
      quantity: {from: qty, as: decimal}
      unit_amount: {from: price, as: money}
      tax_code: {from: land, lookup: tax, on_miss: default, default: none}
"""


def deal(id: str, **other: Any) -> Record:
    line = {"n": "1", "what": "Seat", "qty": "1", "price": "5", "land": "DE"}
    lines = [{**line, **one} for one in other.pop("lines", [{}])]
    data = {"id": id, "stage": "Won", "account": "acme", "day": "2026-01-31", "seller": "", "nick": "a", "lines": lines}
    return Record("Deal", id, {**data, **other}, Place(system="crm", object="Deal", id=id))


def knows(name: str, id: str) -> str | None:
    return id if (name, id) in {("crm.Account", "acme"), ("crm.Product", "SEAT")} else None


def see(*records: Record, text: str = DEAL) -> tuple[Coverage, Profile]:
    coverage, profile = Coverage(parse(text, "deal.yaml")), Profile()
    for record in records:
        coverage.see(record, knows)
        profile.see(record)
    return coverage, profile


def misses(coverage: Coverage) -> list[tuple[str, str, str, str, int, int]]:
    return [
        (one.kind, one.among, one.value, one.on_miss, one.records, one.held)
        for one in sorted(coverage.misses, key=lambda one: (one.kind, one.among, one.value))
    ]


def test_all_is_known() -> None:
    coverage, _ = see(deal("1"), deal("2"))
    assert (coverage.records, coverage.taken, coverage.held) == (2, 2, 0)
    assert misses(coverage) == []
    assert coverage.faults == []


def test_a_kept_value_that_leads_to_no_record_is_told_with_how_many_it_holds_back() -> None:
    pro = {"what": "SeatPro"}
    coverage, _ = see(deal("1", lines=[pro, {**pro, "n": "2"}]), deal("2", lines=[pro], stage="Open"), deal("3"))
    assert misses(coverage) == [
        ("lookup", "sku", "SeatPro", "keep", 2, 0),
        ("reference", "crm.Product", "SeatPro", "quarantine", 2, 1),
    ]
    assert coverage.held == 1
    found = coverage.misses[0]
    assert (found.field, found.example, found.place) == ("lines.what", "1", "deal.yaml:23:16")


def test_defaults_and_formulas_hide_nothing() -> None:
    coverage, _ = see(deal("1", nick="zz"), deal("2", lines=[{"land": "FR"}]))
    assert misses(coverage) == [("lookup", "tax", "FR", "default", 1, 0), ("lookup", "words", "zz", "default", 1, 0)]
    assert coverage.held == 0


def test_a_closed_table_holds_back_and_the_near_value_is_named() -> None:
    text = DEAL.replace("on_miss: keep", "on_miss: error")
    coverage, _ = see(deal("1", lines=[{"what": "Saet"}]), text=text)
    (miss,) = coverage.misses
    assert (miss.kind, miss.on_miss, miss.held, miss.near) == ("lookup", "error", 1, "Seat")


def test_an_entry_that_does_not_count_is_no_miss() -> None:
    coverage, _ = see(deal("1", lines=[{}, {"n": "2", "what": "SeatPro", "qty": "0"}]))
    assert misses(coverage) == []


def test_other_problems_are_counted_by_their_rule() -> None:
    coverage, _ = see(deal("1", day="soon"), deal("2", day="later"), deal("3"))
    (fault,) = coverage.faults
    assert (fault.code, fault.records, fault.example) == ("MAP-VALUE-01", 2, "1")
    assert coverage.held == 2


def test_fields_that_nobody_reads_or_writes() -> None:
    coverage, profile = see(deal("1", note="hello", region=None), deal("2", note="bye", region=""))
    unread = profile.unread([coverage.mapping])
    assert [(use.name, use.filled, use.examples) for use in unread] == [
        ("note", 2, ["hello", "bye"]),
        ("region", 0, []),
    ]
    assert coverage.blank == ["owner"]
    assert ("ends_on", False) in coverage.unwritten
    assert ("lines.every", False) in coverage.unwritten
    assert "id" not in dict(coverage.unwritten)


def test_a_list_that_is_gone_over_does_not_hide_the_fields_inside() -> None:
    _, profile = see(deal("1", lines=[{"colour": "red"}]))
    assert [use.name for use in profile.unread([parse(DEAL, "d.yaml")])] == ["lines.colour"]


def test_memory_does_not_grow_with_the_values(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("billsync.mapping.tools.coverage.MAX_VALUES", 3)
    coverage, _ = see(*(deal(str(n), nick=f"z{n}") for n in range(5)), deal("6", nick="z1"))
    assert [(miss.value, miss.records) for miss in coverage.misses] == [("z1", 2), ("z0", 1), ("z2", 1)]
    assert coverage.beyond == 2


def test_steps_say_what_was_read_and_what_became_of_it() -> None:
    mapping: Mapping = parse(DEAL, "deal.yaml")
    steps = {step.location: step for step in trace(mapping, deal("1", day="soon"), knows)}
    product = steps["lines", 0, "product"]
    assert (product.raw, product.value) == ("Seat", "SEAT")
    assert list(product.sources()) == [("lines[0].what", "Seat")]
    assert steps["signed_on",].wrong is not None
    assert steps["lines",].is_group
