"""Contacts and items: found by our reference, made once, and changed only in what we send.  (shell)"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from billsync.connector import Absent, Applied, Fault, Found, Intent, Outcome, Probe, Refused, TryLater
from billsync.model.scalar import read_decimal
from billsync_connectors.xero import fields, lookup
from billsync_connectors.xero.elements import Call, Made, carried_out
from billsync_connectors.xero.session import Session, joined
from billsync_connectors.xero.values import Row, rows

_KINDS: Final = {"Addresses": "AddressType", "Phones": "PhoneType"}
"""Lists of a contact that take the place of what is there as a whole -> the field that tells their parts apart."""


class Contacts:
    """The customers of one organisation: never found, or made, by their name."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def probe(self, keys: Sequence[str]) -> list[Probe]:
        """One answer per key.  Raises `TryLater`, `Refused`."""
        return _probed(self._session, lookup.CONTACTS, keys)

    def write(self, intents: Sequence[Intent]) -> list[Outcome]:
        """Make those without a remote id, bring the others up to date."""
        outcomes: dict[int, Outcome] = {}
        bodies: dict[int, dict[str, Any]] = {}
        for n, intent in enumerate(intents):
            try:
                bodies[n] = _body(intent, "ContactNumber")
            except Refused as fault:
                outcomes[n] = fault
        fresh = {n: body for n, body in bodies.items() if intents[n].remote_id is None}
        results = carried_out(self._session, self._call("PUT", "ContactNumber", intents, fresh), fresh)
        outcomes |= {n: self._outcome(intents[n], made) for n, made in results.items()}
        known = {n: body for n, body in bodies.items() if intents[n].remote_id is not None}
        outcomes |= self._changed(intents, known | self._ours(intents, outcomes, fresh))
        return [outcomes[n] for n in range(len(intents))]

    # ------------------------------------------------------------ those that stand there

    def _ours(
        self, intents: Sequence[Intent], outcomes: Mapping[int, Outcome], fresh: Mapping[int, dict[str, Any]]
    ) -> dict[int, dict[str, Any]]:
        """Those that were refused for a name or number that is our own: an earlier answer was lost."""
        taken = [n for n in fresh if getattr(outcomes.get(n), "reason", "") in ("name_taken", "number_taken")]
        try:
            found = (
                lookup.by_reference(self._session, lookup.CONTACTS, [intents[n].key for n in taken]) if taken else {}
            )
        except Fault:
            return {}
        there = {n: found.get(intents[n].key.casefold(), []) for n in taken}
        return {n: {**fresh[n], "ContactID": same[0]["ContactID"]} for n, same in there.items() if len(same) == 1}

    def _changed(self, intents: Sequence[Intent], bodies: Mapping[int, dict[str, Any]]) -> dict[int, Outcome]:
        """Change those that show something else than is wanted."""
        if not bodies:
            return {}
        ids = {n: str(body.get("ContactID") or intents[n].remote_id) for n, body in bodies.items()}
        try:
            there = lookup.by_id(self._session, lookup.CONTACTS, list(ids.values()))
        except (TryLater, Refused) as fault:
            return dict.fromkeys(bodies, fault)
        outcomes: dict[int, Outcome] = {}
        changes: dict[int, dict[str, Any]] = {}
        for n, body in bodies.items():
            row = there.get(ids[n])
            unfit = self._unfit(intents[n], ids[n], row)
            if row is None or unfit is not None:
                outcomes[n] = unfit or Refused("gone", ids[n])
            elif change := _change(body, row):
                changes[n] = {"ContactID": ids[n], **change}
            else:
                outcomes[n] = Applied(ids[n])
        results = carried_out(self._session, self._call("POST", "ContactID", intents, changes), changes)
        return outcomes | {n: self._outcome(intents[n], made) for n, made in results.items()}

    def _unfit(self, intent: Intent, id: str, row: Row | None) -> Refused | None:
        system = self._session.system
        if row is None:
            return Refused("gone", f"{system}: there is no contact {id} ({intent.key}) any more")
        if row.get("MergedToContactID"):
            what = f"was merged into {row['MergedToContactID']}: link the customer to that one, or end it in the CRM"
            return Refused("inactive_customer", f"{system}: contact {id} ({intent.key}) {what}")
        if row.get("ContactStatus") != "ACTIVE":
            return Refused(
                "inactive_customer", f"{system}: contact {id} ({intent.key}) is archived: restore it in Xero"
            )
        return None

    def _outcome(self, intent: Intent, made: Made) -> Outcome:
        if isinstance(made, Refused) and made.reason == "name_taken":
            hint = f"; rename that one, or link it to {intent.key} (`billsync links`): none is taken by its name"
            return Refused("name_taken", made.message + hint, field="Name")
        return made if isinstance(made, Fault) else Applied(str(made["ContactID"]))

    def _call(self, method: str, mark: str, intents: Sequence[Intent], bodies: Mapping[int, Any]) -> Call:
        """Only what makes a contact has a key: to say twice what it shall be does no harm, an old answer could."""
        keys = [intents[n].idempotency_key for n in bodies] if method == "PUT" else [""]
        key = joined(keys, "Contacts")
        return Call(method, "Contacts", "Contacts", "ContactID", mark, key)


