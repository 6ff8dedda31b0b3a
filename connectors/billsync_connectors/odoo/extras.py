"""What is done around documents: what a person chooses from, a trial draft, files.  (shell)"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal

from billsync.connector import Attachment, Books, Choice, Fault, Intent, Refused, Trial, TryLater, Unclear
from billsync_connectors.odoo import payload
from billsync_connectors.odoo.documents import READ, TYPES, echo
from billsync_connectors.odoo.drafts import Drafts
from billsync_connectors.odoo.encoding import amount, named, text
from billsync_connectors.odoo.external import External
from billsync_connectors.odoo.house import LOCKS, House
from billsync_connectors.odoo.loading import Sheet, load
from billsync_connectors.odoo.session import Session, reading

_KINDS: Final[dict[str, Literal["revenue", "receivable", "other"]]] = {
    "income": "revenue",
    "income_other": "revenue",
    "asset_receivable": "receivable",
}
"""Types of accounts; payments name a journal, not an account."""
_ROUNDING: Final = {"round_per_line": "line", "round_globally": "rate"}
_MOST: Final = 500


class Extras:
    """Set-up and files of one connection.  Raises `TryLater`, `Refused`, `Unclear`."""

    def __init__(self, session: Session, house: House, external: External) -> None:
        self._session, self._house, self._external = session, house, external

    # ------------------------------------------------------------ what there is

    def books(self) -> Books:
        """Accounts and bank journals (by code), taxes and terms (by name), products (by id)."""
        find = self._session.find
        accounts = find("account.account", [], ["code", "name", "account_type"], limit=_MOST)
        journals = find("account.journal", [["type", "=", "bank"]], ["code", "name", "currency_id"])
        company = self.company()
        usual = named(company["account_sale_tax_id"])
        terms = find("account.payment.term", [], ["name"])
        products = find("product.product", [], ["name"], limit=_MOST)
        currencies = find("res.currency", [], ["name"])
        home = named(company["currency_id"])
        return Books(
            accounts=(*(_account(row) for row in accounts), *(_journal(row) for row in journals)),
            taxes=tuple(_tax(row, usual) for row in self._house.taxes),
            terms=tuple(Choice(str(row["id"]), text(row["name"])) for row in terms),
            items=tuple(Choice(str(row["id"]), text(row["name"])) for row in products),
            currencies=tuple(Choice(text(row["name"]), text(row["name"]), default=row["name"] == home)
                             for row in currencies),
            settings={"revenue_account": "accounts:revenue", "bank_journal": "accounts:bank", "tax_codes": "taxes"},
            facts=self._facts(company, home),
        )  # fmt: skip

    def company(self) -> Mapping[str, Any]:
        """The company's own set-up, with those lock dates that this version has."""
        names = ["name", "currency_id", "tax_calculation_rounding_method", "account_sale_tax_id"]
        names += [name for name in LOCKS if name in self._house.fields("res.company")]
        return self._session.find("res.company", [["id", "=", self._session.company]], names)[0]

    def remarks(self) -> tuple[str, ...]:
        """Where the connection's settings say something else than the company's."""
        there = _ROUNDING.get(text(self.company()["tax_calculation_rounding_method"]))
        said = self._house.settings.tax_rounding
        if there in (None, said):
            return ()
        return (f"Odoo rounds taxes per {there}, the connection says tax_rounding: {said}; set it to {there}",)

    def _facts(self, company: Mapping[str, Any], home: str) -> dict[str, str]:
        locked = self._house.locked_until()
        return {
            "company": text(company["name"]),
            "base currency": home,
            "rounding of taxes": text(company["tax_calculation_rounding_method"]),
            "locked until": "" if locked is None else locked.isoformat(),
        }

    # ------------------------------------------------------------ a draft to be looked at

    def trial(self, object: str, intent: Intent) -> Trial:
        """Make a draft, read it back, delete it: drafts have no number, so that nothing is left of it."""
        drafts = Drafts(self._session, self._house, self._external, object, TYPES[object])
        (made,) = load(self._session, "account.move", [drafts.sheet(intent)])
        if not isinstance(made, int):
            raise made
        try:
            rows = self._session.find("account.move", [["id", "=", made]], READ)
            with reading(self._session.system):
                shown = echo(rows[0]) if rows else {}
        except (TryLater, Refused) as fault:
            return Trial({}, *self._removed(drafts, made, f"it could not be read: {fault.message}"))
        return Trial(shown, *self._removed(drafts, made, ""))

    def _removed(self, drafts: Drafts, id: int, message: str) -> tuple[str, str]:
        if drafts.withdrawn(id):
            return "", message
        return str(id), message or f"{self._session.system}: the draft {id} could not be deleted: delete it in Odoo"

    # ------------------------------------------------------------ files

    def attach(self, object: str, remote_id: str, file: Attachment) -> None:
        """Lay a file to a document; one of the same name is replaced, by the external id that it has."""
        id = payload.remote_id(remote_id, "remote_id")
        if not self._session.find("account.move", [["id", "=", id]], ["id"]):
            raise Refused("gone", f"{self._session.system}: Odoo has no {object} {id} any more")
        head = {
            "name": file.name,
            "res_model": "account.move",
            "res_id": str(id),
            "mimetype": file.media_type,
            "datas": base64.b64encode(file.content).decode(),
        }
        sheet = Sheet(self._external.xmlid("file", f"{object}-{id}-{file.name}"), head)
        result = load(self._session, "ir.attachment", [sheet])[0]
        if isinstance(result, TryLater | Refused | Unclear):
            raise result
        if isinstance(result, Fault):
            raise Unclear(result.reason, result.message)


def _account(row: Mapping[str, Any]) -> Choice:
    return Choice(text(row["code"]), text(row["name"]), kind=_KINDS.get(text(row["account_type"]), "other"))


def _journal(row: Mapping[str, Any]) -> Choice:
    return Choice(text(row["code"]), text(row["name"]), kind="bank", currency=named(row["currency_id"]))


def _tax(row: Mapping[str, Any], usual: str) -> Choice:
    rate = amount(row["amount"]) / 100 if row["amount_type"] == "percent" else None
    return Choice(text(row["name"]), text(row["name"]), rate=rate, default=row["name"] == usual)


def fields_of(facts: Mapping[str, Mapping[str, Any]]) -> Sequence[tuple[str, Mapping[str, Any]]]:
    """Fields in order of their names, without those that only Odoo's own pages use."""
    return sorted((name, each) for name, each in facts.items() if each.get("type") not in ("one2many", "json"))
