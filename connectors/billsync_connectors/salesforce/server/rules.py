"""What the org computes and forbids on its own objects.  (pure)

Each rule takes the record as it was (None for a new one) and as it would be, and gives what it becomes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final, Protocol

from billsync_connectors.salesforce.server.denied import Denied
from billsync_connectors.salesforce.server.values import Row

STAGES: Final[dict[str, tuple[int, str]]] = {
    "Prospecting": (10, "Pipeline"),
    "Qualification": (10, "Pipeline"),
    "Engaging": (40, "Pipeline"),
    "Needs Analysis": (20, "Pipeline"),
    "Value Proposition": (50, "Pipeline"),
    "Perception Analysis": (70, "Pipeline"),
    "Proposal/Price Quote": (75, "Pipeline"),
    "Negotiation/Review": (90, "Forecast"),
    "Closed Won": (100, "Closed"),
    "Closed Lost": (0, "Omitted"),
}
"""Stage -> probability in percent, forecast category.  Others are taken too: the list is not restricted."""
_CENT: Final = Decimal("0.01")


class Look(Protocol):
    """What rules may look up."""

    def live(self, object: str, id: str | None) -> Row | None:
        """A record that is not deleted, or None."""

    def children(self, object: str, reference: str, id: str) -> Sequence[Row]:
        """Records that are not deleted and refer to one."""

    def number(self, object: str) -> str:
        """The next number of a series."""


def integrity(message: str, *fields: str) -> Denied:
    """A value that contradicts another record."""
    return Denied(400, "FIELD_INTEGRITY_EXCEPTION", f"field integrity exception: {message}", fields)


def ruled(object: str, before: Row | None, row: Row, asked: frozenset[str], look: Look) -> Row:
    """The record as the org's rules have it; `asked` are the fields that the writer set.  Raises `Denied`."""
    rule = _RULES.get(object)
    return row if rule is None else rule(before, dict(row), asked, look)


def _opportunity(before: Row | None, row: Row, asked: frozenset[str], look: Look) -> Row:
    items = look.children("OpportunityLineItem", "OpportunityId", row["Id"]) if before else []
    if items and before:
        for field in ("Pricebook2Id", "CurrencyIsoCode"):
            if field in asked and row.get(field) != before.get(field):
                raise integrity(f"{field} (the opportunity has products)", field)
    if "Amount" in asked and items:  # taken, and left as it was: nothing is said
        row["Amount"] = sum((item["TotalPrice"] for item in items), Decimal(0))
    stage = row["StageName"]
    chance, forecast = STAGES.get(stage, (50, "Pipeline"))
    if "Probability" not in asked and (before is None or before["StageName"] != stage):
        row["Probability"] = Decimal(chance)
    row |= {"IsWon": stage == "Closed Won", "IsClosed": stage.startswith("Closed"), "ForecastCategory": forecast}
    if row.get("Amount") is not None and row.get("Probability") is not None:
        row["ExpectedRevenue"] = (row["Amount"] * row["Probability"] / 100).quantize(_CENT, ROUND_HALF_UP)
    return row


def _line_item(before: Row | None, row: Row, asked: frozenset[str], look: Look) -> Row:
    parent = look.live("Opportunity", row["OpportunityId"])
    assert parent is not None
    if before is None:
        entry = _entry(row, parent, look)
        row |= {"PricebookEntryId": entry["Id"], "Product2Id": entry["Product2Id"], "ListPrice": entry["UnitPrice"]}
        product = look.live("Product2", entry["Product2Id"]) or {}
        row["Name"] = f"{parent['Name']} {product.get('Name', '')}"[:376]
        if product.get("ProductCode"):
            row["ProductCode"] = product["ProductCode"]
        _currency_of(parent, row)
    return _priced(row, asked, creating=before is None)