class Items:
    """The items of one organisation, written by their code."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def probe(self, keys: Sequence[str]) -> list[Probe]:
        """One answer per key.  Raises `TryLater`, `Refused`."""
        return _probed(self._session, lookup.ITEMS, keys)

    def write(self, intents: Sequence[Intent]) -> list[Outcome]:
        """Make them, or bring those of the same code up to date."""
        outcomes: dict[int, Outcome] = {}
        bodies: dict[int, dict[str, Any]] = {}
        for n, intent in enumerate(intents):
            try:
                bodies[n] = {**_body(intent, "Code"), "ItemID": intent.remote_id}
            except Refused as fault:
                outcomes[n] = fault
        call = Call("POST", "Items", "Items", "ItemID", "Code", prices=True)
        for n, made in carried_out(self._session, call, bodies).items():
            outcomes[n] = made if isinstance(made, Fault) else Applied(str(made["ItemID"]))
        return [outcomes[n] for n in range(len(intents))]


def _body(intent: Intent, reference: str) -> dict[str, Any]:
    """Raises `Refused`."""
    if intent.void:
        raise Refused("not_supported", f"{intent.object} {intent.key} cannot be voided in Xero")
    data = fields.checked(intent.object, intent.payload)
    return {**data, "Name": fields.needed(data, "Name"), reference: fields.key_of(intent, reference)}


def _probed(session: Session, place: lookup.Place, keys: Sequence[str]) -> list[Probe]:
    found = lookup.by_reference(session, place, keys)
    named = [[row for row in found.get(key.casefold(), []) if row.get(place.reference) == key] for key in keys]
    ids = [tuple(str(row.get(place.id)) for row in same) for same in named]
    return [Found(one) if one else Absent() for one in ids]


def _change(body: Mapping[str, Any], row: Row) -> dict[str, Any]:
    """What has to be sent so that the contact shows what is wanted; addresses that people added stay."""
    change: dict[str, Any] = {}
    for name, wanted in body.items():
        if name == "ContactID":
            continue
        whole = _with_theirs(name, wanted, row)
        if not _same(whole, row.get(name)):
            change[name] = whole
    return change


def _with_theirs(name: str, wanted: Any, row: Row) -> Any:
    kind = _KINDS.get(name)
    if kind is None or not isinstance(wanted, list | tuple):
        return wanted
    ours = {part.get(kind): part for part in wanted if isinstance(part, Mapping)}
    theirs = {part.get(kind): part for part in rows(row.get(name))}
    known = fields.PARTS["contact"][name]
    left = [{field: part[field] for field in part if field in known} for part in theirs.values()]
    return [part for part in left if part.get(kind) not in ours] + list(ours.values())


def _same(wanted: Any, there: Any) -> bool:
    """Whether what is wanted stands there already, in whatever order; parts that are not spoken of may be anything."""
    if isinstance(wanted, Mapping):
        found = there if isinstance(there, Mapping) else {}
        return all(value is None or _same(value, found.get(name)) for name, value in wanted.items())
    if isinstance(wanted, list | tuple):
        return all(any(_same(part, other) for other in rows(there)) for part in wanted)
    try:
        return read_decimal(wanted) == read_decimal(there)
    except ValueError:
        return str(wanted) == str(there) if there is not None else wanted == ""
