"""Tryton (8.x) over JSON-RPC: parties, products, invoices and credit notes go there, payments come back.  (shell)"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

from billsync.connector import (
    Capabilities,
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
    RatingSheet,
    ReadSheet,
    Record,
    Refused,
    Schema,
    Standing,
    Target,
    TryLater,
    Unclear,
    Unsure,
    WriteSheet,
)
from billsync.wire import Client
from billsync_connectors.tryton import standing
from billsync_connectors.tryton.books import Books
from billsync_connectors.tryton.changes import PAGE, Changes
from billsync_connectors.tryton.invoices import Invoices
from billsync_connectors.tryton.master import Master, Parties, Products
from billsync_connectors.tryton.session import Session
from billsync_connectors.tryton.settings import TrytonSettings

__all__ = ["Tryton", "TrytonSettings"]

_MODELS = {
    "party": "party.party",
    "product": "product.product",
    "invoice": "account.invoice",
    "credit_note": "account.invoice",
}


def _sheet(reference: str, batch_max: int, *, document: bool = False) -> WriteSheet:
    """Tryton has no idempotency key; it ends a request of its own accord after 60 seconds (request.timeout)."""
    return WriteSheet(
        target=Target.SEARCH,
        reference=reference,
        settle_s=60,
        batch_max=batch_max,
        ordered=document,
        voids=document,
        rating=RatingSheet(unit_price_places=4) if document else None,
    )


class Tryton(Connector):
    """One company of one Tryton database."""

    capabilities: ClassVar = Capabilities(
        system="tryton",
        title="Tryton",
        reads={
            "payment": ReadSheet(key="id", page_size=PAGE),
            "invoice": ReadSheet(key="id", page_size=PAGE),
        },
        writes={
            "party": _sheet("code", 100),
            "product": _sheet("suffix_code", 100),
            "invoice": _sheet("reference", 25, document=True),
            "credit_note": _sheet("reference", 25, document=True),
        },
        money_decimals=4,
        notes=(
            "Codes of parties and products are unique in Tryton; the reference of an invoice is not.",
            "Invoices are posted one batch at a time: Tryton on SQLite gives equal numbers to concurrent posts.",
            "Numbers follow the dates: an invoice dated before the last posted one of its year is refused.",
            "A posted invoice is voided by cancelling it, which the company has to allow (Cancel Customer Invoice).",
            "A credit note is an invoice of negative quantities; it is told with positive amounts, as billsync has it.",
            "A payment is told as deleted once its move is cancelled, or it is taken off the invoice it was booked on.",
            "The acknowledged warnings are 'due date in the past' and 'other taxes than the product's', no others.",
        ),
    )
    config: ClassVar = TrytonSettings

    def __init__(self, context: Context, config: TrytonSettings) -> None:
        self._http = Client(
            config.url,
            system=context.name,
            secrets=[config.password.get_secret_value()],
            timeout=config.timeout,
            reach=config.reach(context.root),
        )
        session = Session(self._http, config, context.name)
        books = Books(session, config)
        self._session, self._name = session, context.name
        self._kinds: dict[str, Master | Invoices] = {
            "party": Parties(session, books),
            "product": Products(session, books),
            "invoice": Invoices(session, books, config),
            "credit_note": Invoices(session, books, config, credits_=True),
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
        """Every customer invoice, or every payment of one."""
        self._may_read(object)
        return standing.invoices(self._session) if object == "invoice" else standing.payments(self._session)

    def write(self, object: str, intents: Sequence[Intent]) -> list[Outcome]:
        """Create or update the records; invoices are compared while they are drafts, then posted in order of date."""
        kind = self._kinds.get(object)
        if kind is None:
            return super().write(object, intents)
        try:
            return kind.write(intents)
        except (TryLater, Refused, Unclear) as fault:
            return [fault for _ in intents]

    def close(self) -> None:
        """Let go of the connection."""
        self._http.close()

    def _may_read(self, object: str) -> None:
        if object not in self.capabilities.reads:
            raise Refused("not_supported", f"{self._name}: {object} is not read from Tryton, only payment and invoice")


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
