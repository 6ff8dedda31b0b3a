"""Credit notes against their hashes, columns, invoices and numbers: I3, I9, I10, I13.  (shell)"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from billsync.model.base import digest_text
from billsync.store import Tx
from billsync.store.evidence import Evidence, Row
from billsync.verify import paper
from billsync.verify.books import columns_fault
from billsync.verify.found import Scope, Tally
from billsync.verify.numbers import Numbers


def check(tx: Tx, scope: Scope, tally: Tally) -> None:
    """All credit notes, a page at a time.  That no invoice is credited beyond its total is seen with the invoices."""
    evidence, numbers = Evidence(tx.conn), Numbers(scope)
    for page in evidence.credit_notes(scope.since):
        names = [row["number"] for row in page]
        noted, taken = evidence.finalised(names, "credit_note"), evidence.taken(names)
        charged = evidence.credit_charges(names)
        for row in page:
            number, hashed = row["number"], digest_text(row["doc"])
            note = paper.read(row["doc"])
            whole = hashed == row["row_hash"] and noted.get(number) == hashed
            tally.see("I9", number, "" if whole else "it is not as it was finalised (row_hash)")
            tally.see("I10", number, note.fault or columns_fault(row, note))
            tally.see("I3", number, note.fault or _takes(row, note.charges, taken, charged))
            numbers.add(number, note.series)
    numbers.check(evidence, tally)


def _takes(row: Row, lines: frozenset[str], taken: Mapping[str, int], charged: Mapping[str, Sequence[str]]) -> str:
    """Whether a note takes off invoices what it says, and settles only charges that are on its lines."""
    number = row["number"]
    if taken.get(number, 0) != row["total_minor"]:
        return "what it takes off invoices is not its total"
    return "" if set(charged.get(number, ())) <= lines else "a charge is bound to it that is not on its lines"
