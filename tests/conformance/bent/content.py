"""Faults in what is written: less, other, or for somebody else, and the answer says that all is well."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, ClassVar

from billsync.connector import Applied, Intent, Outcome, Refused
from billsync_connectors.sandbox.connector import Sandbox

Row = dict[str, Any]


class Lying(Sandbox):
    """Writes what `bent` makes of a payload, and shows what was wanted."""

    def write(self, object: str, intents: Sequence[Intent]) -> list[Outcome]:
        bent = [replace(one, payload=self.bent(one), expect=None) for one in intents]
        return [_as_wanted(*pair) for pair in zip(intents, super().write(object, bent), strict=True)]

    def bent(self, intent: Intent) -> Mapping[str, Any]:
        """What is written in place of the payload."""
        payload = intent.payload
        lines = payload.get("lines")
        return payload if lines is None else {**payload, "lines": self.lines(list(lines))}

    def lines(self, lines: list[Row]) -> list[Row]:
        """What is written in place of the lines."""
        return lines


def _as_wanted(intent: Intent, outcome: Outcome) -> Outcome:
    if not isinstance(outcome, Applied) or intent.expect is None:
        return outcome
    return Applied(outcome.remote_id, {name: getattr(intent.expect, name) for name in ("total", "tax", "lines")})


def _each(lines: list[Row], **made: Any) -> list[Row]:
    return [{**line, **{name: make(line) for name, make in made.items()}} for line in lines]


class Cheaper(Lying):
    """A unit, or an amount, is a cent less."""

    def bent(self, intent: Intent) -> Mapping[str, Any]:
        payload = super().bent(intent)
        if "amount" not in payload:
            return payload
        return {**payload, "amount": Decimal(payload["amount"]) - Decimal("0.01")}

    def lines(self, lines: list[Row]) -> list[Row]:
        return _each(lines, unit_price=lambda line: Decimal(line["unit_price"]) - 1)


class RoundsPrices(Lying):
    """Keeps two decimals of a unit price."""

    def lines(self, lines: list[Row]) -> list[Row]:
        return _each(lines, unit_price=lambda line: Decimal(line["unit_price"]).quantize(Decimal("0.01")))


class Cuts(Lying):
    """Sends the first 500 lines."""

    def lines(self, lines: list[Row]) -> list[Row]:
        return lines[:500]


class FillsIn(Lying):
    """An invoice without lines gets one."""

    def lines(self, lines: list[Row]) -> list[Row]:
        return lines or [{"description": "Services", "quantity": "1", "unit_price": "1.00"}]


class DropsNegative(Lying):
    """Leaves out lines that take something off."""

    def lines(self, lines: list[Row]) -> list[Row]:
        return [line for line in lines if Decimal(line["unit_price"]) >= 0]


class DropsTax(Lying):
    """A tax that it does not know is none."""

    def lines(self, lines: list[Row]) -> list[Row]:
        known = (Decimal("0.2"), Decimal(0))
        return _each(lines, tax_rate=lambda line: line["tax_rate"] if Decimal(line["tax_rate"]) in known else 0)


class Ascii(Lying):
    """Drops what is no ASCII."""

    def bent(self, intent: Intent) -> Mapping[str, Any]:
        payload = super().bent(intent)
        return {**payload, "name": _plain(payload["name"])} if "name" in payload else payload

    def lines(self, lines: list[Row]) -> list[Row]:
        return _each(lines, description=lambda line: _plain(line["description"]))


def _plain(text: str) -> str:
    return text.encode("ascii", "ignore").decode()


class Redates(Lying):
    """A date that is closed is moved to one that is open."""

    def bent(self, intent: Intent) -> Mapping[str, Any]:
        payload = intent.payload
        if "date" not in payload:
            return payload
        return {**payload, "date": (date.fromisoformat(payload["date"]) + timedelta(days=31)).isoformat()}


class Unapplied(Lying):
    """A credit note is nobody's."""

    def bent(self, intent: Intent) -> Mapping[str, Any]:
        return {name: value for name, value in intent.payload.items() if name != "invoice"}


class Ignores(Lying):
    """Passes over names that it does not know."""

    def bent(self, intent: Intent) -> Mapping[str, Any]:
        return _known(super().bent(intent))

    def lines(self, lines: list[Row]) -> list[Row]:
        return [_known(line) for line in lines]


def _known(row: Mapping[str, Any]) -> Row:
    return {name: value for name, value in row.items() if not name.startswith("noSuch")}


class Overwrites(Lying):
    """Sends every field of a customer, empty ones too."""

    def bent(self, intent: Intent) -> Mapping[str, Any]:
        return {"street": "", **intent.payload} if intent.object == "customer" else intent.payload


class NeverChanges(Sandbox):
    """What stands there is right."""

    def write(self, object: str, intents: Sequence[Intent]) -> list[Outcome]:
        return [
            Applied(one.remote_id) if one.remote_id is not None else super(NeverChanges, self).write(object, [one])[0]
            for one in intents
        ]


class ByName(Sandbox):
    """A customer of a known name is the known one."""

    known: ClassVar[dict[str, str]] = {}

    def write(self, object: str, intents: Sequence[Intent]) -> list[Outcome]:
        return [self._one(object, intent) for intent in intents]

    def _one(self, object: str, intent: Intent) -> Outcome:
        name = str(intent.payload.get("name"))
        if name in self.known:
            return Applied(self.known[name])
        (outcome,) = super().write(object, [intent])
        if isinstance(outcome, Applied) and object == "customer":
            self.known[name] = outcome.remote_id
        return outcome


class Activates(Sandbox):
    """A customer that is not active is made so."""

    def write(self, object: str, intents: Sequence[Intent]) -> list[Outcome]:
        outcomes = super().write(object, intents)
        if any(isinstance(one, Refused) for one in outcomes):
            for intent in intents:
                self._session.do("PATCH", f"v1/customer/{intent.payload['customer']}", {"active": True})
            return super().write(object, intents)
        return outcomes
