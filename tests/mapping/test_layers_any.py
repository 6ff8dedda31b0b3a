"""Whatever stands in the layers of a mapping: findings with places in the file that is to blame, never an exception."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from billsync.mapping import BadMapping, check, render
from billsync.mapping.layers import PLAIN
from billsync.mapping.problems import Findings
from billsync.mapping.stack import NoSheet, Sheet, read_stack
from billsync.mapping.tools.suite import run_suite
from billsync.mapping.tools.written_out import written_out
from tests.mapping.test_total import ODD, changed, places

ROOT = Path(__file__).parents[2] / "mappings" / "salesforce"
BASES = {
    f"salesforce.{name}": (ROOT / f"{name}.yaml").read_text(encoding="utf-8") for name in ("opportunity", "product")
}
TOPS = {
    "extends": """\
mapping: acme.deal
version: 1
extends: salesforce.opportunity
tables: {iso: {Japan: JP}}
fields:
  currency: {default: EUR}
  properties: {fields: {memo: null, po: {from: PO__c}}}
  lines: {fields: {quantity: {from: Seats__c, as: decimal}, description: {expr: "UPPER(Name)"}}}
overrides:
  - environment: sandbox
    when: null
    fields: {stage: null}
    tests: [{name: t, given: {Id: "1", AccountId: a, CloseDate: 2026-01-31}, expect: {lines: []}}]
  - {entity: acme, tables: {iso: null}, fields: {properties: null}}
""",
    "inverse": """\
mapping: acme.product_back
version: 1
inverse_of: salesforce.product
fields: {Code: {from: sku}}
overrides: [{environment: sandbox, fields: {Name: {const: test}}}]
""",
}
MORE: list[Any] = [*ODD, {"null": None}, {"fields": {"x": {}}}, {"environment": "e"}, {"a": {"as": "date"}}]


class Shelf(dict[str, str]):
    def find(self, name: str, _by: Sheet) -> Sheet:
        if name not in self:
            raise NoSheet(f"there is no mapping {name}")
        return Sheet(self[name], name)


TREES = {name: yaml.load(text, Loader=yaml.CBaseLoader) for name, text in {**BASES, **TOPS}.items()}  # noqa: TID251


def spoilt(name: str, data: st.DataObject) -> str:
    at = data.draw(st.sampled_from(places(TREES[name])))
    tree = changed(TREES[name], at, data.draw(st.sampled_from(MORE)))
    text: str = yaml.dump(tree, Dumper=yaml.CSafeDumper, default_style="'", width=60)
    return text


@pytest.mark.parametrize(("way", "base"), [("extends", "salesforce.opportunity"), ("inverse", "salesforce.product")])
@given(data=st.data())
@settings(max_examples=25, deadline=None)
def test_layers_with_any_part_replaced_are_checked_and_never_a_traceback(
    way: str, base: str, data: st.DataObject
) -> None:
    which = data.draw(st.sampled_from([(True, False), (False, True), (True, True)]))
    texts = Shelf(
        {base: spoilt(base, data) if which[0] else BASES[base], "top": spoilt(way, data) if which[1] else TOPS[way]}
    )
    sheet = Sheet(texts["top"], "top")
    findings = check(sheet.text, "top", find=texts.find)
    for finding in findings:
        assert finding.place.line
        assert render(finding, texts[str(finding.place.file)])
    with suppress(BadMapping):
        assert all(str(result) for result in run_suite(sheet, find=texts.find))
    stack = read_stack(sheet, texts.find, PLAIN, Findings())
    if stack is not None and not any(finding.severity == "error" for finding in findings):
        assert written_out(stack)


def test_as_they_stand_both_are_without_findings_and_pass_their_tests() -> None:
    texts = Shelf(BASES)
    for text in TOPS.values():
        results = run_suite(Sheet(text, "top"), find=texts.find)
        assert [str(result) for result in results if not result.passed] == []
        assert results
