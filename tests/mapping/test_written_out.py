"""`mapping show`: the layers as one mapping, which is a mapping again, and beside each line the file that says so."""

from __future__ import annotations

from pathlib import Path

import pytest

from billsync.mapping import parse
from billsync.mapping.layers import PLAIN, Variant
from billsync.mapping.problems import Findings
from billsync.mapping.stack import Sheet, Stack, read_stack
from billsync.mapping.tools.written_out import Line, written_out
from billsync.shelf import finder, sheet_of
from tests.cli.place import Place

ROOT = Path(__file__).parents[2]
SHIPPED = sorted(str(file.relative_to(ROOT)) for file in (ROOT / "mappings").rglob("*.yaml"))
TOP = """\
mapping: acme.deal
version: 2
extends: salesforce.opportunity
tables: {iso: {Japan: JP, Null Island: "null", "1": "12:30", yes: "no # comment", Nowhere: null}}
fields:
  currency: {const: EUR}
  owner: {const: "null"}
  properties: {fields: {memo: null, "p.o": {from: "`PO.Number`"}}}
  lines: {fields: {quantity: {from: Seats__c, as: decimal}}}
overrides:
  - {environment: sandbox, when: "StageName = 'Test'"}
"""


def stack_of(sheet: Sheet, variant: Variant = PLAIN) -> Stack:
    stack = read_stack(sheet, finder(ROOT), variant, findings := Findings())
    assert stack is not None
    assert findings.problems == []
    return stack


def lines_of(text: str) -> list[Line]:
    return written_out(stack_of(Sheet(text, "top.yaml")))


@pytest.mark.parametrize("name", [*SHIPPED, "top.yaml"])
def test_what_is_written_out_means_the_same(name: str) -> None:
    sheet = Sheet(TOP, name) if name == "top.yaml" else sheet_of(name, ROOT)
    text = "\n".join(f"{line.text}  # {line.note}" for line in written_out(stack_of(sheet)))
    first = parse(sheet.text, sheet.file, read_file=sheet.read_file, find=finder(ROOT))
    again = parse(text, "again.yaml")
    assert again.digest == first.digest
    assert [facts.target for facts in again.fields] == [facts.target for facts in first.fields]


def test_each_line_names_the_layer_that_says_so() -> None:
    notes = {line.text.strip().partition(":")[0]: line.note for line in lines_of(TOP) if line.place}
    assert notes["version"] == "top.yaml:2"
    assert notes["from"] == "mappings/salesforce/opportunity.yaml:5"
    assert notes["currency"] == "top.yaml:6; does not lead back: a fixed value: nothing of the record"
    assert notes["quantity"] == "top.yaml:9"
    assert notes["each"] == notes["lines"].replace("top.yaml:9", "mappings/salesforce/opportunity.yaml:26")
    assert "memo" not in notes


def test_the_command_shows_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    place = Place(tmp_path, capsys, monkeypatch)
    place.write("top.yaml", TOP)
    said = place.billsync("mapping", "show", "top.yaml")
    assert said.code == 0
    assert "# top.yaml:6; does not lead back: a fixed value: nothing of the record" in said.out
    assert "StageName = 'Closed Won'" in said.out
    assert "StageName = 'Test'" in place.billsync("mapping", "show", "top.yaml", "--environment", "sandbox").out
    lines = place.billsync("mapping", "show", "salesforce.product", "--format", "json").json
    assert [line["leads_back"] for line in lines if line["field"] == "sku"] == [True]


CONFIG = """\
environment: sandbox
connections: {crm: {connector: files, folder: crm}}
pipelines: {billing: {source: crm, entity: acme-gmbh, mappings: {inbound: [top.yaml]}}}
"""


def test_the_command_shows_a_mapping_as_its_pipeline_reads_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    place = Place(tmp_path, capsys, monkeypatch)
    place.write("top.yaml", TOP)
    place.write("billsync.yaml", CONFIG)
    said = place.billsync("mapping", "show", "acme.deal")
    assert "StageName = 'Test'" in said.out
    assert said.err.strip() == "for environment sandbox, entity acme-gmbh"
    assert "StageName = 'Closed Won'" in place.billsync("mapping", "show", "acme.deal", "--environment", "live").out


def test_a_mapping_with_errors_is_not_shown_but_its_errors_are(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    place = Place(tmp_path, capsys, monkeypatch)
    place.write("top.yaml", TOP.replace("extends: salesforce.opportunity", "extends: salesforce.oportunity"))
    said = place.billsync("mapping", "show", "top.yaml")
    assert (said.code, said.out) == (2, "")
    assert "top.yaml:3:10: error MAP-LAYER-01" in said.err
    assert "did you mean 'salesforce.opportunity'?" in said.err
    assert place.billsync("mapping", "show", "nothing.such").code == 2
