"""What is billed: made from a deal by rules, the same document that `billsync preview` takes.  (pure)"""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, Field, model_validator

from billsync.model.amendment import Amendment, Cancellation
from billsync.model.base import Currency, Day, Id, Noun, Number, ServiceDay, Text
from billsync.model.deal import Cycle
from billsync.model.discount import Coupon
from billsync.model.paying import DueRule, Instalment, PrepaidGrant
from billsync.model.scheme import AnyScheme

LONGEST_CYCLE_YEARS: Final = 100


def _not_too_long(cycle: Cycle) -> Cycle:
    """No agreement means a longer one, and no calendar can count it."""
    every = cycle.length
    if (every.months or 0) > 12 * LONGEST_CYCLE_YEARS or (every.days or 0) > 365 * LONGEST_CYCLE_YEARS:
        raise ValueError(f"a cycle is at most {LONGEST_CYCLE_YEARS} years long, got {every}")
    return cycle


Length = Annotated[Cycle, AfterValidator(_not_too_long)]
"""A cycle of a contract."""

Aggregate = Literal["sum", "count", "max", "last"]


class Ramp(Noun):
    """A later step of a line: what holds from a day on, as it was agreed from the start.

    Attributes:
        starts_on: the day, or None where `after` counts from the line's start.
        quantity, price: what holds from then on; None for no change.
    """

    starts_on: ServiceDay | None = None
    after: Length | None = None
    quantity: Annotated[Number, Field(ge=0)] | None = None
    price: AnyScheme | None = None

    @model_validator(mode="after")
    def _one_start(self) -> Ramp:
        if (self.starts_on is None) == (self.after is None):
            raise ValueError("a step of a ramp has either its day (starts_on) or a time after the line's start (after)")
        return self


class ContractLine(Noun):
    """One line that makes charges.

    Attributes:
        model: `one_time`, `recurring`, `usage` (metered, in arrears) or `instalment` (one price, many due dates).
        quantity: how many; of a usage line, it is what was used instead.
        price: the scheme, or None for the price book's.
        every: cycle of a recurring or usage line, else None.
        billed: `advance` (at the period's start) or `arrears` (at its end); usage is always in arrears.  Written `in`
            or `billed`.
        anchor: the day that cycles are counted from; may lie before `starts_on`, which makes a stub.  None for the
            contract's, else `starts_on`.
        aligned: `anchored` cycles run from the anchor, `calendar` ones from 1 January (weeks: Monday).
        starts_on: first day of service, or None for the contract's.
        ends_on: first day without service (half-open), or None for the contract's end.
        trial: free for so long from its start, or None.
        ramp: later steps of quantity and price, in order.
        meter: name of the meter of a usage line; aggregate: how its events become a quantity.
        threshold: what is used is billed as soon as it comes to this amount, before the period's end; or None.
        parts: of an instalment line, in order.
        tax_code: or None for the product's.
        selling_price: what one of it sells for alone, for the allocation of revenue; or None for its price.
    """

    id: Id
    product: Id
    description: Text = ""
    model: Literal["one_time", "recurring", "usage", "instalment"]
    quantity: Annotated[Number, Field(ge=0)] = Decimal(1)
    price: AnyScheme | None = None
    every: Length | None = None
    billed: Literal["advance", "arrears"] = "advance"
    anchor: ServiceDay | None = None
    aligned: Literal["anchored", "calendar"] = "anchored"
    starts_on: ServiceDay | None = None
    ends_on: Day | None = None
    trial: Length | None = None
    ramp: tuple[Ramp, ...] = ()
    meter: Id | None = None
    aggregate: Aggregate = "sum"
    threshold: Annotated[Number, Field(gt=0)] | None = None
    parts: tuple[Instalment, ...] = ()
    tax_code: Text | None = None
    selling_price: Annotated[Number, Field(ge=0)] | None = None

    @model_validator(mode="before")
    @classmethod
    def _in(cls, value: Any) -> Any:
        if isinstance(value, dict) and "in" in value and "billed" not in value:
            return {("billed" if name == "in" else name): item for name, item in value.items()}
        return value

    @model_validator(mode="after")
    def _fits_its_model(self) -> ContractLine:
        for needed, wanted in (("every", ("recurring", "usage")), ("meter", ("usage",)), ("parts", ("instalment",))):
            if bool(getattr(self, needed)) != (self.model in wanted):
                word = "needs" if self.model in wanted else "has no"
                raise ValueError(f"a line of the model {self.model} {word} `{needed}`")
        if self.threshold is not None and self.model != "usage":
            raise ValueError("only a usage line has a threshold")
        needs_usage = ("percentage", "graduated_percentage", "dynamic", "prorated_graduated")
        prices = (self.price, *(step.price for step in self.ramp))
        if self.model != "usage" and (odd := [each.scheme for each in prices if each and each.scheme in needs_usage]):
            raise ValueError(f"a {odd[0]} price needs usage: a line of the model {self.model} has none")
        if (self.trial or self.ramp) and self.model != "recurring":
            raise ValueError("only a recurring line has a trial or a ramp")
        return self


