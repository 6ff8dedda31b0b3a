"""What the engine hands over, as Odoo's fields take it: columns of `load`, values of `write`.  (pure)"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, TypeVar

from billsync.connector import Data, Intent, Refused
from billsync.model.scalar import read_day, read_decimal, read_text, show
from billsync_connectors.odoo.encoding import cell, wire

Value = TypeVar("Value")
Types = Mapping[str, str]
"""Names of a model's fields -> Odoo's type of each."""


def optional_text(data: Data, name: str) -> str | None:
    """A text, or None where it is missing or blank.  Raises `Refused`."""
    found = _read(data, name, read_text)
    return found.strip() or None if found else None


def day(data: Data, name: str) -> date | None:
    """A day, or None.  Raises `Refused`."""
    return _read(data, name, read_day)


def number(data: Data, name: str) -> Decimal | None:
    """A decimal, or None.  Raises `Refused`."""
    return _read(data, name, read_decimal)


def remote_id(value: object, name: str) -> int:
    """Odoo's id, from its text form too.  Raises `Refused`."""
    written = "" if isinstance(value, bool) else str(value)
    if not (written.isascii() and written.isdigit() and len(written) < 16):
        raise Refused("bad_value", f"{name}: expected an id of Odoo, got {show(value)}", field=name)
    return int(written)


def remote_ids(value: object, name: str) -> list[int]:
    """Ids, of one or of a list; none of None.  Raises `Refused`."""
    if value is None:
        return []
    return [remote_id(each, name) for each in (value if isinstance(value, list | tuple) else [value])]


def rows(data: Data, name: str) -> Sequence[Mapping[str, Any]]:
    """Lines, of at least one.  Raises `Refused`."""
    found = data.get(name)
    if not isinstance(found, list | tuple) or not all(isinstance(row, Mapping) for row in found):
        raise Refused("bad_value", f"{name}: expected a list of lines, got {show(found)}", field=name)
    if not found:
        raise Refused("no_lines", "Odoo posts no document without lines", field=name)
    return found


def only(data: Data, types: Types, what: str, own: Collection[str] = ()) -> None:
    """Refuse names that Odoo does not know; `own` are those that this connector reads itself."""
    unknown = sorted(name for name in data if name not in types and name not in own)
    if unknown:
        message = f"Odoo's {what} has no field {unknown[0]}: leave it out of the mapping, or make it there"
        raise Refused("unknown_field", message, field=unknown[0])


def key(intent: Intent) -> str:
    """Our reference.  Raises `Refused` where there is none."""
    if not intent.key:
        raise Refused("bad_key", "a record without a key of ours could not be found again")
    return intent.key


def columns(values: Data, types: Types, prefix: str = "") -> dict[str, str]:
    """Columns of `load` with their cells; links by Odoo's own ids."""
    told: dict[str, str] = {}
    for name, value in values.items():
        if types[name] == "many2one":
            told[f"{prefix}{name}/.id"] = "" if value is None else str(remote_id(value, name))
        elif types[name] == "many2many":
            told[f"{prefix}{name}/.id"] = ",".join(str(id) for id in remote_ids(value, name))
        else:
            told[f"{prefix}{name}"] = _written(cell, value, name)
    return told


def changes(values: Data, types: Types) -> dict[str, Any]:
    """Values of `write`; nothing is `false`."""
    told: dict[str, Any] = {}
    for name, value in values.items():
        if types[name] == "many2one":
            told[name] = False if value is None else remote_id(value, name)
        elif types[name] == "many2many":
            told[name] = [[6, 0, remote_ids(value, name)]]
        elif isinstance(value, Decimal):
            told[name] = value
        else:
            told[name] = _written(wire, value, name)
    return told


def _written(write: Callable[[Any], Any], value: Any, name: str) -> Any:
    if isinstance(value, list | tuple | Mapping):
        raise Refused("bad_value", f"{name}: a list has no place in it", field=name)
    try:
        return write(value)
    except TypeError as error:
        raise Refused("bad_value", f"{name}: {error}", field=name) from None


def _read(data: Data, name: str, reader: Callable[[object], Value]) -> Value | None:
    value = data.get(name)
    if value is None:
        return None
    try:
        return reader(value)
    except ValueError as error:
        raise Refused("bad_value", f"{name}: {error}", field=name) from None
