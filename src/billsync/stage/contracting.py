"""Contracts and what was used -> charges; what changed after it was billed becomes repairs.  (shell)"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from billsync.billing import changes, charges, steady
from billsync.model.contract import Contract
from billsync.model.customer import Customer
from billsync.model.problem import Place, Problem, Severity
from billsync.model.scalar import plain, show
from billsync.model.usage import CustomerUsage
from billsync.stage import pending
from billsync.stage.bills import Bill, keep
from billsync.stage.world import World
from billsync.store import Fact, StoredCharge, Tx

PAGE = 100
"""Contracts whose usage is held at one time."""

_HINT = "correct the contract; it is billed by itself then"


def charge(world: World) -> None:
    """Make the charges of every contract that is new, changed, was used, or has a period coming due."""
    policy, after = world.rules.policy().digest(), ""
    world.progress.stage("Bill contracts")
    while True:
        with world.store.view() as tx:
            facts = tx.facts.deals_due(
                world.through, policy, kind="contract", source=world.source.name, after=after, limit=PAGE
            )
            page = _page(tx, facts)
        if not facts:
            return
        bills = [_bill(world, fact, page) for fact in facts]
        with world.store.tx("contract-charges") as tx:
            keep(world, tx, "contract", bills, policy)
        after = facts[-1].id
        world.progress.advance(len(facts))


@dataclass(frozen=True, slots=True)
class _Known:
    """What was used by a contract's customer, and what was billed of the contract before.

    Attributes:
        since: the rest was billed before this day and needs no other look, see `billing.steady`; None for all of it.
    """

    usage: list[CustomerUsage]
    billed: dict[str, StoredCharge]
    since: date | None = None


@dataclass(frozen=True, slots=True)
class _Page:
    """A page of contracts by id, with whom they are of, and what is known of each.

    Attributes:
        deals: ids of deals, among those that a contract has as its own id or names, that are billed by themselves.
    """

    contracts: dict[str, Contract]
    customers: dict[str, Customer]
    known: dict[str, _Known]
    deals: frozenset[str]


def _page(tx: Tx, facts: Sequence[Fact]) -> _Page:
    contracts = {fact.id: Contract.reread(fact.doc) for fact in facts}
    customers = pending.nouns(tx, "customer", {contract.customer for contract in contracts.values()}, Customer)
    deals = {*contracts, *(contract.deal for contract in contracts.values() if contract.deal)}
    known = _going_on(tx, facts, contracts, customers)
    looked_at_whole = {id: contract for id, contract in contracts.items() if id not in known}
    return _Page(
        contracts=contracts,
        customers=customers,
        known=known | _whole(tx, looked_at_whole),
        deals=frozenset(tx.facts.docs("deal", deals)),
    )


def _whole(tx: Tx, contracts: Mapping[str, Contract]) -> dict[str, _Known]:
    usage = _by_customer(tx.facts.docs_of("usage", {contract.customer for contract in contracts.values()}))
    billed = tx.ledger.charges_of_many(contracts)
    return {id: _Known(usage.get(item.customer, []), billed.get(id, {})) for id, item in contracts.items()}


def _going_on(
    tx: Tx,
    facts: Sequence[Fact],
    contracts: Mapping[str, Contract],
    customers: Mapping[str, Customer],
) -> dict[str, _Known]:
    """What came since they were billed, for contracts of which the rest need not be looked at."""
    zones = {id: customers[item.customer].timezone for id, item in contracts.items() if item.customer in customers}
    steadily = [(fact.id, fact.steady) for fact in facts]
    found = {id: mark[1] for id, mark in steadily if mark is not None and mark[0] == zones.get(id)}
    if not found:
        return {}
    opens = {id: steady.opens_on(contracts[id], since) for id, since in found.items()}
    begin = min((day for pairs in opens.values() for _, day in pairs), default=None)
    names = {contracts[id].customer for id, pairs in opens.items() if pairs}
    usage = _by_customer(tx.facts.docs_of("usage", names, told_since=begin)) if begin else {}
    billed = tx.ledger.charges_of_many(found, since=min(found.values()))
    known: dict[str, _Known] = {}
    for id, since in found.items():
        used = usage.get(contracts[id].customer, [])
        if not steady.reaches_back(used, opens[id], zones[id]):
            charged = {key: item for key, item in billed.get(id, {}).items() if item.charge.due_on >= since}
            known[id] = _Known(used, charged, since)
    return known


def _by_customer(docs: Sequence[str]) -> dict[str, list[CustomerUsage]]:
    found: dict[str, list[CustomerUsage]] = {}
    for doc in docs:
        event = CustomerUsage.reread(doc)
        found.setdefault(event.customer, []).append(event)
    return found


def _bill(world: World, fact: Fact, page: _Page) -> Bill:
    # what it bills stands under its own id: the deal that it came from is no part of that
    contract = page.contracts[fact.id].model_copy(update={"deal": None})
    customer = page.customers.get(contract.customer)
    if customer is None:
        message = f"the contract's customer {show(contract.customer)} is not among the customers"
        return Bill(contract.id, problems=[_problem("BILL-DEAL-02", contract, "customer", message)])
    billed_twice = {contract.id, page.contracts[fact.id].deal} & page.deals
    if billed_twice:
        message = f"the deal {show(next(iter(billed_twice)) or '')} is billed already: one of the two has to go"
        return Bill(contract.id, problems=[_problem("BILL-CONTRACT-01", contract, "deal", message)])
    known = page.known[contract.id]
    standing = [item.charge for item in known.billed.values() if not item.is_open]
    try:
        due = charges.due(
            contract,
            through=world.through,
            policy=world.rules.policy(),
            source=f"contract {contract.id}",
            facts=charges.Facts(usage=known.usage, zone=customer.timezone, billed=standing),
            since=known.since,
        )
    except ValueError as error:
        return Bill(contract.id, problems=[_problem("BILL-CONTRACT-01", contract, "lines", str(error))])
    changed = _changed_once(contract, known.billed, due)
    stands = changed is None and not due.repaired and steady.goes_on(contract)
    return Bill(
        contract.id,
        _change(known.billed, due, world.through),
        [] if changed is None else [changed],
        (fact.digest, _next(contract, known.usage, due, world)),
        steady=customer.timezone if stands else None,
    )


def _changed_once(contract: Contract, stored: Mapping[str, StoredCharge], due: charges.Due) -> Problem | None:
    """A warning where what is billed once stands on a document otherwise: nothing repairs that by itself."""
    for charge in due.charges if stored else ():
        kept = stored.get(charge.key)
        if kept is None or kept.is_open or kept.charge.amount == charge.amount:
            continue
        message = (
            f"the charge {show(charge.key, 120)} was billed at {plain(kept.charge.amount)} {charge.currency}; "
            f"the contract now gives {plain(charge.amount)}"
        )
        hint = "credit the invoice by `billsync invoice credit`, or set the line back as it was"
        found = _problem("BILL-CONTRACT-02", contract, f"lines[{charge.line}]", message)
        return found.model_copy(update={"hint": hint, "severity": Severity.WARNING})
    return None


def _change(stored: Mapping[str, StoredCharge], due: charges.Due, through: date) -> changes.Changes:
    """What stands on documents stays; what is open follows the contract."""
    if not stored:
        return changes.Changes(due.charges)
    open_ = {key: item.charge for key, item in stored.items() if item.is_open}
    wanted = [charge for charge in due.charges if charge.key not in stored or charge.key in open_]
    return changes.compare(open_, wanted, (), through=through)


def _next(contract: Contract, usage: Sequence[CustomerUsage], due: charges.Due, world: World) -> date | None:
    """When to look again: a charge falls due, an amendment or usage becomes known."""
    days = [due.next_on, *(item.known_on for item in contract.amendments)]
    days += [item.received_on for item in usage]
    return min((day for day in days if day is not None and day > world.through), default=None)


def _problem(code: str, contract: Contract, spot: str, message: str) -> Problem:
    place = Place(system="billsync", object="contract", id=contract.id, field=spot)
    return Problem(code=code, message=message, hint=_HINT, place=place)
