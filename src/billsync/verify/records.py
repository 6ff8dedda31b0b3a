"""What was read against what became of it: I5.  (shell)"""

from __future__ import annotations

from itertools import islice

from billsync.store import Tx
from billsync.store.evidence import Evidence
from billsync.store.inbox import STATES
from billsync.verify.found import Scope, Tally

MOST = 100


def check(tx: Tx, _scope: Scope, tally: Tally) -> None:
    """Each kind of record; then those that nothing explains, and facts that no record explains."""
    evidence = Evidence(tx.conn)
    checkpoints, read = evidence.cursors(), evidence.read()
    for (connection, object), states in tx.inbox.counts().items():
        name, fault = f"{connection}/{object}", ""
        if unknown := sorted(set(states) - STATES):
            fault = f"records in states that do not exist: {unknown}"
        checkpoint, last = checkpoints.get((connection, object)), read.get((connection, object))
        if checkpoint is not None and last is not None and last > checkpoint:
            fault = f"records came in at {last}, after the checkpoint of {checkpoint}: it was not stored with them"
        tally.see("I5", name, fault)
    for row in islice(evidence.unexplained(), MOST):
        tally.see("I5", row, "it counts as a problem, and none is open that says which")
    for row in islice(evidence.baseless(), MOST):
        tally.see("I5", row, "the record that it was made from is not there")
