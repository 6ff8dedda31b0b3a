"""`--help` answers in a moment: nothing heavy is imported before a command runs."""

from __future__ import annotations

import resource
import subprocess
import sys

import pytest

from billsync.cli import run
from billsync.cli.app import app
from billsync.cli.lazily import tree

HEAVY = (
    "pydantic",
    "sqlalchemy",
    "httpx",
    "alembic",
    "apscheduler",
    "rich",
    "yaml",
    "billsync.model",
    "billsync.store",
)


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys\nfrom billsync.cli.app import app\n"
        "app(['--help'], standalone_mode=False)\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.splitlines()[-1] == "[]"
    assert "sync" in result.stdout


def test_every_command_has_help(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """All that are listed, by the entry of the command line; `--help` as a process is above."""
    for command in tree(app).commands:
        monkeypatch.setattr(sys, "argv", ["billsync", command, "--help"])
        with pytest.raises(SystemExit) as left:
            run()
        assert (left.value.code, "Usage:" in capsys.readouterr().out) == (0, True), command


def test_help_takes_little_cpu() -> None:
    """A bound far above the target of 200 ms: it catches a heavy import, not a busy machine."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-m", "billsync", "--help"], capture_output=True, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert (after.ru_utime - before.ru_utime) + (after.ru_stime - before.ru_stime) < 1.0
