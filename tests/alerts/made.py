"""A configuration with channels, a clock that is moved by hand, and channels that remember."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from billsync.alerts.alerting import Alerting
from billsync.alerts.channels import ChannelFault
from billsync.alerts.message import Message
from billsync.settings import Settings, parsed
from billsync.store import Store

AT = datetime(2026, 1, 31, 10, 0, tzinfo=UTC)

CONFIG = """
store: {store}
connections:
  crm: {{connector: files, folder: .}}
  erp: {{connector: files, folder: .}}
pipelines:
  deals: {{source: crm, target: erp, mappings: {{inbound: [x]}}, schedule: {{every_s: 900}}}}
alerts: {{channels: {{{channels}}}, bounds: {{disk_mb: 0}}}}
"""

CHAT = "{kind: slack, url: env:CHAT}"
PAGER = "{kind: pagerduty, routing_key: env:PAGER, at_least: critical}"


@dataclass
class Clock:
    """A clock that is moved by hand."""

    at: datetime = AT

    def now(self) -> datetime:
        return self.at

    def on(self, **time: int) -> datetime:
        self.at += timedelta(**time)
        return self.at


@dataclass
class Listener:
    """A channel that remembers what it took; `fails` says why it takes nothing."""

    took: list[Message] = field(default_factory=list)
    fails: Callable[[], Exception] | None = None
    tried: int = 0

    def send(self, message: Message) -> None:
        self.tried += 1
        if self.fails is not None:
            raise self.fails()
        self.took.append(message)

    def subjects(self) -> list[str]:
        """What it took since it was asked last."""
        subjects, self.took = [message.subject.partition("] ")[2] for message in self.took], []
        return subjects


def down() -> Exception:
    return ChannelFault("no connection")


def configured(store: str, folder: Path, **channels: str) -> Settings:
    inner = ", ".join(f"{name}: {text}" for name, text in channels.items())
    return parsed(CONFIG.format(store=store.partition("?")[0], channels=inner), folder / "billsync.yaml")


@dataclass
class Watch:
    """One installation and who listens to it."""

    store: Store
    settings: Settings
    clock: Clock
    ways: dict[str, Listener]

    def round(self, owner: str = "host:1") -> list[str]:
        """One round by a process that has just begun; the ids of what stands."""
        alerting = Alerting(self.settings, self.store, self.clock, owner, given=self.ways)
        return [alert.id for alert in alerting.check()]


def watch(store: Store, folder: Path, **channels: str) -> Watch:
    settings = configured(store.url, folder, **channels or {"chat": CHAT})
    return Watch(store, settings, Clock(), {name: Listener() for name in settings.alerts.channels})
