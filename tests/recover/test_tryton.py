"""A backup is restored while a real ERP has moved on."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from billsync import schedule, settings, workspace
from billsync.cli import recovery
from billsync.cli.guard import OK
from billsync_connectors.tryton.sandbox import TrytonSandbox
from tests.crash.made import DEALS, Case, make_case

pytestmark = pytest.mark.tryton


def keep_deals(case: Case, count: int) -> list[str]:
    """Leave the first deals in the CRM; gives the lines of all of them."""
    file = case.folder / "crm" / "sales_pipeline.csv"
    lines = file.read_text(encoding="utf-8").splitlines()
    file.write_text("\n".join([*lines[: 1 + count], lines[-1]]) + "\n", encoding="utf-8")
    return lines


def sync(case: Case) -> None:
    clock = schedule.SystemClock()
    with workspace.opened(settings.load(case.config), clock) as opened:
        report = workspace.run_pipeline(opened, "billing", slot=clock.now().isoformat())
    assert report is not None
    assert report.exit_code == OK


def test_what_stands_in_tryton_is_taken_over(tryton_sandbox: TrytonSandbox, tmp_path: Path) -> None:
    case = make_case(tmp_path / "case", tryton_sandbox, year=2020)
    lines = keep_deals(case, 2)
    sync(case)
    assert recovery.backup(case.config, tmp_path / "books.backup") == OK
    (case.folder / "crm" / "sales_pipeline.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    sync(case)
    case.check()
    before = {item["reference"]: item["id"] for item in case.documents()}
    assert len(before) == DEALS
    assert recovery.restore(case.config, tmp_path / "books.backup", yes=True) == OK
    assert recovery.recover(case.config, None, "table") == OK
    case.check()
    assert {item["reference"]: item["id"] for item in case.documents()} == before
    with (case.folder / "status" / "status.csv").open(encoding="utf-8", newline="") as file:
        assert {row["state"] for row in csv.DictReader(file)} == {"sent"}
