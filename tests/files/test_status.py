"""The state of invoices goes back into the CRM's folder: all or nothing, the same for the same, harmless to Excel."""

from __future__ import annotations

import os
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billsync.connector import Absent, Applied, Found, Intent, Refused, Target, TryLater, Unsure
from billsync_connectors.files import Files
from billsync_connectors.files.status import neutral, restored

Open = Callable[..., Files]
HEADER = "deal,invoices,amount,currency,state,issued_on,due_on,paid_on\n"


def intent(key: str, **payload: Any) -> Intent:
    return Intent(key, "status", {"deal": key, "state": "paid", **payload})


@pytest.fixture
def files(folder: Path, open_files: Open) -> Files:
    return open_files(status_folder="crm/status")


def test_a_batch_is_written_in_order_of_the_deals(folder: Path, files: Files) -> None:
    outcomes = files.write(
        "status",
        [
            intent("D2", invoices=["INV-1", "INV-2"], amount=Decimal("12.50"), currency="USD", paid_on="2017-04-01"),
            intent("D1", invoices="INV-3", amount="7"),
        ],
    )
    assert outcomes == [Applied("D2", {"state": "paid"}), Applied("D1", {"state": "paid"})]
    assert (folder / "status/status.csv").read_text() == (
        HEADER + "D1,INV-3,7,,paid,,,\n" + "D2,INV-1 INV-2,12.50,USD,paid,,,2017-04-01\n"
    )
    assert [path.name for path in (folder / "status").iterdir()] == ["status.csv"]


def test_the_same_twice_gives_the_same_bytes_and_other_deals_stay(folder: Path, files: Files) -> None:
    files.write("status", [intent("D1", state="sent"), intent("D2")])
    files.write("status", [intent("D1")])
    first = (folder / "status/status.csv").read_bytes()
    files.write("status", [intent("D1")])
    assert (folder / "status/status.csv").read_bytes() == first == (HEADER + "D1,,,,paid,,,\nD2,,,,paid,,,\n").encode()


def test_a_look_up_by_deal(files: Files) -> None:
    assert files.probe("status", ["D1"]) == [Absent()]
    files.write("status", [intent("D1")])
    assert files.probe("status", ["D1", "D9"]) == [Found(("D1",), echo={"state": "paid"}), Absent()]
    assert files.capabilities.writes["status"].target is Target.UPSERT


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "'="])
def test_no_cell_is_a_formula_and_its_deal_is_found_again(folder: Path, files: Files, start: str) -> None:
    deal = f'{start}HYPERLINK("http://x")'
    files.write("status", [intent(deal, currency=f"{start}1")])
    files.write("status", [intent(deal, currency=f"{start}1")])
    written = (folder / "status/status.csv").read_bytes().decode().removeprefix(HEADER)
    assert written.removeprefix('"').startswith("'" + start)
    assert written.count("paid") == 1
    assert files.probe("status", [deal]) == [Found((deal,), echo={"state": "paid"})]


@given(st.text(st.sampled_from("'=+-@\t\ra1"), max_size=5))
def test_what_is_made_harmless_can_be_read_back(cell: str) -> None:
    assert restored(neutral(cell)) == cell
    assert not neutral(cell).startswith(("=", "+", "-", "@", "\t", "\r"))


def test_one_bad_intent_does_not_stop_the_others(folder: Path, files: Files) -> None:
    bad = [intent("D1", stat="x"), intent("D2", deal="D9"), intent("D3", currency="a\x00")]
    outcomes = files.write("status", [*bad, intent("D4")])
    assert [type(outcome) for outcome in outcomes] == [Refused, Refused, Refused, Applied]
    assert isinstance(outcomes[0], Refused)
    assert outcomes[0].field == "stat"
    assert "did you mean 'state'" in outcomes[0].message
    assert (folder / "status/status.csv").read_text() == HEADER + "D4,,,,paid,,,\n"


@pytest.mark.parametrize(
    "content",
    [b"", b"deal,amount\nD1,3\n", HEADER.encode() + b'D1,"open\n', HEADER.encode() + b"D1,\xff,,,,,,\n", b"\x00"],
)
def test_a_file_that_is_not_ours_is_never_overwritten(folder: Path, files: Files, content: bytes) -> None:
    (folder / "status").mkdir()
    (folder / "status/status.csv").write_bytes(content)
    (outcome,) = files.write("status", [intent("D1")])
    assert isinstance(outcome, Refused)
    assert outcome.message.startswith("crm/status/status.csv:")
    assert (folder / "status/status.csv").read_bytes() == content
    assert isinstance(files.probe("status", ["D1"])[0], Unsure)


def test_a_disk_that_fails_before_the_rename_leaves_the_old_file(
    folder: Path, files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    files.write("status", [intent("D1")])
    before = (folder / "status/status.csv").read_bytes()

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    (outcome,) = files.write("status", [intent("D2")])
    assert isinstance(outcome, TryLater)
    assert "No space left on device" in outcome.message
    assert (folder / "status/status.csv").read_bytes() == before
    monkeypatch.undo()
    assert isinstance(files.write("status", [intent("D2")])[0], Applied)


def test_without_a_status_folder_nothing_is_written(open_files: Open) -> None:
    files = open_files()
    assert files.capabilities.writes == {}
    (outcome,) = files.write("status", [intent("D1")])
    assert isinstance(outcome, Refused)


def test_status_never_goes_where_records_come_from(open_files: Open) -> None:
    with pytest.raises(ValueError, match="status_folder must not be"):
        open_files(status_folder="./crm")
