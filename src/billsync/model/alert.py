"""What people are alerted to: one alert for each cause, and what each channel was told of it.  (pure)"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Final, Literal

from pydantic import Field

from billsync.model.base import Id, Instant, Noun, Text, digest_text


class Severity(StrEnum):
    """How soon somebody has to look: at once, today, this week."""

    CRITICAL = "critical"
    ERROR = "error"
    WARNING = "warning"


RANK: Final = {Severity.WARNING: 0, Severity.ERROR: 1, Severity.CRITICAL: 2}

What = Literal["raised", "again", "worse", "over"]
"""What is told of an alert: it is new, it still stands, it got worse, it is over."""


class Told(Noun):
    """What one channel was told last of an alert.

    Attributes:
        at: when it was decided to tell it; a message that is sent again keeps it, and so its id.
        size, severity: of the alert then.
        done: whether the channel took it; False from before it is sent, so that a crash tells it again.
        tries: sends so far; tried_at: the last one, or None.
    """

    what: What
    at: Instant
    size: int = 0
    severity: Severity
    done: bool = False
    tries: int = 0
    tried_at: Instant | None = None


class Alert(Noun):
    """One cause, from when it was seen first until it is over.

    Attributes:
        code: stable, such as `GATE-PARKED`; docs/reference/alerts.md lists them all.
        subject: what it is about: a pipeline, a connection, or "".
        pipeline: the pipeline that it holds up, or "".
        reason: one sentence with names, codes and counts; never contents of records.
        size: how much of it there is, such as writes that wait; 0 where that means nothing.
        first_at, last_at: when the cause was there first and last.
        episode: how often this cause came up; a new one begins when it comes back after it was over.
        over_at: when it was found to be over, or None while it stands.
        told: channel -> what it was told last in this episode.
        muted_until: nobody is told before that, or None; muted_why: a person's reason.
    """

    code: Id
    subject: Text = ""
    pipeline: Text = ""
    severity: Severity
    reason: Text
    size: int = 0
    first_at: Instant
    last_at: Instant
    episode: Annotated[int, Field(ge=1)] = 1
    over_at: Instant | None = None
    told: dict[Id, Told] = {}
    muted_until: Instant | None = None
    muted_why: Text = ""

    @property
    def id(self) -> str:
        """The cause's name: `GATE-PARKED/erp`."""
        return f"{self.code}/{self.subject}" if self.subject else self.code

    @property
    def key(self) -> str:
        """What tells this episode from all others, for channels that hold alerts apart by a key."""
        return digest_text(f"{self.id}\n{self.first_at.isoformat()}")[:32]
