"""The stand-in as a process of its own, and what a test may do to it."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import requests
from simple_salesforce.api import Salesforce

VERSION = "68.0"
BASE = f"/services/data/v{VERSION}"
KEY, SECRET = "3MVG9.billsync.stand.in", "stand-in"
DATA = Path(__file__).parents[2] / "demo" / "crm_sales_opportunities"


@dataclass
class StandIn:
    """One running org.  `admin` and all that stands on it go past its limits and faults."""

    folder: Path
    url: str = ""
    token: str = ""
    process: subprocess.Popen[str] | None = None
    http: httpx.Client = field(default_factory=lambda: httpx.Client(trust_env=False, timeout=60))
    sessions: list[requests.Session] = field(default_factory=list)
    connectors: list[Any] = field(default_factory=list)

    def start(self) -> None:
        """Start it; the second time on the same port, with all that it had."""
        port = self.url.rpartition(":")[2] or "0"
        command = [sys.executable, "-m", "billsync_connectors.salesforce.server", "--folder", str(self.folder)]
        self.process = subprocess.Popen([*command, "--port", port], stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        self.url = f"http://127.0.0.1:{self.process.stdout.readline().strip()}"

    def kill(self) -> None:
        """kill -9."""
        assert self.process is not None
        assert self.process.stdout is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.process.stdout.close()

    def ready(self) -> None:
        """As new, and logged in to."""
        self.admin("POST", "reset")
        self.login()

    def stop(self) -> None:
        """End it."""
        self.part()
        self.http.close()
        self.kill()

    def part(self) -> None:
        """Close the connections of the SDK and of connectors."""
        while self.connectors:
            self.connectors.pop().close()
        while self.sessions:
            self.sessions.pop().close()

    # ------------------------------------------------------------ administration

    def admin(self, method: str, path: str, value: Any = None) -> Any:
        """A request to the administration; its answer."""
        answer = self.http.request(method, f"{self.url}/admin/{path}", json=value)
        assert answer.status_code < 400, answer.text
        return answer.json()

    def set(self, **values: Any) -> None:
        """Change settings."""
        self.admin("PATCH", "settings", values)

    def fault(self, name: str, **options: Any) -> None:
        """Switch a fault on: `next`, `skip`, `probability`, `seed`, `method`, `path`, and its own options."""
        self.admin("POST", "faults", {"fault": name, **options})

    def forward(self, seconds: int) -> None:
        """Let its clock go forward."""
        self.admin("POST", "clock", {"advance_s": seconds})

    def stand(self, at: str = "2026-03-01T12:00:00Z") -> None:
        """Let its clock stand."""
        self.admin("POST", "clock", {"set": at})

    def human(self, do: str, object: str, id: str = "", *, late: int = 0, losers: Any = (), **fields: Any) -> str:
        """What a person does there; with `late` it is committed only so many seconds later.  The record's id."""
        asked = {"do": do, "object": object, "id": id, "fields": fields, "losers": list(losers), "commit_after_s": late}
        return str(self.admin("POST", "human", asked)["id"])

    def truth(self, object: str) -> dict[str, dict[str, Any]]:
        """Every record as the org has it, deleted ones too, by id."""
        return {row["Id"]: row for row in self.admin("GET", f"records?object={object}")["records"]}

    # ------------------------------------------------------------ clients

    def login(self) -> None:
        """A session by client credentials."""
        self.token = str(
            self.grant(grant_type="client_credentials", client_id=KEY, client_secret=SECRET)["access_token"]
        )

    def grant(self, **form: str) -> Any:
        """What the token endpoint says."""
        return self.http.post(f"{self.url}/services/oauth2/token", data=form).json()

    def ask(self, method: str, path: str, value: Any = None, **headers: str) -> httpx.Response:
        """A request of a client; the path below the version, or a whole one."""
        whole = path if path.startswith("/services") else f"{BASE}/{path}"
        own = {
            "Authorization": f"Bearer {self.token}",
            **{name.replace("_", "-"): text for name, text in headers.items()},
        }
        return self.http.request(method, self.url + whole, json=value, headers=own)

    def query(self, soql: str, *, all: bool = False) -> list[dict[str, Any]]:
        """The records of the first page."""
        answer = self.http.get(
            f"{self.url}{BASE}/{'queryAll' if all else 'query'}",
            params={"q": soql},
            headers={"Authorization": f"Bearer {self.token}"},
        )
        assert answer.status_code == 200, answer.text
        found: list[dict[str, Any]] = answer.json()["records"]
        return found

    def wrong(self, soql: str) -> str:
        """The errorCode of a query that is refused."""
        answer = self.http.get(
            f"{self.url}{BASE}/query", params={"q": soql}, headers={"Authorization": f"Bearer {self.token}"}
        )
        assert answer.status_code == 400, answer.text
        return str(answer.json()[0]["errorCode"])

    def session(self) -> requests.Session:
        """What the SDK sends through: it trusts the stand-in's certificate."""
        made = requests.Session()
        made.trust_env = False
        made.verify = str(self.admin("GET", "certificate")["certificate"])
        self.sessions.append(made)
        return made

    def sdk(self) -> Any:
        """simple-salesforce, unchanged; its objects are attributes that its own types know nothing of."""
        return Salesforce(
            instance_url=self.url.replace("http:", "https:"),
            session_id=self.token,
            session=self.session(),
            version=VERSION,
        )


def made(answer: httpx.Response) -> str:
    """The id of a record that was made."""
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def code(answer: httpx.Response) -> tuple[int, str]:
    """Status and errorCode of a refusal."""
    found = answer.json()
    assert isinstance(found, list)
    return answer.status_code, str(found[0]["errorCode"])


def names(rows: list[Mapping[str, Any]] | list[dict[str, Any]]) -> list[str]:
    """The names of records, in order."""
    return [str(row["Name"]) for row in rows]
