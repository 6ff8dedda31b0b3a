"""What a person needs when a connection is set up, and files that go to documents.  (pure)"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

from billsync.connector.reading import Data


@dataclass(frozen=True, slots=True)
class Choice:
    """One thing that a person may choose there.

    Attributes:
        id: what the settings or a mapping name it by.
        name: as people know it there.
        kind: of accounts `revenue`, `receivable`, `bank` or `other`; else "".
        rate: of taxes, as a fraction (0.19), None where it is not one number.
        currency: ISO code, or "" for any.
        default: True where the system takes it when nothing is said.
    """

    id: str
    name: str
    kind: Literal["revenue", "receivable", "bank", "other", ""] = ""
    rate: Decimal | None = None
    currency: str = ""
    default: bool = False


@dataclass(frozen=True, slots=True)
class Books:
    """What the system has to choose from.

    Attributes:
        settings: names of the connection's settings -> which of the lists below (`accounts:revenue`, `accounts:bank`,
            `taxes`, `terms`, `items`) a value is chosen from; those that hold a table (`tax_codes`) map ours to theirs.
        items, parties: products and customers, the first few: a trial needs one of each.
        facts: what a person should know: the company's name, base currency, closed periods, rounding of taxes.
    """

    accounts: tuple[Choice, ...] = ()
    taxes: tuple[Choice, ...] = ()
    terms: tuple[Choice, ...] = ()
    items: tuple[Choice, ...] = ()
    parties: tuple[Choice, ...] = ()
    currencies: tuple[Choice, ...] = ()
    settings: dict[str, str] = field(default_factory=dict)
    facts: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Trial:
    """What became of a document that was made to be looked at.

    Attributes:
        echo: what it showed, by the names of `Expectation`.
        left: id of what could not be removed, "" where nothing is left.
        message: why, where something is left.
    """

    echo: Data
    left: str = ""
    message: str = ""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file for a document.

    Attributes:
        name: its name with the ending, such as `INV-2026-000001.pdf`; what stands for the same file later.
        media_type: such as `application/pdf`.
    """

    name: str
    media_type: str
    content: bytes = field(repr=False)
