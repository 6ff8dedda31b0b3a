"""Faults in how a connector behaves: log-ins, limits, broken answers, words."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, ClassVar

from billsync.connector import (
    Checkpoint,
    Fault,
    Health,
    Page,
    Record,
    Refused,
    TryLater,
)
from billsync.model.problem import Place, Problem
from tests.conformance.acme_billsync.connector import Acme
from tests.conformance.acme_billsync.crm import AcmeCrm, AcmeError

Row = dict[str, Any]


class Shared(Acme):
    """Keeps the session of all connections in one place, and ends it with its own."""

    _all: ClassVar[dict[str, str]] = {}

    def _ask(self, call: Callable[[AcmeCrm, str], str]) -> Row:
        if self._all.get("closed"):
            raise TryLater("closed", "the session was closed by somebody")
        return super()._ask(call)

    def close(self) -> None:
        Shared._all["closed"] = "yes"


class Nameless(Acme):
    """`check` says nothing."""

    def check(self) -> Health:
        super().check()
        return Health(system="")


class AlwaysHealthy(Acme):
    """`check` looks at nothing."""

    def check(self) -> Health:
        return Health(system="Acme CRM")


class Terse(Acme):
    """Says that it does not work, and no more."""

    def _ask(self, call: Callable[[AcmeCrm, str], str]) -> Row:
        try:
            return super()._ask(call)
        except TryLater as fault:
            raise TryLater(fault.reason, "error", after_s=fault.after_s, offline=fault.offline) from None


class AnyKind(Acme):
    """Knows every kind of record, and finds none of it."""

    def _known(self, object: str) -> None:
        return


class Trusting(Acme):
    """Takes a checkpoint for one of its own."""

    def _mark(self, since: Checkpoint | None) -> dict[str, Any]:
        return dict(since) if since is not None else super()._mark(None)


class Loud(Acme):
    """Its messages show what it sent."""

    def _ask(self, call: Callable[[AcmeCrm, str], str]) -> Row:
        try:
            return super()._ask(call)
        except TryLater as fault:
            secret = self._config.secret.get_secret_value()
            message = f"{fault.message} (log-in with {secret})"
            raise TryLater(fault.reason, message, after_s=fault.after_s, offline=fault.offline) from None


class ClosesOnce(Acme):
    """Its second close fails."""

    def close(self) -> None:
        del self._name


class LogsInOnce(Acme):
    """A session that ends is the end."""

    def _ask(self, call: Callable[[AcmeCrm, str], str]) -> Row:
        def once(crm: AcmeCrm, token: str) -> str:
            try:
                return call(crm, token)
            except AcmeError as error:
                raise AcmeError(400 if error.status == 401 else error.status, "", error.retry_after) from None

        return super()._ask(once)


class GivesUp(Acme):
    """Takes everything that passes by itself for final."""

    def _ask(self, call: Callable[[AcmeCrm, str], str]) -> Row:
        try:
            return super()._ask(call)
        except Fault as fault:
            raise Refused(fault.reason, fault.message) from None


class WaitsNot(Acme):
    """Forgets for how long it was asked to wait."""

    def _ask(self, call: Callable[[AcmeCrm, str], str]) -> Row:
        try:
            return super()._ask(call)
        except TryLater as fault:
            raise TryLater(fault.reason, fault.message, offline=fault.offline) from None


class Swallows(Acme):
    """Takes an answer that it cannot read for an empty one."""

    def _ask(self, call: Callable[[AcmeCrm, str], str]) -> Row:
        try:
            return super()._ask(call)
        except TryLater:
            return {"rows": [], "more": False, "now": 1 << 40}

    def _end(self, mark: dict[str, Any]) -> dict[str, Any]:
        return {name: [mark["start"], "~"] for name in ("changed", "tagged")}


class TakesForGone(Acme):
    """Takes an answer that it cannot read for a CRM without records."""

    def read(self, object: str, since: Checkpoint | None) -> Iterator[Page]:
        try:
            yield from super().read(object, since)
        except TryLater:
            yield Page((), checkpoint=since or {}, snapshot=True)


class Leaks(Acme):
    """Lets the library's own exceptions out."""

    def _ask(self, call: Callable[[AcmeCrm, str], str]) -> Row:
        def raw(crm: AcmeCrm, token: str) -> str:
            try:
                return call(crm, token)
            except AcmeError as error:
                raise KeyError(error.status) from None

        return super()._ask(raw)


class Silent(Acme):
    """Drops what has no id."""

    def _records(self, rows: list[Row]) -> tuple[list[Record], list[Problem]]:
        return super()._records([row for row in rows if row.get("id")])


class Nowhere(Acme):
    """Its problems do not say where."""

    def _records(self, rows: list[Row]) -> tuple[list[Record], list[Problem]]:
        records, problems = super()._records(rows)
        return records, [problem.model_copy(update={"place": Place()}) for problem in problems]
