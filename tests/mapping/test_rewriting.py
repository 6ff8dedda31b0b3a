"""`--update` writes what came where something else was expected, and not a byte elsewhere."""

from __future__ import annotations

import json as plain_json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from billsync.mapping import parse, run_tests
from billsync.mapping.tools.rewriting import Rewritten, golden_text, rewrite
from billsync.strict import json

HEAD = """\
# who owns this: RevOps
mapping: crm.opp
version: 1
from: crm.Opp
to: deal
when: "Stage = 'Won'"
key: Id
fields:
  id: {from: Id}
  name: {from: Name}
  customer: {ref: crm.Account, from: Account}
  currency: {const: USD}
  signed_on: {from: Close, as: date}
  lines: {each: Lines, fields: {id: {from: n}, product: {from: p}, quantity: {const: "1"}, unit_amount: {from: a}}}
tests:
  - name: the one test      # kept
"""
GIVEN = (
    "    given: {Id: o1, Stage: Won, Name: Deal 1, Account: a1, Close: 2026-01-31,\n"
    "            Lines: [{n: x, p: SEAT, a: '10.00'}, {n: y, p: SETUP, a: '5'}]}\n"
)


def update(rest: str, given: str = GIVEN, head: str = HEAD, files: dict[str, str] | None = None) -> Rewritten:
    text = head + given + rest
    read = (files or {}).__getitem__
    mapping = parse(text, "m.yaml", read_file=read)
    made = rewrite(text, "m.yaml", run_tests(mapping, read_file=read))
    if not made.left and not files:
        again = parse(made.text, "m.yaml")
        assert [str(result) for result in run_tests(again) if not result.passed] == []
        assert again.digest == mapping.digest
    return made


def rest(made: Rewritten, given: str = GIVEN, head: str = HEAD) -> str:
    assert made.text.startswith(head + given)
    return made.text[len(head + given) :]


def test_nothing_to_change_is_the_very_same_text() -> None:
    good = "    expect: {id: o1,   currency: 'USD'}   # odd blanks\n\n\n"
    assert update(good) == Rewritten(HEAD + GIVEN + good, (), {})


def test_a_value_changes_in_its_place_in_its_own_quotes() -> None:
    made = update("    expect: {id: \"o2\", currency: 'EUR', name: Deal 2, signed_on: 2026-02-01}   # why\n")
    assert rest(made) == "    expect: {id: \"o1\", currency: 'USD', name: Deal 1, signed_on: 2026-01-31}   # why\n"
    assert made.updated == ("the one test",)


def test_block_style_keeps_its_comments_and_its_order() -> None:
    before = """\
    expect:
      # the customer's own
      currency: EUR     # always dollars
      lines:
        - {product: SEAT, unit_amount: "11"}   # the seats
        - product: SETUP
          unit_amount: 6
      id: o1
"""
    assert rest(update(before)) == before.replace("EUR", "USD").replace('"11"', '"10.00"').replace(": 6", ": 5")


def test_a_list_of_another_length_is_written_again_with_the_fields_that_were_asked_for() -> None:
    flow = rest(update("    expect: {lines: [{product: SEAT}], id: o1}\n"))
    assert flow == "    expect: {lines: [{product: SEAT}, {product: SETUP}], id: o1}\n"
    block = rest(update("    expect:\n      lines:\n      - product: SEAT   # one\n      id: o1\n"))
    assert (
        block == "    expect:\n      lines:\n      - {product: SEAT}\n      - {product: SETUP}   # one\n      id: o1\n"
    )


def test_text_that_means_something_else_without_quotes_gets_them() -> None:
    for name in ("null", "a: b", "# x", "yes, [no]", "it's", " blank ", "{", "a\tb", "&x", "*y", "- z", "~"):
        odd = GIVEN.replace("Name: Deal 1", f"Name: {json_quoted(name)}")
        made = update("    expect: {name: old}\n", odd)
        (result,) = run_tests(parse(made.text, "m.yaml"))
        assert result.passed, (name, made.text)


def json_quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\t", "\\t") + '"'


def test_skip_becomes_a_document_and_a_document_skip() -> None:
    lost = GIVEN.replace("Stage: Won", "Stage: Lost")
    assert rest(update("    expect: {id: o1}\n", lost), lost) == "    expect: skip\n"
    assert "currency: USD" in rest(update("    expect: skip\n"))


