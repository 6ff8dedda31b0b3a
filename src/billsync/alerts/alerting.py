"""The round: look, decide, note what is to be told, tell it, note that it was told.  (shell)

The note before a message and the note after it make it at-least-once: a crash or an unclear send between them tells it
again, with the same Message-ID and key.  One process at a time goes round; a store that cannot be used is told of from
this process' own memory.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final, Protocol

from billsync import observe
from billsync.alerts import telling
from billsync.alerts.channels import ChannelFault, Way, ways
from billsync.alerts.facts import Facts
from billsync.alerts.message import message
from billsync.alerts.reading import read
from billsync.alerts.rules import causes
from billsync.alerts.telling import Notice
from billsync.model.alert import Alert
from billsync.settings import Settings
from billsync.store import Conflict, Held, Store, StoreUnusable

ROUND_S: Final = 60.0
PAUSE_S: Final = 5.0
"""The least time from one round to the next, however many runs end."""


class Clock(Protocol):
    """Where the time comes from."""

    def now(self) -> datetime:
        """The instant now."""


class _Book(Protocol):
    """Where alerts are kept."""

    def put(self, changed: Sequence[Alert], at: datetime) -> None:
        """Keep them as they are now.  Raises `StoreUnusable`, `Conflict`."""


class Alerting:
    """Alerts of one configuration: a companion of the daemon, and what `billsync alerts check` does once.

    Args:
        current: the configuration as it is now, asked before each round; None where it stays as it is.
        given: channel -> how it is spoken to; None for the configuration's own.
        round_s: seconds from one round to the next.
    """

    name = "alerts"

    def __init__(
        self,
        settings: Settings,
        store: Store,
        clock: Clock,
        owner: str,
        *,
        current: Callable[[], Settings] | None = None,
        given: Mapping[str, Way] | None = None,
        round_s: float = ROUND_S,
    ) -> None:
        self._settings, self._store, self._clock, self._owner = settings, store, clock, owner
        self._current = current or (lambda: settings)
        self._given, self._round_s = given, round_s
        self._sender = settings.environment or settings.root.name
        self._own = _Memory()
        self._bell = threading.Event()

    def run(self, stop: threading.Event) -> None:
        """Go round now, soon after each `soon`, and every `round_s`, until `stop` is set.  Raises nothing."""
        while not stop.is_set():
            self._bell.clear()
            try:
                self.check()
            except Exception as error:  # noqa: BLE001  what alerts of failures must not end by one
                observe.event("alerts_failed", level="error", error=type(error).__name__)
            pause = min(PAUSE_S, self._round_s)
            stop.wait(pause)
            _wait(stop, self._bell, self._round_s - pause)

    def soon(self) -> None:
        """A run has ended: do not wait for the next round."""
        self._bell.set()

    def check(self) -> list[Alert]:
        """One round.  Gives the alerts that stand; nothing where another process goes round now."""
        now, self._settings = self._clock.now(), self._current()
        try:
            with self._store.lock("alerts", self._owner):
                return self._round(now)
        except Held:
            return []
        except (StoreUnusable, Conflict) as error:
            reason = error.reason if isinstance(error, StoreUnusable) else "store_unreachable"
            return self._pass(list(self._own.alerts.values()), Facts(now, store_fault=reason), self._own)

    def _round(self, now: datetime) -> list[Alert]:
        with self._store.view() as tx:
            known = tx.alerts.list()
            facts = read(tx, self._settings, now, known)
        stand = self._pass(known, facts, _Kept(self._store))
        if any(alert.over_at is None or not _quiet(alert) for alert in self._own.alerts.values()):
            self._pass(list(self._own.alerts.values()), Facts(now), self._own)  # the store is back: tell that
        return stand

    def _pass(self, known: Sequence[Alert], facts: Facts, book: _Book) -> list[Alert]:
        """What stands now, and every channel told of it."""
        settings = self._settings.alerts
        bare = isinstance(book, _Memory)
        found = [] if bare and not facts.store_fault else causes(facts, settings.bounds)
        alerts = telling.observed(known, found, facts.now, settings, over_at_once=bare)
        book.put(telling.changed({alert.id: alert for alert in known}, alerts), facts.now)
        opened = ways(self._settings) if self._given is None else self._given
        for name, channel in settings.channels.items():
            for notices in telling.due(alerts, name, channel, facts.now, settings.repeat_after_s):
                alerts, taken = self._tell(alerts, name, opened[name], notices, book, facts.now)
                if not taken:
                    break  # what else there is waits with it
        return [alert for alert in alerts if alert.over_at is None]

    def _tell(
        self, alerts: list[Alert], name: str, way: Way, notices: list[Notice], book: _Book, now: datetime
    ) -> tuple[list[Alert], bool]:
        """One message: noted, sent, noted.  False where the channel did not take it: it is tried again later."""
        mine = {notice.alert.id for notice in notices}
        alerts = telling.intended(alerts, name, notices, now)
        noted = [alert for alert in alerts if alert.id in mine]
        book.put(noted, now)
        current = {alert.id: alert for alert in noted}
        told = [Notice(current[notice.alert.id], notice.what) for notice in notices]
        try:
            way.send(message(told, name, self._sender))
        except Exception as fault:  # noqa: BLE001  one bad channel never stops the others
            why = str(fault) if isinstance(fault, ChannelFault) else type(fault).__name__
            observe.event("alert_not_taken", level="warning", channel=name, why=why, alerts=len(mine))
            observe.count("billsync_alerts_not_taken_total", channel=name)
            return alerts, False
        alerts = telling.ended(alerts, name, notices)
        book.put([alert for alert in alerts if alert.id in mine], now)
        observe.event("alert_told", channel=name, alerts=len(mine))
        observe.count("billsync_alerts_told_total", len(mine), channel=name)
        return alerts, True


def _quiet(alert: Alert) -> bool:
    """Whether everybody knows that it is over."""
    return all(told.what == "over" and told.done for told in alert.told.values())


def _wait(stop: threading.Event, bell: threading.Event, seconds: float) -> None:
    """Until the time is over, the bell rings or the end has come; looks at `stop` each half second."""
    left = seconds
    while left > 0 and not stop.is_set() and not bell.wait(min(left, 0.5)):
        left -= 0.5


class _Kept:
    """Alerts in the store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def put(self, changed: Sequence[Alert], at: datetime) -> None:
        """One transaction, where anything changed."""
        if changed:
            self._store.run("alerts", lambda tx: tx.alerts.put(changed, at))


class _Memory:
    """Alerts in this process: of the store itself, while it cannot be used."""

    def __init__(self) -> None:
        self.alerts: dict[str, Alert] = {}

    def put(self, changed: Iterable[Alert], _at: datetime) -> None:
        """Keep them."""
        self.alerts |= {alert.id: alert for alert in changed}


def tried(settings: Settings, name: str, alert: Alert, way: Way | None = None) -> str:
    """Send a message about an alert that is none to one channel.  Gives why it was not taken, or ""."""
    sender = settings.environment or settings.root.name
    [noted] = telling.intended([alert], name, [Notice(alert, "raised")], alert.first_at)
    try:
        (way or ways(settings)[name]).send(message([Notice(noted, "raised")], name, sender))
    except ChannelFault as fault:
        return str(fault)
    return ""
