"""`approve` and `reject`: a person's word on drafts.  (shell)"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from billsync import schedule, settings, workspace
from billsync.cli import guard, show
from billsync.store import DraftState, StoredDraft, Tx


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which drafts: by id, of a customer, or all."""

    ids: tuple[str, ...]
    customer: str | None
    every: bool


def decide(config: Path, chosen: Chosen, to: str, reason: str, format: show.Format) -> int:
    """Note what a person says of drafts; the next run acts on it."""
    if not chosen.ids and chosen.customer is None and not chosen.every:
        raise guard.Wrong("which drafts? name their ids, --customer, or --all: `billsync invoice list --state draft`")
    state, clock = DraftState(to), schedule.SystemClock()
    with workspace.opened(settings.load(config), clock, create=False) as opened, opened.store.tx(to) as tx:
        found = _drafts(tx, chosen)
        tx.ledger.decide([item.id for item in found], state, reason=reason or to, at=clock.now())
    show.rows("Drafts", COLUMNS, [row(item) | {"state": to} for item in found], format=format, empty="no drafts wait")
    if found and state is DraftState.APPROVED:
        show.remark("they get their numbers with the next run, where they are as they are now")
    return guard.OK


def _drafts(tx: Tx, chosen: Chosen) -> Sequence[StoredDraft]:
    if not chosen.ids:
        return tx.ledger.drafts(customer=chosen.customer)
    found = tx.ledger.drafts(ids=chosen.ids)
    there = {item.id for item in found}
    for id in chosen.ids:
        if id not in there:
            hint = "`billsync invoice list --state draft` shows those there are"
            raise guard.Wrong(f"there is no draft '{show.visible(id)}': {hint}")
    return [item for item in found if chosen.customer in (None, item.document.customer)]


COLUMNS = ["id", "kind", "customer", "issued_on", "currency", "total", "state", "reason"]


def row(item: StoredDraft) -> dict[str, object]:
    """A draft as lists show it."""
    document = item.document
    return {
        "id": item.id,
        "kind": item.kind,
        "customer": document.customer,
        "issued_on": document.issued_on,
        "currency": document.currency,
        "subtotal": document.subtotal,
        "tax": document.tax_total,
        "total": document.total,
        "state": str(item.state),
        "reason": item.reason,
        "lines": len(document.lines),
    }
