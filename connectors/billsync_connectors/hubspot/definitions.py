"""What the account defines: properties with their types, pipelines with their stages, owners.  (shell)

Read once a process, and only where a record has to be shown: a sync in which nothing has changed asks for none of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from billsync.connector import FieldInfo, Refused, Schema, TryLater
from billsync_connectors.hubspot import answers
from billsync_connectors.hubspot.config import HubSpotSettings
from billsync_connectors.hubspot.kinds import DERIVED, NEVER_READ, Kind
from billsync_connectors.hubspot.records import Labels, stage_of
from billsync_connectors.hubspot.session import Session

_TYPES: Final = {"bool": "boolean", "number": "decimal", "date": "date", "datetime": "datetime"}
_OWNERS: Final = {"limit": "500"}


@dataclass(frozen=True, slots=True)
class Property:
    """The definition of one property; type is HubSpot's word."""

    name: str
    type: str
    own: bool
    writable: bool
    group: str
    choices: tuple[str, ...] = ()


class Definitions:
    """Of one account.  All raise `TryLater` and `Refused`."""

    def __init__(self, session: Session, settings: HubSpotSettings, kinds: Mapping[str, Kind]) -> None:
        self._session, self._settings, self._kinds = session, settings, kinds
        self._known: dict[str, dict[str, Property]] = {}

    def properties(self, object: str, *, fresh: bool = False) -> dict[str, Property]:
        """All properties of an object, by name."""
        if fresh or object not in self._known:
            answer = self._session.ask("GET", f"crm/properties/{{}}/{object}")
            found = [_property(item) for item in self._listed(answer, f"properties of {object}")]
            self._known[object] = {property.name: property for property in found}
        return self._known[object]

    def types(self, object: str) -> dict[str, str]:
        """The type of each property."""
        return {name: property.type for name, property in self.properties(object).items()}

    def names(self, object: str) -> list[str]:
        """The properties that are read: those of the sheet that there are, and the account's own."""
        known, kind = self.properties(object), self._kinds[object]
        own = [name for name, property in known.items() if property.own]
        silent = set() if self._settings.echoes or object != "deals" else set(self._settings.told().values())
        silent |= NEVER_READ - set(self._settings.properties.get(object, ()))
        return [
            name for name in dict.fromkeys([*kind.properties, *sorted(own)]) if name in known and name not in silent
        ]

    def group(self, object: str) -> str:
        """The group in which the properties stand that are read: new ones go there."""
        known = self.properties(object)
        groups = [known[name].group for name in (*self._kinds[object].properties, *known) if name in known]
        return next((group for group in groups if group), "")

    def unknown(self, object: str) -> list[str]:
        """Properties of the settings that the account does not have."""
        return [name for name in self._settings.properties.get(object, ()) if name not in self.properties(object)]

    def schema(self, object: str) -> Schema:
        """The fields of a record as it is read and written."""
        known, read = self.properties(object, fresh=True), set(self.names(object))
        written = set(self._settings.told().values()) if object == "deals" else set()
        fields = [_field(known[name]) for name in sorted(read | (written & set(known)))]
        kind = self._kinds[object]
        derived = (*kind.ends, *DERIVED.get(object, ()), *(("company",) if "companies" in kind.linked else ()))
        shown = [FieldInfo(name=name, type=_derived(name), writable=False) for name in dict.fromkeys(derived)]
        ids = [FieldInfo(name=name, writable=False) for name in ("id", "hs_object_id")]
        return Schema(object=object, fields=(*ids, *fields, *shown))

    @cached_property
    def labels(self) -> Labels:
        """Stages, pipelines and owners by their ids."""
        answer = self._session.ask("GET", "crm/pipelines/{}/deals")
        stages: dict[tuple[str, str], Mapping[str, Any]] = {}
        pipelines: dict[str, str] = {}
        for item in self._listed(answer, "pipelines"):
            id = str(item.get("id"))
            pipelines[id] = str(item.get("label"))
            held = item.get("stages")
            for stage in held if isinstance(held, list) else []:
                stages[id, str(stage.get("id"))] = stage_of(stage)
        return Labels(stages, pipelines, self._owners())

    def _owners(self) -> dict[str, tuple[str, str]]:
        """Names and e-mails; none where the log-in may not see them: a deal can be billed without."""
        found: dict[str, tuple[str, str]] = {}
        cursor: str | None = ""
        while cursor is not None:
            params = {**_OWNERS, **({"after": cursor} if cursor else {})}
            try:
                answer = self._session.ask("GET", "crm/owners/{}", params=params)
            except (TryLater, Refused) as fault:
                if fault.reason in ("auth", "missing_scopes", "gone"):
                    return found
                raise
            for item in self._listed(answer, "owners"):
                name = " ".join(str(item.get(part) or "") for part in ("firstName", "lastName")).strip()
                found[str(item.get("id"))] = (name, str(item.get("email") or ""))
            cursor = self._checked(answer)
        return found

    def _checked(self, answer: Mapping[str, Any]) -> str | None:
        try:
            return answers.after(answer)
        except answers.Odd as odd:
            raise TryLater("unreadable", f"{self._session.system}: {odd}") from None

    def _listed(self, answer: Mapping[str, Any], what: str) -> Sequence[Mapping[str, Any]]:
        found = answer.get("results")
        if not isinstance(found, list) or not all(isinstance(item, Mapping) for item in found):
            raise TryLater("unreadable", f"{self._session.system}: the {what} cannot be read", offline=True)
        return found


def _property(item: Mapping[str, Any]) -> Property:
    held = item.get("modificationMetadata")
    limits = held if isinstance(held, Mapping) else {}
    options = item.get("options")
    choices = tuple(str(row.get("value")) for row in options or [] if isinstance(row, Mapping))
    return Property(
        name=str(item.get("name")),
        type=str(item.get("type")),
        own=item.get("hubspotDefined") is not True,
        writable=limits.get("readOnlyValue") is not True,
        group=str(item.get("groupName") or ""),
        choices=choices if item.get("type") == "enumeration" else (),
    )


def _field(property: Property) -> FieldInfo:
    return FieldInfo(
        name=property.name,
        type="text" if property.name.endswith("_id") else _TYPES.get(property.type, "text"),
        writable=property.writable,
        custom=property.own,
        choices=property.choices,
    )


def _derived(name: str) -> str:
    if name in ("is_closed", "is_won"):
        return "boolean"
    if name == "probability":
        return "decimal"
    return "text" if name in ("company", "pipeline_label", "stage_label", "owner", "owner_email") else "list"
