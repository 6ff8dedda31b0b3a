"""The stand-in as a process of its own, and what a test may do to it and ask of it."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

KEY = {"Authorization": "token billsync0key000:stand-in"}
NOON = "2026-03-05T11:00:00Z"
PAYMENT_FOR = "erpnext.accounts.doctype.payment_entry.payment_entry.get_payment_entry"


@dataclass
class House:
    """One running site."""

    folder: Path
    url: str = ""
    process: subprocess.Popen[str] | None = None
    http: httpx.Client = field(default_factory=lambda: httpx.Client(trust_env=False, timeout=30))

    def start(self) -> None:
        """Start it; the second time on the same port, with all that it had."""
        port = self.url.rpartition(":")[2] or "0"
        command = [sys.executable, "-m", "billsync_connectors.erpnext.server", "--folder", str(self.folder)]
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
        """As new, with a clock that stands at noon of the site's time."""
        self.admin("POST", "reset")
        self.set(**settings)
        self.admin("POST", "clock", {"set": NOON, "tick_ms": 10})

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

    def human(self, do: str, doctype: str, name: str = "", **fields: Any) -> str:
        """What a person does there; the document's name."""
        return str(self.admin("POST", "human", {"do": do, "doctype": doctype, "name": name, "fields": fields})["name"])

    def truth(self, doctype: str) -> list[dict[str, Any]]:
        """Every document as the books have it."""
        found: list[dict[str, Any]] = self.admin("GET", f"documents?object={doctype}")[doctype]
        return found

    # ------------------------------------------------------------ clients

    def ask(self, method: str, path: str, value: Any = None, **params: Any) -> httpx.Response:
        """A request of a client."""
        packed = {name: each if isinstance(each, str) else json.dumps(each) for name, each in params.items()}
        return self.http.request(method, f"{self.url}/api/{path}", json=value, params=packed or None, headers=KEY)

    def data(self, method: str, path: str, value: Any = None, **params: Any) -> Any:
        """What a request gives."""
        answer = self.ask(method, path, value, **params)
        assert answer.status_code == 200, answer.text
        told = answer.json()
        return told["data"] if "data" in told else told["message"]

    def wrong(self, method: str, path: str, value: Any = None, **params: Any) -> tuple[int, str, str]:
        """Status, exception and message of a request that is refused."""
        answer = self.ask(method, path, value, **params)
        assert answer.status_code >= 400, answer.text
        told = answer.json()
        return answer.status_code, told["exc_type"], json.loads(json.loads(told["_server_messages"])[0])["message"]

    def customer(self, name: str = "Acme", **fields: Any) -> str:
        """A customer."""
        return str(self.data("POST", "resource/Customer", {"customer_name": name, **fields})["name"])

    def invoice(self, *items: dict[str, Any], **fields: Any) -> dict[str, Any]:
        """A submitted invoice for Acme over 100 with 19 %."""
        if not self.data("GET", "resource/Customer"):
            self.customer()
        told = {"customer": "Acme", "taxes_and_charges": "VAT 19% - D", "docstatus": 1, **fields}
        told["items"] = list(items) or [{"item_name": "Licence", "qty": 1, "rate": 100}]
        found: dict[str, Any] = self.data("POST", "resource/Sales Invoice", told)
        return found

    def read(self, name: str, doctype: str = "Sales Invoice") -> dict[str, Any]:
        """A document."""
        found: dict[str, Any] = self.data("GET", f"resource/{doctype}/{name}")
        return found

    def pay(self, name: str, amount: float | None = None, **fields: Any) -> dict[str, Any]:
        """A submitted payment for an invoice."""
        told = self.data("GET", f"method/{PAYMENT_FOR}", dt="Sales Invoice", dn=name)
        if amount is not None:
            told["paid_amount"] = told["received_amount"] = told["references"][0]["allocated_amount"] = amount
        told |= {"reference_no": "T-1", "reference_date": "2026-03-05", "docstatus": 1, **fields}
        found: dict[str, Any] = self.data("POST", "resource/Payment Entry", told)
        return found
