"""A capability sheet in words, for `connectors show` and for the pages that are made from it.  (pure)"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from billsync.connector import CALLS, CallLimit, Capabilities, RatingSheet, Target, WriteSheet

GUARANTEES: Final = {
    Target.KEY: "A: idempotency key",
    Target.UPSERT: "B: written by our id",
    Target.SEARCH: "C: search for our reference",
    Target.NONE: "D: none",
}
PROMISES: Final = {
    Target.KEY: "the same key again while it lives; then a search",
    Target.UPSERT: "the same write again: one record, always",
    Target.SEARCH: "settle, look, settle, look again; found: adopted; twice absent: sent again",
    Target.NONE: "a person is asked at once",
}
_TAX: Final = {"there": "worked out there, from a code", "ours": "taken as it is sent", None: ""}
_ROUNDS: Final = {"line": "of each line", "rate": "of each rate", "document": "of the document"}
_BATCH: Final = {"apart": "each for itself", "together": "all or none", "none": ""}
_UNITS: Final = ((86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second"))


def title_facts(sheet: Capabilities) -> dict[str, str]:
    """What holds for the system as a whole; "" where it says nothing."""
    decimals = "any" if sheet.money_decimals is None else str(sheet.money_decimals)
    rate = "" if sheet.calls_per_s is None else f"{sheet.calls_per_s:f}"
    return {"tax": _TAX[sheet.tax], "decimals of a unit price": decimals, "requests a second": rate}


def guarantee_rows(sheet: Capabilities) -> list[dict[str, str]]:
    """One row for each kind of record that is written: how safely, by which names."""
    return [_guarantee(object, write) for object, write in sheet.writes.items()]


def _guarantee(object: str, write: WriteSheet) -> dict[str, str]:
    kept = write.key_lifetime_s
    return {
        "object": object,
        "guarantee": GUARANTEES[write.target],
        "our reference": f"{write.reference} (all goes into {write.into})" if write.into else write.reference,
        "key lives": "" if kept is None else duration(kept),
        "settles within": duration(write.settle_s),
        "batch": _batch(write),
        "order": ", ".join(_order(write)),
        "void": _yes(write.voids),
        "files": _yes(write.attaches),
    }


def _yes(flag: bool) -> str:
    return "yes" if flag else "no"


def _batch(write: WriteSheet) -> str:
    if write.batch_max == 1:
        return "1"
    how = _BATCH[write.batch]
    return f"{write.batch_max}, {how}" if how else str(write.batch_max)


def _order(write: WriteSheet) -> Iterator[str]:
    if write.serial:
        yield "one at a time"
    if write.ordered:
        yield "numbers and dates rise"


def duration(seconds: float) -> str:
    """Seconds in the largest unit that divides them: `30 days`, `90 seconds`."""
    size, unit = next((size, unit) for size, unit in _UNITS if (seconds and not seconds % size) or size == 1)
    count = seconds / size
    return f"{count:g} {unit}{'' if count == 1 else 's'}"


# ---------------------------------------------------------------- what it rests on


def detail_rows(sheet: Capabilities) -> list[dict[str, str]]:
    """What else a sheet says of the kinds of record: `objects` that say the same stand together."""
    found: dict[tuple[str, str], list[str]] = {}
    for object, write in sheet.writes.items():
        for what, text in _details(write):
            found.setdefault((what, text), []).append(object)
    return [
        {"what": what, "objects": _whose(names, sheet), "says": text} for (what, text), names in sorted(found.items())
    ]


def _whose(names: list[str], sheet: Capabilities) -> str:
    return "all" if len(names) == len(sheet.writes) and len(names) > 1 else ", ".join(names)


def _details(write: WriteSheet) -> Iterator[tuple[str, str]]:
    if write.key_scope:
        yield "key counts within", write.key_scope
    if write.proofs:
        yield "proves that nothing was done", "; ".join(write.proofs)
    if write.closed_period:
        yield "closed period", write.closed_period
    if write.rating is not None:
        yield "amounts there", _rating(write.rating)


def _rating(rating: RatingSheet) -> str:
    places = rating.unit_price_places
    price = "unit prices as they are sent" if places is None else f"unit prices to {places} decimals"
    return f"lines in `{rating.lines}`, {price}, tax rounded {_ROUNDS[rating.tax_rounding]}"


def read_rows(sheet: Capabilities) -> list[dict[str, Any]]:
    """One row for each kind of record that is read."""
    return [
        {"object": object, "key": read.key, "records a page": read.page_size, "shows all": _yes(read.snapshot)}
        for object, read in sheet.reads.items()
    ]


def call_limit(limit: CallLimit) -> str:
    """One limit of calls: `minute: 60 in any 60 seconds`."""
    what = f"{limit.name}: {limit.calls:,}"
    if limit.kind == "at_once":
        return f"{what} under way"
    of = "" if limit.pool == CALLS else f" of the kind {limit.pool}"
    if limit.kind == "daily":
        return f"{what}{of} a day, counted anew at {limit.resets_at} {limit.zone}"
    how = f"steadily, {limit.burst} at once" if limit.kind == "rate" else ""
    return f"{what}{of} in {'' if limit.kind == 'rate' else 'any '}{duration(limit.within_s)}{', ' if how else ''}{how}"


def lists(sheet: Capabilities) -> dict[str, tuple[str, ...]]:
    """Sentences under a heading; headings without any are left out."""
    budgets = tuple(call_limit(limit) for limit in sheet.budgets)
    named = {
        "Limits": sheet.limits,
        "Calls that are counted": budgets,
        "Not proven": sheet.unproven,
        "Remarks": sheet.notes,
    }
    return {name: texts for name, texts in named.items() if texts}
