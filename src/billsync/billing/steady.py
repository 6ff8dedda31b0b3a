"""Contracts whose later charges do not depend on what was billed before: they need not be worked out anew.  (pure)

Billing works a contract out from its first day, so that it costs more with each period.  Where all that stands is as
it comes out, and nothing that came since reaches back into it, what is due from a day on is the same without the rest;
`tests/billing/test_steady.py` compares the two.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

from billsync.billing.calendar import first_due
from billsync.billing.line import Line, resolve
from billsync.billing.timeline import ZoneHistory
from billsync.billing.usage import used_of
from billsync.model.contract import Contract
from billsync.model.usage import UsageEvent


def goes_on(contract: Contract) -> bool:
    """Whether each period of the contract is billed by itself.

    Amendments repair what was billed, commitments count fees of other lines, thresholds bill inside of a period.
    """
    interim = any(line.threshold is not None for line in contract.lines)
    return not (contract.amendments or contract.commitments or interim)


def opens_on(contract: Contract, since: date) -> tuple[tuple[str, date], ...]:
    """Meter and first day of what is not billed yet, a pair for each metered line, where all due before `since` is."""
    metered = (line for line in contract.lines if line.model == "usage")
    return tuple((line.meter or "", _open(resolve(contract, line), since)) for line in metered)


def _open(line: Line, since: date) -> date:
    """A line that has ended may still be told of usage late."""
    portion = first_due(line, since)
    return since if portion is None else portion.first_day


def reaches_back(usage: Sequence[UsageEvent], opens: Iterable[tuple[str, date]], zone: str) -> bool:
    """Whether something was used before the day on which its line opens, and was told only then or later."""
    if not usage:
        return False
    known = used_of(usage, ZoneHistory(zone))
    return any(used.day < day <= used.known_on for meter, day in opens for used in known.get(meter, ()))
