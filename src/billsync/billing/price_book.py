"""Prices that a contract leaves out come from its price book, in its currency, version and on its day.  (pure)"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from billsync.model.contract import Contract, ContractLine
from billsync.model.problem import Place, Problem
from billsync.model.product import Price, PriceBook
from billsync.model.scalar import show
from billsync.model.scheme import PerUnitPrice, Scheme


def priced(contract: Contract, books: Sequence[PriceBook]) -> tuple[Contract, list[Problem]]:
    """The contract with a price on every line, and with the version that they came from; else why not: BILL-PRICE-01.

    A line that has a price keeps it: contracts override books.
    """
    if all(line.price is not None for line in contract.lines):
        return contract, []
    book = _book(contract, books)
    problems: list[Problem] = []
    lines: list[ContractLine] = []
    for line in contract.lines:
        found = line.price or (_price(book, line, contract) if book else None)
        if found is None:
            problems.append(_missing(contract, line, book))
        lines.append(line if line.price else line.model_copy(update={"price": found}))
    pinned = {"lines": tuple(lines), "price_version": book.version if book else None}
    return contract.model_copy(update=pinned), problems


def _book(contract: Contract, books: Sequence[PriceBook]) -> PriceBook | None:
    """The pinned version, else the latest."""
    mine = [book for book in books if book.id == contract.price_book]
    if contract.price_version is not None:
        mine = [book for book in mine if book.version == contract.price_version]
    return max(mine, key=lambda book: book.version, default=None)


def _price(book: PriceBook, line: ContractLine, contract: Contract) -> Scheme | None:
    """The latest price that is valid on the first day of the line."""
    day = line.starts_on or contract.start
    valid = [
        price
        for price in book.prices
        if (price.product, price.currency) == (line.product, contract.currency)
        and (price.valid_from is None or price.valid_from <= day)
    ]
    return _scheme(max(valid, key=lambda price: price.valid_from or date.min)) if valid else None


def _scheme(price: Price) -> Scheme:
    return price.price or PerUnitPrice(scheme="per_unit", unit_amount=price.unit_amount)


def _missing(contract: Contract, line: ContractLine, book: PriceBook | None) -> Problem:
    where = f"the price book {show(contract.price_book or '')}"
    day = line.starts_on or contract.start
    if contract.price_book is None:
        message = f"the line {show(line.id)} has no price, and the contract names no price book"
    elif book is None:
        version = "" if contract.price_version is None else f" with the version {contract.price_version}"
        message = f"the line {show(line.id)} has no price, and there is no {where[4:]}{version}"
    else:
        message = f"{where} has no price of {show(line.product)} in {contract.currency} on {day}"
    place = Place(system="billsync", object="contract", id=contract.id, field=f"lines[{line.id}].price")
    return Problem(code="BILL-PRICE-01", message=message, hint="give the line its price, or mend the book", place=place)
