"""A mapping file: every error at once, each at its place; what is known of it before the first record."""

from __future__ import annotations

import pytest

from billsync.connector import FieldInfo, Schema
from billsync.mapping import BadMapping, check, dependency_order, parse
from tests.mapping.make import PRODUCT, found, mapping, product

OPPORTUNITY = """\
mapping: salesforce.opportunity
version: 3
from: salesforce.Opportunity
to: deal
when: "StageName = 'Closed Won'"
key: Id
tables:
  sku: {file: lookups/products.csv, key: crm_name, value: sku}
fields:
  id: {from: Id, owner: crm, create_only: true}
  customer: {ref: salesforce.Account, from: AccountId}
  currency: {from: CurrencyIsoCode, default: USD}
  signed_on: {from: CloseDate, as: date}
  name: {expr: "Name & ' / ' & TEXT(signed_on, 'YYYY-MM')"}
  lines:
    each: OpportunityLineItems.records
    key: Id
    fields:
      id: {from: Id}
      product: {from: Product2.ProductCode, lookup: sku, on_miss: error}
      quantity: {from: Quantity, as: decimal}
      unit_amount: {expr: "MONEY(UnitPrice, $.CurrencyIsoCode)"}
"""
FILES = {"lookups/products.csv": "crm_name,sku\r\nGTX Pro,P-1\r\n"}


def test_what_is_known_of_a_mapping_before_the_first_record() -> None:
    made = mapping(OPPORTUNITY, FILES.__getitem__)
    assert (made.name, made.version, made.direction) == ("salesforce.opportunity", 3, "inbound")
    assert (made.source_system, made.source_object, made.target_system, made.target_object) == (
        "salesforce", "Opportunity", "", "deal",
    )  # fmt: skip
    assert made.refs == ("salesforce.Account",)
    assert made.source_fields == (
        "AccountId", "CloseDate", "CurrencyIsoCode", "Id", "Name", "OpportunityLineItems.records",
        "OpportunityLineItems.records.Id", "OpportunityLineItems.records.Product2.ProductCode",
        "OpportunityLineItems.records.Quantity", "OpportunityLineItems.records.UnitPrice", "StageName",
    )  # fmt: skip
    facts = {known.target: known for known in made.fields}
    assert (facts["id"].owner, facts["id"].create_only, facts["id"].rule) == ("crm", True, "from")
    assert facts["lines.unit_amount"].sources == ("OpportunityLineItems.records.UnitPrice", "CurrencyIsoCode")
    assert facts["lines.product"].place.line == 20


def test_the_digest_is_of_what_the_mapping_does() -> None:
    digest = mapping(OPPORTUNITY, FILES.__getitem__).digest
    tests = "tests:\n  - {name: t, given: {Id: 1}, expect: skip}\n"
    commented = "# a comment\n" + OPPORTUNITY.replace("Quantity, as: decimal", "Quantity,  as: 'decimal'") + tests
    assert mapping(commented, FILES.__getitem__).digest == digest
    assert mapping(OPPORTUNITY.replace("USD", "EUR"), FILES.__getitem__).digest != digest
    other = {"lookups/products.csv": FILES["lookups/products.csv"].replace("P-1", "P-2")}
    assert mapping(OPPORTUNITY, other.__getitem__).digest != digest


