"""The fields of a record as a writer sent them: known, writable, of their type, leading somewhere.  (shell)"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from billsync_connectors.salesforce.server.denied import Denied
from billsync_connectors.salesforce.server.fields import Field
from billsync_connectors.salesforce.server.kinds import Kind, Kinds
from billsync_connectors.salesforce.server.settings import Settings
from billsync_connectors.salesforce.server.values import Row, taken

if TYPE_CHECKING:
    from billsync_connectors.salesforce.server.records import Records


class Incoming:
    """Reads what was sent; `values` raises `Denied`."""

    def __init__(self, records: Records, kinds: Kinds, settings: Settings) -> None:
        self._records, self._kinds, self._settings = records, kinds, settings

    def values(self, kind: Kind, sent: Mapping[str, Any], *, creating: bool) -> Row:
        """Values by the fields' own names; None for what is made empty."""
        found: Row = {}
        for name, value in sent.items():
            if name == "attributes" or (name.lower() == "id" and not creating):
                continue
            field = kind.named.get(name.lower()) or self._upwards(kind, name, value)
            if not (field.createable if creating else field.updateable):
                told = (
                    f"Unable to create/update fields: {field.name}. Please check the security settings of this field "
                )
                told += "and verify that it is read/write for your profile or permission set."
                raise Denied(400, "INVALID_FIELD_FOR_INSERT_UPDATE", told, [field.name])
            found[field.name] = self._value(field, value)
        return found

    def _upwards(self, kind: Kind, name: str, value: Any) -> Field:
        """A reference that is named by its relationship, with an external id of the other record."""
        field = kind.ups.get(name.lower())
        if field is None or not isinstance(value, Mapping):
            raise Denied(400, "INVALID_FIELD", f"No such column '{name}' on sobject of type {kind.name}", [name])
        return field

    def _value(self, field: Field, value: Any) -> Any:
        if field.type == "reference":
            return self._reference(field, value)
        found = taken(field, value)
        if field.name == "CurrencyIsoCode" and found is not None:
            self._currency(found)
        return found

    def _reference(self, field: Field, value: Any) -> str | None:
        if isinstance(value, Mapping):
            return self._by_key(field, value)
        id = taken(field, value)
        if id is None:
            return None
        kind = self._kinds.of_id(id)
        if kind is None or kind.name != field.to:
            raise Denied(400, "MALFORMED_ID", f"{field.name}: id value of incorrect type: {value}", [field.name])
        if self._records.live(kind.name, id) is None:
            raise Denied(400, "INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", [])
        return str(id)

    def _by_key(self, field: Field, value: Mapping[str, Any]) -> str:
        named = {name: item for name, item in value.items() if name != "attributes"}
        kind = self._records.kind(field.to)
        if len(named) != 1:
            raise Denied(400, "INVALID_FIELD", f"{field.up}: exactly one external id is expected", [field.name])
        ((name, item),) = named.items()
        key = kind.named.get(name.lower())
        rows = self._records.keyed(kind, key, str(item)) if key and key.external else []
        if len(rows) != 1:
            told = f"Foreign key external ID: {item} not found for field {name} in entity {kind.name}"
            raise Denied(400, "INVALID_FIELD", told, [])
        return str(rows[0]["Id"])

    def _currency(self, code: str) -> None:
        known = self._records.children("CurrencyType", "IsoCode", code)
        if not any(row["IsActive"] for row in known):
            told = f"Currency ISO Code: bad value for restricted picklist field: {code}"
            raise Denied(400, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", told, ["CurrencyIsoCode"])
