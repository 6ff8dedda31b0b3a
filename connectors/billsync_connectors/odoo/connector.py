"""Odoo (16 and later): partners, products, documents and payments go there, payments come back.  (shell)"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, ClassVar

from pydantic import SecretStr

from billsync.connector import (
    Attachment,
    Books,
    Checkpoint,
    Connector,
    Context,
    Fault,
    FieldInfo,
    Health,
    Intent,
    Outcome,
    Page,
    Probe,
    Record,
    Refused,
    Schema,
    Standing,
    Trial,
    TryLater,
    Unclear,
    Unsure,
)
from billsync.wire import Client
from billsync_connectors.odoo import sheets
from billsync_connectors.odoo.changes import OBJECTS, Changes
from billsync_connectors.odoo.documents import TYPES, Documents
from billsync_connectors.odoo.external import External
from billsync_connectors.odoo.extras import Extras, fields_of
from billsync_connectors.odoo.house import House
from billsync_connectors.odoo.masters import Masters
from billsync_connectors.odoo.payments import Payments
from billsync_connectors.odoo.session import Session, offline, reading
from billsync_connectors.odoo.settings import OdooSettings
from billsync_connectors.odoo.standing import standing

_PLAIN = OdooSettings(url="https://example.odoo.com/", api_key=SecretStr("-"))


class Odoo(Connector):
    """One company of one Odoo database.  What depends on settings stands in each instance's own sheet."""

    capabilities: ClassVar = sheets.capabilities(_PLAIN)
    config: ClassVar = OdooSettings

    def __init__(self, context: Context, config: OdooSettings, *, sleep: Callable[[float], None] = time.sleep) -> None:
        """Keep the settings; `sleep` waits for seconds, and is replaced where nobody shall wait."""
        vars(self)["capabilities"] = sheets.capabilities(config)
        word = config.api_key.get_secret_value()
        self._http = Client(
            config.url,
            system=context.name,
            secrets=[word],
            timeout=config.timeout,
            reach=config.reach(context.root),
            calls=context.calls,
            sleep=sleep,
        )
        self._http.authorize(f"bearer {word}", word)
        self._session, self._name = Session(self._http, config, context.name, sleep), context.name
        self._house = House(self._session, config)
        self._external = External(self._session, config.namespace)
        self._kinds = self._writers()
        self._changes = Changes(self._session, self._external)
        self._extras = Extras(self._session, self._house, self._external)

    def _writers(self) -> dict[str, Masters | Documents | Payments]:
        session, house, external = self._session, self._house, self._external
        return {
            **{name: Masters(session, house, external, name, sheets.MODELS[name]) for name in ("partner", "product")},
            **{name: Documents(session, house, external, name) for name in TYPES},
            "payment": Payments(session, house, external),
        }

    def check(self) -> Health:
        """Reach Odoo and say as whom.  Raises `TryLater` or `Refused`."""
        who = self._session.find("res.users", [["id", "=", self._session.user]], ["name"])
        company, remarks = self._extras.company(), self._extras.remarks()
        identity = f"{who[0]['name'] if who else self._session.user} of {company['name']}"
        return Health(system="Odoo", version=self._session.series(), identity=identity, remarks=remarks)

    def describe(self, object: str) -> Schema:
        """The fields of one kind of record, by Odoo's own names.  Raises `TryLater` or `Refused`."""
        if object not in sheets.MODELS:
            raise Refused("not_supported", f"Odoo's {object} is not known here, only {', '.join(sheets.MODELS)}")
        facts = self._house.fields(sheets.MODELS[object])
        return Schema(object=object, fields=tuple(_field(name, each) for name, each in fields_of(facts)))

    def read(self, object: str, since: Checkpoint | None) -> Iterator[Page]:
        """Invoices, credit notes or payments changed since the checkpoint."""
        self._may_read(object)
        return self._changes.pages(object, since)

    def fetch(self, object: str, ids: Sequence[str]) -> list[Record]:
        """These as they are now."""
        self._may_read(object)
        return self._changes.fetch(object, ids)

    def probe(self, object: str, keys: Sequence[str]) -> list[Probe]:
        """Look records up by our external id, all keys in two calls."""
        kind = self._kinds.get(object)
        if kind is None:
            return super().probe(object, keys)
        try:
            with reading(self._name):
                return kind.probe(keys)
        except Fault as fault:
            return [Unsure(fault.reason, fault.message, offline=offline(fault)) for _ in keys]

    def standing(self, object: str) -> Iterator[Sequence[Standing]]:
        """Every customer invoice, credit note or payment of the company."""
        self._may_read(object)
        return standing(self._session, self._external, object)

    def write(self, object: str, intents: Sequence[Intent]) -> list[Outcome]:
        """Carry out intents: drafts are compared, then posted; payments and credit notes are applied."""
        kind = self._kinds.get(object)
        if kind is None:
            return super().write(object, intents)
        try:
            return kind.write(intents)
        except (TryLater, Refused, Unclear) as fault:
            return [fault for _ in intents]

    def attach(self, object: str, remote_id: str, file: Attachment) -> None:
        """Lay a file to an invoice or a credit note."""
        if object not in TYPES:
            return super().attach(object, remote_id, file)
        return self._extras.attach(object, remote_id, file)

    def books(self) -> Books:
        """What a person chooses from."""
        return self._extras.books()

    def trial(self, object: str, intent: Intent) -> Trial:
        """A draft that is made, read and deleted."""
        if object not in TYPES:
            return super().trial(object, intent)
        return self._extras.trial(object, intent)

    def close(self) -> None:
        """Let go of the connection."""
        self._http.close()

    def _may_read(self, object: str) -> None:
        if object not in OBJECTS:
            raise Refused("not_supported", f"{self._name}: {object} is not read from Odoo, only {', '.join(OBJECTS)}")


def _field(name: str, facts: Mapping[str, Any]) -> FieldInfo:
    choices = facts.get("selection")
    return FieldInfo(
        name=name,
        type=str(facts.get("type") or "text"),
        required=facts.get("required") is True,
        writable=facts.get("readonly") is not True,
        custom=name.startswith("x_"),
        choices=tuple(str(each[0]) for each in choices) if isinstance(choices, list) else (),
        max_length=facts["size"] if isinstance(facts.get("size"), int) else None,
    )
