"""What became of a deal is written into a table of theirs: once in effect, and nothing else is touched."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa

from billsync.connector import Absent, Applied, Found, Intent, Refused, Target, TryLater, Unclear, Unsure
from billsync_connectors.sql import Sql
from tests.sql.conftest import Person

Open = Callable[..., Sql]
COLUMNS = ["invoices", "amount", "currency", "state", "paid_on"]
WRITES = {"status": {"table": "status", "key": "deal", "columns": COLUMNS}}
TABLE = (
    "CREATE TABLE status (deal VARCHAR(40) PRIMARY KEY, invoices VARCHAR(200), amount NUMERIC(18,2), currency CHAR(3),"
    " state VARCHAR(10), paid_on DATE, ours VARCHAR(10) DEFAULT 'theirs')"
)


def intent(key: str, **payload: Any) -> Intent:
    return Intent(key, "status", {"deal": key, "state": "paid", **payload})


@pytest.fixture
def status(person: Person) -> Person:
    person.do(TABLE)
    return person


def test_rows_are_made_and_then_changed_in_one_transaction(status: Person, open_sql: Open) -> None:
    connector = open_sql(status, writes=WRITES)
    assert connector.write("status", [intent("D1", amount=Decimal("12.50")), intent("D2", invoices=["A", "B"])]) == [
        Applied("D1", {"state": "paid"}),
        Applied("D2", {"state": "paid"}),
    ]
    connector.write("status", [intent("D1", state="void")])
    connector.close()
    assert status.ask("SELECT count(*) FROM status") == 2
    assert status.ask("SELECT state || ours FROM status WHERE deal = 'D1'") == "voidtheirs"
    assert status.ask("SELECT invoices FROM status WHERE deal = 'D2'") == "A B"
    assert connector.capabilities.writes["status"].target is Target.UPSERT


def test_a_row_is_found_by_our_reference(status: Person, open_sql: Open) -> None:
    connector = open_sql(status, writes=WRITES)
    assert connector.probe("status", ["D1"]) == [Absent()]
    connector.write("status", [intent("D1", amount=Decimal("9.99"), currency="EUR", paid_on=date(2026, 1, 31))])
    assert connector.probe("status", ["D1", "D9"]) == [Found(("D1",), echo={"state": "paid"}), Absent()]
    (page,) = connector.standing("status")
    assert [(one.id, one.total, one.currency, one.state) for one in page] == [("D1", Decimal("9.99"), "EUR", "paid")]


def test_one_bad_row_does_not_keep_the_others_back(status: Person, open_sql: Open) -> None:
    wrong = intent("D2", currency="EUROS") if status.kind == "postgresql" else intent("D2", currency="a\x00")
    outcomes = open_sql(status, writes=WRITES).write(
        "status", [intent("D1"), wrong, intent("D3", stat="x"), intent("D4")]
    )
    assert [type(outcome) for outcome in outcomes] == [Applied, Refused, Refused, Applied]
    assert isinstance(outcomes[2], Refused)
    assert (outcomes[2].field, "did you mean 'state'" in outcomes[2].message) == ("stat", True)


def test_only_the_columns_of_the_settings_are_written(status: Person, open_sql: Open) -> None:
    (outcome,) = open_sql(status, writes=WRITES).write("status", [intent("D1", ours="mine")])
    assert isinstance(outcome, Refused)
    assert (outcome.reason, outcome.field) == ("not_allowed", "ours")


def test_a_table_of_deals_is_updated_and_never_added_to(person: Person, open_sql: Open) -> None:
    person.do("CREATE TABLE deals (id VARCHAR(9), name VARCHAR(9), state VARCHAR(9))")
    person.do("INSERT INTO deals VALUES ('D1', 'One', NULL), ('D2', 'Two', NULL), ('D2', 'Too', NULL)")
    writes = {"status": {"table": "deals", "key": "id", "columns": ["state"], "mode": "update"}}
    connector = open_sql(person, writes=writes)
    outcomes = connector.write("status", [Intent(key, "status", {"state": "paid"}) for key in ("D1", "D2", "D9")])
    assert outcomes[0] == Applied("D1", {"state": "paid"})
    assert [outcome.reason for outcome in outcomes if isinstance(outcome, Refused)] == ["several_rows", "not_found"]
    connector.close()
    assert person.ask("SELECT count(*) FROM deals WHERE state = 'paid'") == 1


def test_names_and_values_are_never_sql(status: Person, open_sql: Open) -> None:
    nasty = "x'); DROP TABLE status; --"
    connector = open_sql(status, writes=WRITES)
    assert connector.write("status", [intent(nasty, state="a' OR 1=")]) == [Applied(nasty, {"state": "a' OR 1="})]
    assert isinstance(connector.probe("status", [nasty])[0], Found)
    writes = {"status": {"table": 'status"; DROP TABLE status; --', "key": "deal", "columns": ["state"]}}
    (outcome,) = open_sql(status, writes=writes).write("status", [intent("D1")])
    assert isinstance(outcome, Refused)
    connector.close()
    assert status.ask("SELECT count(*) FROM status") == 1


def test_what_is_not_configured_is_not_written(status: Person, open_sql: Open) -> None:
    (outcome,) = open_sql(status).write("status", [intent("D1")])
    assert isinstance(outcome, Refused)
    assert open_sql(status).capabilities.writes == {}


# ---------------------------------------------------------------- what goes wrong


def until(true: Callable[[], bool]) -> None:
    for _ in range(500):
        if true():
            return
        time.sleep(0.02)
    raise AssertionError("it never came true")


def test_a_locked_row_is_tried_later_and_nothing_is_written(postgres: Person, open_sql: Open) -> None:
    postgres.do(TABLE, "INSERT INTO status (deal, state) VALUES ('D1', 'sent')")
    connector = open_sql(postgres, writes=WRITES, timeout=1)
    with postgres.engine.begin() as conn:
        conn.execute(sa.text("UPDATE status SET state = 'held' WHERE deal = 'D1'"))
        outcomes = connector.write("status", [intent("D0"), intent("D1")])
        assert [type(outcome) for outcome in outcomes] == [TryLater, TryLater]
    assert postgres.ask("SELECT string_agg(deal || state, ',') FROM status") == "D1held"
    assert [type(outcome) for outcome in connector.write("status", [intent("D1")])] == [Applied]


def test_a_locked_file_is_tried_later(sqlite: Person, open_sql: Open) -> None:
    sqlite.do(TABLE)
    connector = open_sql(sqlite, writes=WRITES, timeout=1)
    with sqlite.engine.connect() as conn:
        conn.exec_driver_sql("BEGIN IMMEDIATE")
        (outcome,) = connector.write("status", [intent("D1")])
        conn.rollback()
    assert isinstance(outcome, TryLater)
    assert connector.write("status", [intent("D1")]) == [Applied("D1", {"state": "paid"})]


def test_a_connection_that_is_killed_before_the_commit_wrote_nothing(postgres: Person, open_sql: Open) -> None:
    postgres.do(TABLE, "INSERT INTO status (deal, state) VALUES ('D1', 'sent')")
    connector = open_sql(postgres, writes=WRITES, timeout=20)
    found: list[Any] = []
    with postgres.engine.begin() as conn:
        conn.execute(sa.text("UPDATE status SET state = 'held' WHERE deal = 'D1'"))
        waiting = threading.Thread(target=lambda: found.extend(connector.write("status", [intent("D1")])))
        waiting.start()
        kill = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
        until(lambda: bool(postgres.ask(kill)))
        waiting.join(20)
    assert [(type(outcome), outcome.reason) for outcome in found] == [(TryLater, "connection_lost")]
    assert connector.write("status", [intent("D1")]) == [Applied("D1", {"state": "paid"})]


def test_a_commit_whose_answer_is_lost_is_unclear_and_can_be_looked_up(postgres: Person, open_sql: Open) -> None:
    postgres.do(
        TABLE,
        "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(30); RETURN NULL; END'",
        "CREATE CONSTRAINT TRIGGER late AFTER INSERT ON status DEFERRABLE INITIALLY DEFERRED FOR EACH ROW"
        " EXECUTE FUNCTION slow()",
    )
    connector = open_sql(postgres, writes=WRITES, timeout=60)
    found: list[Any] = []
    waiting = threading.Thread(target=lambda: found.extend(connector.write("status", [intent("D1")])))
    waiting.start()
    kill = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = 'PgSleep'"
    until(lambda: bool(postgres.ask(kill)))
    waiting.join(20)
    assert [type(outcome) for outcome in found] == [Unclear]
    assert connector.probe("status", ["D1"]) == [Absent()]


def test_a_rule_that_is_checked_at_the_commit_is_a_refusal(postgres: Person, open_sql: Open) -> None:
    postgres.do("CREATE TABLE deals (id VARCHAR(40) PRIMARY KEY)", TABLE, "INSERT INTO deals VALUES ('D1')")
    postgres.do("ALTER TABLE status ADD FOREIGN KEY (deal) REFERENCES deals DEFERRABLE INITIALLY DEFERRED")
    outcomes = open_sql(postgres, writes=WRITES).write("status", [intent("D1"), intent("D2")])
    assert [type(outcome) for outcome in outcomes] == [Applied, Refused]


def test_a_database_that_is_not_there_is_unsure(open_sql: Open, postgres: Person) -> None:
    gone = Person(postgres.url.replace("/test_", "/gone_"))
    (probe,) = open_sql(gone, writes=WRITES).probe("status", ["D1"])
    assert isinstance(probe, Unsure)
    assert probe.offline
    (outcome,) = open_sql(gone, writes=WRITES).write("status", [intent("D1")])
    assert isinstance(outcome, TryLater)
