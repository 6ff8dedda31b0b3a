"""What of NetSuite's own books a document refers to: currencies, taxes, subsidiaries, periods.  (shell)"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import Final

from billsync.connector import Refused
from billsync.model.scalar import plain, read_decimal
from billsync_connectors.netsuite.session import Row, Session
from billsync_connectors.netsuite.settings import NetSuiteSettings
from billsync_connectors.netsuite.wording import numbers, quoted, select

NONE: Final = "none"
"""The name among `tax_codes` of what is not taxed."""


class Books:
    """The account's set-up.  Every look-up raises `TryLater`, and `Refused` with a hint where something is missing."""

    def __init__(self, session: Session, settings: NetSuiteSettings) -> None:
        self._session, self._settings = session, settings

    @cached_property
    def currencies(self) -> dict[str, str]:
        """ISO code -> id."""
        rows = self._session.rows(select("c.id, c.symbol", "currency c", order="c.id"))
        return {row.get("symbol", ""): row["id"] for row in rows}

    @cached_property
    def taxes(self) -> list[tuple[str, str, Decimal | None]]:
        """Id, name and rate, as a fraction, of each sales tax that is in use."""
        query = select("x.id, x.itemid, x.rate", "salestaxitem x", "x.isinactive = 'F'", order="x.id")
        return [
            (row["id"], row.get("itemid", row["id"]), _fraction(row.get("rate"))) for row in self._session.rows(query)
        ]

    def currency(self, text: str) -> str:
        """Id of a currency that is named by its id or its ISO code."""
        if text in self.currencies:
            return self.currencies[text]
        if text in self.currencies.values():
            return text
        raise Refused("unknown_currency", f"NetSuite has no currency {text}: add it there, or its id to the mapping")

    def symbol(self, id: str | None) -> str | None:
        """ISO code of a currency."""
        return next((symbol for symbol, own in self.currencies.items() if own == id), None)

    def tax(self, code: str, rate: Decimal) -> str:
        """Id of the tax code for ours: the one that is configured, else the only one of that rate."""
        codes = self._settings.tax_codes
        named = codes.get(code, "") or ("" if rate else codes.get(NONE, ""))
        if named:
            return named
        fits = [(id, name) for id, name, own in self.taxes if own == rate]
        if len(fits) == 1:
            return fits[0][0]
        shown = ", ".join(f"{id} {name}" for id, name in fits) or "none"
        what = f"NetSuite has not exactly one tax code of {plain(rate * 100)} % ({shown})"
        raise Refused(
            "unknown_tax",
            f"{what}: say which under tax_codes: {{{code or (NONE if not rate else 'CODE')}: ID}}",
            field="tax_code",
        )

    @cached_property
    def subsidiary(self) -> str:
        """Of new customers: the configured one, else the only one; "" where the account has none (no OneWorld)."""
        if self._settings.subsidiary:
            return self._settings.subsidiary
        try:
            rows = self._session.rows(select("s.id, s.name", "subsidiary s", "s.isinactive = 'F'", order="s.id"))
        except Refused:  # there is no such table without OneWorld
            return ""
        if len(rows) > 1:
            shown = ", ".join(f"{row['id']} {row.get('name', '')}" for row in rows)
            message = f"the account has several subsidiaries ({shown}): name one under `subsidiary`, or in the mapping"
            raise Refused("missing_setting", message, field="subsidiary")
        return rows[0]["id"] if rows else ""

    def closed(self, day: date) -> bool:
        """Whether the accounting period of a day is closed or locked."""
        on = f"TO_DATE('{day.isoformat()}', 'YYYY-MM-DD')"
        where = (f"p.startdate <= {on}", f"p.enddate >= {on}", "p.isquarter = 'F'", "p.isyear = 'F'")
        columns = "p.id, p.closed, p.arlocked, p.alllocked"
        rows = self._session.rows(select(columns, "accountingperiod p", *where, order="p.id"))
        return any("T" in (row.get("closed"), row.get("arlocked"), row.get("alllocked")) for row in rows)

    def inactive(self, customer: str) -> bool:
        """Whether a customer is inactive there."""
        where = (f"c.id IN ({numbers([customer])})", "c.isinactive = 'T'")
        return bool(self._session.rows(select("c.id", "customer c", *where, order="c.id")))

    def bearing(self, external: str, number: str, type: str) -> list[Row]:
        """Transactions that have the external id, or are of the type and have the number."""
        same = f" OR (t.type = '{type}' AND t.tranid IN ({quoted([number])}))" if number else ""
        where = f"(t.externalid IN ({quoted([external])}){same})"
        return self._session.rows(select("t.id, t.externalid, t.tranid, t.type", "transaction t", where, order="t.id"))


def _fraction(text: str | None) -> Decimal | None:
    """`20`, `20.0` or `20.00%` as 0.2; None where it is no number."""
    try:
        return read_decimal((text or "").strip().rstrip("%").strip()) / 100
    except ValueError:
        return None
