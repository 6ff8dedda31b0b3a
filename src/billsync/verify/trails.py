"""The audit against the states of now, and its own chain: I7, I8.  (shell)"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from billsync.store import Tx
from billsync.store.evidence import Change, Evidence
from billsync.store.schema import credit_notes, deliveries, invoices, proposals
from billsync.verify.found import Scope, Tally


def check(tx: Tx, scope: Scope, tally: Tally) -> None:
    """Each write and document against its trail, each trail against what it is about, and the chain itself."""
    evidence = Evidence(tx.conn)
    for states in _states(evidence, scope):
        trails = evidence.trails(states)
        for subject, state in states.items():
            tally.see("I7", subject, torn(trails.get(subject, ()), state))
    if scope.since is None:
        _vanished(evidence, tally)
        for deal, version, applied in evidence.unagreed():
            tally.see("I7", f"agreed/{deal}", f"it is in version {version}, and {applied} proposals were applied")
    breaks = tx.audit.verify()
    tally.see("I8", "audit", "; ".join(breaks[:5]))


def _states(evidence: Evidence, scope: Scope) -> Iterator[dict[str, str]]:
    """Pages of subject -> state."""
    for page in evidence.deliveries(scope.since_at):
        yield {f"delivery/{row['key']}": row["state"] for row in page}
    for page in evidence.invoices(scope.since):
        yield {f"invoice/{row['number']}": row["state"] for row in page}
    for page in evidence.credit_notes(scope.since):
        yield {f"credit_note/{row['number']}": row["state"] for row in page}
    for page in evidence.proposals() if scope.since is None else ():
        yield {f"change/{row['id']}": row["state"] for row in page}


def torn(trail: Sequence[Change], state: str) -> str:
    """Where a trail does not lead, step by step, from nothing to the state of now; "" where it does."""
    last = ""
    for before, after in trail:
        if before != last:
            return f"a change from {before or 'nothing'} follows one to {last or 'nothing'}"
        last = after
    return "" if last == state else f"it is {state}, the audit leaves it at {last or 'nothing'}"


def _vanished(evidence: Evidence, tally: Tally) -> None:
    """What the audit saw come into being is still there."""
    for prefix, table, column in (
        ("delivery/", deliveries, deliveries.c.key),
        ("invoice/", invoices, invoices.c.number),
        ("credit_note/", credit_notes, credit_notes.c.number),
        ("change/", proposals, proposals.c.id),
    ):
        for page in evidence.begun(prefix):
            there = evidence.known(table, column, [subject.removeprefix(prefix) for subject in page])
            for subject in page:
                if subject.removeprefix(prefix) not in there:
                    tally.see("I7", subject, "the audit saw it come into being, and it is not there")
