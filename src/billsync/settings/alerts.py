"""`alerts:` of the configuration: what counts as too long or too many, and who is told how.  (pure)"""

from __future__ import annotations

from datetime import time
from typing import Annotated, Final, Literal

from pydantic import BeforeValidator, Field, SecretStr, field_validator

from billsync.model.alert import Severity
from billsync.model.base import Id, Noun, Text, Zone
from billsync.model.problem import Problem
from billsync.strict.yaml import Node

_DAY_S: Final = 86_400
_MAIL: Final = r"^[^\s@<>,;]+@[^\s@<>,;]+$"

Address = Annotated[str, Field(pattern=_MAIL, max_length=254)]


def _clock(value: object) -> object:
    if isinstance(value, str):
        try:
            return time.fromisoformat(value)
        except ValueError:
            raise ValueError("expected a time of day such as 22:00") from None
    return value


class Bounds(Noun):
    """From when on somebody is alerted.

    Attributes:
        unreached_s: seconds that a system may be away.
        backlog_s: seconds that a planned write may wait.
        fresh_s: seconds after which a pipeline with a schedule is stale if nothing came through.
        fresh: the same for single pipelines, by name.
        problems: open problems that a pipeline may have.
        worker_s: seconds without a sign of life after which a process counts as dead.
        disk_mb: megabytes that have to be free on the disk of an SQLite store.
        token_days: days before a token ends.
    """

    unreached_s: Annotated[int, Field(ge=0, le=31 * _DAY_S)] = 900
    backlog_s: Annotated[int, Field(ge=60, le=31 * _DAY_S)] = 14_400
    fresh_s: Annotated[int, Field(ge=60, le=366 * _DAY_S)] = 93_600
    fresh: dict[Id, Annotated[int, Field(ge=60, le=366 * _DAY_S)]] = {}
    problems: Annotated[int, Field(ge=0)] = 100
    worker_s: Annotated[int, Field(ge=10, le=_DAY_S)] = 120
    disk_mb: Annotated[int, Field(ge=0)] = 500
    token_days: Annotated[int, Field(ge=1, le=365)] = 14


class Quiet(Noun):
    """Hours in which only what is urgent is told; the rest is told when they are over.

    Attributes:
        start, end: times of day; an end before the start is the next morning.
        zone: whose time that is.
        below: what is less urgent than this waits.
    """

    start: Annotated[time, BeforeValidator(_clock)]
    end: Annotated[time, BeforeValidator(_clock)]
    zone: Zone = "UTC"
    below: Severity = Severity.CRITICAL


class _Any(Noun):
    """What every channel takes.

    Attributes:
        at_least: what is less urgent than this is not told here.
        quiet: hours of rest, or None.
        per_hour: messages in one hour at most; what comes beyond them is told in one.
        group_above: more news than this at one time are one message.
        allow_private: whether the host may be one of the own network.
        ca_file: PEM file with the authority of the host's certificate, or None for the public ones.
    """

    at_least: Severity = Severity.WARNING
    quiet: Quiet | None = None
    per_hour: Annotated[int, Field(ge=1, le=1_000)] = 20
    group_above: Annotated[int, Field(ge=1, le=1_000)] = 5
    allow_private: bool = False
    ca_file: Text | None = None

    @property
    def keyed(self) -> bool:
        """Whether it holds alerts apart by a key of its own, so that each goes alone."""
        return False


class Mail(_Any):
    """Mail over SMTP.

    Attributes:
        kind: mail.
        host, port: the SMTP server.
        security: `starttls`, `tls` from the first byte, or `none`, which only a host of the own network may have.
        user, password: log-in, or none.
        sender: address that the messages come from; to: who gets them.
        at_least, quiet, per_hour, group_above: as in every channel.
        allow_private: whether the host may be one of the own network where it is a name and `security: none` is set.
        ca_file: as in every channel.
    """

    kind: Literal["mail"]
    host: Id
    port: Annotated[int, Field(ge=1, le=65_535)] = 587
    security: Literal["starttls", "tls", "none"] = "starttls"
    user: Text = ""
    password: SecretStr | None = None
    sender: Address
    to: Annotated[tuple[Address, ...], Field(min_length=1, max_length=50)]


class Slack(_Any):
    """An incoming webhook as Slack has it; Mattermost, Rocket.Chat and others understand the same.

    Attributes:
        kind: slack.
        url: the webhook's address; whoever knows it may write there, so it is a secret.
        at_least, quiet, per_hour, group_above, allow_private, ca_file: as in every channel.
    """

    kind: Literal["slack"]
    url: SecretStr


class PagerDuty(_Any):
    """Events as PagerDuty's Events API v2 takes them; each alert is one incident, and is resolved when it is over.

    Attributes:
        kind: pagerduty.
        routing_key: the integration key.
        url: where events go.
        at_least, quiet, per_hour, group_above, allow_private, ca_file: as in every channel.
    """

    kind: Literal["pagerduty"]
    routing_key: SecretStr
    url: Id = "https://events.pagerduty.com/v2/enqueue"

    @property
    def keyed(self) -> bool:
        """It holds alerts apart by `dedup_key`."""
        return True


class Webhook(_Any):
    """JSON to an address of one's own, signed (docs/how-to/alerts.md).

    Attributes:
        kind: webhook.
        url: where it goes.
        secret: what HMAC-SHA256 signs with.
        at_least, quiet, per_hour, group_above, allow_private, ca_file: as in every channel.
    """

    kind: Literal["webhook"]
    url: Id
    secret: SecretStr


Channel = Annotated[Mail | Slack | PagerDuty | Webhook, Field(discriminator="kind")]


_SECRETS: Final = ("url", "routing_key", "secret", "password")
_OPEN: Final = frozenset({("webhook", "url"), ("pagerduty", "url")})


def secrets_in_plain_text(node: Node) -> list[Problem]:
    """A problem for each secret of a channel that stands in the file itself."""
    channels = node.get("channels")
    found = []
    for name, channel in channels.items() if channels is not None else ():
        kind = channel.get("kind")
        for key in _SECRETS:
            given = channel.get(key)
            shown = kind is not None and (str(kind.value), key) in _OPEN
            if given is None or given.is_null or shown or str(given.value).startswith(("env:", "file:")):
                continue
            what = f"channel {name}: a secret stands here in plain text: expected a reference"
            hint = f"write `{key}: env:NAME` for an environment variable, or `{key}: file:PATH` for a file of mode 0600"
            found.append(given.problem("CONF-SECRET-01", what, hint))
    return found


class Alerts(Noun):
    """Alerts.

    Attributes:
        channels: by name; none where alerts are only listed.
        bounds: from when on.
        repeat_after_s: seconds after which an alert that still stands is told again.
        over_after_s: seconds for which a cause has to be away until the alert is over.
    """

    channels: dict[Id, Channel] = {}
    bounds: Bounds = Bounds()
    repeat_after_s: Annotated[int, Field(ge=300, le=31 * _DAY_S)] = _DAY_S
    over_after_s: Annotated[int, Field(ge=0, le=_DAY_S)] = 300

    @field_validator("channels")
    @classmethod
    def _named(cls, value: dict[str, Channel]) -> dict[str, Channel]:
        """Names that fit a log and a header."""
        for name in value:
            if not name.replace("-", "").replace("_", "").isalnum() or not name.isascii():
                raise ValueError(f"expected a name of letters, digits, _ and -, got {name!r}")
        return value
