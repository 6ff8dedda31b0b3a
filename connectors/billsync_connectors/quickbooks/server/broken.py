"""Replies as bytes, whole or broken.  (pure)"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from email.utils import format_datetime
from http import HTTPStatus
from typing import Any, Final

from billsync_connectors.quickbooks.server.asked import Reply
from billsync_connectors.quickbooks.server.faults import Switch, refusal
from billsync_connectors.quickbooks.server.values import dumps

_PAGE: Final = b"<!doctype html><html><body><form>Please log in: <input name=password></form></body></html>"
_DOWN: Final = b"<html><head><title>Service Unavailable</title></head><body>We are down for maintenance.</body></html>"
_HTML: Final = "text/html; charset=UTF-8"
_BLOCK: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Broken:
    """What goes out, piece by piece; `close` where the connection ends after it."""

    pieces: Iterable[bytes]
    close: bool = False


def whole(reply: Reply, now: datetime) -> bytes:
    """A reply as it should be."""
    return _packet(reply.status, content(reply), reply.headers, reply.type, now)


def content(reply: Reply) -> bytes:
    """A reply's body."""
    if reply.value is None:
        return b""
    return reply.value if isinstance(reply.value, bytes) else dumps(reply.value).encode()


def replied(struck: Switch, reply: Reply | None, now: datetime) -> Broken:
    """The reply as a fault has it; None where the request was not executed."""
    instead = _instead(struck, now)
    if instead is not None:
        return Broken([instead])
    assert reply is not None
    body = content(reply)
    half = body[: len(body) // 2]
    match struck.fault:
        case "truncated":
            packet = whole(reply, now)
            return Broken([packet[: len(packet) - len(body) + len(half)]], close=True)
        case "cut":
            return Broken(
                [_head(reply.status, {"Content-Type": reply.type, "Connection": "close"}, now) + half], close=True
            )
        case "wrong-type":
            return Broken([_packet(reply.status, body, reply.headers, "text/plain", now)])
        case "bom":
            return Broken([_packet(reply.status, b"\xef\xbb\xbf" + body, reply.headers, reply.type, now)])
        case "huge":
            size = int(struck.options["size"])
            own = {"Content-Type": reply.type, "Content-Length": str(size), "Connection": "close"}
            head = _head(reply.status, own, now)
            return Broken(_blocks(head, b" " * _BLOCK, size), close=True)
    changed = Reply(reply.status, _other(struck, reply.value), reply.headers, reply.type)
    return Broken([whole(changed, now)])


def _instead(struck: Switch, now: datetime) -> bytes | None:
    options = struck.options
    match struck.fault:
        case "login-page":
            return _packet(200, _PAGE, {}, _HTML, now)
        case "unavailable":
            return _packet(options["status"], _DOWN, {}, _HTML, now)
        case "redirect":
            return _packet(options["status"], b"", {"Location": options["location"]}, _HTML, now)
        case "error" | "throttle":
            denied = refusal(struck)
            assert denied is not None
            wait = {"Retry-After": options["retry_after"]} if options.get("retry_after") else {}
            return whole(Reply(denied.status, denied.value(now.isoformat(timespec="milliseconds")), wait), now)
    return None


def _other(struck: Switch, value: Any) -> Any:
    """The content of a reply, changed."""
    match struck.fault:
        case "batch-cut" if isinstance(value, Mapping) and "BatchItemResponse" in value:
            return {**value, "BatchItemResponse": value["BatchItemResponse"][: struck.options["items"]]}
        case "no-id":
            return _walked(value, lambda item: {k: v for k, v in item.items() if k != "Id"})
        case "other-content":
            return _walked(value, _falsified)
    return value


def _falsified(item: dict[str, Any]) -> dict[str, Any]:
    found = dict(item)
    if "DocNumber" in found:
        found["DocNumber"] = "X" + str(found["DocNumber"])[:20]
    for name in ("TotalAmt", "Balance"):
        if isinstance(found.get(name), Decimal):
            found[name] = Decimal(f"1{abs(found[name])}")
    return found


def _walked(value: Any, change: Any) -> Any:
    """Each object in a value, changed."""
    if isinstance(value, list):
        return [_walked(each, change) for each in value]
    if isinstance(value, Mapping):
        return change({name: _walked(each, change) for name, each in value.items()})
    return value


# ---------------------------------------------------------------- bytes


def _packet(status: int, body: bytes, headers: Mapping[str, str], type: str, now: datetime) -> bytes:
    own = {"Content-Type": type, "Content-Length": str(len(body))} if body or status not in (204, 304) else {}
    return _head(status, {**own, **headers}, now) + body


def _head(status: int, headers: Mapping[str, str], now: datetime) -> bytes:
    known = {found.value: found.phrase for found in HTTPStatus}
    lines = [f"HTTP/1.1 {status} {known.get(status, 'Unknown')}", f"Date: {format_datetime(now, usegmt=True)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")


def _blocks(head: bytes, block: bytes, size: int) -> Iterator[bytes]:
    yield head
    for sent in range(0, size, len(block)):
        yield block[: size - sent]
