"""Alerts in words, with the reason and the mend: ids, codes and counts, nothing else.  (pure)"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape
from typing import Any, Final

from billsync.alerts.catalogue import CATALOGUE
from billsync.alerts.telling import Notice
from billsync.model.alert import RANK, Alert, Severity, What
from billsync.model.base import digest_text

_SAYS: Final[dict[What, str]] = {"raised": "", "again": "still: ", "worse": "worse: ", "over": "over: "}


@dataclass(frozen=True, slots=True)
class Message:
    """What one channel is told at one time.

    Attributes:
        key: the same for each send of the same message; thread: of the first message about the same alert, or "" for
            several alerts.
        severity: of the most urgent one.
        sender: which billsync says so: the configuration's folder and environment.
        at: when it was decided to tell it.
    """

    key: str
    thread: str
    subject: str
    severity: Severity
    notices: tuple[Notice, ...]
    sender: str
    at: datetime


def message(notices: Sequence[Notice], name: str, sender: str) -> Message:
    """The message of a channel about alerts that are noted as to be told."""
    ordered = sorted(notices, key=lambda one: (one.what == "over", -RANK[one.alert.severity], one.alert.id))
    told = [one.alert.told[name] for one in ordered]
    at = min(one.at for one in told)
    parts = [f"{one.alert.key} {one.what} {note.at.isoformat()}" for one, note in zip(ordered, told, strict=True)]
    open_ = [one.alert.severity for one in ordered if one.what != "over"]
    severity = max(open_ or [one.alert.severity for one in ordered], key=lambda one: RANK[one])
    alone = len(ordered) == 1
    return Message(
        key=digest_text("\n".join(parts))[:32],
        thread=ordered[0].alert.key if alone else "",
        subject=_subject(ordered, sender),
        severity=severity,
        notices=tuple(ordered),
        sender=sender,
        at=at,
    )


def _subject(notices: Sequence[Notice], sender: str) -> str:
    first = notices[0]
    if len(notices) == 1:
        return f"[{sender}] {_SAYS[first.what]}{first.alert.severity.upper()} {first.alert.id}"
    over = sum(one.what == "over" for one in notices)
    stand = len(notices) - over
    counts = ", ".join(text for text, count in ((f"{stand} alerts", stand), (f"{over} over", over)) if count)
    return f"[{sender}] {counts}: {first.alert.id} and others"


def text(message: Message) -> str:
    """The message as plain text."""
    blocks = ["\n".join(f"{name}: {value}" if name else value for name, value in lines(one)) for one in message.notices]
    return "\n\n".join([*blocks, f"-- billsync {message.sender}: `billsync alerts list`"]) + "\n"


def html(message: Message) -> str:
    """The message as a simple page: no images, no links that lead outside."""
    blocks = "".join(_block(one) for one in message.notices)
    foot = f"<p><small>billsync {escape(message.sender)}: <code>billsync alerts list</code></small></p>"
    return f'<!doctype html><html><head><meta charset="utf-8"></head><body>{blocks}{foot}</body></html>'


def _block(notice: Notice) -> str:
    (_, head), *rest = lines(notice)
    rows = "".join(f"<tr><td>{escape(name)}</td><td>{escape(value)}</td></tr>" for name, value in rest)
    return f"<h3>{escape(head)}</h3><table>{rows}</table>"


def lines(notice: Notice) -> list[tuple[str, str]]:
    """What is said of one alert: (name, words), the headline first."""
    alert, kind = notice.alert, CATALOGUE.get(notice.alert.code)
    head = f"{_SAYS[notice.what]}{alert.severity.upper()} {alert.id}"
    since = f"{alert.first_at:%Y-%m-%d %H:%M} UTC"
    if notice.what == "over":
        until = alert.over_at or alert.last_at
        return [("", head), ("was", alert.reason), ("from", since), ("until", f"{until:%Y-%m-%d %H:%M} UTC")]
    said = [("", head), ("reason", alert.reason), ("since", since)]
    if kind is not None:
        said += [("means", kind.means), ("mend", kind.mend)]
    return said


def facts(alert: Alert) -> dict[str, Any]:
    """One alert for programs: webhooks and `--format json`."""
    kind = CATALOGUE.get(alert.code)
    return {
        "id": alert.id,
        "code": alert.code,
        "subject": alert.subject,
        "pipeline": alert.pipeline,
        "severity": str(alert.severity),
        "state": "open" if alert.over_at is None else "over",
        "reason": alert.reason,
        "mend": kind.mend if kind else "",
        "size": alert.size,
        "episode": alert.episode,
        "since": alert.first_at.isoformat(),
        "over_at": alert.over_at.isoformat() if alert.over_at else None,
    }
