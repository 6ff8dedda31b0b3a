"""One cause, one alert, one message: what stands, what is over, and who is to be told of it now.  (pure)"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from billsync.alerts.rules import Cause
from billsync.model.alert import RANK, Alert, Told, What
from billsync.settings.alerts import Alerts, Channel, Quiet

HOUR: Final = timedelta(hours=1)
_LONGEST_S: Final = 3_600
_WORSE_BY: Final = 5
"""An alert is worse when there is twice as much of it, and at least so much more."""


@dataclass(frozen=True, slots=True)
class Notice:
    """One thing that a channel is to be told."""

    alert: Alert
    what: What


# ---------------------------------------------------------------- what stands


def observed(
    known: Iterable[Alert], causes: Iterable[Cause], now: datetime, settings: Alerts, *, over_at_once: bool = False
) -> list[Alert]:
    """The alerts as they are now, those that are over among them, each cause once.

    An alert is over when its cause has been away for `over_after_s`; with `over_at_once` as soon as it is.
    """
    alerts = {alert.id: alert for alert in known}
    there = {cause.id: cause for cause in causes}
    seen = [_seen(alerts.get(id), cause, now) for id, cause in there.items()]
    away = timedelta(seconds=0 if over_at_once else settings.over_after_s)
    gone = [_gone(alert, now, away) for id, alert in alerts.items() if id not in there]
    return sorted([*seen, *gone], key=lambda alert: (-RANK[alert.severity], alert.id))


def _seen(alert: Alert | None, cause: Cause, now: datetime) -> Alert:
    facts = {"pipeline": cause.pipeline, "severity": cause.severity, "reason": cause.reason, "size": cause.size}
    if alert is None:
        return Alert(code=cause.code, subject=cause.subject, first_at=now, last_at=now, **facts)
    if alert.over_at is not None:
        anew: dict[str, Any] = {"first_at": now, "over_at": None, "told": {}, "episode": alert.episode + 1}
        return alert.model_copy(update=facts | anew | {"last_at": now})
    return alert.model_copy(update=facts | {"last_at": now})


def _gone(alert: Alert, now: datetime, away: timedelta) -> Alert:
    if alert.over_at is None and now - alert.last_at >= away:
        return alert.model_copy(update={"over_at": now})
    return alert


# ---------------------------------------------------------------- who is told


def due(alerts: Iterable[Alert], name: str, channel: Channel, now: datetime, repeat_after_s: int) -> list[list[Notice]]:
    """What the channel is to be told now, a list for each message; empty where there is nothing or it has to wait."""
    alerts = list(alerts)
    if _backing_off(alerts, name, now):
        return []
    found = [
        Notice(alert, what)
        for alert in alerts
        if RANK[alert.severity] >= RANK[channel.at_least]
        and (alert.muted_until is None or alert.muted_until <= now)
        and not _rests(channel.quiet, alert, now)
        and (what := _what(alert, alert.told.get(name), now, repeat_after_s)) is not None
    ]
    return _messages(found, channel, channel.per_hour - _sent_lately(alerts, name, now))


def _what(alert: Alert, told: Told | None, now: datetime, repeat_after_s: int) -> What | None:
    if alert.over_at is not None:
        return "over" if told is not None and not (told.what == "over" and told.done) else None
    if told is None:
        return "raised"
    if not told.done:
        return told.what
    if RANK[alert.severity] > RANK[told.severity] or alert.size >= max(2 * told.size, told.size + _WORSE_BY):
        return "worse"
    return "again" if now - told.at >= timedelta(seconds=repeat_after_s) else None


def _backing_off(alerts: Iterable[Alert], name: str, now: datetime) -> bool:
    """Whether the channel failed lately: it is tried after 1, 2, 4 ... minutes, at most an hour."""
    failing = [told for alert in alerts if (told := alert.told.get(name)) is not None and not told.done and told.tries]
    last = max((told.tried_at for told in failing if told.tried_at is not None), default=None)
    if last is None:
        return False
    tries = max(told.tries for told in failing)
    return now - last < timedelta(seconds=min(60 * 2 ** min(tries - 1, 10), _LONGEST_S))


def _sent_lately(alerts: Iterable[Alert], name: str, now: datetime) -> int:
    """Messages of the last hour, as far as the alerts tell: those of one message were told at one instant."""
    told = (told for alert in alerts if (told := alert.told.get(name)) is not None)
    return len({one.at for one in told if one.done and now - one.at < HOUR})


def _messages(found: Sequence[Notice], channel: Channel, room: int) -> list[list[Notice]]:
    if channel.keyed:
        return [[notice] for notice in found[: max(room, 0)]]
    if not found or room <= 0:
        return []
    if len(found) > min(channel.group_above, room):
        return [list(found)]
    return [[notice] for notice in found]


def _rests(quiet: Quiet | None, alert: Alert, now: datetime) -> bool:
    """Whether the alert waits for the morning."""
    if quiet is None or RANK[alert.severity] >= RANK[quiet.below]:
        return False
    at: time = now.astimezone(ZoneInfo(quiet.zone)).time()
    if quiet.start <= quiet.end:
        return quiet.start <= at < quiet.end
    return at >= quiet.start or at < quiet.end


# ---------------------------------------------------------------- what was told


def intended(alerts: Iterable[Alert], name: str, notices: Iterable[Notice], now: datetime) -> list[Alert]:
    """The alerts with the note that the channel is about to be told; one that is sent again keeps its instant."""
    asked = {notice.alert.id: notice for notice in notices}
    return [_with(alert, name, _intent(asked[alert.id], name, now)) if alert.id in asked else alert for alert in alerts]


def _intent(notice: Notice, name: str, now: datetime) -> Told:
    alert, before = notice.alert, notice.alert.told.get(name)
    again = before is not None and not before.done and before.what == notice.what
    at, tries = (before.at, before.tries) if again and before is not None else (now, 0)
    return Told(
        what=notice.what, at=at, size=alert.size, severity=alert.severity, tries=tries + 1, tried_at=now, done=False
    )


def ended(alerts: Iterable[Alert], name: str, notices: Iterable[Notice]) -> list[Alert]:
    """The alerts with the note that the channel took the message."""
    asked = {notice.alert.id for notice in notices}
    return [
        _with(alert, name, alert.told[name].model_copy(update={"done": True})) if alert.id in asked else alert
        for alert in alerts
    ]


def _with(alert: Alert, name: str, told: Told) -> Alert:
    return alert.model_copy(update={"told": {**alert.told, name: told}})


def changed(before: Mapping[str, Alert], after: Iterable[Alert]) -> list[Alert]:
    """Those that are not as they were, but for being seen a moment later: nobody needs a row written each minute."""
    return [alert for alert in after if not _same(before.get(alert.id), alert)]


def _same(before: Alert | None, after: Alert) -> bool:
    if before is None:
        return False
    return before.model_copy(update={"last_at": after.last_at}) == after and after.last_at - before.last_at < HOUR / 60
