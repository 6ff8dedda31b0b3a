"""Tryton's dialogues (wizards), gone through as a client does: only steps that book may be unclear.  (shell)"""

from __future__ import annotations

import contextlib
from typing import Any

from billsync.connector import Fault, TryLater, Unclear
from billsync_connectors.tryton.session import Session


class Dialogue:
    """One dialogue about some records; the form's defaults are kept unless a step changes them.

    Raises `TryLater` and `Refused` where nothing was booked, `Unclear` from a step that books.
    """

    def __init__(self, session: Session, name: str, model: str, records: list[int]) -> None:
        self._session, self._name = session, name
        self._context = {"active_model": model, "active_id": records[0], "active_ids": records}
        self._forms: dict[str, dict[str, Any]] = {}
        self._id, self.start, _end = self._harmless("create")

    def ask(self, state: str) -> str | None:
        """Go to a state that shows a form: its name."""
        return self._shown(self._harmless("execute", self._id, self._forms, state))

    def book(self, state: str, form: str = "", **values: Any) -> str | None:
        """Fill in a form and press the button that books; the name of a form that is asked for yet, else None."""
        if form:
            self._forms[form] = {**self._forms.get(form, {}), **values}
        answer = self._session.do(f"wizard.{self._name}.execute", self._id, self._forms, state, context=self._context)
        return self._shown(answer)

    def end(self) -> None:
        """Close it; one that stays open there does no harm."""
        with contextlib.suppress(Fault):
            self._harmless("delete", self._id)

    def _harmless(self, step: str, *params: Any) -> Any:
        """A step that books nothing: it may be taken again."""
        try:
            return self._session.do(f"wizard.{self._name}.{step}", *params, context=self._context)
        except Unclear as fault:
            raise TryLater(fault.reason, fault.message) from None

    def _shown(self, answer: Any) -> str | None:
        view = (answer or {}).get("view")
        if not view:
            return None
        defaults = {key: value for key, value in (view.get("defaults") or {}).items() if not key.endswith(".")}
        self._forms[view["state"]] = {**defaults, **self._forms.get(view["state"], {})}
        return str(view["state"])
