"""The stand-in as a process of its own, and what a test may do to it."""

from __future__ import annotations

import datetime as dt
import json
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import jwt
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

ACCOUNT = "1234567_SB1"
TOKEN = "/services/rest/auth/oauth2/v1/token"
RECORD = "/services/rest/record/v1"
SUITEQL = "/services/rest/query/v1/suiteql"
ITEM, GOODS, DISCOUNT = "98", "99", "100"
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


@cache
def rsa_key(bits: int = 3072) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


@cache
def ec_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def pem(key: Any) -> str:
    """A public key as it is registered."""
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return str(key.public_key().public_bytes(serialization.Encoding.PEM, form).decode())


def certificate(key: Any) -> str:
    """A certificate of its own, as people upload it."""
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "billsync")])
    start = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    made = x509.CertificateBuilder(name, name, key.public_key(), 7, start, start + dt.timedelta(days=700))
    return str(made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode())


@dataclass
class StandIn:
    """One running account.  `admin` and all that stands on it go past its limits and faults."""

    folder: Path
    url: str = ""
    token: str = ""
    process: subprocess.Popen[str] | None = None
    http: httpx.Client = field(default_factory=lambda: httpx.Client(trust_env=False, timeout=30))

    def start(self) -> None:
        """Start it; the second time on the same port, with all that it had."""
        port = self.url.rpartition(":")[2] or "0"
        command = [sys.executable, "-m", "billsync_connectors.netsuite.server", "--folder", str(self.folder)]
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
        self.set(certificate=pem(rsa_key()))
        self.login()

    def stop(self) -> None:
        """End it."""
        self.http.close()
        self.kill()

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
        """Let its clock stand, and log in by it."""
        self.admin("POST", "clock", {"set": at})
        self.login()

    def human(self, do: str, object: str, id: str = "", loser: str = "", **fields: Any) -> str:
        """What a person does there; the record's id."""
        asked = {"do": do, "object": object, "id": id, "loser": loser, "fields": fields}
        return str(self.admin("POST", "human", asked)["id"])

    def truth(self, object: str) -> dict[str, dict[str, Any]]:
        """Every record as the books have it, deleted ones too, by id."""
        answer = self.http.get(f"{self.url}/admin/documents", params={"object": object})
        found = json.loads(answer.text, parse_float=Decimal, parse_int=Decimal)["documents"][object]
        return {row["id"]: row for row in found}

    # ------------------------------------------------------------ clients

    def assertion(self, key: Any = None, algorithm: str = "PS256", kid: str = "standin-cert", **claims: Any) -> str:
        """A signed assertion, good unless something is said."""
        now = int(self.clock().timestamp())
        audience = "https://1234567-sb1.suitetalk.api.netsuite.com" + TOKEN
        own = {"iss": "standin-client", "scope": ["rest_webservices"], "aud": audience, "iat": now, "exp": now + 3000}
        return jwt.encode({**own, **claims}, key or rsa_key(), algorithm=algorithm, headers={"kid": kid})

    def clock(self) -> Any:
        """Its time."""
        return dt.datetime.fromisoformat(self.admin("GET", "clock")["now"])

    def grant(self, assertion: str, **form: str) -> httpx.Response:
        """What the token endpoint says."""
        own = {"grant_type": "client_credentials", "client_assertion_type": ASSERTION, "client_assertion": assertion}
        return self.http.post(self.url + TOKEN, data={**own, **form})

    def login(self) -> None:
        """A token, by a signed assertion."""
        self.token = str(self.grant(self.assertion()).json()["access_token"])

    def ask(self, method: str, path: str, value: Any = None, params: Any = None, **headers: str) -> httpx.Response:
        """A request of a client; the path below the records, or a whole one."""
        own = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        own |= {name.replace("_", "-"): text for name, text in headers.items()}
        url = self.url + (path if path.startswith("/") else f"{RECORD}/{path}")
        body = None if value is None else json.dumps(value, default=str)
        return self.http.request(method, url, content=body, headers=own, params=params)

    def made(self, method: str, path: str, value: Any, **more: Any) -> str:
        """The id of a record that was written: it stands in the Location only."""
        answer = self.ask(method, path, value, **more)
        assert answer.status_code == 204, answer.text
        assert answer.content == b""
        return answer.headers["location"].rpartition("/")[2]

    def get(self, path: str) -> dict[str, Any]:
        """A record with its lines, its numbers exact."""
        answer = self.ask("GET", path, params={"expandSubResources": "true"})
        assert answer.status_code == 200, answer.text
        return exact(answer)

    def query(self, text: str, limit: int = 1000, offset: int = 0) -> dict[str, Any]:
        """A page of SuiteQL."""
        answer = self.asked(text, limit, offset)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def asked(self, text: str, limit: int = 1000, offset: int = 0) -> httpx.Response:
        """What SuiteQL says."""
        return self.ask("POST", SUITEQL, {"q": text}, params={"limit": limit, "offset": offset}, Prefer="transient")

    def rows(self, text: str) -> list[dict[str, str]]:
        """Rows without their links."""
        return [{name: value for name, value in row.items() if name != "links"} for row in self.query(text)["items"]]

    def customer(self, name: str = "Acme", **fields: Any) -> str:
        """A customer's id."""
        return self.made("POST", "customer", {"companyName": name, "subsidiary": {"id": "1"}, **fields})

    def invoice(self, customer: str, *lines: Any, **fields: Any) -> str:
        """An invoice's id, over 100 and its tax where nothing is said."""
        return self.made("POST", "invoice", sale(customer, *lines, **fields))


def sale(customer: str, *lines: Any, **fields: Any) -> dict[str, Any]:
    return {"entity": {"id": customer}, "item": {"items": list(lines or [line(100)])}, **fields}


def line(rate: Any, quantity: Any = 1, item: str = ITEM, **more: Any) -> dict[str, Any]:
    """A line of so many at a rate, not taxed where nothing is said."""
    return {"item": {"id": item}, "rate": str(rate), "quantity": str(quantity), "isTaxable": False, **more}


def exact(answer: httpx.Response) -> dict[str, Any]:
    """A reply's body, its numbers exact."""
    found: dict[str, Any] = json.loads(answer.text, parse_float=Decimal, parse_int=Decimal)
    return found


def code(answer: httpx.Response) -> tuple[int, str]:
    """Status and code of a refusal."""
    found = answer.json()
    assert found["status"] == answer.status_code
    return answer.status_code, str(found["o:errorDetails"][0]["o:errorCode"])
