"""The real command as its own process: terminals of all widths, pipes that close, full disks, Ctrl-C."""

from __future__ import annotations

import os
import pty
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.place import Place

BILLSYNC = [sys.executable, "-m", "billsync"]
FULL = Path("/dev/full")


def shell(place: Place, script: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "BILLSYNC": " ".join(BILLSYNC)}
    command = ["bash", "-c", f'b() {{ $BILLSYNC "$@"; }}; {script}']
    return subprocess.run(command, cwd=place.folder, env=environment, capture_output=True, text=True, check=False)


def on_terminal(place: Place, width: int, *arguments: str) -> str:
    """What stands on a terminal of that width; colours are off."""
    mine, theirs = pty.openpty()
    environment = {**os.environ, "COLUMNS": str(width), "TERM": "xterm", "NO_COLOR": "1"}
    process = subprocess.Popen([*BILLSYNC, *arguments], cwd=place.folder, env=environment, stdout=theirs, stderr=theirs)
    os.close(theirs)
    told = b""
    try:
        while chunk := os.read(mine, 65536):
            told += chunk
    except OSError:  # the terminal's way to say that its last writer left
        pass
    finally:
        os.close(mine)
    process.wait()
    text = told.decode().replace("\r\n", "\n")
    assert "\x1b[3" not in text  # no colours: NO_COLOR
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


SCRIPTS = {
    "b errors list | head -0; exit ${PIPESTATUS[0]}": (0, ""),
    "b sync 2>/dev/null | head -0; exit ${PIPESTATUS[0]}": (1, ""),
    "b schema invoice | head -1; exit ${PIPESTATUS[0]}": (0, ""),
    "b --help | true; exit ${PIPESTATUS[0]}": (0, ""),
    "b status >&-": (0, ""),
    "b status --format json >&-": (0, ""),
    "b sync >/dev/null 2>&-": (1, ""),
    "PYTHONIOENCODING=ascii b invoice list": (0, ""),
    "b invoice show $'\\xff'": (2, "not UTF-8"),
}


@pytest.mark.parametrize("script", SCRIPTS)
def test_streams_that_close_change_nothing_but_what_is_read(ready: Place, script: str) -> None:
    code, text = SCRIPTS[script]
    said = shell(ready, script)
    assert (said.returncode, said.stderr.replace("\n", "")[-40:].find("rror")) == (code, -1), said.stderr
    assert text in said.stderr


@pytest.mark.skipif(not FULL.exists(), reason="no /dev/full here")
@pytest.mark.parametrize("command", ["status", "status --format json", "--help"])
def test_output_that_cannot_be_written_is_said(ready: Place, command: str) -> None:
    said = shell(ready, f"b {command} >/dev/full")
    assert said.returncode == 74
    assert said.stderr.startswith("the output could not be written: No space left on device")


@pytest.mark.parametrize("width", [30, 60, 120, 200])
def test_days_amounts_and_numbers_are_whole_at_any_width(ready: Place, width: int) -> None:
    told = on_terminal(ready, width, "invoice", "list")
    for value in ("INV-2026-000001", "2026-02-03", "1,234,567.50", "finalised"):
        assert value in told
    if width >= 120:
        assert max(len(line) for line in told.splitlines()) <= width
        assert any(line.split()[:2] == ["number", "customer"] for line in told.splitlines())


def test_problems_read_like_sentences_on_a_terminal(ready: Place) -> None:
    told = on_terminal(ready, 100, "errors", "list").splitlines()
    assert told[0].split() == ["1", "MAP-VALUE-01", "crm/deals.csv:4", "(crm/deals/BAD)", "field", "day"]
    assert told[1].strip() == "signed_on: the day '2026-02-31' does not exist"
    assert told[2].strip().startswith("= ")


def test_ctrl_c_is_exit_130_and_the_same_command_goes_on(place: Place) -> None:
    place.deals(*(f"D{at},Basic,Acme,2026-02-03,1,5,USD" for at in range(3_000)))
    with subprocess.Popen([*BILLSYNC, "sync"], cwd=place.folder, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if line.startswith("Read deals"):
                process.send_signal(signal.SIGINT)
                break
        rest = process.stderr.read()
    assert process.returncode == 130
    assert "the same command goes on from there" in rest
    assert "Traceback" not in rest
    (last,) = place.billsync("runs", "--format", "json").json
    assert last["state"] == "interrupted"
    assert place.billsync("sync").code == 0
    (row,) = place.billsync("status", "--format", "json").json["Invoices"]
    assert (row["invoices"], row["total"]) == (3_000, "15000.00")
    assert place.billsync("verify").code == 0
