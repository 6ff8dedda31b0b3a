"""Writes to the sandbox, each with the outcome that its answer proves, and no more.  (shell)"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote

from billsync.connector import Applied, Intent, Mismatch, Outcome, Refused, TryLater, Unclear
from billsync.model.scalar import show
from billsync_connectors.sandbox.config import SandboxSettings
from billsync_connectors.sandbox.records import judged, same
from billsync_connectors.sandbox.session import Denial, Session

_STILL: Final = frozenset({"version", "updated", "edited_by"})
"""What may differ between two looks at a record without its content having changed."""


class Writing:
    """Creates, changes and voids; never raises per record."""

    def __init__(self, session: Session, settings: SandboxSettings) -> None:
        self._session, self._settings = session, settings

    def write(self, object: str, intents: Sequence[Intent]) -> list[Outcome]:
        """One outcome per intent: new records in one batch where there are several, others one by one."""
        fresh = [intent for intent in intents if object == "deals" or (intent.remote_id is None and not intent.void)]
        outcomes = {id(intent): outcome for intent, outcome in zip(fresh, self._made(object, fresh), strict=True)}
        for intent in intents:
            if id(intent) not in outcomes:
                outcomes[id(intent)] = self._tried(self._void if intent.void else self._change, intent)
        return [outcomes[id(intent)] for intent in intents]

    def _tried(self, act: Any, intent: Intent) -> Outcome:
        """The outcome, also where it is raised."""
        try:
            outcome: Outcome = act(intent)
        except Denial as denial:
            return self._of_denial(intent, denial)
        except (TryLater, Refused, Unclear) as fault:
            return fault
        return outcome

    # ------------------------------------------------------------ new ones

    def _made(self, object: str, fresh: Sequence[Intent]) -> list[Outcome]:
        bodies = [self._body(object, intent) for intent in fresh]
        good = [(intent, body) for intent, body in zip(fresh, bodies, strict=True) if isinstance(body, dict)]
        if len(good) == 1 or self._settings.batch_max == 1:
            made = {
                id(intent): self._tried(self._create if object != "deals" else self._tell, intent) for intent, _ in good
            }
        else:
            made = dict(zip((id(intent) for intent, _ in good), self._batch(object, good), strict=True))
        return [
            made[id(intent)] if isinstance(body, dict) else body for intent, body in zip(fresh, bodies, strict=True)
        ]

    def _create(self, intent: Intent) -> Outcome:
        body = self.written(intent)
        if self._settings.kind == "B":
            path = f"v1/{intent.object}/by-reference/{quote(intent.key, safe='')}"
            return judged(intent, self._session.do("PUT", path, body))
        key = {"Idempotency-Key": intent.idempotency_key} if self._settings.kind == "A" else None
        return judged(intent, self._session.do("POST", f"v1/{intent.object}", body, key))

    def _tell(self, intent: Intent) -> Outcome:
        """What became of a deal's invoices, at the deal itself."""
        path = f"v1/deals/{quote(intent.key, safe='')}"
        return _told(intent, self._session.do("PATCH", path, {"billing": dict(intent.payload)}))

    def _batch(self, object: str, good: Sequence[tuple[Intent, dict[str, Any]]]) -> list[Outcome]:
        if not good:
            return []
        try:
            answer = self._session.do("POST", f"v1/{object}/batch", {"items": [body for _, body in good]})
        except Denial as denial:
            return _none_done(good, denial)
        except (TryLater, Refused, Unclear) as fault:
            return [fault for _ in good]
        results = answer.get("results")
        found = results if isinstance(results, list) else []
        return [self._of_item(intent, found[n] if n < len(found) else None) for n, (intent, _) in enumerate(good)]

    def _of_item(self, intent: Intent, item: Any) -> Outcome:
        """One result of a batch; what is missing may have been executed all the same."""
        if not isinstance(item, Mapping):
            return Unclear("missing_item", f"{self._session.system}: the answer says nothing of {intent.key}")
        record, status = item.get("record"), item.get("status")
        if isinstance(record, Mapping):
            return _told(intent, record) if intent.object == "deals" else judged(intent, record)
        if "error" in item and isinstance(status, int) and 400 <= status < 500:
            return self._of_denial(intent, self._session.denied(item["error"], status))
        return Unclear(
            "missing_item", f"{self._session.system}: the answer for {intent.key} is neither record nor error"
        )

    def written(self, intent: Intent) -> dict[str, Any]:
        """The record as it is sent: our reference, and the codes of the sandbox in place of ours."""
        own = {**intent.payload, "reference": intent.key}
        if isinstance(own.get("lines"), Sequence) and not isinstance(own["lines"], str):
            own["lines"] = [self._line(line) for line in own["lines"]]
        return own

    def _line(self, line: Any) -> Any:
        if not isinstance(line, Mapping):
            return line
        account = {"account": self._settings.revenue_account} if self._settings.revenue_account else {}
        code = line.get("tax_code")
        return {**account, **line, **({"tax_code": self._settings.tax_codes.get(code, code)} if code else {})}

    def _body(self, object: str, intent: Intent) -> dict[str, Any] | Refused:
        """An item of a batch; a reference that is not the key could not be found again."""
        if object == "deals":
            return {"id": intent.key, "billing": dict(intent.payload)}
        if intent.payload.get("reference", intent.key) != intent.key:
            return Refused("bad_key", f"the reference differs from the key {intent.key}", field="reference")
        key = {"idempotency_key": intent.idempotency_key} if intent.idempotency_key else {}
        return {**self.written(intent), **key}

    # ------------------------------------------------------------ those that stand there

    def _change(self, intent: Intent) -> Outcome:
        """Bring a record to the wanted state; where somebody changed it meanwhile, a person has to look."""
        path = f"v1/{intent.object}/{quote(intent.remote_id or '', safe='')}"
        there, body = self._session.ask("GET", path), self.written(intent)
        if there.get("state") == "void":
            message = f"{self._session.system}: {intent.object} {intent.remote_id} ({intent.key}) is void"
            return Refused("void", message)
        if there.get("state") == "draft":
            body["state"] = "sent"
        if same(body, there):
            return judged(intent, there)
        try:
            return judged(intent, self._session.do("PATCH", path, body, _at(there)))
        except Denial as denial:
            if denial.code != "stale_version":
                raise
        again = self._session.ask("GET", path)
        if _content(again) != _content(there):
            message = f"{intent.object} {intent.remote_id} ({intent.key}) was changed there at this moment"
            return Mismatch(intent.remote_id or "", message)
        return judged(intent, self._session.do("PATCH", path, body, _at(again)))

    def _void(self, intent: Intent) -> Outcome:
        """Take a document back; one that is not there any more counts for nothing already."""
        path = f"v1/{intent.object}/{quote(intent.remote_id or '', safe='')}/void"
        try:
            there = self._session.do("POST", path, {})
        except Denial as denial:
            if denial.code == "not_found" and intent.remote_id:
                return Applied(intent.remote_id, {"state": "void"})
            raise
        if there.get("state") != "void":
            return Unclear("not_void", f"{self._session.system}: {intent.object} {intent.remote_id} is not void")
        return Applied(str(there.get("id") or intent.remote_id), {"state": "void"})

    # ------------------------------------------------------------ refusals

    def _of_denial(self, intent: Intent, denial: Denial) -> Outcome:
        if denial.code == "number_taken":
            return self._tried(self._by_number, intent)
        if denial.code == "stale_version":
            return TryLater("concurrent", f"{self._session.system}: {intent.key} is being changed by somebody else")
        return denial.fault

    def _by_number(self, intent: Intent) -> Outcome:
        """Another document has the number: perhaps it is this one, from an attempt whose answer was lost."""
        number = str(intent.payload.get("number"))
        rows = self._session.ask("POST", f"v1/{intent.object}/search", {"numbers": [number]}).get("records", [])
        ours = [row for row in rows if row.get("reference") == intent.key]
        if ours:
            return judged(intent, ours[0])
        if not rows:
            what = f"{self._session.system}: the number {number} is taken by a document that is not found yet"
            return Unclear("number_taken", what)
        other = f"{intent.object} {show(rows[0].get('id'))}, which is not ours"
        return Refused(
            "number_taken", f"{self._session.system}: the number {number} belongs to {other}", field="number"
        )


def _at(row: Mapping[str, Any]) -> dict[str, str]:
    return {"If-Match": str(row.get("version"))}


def _content(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in _STILL and value is not None}


def _told(intent: Intent, row: Mapping[str, Any]) -> Outcome:
    if row.get("id") != intent.key:
        return Unclear("no_id", f"the answer for the deal {intent.key} is about {show(row.get('id'))}")
    return Applied(intent.key, {"state": intent.payload.get("state")})


def _none_done(good: Sequence[tuple[Intent, Any]], denial: Denial) -> list[Outcome]:
    """A batch of which nothing was done: the item to blame is refused, the others may be sent again."""
    _, _, number = denial.fault.field.partition(".")
    if denial.code != "item_refused" or not number.isdigit():
        return [denial.fault for _ in good]
    again = TryLater("batch_refused", "another record of the same batch was refused: nothing of it was done")
    return [denial.fault if place == int(number) else again for place in range(1, len(good) + 1)]
