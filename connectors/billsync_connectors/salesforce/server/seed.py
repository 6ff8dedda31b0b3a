"""Data to begin with: a real CRM's export, with its faults left in.  (shell)"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from billsync_connectors.salesforce.server.denied import Denied
from billsync_connectors.salesforce.server.records import Records
from billsync_stand_in.clock import Clock

NAMES: Final = ("crm_sales",)
_STAGES: Final = {"Won": "Closed Won", "Lost": "Closed Lost"}
_A_SECOND: Final = 2500
"""Records that share one instant: more than a page has."""
_OPEN_DAYS: Final = 90
_NO_DAY: Final = "2018-03-31"
"""An opportunity must have a day on which it is expected to close; the export has none for open ones."""
_MILLION: Final = 1_000_000


def sow(name: str, folder: Path, records: Records, clock: Clock) -> int:
    """Make the records of a data set, as it was loaded a day ago; gives how many.  Raises `Denied`."""
    if name not in NAMES:
        raise Denied(422, "BAD_VALUE", f"there is no data {name}: {', '.join(NAMES)}")
    stood, clock.stands_at = clock.stands_at, clock.now() - timedelta(days=1)
    try:
        return _Sower(folder, records, clock).sow()
    except (OSError, KeyError) as error:
        raise Denied(422, "BAD_VALUE", f"the data in {folder} cannot be read: {error}") from None
    finally:
        clock.stands_at = stood


class _Sower:
    """Makes one data set."""

    def __init__(self, folder: Path, records: Records, clock: Clock) -> None:
        self._folder, self._records, self._clock = folder, records, clock
        self._count = 0
        (book,) = (row["Id"] for row in records.every("Pricebook2") if row["IsStandard"])
        self._book = book

    def sow(self) -> int:
        users = self._users()
        accounts = self._accounts()
        entries = self._products()
        for row in self._rows("sales_pipeline.csv"):
            self._opportunity(row, users, accounts, entries)
        return self._count

    def _rows(self, file: str) -> Iterator[dict[str, str]]:
        with (self._folder / file).open(encoding="utf-8", newline="") as stream:
            yield from csv.DictReader(stream)

    def _made(self, object: str, fields: Mapping[str, Any], system: Mapping[str, Any] | None = None) -> str:
        self._count += 1
        if self._count % _A_SECOND == 0:
            self._clock.forward(timedelta(seconds=1))
        return str(self._records.create(object, fields, system=system)["Id"])

    def _users(self) -> dict[str, str]:
        users: dict[str, str] = {}
        for row in self._rows("sales_teams.csv"):
            manager = row["manager"]
            if manager not in users:
                users[manager] = self._user(manager, {"Department": row["regional_office"]})
            own = {"Department": row["regional_office"], "ManagerId": users[manager]}
            users[row["sales_agent"]] = self._user(row["sales_agent"], own)
        return users

    def _user(self, name: str, fields: Mapping[str, Any]) -> str:
        first, _, last = name.partition(" ")
        mail = f"{name.lower().replace(' ', '.')}@example.com"
        return self._made("User", {"FirstName": first, "LastName": last, "Email": mail, "Username": mail, **fields})

    def _accounts(self) -> dict[str, str]:
        rows = list(self._rows("accounts.csv"))
        accounts = {row["account"]: self._made("Account", _account(row)) for row in rows}
        for row in rows:
            parent = accounts.get(row["subsidiary_of"])
            if parent:
                self._records.update("Account", accounts[row["account"]], {"ParentId": parent})
        return accounts

    def _products(self) -> dict[str, str]:
        """Products and their standard prices; the entry of each product's name."""
        entries: dict[str, str] = {}
        for row in self._rows("products.csv"):
            code = row["product"].upper().replace(" ", "-")
            own = {"Name": row["product"], "ProductCode": code, "Family": row["series"], "IsActive": True}
            product = self._made("Product2", own)
            price = {
                "Product2Id": product,
                "Pricebook2Id": self._book,
                "UnitPrice": row["sales_price"],
                "IsActive": True,
            }
            entries[row["product"].replace(" ", "")] = self._made("PricebookEntry", price)
        return entries

    def _opportunity(
        self, row: Mapping[str, str], users: Mapping[str, str], accounts: Mapping[str, str], entries: Mapping[str, str]
    ) -> None:
        began = row["engage_date"]
        system = {"CreatedDate": f"{began}T09:00:00.000+0000"} if began else {}
        own = {
            "Name": f"{row['account']} {row['product']}".strip(), "AccountId": accounts.get(row["account"]),
            "StageName": _STAGES.get(row["deal_stage"], row["deal_stage"]),
            "CloseDate": row["close_date"] or _due(began),
            "Amount": row["close_value"], "OwnerId": users[row["sales_agent"]], "Pricebook2Id": self._book,
            "External_Id__c": row["opportunity_id"], "Engaged_On__c": began,
        }  # fmt: skip
        id = self._made("Opportunity", own, system)
        if row["deal_stage"] == "Won":
            entry = entries[row["product"].replace(" ", "")]
            line = {"OpportunityId": id, "PricebookEntryId": entry, "Quantity": 1, "UnitPrice": row["close_value"]}
            self._made("OpportunityLineItem", line)


def _account(row: Mapping[str, str]) -> dict[str, Any]:
    revenue = Decimal(row["revenue"]) * _MILLION if row["revenue"] else None
    return {
        "Name": row["account"], "Industry": row["sector"], "YearStarted": row["year_established"],
        "AnnualRevenue": revenue, "NumberOfEmployees": row["employees"], "BillingCountry": row["office_location"],
    }  # fmt: skip


def _due(began: str) -> str:
    return (date.fromisoformat(began) + timedelta(days=_OPEN_DAYS)).isoformat() if began else _NO_DAY
