"""A database that goes away, is locked, changes its form: nothing is missed, no password is said."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from pydantic import ValidationError

from billsync.connector import Context, Refused, TryLater
from billsync_connectors.sql import Sql, SqlSettings
from tests.sql.conftest import Person
from tests.sql.inbox import Inbox

Open = Callable[..., Sql]
OBJECTS = {"deals": {"table": "deals", "key": "id", "cursor": {"column": "n", "lag_steps": 0}, "page_size": 10}}


@pytest.fixture
def deals(postgres: Person) -> Person:
    postgres.do(
        "CREATE TABLE deals (id INTEGER PRIMARY KEY, n INTEGER, a TEXT)",
        "INSERT INTO deals SELECT n, n, 'x' FROM generate_series(1, 55) AS c(n)",
    )
    return postgres


def kill(person: Person) -> None:
    """Every connection but this one ends, as when the server restarts."""
    person.ask(
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
        " WHERE application_name = 'billsync' AND datname = current_database()"
    )


def test_a_connection_that_is_killed_between_pages_goes_on_after_the_last_page(deals: Person, open_sql: Open) -> None:
    inbox = Inbox(open_sql(deals, objects=OBJECTS))
    pages = inbox.connector.read("deals", None)
    first = next(iter(pages))
    kill(deals)
    with pytest.raises(TryLater) as later:
        list(pages)
    assert (later.value.reason, later.value.offline) == ("connection_lost", True)
    inbox.since = first.checkpoint
    assert inbox.read() == [str(n) for n in range(11, 56)]


def test_a_statement_that_takes_too_long_is_ended(deals: Person, open_sql: Open) -> None:
    objects = {"deals": {"query": "SELECT id, pg_sleep(20) AS s FROM deals", "key": "id"}}
    with pytest.raises(TryLater) as later:
        list(open_sql(deals, objects=objects, timeout=1).read("deals", None))
    assert later.value.reason == "timeout"


def test_an_endless_query_inside_this_process_is_ended(sqlite: Person, open_sql: Open) -> None:
    endless = "WITH RECURSIVE c(id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM c) SELECT max(id) AS id FROM c"
    with pytest.raises(TryLater) as later:
        list(open_sql(sqlite, objects={"deals": {"query": endless, "key": "id"}}, timeout=1).read("deals", None))
    assert later.value.reason == "timeout"


def test_a_table_that_somebody_holds_is_tried_later(deals: Person, open_sql: Open) -> None:
    with deals.engine.begin() as conn:
        conn.execute(sa.text("LOCK TABLE deals IN ACCESS EXCLUSIVE MODE"))
        with pytest.raises(TryLater) as later:
            list(open_sql(deals, objects=OBJECTS, timeout=1).read("deals", None))
    assert later.value.reason in ("locked", "timeout")


def test_a_table_that_changes_its_form_between_pages_is_read_on_in_its_new_form(deals: Person, open_sql: Open) -> None:
    connector = open_sql(deals, objects=OBJECTS)
    pages = connector.read("deals", None)
    first = next(iter(pages))
    deals.do("ALTER TABLE deals DROP COLUMN a", "ALTER TABLE deals ADD COLUMN b TEXT")
    with pytest.raises(TryLater, match="columns gone: a; new: b") as later:
        list(pages)
    assert later.value.reason == "schema_changed"
    rest = [record for page in connector.read("deals", first.checkpoint) for record in page.records]
    assert [record.id for record in rest] == [str(n) for n in range(11, 56)]
    assert set(rest[0].data) == {"id", "n", "b"}


def test_a_query_cannot_write_even_where_its_words_do_not_say_so(deals: Person, open_sql: Open) -> None:
    deals.do("CREATE SEQUENCE numbers")
    deals.do(
        "CREATE FUNCTION sneak() RETURNS INTEGER LANGUAGE sql AS 'INSERT INTO deals VALUES (99, 99, NULL) RETURNING id'"
    )
    for query in ("SELECT sneak() AS id", "SELECT nextval('numbers') AS id"):
        with pytest.raises(Refused) as refused:
            list(open_sql(deals, objects={"deals": {"query": query, "key": "id"}}).read("deals", None))
        assert "read-only transaction" in refused.value.message
    assert deals.ask("SELECT count(*) FROM deals") == 55


def test_a_row_of_ten_megabytes_does_not_bring_five_hundred_of_them_into_memory(deals: Person, open_sql: Open) -> None:
    deals.do("UPDATE deals SET a = repeat('x', 3000000) WHERE id <= 12")
    pages = list(
        open_sql(deals, objects={"deals": {"table": "deals", "key": "id", "page_size": 500}}).read("deals", None)
    )
    assert [len(page.records) for page in pages] == [6, 6, 43, 0]


def test_a_stamp_finer_than_the_driver_is_told_and_not_read_for_ever(tmp_path: Path, open_sql: Open) -> None:
    person = Person(f"duckdb:///{tmp_path / 'fine.db'}")
    person.do(
        "CREATE TABLE deals (id INTEGER, fine TIMESTAMP_NS)",
        r"INSERT INTO deals SELECT n, TIMESTAMP_NS '2026-01-01 10\:00\:00.123456789' FROM range(30) AS c(n)",
    )
    objects = {"deals": {"table": "deals", "key": "id", "cursor": {"column": "fine"}, "page_size": 10}}
    inbox = Inbox(open_sql(person, objects=objects))
    inbox.read()  # by key: nothing is wrong yet
    with pytest.raises(Refused, match="rounds it down"):
        inbox.read()


# ---------------------------------------------------------------- settings


SECRET = "s3cret-word"


def opened(tmp_path: Path, **settings: Any) -> Sql:
    return Sql(Context("crm", tmp_path), SqlSettings.model_validate(settings))


@pytest.mark.parametrize(
    "settings",
    [
        {"url": f"postgresql://user:{SECRET}@127.0.0.1:9/x"},
        {},
        {"url": "sqlite:///x", "dsn": "sqlite:///x"},
        {"url": "sqlite:///x", "objects": {"a": {"table": "a"}}},
        {"url": "sqlite:///x", "objects": {"a": {"table": "a", "query": "SELECT 1", "key": "id"}}},
        {"url": "sqlite:///x", "objects": {"a": {"query": "DELETE FROM a", "key": "id"}}},
        {
            "url": "sqlite:///x",
            "objects": {
                "a": {"table": "a", "key": "id", "related": {"b": {"table": "b", "key": "x", "parent": ["y", "z"]}}}
            },
        },
    ],
)
def test_settings_that_cannot_be_meant_are_refused(tmp_path: Path, settings: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as error:
        opened(tmp_path, **settings)
    assert SECRET not in "".join(one["msg"] for one in error.value.errors())


@pytest.mark.parametrize(
    "settings",
    [
        {"url": "postgresql://user@127.0.0.1:9/x", "password": SECRET},
        {"dsn": f"postgresql://user:{SECRET}@127.0.0.1:9/x"},
    ],
)
def test_a_server_that_is_not_there_is_tried_later_without_its_password(tmp_path: Path, settings: Any) -> None:
    connector = opened(tmp_path, **settings, objects=OBJECTS)
    with pytest.raises(TryLater) as later:
        connector.check()
    assert later.value.offline
    assert SECRET not in later.value.message
    assert SECRET not in repr(settings.get("url"))


def test_a_driver_that_is_not_installed_says_which(tmp_path: Path) -> None:
    for url, how in (("mysql://u@h/d", "pip install pymysql"), ("nosuch://u@h/d", "install the SQLAlchemy dialect")):
        with pytest.raises(Refused) as refused:
            opened(tmp_path, url=url, objects=OBJECTS).check()
        assert refused.value.reason == "no_driver"
        assert how in refused.value.message


def test_a_file_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="there is no database"):
        opened(tmp_path, url="sqlite:///missing.db").check()
    assert not (tmp_path / "missing.db").exists()


def test_a_url_that_is_none_is_refused_when_it_is_opened(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="none that SQLAlchemy knows"):
        opened(tmp_path, dsn=f"{SECRET} no url")


def test_a_path_starts_from_the_configuration(tmp_path: Path) -> None:
    person = Person(f"sqlite:///{tmp_path / 'crm.db'}")
    person.do("CREATE TABLE deals (id INTEGER PRIMARY KEY, n INTEGER)")
    connector = opened(tmp_path, url="sqlite:///crm.db", objects=OBJECTS)
    assert connector.check().identity == "sqlite:///crm.db"
    connector.close()
    person.engine.dispose()
