"""The channels of a configuration, opened, with their secrets.  (shell)"""

from __future__ import annotations

from pathlib import Path

from billsync.alerts.channels.http import PagerDutyWay, SlackWay, WebhookWay
from billsync.alerts.channels.mail import MailWay
from billsync.alerts.channels.port import ChannelFault, Way
from billsync.alerts.message import Message
from billsync.settings import BadSettings, Settings
from billsync.settings.alerts import Channel, Mail, PagerDuty, Slack


def ways(settings: Settings) -> dict[str, Way]:
    """Channel -> the way to it.  One bad channel never stops another: it fails when it is used."""
    found: dict[str, Way] = {}
    for name in settings.alerts.channels:
        try:
            found[name] = _way(name, settings.alert_channel(name), settings.root)
        except BadSettings as error:
            found[name] = _Broken(f"{name}: {error.problems[0].message}")
        except ChannelFault as fault:
            found[name] = _Broken(str(fault))
    return found


def _way(name: str, given: Channel, root: Path) -> Way:
    match given:
        case Mail():
            return MailWay(name, given, root)
        case Slack():
            return SlackWay(name, given, root)
        case PagerDuty():
            return PagerDutyWay(name, given, root)
        case _:
            return WebhookWay(name, given, root)


class _Broken:
    """A channel whose settings are no good."""

    def __init__(self, why: str) -> None:
        self._why = why

    def send(self, _message: Message) -> None:
        """Raises `ChannelFault`."""
        raise ChannelFault(self._why)
