"""The stand-in as a process of its own, and what a test may do to it and ask of it."""

from __future__ import annotations

import json
import subprocess
import sys
import xmlrpc.client
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import odoorpc

DATABASE, LOGIN, SECRET = "prod", "billsync", "stand-in"
NOON = "2026-03-05T12:00:00Z"


@dataclass
class House:
    """One running stand-in."""

    folder: Path
    url: str = ""
    key: str = ""
    process: subprocess.Popen[str] | None = None
    http: httpx.Client = field(default_factory=lambda: httpx.Client(trust_env=False, timeout=30))

    def start(self) -> None:
        """Start it; the second time on the same port, with all that it had."""
        port = self.url.rpartition(":")[2] or "0"
        command = [sys.executable, "-m", "billsync_connectors.odoo.server", "--folder", str(self.folder)]
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
        """As new, with a key, and a clock that stands at noon."""
        self.admin("POST", "reset")
        self.set(**settings)
        self.admin("POST", "clock", {"set": NOON, "tick_ms": 10})
        self.key = self.admin("POST", "key", {})["key"]

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

    def human(self, model: str, method: str, *, late: int = 0, **given: Any) -> Any:
        """What a person does there."""
        told = {"model": model, "method": method, "given": given, "commit_after_s": late}
        return self.admin("POST", "human", told)["result"]

    def truth(self, model: str) -> list[dict[str, Any]]:
        """Every record as the books have it."""
        found: list[dict[str, Any]] = self.admin("GET", f"documents?object={model}")[model]
        return found

    # ------------------------------------------------------------ clients

    def post(self, model: str, method: str, **given: Any) -> httpx.Response:
        """A call by JSON-2."""
        headers = {"Authorization": f"bearer {self.key}"}
        return self.http.post(f"{self.url}/json/2/{model}/{method}", json=given, headers=headers)

    def call(self, model: str, method: str, **given: Any) -> Any:
        """What a call by JSON-2 gives."""
        answer = self.post(model, method, **given)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def wrong(self, model: str, method: str, **given: Any) -> tuple[int, str, str]:
        """Status, exception and message of a call that is refused."""
        answer = self.post(model, method, **given)
        assert answer.status_code >= 400, answer.text
        told = answer.json()
        return answer.status_code, told["name"].rpartition(".")[2], told["message"]

    def rpc(self, service: str, method: str, *args: Any) -> dict[str, Any]:
        """The whole answer of a call by JSON-RPC."""
        params = {"service": service, "method": method, "args": args}
        answer = self.http.post(
            f"{self.url}/jsonrpc", json={"jsonrpc": "2.0", "method": "call", "params": params, "id": 7}
        )
        assert answer.status_code == 200
        found: dict[str, Any] = json.loads(answer.text)
        return found

    def xml(self) -> Any:
        """A client of XML-RPC; to be closed."""
        return xmlrpc.client.ServerProxy(f"{self.url}/xmlrpc/2/object")

    def sdk(self) -> Any:
        """odoorpc, unchanged, logged in."""
        found = odoorpc.ODOO("127.0.0.1", port=int(self.url.rpartition(":")[2]))
        found.login(DATABASE, LOGIN, SECRET)
        return found

    # ------------------------------------------------------------ records

    def partner(self, name: str = "Acme", **values: Any) -> int:
        """A customer."""
        return int(self.call("res.partner", "create", vals_list=[{"name": name, **values}])[0])

    def tax(self, name: str) -> int:
        """A tax by its name."""
        return int(self.call("account.tax", "search", domain=[["name", "=", name]])[0])

    def draft(self, *lines: dict[str, Any], **values: Any) -> int:
        """A draft invoice for Acme, of 3 March."""
        partner = values.pop("partner_id", None) or self._acme()
        told = {"move_type": "out_invoice", "partner_id": partner, "invoice_date": "2026-03-03", **values}
        told["invoice_line_ids"] = [[0, 0, one] for one in lines or ({"name": "Licence", "price_unit": 100},)]
        return int(self.call("account.move", "create", vals_list=[told])[0])

    def _acme(self) -> int:
        found = self.call("res.partner", "search", domain=[["name", "=", "Acme"]])
        return int(found[0]) if found else self.partner()

    def posted(self, *lines: dict[str, Any], **values: Any) -> int:
        """A posted one."""
        id = self.draft(*lines, **values)
        self.call("account.move", "action_post", ids=[id])
        return id

    def move(self, id: int, *names: str) -> Any:
        """Fields of a move; of one field only its value."""
        row = self.call("account.move", "read", ids=[id], fields=list(names))[0]
        return row[names[0]] if len(names) == 1 else tuple(row[name] for name in names)

    def move_by_rpc(self, id: int, name: str) -> Any:
        """One field of a move, by JSON-RPC: what there is before 19."""
        args = [DATABASE, 2, SECRET, "account.move", "read", [[id]], {"fields": [name]}]
        return self.rpc("object", "execute_kw", *args)["result"][0][name]

    def pay(self, *ids: int, **values: Any) -> int:
        """A payment by the wizard; its id."""
        context = {"active_model": "account.move", "active_ids": list(ids)}
        wizard = self.call("account.payment.register", "create", vals_list=[values], context=context)
        return int(self.call("account.payment.register", "action_create_payments", ids=wizard)["res_id"])
