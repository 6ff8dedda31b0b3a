"""The types of records: which fields each has, where its ids and external ids live.  (pure)"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

_ALL: Final = "id links externalId customForm"
_SALE: Final = """
    entity tranId tranDate dueDate currency exchangeRate subsidiary location department class terms memo otherRefNum
    account postingPeriod item discountItem discountRate taxItem taxRate isTaxable startDate endDate email toBeEmailed
    billAddress billAddressList salesRep total subtotal taxTotal discountTotal status createdDate lastModifiedDate
"""
_LINE: Final = """
    line item quantity rate amount description taxCode taxRate1 isTaxable units price department class location
    taxDetailsReference
"""


@dataclass(frozen=True, slots=True)
class Kind:
    """One type.

    Attributes:
        name: as addresses have it; label: as people read it.
        space: whose external ids it shares; ids: whose numbers it shares.
        fields, computed: what is known, and what of it nobody writes.
        sublists: name -> fields of its lines.
        prefix: of its document numbers.
    """

    name: str
    label: str
    space: str
    fields: frozenset[str]
    computed: frozenset[str] = frozenset()
    sublists: Mapping[str, frozenset[str]] | None = None
    prefix: str = ""
    code: str = ""
    written: bool = True

    @property
    def transaction(self) -> bool:
        """Whether it moves the ledger."""
        return self.space == "transaction"


def _set(text: str) -> frozenset[str]:
    return frozenset(text.split())


_TOTALS: Final = _set("id links total subtotal taxTotal discountTotal status createdDate lastModifiedDate taxRate")
_APPLY: Final = _set("doc apply amount line refNum type due total currency applyDate")
_ITEM: Final = _set(f"{_ALL} itemId displayName salesDescription incomeAccount subsidiary isInactive isTaxable rate "
                    "taxSchedule salesTaxCode createdDate lastModifiedDate")  # fmt: skip
_STAMPS: Final = _set("id links createdDate lastModifiedDate")

_KINDS: Final = (
    Kind(
        "customer", "Customer", "entity",
        _set(f"""{_ALL} entityId companyName isPerson firstName lastName email phone subsidiary currency terms taxItem
             taxable addressBook isInactive category comments accountNumber vatRegNumber balance dateCreated
             lastModifiedDate"""),
        _set("id links balance dateCreated lastModifiedDate"),
        {"addressBook": _set("addressBookAddress addressId defaultBilling defaultShipping label internalId id")},
    ),
    *(
        Kind(name, "Item", "item", _ITEM, _STAMPS)
        for name in ("serviceSaleItem", "nonInventorySaleItem", "inventoryItem", "discountItem")
    ),
    Kind("invoice", "Invoice", "transaction", _set(f"{_ALL} {_SALE} amountRemaining amountPaid"),
         _TOTALS | _set("amountRemaining amountPaid"), {"item": _set(_LINE)}, "INV", "CustInvc"),
    Kind("creditMemo", "Credit Memo", "transaction",
         _set(f"{_ALL} {_SALE} apply autoApply applied unapplied amountRemaining createdFrom"),
         _TOTALS | _set("applied unapplied amountRemaining"), {"item": _set(_LINE), "apply": _APPLY}, "CM", "CustCred"),
    Kind("salesOrder", "Sales Order", "transaction", _set(f"{_ALL} {_SALE}"), _TOTALS, {"item": _set(_LINE)}, "SO",
         "SalesOrd"),
    Kind("customerPayment", "Payment", "transaction",
         _set(f"""{_ALL} customer tranId tranDate currency exchangeRate subsidiary account arAcct payment memo checkNum
              paymentMethod undepFunds apply autoApply applied unapplied total status postingPeriod createdDate
              lastModifiedDate"""),
         _set("id links applied unapplied total status createdDate lastModifiedDate"), {"apply": _APPLY}, "PYMT",
         "CustPymt"),
    *(
        Kind(name, name, name, _set(f"{_ALL} name symbol isInactive exchangeRate rate itemId acctNumber acctName "
                                    "acctType country currency dateDue discountPercent"), written=False)
        for name in ("subsidiary", "currency", "account", "term", "salesTaxItem", "paymentMethod", "accountingPeriod")
    ),
)  # fmt: skip
KINDS: Final = {kind.name: kind for kind in _KINDS}
BY_PATH: Final = {name.lower(): kind for name, kind in KINDS.items()}
ITEMS: Final = tuple(name for name, kind in KINDS.items() if kind.space == "item")
SALES: Final = ("invoice", "creditMemo", "salesOrder")
TRANSACTIONS: Final = tuple(name for name, kind in KINDS.items() if kind.transaction)
REFERENCES: Final = {
    "entity": ("customer",), "customer": ("customer",), "currency": ("currency",), "subsidiary": ("subsidiary",),
    "terms": ("term",), "account": ("account",), "arAcct": ("account",), "incomeAccount": ("account",),
    "taxItem": ("salesTaxItem",), "taxCode": ("salesTaxItem",), "salesTaxCode": ("salesTaxItem",), "item": ITEMS,
    "discountItem": ITEMS, "paymentMethod": ("paymentMethod",), "createdFrom": TRANSACTIONS,
}  # fmt: skip
"""A field that leads somewhere, and where it may lead."""
NOT_TAXABLE: Final = {"id": "-7", "refName": "-Not Taxable-"}
"""A tax code that each account has, and no list shows."""
