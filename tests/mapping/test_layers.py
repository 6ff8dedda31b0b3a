"""A mapping laid over another: single fields change, everything keeps the place where it was written."""

from __future__ import annotations

from typing import Any

import pytest

from billsync.mapping import BadMapping, Mapping, parse, run_tests
from billsync.mapping.check import check
from billsync.mapping.layers import PLAIN, Variant
from billsync.mapping.stack import NoSheet, Sheet
from billsync.strict.yaml import did_you_mean
from tests.mapping.make import apply

BASE = """\
mapping: crm.deal
version: 3
from: crm.Opportunity
to: deal
when: "Stage = 'Won'"
key: Id
tables:
  iso: {Germany: DE, Norway: "NO"}
  sku: {file: products.csv, key: name, value: sku}
fields:
  id: {from: Id}
  name: {expr: "Name & ' / ' & Country"}
  customer: {ref: crm.Account, from: AccountId}
  currency: {from: Currency, default: USD}
  signed_on: {from: CloseDate, as: date}
  properties:
    fields:
      country: {from: Country, lookup: iso, on_miss: keep}
      region: {from: Region}
  lines:
    each: Lines
    key: Id
    fields:
      id: {from: Id}
      product: {from: Product, lookup: sku, on_miss: error}
      quantity: {from: Quantity, as: decimal}
      unit_amount: {from: Price, as: money}
tests:
  - name: a won deal
    given: {Id: "1", Stage: Won, Name: N, AccountId: a, CloseDate: 2026-01-31, Lines: []}
    expect: {currency: USD}
"""

TOP = "mapping: acme.deal\nversion: 1\nextends: crm.deal\n"
RECORD: dict[str, Any] = {
    "Id": "1",
    "Stage": "Won",
    "Name": "N",
    "AccountId": "a",
    "CloseDate": "2026-01-31",
    "Country": "Norway",
    "Region": "EMEA",
    "Lines": [{"Id": "x", "Product": "Seat", "Quantity": "3", "Seats": "4", "Price": "1.005"}],
}


class Shelf:
    """Mappings by name, each with files of its own."""

    def __init__(self, texts: dict[str, str] | None = None) -> None:
        self.texts = {"crm.deal": BASE, **{name.replace("_", "."): text for name, text in (texts or {}).items()}}
        self.files = {"crm.deal": {"products.csv": "name,sku\nSeat,1E5\nOld,0012\n"}}

    def sheet(self, name: str) -> Sheet:
        own = self.files.get(name, {})
        return Sheet(self.texts[name], f"{name}.yaml", lambda file: own[file])

    def find(self, name: str, _by: Sheet) -> Sheet:
        if name not in self.texts:
            raise NoSheet(f"there is no mapping {name}", did_you_mean(name, self.texts))
        return self.sheet(name)

    def parse(self, text: str, variant: Variant = PLAIN) -> Mapping:
        return parse(text, "top.yaml", find=self.find, variant=variant)

    def found(self, text: str) -> list[str]:
        return [str(problem) for problem in check(text, "top.yaml", find=self.find)]


def doc(text: str, variant: Variant = PLAIN, **more: Any) -> dict[str, Any]:
    mapped = apply(Shelf().parse(text, variant), {**RECORD, **more})
    assert mapped.doc is not None, [str(problem) for problem in mapped.problems]
    return mapped.doc


def errors(text: str, **texts: str) -> list[str]:
    with pytest.raises(BadMapping) as caught:
        Shelf(texts).parse(text)
    return [f"{each.place} {each.code} {each.message}" for each in caught.value.problems]


