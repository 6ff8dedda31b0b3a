"""Before a document gets its number: would the target come to its total from what it is sent?  (shell)"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any, Final

from billsync.connector import RatingSheet
from billsync.invoicing.parity import Come, SentLine, come_to
from billsync.mapping import Mapped
from billsync.model.base import Noun
from billsync.model.currency import exponent
from billsync.model.invoice import CreditNote, Invoice
from billsync.model.problem import Place, Problem
from billsync.model.scalar import plain, read_decimal
from billsync.stage.world import World

_MOST: Final = 5
"""Lines that a problem shows."""


def held_to(
    world: World, object: str, kind: str, our_id: str, noun: Noun, mapped: Mapped
) -> tuple[Mapped, list[Problem]]:
    """The mapped document, with a line for a difference that is tolerated; or BILL-PARITY-01 with what differs.

    `object` is the target's own name of the kind of record.
    """
    sheet = _sheet(world, object)
    if sheet is None or not isinstance(noun, Invoice | CreditNote):
        return mapped, []
    document = mapped.doc or {}
    try:
        lines = list(_lines(document, sheet))
    except (ValueError, TypeError):
        return mapped, []  # the mapping writes them in another form: what is read back after the write is compared
    places = exponent(noun.currency)
    there = come_to(lines, places, unit_price_places=sheet.unit_price_places, tax_rounding=sheet.tax_rounding)
    rest = noun.total - there.total
    if not rest and there.tax == noun.tax_total:
        return mapped, []
    if rest and abs(rest) <= world.parity.tolerance and there.tax == noun.tax_total:
        return _rounded(world, mapped, sheet, rest), []
    return mapped, [_problem(world, kind, our_id, noun, there, lines)]


def _sheet(world: World, object: str) -> RatingSheet | None:
    """How the target computes, as its connector and the configuration say."""
    write = world.target.connector.capabilities.writes.get(object) if world.target is not None else None
    if write is None or write.rating is None:
        return None
    own = {"tax_rounding": world.parity.tax_rounding, "unit_price_places": world.parity.unit_price_places}
    return write.rating.model_copy(update={name: value for name, value in own.items() if value is not None})


def lines_of(world: World, object: str, document: Mapping[str, Any]) -> Sequence[Any] | None:
    """The lines of a document as it is sent, None where it has none."""
    write = world.target.connector.capabilities.writes.get(object) if world.target is not None else None
    found = _at(document, write.rating.lines if write is not None and write.rating is not None else "lines")
    return found if isinstance(found, list | tuple) else None


def _lines(document: Mapping[str, Any], sheet: RatingSheet) -> Iterator[SentLine]:
    """Raises ValueError or TypeError for lines without numbers."""
    rows = _at(document, sheet.lines)
    if not isinstance(rows, list | tuple):
        raise TypeError
    for row in rows:
        rate = _at(row, sheet.tax_rate)
        yield SentLine(
            read_decimal(_at(row, sheet.quantity)),
            read_decimal(_at(row, sheet.unit_price)),
            Decimal(0) if rate is None else read_decimal(rate),
        )


def _at(found: Any, path: str) -> Any:
    """What stands at a path with dots, None where nothing does."""
    for name in path.split("."):
        found = found.get(name) if isinstance(found, Mapping) else None
    return found


def _with(data: Mapping[str, Any], path: str, value: Any) -> dict[str, Any]:
    """The same with the value at a path with dots."""
    name, _, rest = path.partition(".")
    return {**data, name: _with(data.get(name) or {}, rest, value) if rest else value}


def _rounded(world: World, mapped: Mapped, sheet: RatingSheet, rest: Decimal) -> Mapped:
    """The document with one line more."""
    values: dict[str, Any] = {sheet.description: "Rounding", sheet.quantity: Decimal(1), sheet.unit_price: rest}
    values[sheet.tax_rate] = Decimal(0)
    refs = mapped.refs
    if world.parity.product is not None:
        values[sheet.product] = {"$ref": f"product/{world.parity.product}"}
        refs = (*refs, ("product", world.parity.product))
    line: dict[str, Any] = {}
    for path, value in values.items():
        line = _with(line, path, value)
    document = mapped.doc or {}
    return replace(mapped, doc=_with(document, sheet.lines, [*_at(document, sheet.lines), line]), refs=refs)


def _problem(
    world: World, kind: str, our_id: str, noun: Invoice | CreditNote, there: Come, lines: Sequence[SentLine]
) -> Problem:
    name = world.target.name if world.target is not None else ""
    apart = list(_apart(noun, there, lines))
    shown = f"; {'; '.join(apart[:_MOST])}" if apart else ""
    return Problem(
        code="BILL-PARITY-01",
        message=(
            f"{name} would come to {plain(there.total)} {noun.currency} with {plain(there.tax)} tax, "
            f"we to {plain(noun.total)} with {plain(noun.tax_total)}{shown}"
        ),
        hint="send 1 x the amount in the mapping, round tax as the target does, or set push.parity.tolerance",
        place=Place(system="billsync", object=kind, id=our_id),
    )


def _apart(noun: Invoice | CreditNote, there: Come, lines: Sequence[SentLine]) -> Iterator[str]:
    """Lines that come to something else there, where the mapping sends each of ours."""
    if len(noun.lines) != len(lines):
        return
    for ours, sent, amount in zip(noun.lines, lines, there.amounts, strict=True):
        mine = ours.amount - ours.discount
        if amount != mine:
            sum_ = f"{plain(sent.quantity)} x {plain(sent.unit_price.normalize())} = {plain(amount)}"
            yield f"line {ours.id}: {sum_} there, {plain(mine)} here"
