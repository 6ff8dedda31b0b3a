"""What records show of their invoices, as it was written to them.  (shell)"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from billsync.connector import Refused, Standing, TryLater
from billsync.model.money import round_amount
from billsync.model.scalar import read_day
from billsync_connectors.salesforce.described import Described
from billsync_connectors.salesforce.rows import Strange, id_of
from billsync_connectors.salesforce.session import Session
from billsync_connectors.salesforce.settings import ID, SalesforceSettings
from billsync_connectors.salesforce.values import number
from billsync_connectors.salesforce.walk import Spot, Walk


def told(session: Session, settings: SalesforceSettings, there: Described, by: str) -> Iterator[Sequence[Standing]]:
    """Every record that shows something, page by page.  Raises `TryLater`, `Refused`."""
    status = settings.status
    named = (status.amount, status.state, status.issued_on, status.due_on, status.currency)
    fields = [name for name in named if name and name.lower() in there.fields]
    if status.amount not in fields or status.state not in fields:
        message = (
            f"{session.system}: {there.name} has no {status.amount} or no {status.state} (status, in the settings)"
        )
        raise Refused("not_supported", message)
    selected = list(dict.fromkeys(["Id", by, *fields]))
    walk = Walk(session, selected, there.name, where=f"{status.state} != null")
    for leg in walk.legs(Spot()):
        try:
            yield [found for row in leg.rows if (found := _standing(settings, row, by)) is not None]
        except (Strange, ValueError) as error:
            raise TryLater("unreadable", f"{session.system}: {there.name} cannot be read: {error}") from None


def _standing(settings: SalesforceSettings, row: Mapping[str, Any], by: str) -> Standing | None:
    """What a record shows; None where it shows no amount."""
    status = settings.status
    if row[status.amount] is None:
        return None
    state, issued, due = str(row[status.state]), row.get(status.issued_on), row.get(status.due_on)
    currency = str(row.get(status.currency) or settings.currency)
    total = number(row[status.amount])
    whole = round_amount(total, currency)  # as amounts of the currency are written: 12.50
    return Standing(
        id=id_of(row),
        reference=str(row.get(by) or "") if by != ID else id_of(row),
        currency=currency,
        total=whole if whole == total else total,
        on=read_day(issued) if issued else None,
        due_on=read_day(due) if due else None,
        state=status.states.get(state, state),
    )
