"""What records look like: keys, types, texts, numbers, and that every way to them shows the same.  (shell)"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from billsync.conformance.bench import CONNECTION, Bench
from billsync.conformance.broken import Broken
from billsync.conformance.copy import Copy, differences
from billsync.conformance.rule import rule
from billsync.conformance.subject import Ability
from billsync.connector import Checkpoint, FieldInfo, Record, TryLater
from billsync.model.scalar import read_day, read_instant
from billsync.strict.record import unfit

STRANGE: Final = (
    "0012", "1E5", "1_000", "12.10", "+49 30 123", "NaN", "None", "null", "true", "NO", "2026-02-30", "=1+1",
    "\U0001f9fe Rechnung \U0001f468\u200d\U0001f469\u200d\U0001f467", "\U0001d4b3 astral", "Caf\u00e9", "Cafe\u0301",
    "\u0645\u0631\u062d\u0628\u0627 12,50", "\u202eabc\u202c", "\u05e9\u05dc\u05d5\u05dd", "\ud55c\uae00",
    "a,b;c\td|e", "\"quoted\" 'single' `back`", "line\nbreak", "<b>&amp;</b>", "\\n \\u0041 %s {x}",
    "O'Brien; DROP TABLE deals;--",
)  # fmt: skip
"""Texts that others have read as something else: numbers, nothing, two fields, half a character."""

_DISTURBED: Final = 4
"""Pages after which people rest, so that a read can end."""

NUMBERS: Final = tuple(
    Decimal(text) for text in ("0.10", "19.99", "-0.01", "0.07", "1.15", "1000000.00", "12345678901234.56", "0.00")
)
"""Amounts that a float does not hold, or shows as something else."""


@rule(every=True, costs="a mapping is checked against fields that are not there, and finds out on the first invoice",
      needs=(Ability.DESCRIBE,))  # fmt: skip
def described(bench: Bench) -> None:
    """Every field that is delivered is described, with a type that fits its values.

    A few records are read and compared with `describe`: names, and values that can be of the type that is told.  Only
    a schema that says it is open may have more fields.
    """
    bench.fill(bench.page + 1)
    connector, copy = bench.open(), Copy()
    schema = connector.describe(bench.object)
    fields = {field.name: field for field in schema.fields}
    if schema.object != bench.object or len(fields) != len(schema.fields):
        raise Broken(f"`describe` tells of {schema.object}, {len(schema.fields)} fields with {len(fields)} names")
    bench.sound(copy, connector)
    for record in copy.live.values():
        strange = [] if schema.open else sorted(set(record.data) - set(fields))
        if strange:
            raise Broken(f"{record.id} has the field {strange[0]}, which `describe` does not tell")
        _typed(record, fields)


def _typed(record: Record, fields: Mapping[str, FieldInfo]) -> None:
    for name, value in record.data.items():
        fits = _FITS.get(fields[name].type) if name in fields and value is not None and value != "" else None
        if fits is not None and not fits(value):
            told, got = fields[name].type, ascii(value)[:80]
            raise Broken(f"the field {name} of {record.id} is told to be {told} and holds {got}")


def _reads_as(reader: Callable[[Any], object]) -> Callable[[Any], bool]:
    def fits(value: Any) -> bool:
        try:
            reader(value)
        except (ValueError, InvalidOperation):
            return False
        return True

    return fits


def _decimal(value: Any) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | str | Decimal):
        raise ValueError
    return Decimal(value)


def _day(value: Any) -> date:
    return value if isinstance(value, date) else read_day(str(value)[:10])


def _instant(value: Any) -> object:
    return value if isinstance(value, date) else read_instant(value)


_FITS: Final[Mapping[str, Callable[[Any], bool]]] = {
    **dict.fromkeys(("text", "string"), lambda value: isinstance(value, str)),
    **dict.fromkeys(("number", "amount", "decimal", "integer", "currency", "double", "percent"), _reads_as(_decimal)),
    **dict.fromkeys(("bool", "boolean"), lambda value: isinstance(value, bool) or value in ("true", "false")),
    **dict.fromkeys(("day", "date"), _reads_as(_day)),
    **dict.fromkeys(("instant", "datetime"), _reads_as(_instant)),
    **dict.fromkeys(("lines", "list"), lambda value: isinstance(value, list | tuple)),
    "mapping": lambda value: isinstance(value, Mapping),
}  # fmt: skip
"""Type -> whether a value is one; other types are a system's own words, and anything fits."""


