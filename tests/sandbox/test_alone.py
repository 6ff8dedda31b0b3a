"""`sandbox up SYSTEM` without any configuration: a stand-in to point a client at."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx


def up(folder: Path, *arguments: str) -> Any:
    """What it says when it runs; it is stopped at once by Ctrl-C."""
    command = [sys.executable, "-m", "billsync", "sandbox", "up", *arguments, "--format", "json"]
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert process.stdout is not None
    lines: list[str] = []
    while not lines or lines[-1] != "]\n":
        lines.append(process.stdout.readline())
        assert lines[-1], lines
    (row,) = json.loads("".join(lines))
    answer = httpx.get(f"{row['url']}admin/health", trust_env=False)
    process.send_signal(signal.SIGINT)
    assert process.wait(30) == 0
    process.stdout.close()
    assert answer.status_code == 200
    return row


def test_a_system_is_started_by_its_name_and_says_how_to_reach_it(tmp_path: Path) -> None:
    row = up(tmp_path, "sandbox", "--folder", "boxes")
    assert (row["connection"], row["connector"]) == ("", "sandbox")
    assert row["folder"] == str(tmp_path / "boxes" / "sandbox")
    assert {"url", "user", "password"} <= row["settings"].keys()
    again = up(tmp_path, "sandbox", "--folder", "boxes")
    assert again == row


def test_what_is_neither_a_connection_nor_a_system_is_told(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "billsync", "sandbox", "up", "netsweet"]
    said = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert said.returncode == 2
    assert "the configuration cannot be read" in said.stderr
