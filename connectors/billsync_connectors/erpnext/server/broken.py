"""Replies as bytes, whole or broken.  (pure)"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from email.utils import format_datetime
from http import HTTPStatus
from typing import Any, Final

from billsync_connectors.erpnext.server.asked import Reply
from billsync_connectors.erpnext.server.faults import Switch
from billsync_connectors.erpnext.server.values import plain

_PAGE: Final = b"<!doctype html><html><body><form>Please log in: <input name=password></form></body></html>"
_DOWN: Final = b"<html><head><title>Bad Gateway</title></head><body><center>nginx</center></body></html>"
_HTML: Final = "text/html; charset=utf-8"
_BLOCK: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Broken:
    """What goes out, piece by piece; `close` where the connection ends after it."""

    pieces: Iterable[bytes]
    close: bool = False


def whole(reply: Reply, now: datetime) -> bytes:
    """A reply as it should be."""
    return _packet(reply.status, reply.body, reply.headers, reply.type, now)


def replied(struck: Switch, reply: Reply | None, now: datetime) -> Broken:
    """The reply as a fault has it; None where the request was not executed."""
    instead = _instead(struck, now)
    if instead is not None:
        return Broken([instead])
    assert reply is not None
    body = reply.body
    half = body[: len(body) // 2]
    match struck.fault:
        case "truncated":
            packet = whole(reply, now)
            return Broken([packet[: len(packet) - len(body) + len(half)]], close=True)
        case "cut":
            head = _head(reply.status, {"Content-Type": reply.type, "Connection": "close"}, now)
            return Broken([head + half], close=True)
        case "wrong-type":
            return Broken([_packet(reply.status, body, reply.headers, "text/plain", now)])
        case "bom":
            return Broken([_packet(reply.status, b"\xef\xbb\xbf" + body, reply.headers, reply.type, now)])
        case "huge":
            size = int(struck.options["size"])
            own = {"Content-Type": reply.type, "Content-Length": str(size), "Connection": "close"}
            return Broken(_blocks(_head(reply.status, own, now), b" " * _BLOCK, size), close=True)
    value = reply.value if isinstance(reply.value, bytes) else _other(struck, reply.value)
    return Broken([whole(replace(reply, value=value), now)])


def _instead(struck: Switch, now: datetime) -> bytes | None:
    options = struck.options
    match struck.fault:
        case "login-page":
            return _packet(200, _PAGE, {}, _HTML, now)
        case "unavailable":
            return _packet(options["status"], _DOWN, {}, _HTML, now)
        case "redirect":
            return _packet(options["status"], b"", {"Location": options["location"]}, _HTML, now)
        case "too-many":
            return _packet(429, _DOWN, {"Retry-After": str(options["seconds"])}, _HTML, now)
    return None


def _other(struck: Switch, value: Any) -> Any:
    """The content of a reply, changed."""
    match struck.fault:
        case "batch-cut":
            return _cut(value, struck.options["items"])
        case "no-name":
            return _walked(value, lambda item: {k: v for k, v in item.items() if k != "name"})
        case "text-numbers":
            return _walked(value, lambda item: {k: _as_text(v) for k, v in item.items()})
        case "other-total":
            by = Decimal(struck.options["by"])
            return _walked(value, lambda item: _with(item, "grand_total", lambda total: total + by))
    return value


def _with(item: dict[str, Any], name: str, change: Callable[[Any], Any]) -> dict[str, Any]:
    return {**item, name: change(item[name])} if name in item else item


def _cut(value: Any, most: int) -> Any:
    """A list, shorter."""
    if not isinstance(value, Mapping):
        return value
    return {name: each[:most] if isinstance(each, list) else each for name, each in value.items()}


def _walked(value: Any, change: Callable[[dict[str, Any]], Any]) -> Any:
    """Each object in a value, changed."""
    if isinstance(value, list):
        return [_walked(each, change) for each in value]
    if isinstance(value, Mapping):
        return change({name: _walked(each, change) for name, each in value.items()})
    return value


def _as_text(value: Any) -> Any:
    if isinstance(value, bool):
        return str(value).lower()
    return plain(value) if isinstance(value, Decimal) else value


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
