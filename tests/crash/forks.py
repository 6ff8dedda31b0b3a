"""Runs in processes of their own that have loaded everything before: what costs two seconds is done once."""

from __future__ import annotations

import multiprocessing
import os
from pathlib import Path
from typing import Final

from tests.crash import driver

FORKS: Final = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(
    [
        "tests.crash.driver",
        "billsync_connectors.sandbox",
        "billsync_connectors.files",
        "billsync_connectors.tryton",
        "alembic.command",  # these three are what making a store loads
        "alembic.autogenerate",
        "mako.ext.pygmentplugin",
    ]
)
LONGEST_S: Final = 300


def run(config: Path, point: str = "none", occurrence: int = 1, victim: int | None = None) -> int:
    """One run; its exit code, -9 where it was killed.  `victim` is whom the point strikes in its place."""
    process = FORKS.Process(target=_run, args=(str(config), point, occurrence, victim))
    process.start()
    process.join(LONGEST_S)
    assert process.exitcode is not None, "the run does not end"
    return process.exitcode


def _run(config: str, point: str, occurrence: int, victim: int | None) -> None:
    os._exit(driver.main(Path(config), point, occurrence, os.getpid() if victim is None else victim))
