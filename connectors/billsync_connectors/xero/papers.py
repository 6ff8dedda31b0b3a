"""Files that go to documents, and drafts that are made to be looked at.  (shell)"""

from __future__ import annotations

from urllib.parse import quote

from billsync.connector import Attachment, Fault, Intent, Refused, Trial, Unclear
from billsync_connectors.xero import refusals
from billsync_connectors.xero.bodies import Bodies
from billsync_connectors.xero.elements import Call, carried_out
from billsync_connectors.xero.lookup import Place
from billsync_connectors.xero.session import NotValid, Session
from billsync_connectors.xero.shown import echo
from billsync_connectors.xero.values import rows


def attach(session: Session, place: Place, id: str, file: Attachment) -> None:
    """Lay a file to a document, in place of one of the same name.  Raises `TryLater`, `Refused`, `Unclear`."""
    base = f"{place.plural}/{quote(id, safe='')}/Attachments"
    there = {str(row.get("FileName")) for row in rows(session.ask(base).get("Attachments"))}
    method = "POST" if file.name in there else "PUT"
    try:
        session.do(method, f"{base}/{quote(file.name, safe='')}", file=file.content)
    except NotValid as fault:
        said = "; ".join(filter(None, (refusals.told(each) for each in fault.elements))) or fault.message
        raise refusals.refused(session.system, f"the file {file.name}", said) from None


def trial(session: Session, place: Place, bodies: Bodies, intent: Intent) -> Trial:
    """Make a draft, read it, delete it.  Raises `TryLater`, `Refused`, `Unclear`."""
    made = carried_out(
        session, Call("PUT", place.plural, place.plural, place.id, place.reference, prices=True),
        {0: bodies.document(intent)},
    )[0]  # fmt: skip
    if isinstance(made, Fault):
        raise made
    id = str(made[place.id])
    try:
        shown = echo(made, place)
    except ValueError as error:
        raise Unclear("unreadable", f"{session.system}: the draft {id} cannot be read: {error}; delete it") from None
    call = Call("POST", place.plural, place.plural, place.id, place.id)
    gone = carried_out(session, call, {0: {place.id: id, "Status": "DELETED"}})[0]
    return Trial(shown, left=id, message=gone.message) if isinstance(gone, Fault) else Trial(shown)


def placed(known: dict[str, Place], object: str) -> Place:
    """Where documents of a kind are.  Raises `Refused`."""
    if object not in known:
        raise Refused("not_supported", f"Xero's {object} is none of {', '.join(known)}")
    return known[object]
