"""The connector `hubspot`: customers, products and deals out of HubSpot, invoices and their state into it.  (shell)"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar, Final

from billsync.connector import (
    Capabilities,
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
    ReadSheet,
    Record,
    Refused,
    Said,
    Schema,
    Standing,
    Target,
    Unsure,
    WriteSheet,
)
from billsync.wire import Client
from billsync_connectors.hubspot import calls, hooks
from billsync_connectors.hubspot.account import health
from billsync_connectors.hubspot.batches import BATCH_MAX
from billsync_connectors.hubspot.config import HubSpotSettings
from billsync_connectors.hubspot.content import Content
from billsync_connectors.hubspot.definitions import Definitions
from billsync_connectors.hubspot.invoices import INVOICES, Invoices
from billsync_connectors.hubspot.kinds import KINDS, kinds
from billsync_connectors.hubspot.reading import Reading
from billsync_connectors.hubspot.session import Session
from billsync_connectors.hubspot.walk import Walk
from billsync_connectors.hubspot.writing import DEALS, REFERENCE, Missing, Telling, standing

_NOTES: Final = (
    "Of a deal only the properties of the setting `status` are written.",
    "Associations that change alone leave no trace: they are found every `sweep_hours`, or by a webhook.",
)


def capabilities(settings: HubSpotSettings | None) -> Capabilities:
    """The sheet of a connection with these settings; None for the usual ones."""
    known = KINDS if settings is None else kinds(settings)
    page = 100 if settings is None else settings.page_size
    settle = 60.0 if settings is None else settings.settle_s
    reference = "billsync_reference" if settings is None else settings.reference_property
    return Capabilities(
        system="hubspot",
        title="HubSpot",
        reads={name: ReadSheet(key="id", page_size=2 * page) for name in known},
        writes={
            DEALS: WriteSheet(target=Target.UPSERT, reference=REFERENCE, settle_s=settle, batch_max=BATCH_MAX),
            INVOICES: WriteSheet(target=Target.UPSERT, reference=reference, settle_s=settle, voids=True),
        },
        notes=_NOTES,
        budgets=calls.limits(90 if settings is None else settings.calls_share),
    )


class HubSpot(Connector):
    """One HubSpot account."""

    capabilities: ClassVar = capabilities(None)
    config: ClassVar = HubSpotSettings

    def __init__(self, context: Context, config: HubSpotSettings) -> None:
        vars(self)["capabilities"] = capabilities(config)
        self._settings, self._kinds = config, kinds(config)
        self._http = Client(
            config.url,
            system=context.name,
            secrets=config.secrets(),
            timeout=config.timeout,
            reach=config.reach(context.root),
            calls=context.calls,
        )
        self.session = Session(self._http, config, context.keep, context.name)
        self._definitions = Definitions(self.session, config, self._kinds)
        self._content = Content(self.session, self._definitions, self._kinds, config.page_size)
        self._walk = Walk(self.session, config.page_size)
        self._reading = Reading(self.session, self._walk, self._content, config)
        self._missing = Missing(self.session, self._definitions, config)
        self._telling = Telling(self.session, self._missing)
        self._invoices = Invoices(self.session, self._content, self._missing, config)

    def check(self) -> Health:
        """The account, as whom, and what is missing there.  Raises `TryLater` or `Refused`."""
        return health(self.session, self._definitions, self._missing, self._settings)

    def describe(self, object: str) -> Schema:
        """The fields of one kind of record, as they are now.  Raises `TryLater` or `Refused`."""
        self._known(object)
        return self._definitions.schema(object)

    def read(self, object: str, since: Checkpoint | None) -> Iterator[Page]:
        """The records changed since the checkpoint, deleted and merged ones among them."""
        return self._reading.pages(self._known(object), since)

    def fetch(self, object: str, ids: Sequence[str]) -> list[Record]:
        """These records as they are now."""
        self._known(object)
        return [record for record in self._content.records(object, ids) if not record.deleted]

    def hints(self, hook: Hook) -> Sequence[Hint]:
        """What a webhook says, once its signature proves that it is HubSpot's."""
        secret = self._settings.client_secret
        return hooks.hints(hook, "" if secret is None else secret.get_secret_value())

    def probe(self, object: str, keys: Sequence[str]) -> list[Probe]:
        """Look invoices up by our reference."""
        if object != INVOICES:
            return super().probe(object, keys)
        try:
            return self._invoices.probe(keys)
        except Fault as fault:
            return [Unsure(fault.reason, fault.message, offline=getattr(fault, "offline", False)) for _ in keys]

    def standing(self, object: str) -> Iterator[Sequence[Standing]]:
        """What deals show of their invoices, or the invoices that stand there."""
        if object == DEALS:
            yield from standing(self._walk, self._settings.told())
        elif object == INVOICES:
            yield from self._invoices.standing(self._walk)
        else:
            yield from super().standing(object)

    def write(self, object: str, intents: Sequence[Intent]) -> list[Outcome]:
        """Carry out intents."""
        if object == DEALS:
            return self._telling.write(intents)
        if object == INVOICES:
            return [self._invoices.write(intent) for intent in intents]
        return super().write(object, intents)

    def price(self, method: str, path: str) -> Mapping[str, int]:
        """What a request counts as."""
        return calls.price(path)

    def allowance(self, status: int, headers: Mapping[str, str]) -> Sequence[Said]:
        """What an answer says of the limits."""
        return calls.said(headers, self._settings.calls_share)

    def close(self) -> None:
        """Let go of the connection."""
        self._http.close()

    def _known(self, object: str) -> Any:
        if object not in self._kinds:
            raise Refused(
                "not_supported", f"HubSpot's {object} is not among {', '.join(self._kinds)}: name it in `properties`"
            )
        return self._kinds[object]
