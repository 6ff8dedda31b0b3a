"""Definitions: the properties of each object, groups of them, pipelines with their stages, owners.  (shell)"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any, Final

from billsync_connectors.hubspot.server import clock
from billsync_connectors.hubspot.server.kinds import KINDS, Kind, from_start, kind_of
from billsync_connectors.hubspot.server.refused import Refused, bad_input, wrong
from billsync_connectors.hubspot.server.shelf import Shelf
from billsync_connectors.hubspot.server.values import TYPES, Property

Value = dict[str, Any]
_UNIQUE_MAX: Final = 10
_STAGES: Final = (
    ("appointmentscheduled", "Appointment Scheduled", "0.2"),
    ("qualifiedtobuy", "Qualified To Buy", "0.4"),
    ("presentationscheduled", "Presentation Scheduled", "0.6"),
    ("decisionmakerboughtin", "Decision Maker Bought-In", "0.8"),
    ("contractsent", "Contract Sent", "0.9"),
    ("closedwon", "Closed Won", "1.0"),
    ("closedlost", "Closed Lost", "0.0"),
)


def option(value: str, order: int, label: str = "") -> Value:
    """One option of an enumeration."""
    return {"label": label or value, "value": value, "displayOrder": order, "hidden": False}


class Schema:
    """What is defined in this account; all raise `Refused`."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf
        self._own = {kind.name: _from_start(kind) for kind in KINDS.values()}
        self._made: dict[str, dict[str, Property]] = {}
        self.reload()

    def reload(self) -> None:
        """Take what the shelf remembers."""
        saved = self._shelf.recall("properties", {})
        self._made = {kind: {row["name"]: Property(**row) for row in rows} for kind, rows in saved.items()}
        self.pipelines: dict[str, list[Value]] = self._shelf.recall("pipelines", {"deals": [_default_pipeline()]})
        self.owners: list[Value] = self._shelf.recall("owners", [])
        self._reach()

    def of(self, kind: str) -> Mapping[str, Property]:
        """The live properties of an object by name."""
        return self._live[kind]

    def _reach(self) -> None:
        made = {kind: {n: p for n, p in rows.items() if not p.archived} for kind, rows in self._made.items()}
        self._live = {kind: {**own, **made.get(kind, {})} for kind, own in self._own.items()}

    # ------------------------------------------------------------ properties

    def get(self, kind: str, name: str, *, archived: bool = False) -> Property:
        """One property."""
        found = self._made.get(kind, {}).get(name) if archived else self.of(kind).get(name)
        if found is None or (archived and not found.archived):
            raise Refused(
                404, f'Property "{name}" does not exist', "OBJECT_NOT_FOUND", subCategory="PROPERTY_NOT_FOUND"
            )
        return found

    def listed(self, kind: str, *, archived: bool = False) -> list[Property]:
        """All of an object."""
        if archived:
            return [row for row in self._made.get(kind, {}).values() if row.archived]
        return list(self.of(kind).values())

    def define(self, kind: str, given: Mapping[str, Any], now: int) -> Property:
        """Make a property."""
        made = _given(given, now)
        if made.name in self.of(kind):
            message = f"A property named '{made.name}' already exists."
            raise Refused(409, message, "OBJECT_ALREADY_EXISTS", subCategory="Properties.PROPERTY_EXISTS")
        if made.unique and sum(row.unique for row in self._made.get(kind, {}).values()) >= _UNIQUE_MAX:
            raise wrong(f"{kind} can have at most {_UNIQUE_MAX} properties with unique values")
        return self._keep(kind, made)

    def redefine(self, kind: str, name: str, given: Mapping[str, Any], now: int) -> Property:
        """Change a property's label, description, options, type."""
        before = self.get(kind, name)
        if before.own:
            raise wrong(f"Property {name} is defined by HubSpot and cannot be changed")
        told = {"label": "label", "description": "description", "groupName": "group", "type": "type"}
        found: dict[str, Any] = {own: given[name] for name, own in told.items() if name in given}
        if "options" in given:
            found["options"] = tuple(given["options"])
        return self._keep(kind, replace(before, **found, updated=now))

    def retire(self, kind: str, name: str, now: int) -> None:
        """Archive a property; its values are seen no more."""
        before = self.get(kind, name)
        if before.own:
            raise wrong(f"Property {name} is defined by HubSpot and cannot be archived")
        self._keep(kind, replace(before, archived=now))

    def _keep(self, kind: str, made: Property) -> Property:
        self._made.setdefault(kind, {})[made.name] = made
        rows = {name: [asdict(row) for row in known.values()] for name, known in self._made.items()}
        self._shelf.remember("properties", rows)
        self._reach()
        return made

    # ------------------------------------------------------------ pipelines

    def pipeline(self, kind: str, id: str) -> Value:
        """One pipeline."""
        found = next((row for row in self.pipelines.get(kind, []) if row["id"] == id), None)
        if found is None:
            raise Refused(404, f"Pipeline {id} does not exist", "OBJECT_NOT_FOUND")
        return found

    def stage(self, kind: str, pipeline: str, id: str) -> Value | None:
        """One stage, or None where that pipeline has none of this id."""
        found: Value = next((row for row in self.pipelines.get(kind, []) if row["id"] == pipeline), {"stages": []})
        return next((stage for stage in found["stages"] if stage["id"] == id), None)

    def add_pipeline(self, kind: str, given: Mapping[str, Any], now: int) -> Value:
        """Make a pipeline with its stages."""
        if not given.get("label") or not isinstance(given.get("stages"), list):
            raise bad_input("a pipeline needs label and stages")
        known = self.pipelines.setdefault(kind, [])
        id = str(given.get("pipelineId") or f"{90_000_000 + len(known)}")
        stages = [_stage(stage, f"{id}{order:02d}", now) for order, stage in enumerate(given["stages"])]
        known.append(_pipeline(id, str(given["label"]), int(given.get("displayOrder", 0)), stages, now))
        self._shelf.remember("pipelines", self.pipelines)
        return known[-1]

    def set_owners(self, owners: list[Value]) -> None:
        """The account's users."""
        self.owners = owners
        self._shelf.remember("owners", owners)


