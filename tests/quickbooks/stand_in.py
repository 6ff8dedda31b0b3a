"""The stand-in as a process of its own, and what a test may do to it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import quickbooks.client as qb_client
from intuitlib.client import AuthClient

CLIENT = ("ABstandin", "stand-in")
REALM = "9341450000000001"
BASE = f"/v3/company/{REALM}"
LINE = {"DetailType": "SalesItemLineDetail", "Amount": 100, "SalesItemLineDetail": {"ItemRef": {"value": "1"}}}


@dataclass
class StandIn:
    """One running company.  `admin` and all that stands on it go past its limits and faults."""

    folder: Path
    url: str = ""
    access: str = ""
    refresh: str = ""
    process: subprocess.Popen[str] | None = None
    http: httpx.Client = field(default_factory=lambda: httpx.Client(trust_env=False, timeout=30))
    sessions: list[Any] = field(default_factory=list)

    def start(self) -> None:
        """Start it; the second time on the same port, with all that it had."""
        port = self.url.rpartition(":")[2] or "0"
        command = [sys.executable, "-m", "billsync_connectors.quickbooks.server", "--folder", str(self.folder)]
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
        """As new, without limits, and logged in to."""
        self.admin("POST", "reset")
        self.set(minute_limit=0, second_limit=0, batch_minute_limit=0)
        self.login()

    def stop(self) -> None:
        """End it."""
        self.part()
        self.http.close()
        self.kill()

    def part(self) -> None:
        """Close the SDK's connections."""
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

    def stand(self, at: str = "2026-03-05T12:00:00Z") -> None:
        """Let its clock stand."""
        self.admin("POST", "clock", {"set": at})

    def human(self, do: str, object: str, id: str = "", loser: str = "", **fields: Any) -> str:
        """What a person does there; the object's id."""
        asked = {"do": do, "object": object, "id": id, "loser": loser, "fields": fields}
        return str(self.admin("POST", "human", asked)["id"])

    def truth(self, object: str) -> dict[str, dict[str, Any]]:
        """Every object as the books have it, deleted ones too, by id."""
        answer = self.http.get(f"{self.url}/admin/documents", params={"object": object})
        found = json.loads(answer.text, parse_float=Decimal, parse_int=Decimal)["documents"][object]
        return {row["Id"]: row for row in found}

    # ------------------------------------------------------------ clients

    def grant(self, client: tuple[str, str] = CLIENT, /, **form: str) -> httpx.Response:
        """What the token endpoint says."""
        return self.http.post(f"{self.url}/oauth2/v1/tokens/bearer", data=form, auth=client)

    def login(self) -> None:
        """Tokens, by a code for which a person said yes."""
        code = self.admin("POST", "consent")["code"]
        found = self.grant(grant_type="authorization_code", code=code, redirect_uri="").json()
        self.access, self.refresh = found["access_token"], found["refresh_token"]

    def ask(self, method: str, path: str, value: Any = None, **params: Any) -> httpx.Response:
        """A request of a client; the path below the company, or a whole one."""
        own = {"Authorization": f"Bearer {self.access}", "Accept": "application/json"}
        url = self.url + (path if path.startswith("/") else f"{BASE}/{path}")
        body = None if value is None else json.dumps(value, default=str)  # Decimals as text, as the SDK writes them
        return self.http.request(method, url, content=body, headers=own, params={"minorversion": 75, **params})

    def post(self, path: str, value: Any, **params: Any) -> dict[str, Any]:
        """What a write that succeeds gives: the one object of the reply, with exact numbers."""
        answer = self.ask("POST", path, value, **params)
        assert answer.status_code == 200, answer.text
        found = exact(answer)
        assert "Fault" not in found, found
        (row,) = [item for name, item in found.items() if name != "time"]
        return dict(row)

    def get(self, kind: str, id: str) -> dict[str, Any]:
        """An object as clients see it."""
        found = exact(self.ask("GET", f"{kind.lower()}/{id}"))
        return dict(found[kind])

    def query(self, text: str) -> dict[str, Any]:
        """The QueryResponse."""
        answer = self.ask("GET", "query", query=text)
        assert answer.status_code == 200, answer.text
        return dict(exact(answer)["QueryResponse"])

    def customer(self, name: str = "Acme", **fields: Any) -> str:
        """A customer's id."""
        return str(self.post("customer", {"DisplayName": name, **fields})["Id"])

    def invoice(self, customer: str, *lines: Mapping[str, Any], **fields: Any) -> dict[str, Any]:
        """An invoice, over 100 where nothing is said."""
        sent = {"CustomerRef": {"value": customer}, "Line": list(lines or [LINE]), **fields}
        return self.post("invoice", sent)

    def sdk(self, *, use_decimal: bool = True) -> Any:
        """python-quickbooks and intuit-oauth, unchanged; the environment is this server's discovery document."""
        auth = AuthClient(
            *CLIENT, "http://localhost/callback", f"{self.url}/.well-known/openid_configuration",
            access_token=self.access, refresh_token=self.refresh,
        )  # fmt: skip
        self.sessions.append(auth)
        made = qb_client.QuickBooks(
            auth_client=auth, refresh_token=self.refresh, company_id=REALM, minorversion=75, use_decimal=use_decimal
        )
        made.api_url_v3 = f"{self.url}/v3"
        self.sessions.append(made.session)
        return made


def exact(answer: httpx.Response) -> dict[str, Any]:
    """A reply's body, its numbers exact."""
    found: dict[str, Any] = json.loads(answer.text, parse_float=Decimal, parse_int=Decimal)
    return found


def code(answer: httpx.Response) -> tuple[int, str]:
    """Status and code of a refusal."""
    found = answer.json()
    fault = found.get("Fault") or found["fault"]
    errors = fault.get("Error") or fault["error"]
    return answer.status_code, str(errors[0]["code"])


def line(price: Any, quantity: Any = 1, item: str = "1", **detail: Any) -> dict[str, Any]:
    """A line of so many at a price."""
    own = {"ItemRef": {"value": item}, "UnitPrice": str(price), "Qty": str(quantity), **detail}
    return {"DetailType": "SalesItemLineDetail", "SalesItemLineDetail": own}
