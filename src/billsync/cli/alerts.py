"""`alerts list/check/test/mute/unmute`: what somebody has to know, and who is told.  (shell)"""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from billsync import schedule, settings, workspace
from billsync.alerts import alerting, message
from billsync.alerts.catalogue import CATALOGUE
from billsync.cli import guard, show
from billsync.cli.opening import view
from billsync.model.alert import Alert, Severity
from billsync.strict.yaml import did_you_mean

COLUMNS = ["id", "severity", "since", "reason", "told", "mend"]


def listing(config: Path, format: show.Format, *, over: bool) -> int:
    """The alerts that stand, and with `over` those that were."""
    with view(config) as tx:
        found = tx.alerts.list(over=over)
    _show(found, format)
    return guard.OK


def check(config: Path, format: show.Format) -> int:
    """One round: look, and tell the channels.  1 where something stands."""
    loaded, clock = settings.load(config), schedule.SystemClock()
    with workspace.opened(loaded, clock, create=False) as opened:
        stand = alerting.Alerting(loaded, opened.store, clock, opened.owner).check()
    _show(stand, format)
    return guard.PROBLEMS if stand else guard.OK


def _show(found: list[Alert], format: show.Format) -> None:
    if format == "json":
        show.emit_json([message.facts(alert) | _told(alert) for alert in found])
        return
    show.rows("Alerts", COLUMNS, [_row(alert) for alert in found], empty="no alerts: all is well")


def _row(alert: Alert) -> dict[str, Any]:
    told = ", ".join(f"{name} {one.what}{'' if one.done else ' (not taken yet)'}" for name, one in alert.told.items())
    muted = f"muted until {alert.muted_until:%Y-%m-%d %H:%M}" if alert.muted_until else ""
    kind = CATALOGUE.get(alert.code)
    return {
        "id": alert.id,
        "severity": str(alert.severity) if alert.over_at is None else "over",
        "since": f"{alert.first_at:%Y-%m-%d %H:%M}",
        "reason": alert.reason,
        "told": muted or told or "nobody",
        "mend": kind.mend if kind else "",
    }


def _told(alert: Alert) -> dict[str, Any]:
    return {
        "told": {name: one.model_dump(mode="json") for name, one in alert.told.items()},
        "muted_until": alert.muted_until.isoformat() if alert.muted_until else None,
        "muted_why": alert.muted_why,
    }


def test(config: Path, name: str | None, format: show.Format) -> int:
    """Send a message to one channel, or to all.  1 where one did not take it."""
    loaded = settings.load(config)
    known = list(loaded.alerts.channels)
    if name is not None and name not in known:
        raise guard.Wrong(f"no channel is called '{show.visible(name)}'  ({did_you_mean(name, known) or known})")
    if not known:
        raise guard.Wrong("the configuration has no channels: add some under `alerts: channels:`")
    now = schedule.SystemClock().now()
    rows = [
        {"channel": each, "said": alerting.tried(loaded, each, _trial(now)) or "taken"}
        for each in ([name] if name else known)
    ]
    show.rows("Channels", ["channel", "said"], rows, format=format)
    return guard.OK if all(row["said"] == "taken" for row in rows) else guard.PROBLEMS


def _trial(now: datetime) -> Alert:
    reason = "somebody asked for this message with `billsync alerts test`; nothing is wrong"
    return Alert(code="TEST", severity=Severity.WARNING, reason=reason, first_at=now, last_at=now)


def mute(config: Path, id: str, hours: int, reason: str) -> int:
    """Tell nobody of an alert for a while; 0 hours: tell again."""
    if hours and not reason.strip():
        raise guard.Wrong("--reason needs a few words: the next one at this desk reads them")
    clock = schedule.SystemClock()
    with workspace.opened(settings.load(config), clock, create=False) as opened, opened.store.tx("alerts") as tx:
        found = {alert.id: alert for alert in tx.alerts.list()}
        if id not in found:
            hint = did_you_mean(id, list(found)) or "see `billsync alerts list`"
            raise guard.Wrong(f"there is no alert '{show.visible(id)}'  ({hint})")
        now = clock.now()
        until = now + timedelta(hours=hours) if hours else None
        tx.alerts.put([found[id].model_copy(update={"muted_until": until, "muted_why": reason})], now)
        tx.audit.append([(f"alert/{id}", "", "muted" if until else "unmuted", reason)], at=now)
    show.line(f"{id}: nobody is told before {until:%Y-%m-%d %H:%M} UTC" if until else f"{id}: told again")
    return guard.OK
