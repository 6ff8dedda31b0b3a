"""The sandbox in the hands of the conformance kit.  (shell)"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar, Final

import httpx
from pydantic import SecretStr

from billsync.conformance.subject import Ability, Kind, Subject
from billsync.conformance.writes.subject import Bill, Booked, Money, Role, Skill, WriteSubject
from billsync.connector import Connector, Context, Data
from billsync_connectors.sandbox.config import SandboxSettings
from billsync_connectors.sandbox.connector import Sandbox
from billsync_connectors.sandbox.named import NamedSandbox

_STAYS: Final = "what is deleted in the sandbox stays deleted"
_ALONE: Final = "records of the sandbox show nothing of others"
_FAULTS: Final = {
    Ability.ERROR: "error",
    Ability.CUT: "dropped",
    Ability.TRUNCATED: "truncated",
    Ability.WRONG_TYPES: "no-id",
    Ability.LOGIN_PAGE: "login-page",
}
_HOUSEKEEPING: Final = frozenset({"version", "updated", "deleted", "billing", "reference"})
_LONG: Final = 10_000_000


class _Door:
    """The stand-in as a process, and requests to its administration."""

    def __init__(self, folder: Path) -> None:
        self.system = NamedSandbox(folder)
        self.http = httpx.Client(trust_env=False, timeout=60)
        self.settings: dict[str, str] = {}

    def up(self) -> None:
        """Start it."""
        self.settings = self.system.up()

    def down(self) -> None:
        """Stop it."""
        self.http.close()
        self.system.down()

    def reset(self, **settings: Any) -> None:
        """As new, with its password."""
        self.ask("POST", "reset")
        self.set(password=self.settings["password"], **settings)

    def set(self, **values: Any) -> None:
        """Change settings."""
        self.ask("PATCH", "settings", values)

    def rows(self, object: str) -> list[dict[str, Any]]:
        """Every record that was not deleted."""
        return [row for row in self.ask("GET", f"documents?object={object}")["records"] if not row["deleted"]]

    def human(self, do: str, object: str, id: str, fields: Data) -> dict[str, Any]:
        """What a person does."""
        plain = {name: str(value) if isinstance(value, Decimal) else value for name, value in fields.items()}
        return self.ask("POST", "human", {"do": do, "object": object, "id": id, "fields": plain})

    def ask(self, method: str, path: str, value: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """A request and its answer."""
        answer = self.http.request(method, f"{self.system.url}admin/{path}", json=value)
        answer.raise_for_status()
        found: dict[str, Any] = json.loads(answer.content)
        return found


class SandboxSubject(Subject):
    """One stand-in, a process of its own, with a password."""

    connector = "sandbox"
    kinds = (
        Kind("deals", text="owner", number="amount"),
        Kind("accounts", text="name"),
        Kind("payments", text="invoice", number="amount"),
    )
    lacks = {
        Ability.RESTORE: _STAYS,
        Ability.MERGE: "the sandbox merges no records",
        Ability.RELATE: _ALONE,
        Ability.LINK: _ALONE,
        Ability.LIMIT: "429 is the sandbox's only way to say that it is too much",
    }
    lag_s = 60
    quiet_requests = 1

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._door = _Door(folder)

    # ------------------------------------------------------------ the system

    def up(self) -> None:
        """Start it."""
        self._door.up()

    def down(self) -> None:
        """Stop it."""
        self._door.down()

    def reset(self) -> None:
        """As new, with its password."""
        self._door.reset()

    def open(self, context: Context) -> Connector:
        """A connector with its password."""
        return self._opened(context, self._door.settings["password"])

    def locked_out(self, context: Context) -> Connector:
        """One with another."""
        return self._opened(context, "not-" + self._door.settings["password"])

    def _opened(self, context: Context, password: str) -> Connector:
        own = {name: self._door.settings[name] for name in ("url", "user")}
        settings = SandboxSettings(
            **own, password=SecretStr(password), page_size=self.page, publish_lag_s=self.lag_s, timeout=10
        )
        return Sandbox(context, settings)

    def secrets(self) -> Sequence[str]:
        """Its password."""
        return (self._door.settings["password"],)

    # ------------------------------------------------------------ what is true

    def truth(self, object: str) -> Mapping[str, Data]:
        """Its records, all fields but the house-keeping ones."""
        return {row["id"]: _shown(row) for row in self._door.rows(object)}

    # ------------------------------------------------------------ what people do

    def create(self, object: str, fields: Data) -> str:
        """Make a record."""
        return str(self._door.human("create", object, "", fields)["id"])

    def edit(self, object: str, id: str, fields: Data) -> None:
        """Change one."""
        self._door.human("change", object, id, fields)

    def delete(self, object: str, id: str) -> None:
        """Delete one."""
        self._door.human("delete", object, id, {})

    def burst(self, object: str, rows: Sequence[Data]) -> list[str]:
        """The clock stands still meanwhile."""
        self._door.ask("POST", "clock", {"stand": True})
        try:
            return [self.create(object, row) for row in rows]
        finally:
            self._door.ask("POST", "clock", {"stand": False})

    def commit_late(self, object: str, fields: Data, after_s: int) -> None:
        """It is listed late."""
        self._door.set(publish_lag_s=after_s)
        self.create(object, fields)
        self._door.set(publish_lag_s=0)

    # ------------------------------------------------------------ time, and what goes wrong

    def pass_time(self, seconds: int) -> None:
        """Its clock goes forward."""
        self._door.ask("POST", "clock", {"advance_s": seconds})

    def end_session(self) -> None:
        """Somebody else logs in while it allows one session."""
        self._door.set(single_session=True)
        own = {name: self._door.settings[name] for name in ("user", "password")}
        self._door.http.post(f"{self._door.system.url}login", json=own).raise_for_status()
        self._door.set(single_session=False)

    def strike(self, fault: Ability, *, after_s: int = 1) -> None:
        """One of its own faults, or a record with a long text, which stays."""
        if fault is Ability.HUGE:
            self.create("deals", {"owner": "x" * _LONG})
        elif fault is Ability.BUSY:
            self._door.ask("POST", "faults", {"fault": "busy", "path": "/v1/", "retry_after": str(after_s)})
        else:
            self._door.ask("POST", "faults", {"fault": _FAULTS[fault], "path": "/v1/"})

    def calm(self) -> None:
        """No faults."""
        self._door.ask("DELETE", "faults")

    def requests(self) -> int:
        """Those of its log."""
        return len(self._door.ask("GET", "log")["requests"])


def _shown(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in _HOUSEKEEPING}


class SandboxWrites(WriteSubject):
    """One stand-in that is searched by our reference, with numbers of ours that can't come twice."""

    connector = "sandbox"
    objects: ClassVar = {
        Role.CUSTOMER: "customer",
        Role.ITEM: "product",
        Role.INVOICE: "invoice",
        Role.CREDIT_NOTE: "credit_note",
        Role.PAYMENT: "payment",
    }

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._door = _Door(folder)

    # ------------------------------------------------------------ the system

    def up(self) -> None:
        """Start it."""
        self._door.up()

    def down(self) -> None:
        """Stop it."""
        self._door.down()

    def reset(self) -> None:
        """As new."""
        self._door.reset(unique_numbers=True)

    def open(self, context: Context) -> Connector:
        """A connector with its password."""
        own = {name: self._door.settings[name] for name in ("url", "user")}
        password = SecretStr(self._door.settings["password"])
        return Sandbox(context, SandboxSettings(**own, password=password, timeout=10))

    def secrets(self) -> Sequence[str]:
        """Its password."""
        return (self._door.settings["password"],)

    def pass_time(self, seconds: float) -> None:
        """Its clock goes forward."""
        self._door.ask("POST", "clock", {"advance_s": str(seconds)})

    # ------------------------------------------------------------ payloads

    def customer(self, name: str, *, city: str = "") -> Data:
        """A customer."""
        return {"name": name, **({"city": city} if city else {})}

    def item(self, name: str) -> Data:
        """A product."""
        return {"name": name}

    def invoice(self, bill: Bill) -> Data:
        """An invoice."""
        return {**_of_bill(bill), "due_date": bill.due_on.isoformat()}

    def credit_note(self, bill: Bill) -> Data:
        """A credit note."""
        return {**_of_bill(bill), "invoice": bill.invoice}

    def payment(self, money: Money) -> Data:
        """A payment."""
        own = {"amount": money.amount, "currency": money.currency, "date": money.on.isoformat()}
        return {**own, "invoice": money.invoice, "customer": money.customer}

    # ------------------------------------------------------------ what is true, and what people do

    def truth(self, role: Role) -> Sequence[Booked]:
        """Its records."""
        object = self.objects[role]
        files = self._door.ask("GET", "files")["files"] if role is Role.INVOICE else []
        return [_booked(row, [file for file in files if file["id"] == row["id"]]) for row in self._door.rows(object)]

    def edit(self, id: str) -> None:
        """Another price."""
        line = {"description": "Edited", "quantity": "1", "unit_price": "7.77"}
        self._door.human("change", "invoice", id, {"lines": [line]})

    def annotate(self, id: str, text: str) -> None:
        """A street, which is not ours."""
        self._door.human("change", "customer", id, {"street": text})

    def void(self, id: str) -> None:
        """Taken back."""
        self._door.human("void", "invoice", id, {})

    def close_books(self, through: date) -> None:
        """Closed."""
        self._door.set(closed_through=through.isoformat())

    def deactivate(self, id: str) -> None:
        """Not active."""
        self._door.human("change", "customer", id, {"active": False})

    def take_number(self, number: str, customer: str) -> None:
        """Somebody's invoice."""
        line = {"description": "By hand", "quantity": "1", "unit_price": "1.00"}
        own = {"number": number, "customer": customer, "currency": "EUR", "date": self.on.isoformat(), "lines": [line]}
        self._door.human("create", "invoice", "", own)

    # ------------------------------------------------------------ what goes wrong

    def strike(self, fault: Skill, role: Role, *, after_s: int = 1, skip: int = 0) -> None:
        """One of its own faults, at each door through which such a record is written."""
        if fault is Skill.OTHER_TOTAL:
            self._door.set(tax_skew="0.01")
            return
        object = self.objects[role]
        doors = [("POST", f"{object}$"), ("POST", f"{object}/batch$"), ("PATCH", object)]
        doors.append(("POST", f"{object}/{object}-"))  # its void
        for method, path in doors:
            where = {"method": method, "path": f"/v1/{path}", "skip": skip}
            self._door.ask("POST", "faults", {**_STRIKES[fault], **where} | _retry_after(fault, after_s))

    def calm(self) -> None:
        """No faults."""
        self._door.ask("DELETE", "faults")
        self._door.set(tax_skew="0")


