"""Files that lie at a document.  (shell)"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Mapping
from typing import Any, Final

from billsync_connectors.sandbox.server.denied import Denied
from billsync_connectors.sandbox.server.shelf import Row, Shelf

_TAKES: Final = ("invoice", "credit_note")


def lay(shelf: Shelf, row: Row, given: Mapping[str, Any]) -> dict[str, Any]:
    """Lay a file to a document, in the place of one of the same name.  Raises `Denied`."""
    if row.object not in _TAKES:
        raise Denied(400, "not_offered", f"{row.object} takes no files")
    try:
        name, media_type, content = (str(given[key]) for key in ("name", "media_type", "content"))
        base64.b64decode(content, validate=True)
    except (KeyError, binascii.Error, ValueError):
        raise Denied(422, "bad_value", "expected name, media_type and content as base64", "content") from None
    shelf.do("insert or replace into file values (?,?,?,?,?)", row.object, row.id, name, media_type, content)
    return _shown(name, media_type, content)


def listed(shelf: Shelf, row: Row) -> list[dict[str, Any]]:
    """The files of a document, by name."""
    query = "select name, media_type, content from file where object = ? and id = ? order by name"
    return [_shown(*found) for found in shelf.ask(query, row.object, row.id)]


def laid(shelf: Shelf) -> list[dict[str, Any]]:
    """All files of all documents."""
    query = "select object, id, name, media_type, content from file order by object, id, name"
    return [{"object": object, "id": id, **_shown(*found)} for object, id, *found in shelf.ask(query)]


def _shown(name: str, media_type: str, content: str) -> dict[str, Any]:
    raw = base64.b64decode(content)
    digest = hashlib.sha256(raw).hexdigest()
    return {"name": name, "media_type": media_type, "size": len(raw), "sha256": digest}
