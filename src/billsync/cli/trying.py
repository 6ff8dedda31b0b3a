"""A made-up invoice, written as a draft, read back and removed: ours against theirs, to the cent.  (shell)"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from billsync.cli import guard, show
from billsync.connector import Connector, Expectation, Intent, Trial, differences
from billsync.invoicing.policy import InvoicingRules
from billsync.invoicing.sample import CUSTOMER, NUMBER, PRODUCT, sample
from billsync.mapping import Mapping as FieldMapping
from billsync.mapping import record_of
from billsync.model.invoice import Invoice
from billsync.push import payload

COLUMNS: Final = ["what", "ours", "theirs", "difference"]


@dataclass(frozen=True, slots=True)
class Tried:
    """What a trial came to.

    Attributes:
        rows: `what`, `ours`, `theirs`, `difference` of each amount.
        differs: in words, "" where all that can be compared is equal.
    """

    trial: Trial
    rows: list[dict[str, Any]]
    differs: str


def tried(
    connector: Connector,
    mapping: FieldMapping,
    rules: InvoicingRules,
    *,
    currency: str,
    day: date,
    standing: Mapping[str, str],
) -> Tried:
    """Try the invoice of a day; `standing` are ids there of a `customer` and a `product`.

    Raises `guard.Wrong` where the mapping makes none, and what `Connector.trial` raises.
    """
    made = sample(rules, currency, day)
    if not isinstance(made, Invoice):
        raise guard.Wrong("\n".join(str(problem) for problem in made))
    mapped = mapping.apply(record_of("invoice", made, made.number), lambda _name, id: id)
    if mapped.doc is None:
        raise guard.Wrong("\n".join(str(problem) for problem in mapped.problems) or "the mapping makes no invoice")
    expect = Expectation(made.total, made.tax_total, made.currency, on=made.issued_on)
    intent = Intent(NUMBER, mapping.target_object, _resolved(mapping, mapped.doc, standing), expect=expect)
    trial = connector.trial(mapping.target_object, intent)
    return Tried(trial, _rows(expect, trial.echo), differences(expect, trial.echo))


def _resolved(mapping: FieldMapping, document: Mapping[str, Any], standing: Mapping[str, str]) -> Mapping[str, Any]:
    """The document with ids of records there in place of the made-up customer and product."""
    delivery = payload.plan(
        connection=CUSTOMER, object=mapping.target_object, kind="invoice", our_id=NUMBER, number=1, document=document,
        mapping=mapping.digest, rank=0, sequence="", needs=(),
    )  # fmt: skip
    ours = {CUSTOMER: "customer", PRODUCT: "product"}
    try:
        return payload.resolved(delivery, lambda kind, id: standing.get(kind) if id in ours else id)
    except LookupError as error:
        raise guard.Wrong(f"the trial needs a record that stands there: {error}") from None


def _rows(ours: Expectation, theirs: Mapping[str, Any]) -> list[dict[str, Any]]:
    pairs = (("total", ours.total), ("tax", ours.tax), ("currency", ours.currency), ("date", ours.on))
    return [_row(name, mine, theirs.get("on" if name == "date" else name)) for name, mine in pairs]


def _row(name: str, mine: Any, other: Any) -> dict[str, Any]:
    known = mine is not None and other is not None
    apart = other - mine if known and name in ("total", "tax") else None
    return {"what": name, "ours": mine, "theirs": other, "difference": apart}


def told(found: Tried) -> None:
    """Show it."""
    show.line()
    show.rows("Trial", COLUMNS, found.rows)
    show.line(f"differs: {show.visible(found.differs)}" if found.differs else "equal to the cent")
