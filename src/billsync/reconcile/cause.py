"""Why a difference is likely so, in a sentence, from what our books know about the write.  (pure)"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Final

from billsync.model.delivery import DONE, Delivery, DeliveryState
from billsync.model.drift import Drift, DriftKind
from billsync.reconcile.evidence import Evidence

_S, _K = DeliveryState, DriftKind


def cause(drift: Drift, known: Evidence) -> str:
    """The likely cause; says so where nothing is known."""
    return _CAUSES[drift.kind](drift, known)


def _missing(_drift: Drift, known: Evidence) -> str:
    row = known.delivery
    if row is None:
        return "; ".join(known.problems) or "no write of it was planned yet"
    if row.state is _S.DEAD:
        return f"refused: {known.said or row.reason}"
    if row.state in DONE or row.reason in ("remote_missing", "remote_replaced"):
        return f"deleted there after it was confirmed{_on(_confirmed(known))}"
    if row.state is _S.REVIEW:
        return f"held for a person: {_reason(row)}" + (f" ({known.said})" if known.said else "")
    if row.state is _S.WAITING:
        return "waits for another document that has not been written yet" + "".join(f"; {p}" for p in known.problems)
    return f"on its way: {_reason(row) or 'not sent yet'}" + (f", next try {_at(row.next_at)}" if row.next_at else "")


def _extra(drift: Drift, known: Evidence) -> str:
    if known.recovering:
        return f"the books were restored from a backup that is older than {drift.document}"
    return (
        f"{drift.document} is a number of our series that the books do not know: made by hand, by another installation,"
        " or by this one before an older backup was restored"
    )


def _duplicate(_drift: Drift, known: Evidence) -> str:
    if known.lost is not None:
        return f"the request of {_at(known.lost.at)} that was given up took effect after all"
    if known.notes:
        return f"a late reply came for it: {known.notes[-1]}"
    return "it was sent once: somebody entered it a second time there, or it was doubled on the way"


def _changed(_drift: Drift, known: Evidence) -> str:
    """Of amount, tax, currency, date and content."""
    row = known.delivery
    if row is None:
        return "entered there by hand: no write of it was planned"
    if row.reason.startswith("answered_by_person"):
        return "a person said that this is the document; what it shows was not compared then"
    if row.state is _S.REVIEW and row.reason == "readback_mismatch":
        return f"it came out so when it was written: {known.said or 'that system reckons by rules of its own'}"
    if row.state in DONE or row.reason == "edited_there":
        return f"changed there by hand after it was confirmed{_on(_confirmed(known))}"
    return f"its write is {row.state}: {_reason(row)}"


def _edited(drift: Drift, known: Evidence) -> str:
    if known.renamed is not None:
        return f"its reference was changed there by hand to {known.renamed or 'nothing'}"
    if any(item.field == "id" for item in drift.fields):
        return f"the document that was confirmed{_on(_confirmed(known))} is gone, and another carries its reference"
    return _changed(drift, known)


def _status(drift: Drift, known: Evidence) -> str:
    fields = {item.field: item for item in drift.fields}
    row = known.delivery
    if "write" in fields and row is not None:
        return f"the write took effect although it was taken for {row.state}: {_reason(row)}"
    theirs = fields["state"].theirs if "state" in fields else ""
    if fields["state"].ours.startswith("void"):
        return "void here, and still counts there"
    if theirs.startswith("void"):
        return f"made void there by hand after it was confirmed{_on(_confirmed(known))}"
    if theirs.startswith("draft"):
        return "not final there: its posting was never finished, or was taken back by hand"
    if not known.reads_payments:
        return "payments of that system are not read"
    return "settled there by something that is no payment, such as a credit note, or paid since the last run"


def _payment(drift: Drift, known: Evidence) -> str:
    (field,) = drift.fields
    if field.ours and field.theirs:
        return "the payment was changed there after it was booked here"
    if field.ours:
        return "the payment was taken back or deleted there after it was booked here"
    if not known.reads_payments:
        return "payments of that system are not read"
    return {
        "": "the payment came there after the last run",
        "problem": "; ".join(known.problems) or "the payment's record has a problem",
    }.get(known.record, "the payment was read before the invoice that it is for was known here")


def _unbilled(_drift: Drift, known: Evidence) -> str:
    return "; ".join(known.problems) or "won or changed since the last run"


def _unwon(_drift: Drift, _known: Evidence) -> str:
    return "deleted, or not won any more, in the CRM after it was billed"


def _deal(_drift: Drift, _known: Evidence) -> str:
    return "changed in the CRM after it was billed"


def _told(_drift: Drift, known: Evidence) -> str:
    row = known.delivery
    if row is None:
        return "the CRM was not told yet"
    if row.state not in DONE:
        return f"telling it is {row.state}: {known.said or _reason(row) or 'not sent yet'}"
    if known.record == "untold":
        return "the books changed since the CRM was told"
    return f"changed in the CRM by hand after it was told{_on(_confirmed(known))}"


def _confirmed(known: Evidence) -> datetime | None:
    return known.delivery.last_sent_at if known.delivery else None


def _reason(row: Delivery) -> str:
    return row.reason.replace("_", " ")


def _at(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def _on(moment: datetime | None) -> str:
    return "" if moment is None else f" ({_at(moment)})"


_CAUSES: Final[dict[DriftKind, Callable[[Drift, Evidence], str]]] = {
    _K.MISSING: _missing,
    _K.EXTRA: _extra,
    _K.DUPLICATE: _duplicate,
    _K.CURRENCY: _changed,
    _K.AMOUNT: _changed,
    _K.TAX: _changed,
    _K.DATE: _changed,
    _K.EDITED: _edited,
    _K.STATUS: _status,
    _K.PAYMENT: _payment,
    _K.UNBILLED: _unbilled,
    _K.UNWON: _unwon,
    _K.DEAL: _deal,
    _K.TOLD: _told,
}
