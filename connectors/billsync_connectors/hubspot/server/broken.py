"""Replies as bytes, whole or broken.  (pure)"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from email.utils import formatdate
from http import HTTPStatus
from typing import Any, Final

from billsync_connectors.hubspot.server.http import Reply
from billsync_connectors.hubspot.server.refused import Refused
from billsync_connectors.hubspot.server.shelf import dumps

JSON: Final = "application/json;charset=utf-8"
_PAGE: Final = b"<!doctype html><html><body><form>Please log in: <input name=password></form></body></html>"
_EDGE: Final = b"<!doctype html><html><head><title>%d</title></head><body><h1>Error %d</h1>cloudflare</body></html>"
_BLOCK: Final = 1024 * 1024
_STAND_IN: Final = "019ce0f8-6d3a-7898-a39b-000000000000"
_FORMS: Final[dict[str, list[Any]]] = {
    "wrong-values": [7, ["a list"], {"an": "object"}, True],
    "bad-text": ["half \ud800 a pair", "a NUL \x00 inside"],
}
"""What stands in place of values."""
_BUSY: Final = {"TEN_SECONDLY_ROLLING": "ten_secondly_rolling", "SECONDLY": "secondly", "DAILY": "daily"}


@dataclass(frozen=True, slots=True)
class Broken:
    """What goes out, piece by piece; `close` where the connection ends after it."""

    pieces: Iterable[bytes]
    close: bool = False


def whole(reply: Reply) -> bytes:
    """A reply as it should be."""
    return _packet(reply.status, _body(reply), reply.headers)


def replied(name: str, options: Mapping[str, Any], reply: Reply | None) -> Broken:
    """The reply as a fault has it; None where the request was not executed."""
    if reply is None or name in ("error", "login-page", "redirect"):
        return Broken([_instead(name, options)])
    body = _body(reply)
    match name:
        case "truncated":
            whole = _packet(reply.status, body, reply.headers)
            return Broken([whole[: len(whole) - len(body) // 2]], close=True)
        case "cut":
            head = _head(reply.status, {"Content-Type": JSON, "Connection": "close"})
            return Broken([head + body[: len(body) // 2]], close=True)
        case "huge":
            head = _head(reply.status, {"Content-Type": JSON, "Content-Length": str(options["size"])})
            return Broken(_blocks(head, b" " * _BLOCK, options["size"]), close=True)
        case "bomb":
            return Broken([_bomb(reply.status, options["size"])])
        case "wrong-type":
            return Broken([_packet(reply.status, body, reply.headers, type="text/plain")])
    return Broken([_packet(reply.status, _bytes(name, options, reply, body), reply.headers)])


def _bytes(name: str, options: Mapping[str, Any], reply: Reply, body: bytes) -> bytes:
    """A body that is whole, and not what it should be."""
    match name:
        case "bom":
            return b"\xef\xbb\xbf" + body
        case "latin-1":
            return dumps({**(reply.value or {}), "remark": "caf\xe9"}).encode("latin-1", "replace")
        case "bad-json":
            return b'{"total":NaN,"results":[],' + body[1:]
    value = _other(name, options, reply.value)
    return b"" if value is None else json.dumps(value, default=str).encode()


def page(status: int) -> bytes:
    """What the edge answers before anything else sees the request: HTML."""
    return _packet(status, _EDGE % (status, status), {}, type="text/html; charset=utf-8")


def _body(reply: Reply) -> bytes:
    return b"" if reply.value is None else dumps(reply.value).encode("utf-8", "surrogatepass")


def _instead(name: str, options: Mapping[str, Any]) -> bytes:
    match name:
        case "login-page":
            return _packet(200, _PAGE, {}, type="text/html; charset=utf-8")
        case "redirect":
            return _packet(int(options["status"]), b"", {"Location": str(options["location"])})
        case "blocked":
            return page(403)
        case "error" if options["body"] == "html":
            return page(int(options["status"]))
    fault = _fault(name, options)
    return _packet(fault.status, dumps(fault.body(_STAND_IN)).encode(), fault.headers)


def _fault(name: str, options: Mapping[str, Any]) -> Refused:
    match name:
        case "busy":
            after, policy = options["retry_after"], options["policy"]
            headers = {} if after is None else {"Retry-After": str(after)}
            message = f"You have reached your {_BUSY[policy]} limit."
            return Refused(429, message, errorType="RATE_LIMIT", policyName=policy, headers=headers)
        case "locked":
            return Refused(423, "The resource is locked by another request", "LOCKED")
        case "migrating":
            message = "The account is being migrated between data centres"
            return Refused(477, message, "MIGRATION_IN_PROGRESS", headers={"Retry-After": str(options["retry_after"])})
        case "expired":
            message = f"The OAuth token used to make this call expired {options['ago']} second(s) ago."
            return Refused(401, message, "EXPIRED_AUTHENTICATION")
    return Refused(int(options["status"]), "internal error")


def _other(name: str, options: Mapping[str, Any], value: Any) -> Any:
    """The content of a reply, changed."""
    if not isinstance(value, dict):
        return value
    if name == "batch-cut" and "results" in value:
        return {**value, "results": value["results"][: int(options["items"])]}
    if name == "short-page" and "results" in value:
        return {**value, "results": value["results"][: -int(options["items"])]}
    if "results" in value:
        return {**value, "results": [_record(name, row) for row in value["results"]]}
    return _record(name, value)


def _record(name: str, record: Any) -> Any:
    if name == "no-id":
        return {field: item for field, item in record.items() if field != "id"}
    if name == "no-properties":
        return {field: item for field, item in record.items() if field != "properties"}
    if name in _FORMS and isinstance(record.get("properties"), dict):
        forms = _FORMS[name]
        values = {key: forms[place % len(forms)] for place, key in enumerate(record["properties"])}
        return {**record, "properties": values}
    return record


# ---------------------------------------------------------------- bytes


def _packet(status: int, body: bytes, headers: Mapping[str, str], *, type: str = JSON) -> bytes:
    length = {"Content-Type": type, "Content-Length": str(len(body))} if status != 204 else {}
    return _head(status, {**length, **headers}) + body


def _head(status: int, headers: Mapping[str, str]) -> bytes:
    known = {found.value: found.phrase for found in HTTPStatus}
    dated = {"Date": formatdate(usegmt=True), **headers}
    lines = [f"HTTP/1.1 {status} {known.get(status, 'Unknown')}", *(f"{name}: {text}" for name, text in dated.items())]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")


def _blocks(head: bytes, block: bytes, size: int) -> Iterator[bytes]:
    yield head
    for sent in range(0, size, len(block)):
        yield block[: size - sent]


def _bomb(status: int, size: int) -> bytes:
    """Blanks, packed by a factor of about a thousand."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 16 + zlib.MAX_WBITS)
    packed = b"".join(packer.compress(b" " * min(_BLOCK, size - made)) for made in range(0, size, _BLOCK))
    return _packet(status, packed + packer.flush(), {"Content-Encoding": "gzip"})
