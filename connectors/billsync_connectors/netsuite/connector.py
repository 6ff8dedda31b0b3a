"""The connector `netsuite`: customers, items, documents and payments go there, payments come back.  (shell)"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

from billsync.connector import (
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
from billsync_connectors.netsuite import books
from billsync_connectors.netsuite.changes import Changes
from billsync_connectors.netsuite.documents import Documents
from billsync_connectors.netsuite.kinds import KINDS
from billsync_connectors.netsuite.listing import Listing
from billsync_connectors.netsuite.master import Customers, Items, Master
from billsync_connectors.netsuite.payments import Payments
from billsync_connectors.netsuite.sales import CreditMemos, Invoices
from billsync_connectors.netsuite.session import Session
from billsync_connectors.netsuite.setting_up import SettingUp
from billsync_connectors.netsuite.settings import NetSuiteSettings
from billsync_connectors.netsuite.sheets import capabilities
from billsync_connectors.netsuite.voiding import Voiding


class NetSuite(Connector):
    """One NetSuite account, by SuiteTalk REST."""

    capabilities: ClassVar = capabilities(None)
    config: ClassVar = NetSuiteSettings

    def __init__(self, context: Context, config: NetSuiteSettings) -> None:
        vars(self)["capabilities"] = capabilities(config)
        self._settings, self._name = config, context.name
        self.session = Session(context, config)
        looked = books.Books(self.session, config)
        listing = Listing(self.session, looked)
        invoices = Invoices(self.session, looked, listing, config)
        self._masters: dict[str, Master] = {
            "customer": Customers(self.session, looked, config),
            "item": Items(self.session, looked, config),
        }
        self._documents: dict[str, Documents] = {
            "invoice": invoices,
            "credit_memo": CreditMemos(self.session, looked, listing, config),
            "payment": Payments(self.session, looked, listing, config),
        }
        by_script = config.void == "script"
        self._voiding = {name: Voiding(kind, by_script=by_script) for name, kind in self._documents.items()}
        self._changes = Changes(listing, context.name)
        self._setting_up = SettingUp(self.session, config, looked, invoices)

    def check(self) -> Health:
        """Reach the account.  Raises `TryLater` or `Refused`."""
        return self._setting_up.check()

    def describe(self, object: str) -> Schema:
        """The fields of one kind of record, as the metadata catalogue tells them.  Raises `TryLater` or `Refused`."""
        if object in KINDS:
            record = KINDS[object].record
        elif object in self._masters:
            record = self._masters[object].record
        else:
            return super().describe(object)
        found = self.session.schema(record).get("properties")
        fields = [_field(name, facts) for name, facts in sorted((found or {}).items()) if isinstance(facts, dict)]
        return Schema(object=object, fields=tuple(fields))

    def read(self, object: str, since: Checkpoint | None) -> Iterator[Page]:
        """Documents changed since the checkpoint; voided payments and what was deleted as deleted."""
        self._may_read(object)
        return self._changes.pages(object, since)

    def fetch(self, object: str, ids: Sequence[str]) -> list[Record]:
        """These documents as they are now."""
        self._may_read(object)
        return self._changes.fetch(object, ids)

    def probe(self, object: str, keys: Sequence[str]) -> list[Probe]:
        """Look records up by our reference, two hundred in a query."""
        kind = self._documents.get(object) or self._masters.get(object)
        if kind is None:
            return super().probe(object, keys)
        try:
            return kind.probe(keys)
        except Fault as fault:
            offline = isinstance(fault, TryLater) and fault.offline
            return [Unsure(fault.reason, fault.message, offline=offline) for _ in keys]

    def standing(self, object: str) -> Iterator[Sequence[Standing]]:
        """Every document of a kind that stands there."""
        self._may_read(object)
        return self._changes.standing(object)

    def write(self, object: str, intents: Sequence[Intent]) -> list[Outcome]:
        """Bring each record to its wanted state."""
        kind = self._documents.get(object) or self._masters.get(object)
        if kind is None:
            return super().write(object, intents)
        wanted = [intent for intent in intents if not intent.void]
        taken_back = (self._void(intent) for intent in intents if intent.void)
        try:
            stand = iter(kind.write(wanted) if wanted else [])
        except (TryLater, Refused, Unclear) as fault:  # the look before anything was sent
            stand = iter([fault] * len(wanted))
        return [next(taken_back if intent.void else stand) for intent in intents]

    def books(self) -> Books:
        """What a person chooses from.  Raises `TryLater` or `Refused`."""
        return self._setting_up.books()

    def trial(self, object: str, intent: Intent) -> Trial:
        """An invoice that is made, read back and deleted."""
        return self._setting_up.trial(intent) if object == "invoice" else super().trial(object, intent)

    def close(self) -> None:
        """Let go of the connection."""
        self.session.close()

    def _void(self, intent: Intent) -> Outcome:
        voiding = self._voiding.get(intent.object)
        return (
            voiding.void(intent)
            if voiding is not None
            else Refused("not_supported", f"a {intent.object} is not voided")
        )

    def _may_read(self, object: str) -> None:
        if object not in KINDS:
            raise Refused("not_supported", f"{self._name}: {object} is not read from NetSuite, only {', '.join(KINDS)}")


def _field(name: str, facts: dict[str, Any]) -> FieldInfo:
    return FieldInfo(
        name=name,
        type=str(facts.get("type", "text")),
        writable=facts.get("readOnly") is not True,
        custom=name.startswith("cust"),
    )