class Commitment(Noun):
    """A minimum that is paid in any case: what the fees miss of it is charged at the end of each period.

    Attributes:
        amount: for one period, in major units.
        lines: ids of the lines whose fees count, or None for all.
        starts_on, ends_on: half-open, or None for the contract's.
        product, tax_code: of the true-up's line; tax_code None for the product's.
    """

    id: Id
    product: Id
    description: Text = "Minimum commitment"
    amount: Annotated[Number, Field(gt=0)]
    every: Length
    lines: tuple[Id, ...] | None = None
    starts_on: ServiceDay | None = None
    ends_on: Day | None = None
    tax_code: Text | None = None


class Contract(Noun):
    """What a customer is billed for.

    Attributes:
        deal: id of the deal that it was made from, or None.
        entity: the company that bills, "" for the only one.
        start: first day of service of the whole.
        ends_on: first day after the term (half-open), or None while it runs.
        anchor: the day that the lines' cycles are counted from, or None for each line's start.
        price_book, price_version: where prices come from that the lines leave out; the version is pinned.
        commitments: minimums.  coupons: discounts.  prepaid: credits.
        due: when its invoices are due, or None for the customer's terms.
        instalments: each invoice of it is paid in these parts; () for one.
        invoice_currency: what it is invoiced in, or None for `currency`.
        cancellation: what a cancellation gives back.
        amendments: what was changed since, in the order in which it was agreed.
    """

    id: Id
    customer: Id
    deal: Id | None = None
    entity: Text = ""
    currency: Currency
    start: ServiceDay
    ends_on: Day | None = None
    anchor: ServiceDay | None = None
    price_book: Id | None = None
    price_version: int | None = None
    lines: tuple[ContractLine, ...]
    commitments: tuple[Commitment, ...] = ()
    coupons: tuple[Coupon, ...] = ()
    prepaid: tuple[PrepaidGrant, ...] = ()
    due: DueRule | None = None
    instalments: tuple[Instalment, ...] = ()
    invoice_currency: Currency | None = None
    cancellation: Cancellation = Cancellation(otherwise="prorated")
    amendments: tuple[Amendment, ...] = ()

    @property
    def order(self) -> tuple[str, ...]:
        """Ids of lines and commitments, as documents show them."""
        return (*(line.id for line in self.lines), *(item.id for item in self.commitments))

    @model_validator(mode="after")
    def _terms_fit(self) -> Contract:
        if any(part.milestone for part in self.instalments):
            raise ValueError("milestones belong to a line of the model instalment: an invoice is due by dates")
        if self.prepaid and self.invoice_currency not in (None, self.currency):
            raise ValueError(f"prepaid credits are used in {self.currency}: leave invoice_currency out")
        return self

    @model_validator(mode="after")
    def _dates_fit(self) -> Contract:
        if self.ends_on is not None and self.ends_on <= self.start:
            raise ValueError(f"the contract ends on {self.ends_on}, which is not after its start on {self.start}")
        for line in self.lines:
            start = line.starts_on or self.start
            if line.ends_on is not None and line.ends_on <= start:
                raise ValueError(f"the line {line.id} ends on {line.ends_on}, which is not after its start on {start}")
        return self

    @model_validator(mode="after")
    def _names_fit(self) -> Contract:
        named: list[tuple[str, tuple[str, ...]]] = [
            ("line", self.order),
            ("coupon", tuple(item.id for item in self.coupons)),
            ("grant", tuple(item.id for item in self.prepaid)),
        ]
        for what, names in named:
            if twice := [name for name, times in Counter(names).items() if times > 1]:
                raise ValueError(f"the {what} id {twice[0]!r} stands twice: each needs its own")
        lines = {line.id for line in self.lines}
        asked = [("an amendment", item.line) for item in self.amendments]
        asked += [("a coupon", name) for item in self.coupons for name in item.lines or ()]
        asked += [("a commitment", name) for item in self.commitments for name in item.lines or ()]
        for what, name in asked:
            if name is not None and name not in lines:
                raise ValueError(f"{what} names the line {name!r}, which is not there: it has {', '.join(lines)}")
        return self
