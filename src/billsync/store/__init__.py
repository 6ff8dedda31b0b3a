"""The ledger database: the only place that speaks SQL to it.  SQLite and Postgres, with the same promises.  (shell)

Owns: tables, migrations, transactions, locks, numbering, the audit chain, and that no write breaks the books.
Does not own: what a deal, a charge or a retry means; callers decide, the store refuses what must never be.

`Store.open(url)` -> `with store.tx("name") as tx:` -> `tx.inbox`, `tx.facts`, `tx.ledger`, `tx.changes`, `tx.outbox`,
`tx.links`, `tx.echoes`, `tx.schemas`, `tx.live_tables`, `tx.kept`, `tx.hints`, `tx.gates`, `tx.orphans`,
`tx.problems`, `tx.runs`, `tx.rings`, `tx.audit`.
"""

from billsync.store.audit import Audit
from billsync.store.cash_events import CashEvent
from billsync.store.changes import Changes, StoredProposal
from billsync.store.charges import StoredCharge
from billsync.store.credit_notes import Crediting, StoredCreditNote
from billsync.store.database import Store, Tx
from billsync.store.drafts import DraftState, StoredDraft
from billsync.store.echoes import Echo, Echoes
from billsync.store.errors import Conflict, Held, IllegalMove, StoreUnusable
from billsync.store.facts import Fact, Facts
from billsync.store.gates import Gates
from billsync.store.hints import Hints, StoredHint
from billsync.store.inbox import Absorbed, Inbox, InboxRow
from billsync.store.invoices import StoredInvoice
from billsync.store.kept import Kept, StoredSeal
from billsync.store.ledger import Ledger
from billsync.store.links import LinkEvent, Links
from billsync.store.orphans import UNLISTED, Orphan, Orphans
from billsync.store.outbox import Outbox
from billsync.store.outside import LiveTables, Schemas, Snapshot
from billsync.store.payments import StoredPayment
from billsync.store.problems import Problems, StoredProblem
from billsync.store.refunds import StoredRefund
from billsync.store.rings import BEGAN, Ring, Rings
from billsync.store.runs import Run, Runs

__all__ = [
    "BEGAN",
    "UNLISTED",
    "Absorbed",
    "Audit",
    "CashEvent",
    "Changes",
    "Conflict",
    "Crediting",
    "DraftState",
    "Echo",
    "Echoes",
    "Fact",
    "Facts",
    "Gates",
    "Held",
    "Hints",
    "IllegalMove",
    "Inbox",
    "InboxRow",
    "Kept",
    "Ledger",
    "LinkEvent",
    "Links",
    "LiveTables",
    "Orphan",
    "Orphans",
    "Outbox",
    "Problems",
    "Ring",
    "Rings",
    "Run",
    "Runs",
    "Schemas",
    "Snapshot",
    "Store",
    "StoreUnusable",
    "StoredCharge",
    "StoredCreditNote",
    "StoredDraft",
    "StoredHint",
    "StoredInvoice",
    "StoredPayment",
    "StoredProblem",
    "StoredProposal",
    "StoredRefund",
    "StoredSeal",
    "Tx",
]