def _entry(row: Row, parent: Row, look: Look) -> Row:
    """The price book entry that a new line is made of."""
    id, book = row.get("PricebookEntryId"), parent.get("Pricebook2Id")
    if id is None:
        id = _entry_of_product(row, parent, look)
    entry = look.live("PricebookEntry", id)
    if entry is None:
        raise integrity("PricebookEntryId (pricebook entry is unknown)", "PricebookEntryId")
    if not entry["IsActive"]:
        raise integrity("PricebookEntryId (pricebook entry is inactive)", "PricebookEntryId")
    if book is not None and entry["Pricebook2Id"] != book:
        told = "pricebook entry is in a different pricebook than the one assigned to the opportunity"
        raise integrity(f"PricebookEntryId ({told})", "PricebookEntryId")
    if entry.get("CurrencyIsoCode") != parent.get("CurrencyIsoCode"):
        told = "pricebook entry currency code does not match opportunity currency code"
        raise integrity(f"PricebookEntryId ({told})", "PricebookEntryId")
    return entry


def _entry_of_product(row: Row, parent: Row, look: Look) -> str:
    if row.get("Product2Id") is None or parent.get("Pricebook2Id") is None:
        raise Denied(
            400, "REQUIRED_FIELD_MISSING", "Required fields are missing: [PricebookEntryId]", ["PricebookEntryId"]
        )
    for entry in look.children("PricebookEntry", "Product2Id", row["Product2Id"]):
        if entry["Pricebook2Id"] == parent["Pricebook2Id"] and _same_currency(entry, parent):
            return str(entry["Id"])
    raise integrity("Product2Id (the product has no price in the opportunity's price book)", "Product2Id")


def _same_currency(one: Row, other: Row) -> bool:
    return bool(one.get("CurrencyIsoCode") == other.get("CurrencyIsoCode"))


def _currency_of(parent: Row, row: Row) -> None:
    if parent.get("CurrencyIsoCode"):
        row["CurrencyIsoCode"] = parent["CurrencyIsoCode"]


def _priced(row: Row, asked: frozenset[str], *, creating: bool) -> Row:
    """The line's prices: of unit price and total, one is given."""
    if creating and {"UnitPrice", "TotalPrice"} <= asked:
        raise integrity("unknown (only one of unit price or total price may be specified)")
    share, quantity = 1 - row.get("Discount", Decimal(0)) / 100, row["Quantity"]
    if "TotalPrice" in asked and "UnitPrice" not in asked and quantity and share:
        row["UnitPrice"] = (row["TotalPrice"] / quantity / share).quantize(_CENT, ROUND_HALF_UP)
    elif row.get("UnitPrice") is None:
        raise Denied(400, "REQUIRED_FIELD_MISSING", "Required fields are missing: [UnitPrice]", ["UnitPrice"])
    else:
        row["TotalPrice"] = (row["UnitPrice"] * quantity * share).quantize(_CENT, ROUND_HALF_UP)
    row["Subtotal"] = (row["UnitPrice"] * quantity).quantize(_CENT, ROUND_HALF_UP)
    return row


def _order(before: Row | None, row: Row, _asked: frozenset[str], look: Look) -> Row:
    if before is None:
        if row["Status"] != "Draft":
            raise Denied(400, "FAILED_ACTIVATION", "Choose a valid order status and save your changes.", ["Status"])
        row |= {"OrderNumber": look.number("Order"), "TotalAmount": Decimal(0)}
    row["StatusCode"] = "Draft" if row["Status"] == "Draft" else "Activated"
    return row


def _order_item(before: Row | None, row: Row, _asked: frozenset[str], look: Look) -> Row:
    order = look.live("Order", row["OrderId"])
    assert order is not None
    if before is None:
        entry = look.live("PricebookEntry", row["PricebookEntryId"])
        if entry is None or order.get("Pricebook2Id") not in (None, entry["Pricebook2Id"]):
            raise integrity("PricebookEntryId (not of the order's price book)", "PricebookEntryId")
        row |= {"Product2Id": entry["Product2Id"], "ListPrice": entry["UnitPrice"]}
        row["OrderItemNumber"] = look.number("OrderItem")
        row.setdefault("UnitPrice", entry["UnitPrice"])
        _currency_of(order, row)
    row["TotalPrice"] = (row["UnitPrice"] * row["Quantity"]).quantize(_CENT, ROUND_HALF_UP)
    return row


def _contract(before: Row | None, row: Row, _asked: frozenset[str], look: Look) -> Row:
    if before is None:
        row["ContractNumber"] = look.number("Contract")
    if row.get("StartDate") and row.get("ContractTerm"):
        row["EndDate"] = _end(date.fromisoformat(row["StartDate"]), int(row["ContractTerm"])).isoformat()
    return row


