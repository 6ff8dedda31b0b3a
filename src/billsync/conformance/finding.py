"""Subjects, by entry point or by module and class.  (shell)"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any, Final

from billsync.conformance.subject import Subject

GROUP: Final = "billsync.conformance"


class NoSubject(Exception):
    """A subject is not there, or is none; the message says what to do."""


def installed() -> list[str]:
    """Names of the connectors that bring a subject."""
    return sorted({point.name for point in entry_points(group=GROUP)})


def subjects(connectors: Sequence[str] = (), classes: Sequence[str] = ()) -> list[type[Subject]]:
    """The subjects of these connectors and these classes (`module:Class`); of all installed ones without either.

    Raises `NoSubject`.
    """
    names = connectors if connectors or classes else installed()
    return [*map(_named, names), *map(_written, classes)]


def _named(name: str) -> type[Subject]:
    points = list(entry_points(group=GROUP, name=name))
    if not points:
        known = ", ".join(installed()) or "none"
        raise NoSubject(f"no package brings a subject {name} (entry-point group {GROUP}); installed: {known}")
    return _written(points[0].value)


def _written(value: str) -> type[Subject]:
    module, _, name = value.partition(":")
    try:
        found: Any = getattr(import_module(module), name)
    except Exception as error:  # whatever the module of somebody else raises at its import
        raise NoSubject(f"the subject {value} does not load: {type(error).__name__}: {error}") from error
    if not (isinstance(found, type) and issubclass(found, Subject)):
        raise NoSubject(f"{value} is no subclass of billsync.conformance.subject.Subject")
    return found
