"""What is read of one object: fields with their types, parents, children, and what else may change a record.  (pure)"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final

from billsync.connector import FieldInfo, Refused
from billsync_connectors.salesforce import usual
from billsync_connectors.salesforce.described import MERGEABLE, Described, Field
from billsync_connectors.salesforce.settings import ObjectSettings
from billsync_connectors.salesforce.soql import select
from billsync_connectors.salesforce.values import COMPOUND

HOUSE: Final = ("IsDeleted", "MasterRecordId")
_UNREAD: Final = (*COMPOUND, "base64")
_AUDIT: Final = frozenset(
    {"systemmodstamp", "lastmodifieddate", "lastmodifiedbyid", "createdbyid", "isdeleted", "masterrecordid"}
    | {"lastvieweddate", "lastreferenceddate", "lastactivitydate"}
)
"""Fields of the house: they change without the content, or say what `deleted` says."""
Find = Callable[[str], Described]
"""What the org tells of an object.  Raises `Refused`, `TryLater`."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """One field that is read.

    Attributes:
        path: parents' relationships, and its name; through: the field that refers to each parent on the way.
        info: what `describe` says of it, by its path.
    """

    path: tuple[str, ...]
    type: str
    through: tuple[str, ...]
    info: FieldInfo

    @property
    def name(self) -> str:
        """As queries have it."""
        return ".".join(self.path)


@dataclass(frozen=True, slots=True)
class Child:
    """What is read of the children of one kind.

    Attributes:
        name: of the relationship; object: there; reference: its field that refers to the record.
        live: the condition that leaves deleted ones out, which a query that sees deleted records brings too; or "".
    """

    name: str
    object: str
    reference: str
    leaves: tuple[Leaf, ...]
    live: str = ""

    def fields(self) -> list[str]:
        """What a query of the children selects."""
        return list(dict.fromkeys(["Id", *(leaf.name for leaf in self.leaves)]))


@dataclass(frozen=True, slots=True)
class Touch:
    """Records of another object, a change of which changes what is read of this one.

    Attributes:
        fields: selected besides id and stamp: their values are those that `which` is filled with.
        which: condition on the records that are touched, with `{}` for the values.
        merged: whether only those count that became part of another one.
    """

    object: str
    stamp: str
    bin: bool
    fields: tuple[str, ...]
    which: str
    merged: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """All of it.

    Attributes:
        where: the settings' condition.
    """

    object: str
    described: Described
    leaves: tuple[Leaf, ...]
    children: tuple[Child, ...]
    where: str
    touches: tuple[Touch, ...]

    @property
    def stamp(self) -> str:
        """The field that tells when a record changed."""
        return self.described.stamp

    def flat(self) -> list[str]:
        """What a query of the records selects, without their children."""
        house = [name for name in HOUSE if name.lower() in self.described.fields]
        return list(dict.fromkeys(["Id", self.stamp, *house, *(leaf.name for leaf in self.leaves)]))

    def nested(self) -> list[str]:
        """What a query selects that brings the children too."""
        return self.flat() + [
            f"({select(child.fields(), child.name, child.live, order='Id')})" for child in self.children
        ]


def planned(object: str, settings: ObjectSettings, find: Find) -> Plan:
    """What is read of an object.  Raises `Refused` for what the org does not have, and `TryLater`."""
    top = find(object)
    leaves = _leaves(top, settings, find)
    usual_children = usual.RELATED.get(object, ())
    wanted = settings.related if settings.related is not None else dict.fromkeys(usual_children, ())
    children = tuple(
        _child(top, name, fields, find, strict=settings.related is not None) for name, fields in wanted.items()
    )
    found = tuple(child for child in children if child is not None)
    touches = tuple(dict.fromkeys(_touches(top, leaves, found, find)))
    return Plan(top.name, top, leaves, found, settings.where, touches)


# ---------------------------------------------------------------- fields


def _leaves(top: Described, settings: ObjectSettings, find: Find) -> tuple[Leaf, ...]:
    given, named = settings.fields, usual.FIELDS.get(top.name)
    usually = () if given else _all(top) if named is None else (*named, *_own(top))
    found = [leaf for name in usually if (leaf := _leaf(top, name, find, strict=False)) is not None]
    found += [leaf for name in (*given, *settings.add) if (leaf := _leaf(top, name, find, strict=True)) is not None]
    return tuple({leaf.name.lower(): leaf for leaf in found}.values())


def _all(top: Described) -> tuple[str, ...]:
    """The fields of an object that nobody listed: all that a query can bring and that say something."""
    return tuple(each.name for name, each in top.fields.items() if _says(each) and name not in (*_AUDIT, "id"))


def _own(top: Described) -> tuple[str, ...]:
    """The fields that somebody made for this org."""
    return tuple(each.name for each in top.fields.values() if each.own and _says(each))


def _says(field: Field) -> bool:
    """Whether it can be read and is no formula: who wants those, names them."""
    return field.type not in _UNREAD and not field.computed


def _leaf(top: Described, name: str, find: Find, *, strict: bool) -> Leaf | None:
    """A field by its path; None where the org does not have it and nobody asked for it by name."""
    *ups, last = name.split(".")
    path: list[str] = []
    through: list[str] = []
    here = top
    for up in ups:
        reference = here.up(up)
        if reference is None or len(reference.to) != 1:
            _lacking(top, name, [each.up for each in here.fields.values() if each.up], strict=strict)
            return None
        path.append(reference.up)
        through.append(".".join((*path[:-1], reference.name)))
        here = find(reference.to[0])
    field = here.fields.get(last.lower())
    if field is None or field.type == "base64":
        _lacking(top, name, [each.name for each in here.fields.values()], strict=strict)
        return None
    whole = (*path, field.name)
    return Leaf(whole, field.type, tuple(through), field.info.model_copy(update={"name": ".".join(whole)}))


def _lacking(top: Described, name: str, known: Sequence[str], *, strict: bool) -> None:
    if strict:
        near = get_close_matches(name.rpartition(".")[2] or name, known, 1)
        hint = f": did you mean {near[0]}?" if near else ", or the user may not see it"
        raise Refused("unknown_field", f"{top.name} has no field {name}{hint} (objects, in the settings)")


# ---------------------------------------------------------------- children


def _child(top: Described, name: str, fields: Sequence[str], find: Find, *, strict: bool) -> Child | None:
    if name.lower() not in top.downs:
        known = [found for found, _object, _field in top.downs.values()]
        _lacking(top, name, known, strict=strict)
        return None
    name, object, reference = top.downs[name.lower()]
    there = find(object)
    usually = usual.CHILDREN.get(name) or _all(there)
    leaves = [_leaf(there, each, find, strict=bool(fields)) for each in fields or usually]
    live = "IsDeleted = false" if there.bin else ""
    return Child(name, there.name, reference, tuple(leaf for leaf in leaves if leaf is not None), live)


# ---------------------------------------------------------------- what touches a record


def _touches(top: Described, leaves: Sequence[Leaf], children: Sequence[Child], find: Find) -> Iterator[Touch]:
    """Children; parents of which fields are read; parents and records of its own that were merged."""
    for child in children:
        there = find(child.object)
        yield Touch(child.object, there.stamp, there.bin, (child.reference,), "Id IN {}")
        for reference, parent in _parents(child.leaves, there, find):
            inner = select([child.reference], child.object, f"{reference} IN {{}}")
            yield _parent(parent, f"Id IN ({inner})")
    read = _parents(leaves, top, find)
    for reference, parent in read:
        yield _parent(parent, f"{reference} IN {{}}")
    names = {leaf.name for leaf in leaves} - {reference for reference, _ in read}
    for field in top.fields.values():
        if field.name in names and len(field.to) == 1 and field.to[0] in MERGEABLE:
            yield _merged(find(field.to[0]), f"{field.name} IN {{}}")
    if top.merges and children:
        yield _merged(top, "Id IN {}")


def _parents(leaves: Sequence[Leaf], top: Described, find: Find) -> list[tuple[str, Described]]:
    """References that fields are read through, with the objects there; also those on the way."""
    found: dict[str, Described] = {}
    for leaf in leaves:
        here = top
        for reference in leaf.through:
            field = here.fields[reference.rpartition(".")[2].lower()]
            here = found.setdefault(reference, find(field.to[0]))
    return list(found.items())


def _parent(parent: Described, which: str) -> Touch:
    fields = ("Id", "MasterRecordId") if parent.merges else ("Id",)
    return Touch(parent.name, parent.stamp, parent.bin, fields, which)


def _merged(parent: Described, which: str) -> Touch:
    return Touch(parent.name, parent.stamp, parent.bin, ("MasterRecordId",), which, merged=True)
