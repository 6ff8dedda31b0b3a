"""The stand-in as a process of its own, and what a test may do to it and ask of it."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
from xero_python.accounting import AccountingApi
from xero_python.api_client import ApiClient
from xero_python.api_client.configuration import Configuration
from xero_python.api_client.oauth2 import OAuth2Token

from tests.xero.contract import held

ID, SECRET = "BILLSYNC0STAND0IN00000000000000X", "stand-in"
FREE: dict[str, Any] = {"minute_limit": 0, "day_limit": 0, "app_limit": 0}
NOON = "2026-03-05T12:00:00Z"


@dataclass
class House:
    """One running stand-in.  Every request of a client and every answer is held to Xero's description.

    Attributes:
        unheld: only answers are: what is sent is wrong on purpose.
        checked: how many were held to it.
    """

    folder: Path
    url: str = ""
    token: str = ""
    tenant: str = ""
    unheld: bool = False
    checked: int = 0
    process: subprocess.Popen[str] | None = None
    http: httpx.Client = field(default_factory=lambda: httpx.Client(trust_env=False, timeout=30))
    tokens: list[dict[str, Any]] = field(default_factory=list)
    pools: list[Any] = field(default_factory=list)

    def start(self) -> None:
        """Start it; the second time on the same port, with all that it had."""
        port = self.url.rpartition(":")[2] or "0"
        command = [sys.executable, "-m", "billsync_connectors.xero.server", "--folder", str(self.folder)]
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
        """As new, with a consent, and a clock that stands at noon."""
        self.admin("POST", "reset")
        self.set(**{**FREE, **settings})
        self.admin("POST", "clock", {"set": NOON, "tick_ms": 10})
        self.tokens, self.unheld = [self.admin("POST", "consent", {})], False
        self.token = self.tokens[0]["access_token"]
        self.tenant = next(iter(self.admin("GET", "tenants")["tenants"].values()))

    def part(self) -> None:
        """Close the SDK's connections."""
        while self.pools:
            self.pools.pop().clear()

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
        """Switch a fault on."""
        self.admin("POST", "faults", {"fault": name, **options})

    def forward(self, seconds: int) -> None:
        """Let its clock go forward."""
        self.admin("POST", "clock", {"advance_s": seconds})

    def human(self, do: str, object: str, id: str = "", **fields: Any) -> str:
        """What a person does there; the record's id."""
        return str(self.admin("POST", "human", {"do": do, "object": object, "id": id, "fields": fields})["id"])

    def truth(self, plural: str) -> list[dict[str, Any]]:
        """Every record as the books have it."""
        found: list[dict[str, Any]] = self.admin("GET", f"documents?object={plural}")[plural]
        return found

    # ------------------------------------------------------------ clients

    def ask(self, method: str, path: str, value: Any = None, **headers: str) -> httpx.Response:
        """A request of a client, as sent and as answered held to the description."""
        own = {"Authorization": f"Bearer {self.token}", "xero-tenant-id": self.tenant, "Accept": "application/json"}
        own |= {name.replace("_", "-"): text for name, text in headers.items()}
        answer = self.http.request(method, f"{self.url}/api.xro/2.0/{path}", json=value, headers=own)
        self._held(
            answer.request.method, str(answer.request.url), dict(answer.request.headers), answer.request.content, answer
        )
        return answer

    def _held(
        self, method: str, url: str, headers: dict[str, str], body: bytes, answer: Any, *, asked: bool = True
    ) -> None:
        type = answer.headers.get("content-type", "")
        status, content = (
            (answer.status_code, answer.content) if isinstance(answer, httpx.Response) else (answer.status, answer.data)
        )
        held(method, url, headers, body, status, content, type, asked=asked and not self.unheld)
        self.checked += 1

    def made(self, plural: str, value: Any, method: str = "PUT", **headers: str) -> dict[str, Any]:
        """A record that was made; its answer."""
        answer = self.ask(method, plural, {plural: [value]}, **headers)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json(parse_float=Decimal)[plural][0]
        return found

    def wrong(self, method: str, path: str, value: Any = None, **headers: str) -> str:
        """The first message of a request that is not valid."""
        answer = self.ask(method, path, value, **headers)
        assert answer.status_code == 400, answer.text
        return str(answer.json()["Elements"][0]["ValidationErrors"][0]["Message"])

    def grant(self, **form: str) -> httpx.Response:
        """What the token endpoint says."""
        return self.http.post(f"{self.url}/connect/token", data={"client_id": ID, "client_secret": SECRET, **form})

    def sdk(self) -> Any:
        """xero-python, unchanged; what it gets is held to the description on the way.

        Not what it sends: it writes fields that the description calls read-only, such as HasAttachments.
        """
        kept = dict(self.tokens[-1], scope=self.tokens[-1]["scope"].split(), expires_at=4102444800)
        client = ApiClient(
            Configuration(oauth2_token=OAuth2Token(ID, SECRET)),
            pool_threads=1,
            oauth2_token_getter=lambda: kept,
            oauth2_token_saver=self.tokens.append,
        )
        pool = client.rest_client.pool_manager
        self.pools.append(pool)
        real = pool.request

        def request(method: str, url: str, **given: Any) -> Any:
            answer = real(method, url, **given)
            body = given.get("body") or b""
            headers = {name.lower(): text for name, text in given["headers"].items()}
            self._held(method, url, headers, body.encode() if isinstance(body, str) else body, answer, asked=False)
            return answer

        pool.request = request
        return AccountingApi(client, base_url=f"{self.url}/api.xro/2.0")


def invoice(number: str = "", *lines: dict[str, Any], **more: Any) -> dict[str, Any]:
    """An approved invoice for Acme."""
    own = {
        "Type": "ACCREC",
        "Status": "AUTHORISED",
        "Contact": {"Name": "Acme"},
        "Date": "2026-03-05",
        "DueDate": "2026-04-04",
    }
    told = {"LineItems": list(lines) or [line()], **({"InvoiceNumber": number} if number else {})}
    return {**own, **told, **more}


def line(unit: Any = 100, quantity: Any = 1, **more: Any) -> dict[str, Any]:
    """One line of sales at 20 %."""
    return {"Description": "Licence", "Quantity": quantity, "UnitAmount": unit, "AccountCode": "200", **more}
