"""The tests beside a mapping: what passes, and how a difference is shown."""

from __future__ import annotations

from billsync.mapping import CaseResult, run_tests
from tests.mapping.make import mapping

DEAL = """\
mapping: crm.opp
version: 1
from: crm.Opp
to: deal
when: "Stage = 'Won'"
key: Id
fields:
  id: {from: Id}
  customer: {ref: crm.Account, from: Account}
  currency: {const: USD}
  signed_on: {from: Close, as: date}
  lines: {each: Lines, fields: {id: {from: n}, product: {from: p}, quantity: {const: "1"}, unit_amount: {from: a}}}
tests:
  - name: the one test
"""
GIVEN = "    given: {Id: o1, Stage: Won, Account: a1, Close: 2026-01-31, Lines: [{n: x, p: SEAT, a: '10.00'}]}\n"


def run(rest: str, given: str = GIVEN, files: dict[str, str] | None = None) -> CaseResult:
    text = DEAL + given + "".join(f"    {line}\n" for line in rest.splitlines())
    read = (files or {}).__getitem__
    (result,) = run_tests(mapping(text, read), read_file=read)
    return result


def test_the_part_that_matters_is_compared_numbers_as_numbers() -> None:
    assert run("expect: {currency: USD, ends_on: null, lines: [{product: SEAT, unit_amount: '10'}]}").passed
    assert run("expect: {customer: ours}\nrefs: {crm.Account: {a1: ours}}").passed
    assert run("expect_problem: MAP-REF-01\nrefs: {crm.Account: {}}").passed
    assert run("expect: skip", GIVEN.replace("Won", "Lost")).passed


def test_a_difference_is_shown_with_what_came_instead() -> None:
    result = run(
        "expect: {currency: EUR, nam: x, lines: [{product: SEAT, unit_amount: '10.01'}], signed_on: 2026-02-01}"
    )
    assert str(result).splitlines() == [
        "FAIL the one test  (m.yaml:14:5)",
        "       currency: expected 'EUR', got 'USD'",
        "       nam: expected 'x', got nothing",
        "       lines[0].unit_amount: expected '10.01', got '10.00'",
        "       signed_on: expected '2026-02-01', got '2026-01-31'",
    ]
    assert run("expect: {lines: []}").differences == ("lines: expected 0 entries, got 1 entries",)
    assert run("expect: {lines: {a: b}}").differences == ("lines: expected an object, got 1 entries",)
    assert run("expect: skip").differences == ("expected that the record is skipped, but a document was made",)
    lost = run("expect: {id: o1}", GIVEN.replace("Won", "Lost"))
    assert lost.differences == ("expected a document, but `when` is false: the record is skipped",)


def test_a_problem_has_to_be_expected_and_an_expected_one_has_to_come() -> None:
    bad = GIVEN.replace("2026-01-31", "tomorrow")
    assert "a problem that was not expected" in run("expect: {id: o1}", bad).differences[0]
    assert run("expect_problem: MAP-VALUE-01", bad).passed
    assert not run("expect_problem: MAP-VALUE-01").passed
    assert not run("expect_problem: [MAP-VALUE-01, MAP-REF-01]", bad).passed
    assert not run("expect_problem: MAP-VALUE-01\nrefs: {crm.Account: {}}", bad).passed


def test_a_record_may_stand_in_a_file() -> None:
    record = (
        '{"Id": "o1", "Stage": "Won", "Account": "a1", "Close": "2026-01-31", "Lines": {"n": "1", "p": "S", "a": 0.1}}'
    )
    given = "    given: opp.json\n"
    assert run("expect: {lines: [{unit_amount: '0.1'}]}", given, {"opp.json": record}).passed
    for files, why in (({}, "cannot be read"), ({"opp.json": "{"}, "opp.json:1:2"), ({"opp.json": "[]"}, "one record")):
        result = run("expect: {id: o1}", given, files)
        assert not result.passed
        assert why in result.differences[0]


def test_a_document_that_is_given_has_to_be_a_valid_one() -> None:
    text = "mapping: m\nversion: 1\nfrom: customer\nto: erp.p\nkey: id\nfields: {a: {from: name}}\ntests:\n"
    text += "  - {name: t, given: {id: c, nme: Acme}, expect: {a: Acme}}\n"
    (result,) = run_tests(mapping(text))
    assert not result.passed
    assert "the given customer is not valid: name: field required" in result.differences[0]
