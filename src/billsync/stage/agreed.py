"""What deals agreed -> charges: as it was agreed, whatever the deals say meanwhile.  (shell)"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from billsync.billing.mending import Standing, followed
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
            stored = tx.ledger.charges_of_many([fact.id for fact in facts])
            spots = places(tx, [fact.source for fact in facts])
        if not facts:
            return
        made = [_bill(world, fact, stored.get(fact.id, {}), spots) for fact in facts]
        with world.store.tx("agreed-charges") as tx:
            keep(world, tx, "contract", made, policy)
            _close(world, tx, [fact.id for fact in facts])
        after = facts[-1].id
        world.progress.advance(len(facts))


def _close(world: World, tx: Tx, ids: Sequence[str]) -> None:
    """What kept the charges off documents is told anew where it is still so."""
    for codes in ("BILL-TAX-", "BILL-FX-", "BILL-MONEY-", "BILL-DEAL-02"):
        tx.problems.close(connection="billsync", object="deal", ids=ids, at=world.now(), codes_prefix=codes)


def _bill(world: World, fact: Fact, stored: Mapping[str, StoredCharge], spots: Mapping[Ref, Place]) -> Bill:
    contract = Agreed.reread(fact.doc).contract
    standing = standing_of(stored.values())
    source, policy = str(spots.get(fact.source, fact.source)), world.rules.policy()
    try:
        change, next_on = followed(contract, standing, through=world.through, policy=policy, source=source)
    except (ValueError, OverflowError) as error:
        return Bill(fact.id, problems=[_problem(fact.id, str(error))])
    return Bill(fact.id, change, mark=(fact.digest, next_on))


def standing_of(stored: Collection[StoredCharge]) -> Standing:
    """The charges of one deal: those on documents, and the others."""
    return Standing(
        [item.charge for item in stored if not item.is_open], [item.charge for item in stored if item.is_open]
    )


def _problem(deal: str, message: str) -> Problem:
    place = Place(system="billsync", object="contract", id=deal, field="lines")
    hint = "change the deal; what is agreed by it is billed by itself then"
    return Problem(code="BILL-CONTRACT-01", message=message, hint=hint, place=place)
