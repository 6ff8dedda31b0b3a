"""The connector to Acme's CRM."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from functools import partial
from typing import Any, ClassVar

from pydantic import BaseModel, SecretStr

from billsync.connector import (
    Capabilities,
    Checkpoint,
    Connector,
    Context,
    FieldInfo,
    Health,
    Page,
    ReadSheet,
    Record,
    Refused,
    Schema,
    TryLater,
)
from billsync.model.problem import Place, Problem

from .crm import AcmeCrm, AcmeError

_PAGES = {"changed": AcmeCrm.changed, "tagged": AcmeCrm.tagged}
SERVICES: dict[str, AcmeCrm] = {}
"""Acme's addresses: its service is in this process."""


class AcmeConfig(BaseModel):
    """Settings of a connection.  `lag_s`: seconds by which a deal may become visible after its stamp."""

    address: str
    secret: SecretStr
    lag_s: int = 60


class Acme(Connector):
    """Reads deals."""

    capabilities: ClassVar = Capabilities(system="acme", title="Acme CRM", reads={"deals": ReadSheet(key="id")})
    config: ClassVar = AcmeConfig

    def __init__(self, context: Context, config: AcmeConfig) -> None:
        self._name, self._config, self._token = context.name, config, ""

    def check(self) -> Health:
        """Reach it."""
        self._ask(lambda crm, token: crm.fields(token))
        return Health(system="Acme CRM", identity=self._config.address)

    def describe(self, object: str) -> Schema:
        """The fields of deals."""
        self._known(object)
        told = self._ask(lambda crm, token: crm.fields(token))
        fields = tuple(FieldInfo(name=name, type=type) for name, type in told.items())
        return Schema(object=object, fields=fields)

    def read(self, object: str, since: Checkpoint | None) -> Iterator[Page]:
        """Deals that changed, then deals whose tags did."""
        self._known(object)
        mark = self._mark(since)
        for name in ("changed", "tagged"):
            more = True
            while more:
                stamp, id = mark[name]
                answer = self._ask(partial(_PAGES[name], stamp=stamp, id=id))
                mark.setdefault("start", answer["now"])
                records, problems = self._records(answer["rows"])
                if answer["rows"]:
                    mark[name] = answer["rows"][-1]["place"]
                more = answer["more"]
                if name == "tagged" and not more:
                    mark = self._end(mark)
                yield Page(records, problems, dict(mark))

    def fetch(self, object: str, ids: Sequence[str]) -> list[Record]:
        """These deals."""
        self._known(object)
        return self._records(self._ask(lambda crm, token: crm.get(token, list(ids)))["rows"])[0]

    # ------------------------------------------------------------ inside

    def _known(self, object: str) -> None:
        if object != "deals":
            raise Refused("not_supported", f"{self._name}: Acme has deals, and no {object}")

    def _mark(self, since: Checkpoint | None) -> dict[str, Any]:
        """Where to go on; a checkpoint that cannot be understood is none."""
        told = since or {}
        places = {name: told[name] for name in ("changed", "tagged") if isinstance(told.get(name), list)}
        start = {"start": told["start"]} if isinstance(told.get("start"), int) else {}
        return {"changed": [0, ""], "tagged": [0, ""], **places, **start}

    def _end(self, mark: dict[str, Any]) -> dict[str, Any]:
        """The next read goes back to before this one began: what was committed late has an older stamp."""
        safe = [mark["start"] - self._config.lag_s - 1, ""]
        return {name: min(list(mark[name]), safe) for name in ("changed", "tagged")}

    def _records(self, rows: list[dict[str, Any]]) -> tuple[list[Record], list[Problem]]:
        records, problems = [], []
        for row in rows:
            if isinstance(row.get("id"), str):
                records.append(self._record(row))
            else:
                place = Place(system=self._name, object="deals")
                problems.append(Problem(code="READ-KEY-01", message="a deal without an id", place=place))
        return records, problems

    def _record(self, row: dict[str, Any]) -> Record:
        place = Place(system=self._name, object="deals", id=row["id"])
        if row["gone"]:
            return Record("deals", row["id"], {}, place, deleted=True)
        data = {"id": row["id"], "name": row["name"], "amount": Decimal(row["amount"]), "tags": row["tags"]}
        return Record("deals", row["id"], data, place)

    def _ask(self, call: Callable[[AcmeCrm, str], str]) -> dict[str, Any]:
        """An answer of Acme; after one new log-in where the session has ended."""
        crm = SERVICES[self._config.address]
        try:
            self._token = self._token or crm.login(self._config.secret.get_secret_value())
            try:
                text = call(crm, self._token)
            except AcmeError as error:
                if error.status != 401:
                    raise
                self._token = crm.login(self._config.secret.get_secret_value())
                text = call(crm, self._token)
            found: dict[str, Any] = json.loads(text)
        except AcmeError as error:
            offline = error.status in (0, 401)
            message = f"{self._name}: Acme answered {error.status}; check the address and the secret"
            raise TryLater("acme", message, after_s=error.retry_after, offline=offline) from None
        except ValueError:
            raise TryLater("not_json", f"{self._name}: the answer is not JSON: a proxy?", offline=True) from None
        return found
