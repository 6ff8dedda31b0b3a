"""The stand-in as a process of its own, and what a test may do to it."""

from __future__ import annotations

import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from billsync.connector import Context
from billsync_connectors.sandbox.config import SandboxSettings
from billsync_connectors.sandbox.connector import Sandbox


@dataclass
class StandIn:
    """One running stand-in.  `admin` and all that stands on it go past its limits and faults."""

    folder: Path
    url: str = ""
    process: subprocess.Popen[str] | None = None
    http: httpx.Client = field(default_factory=lambda: httpx.Client(trust_env=False, timeout=30))
    opened: list[Sandbox] = field(default_factory=list)

    def start(self) -> None:
        """Start it; the second time on the same port, with all that it had."""
        port = self.url.rstrip("/").rpartition(":")[2] or "0"
        command = [sys.executable, "-m", "billsync_connectors.sandbox.server", "--folder", str(self.folder)]
        self.process = subprocess.Popen([*command, "--port", port], stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        self.url = f"http://127.0.0.1:{self.process.stdout.readline().strip()}/"

    def kill(self) -> None:
        """kill -9."""
        assert self.process is not None
        assert self.process.stdout is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.process.stdout.close()

    @property
    def runs(self) -> bool:
        """Whether its process lives."""
        return self.process is not None and self.process.poll() is None

    def ready(self) -> None:
        """Running and as new, whatever was done to it before."""
        if not self.runs:
            self.start()
        self.admin("POST", "reset")

    def part(self) -> None:
        """Close what was opened to it."""
        while self.opened:
            self.opened.pop().close()

    def stop(self) -> None:
        """End it."""
        self.part()
        self.http.close()
        if self.runs:
            self.kill()

    # ------------------------------------------------------------ administration

    def admin(self, method: str, path: str, value: Any = None) -> Any:
        """A request to the administration; its answer."""
        answer = self.http.request(method, f"{self.url}admin/{path}", json=value)
        assert answer.status_code < 400, answer.text
        return answer.json()

    def set(self, **values: Any) -> None:
        """Change settings."""
        self.admin("PATCH", "settings", values)

    def fault(self, name: str, **options: Any) -> None:
        """Switch a fault on: `next`, `probability`, `seed`, `method`, `path`, and its own options."""
        self.admin("POST", "faults", {"fault": name, **options})

    def forward(self, seconds: float) -> None:
        """Let its clock go forward."""
        self.admin("POST", "clock", {"advance_s": seconds})

    def human(self, do: str, object: str, id: str = "", **fields: Any) -> dict[str, Any]:
        """What a person does there: `create`, `change`, `void` or `delete` a record."""
        if do == "create" and id:
            fields["id"] = id
        found: dict[str, Any] = self.admin("POST", "human", {"do": do, "object": object, "id": id, "fields": fields})
        return found

    def documents(self, object: str = "invoice", *, deleted: bool = False) -> list[dict[str, Any]]:
        """The records that stand there, whoever made them."""
        found = self.admin("GET", f"documents?object={object}")["records"]
        return [row for row in found if deleted or not row["deleted"]]

    def references(self, object: str = "invoice") -> list[str]:
        """The references of the records that stand there, sorted: doubled ones come twice."""
        return sorted(row["reference"] for row in self.documents(object))

    def log(self, *, writes: bool = False) -> list[dict[str, Any]]:
        """The requests so far; only those that change something with `writes`."""
        found: list[dict[str, Any]] = self.admin("GET", "log")["requests"]
        reads = ("/search", "/login")
        return [row for row in found if not writes or (row["method"] != "GET" and not row["path"].endswith(reads))]

    # ------------------------------------------------------------ clients

    def connector(self, name: str = "erp", **settings: Any) -> Sandbox:
        """A connector to it, closed with the stand-in; `kind` has to be the stand-in's own."""
        made = Sandbox(Context(name, self.folder), SandboxSettings(**{"url": self.url, **settings}))
        self.opened.append(made)
        return made

    def v1(self, method: str, path: str, value: Any = None, **headers: str) -> httpx.Response:
        """A request as any client sends it."""
        named = {name.replace("_", "-"): text for name, text in headers.items()}
        return self.http.request(method, f"{self.url}{path}", json=value, headers=named)
