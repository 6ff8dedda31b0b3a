"""Every command used oddly: the exit code, what is said, and what programs get."""

from __future__ import annotations

import sqlite3

import pytest

from billsync.cli import show
from billsync.store import Store
from tests.cli.place import CONFIG, GOOD, Place

BAD = "BAD,Basic,Acme,2026-02-31,1,7.10,USD"

ODD = [
    (("status", "--config", "nope.yaml"), "cannot be read"),
    (("status", "--config", "crm"), "Is a directory"),
    (("status", "--config", "a\udcff"), "not UTF-8"),
    (("sync", "nope"), "the configuration has: billing"),
    (("sync", "--through", "2026-02-31"), "does not exist"),
    (("runs", "--pipeline", "nope"), "there is: billing"),
    (("invoice", "show", "NOPE"), "`billsync invoice list`"),
    (("payments", "show", "NO\x1b[31mPE"), "`billsync payments list`"),
    (("invoice", "explain", "NO\x1b[31mPE"), "NO\\u001b[31mPE"),
    (("invoice", "list", "--state", "foo"), "expected one of draft"),
    (("invoice", "list", "--limit", "0"), "--limit"),
    (("errors", "show", "999"), "`billsync errors list`"),
    (("errors", "show", "abc"), "number"),
    (("errors", "show", "9" * 30), "number"),
    (("errors", "show", "--", "-1"), "number"),
    (("errors", "list", "--code", "MAP-VALU-01"), "did you mean 'MAP-VALUE-01'?"),
    (("errors", "retry", "1", "999"), "no problem 999"),
    (("errors", "retry", "1", "--code", "MAP-VALUE-01"), "not both"),
    (("errors", "retry", "9" * 30), "numbers"),
    (("errors", "resolve", "1"), "one of --exists ID and --absent REFERENCE"),
    (("errors", "resolve", "1", "--exists", "x", "--absent", "y"), "one of --exists ID and --absent REFERENCE"),
    (("errors", "resolve", "1", "--exists", " "), "needs the record's id"),
    (("errors", "resolve", "1", "--absent", "y"), "not about a write"),
    (("gates", "open", "crn", "--reason", "x"), "did you mean 'crm'?"),
    (("gates", "close", "crm", "--reason", " "), "a few words"),
    (("gates", "open", "crm"), "--reason"),
    (("reconcile",), "no target"),
    (("reconcile", "nope"), "the configuration has: billing"),
    (("schema", "invoic"), "did you mean 'invoice'?"),
    (("connectors", "show", "filez"), "did you mean 'files'?"),
    (("mapping", "lint", "crm"), "no mapping file"),
    (("init", "billsync.yaml"), "is a file"),
    (("init", "new", "--from", "x"), "--from files --to tryton"),
    (("daemon",), "no pipeline has a schedule"),
    (("frobnicate",), "No such command"),
    (("status", "--frmat", "json"), "--format"),
    (("status", "--format", "xml"), "--format"),
]


@pytest.mark.parametrize(("command", "text"), ODD, ids=lambda part: " ".join(part)[:40] if part else "")
def test_odd_use_is_refused_in_a_sentence(ready: Place, command: tuple[str, ...], text: str) -> None:
    said = ready.billsync(*command)
    assert said.code == 2
    assert text in said.out + said.err
    assert "defect" not in said.err
    assert "\x1b" not in said.out + said.err


def test_without_arguments_the_commands_are_listed(place: Place) -> None:
    said = place.billsync()
    assert said.code in {0, 2}
    assert "sync" in said.out + said.err


LISTS = [
    ("status",), ("runs",), ("errors", "list"), ("errors", "list", "--resolved"), ("errors", "show", "1"),
    ("errors", "retry"), ("invoice", "list"), ("invoice", "show", "INV-2026-000001"),
    ("invoice", "explain", "INV-2026-000001"), ("verify",), ("db", "check"), ("connectors", "list"),
    ("connectors", "show", "tryton"), ("mapping", "lint"), ("mapping", "test"), ("doctor",), ("sync",),
    ("gates", "list"),
]  # fmt: skip


@pytest.mark.parametrize("command", LISTS, ids=" ".join)
def test_json_is_one_document_and_nothing_else_is_on_stdout(ready: Place, command: tuple[str, ...]) -> None:
    said = ready.billsync(*command, "--format", "json")
    assert said.code == (1 if command == ("sync",) else 0)
    assert isinstance(said.json if command[0] != "connectors" else True, dict | list | bool)
    assert "\t" not in said.out


def test_amounts_are_text_in_json(place: Place) -> None:
    place.billsync("sync")
    (listed,) = place.billsync("invoice", "list", "--format", "json").json
    assert (listed["total"], listed["open"], listed["issued_on"]) == ("1000.00", "1000.00", "2026-02-03")
    (row,) = place.billsync("status", "--format", "json").json["Invoices"]
    assert (row["total"], row["invoices"]) == ("1000.00", 1)


def test_a_record_is_shown_cell_by_cell(place: Place) -> None:
    place.deals(BAD)
    place.billsync("sync")
    lines = place.billsync("errors", "show", "1").out.splitlines()
    assert "day\t2026-02-31" in lines
    assert "amount\t7.10" in lines
    assert "code\tMAP-VALUE-01" in lines


