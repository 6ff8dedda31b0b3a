"""HubSpot's records in the port's words: text read by the type of its property, labels beside ids.  (pure)"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from billsync.connector import Record
from billsync.model.problem import Place
from billsync.model.scalar import read_day, read_decimal, read_instant
from billsync_connectors.hubspot.answers import Row
from billsync_connectors.hubspot.kinds import Kind

MERGED: Final = "hs_merged_object_ids"
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Labels:
    """What ids in records mean, as the account has it now.

    Attributes:
        stages: (pipeline, stage) -> the stage's label, and what it says of a deal.
        pipelines: id -> label.
        owners: id -> (name, e-mail).
    """

    stages: Mapping[tuple[str, str], Mapping[str, Any]] = field(default_factory=dict)
    pipelines: Mapping[str, str] = field(default_factory=dict)
    owners: Mapping[str, tuple[str, str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Ends:
    """What one record is associated with.

    Attributes:
        ids: by object, in the order of ids; primary: by object, the primary one, or None.
        inside: by object, the records that stand in this one, as data.
    """

    ids: Mapping[str, Sequence[str]] = field(default_factory=dict)
    primary: Mapping[str, str | None] = field(default_factory=dict)
    inside: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)


def value(text: str | None, type: str) -> Any:
    """A property's value: Decimal, bool, day or instant by its type, else the text; what cannot be read stays text."""
    if text is None or text == "":
        return None
    try:
        return _READERS[type](text) if type in _READERS else text
    except ValueError:
        return text


def content(row: Row, names: Sequence[str], types: Mapping[str, str]) -> dict[str, Any]:
    """The properties of these names; ids stay text, whatever HubSpot calls their type."""
    return {
        name: value(row.properties.get(name), "string" if name.endswith("_id") else types.get(name, "string"))
        for name in names
    }


def record(
    system: str, kind: Kind, row: Row, names: Sequence[str], types: Mapping[str, str], ends: Ends, labels: Labels
) -> Record:
    """A live record, with what it shows of others."""
    data: dict[str, Any] = {"id": row.id, **content(row, names, types)}
    for name in kind.linked:
        data[name] = list(ends.ids.get(name, ()))
    for name in kind.inside:
        data[name] = list(ends.inside.get(name, ()))
    if "companies" in kind.linked:
        data["company"] = ends.primary.get("companies")
    if kind.name == "deals":
        data.update(_stage(row, labels))
    if "hubspot_owner_id" in names:
        data["owner"], data["owner_email"] = labels.owners.get(
            row.properties.get("hubspot_owner_id") or "", (None, None)
        )
    return Record(kind.name, row.id, data, Place(system=system, object=kind.name, id=row.id))


def gone(system: str, object: str, id: str) -> Record:
    """A record that is archived, merged into another or deleted."""
    return Record(object, id, {}, Place(system=system, object=object, id=id), deleted=True)


def merged(row: Row) -> list[str]:
    """Ids of the records that were merged into this one."""
    return [id for id in (row.properties.get(MERGED) or "").split(";") if id and id != row.id]


def chosen(ids: Sequence[tuple[str, bool]]) -> tuple[list[str], str | None]:
    """Ids in order, and the primary one: the only one where none is marked."""
    found = sorted({id for id, _ in ids}, key=lambda id: (len(id), id))
    marked = next((id for id, primary in ids if primary), None)
    return found, marked or (found[0] if len(found) == 1 else None)


def told_primary(kind: Kind, ids: Sequence[tuple[str, str]]) -> list[tuple[str, bool]]:
    """Associations of a list: one that is called without `_unlabeled` beside one that is, is the primary one."""
    twofold = {id for id, called in ids if called.endswith("_unlabeled")}
    return [
        (id, id in twofold and not called.endswith("_unlabeled") and called.startswith(kind.one)) for id, called in ids
    ]


# ---------------------------------------------------------------- inside


def _stage(row: Row, labels: Labels) -> dict[str, Any]:
    pipeline, stage = row.properties.get("pipeline") or "", row.properties.get("dealstage") or ""
    found = labels.stages.get((pipeline, stage), {})
    return {
        "pipeline_label": labels.pipelines.get(pipeline),
        "stage_label": found.get("label"),
        "is_closed": found.get("is_closed"),
        "is_won": found.get("is_won"),
        "probability": found.get("probability"),
    }


def stage_of(item: Mapping[str, Any]) -> dict[str, Any]:
    """What a stage of a pipeline says of a deal: won is closed with a probability of 1, in any pipeline."""
    held = item.get("metadata")
    told = held if isinstance(held, Mapping) else {}
    closed = str(told.get("isClosed", "")).lower() == "true"
    try:
        probability = read_decimal(told.get("probability"))
    except ValueError:
        probability = None
    won = closed and probability == 1
    return {"label": item.get("label"), "is_closed": closed, "is_won": won, "probability": probability}


def _truth(text: str) -> bool:
    found = {"true": True, "false": False}.get(text.lower())
    if found is None:
        raise ValueError(text)
    return found


def _day(text: str) -> Any:
    return read_day(text) if not text.isdigit() else _instant(text).date()


def _instant(text: str) -> datetime:
    """ISO text, or milliseconds since 1970."""
    if not (text.isascii() and text.isdigit()):
        return read_instant(text)
    try:
        return _EPOCH + timedelta(milliseconds=int(text))
    except OverflowError:
        raise ValueError(text) from None


_READERS: Final = {"number": read_decimal, "bool": _truth, "date": _day, "datetime": _instant}
