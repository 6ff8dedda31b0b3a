"""What people do in either CRM so that there is something to bill, and what its deal shows afterwards."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, Protocol

from billsync_connectors.hubspot.named import NamedHubSpot
from billsync_connectors.salesforce.named import SalesforceSandbox

Shown = Mapping[str, Any]


class People(Protocol):
    """Whoever works in a CRM."""

    config: str
    box: Any

    def agree(self, name: str, quantity: str, price: str) -> None:
        """A customer, a product, and an open deal over so many of it."""

    def win(self, on: str) -> None:
        """The deal is won."""

    def shown(self) -> Shown:
        """What the deal shows: `numbers`, `amount`, `state`, `issued_on`, `paid_on`."""

    def wait(self) -> None:
        """Search shows everything."""


class InSalesforce:
    """Sales people in Salesforce."""

    config = "salesforce-tryton"

    def __init__(self, folder: Path) -> None:
        self.box = SalesforceSandbox(folder, options={"seed": "none"})
        self.deal = ""

    def agree(self, name: str, quantity: str, price: str) -> None:
        """An account with a contact, a product in the standard price book, an opportunity with a line."""
        account = self._make("Account", Name=name, BillingCountry="Germany", BillingCity="Berlin")
        self._make("Contact", AccountId=account, LastName="Muster", Email="payables@example.com")
        product = self._make("Product2", Name="Seat", ProductCode="SEAT", IsActive=True)
        book = next(iter(self._rows("Pricebook2").values()))["Id"]
        entry = self._make("PricebookEntry", Pricebook2Id=book, Product2Id=product, UnitPrice=price, IsActive=True)
        self.deal = self._make(
            "Opportunity", Name=f"Seats for {name}", AccountId=account, StageName="Prospecting",
            CloseDate="2026-03-31", Pricebook2Id=book,
        )  # fmt: skip
        self._make("OpportunityLineItem", OpportunityId=self.deal, PricebookEntryId=entry, Quantity=quantity,
                   UnitPrice=price)  # fmt: skip

    def win(self, on: str) -> None:
        """The stage is set."""
        fields = {"StageName": "Closed Won", "CloseDate": on}
        self.box.admin("POST", "human", {"do": "update", "object": "Opportunity", "id": self.deal, "fields": fields})

    def shown(self) -> Shown:
        """The opportunity's own fields."""
        row = self._rows("Opportunity")[self.deal]
        return {
            "numbers": row["Invoice_Number__c"],
            "amount": row["Invoice_Amount__c"] and Decimal(str(row["Invoice_Amount__c"])),
            "state": row["Invoice_Status__c"],
            "issued_on": row["Invoice_Date__c"],
            "paid_on": row["Invoice_Paid_On__c"],
        }

    def wait(self) -> None:
        """Nothing lags."""

    def _make(self, object: str, **fields: Any) -> str:
        return str(self.box.admin("POST", "human", {"do": "create", "object": object, "fields": fields})["id"])

    def _rows(self, object: str) -> dict[str, Any]:
        return {row["Id"]: row for row in self.box.admin("GET", f"records?object={object}")["records"]}


class InHubSpot:
    """Sales people in HubSpot."""

    config = "hubspot-tryton"

    def __init__(self, folder: Path) -> None:
        self.box = NamedHubSpot(folder, options={"seed": "none"})
        self.deal = ""

    def agree(self, name: str, quantity: str, price: str) -> None:
        """A company with a contact, a product, a deal with a line item."""
        company = self._make("companies", name=name, country="Germany", city="Berlin")
        contact = self._make("contacts", email="payables@example.com", lastname="Muster")
        product = self._make("products", name="Seat", hs_sku="SEAT", price=price)
        line = self._make("line_items", name="Seat", hs_product_id=product, quantity=quantity, price=price)
        self.deal = self._make(
            "deals", dealname=f"Seats for {name}", dealstage="appointmentscheduled", pipeline="default",
            deal_currency_code="USD",
        )  # fmt: skip
        self._tie("companies", company, "contacts", contact)
        self._tie("deals", self.deal, "companies", company)
        self._tie("deals", self.deal, "line_items", line)

    def win(self, on: str) -> None:
        """The stage is set."""
        fields = {"dealstage": "closedwon", "closedate": f"{on}T09:00:00Z"}
        self.box.admin("POST", "human", {"do": "change", "object": "deals", "id": self.deal, "properties": fields})

    def shown(self) -> Shown:
        """The deal's own properties."""
        rows = self.box.admin("GET", "documents?object=deals")["records"]
        found = next(row["properties"] for row in rows if row["id"] == self.deal)
        amount = found.get("billsync_amount")
        return {
            "numbers": found.get("billsync_invoices"),
            "amount": amount and Decimal(amount),
            "state": found.get("billsync_status"),
            "issued_on": found.get("billsync_issued_on"),
            "paid_on": found.get("billsync_paid_on") or None,
        }

    def wait(self) -> None:
        """Some minutes."""
        self.box.admin("POST", "clock", {"advance_s": 300})

    def _make(self, object: str, **properties: Any) -> str:
        return str(self.box.admin("POST", "human", {"do": "create", "object": object, "properties": properties})["id"])

    def _tie(self, object: str, id: str, to_object: str, to: str) -> None:
        asked = {"do": "associate", "object": object, "id": id, "to_object": to_object, "to": to}
        self.box.admin("POST", "human", asked)
