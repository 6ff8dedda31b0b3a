"""Rows are read from real databases: all that changed comes, nothing is missed, nothing is read by counting."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from billsync.connector import Refused
from billsync_connectors.sql import Sql
from tests.sql.conftest import Person
from tests.sql.inbox import Inbox

Open = Callable[..., Sql]
TABLE = "CREATE TABLE deals (id VARCHAR(40) PRIMARY KEY, amount NUMERIC(18,2), changed TIMESTAMP, gone INTEGER)"
CURSOR = {"deals": {"table": "deals", "key": "id", "cursor": {"column": "changed", "lag_s": 60}, "page_size": 3}}
SNAPSHOT = {"deals": {"table": "deals", "key": "id", "page_size": 3}}


def add(person: Person, *ids: str, at: str = "2026-01-01 10:00:00") -> None:
    rows = ", ".join(f"(:id{number}, 10.10, :at, 0)" for number in range(len(ids)))
    person.do(f"INSERT INTO deals VALUES {rows}", at=at, **{f"id{number}": id for number, id in enumerate(ids)})


@pytest.fixture
def deals(person: Person) -> Person:
    person.do(TABLE)
    return person


def test_every_row_comes_with_its_place_and_its_values(deals: Person, open_sql: Open) -> None:
    add(deals, "0012", "a/b", "😀 שלום", "z")
    first, second, last = open_sql(deals, objects=SNAPSHOT).read("deals", None)
    records = [*first.records, *second.records]
    assert sorted(record.id for record in records) == ["0012", "a/b", "z", "😀 שלום"]
    assert str(records[0].place) == "crm/deals/0012"
    assert all(record.data["amount"] == Decimal("10.10") for record in records)
    assert not any(isinstance(value, float) for record in records for value in record.data.values())
    assert (last.snapshot, last.complete, last.checkpoint) == (True, True, {})


def test_without_a_cursor_what_is_gone_is_seen(deals: Person, open_sql: Open) -> None:
    add(deals, "1", "2", "3", "4")
    inbox = Inbox(open_sql(deals, objects=SNAPSHOT))
    inbox.read()
    deals.do("DELETE FROM deals WHERE id = '2'")
    inbox.read()
    assert sorted(inbox.records) == ["1", "3", "4"]


def test_with_a_cursor_only_what_changed_comes_again(deals: Person, open_sql: Open) -> None:
    add(deals, *(f"{n:02}" for n in range(10)))
    inbox = Inbox(open_sql(deals, objects=CURSOR))
    assert len(inbox.read()) == 10
    add(deals, "new", at="2026-01-01 12:00:00")
    deals.do("UPDATE deals SET amount = 7, changed = '2026-01-01 12:00:01' WHERE id = '03'")
    assert sorted(set(inbox.read()) - {f"{n:02}" for n in range(10) if n != 3}) == ["03", "new"]
    assert inbox.records["03"]["amount"] == 7
    assert sorted(inbox.read()) == ["03", "new"]  # the lag alone: what came before it is settled
    assert inbox.read(full=True) == sorted(inbox.records)


def test_a_row_that_becomes_visible_late_is_not_missed(deals: Person, open_sql: Open) -> None:
    add(deals, "1", at="2026-01-01 10:00:30")
    inbox = Inbox(open_sql(deals, objects=CURSOR))
    inbox.read()
    add(deals, "late", at="2026-01-01 09:59:31")  # stamped before, committed after
    add(deals, "too late", at="2026-01-01 09:59:29")
    inbox.read()
    assert sorted(inbox.records) == ["1", "late"]


def test_a_stamp_of_tomorrow_hides_nothing_of_today(deals: Person, open_sql: Open) -> None:
    add(deals, "future", at="2999-01-01 00:00:00")
    inbox = Inbox(open_sql(deals, objects=CURSOR))
    inbox.read()
    now = datetime.now(UTC).replace(tzinfo=None)  # noqa: DTZ005, TID251, RUF100
    add(deals, "today", at=now.isoformat(sep=" ", timespec="seconds"))
    inbox.read()
    assert sorted(inbox.records) == ["future", "today"]


def test_rows_without_a_cursor_are_read_every_time(deals: Person, open_sql: Open) -> None:
    add(deals, "1")
    deals.do("INSERT INTO deals VALUES ('none', 1, NULL, 0)")
    connector = open_sql(deals, objects=CURSOR)
    inbox = Inbox(connector)
    inbox.read()
    deals.do("UPDATE deals SET amount = 2 WHERE id = 'none'")
    inbox.read()
    assert inbox.records["none"]["amount"] == 2
    assert "deals: 1 rows have no cursor, and are read every time" in connector.check().remarks


def test_a_row_that_is_marked_as_gone_is_gone(deals: Person, open_sql: Open) -> None:
    add(deals, "1", "2")
    objects = {"deals": {**CURSOR["deals"], "deleted": "gone"}}
    inbox = Inbox(open_sql(deals, objects=objects))
    inbox.read()
    deals.do("UPDATE deals SET gone = 1, changed = '2026-01-02 00:00:00' WHERE id = '1'")
    inbox.read()
    assert sorted(inbox.records) == ["2"]
    assert [record.id for record in inbox.connector.fetch("deals", ["1", "2", "9"])] == ["2"]


def test_more_rows_in_one_instant_than_a_page(deals: Person, open_sql: Open) -> None:
    connector = open_sql(deals, objects=CURSOR)
    inbox = Inbox(connector)
    add(deals, "0")
    inbox.read()
    add(deals, *(f"x{n:02}" for n in range(20)), at="2026-01-01 11:00:00")
    came = inbox.read()
    assert sorted(set(came)) == sorted(["0", *(f"x{n:02}" for n in range(20))]) or "0" not in came
    assert len(came) == len(set(came))
    assert len(inbox.records) == 21


@pytest.mark.parametrize("pages", [2])
def test_a_read_that_ended_in_the_middle_goes_on_there(deals: Person, open_sql: Open, pages: int) -> None:
    add(deals, *(f"{n:02}" for n in range(12)))
    inbox = Inbox(open_sql(deals, objects=CURSOR))
    first = inbox.read(pages=pages)
    rest = inbox.read()
    assert not set(first) & set(rest)
    assert len(inbox.records) == 12
    add(deals, *(f"n{n:02}" for n in range(12)), at="2026-01-01 11:00:00")
    first = inbox.read(pages=pages)
    rest = inbox.read()
    assert not set(first) & set(rest)
    assert len(inbox.records) == 24


def test_a_resumed_read_never_says_that_the_rest_is_gone(deals: Person, open_sql: Open) -> None:
    add(deals, *(f"{n:02}" for n in range(12)))
    connector = open_sql(deals, objects=CURSOR)
    first = next(iter(connector.read("deals", None)))
    assert not any(page.snapshot for page in connector.read("deals", first.checkpoint))


def test_rows_that_move_while_they_are_read_are_not_missed(deals: Person, open_sql: Open) -> None:
    add(deals, *(f"{n:02}" for n in range(9)))
    pages = iter(open_sql(deals, objects=CURSOR).read("deals", None))
    seen = [record.id for record in next(pages).records]
    deals.do("DELETE FROM deals WHERE id IN ('00', '01', '04')")
    deals.do("UPDATE deals SET changed = '2020-01-01 00:00:00' WHERE id = '05'")
    add(deals, "03a", at="2026-01-01 10:00:01")
    seen += [record.id for page in pages for record in page.records]
    assert seen == ["00", "01", "02", "03", "03a", "05", "06", "07", "08"]


def test_other_settings_begin_anew(deals: Person, open_sql: Open) -> None:
    add(deals, "1", "2")
    inbox = Inbox(open_sql(deals, objects=CURSOR))
    inbox.read()
    changed = {"deals": {**CURSOR["deals"], "columns": ["id", "amount"]}}
    inbox.connector = open_sql(deals, objects=changed)
    assert inbox.read() == ["1", "2"]
    assert list(inbox.records["1"]) == ["id", "amount"]


def test_a_query_with_several_key_columns_and_numbers_that_rise(person: Person, open_sql: Open) -> None:
    person.do(
        "CREATE TABLE usage_rows (account VARCHAR(10), day DATE, n INTEGER, version INTEGER)",
        "INSERT INTO usage_rows VALUES ('a/1', '2026-01-01', 1, 1), ('a', '2026-01-02', 2, 2),"
        " ('b', '2026-01-01', 3, 3)",
    )
    query = "SELECT account, day, n, version, '12:30' AS note, account || ':x' AS tag FROM usage_rows WHERE n > 0;"
    cursor = {"column": "version", "lag_steps": 0}
    objects = {"usage": {"query": query, "key": ["account", "day"], "cursor": cursor, "page_size": 2}}
    inbox = Inbox(open_sql(person, objects=objects), "usage")
    assert sorted(inbox.read()) == ["a%2F1/2026-01-01", "a/2026-01-02", "b/2026-01-01"]
    assert inbox.records["a/2026-01-02"]["note"] == "12:30"
    person.do("INSERT INTO usage_rows VALUES ('c', '2026-01-03', 4, 4)")
    assert inbox.read() == ["b/2026-01-01", "c/2026-01-03"]
    assert [record.id for record in inbox.connector.fetch("usage", ["a%2F1/2026-01-01", "x", "x/y"])] == [
        "a%2F1/2026-01-01"
    ]


# ---------------------------------------------------------------- related rows

LINES = {
    "deals": {
        **CURSOR["deals"],
        "related": {"lines": {"table": "lines", "key": "n", "parent": "deal", "cursor": "changed", "deleted": "gone"}},
    }
}


@pytest.fixture
def with_lines(deals: Person) -> Person:
    deals.do(
        "CREATE TABLE lines (n INTEGER PRIMARY KEY, deal VARCHAR(40), price NUMERIC(9,3), changed TIMESTAMP,"
        " gone INTEGER)"
    )
    add(deals, "1", "2", "3", "4")
    for n, deal in enumerate(["2", "1", "1", "4"]):
        deals.do(f"INSERT INTO lines VALUES ({n}, '{deal}', {n}.125, '2026-01-01 10:00:00', 0)")
    return deals


def test_lines_are_nested_in_their_deal_in_order(with_lines: Person, open_sql: Open) -> None:
    inbox = Inbox(open_sql(with_lines, objects=LINES))
    inbox.read()
    assert {id: [line["n"] for line in lines] for id, lines in inbox.field("lines").items()} == {
        "1": [1, 2],
        "2": [0],
        "3": [],
        "4": [3],
    }
    assert inbox.records["1"]["lines"][0]["price"] == Decimal("1.125")


def test_a_deal_comes_again_when_only_its_lines_changed(with_lines: Person, open_sql: Open) -> None:
    inbox = Inbox(open_sql(with_lines, objects=LINES))
    inbox.read()
    with_lines.do("UPDATE deals SET changed = '2025-01-01 00:00:00'")
    with_lines.do("UPDATE lines SET price = 9, changed = '2026-01-01 12:00:00' WHERE n = 1")
    with_lines.do("UPDATE lines SET gone = 1, changed = '2026-01-01 12:00:00' WHERE n = 3")
    with_lines.do("INSERT INTO lines VALUES (7, '3', 1, '2026-01-01 12:00:00', 0)")
    assert set(inbox.read()) >= {"1", "3", "4"}
    assert inbox.records["1"]["lines"][0]["price"] == 9
    assert (inbox.records["4"]["lines"], len(inbox.records["3"]["lines"])) == ([], 1)


# ---------------------------------------------------------------- what a person may have set wrongly


def test_a_key_that_is_not_one_is_told(person: Person, open_sql: Open) -> None:
    person.do("CREATE TABLE deals (id VARCHAR(9), a INTEGER)")
    person.do("INSERT INTO deals VALUES ('1', 1), ('2', 2), ('2', 3), ('2', 4), ('3', 5), (NULL, 6), (' ', 7)")
    for size in (1, 2, 3, 10):
        inbox = Inbox(open_sql(person, objects={"deals": {"table": "deals", "key": "id", "page_size": size}}))
        inbox.read()
        assert sorted(inbox.records) == ["1", "2", "3"]
        assert {problem.code for problem in inbox.problems} == {"READ-KEY-01"}
        assert any("'2' stands in several rows" in problem.message for problem in inbox.problems)
        assert any("no usable value in the key" in problem.message for problem in inbox.problems)


def test_names_that_are_not_there_are_refused_in_words(deals: Person, open_sql: Open) -> None:
    for objects in (
        {"deals": {"table": "dealz", "key": "id"}},
        {"deals": {"table": "deals", "key": "idd"}},
        {"deals": {"query": "SELECT nothing FROM deals", "key": "id"}},
    ):
        connector = open_sql(deals, objects=objects)
        for ask in (lambda one: list(one.read("deals", None)), lambda one: one.check()):
            with pytest.raises(Refused) as refused:
                ask(connector)
            assert refused.value.reason in ("schema_changed", "bad_query")
            assert refused.value.message.startswith("crm: ")
    with pytest.raises(Refused, match="did you mean 'deals'"):
        list(open_sql(deals, objects=SNAPSHOT).read("deal", None))


def test_two_columns_of_one_name_are_refused(deals: Person, open_sql: Open) -> None:
    add(deals, "1")
    objects = {"deals": {**SNAPSHOT["deals"], "related": {"amount": {"table": "deals", "key": "id", "parent": "id"}}}}
    with pytest.raises(Refused, match="there is a column 'amount'"):
        list(open_sql(deals, objects=objects).read("deals", None))


def test_what_a_table_is_like_is_told_by_its_catalogue(person: Person, open_sql: Open) -> None:
    person.do(
        "CREATE TABLE deals (id VARCHAR(40) PRIMARY KEY, n INTEGER NOT NULL, amount NUMERIC(18,2), "
        "rate DOUBLE PRECISION, changed TIMESTAMP, day DATE)"
    )
    person.do("INSERT INTO deals VALUES ('1', 2, 3.50, 0.1, '2026-01-01 10:00:00', '2026-01-31')")
    connector = open_sql(person, objects={"deals": {"table": "deals", "key": "id"}})
    fields = {field.name: field for field in connector.describe("deals").fields}
    assert list(fields) == ["id", "n", "amount", "rate", "changed", "day"]
    assert (fields["id"].required, fields["n"].type, fields["rate"].type) == (True, "integer", "float")
    health = connector.check()
    assert "deals: rate: binary fractions" in "".join(health.remarks)
    (page, _) = connector.read("deals", None)
    assert page.records[0].data["rate"] == Decimal("0.1")
    if person.kind != "sqlite":  # which has no type for days
        assert page.records[0].data["day"] == date(2026, 1, 31)


SAME = "INSERT INTO deals SELECT {text}, 1, {at}, 0 FROM {rows}"


def test_a_hundred_thousand_rows_of_one_instant_come_once_each(postgres: Person, open_sql: Open) -> None:
    stamp = "TIMESTAMP '2026-01-01 10:00:00'"
    postgres.do(TABLE, SAME.format(text="'k' || n", at=stamp, rows="generate_series(1, 100000) AS c(n)"))
    inbox = Inbox(open_sql(postgres, objects={"deals": {**CURSOR["deals"], "page_size": 5_000}}))
    inbox.read(pages=3)
    inbox.read()
    assert (len(inbox.records), inbox.seen) == (100_000, 100_000)


def value_in(person: Person, open_sql: Open, type: str, written: str, **settings: Any) -> Any:
    """What a record shows of a value that is written into a column of this type."""
    person.do(
        f"CREATE TABLE one (id INTEGER PRIMARY KEY, a {type})", f"INSERT INTO one VALUES (1, {written}), (2, NULL)"
    )
    inbox = Inbox(open_sql(person, objects={"one": {"table": "one", "key": "id"}}, **settings), "one")
    inbox.read()
    assert inbox.records["2"]["a"] is None
    if inbox.problems:
        (problem,) = inbox.problems
        return problem
    return inbox.records["1"]["a"]
