"""Data to begin with: the demo's CRM export as an import into HubSpot would leave it, its faults left in.  (shell)"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from billsync_connectors.hubspot.server import computed
from billsync_connectors.hubspot.server.clock import read
from billsync_connectors.hubspot.server.kinds import KINDS
from billsync_connectors.hubspot.server.kinship import HUBSPOT
from billsync_connectors.hubspot.server.refused import wrong
from billsync_connectors.hubspot.server.shelf import Place, Record

if TYPE_CHECKING:
    from billsync_connectors.hubspot.server.state import State

NAMES: Final = ("crm_sales",)
_STAGES: Final = {
    "Prospecting": "appointmentscheduled", "Engaging": "qualifiedtobuy", "Won": "closedwon", "Lost": "closedlost",
}  # fmt: skip
_BEGUN: Final = "2026-01-05T09:00:00Z"
_TOGETHER: Final = 500
"""Records that an import writes at one and the same instant; more than a page of search holds."""
_OWN: Final = (
    ("companies", {"name": "sector", "label": "Sector", "type": "string", "fieldType": "text"}),
    ("products", {"name": "series", "label": "Series", "type": "string", "fieldType": "text"}),
    ("deals", {"name": "opportunity_id", "label": "Opportunity", "type": "string", "fieldType": "text",
               "hasUniqueValue": True}),
    ("deals", {"name": "engage_date", "label": "Engaged on", "type": "date", "fieldType": "date"}),
)  # fmt: skip
_FIRST_OWNER: Final = 40_000_001
_LINKS: Final = {
    ("deals", "companies"): ((341, 342), (5, 6)), ("deals", "line_items"): ((19, 20),),
    ("contacts", "companies"): ((279, 280), (1, 2)), ("companies", "companies"): ((14, 13),),
}  # fmt: skip


def sow(state: State, name: str, folder: Path) -> int:
    """Make the records of a data set; gives how many.  Raises `Refused`."""
    if name not in NAMES:
        raise wrong(f"there is no data {name}: {', '.join(NAMES)}")
    try:
        return _Import(state, folder).all()
    except (OSError, KeyError) as error:
        raise wrong(f"the data in {folder} cannot be read: {error}") from None


class _Import:
    """One import: straight onto the shelf, in the order of the files."""

    def __init__(self, state: State, folder: Path) -> None:
        self._state, self._folder = state, folder
        self._records: list[Record] = []
        self._links: list[tuple[Place, Place, str, int]] = []
        self._ids: dict[tuple[str, str], str] = {}
        self._prices = {"": ""}

    def all(self) -> int:
        """Read and keep everything."""
        for kind, given in _OWN:
            if given["name"] not in self._state.schema.of(kind):
                group = {**given, "groupName": f"{KINDS[kind].one}information"}
                self._state.schema.define(kind, group, read(_BEGUN))
        owners = {row["sales_agent"]: _owner(row, number) for number, row in enumerate(self._rows("sales_teams.csv"))}
        self._state.schema.set_owners(list(owners.values()))
        self._companies()
        self._products()
        for row in self._rows("sales_pipeline.csv"):
            self._deal(row, owners[row["sales_agent"]]["id"])
        self._state.shelf.put_all(self._records)
        self._state.shelf.link(self._links)
        return len(self._records)

    def _rows(self, file: str) -> Iterator[dict[str, str]]:
        with (self._folder / file).open(encoding="utf-8", newline="") as stream:
            yield from csv.DictReader(stream)

    def _companies(self) -> None:
        rows = list(self._rows("accounts.csv"))
        for row in rows:
            name = row["account"]
            company = self._add("companies", name, {
                "name": name, "sector": row["sector"], "founded_year": row["year_established"],
                "annualrevenue": row["revenue"], "numberofemployees": row["employees"],
                "country": row["office_location"],
            })  # fmt: skip
            host = "".join(letter for letter in name.lower() if letter.isalnum())
            contact = self._add("contacts", name, {
                "email": f"payables@{host}.example", "firstname": "Accounts", "lastname": "Payable", "company": name,
                "lifecyclestage": "customer",
            })  # fmt: skip
            self._tie("contacts", contact, "companies", company)
        for row in rows:
            parent = self._ids.get(("companies", row["subsidiary_of"]))
            if parent:
                self._tie("companies", self._ids["companies", row["account"]], "companies", parent)

    def _products(self) -> None:
        for row in self._rows("products.csv"):
            own = {"name": row["product"], "price": row["sales_price"], "series": row["series"]}
            id = self._add("products", row["product"], {**own, "hs_sku": row["product"].replace(" ", "-").upper()})
            self._prices[id] = row["sales_price"]

    def _deal(self, row: Mapping[str, str], owner: str) -> None:
        """A deal with one line; a product that is written otherwise in the two files is not found, as by an import."""
        who = row["account"] or "No account"
        closed = f"{row['close_date']}T00:00:00Z" if row["close_date"] else ""
        deal = self._add("deals", row["opportunity_id"], {
            "dealname": f"{who} - {row['product']}", "amount": row["close_value"], "pipeline": "default",
            "dealstage": _STAGES[row["deal_stage"]], "closedate": closed, "deal_currency_code": "USD",
            "hubspot_owner_id": owner, "opportunity_id": row["opportunity_id"], "engage_date": row["engage_date"],
        })  # fmt: skip
        product = self._ids.get(("products", row["product"]), "")
        price = row["close_value"] if row["deal_stage"] == "Won" else self._prices[product]
        line = {"name": row["product"], "quantity": "1", "price": price, "hs_product_id": product}
        line["hs_line_item_currency_code"] = "USD"
        self._tie("deals", deal, "line_items", self._add("line_items", row["opportunity_id"], line))
        if row["account"]:
            self._tie("deals", deal, "companies", self._ids["companies", row["account"]])

    # ------------------------------------------------------------ keeping

    def _add(self, kind: str, key: str, given: Mapping[str, Any]) -> str:
        at = read(_BEGUN) + len(self._records) // _TOGETHER * 1000
        id = self._state.crm.new_id(KINDS[kind])
        own = {"hs_object_source": "IMPORT", "hs_object_source_label": "IMPORT"}
        properties = {**own, **{name: value for name, value in given.items() if value}}
        if kind == "deals":
            properties = computed.deal(properties, self._state.schema.stage(kind, "default", properties["dealstage"]))
        if kind == "line_items":
            properties = computed.line(properties)
        self._records.append(Record(kind, id, properties, at, at))
        self._ids.setdefault((kind, key), id)
        return id

    def _tie(self, kind: str, id: str, end: str, end_id: str) -> None:
        for type, inverse in _LINKS[kind, end]:
            self._links.append(((kind, id), (end, end_id), HUBSPOT, type))
            self._links.append(((end, end_id), (kind, id), HUBSPOT, inverse))


def _owner(row: Mapping[str, str], number: int) -> dict[str, Any]:
    first, _, last = row["sales_agent"].partition(" ")
    return {
        "id": str(_FIRST_OWNER + number), "email": f"{first}.{last}@stand-in.example".lower().replace(" ", "."),
        "type": "PERSON", "firstName": first, "lastName": last, "userId": _FIRST_OWNER + number,
        "userIdIncludingInactive": _FIRST_OWNER + number, "createdAt": _BEGUN, "updatedAt": _BEGUN, "archived": False,
        "teams": [{"id": row["regional_office"].lower(), "name": row["regional_office"], "primary": True}],
    }  # fmt: skip