def test_nothing_of_its_own_is_the_same_mapping_under_another_name() -> None:
    text = BASE.replace("mapping: crm.deal", "mapping: acme.deal").replace("version: 3", "version: 1")
    base = Shelf().parse(text.replace("{file: products.csv, key: name, value: sku}", '{Seat: "1E5", Old: "0012"}'))
    mapping = Shelf().parse(TOP)
    assert (mapping.name, mapping.version, mapping.file) == ("acme.deal", 1, "top.yaml")
    assert (mapping.source, mapping.target) == ("crm.Opportunity", "deal")
    assert mapping.digest == base.digest
    assert mapping.tests == ()
    assert apply(mapping, RECORD).doc == apply(base, RECORD).doc


def test_a_field_that_says_where_it_comes_from_replaces_the_one_below() -> None:
    made = doc(TOP + "fields: {currency: {const: EUR}, stage: {from: Stage}}\n")
    assert (made["currency"], made["stage"], str(made["signed_on"])) == ("EUR", "Won", "2026-01-31")


def test_a_field_that_does_not_keeps_what_it_does_not_change() -> None:
    text = TOP + "fields: {properties: {fields: {country: {on_miss: error}}}}\n"
    assert doc(text)["properties"]["country"] == "NO"
    (problem,) = apply(Shelf().parse(text), {**RECORD, "Country": "Atlantis"}).problems
    assert problem.code == "MAP-LOOKUP-02"


def test_fields_deep_inside_are_changed_one_by_one_and_null_removes() -> None:
    made = doc(
        TOP + "fields:\n  properties: {fields: {region: null}}\n"
        "  lines: {fields: {quantity: {from: Seats, as: decimal}, description: {from: Product}}}\n  name: null\n"
    )
    assert made["properties"] == {"country": "NO"}
    assert "name" not in made
    (line,) = made["lines"]
    assert (str(line["quantity"]), line["description"], line["product"]) == ("4", "Seat", "1E5")


def test_tables_are_joined_by_entry_also_over_a_file_which_stays_with_its_layer() -> None:
    made = doc(TOP + 'tables: {sku: {New: "12:30", Old: "7"}, iso: {Norway: "XX"}}\n', Country="Norway")
    assert made["properties"]["country"] == "XX"
    lines = [{"Id": name, "Product": name, "Quantity": "1", "Price": "1"} for name in ("Seat", "New", "Old")]
    made = doc(TOP + 'tables: {sku: {New: "12:30", Old: "7"}}\n', Lines=lines)
    assert [line["product"] for line in made["lines"]] == ["1E5", "12:30", "7"]
    found = errors(TOP + "tables: {sku: {file: products.csv, key: name, value: sku}}\n")
    assert found[0].startswith("top.yaml:4:22 READ-FILE-01 the file 'products.csv' cannot be read")


def test_when_key_and_ends_are_replaced_and_null_takes_the_condition_away() -> None:
    assert apply(Shelf().parse(TOP + "when: \"Stage = 'Lost'\"\n"), RECORD).skipped
    assert doc(TOP + "when: null\n", Stage="Open")["id"] == "1"
    mapped = apply(Shelf().parse(TOP + "key: Name\nfrom: crm.Deal\n"), RECORD)
    assert mapped.key == "N"
    assert Shelf().parse(TOP + "from: crm.Deal\n").source == "crm.Deal"


def test_an_error_stands_in_the_file_that_it_was_made_in() -> None:
    broken = BASE.replace("as: money", "as: mony")
    found = errors(TOP + "fields: {signed_on: {from: C, as: dat}}\n", crm_deal=broken)
    assert [line.split()[0] for line in found] == ["top.yaml:4:35", "crm.deal.yaml:27:38"]


def test_a_field_that_no_document_has_stands_where_the_base_says_it() -> None:
    broken = BASE.replace("  currency: {", "  curency: {from: X}\n  currency: {")
    assert [line.split()[:2] for line in errors(TOP + "fields: {name: {const: x}}\n", crm_deal=broken)] == [
        ["crm.deal.yaml:14:3", "MAP-FIELD-01"]
    ]