def test_every_error_of_a_file_is_told_with_its_place_and_the_nearest_name() -> None:
    text = """\
mapping: m
version: 0
from: crm.Item
to: product
key: Id
whenn: x
tables:
  iso: {Germany: DE}
  unused: {a: b}
fields:
  id: {from: Id, lookup: izo}
  nmae: {from: Name}
  family: {from: Series, as: txt, on_mis: keep}
  unit: {from: a..b}
  sku: {expr: "LEFT(Sku 3)"}
  description: {const: a, from: b}
  tax_code: {from: X, lookup: iso, default: NT, on_miss: defalt}
  list_price: {from: Price, format: "1,234.56"}
  list_currency: plain text
"""
    findings = check(text, "m.yaml")
    told = [f"{each.code} {each.place.line}:{each.place.column}" for each in findings]
    assert told == [
        "YAML-VALUE-01 2:10",
        "YAML-KEY-02 6:1",
        "MAP-TABLE-03 9:3",
        "MAP-FIELD-02 11:3",
        "MAP-TABLE-01 11:26",
        "MAP-FIELD-01 12:3",
        "YAML-VALUE-01 13:30",
        "YAML-KEY-02 13:35",
        "YAML-VALUE-01 14:16",
        "MAP-FORMULA-01 15:25",
        "MAP-FIELD-03 16:16",
        "YAML-VALUE-01 17:58",
        "MAP-FIELD-03 18:29",
        "YAML-VALUE-01 19:18",
    ]
    hints = {each.place.line: each.hint for each in findings}
    assert hints[6] == "did you mean 'when'?"
    assert hints[12] == "did you mean 'name'?"
    assert hints[17] == "did you mean 'default'?"
    assert hints[19] == "write {from: plain text}, or {const: plain text} for a fixed value"
    with pytest.raises(BadMapping) as caught:
        parse(text, "m.yaml")
    assert len(caught.value.problems) == len(told) - 1  # the unused table is a warning


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ("{const: a, default: b}", "`default` does nothing beside `const`"),
        ("{from: X, on_miss: keep}", "there is no"),
        ("{from: X, format: YYYY}", "there is no `as`"),
        ("{from: X, as: bool, format: YYYY}", "`as: bool` takes no format"),
        ("{from: X, as: date, format: MM.YYYY}", "needs a year (YYYY), a month (MM) and a day (DD)"),
        ("{from: X, as: date, format: 'DD.MM.YYYY hh:mm'}", "parts of a time"),
        ("{from: X, as: decimal, format: '1234'}", "unknown number format '1234'"),
        ("{from: X, lookup: t, on_miss: default}", "`on_miss: default` needs a `default`"),
        ("{from: X, ref: Account}", "expected the source's object as system.object"),
        ("{from: X, ref: crm.A, as: text}", "it takes no `as`"),
        ("{from: X, ref: crm.A, default: a}", "nobody's id"),
        ("{from: X, as: money, default: '1,5'}", "expected a number such as 1234.50"),
        ("{default: a}", "it has none"),
        ("{each: X, fields: {a: {from: b}}}", "is a single value: `each` does not make one"),
        ("{fields: {a: {from: b}}}", "is a single value: `fields` does not make one"),
        ("{from: X, direction: sideways}", "expected one of inbound, outbound, both"),
        ("{from: X, create_only: maybe}", "expected true or false"),
        ("{case: []}", "expected a list of {when, then}"),
        ("{case: [{when: 'TRUE'}]}", "needs the key 'then'"),
        ("{from: X, when: \"'a'\"}", "`when` must be TRUE or FALSE, this is text"),
        ("{from: [a]}", "expected text, got a list"),
    ],
)
def test_keys_that_do_not_fit_are_refused(rule: str, message: str) -> None:
    (told,) = check(product(f"description: {rule}", top="tables: {t: {a: b}}\n"), "m.yaml")[-1:]
    if told.severity == "warning":  # the table of the harness, unused by this rule
        (told,) = check(product(f"description: {rule}"), "m.yaml")
    assert message in told.message
    assert told.place.line is not None


@pytest.mark.parametrize(
    ("ends", "hint"),
    [
        ("from: crm.Item\nto: prodct", "did you mean 'product'?"),
        ("from: crm.Item\nto: invoice", "known here: contract, customer, deal, payment, product"),
        ("from: crm.Item\nto: erp.item", "canonical documents:"),
        ("from: custmer\nto: erp.party", "did you mean 'customer'?"),
        ("from: customer\nto: deal", "name the system of one of them"),
    ],
)
def test_a_mapping_has_one_canonical_end(ends: str, hint: str) -> None:
    told = check(f"mapping: m\nversion: 1\n{ends}\nkey: Id\nfields: {{id: {{from: Id}}}}\n", "m.yaml")
    assert [each.code for each in told] == ["MAP-NAME-01"]
    assert hint in told[0].hint


