"""The whole journey from one sandbox to another and back, as the command line starts it; and its process killed."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from billsync import assets, settings, workspace
from billsync.model.delivery import DeliveryState
from billsync.schedule import SystemClock
from billsync.store import Store
from billsync.sync import Report
from billsync_connectors.sandbox.named import NamedSandbox
from tests.cli.place import Place
from tests.sandbox.desk import Desk
from tests.sandbox.stand_in import StandIn

CONFIG = "billsync.yaml"


@pytest.fixture
def work(tmp_path: Path) -> Iterator[Path]:
    """A working folder as `init --from sandbox --to sandbox` makes it, with an empty CRM; nothing runs yet."""
    text = (assets.folder("config") / "sandbox-sandbox.example.yaml").read_text(encoding="utf-8")
    text = text.replace("options: {seed: crm_sales} ", "options: {kind: C} ").replace("{kind: C} ", "{kind: A} ", 1)
    (tmp_path / CONFIG).write_text(text, encoding="utf-8")
    yield tmp_path
    for name in ("crm", "erp"):
        NamedSandbox(tmp_path / name).down()


def fill(crm: NamedSandbox) -> None:
    """Two customers, one of them spelt badly; three won deals, one open, one without an account."""
    rows: list[tuple[str, dict[str, Any]]] = [
        ("accounts", {"id": "Acme", "name": "Acme", "country": "Germany"}),
        ("accounts", {"id": "Bluth", "name": "Bluth", "country": "Philipines", "parent": "Acme"}),
        ("products", {"id": "GTX Pro", "name": "GTX Pro", "price": "4821"}),
        *(
            ("deals", {"id": f"D-{n}", "account": account, "product": "GTXPro", "stage": stage, "amount": f"{n}00.50",
                       "currency": "USD", "closed_on": "2017-03-01"})
            for n, (account, stage) in enumerate(
                [("Acme", "Won"), ("Acme", "Won"), ("Bluth", "Won"), ("Bluth", "Engaging"), (None, "Won")], 1
            )
        ),
    ]  # fmt: skip
    for object, fields in rows:
        crm.admin("POST", "human", {"do": "create", "object": object, "fields": fields})


def run(folder: Path, slot: str) -> Report:
    with workspace.opened(settings.load(folder / CONFIG), SystemClock()) as opened:
        report = workspace.run_pipeline(opened, "billing", slot=slot, through=date(2017, 12, 31))
    assert report is not None
    return report


def test_there_and_back_again(work: Path) -> None:
    crm, erp = NamedSandbox(work / "crm"), NamedSandbox(work / "erp")
    crm.up()
    erp.up()
    fill(crm)
    first = run(work, "1")
    assert first.exit_code == 1  # the deal without an account waits for a person
    bills = erp.admin("GET", "documents?object=invoice")["records"]
    assert sorted((row["reference"], row["total"], row["state"]) for row in bills) == [
        ("INV-2017-000001", "301.00", "sent"), ("INV-2017-000002", "300.50", "sent"),
    ]  # fmt: skip
    customers = erp.admin("GET", "documents?object=customer")["records"]
    assert sorted((row["reference"], row["country"]) for row in customers) == [("Acme", "DE"), ("Bluth", "PH")]
    money = {"invoice": bills[0]["id"], "amount": "301.00", "currency": "USD", "date": "2017-04-12"}
    erp.admin("POST", "human", {"do": "create", "object": "payment", "fields": money})
    assert run(work, "2").counts["payments booked"] == 1
    told = {
        row["id"]: row.get("billing", {}).get("state") for row in crm.admin("GET", "documents?object=deals")["records"]
    }
    assert told == {"D-1": "paid", "D-2": "paid", "D-3": "sent", "D-4": None, "D-5": None}
    third = run(work, "3").counts
    assert {name: n for name, n in third.items() if n and not name.endswith((" read", "problems"))} == {}


def test_a_run_starts_and_stops_what_it_needs(work: Path) -> None:
    """Its data, its password and its place stay; one that ran before goes on running."""
    assert run(work, "1").exit_code == 0
    crm, erp = NamedSandbox(work / "crm"), NamedSandbox(work / "erp")
    assert not crm.running()
    assert not erp.running()
    settings_before = erp.up()
    assert (erp.folder / "password").stat().st_mode & 0o777 == 0o600
    assert run(work, "2").exit_code == 0
    assert erp.running()
    assert erp.up() == settings_before


def test_options_that_the_sandbox_does_not_take(work: Path) -> None:
    text = (work / CONFIG).read_text(encoding="utf-8")
    (work / CONFIG).write_text(text.replace("{kind: C}", "{kind: Z}"), encoding="utf-8")
    report = run(work, "1")
    assert report.exit_code == 3
    assert "the setting kind: expected A or B or C or D" in report.offline


def test_the_command_line(work: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """`up` serves until Ctrl-C; a fault is switched on beside it; what is wrong is said in a sentence."""
    place = Place(work, capsys, monkeypatch)
    assert "billsync sandbox up" in place.billsync("sandbox", "fault", "erp", "lost").err
    up = subprocess.Popen(
        [sys.executable, "-m", "billsync", "sandbox", "up", "erp"],
        cwd=work, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    assert up.stdout is not None
    assert up.stdout.readline().split() == ["connection", "connector", "url", "folder"]
    assert up.stdout.readline().startswith("erp\tsandbox\thttp://127.0.0.1:")
    said = place.billsync("sandbox", "fault", "erp", "busy", "retry_after=7", "--next", "2", "--format", "json")
    assert (said.code, said.json["retry_after"], said.json["next"]) == (0, "7", 2)
    assert NamedSandbox(work / "erp").admin("GET", "faults")["faults"] == [said.json]
    up.send_signal(signal.SIGINT)
    assert up.wait(20) == 0
    up.stdout.close()
    assert not NamedSandbox(work / "erp").running()
    listed = place.billsync("sandbox", "list", "--format", "json").json
    assert {"lost", "bomb", "reject-item"} <= {row["fault"] for row in listed}
    for wrong, text in [
        (("erp", "nope"), "sandbox list"),
        (("nope", "lost"), "crm, erp"),
        (("erp", "lost", "x"), "name=value"),
    ]:
        said = place.billsync("sandbox", "fault", *wrong)
        assert said.code == 2
        assert text in said.err


# ---------------------------------------------------------------- kill -9


@pytest.mark.parametrize("kind", ["A", "B", "C"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_the_erp_is_killed_in_mid_write(kind: str, when: str, tmp_path: Path, sandbox_server: StandIn) -> None:
    """Before or after its commit: the reply never comes, and the invoice stands there once in the end."""
    store = Store.open(f"sqlite:///{tmp_path / 'store.db'}", create=True)
    desk = Desk(store, sandbox_server, kind, {"timeout": 20})
    desk.plan(1)
    desk.strike("slow", when=when, seconds=5)
    worker = threading.Thread(target=lambda: desk.push(patience_s=0))
    worker.start()
    give_up = time.monotonic() + 20
    while not (sandbox_server.admin("GET", "faults")["faults"] == [] and time.monotonic() < give_up):
        time.sleep(0.02)
    time.sleep(0.2)
    sandbox_server.kill()
    worker.join()
    assert desk.row().state is DeliveryState.UNKNOWN
    sandbox_server.start()
    assert sandbox_server.references() == ([] if when == "before" else ["INV-01"])
    desk.push()
    assert desk.done_once()
    store.close()
