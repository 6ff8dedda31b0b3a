"""What a column holds is what a record shows: exact, with its zone, nested; one bad value costs one record."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billsync.model.problem import Problem
from billsync_connectors.sql import Sql
from billsync_connectors.sql.lexing import check_query
from billsync_connectors.sql.position import before, capped, packed, unpacked
from billsync_connectors.sql.settings import CursorConfig
from billsync_connectors.sql.values import key_text, key_values
from tests.sql.conftest import Person
from tests.sql.inbox import Inbox

Open = Callable[..., Sql]
AT = datetime(2026, 1, 31, 10, tzinfo=UTC)


def shown(person: Person, open_sql: Open, type: str, written: str, **settings: Any) -> Any:
    """What a record shows of a value in a column of this type, or its problem; the record beside it always comes."""
    own = settings.pop("own", {})
    person.do(
        "DROP TABLE IF EXISTS one",
        f"CREATE TABLE one (id INTEGER PRIMARY KEY, a {type})",
        f"INSERT INTO one VALUES (1, {written}), (2, NULL)",
    )
    inbox = Inbox(open_sql(person, objects={"one": {"table": "one", "key": "id", **own}}, **settings), "one")
    inbox.read()
    assert inbox.records["2"] == {"id": 2, "a": None}
    return inbox.problems[0] if inbox.problems else inbox.records["1"]["a"]


POSTGRES = [
    ("NUMERIC", "12345678901234567.123456789012", Decimal("12345678901234567.123456789012")),
    ("NUMERIC(9,2)", "0.10", Decimal("0.10")),
    ("DOUBLE PRECISION", "0.1", Decimal("0.1")),
    ("REAL", "0.1", Decimal("0.1")),
    ("BIGINT", "9223372036854775807", 2**63 - 1),
    ("BOOLEAN", "true", True),
    ("DATE", "'2026-01-31'", AT.date()),
    ("TIMESTAMPTZ", "'2026-01-31 12:00:00+02'", AT),
    ("TIMESTAMP", "'2026-01-31 10:00:00.123456'", "2026-01-31T10:00:00.123456"),
    ("TIME", "'10:30'", "10:30:00"),
    ("UUID", "'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"),
    ("INET", "'10.0.0.1'", "10.0.0.1"),
    ("TEXT[]", "ARRAY['a', NULL]", ["a", None]),
    ("NUMERIC[]", "ARRAY[0.10]", [Decimal("0.10")]),
    ("JSONB", """'{"lines": [{"price": 0.10}], "n": 1}'""", {"lines": [{"price": Decimal("0.10")}], "n": 1}),
    ("JSON", "'12345678901234.5678'", Decimal("12345678901234.5678")),
    ("CHAR(5)", "'ab'", "ab   "),
]


@pytest.mark.parametrize(("type", "written", "value"), POSTGRES, ids=[type for type, _, _ in POSTGRES])
def test_types_of_postgres(postgres: Person, open_sql: Open, type: str, written: str, value: Any) -> None:
    assert shown(postgres, open_sql, type, written) == value


DUCKDB = [
    ("DECIMAL(18,3)", "1.250", Decimal("1.250")),
    ("DOUBLE", "0.1", Decimal("0.1")),
    ("TIMESTAMPTZ", "TIMESTAMPTZ '2026-01-31 12:00:00+02'", AT),
    ("DATE", "DATE '2026-01-31'", AT.date()),
    ("DECIMAL(4,2)[]", "[1.25]", [Decimal("1.25")]),
    ("STRUCT(sku VARCHAR, n INTEGER)", "{'sku': 'A', 'n': 2}", {"sku": "A", "n": 2}),
    ("HUGEINT", "5", 5),
]


def test_types_of_a_warehouse(tmp_path: Any, open_sql: Open) -> None:
    person = Person(f"duckdb:///{tmp_path / 'warehouse.db'}")
    for type, written, value in DUCKDB:
        assert shown(person, open_sql, type.replace(":", r"\:"), written.replace(":", r"\:")) == value


def test_json_in_text_is_nested_where_the_settings_say_so(sqlite: Person, open_sql: Open) -> None:
    written = """'{"price"\\: 0.10}'"""
    assert shown(sqlite, open_sql, "TEXT", written) == '{"price": 0.10}'
    own = {"json_columns": "a"}
    assert shown(sqlite, open_sql, "TEXT", written, own=own) == {"price": Decimal("0.10")}
    problem = shown(sqlite, open_sql, "TEXT", "'{'", own=own)
    assert (problem.code, problem.place.field) == ("READ-VALUE-01", "a")


def test_a_column_without_a_zone_gets_that_of_the_settings(postgres: Person, open_sql: Open) -> None:
    found = shown(postgres, open_sql, "TIMESTAMP", "'2026-07-01 10:00:00'", zone="Europe/Berlin")
    assert found == datetime(2026, 7, 1, 8, tzinfo=UTC)


@pytest.mark.parametrize(
    ("type", "written", "says"),
    [
        ("BYTEA", r"'\x00ff'", "bytes"),
        ("DOUBLE PRECISION", "'NaN'", "NaN"),
        ("NUMERIC", "'Infinity'", "Infinity"),
        ("INTERVAL", "'1 day'", "timedelta"),
        ("TIMESTAMPTZ", "'infinity'", "'infinity' cannot be read"),
        ("TIMESTAMP", "'0044-03-15 BC'", "BC"),
        ("DATE", "'-infinity'", "-infinity"),
        ("JSONB", """'{"n": 1e400}'""", "cannot be read"),
        ("INT4RANGE", "'[1,5)'", "Range"),
        ("BYTEA[]", r"""ARRAY['\x00'::BYTEA]""", "'a[0]'"),
    ],
)
def test_a_value_that_cannot_be_kept_costs_its_record_alone(
    postgres: Person, open_sql: Open, type: str, written: str, says: str
) -> None:
    problem = shown(postgres, open_sql, type, written.replace(":", r"\:"))
    assert isinstance(problem, Problem)
    assert (problem.code, str(problem.place).split()[0]) == ("READ-VALUE-01", "crm/one/1")
    assert says in problem.message


def test_text_that_is_not_utf_8_costs_its_record_alone(sqlite: Person, open_sql: Open) -> None:
    problem = shown(sqlite, open_sql, "TEXT", "CAST(x'4dfc' AS TEXT)")
    assert (problem.code, problem.place.id) == ("READ-VALUE-01", "1")


# ---------------------------------------------------------------- positions and keys


KEYS = st.one_of(st.integers(), st.text(min_size=1).filter(str.strip), st.uuids(), st.dates())


@given(st.lists(KEYS, min_size=1, max_size=3).map(tuple))
def test_an_id_leads_back_to_the_columns_of_its_key(values: tuple[Any, ...]) -> None:
    id = key_text(values)
    assert id is not None
    assert key_values(id, values) == values


@given(st.one_of(st.integers(), st.decimals(allow_nan=False), st.datetimes(), st.dates(), st.text(), st.binary()))
def test_a_position_survives_being_stored(value: Any) -> None:
    assert unpacked(packed(value)) == value


@pytest.mark.parametrize(
    ("value", "moved"),
    [
        (AT, datetime(2026, 1, 31, 9, 55, tzinfo=UTC)),
        (AT.replace(tzinfo=None), datetime(2026, 1, 31, 9, 55)),  # noqa: DTZ001
        ("2026-01-31 10:00:00.123", "2026-01-31 09:55:00"),
        ("2026-01-31T10:00:00Z", "2026-01-31T09:55:00"),
        ("2026-01-31T10:00:00+05:30", "2026-01-31T09:55:00"),
        (date(2026, 1, 31), date(2026, 1, 30)),
        (5000, 4000),
        ("01HZX", "01HZX"),
        (b"\x00\x01", b"\x00\x01"),
    ],
)
def test_the_lag_moves_a_position_back_in_its_own_form(value: Any, moved: Any) -> None:
    assert before(value, CursorConfig(column="c", lag_s=300, lag_steps=1000), None) == moved


def test_a_stamp_is_never_ahead_of_the_clock() -> None:
    later = AT.replace(hour=11)
    assert capped(later, AT, None) == AT
    assert capped(AT, later, None) == AT
    assert capped(later.replace(tzinfo=None), AT, "Europe/Berlin") == later.replace(tzinfo=None)  # 10:00 UTC is 11:00
    assert capped("2026-01-31 11:00:00.5", AT, None) == "2026-01-31 10:00:00"
    assert capped(date(2027, 1, 1), AT, None) == date(2026, 1, 31)
    assert capped(7, AT, None) == 7


# ---------------------------------------------------------------- queries


@pytest.mark.parametrize(
    "query",
    [
        "SELECT * FROM deals",
        "with x as (select 1) select * from x;",
        "(SELECT 1) UNION (SELECT 2)",
        "SELECT 'delete from x; --' AS a, \"update\", t.set FROM t -- drop table t",
        "SELECT replace(a, ',', '.') FROM t /* insert */",
        "FROM t",
    ],
)
def test_a_query_that_reads_is_taken(query: str) -> None:
    assert check_query(query) == query.rstrip(";")


@pytest.mark.parametrize(
    "query",
    [
        "DELETE FROM deals",
        "SELECT 1; DROP TABLE deals",
        "WITH gone AS (DELETE FROM deals RETURNING *) SELECT * FROM gone",
        "SELECT * INTO copy FROM deals",
        "EXPLAIN ANALYZE DELETE FROM deals",
        "PRAGMA table_info(deals)",
        "COPY deals TO '/tmp/x'",
        "SELECT 1 /* ; */ ; ",
        "  ",
        "SET x = 1",
    ],
)
def test_a_query_that_writes_or_may_is_refused(query: str) -> None:
    if query == "SELECT 1 /* ; */ ; ":
        assert check_query(query) == "SELECT 1 /* ; */"
        return
    with pytest.raises(ValueError, match=r"SELECT|semicolon"):
        check_query(query)
