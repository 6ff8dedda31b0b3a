"""Requests in one request: /composite, /composite/graph, /composite/batch.  (shell)"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from billsync_connectors.salesforce.server.asked import Reply, Request
from billsync_connectors.salesforce.server.denied import Denied
from billsync_connectors.salesforce.server.shelf import Shelf
from billsync_connectors.salesforce.server.values import dumps

PARTS_MAX: Final = 25
QUERIES_MAX: Final = 5
NODES_MAX: Final = 500
GRAPHS_MAX: Final = 75
FAILED_MAX: Final = 14
_REFERENCE: Final = re.compile(r"@\{([A-Za-z0-9_]+)((?:\.[A-Za-z0-9_]+|\[\d+\])*)\}")
_HALTED: Final = [
    {
        "errorCode": "PROCESSING_HALTED",
        "message": "The transaction was rolled back since another operation in the same transaction failed.",
    }
]
Value = dict[str, Any]


class Composite:
    """Takes what `execute` gives for each part; every method is called inside of a turn, and raises `Denied`."""

    def __init__(self, shelf: Shelf, execute: Callable[[Request], Reply]) -> None:
        self._shelf, self._execute = shelf, execute

    def answer(self, request: Request, rest: list[str]) -> Reply:
        """One of them."""
        if request.method != "POST":
            raise Denied(405, "METHOD_NOT_ALLOWED", f"HTTP Method '{request.method}' not allowed. Allowed are POST")
        body = request.mapping()
        if not rest:
            return self._composite(request, body)
        return self._graphs(request, body) if rest[0] == "graph" else self._batch(request, body)

    def _composite(self, request: Request, body: Value) -> Reply:
        parts = _parts(body, "compositeRequest", PARTS_MAX)
        heavy = sum(1 for part in parts if "/query" in str(part.get("url")) or "/composite" in str(part.get("url")))
        if heavy > QUERIES_MAX:
            told = f"Cannot have more than {QUERIES_MAX} operations for queries and collections in a composite request"
            raise Denied(400, "LIMIT_EXCEEDED", told)
        answers, _good = self._together(request, parts, strict=body.get("allOrNone") is True)
        return Reply(200, {"compositeResponse": answers})

    def _graphs(self, request: Request, body: Value) -> Reply:
        graphs = _parts(body, "graphs", GRAPHS_MAX)
        if sum(len(graph.get("compositeRequest", [])) for graph in graphs) > NODES_MAX:
            raise Denied(400, "LIMIT_EXCEEDED", f"The payload has more than {NODES_MAX} nodes")
        found, failed = [], 0
        for graph in graphs:
            parts = _parts(graph, "compositeRequest", NODES_MAX)
            if failed >= FAILED_MAX:
                answers, good = [_answer(part, Reply(400, _HALTED)) for part in parts], False
            else:
                answers, good = self._together(request, parts, strict=True)
            failed += not good
            response = {"compositeResponse": answers}
            found.append({"graphId": graph.get("graphId"), "graphResponse": response, "isSuccessful": good})
        return Reply(200, {"graphs": found})

    def _batch(self, request: Request, body: Value) -> Reply:
        parts = _parts(body, "batchRequests", PARTS_MAX)
        results: list[Value] = []
        for part in parts:
            path = f"/services/data/{str(part.get('url', '')).lstrip('/')}"
            reply = self._part(request, {**part, "url": path, "body": part.get("richInput")}, {})
            results.append({"statusCode": reply.status, "result": reply.value})
        wrong = any(result["statusCode"] >= 400 for result in results)
        return Reply(200, {"hasErrors": wrong, "results": results})

    def _together(self, request: Request, parts: list[Value], *, strict: bool) -> tuple[list[Value], bool]:
        """Each part's answer, and whether all went well; with `strict` nothing is done where one fails."""
        mark, known, replies = self._shelf.mark(), dict[str, Any](), list[Reply]()
        for part in parts:
            halted = strict and any(reply.status >= 400 for reply in replies)
            reply = Reply(400, _HALTED) if halted else self._part(request, part, known)
            replies.append(reply)
            if reply.status < 400:
                known[str(part.get("referenceId"))] = reply.value
        good = all(reply.status < 400 for reply in replies)
        if strict and not good:
            self._shelf.withdraw(mark)
            replies = [reply if reply.status >= 400 else Reply(400, _HALTED) for reply in replies]
        return [_answer(part, reply) for part, reply in zip(parts, replies, strict=True)], good

    def _part(self, request: Request, part: Value, known: Mapping[str, Any]) -> Reply:
        try:
            url, body = _filled(part.get("url", ""), known), _filled(part.get("body"), known)
            packed = dumps(body).encode() if body is not None else b""
            headers = {**request.headers, **{k.lower(): v for k, v in (part.get("httpHeaders") or {}).items()}}
            with self._shelf.turn():
                return self._execute(Request(str(part.get("method", "GET")), str(url), headers, packed, request.scheme))
        except Denied as denied:
            return Reply(denied.status, denied.value())


def _parts(body: Value, name: str, most: int) -> list[Value]:
    found = body.get(name)
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        raise Denied(400, "JSON_PARSER_ERROR", f"{name}: a list is expected")
    if len(found) > most:
        raise Denied(400, "LIMIT_EXCEEDED", f"{name}: the limit is {most}")
    return found


def _answer(part: Value, reply: Reply) -> Value:
    headers = {name: value for name, value in reply.headers.items() if name == "Location"}
    own = {"body": reply.value, "httpHeaders": headers, "httpStatusCode": reply.status}
    return {**own, "referenceId": part.get("referenceId")}


def _filled(value: Any, known: Mapping[str, Any]) -> Any:
    """A value with what it refers to of earlier answers."""
    if isinstance(value, str):
        return _REFERENCE.sub(lambda match: str(_reached(match, known)), value)
    if isinstance(value, list):
        return [_filled(each, known) for each in value]
    if isinstance(value, dict):
        return {name: _filled(each, known) for name, each in value.items()}
    return value


def _reached(match: re.Match[str], known: Mapping[str, Any]) -> Any:
    if match[1] not in known:
        told = f"Invalid reference specified. No value for {match[1]}{match[2]} found. Invalid referenceId: {match[1]}."
        raise Denied(400, "PROCESSING_HALTED", told)
    found = known[match[1]]
    try:
        for name, place in re.findall(r"\.([A-Za-z0-9_]+)|\[(\d+)\]", match[2]):
            found = found[name] if name else found[int(place)]
    except (KeyError, IndexError, TypeError):
        raise Denied(400, "PROCESSING_HALTED", f"Invalid reference specified. No value for {match[0]} found.") from None
    return found