@rule(every=True, costs="a record is stored under another's id, or twice: a customer gets another one's invoice")
def keys(bench: Bench) -> None:
    """One record has one id, which is its key there, and nothing changes between two looks at it.

    Several pages are read twice: ids are texts, none stands for two contents, each is what the field holds that the
    capabilities name as key, and places lead to it.
    """
    bench.fill(2 * bench.page + 1)
    connector, seen = bench.open(), dict[str, Record]()
    sheet = connector.capabilities.reads.get(bench.object)
    if sheet is None:
        raise Broken(f"the capabilities name no {bench.object} among what is read")
    for _ in range(2):
        for page in connector.read(bench.object, None):
            for record in page.records:
                _keyed(record, bench.object, sheet.key)
                before = seen.setdefault(record.id, record)
                if before.data != record.data:
                    raise Broken(f"{record.id} was shown with two contents though nothing changed")


def _keyed(record: Record, object: str, key: str) -> None:
    if record.object != object:
        raise Broken(f"a read of {object} brought a record of {record.object}")
    found = unfit(record.id, {})
    if found is not None:
        raise Broken(f"a record has the id {record.id!r}: {found.message}")
    if not record.deleted and key and str(record.data.get(key)) != record.id:
        raise Broken(f"the record {record.id} has {ascii(record.data.get(key))[:80]} in {key}, its key")
    if record.place.system != CONNECTION and record.place.file is None:
        raise Broken(f"the place of {record.id} names the system {record.place.system!r}, not the connection")


@rule(every=True, costs="an amount is off by a cent, or a record cannot be stored at all")
def values(bench: Bench) -> None:
    """Records hold text, int, Decimal, bool, days, instants, lists and mappings; nothing else, and never a float.

    Several pages are read, and every value in them is looked at, however deep.
    """
    bench.fill(bench.page + 2)
    copy = Copy()
    bench.sound(copy)
    for record in copy.live.values():
        found = unfit(record.id, record.data)
        if found is not None:
            raise Broken(f"{record.id}: {found.message} (field {found.field or 'unknown'})")


@rule(costs="12345678901234.56 becomes 12345678901234.559: the invoice is not what was agreed", needs=(Ability.NUMBER,))
def decimals(bench: Bench) -> None:
    """Numbers arrive to the last digit.

    Amounts that a float cannot hold are written there and read back.
    """
    _kept(bench, [{**bench.fields(), bench.kind.number: number} for number in NUMBERS])


@rule(costs="product 0012 becomes 10 and 1E5 becomes 100000: lines find no product, or the wrong one")
def texts(bench: Bench) -> None:
    """Text stays text, character by character.

    Leading zeros, texts that look like numbers, dates, booleans or nothing, emoji, right-to-left text, combining
    characters, quotes and line breaks are written there and read back.
    """
    _kept(bench, [bench.fields(text) for text in STRANGE])


def _kept(bench: Bench, rows: list[Any]) -> None:
    for row in rows:
        bench.subject.create(bench.object, row)
    bench.subject.settle()
    copy = Copy()
    bench.sound(copy)
    for id, record in copy.live.items():
        found = next(_floats(record.data), None)
        if found is not None:
            raise Broken(f"{id} holds the float {found!r}")
    bench.compare(copy, "after a full read")


def _floats(value: Any) -> Iterator[Any]:
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, list | tuple):
        for item in value:
            yield from _floats(item)
    elif type(value).__name__ == "float":
        yield value


