"""What a pipeline is: from where to where, by which mappings and rules, and when.  (pure)"""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated, Final, Literal

from pydantic import BeforeValidator, Field, field_validator

from billsync.invoicing.policy import InvoicingRules
from billsync.model.base import Id, Noun, Number, Text, Zone
from billsync.model.scalar import day_in_zone, read_day
from billsync.settings.changes import Changes
from billsync.timetable import Schedule, ever_rings

_DAY_S: Final = 86_400


def _through(value: object) -> date | None:
    if value in ("today", None):
        return None
    try:
        return read_day(value)
    except ValueError as error:
        raise ValueError(f"{error}; or write today") from None


class Mappings(Noun):
    """Mappings: files relative to the configuration or as shipped (`mappings/...`), or names (`acme.deal`).

    Attributes:
        inbound: source records -> canonical documents.
        outbound: canonical documents -> target records; one of invoice status goes to the source.
        payments: target records -> canonical payments.
    """

    inbound: tuple[Id, ...]
    outbound: tuple[Id, ...] = ()
    payments: tuple[Id, ...] = ()


class Billing(Noun):
    """Until when is billed.

    Attributes:
        through: the last day, or None (written `today`) for the day of the run.
        zone: whose day that is.
    """

    through: Annotated[date | None, BeforeValidator(_through)] = None
    zone: Zone = "UTC"

    def day(self, now: datetime) -> date:
        """The last day that a run at this instant bills."""
        return self.through or day_in_zone(now, self.zone)


class Bounds(Noun):
    """What one run may send before a person has looked; beyond it the connection is parked and nothing goes out.

    Attributes:
        creates: new documents (invoices and what settles them) in one run; voids: documents taken back in one run.
        single: amount of one document; total: sum of a run's new documents, each in any one currency's major units.
    """

    creates: int = Field(default=5_000, ge=1)
    voids: int = Field(default=50, ge=0)
    single: Number = Decimal(10_000_000)
    total: Number = Decimal(1_000_000_000)


class Parity(Noun):
    """What is done where the target would come to another total than the document.

    Attributes:
        tolerance: a difference of up to so much, in major units, is sent as a line of its own; beyond it the document
            is not made, and the difference is told.
        product: id of the product of that line, or None for a line without one.
        tax_rounding, unit_price_places: in place of the connector's own sheet, or None.
    """

    tolerance: Annotated[Number, Field(ge=0)] = Decimal(0)
    product: Id | None = None
    tax_rounding: Literal["line", "rate", "document"] | None = None
    unit_price_places: Annotated[int, Field(ge=0, le=12)] | None = None


class Push(Noun):
    """How writes are sent and waited for.

    Attributes:
        patience_s: seconds that a run waits for writes that are due later.
        settle_s: in place of the connector's own settle time, or None.
        edited: what to do with a document that a person changed there after it was written: `report` it, `adopt` what
            stands there, or `overwrite` it.
        calls_per_s: requests a second at most, in place of the connector's own figure, or None.
        burst: requests that may go out at once before that.
        calls_at_once: writes that may be under way at once, in place of the connector's own figure, or None.
        bounds: what one run may send.
        parity: what is done where the target would come to another total.
    """

    patience_s: int = Field(default=300, ge=0, le=_DAY_S)
    settle_s: int | None = Field(default=None, ge=0, le=_DAY_S)
    edited: Literal["report", "adopt", "overwrite"] = "report"
    calls_per_s: Number | None = None
    burst: int = Field(default=10, ge=1)
    calls_at_once: int | None = Field(default=None, ge=1, le=64)
    bounds: Bounds = Bounds()
    parity: Parity = Parity()


Policy = Literal["report", "ours", "theirs"]


class Conflicts(Noun):
    """What is done where a field was changed on a side that does not own it.

    Attributes:
        default: `report` holds it back and tells it, `ours` stands against the change, `theirs` lets the change stand.
        fields: the same for single fields, by canonical kind and the field's name in the mapping: `customer.name`.
    """

    default: Policy = "report"
    fields: dict[Id, Policy] = {}

    def policy(self, kind: str, field: str) -> Policy:
        """What is done for a field."""
        return self.fields.get(f"{kind}.{field}", self.default)


_SOME_DAY: Final = datetime(2026, 1, 1, tzinfo=UTC)


class Pipeline(Noun):
    """One way from a source to a target and back.

    Attributes:
        source, target: names of connections; target None keeps invoices in billsync.
        entity: the company that bills, as `overrides:` of mappings name it, or "".
        conflicts: None where only fields with an `owner:` are looked at, and a change of them is told.
        changes: how a deal becomes what is agreed, and what a person decides of it; None where deals are billed as they
            are, and one that changes after it was billed is told.
        schedule: None where it runs only when asked to.
    """

    source: Id
    target: Id | None = None
    entity: Text = ""
    mappings: Mappings
    invoicing: InvoicingRules = InvoicingRules()
    billing: Billing = Billing()
    push: Push = Push()
    conflicts: Conflicts | None = None
    changes: Changes | None = None
    schedule: Schedule | None = None

    @field_validator("schedule")
    @classmethod
    def _rings(cls, value: Schedule | None) -> Schedule | None:
        if value is not None and not ever_rings(value, _SOME_DAY):
            raise ValueError("it never rings: its quiet hours or blackouts leave no slot")
        return value

    @property
    def sends_invoices(self) -> bool:
        """Whether documents go to the target at all."""
        return self.target is not None and bool(self.mappings.outbound)
