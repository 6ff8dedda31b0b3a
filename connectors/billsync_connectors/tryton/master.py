"""Parties and products: found by our id, created in bulk, changed only where they differ.  (shell)"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar, Final

from billsync.connector import Absent, Applied, Data, Fault, Found, Intent, Outcome, Probe, Refused, Unclear
from billsync_connectors.tryton import bulk, payload
from billsync_connectors.tryton.books import Books
from billsync_connectors.tryton.session import Session

_EVER: Final = ["active", "in", [True, False]]
"""Tryton hides what was deactivated; its code is taken all the same."""


class Master(ABC):
    """What parties and products have in common."""

    model: ClassVar[str]
    changed_model: ClassVar[str]
    reference: ClassVar[str]

    def __init__(self, session: Session, books: Books) -> None:
        self.session, self.books = session, books

    def probe(self, keys: Sequence[str]) -> list[Probe]:
        """One answer per key.  Raises `TryLater`, `Refused`."""
        ids: dict[str, list[str]] = {}
        for row in self.session.find(self.model, [[self.reference, "in", list(keys)], _EVER], self.reference):
            ids.setdefault(row[self.reference], []).append(str(row["id"]))
        return [Found(tuple(ids[key])) if key in ids else Absent() for key in keys]

    def write(self, intents: Sequence[Intent]) -> list[Outcome]:
        """Create those without a remote id, bring the others up to date."""
        outcomes: dict[int, Outcome] = {}
        fresh: dict[int, dict[str, Any]] = {}
        known: dict[int, tuple[int, Data]] = {}
        for index, intent in enumerate(intents):
            try:
                if intent.remote_id is None:
                    fresh[index] = self.values(payload.key(intent), intent.payload)
                else:
                    known[index] = (payload.remote_id(intent.remote_id, "remote_id"), intent.payload)
            except Refused as fault:
                outcomes[index] = fault
        made = self.create(list(fresh.values()))
        outcomes.update((index, _applied(result)) for index, result in zip(fresh, made, strict=True))
        outcomes.update(zip(known, self._bring_up(list(known.values())), strict=True))
        return [outcomes[index] for index in range(len(intents))]

    def _bring_up(self, known: Sequence[tuple[int, Data]]) -> list[Outcome]:
        outcomes: list[Outcome] = [Applied(str(record)) for record, _ in known]
        changes: dict[int, tuple[int, dict[str, Any]]] = {}
        try:
            there = self.current([record for record, _ in known]) if known else {}
        except Fault as fault:
            return [_as_outcome(fault) for _ in known]
        for index, (record, data) in enumerate(known):
            try:
                change = self._wanted(there, record, data)
            except Fault as fault:
                outcomes[index] = _as_outcome(fault)
            else:
                changes.update({index: change} if change else {})
        results = bulk.update(self.session, self.changed_model, list(changes.values()))
        for index, failed in zip(changes, results, strict=True):
            outcomes[index] = outcomes[index] if failed is None else _as_outcome(failed)
        return outcomes

    def _wanted(self, there: dict[int, dict[str, Any]], record: int, data: Data) -> tuple[int, dict[str, Any]] | None:
        if record not in there:
            raise Refused("gone", f"Tryton has no {self.model} {record} any more")
        return self.change(there[record], data)

    @abstractmethod
    def values(self, key: str, data: Data) -> dict[str, Any]:
        """What Tryton's `create` takes.  Raises `Refused` for data that it would not."""

    @abstractmethod
    def create(self, values: Sequence[dict[str, Any]]) -> list[int | Fault]:
        """Create the records: ids of `model`."""

    @abstractmethod
    def current(self, ids: Sequence[int]) -> dict[int, dict[str, Any]]:
        """The records as they are, by id."""

    @abstractmethod
    def change(self, there: dict[str, Any], data: Data) -> tuple[int, dict[str, Any]] | None:
        """Id of `changed_model` and the values that differ, or None.  Raises `Refused`."""