def test_a_problem_is_left_for_a_person() -> None:
    bad = GIVEN.replace("2026-01-31", "tomorrow")
    made = update("    expect: {id: o2}\n", bad)
    assert made.text == HEAD + bad + "    expect: {id: o2}\n"
    assert "a problem that was not expected" in made.left["the one test"]
    assert update("    expect_problem: MAP-REF-01\n").left["the one test"].startswith("expected the problem MAP-REF-01")
    other = update("    expect_problem: MAP-REF-01   # soon\n", bad)
    assert rest(other, bad) == "    expect_problem: [MAP-VALUE-01]   # soon\n"


def test_a_value_behind_an_anchor_is_left() -> None:
    made = update("    expect: {id: &a o2, name: *a}\n")
    assert made.left
    assert not made.updated


def test_other_tests_stay_as_they_are() -> None:
    more = "    expect: {id: o2}\n  - name: fine\n    given: {Id: o9, Stage: Lost}\n    expect:   skip\n"
    assert rest(update(more)) == more.replace("o2", "o1")


def test_windows_line_ends_and_a_byte_order_mark_stay() -> None:
    head = "\ufeff" + HEAD.replace("\n", "\r\n")
    given = GIVEN.replace("\n", "\r\n")
    made = update("    expect: {id: o2}   # x\r\n", given, head)
    assert made.text == head + given + "    expect: {id: o1}   # x\r\n"


def test_a_file_of_one_line_after_a_byte_order_mark() -> None:
    line = "{mapping: m, version: 1, from: crm.I, to: product, key: Id, fields: {id: {from: Id}, name: {from: Id}}, "
    text = "\ufeff" + line + "tests: [{name: t, given: {Id: o1}, expect: {id: 'o2'}}]}\n"
    made = rewrite(text, "m.yaml", run_tests(parse(text, "m.yaml")))
    assert made.text == text.replace("o2", "o1")


def test_folded_text_is_replaced_without_the_lines_after_it() -> None:
    before = "    expect:\n      name: >-\n        Deal\n        2\n\n      # ours\n      id: o1\n"
    assert rest(update(before)) == "    expect:\n      name: Deal 1\n\n      # ours\n      id: o1\n"


def test_a_test_that_stands_in_another_file_is_left() -> None:
    text = HEAD + GIVEN + "    expect: {id: o2}\n"
    made = rewrite(text, "mine.yaml", run_tests(parse(text, "theirs.yaml")))
    assert (made.text, list(made.left)) == (text, ["the one test"])


def test_a_golden_file_holds_the_whole_document() -> None:
    text = HEAD + GIVEN + "    expect: golden/won.json\n"
    (missing,) = run_tests(parse(text, "m.yaml"))
    assert "cannot be read" in missing.differences[0]
    assert missing.doc is not None
    files = {"golden/won.json": golden_text(missing.doc)}
    (result,) = run_tests(parse(text, "m.yaml"), read_file=files.__getitem__)
    assert result.passed
    assert json.loads(files["golden/won.json"])["lines"][0]["unit_amount"] == "10.00"
    other = {"golden/won.json": files["golden/won.json"].replace("10.00", "10.01").replace('"id": "o1",', "")}
    (wrong,) = run_tests(parse(text, "m.yaml"), read_file=other.__getitem__)
    assert wrong.differences == (
        "lines[0].unit_amount: expected '10.01', got '10.00'",
        "id: expected nothing, got 'o1'",
    )
    assert update("    expect: golden/won.json\n", files=other).text == text  # the file changes, not the mapping


@settings(max_examples=60)
@given(st.text(max_size=30))
def test_any_text_can_be_written_down(value: str) -> None:
    text = "mapping: m\nversion: 1\nfrom: crm.I\nto: product\nkey: Id\nfields: {id: {from: Id}, name: {from: N}}\n"
    text += "tests: [{name: t, given: g.json, expect: {name: 'old'}}]\n"
    record: dict[str, Any] = {"Id": "1", "N": value}
    files = {"g.json": plain_json.dumps(record)}
    mapping = parse(text, "m.yaml", read_file=files.__getitem__)
    results = run_tests(mapping, read_file=files.__getitem__)
    made = rewrite(text, "m.yaml", results)
    if results[0].problems:
        assert made.text == text
        return
    again = run_tests(parse(made.text, "m.yaml", read_file=files.__getitem__), read_file=files.__getitem__)
    assert again[0].passed, made.text
