"""A process of its own that enters the sandbox by an app, with tokens from a real vault; it may be killed."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Final, Literal

from pydantic import SecretStr

from billsync.connector import Context, TryLater
from billsync.schedule import SystemClock
from billsync.store import Store
from billsync.vault import Vault, read_key
from billsync_connectors.sandbox.config import SandboxSettings
from billsync_connectors.sandbox.connector import Sandbox
from tests.crash.forks import FORKS

Dies = Literal["never", "before it is kept", "after it was kept"]
SECRET: Final = "a-s3cret-of-the-app"
LONGEST_S: Final = 60


class Killed(Vault):
    """A vault whose process is killed where it keeps something."""

    dies: Dies = "never"

    def put(self, name: str, value: str) -> None:
        if self.dies == "before it is kept":
            os.kill(os.getpid(), signal.SIGKILL)
        super().put(name, value)
        if self.dies == "after it was kept":
            os.kill(os.getpid(), signal.SIGKILL)


def opened(store: Store, key: str, url: str, dies: Dies = "never") -> Sandbox:
    """A connection `erp` to the sandbox at an address."""
    vault = Killed(store, "erp", lambda: [read_key(key)], SystemClock(), f"process {os.getpid()}")
    vault.dies = dies
    settings = SandboxSettings(url=url, client_id="app", client_secret=SecretStr(SECRET))
    return Sandbox(Context("erp", Path(), vault), settings)


def _run(database: str, key: str, url: str, dies: Dies) -> None:
    connector = opened(Store.open(database), key, url, dies)
    try:
        connector.check()
    except TryLater as fault:
        os._exit(3 if "billsync connect erp" in fault.message else 4)
    os._exit(0)


def run(database: str, key: str, url: str, *all_of_them: Dies) -> list[int | None]:
    """Processes at one time; their exit codes: 0 entered, 3 a person has to agree anew, -9 killed."""
    processes = [FORKS.Process(target=_run, args=(database, key, url, dies)) for dies in all_of_them]
    for process in processes:
        process.start()
    for process in processes:
        process.join(LONGEST_S)
    return [process.exitcode for process in processes]
