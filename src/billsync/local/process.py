"""A server of this machine that lives in a folder: it outlives who started it, and is found again.  (shell)"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from billsync.connector import NoSandbox

_STOP_S: Final = 10
_TAIL: Final = 400
_CHILDREN: Final[dict[int, subprocess.Popen[bytes]]] = {}
"""What this process started: whoever stops one of them takes its end note, so that no zombie stays."""


@dataclass(frozen=True, slots=True)
class LocalProcess:
    """One server.

    Attributes:
        folder: holds `NAME.pid`, `NAME.log`, and the port in `sandbox.json`.
        mark: text of its command line by which its process is known: a number in a file may long be another's.
        start_s: seconds within which it has to answer.
    """

    folder: Path
    name: str
    mark: str
    start_s: float = 30

    def start(
        self, command: Sequence[str], answers: Callable[[], bool], environment: Mapping[str, str] | None = None
    ) -> None:
        """Start it and wait until it answers.  Raises `NoSandbox`; then it does not run."""
        self.stop()
        with self.log.open("ab") as output:
            process = subprocess.Popen(
                list(command),
                env=None if environment is None else dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        _CHILDREN[process.pid] = process
        self._pid_file.write_text(str(process.pid))
        deadline = time.monotonic() + self.start_s
        while not answers():
            ended = process.poll() is not None
            if ended or time.monotonic() > deadline:
                self.stop()
                what = "ended" if ended else f"did not answer within {self.start_s:.0f} seconds"
                raise NoSandbox("no_sandbox", f"{self.name} {what}; the end of {self.log} says: {self._tail()}")
            time.sleep(0.02)

    def stop(self) -> None:
        """End it, if it runs: politely, then not."""
        pid = self.pid()
        if pid is not None:
            _stop(pid)
        self._pid_file.unlink(missing_ok=True)

    def pid(self) -> int | None:
        """The number of the running process of this folder, or None."""
        try:
            pid = int(self._pid_file.read_text())
        except (OSError, ValueError):
            return None
        return pid if self.mark in _command_line(pid) else None

    def port(self) -> int:
        """Its port, the same each time."""
        memory = self.folder / "sandbox.json"
        try:
            port: int = json.loads(memory.read_text())["port"]
        except (OSError, ValueError, KeyError):
            port = _free_port()
            self.folder.mkdir(parents=True, exist_ok=True)
            memory.write_text(json.dumps({"port": port}))
        return port

    @property
    def log(self) -> Path:
        """What it says."""
        return self.folder / f"{self.name}.log"

    @property
    def _pid_file(self) -> Path:
        return self.folder / f"{self.name}.pid"

    def _tail(self) -> str:
        return self.log.read_text(errors="replace").strip()[-_TAIL:]


def write_secret(path: Path, text: str) -> None:
    """A new file for its owner only, in the place of one that is there."""
    path.unlink(missing_ok=True)
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
    before, child = _command_line(pid), _CHILDREN.pop(pid, None)
    for how in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, how)
        deadline = time.monotonic() + _STOP_S
        while time.monotonic() < deadline:
            if _command_line(pid) != before if child is None else child.poll() is not None:
                return
            time.sleep(0.02)
