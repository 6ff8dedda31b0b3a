"""The connector `salesforce`: accounts, products, opportunities, orders and what else an org has.  (shell)

What is read of each object is a setting, with the usual fields where nothing is said; records are shaped as queries
give them.  What is written are fields of records that are there, and records by an external id of ours.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar, Final

from billsync.connector import (
    Capabilities,
    Checkpoint,
    Connector,
    Context,
    FieldInfo,
    Health,
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
    TryLater,
    WriteSheet,
)
from billsync_connectors.salesforce import calls, standing, usual
from billsync_connectors.salesforce.denials import Denied
from billsync_connectors.salesforce.plan import Plan
from billsync_connectors.salesforce.plans import Plans
from billsync_connectors.salesforce.reading import FLAT, Reading
from billsync_connectors.salesforce.session import Session, query
from billsync_connectors.salesforce.settings import SalesforceSettings, WriteSettings
from billsync_connectors.salesforce.writing import BATCH, Writing

_WRITES: Final = {"Opportunity": WriteSettings(), "Order": WriteSettings()}
_NOTES: Final = (
    "What is read of each object is a setting (`objects`); custom objects by their API name, such as Site__c.",
    "Opportunity and Order are written by their id; others, and by an external id, as the settings say (`writes`).",
    "Changes of formula fields move no time stamp: they are seen with the record's next change.",
)


def capabilities(settings: SalesforceSettings | None = None) -> Capabilities:
    """The sheet of a connection with these settings; None for the usual ones."""
    objects = dict.fromkeys([*usual.FIELDS, *(settings.objects if settings else ())])
    writes = {**_WRITES, **(settings.writes if settings else {})}
    size = settings.page_size if settings else 500
    settle_s = settings.settle_s if settings else 120
    return Capabilities(
        system="salesforce",
        title="Salesforce",
        reads={name: ReadSheet(key="Id", page_size=size if name in usual.RELATED else FLAT) for name in objects},
        writes={
            name: WriteSheet(target=Target.UPSERT, reference=rule.by, settle_s=settle_s, batch_max=BATCH)
            for name, rule in writes.items()
        },
        notes=_NOTES,
        budgets=calls.LIMITS,
    )


class Salesforce(Connector):
    """One org.  What it reads and writes is a setting, so that each instance states capabilities of its own."""

    capabilities: ClassVar = capabilities()
    config: ClassVar = SalesforceSettings

    def __init__(self, context: Context, config: SalesforceSettings) -> None:
        vars(self)["capabilities"] = capabilities(config)
        self._settings = config
        self._rules: Mapping[str, WriteSettings] = {**_WRITES, **config.writes}
        self._session = Session(context, config)
        self._plans = Plans(self._session, config)
        self._reading = Reading(self._session, config, self._plans)
        self._writing = Writing(self._session)

    def check(self) -> Health:
        """Reach the org and say as whom.  Raises `TryLater` or `Refused`."""
        soql = "SELECT Id,Name,IsSandbox FROM Organization"
        (org,) = self._session.together([query(soql)])
        rows = org.value.get("records") if isinstance(org.value, Mapping) else None
        first = rows[0] if isinstance(rows, list) and rows and isinstance(rows[0], Mapping) else {}
        where = f" of {first['Name']}" if first.get("Name") else ""
        version = f"API {self._settings.api_version}"
        return Health(
            system="Salesforce", version=version, identity=f"{self._user()}{where}", remarks=tuple(self._remarks(first))
        )

    def describe(self, object: str) -> Schema:
        """The fields of one kind of record: those that are read, and own ones that can be written."""
        plan = self._plans.plan(object)
        fields = {info.name: info for info in _read(plan)}
        if object in self._rules:
            there = plan.described.fields.values()
            fields = {each.name: each.info for each in there if each.own and each.info.writable} | fields
        return Schema(object=object, fields=tuple(fields.values()))

    def read(self, object: str, since: Checkpoint | None) -> Iterator[Page]:
        """The records changed since the checkpoint, deleted ones among them."""
        return self._reading.pages(object, since)

    def fetch(self, object: str, ids: Sequence[str]) -> list[Record]:
        """These records as they are now."""
        return self._reading.fetch(object, ids)

    def probe(self, object: str, keys: Sequence[str]) -> list[Probe]:
        """Look records up by our reference."""
        rule = self._rules.get(object)
        return super().probe(object, keys) if rule is None else self._writing.probe(object, rule, keys)

    def standing(self, object: str) -> Iterator[Sequence[Standing]]:
        """What each opportunity or order shows of its invoices."""
        rule = self._rules.get(object)
        if rule is None:
            return super().standing(object)
        return standing.told(self._session, self._settings, self._plans.find(object), rule.by)

    def write(self, object: str, intents: Sequence[Intent]) -> list[Outcome]:
        """Carry out intents."""
        rule = self._rules.get(object)
        if rule is None or any(intent.void for intent in intents):
            return super().write(object, intents)
        return self._writing.write(object, rule, intents)

    def allowance(self, status: int, headers: Mapping[str, str]) -> Sequence[Said]:
        """What an answer says of the limits."""
        return calls.said(headers)

    def close(self) -> None:
        """Let go of connections."""
        self._session.close()

    # ------------------------------------------------------------ inside

    def _user(self) -> str:
        """Whom the session belongs to; the settings' user where the app may not ask."""
        try:
            found: Any = self._session.who()
        except (Denied, Refused, TryLater):
            found = None
        name = found.get("preferred_username") if isinstance(found, Mapping) else None
        return str(name or self._settings.username or "a user")

    def _remarks(self, org: Mapping[str, Any]) -> Iterator[str]:
        if org.get("IsSandbox") is True:
            yield "it is a sandbox of Salesforce's"
        budget = self._session.budget
        if budget.used is not None:
            used = f"{budget.used} of {budget.most} calls of the last 24 hours are used"
            yield f"{used}; reads may make {budget.left} more"


def _read(plan: Plan) -> Iterator[FieldInfo]:
    """What records have: their fields, those of parents by their path, and children."""
    yield plan.described.fields["id"].info
    for leaf in plan.leaves:
        if len(leaf.path) > 1:
            yield FieldInfo(name=leaf.path[0], type="mapping", writable=False)
        yield leaf.info
    for child in plan.children:
        yield FieldInfo(name=child.name, type="mapping", writable=False)