def test_a_caret_points_into_the_formula_of_the_file_below() -> None:
    broken = BASE.replace("& Country", "& UPER(Country)")
    assert [line.split()[0] for line in errors(TOP, crm_deal=broken)] == ["crm.deal.yaml:12:32"]


def test_what_the_base_no_longer_has_cannot_be_changed() -> None:
    found = Shelf().found(
        TOP + "fields:\n  signd_on: {as: text}\n  nme: null\n  lines: {fields: {qty: {default: 1}}}\n"
    )
    assert [line.partition(" ")[0] for line in found] == ["top.yaml:5:3:", "top.yaml:6:3:", "top.yaml:7:20:"]
    assert all("MAP-LAYER-02" in line for line in found)
    assert "no layer below has the field 'signd_on', so there is nothing to change" in found[0]
    assert "did you mean 'signed_on'?" in found[0]
    assert "did you mean 'name'?" in found[1]
    (line,) = Shelf().found(TOP + "tables: {isoo: null}\n")
    assert "no layer below has the table 'isoo'" in line


def test_a_mapping_that_is_not_there_is_told_with_the_nearest() -> None:
    (line,) = Shelf().found(TOP.replace("crm.deal", "crm.deel"))
    assert line.startswith("top.yaml:3:10:")
    assert "MAP-LAYER-01" in line
    assert "did you mean 'crm.deal'?" in line


def test_circles_and_towers_are_refused() -> None:
    circle = {"a_a": "mapping: a.a\nversion: 1\nextends: b.b\n", "b_b": "mapping: b.b\nversion: 1\nextends: a.a\n"}
    (line,) = errors(TOP.replace("crm.deal", "a.a"), **circle)
    assert line == "b.b.yaml:3:10 MAP-LAYER-01 mappings extend each other in a circle: a.a.yaml -> b.b.yaml -> a.a.yaml"
    tower = {f"l_{level}": f"mapping: l.{level}\nversion: 1\nextends: l.{level + 1}\n" for level in range(20)}
    (line,) = errors(TOP.replace("crm.deal", "l.0"), **tower)
    assert "MAP-LAYER-01 more than 8 mappings stand on each other" in line
    eight = {f"l_{level}": text for level, text in enumerate(tower.values()) if level < 6}
    eight["l_6"] = BASE.replace("{file: products.csv, key: name, value: sku}", "{Seat: S}")
    assert Shelf(eight).parse(TOP.replace("crm.deal", "l.0")).target == "deal"
    nine = {**eight, "l_-1": "mapping: l\nversion: 1\nextends: l.0\n"}
    (line,) = errors(TOP.replace("crm.deal", "l.-1"), **nine)
    assert "MAP-LAYER-01 more than 8" in line


def test_tests_stay_with_their_file_unless_they_are_asked_for() -> None:
    own = "tests:\n  - {name: mine, given: {Id: '1', Stage: Open}, expect: skip}\n"
    assert [case.name for case in Shelf().parse(TOP + own).tests] == ["mine"]
    both = Shelf().parse(TOP + "inherit_tests: true\n" + own)
    assert [case.name for case in both.tests] == ["a won deal", "mine"]
    assert all(result.passed for result in run_tests(both))
    replaced = Shelf().parse(TOP + "inherit_tests: true\n" + own.replace("mine", "a won deal"))
    assert [case.node.file for case in replaced.tests] == ["top.yaml"]
    (line,) = Shelf().found(
        BASE.replace("tests:", "inherit_tests: true\ntests:").replace(
            "file: products.csv, key: name, value: sku", "Seat: S"
        )
    )
    assert "`inherit_tests` does nothing without `extends`" in line


VARIANTS = (
    TOP
    + """\
overrides:
  - environment: sandbox
    fields: {currency: {const: NOK}, stage: {const: box}}
    tests: [{name: boxed, given: {Id: "1", Stage: Won, AccountId: a, CloseDate: 2026-01-31}, expect: {currency: NOK}}]
  - {entity: acme-gmbh, fields: {currency: {const: EUR}}, tables: {iso: {Norway: XN}}}
  - {environment: sandbox, entity: acme-gmbh, when: null, key: Name, fields: {properties: null}}
"""
)


