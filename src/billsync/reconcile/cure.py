"""What mends a difference: what `--fix` may do, and what only a person can decide.  (pure)

Nothing is sent where a second document could come of it, and nothing is taken back that somebody paid.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from billsync.model.delivery import DONE, DeliveryState
from billsync.model.drift import Act, Cure, Drift, DriftKind
from billsync.reconcile.evidence import Evidence
from billsync.reconcile.judge import PAID

_S, _K = DeliveryState, DriftKind
_MOVING: Final = frozenset({_S.READY, _S.RETRY, _S.INFLIGHT, _S.UNKNOWN})
POLICIES: Final = ("report", "adopt", "overwrite")


def cure(drift: Drift, known: Evidence, edited: str) -> Cure:
    """The cure of a drift.  `edited` is the policy for what a person changed there: report, adopt or overwrite."""
    return _CURES[drift.kind](drift, known, edited)


def _person(text: str) -> Cure:
    return Cure(act=Act.PERSON, text=text)


def _missing(drift: Drift, known: Evidence, _edited: str) -> Cure:
    row = known.delivery
    if row is None or row.state is _S.WAITING:
        mend = "mend what holds it up (`billsync errors list`), then `billsync sync`"
        return _person(mend if known.problems or row is not None else "`billsync sync` plans and sends it")
    if row.state in _MOVING:
        return Cure(act=Act.SEND, text="send it as planned")
    if known.may_resend:
        return Cure(act=Act.RESEND, text=f"send {drift.document} again")
    if known.sheet is not None and known.sheet.settle_s and row.state in DONE:
        return _person("wait until the last request has settled, then reconcile again")
    return _person("look for it there, then `billsync errors resolve NUMBER --exists ID` or `--absent`")


def _surplus(drift: Drift, known: Evidence, ids: tuple[str, ...], keep: str = "") -> Cure:
    """Take records back where the system can, they are unpaid, and the books are whole."""
    names = ", ".join(ids)
    if known.recovering:
        return _person("the next run finds the invoice that it belongs to; nothing is voided while the books recover")
    if known.sheet is None or not known.sheet.voids:
        return _person(f"cancel or credit {names} there by hand")
    if any(item.field == PAID for item in drift.fields):
        return _person(f"{names} is paid at least in part: move the payment to the right invoice there, then void it")
    kept = f", keep {keep}" if keep else ""
    return Cure(act=Act.VOID, text=f"void {names}{kept}", ids=ids, keep=keep)


def _extra(drift: Drift, known: Evidence, _edited: str) -> Cure:
    return _surplus(drift, known, drift.there)


def _duplicate(drift: Drift, known: Evidence, _edited: str) -> Cure:
    keep, *rest = drift.there
    return _surplus(drift, known, tuple(rest), keep)


def _changed(drift: Drift, known: Evidence, edited: str) -> Cure:
    if known.delivery is None:
        return _person("correct it there, or credit it and let it be sent anew")
    if known.renamed is not None and edited == "adopt":
        return _person(f"set its reference back to {drift.document} there: without it nothing finds the document")
    if edited == "adopt":
        return Cure(act=Act.ADOPT, text=f"take {drift.there[0]} as it stands there", keep=drift.there[0])
    if edited == "overwrite":
        return Cure(act=Act.OVERWRITE, text=f"write {drift.there[0]} again as it was sent", keep=drift.there[0])
    return _person("correct it there; or `billsync reconcile --fix --edited adopt` (or overwrite)")


def _status(drift: Drift, known: Evidence, _edited: str) -> Cure:
    fields = {item.field: item for item in drift.fields}
    if "write" in fields:
        return Cure(act=Act.ADOPT, text=f"take {drift.there[0]} as the document that was sent", keep=drift.there[0])
    here, theirs = fields["state"].ours, fields["state"].theirs
    if here.startswith("void"):
        return _surplus(drift, known, drift.there)
    if theirs.startswith("void"):
        return _person("a person voided it: credit the invoice here too, or make it valid again there")
    if theirs.startswith("draft") and known.delivery is not None and known.may_resend:
        return Cure(act=Act.OVERWRITE, text=f"finish {drift.there[0]}", keep=drift.there[0])
    if known.reads_payments:
        return Cure(act=Act.READ, text="read its payments again")
    return _person("add a mapping of payments to the pipeline, or record there what was paid")


def _payment(drift: Drift, known: Evidence, _edited: str) -> Cure:
    if not known.reads_payments:
        return _person("add a mapping of payments to the pipeline")
    (field,) = drift.fields
    if field.theirs:
        return Cure(act=Act.READ, text="read the payment again and book what stands there", ids=drift.there)
    if known.record:
        return Cure(act=Act.READ, text="take the payment back here, as it was there", ids=drift.there)
    return _person("the payment that was written there is gone: book it there again, or take it back at its source")


def _run(_drift: Drift, known: Evidence, _edited: str) -> Cure:
    if known.problems:
        return _person("mend it (`billsync errors list`), then `billsync sync`")
    return _person("`billsync sync` bills it")


def _credit(_drift: Drift, _known: Evidence, _edited: str) -> Cure:
    return _person("nothing is voided by itself: credit it in the ERP, or set the deal back in the CRM")


def _told(drift: Drift, _known: Evidence, _edited: str) -> Cure:
    return Cure(act=Act.TELL, text=f"tell the CRM the state of {drift.document} again")


_CURES: Final[dict[DriftKind, Callable[[Drift, Evidence, str], Cure]]] = {
    _K.MISSING: _missing,
    _K.EXTRA: _extra,
    _K.DUPLICATE: _duplicate,
    _K.CURRENCY: _changed,
    _K.AMOUNT: _changed,
    _K.TAX: _changed,
    _K.DATE: _changed,
    _K.EDITED: _changed,
    _K.STATUS: _status,
    _K.PAYMENT: _payment,
    _K.UNBILLED: _run,
    _K.UNWON: _credit,
    _K.DEAL: _credit,
    _K.TOLD: _told,
}