def test_what_the_document_needs_and_nothing_writes_is_told_for_nested_objects_too() -> None:
    text = OPPORTUNITY.replace("      quantity: {from: Quantity, as: decimal}\n", "")
    (told,) = check(text, "m.yaml", read_file=FILES.__getitem__)
    assert (told.code, "lines.quantity" in told.message) == ("MAP-FIELD-02", True)


def test_a_list_of_the_document_is_written_with_each() -> None:
    text = OPPORTUNITY.replace("each: OpportunityLineItems.records\n    key: Id\n    ", "")
    told = [each.message for each in check(text, "m.yaml", read_file=FILES.__getitem__)]
    assert any("lines is a list: `fields` does not make one" in message for message in told)


def test_arms_that_are_never_reached_and_conditions_that_never_change_are_warned_of() -> None:
    text = product(
        "description:", "  case:", "    - {when: \"A = 'x'\", then: a}", "    - {when: \"A = 'x'\", then: b}",
        "    - {else: c}", "    - {when: \"B = 'x'\", then: d}", "    - {when: \"1 < 2\", then: e}",
    )  # fmt: skip
    assert found(text) == ["MAP-CASE-01 12:9", "MAP-CASE-01 14:9", "MAP-CASE-01 15:9", "MAP-CASE-01 15:17"]
    assert parse(text, "m.yaml").warnings


def test_formulas_that_need_each_other_are_refused() -> None:
    text = product("unit: {expr: \"sku & 'x'\"}", "sku: {expr: \"unit & 'y'\"}")
    (told,) = check(text, "m.yaml")
    assert told.code == "MAP-CYCLE-01"
    assert "unit" in told.message
    assert "sku" in told.message
    assert check(product('unit: {expr: "$.sku"}', 'sku: {expr: "$.unit"}'), "m.yaml") == []


def test_outbound_names_are_checked_against_our_own_documents() -> None:
    text = (
        "mapping: m\nversion: 1\nfrom: invoice\nto: erp.invoice\nkey: id\nfields:\n"
        "  a: {from: nmber}\n  b: {expr: \"TEXT(window.strat)\"}\n"
        "  c: {each: lines, fields: {d: {from: prodct}, e: {expr: \"$.number & why.inputs.anything\"}}}\n"
    )  # fmt: skip
    told = check(text, "m.yaml")
    assert [(each.code, each.place.line, each.place.column, each.hint) for each in told] == [
        ("MAP-FIELD-01", 7, 13, "did you mean 'number'?"),
        ("MAP-FIELD-01", 8, 19, "did you mean 'start'?"),
        ("MAP-FIELD-01", 9, 39, "did you mean 'product'?"),
    ]


def test_source_fields_are_checked_against_a_schema() -> None:
    names = ("Id", "AccountId", "CurrencyIsoCode", "CloseDate", "StageName", "OpportunityLineItems", "Nam", "signed_on")
    fields = tuple(FieldInfo(name=name) for name in names)
    schema = Schema(object="Opportunity", fields=fields)
    told = check(OPPORTUNITY, "m.yaml", read_file=FILES.__getitem__, source=schema)
    assert [(each.code, each.severity, each.hint) for each in told] == [
        ("MAP-FIELD-01", "error", "did you mean 'Nam'?"),
        ("MAP-FIELD-04", "warning", "write $.signed_on for the record's own"),
    ]
    ajar = Schema(object="Opportunity", fields=fields, open=True)
    assert [each.code for each in check(OPPORTUNITY, "m.yaml", read_file=FILES.__getitem__, source=ajar)] == [
        "MAP-FIELD-04"
    ]


# ---------------------------------------------------------------- table files


