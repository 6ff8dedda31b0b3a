"""Money in equals money out: through mappings in and out, as text or numbers, no cent is lost, made or moved."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from billsync.connector import Record
from billsync.mapping import Mapping, check, parse, record_of
from billsync.model.deal import Deal
from billsync.model.problem import Place
from tests.mapping.make import itself

IN = """\
mapping: crm.deals
version: 1
from: crm.deal
to: deal
key: id
fields:
  id: {from: id}
  customer: {from: account}
  currency: {const: EUR}
  signed_on: {const: 2026-01-31, as: date}
  properties:
    fields:
      total: {expr: "TEXT(SUM(items.amount))", when: "NOT BLANK(items)"}
  lines:
    each: items
    key: id
    fields:
      id: {from: id}
      product: {const: P}
      quantity: {from: quantity, as: decimal}
      unit_amount: {from: amount, as: money}
"""
OUT = """\
mapping: erp.deals
version: 1
from: deal
to: erp.order
key: id
fields:
  total: {expr: "SUM($.lines.unit_amount)"}
  rounded: {expr: "MONEY(SUM($.lines.unit_amount), currency)"}
  lines:
    each: lines
    fields:
      amount: {expr: "quantity * unit_amount"}
      cents: {expr: "MONEY(quantity * unit_amount, $.currency)"}
      shown: {from: unit_amount, as: text}
"""
INWARD, OUTWARD = parse(IN, "in.yaml"), parse(OUT, "out.yaml")
AMOUNTS = st.decimals(0, 10**9, places=4, allow_nan=False) | st.decimals(0, 10**6, places=2, allow_nan=False)
QUANTITIES = st.decimals(0, 10**4, places=3, allow_nan=False)


def mapped(mapping: Mapping, data: Any) -> dict[str, Any]:
    """The document, which both renderings agree upon."""
    record = Record("o", "1", data, Place(system="x", object="o", id="1"))
    slow, fast = mapping.explain(record, itself), mapping.apply_fast(data, itself)
    assert fast is not None, slow.problems
    assert fast.noun == slow.noun
    document = fast.doc if fast.noun is None else fast.noun.model_dump()
    assert document is not None
    return document


def exactly(value: Any, wanted: Decimal) -> None:
    """The very number, and no float."""
    assert type(value) is Decimal
    assert value == wanted


@given(st.lists(st.tuples(AMOUNTS, QUANTITIES, st.booleans()), max_size=6))
def test_what_comes_in_goes_out(items: list[tuple[Decimal, Decimal, bool]]) -> None:
    def form(value: Decimal, as_text: bool) -> Any:
        return format(value, "f") if as_text else value

    sold = [
        {"id": str(n), "amount": amount, "quantity": form(quantity, as_text)}
        for n, (amount, quantity, as_text) in enumerate(items)
    ]
    deal = mapped(INWARD, {"id": "D", "account": "A", "items": sold})
    assert [line["unit_amount"] for line in deal["lines"]] == [amount for amount, _, _ in items]
    total = sum((amount for amount, _, _ in items), Decimal(0))
    assert not items or Decimal(deal["properties"]["total"]) == total

    order = mapped(OUTWARD, record_of("deal", Deal.model_validate(deal), "D").data)
    exactly(order["total"], total)
    exactly(order["rounded"], total.quantize(Decimal("0.01"), ROUND_HALF_UP))
    for line, (amount, quantity, _) in zip(order["lines"], items, strict=True):
        exactly(line["amount"], amount * quantity)
        exactly(line["cents"], (amount * quantity).quantize(Decimal("0.01"), ROUND_HALF_UP))
        assert Decimal(line["shown"]) == amount


def test_three_times_one_point_zero_zero_five_is_three_point_zero_two() -> None:
    sold = [{"id": "1", "amount": Decimal("1.005"), "quantity": "3"}]
    deal = mapped(INWARD, {"id": "D", "account": "A", "items": sold})
    order = mapped(OUTWARD, record_of("deal", Deal.model_validate(deal), "D").data)
    assert order["lines"] == [{"amount": Decimal("3.015"), "cents": Decimal("3.02"), "shown": "1.005"}]


def test_a_sum_over_a_field_that_the_mapping_itself_makes_without_it_is_no_silent_zero() -> None:
    """`lines` is the mapping's own field: that it has no `unit_amount` is known before the first record."""
    wrong = OUT.replace('{expr: "SUM($.lines', '{expr: "SUM(lines')
    problem = next(each for each in check(wrong, "out.yaml") if each.severity == "error")
    assert (problem.code, problem.place.line) == ("MAP-FIELD-01", 7)
    assert "write $.lines.unit_amount for the record's own" in problem.hint
    right = OUT.replace('{expr: "SUM($.lines.unit_amount', '{expr: "SUM(lines.amount')
    assert not any(each.severity == "error" for each in check(right, "out.yaml"))
