"""A plan against the same run rehearsed again: what would be done otherwise.  (pure)"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from billsync.model.base import Noun
from billsync.model.delivery import STUCK
from billsync.planning.document import Booking, NewInvoice, Plan, Turn, Write

NOTHING: Final = "nothing"
_STUCK: Final = frozenset(str(state) for state in STUCK)


@dataclass(frozen=True, slots=True)
class Difference:
    """One change that would not be what the plan says.

    Attributes:
        what: the change, such as `create customer acme in erp`.
        planned, now: in words; "nothing" where there is no such change.
    """

    what: str
    planned: str
    now: str


def differences(plan: Plan, now: Plan, *, begun: bool = False) -> list[Difference]:
    """Where the changes of now are not those of the plan; nothing where each is the same.

    `begun` where a part of the plan was carried out before: what is missing then is done, and a write that is planned
    may find its record there already.
    """
    found = _settings(plan, now)
    found += _of_writes(plan, now, begun=begun)
    found += _by_name(_named_invoices(plan), _named_invoices(now), begun=begun)
    found += _by_name(_named_bookings(plan), _named_bookings(now), begun=begun)
    found += _of_turns(plan.turns, now.turns, begun=begun)
    return found


def allowed(plan: Plan) -> frozenset[tuple[str, str]]:
    """Key and digest of every delivery that may go out by the plan: what it writes, and what it says is still due."""
    due = {(item.key, item.sha256) for item in plan.pending if item.state not in _STUCK}
    return frozenset(due | {(item.key, item.sha256) for item in plan.writes})


def _settings(plan: Plan, now: Plan) -> list[Difference]:
    return [
        Difference(
            f"the settings of the connection {name}", _short(plan.connections, name), _short(now.connections, name)
        )
        for name in sorted(plan.connections.keys() | now.connections.keys())
        if plan.connections.get(name) != now.connections.get(name)
    ]


def _short(digests: Mapping[str, str], name: str) -> str:
    return digests[name][:12] if name in digests else NOTHING


# ---------------------------------------------------------------- writes


def _of_writes(plan: Plan, now: Plan, *, begun: bool) -> list[Difference]:
    planned = {write.key: write for write in plan.writes}
    due = allowed(plan)
    found = []
    for write in now.writes:
        was = planned.pop(write.key, None)
        same = was is not None and (_essence(was) == _essence(write) or (begun and was.sha256 == write.sha256))
        if not same and (was is not None or (write.key, write.sha256) not in due):
            found.append(Difference(title(write), _content(was, write), _content(write, was)))
    if not begun:
        found += [Difference(title(was), _content(was, None), NOTHING) for was in planned.values()]
    return found


def _essence(write: Write) -> tuple[object, ...]:
    return write.action, write.remote_id, write.sha256


def title(write: Write) -> str:
    """The write in words."""
    return f"{write.action} {write.kind} {write.document} in {write.system}"


def _content(write: Write | None, other: Write | None) -> str:
    """What the write says, where it differs from the other."""
    if write is None:
        return NOTHING
    if other is None:
        return f"{write.total} {write.currency}" if write.total is not None else f"{len(write.fields)} fields"
    if write.action != other.action or write.remote_id != other.remote_id:
        return f"{write.action} {write.remote_id or 'a new record'}"
    mine = {item.field: item.after for item in write.fields}
    theirs = {item.field: item.after for item in other.fields}
    differing = [name for name in {**mine, **theirs} if mine.get(name) != theirs.get(name)]
    return "; ".join(f"{name}: {mine.get(name)}" for name in differing[:5]) or write.sha256[:12]


# ---------------------------------------------------------------- the ledger


def _by_name(
    planned: Mapping[str, tuple[Noun, str]], now: Mapping[str, tuple[Noun, str]], *, begun: bool
) -> list[Difference]:
    names = [*now, *(() if begun else (name for name in planned if name not in now))]
    return [
        Difference(name, planned.get(name, (None, NOTHING))[1], now.get(name, (None, NOTHING))[1])
        for name in names
        if planned.get(name) != now.get(name)
    ]


def _named_invoices(plan: Plan) -> dict[str, tuple[Noun, str]]:
    return {f"make invoice {item.number}": (item, _invoice(item)) for item in plan.invoices}


def _invoice(item: NewInvoice) -> str:
    return f"{item.total} {item.currency} for {item.customer}, {len(item.lines)} lines, {item.sha256[:12]}"


def _named_bookings(plan: Plan) -> dict[str, tuple[Noun, str]]:
    return {f"book payment {item.payment}": (item, _booking(item)) for item in plan.bookings}


def _booking(item: Booking) -> str:
    return f"{item.amount} {item.currency} for {', '.join(item.settles) or 'no invoice'}"


def _of_turns(planned: Sequence[Turn], now: Sequence[Turn], *, begun: bool) -> list[Difference]:
    if begun:  # a note may name a record that was still to be made when the plan was
        planned, now = [_plain(item) for item in planned], [_plain(item) for item in now]
    was, is_ = Counter(planned), Counter(now)
    found = [Difference(item.subject, NOTHING, _turn(item)) for item in (is_ - was)]
    return found + ([] if begun else [Difference(item.subject, _turn(item), NOTHING) for item in (was - is_)])


def _plain(item: Turn) -> Turn:
    return item.model_copy(update={"note": ""})


def _turn(item: Turn) -> str:
    return f"{item.before} to {item.after}" + (f" ({item.note})" if item.note else "")
