"""What a person chooses from when the connection is set up, and files that are laid to documents.  (shell)"""

from __future__ import annotations

from typing import Any, Final

from billsync.connector import Attachment, Books, Choice, Refused
from billsync_connectors.tryton import payload
from billsync_connectors.tryton.session import Session

_CHOSEN: Final = {
    "revenue": "accounts:revenue",
    "receivable": "accounts:receivable",
    "taxes": "taxes",
    "payment_term": "terms",
    "payment_method": "accounts:bank",
}


def books(session: Session) -> Books:
    """The company's accounts, sales taxes, terms, products and currencies.  Raises `TryLater`, `Refused`."""
    company = ["company", "=", session.company]
    methods = session.find("account.invoice.payment.method", [company], "name")
    terms = session.find("account.invoice.payment_term", [], "name")
    products = session.find("product.product", [], "code", "rec_name", limit=500)
    currencies = session.find("currency.currency", [], "code", "name")
    return Books(
        accounts=(
            *_accounts(session, "revenue"),
            *_accounts(session, "receivable"),
            *(Choice(row["name"], row["name"], kind="bank", default=len(methods) == 1) for row in methods),
        ),
        taxes=_taxes(session),
        terms=tuple(Choice(row["name"], row["name"]) for row in terms),
        items=tuple(Choice(str(row["id"]), row["rec_name"]) for row in products),
        currencies=tuple(Choice(row["code"], row["name"], currency=row["code"]) for row in currencies),
        settings=dict(_CHOSEN),
        facts=_facts(session),
    )


def _accounts(session: Session, kind: Any) -> list[Choice]:
    domain = [["company", "=", session.company], [f"type.{kind}", "=", True], ["closed", "!=", True]]
    rows = [row for row in session.find("account.account", domain, "code", "name") if row["code"]]
    return [Choice(row["code"], row["name"], kind=kind, default=row is rows[0]) for row in rows]


def _taxes(session: Session) -> tuple[Choice, ...]:
    sales = ["OR", [["group", "=", None]], [["group.kind", "in", ["sale", "both"]]]]
    domain = [["company", "=", session.company], ["parent", "=", None], sales]
    rows = session.find("account.tax", domain, "name", "type", "rate")
    return tuple(
        Choice(row["name"], row["name"], rate=row["rate"] if row["type"] == "percentage" else None) for row in rows
    )


def _facts(session: Session) -> dict[str, str]:
    company = session.find("company.company", [["id", "=", session.company]], "rec_name", "currency.code")[0]
    closed = session.find(
        "account.period", [["state", "in", ["closed", "locked"]], ["fiscalyear.company", "=", session.company]], "name"
    )
    rounding = session.find("account.configuration", [], "tax_rounding")
    return {
        "company": company["rec_name"],
        "currency": company["currency."]["code"],
        "closed periods": ", ".join(row["name"] for row in closed) or "none",
        "taxes are rounded": f"by {rounding[0]['tax_rounding']}" if rounding else "by document",
    }


def attach(session: Session, model: str, remote_id: str, file: Attachment) -> None:
    """Lay a file to a record; one of the same name gets this content.  Raises `TryLater`, `Refused`, `Unclear`."""
    record = payload.remote_id(remote_id, "remote_id")
    if not session.find(model, [["id", "=", record]]):
        raise Refused("gone", f"Tryton has no {model} {record} any more")
    resource = f"{model},{record}"
    there = session.find("ir.attachment", [["resource", "=", resource], ["name", "=", file.name]], limit=1)
    if there:
        session.do("model.ir.attachment.write", [there[0]["id"]], {"data": file.content})
        return
    made = {"resource": resource, "name": file.name, "type": "data", "data": file.content}
    session.do("model.ir.attachment.create", [made])
