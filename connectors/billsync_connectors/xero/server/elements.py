"""Writes of many at once: each element for itself, or all of them refused.  (shell)"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from billsync_connectors.xero.server.asked import Request
from billsync_connectors.xero.server.books import IDS, Books
from billsync_connectors.xero.server.denied import ZERO, Invalid, broken_body, failed
from billsync_connectors.xero.server.values import Row
from billsync_stand_in.shelf import Shelf

Act = Callable[[Mapping[str, Any]], Row]
Show = Callable[[Row], dict[str, Any]]


class Elements:
    """Carries writes out.

    Attributes:
        refusals: elements that are refused whatever they are, counted from 1, and why: faults.
    """

    def __init__(self, shelf: Shelf, books: Books) -> None:
        self._shelf, self._books = shelf, books
        self.refusals: dict[int, str] = {}

    def carry_out(self, request: Request, object: str, act: Act, show: Show) -> list[dict[str, Any]]:
        """Each element's outcome, in the order of the request.  Raises `Denied`.

        Without `summarizeErrors=false` one that fails is the failure of all; whether the others are kept
        then is the setting `siblings`.
        """
        mixed = request.asked("summarizeErrors").lower() == "false"
        told, wrong = list[dict[str, Any]](), list[dict[str, Any]]()
        for n, given in enumerate(_given(request, object), 1):
            try:
                with self._shelf.turn():
                    self._let(n)
                    found = show(act(given))
            except Invalid as invalid:
                found = _refused(object, given, invalid)
                wrong.append(found)
                told.append({**found, "StatusAttributeString": "ERROR"})
            else:
                told.append({**found, "StatusAttributeString": "OK"} if mixed else found)
        if wrong and not mixed:
            raise Kept(wrong) if self._books.settings.siblings == "valid" else failed(wrong)
        return told

    def _let(self, n: int) -> None:
        if n in self.refusals:
            raise Invalid(self.refusals[n])


class Kept(Exception):
    """A 400 whose valid elements are kept all the same.

    Attributes:
        elements: those that are not valid.
    """

    def __init__(self, elements: list[dict[str, Any]]) -> None:
        super().__init__("kept")
        self.elements = elements


def _given(request: Request, object: str) -> list[Mapping[str, Any]]:
    """The elements: in a list under their name, or one alone."""
    sent = request.value()
    if isinstance(sent, Mapping):
        sent = sent.get(f"{object[:-1]}ies" if object == "Currency" else f"{object}s", [sent])
    if not isinstance(sent, list) or not sent or not all(isinstance(each, Mapping) for each in sent):
        raise broken_body("JSON for post data was invalid: elements are expected")
    return sent


def _refused(object: str, given: Mapping[str, Any], invalid: Invalid) -> dict[str, Any]:
    """The element again, with what is wrong with it."""
    id = IDS[object]
    own = {id: given.get(id, ZERO)} if id.endswith("ID") else {}
    mark = {"HasValidationErrors": True} if object in ("Contact", "Payment") else {}
    mark |= {"HasErrors": True} if object in ("Invoice", "CreditNote") else {}
    return {**given, **own, **mark, "ValidationErrors": invalid.errors()}
