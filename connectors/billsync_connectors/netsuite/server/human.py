"""What people do in the account by hand: they may write where the API may not.  (shell)"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from billsync_connectors.netsuite.server.account import Account
from billsync_connectors.netsuite.server.denied import Denied, user
from billsync_connectors.netsuite.server.kinds import BY_PATH
from billsync_connectors.netsuite.server.ledger import APP, HUMAN
from billsync_connectors.netsuite.server.shelf import Row

_WHOSE: Final = {"invoice": "entity", "creditMemo": "entity", "salesOrder": "entity", "customerPayment": "customer"}


def done(account: Account, asked: Mapping[str, Any]) -> Row:
    """`create`, `update`, `void`, `delete`, `deactivate` or `merge` (id wins over `loser`).  Raises `Denied`."""
    account.ledger.by = HUMAN
    try:
        with account.shelf.turn():
            return _act(account, asked)
    finally:
        account.ledger.by = APP


def _act(account: Account, asked: Mapping[str, Any]) -> Row:
    kind = BY_PATH.get(str(asked.get("object", "")).lower())
    if kind is None:
        raise Denied(422, "BAD_VALUE", f"there is no type {asked.get('object')}")
    id, fields, records = str(asked.get("id", "")), dict(asked.get("fields") or {}), account.records
    match asked.get("do"):
        case "create":
            return records.create(kind, fields)
        case "update":
            return records.update(kind, id, fields, ("item",))
        case "deactivate":
            return records.update(kind, id, {"isInactive": True})
        case "void":
            return records.void(kind, id)
        case "delete":
            return records.delete(kind, id)
        case "merge":
            return merge(account, id, str(asked.get("loser", "")))
    told = f"do: create, update, deactivate, void, delete or merge, not {asked.get('do')}"
    raise Denied(422, "BAD_VALUE", told)


def merge(account: Account, id: str, loser: str) -> Row:
    """Two customers become one: the loser's documents are the winner's, and it is deleted."""
    ledger = account.ledger
    winner, other = ledger.need("customer", id), ledger.need("customer", loser)
    if winner["id"] == other["id"]:
        raise user("A customer cannot be merged with itself.")
    reference = {"id": winner["id"], "refName": winner["entityId"]}
    for name, field in _WHOSE.items():
        for row in list(ledger.every(name)):
            if row[field]["id"] == other["id"]:
                ledger.kept({**row, field: reference})
    ledger.gone(other)
    account.records.settled(winner["id"])
    return ledger.need("customer", winner["id"])
