"""Proposals as they are shown.  (shell)"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from billsync.cli import show
from billsync.model.proposal import Effect, LineChange, Money, Proposal, ProposalState
from billsync.store import StoredProposal

COLUMNS: Final = ["id", "kind", "customer", "effective", "now", "mrr", "state", "reason"]


def row(item: StoredProposal) -> dict[str, Any]:
    """A proposal as lists show it; what it comes to stands on the lead of its group."""
    proposal = item.proposal
    found = proposal.effect
    return {
        "id": item.id,
        "deal": proposal.deal,
        "kind": proposal.kind,
        "customer": proposal.customer,
        "effective": proposal.effective,
        "now": [_money(each) for each in found.now] if found else [f"with {proposal.lead}"],
        "mrr": [f"{show.cell(each.delta)} {each.currency} ({each.movement})" for each in found.mrr] if found else [],
        "state": str(item.state),
        "version": item.version,
        "lead": proposal.lead,
        "reason": _why(item),
        "who": item.who,
        "at": item.at and item.at.isoformat(),
        "decided_at": item.decided_at and item.decided_at.isoformat(),
    }


def _money(each: Money) -> str:
    """The documents' total; where they come later, what is owed before tax."""
    if each.invoices or each.credit_notes or each.total:
        return f"{show.cell(each.total)} {each.currency}"
    return f"{show.cell(each.charged)} {each.currency} before tax"


def _why(item: StoredProposal) -> str:
    if item.state is ProposalState.WAITING:
        return "; ".join(item.proposal.asks)
    return item.reason


def whole(group: Sequence[StoredProposal]) -> dict[str, Any]:
    """A group as one JSON document."""
    lead = group[0].proposal
    return {
        "lead": lead.id,
        "effect": lead.effect and lead.effect.model_dump(mode="json"),
        "proposals": [
            {
                **row(item),
                "on": item.proposal.on,
                "base": item.proposal.base,
                "asks": list(item.proposal.asks),
                "changes": [change.model_dump(mode="json") for change in item.proposal.changes],
                "after": item.proposal.after.model_dump(mode="json"),
            }
            for item in group
        ],
    }


def tell(group: Sequence[StoredProposal]) -> None:
    """A group in tables: what changes, what that comes to, why it waits."""
    for item in group:
        facts = {**row(item), "reason": None, "now": None, "mrr": None, "at": None}
        show.facts(f"{item.id}: {item.proposal.kind}", facts)
    lines = [told for item in group for change in item.proposal.changes for told in _lines(item.proposal, change)]
    show.rows("What changes", ["deal", "line", "what", "from", "term", "before", "after"], lines, empty="no line")
    found = group[0].proposal.effect
    if found is not None:
        _tell_effect(found)
    for item in group[:1]:
        for why in item.proposal.asks if item.state is ProposalState.WAITING else ():
            show.line(f"It waits: {show.visible(why)}")


def _lines(proposal: Proposal, change: LineChange) -> list[dict[str, Any]]:
    head = {"deal": proposal.deal, "line": change.line, "what": change.what, "from": change.effective}
    return [
        {**head, "term": term.term.replace("_", " "), "before": term.before, "after": term.after}
        for term in change.terms
    ]


def _tell_effect(found: Effect) -> None:
    documents = [
        {"document": item.kind.replace("_", " "), "customer": item.customer, "issued_on": item.issued_on,
         "currency": item.currency, "net": item.net, "tax": item.tax, "total": item.total}
        for item in found.documents
    ]  # fmt: skip
    columns = ["document", "customer", "issued_on", "currency", "net", "tax", "total"]
    show.rows("Documents that it makes", columns, documents, empty="no document")
    money = [
        {"until": day, **{name: getattr(item, name) for name in _MONEY}}
        for day, sums in ((found.through, found.now), (found.horizon, found.later))
        for item in sums
    ]
    show.rows("What it comes to: at once, and from then on", ["until", *_MONEY], money, empty="no money")
    moves = [
        {"customer": item.customer, "currency": item.currency, "before": item.before, "after": item.after,
         "delta": item.delta, "movement": item.movement}
        for item in found.mrr
    ]  # fmt: skip
    columns = ["customer", "currency", "before", "after", "delta", "movement"]
    show.rows(f"Recurring revenue a month, on {found.mrr_on}", columns, moves, empty="no recurring revenue")
    for why in found.untold:
        show.remark(f"its documents cannot be told: {show.visible(why)}")


_MONEY: Final = ("currency", "charged", "credited", "invoices", "credit_notes", "net", "tax", "total")