def test_overrides_apply_where_environment_and_entity_both_match() -> None:
    assert doc(VARIANTS)["currency"] == "USD"
    assert doc(VARIANTS, Variant("sandbox"))["currency"] == "NOK"
    assert doc(VARIANTS, Variant("live"))["currency"] == "USD"
    german = doc(VARIANTS, Variant("", "acme-gmbh"))
    assert (german["currency"], german["properties"]["country"]) == ("EUR", "XN")
    both = doc(VARIANTS, Variant("sandbox", "acme-gmbh"), Stage="Open")
    assert (both["currency"], both["stage"], "properties" in both) == ("EUR", "box", False)
    digests = {Shelf().parse(VARIANTS, Variant(a, b)).digest for a in ("", "sandbox") for b in ("", "acme-gmbh")}
    assert len(digests) == 4


def test_the_tests_of_an_override_are_for_its_variant() -> None:
    assert Shelf().parse(VARIANTS).tests == ()
    (case,) = Shelf().parse(VARIANTS, Variant("sandbox")).tests
    assert case.name == "boxed"
    both = VARIANTS + "tests: [{name: plain, given: {Id: '1', Stage: Open}, expect: skip}]\n"
    assert [case.name for case in Shelf().parse(both).tests] == ["plain"]
    assert [case.name for case in Shelf().parse(both, Variant("sandbox")).tests] == ["boxed"]
    assert Shelf().parse(VARIANTS, Variant("sandbox", "acme-gmbh")).tests == ()


def test_every_combination_is_checked_and_a_finding_is_told_once() -> None:
    (line,) = Shelf().found(VARIANTS.replace("fields: {properties: null}", "fields: {properties: null, nme: null}"))
    assert "MAP-LAYER-02" in line
    assert "'nme'" in line
    found = Shelf().found(VARIANTS.replace("{const: NOK}", "{cnst: NOK, const: X}"))
    assert [line.partition(":")[0] for line in found] == ["top.yaml"]
    assert "has no key 'cnst'" in found[0]


def test_an_override_of_a_file_below_holds_below_what_stands_above() -> None:
    shelf = Shelf({"mid.deal": VARIANTS.replace("acme.deal", "mid.deal")})
    top = TOP.replace("crm.deal", "mid.deal") + "fields: {currency: {const: CHF}}\n"
    made = apply(shelf.parse(top, Variant("sandbox")), RECORD).doc
    assert made is not None
    assert (made["currency"], made["stage"]) == ("CHF", "box")


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ("overrides: {a: b}\n", "a list of overrides"),
        ("overrides: [a]\n", "an override: {environment, entity, fields ...}"),
        ("overrides: [{fields: {}}]\n", "needs the key 'environment' or 'entity'"),
        ("overrides: [{environment: [a], fields: {}}]\n", "the name of an environment"),
        ("overrides: [{enviroment: a, entity: b}]\n", "has no key 'enviroment'"),
        ("inherit_tests: perhaps\n", "expected true or false"),
        ("extend: x\n", "has no key 'extend'"),
        ("tables: [a]\n", "tables by name"),
        ("fields: [a]\n", "fields, such as"),
    ],
)
def test_what_is_no_layer_is_told(more: str, told: str) -> None:
    (line,) = Shelf().found(TOP + more)
    assert told in line


def test_too_many_combinations_are_refused() -> None:
    names = [f"{{environment: e{index}, entity: n{index}, when: null}}" for index in range(9)]
    found = Shelf().found(TOP + f"overrides: [{', '.join(names)}]\n")
    assert any("100 combinations of environment and entity: 64 are the limit" in line for line in found)
