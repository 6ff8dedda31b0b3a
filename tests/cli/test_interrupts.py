"""Ctrl-C ends a run at its next step, also where the exception itself got lost in a library."""

from __future__ import annotations

import subprocess
import sys

import pytest

from billsync.cli import guard
from billsync.cli.progress import Lines, Quiet

LOST = """
import os, signal, sqlite3, sys
from billsync.cli import guard, progress

def app(standalone_mode):
    connection = sqlite3.connect(":memory:")
    connection.create_function("press", 0, lambda: os.kill(os.getpid(), signal.SIGINT))
    try:
        connection.execute("select press()").fetchall()
    except sqlite3.OperationalError:
        print("lost", flush=True)
    lines = progress.Lines()
    lines.stage("Map deals")
    print("went on", flush=True)

guard.guarded(app)
"""


def test_an_interrupt_that_a_callback_swallows_ends_the_run_at_the_next_step() -> None:
    said = subprocess.run([sys.executable, "-c", LOST], capture_output=True, text=True, check=False)
    assert (said.returncode, said.stdout) == (130, "lost\n")
    assert "the same command goes on from there" in said.stderr


@pytest.mark.parametrize("shown", [Lines(), Quiet()])
def test_without_one_work_goes_on(shown: Lines | Quiet) -> None:
    assert not guard.interrupts.pressed
    shown.advance(3)
