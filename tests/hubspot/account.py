"""The stand-in as a process of its own, and what a test may do to it and ask of it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

TOKEN = "pat-na1-11111111-2222"
NOON = "2026-09-01T12:00:00Z"
DEMO = Path(__file__).parents[2] / "demo" / "crm_sales_opportunities"
AT_ONCE: dict[str, Any] = {"lag_create_s": 0, "lag_update_s": 0}
"""An index without lag."""


@dataclass
class Account:
    """One running stand-in.  `admin` and all that stands on it go past its limits and faults."""

    folder: Path
    url: str = ""
    version: str = "2026-03"
    process: subprocess.Popen[str] | None = None
    http: httpx.Client = field(default_factory=lambda: httpx.Client(trust_env=False, timeout=30))

    def start(self) -> None:
        """Start it; the second time on the same port, with all that it had."""
        port = self.url.rpartition(":")[2] or "0"
        command = [sys.executable, "-m", "billsync_connectors.hubspot.server", "--folder", str(self.folder)]
        with (self.folder / "log").open("a") as log:
            self.process = subprocess.Popen([*command, "--port", port], stdout=subprocess.PIPE, stderr=log, text=True)
        assert self.process.stdout is not None
        self.url = f"http://127.0.0.1:{self.process.stdout.readline().strip()}"

    def kill(self) -> None:
        """kill -9; nothing in its log: no defect of its own."""
        assert (self.folder / "log").read_text() == ""
        assert self.process is not None
        assert self.process.stdout is not None
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    def ready(self, **settings: Any) -> None:
        """As new, with a token and a clock that stands at noon."""
        self.admin("POST", "reset")
        self.set(token=TOKEN, client_id="an-app", client_secret="its-secret", **{**AT_ONCE, **settings})
        self.admin("POST", "clock", {"at": NOON})

    # ------------------------------------------------------------ administration

    def admin(self, method: str, path: str, value: Any = None) -> Any:
        """A request to the administration; its answer."""
        headers = {"X-Admin-Password": (self.folder / "admin-password").read_text()}
        answer = self.http.request(method, f"{self.url}/admin/{path}", json=value, headers=headers)
        assert answer.status_code < 400, answer.text
        return answer.json()

    def set(self, **values: Any) -> None:
        """Change settings."""
        self.admin("PATCH", "settings", values)

    def forward(self, seconds: float) -> None:
        """Let its clock go forward."""
        self.admin("POST", "clock", {"advance_s": str(seconds)})

    def fault(self, name: str, **options: Any) -> None:
        """Switch a fault on: `next`, `probability`, `seed`, `method`, `path`, and its own options."""
        self.admin("POST", "faults", {"fault": name, **options})

    def human(self, do: str, object: str, id: str = "", **more: Any) -> str:
        """What a person does there; the record's id."""
        return str(self.admin("POST", "human", {"do": do, "object": object, "id": id, **more})["id"])

    def made(self, object: str, **properties: Any) -> str:
        """A record made by a person; its id."""
        return self.human("create", object, properties=properties)

    def documents(self, object: str) -> dict[str, dict[str, Any]]:
        """Every record as it stands there, archived ones too, by id."""
        return {row["id"]: row for row in self.admin("GET", f"documents?object={object}")["records"]}

    # ------------------------------------------------------------ the API

    def ask(self, method: str, path: str, value: Any = None, *, token: str = TOKEN, **query: Any) -> httpx.Response:
        """A request as any client sends it; `path` without a version is one of the objects."""
        full = path if path.startswith("/") else f"/crm/objects/{self.version}/{path}"
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return self.http.request(method, f"{self.url}{full}", json=value, params=query or None, headers=headers)

    def got(self, path: str, **query: Any) -> dict[str, Any]:
        """What a GET gives."""
        answer = self.ask("GET", path, **query)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def sent(self, method: str, path: str, value: Any = None, *, status: int = 0) -> dict[str, Any]:
        """What a request gives that goes well, or has this status."""
        answer = self.ask(method, path, value)
        assert answer.status_code == status or (not status and answer.status_code < 300), answer.text
        found: dict[str, Any] = answer.json() if answer.content else {}
        return found

    def pages(self, path: str, **query: Any) -> Iterator[list[dict[str, Any]]]:
        """The pages of a list."""
        after = ""
        while True:
            page = self.got(path, **query, **({"after": after} if after else {}))
            yield page["results"]
            if "paging" not in page:
                return
            after = page["paging"]["next"]["after"]

    def search(self, object: str, *filters: tuple[str, str, Any], **more: Any) -> dict[str, Any]:
        """What a search finds; filters of name, operator, value, or list of values."""
        rows = [
            {"propertyName": name, "operator": operator, "values" if isinstance(value, list) else "value": value}
            for name, operator, value in filters
        ]
        return self.sent("POST", f"{object}/search", {"filterGroups": [{"filters": rows}] if rows else [], **more})

    def found(self, object: str, *filters: tuple[str, str, Any], **more: Any) -> list[str]:
        """Ids that a search finds, sorted."""
        return sorted(row["id"] for row in self.search(object, *filters, **more)["results"])


def refusal(answer: httpx.Response) -> tuple[int, str, str]:
    """Status, category and message of a refused request, in the form that all of them have."""
    told = answer.json()
    assert told["status"] == "error"
    assert len(told["correlationId"]) == 36
    return answer.status_code, told.get("category", ""), told["message"]