def test_retry_says_what_becomes_of_each_problem(place: Place) -> None:
    place.deals(BAD, "X,Basic", GOOD.strip())
    place.billsync("sync")
    results = {row["result"] for row in place.billsync("errors", "retry", "--format", "json").json}
    assert results == {"the record is mapped again with the next run", "is tried again by every run"}
    assert place.billsync("sync").code == 1
    assert len(place.problems()) == 2
    place.deals(GOOD.strip())
    assert place.billsync("sync").code == 0
    assert "is closed" in place.billsync("errors", "retry", "1").out
    assert place.billsync("errors", "retry").out == "no open problems\n"


def test_what_the_limit_hides_is_said(place: Place) -> None:
    place.deals(*(BAD.replace("BAD", f"B{at}") for at in range(4)))
    place.billsync("sync")
    said = place.billsync("errors", "list", "--limit", "3")
    assert len(said.out.splitlines()) == 4
    assert said.err.startswith("1 more")


NAMES = {
    "Émoji 🚀 GmbH": "Émoji 🚀 GmbH",
    "שלום": "שלום",
    'O\'Brien "Q" [bold]x[/bold]': 'O\'Brien "Q" [bold]x[/bold]',
    '=HYPERLINK("http://x","y")': '=HYPERLINK("http://x","y")',
    "two\nlines": "two\\u000alines",
    "tab\there": "tab\\u0009here",
    "esc\x1b[31mred": "esc\\u001b[31mred",
    "rtl\u202eevil": "rtl\\u202eevil",
}


def test_names_are_shown_as_they_are_but_cannot_act(place: Place) -> None:
    quoted = {name: '"' + name.replace('"', '""') + '"' for name in NAMES}
    header = "account,sector,year_established,revenue,employees,office_location,subsidiary_of\n"
    place.write("crm/accounts.csv", header + "".join(f"{name},x,1,1,1,Germany,\n" for name in quoted.values()))
    place.deals(*(f"D{at},Basic,{name},2026-02-03,1,5,USD" for at, name in enumerate(quoted.values())))
    assert place.billsync("sync").code == 0
    rows = [line.split("\t") for line in place.billsync("invoice", "list").out.splitlines()[1:]]
    assert {row[1] for row in rows} == set(NAMES.values())
    for number, shown, *_ in rows:
        first = place.billsync("invoice", "explain", number).out.splitlines()[0]
        assert first == f"Invoice {number} for {shown}: 5.00 USD"
        assert f"customer\t{shown}" in place.billsync("invoice", "show", number).out
    documents = place.billsync("invoice", "list", "--format", "json").json
    assert {document["customer"] for document in documents} == set(NAMES)


# ---------------------------------------------------------------- the store, other instances, other systems


@pytest.mark.parametrize("command", [("status",), ("sync",), ("db", "upgrade"), ("doctor",)], ids=" ".join)
@pytest.mark.parametrize("kind", ["garbage", "folder", "newer"])
def test_a_store_that_cannot_be_used_is_exit_6(place: Place, command: tuple[str, ...], kind: str) -> None:
    store = place.folder / "billsync.db"
    if kind == "garbage":
        store.write_bytes(b"no database at all " * 500)
    elif kind == "folder":
        store.mkdir()
    else:
        Store.open(f"sqlite:///{store}", create=True).close()
        with sqlite3.connect(store) as raw:
            raw.execute("UPDATE billsync_schema SET version_num = '9999_future'")
        raw.close()
    said = place.billsync(*command)
    assert said.code == 6
    assert str(store) in said.out + said.err


def test_before_the_first_run_there_is_no_store_and_nothing_makes_one(place: Place) -> None:
    for command in (("status",), ("errors", "list"), ("invoice", "list"), ("db", "check"), ("errors", "retry")):
        said = place.billsync(*command)
        assert said.code == 6
        assert "billsync db upgrade" in said.err
    assert not (place.folder / "billsync.db").exists()
    assert place.billsync("db", "upgrade").code == 0
    assert place.billsync("status").code == 0


def test_another_instance_at_work_is_exit_5(place: Place) -> None:
    place.billsync("db", "upgrade")
    store = Store.open(f"sqlite:///{place.folder / 'billsync.db'}")
    with store.lock("pipeline-billing", "elsewhere:1"):
        said = place.billsync("sync")
        assert said.code == 5
        assert "elsewhere:1" in said.err
        assert place.billsync("status").code == 0
    store.close()
    assert place.billsync("sync").code == 0


def test_a_source_that_is_not_there_is_exit_3_and_nothing_is_lost(place: Place) -> None:
    place.billsync("sync")
    deals = place.folder / "crm" / "deals.csv"
    content = deals.read_bytes()
    deals.unlink()
    said = place.billsync("sync")
    assert said.code == 3
    assert "nothing to do" not in said.out
    assert "nothing was lost" in said.err
    deals.write_bytes(content)
    assert place.billsync("sync").code == 0
    place.write("billsync.yaml", CONFIG.replace("folder: crm", "folder: away"))
    assert place.billsync("doctor").code == 3


def test_values_as_people_read_them() -> None:
    assert show.cell({"a": [1_000, None], "b\x1b": True}) == "a: 1,000, ; b\\u001b: yes"


def test_a_gate_that_a_person_closed_is_shown_until_it_is_opened(place: Place) -> None:
    assert place.billsync("sync").code == 0
    assert place.billsync("gates", "close", "crm", "--reason", "month end").code == 0
    (held,) = place.billsync("status", "--format", "json").json["Held back"]
    assert (held["connection"], held["state"], held["detail"]) == ("crm", "parked", "month end")
    assert "month end" in place.billsync("status").out
    assert place.billsync("gates", "open", "crm", "--reason", "closed the books").code == 0
    assert place.billsync("status", "--format", "json").json["Held back"] == []