@rule(costs="one bad character stops all reading of a CRM, for days", needs=(Ability.NUL,))
def nul(bench: Bench) -> None:
    """A text with NUL spoils its own record and no other.

    One of several records gets a NUL; after billsync's own pull into a store, all others stand in it, and the one is
    there or told as a problem.
    """
    bench.fill(bench.page)
    spoilt = bench.subject.create(bench.object, bench.fields("a\0b"))
    bench.fill(bench.page)
    truth = bench.subject.truth(bench.object)
    with bench.store() as store:
        problems = bench.pull(store, "nul")
        shown = bench.stored(store, "nul")
    others = {id: fields for id, fields in truth.items() if id != spoilt}
    found = differences(others, {id: data for id, data in shown.items() if id != spoilt})
    if found:
        raise Broken(f"one record holds NUL, and of the others {found}")
    if spoilt not in shown and not problems:
        raise Broken("the record with NUL is missing, and no problem says so")


@rule(every=True, costs="a new customer's first sync fails, or the first record that they make is never seen")
def empty(bench: Bench) -> None:
    """Where there are no records, a read ends soundly, and what is made afterwards is found.

    An empty kind of record is read, then one record is made and read from where the first read ended.
    """
    copy = Copy()
    bench.sound(copy)
    bench.compare(copy, "with no records there")
    bench.fill(1)
    bench.sound(copy)
    bench.compare(copy, "after the first record was made")


@rule(every=True, costs="what billsync looks up again differs from what it read: records count as changed for ever",
      needs=(Ability.FETCH,))  # fmt: skip
def fetched(bench: Bench) -> None:
    """`fetch` shows a record exactly as `read` does, and leaves out what is not there.

    All ids are fetched, some twice, then ids that never were, none at all, and a deleted one.
    """
    ids = bench.fill(2 * bench.page + 1)
    connector, copy = bench.open(), Copy()
    bench.sound(copy, connector)
    got = {record.id: record for record in connector.fetch(bench.object, [*sorted(copy.live), *sorted(copy.live)[:2]])}
    for id, record in copy.live.items():
        if id not in got:
            raise Broken(f"{id} is read, and not there for `fetch`")
        if (got[id].data, got[id].object) != (record.data, record.object):
            raise Broken(f"{id} differs: {differences({id: record.data}, {id: got[id].data}) or 'it has more fields'}")
    if connector.fetch(bench.object, []):
        raise Broken("`fetch` of no ids brings records")
    if bench.can(Ability.DELETE):
        bench.subject.delete(bench.object, ids[0])
        bench.subject.settle()
        if any(record.id == ids[0] and not record.deleted for record in connector.fetch(bench.object, ids[:2])):
            raise Broken(f"{ids[0]} was deleted, and `fetch` still shows it as there")


@rule(every=True, costs="a half read counts as a whole one: customers who are still there are deleted, contracts end")
def snapshots(bench: Bench) -> None:
    """A read that says that it showed every live record did show every live record.

    Several pages are read: in peace, with records made and changed between pages, and on from a checkpoint.  Every
    record that was there from the beginning to the end must have been shown where a page says `snapshot`; and only
    the last page may say that, or `complete`.
    """
    bench.fill(3 * bench.page + 1)
    checkpoint = _claimed(bench, None, disturb=False)
    for since in (None, checkpoint):
        with suppress(TryLater):
            _claimed(bench, since, disturb=True)


def _claimed(bench: Bench, since: Checkpoint | None, *, disturb: bool) -> Checkpoint | None:
    """Read to the end and compare what pages claim with what is there; the last checkpoint."""
    before = set(bench.subject.truth(bench.object))
    seen: set[str] = set()
    ended = False
    for number, page in enumerate(bench.open().read(bench.object, since)):
        seen.update(record.id for record in page.records if not record.deleted)
        missing = sorted(before - seen)
        if ended:
            raise Broken("a page came after one that says `snapshot` or `complete`, which the last one alone may")
        ended = page.snapshot or page.complete
        if page.snapshot and missing and not page.problems:
            raise Broken(f"a page says `snapshot`, and {len(missing)} live records were not shown: {missing[:4]}")
        since = page.checkpoint
        if disturb and number < _DISTURBED:
            bench.fill(1)
            bench.edit(min(before))
    return since
