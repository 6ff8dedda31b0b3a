"""What deals are told of their invoices, and the properties that this takes.  (shell)"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from billsync.connector import Applied, Intent, Outcome, Refused, Standing, TryLater, Unclear
from billsync.model.scalar import read_day, read_decimal
from billsync_connectors.hubspot.answers import Row
from billsync_connectors.hubspot.batches import Input, write
from billsync_connectors.hubspot.config import HubSpotSettings
from billsync_connectors.hubspot.definitions import Definitions
from billsync_connectors.hubspot.session import Session
from billsync_connectors.hubspot.values import properties
from billsync_connectors.hubspot.walk import Walk

DEALS: Final = "deals"
REFERENCE: Final = "hs_object_id"
_TYPES: Final = {"amount": "number", "issued_on": "date", "due_on": "date", "paid_on": "date"}
_LABELS: Final = {
    "state": "Billing status",
    "invoices": "Invoices",
    "amount": "Invoiced amount",
    "currency": "Invoice currency",
    "issued_on": "Invoice date",
    "due_on": "Invoice due date",
    "paid_on": "Paid on",
}


class Missing:
    """Properties that billsync needs of an account, and making them."""

    def __init__(self, session: Session, definitions: Definitions, settings: HubSpotSettings) -> None:
        self._session, self._definitions, self._settings = session, definitions, settings
        self._sure: set[str] = set()

    def of(self, object: str) -> list[dict[str, Any]]:
        """Definitions of the properties that are missing.  Raises `TryLater` and `Refused`."""
        known = self._definitions.properties(object, fresh=True)
        return [row for row in self._needed(object) if row["name"] not in known]

    def ensure(self, object: str) -> None:
        """Make what is missing, once a process, where that is allowed.  Raises `TryLater`, `Refused`, `Unclear`."""
        if not self._settings.create_properties or object in self._sure:
            return
        for row in self.of(object):
            try:
                self._session.do("POST", f"crm/properties/{{}}/{object}", row)
            except Refused as fault:
                if fault.reason not in ("object_already_exists", "conflict"):  # somebody else was faster
                    raise
        self._sure.add(object)

    def _needed(self, object: str) -> list[dict[str, Any]]:
        group = self._definitions.group(object)
        if object == DEALS:
            told = self._settings.told()
            return [_definition(group, name, _LABELS[what], _TYPES.get(what, "string")) for what, name in told.items()]
        row = _definition(group, self._settings.reference_property, "billsync reference", "string")
        return [{**row, "hasUniqueValue": True}]


def _definition(group: str, name: str, label: str, type: str) -> dict[str, Any]:
    field = {"number": "number", "date": "date"}.get(type, "text")
    return {"name": name, "label": label, "type": type, "fieldType": field, "groupName": group}


class Telling:
    """Writes into deals; never raises per record."""

    def __init__(self, session: Session, missing: Missing) -> None:
        self._session, self._missing = session, missing

    def write(self, intents: Sequence[Intent]) -> list[Outcome]:
        """One outcome for each intent: a hundred deals a request, by their ids, so that twice is the same as once."""
        try:
            self._missing.ensure(DEALS)
        except (TryLater, Refused) as fault:
            return [fault for _ in intents]
        except Unclear as fault:  # no deal was touched
            return [TryLater(fault.reason, fault.message) for _ in intents]
        inputs = [_input(intent) for intent in intents]
        good = [item for item in inputs if isinstance(item, Input)]
        done = iter(write(self._session, DEALS, "update", good))
        return [
            item if isinstance(item, Refused) else _judged(intent, next(done))
            for intent, item in zip(intents, inputs, strict=True)
        ]


def _input(intent: Intent) -> Input | Refused:
    try:
        return Input(intent.key, properties(intent.payload, without=frozenset({REFERENCE, "id"})))
    except Refused as fault:
        return fault


def _judged(intent: Intent, outcome: Row | TryLater | Refused | Unclear) -> Outcome:
    if not isinstance(outcome, Row):
        return outcome
    if outcome.id != intent.key:
        return Refused("gone", f"the deal {intent.key} was merged into {outcome.id}")
    return Applied(outcome.id)


# ---------------------------------------------------------------- what deals show


def standing(walk: Walk, told: Mapping[str, str]) -> Iterator[list[Standing]]:
    """What deals show of their invoices, page by page; from the list, since search shows late what was written."""
    for step in walk.listed(DEALS, list(told.values()), (), {}):
        yield [found for row in step.rows if (found := told_of(row, told)) is not None]


def told_of(row: Row, told: Mapping[str, str]) -> Standing | None:
    """What a deal shows; None where nothing, or nothing that can be read."""
    shown = {what: row.properties.get(name) for what, name in told.items()}
    if not shown["state"]:
        return None
    try:
        return Standing(
            id=row.id,
            reference=row.id,
            currency=shown["currency"] or "",
            total=read_decimal(shown["amount"]) if shown["amount"] else Decimal(0),
            on=read_day(shown["issued_on"]) if shown["issued_on"] else None,
            due_on=read_day(shown["due_on"]) if shown["due_on"] else None,
            state=shown["state"],
        )
    except ValueError:
        return None
