"""Month after month only what is new is worked out, and the books come out as if it were all worked out each time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any, cast
from unittest.mock import patch

import pytest
from sqlalchemy import select

from billsync import sync
from billsync.billing import steady as billing
from billsync.invoicing.policy import InvoicingRules
from billsync.model.base import Noun
from billsync.model.contract import Contract
from billsync.model.customer import Customer
from billsync.model.product import Product
from billsync.model.ref import Ref
from billsync.model.usage import CustomerUsage
from billsync.stage.facts import users
from billsync.stage.world import World
from billsync.store import Fact, Store, Tx
from billsync.store.facts import Facts
from billsync.store.schema import audit, charges, deal_marks, invoices
from tests.stage.agreed import Agreed, plain

KINDS: dict[type[Noun], str] = {
    Customer: "customer",
    Product: "product",
    Contract: "contract",
    CustomerUsage: "usage",
}
SEATS, CALLS = plain()["lines"]
YEARLY = {"id": "fee", "product": "Basic", "model": "recurring", "every": {"years": 1}, "price": SEATS["price"]}
ONCE = {"id": "setup", "product": "Basic", "model": "one_time", "price": SEATS["price"]}
AGREED: dict[str, dict[str, Any]] = {
    "C-1": plain(),
    "C-2": plain(customer="Far", lines=[SEATS, {**CALLS, "every": {"quarters": 1}}, YEARLY, ONCE]),
    "C-3": plain(customer="Far", lines=[{**SEATS, "billed": "arrears"}], start="2017-01-31"),
    "C-5": plain(customer="Far"),
    "C-6": plain(customer="Quiet"),
    "C-4": plain(amendments=[{"effective": "2017-02-15", "agreed_on": "2017-03-20", "line": "seats", "quantity": "9"}]),
}


def told(id: str, customer: str, on: str, value: str, received: str | None = None) -> CustomerUsage:
    given = {"id": id, "customer": customer, "meter": "calls", "on": on, "value": value, "received_on": received}
    return CustomerUsage.model_validate(given)


def at(instant: str) -> CustomerUsage:
    given = {"id": "night", "customer": "Far", "meter": "calls", "at": datetime.fromisoformat(instant), "value": "77"}
    return CustomerUsage.model_validate(given)


def contract(id: str, **changes: Any) -> Contract:
    return Contract.model_validate({"id": id, **AGREED[id], **changes})


def customer(id: str, zone: str = "UTC") -> Customer:
    return Customer(id=id, name=id, timezone=zone)


def story() -> dict[date, list[Noun]]:
    """What is told before the run of each day."""
    begin: list[Noun] = [customer("Acme"), customer("Far", "Pacific/Auckland"), Product(id="Basic", name="Basic")]
    begin += [customer("Quiet"), told("q", "Quiet", "2017-06-30", "3")]
    begin += [contract(id) for id in AGREED]
    months = [told(f"m{month}", "Acme", f"2017-{month:02}-11", f"{month}00") for month in range(1, 9)]
    return {
        date(2017, 1, 1): begin,
        date(2017, 2, 1): [*months[:1], told("ahead", "Far", "2017-01-15", "500", "2017-03-20")],
        date(2017, 3, 1): [*months[1:2], at("2017-02-28T23:30:00+00:00")],
        date(2017, 3, 20): [],  # what was told ahead counts from now on
        date(2017, 4, 1): [*months[2:3], told("m1", "Acme", "2017-01-11", "101")],
        date(2017, 5, 1): [*months[3:4], told("m2", "Far", "2017-02-11", "200")],  # of another customer, it turns out
        date(2017, 6, 1): [*months[4:5], contract("C-1", lines=[{**SEATS, "quantity": "6"}, CALLS])],
        date(2017, 7, 1): [*months[5:6], customer("Far", "Europe/Berlin")],
        date(2017, 8, 1): [*months[6:7]],
        date(2018, 2, 1): [*months[7:]],
    }


def tell(world: World, tx: Tx, nouns: Sequence[Noun]) -> None:
    """As records that were read and mapped."""
    for noun in nouns:
        kind, id = KINDS[type(noun)], str(vars(noun)["id"])
        were = users(tx, [id])
        tx.facts.put(kind, [(cast("Any", noun), Ref(system="crm", kind=kind, id=id), "m")], run="r", at=world.now())
        if isinstance(noun, CustomerUsage):
            tx.facts.bill_again(were | {noun.customer})


def lived(folder: Path, store: Store, rules: Callable[[date], dict[str, Any]], *, short: bool) -> list[str]:
    """The story from its first day to its last; which contracts went the short way, run for run."""
    office = Agreed(folder, store)
    went: list[str] = []
    for day, nouns in story().items():
        world = replace(office.world(day), rules=InvoicingRules.model_validate(rules(day)))
        with store.tx("told") as tx:
            tell(world, tx, nouns)
        with watched(went, short=short):
            sync.bill(world)
        went.append("")
    return went


@contextmanager
def watched(went: list[str], *, short: bool) -> Iterator[None]:
    """Notes which contracts go the short way; none does where it is closed."""
    old = Facts.deals_due

    def deals_due(*given: Any, **more: Any) -> list[Fact]:
        return [fact if short else replace(fact, steady=None) for fact in old(*given, **more)]

    def reaches_back(*given: Any) -> bool:
        found = real(*given)
        went.append("back" if found else "on")
        return found

    real = billing.reaches_back
    with patch.object(Facts, "deals_due", deals_due), patch.object(billing, "reaches_back", reaches_back):
        yield


def written(store: Store) -> list[tuple[Any, ...]]:
    """Charges, documents and the audit chain, but for when and by which run."""
    with store.view() as tx:
        return [
            *tx.conn.execute(select(charges.c.key, charges.c.doc, charges.c.invoice).order_by(charges.c.key)),
            *tx.conn.execute(select(invoices.c.number, invoices.c.doc).order_by(invoices.c.number)),
            *tx.conn.execute(select(audit.c.seq, audit.c.hash).order_by(audit.c.seq)),
            *tx.conn.execute(select(deal_marks.c.deal, deal_marks.c.next_on).order_by(deal_marks.c.deal)),
        ]


def stays(_day: date) -> dict[str, Any]:
    return {"series": "INV-{seq:04}"}


def changes(day: date) -> dict[str, Any]:
    """Another convention from May on."""
    how = {"proration_basis": "30/360"} if day >= date(2017, 5, 1) else {}
    return {"series": "INV-{seq:04}", "conventions": how, "grouping": "customer-month"}


@pytest.mark.parametrize("rules", [stays, changes])
def test_the_books_are_as_if_all_was_worked_out_each_time(
    rules: Callable[[date], dict[str, Any]], tmp_path: Path, store: Store
) -> None:
    went = lived(tmp_path, store, rules, short=True)
    with_all = Store.open(f"sqlite:///{tmp_path / 'all.db'}", create=True)
    assert set(lived(tmp_path, with_all, rules, short=False)) == {""}
    assert written(store) == written(with_all)
    assert went.count("on") >= 10, "the short way was hardly taken"
    assert "back" in went
    with_all.close()


def test_what_another_customer_used_after_all_is_settled_with_both(tmp_path: Path, store: Store) -> None:
    office = Agreed(tmp_path, store)
    office.contracts = {"C-1": plain(), "C-2": plain(customer="Zoomit")}
    office.usage = [("e1", "Acme", "calls", "2017-01-10", "100")]
    office.run(through=date(2017, 2, 1))
    office.usage = [("e1", "Zoomit", "calls", "2017-01-10", "100")]
    office.run(through=date(2017, 3, 1))
    with store.view() as tx:
        late = {item.charge.contract: str(item.charge.amount) for id in ("C-1", "C-2")
                for key, item in tx.ledger.charges_of(id).items() if "/late/" in key}  # fmt: skip
    assert late == {"C-1": "-2.00", "C-2": "2.00"}
