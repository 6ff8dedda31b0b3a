"""What a person chooses from when the connection is set up, and files that are laid to documents.  (shell)"""

from __future__ import annotations

import base64
from decimal import Decimal
from typing import Final, Literal

from billsync.connector import Attachment, Books, Choice, Refused
from billsync_connectors.erpnext.session import Row, Session
from billsync_connectors.erpnext.site import Site
from billsync_connectors.erpnext.taxes import Taxes

_CHOSEN: Final = {"income_account": "accounts:revenue", "bank_account": "accounts:bank", "tax_codes": "taxes"}
_MOST: Final = 500


def books(session: Session, site: Site, taxes: Taxes) -> Books:
    """The company's accounts, tax templates, items, customers and currencies.  Raises `TryLater`, `Refused`."""
    named = {
        doctype: session.rows(doctype, [label], [["disabled", "=", 0]], limit=_MOST)
        for doctype, label in (("Item", "item_name"), ("Customer", "customer_name"))
    }
    currencies = session.rows("Currency", [], [["enabled", "=", 1]], limit=_MOST)
    return Books(
        accounts=tuple(_account(row) for row in site.accounts()),
        taxes=tuple(Choice(each.name, each.name, rate=_fraction(each.rate)) for each in (*taxes.items, *taxes.sales)),
        items=tuple(Choice(str(row["name"]), str(row.get("item_name") or row["name"])) for row in named["Item"]),
        parties=tuple(Choice(str(row["name"]), str(row.get("customer_name"))) for row in named["Customer"]),
        currencies=tuple(Choice(str(row["name"]), str(row["name"]), currency=str(row["name"])) for row in currencies),
        settings=dict(_CHOSEN),
        facts=_facts(session, site),
    )


def _fraction(rate: Decimal | None) -> Decimal | None:
    return None if rate is None else rate / 100


def _account(row: Row) -> Choice:
    kind: Literal["revenue", "receivable", "bank", "other"] = "other"
    if row.get("account_type") in ("Bank", "Cash"):
        kind = "bank"
    elif row.get("account_type") == "Receivable":
        kind = "receivable"
    elif row.get("root_type") == "Income":
        kind = "revenue"
    currency = str(row.get("account_currency") or "")
    return Choice(str(row["name"]), str(row.get("account_name") or row["name"]), kind=kind, currency=currency)


def _facts(session: Session, site: Site) -> dict[str, str]:
    company = session.get("Company", str(site.company["name"])) or {}
    return {
        "company": str(site.company["name"]),
        "currency": str(site.company.get("default_currency")),
        "closed until": str(company.get("accounts_frozen_till_date") or "not said"),
        "taxes are rounded": "by the account of the tax, over all lines, unless the site rounds row by row",
    }


def attach(session: Session, doctype: str, name: str, file: Attachment) -> None:
    """Lay a file to a document; one of the same name is left.  Raises `TryLater`, `Refused`, `Unclear`."""
    if session.get(doctype, name) is None:
        raise Refused("gone", f"{session.system}: ERPNext has no {doctype} {name} any more")
    where = {"attached_to_doctype": doctype, "attached_to_name": name, "file_name": file.name}
    if session.rows("File", [], [[field, "=", value] for field, value in where.items()], limit=1):
        return
    session.call(
        "frappe.client.attach_file",
        filename=file.name,
        filedata=base64.b64encode(file.content).decode("ascii"),
        doctype=doctype,
        docname=name,
        decode_base64=1,
        is_private=1,
    )
