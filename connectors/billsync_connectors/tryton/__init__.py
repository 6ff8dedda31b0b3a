"""Tryton (8.x) over JSON-RPC: parties, products, invoices and credit notes go there, payments come back.  (shell)"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar, Final

from billsync.connector import (
    Attachment,
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
from billsync.connector import Books as TheirBooks
from billsync.wire import Client
from billsync_connectors.tryton import setting_up, standing
from billsync_connectors.tryton.books import Books
from billsync_connectors.tryton.changes import Changes
from billsync_connectors.tryton.invoices import Invoices
from billsync_connectors.tryton.master import Master, Parties, Products
from billsync_connectors.tryton.paying import Payments
from billsync_connectors.tryton.session import Session
from billsync_connectors.tryton.settings import TrytonSettings
from billsync_connectors.tryton.sheets import CAPABILITIES

__all__ = ["Tryton", "TrytonSettings"]

_MODELS = {
    "party": "party.party",
    "product": "product.product",
    "invoice": "account.invoice",
    "credit_note": "account.invoice",
    "payment": "account.move.line",
}


class Tryton(Connector):
    """One company of one Tryton database."""

    capabilities: ClassVar = CAPABILITIES
    config: ClassVar = TrytonSettings

    def __init__(self, context: Context, config: TrytonSettings) -> None:
        self._http = Client(
            config.url,
            system=context.name,
            secrets=[config.password.get_secret_value()],
            timeout=config.timeout,
            reach=config.reach(context.root),
            calls=context.calls,
        )
        session = Session(self._http, config, context.name)
        books = Books(session, config)
        self._session, self._name = session, context.name
        self._kinds: dict[str, Master | Invoices | Payments] = {
            "party": Parties(session, books),
            "product": Products(session, books),
            "invoice": Invoices(session, books, config),
            "credit_note": Invoices(session, books, config, credits_=True),
            "payment": Payments(session, books),
        }
        self._changes = Changes(session, context.name)

    def check(self) -> Health:
        """Log in and say as whom.  Raises `TryLater` or `Refused`."""
        version = self._session.version()
        who = self._session.ask("model.res.user.read", [self._session.user_id], ["rec_name", "company.rec_name"])[0]
        company = (who.get("company.") or {}).get("rec_name", "")
        return Health(system=self.capabilities.title, version=version, identity=f"{who['rec_name']} of {company}")

    def describe(self, object: str) -> Schema:
        """The fields of one kind of record, by Tryton's own names.  Raises `TryLater` or `Refused`."""
        fields = self._session.ask(f"model.{_model(object)}.fields_get", None)
        return Schema(object=object, fields=tuple(_field(name, facts) for name, facts in sorted(fields.items())))

    def read(self, object: str, since: Checkpoint | None) -> Iterator[Page]:
        """Customer invoices with a reference, or their payments, changed since the checkpoint."""
        self._may_read(object)
        return self._changes.pages(object, since)

    def fetch(self, object: str, ids: Sequence[str]) -> list[Record]:
        """These invoices or payments as they are now."""
        self._may_read(object)
        return self._changes.fetch(object, ids)

    def probe(self, object: str, keys: Sequence[str]) -> list[Probe]:
        """Look records up by our reference, all keys in one call."""
        kind = self._kinds.get(object)
        if kind is None:
            return super().probe(object, keys)
        try:
            return kind.probe(keys)
        except Fault as fault:
            offline = isinstance(fault, TryLater) and fault.offline
            return [Unsure(fault.reason, fault.message, offline=offline) for _ in keys]

    def standing(self, object: str) -> Iterator[Sequence[Standing]]:
        """Every customer invoice, those among them that are credit notes, or every payment of one."""
        if object not in _STANDING:
            return super().standing(object)
        return _STANDING[object](self._session)

    def write(self, object: str, intents: Sequence[Intent]) -> list[Outcome]:
        """Create or update the records; invoices are compared while they are drafts, then posted in order of date."""
        kind = self._kinds.get(object)
        if kind is None:
            return super().write(object, intents)
        try:
            return kind.write(intents)
        except (TryLater, Refused, Unclear) as fault:
            return [fault for _ in intents]

    def attach(self, object: str, remote_id: str, file: Attachment) -> None:
        """Lay a file to an invoice or another record."""
        setting_up.attach(self._session, _model(object), remote_id, file)

    def books(self) -> TheirBooks:
        """The company's accounts, taxes, terms and products."""
        return setting_up.books(self._session)

    def trial(self, object: str, intent: Intent) -> Trial:
        """Make a draft of an invoice or credit note, read it, and delete it."""
        kind = self._kinds.get(object)
        return kind.trial(intent) if isinstance(kind, Invoices) else super().trial(object, intent)

    def close(self) -> None:
        """Let go of the connection."""
        self._http.close()

    def _may_read(self, object: str) -> None:
        if object not in self.capabilities.reads:
            raise Refused("not_supported", f"{self._name}: {object} is not read from Tryton, only payment and invoice")


_STANDING: Final = {
    "invoice": standing.invoices,
    "credit_note": standing.credit_notes,
    "payment": standing.payments,
}


def _model(object: str) -> str:
    if object not in _MODELS:
        raise Refused("not_supported", f"Tryton's {object} is not known here, only {', '.join(_MODELS)}")
    return _MODELS[object]


def _field(name: str, facts: dict[str, Any]) -> FieldInfo:
    choices = facts.get("selection")
    texts = [str(choice[0]) for choice in choices if choice[0]] if isinstance(choices, list) else []
    return FieldInfo(
        name=name,
        type=str(facts.get("type", "text")),
        required=facts.get("required") is True,
        writable=facts.get("readonly") is not True,
        choices=tuple(texts),
        max_length=facts["size"] if isinstance(facts.get("size"), int) else None,
    )
