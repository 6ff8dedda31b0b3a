"""What people do in the company by hand: they may write where the API may not.  (shell)"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from billsync_connectors.quickbooks.server.books import APP, HUMAN, Books
from billsync_connectors.quickbooks.server.company import Company
from billsync_connectors.quickbooks.server.denied import Denied, unsupported
from billsync_connectors.quickbooks.server.kinds import BY_PATH, SALES
from billsync_connectors.quickbooks.server.shelf import Row


def done(company: Company, asked: Mapping[str, Any]) -> Row:
    """`create`, `update`, `void`, `delete`, `deactivate` or `merge` (id wins over `loser`).  Raises `Denied`."""
    books = company.books
    books.by = HUMAN
    try:
        with company.shelf.turn():
            found = _act(company, asked)
        company.hooks.send()
        return found
    finally:
        books.by = APP


def _act(company: Company, asked: Mapping[str, Any]) -> Row:
    books, fields = company.books, dict(asked.get("fields") or {})
    kind, id, do = BY_PATH.get(str(asked.get("object", "")).lower(), ""), str(asked.get("id", "")), asked.get("do")
    if not kind:
        raise unsupported(str(asked.get("object")))
    if do == "create":
        return _row(company, kind, company.api.write(kind, "create", fields, "allowduplicatedocnum"))
    row = books.need(kind, id)
    seen = {"Id": id, "SyncToken": row["SyncToken"]}
    match do:
        case "update" | "deactivate":
            changed = {"Active": False} if do == "deactivate" else fields
            written = {**seen, "sparse": True, **changed}
            return _row(company, kind, company.api.write(kind, "update", written, "allowduplicatedocnum"))
        case "void" | "delete":
            return _row(company, kind, company.api.write(kind, str(do), seen, ""))
        case "merge":
            return merge(books, row, books.need("Customer", str(asked.get("loser", ""))))
    raise Denied(2170, "Bad value", f"do: create, update, deactivate, void, delete or merge, not {do}", status=422)


def _row(company: Company, kind: str, told: Mapping[str, Any]) -> Row:
    found = company.shelf.get(kind, told[kind]["Id"])
    assert found is not None
    return found


def merge(books: Books, winner: Row, loser: Row) -> Row:
    """Two customers become one: the loser's documents are the winner's, and it is gone."""
    if winner["Id"] == loser["Id"]:
        raise Denied(900, "Parent cannot be child", "a customer cannot be merged with itself")
    reference = {"value": winner["Id"], "name": winner["DisplayName"]}
    for kind in (*SALES, "Payment"):
        for row in list(books.every(kind)):
            if row["CustomerRef"]["value"] == loser["Id"]:
                books.kept(kind, {**row, "CustomerRef": reference})
    books.gone("Customer", {**loser, "Active": False, "_merged_into": winner["Id"]})
    return winner
