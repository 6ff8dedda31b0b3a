"""Fields then and now, and whose word counts for them: the pure rules."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billsync.connector import FieldInfo, Schema
from billsync.mapping import parse
from billsync.mapping.ownership import check_owner, kept, once, ours, without
from billsync.mapping.shape import Change, ChangeKind, compare, held, unknown_choice, unreadable, unwritable

K = ChangeKind


def schema(*fields: FieldInfo, **more: Any) -> Schema:
    return Schema(object="Account", fields=fields, **more)


def field(name: str = "amount", **facts: Any) -> FieldInfo:
    return FieldInfo(name=name, **facts)


@pytest.mark.parametrize(
    ("was", "now", "said"),
    [
        (field(), None, "the field amount is gone"),
        (field(), field("amount_eur"), "the field amount is gone, perhaps it is called amount_eur now"),
        (field(type="text"), field(type="date"), "the field amount is date now, it was text"),
        (field(), field(writable=False), "the field amount cannot be written any more"),
        (field(), field(required=True), "the field amount is needed now"),
        (field(), field(max_length=40), "the field amount takes 40 characters now, it took any number"),
        (field(max_length=80), field(max_length=40), "the field amount takes 40 characters now, it took 80"),
        (field(choices=("a",)), field(choices=("a", "b")), "the field amount has new values: 'b'"),
        (field(choices=("a", "b")), field(choices=("a",)), "the field amount does not have these values any more: 'b'"),
    ],
)
def test_each_change_is_said(was: FieldInfo, now: FieldInfo | None, said: str) -> None:
    before, after = schema(was, field("id")), schema(*([now] if now else []), field("id"))
    assert str(compare(before, after)[0]) == said
    assert compare(after, after) == []


def test_what_is_no_loss() -> None:
    assert [change.kind for change in compare(schema(), schema(field()))] == [K.ADDED]
    assert [change.kind for change in compare(schema(), schema(field(required=True)))] == [K.REQUIRED]
    assert [change.kind for change in compare(schema(), schema(field(required=True, writable=False)))] == [K.ADDED]
    assert compare(schema(field()), schema(sampled=True)) == [], "a sample may lack it"
    assert compare(schema(field(max_length=4)), schema(field(max_length=9))) == []
    assert compare(schema(field(choices=())), schema(field(choices=("a",)))) == [], "they were not told before"
    gone = compare(schema(field("country")), schema(field("zip", type="number"), field("x", type="number")))
    assert gone[0].kind is K.REMOVED, "nothing that it could be called now"


MAPPING = parse(
    """\
mapping: crm.accounts
version: 1
from: crm.Account
to: customer
key: Id
when: "Stage = 'Won'"
tables: {iso: {Germany: DE}}
fields:
  id: {from: Id}
  name: {from: Name}
  country: {from: Country, lookup: iso}
  language: {from: Language, lookup: iso, on_miss: keep}
  billing_address: {fields: {city: {from: Address.City, owner: erp}}}
  currency: {from: Currency, owner: hub}
""",
    "accounts.yaml",
)


def test_only_what_the_mapping_reads_concerns_it() -> None:
    changes = [Change(K.REMOVED, name) for name in ("Id", "Address", "Address.City", "Stage", "Other")]
    assert [change.field for change in unreadable(changes, [MAPPING])] == ["Id", "Address", "Address.City", "Stage"]
    assert unreadable([Change(K.SHORTENED, "Id"), Change(K.REQUIRED, "Id")], [MAPPING]) == []


@pytest.mark.parametrize(("name", "waits"), [("Stage", True), ("Language", True), ("Country", False), ("Other", False)])
def test_a_new_value_waits_unless_a_closed_table_reads_it(name: str, waits: bool) -> None:
    change = Change(K.CHOICES_ADDED, name, choices=("new", "newer"))
    assert (unknown_choice([change], MAPPING, {name: "new"}) is not None) is waits
    assert unknown_choice([change], MAPPING, {name: "old"}) is None
    assert unknown_choice([change], MAPPING, {name: ["new"]}) is None


def test_a_document_waits_for_what_it_says() -> None:
    gone, long, new = Change(K.REMOVED, "a"), Change(K.SHORTENED, "a", "", "3"), Change(K.REQUIRED, "b")
    assert held([gone], {"a": "x"}, creates=False) is gone
    assert held([gone], {"a": None}, creates=True) is None
    assert held([long], {"a": "four"}, creates=False) is long
    assert held([long], {"a": "two"}, creates=False) is None
    assert held([Change(K.CHOICES_REMOVED, "a", choices=("x",))], {"a": "x"}, creates=False) is not None
    assert [held([new], document, creates=True) for document in ({"a": 1}, {"b": ""}, {"b": 0})] == [new, new, None]
    assert held([new], {"a": 1}, creates=False) is None
    assert unwritable([gone, new], frozenset({"a", "b"})) == [gone]
    assert unwritable([gone, new], frozenset()) == [new]


# ---------------------------------------------------------------- whose word counts


def test_owners_are_three() -> None:
    assert [check_owner(name, "inbound") for name in ("crm", "hub", "erp", "")] == [None] * 4
    wrong = check_owner("err", "outbound")
    assert wrong is not None
    assert "expected one of crm, hub, erp" in wrong
    assert "did you mean" in wrong


def test_what_is_sent_once_and_what_stays_ours() -> None:
    assert ours(MAPPING) == ("billing_address.city", "currency")
    assert once(MAPPING, "erp") == ("billing_address.city",)


def test_documents_without_some_fields() -> None:
    document = {"a": {"b": 1, "c": 2}, "lines": [{"x": 1, "y": 2}, {"x": 3}], "d": {"e": 1}}
    left = without(document, ["a.b", "lines.x", "d.e", "no.such"])
    assert left == {"a": {"c": 2}, "lines": [{"y": 2}, {}]}
    assert document["d"] == {"e": 1}, "the frozen one is as it was"


_DOCUMENTS = st.recursive(
    st.none() | st.integers() | st.text(max_size=3),
    lambda inner: st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=8,
).filter(lambda value: isinstance(value, dict))
_PATHS = st.lists(st.sampled_from(["a", "b", "a.b", "a.b.c", "b.a"]), unique=True, max_size=3)


@given(_DOCUMENTS, _DOCUMENTS, _PATHS)
def test_what_is_kept_is_as_it_was(before: Any, after: Any, paths: list[str]) -> None:
    made, differing = kept(before, after, paths)
    assert kept(before, made, paths)[1] == [] or any(one != two and one in two for one in paths for two in paths)
    assert (made == after) or differing
    assert without(without(after, paths), paths) == without(after, paths)
