"""Which kinds of association there are between two objects, their ids, inverses and names.  (pure)"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from billsync_connectors.hubspot.server.kinds import KINDS

HUBSPOT: Final = "HUBSPOT_DEFINED"
USER: Final = "USER_DEFINED"
CATEGORIES: Final = (HUBSPOT, USER, "INTEGRATOR_DEFINED", "WORK")


@dataclass(frozen=True, slots=True)
class Tie:
    """One kind of association, one way.

    Attributes:
        inverse: the type id of the way back.
        label: as people see it, or None of an unlabelled one.
        single: a record has at most one of it.
    """

    start: str
    end: str
    type: int
    inverse: int
    label: str | None = None
    category: str = HUBSPOT
    single: bool = False


_PLAIN: Final = (
    ("contacts", "companies", 279, 280), ("contacts", "deals", 4, 3), ("companies", "deals", 342, 341),
    ("deals", "line_items", 19, 20), ("contacts", "contacts", 449, 449), ("companies", "companies", 450, 450),
    ("deals", "deals", 451, 451), ("contacts", "tickets", 15, 16), ("companies", "tickets", 340, 339),
    ("deals", "tickets", 27, 28), ("deals", "quotes", 63, 64), ("quotes", "line_items", 67, 68),
    ("quotes", "contacts", 69, 70), ("quotes", "companies", 71, 72), ("invoices", "deals", 175, 176),
    ("invoices", "contacts", 177, 178), ("invoices", "companies", 179, 180), ("invoices", "line_items", 409, 410),
    ("invoices", "commerce_payments", 394, 395), ("contacts", "commerce_payments", 388, 387),
    ("companies", "commerce_payments", 390, 389), ("deals", "commerce_payments", 392, 391),
    ("subscriptions", "line_items", 301, 302), ("subscriptions", "contacts", 295, 296),
    ("subscriptions", "companies", 297, 298), ("subscriptions", "deals", 299, 300),
    ("subscriptions", "invoices", 622, 623),
)  # fmt: skip
_LABELLED: Final = (
    Tie("contacts", "companies", 1, 2, "Primary", single=True),
    Tie("companies", "contacts", 2, 1, "Primary"),
    Tie("deals", "companies", 5, 6, "Primary", single=True),
    Tie("companies", "deals", 6, 5, "Primary"),
    Tie("companies", "companies", 13, 14, "Child Company"),
    Tie("companies", "companies", 14, 13, "Parent Company", single=True),
)
TIES: Final = (
    tuple(
        tie
        for start, end, type, inverse in _PLAIN
        for tie in {Tie(start, end, type, inverse): 0, Tie(end, start, inverse, type): 0}
    )
    + _LABELLED
)
ONE_PARENT: Final = ("deals", "quotes", "invoices", "subscriptions")
"""A line item belongs to one record of one of these."""


@lru_cache
def between(start: str, end: str) -> tuple[Tie, ...]:
    """All kinds that HubSpot defines from one object to another; the unlabelled one first."""
    return tuple(tie for tie in TIES if (tie.start, tie.end) == (start, end))


@lru_cache
def named(tie: Tie) -> str:
    """Its name as `associations` of a record show it: that of the unlabelled kind where there is a primary one too."""
    start, end = KINDS[tie.start].one, KINDS[tie.end].one
    if tie.type in (13, 14):
        return "parent_to_child_company" if tie.type == 13 else "child_to_parent_company"
    twofold = tie.label is None and any(other.label == "Primary" for other in between(tie.start, tie.end))
    return f"{start}_to_{end}{'_unlabeled' if twofold else ''}"
