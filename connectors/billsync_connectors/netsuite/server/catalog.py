"""The metadata catalogue: which fields a type has, as a JSON schema and as an OpenAPI description.  (pure)"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from billsync_connectors.netsuite.server.kinds import REFERENCES, Kind

_NUMBERS: Final = ("total", "subtotal", "amount", "rate", "quantity", "payment", "balance", "applied", "exchangeRate")
_FLAGS: Final = ("is", "taxable", "autoApply", "toBe", "undep")


def schema(kind: Kind) -> dict[str, Any]:
    """JSON schema of a type."""
    found = {name: _property(kind, name) for name in sorted(kind.fields)}
    return {"$schema": "http://json-schema.org/draft-06/hyper-schema#", "type": "object", "title": kind.label,
            "properties": found}  # fmt: skip


def _property(kind: Kind, name: str) -> dict[str, Any]:
    if name in (kind.sublists or {}) or name in REFERENCES or name == "links":
        return {"type": "object", "title": name}
    if any(name.lower().endswith(word.lower()) for word in _NUMBERS):
        return {"type": "number", "format": "double", "title": name}
    if name.startswith(_FLAGS):
        return {"type": "boolean", "title": name}
    return {"type": "string", "title": name, "readOnly": name in kind.computed}


def openapi(kinds: Iterable[Kind]) -> dict[str, Any]:
    """OpenAPI 3.0 of the types."""
    listed = list(kinds)
    paths = {f"/{kind.name}": {"get": {"responses": {"200": {"description": "a list"}}}} for kind in listed}
    schemas = {kind.name: schema(kind) for kind in listed}
    info = {"title": "NetSuite REST Record API", "version": "v1"}
    return {"openapi": "3.0.1", "info": info, "paths": paths, "components": {"schemas": schemas}}
