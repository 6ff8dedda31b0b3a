"""Mappings and records for the tests."""

from __future__ import annotations

from typing import Any

from billsync.connector import Record
from billsync.mapping import Mapped, Mapping, check, parse
from billsync.mapping.run import Resolve
from billsync.mapping.tables import ReadFile, no_files
from billsync.model.problem import Place, Problem

PRODUCT = "mapping: m\nversion: 1\nfrom: crm.Item\nto: product\nkey: Id\n"


def itself(_name: str, id: str) -> str | None:
    """Every reference is known, under its own id."""
    return id


def product(*fields: str, top: str = "") -> str:
    """The text of a mapping to a product; id and name are given unless the fields write them."""
    given = {"id": "id: {from: Id}", "name": "name: {const: thing}"}
    rest = [line for key, line in given.items() if not any(field.startswith(f"{key}:") for field in fields)]
    return PRODUCT + top + "fields:\n" + "".join(f"  {line}\n" for line in [*rest, *fields])


def mapping(text: str, read_file: ReadFile = no_files) -> Mapping:
    """The mapping that the text describes."""
    return parse(text, "m.yaml", read_file=read_file)


def apply(text: str | Mapping, data: dict[str, Any], resolve: Resolve = itself) -> Mapped:
    """What a mapping makes of a record of the system `crm`."""
    made = text if isinstance(text, Mapping) else mapping(text)
    object = made.source_object
    return made.apply(Record(object, "R1", data, Place(system="crm", object=object, id="R1")), resolve)


def field(rule: str, data: dict[str, Any], name: str = "description", top: str = "") -> Any:
    """The value that a rule gives to a field of the document; KeyError where it is left out."""
    mapped = apply(product(f"{name}: {rule}", top=top), {"Id": "1", **data})
    assert mapped.doc is not None, [str(problem) for problem in mapped.problems]
    return mapped.doc[name]


def problem(rule: str, data: dict[str, Any], name: str = "description", top: str = "") -> Problem:
    """The one problem that a rule has with a record."""
    mapped = apply(product(f"{name}: {rule}", top=top), {"Id": "1", **data})
    (found,) = mapped.problems
    assert mapped.doc is None
    return found


def found(text: str, **kwargs: Any) -> list[str]:
    """Code, line and column of every finding of a mapping text."""
    return [f"{each.code} {each.place.line}:{each.place.column}" for each in check(text, "m.yaml", **kwargs)]
