"""Writes of many at once: what became of each, as far as the answer proves it.  (shell)"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from billsync.connector import Refused, TryLater, Unclear
from billsync_connectors.xero import refusals
from billsync_connectors.xero.session import NotValid, Session
from billsync_connectors.xero.values import Row, dumps, id_of, rows

Made = Row | TryLater | Refused | Unclear
"""What became of one element: the record as it stands there now, or why not."""
_MOST: Final = 3_000_000


@dataclass(frozen=True, slots=True)
class Call:
    """One write of several elements.

    Attributes:
        id: the field that holds a record's id; mark: the field that tells the elements apart.
        key: idempotency key, or "".
    """

    method: str
    path: str
    plural: str
    id: str
    mark: str
    key: str = ""
    prices: bool = False
    """Whether unit prices are kept in four decimals."""
    names: Mapping[int, str] = field(default_factory=dict)
    """What messages call the elements, by their index; others go by their mark."""

    def name(self, n: int, body: Mapping[str, Any]) -> str:
        """What messages call one."""
        return self.names.get(n) or str(body.get(self.mark))


def carried_out(session: Session, call: Call, bodies: Mapping[int, Mapping[str, Any]]) -> dict[int, Made]:
    """What became of each body, by its index; never raises."""
    made: dict[int, Made] = {}
    for n, part in enumerate(_parts(bodies)):
        made |= _called(session, replace(call, key=call.key and f"{call.key}-{n}"), part)
    return made


def _parts(bodies: Mapping[int, Mapping[str, Any]]) -> Iterator[dict[int, Mapping[str, Any]]]:
    """As many at once as Xero takes: a request has no more than 3.5 MB."""
    part: dict[int, Mapping[str, Any]] = {}
    size = 0
    for n, body in bodies.items():
        more = len(dumps(body).encode())
        if part and size + more > _MOST:
            yield part
            part, size = {}, 0
        part[n], size = body, size + more
    if part:
        yield part


def _called(session: Session, call: Call, bodies: Mapping[int, Mapping[str, Any]]) -> dict[int, Made]:
    params = {"summarizeErrors": "false", **({"unitdp": "4"} if call.prices else {})}
    value = {call.plural: list(bodies.values())}
    try:
        answer = session.do(call.method, call.path, value, params=params, key=call.key)
    except NotValid as fault:
        return {n: _not_valid(session, call, call.name(n, body), body, fault) for n, body in bodies.items()}
    except (TryLater, Refused, Unclear) as fault:
        return dict.fromkeys(bodies, fault)
    found = {str(row.get(call.mark)).casefold(): row for row in rows(answer.get(call.plural))}
    marks = {n: str(body.get(call.mark)).casefold() for n, body in bodies.items()}
    return {n: _of(session, call, call.name(n, body), found.get(marks[n])) for n, body in bodies.items()}


def _of(session: Session, call: Call, about: str, row: Row | None) -> Made:
    """One element of a success; what is missing may have been executed all the same."""
    if row is None:
        return Unclear("missing_item", f"{session.system}: the answer says nothing of {about}")
    if said := refusals.told(row):
        return refusals.refused(session.system, about, said)
    try:
        id_of(row, call.id)
    except ValueError as error:
        return Unclear("no_id", f"{session.system}: the answer for {about} cannot be used: {error}")
    return row


def _not_valid(session: Session, call: Call, about: str, body: Mapping[str, Any], fault: NotValid) -> Refused | Unclear:
    """One element of a call that was refused as a whole: those beside a faulty one may have been kept."""
    if not fault.elements:
        return Unclear("key_used", fault.message) if "idempotency-key" in fault.message.lower() else fault
    named = [row for row in fault.elements if str(row.get(call.mark)).casefold() == str(body.get(call.mark)).casefold()]
    said = next((said for row in named if (said := refusals.told(row))), "")
    if said:
        return refusals.refused(session.system, about, said)
    return Unclear("siblings", f"{session.system}: {about} was sent beside something faulty: was it kept?")
