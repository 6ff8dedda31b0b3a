"""The fields of an outside system then and now, and what a change of them means for a mapping.  (pure)

A change that a mapping reads or writes holds back what it touches until the fields are as they were, or until a person
has looked: a field that is gone would come as nothing, and would be written as nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum
from typing import Any, Final

from billsync.connector import FieldInfo, Schema
from billsync.mapping.apply import Mapping as FieldMapping
from billsync.model.scalar import show

ALIKE: Final = 60
"""How alike two names are, in per cent, so that one is taken for the new name of the other."""

_SAFE: Final = frozenset({"", "quarantine", "error"})
"""What a lookup does with a value that is not in its table, where the record is then held back."""


class ChangeKind(StrEnum):
    """What may become of a field."""

    REMOVED = "removed"
    RENAMED = "renamed"
    RETYPED = "retyped"
    LOCKED = "locked"
    REQUIRED = "required"
    SHORTENED = "shortened"
    CHOICES_ADDED = "choices_added"
    CHOICES_REMOVED = "choices_removed"
    ADDED = "added"


_K = ChangeKind
_UNREADABLE: Final = frozenset({_K.REMOVED, _K.RENAMED, _K.RETYPED})
_UNWRITABLE: Final = _UNREADABLE | {_K.LOCKED}


@dataclass(frozen=True, slots=True)
class Change:
    """One change of one field.

    Attributes:
        before, after: the types, names or lengths that differ, as text; "" where there is none.
        choices: values that came or went.
    """

    kind: ChangeKind
    field: str
    before: str = ""
    after: str = ""
    choices: tuple[str, ...] = ()

    def __str__(self) -> str:
        name, shown = self.field, ", ".join(show(choice) for choice in self.choices)
        return {
            _K.REMOVED: f"the field {name} is gone",
            _K.RENAMED: f"the field {name} is gone, perhaps it is called {self.after} now",
            _K.RETYPED: f"the field {name} is {self.after} now, it was {self.before}",
            _K.LOCKED: f"the field {name} cannot be written any more",
            _K.REQUIRED: f"the field {name} is needed now",
            _K.SHORTENED: f"the field {name} takes {self.after} characters now, it took {self.before or 'any number'}",
            _K.CHOICES_ADDED: f"the field {name} has new values: {shown}",
            _K.CHOICES_REMOVED: f"the field {name} does not have these values any more: {shown}",
            _K.ADDED: f"the field {name} is new",
        }[self.kind]


def compare(known: Schema, seen: Schema) -> list[Change]:
    """What has changed, in the order of the fields as they were known, new fields last.

    A schema that was made from a sample says nothing of fields that are not in it.
    """
    before = {field.name: field for field in known.fields}
    after = {field.name: field for field in seen.fields}
    added = [field for name, field in after.items() if name not in before]
    found: list[Change] = []
    for name, was in before.items():
        now = after.get(name)
        if now is not None:
            found += _changes(was, now)
        elif not seen.sampled:
            found.append(_vanished(was, added))
    found += [Change(_K.REQUIRED if _needed(field) else _K.ADDED, field.name) for field in added]
    return found


def _changes(was: FieldInfo, now: FieldInfo) -> list[Change]:
    found: list[Change] = []
    if was.type != now.type:
        found.append(Change(_K.RETYPED, was.name, was.type, now.type))
    if was.writable and not now.writable:
        found.append(Change(_K.LOCKED, was.name))
    if _needed(now) and not _needed(was):
        found.append(Change(_K.REQUIRED, was.name))
    if now.max_length is not None and (was.max_length is None or now.max_length < was.max_length):
        before = "" if was.max_length is None else str(was.max_length)
        found.append(Change(_K.SHORTENED, was.name, before, str(now.max_length)))
    new = tuple(choice for choice in now.choices if choice not in was.choices)
    gone = tuple(choice for choice in was.choices if choice not in now.choices)
    if new and was.choices:
        found.append(Change(_K.CHOICES_ADDED, was.name, choices=new))
    if gone and now.choices:
        found.append(Change(_K.CHOICES_REMOVED, was.name, choices=gone))
    return found


def _needed(field: FieldInfo) -> bool:
    return field.required and field.writable


def _vanished(was: FieldInfo, added: Sequence[FieldInfo]) -> Change:
    """The field is gone; a new one of its type with a name like it may be it."""
    alike = [(_alike(was.name, field.name), field.name) for field in added if field.type == was.type]
    score, name = max(alike, default=(0, ""))
    if score < ALIKE and not (len(alike) == 1 and len(added) == 1):
        return Change(_K.REMOVED, was.name)
    return Change(_K.RENAMED, was.name, was.name, name)


def _alike(one: str, other: str) -> int:
    return round(100 * SequenceMatcher(None, one.lower(), other.lower()).ratio())


# ---------------------------------------------------------------- what it means


def unreadable(changes: Sequence[Change], mappings: Iterable[FieldMapping]) -> list[Change]:
    """Changes after which what the mappings read is not what they were written for."""
    read = {name for mapping in mappings for read in mapping.reads for name in _heads(read.names)}
    return [change for change in changes if change.kind in _UNREADABLE and change.field in read]


def unwritable(changes: Sequence[Change], written: frozenset[str]) -> list[Change]:
    """Changes that may hold back documents of which these fields are written."""
    return [change for change in changes if _concerns(change, written)]


def _concerns(change: Change, written: frozenset[str]) -> bool:
    if change.kind is _K.REQUIRED:
        return change.field not in written
    kinds = _UNWRITABLE | {_K.SHORTENED, _K.CHOICES_REMOVED}
    return change.kind in kinds and change.field in written


def held(changes: Iterable[Change], document: Mapping[str, Any], *, creates: bool) -> Change | None:
    """The first change that keeps a document from being written as it was meant, or None."""
    return next((change for change in changes if _touches(change, document, creates=creates)), None)


def _touches(change: Change, document: Mapping[str, Any], *, creates: bool) -> bool:
    value = document.get(change.field)
    if change.kind is _K.REQUIRED:
        return creates and value in (None, "", [])
    if value is None:
        return False
    if change.kind is _K.SHORTENED:
        return isinstance(value, str) and len(value) > int(change.after)
    if change.kind is _K.CHOICES_REMOVED:
        return value in change.choices
    return change.kind in _UNWRITABLE


def unknown_choice(changes: Iterable[Change], mapping: FieldMapping, data: Mapping[str, Any]) -> Change | None:
    """The new value that a record has in a field which the mapping reads without a table of its own, or None.

    A lookup that holds back what is not in its table needs no help.
    """
    for change in changes:
        if change.kind is _K.CHOICES_ADDED and data.get(change.field) in change.choices:
            one = Change(change.kind, change.field, choices=(str(data[change.field]),))
            if not _guarded(mapping, change.field):
                return one
    return None


def _guarded(mapping: FieldMapping, field: str) -> bool:
    """Whether nothing but closed lookups reads the field; also where nothing reads it at all."""
    reads = sum(field in _heads(read.names) for read in mapping.reads)
    closed = sum(
        any(field in _heads(tuple(source.split("."))) for source in facts.sources)
        and bool(facts.table)
        and facts.on_miss in _SAFE
        for facts in mapping.fields
    )
    return reads == closed


def _heads(names: tuple[str, ...]) -> tuple[str, ...]:
    """How a schema may name what a path reads: its first step, or all of it."""
    return (names[0], ".".join(names)) if len(names) > 1 else names
