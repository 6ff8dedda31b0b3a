"""HubSpot's own invoice objects: made by our reference, with lines of their own, then brought to their state.  (shell)

Every step may be taken twice with the effect of once: records are upserted by a unique property, associations are put.
A line item belongs to one record only, so those of the deal are not used: the invoice has its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from billsync.connector import (
    Absent,
    Applied,
    Fault,
    Found,
    Intent,
    Mismatch,
    Outcome,
    Probe,
    Refused,
    Standing,
    TryLater,
    Unclear,
    differences,
)
from billsync.model.scalar import read_decimal, read_instant
from billsync_connectors.hubspot.answers import Row
from billsync_connectors.hubspot.batches import BATCH_MAX, Input, write
from billsync_connectors.hubspot.config import HubSpotSettings
from billsync_connectors.hubspot.content import Content
from billsync_connectors.hubspot.session import Session
from billsync_connectors.hubspot.values import properties
from billsync_connectors.hubspot.walk import Walk
from billsync_connectors.hubspot.writing import Missing

INVOICES: Final = "invoices"
_LINES: Final = "line_items"
_STATUS: Final = "hs_invoice_status"
_ENDS: Final = {"company": "companies", "contact": "contacts", "deal": "deals"}
_OWN: Final = frozenset({"id", "lines", _STATUS, *_ENDS})
_STEPS: Final = {"draft": (), "open": ("open",), "paid": ("open", "paid"), "voided": ("open", "voided")}
_STATES: Final = {"draft": "draft", "open": "sent", "paid": "paid", "voided": "void"}
_SHOWN: Final = (
    *("hs_currency", "hs_number", "hs_amount_billed", "hs_balance_due", "hs_invoice_date", "hs_due_date"),
    _STATUS,
)


class Invoices:
    """Invoice objects of one account."""

    def __init__(self, session: Session, content: Content, missing: Missing, settings: HubSpotSettings) -> None:
        self._session, self._content, self._missing = session, content, missing
        self._by = settings.reference_property

    # ------------------------------------------------------------ writing

    def write(self, intent: Intent) -> Outcome:
        """Carry out one intent.  Never raises."""
        try:
            for object in (INVOICES, _LINES):
                self._missing.ensure(object)
            return self._void(intent) if intent.void else self._made(intent)
        except (TryLater, Refused, Unclear) as fault:
            return fault

    def _made(self, intent: Intent) -> Outcome:
        values = properties(intent.payload, without=_OWN | {self._by})
        row = self._upserted(INVOICES, [Input(intent.key, values, self._by)])[0]
        there = self._seen(row.id)
        if there.properties.get(_STATUS) == "draft":  # what is billed is fixed from then on
            ends = {_LINES: [line.id for line in self._lines(intent)], **_associated(intent.payload)}
            for end, ids in ends.items():
                self._tie(row.id, end, ids)
        self._step(row.id, str(there.properties.get(_STATUS)), str(intent.payload.get(_STATUS) or "draft"))
        echo = _echo(self._seen(row.id))
        differing = differences(intent.expect, echo)
        if differing:
            return Mismatch(row.id, f"invoice {row.id} for {intent.key}: {differing}", echo)
        return Applied(row.id, echo)

    def _lines(self, intent: Intent) -> list[Row]:
        lines = intent.payload.get("lines") or ()
        inputs = [
            Input(f"{intent.key}:{number}", properties(line, without=frozenset({"id", self._by})), self._by)
            for number, line in enumerate(lines, 1)
        ]
        return self._upserted(_LINES, inputs)

    def _upserted(self, object: str, inputs: Sequence[Input]) -> list[Row]:
        """Raises the first fault."""
        found = []
        for outcome in write(self._session, object, "upsert", inputs):
            if isinstance(outcome, Fault):
                raise outcome
            found.append(outcome)
        return found

    def _tie(self, id: str, end: str, ids: Sequence[str]) -> None:
        """Associate, as often as one likes."""
        for start in range(0, len(ids), BATCH_MAX):
            inputs = [{"from": {"id": id}, "to": {"id": other}} for other in ids[start : start + BATCH_MAX]]
            path = f"crm/associations/{{}}/{INVOICES}/{end}/batch/associate/default"
            answer = self._session.do("POST", path, {"inputs": inputs})
            errors = answer.get("errors")
            if isinstance(errors, list) and errors:
                raise self._session.refused(errors[0])

    def _step(self, id: str, there: str, wanted: str) -> None:
        """Bring it to its state, one step after the other."""
        if wanted not in _STEPS:
            raise Refused("bad_value", f"{_STATUS}: expected one of {', '.join(_STEPS)}", field=_STATUS)
        steps = list(_STEPS[wanted])
        todo = steps[steps.index(there) + 1 :] if there in steps else steps if there == "draft" else []
        for state in todo:
            self._session.do("PATCH", f"crm/objects/{{}}/{INVOICES}/{id}", {"properties": {_STATUS: state}})

    def _void(self, intent: Intent) -> Outcome:
        """Take it back: an open one is voided, a draft is deleted; one that is not there counts for nothing already."""
        id = intent.remote_id or ""
        rows = self._content.named(INVOICES, [id], [_STATUS])
        if not rows or rows[0].properties.get(_STATUS) == "voided":
            return Applied(id, {"state": "void"})
        if rows[0].properties.get(_STATUS) == "draft":
            self._session.do("POST", f"crm/objects/{{}}/{INVOICES}/batch/archive", {"inputs": [{"id": id}]})
        else:
            self._step(id, str(rows[0].properties.get(_STATUS)), "voided")
        return Applied(id, {"state": "void"})

    def _seen(self, id: str) -> Row:
        rows = self._content.named(INVOICES, [id], _SHOWN)
        if not rows:
            raise Unclear("not_found", f"{self._session.system}: invoice {id} was written and is not there")
        return rows[0]

    # ------------------------------------------------------------ looking

    def probe(self, keys: Sequence[str]) -> list[Probe]:
        """By our reference, which is unique there.  Raises `TryLater` and `Refused`."""
        found: dict[str, Row] = {}
        for start in range(0, len(keys), BATCH_MAX):
            part = keys[start : start + BATCH_MAX]
            for row in self._content.by_value(INVOICES, self._by, part, [self._by, *_SHOWN]):
                found[row.properties.get(self._by) or ""] = row
        return [Found((found[key].id,), echo=_echo(found[key])) if key in found else Absent() for key in keys]

    def standing(self, walk: Walk) -> Iterator[list[Standing]]:
        """Every invoice that stands there."""
        for step in walk.listed(INVOICES, [self._by, *_SHOWN], ("companies",), {}):
            yield [self._standing(row) for row in step.rows]

    def _standing(self, row: Row) -> Standing:
        echo, ends = _echo(row), (row.ends or {}).get("companies", ())
        try:
            return Standing(
                id=row.id,
                reference=row.properties.get(self._by) or "",
                currency=row.properties.get("hs_currency") or "",
                total=echo["total"] or Decimal(0),
                number=row.properties.get("hs_number"),
                customer=ends[0][0] if ends else None,
                open=_amount(row, "hs_balance_due"),
                on=_day(row, "hs_invoice_date"),
                due_on=_day(row, "hs_due_date"),
                state=echo["state"],
            )
        except ValueError as error:
            what = f"{self._session.system}: invoice {row.id} cannot be read: {error}"
            raise TryLater("unreadable", what) from None


def _associated(payload: Mapping[str, Any]) -> dict[str, list[str]]:
    return {end: [str(payload[name])] for name, end in _ENDS.items() if payload.get(name)}


def _echo(row: Row) -> dict[str, Any]:
    return {
        "total": _amount(row, "hs_amount_billed"),
        "currency": row.properties.get("hs_currency"),
        "number": row.properties.get("hs_number"),
        "state": _STATES.get(row.properties.get(_STATUS) or ""),
    }


def _amount(row: Row, name: str) -> Decimal | None:
    text = row.properties.get(name)
    try:
        return read_decimal(text) if text else None
    except ValueError:
        return None


def _day(row: Row, name: str) -> Any:
    text = row.properties.get(name)
    return read_instant(text).date() if text else None