_STRIKES: Final[dict[Skill, dict[str, Any]]] = {
    Skill.LOST: {"fault": "lost"},
    Skill.DROPPED: {"fault": "dropped"},
    Skill.BUSY: {"fault": "busy"},
    Skill.ERROR_BEFORE: {"fault": "error", "status": 503},
    Skill.ERROR_AFTER: {"fault": "error", "when": "after"},
    Skill.TRUNCATED: {"fault": "truncated"},
    Skill.HTML: {"fault": "login-page"},
    Skill.EXPIRED: {"fault": "expired"},
    Skill.STALE: {"fault": "stale"},
}


def _retry_after(fault: Skill, after_s: int) -> dict[str, str]:
    return {"retry_after": str(after_s)} if fault is Skill.BUSY else {}


def _of_bill(bill: Bill) -> dict[str, Any]:
    lines = [
        {
            "description": line.text,
            "quantity": line.quantity,
            "unit_price": line.unit_price,
            "tax_rate": line.rate,
            "product": bill.item,
        }
        for line in bill.lines
    ]
    own = {"number": bill.number, "customer": bill.customer, "currency": bill.currency}
    return {**own, "date": bill.on.isoformat(), "lines": lines}


def _booked(row: Mapping[str, Any], files: Sequence[Mapping[str, Any]]) -> Booked:
    lines = row.get("lines")
    total = row.get("total", row.get("amount"))
    return Booked(
        id=row["id"],
        reference=row["reference"],
        name=row.get("name"),
        note=row.get("street"),
        number=row.get("number"),
        customer=row.get("customer"),
        currency=row.get("currency"),
        total=None if total is None else Decimal(total),
        tax=Decimal(row["tax"]) if row.get("tax") is not None else None,
        open=Decimal(row["open"]) if row.get("open") is not None else None,
        on=date.fromisoformat(row["date"]) if row.get("date") else None,
        lines=len(lines) if lines is not None else None,
        texts=tuple(line["description"] for line in lines) if lines is not None else None,
        draft=row.get("state") == "draft",
        void=row.get("state") == "void",
        files={file["name"]: file["size"] for file in files},
    )
