"""How many calls a connection may make, in place of what its connector says.  (pure)"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from pydantic import Field

from billsync.connector import CallLimit
from billsync.model.base import Noun, Number, Text, Zone

_MINUTE_S, _DAY_S = 60, 86_400


class CallSettings(Noun):
    """What stands under `calls:` of a connection: limits for all processes together (docs/how-to/call-budgets.md).

    Attributes:
        per_s: calls a second, steadily; burst: calls that may go out at once.
        per_minute: most calls in any minute.
        per_day: most calls a day.
        day_begins: when the day's calls are counted anew, `HH:MM`; None: at no hour, but in any 24 hours.
        zone: where that is the time of day.
        at_once: most calls under way at the same time.
        share: the part of all limits that billsync may use; the rest is left to other programs.
    """

    per_s: Number | None = Field(default=None, gt=0, le=10_000)
    burst: int | None = Field(default=None, ge=1, le=10_000)
    per_minute: int | None = Field(default=None, ge=1)
    per_day: int | None = Field(default=None, ge=1)
    day_begins: Text | None = Field(default=None, pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")
    zone: Zone = "UTC"
    at_once: int | None = Field(default=None, ge=1, le=1_000)
    share: Number = Field(default=Decimal(1), gt=0, le=1)

    def limits(self) -> list[CallLimit]:
        """The limits that are named here."""
        found: list[CallLimit] = []
        if self.per_s is not None:
            found.append(rate(self.per_s, self.burst))
        if self.per_minute is not None:
            found.append(CallLimit(name="minute", calls=self.per_minute, within_s=_MINUTE_S))
        if self.per_day is not None and self.day_begins is None:
            found.append(CallLimit(name="day", calls=self.per_day, within_s=_DAY_S))
        elif self.per_day is not None and self.day_begins is not None:
            begins, zone = self.day_begins, self.zone
            found.append(
                CallLimit(name="day", calls=self.per_day, kind="daily", within_s=_DAY_S, resets_at=begins, zone=zone)
            )
        if self.at_once is not None:
            found.append(CallLimit(name="at_once", calls=self.at_once, kind="at_once"))
        return found


def rate(per_s: Decimal, burst: int | None) -> CallLimit:
    """So many calls a second, steadily; a burst of one second's calls where none is given."""
    exact = Fraction(per_s).limit_denominator(_DAY_S)
    calls, within_s = (exact.numerator, exact.denominator) if exact else (1, _DAY_S)
    return CallLimit(name="second", calls=calls, kind="rate", within_s=within_s, burst=burst or max(1, int(per_s)))
