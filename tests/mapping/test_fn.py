"""`fn:` calls a typed function of a package: it takes formulas, and its faults are the record's problems."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from billsync.connector import Record
from billsync.mapping import Mapped, Mapping, check, native, parse
from billsync.mapping.check import examine
from billsync.mapping.native import native_of
from billsync.model.problem import Place
from tests.mapping.make import itself, product


@native("acme.code", "The tax code of a sale.", ({"country": "DE"}, "NT"), ({"country": "DE", "vat_id": "1"}, "RC"))
def code(country: str, vat_id: str | None = None) -> str:
    if country == "XX":
        raise LookupError("no such country")
    return "RC" if vat_id else "NT"


@native("acme.share", "A part of an amount.", ({"amount": Decimal(10), "part": Decimal("0.5")}, Decimal(5)))
def share(amount: Decimal, part: Decimal) -> Decimal:
    return amount * part


NATIVES = {each.name: each for each in (native_of(code), native_of(share))}


def made(rule: str, *more: str) -> Mapping:
    return parse(product(f"description: {rule}", *more), "m.yaml", natives=NATIVES)


def applied(mapping: Mapping, data: dict[str, Any]) -> Mapped:
    record = Record("Item", "R1", {"Id": "1", **data}, Place(system="crm", object="Item", id="R1"))
    slow, fast = mapping.explain(record, itself), mapping.apply_fast(record.data, itself)
    assert fast is None if slow.problems else fast == slow
    return slow


@pytest.mark.parametrize(
    ("rule", "data", "wanted"),
    [
        ("{fn: acme.code, with: {country: Country, vat_id: Vat}}", {"Country": "DE", "Vat": "1"}, "RC"),
        ("{fn: acme.code, with: {country: Country, vat_id: Vat}}", {"Country": "DE", "Vat": " "}, "NT"),
        ("{fn: acme.code, with: {country: Country}}", {"Country": "DE"}, "NT"),
        ("{fn: acme.code, with: {country: \"LEFT(UPPER(Country), 2)\", vat_id: \"'x'\"}}", {"Country": "deu"}, "RC"),
        ("{fn: acme.share, with: {amount: 2 * VALUE(Total), part: 0.5}, as: text}", {"Total": "1.005"}, "1.0050"),
        ("{fn: acme.code, with: {country: name}}", {}, "NT"),
    ],
)  # fmt: skip
def test_a_function_gives_the_field(rule: str, data: dict[str, Any], wanted: str) -> None:
    doc = applied(made(rule), data).doc
    assert doc is not None
    assert doc["description"] == wanted


def test_in_each_line_it_takes_the_line() -> None:
    text = (
        "mapping: m\nversion: 1\nfrom: deal\nto: x.y\nkey: id\nfields:\n"
        "  lines: {each: lines, fields: {half: {fn: acme.share, with: {amount: unit_amount, part: 0.5}}}}\n"
    )
    lines = [{"unit_amount": Decimal("2.50")}, {"unit_amount": Decimal(1)}]
    mapped = parse(text, "m.yaml", natives=NATIVES).apply_fast({"id": "1", "lines": lines}, itself)
    assert mapped is not None
    assert mapped.doc == {"lines": [{"half": Decimal("1.250")}, {"half": Decimal("0.5")}]}


@pytest.mark.parametrize(
    ("rule", "code", "column", "says"),
    [
        ("{fn: acme.cod, with: {country: A}}", "MAP-FN-01", 21, "did you mean 'acme.code'"),
        ("{fn: acme.code, with: {country: A, land: B}}", "MAP-FN-01", 51, "land"),
        ("{fn: acme.code}", "MAP-FN-01", 16, "needs country"),
        ("{fn: acme.code, with: [A]}", "YAML-VALUE-01", 38, "what each parameter is"),
        ("{fn: [x], with: {country: A}}", "YAML-VALUE-01", 21, "expected text"),
        ("{fn: acme.share, with: {amount: \"'a'\", part: 1}}", "MAP-FORMULA-03", 48, "amount is a number"),
        ("{fn: acme.code, with: {country: \"UPER(A)\"}}", "MAP-FORMULA-02", 49, "UPPER"),
        ("{fn: acme.code, from: A, with: {country: A}}", "MAP-FIELD-03", 16, "exactly one"),
        ("{from: A, with: {country: A}}", "MAP-FIELD-03", 26, "`with` does nothing beside `from`"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_known_before_the_first_record(rule: str, code: str, column: int, says: str) -> None:
    _, found = examine(product(f"description: {rule}"), "m.yaml", natives=NATIVES)
    assert [(each.code, each.place.column) for each in found] == [(code, column)]
    assert says in f"{found[0].message} {found[0].hint}"


@pytest.mark.parametrize(
    ("data", "says"),
    [({"Country": "XX"}, "no such country"), ({"Country": 7}, "expected text")],
)
def test_what_a_function_cannot_do_is_a_problem_of_the_record_with_its_place(data: dict[str, Any], says: str) -> None:
    (problem,) = applied(made("{fn: acme.code, with: {country: Country}}"), data).problems
    assert problem.code in {"MAP-FN-02", "MAP-VALUE-02"}
    assert says in problem.message
    assert (problem.place.id, problem.place.field) == ("R1", "description")
    assert "m.yaml:9:21" in problem.hint


def test_without_the_package_the_mapping_says_what_is_missing() -> None:
    found = check(product("description: {fn: acme.code, with: {country: A}}"), "m.yaml")
    assert [each.code for each in found] == ["MAP-FN-01"]
    assert "install the package" in found[0].hint
