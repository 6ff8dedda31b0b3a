"""F64 to F70: whatever a connector gives, one record that cannot be kept is told, and the others are taken."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from billsync import pull
from billsync.connector import Capabilities, Checkpoint, Connector, Health, Page, ReadSheet, Record
from billsync.model.base import canonical_json
from billsync.model.problem import Place
from billsync.store import Store
from billsync.strict.record import MAX_RECORD, MAX_TEXT, unfit

AT = datetime(2026, 1, 1, tzinfo=UTC)


def record(id: Any, data: Any) -> Record:
    return Record("deals", id, data, Place(system="crm", object="deals", id=id if isinstance(id, str) else None))


class Crm(Connector):
    """Gives what it is told, in pages of three."""

    capabilities = Capabilities(system="x", title="X", reads={"deals": ReadSheet(key="id")})

    def __init__(self, records: Sequence[Record], *, snapshot: bool = False) -> None:
        self.records, self.snapshot = records, snapshot

    def check(self) -> Health:
        return Health(system="x")

    def read(self, object: str, since: Checkpoint | None) -> Iterator[Page]:
        for start in range(0, len(self.records), 3):
            last = start + 3 >= len(self.records)
            yield Page(self.records[start : start + 3], checkpoint={"at": start}, snapshot=self.snapshot and last)


def read(store: Store, records: Sequence[Record], *, snapshot: bool = False) -> tuple[set[str], list[str]]:
    """Ids that live in the inbox, and the open problems: code, id and field."""

    def report(tx: Any, problems: Any) -> None:
        tx.problems.report(list(problems), pipeline="p", run="r", at=AT)

    pull.changed(store, Crm(records, snapshot=snapshot), "crm", "deals", run="r", now=lambda: AT, report=report)
    with store.view() as tx:
        found = [item.problem for item in tx.problems.list()]
        return tx.inbox.live_ids("crm", "deals"), [f"{p.code} {p.place.id} {p.place.field or ''}" for p in found]


def nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


POISON: dict[str, tuple[Any, str]] = {
    "F64 a field too large": ("x" * (MAX_TEXT + 1), "READ-SIZE-01 B v"),
    "F64 a record too large": ([["x" * 1000]] * (MAX_RECORD // 1000 + 1), "READ-SIZE-01 B "),
    "F65 a NUL byte": ("a\0b", "READ-TEXT-01 B "),
    "F65 a NUL byte in a name": ({"a\0": 1}, "READ-TEXT-01 B "),
    "F66 a lone surrogate": (["\ud800"], "READ-TEXT-01 B "),
    "F68 NaN": (Decimal("NaN"), "READ-JSON-02 B v"),
    "F68 infinity": ({"w": Decimal("-Infinity")}, "READ-JSON-02 B v.w"),
    "F68 1e3000000": ([1, Decimal("1e3000000")], "READ-JSON-02 B v[1]"),
    "F68 a float": (0.1, "READ-JSON-02 B v"),
    "F68 depth": (nested(3000), "READ-JSON-02 B "),
    "F69 an int above 2^63": (2**63, "READ-JSON-02 B v"),
    "an object": (object(), "READ-JSON-02 B v"),
    "bytes": (b"x", "READ-JSON-02 B v"),
    "a name that is no text": ({1: 2}, "READ-JSON-02 B v"),
}


def test_f64_to_f70_a_poisoned_record_is_told_and_the_others_are_taken(store: Store) -> None:
    for name, (value, told) in POISON.items():
        page = [record("A", {"v": name}), record("B", {"v": value}), record("C", {"v": name})]
        assert read(store, page) == ({"A", "C"}, [told]), name
        with store.view() as tx:
            row = tx.inbox.get("crm", "deals", "A")
        assert row is not None
        assert row.data == {"v": name}
        assert read(store, [record("B", {"v": "good"})])[1] == [], "mended, and closed by itself"
        with store.tx("t") as tx:
            tx.inbox.mark_deleted("crm", "deals", ["B"], run="r", at=AT)


def test_f70_a_record_without_an_id_takes_nothing_away(store: Store) -> None:
    assert read(store, [record(id, {}) for id in ("A", "B", "C")], snapshot=True)[0] == {"A", "B", "C"}
    for id in (None, 5, "", "  "):
        ids, told = read(store, [record("A", {}), record(id, {})], snapshot=True)
        assert (ids, told) == ({"A", "B", "C"}, ["READ-KEY-01 None "]), "what it was is not known: nobody is gone"
    assert read(store, [record("A", {})], snapshot=True) == ({"A"}, [])


def test_f67_text_is_kept_as_it_is(store: Store) -> None:
    texts = ["\u202egnp.exe", "👩\u200d👩\u200d👧", "e\u0301", "\u00e9", "\ufeffx", "line\u2028s", "ﬁ", "\x1b[31m"]
    read(store, [record(text, {"v": text, text: 1}) for text in texts])
    with store.view() as tx:
        for text in texts:
            row = tx.inbox.get("crm", "deals", text)
            assert row is not None
            assert row.data == {"v": text, text: 1}


ANYTHING: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.decimals() | st.floats() | st.dates() | st.binary(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text() | st.integers(), inner, max_size=3),
)


@given(ANYTHING, ANYTHING)
def test_f65_to_f69_what_is_let_through_can_be_stored(id: Any, data: Any) -> None:
    if unfit(id, data) is None:
        assert isinstance(id, str)
        assert isinstance(data, Mapping)
        canonical_json(data).encode()
    assert unfit("1", {"day": date(2026, 1, 1), "sum": Decimal("1.50"), "n": 3, "t": (None, True)}) is None
