"""The rules that a pipeline makes its invoices by, as they stand in its configuration.  (pure)"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, Field, field_validator, model_validator

from billsync.invoicing.convention import PRESETS, check_preset
from billsync.invoicing.pattern import check_pattern
from billsync.model.base import Country, Day, Id, Noun, Number, Text
from billsync.model.convention import Conventions, Policy, TaxRounding
from billsync.model.money import Rounding
from billsync.model.paying import DueRule
from billsync.model.scalar import plain, show

NO_TAX: Final = "none"
"""The tax code of what no tax is due on."""

MAX_TERMS_DAYS: Final = 3650


class TaxRule(Noun):
    """The rate of one tax code.

    Attributes:
        rate: a fraction, 0.19 for 19 %.
        country: the payer's country that it holds for, or None for every other.
        region: the region of the payer's billing address that it holds for, as written there, or None for all.
        valid_from: the first day of issue that it holds for, or None for always.
        kind: `reverse_charge` and `exempt` have a rate of zero and say so on the document.
        needs_tax_id: kind of the tax registration that the payer must have for it (`eu_vat`), or None.
        note: what the document says about it, "" for nothing.
    """

    code: Id
    name: Text = ""
    rate: Number
    country: Country | None = None
    region: Text | None = None
    valid_from: Day | None = None
    kind: Literal["standard", "reverse_charge", "exempt"] = "standard"
    needs_tax_id: Id | None = None
    note: Text = ""

    @model_validator(mode="after")
    def _zero_where_none_is_due(self) -> TaxRule:
        if self.kind != "standard" and self.rate:
            raise ValueError(f"a {self.kind.replace('_', ' ')} has a rate of 0, got {plain(self.rate)}")
        return self

    @field_validator("rate")
    @classmethod
    def _fraction(cls, rate: Decimal) -> Decimal:
        if not 0 <= rate <= 1:
            raise ValueError(f"a rate is a fraction from 0 to 1, 0.19 for 19 %, got {plain(rate)}")
        return rate

    @field_validator("code")
    @classmethod
    def _not_reserved(cls, code: str) -> str:
        if code == NO_TAX:
            raise ValueError(f"the code {NO_TAX} is kept for what no tax is due on: choose another")
        return code


class InvoicingRules(Noun):
    """How charges become invoices.

    Attributes:
        grouping: one invoice per deal and due day, or one per customer, currency and calendar month or quarter.
        payment_terms_days: days from the invoice's date to its due date where the customer has none of its own.
        series: pattern of the numbers: {year}, {month}, {quarter} of the invoice's date, and {seq} once.
        taxes: the known rates; the one for the payer's country wins, then the latest one that is valid.
        credit_series: the same for credit notes.
        due: when invoices are due in place of `payment_terms_days`, or None; a contract's own rule and a customer's own
            terms come first.
        default_tax_code: for what neither the line nor the product gives one; "" or `none` for no tax.
        preset: the conventions to begin with; see `invoicing.convention.PRESETS`.
        conventions: those that differ from the preset; only what is given counts.
        tax_rounding, rounding, proration: three of the conventions, by themselves; they win where they are given.
    """

    grouping: Literal["deal", "customer-month", "customer-quarter"] = "deal"
    payment_terms_days: Annotated[int, Field(ge=0, le=MAX_TERMS_DAYS)] = 30
    series: Annotated[Text, AfterValidator(check_pattern)] = "INV-{year}-{seq:06}"
    credit_series: Annotated[Text, AfterValidator(check_pattern)] = "CN-{year}-{seq:06}"
    due: DueRule | None = None
    taxes: tuple[TaxRule, ...] = ()
    default_tax_code: Text = ""
    preset: Annotated[Text, AfterValidator(check_preset)] = "default"
    conventions: Conventions = Conventions()
    tax_rounding: TaxRounding = "rate"
    rounding: Rounding = Rounding.HALF_UP
    proration: Literal["days", "none"] = "days"

    @model_validator(mode="after")
    def _taxes_fit(self) -> InvoicingRules:
        keys = [(rule.code, rule.country, rule.region, rule.valid_from, rule.needs_tax_id) for rule in self.taxes]
        for key in keys:
            if keys.count(key) > 1:
                raise ValueError(f"the tax code {show(key[0])} has two rates for the same country and day")
        codes = {rule.code for rule in self.taxes}
        if self.default_tax_code not in codes | {"", NO_TAX}:
            raise ValueError(f"default_tax_code {show(self.default_tax_code)} is not among the codes of `taxes`")
        return self

    def policy(self) -> Policy:
        """The conventions to pin on a document."""
        given = self.conventions.model_dump(exclude_unset=True)
        given |= {name: getattr(self, name) for name in _OWN if name in self.model_fields_set}
        return Policy.model_validate(
            {**PRESETS[self.preset].sets, **given, "preset": self.preset, "grouping": self.grouping}
        )


_OWN: Final = ("tax_rounding", "rounding", "proration")
