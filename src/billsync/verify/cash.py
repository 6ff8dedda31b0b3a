"""What told of money against what became of it: I6.  (shell)"""

from __future__ import annotations

from billsync.store import Tx
from billsync.verify.found import Scope, Tally


def check(tx: Tx, _scope: Scope, tally: Tally) -> None:
    """Each record that tells of a payment or refund has one effect or a reason, and none is in the books untold."""
    count, faults = tx.ledger.events_verify()
    if count > len(faults):
        tally.checked["I6"] = tally.checked.get("I6", 0) + count - len(faults)
    for row, fault in faults:
        tally.see("I6", row, fault)
