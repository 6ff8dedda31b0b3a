"""Facts -> charges -> invoices: what is owed, and the documents that say so.  (shell)"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import count

from billsync.billing import changes, charges
from billsync.connector import Expectation
from billsync.invoicing import draft as drafting
from billsync.invoicing import numbering
from billsync.invoicing.draft import Draft
from billsync.model.deal import Deal
from billsync.model.delivery import Delivery, DeliveryState
from billsync.model.invoice import CreditNote, Invoice, InvoiceState
from billsync.model.problem import Place, Problem
from billsync.model.product import Product
from billsync.model.ref import Ref
from billsync.stage import adopting, crediting, holding, outgoing, owing, pending
from billsync.stage.outgoing import Wanted
from billsync.stage.world import World
from billsync.store import Fact, StoredCharge, Tx

PAGE = 500
PER_TRANSACTION = 500


def charge(world: World) -> None:
    """Make the charges of every deal that is new, changed, or has a period coming due."""
    policy, after = world.rules.policy().digest(), ""
    world.progress.stage("Bill deals")
    while True:
        with world.store.view() as tx:
            facts = tx.facts.deals_due(world.through, policy, source=world.source.name, after=after, limit=PAGE)
            page = _page(tx, facts)
        if not facts:
            return
        bills = [_bill(world, fact, deal, page) for fact, deal in zip(facts, page.deals, strict=True)]
        with world.store.tx("charges") as tx:
            keep(world, tx, "deal", bills, policy)
        after = facts[-1].id
        world.progress.advance(len(facts))


@dataclass(frozen=True, slots=True)
class _Page:
    """A page of deals, what they refer to, and what was billed of them before."""

    deals: list[Deal]
    products: dict[str, Product]
    customers: set[str]
    billed: dict[str, dict[str, StoredCharge]]
    places: dict[Ref, Place]


@dataclass(frozen=True, slots=True)
class Bill:
    """What billing one deal or contract came to.

    Attributes:
        mark: digest of what was billed, and the day to look again, or None; None where it has to be tried again.
        steady: the zone of a contract whose charges stand as billing from the first day makes them, else None.
    """

    id: str
    change: changes.Changes = field(default_factory=changes.Changes)
    problems: Sequence[Problem] = ()
    mark: tuple[str, date | None] | None = None
    steady: str | None = None


def _page(tx: Tx, facts: Sequence[Fact]) -> _Page:
    deals = [Deal.reread(fact.doc) for fact in facts]
    return _Page(
        deals=deals,
        products=pending.nouns(tx, "product", {line.product for deal in deals for line in deal.lines}, Product),
        customers=set(tx.facts.many("customer", {deal.customer for deal in deals})),
        billed=tx.ledger.charges_of_many([deal.id for deal in deals]),
        places=places(tx, [fact.source for fact in facts]),
    )


def places(tx: Tx, sources: Sequence[Ref]) -> dict[Ref, Place]:
    """Where the deals' records stand: file and line, or system, object and id."""
    ids: dict[tuple[str, str], list[str]] = {}
    for source in sources:
        ids.setdefault((source.system, source.kind), []).append(source.id)
    return {
        Ref(system=system, kind=kind, id=id): place
        for (system, kind), found in ids.items()
        for id, place in tx.inbox.places(system, kind, found).items()
    }


def _bill(world: World, fact: Fact, deal: Deal, page: _Page) -> Bill:
    due, problems = _due(world, fact, deal, page)
    if due is None:
        return Bill(deal.id, problems=problems)
    stored = page.billed.get(deal.id, {})
    known = {key: item.charge for key, item in stored.items()}
    invoiced = {key for key, item in stored.items() if not item.is_open}
    change = changes.compare(known, due.charges, invoiced, through=world.through)
    problems = [*problems, *change.problems]
    return Bill(deal.id, change, problems, None if problems else (fact.digest, due.next_on))


def _due(world: World, fact: Fact, deal: Deal, page: _Page) -> tuple[charges.Due | None, list[Problem]]:
    source = str(page.places.get(fact.source, fact.source))
    return owing.owed(deal, page.customers, page.products, world.rules, through=world.through, source=source)


def keep(world: World, tx: Tx, kind: str, bills: Sequence[Bill], policy: str) -> None:
    """Store a page of deals or contracts: charges, marks, and the problems that are open or mended."""
    made = [item for bill in bills for item in bill.change.add]
    tx.ledger.drop_charges([key for bill in bills for key in bill.change.drop], run=world.run, at=world.now())
    tx.ledger.add_charges(made, run=world.run, at=world.now())
    # no digest is empty: what has a problem is looked at again, also when it is set back as it was
    steady = {bill.id: bill.steady for bill in bills if bill.steady is not None}
    tx.facts.billed([(bill.id, *(bill.mark or ("", None))) for bill in bills], policy, steady)
    world.tally.add("charges made", len(made))
    problems = [problem for bill in bills for problem in bill.problems]
    tx.problems.close(
        connection="billsync",
        object=kind,
        ids=[bill.id for bill in bills],
        except_={problem.fingerprint for problem in problems},
        at=world.now(),
        codes_prefix="BILL-",
    )
    world.report(tx, problems)


