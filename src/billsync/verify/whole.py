"""Every invariant over the whole ledger, in one read transaction.  (shell)"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Final

from billsync.store import Store, Tx
from billsync.verify import books, cash, crediting, records, trails, writes
from billsync.verify.found import Scope, Tally, Verdict

Check = Callable[[Tx, Scope, Tally], None]
CHECKS: Final[tuple[Check, ...]] = (books.check, crediting.check, cash.check, writes.check, records.check, trails.check)


def verify(
    store: Store,
    *,
    now: datetime,
    targets: frozenset[str] = frozenset(),
    patterns: tuple[str, ...] = (),
    since: date | None = None,
) -> Verdict:
    """`verify_scope` with the arguments of `Scope`."""
    return verify_scope(store, Scope(now, targets, patterns, since))


def verify_scope(store: Store, scope: Scope) -> Verdict:
    """Check every invariant that the ledger alone can answer; memory stays flat."""
    tally = Tally()
    with store.view() as tx:
        for check in CHECKS:
            check(tx, scope, tally)
    return tally.verdict()
