"""The rules that a pipeline makes its invoices by, as they stand in its configuration.  (pure)"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, Field, field_validator, model_validator

from billsync.invoicing.convention import PRESETS, check_preset
from billsync.invoicing.pattern import check_pattern
from billsync.model.base import Country, Day, Id, Noun, Number, Text
from billsync.model.convention import Conventions, Policy, TaxRounding
from billsync.model.exchange import FxRate
from billsync.model.invoice import CreditNote, Invoice
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


class Entity(Noun):
    """A company that bills under numbers of its own; see `InvoicingRules.series`."""

    series: Annotated[Text, AfterValidator(check_pattern)]
    credit_series: Annotated[Text, AfterValidator(check_pattern)]


class Limits(Noun):
    """What one run may make before a person has looked; what is beyond waits as a draft, without a number.

    Attributes:
        invoices_per_contract: documents with lines of one contract or deal.
        amount_per_contract: what its lines come to, in any one currency's major units, or None for no bound.
        invoices_per_run, amount_per_run: the same for all documents of a run together, None for no bound.
    """

    invoices_per_contract: Annotated[int, Field(ge=1)] = 24
    amount_per_contract: Annotated[Number, Field(gt=0)] | None = None
    invoices_per_run: Annotated[int, Field(ge=1)] | None = None
    amount_per_run: Annotated[Number, Field(gt=0)] | None = None


class InvoicingRules(Noun):
    """How charges become invoices.

    Attributes:
        grouping: one invoice per deal and due day, or one per customer, currency and calendar month or quarter.
        payment_terms_days: days from the invoice's date to its due date where the customer has none of its own.
        series: pattern of the numbers: {year}, {month}, {quarter} of the invoice's date, and {seq} once.
        taxes: the known rates; the one for the payer's country wins, then the latest one that is valid.
        credit_series: the same for credit notes.
        entities: companies with numbers of their own, by the name that contracts give as their `entity`.
        finalise: whether documents get their numbers `at_once`, or wait as drafts for a person (`on_approval`).
        grace_days: documents wait as drafts for so many days from their date; what is approved waits no longer.
        limits: how much one run may make.
        rates: of exchange, for contracts that are invoiced in another currency.
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
    entities: dict[Id, Entity] = {}
    finalise: Literal["at_once", "on_approval"] = "at_once"
    grace_days: Annotated[int, Field(ge=0, le=366)] = 0
    limits: Limits = Limits()
    rates: tuple[FxRate, ...] = ()
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

    @model_validator(mode="after")
    def _series_differ(self) -> InvoicingRules:
        for text in self.patterns:
            if self.patterns.count(text) > 1:
                raise ValueError(f"two series are written {show(text)}: no two documents may have one number")
        return self

    @property
    def patterns(self) -> tuple[str, ...]:
        """The patterns of all numbers that these rules make."""
        own = (pattern for each in self.entities.values() for pattern in (each.series, each.credit_series))
        return (self.series, self.credit_series, *own)

    def pattern_of(self, document: Invoice | CreditNote) -> str:
        """The pattern of a document's number: its company's, else the common one."""
        company = self.entities.get(document.entity, self)
        return company.credit_series if isinstance(document, CreditNote) else company.series

    def policy(self) -> Policy:
        """The conventions to pin on a document; the same noun as long as the same rules are asked."""
        if _LATEST[0][0] is not self:
            _LATEST[0] = (self, self._policy())
        return _LATEST[0][1]

    def _policy(self) -> Policy:
        given = self.conventions.model_dump(exclude_unset=True)
        given |= {name: getattr(self, name) for name in _OWN if name in self.model_fields_set}
        return Policy.model_validate(
            {**PRESETS[self.preset].sets, **given, "preset": self.preset, "grouping": self.grouping}
        )


_OWN: Final = ("tax_rounding", "rounding", "proration")

_NO_RULES: Final = InvoicingRules()
_LATEST: Final = [(_NO_RULES, Policy(preset="default"))]
"""The rules that were asked last and their policy: a run asks its own for every contract."""
