"""What a mapping looks up outside of itself: ties of ids, and reference tables of other systems.  (shell)

Three forms of a name, the first as ever:

    files.accounts                                our id of a record of the source
    links:tryton.customer                         our id -> the id there;  links:tryton.customer?back  the other way
    live:tryton.account.tax?key=name&value=id     the value of one field of a record there, found by another

A live table is read whole, kept in the store, and read again when it is older than `age_s` seconds (an hour where the
name does not say), or when it lacks what is looked for and has not been read in this run.  Inside of a transaction
nothing is read: the table is noted as out of date, and the next run reads it first.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import parse_qsl

from billsync.connector import Refused, TryLater
from billsync.mapping import Resolve
from billsync.mapping.tables import LINKS, LIVE
from billsync.model.scalar import plain, show
from billsync.stage.world import End, World
from billsync.store import Tx

AGE_S: Final = 3_600
MOST: Final = 50_000
"""Entries of a live table; a larger one is no reference table."""


@dataclass(frozen=True, slots=True)
class Live:
    """A table of another system: `value` by `key` of its records, no older than `age_s` seconds."""

    system: str
    object: str
    key: str
    value: str
    age_s: int = AGE_S


def parse_live(name: str) -> Live:
    """The table that a name stands for.  Raises ValueError."""
    what, _, query = name.removeprefix(LIVE).partition("?")
    system, dot, object = what.partition(".")
    asked = dict(parse_qsl(query, keep_blank_values=True))
    if not (system and dot and object) or not {"key", "value"} <= set(asked) <= {"key", "value", "age_s"}:
        raise ValueError(f"expected live:SYSTEM.OBJECT?key=FIELD&value=FIELD, got {show(name)}")
    age = asked.get("age_s", str(AGE_S))
    if not age.isascii() or not age.isdigit() or len(age) > 9:
        raise ValueError(f"age_s: expected a number of seconds, got {show(age)}")
    return Live(system, object, asked["key"], asked["value"], int(age))


class References:
    """A `Resolve` of mappings: the names above, and all others by `base`.  With `tx` it works inside of that."""

    def __init__(self, world: World, base: Resolve, tx: Tx | None = None) -> None:
        self._world, self._base, self._tx = world, base, tx

    def __call__(self, name: str, id: str) -> str | None:
        """What the name says of the id, or None where it says nothing.  Raises ValueError for a name of no form."""
        if name.startswith(LIVE):
            return self.live(parse_live(name), id)
        if name.startswith(LINKS):
            what, _, how = name.removeprefix(LINKS).partition("?")
            system, _, kind = what.partition(".")
            return self.link(system, kind, id, back=how == "back")
        return self._base(name, id)

    def link(self, system: str, kind: str, id: str, *, back: bool = False) -> str | None:
        """The id there of one of ours, or with `back` our id of one of theirs; None where no tie is known."""
        end = end_of(self._world, system)
        if end is None:
            return None
        if self._tx is not None:
            return _linked(self._tx, end.name, kind, id, back=back)
        with self._world.store.view() as tx:
            return _linked(tx, end.name, kind, id, back=back)

    def live(self, table: Live, id: str) -> str | None:
        """The value by that key in the table, or None where it has none, or more than one."""
        end = end_of(self._world, table.system)
        if end is None:
            return None
        entries = self.entries(end, table)
        if id not in entries and not self._read_now(end, table):
            if self._tx is not None or self._world.store.in_transaction:
                self._note_stale(end, table)
            else:
                entries = self._read(end, table)
        return entries.get(id)

    # ------------------------------------------------------------ tables

    def entries(self, end: End, table: Live) -> dict[str, str]:
        """The table as this run knows it, from the store, or read now where that is too old."""
        kept = self._world.tables.get(_name(end, table))
        if kept is not None:
            return kept[0]
        stored = self._stored(end, table)
        if stored is not None and self._world.now() - stored[1] <= timedelta(seconds=table.age_s):
            self._world.tables[_name(end, table)] = stored
            return stored[0]
        if self._tx is not None or self._world.store.in_transaction:
            return {} if stored is None else stored[0]
        return self._read(end, table, otherwise=stored)

    def _stored(self, end: End, table: Live) -> tuple[dict[str, str], datetime] | None:
        where = (end.name, table.object, table.key, table.value)
        if self._tx is not None:
            return self._tx.live_tables.get(*where)
        with self._world.store.view() as tx:
            return tx.live_tables.get(*where)

    def _read_now(self, end: End, table: Live) -> bool:
        """Whether this run has read the table itself."""
        return _name(end, table) in self._world.read_tables

    def _read(self, end: End, table: Live, otherwise: tuple[dict[str, str], datetime] | None = None) -> dict[str, str]:
        """Read the table and keep it; an older one does where the system is not reached.  Raises `TryLater`."""
        self._world.read_tables.add(_name(end, table))
        try:
            entries = _table(self._world, end, table)
        except TryLater as fault:
            if otherwise is None:
                raise
            self._world.progress.note(f"{end.name}: {table.object} as it was {otherwise[1]:%Y-%m-%d %H:%M}: {fault}")
            entries = otherwise[0]
        else:
            with self._world.store.tx("live-table") as tx:
                tx.live_tables.put(end.name, table.object, table.key, table.value, entries, self._world.now())
        self._world.tables[_name(end, table)] = (entries, self._world.now())
        return entries

    def _note_stale(self, end: End, table: Live) -> None:
        """Have the table read again before the next run plans anything."""
        if self._tx is not None:
            entries = self.entries(end, table)
            self._tx.live_tables.put(end.name, table.object, table.key, table.value, entries, _LONG_AGO)


def warm(world: World, names: Iterable[str] = ()) -> None:
    """Read the live tables of these names, and those that were found out of date, before anything is planned.

    Raises `TryLater` where one was never read and its system is not reached.
    """
    resolver = References(world, lambda _name, _id: None)
    for name in names:
        table = parse_live(name)
        end = end_of(world, table.system)
        if end is not None:
            resolver.entries(end, table)
    for end in (world.source, world.target):
        if end is None:
            continue
        with world.store.view() as tx:
            stale = tx.live_tables.stale(end.name, _LONG_AGO)
        for object, key, value in stale:
            resolver.entries(end, Live(end.name, object, key, value))


def end_of(world: World, system: str) -> End | None:
    """The side of the pipeline that a mapping calls so: by the connection's name, or by its connector's."""
    ends = [end for end in (world.target, world.source) if end is not None]
    named = [end for end in ends if end.name == system]
    return next(iter([*named, *(end for end in ends if end.connector.capabilities.system == system)]), None)


def _linked(tx: Tx, connection: str, kind: str, id: str, *, back: bool) -> str | None:
    if back:
        tie = tx.links.of_kind(connection, kind, [id]).get(id)
        return None if tie is None else tie.our_id
    return tx.outbox.remote_id(connection, kind, id)


def _table(world: World, end: End, table: Live) -> dict[str, str]:
    """Key -> value of the records there; keys that two records share with other values are left out, and told."""
    try:
        found = _values(end, table)
    except Refused as fault:
        world.progress.note(f"{end.name}: {table.object} cannot be looked up: {fault.message}")
        return {}
    if len(found) > MOST:
        world.progress.note(f"{end.name}: {table.object} has more than {MOST:,} records: none is looked up")
        return {}
    doubled = sorted(key for key, values in found.items() if len(values) > 1)
    if doubled:
        more = f", and {len(doubled) - 1} more" if len(doubled) > 1 else ""
        world.progress.note(f"{end.name}: {table.object} has {show(doubled[0])} more than once as {table.key}{more}")
    return {key: values.pop() for key, values in found.items() if len(values) == 1}


def _values(end: End, table: Live) -> dict[str, set[str]]:
    """Key -> the values of records that have it; no more keys than one above `MOST`.  Raises `TryLater`, `Refused`."""
    found: dict[str, set[str]] = {}
    for page in end.connector.read(table.object, None):
        for record in page.records:
            key, value = _text(record.data.get(table.key)), _text(record.data.get(table.value))
            if not record.deleted and key and value:
                found.setdefault(key, set()).add(value)
        if len(found) > MOST:
            break
    return found


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    return "" if value is None or isinstance(value, bool | list | dict) else _plain(value)


def _plain(value: Any) -> str:
    return str(value) if isinstance(value, int) else plain(value)


def _name(end: End, table: Live) -> tuple[str, ...]:
    return end.name, table.object, table.key, table.value


_LONG_AGO: Final = datetime.fromisoformat("1970-01-01T00:00:00+00:00")
"""When a table was read that has to be read again."""