class Parties(Master):
    """Customers: name, code, and one address."""

    model = "party.party"
    changed_model = "party.party"
    reference = "code"
    _address: Final = ("street", "city", "postal_code")
    _fields: Final = frozenset({"name", "code", "country", *_address})

    def values(self, key: str, data: Data) -> dict[str, Any]:
        """A party always gets an address: invoices need one."""
        payload.only(data, self._fields, "parties")
        return {"name": payload.text(data, "name"), "code": key, "addresses": [["create", [self._of_address(data)]]]}

    def create(self, values: Sequence[dict[str, Any]]) -> list[int | Fault]:
        """Create the parties."""
        return bulk.create(self.session, self.model, values)

    def current(self, ids: Sequence[int]) -> dict[int, dict[str, Any]]:
        """Parties with their first address."""
        rows = self.session.find(self.model, [["id", "in", list(ids)], _EVER], "name", "addresses")
        first = [row["addresses"][0] for row in rows if row["addresses"]]
        found = self.session.find("party.address", [["id", "in", first]], *self._address, "country") if first else []
        addresses = {row["id"]: row for row in found}
        return {row["id"]: {**row, "address": addresses.get((row["addresses"] or [0])[0], {})} for row in rows}

    def change(self, there: dict[str, Any], data: Data) -> tuple[int, dict[str, Any]] | None:
        """Name and address, where they differ."""
        payload.only(data, self._fields, "parties")
        name = payload.text(data, "name")
        changed: dict[str, Any] = {} if name == there["name"] else {"name": name}
        wanted, address = self._of_address(data), there["address"]
        differing = {field: value for field, value in wanted.items() if address.get(field) != value}
        if not address:
            changed["addresses"] = [["create", [wanted]]]
        elif differing:
            changed["addresses"] = [["write", [address["id"]], differing]]
        return (there["id"], changed) if changed else None

    def _of_address(self, data: Data) -> dict[str, Any]:
        written = {field: payload.optional_text(data, field) for field in self._address}
        address: dict[str, Any] = {field: value for field, value in written.items() if value is not None}
        country = payload.optional_text(data, "country")
        return {**address, "country": self.books.country(country)} if country else address


class Products(Master):
    """What is sold: name and code; our id is the product's own part of its code."""

    model = "product.product"
    changed_model = "product.template"
    reference = "suffix_code"
    _fields: Final = frozenset({"name", "code"})

    def values(self, key: str, data: Data) -> dict[str, Any]:
        """A template with one product in it."""
        payload.only(data, self._fields, "products")
        category = self.books.product_category
        return {
            "name": payload.text(data, "name"),
            "type": "service",
            "default_uom": self.books.unit,
            "products": [["create", [{"suffix_code": key}]]],
            **({"account_category": category} if category else {}),
        }

    def create(self, values: Sequence[dict[str, Any]]) -> list[int | Fault]:
        """Create templates, then read which products they hold."""
        made = bulk.create(self.session, "product.template", values)
        templates = [record for record in made if isinstance(record, int)]
        try:
            rows = self.session.find(self.model, [["template", "in", templates]], "template") if templates else []
        except Fault as fault:
            return [Unclear(fault.reason, fault.message) if isinstance(record, int) else record for record in made]
        products = {row["template"]: row["id"] for row in rows}
        return [products[record] if isinstance(record, int) else record for record in made]

    def current(self, ids: Sequence[int]) -> dict[int, dict[str, Any]]:
        """Products with their template's name."""
        rows = self.session.find(self.model, [["id", "in", list(ids)], _EVER], "template", "template.name")
        return {row["id"]: row for row in rows}

    def change(self, there: dict[str, Any], data: Data) -> tuple[int, dict[str, Any]] | None:
        """The name, where it differs."""
        payload.only(data, self._fields, "products")
        name = payload.text(data, "name")
        return None if name == there["template."]["name"] else (there["template"], {"name": name})


def _applied(result: int | Fault) -> Outcome:
    return Applied(str(result)) if isinstance(result, int) else _as_outcome(result)


def _as_outcome(fault: Fault) -> Outcome:
    assert isinstance(fault, Outcome)
    return fault
