"""External ids: the names that we give to Odoo's records, unique in its database.  (shell)

`NAMESPACE.OBJECT-KEY`; letters and digits of our key stay as they are, so that people can read it there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any, Final

from billsync.connector import Refused
from billsync_connectors.odoo.session import Session

_PLAIN: Final = re.compile(rb"[A-Za-z0-9_-]")
_ESCAPED: Final = re.compile(r"=([0-9A-F]{2})")
_AT_ONCE: Final = 500


def name_of(object: str, key: str) -> str:
    """The name part of an external id: no dot, no blank, no comma in it."""
    signs = (bytes([byte]) for byte in key.encode())
    escaped = "".join(sign.decode() if _PLAIN.match(sign) else f"={sign[0]:02X}" for sign in signs)
    return f"{object}-{escaped}"


def key_of(object: str, name: str) -> str | None:
    """Our key, from the name part of an external id; None where it is not one of this object."""
    start = f"{object}-"
    if not name.startswith(start):
        return None
    raw = _ESCAPED.sub(lambda found: chr(int(found[1], 16)), name[len(start) :])
    try:
        return raw.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return None


class External:
    """Which record an external id of ours stands for, and the other way round."""

    def __init__(self, session: Session, namespace: str) -> None:
        self._session, self._namespace = session, namespace

    def xmlid(self, object: str, key: str) -> str:
        """The whole external id."""
        return f"{self._namespace}.{name_of(object, key)}"

    def ids(self, object: str, model: str, keys: Iterable[str]) -> dict[str, int]:
        """Our key -> Odoo's id, of those that are there.  Raises `TryLater`, `Refused`."""
        names = {name_of(object, key): key for key in keys}
        found: dict[str, int] = {}
        for some in _parts(list(names)):
            domain = [["module", "=", self._namespace], ["model", "=", model], ["name", "in", some]]
            for row in self._session.find("ir.model.data", domain, ["name", "res_id"]):
                found[names[str(row["name"])]] = int(row["res_id"])
        return found

    def keys(self, object: str, model: str, ids: Iterable[int]) -> dict[int, str]:
        """Odoo's id -> our key, of those that carry one.  Raises `TryLater`, `Refused`."""
        found: dict[int, str] = {}
        for some in _parts(sorted(set(ids))):
            domain = [["module", "=", self._namespace], ["model", "=", model], ["res_id", "in", some]]
            for row in self._session.find("ir.model.data", domain, ["name", "res_id"]):
                key = key_of(object, str(row["name"]))
                if key is not None:
                    found[int(row["res_id"])] = key
        return found

    def give(self, object: str, model: str, key: str, id: int) -> None:
        """Give a record that was made by somebody else our external id.

        Raises `Refused` (`reference_taken`) where another record has it, `TryLater`, `Unclear`.
        """
        values = {"module": self._namespace, "name": name_of(object, key), "model": model, "res_id": id}
        try:
            self._session.do("ir.model.data", "create", vals_list=[{**values, "noupdate": True}])
        except Refused as fault:
            if self.ids(object, model, [key]).get(key) == id:
                return
            raise Refused("reference_taken", f"{fault.message} ({self.xmlid(object, key)})") from None


def _parts(items: Sequence[Any]) -> Iterable[list[Any]]:
    return (list(items[start : start + _AT_ONCE]) for start in range(0, len(items), _AT_ONCE))
