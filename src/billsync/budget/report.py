"""What one process did since it asked the shared budget last: calls made and not, and what answers said.  (pure)"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from billsync.budget.sharing import Ask, Heard
from billsync.connector import Said


@dataclass(slots=True)
class Report:
    """Not told yet.

    Attributes:
        back: calls that were granted and not made: pool, how many, and when they were granted.
        owed: calls by pool that were made and not granted.
        said: by limit, what the system said last, and when.
    """

    back: list[tuple[str, int, datetime]] = field(default_factory=list)
    owed: dict[str, int] = field(default_factory=dict)
    said: dict[str, tuple[Said, datetime]] = field(default_factory=dict)

    def owe(self, pool: str, count: int) -> None:
        """Calls were made that were not granted."""
        self.owed[pool] = self.owed.get(pool, 0) + count

    def used(self, limit: str, count: int) -> None:
        """Calls were made since the system said what is left of a limit: it is so many less."""
        if limit in self.said and (left := self.said[limit][0].remaining) is not None:
            said, at = self.said[limit]
            self.said[limit] = (replace(said, remaining=max(0, left - count)), at)

    def give_back(self, pool: str, count: int, granted_at: datetime) -> None:
        """Calls were granted that are not made."""
        if count:
            self.back.append((pool, count, granted_at))

    def hear(self, said: Said, at: datetime) -> None:
        """The system said something."""
        self.said[said.limit] = (said, at)

    def with_what(self, later: Report) -> Report:
        """This one and a later one in one."""
        made = Report([*self.back, *later.back], {**self.owed}, {**self.said, **later.said})
        for pool, count in later.owed.items():
            made.owe(pool, count)
        return made

    def told(self, ask: Ask, now: datetime) -> Ask:
        """The question with this report."""
        heard = tuple(Heard(said, _ago_us(at, now)) for said, at in self.said.values())
        back = tuple((pool, count, _ago_us(at, now)) for pool, count, at in self.back)
        return replace(ask, back=back, owed=self.owed, heard=heard)


def _ago_us(at: datetime, now: datetime) -> int:
    return max(0, (now - at) // timedelta(microseconds=1))
