"""Channels that are told over HTTP, by the rules of `wire`: addresses judged, deadlines, no redirects.  (shell)"""

from __future__ import annotations

import hashlib
import hmac
import re
from pathlib import Path
from typing import Any, Final

import httpx

from billsync.alerts.channels.port import ChannelFault
from billsync.alerts.message import Message, facts, text
from billsync.connector import Fault
from billsync.model.alert import Severity
from billsync.model.base import canonical_json
from billsync.settings.alerts import PagerDuty, Slack, Webhook
from billsync.wire import Client, Reach

TIMEOUT_S: Final = 20.0
_SLACK_BLOCK: Final = 2_900
_SLACK_BLOCKS: Final = 45
_COLOURS: Final = {Severity.CRITICAL: "danger", Severity.ERROR: "danger", Severity.WARNING: "warning"}


class _Door:
    """One address that is posted to; its path and query count as secret."""

    def __init__(self, name: str, url: str, root: Path, *, allow_private: bool, ca_file: str | None) -> None:
        self._name = name
        try:
            whole = httpx.URL(url.strip())
        except (httpx.InvalidURL, TypeError, ValueError):
            raise ChannelFault(f"{name}: its address is not a URL") from None
        self._path = whole.raw_path.decode("ascii")
        self._origin = str(whole.copy_with(raw_path=b"/"))
        self._reach = Reach(allow_private=allow_private, ca_file=None if ca_file is None else str(root / ca_file))

    def post(self, body: str, *, secrets: tuple[str, ...] = (), headers: dict[str, str] | None = None) -> None:
        """Raises `ChannelFault`."""
        parts = tuple(part for part in re.split("[/?&=]", self._path) if len(part) > 5)
        try:
            client = Client(
                self._origin,
                system=self._name,
                secrets=(self._path, *parts, *secrets),
                timeout=TIMEOUT_S,
                reach=self._reach,
                max_bytes=1 << 16,
            )
            try:
                answer = client.send("POST", self._path, content=body.encode(), headers=headers, text=True)
            finally:
                client.close()
        except Fault as fault:
            raise ChannelFault(fault.message.partition("; the write may have")[0]) from None
        if isinstance(answer.value, str) and answer.value.lstrip().startswith("<"):
            raise ChannelFault(f"{self._name}: answered with a web page: a log-in, a proxy?")


class SlackWay:
    """Incoming webhooks: a text for the notification, blocks for the channel."""

    def __init__(self, name: str, given: Slack, root: Path) -> None:
        url = given.url.get_secret_value()
        self._door = _Door(name, url, root, allow_private=given.allow_private, ca_file=given.ca_file)

    def send(self, message: Message) -> None:
        """Post it.  Raises `ChannelFault`."""
        self._door.post(canonical_json(slack_body(message)))


def slack_body(message: Message) -> dict[str, Any]:
    """What Slack takes: at most 50 blocks, each text of at most 3,000 characters."""
    parts = text(message).strip().split("\n\n")
    shown = parts[:_SLACK_BLOCKS]
    if len(parts) > len(shown):
        shown.append(f"and {len(parts) - len(shown):,} more: `billsync alerts list`")
    blocks = [_section(_plain(part)[:_SLACK_BLOCK]) for part in shown]
    return {
        "text": _plain(message.subject),
        "attachments": [{"color": _COLOURS[message.severity] if _stands(message) else "good", "blocks": blocks}],
    }


def _stands(message: Message) -> bool:
    return any(one.what != "over" for one in message.notices)


def _section(words: str) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": words}}


def _plain(words: str) -> str:
    """Slack's three characters with a meaning: nothing in a message mentions a person or becomes a link."""
    return words.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


class PagerDutyWay:
    """Events API v2: one incident for each alert, held apart by `dedup_key`."""

    def __init__(self, name: str, given: PagerDuty, root: Path) -> None:
        self._key = given.routing_key.get_secret_value()
        self._door = _Door(name, given.url, root, allow_private=given.allow_private, ca_file=given.ca_file)

    def send(self, message: Message) -> None:
        """Trigger or resolve.  Raises `ChannelFault`."""
        self._door.post(canonical_json(pagerduty_body(message, self._key)), secrets=(self._key,))


def pagerduty_body(message: Message, routing_key: str) -> dict[str, Any]:
    """What the API takes of one alert."""
    [notice] = message.notices
    alert = notice.alert
    made: dict[str, Any] = {
        "routing_key": routing_key,
        "dedup_key": f"billsync-{alert.key}",
        "event_action": "resolve" if notice.what == "over" else "trigger",
    }
    if notice.what != "over":
        made["payload"] = {
            "summary": f"[{message.sender}] {alert.id}: {alert.reason}"[:1_024],
            "source": f"billsync {message.sender}",
            "severity": str(alert.severity),
            "timestamp": alert.first_at.isoformat(),
            "component": alert.subject,
            "class": alert.code,
            "custom_details": facts(alert),
        }
    return made


class WebhookWay:
    """One's own receiver: JSON, with the instant and an HMAC-SHA256 of instant and body in a header."""

    def __init__(self, name: str, given: Webhook, root: Path) -> None:
        self._secret = given.secret.get_secret_value()
        self._door = _Door(name, given.url, root, allow_private=given.allow_private, ca_file=given.ca_file)

    def send(self, message: Message) -> None:
        """Post it.  Raises `ChannelFault`."""
        body = canonical_json(webhook_body(message))
        seconds = int(message.at.timestamp())
        headers = {"X-Billsync-Signature": f"t={seconds},v1={signature(self._secret, seconds, body)}"}
        self._door.post(body, secrets=(self._secret,), headers=headers)


def webhook_body(message: Message) -> dict[str, Any]:
    """What one's own receiver gets: `id` is the same for each send of the same message."""
    return {
        "id": message.key,
        "at": message.at.isoformat(),
        "from": message.sender,
        "subject": message.subject,
        "alerts": [facts(one.alert) | {"what": one.what} for one in message.notices],
    }


def signature(secret: str, seconds: int, body: str) -> str:
    """HMAC-SHA256 of `<seconds>.<body>` in hexadecimal."""
    return hmac.new(secret.encode(), f"{seconds}.{body}".encode(), hashlib.sha256).hexdigest()
