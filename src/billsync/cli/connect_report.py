"""What came of setting a connection up, for people and for programs.  (shell)"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from billsync.cli import matching, show, trying
from billsync.connector import Books, Health


@dataclass(slots=True)
class Found:
    """What came of it.

    Attributes:
        remarks: what a person should know or do.
        tried: None where nothing was tried.
    """

    name: str
    connector: str
    health: Health | None = None
    books: Books = field(default_factory=Books)
    remarks: list[str] = field(default_factory=list)
    tried: trying.Tried | None = None
    proposal: matching.Proposal = field(default_factory=matching.Proposal)

    @property
    def left(self) -> str:
        """Id of a draft that could not be removed, or ""."""
        return self.tried.trial.left if self.tried is not None else ""


def told(found: Found, connection: Mapping[str, Any], written: Sequence[str], format: show.Format) -> None:
    """Show it; `connection` as it stands in the configuration now, `written` are the files that were."""
    if format == "json":
        show.emit_json(_json(found, connection, written))
        return
    show.line()
    show.facts(f"Connection {found.name}", dict(connection))
    if found.proposal:
        show.line()
        show.facts("Mappings", {"out": list(found.proposal.outbound), "back": list(found.proposal.payments)})
    if written:
        show.line(f"\nwritten: {', '.join(written)}\nnext: `billsync doctor`, then `billsync plan`")
    else:
        show.line("\nnothing was written")


def _json(found: Found, connection: Mapping[str, Any], written: Sequence[str]) -> dict[str, Any]:
    tried = found.tried
    trial = None if tried is None else {"rows": tried.rows, "differs": tried.differs, "left": tried.trial.left}
    return {
        "connection": found.name,
        "connector": found.connector,
        "health": None if found.health is None else found.health.model_dump(mode="json"),
        "facts": dict(found.books.facts),
        "settings": dict(connection),
        "mappings": {"outbound": list(found.proposal.outbound), "payments": list(found.proposal.payments)},
        "trial": trial,
        "remarks": found.remarks,
        "written": list(written),
    }
