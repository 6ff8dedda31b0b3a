"""The audit chain shows every edit, gap and change of order."""

from __future__ import annotations

import pytest

from billsync.store import Store
from tests.store.made import AT, LONG, later
from tests.store.test_ledger import _break_in as break_in


def _chain(store: Store, count: int = 6) -> None:
    with store.tx("t") as tx:
        tx.audit.append([(f"invoice/INV-{n}", "", "finalised", "é|🧾") for n in range(1, count)], at=AT)
        tx.audit.append([(LONG, "finalised", "sent", "")], at=later(1))


def test_a_chain_that_nobody_touched_is_whole(store: Store) -> None:
    with store.view() as tx:
        assert tx.audit.verify() == []
        assert tx.audit.head()[0] == 0
    _chain(store)
    with store.view() as tx:
        assert tx.audit.verify() == []
        assert tx.audit.head()[0] == 6
        assert [row["seq"] for row in tx.audit.tail(limit=2)] == [6, 5]
        assert [row["subject"] for row in tx.audit.tail(LONG)] == [LONG]
        assert tx.audit.tail("invoice/INV-3")[0]["at"] == AT


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        (["UPDATE audit SET note = 'x' WHERE seq = 3"], "row 3 (invoice/INV-3) was changed"),
        (["UPDATE audit SET at = '2026-01-30T10:00:00.000000Z' WHERE seq = 3"], "row 3 (invoice/INV-3) was changed"),
        (["DELETE FROM audit WHERE seq IN (3, 4)"], "rows 3 to 4 are missing"),
        (["DELETE FROM audit WHERE seq = 6"], "rows 6 to 6 at the end are missing"),
        (["DELETE FROM audit"], "rows 1 to 6 at the end are missing"),
        (
            [
                "UPDATE audit SET seq = 99 WHERE seq = 3",
                "UPDATE audit SET seq = 3 WHERE seq = 4",
                "UPDATE audit SET seq = 4 WHERE seq = 99",
            ],
            "row 3 (invoice/INV-4) was changed, or does not follow",
        ),
        (["DELETE FROM audit WHERE seq = 6", "UPDATE audit_head SET seq = 5"], "ends in row 5 with another hash"),
    ],
)
def test_what_was_done_to_the_chain_is_found(store: Store, changes: list[str], found: str) -> None:
    _chain(store)
    with store.tx("t") as tx:
        break_in(tx, "audit", *changes)
    with store.view() as tx:
        faults = tx.audit.verify()
    assert found in faults[0]


def test_separators_in_texts_cannot_forge_an_equal_hash(store: Store) -> None:
    with store.tx("t") as tx:
        tx.audit.append([("a|b", "c", "d", "")], at=AT)
        break_in(tx, "audit", "UPDATE audit SET subject = 'a', before = 'b|c'")
        assert tx.audit.verify() != []


def test_a_long_chain_is_read_in_pieces(store: Store) -> None:
    _chain(store, 2500)
    with store.tx("t") as tx:
        assert tx.audit.verify() == []
        break_in(tx, "audit", "UPDATE audit SET note = 'x' WHERE seq IN (2, 2400)")
        assert len(tx.audit.verify()) == 2