def _end(start: date, months: int) -> date:
    """The last day of a term."""
    year, month = divmod(start.year * 12 + start.month - 1 + months, 12)
    following = date(year, month + 1, 1)
    last = (following + timedelta(31)).replace(day=1) - timedelta(1)
    return following.replace(day=min(start.day, last.day)) - timedelta(1)


def _entry_rule(before: Row | None, row: Row, _asked: frozenset[str], look: Look) -> Row:
    book, product = look.live("Pricebook2", row["Pricebook2Id"]), look.live("Product2", row["Product2Id"])
    assert book is not None
    assert product is not None
    row["Name"] = product["Name"]
    if product.get("ProductCode"):
        row["ProductCode"] = product["ProductCode"]
    if before is None:
        others = look.children("PricebookEntry", "Product2Id", row["Product2Id"])
        alike = [other for other in others if _same_currency(other, row)]
        if any(other["Pricebook2Id"] == row["Pricebook2Id"] for other in alike):
            raise Denied(400, "DUPLICATE_VALUE", "This price definition already exists in this price book", [])
        books = [look.live("Pricebook2", other["Pricebook2Id"]) or {} for other in alike]
        if not book["IsStandard"] and not any(each.get("IsStandard") for each in books):
            raise Denied(400, "STANDARD_PRICE_NOT_DEFINED", "No standard price defined for this product", [])
    return row


def _person(_before: Row | None, row: Row, _asked: frozenset[str], _look: Look) -> Row:
    row["Name"] = " ".join(filter(None, (row.get("FirstName"), row["LastName"])))
    return row


Rule = Callable[[Row | None, Row, frozenset[str], Look], Row]
_RULES: Final[dict[str, Rule]] = {
    "Opportunity": _opportunity,
    "OpportunityLineItem": _line_item,
    "Order": _order,
    "OrderItem": _order_item,
    "Contract": _contract,
    "PricebookEntry": _entry_rule,
    "Contact": _person,
    "User": _person,
}


def summed(object: str, parent: Row, items: Sequence[Row]) -> dict[str, Any]:
    """What a parent's fields become by its lines; `object` is the parent's."""
    total = sum((item["TotalPrice"] for item in items), Decimal(0))
    if object == "Order":
        return {"TotalAmount": total}
    count = sum((item["Quantity"] for item in items), Decimal(0))
    expected = (total * parent.get("Probability", Decimal(0)) / 100).quantize(_CENT, ROUND_HALF_UP)
    own = {"HasOpportunityLineItem": bool(items), "TotalOpportunityQuantity": count, "ExpectedRevenue": expected}
    return {**own, "Amount": total} if items else own


PARENTS: Final = {"OpportunityLineItem": ("Opportunity", "OpportunityId"), "OrderItem": ("Order", "OrderId")}
"""Lines -> the object that sums them up, and the reference to it."""
CASCADES: Final = {
    "Account": (("Contact", "AccountId"), ("Opportunity", "AccountId"), ("Contract", "AccountId")),
    "Opportunity": (("OpportunityLineItem", "OpportunityId"),),
    "Order": (("OrderItem", "OrderId"),),
    "Product2": (("PricebookEntry", "Product2Id"),),
}
"""What goes to the recycle bin together with a record."""


def keeps(object: str, row: Row, look: Look) -> None:
    """Whether a record may be deleted.  Raises `Denied`."""
    if object not in _USED:
        return
    child, reference, what = _USED[object]
    used = [each for each in look.children(child, reference, row["Id"]) if object != "Account" or each["IsWon"]]
    if used:
        told = (
            f"Your attempt to delete {row.get('Name', row['Id'])} could not be completed because it is associated with "
        )
        raise Denied(400, "DELETE_FAILED", f"{told}the following {what}.", [])


_USED: Final = {
    "Account": ("Opportunity", "AccountId", "closed won opportunities"),
    "PricebookEntry": ("OpportunityLineItem", "PricebookEntryId", "opportunity products"),
    "Product2": ("OpportunityLineItem", "Product2Id", "opportunity products"),
    "Pricebook2": ("Opportunity", "Pricebook2Id", "opportunities"),
}
