"""What a person chooses from when the connection is set up, and a document on trial.  (shell)"""

from __future__ import annotations

from decimal import Decimal
from typing import Final, Literal

from billsync.connector import Books, Choice, Fault, Health, Intent, Refused, Trial
from billsync_connectors.netsuite.books import Books as Looked
from billsync_connectors.netsuite.sales import Invoices
from billsync_connectors.netsuite.session import Session
from billsync_connectors.netsuite.settings import NetSuiteSettings
from billsync_connectors.netsuite.signing import realm
from billsync_connectors.netsuite.wording import select

_SHOWN: Final = 500
_KINDS: Final[dict[str, Literal["revenue", "receivable", "bank"]]] = {
    "Income": "revenue",
    "AcctRec": "receivable",
    "Bank": "bank",
}
_SETTINGS: Final = {"income_account": "accounts:revenue", "bank_account": "accounts:bank", "tax_codes": "taxes"}


class SettingUp:
    """Asks the account's own books.  Raises `TryLater` and `Refused`."""

    def __init__(self, session: Session, settings: NetSuiteSettings, books: Looked, invoices: Invoices) -> None:
        self._session, self._settings, self._books, self._invoices = session, settings, books, invoices

    def check(self) -> Health:
        """Reach the account; what a person should know of it."""
        currencies = ", ".join(self._books.currencies)
        remarks = [f"currencies: {currencies}"]
        try:
            self._books.subsidiary  # noqa: B018  asked for what it raises
        except Refused as fault:
            remarks.append(fault.message)
        if self._settings.private_key is None:
            remarks.append("token-based log-in: NetSuite lets no new integration in by it from 2027.1 on")
        return Health(system="NetSuite", identity=f"account {realm(self._settings.account)}", remarks=tuple(remarks))

    def books(self) -> Books:
        """Accounts, tax codes, terms, items, currencies."""
        return Books(
            accounts=tuple(self._accounts()),
            taxes=tuple(
                Choice(id, name, rate=rate, default=self._settings.tax_codes.get("none") == id)
                for id, name, rate in self._books.taxes
            ),
            terms=tuple(self._named("term", "name")),
            items=tuple(self._named("item", "itemid")),
            currencies=tuple(Choice(id, code, currency=code) for code, id in self._books.currencies.items()),
            settings=dict(_SETTINGS),
            facts=self._facts(),
        )

    def trial(self, intent: Intent) -> Trial:
        """NetSuite has no drafts: an invoice with a number of its own, deleted at once.  Raises `Unclear` too."""
        body = self._invoices.body(intent)
        external = f"trial--{body['externalId']}"
        body |= {"externalId": external, "tranId": f"TRIAL-{intent.key}"[:45]}
        id = self._session.put("invoice", external, body, "item") or f"eid:{external}"
        try:
            row = self._session.record("invoice", id)
            self._session.delete("invoice", id)
        except Fault as fault:
            return Trial({}, left=id, message=fault.message)
        return Trial({} if row is None else self._invoices.shown(row))

    # ------------------------------------------------------------ inside

    def _accounts(self) -> list[Choice]:
        query = (
            "SELECT a.id, a.acctnumber, a.acctname, a.accttype FROM account a WHERE a.isinactive = 'F' ORDER BY a.id"
        )
        return [
            Choice(
                row["id"],
                " ".join(part for part in (row.get("acctnumber"), row.get("acctname")) if part),
                kind=_KINDS.get(row.get("accttype", ""), "other"),
            )
            for row in self._session.rows(query)
        ]

    def _named(self, table: str, column: str) -> list[Choice]:
        query = select(f"r.id, r.{column}", f"{table} r", "r.isinactive = 'F'", order="r.id")
        rows = self._session.rows(f"{query} FETCH FIRST {_SHOWN} ROWS ONLY")
        return [Choice(row["id"], row.get(column, row["id"])) for row in rows]

    def _facts(self) -> dict[str, str]:
        query = select("c.id, c.symbol, c.exchangerate", "currency c", order="c.id")
        base = [row.get("symbol", "") for row in self._session.rows(query) if _is_one(row.get("exchangerate"))]
        on = "each line" if self._settings.tax_on == "line" else "the document"
        return {"account": realm(self._settings.account), "base currency": ", ".join(base[:1]), "tax code": f"of {on}"}


def _is_one(text: str | None) -> bool:
    return text is not None and text.replace(".", "").isdigit() and Decimal(text) == 1
