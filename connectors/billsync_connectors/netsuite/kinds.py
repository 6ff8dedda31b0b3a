"""The kinds of documents: what NetSuite calls them in addresses and in SuiteQL.  (pure)"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of transaction.

    Attributes:
        object: as billsync's mappings name it; record: as addresses do; type: as SuiteQL does.
        sign: 1 where it raises what a customer owes, -1 where it lowers it.
        party: the field that holds the customer.
    """

    object: str
    record: str
    type: str
    sign: int
    party: str = "entity"


INVOICE: Final = Kind("invoice", "invoice", "CustInvc", 1)
CREDIT: Final = Kind("credit_memo", "creditMemo", "CustCred", -1)
PAYMENT: Final = Kind("payment", "customerPayment", "CustPymt", -1, "customer")
KINDS: Final = {kind.object: kind for kind in (INVOICE, CREDIT, PAYMENT)}
VOID_MEMO: Final = "VOID"
"""What NetSuite writes into the memo of a document that is voided in its place."""