def _from_start(kind: Kind) -> dict[str, Property]:
    found: dict[str, Property] = {}
    for name, type, options, read_only, unique in from_start(kind):
        rows = tuple(option(value, order) for order, value in enumerate(options.split("|"))) if options else ()
        known = "enumeration" if type in ("stage", "pipeline") else type
        found[name] = Property(
            name, known, group=f"{kind.one}information", options=rows, unique=unique, read_only=read_only, own=True
        )
    return found


def _given(given: Mapping[str, Any], now: int) -> Property:
    lacking = [name for name in ("name", "label", "type", "fieldType", "groupName") if not given.get(name)]
    if lacking:
        raise bad_input(f"{lacking[0]} is required")
    if given["type"] not in TYPES:
        raise bad_input(f"type: {given['type']} is not one of {', '.join(TYPES)}")
    name = str(given["name"])
    if not name.replace("_", "").isalnum() or name != name.lower():
        raise wrong(f"The property name {name} may only have lower-case letters, digits and underscores")
    return Property(
        name, str(given["type"]), str(given["label"]), str(given["groupName"]), str(given["fieldType"]),
        str(given.get("description") or ""), tuple(given.get("options") or ()),
        bool(given.get("hasUniqueValue")), created=now, updated=now,
    )  # fmt: skip


def _default_pipeline() -> Value:
    stages = [
        _stage({"stageId": id, "label": label, "metadata": {"probability": chance}}, id, 0)
        for id, label, chance in _STAGES
    ]
    for order, stage in enumerate(stages):
        stage["displayOrder"] = order
    return _pipeline("default", "Sales Pipeline", 0, stages, 0)


def _pipeline(id: str, label: str, order: int, stages: list[Value], now: int) -> Value:
    at = clock.text(now)
    own = {"label": label, "displayOrder": order, "id": id, "stages": stages}
    return {**own, "createdAt": at, "updatedAt": at, "archived": False}


def _stage(given: Mapping[str, Any], id: str, now: int) -> Value:
    metadata = {name: str(value) for name, value in (given.get("metadata") or {}).items()}
    closed = metadata.get("probability") in ("1.0", "0.0")
    return {
        "label": given.get("label", id), "displayOrder": given.get("displayOrder", 0),
        "metadata": {"isClosed": "true" if closed else "false", **metadata},
        "id": str(given.get("stageId") or id), "createdAt": clock.text(now), "updatedAt": clock.text(now),
        "archived": False, "writePermissions": "CRM_PERMISSIONS_ENFORCEMENT",
    }  # fmt: skip


def schema_kind(called: str) -> str:
    """The object of a path of definitions."""
    return kind_of(called).name
