"""The canonical nouns, where they came from, and which deals billing has to look at."""

from __future__ import annotations

from datetime import date

from billsync.model.ref import Ref
from billsync.store import Store
from tests.store.made import AT, CRM, LONG, customer

THROUGH = date(2026, 3, 31)


def test_a_noun_is_stored_whole_and_only_a_change_counts(store: Store) -> None:
    with store.tx("t") as tx:
        items = [(customer("acme"), CRM, "m1"), (customer("bolt"), CRM, "m1")]
        assert tx.facts.put("customer", items, run="r1", at=AT) == 2
        assert tx.facts.put("customer", items, run="r2", at=AT) == 0
        assert tx.facts.put("customer", [(customer("acme", "Acme Inc."), CRM, "m1")], run="r3", at=AT) == 1
        fact = tx.facts.get("customer", "acme")
        assert fact is not None
        changed = customer("acme", "Acme Inc.")
        assert (fact.doc, fact.digest, fact.version) == (changed.json_text(), changed.digest(), 2)
        assert (fact.source, fact.mapping) == (CRM, "m1")
        assert tx.facts.count("customer") == 2
        assert tx.facts.get("product", "acme") is None


def test_another_source_or_mapping_is_noted_without_a_new_version(store: Store) -> None:
    moved = Ref(system="crm", kind="Account", id="A-2")
    with store.tx("t") as tx:
        tx.facts.put("customer", [(customer(), CRM, "m1")], run="r1", at=AT)
        assert tx.facts.put("customer", [(customer(), moved, "m2")], run="r2", at=AT) == 0
        fact = tx.facts.get("customer", "acme")
        assert fact is not None
        assert (fact.source, fact.mapping, fact.version) == (moved, "m2", 1)
        assert tx.facts.by_source("crm", "Account", ["A-1", "A-2"]) == {"A-2": [("customer", "acme")]}


def test_nouns_come_in_pages_and_leave_with_their_source(store: Store) -> None:
    ids = ["a", "b", LONG, "é", "🧾"]
    with store.tx("t") as tx:
        items = [(customer(id), Ref(system="crm", kind="Account", id=id), "m") for id in ids]
        tx.facts.put("customer", items, run="r", at=AT)
        first = tx.facts.page("customer", limit=3)
        rest = tx.facts.page("customer", after=first[-1].id, limit=3)
        assert [fact.id for fact in first + rest] == sorted(ids)
        assert set(tx.facts.many("customer", [*ids, "nobody"])) == set(ids)
        assert tx.facts.by_source("crm", "Account", [LONG]) == {LONG: [("customer", LONG)]}
        assert tx.facts.remove("customer", [LONG, "nobody"], run="r", at=AT) == [LONG]
        assert tx.facts.many("customer", [LONG]) == {}


def _due(store: Store, policy: str = "p1", through: date = THROUGH) -> list[str]:
    with store.view() as tx:
        return [fact.id for fact in tx.facts.deals_due(through, policy)]


def test_a_deal_is_looked_at_until_it_is_billed_and_again_when_something_changes(store: Store) -> None:
    with store.tx("t") as tx:  # any noun with an id will do as a deal here
        tx.facts.put("deal", [(customer(id), CRM, "m") for id in ("D-1", "D-2", "D-3")], run="r", at=AT)
    assert _due(store) == ["D-1", "D-2", "D-3"]
    with store.tx("t") as tx:
        digests = {fact.id: fact.digest for fact in tx.facts.page("deal")}
        marks = [("D-1", digests["D-1"], None), ("D-2", digests["D-2"], date(2026, 4, 1)), ("D-3", "older", None)]
        tx.facts.billed(marks, "p1")
    assert _due(store) == ["D-3"]
    assert _due(store, through=date(2026, 4, 1)) == ["D-2", "D-3"]
    assert _due(store, policy="p2") == ["D-1", "D-2", "D-3"]
    with store.tx("t") as tx:
        tx.facts.put("deal", [(customer("D-1", "Amended"), CRM, "m")], run="r", at=AT)
        assert [fact.id for fact in tx.facts.deals_due(THROUGH, "p1", limit=1)] == ["D-1"]
        assert [fact.id for fact in tx.facts.deals_due(THROUGH, "p1", after="D-1")] == ["D-3"]


def test_a_deal_that_went_and_came_back_is_looked_at_again(store: Store) -> None:
    with store.tx("t") as tx:
        tx.facts.put("deal", [(customer("D-1"), CRM, "m")], run="r", at=AT)
        tx.facts.billed([("D-1", customer("D-1").digest(), None)], "p1")
    assert _due(store) == []
    with store.tx("t") as tx:
        tx.facts.remove("deal", ["D-1"], run="r", at=AT)
        tx.facts.put("deal", [(customer("D-1"), CRM, "m")], run="r", at=AT)
    assert _due(store) == ["D-1"]
