"""Replies as bytes, whole or broken.  (pure)"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from email.utils import formatdate
from http import HTTPStatus
from typing import Any, Final

from billsync_connectors.sandbox.server.api import Reply
from billsync_connectors.sandbox.server.denied import Denied
from billsync_connectors.sandbox.server.shelf import dumps

JSON: Final = "application/json"
_PAGE: Final = b"<!doctype html><html><body><form>Please log in: <input name=password></form></body></html>"
_BLOCK: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Broken:
    """What goes out, piece by piece; `close` where the connection ends after it."""

    pieces: Iterable[bytes]
    close: bool = False


def whole(reply: Reply) -> bytes:
    """A reply as it should be."""
    return _packet(reply.status, dumps(reply.value).encode(), reply.headers)


def replied(name: str, options: Mapping[str, Any], reply: Reply | None) -> Broken:
    """The reply as a fault has it; None where the request was not executed."""
    if name in ("error", "busy", "expired", "login-page", "redirect"):
        return Broken([_instead(name, options)])
    assert reply is not None
    body = dumps(reply.value).encode()
    half = body[: len(body) // 2]
    match name:
        case "truncated":
            return Broken([_packet(reply.status, body, reply.headers)[: -len(body) + len(half)]], close=True)
        case "cut":
            return Broken([_head(reply.status, {"Content-Type": JSON, "Connection": "close"}) + half], close=True)
        case "wrong-type":
            return Broken([_packet(reply.status, body, reply.headers, type="text/plain")])
        case "bom":
            return Broken([_packet(reply.status, b"\xef\xbb\xbf" + body, reply.headers)])
        case "latin-1":
            packed = dumps({**reply.value, "remark": "caf\xe9"}).encode("latin-1", "replace")
            return Broken([_packet(reply.status, packed, reply.headers, type=f"{JSON}; charset=latin-1")])
        case "huge":
            head = {"Content-Type": JSON, "Content-Length": str(options["size"])}
            return Broken(_blocks(_head(reply.status, head), b" " * _BLOCK, options["size"]), close=True)
        case "bomb":
            return Broken([_bomb(reply.status, options["size"])])
    return Broken([_packet(reply.status, dumps(_other(name, options, reply.value)).encode(), reply.headers)])


def _instead(name: str, options: Mapping[str, Any]) -> bytes:
    if name == "login-page":
        return _packet(200, _PAGE, {}, type="text/html; charset=utf-8")
    if name == "redirect":
        return _packet(int(options["status"]), b"", {"Location": str(options["location"])})
    if name == "busy":
        asked = options["retry_after"]
        said = Denied(429, "too_many_requests", "too many requests")
        return _packet(429, dumps(said.value()).encode(), {} if asked is None else {"Retry-After": str(asked)})
    if name == "expired":
        return _packet(401, dumps(Denied(401, "log_in", "the token is over").value()).encode(), {})
    said = Denied(int(options["status"]), "broken", "the server is broken at this moment")
    return _packet(said.status, dumps(said.value()).encode(), {})


def _other(name: str, options: Mapping[str, Any], value: Any) -> Any:
    """The content of a reply, changed."""
    if name == "batch-cut" and "results" in value:
        return {**value, "results": value["results"][: int(options["items"])]}
    if name in ("no-id", "other-content"):
        return _records(name, value)
    return value


def _records(name: str, value: dict[str, Any]) -> dict[str, Any]:
    """Each record in a reply, wherever it stands, changed."""
    if "results" in value:
        results = [
            {**item, "record": _record(name, item["record"])} if "record" in item else item for item in value["results"]
        ]
        return {**value, "results": results}
    if "records" in value:
        return {**value, "records": [_record(name, record) for record in value["records"]]}
    return _record(name, value)


def _record(name: str, record: dict[str, Any]) -> dict[str, Any]:
    if name == "no-id":
        return {field: item for field, item in record.items() if field != "id"}
    changed = {"reference": "SOMETHING-ELSE"} if "reference" in record else {}
    return {**record, **changed, **{field: "1" + record[field] for field in ("total", "amount") if record.get(field)}}


# ---------------------------------------------------------------- bytes


def _packet(status: int, body: bytes, headers: Mapping[str, str], *, type: str = JSON) -> bytes:
    length = {"Content-Type": type, "Content-Length": str(len(body))}
    return _head(status, {**length, **headers}) + body


def _head(status: int, headers: Mapping[str, str]) -> bytes:
    known = {found.value: found.phrase for found in HTTPStatus}
    lines = [f"HTTP/1.1 {status} {known.get(status, 'Unknown')}", f"Date: {formatdate(usegmt=True)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")


def _blocks(head: bytes, block: bytes, size: int) -> Iterator[bytes]:
    yield head
    for sent in range(0, size, len(block)):
        yield block[: size - sent]


def _bomb(status: int, size: int) -> bytes:
    """Zeros, packed by a factor of about a thousand."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 16 + zlib.MAX_WBITS)
    packed = b"".join(packer.compress(b" " * min(_BLOCK, size - made)) for made in range(0, size, _BLOCK))
    return _packet(status, packed + packer.flush(), {"Content-Encoding": "gzip"})
