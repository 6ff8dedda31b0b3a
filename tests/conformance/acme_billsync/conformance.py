"""What billsync's conformance kit has to know of Acme's CRM."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path

from billsync.conformance.subject import Ability, Kind, Subject
from billsync.connector import Connector, Context, Data

from .connector import SERVICES, Acme, AcmeConfig
from .crm import AcmeCrm

SECRET = "sesame-2041"


class AcmeSubject(Subject):
    """Acme's service, in this process, and deals in it."""

    connector = "acme"
    kinds = (Kind("deals", text="name", number="amount"),)
    lacks = {
        Ability.HUGE: "Acme cuts names at 255 characters",
        Ability.LINK: "a deal shows tags only, and Acme tells when they were changed",
    }
    page = 5
    lag_s = 60
    quiet_requests = 2

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.crm = SERVICES[str(folder)] = AcmeCrm(SECRET, page=self.page)

    def reset(self) -> None:
        self.crm.empty()

    def open(self, context: Context) -> Connector:
        return Acme(context, self._config(SECRET))

    def locked_out(self, context: Context) -> Connector:
        return Acme(context, self._config("wrong-2041"))

    def secrets(self) -> Sequence[str]:
        return (SECRET, "wrong-2041", *self.crm.tokens)

    def _config(self, secret: str) -> AcmeConfig:
        return AcmeConfig.model_validate({"address": str(self.folder), "secret": secret, "lag_s": self.lag_s})

    # ------------------------------------------------------------ what is true

    def truth(self, object: str) -> Mapping[str, Data]:
        return {
            row.id: {"name": row.name, "amount": row.amount, "tags": list(row.tags)}
            for row in self.crm.rows.values()
            if not row.gone
        }

    # ------------------------------------------------------------ what people do

    def create(self, object: str, fields: Data) -> str:
        self.crm.clock += 1
        return self.crm.make(fields["name"], fields.get("amount", Decimal(0))).id

    def burst(self, object: str, rows: Sequence[Data]) -> list[str]:
        self.crm.clock += 1
        return [self.crm.make(row["name"], row["amount"]).id for row in rows]

    def commit_late(self, object: str, fields: Data, after_s: int) -> None:
        self.crm.make(fields["name"], fields["amount"], after_s=after_s)

    def edit(self, object: str, id: str, fields: Data) -> None:
        self.crm.clock += 1
        row = self.crm.rows[id]
        row.name, row.amount = fields.get("name", row.name), fields.get("amount", row.amount)
        self.crm.put(row)

    def delete(self, object: str, id: str) -> None:
        self._gone(id, gone=True)

    def restore(self, object: str, id: str) -> None:
        self._gone(id, gone=False)

    def merge(self, object: str, winner: str, loser: str) -> None:
        self._gone(loser, gone=True)
        self.crm.put(self.crm.rows[winner])

    def relate(self, object: str, id: str) -> None:
        self.crm.clock += 1
        self.crm.tag(id, f"tag {self.crm.clock}")

    def _gone(self, id: str, *, gone: bool) -> None:
        self.crm.clock += 1
        self.crm.rows[id].gone = gone
        self.crm.put(self.crm.rows[id])

    # ------------------------------------------------------------ time, and what goes wrong

    def pass_time(self, seconds: int) -> None:
        self.crm.clock += seconds

    def end_session(self) -> None:
        self.crm.tokens.clear()

    def strike(self, fault: Ability, *, after_s: int = 1) -> None:
        self.crm.fault = (fault.value, after_s)

    def calm(self) -> None:
        self.crm.fault = None

    def requests(self) -> int:
        return self.crm.requests