@pytest.mark.parametrize(
    ("content", "code", "where", "message"),
    [
        (None, "READ-FILE-01", "m.yaml:8:15", "cannot be read"),
        ("", "MAP-TABLE-02", "m.yaml:8:42", "has no column 'crm_name'"),
        ("crm_nam,sku\n", "MAP-TABLE-02", "m.yaml:8:42", "has no column 'crm_name'"),
        ("crm_name,sku\na\n", "MAP-TABLE-02", "lookups/products.csv:2", "too few"),
        ("crm_name,sku\na,1\nb,2\na,3\n", "MAP-TABLE-02", "lookups/products.csv:4", "stands twice"),
        ('crm_name,sku\n"a,1\n', "MAP-TABLE-02", "lookups/products.csv:2", "not valid CSV"),
    ],
)
def test_a_table_file_that_cannot_be_used_is_told(content: str | None, code: str, where: str, message: str) -> None:
    def read(name: str) -> str:
        if content is None:
            raise FileNotFoundError(2, "No such file", name)
        return content

    told = [each for each in check(OPPORTUNITY, "m.yaml", read_file=read) if each.code == code]
    assert [str(each.place) for each in told] == [where]
    assert message in told[0].message


def test_a_table_file_is_read_as_people_write_it() -> None:
    content = '\ufeffsku;x,crm_name,sku\n1,"GTX, Pro",P-1\n\n2,GTX Basic,0012\n'
    made = mapping(OPPORTUNITY, lambda _name: content)
    assert made.source_object == "Opportunity"


@pytest.mark.parametrize("text", ["", "[]", "a: b: c", "x", "mapping: m", "fields: 1", "\x00", "mapping: [1"])
def test_a_file_that_is_no_mapping_is_told(text: str) -> None:
    findings = check(text, "m.yaml")
    assert findings
    assert all(each.place.file == "m.yaml" for each in findings)
    with pytest.raises(BadMapping):
        parse(text, "m.yaml")


# ---------------------------------------------------------------- order


def between(name: str, source: str, target: str, ref: str = "") -> str:
    rule = f"{{ref: {ref}, from: x}}" if ref else "{from: x}"
    key, field = ("id", "a") if "." in target else ("Id", "parent")
    top = f"mapping: {name}\nversion: 1\nfrom: {source}\nto: {target}\nkey: {key}\n"
    rest = "" if "." in target else "  id: {from: x}\n  name: {from: x}\n"
    return f"{top}fields:\n{rest}  {field}: {rule}\n".replace("from: x", "from: id" if "." in target else "from: x")


def test_mappings_come_after_what_they_refer_to_and_circles_are_told() -> None:
    a, b = (mapping(between(name, f"crm.{name}", "customer", ref)) for name, ref in (("a", "crm.b"), ("b", "crm.b")))
    assert [each.name for each in dependency_order([a, b])] == ["b", "a"]
    out = mapping(between("out", "customer", "erp.party", "customer"))
    assert [each.name for each in dependency_order([out, a, b])] == ["out", "b", "a"]
    circle = mapping(between("b", "crm.b", "customer", "crm.a"))
    with pytest.raises(BadMapping, match=r"a -> b|b -> a"):
        dependency_order([a, circle])


def test_a_field_for_the_other_direction_only_is_not_written() -> None:
    made = mapping(PRODUCT + "fields:\n  id: {from: Id}\n  name: {from: N}\n  sku: {from: S, direction: outbound}\n")
    assert [known.target for known in made.fields] == ["id", "name", "sku"]
    assert made._block.names == ("id", "name")


def test_two_mappings_of_one_object_do_not_wait_for_each_other() -> None:
    a, b = (mapping(between(name, "crm.a", "customer", "crm.a")) for name in ("a", "b"))
    assert [each.name for each in dependency_order([a, b])] == ["a", "b"]


def test_what_is_wrong_with_the_yaml_hides_no_other_error() -> None:
    text = product("description: {expr: 'UPER(a)'}", "name: {from: a, from: b}") + "  more: !!int 5\n"
    codes = [problem.code for problem in check(text, "m.yaml")]
    assert {"YAML-KEY-01", "YAML-VALUE-01", "MAP-FORMULA-02"} <= set(codes)


@pytest.mark.parametrize(
    ("rule", "says"), [("{from: a, owner: erpp}", "did you mean 'erp'"), ("{from: null}", "got nothing")]
)
def test_an_owner_is_one_of_three_and_nothing_is_no_field(rule: str, says: str) -> None:
    (problem,) = check(product(f"description: {rule}"), "m.yaml")
    assert (problem.code, problem.place.line) == ("YAML-VALUE-01", 9)
    assert says in problem.message
