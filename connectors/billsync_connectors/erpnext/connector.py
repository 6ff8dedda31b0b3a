"""The connector `erpnext`: one company of one ERPNext site.  (shell)"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from typing import ClassVar

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
from billsync_connectors.erpnext import setting_up, standing
from billsync_connectors.erpnext.changes import Changes
from billsync_connectors.erpnext.documents import Documents
from billsync_connectors.erpnext.master import Customers, Items, Master
from billsync_connectors.erpnext.payments import Payments
from billsync_connectors.erpnext.sales import CreditNotes, Invoices
from billsync_connectors.erpnext.session import Row, Session
from billsync_connectors.erpnext.settings import ERPNextSettings
from billsync_connectors.erpnext.sheets import OBJECTS, capabilities
from billsync_connectors.erpnext.site import CARRIERS, Site
from billsync_connectors.erpnext.taxes import Taxes


class ERPNext(Connector):
    """One company of one site.  The sheet is that of the connection's settings."""

    capabilities: ClassVar = capabilities()
    config: ClassVar = ERPNextSettings

    def __init__(
        self, context: Context, config: ERPNextSettings, *, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        """Keep the settings; `sleep` waits between repeated reads, and is replaced where nobody shall wait."""
        vars(self)["capabilities"] = capabilities(config)
        secret = config.api_secret.get_secret_value()
        self._http = Client(
            config.url if config.url.endswith("/") else f"{config.url}/",
            system=context.name,
            headers={"Authorization": f"token {config.api_key}:{secret}"},
            secrets=[secret],
            timeout=config.timeout,
            reach=config.reach(context.root),
            calls=context.calls,
            sleep=sleep,
        )
        self._session, self._settings = Session(self._http, context.name, config.page_size), config
        self._site = Site(self._session, config)
        self._taxes = Taxes(self._session, self._site)
        self._kinds: dict[str, Master | Documents] = {
            "customer": Customers(self._session, self._site),
            "item": Items(self._session, self._site),
            "invoice": Invoices(self._session, self._site, self._taxes),
            "credit_note": CreditNotes(self._session, self._site, self._taxes),
            "payment": Payments(self._session, self._site),
        }
        self._changes = Changes(self._session, self._site)

    def check(self) -> Health:
        """Reach the site, and say as whom and for which company.  Raises `TryLater` or `Refused`."""
        user = str(self._session.ask("frappe.auth.get_logged_user"))
        wrong = [told for doctype in CARRIERS if (told := self._site.missing(doctype))]
        if self._settings.create_fields:
            wrong = [told for told in wrong if "not unique" in told]
        if self._settings.user not in ("", user):
            wrong.insert(0, f"the key belongs to {user}, the configuration says {self._settings.user}")
        identity = f"{user}, for {self._site.company['name']}"
        return Health(system="ERPNext", identity=identity, remarks=tuple(wrong))

    def describe(self, object: str) -> Schema:
        """The fields of one kind of record, those of one's own too.  Raises `TryLater` or `Refused`."""
        fields = self._site.fields(self._doctype(object))
        return Schema(object=object, fields=tuple(_field(name, facts) for name, facts in sorted(fields.items())))

    def read(self, object: str, since: Checkpoint | None) -> Iterator[Page]:
        """Documents with our reference, or payments of customers, changed since the checkpoint."""
        self._may_read(object)
        return self._changes.pages(object, since)

    def fetch(self, object: str, ids: Sequence[str]) -> list[Record]:
        """These documents or payments as they are now."""
        self._may_read(object)
        return self._changes.fetch(object, ids)

    def probe(self, object: str, keys: Sequence[str]) -> list[Probe]:
        """Look records up by our reference, many keys in one call."""
        kind = self._kinds.get(object)
        if kind is None:
            return super().probe(object, keys)
        try:
            return kind.probe(keys)
        except Fault as fault:
            offline = isinstance(fault, TryLater) and fault.offline
            return [Unsure(fault.reason, fault.message, offline=offline) for _ in keys]

    def standing(self, object: str) -> Iterator[Sequence[Standing]]:
        """Every invoice, credit note or payment of a customer."""
        if object == "payment":
            return standing.payments(self._session, self._site)
        if object in ("invoice", "credit_note"):
            return standing.documents(self._session, self._site, returns=object == "credit_note")
        return super().standing(object)

    def write(self, object: str, intents: Sequence[Intent]) -> list[Outcome]:
        """Create or bring up to date; documents are compared while they are drafts, then submitted."""
        kind = self._kinds.get(object)
        if kind is None:
            return super().write(object, intents)
        try:
            return [_later(outcome) for outcome in kind.write(intents)]
        except (TryLater, Refused, Unclear) as fault:
            return [_later(fault) for _ in intents]

    def attach(self, object: str, remote_id: str, file: Attachment) -> None:
        """Lay a file to a document."""
        setting_up.attach(self._session, self._doctype(object), remote_id, file)

    def books(self) -> Books:
        """The company's accounts, tax templates, items and customers."""
        return setting_up.books(self._session, self._site, self._taxes)

    def trial(self, object: str, intent: Intent) -> Trial:
        """Make a draft, read it, and delete it: it takes a number of its series, as every draft does."""
        kind = self._kinds.get(object)
        return kind.trial(intent) if isinstance(kind, Documents) else super().trial(object, intent)

    def close(self) -> None:
        """Let go of the connection."""
        self._http.close()

    # ------------------------------------------------------------ inside

    def _doctype(self, object: str) -> str:
        if object not in OBJECTS:
            what = f"ERPNext's {object} is not known here, only {', '.join(OBJECTS)}"
            raise Refused("not_supported", what)
        return OBJECTS[object]

    def _may_read(self, object: str) -> None:
        if object not in self.capabilities.reads:
            what = f"{object} is not read from ERPNext, only {', '.join(self.capabilities.reads)}"
            raise Refused("not_supported", what)


def _field(name: str, facts: Row) -> FieldInfo:
    options = str(facts.get("options") or "") if facts.get("fieldtype") == "Select" else ""
    return FieldInfo(
        name=name,
        type=str(facts.get("fieldtype") or "Data").lower(),
        required=bool(facts.get("reqd")),
        writable=not facts.get("read_only"),
        custom=name.startswith("custom_"),
        choices=tuple(filter(None, options.split("\n"))),
    )


def _later(outcome: Outcome) -> Outcome:
    """Somebody who saved at the same time delays a document, and kills none: nothing was done."""
    if isinstance(outcome, Refused) and outcome.reason == "stale":
        return TryLater(outcome.reason, outcome.message)
    return outcome
