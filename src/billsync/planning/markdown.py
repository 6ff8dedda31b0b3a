"""A plan for review in a pull request: totals first, tables, folded details; every value escaped.  (pure)"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Final

from billsync.model.scalar import show
from billsync.planning.document import FieldChange, NewInvoice, Plan, Total, Write

SHOWN: Final = 50
DETAILS: Final = 150
"""Rows of one table, and of a folded one; the rest is only counted: a comment ends after 65,536 characters."""

_SPECIAL: Final = re.compile(r"([\\`*_\[\]!|~:$])")
"""Characters that begin something in Markdown; `:` makes links and emoji, `$` formulas."""

_CALLS: Final = re.compile(r"([@#])")
"""Would call a person or an issue, escaped or not: a comment in between keeps them apart."""


def markdown(plan: Plan) -> str:
    """The plan as GitHub's Markdown."""
    blocks = [
        f"## billsync plan: {_text(plan.pipeline)}, through {plan.through}",
        _summary(plan),
        _table(
            ["system", "what", "create", "update", "adopt", "void", "new amounts"],
            [_total(item) for item in plan.totals],
        ),
        *_parked(plan),
        *_invoices(plan),
        *_systems(plan),
        *_ledger(plan),
        *_rest(plan),
        f"<sub>plan {plan.sha256[:16]}, made {plan.made_at:%Y-%m-%d %H:%M} UTC</sub>",
    ]
    return "\n\n".join(block for block in blocks if block) + "\n"


def _summary(plan: Plan) -> str:
    if not plan.changes:
        return "**Nothing to do:** everything is as it should be."
    made = _count(len(plan.invoices), "new invoice")
    sums: dict[str, Decimal] = {}
    for item in plan.invoices:
        sums[item.currency] = sums.get(item.currency, Decimal(0)) + item.total
    money = f" of {_amounts(sums)}" if sums else ""
    booked = _count(len(plan.bookings), "payment")
    return f"**{_count(len(plan.writes), 'write')}**, {made}{money}, {booked} to book."


def _count(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def _amounts(sums: Mapping[str, Decimal]) -> str:
    return ", ".join(f"{amount:,f} {currency}" for currency, amount in sorted(sums.items()))


def _total(total: Total) -> list[str]:
    counts = (total.creates, total.updates, total.adopts, total.voids)
    return [_text(total.system), _text(total.kind), *(str(count or "") for count in counts), _amounts(total.amounts)]


def _parked(plan: Plan) -> Iterator[str]:
    for name, reason in plan.parked.items():
        yield f"> **Nothing would be sent to {_text(name)}:** {_text(reason)}"


# ---------------------------------------------------------------- documents


def _invoices(plan: Plan) -> Iterator[str]:
    if not plan.invoices:
        return
    yield "### New invoices"
    rows = [
        [_text(i.number), _text(i.name or i.customer), str(i.issued_on), str(i.due_on), str(len(i.lines)), _money(i)]
        for i in plan.invoices
    ]
    yield _table(["number", "customer", "issued", "due", "lines", "total"], rows)
    lines = [
        [_text(i.number), _text(line.deal), _text(line.description or line.product), f"{line.quantity:f}",
         f"{line.unit_amount:f}", f"{line.amount:,f}", f"{line.tax_rate:f}"]
        for i in plan.invoices
        for line in i.lines
    ]  # fmt: skip
    yield _folded("Their lines", ["number", "deal", "what", "quantity", "unit", "amount", "tax rate"], lines)


def _money(item: NewInvoice) -> str:
    return f"{item.total:,f} {item.currency}"


def _systems(plan: Plan) -> Iterator[str]:
    for system in dict.fromkeys(write.system for write in plan.writes):
        mine = [write for write in plan.writes if write.system == system]
        yield f"### Writes to {_text(system)}"
        yield _table(["", "kind", "document", "fields", "total"], [_write(item) for item in mine])
        rows = [[_text(write.document), *_field(item)] for write in mine for item in write.fields]
        yield _folded("Field by field", ["document", "field", "sent last", "will be sent"], rows)


def _write(write: Write) -> list[str]:
    total = f"{write.total:,f} {write.currency}" if write.total is not None else ""
    return [write.action, _text(write.kind), _text(write.document), str(len(write.fields) or ""), total]


def _field(item: FieldChange) -> list[str]:
    return [_text(item.field), _value(item.before), _value(item.after)]


def _value(value: object) -> str:
    return "" if value is None else _text(str(value))


def _ledger(plan: Plan) -> Iterator[str]:
    if plan.bookings:
        yield "### Payments to book"
        rows = [
            [_text(item.payment), str(item.received_on), f"{item.amount:,f} {item.currency}", _settles(item.settles)]
            for item in plan.bookings
        ]
        yield _table(["payment", "received", "amount", "settles"], rows)
    turns = [[_text(item.subject), _text(item.before), _text(item.after)] for item in plan.turns]
    yield _folded(_count(len(turns), "change") + " of state", ["what", "from", "to"], turns)


def _settles(parts: Mapping[str, Decimal]) -> str:
    return ", ".join(f"{_text(number)} {amount:,f}" for number, amount in parts.items())


def _rest(plan: Plan) -> Iterator[str]:
    rows = [[_text(i.system), _text(i.kind), _text(i.document), i.state, _text(i.reason)] for i in plan.pending]
    yield _folded(
        _count(len(rows), "earlier write") + " waiting or stuck", ["system", "kind", "document", "state", "why"], rows
    )
    told = [[item.code, _text(str(item.place)), _text(item.message), _text(item.hint)] for item in plan.problems]
    yield _folded(_count(len(told), "open problem"), ["code", "where", "what", "what to do"], told)


# ---------------------------------------------------------------- pieces


def _table(head: Sequence[str], rows: Sequence[Sequence[str]], shown: int = SHOWN) -> str:
    body = [f"| {' | '.join(row)} |" for row in rows[:shown]]
    more = f"\n\n… and {len(rows) - shown:,} more, in the plan itself" if len(rows) > shown else ""
    return "\n".join([f"| {' | '.join(head)} |", f"|{' --- |' * len(head)}", *body]) + more if body else ""


def _folded(title: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    inside = _table(head, rows, DETAILS)
    return f"<details><summary>{title}</summary>\n\n{inside}\n\n</details>" if inside else ""


def _text(value: str) -> str:
    """The value as it is read, whatever it holds: no markup, no markup of HTML, no line end, nothing invisible."""
    visible = show(value, limit=500)[1:-1]
    plain = visible.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _CALLS.sub(r"\1<!-- -->", _SPECIAL.sub(r"\\\1", plain))
