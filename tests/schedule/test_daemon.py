"""The daemon as a process: slots run once, one pipeline's failure spares the others, SIGTERM ends it gracefully."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.cli.place import Place

CONFIG = """
connections:
  good: {connector: files, folder: good, objects: {accounts: {key: account}, products: {key: product}, sales_pipeline: {key: opportunity_id}}}
  gone: {connector: files, folder: gone, objects: {accounts: {key: account}, products: {key: product}, sales_pipeline: {key: opportunity_id}}}
pipelines:
  good:
    source: good
    mappings:
      inbound: [mappings/files/crm_sales/accounts.yaml, mappings/files/crm_sales/products.yaml, mappings/files/crm_sales/opportunities.yaml]
    billing: {through: 2026-12-31}
    schedule: {every_s: 1}
  bad:
    source: gone
    mappings:
      inbound: [mappings/files/crm_sales/accounts.yaml, mappings/files/crm_sales/products.yaml, mappings/files/crm_sales/opportunities.yaml]
    billing: {through: 2026-12-31}
    schedule: {every_s: 1}
  never:
    source: good
    mappings:
      inbound: [mappings/files/crm_sales/accounts.yaml]
"""  # noqa: E501  a configuration as people write it


def export(folder: Path, tag: str) -> None:
    folder.mkdir()
    (folder / "accounts.csv").write_text(
        f"account,sector,year_established,revenue,employees,office_location,subsidiary_of\n{tag},retail,1999,1,1,Kenya,\n",
        encoding="utf-8",
    )
    (folder / "products.csv").write_text(f"product,series,sales_price\n{tag} GTX,GTX,5\n", encoding="utf-8")
    (folder / "sales_pipeline.csv").write_text(
        "opportunity_id,sales_agent,product,account,deal_stage,engage_date,close_date,close_value\n"
        f"{tag}-1,Moses,{tag} GTX,{tag},Won,2026-01-05,2026-02-03,500\n",
        encoding="utf-8",
    )


@pytest.fixture
def folder(tmp_path: Path, sqlite_template: Path) -> Path:
    (tmp_path / "billsync.yaml").write_text(CONFIG, encoding="utf-8")
    export(tmp_path / "good", "G")
    shutil.copy(sqlite_template, tmp_path / "billsync.db")
    return tmp_path


@pytest.fixture
def place(folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Place:
    """The folder, and the command line inside this process: only daemons have to be processes of their own."""
    return Place(folder, capsys, monkeypatch)


def customers(place: Place) -> list[str]:
    """Whose invoices there are."""
    return sorted(item["customer"] for item in place.billsync("invoice", "list", "--format", "json").json)


def runs(place: Place) -> Any:
    return place.billsync("runs", "--format", "json", "--limit", "1000").json


def daemon(folder: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "billsync", "daemon"]
    return subprocess.Popen(command, cwd=folder, stderr=subprocess.PIPE, text=True)


def until_slots_ran(place: Place) -> None:
    """Some slots of each pipeline were run."""
    end = time.monotonic() + 90
    names: list[str] = []
    while sum(name.startswith("good@") for name in names) < 4 or not any(name.startswith("bad@") for name in names):
        assert time.monotonic() < end, names
        time.sleep(1)
        names = [item["run"] for item in runs(place)]


def test_two_daemons_share_the_slots_and_end_gracefully(place: Place) -> None:
    both = [daemon(place.folder), daemon(place.folder)]
    until_slots_ran(place)
    for process in both:
        process.send_signal(signal.SIGTERM)
    told = [process.communicate(timeout=60)[1] for process in both]
    assert [process.returncode for process in both] == [0, 0], told
    assert not any("Traceback" in text for text in told)
    ran = runs(place)
    slots = Counter(item["run"] for item in ran)
    assert max(slots.values()) == 1
    states = {name: {item["state"] for item in ran if item["run"].startswith(f"{name}@")} for name in ("good", "bad")}
    assert states == {"good": {"ok"}, "bad": {"unreachable"}}
    assert sum(name.startswith("good@") for name in slots) >= 2
    assert not any(name.startswith("never@") for name in slots)
    assert customers(place) == ["G"]


def test_without_any_schedule_it_says_so(place: Place) -> None:
    place.write("billsync.yaml", CONFIG.replace("schedule: {every_s: 1}", ""))
    said = place.billsync("daemon")
    assert said.code == 2
    assert "no pipeline has a schedule" in said.err


def test_two_pipelines_in_one_store_bill_each_their_own_deals(place: Place) -> None:
    export(place.folder / "gone", "H")
    assert place.billsync("sync", "good").code == 0
    assert customers(place) == ["G"]
    with (place.folder / "good" / "sales_pipeline.csv").open("a", encoding="utf-8") as file:
        file.write("G-2,Moses,G GTX,G,Won,2026-01-05,2026-03-03,700\n")
    assert place.billsync("sync", "bad").code == 0
    assert customers(place) == ["G", "H"]
    assert place.billsync("sync", "good").code == 0
    assert customers(place) == ["G", "G", "H"]
