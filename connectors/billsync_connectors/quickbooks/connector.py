"""The connector `quickbooks`: customers, items, invoices, credit memos and payments of QuickBooks Online.  (shell)"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

from billsync.connector import (
    FREE,
    Attachment,
    Books,
    Calls,
    Checkpoint,
    Connector,
    Context,
    Fault,
    FieldInfo,
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
    Unsure,
)
from billsync.wire import Client
from billsync_connectors.quickbooks import calls, hooks, payload, shown
from billsync_connectors.quickbooks.account import Account
from billsync_connectors.quickbooks.changes import Changes
from billsync_connectors.quickbooks.files import Files
from billsync_connectors.quickbooks.lists import Customers, Items
from billsync_connectors.quickbooks.login import Login
from billsync_connectors.quickbooks.pace import Pace
from billsync_connectors.quickbooks.payments import Payments
from billsync_connectors.quickbooks.sales import Sales
from billsync_connectors.quickbooks.session import Session
from billsync_connectors.quickbooks.settings import QuickBooksSettings
from billsync_connectors.quickbooks.sheets import KINDS, capabilities


class QuickBooks(Connector):
    """One company of QuickBooks Online."""

    capabilities: ClassVar = capabilities(None)
    config: ClassVar = QuickBooksSettings

    def __init__(self, context: Context, config: QuickBooksSettings) -> None:
        vars(self)["capabilities"] = capabilities(config)
        self._settings, self._name = config, context.name
        self._http = self._client(config.url, context, config, context.calls)
        self._door = self._client(config.tokens_at(), context, config, FREE)
        self._login = Login(self._http, self._door, config, context.keep, context.name)
        self.session = Session(self._http, self._login, Pace(config.calls_per_s), context.name)
        self.account = Account(self.session, config)
        self._sales = {name: Sales(self.session, self.account, KINDS[name]) for name in ("invoice", "credit_memo")}
        self._doors: dict[str, Customers | Items | Sales | Payments] = {
            "customer": Customers(self.session, self.account),
            "item": Items(self.session, self.account),
            "payment": Payments(self.session, self.account),
            **self._sales,
        }
        self._changes = Changes(self.session, KINDS, config.changes_max, context.name)
        self._files = Files(self.session)

    @staticmethod
    def _client(url: str, context: Context, config: QuickBooksSettings, payer: Calls) -> Client:
        return Client(
            url,
            system=context.name,
            secrets=config.secrets(),
            timeout=config.timeout,
            reach=config.reach(context.root),
            calls=payer,
        )

    # ------------------------------------------------------------ looking

    def check(self) -> Health:
        """The company, and what is not as it has to be there.  Raises `TryLater` or `Refused`."""
        return self.account.health()

    def describe(self, object: str) -> Schema:
        """The properties that may be written; a record shows more.  Raises `Refused`."""
        names = sorted(payload.FIELDS[self._kind(object)])
        fields = tuple(FieldInfo(name=name, custom=name == "CustomField") for name in names)
        return Schema(object=object, fields=fields, open=True)

    def books(self) -> Books:
        """Accounts, tax codes, terms, items and currencies.  Raises `TryLater` or `Refused`."""
        return self.account.books()

    def read(self, object: str, since: Checkpoint | None) -> Iterator[Page]:
        """The records changed since the checkpoint, deleted and void ones among them."""
        self._kind(object)
        return self._changes.pages(object, since)

    def fetch(self, object: str, ids: Sequence[str]) -> list[Record]:
        """These records as they are now."""
        self._kind(object)
        return self._changes.fetch(object, ids)

    def hints(self, hook: Hook) -> Sequence[Hint]:
        """What a webhook says, once its signature proves that it is Intuit's."""
        verifier = self._settings.webhook_verifier
        said = "" if verifier is None else verifier.get_secret_value()
        return hooks.hints(hook, said, self._login.realm, KINDS)

    def probe(self, object: str, keys: Sequence[str]) -> list[Probe]:
        """Look records up by our reference."""
        if object not in self._doors:
            return super().probe(object, keys)
        try:
            return self._doors[object].probe(keys)
        except Fault as fault:
            return [Unsure(fault.reason, fault.message, offline=getattr(fault, "offline", False)) for _ in keys]

    def standing(self, object: str) -> Iterator[Sequence[Standing]]:
        """Every invoice, credit memo or payment of the company."""
        kind, home = self._kind(object), self.account.currency
        if object not in ("payment", *self._sales):
            raise Refused("not_supported", f"{self._name}: documents and payments are listed, not {object}")
        for rows in self.session.every(kind):
            with self.session.reading():
                if object != "payment":
                    yield [shown.standing(kind, row, home) for row in rows]
                else:
                    own = [row for row in rows if not shown.applies_credit(row)]
                    numbers = self._changes.numbers(own)
                    yield [shown.booked(row, numbers, home) for row in own]

    # ------------------------------------------------------------ writing

    def write(self, object: str, intents: Sequence[Intent]) -> list[Outcome]:
        """Carry out intents."""
        if object not in self._doors:
            return super().write(object, intents)
        return self._doors[object].write(intents)

    def attach(self, object: str, remote_id: str, file: Attachment) -> None:
        """Lay a file to an invoice or a credit memo."""
        if object not in self._sales:
            super().attach(object, remote_id, file)
        self._files.attach(self._kind(object), remote_id, file)

    def trial(self, object: str, intent: Intent) -> Trial:
        """Make a document, look at it, and delete it: QuickBooks has no drafts."""
        if object not in self._sales:
            return super().trial(object, intent)
        return self._sales[object].trial(intent)

    # ------------------------------------------------------------ coming in

    def consent(self, redirect: str, state: str) -> str:
        """Intuit's page on which a person lets billsync in."""
        return self._login.consent(redirect, state)

    def consented(self, answer: Mapping[str, str], redirect: str) -> None:
        """Exchange the code that the browser brought back, and keep the tokens."""
        self._login.consented(answer, redirect)

    def price(self, method: str, path: str) -> Mapping[str, int]:
        """What a request counts as."""
        return calls.price(path)

    def allowance(self, status: int, headers: Mapping[str, str]) -> Sequence[Said]:
        """What an answer says of the limits."""
        return calls.said(status, headers)

    def close(self) -> None:
        """Let go of the connections."""
        self._http.close()
        self._door.close()

    def _kind(self, object: str) -> Any:
        if object not in KINDS:
            raise Refused("not_supported", f"QuickBooks' {object} is not known here, only {', '.join(KINDS)}")
        return KINDS[object]
