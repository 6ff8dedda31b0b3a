"""What became of a push that others helped with, counted from the store: whoever sent it, it counts once.  (shell)

A move and its row of the audit are one commit, so that the rows since the push began are what all of them did.  A
process that dies takes no count with it.
"""

from __future__ import annotations

from collections import Counter
from typing import Final

from billsync.model.delivery import DeliveryState
from billsync.push.session import Push

_S = DeliveryState
_ENDS: Final = frozenset({_S.CONFIRMED, _S.DEAD, _S.REVIEW})
_SENT: Final = frozenset({_S.INFLIGHT, _S.UNKNOWN})
"""Where a write that is confirmed comes from; from other states it is by a person's word, or by a later version."""


def mark(push: Push) -> int | None:
    """Where the audit ends as the push begins; None where nobody can help."""
    if push.options.alive is None:
        return None
    with push.store.view() as tx:
        return tx.audit.head()[0]


def tally(push: Push, since: int | None) -> None:
    """Have the result count what all of them did since the mark; as it is where there is none."""
    if since is None:
        return
    sent, ends = Counter[str](), Counter[str]()
    with push.store.view() as tx:
        for subject, before, after in tx.audit.reached(_ENDS, after=since):
            kind, connection = _named(subject)
            if connection != push.connection:
                continue
            ends[after] += 1
            sent[kind] += after == _S.CONFIRMED and before in _SENT
    push.result.sent = dict(+sent)
    push.result.refused, push.result.review = ends[_S.DEAD], ends[_S.REVIEW]


def _named(subject: str) -> tuple[str, str]:
    """Kind and connection of the delivery that a row is about; "" and "" for a row about something else."""
    area, _, key = subject.partition("/")
    if area != "delivery":
        return "", ""
    return key.partition(":")[0], key.rpartition(":")[0].rpartition(":")[2]
