"""Starts and stops a stand-in that lives in a folder, and speaks to those that run.  (shell)"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import httpx

from billsync.connector import NoSandbox
from billsync_connectors.erpnext.server.faults import CATALOGUE

_SERVER: Final = "billsync_connectors.erpnext.server"
_START_S: Final = 30
_STOP_S: Final = 10
_TOLD: Final = ("api_key", "user", "time_zone")
"""Settings of the stand-in that whoever connects to it has to know too."""
_CHILDREN: Final[dict[int, subprocess.Popen[bytes]]] = {}


class NamedERPNext:
    """One stand-in, kept in one folder.

    Attributes:
        folder: holds its data, its passwords (0600), the port, the log.
        options: settings of the stand-in (docs/reference/erpnext-stand-in.md) as text.
    """

    OPTIONS: Final = "the settings of docs/reference/erpnext-stand-in.md"

    def __init__(self, folder: Path, *, cache: Path | None = None, options: Mapping[str, str] | None = None) -> None:
        self.folder = folder.absolute()
        self.cache = cache
        self.options = dict(options or {})

    # ------------------------------------------------------------ up and down

    def up(self, progress: Callable[[str], None] = lambda _line: None) -> dict[str, str]:
        """Start it; the connection's settings.  Raises `NoSandbox`."""
        if not self.running():
            self.folder.mkdir(parents=True, exist_ok=True)
            progress("starting the sandbox")
            self._start()
            try:
                self._furnish()
            except NoSandbox:
                self.down()
                raise
        return self._settings()

    def down(self) -> None:
        """Stop it, if it runs; the data stays."""
        pid = self._pid()
        if pid is not None:
            _stop(pid)
        (self.folder / "erpnext.pid").unlink(missing_ok=True)

    def running(self) -> bool:
        """Whether this folder's stand-in is there and answers."""
        return self._pid() is not None and self._answers()

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self._port()}/"

    # ------------------------------------------------------------ faults

    @staticmethod
    def faults() -> list[dict[str, str]]:
        """What can be switched on: `fault`, `what`, `executed`, `options` of each."""
        return [
            {
                "fault": name,
                "what": fault.what,
                "executed": fault.executed,
                "options": ", ".join(f"{option}={value}" for option, value in fault.options.items()),
            }
            for name, fault in CATALOGUE.items()
        ]

    def fault(self, name: str, options: Mapping[str, Any]) -> dict[str, Any]:
        """Switch a fault on; gives it as it stands.  Raises `NoSandbox`."""
        return self.admin("POST", "faults", {"fault": name, **options})

    def admin(self, method: str, path: str, value: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """A request to its administration.  Raises `NoSandbox`."""
        try:
            answer = httpx.request(
                method, f"{self.url}admin/{path}", json=value, headers=self._key(), timeout=300, trust_env=False
            )
            found: dict[str, Any] = answer.json()
        except (httpx.HTTPError, ValueError):
            message = f"the sandbox in {self.folder} is not reached: start it with `billsync sandbox up`"
            raise NoSandbox("no_sandbox", message) from None
        if answer.status_code >= 400:
            raise NoSandbox("no_sandbox", _told(found, answer.status_code))
        return found

    # ------------------------------------------------------------ the process

    def _start(self) -> None:
        self.down()
        log = self.folder / "erpnext.log"
        with log.open("ab") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", _SERVER, "--folder", str(self.folder), "--port", str(self._port())],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        _CHILDREN[process.pid] = process
        (self.folder / "erpnext.pid").write_text(str(process.pid))
        deadline = time.monotonic() + _START_S
        while not self._answers():
            if process.poll() is not None or time.monotonic() > deadline:
                self.down()
                raise NoSandbox("no_sandbox", f"the sandbox did not start; look into {log}")
            time.sleep(0.02)

    def _furnish(self) -> None:
        """Its settings, and passwords of its own."""
        own = dict(self.options)
        if not (self.folder / "password").exists():
            secret, password = secrets.token_urlsafe(24), secrets.token_urlsafe(24)
            self.admin(
                "PATCH", "settings", {"api_secret": secret, "user_password": secret, "password": password, **own}
            )
            _write_secret(self.folder / "api_secret", secret)
            _write_secret(self.folder / "password", password)
        elif own:
            self.admin("PATCH", "settings", own)

    def _settings(self) -> dict[str, str]:
        there = self.admin("GET", "settings")
        told = {name: str(there[name]) for name in _TOLD}
        secret = (self.folder / "api_secret").read_text()
        return {**told, "url": self.url, "api_secret": secret}

    def _key(self) -> dict[str, str]:
        """The administration's password, where there is one."""
        secret = self.folder / "password"
        return {"X-Admin-Password": secret.read_text()} if secret.exists() else {}

    def _answers(self) -> bool:
        try:
            return httpx.get(f"{self.url}admin/health", timeout=5, trust_env=False).status_code == 200
        except httpx.HTTPError:
            return False

    def _pid(self) -> int | None:
        """The running process of this folder, or None: a number in a file may long be another's."""
        try:
            pid = int((self.folder / "erpnext.pid").read_text())
        except (OSError, ValueError):
            return None
        return pid if str(self.folder) in _command_line(pid) else None

    def _port(self) -> int:
        memory = self.folder / "erpnext.json"
        try:
            port: int = json.loads(memory.read_text())["port"]
        except (OSError, ValueError, KeyError):
            port = _free_port()
            self.folder.mkdir(parents=True, exist_ok=True)
            memory.write_text(json.dumps({"port": port}))
        return port


def _told(found: Any, status: int) -> str:
    """What its administration said no with."""
    return str(found.get("message", status)) if isinstance(found, dict) else str(status)


def _write_secret(path: Path, text: str) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def _command_line(pid: int) -> str:
    listed = Path(f"/proc/{pid}/cmdline")
    if Path("/proc/self").exists():
        try:
            return listed.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            return ""
    return subprocess.run(["ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False).stdout


def _stop(pid: int) -> None:
    """End one process; its data survives anything."""
    before, child = _command_line(pid), _CHILDREN.pop(pid, None)
    for how in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, how)
        deadline = time.monotonic() + _STOP_S
        while time.monotonic() < deadline:
            if _command_line(pid) != before if child is None else child.poll() is not None:
                return
            time.sleep(0.02)
