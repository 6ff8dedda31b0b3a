"""The connector `xero`: contacts, items, invoices, credit notes, payments; and what becomes of them.  (shell)"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, ClassVar, Final

from billsync.connector import (
    Attachment,
    Books,
    Checkpoint,
    Connector,
    Context,
    Fault,
    Health,
    Hint,
    Hook,
    Intent,
    Outcome,
    Page,
    Probe,
    Record,
    Refused,
    Said,
    Schema,
    Standing,
    Trial,
    TryLater,
    Unsure,
)
from billsync.wire import Client
from billsync_connectors.xero import books, calls, fields, hooks, lookup, papers, shown
from billsync_connectors.xero.bodies import Bodies
from billsync_connectors.xero.choices import Choices
from billsync_connectors.xero.credits import CreditNotes
from billsync_connectors.xero.documents import Documents
from billsync_connectors.xero.login import Login
from billsync_connectors.xero.masters import Contacts, Items
from billsync_connectors.xero.payments import Payments
from billsync_connectors.xero.reading import PLACES, Reading
from billsync_connectors.xero.session import Session
from billsync_connectors.xero.settings import XeroSettings
from billsync_connectors.xero.sheets import capabilities
from billsync_connectors.xero.values import Row

_DOCUMENTS: Final = {"invoice": lookup.INVOICES, "credit_note": lookup.CREDIT_NOTES}


class Xero(Connector):
    """One organisation of Xero."""

    capabilities: ClassVar = capabilities(120, 200)
    config: ClassVar = XeroSettings

    def __init__(self, context: Context, config: XeroSettings, sleep: Callable[[float], None] = time.sleep) -> None:
        """Keep the settings; `sleep` waits between repeated reads, and is replaced in tests."""
        vars(self)["capabilities"] = capabilities(config.settle_s, config.page_size)
        self._settings = config
        told: dict[str, Any] = {
            "system": context.name,
            "secrets": config.secrets(),
            "timeout": config.timeout,
            "sleep": sleep,
        }
        told["reach"] = config.reach(context.root)
        self._http, self._identity = Client(config.url, calls=context.calls, **told), Client(config.identity(), **told)
        self._login = Login(self._http, self._identity, config, context.keep, context.name)
        self._session = Session(self._http, self._login, config, context.name)
        self._choices = Choices(self._session, config)
        self._bodies = Bodies(self._choices)
        self._reading = Reading(self._session, config.page_size)
        self._kinds: dict[str, Contacts | Items | Documents | Payments] = {
            "contact": Contacts(self._session),
            "item": Items(self._session),
            "invoice": Documents(self._session, self._choices, self._bodies),
            "credit_note": CreditNotes(self._session, self._choices, self._bodies),
            "payment": Payments(self._session, self._choices),
        }

    def check(self) -> Health:
        """The organisation, and until when its books are closed.  Raises `TryLater` or `Refused`."""
        return books.health(self._session, self._choices)

    def describe(self, object: str) -> Schema:
        """The fields of one kind of record.  Raises `Refused`."""
        self._known(object)
        return fields.schema(object)

    def read(self, object: str, since: Checkpoint | None) -> Iterator[Page]:
        """The records changed since the checkpoint; payments that were taken back are told as deleted."""
        self._known(object)
        return self._reading.pages(object, since)

    def fetch(self, object: str, ids: Sequence[str]) -> list[Record]:
        """These records as they are now."""
        self._known(object)
        return self._reading.fetch(object, ids)

    def hints(self, hook: Hook) -> Sequence[Hint]:
        """What a webhook says, once its signature proves that it is Xero's."""
        key = self._settings.webhook_key
        return hooks.hints(hook, "" if key is None else key.get_secret_value(), self._settings.tenant)

    def probe(self, object: str, keys: Sequence[str]) -> list[Probe]:
        """Look records up by our reference, many in one question."""
        kind = self._kinds.get(object)
        if kind is None:
            return super().probe(object, keys)
        try:
            return kind.probe(keys)
        except Fault as fault:
            offline = isinstance(fault, TryLater) and fault.offline
            return [Unsure(fault.reason, fault.message, offline=offline) for _ in keys]

    def standing(self, object: str) -> Iterator[Sequence[Standing]]:
        """Every sales document, or every payment of one; one that changes meanwhile is shown once."""
        if object not in (*_DOCUMENTS, "payment"):
            yield from super().standing(object)
        seen: set[str] = set()
        for found, _last in self._reading.walk(PLACES[object], None):
            with self._session.reading():
                told = [one for row, _at in found if (one := self._standing(object, row)) and one.id not in seen]
            seen.update(one.id for one in told)
            yield told

    def write(self, object: str, intents: Sequence[Intent]) -> list[Outcome]:
        """Carry out intents."""
        kind = self._kinds.get(object)
        return super().write(object, intents) if kind is None else kind.write(intents)

    def attach(self, object: str, remote_id: str, file: Attachment) -> None:
        """Lay a file to an invoice or credit note, in place of one of the same name."""
        papers.attach(self._session, papers.placed(_DOCUMENTS, object), remote_id, file)

    def books(self) -> Books:
        """Accounts, taxes, items, currencies.  Raises `TryLater` or `Refused`."""
        return books.books(self._session, self._choices)

    def trial(self, object: str, intent: Intent) -> Trial:
        """Make a draft, read it back, and delete it.  Raises `TryLater`, `Refused` or `Unclear`."""
        return papers.trial(self._session, papers.placed(_DOCUMENTS, object), self._bodies, intent)

    def consent(self, redirect: str, state: str) -> str:
        """Where a person lets us in."""
        return self._login.consent(redirect, state)

    def consented(self, answer: Mapping[str, str], redirect: str) -> None:
        """Exchange the code for tokens, and keep them.  Raises `TryLater`, `Refused`."""
        self._login.consented(answer, redirect)

    def allowance(self, status: int, headers: Mapping[str, str]) -> Sequence[Said]:
        """What an answer says of the limits."""
        return calls.said(headers)

    def close(self) -> None:
        """Let go of the connections."""
        self._http.close()
        self._identity.close()

    # ------------------------------------------------------------ inside

    def _known(self, object: str) -> None:
        if object not in PLACES:
            raise Refused("not_supported", f"Xero's {object} is not known here, only {', '.join(PLACES)}")

    @staticmethod
    def _standing(object: str, row: Row) -> Standing | None:
        return shown.payment_standing(row) if object == "payment" else shown.standing(row, _DOCUMENTS[object])
