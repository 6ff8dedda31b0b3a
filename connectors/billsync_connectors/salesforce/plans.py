"""What is read of each object, as the org is now: it is asked once for all that it tells of its objects.  (shell)"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from billsync.connector import Refused
from billsync_connectors.salesforce import usual
from billsync_connectors.salesforce.described import Described, described
from billsync_connectors.salesforce.plan import Plan, planned
from billsync_connectors.salesforce.session import PARTS_MAX, Part, Session
from billsync_connectors.salesforce.settings import SalesforceSettings

_MISSING: Final = 404


class Plans:
    """The plans of one connection."""

    def __init__(self, session: Session, settings: SalesforceSettings) -> None:
        self._session, self._settings = session, settings
        self._known: dict[str, Described | None] = {}
        self._plans: dict[str, Plan] = {}

    def plan(self, object: str) -> Plan:
        """What is read of an object.  Raises `TryLater`, `Refused`."""
        if object not in self._plans:
            self._plans[object] = planned(object, self._settings.of(object), self.find)
        return self._plans[object]

    def find(self, object: str) -> Described:
        """What the org tells of an object.  Raises `TryLater`, `Refused`."""
        if object not in self._known:
            self._ask(object)
        found = self._known[object]
        if found is None:
            message = f"{self._session.system}: there is no object {object}, or the user may not see it"
            raise Refused("unknown_object", message)
        return found

    def _ask(self, object: str) -> None:
        """Ask for an object, and with the first one for all that are likely to be needed, in one call."""
        wanted = {object: None, **dict.fromkeys(self._likely() if not self._known else ())}
        missing = [name for name in wanted if name not in self._known]
        for start in range(0, len(missing), PARTS_MAX):
            some = missing[start : start + PARTS_MAX]
            parts = self._session.together([f"sobjects/{name}/describe" for name in some])
            self._known |= {name: self._told(part) for name, part in zip(some, parts, strict=True)}

    def _likely(self) -> Iterable[str]:
        named = [*self._settings.objects, *self._settings.writes]
        objects = named or list(usual.RELATED)
        return [each for name in objects for each in (name, *usual.NEARBY.get(name, ()))]

    def _told(self, part: Part) -> Described | None:
        if part.status == _MISSING:
            return None
        if part.status >= 400:
            raise self._session.denied(part.status, part.value).fault
        try:
            return described(part.value)
        except ValueError as error:
            raise self._session.strange(str(error)) from None