def withdraw(world: World, tx: Tx, kind: str, gone: Sequence[str]) -> None:
    """Deals or contracts are gone: their open charges go too; what was invoiced stays, and a person is told."""
    problems: list[Problem] = []
    for id, stored in tx.ledger.charges_of_many(gone).items():
        open_keys = [key for key, item in stored.items() if item.is_open]
        tx.ledger.drop_charges(open_keys, run=world.run, at=world.now())
        numbers = sorted({item.invoice for item in stored.values() if item.invoice})
        if numbers and (kind == "deal" or not tx.facts.get("deal", id)):
            problem = Problem(
                code="BILL-DEAL-04",
                message=f"the {kind} is gone or no longer won, but stands on {', '.join(numbers)}",
                hint=f"nothing was voided: `billsync invoice credit` gives it back, or restore the {kind}",
                place=Place(system="billsync", object=kind, id=id),
            )
            problems.append(problem)
    tx.problems.close(connection="billsync", object=kind, ids=list(gone), at=world.now(), codes_prefix="BILL-")
    world.report(tx, problems)


# ---------------------------------------------------------------- invoices


def invoice(world: World) -> None:
    """Group open charges into invoices; number, store and plan each in one transaction."""
    world.progress.stage("Make invoices")
    desk = holding.opened(world)
    for page in pending.pages(world):
        found = drafted(world, page)
        problems, ready = list(found.problems), desk.ready(found.documents)
        drafts = [Draft(item) for item in ready if isinstance(item, Invoice)]
        for start in range(0, len(drafts), PER_TRANSACTION):
            part = drafts[start : start + PER_TRANSACTION]
            fit = adopting.ready(world, [draft for draft in part if _fits(world, draft.invoice, problems)])
            with world.store.tx("invoices") as tx:
                finalise(world, tx, fit)
                if desk.waited:
                    holding.became(tx, world, [item.draft.invoice for item in fit])
            world.progress.advance(len(part))
        _give_back(world, desk, [item for item in ready if isinstance(item, CreditNote)], problems)
        with world.store.tx("invoice-problems") as tx:
            world.report(tx, problems)
    desk.close()


def _give_back(world: World, desk: holding.Desk, notes: Sequence[CreditNote], problems: list[Problem]) -> None:
    """The credit notes of a page, after its invoices; none while the target recovers."""
    if not notes or adopting.recovers(world):
        return
    fit = [note for note in notes if _fits(world, note, problems)]
    with world.store.tx("credit-notes") as tx:
        crediting.add(world, tx, fit)
        if desk.waited:
            holding.became(tx, world, fit)


def drafted(world: World, page: pending.Page) -> drafting.Drafts:
    """The documents that a page of open charges comes to, without numbers."""
    return drafting.drafts(
        page.charges,
        page.customers,
        page.products,
        world.rules,
        through=world.through,
        known=page.known,
        terms=page.terms,
    )


def _fits(world: World, document: Invoice | CreditNote, problems: list[Problem]) -> bool:
    """Whether the draft can be sent as it is: no number is drawn for one that can't."""
    kind = "invoice" if isinstance(document, Invoice) else crediting.KIND
    _, found = outgoing.document(world, kind, document.id, document)
    problems += found
    return not found


def finalise(world: World, tx: Tx, ready: Sequence[adopting.Adopted], needs: tuple[str, ...] = ()) -> list[Invoice]:
    """Number and store invoices, and with them the intention to send each: all of it or nothing.

    `needs` are keys of writes that have to take effect before them.  Gives the invoices.
    """
    series = [numbering.series_of(world.rules, item.draft) for item in ready]
    counts = Counter(name for name, item in zip(series, ready, strict=True) if item.orphan is None)
    following = {name: count(tx.ledger.draw(name, counts[name])) for name in counts}
    made: list[tuple[Invoice, str | None]] = []
    for name, item in zip(series, ready, strict=True):
        if item.orphan is None:
            number, remote = numbering.number_of(world.rules, item.draft, next(following[name])), None
        else:
            number, remote = item.orphan.reference, item.orphan.remote_id
        made.append((drafting.finalise(item.draft, number=number, series=name), remote))
    adopting.claim(world, tx, ready)
    outgoing.tell(world, tx, "invoice", [item.draft.id for item in ready], [])
    tx.ledger.add_invoices([invoice for invoice, _ in made], run=world.run, at=world.now())
    world.tally.add("invoices made", len(made))
    wanted = [replace(_wanted(invoice), remote_id=remote, needs=needs) for invoice, remote in made]
    outgoing.plan(world, tx, "invoice", wanted)
    return [invoice for invoice, _ in made]


def unsent(world: World) -> None:
    """Plan invoices again that have no write which may still succeed.

    Those made before the pipeline had a target or a mapping for them, those that a mapping failed on, and those that
    were refused and come out otherwise by the mapping of now.
    """
    end, after = world.target, ""
    while end is not None and "invoice" in world.outbound:
        with world.store.tx("plan-unsent") as tx:
            page = tx.ledger.invoices(state=InvoiceState.FINALISED, after=after, limit=PER_TRANSACTION)
            last = tx.outbox.latest(end.name, "invoice", [item.invoice.number for item in page])
            open_ = [item.invoice for item in page if _may_plan(tx, item.invoice.number, last)]
            mine = outgoing.of_source(tx, open_, world.source.name)
            outgoing.plan(world, tx, "invoice", [_wanted(invoice) for invoice in mine])
        if not page:
            return
        after = page[-1].invoice.number


def _may_plan(tx: Tx, number: str, last: Mapping[str, Delivery]) -> bool:
    """Whether no write of it is under way; one that another pipeline sends elsewhere is that one's."""
    if number in last:
        return last[number].state is DeliveryState.DEAD
    return not tx.outbox.list(kind="invoice", our_id=number, limit=1)


def _wanted(item: Invoice) -> Wanted:
    return Wanted(item.number, item, f"{item.issued_on}/{item.number}", _expect(item))


def _expect(invoice: Invoice) -> Expectation:
    return Expectation(total=invoice.total, tax=invoice.tax_total, currency=invoice.currency, on=invoice.issued_on)
