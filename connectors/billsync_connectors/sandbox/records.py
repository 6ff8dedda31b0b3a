"""Records of the sandbox in the port's words.  (pure)"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from billsync.connector import (
    Applied,
    Expectation,
    Intent,
    Mismatch,
    Outcome,
    Record,
    Standing,
    Unclear,
    Unfinished,
    differences,
)
from billsync.model.problem import Place
from billsync.model.scalar import read_day, read_decimal, show

_HOUSEKEEPING: Final = frozenset({"version", "updated", "deleted"})
"""Left out of what is read: they change with every write, ours among them."""
BILLING: Final = "billing"
"""The field that billsync itself writes into deals."""


def record_of(system: str, object: str, row: Mapping[str, Any], *, echoes: bool = False) -> Record:
    """A record as it is read, with what we wrote into it where it `echoes`.  Raises ValueError where it has no id."""
    id = id_of(row)
    gone = row.get("deleted") is True
    out = _HOUSEKEEPING if echoes else _HOUSEKEEPING | {BILLING}
    data = {} if gone else {name: value for name, value in row.items() if name not in out}
    return Record(object, id, data, Place(system=system, object=object, id=id), deleted=gone)


def id_of(row: Mapping[str, Any]) -> str:
    """The record's id.  Raises ValueError."""
    id = row.get("id")
    if not isinstance(id, str) or not id:
        raise ValueError("a record without an id")
    return id


def echo(row: Mapping[str, Any]) -> dict[str, Any]:
    """What a document shows, by the port's names.  Raises ValueError."""
    lines = row.get("lines")
    return {
        "total": _amount(row.get("total", row.get("amount"))),
        "tax": _amount(row.get("tax")),
        "currency": row.get("currency"),
        "lines": len(lines) if isinstance(lines, list) else None,
        "number": row.get("number"),
        "state": row.get("state"),
    }


def judged(intent: Intent, row: Mapping[str, Any]) -> Outcome:
    """What the record in an answer means for the intent that it answers."""
    try:
        id, shown = id_of(row), echo(row)
    except ValueError as error:
        return Unclear("no_id", f"the answer for {intent.key} cannot be used: {error}")
    if row.get("reference") != intent.key:
        message = f"{intent.object} {id} carries the reference {show(row.get('reference'))}, not {intent.key}"
        return Mismatch(id, message, shown)
    if differing := differences(_expected(intent), shown):
        return Mismatch(id, f"{intent.object} {id} for {intent.key}: {differing}", shown)
    if row.get("state") == "draft":
        return Unfinished(id, "draft", f"{intent.object} {id} is a draft")
    return Applied(id, shown)


def _expected(intent: Intent) -> Expectation | None:
    """Money that is booked shows what was sent, also where the engine says nothing of it."""
    if intent.expect is not None or "amount" not in intent.payload:
        return intent.expect
    return Expectation(total=_amount(intent.payload["amount"]), currency=intent.payload.get("currency"))


def standing_of(object: str, row: Mapping[str, Any]) -> Standing:
    """A document as it stands.  Raises ValueError."""
    total = _amount(row.get("total", row.get("amount")))
    if total is None:
        raise ValueError("a document without an amount")
    invoice, lines = object == "invoice", row.get("lines")
    due = row.get("due_date")
    return Standing(
        id=id_of(row),
        reference=str(row.get("reference") or ""),
        currency=str(row.get("currency")),
        total=total,
        number=row.get("number") or None,
        customer=row.get("customer"),
        applies_to=None if invoice else str(row.get("invoice_reference") or ""),
        tax=_amount(row.get("tax")),
        open=_amount(row.get("open")),
        on=read_day(row.get("date")),
        due_on=read_day(due) if due else None,
        lines=len(lines) if isinstance(lines, list) else None,
        state=row.get("state"),
    )


def told_of(row: Mapping[str, Any]) -> Standing | None:
    """What a deal shows of its invoices; None where nothing, or nothing that can be read, was told of them."""
    told = row.get("billing")
    try:
        if not isinstance(told, Mapping):
            return None
        return Standing(
            id=id_of(row),
            reference=id_of(row),
            currency=str(told.get("currency")),
            total=read_decimal(told.get("amount")),
            on=read_day(told.get("issued_on")),
            due_on=read_day(told.get("due_on")),
            state=told.get("state"),
        )
    except ValueError:
        return None


def same(wanted: Any, there: Any) -> bool:
    """Whether what is wanted stands there already; fields that are not spoken of may be anything."""
    if isinstance(wanted, Mapping):
        return isinstance(there, Mapping) and all(same(value, there.get(name)) for name, value in wanted.items())
    if isinstance(wanted, Sequence) and not isinstance(wanted, str):
        both = isinstance(there, list) and len(there) == len(wanted)
        return both and all(same(mine, theirs) for mine, theirs in zip(wanted, there, strict=True))
    try:
        return read_decimal(wanted) == read_decimal(there)
    except ValueError:
        return wanted == there if wanted is None or isinstance(wanted, bool) else str(wanted) == str(there)


def _amount(value: Any) -> Decimal | None:
    return None if value is None else read_decimal(value)
