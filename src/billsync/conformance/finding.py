"""Subjects, by entry point or by module and class.  (shell)"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any, Final

from billsync.conformance.subject import Subject
from billsync.conformance.writes.subject import WriteSubject

GROUP: Final = "billsync.conformance"
WRITES: Final = "billsync.conformance.writes"


class NoSubject(Exception):
    """A subject is not there, or is none; the message says what to do."""


def installed(group: str = GROUP) -> list[str]:
    """Names of the connectors that bring a subject of reading, or of `WRITES`."""
    return sorted({point.name for point in entry_points(group=group)})


def subjects(connectors: Sequence[str] = (), classes: Sequence[str] = ()) -> list[type[Subject]]:
    """Subjects of reading, of these connectors and classes (`module:Class`); of all that are installed without either.

    A connector that only writes has none here.  Raises `NoSubject`.
    """
    return [found for found in _chosen(GROUP, connectors, classes) if issubclass(found, Subject)]


def write_subjects(connectors: Sequence[str] = (), classes: Sequence[str] = ()) -> list[type[WriteSubject]]:
    """As `subjects`, of writing."""
    return [found for found in _chosen(WRITES, connectors, classes) if issubclass(found, WriteSubject)]


def _chosen(group: str, connectors: Sequence[str], classes: Sequence[str]) -> list[type[Subject | WriteSubject]]:
    names = connectors if connectors or classes else installed(group)
    named = [found for name in names if (found := _named(group, name)) is not None]
    return [*named, *map(_written, classes)]


def _named(group: str, name: str) -> type[Subject | WriteSubject] | None:
    """The subject of that name, None where the connector has one of the other half only."""
    points = list(entry_points(group=group, name=name))
    if points:
        return _written(points[0].value)
    known = sorted({name for each in (GROUP, WRITES) for name in installed(each)})
    if name in known:
        return None
    told = ", ".join(known) or "none"
    raise NoSubject(f"no package brings a subject {name} (entry-point group {GROUP}); installed: {told}")


def _written(value: str) -> type[Subject | WriteSubject]:
    module, _, name = value.partition(":")
    try:
        found: Any = getattr(import_module(module), name)
    except Exception as error:  # whatever the module of somebody else raises at its import
        raise NoSubject(f"the subject {value} does not load: {type(error).__name__}: {error}") from error
    if not (isinstance(found, type) and issubclass(found, (Subject, WriteSubject))):
        raise NoSubject(f"{value} is no subclass of billsync.conformance.subject.Subject or of WriteSubject")
    return found
