"""One log-in at Tryton, and every call made under it.  (shell)

A few wrong passwords lock the right one out too (for everybody of that name), so a log-in that failed is not repeated.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any, Final

from billsync.connector import Fault, Refused, TryLater, Unclear
from billsync.wire import Answer, Client
from billsync_connectors.tryton.encoding import decoded, dumps
from billsync_connectors.tryton.settings import TrytonSettings

_DENIED: Final = frozenset({401, 403})
_NOT_EXECUTED: Final = frozenset({503})
"""Tryton's answer after its own repetitions when the database could not lock: the transaction was rolled back."""

_REASONS: Final = (
    ("invoice date after", "number_order"),
    ("reopen the", "period_closed"),
    ("closed", "period_closed"),
    ("create a period", "period_missing"),
    ("define a sequence", "sequence_missing"),
    ("not allowed", "not_allowed"),
    ("must be unique", "duplicate"),
    ("already exists", "duplicate"),
)
"""Part of Tryton's English message -> reason; sessions ask for English."""


class Warned(Refused):
    """Tryton asks whether it is meant.

    Attributes:
        name: of the warning, as an acknowledgement has to carry it.
    """

    def __init__(self, name: str, message: str) -> None:
        super().__init__("warning", message)
        self.name = name


class Session:
    """Calls of one user.  `ask` raises TryLater and Refused, `do` Unclear too."""

    def __init__(self, http: Client, settings: TrytonSettings, system: str) -> None:
        self._http, self._settings, self._system = http, settings, system
        self._context: dict[str, Any] | None = None
        self._user_id = 0
        self._closed_door: Fault | None = None

    @property
    def user_id(self) -> int:
        """Tryton's id of the user; logs in where that was not done yet."""
        self._enter()
        return self._user_id

    @property
    def company(self) -> int:
        """Tryton's id of the company that the calls are made for."""
        company: int = self._enter()["company"]
        return company

    def version(self) -> str:
        """The server's series, such as `8.2`."""
        return str(self._result(self._http.read("POST", "/rpc/", content=dumps("common.server.version", []))))

    def ask(self, method: str, *params: Any) -> Any:
        """The result of a call that changes nothing: it may be repeated.  Raises `TryLater`, `Refused`."""
        return self._called(method, params, write=False, timeout=None)

    def do(
        self, method: str, *params: Any, timeout: int | None = None, context: Mapping[str, Any] | None = None
    ) -> Any:
        """The result of a call that writes: sent once.  `context` is added to the user's own.

        Raises `TryLater`, `Refused` where Tryton rolled back (`Warned` where it asks whether that is meant), `Unclear`
        where the outcome is not known.
        """
        return self._called(method, params, write=True, timeout=timeout, context=context)

    def find(self, model: str, domain: list[Any], *fields: str, limit: int | None = None) -> list[dict[str, Any]]:
        """The records that match, in order of their ids, with `id` and the named fields."""
        order = [["id", "ASC"]]
        rows: list[dict[str, Any]] = self.ask(
            f"model.{model}.search_read", domain, 0, limit, order, sorted({"id", *fields})
        )
        return rows

    # ------------------------------------------------------------ inside

    def _called(
        self,
        method: str,
        params: tuple[Any, ...],
        *,
        write: bool,
        timeout: int | None,
        context: Mapping[str, Any] | None = None,
    ) -> Any:
        answer = self._posted(method, params, write=write, timeout=timeout, context=context)
        if answer.status == 401:  # the session ended: nothing was executed, one new log-in is due
            self._context = None
            answer = self._posted(method, params, write=write, timeout=timeout, context=context)
        if answer.status in _DENIED:
            raise Refused("not_allowed", f"{self._system}: Tryton does not let {self._settings.user} call {method}")
        return self._result(answer, write=write)

    def _posted(
        self,
        method: str,
        params: tuple[Any, ...],
        *,
        write: bool,
        timeout: int | None,
        context: Mapping[str, Any] | None,
    ) -> Answer:
        content = dumps(method, [*params, {**self._enter(), **(context or {})}])
        if not write:
            return self._http.read("POST", "rpc/", content=content, expect=_DENIED)
        return self._http.send(
            "POST", "rpc/", content=content, expect=_DENIED, not_executed=_NOT_EXECUTED, timeout=timeout
        )

    def _result(self, answer: Answer, *, write: bool = False) -> Any:
        """Tryton tells its errors with status 200."""
        value = answer.value
        if isinstance(value, dict) and "error" in value:
            raise self._fault(self._hidden(value["error"]), write=write)
        if not isinstance(value, dict) or "result" not in value:
            what = f"{self._system}: Tryton's answer has no result"
            raise Unclear("no_result", what) if write else TryLater("no_result", what, offline=True)
        try:
            return decoded(value["result"])
        except ValueError as error:
            what = f"{self._system}: {error}"
            raise (Unclear("no_result", what) if write else TryLater("no_result", what)) from None

    def _hidden(self, error: Any) -> Any:
        """An error of Tryton's, without what only we and Tryton should know."""
        if isinstance(error, list):
            return [self._hidden(part) for part in error]
        return self._http.hidden(error) if isinstance(error, str) else error

    def _fault(self, error: Any, *, write: bool) -> Fault:
        kind, args = (error[0], error[1]) if isinstance(error, list) and len(error) > 1 else ("", error)
        if kind == "UserError" and isinstance(args, list):
            message = " ".join(str(part) for part in args[:2] if part)
            return Refused(_reason(message), f"{self._system}: {message}")
        if kind == "UserWarning" and isinstance(args, list):
            return Warned(str(args[0]), f"{self._system}: Tryton wants a person to confirm: {args[1]}")
        if kind == "ConcurrencyException":
            return TryLater("concurrent", f"{self._system}: somebody else changes the same record at this moment")
        what = f"{self._system}: an error inside Tryton ({str(kind)[:200]}); its log says more"
        return Unclear("server_error", what) if write else TryLater("server_error", what)

    def _enter(self) -> dict[str, Any]:
        """The context of every call; logs in where there is no session."""
        if self._closed_door is not None:
            raise self._closed_door
        if self._context is None:
            self._context = self._log_in()
        return self._context

    def _log_in(self) -> dict[str, Any]:
        self._http.authorize("")
        password = {"password": self._settings.password.get_secret_value()}
        try:
            answer = self._http.send("POST", "rpc/", content=dumps("common.db.login", [self._settings.user, password]))
            self._user_id, token, _bus = self._result(answer)
        except Fault as fault:
            raise self._not_entered(fault) from None
        name = f"{self._settings.user}:{self._user_id}:{token}"
        self._http.authorize("Session " + base64.b64encode(name.encode()).decode(), str(token))
        return self._preferences()

    def _preferences(self) -> dict[str, Any]:
        content = dumps("model.res.user.get_preferences", [1, {}])
        context: dict[str, Any] = self._result(self._http.read("POST", "rpc/", content=content))
        context["language"] = "en"
        if self._settings.company is not None:
            context["company"] = self._named_company(context)
        if not isinstance(context.get("company"), int):
            raise Refused("no_company", f"{self._system}: the user {self._settings.user} has no company in Tryton")
        return context

    def _named_company(self, context: dict[str, Any]) -> int:
        name = self._settings.company
        params = [[["party.name", "=", name]], 0, 1, None, context]
        found = self._result(self._http.read("POST", "rpc/", content=dumps("model.company.company.search", params)))
        if not found:
            raise Refused(
                "no_company", f"{self._system}: Tryton has no company {name} that {self._settings.user} may see"
            )
        company: int = found[0]
        return company

    def _not_entered(self, fault: Fault) -> Fault:
        """A refused log-in stays refused for this connector's life; a lost one may be tried again."""
        if isinstance(fault, Unclear):
            return TryLater(fault.reason, fault.message, offline=True)
        if fault.reason == "auth":
            message = f"{self._system}: Tryton refuses the log-in of {self._settings.user}: check user and password"
            self._closed_door = TryLater("auth", f"{message}; not tried again by this run", offline=True)
        elif fault.reason == "rate_limited" and isinstance(fault, TryLater):
            message = f"{self._system}: Tryton locked {self._settings.user} out after failed log-ins: wait some minutes"
            self._closed_door = TryLater("rate_limited", message, after_s=fault.after_s, offline=True)
        elif fault.reason == "http_404":
            message = f"{self._system}: Tryton does not know the database in {self._settings.url}"
            self._closed_door = Refused("no_database", message)
        return self._closed_door or fault


def _reason(message: str) -> str:
    low = message.lower()
    return next((reason for part, reason in _REASONS if part in low), "refused")
