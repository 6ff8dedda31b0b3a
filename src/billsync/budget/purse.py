"""What one connector pays its calls from: it knows their price, what they are for, and what answers say.  (shell)"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Final

from billsync.budget.account import Account
from billsync.connector import CALLS, CallLimit, Connector, Said, Urgency

_BUSY: Final = frozenset({429, 503})
"""Answers whose Retry-After is meant for everybody."""


class Purse:
    """The `Calls` of one connector, which belongs to one thread.

    Attributes:
        made: calls so far.
    """

    def __init__(self, account: Account) -> None:
        self._account = account
        self._connector: Connector | None = None
        self._urgency, self._sends = Urgency.READ, False
        self.made = 0

    def belong(self, connector: Connector, plan: Sequence[CallLimit], share: Decimal) -> None:
        """The connector whose calls are paid, which says what they cost; `share` is our part of what it may make."""
        self._connector = connector
        connector.calls = self
        self._account.limit(plan, share)

    def begin(self, method: str, path: str, *, write: bool) -> None:
        """Wait and pay.  Raises `TryLater`."""
        price = {CALLS: 1} if self._connector is None else self._connector.price(method, path)
        self._account.pay(price, self._urgency, waits=not write and not self._sends)
        self.made += 1

    def end(self, status: int | None, headers: Mapping[str, str], after_s: int | None) -> None:
        """What the answer says of limits counts for all."""
        said: list[Said] = []
        if status is not None and self._connector is not None:
            said += self._connector.allowance(status, headers)
        if status in _BUSY and after_s:
            said.append(Said(hold_s=after_s))
        self._account.over(said)

    def press(self, urgency: Urgency) -> None:
        """What the calls from now on are for."""
        self._urgency, self._sends = urgency, False

    def sending(self) -> None:
        """What the connector does from now on was paid ahead."""
        self._sends = True

    def ahead(self, count: int, urgency: Urgency) -> datetime | None:
        """Wait until so many may be written, and pay for it."""
        self._urgency, self._sends = urgency, True
        return self._account.ahead(count, urgency)

    def held_until(self) -> datetime | None:
        """The instant before which nobody may call, or None."""
        return self._account.held_until()

    def lasts_s(self, count: int) -> float:
        """Seconds that so many more calls take at this budget."""
        return self._account.lasts_s(count, self._urgency)

    @property
    def limited(self) -> bool:
        """Whether calls may have to wait."""
        return self._account.limited
