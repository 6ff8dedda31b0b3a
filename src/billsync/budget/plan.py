"""The limits that hold for a connection: what its connector says, and what its settings say otherwise.  (pure)"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from math import floor

from billsync.connector import CallLimit, Capabilities
from billsync.settings.calls import CallSettings, rate


def plan(sheet: Capabilities, own: CallSettings, *, stand_in: bool = False) -> tuple[CallLimit, ...]:
    """The connection's limits, each with billsync's share of it; a stand-in has not those of the system itself."""
    found = {limit.name: limit for limit in (() if stand_in else sheet.budgets)}
    if sheet.calls_per_s is not None and "second" not in found:
        found["second"] = rate(sheet.calls_per_s, None)
    found |= {limit.name: limit for limit in own.limits()}
    if own.burst is not None and own.per_s is None and "second" in found:
        found["second"] = found["second"].model_copy(update={"burst": own.burst})
    return tuple(shared(limit, own.share) for limit in found.values())


def shared(limit: CallLimit, share: Decimal) -> CallLimit:
    """A part of a limit, one call at least; a rate that is too small for a whole call takes longer for one."""
    if share == 1:
        return limit
    if limit.kind == "rate":
        part = rate(Decimal(limit.calls) * share / limit.within_s, max(1, floor(limit.burst * share)))
        return limit.model_copy(update={name: getattr(part, name) for name in ("calls", "within_s", "burst")})
    return limit.model_copy(update={"calls": part_of(limit.calls, share)})


def part_of(calls: int, share: Decimal) -> int:
    """Our part of so many calls, one at least."""
    return max(1, floor(calls * share))


def counts(plan: Sequence[CallLimit], pool: str) -> bool:
    """Whether anything limits the calls of a pool."""
    return any(limit.pool == pool and limit.kind != "at_once" for limit in plan)
