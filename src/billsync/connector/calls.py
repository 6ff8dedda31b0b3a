"""How many calls a system takes, what a call costs, and who pays for it.  (pure)"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from typing import Literal, Protocol

from pydantic import Field

from billsync.model.base import Id, Noun, Text

CALLS = "calls"
"""The pool of calls that every limit is about which names no other."""


class Urgency(IntEnum):
    """What a call is for; the smaller comes first where not all can be made."""

    PAYMENT = 0
    INVOICE = 1
    STATUS = 2
    READ = 3
    BACKFILL = 4


class CallLimit(Noun):
    """How many calls a system takes, from all processes together.

    Attributes:
        name: `second`, `minute`, `day` and `at_once` are what a connection's `calls:` may say otherwise; others are the
            system's own.
        calls: how many in the span; of `at_once`, how many may be under way.
        kind: `rate`: they come back steadily, `calls` in `within_s`, and `burst` may go out at once; `rolling`: never
            more than `calls` in any span of `within_s`; `daily`: counted anew every day; `at_once`.
        within_s: seconds.
        burst: of `rate`.
        pool: the calls that are counted (`Connector.price`).
        resets_at, zone: of `daily`: the time of day, `HH:MM`, and where.
    """

    name: Id
    calls: int = Field(ge=1)
    kind: Literal["rate", "rolling", "daily", "at_once"] = "rolling"
    within_s: int = Field(default=1, ge=1, le=31 * 86_400)
    burst: int = Field(default=1, ge=1)
    pool: Id = CALLS
    resets_at: Text = Field(default="00:00", pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")
    zone: Text = "UTC"


@dataclass(frozen=True, slots=True)
class Said:
    """What an answer says of a limit; other programs use it up too.

    Attributes:
        limit: the limit's name; "" for the connection as a whole.
        remaining: calls that are left, or None.
        most: how many the system takes, where that is fewer than we know; or None.
        hold_s: seconds in which it wants no call at all, or None.
    """

    limit: str = ""
    remaining: int | None = None
    most: int | None = None
    hold_s: int | None = None


class Calls(Protocol):
    """Who pays for a connector's calls; a connector hands it to its `wire.Client` and does nothing else with it."""

    def begin(self, method: str, path: str, *, write: bool) -> None:
        """A request is about to be made.  A read waits until it may be; a write never waits, it only pays.

        Raises `TryLater` where a read would have to wait too long.
        """

    def end(self, status: int | None, headers: Mapping[str, str], after_s: int | None) -> None:
        """The request is over: its status (None: no answer), headers by names in lower case, and its Retry-After."""

    def press(self, urgency: Urgency) -> None:
        """What the calls from now on are for; nothing is being sent."""

    def ahead(self, count: int, urgency: Urgency) -> datetime | None:
        """Before writes are claimed: wait until so many may go out; their calls are paid and do not wait any more.

        None where they may go out, else the instant before which they may not.
        """

    def sending(self) -> None:
        """What the connector does from now on was paid `ahead` by another one: it never waits."""

    def held_until(self) -> datetime | None:
        """The instant before which nobody may call the system, or None."""

    def lasts_s(self, count: int) -> float:
        """Seconds that so many more calls of the present urgency take at this budget; 0 where nothing limits them."""

    @property
    def made(self) -> int:
        """Calls that were made so far."""

    @property
    def limited(self) -> bool:
        """Whether calls may have to wait for their turn."""


class Free:
    """Nobody counts."""

    def begin(self, method: str, path: str, *, write: bool) -> None:
        """Nothing."""

    def end(self, status: int | None, headers: Mapping[str, str], after_s: int | None) -> None:
        """Nothing."""

    def press(self, urgency: Urgency) -> None:
        """Nothing."""

    def ahead(self, count: int, urgency: Urgency) -> datetime | None:
        """They may."""

    def sending(self) -> None:
        """Nothing."""

    def held_until(self) -> datetime | None:
        """Nobody holds."""

    def lasts_s(self, count: int) -> float:
        """No time."""
        return 0.0

    @property
    def made(self) -> int:
        """Nobody counts."""
        return 0

    @property
    def limited(self) -> bool:
        """Never."""
        return False


FREE = Free()


def number(text: str | None) -> int | None:
    """The whole number that a header says, or None."""
    return int(text) if text is not None and text.isascii() and text.isdigit() and len(text) < 13 else None
