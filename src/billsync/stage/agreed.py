"""What deals agreed -> charges: as it was agreed, whatever the deals say meanwhile.  (shell)"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from decimal import Decimal

from billsync.billing.mending import Standing, by_hand, followed
from billsync.model.contract import Contract
from billsync.model.invoice import InvoiceState
from billsync.model.problem import Place, Problem
from billsync.model.proposal import Agreed
from billsync.model.ref import Ref
from billsync.stage import bills
from billsync.stage.bills import Bill, keep, places
from billsync.stage.world import World
from billsync.store import Fact, StoredCharge, Tx

PAGE = 500
KIND = "agreed"


def charge(world: World) -> None:
    """Make the charges of all that is newly agreed, or has a period coming due.

    Where the pipeline has no policy of changes, what a deal says is agreed: it is billed as it is.
    """
    if world.changes is None:
        bills.charge(world)
        return
    policy, after = world.rules.policy().digest(), ""
    world.progress.stage("Bill what is agreed")
    while True:
        with world.store.view() as tx:
            facts = tx.facts.deals_due(
                world.through, policy, kind=KIND, source=world.source.name, after=after, limit=PAGE
            )
            contracts = {fact.id: Agreed.reread(fact.doc).contract for fact in facts}
            changed = [id for id, contract in contracts.items() if contract.amendments]
            known = standings(tx, tx.ledger.charges_of_many(contracts), changed)
            spots = places(tx, [fact.source for fact in facts])
        if not facts:
            return
        made = [_bill(world, fact, contracts[fact.id], known.get(fact.id, Standing()), spots) for fact in facts]
        with world.store.tx("agreed-charges") as tx:
            keep(world, tx, "contract", made, policy)
            _close(world, tx, [fact.id for fact in facts])
        after = facts[-1].id
        world.progress.advance(len(facts))


def _close(world: World, tx: Tx, ids: Sequence[str]) -> None:
    """What kept the charges off documents is told anew where it is still so."""
    for codes in ("BILL-TAX-", "BILL-FX-", "BILL-MONEY-", "BILL-DEAL-02"):
        tx.problems.close(connection="billsync", object="deal", ids=ids, at=world.now(), codes_prefix=codes)


def _bill(world: World, fact: Fact, contract: Contract, standing: Standing, spots: Mapping[Ref, Place]) -> Bill:
    source, policy = str(spots.get(fact.source, fact.source)), world.rules.policy()
    try:
        change, next_on = followed(contract, standing, through=world.through, policy=policy, source=source)
    except (ValueError, OverflowError) as error:
        return Bill(fact.id, problems=[_problem(fact.id, str(error))])
    return Bill(fact.id, change, mark=(fact.digest, next_on))


def standings(tx: Tx, stored: Mapping[str, Mapping[str, StoredCharge]], changed: Iterable[str]) -> dict[str, Standing]:
    """By deal its charges, those on documents and the others; of those that `changed`, with what people gave back."""
    invoices = tx.ledger.invoices_of_deals([deal for deal in changed if deal in stored])
    void = {item.invoice.number for items in invoices.values() for item in items if item.state is InvoiceState.VOID}
    notes = tx.ledger.credit_notes_of({item.invoice.number for items in invoices.values() for item in items})
    given: dict[str, Decimal] = {}
    for note in {item.note.number: item.note for items in notes.values() for item in items}.values():
        for line in note.lines:
            if line.charge == line.corrects:  # the contract's own credits are charges of their own
                given[line.charge] = given.get(line.charge, Decimal(0)) + line.amount
    return {deal: _standing(list(found.values()), given, void) for deal, found in stored.items()}


def _standing(stored: Sequence[StoredCharge], given: Mapping[str, Decimal], void: Collection[str]) -> Standing:
    back = {
        item.charge.key: item.charge.amount if item.invoice in void else given.get(item.charge.key, Decimal(0))
        for item in stored
        if item.charge.kind == "charge" and not item.is_open
    }
    return Standing(
        [item.charge for item in stored if not item.is_open],
        [item.charge for item in stored if item.is_open],
        [by_hand(item.charge, back[item.charge.key]) for item in stored if back.get(item.charge.key)],
    )


def _problem(deal: str, message: str) -> Problem:
    place = Place(system="billsync", object="contract", id=deal, field="lines")
    hint = "change the deal; what is agreed by it is billed by itself then"
    return Problem(code="BILL-CONTRACT-01", message=message, hint=hint, place=place)
