"""Replies as bytes, whole or damaged on their way.  (pure)"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from email.utils import format_datetime
from http import HTTPStatus
from typing import Any, Final

from billsync_stand_in.asked import Reply
from billsync_stand_in.faults import Switch

LOGIN: Final = b"<!doctype html><html><body><form>Please log in: <input name=password></form></body></html>"
HTML: Final = "text/html; charset=utf-8"
_EMPTY: Final = (204, 304)
_BLOCK: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Broken:
    """What goes out, piece by piece; `close` where the connection ends after it."""

    pieces: Iterable[bytes]
    close: bool = False


def whole(reply: Reply, now: datetime) -> bytes:
    """A reply as it should be."""
    return packet(reply.status, reply.body, reply.headers, reply.type, now)


def instead(struck: Switch, now: datetime, *, down: bytes = b"", html: str = HTML) -> bytes | None:
    """What a proxy says in the system's place; None for faults that are the system's own.

    Args:
        struck: the fault.
        now: the reply's date.
        down: the page that stands where nothing works.
        html: the content type of pages.
    """
    options = struck.options
    match struck.fault:
        case "login-page":
            return packet(200, LOGIN, {}, html, now)
        case "unavailable":
            return packet(options["status"], down, {}, html, now)
        case "redirect":
            return packet(options["status"], b"", {"Location": str(options["location"])}, html, now)
    return None


def damaged(struck: Switch, reply: Reply, now: datetime) -> Broken | None:
    """A reply that was damaged on its way; None where the fault does not damage it."""
    body = reply.body
    match struck.fault:
        case "truncated":
            packed = whole(reply, now)
            return Broken([packed[: len(packed) - len(body) + len(body) // 2]], close=True)
        case "cut":
            begun = head(reply.status, {"Content-Type": reply.type, "Connection": "close"}, now)
            return Broken([begun + body[: len(body) // 2]], close=True)
        case "wrong-type":
            return Broken([packet(reply.status, body, reply.headers, "text/plain", now)])
        case "bom":
            return Broken([packet(reply.status, b"\xef\xbb\xbf" + body, reply.headers, reply.type, now)])
        case "huge":
            size = int(struck.options["size"])
            own = {"Content-Type": reply.type, "Content-Length": str(size), "Connection": "close"}
            return Broken(_blocks(head(reply.status, own, now), size), close=True)
        case "bomb":
            packed = _packed(int(struck.options["size"]))
            return Broken([packet(reply.status, packed, {"Content-Encoding": "gzip"}, reply.type, now)])
    return None


# ---------------------------------------------------------------- bytes


def packet(status: int, body: bytes, headers: Mapping[str, str], type: str, now: datetime) -> bytes:
    """A reply's bytes; its headers win over what it would have by itself."""
    own = {"Content-Type": type, "Content-Length": str(len(body))} if body or status not in _EMPTY else {}
    return head(status, {**own, **headers}, now) + body


def head(status: int, headers: Mapping[str, str], now: datetime) -> bytes:
    """All before the body."""
    known = {found.value: found.phrase for found in HTTPStatus}
    dated = {"Date": format_datetime(now, usegmt=True), **headers}
    lines = [f"HTTP/1.1 {status} {known.get(status, 'Unknown')}", *(f"{name}: {text}" for name, text in dated.items())]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")


def _blocks(begun: bytes, size: int) -> Iterator[bytes]:
    yield begun
    block = b" " * _BLOCK
    for sent in range(0, size, _BLOCK):
        yield block[: size - sent]


def _packed(size: int) -> bytes:
    """Blanks, packed by a factor of about a thousand."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 16 + zlib.MAX_WBITS)
    packed = b"".join(packer.compress(b" " * min(_BLOCK, size - made)) for made in range(0, size, _BLOCK))
    return packed + packer.flush()


# ---------------------------------------------------------------- other content


def walked(value: Any, change: Callable[[dict[str, Any]], Any]) -> Any:
    """Each object in a value, changed."""
    if isinstance(value, list):
        return [walked(each, change) for each in value]
    if isinstance(value, Mapping):
        return change({name: walked(each, change) for name, each in value.items()})
    return value


def without(*names: str) -> Callable[[dict[str, Any]], Any]:
    """Objects without these fields."""
    return lambda item: {name: value for name, value in item.items() if name not in names}


def replaced(name: str, change: Callable[[Any], Any]) -> Callable[[dict[str, Any]], Any]:
    """Objects with another value in one field, where they have it."""
    return lambda item: {**item, name: change(item[name])} if name in item else item


def as_texts(plain: Callable[[Decimal], str]) -> Callable[[dict[str, Any]], Any]:
    """Objects with numbers and booleans as text.

    Args:
        plain: an amount as the system writes it.
    """

    def text(value: Any) -> Any:
        if isinstance(value, bool):
            return str(value).lower()
        return plain(value) if isinstance(value, Decimal) else value

    return lambda item: {name: text(value) for name, value in item.items()}
