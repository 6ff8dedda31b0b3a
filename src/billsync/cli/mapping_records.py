"""One record by its id: of a source, from the inbox or live, or one of our own documents.  (shell)"""

from __future__ import annotations

from billsync import workspace
from billsync.cash import status
from billsync.cli.mapping_sources import MODELS
from billsync.connector import Record
from billsync.mapping import record_of
from billsync.model.base import Noun
from billsync.stage import gathered
from billsync.store import Store, Tx
from billsync.workspace import Workspace


class NotThere(LookupError):
    """No such record; the message says where it was looked for."""


def source_record(opened: Workspace, connection: str, object: str, id: str, *, live: bool) -> Record:
    """A record of the source, from the inbox, or where it is not there, or `live`, as it is now.

    Raises `NotThere`, and the connector's `TryLater` and `Refused`.
    """
    if connection not in opened.settings.connections:
        raise NotThere(f"no connection is called {connection!r}")
    if not live:
        with opened.store.view() as tx:
            row = tx.inbox.get(connection, object, id)
        if row is not None and not row.deleted:
            return gathered.record_of(row)
    with workspace.connected(opened, connection) as end:
        found = end.connector.fetch(object, [id])
    if not found or found[0].deleted:
        raise NotThere(f"{connection} has no {object} with the id {id!r}")
    return found[0]


def document_of(store: Store, kind: str, id: str) -> Record:
    """One of our own documents; an invoice by its number, a status by its deal.  Raises `NotThere`."""
    with store.view() as tx:
        noun = _noun(tx, kind, id)
    if noun is None:
        raise NotThere(f"the store has no {kind} {id!r}")
    return record_of(kind, noun, id)


def _noun(tx: Tx, kind: str, id: str) -> Noun | None:
    if kind in MODELS:
        fact = tx.facts.get(kind, id)
        return MODELS[kind].model_validate_json(fact.doc) if fact is not None else None
    if kind == "invoice":
        stored = tx.ledger.invoice(id)
        return stored.invoice if stored is not None else None
    if kind == "payment":
        payment = tx.ledger.payment(id)
        return payment.payment if payment is not None else None
    if kind == "refund":
        refund = tx.ledger.refund(id)
        return refund.refund if refund is not None else None
    found = tx.ledger.invoices_of_deals([id]).get(id, []) if kind == "status" else []
    return (
        status.status_of(id, [status.Row(item.invoice, item.state, item.paid_on) for item in found]) if found else None
    )
