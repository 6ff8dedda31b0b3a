"""Calls of one user in one company of Odoo: paced, and repeated where nothing was done.  (shell)"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import Any, Final

from billsync.connector import Refused, TryLater
from billsync.wire import Client
from billsync_connectors.odoo.doors import Door, opened, version
from billsync_connectors.odoo.encoding import Odd, link
from billsync_connectors.odoo.settings import OdooSettings

_TRIES: Final = 4
_PATIENCE_S: Final = 10.0
_WAITS: Final = {"concurrent": 0.2, "rate_limited": 1.0}
"""Faults that prove that nothing was done and pass by themselves -> seconds to the first repetition."""


class Session:
    """Calls of one connection.  `ask` and `find` raise `TryLater` and `Refused`, `do` `Unclear` too.

    Args:
        sleep, clock: of the process; replaced in tests.
    """

    def __init__(
        self,
        http: Client,
        settings: OdooSettings,
        system: str,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._http, self._settings, self.system = http, settings, system
        self.sleep, self._clock = sleep, clock
        self._opened: tuple[Door, int | None] | None = None
        self._next = 0.0

    # ------------------------------------------------------------ calls

    def ask(self, model: str, method: str, ids: Sequence[int] = (), **given: Any) -> Any:
        """What a method that changes nothing gives back."""
        return self._called(model, method, ids, given, write=False)

    def do(self, model: str, method: str, ids: Sequence[int] = (), **given: Any) -> Any:
        """What a method that writes gives back; sent again only where Odoo proves that it did nothing."""
        return self._called(model, method, ids, given, write=True)

    def those(
        self, model: str, ids: Iterable[int], fields: Sequence[str], *, archived: bool = False
    ) -> dict[int, dict[str, Any]]:
        """The records of these ids that are there; what one answer does not show is asked for once more.

        An answer that was cut short must not pass for records that are gone.
        """
        wanted, rows = set(ids), dict[int, dict[str, Any]]()
        for _ in range(2):
            if missing := sorted(wanted - set(rows)):
                found = self.find(model, [["id", "in", missing]], fields, archived=archived)
                rows.update((row["id"], row) for row in found)
        return rows

    def find(
        self,
        model: str,
        domain: Sequence[Any],
        fields: Sequence[str],
        *,
        order: str = "id",
        limit: int | None = None,
        archived: bool = False,
    ) -> list[dict[str, Any]]:
        """The records that match, each with its `id` and these fields."""
        context = {"active_test": False} if archived else {}
        given: dict[str, Any] = {
            "domain": list(domain),
            "fields": list(fields or ("id",)),
            "order": order,
            "limit": limit,
            "context": context,
        }
        rows = self.ask(model, "search_read", **given)
        if not isinstance(rows, list) or not all(
            isinstance(row, dict) and isinstance(row.get("id"), int) and all(name in row for name in fields)
            for row in rows
        ):
            raise TryLater("unreadable", f"{self.system}: the list of {model} cannot be read", offline=True)
        return rows

    def _called(self, model: str, method: str, ids: Sequence[int], given: Mapping[str, Any], *, write: bool) -> Any:
        context = {**self._context(model), **given.get("context", {})}
        for attempt in range(_TRIES):
            self._paced()
            try:
                return self.door.call(model, method, ids, {**given, "context": context}, write=write)
            except TryLater as fault:
                wait = max(fault.after_s or 0.0, _WAITS.get(fault.reason, 0.0) * 2**attempt)
                if fault.reason not in _WAITS or wait > _PATIENCE_S or attempt + 1 == _TRIES:
                    raise
                self.sleep(wait)
        raise AssertionError("the last try gives an answer or raises")

    def _context(self, model: str) -> dict[str, Any]:
        """English messages, and the company, which is not known yet while users and companies are asked for it."""
        if model in ("res.users", "res.company"):
            return {"lang": "en_US"}
        return {"lang": "en_US", "allowed_company_ids": [self.company]}

    def _paced(self) -> None:
        """Wait until the next call may go out."""
        if self._settings.calls_per_s is None:
            return
        now = self._clock()
        if now < self._next:
            self.sleep(self._next - now)
        self._next = max(now, self._next) + float(1 / self._settings.calls_per_s)

    # ------------------------------------------------------------ who and where

    @property
    def door(self) -> Door:
        """The way in, chosen at the first call."""
        if self._opened is None:
            self._paced()
            self._opened = opened(self._http, self._settings, self.system)
        return self._opened[0]

    def series(self) -> str:
        """Odoo's series, such as `19`; asked for where the way in was not chosen by it."""
        known = self._opened[1] if self._opened is not None else None
        if known is None:
            self._paced()
            known = version(self._http, self.system)
        return str(known)

    @cached_property
    def user(self) -> int:
        """Odoo's id of the user."""
        door = self.door
        self._paced()
        return door.user()

    @cached_property
    def company(self) -> int:
        """Odoo's id of the company: the one that is named, or the user's own."""
        name = self._settings.company
        if name is not None:
            rows = self.find("res.company", [["name", "=", name]], ["name"])
            if len(rows) != 1:
                raise Refused("no_company", f"{self.system}: {len(rows)} companies of Odoo are called {name}")
            return int(rows[0]["id"])
        rows = self.find("res.users", [["id", "=", self.user]], ["company_id"])
        found = link(rows[0]["company_id"]) if rows else None
        if found is None:
            raise Refused("no_company", f"{self.system}: the user has no company in Odoo")
        return found


@contextmanager
def reading(system: str) -> Iterator[None]:
    """An answer that is not as Odoo's are is asked for again later, as `TryLater`."""
    try:
        yield
    except Odd as odd:
        what = f"{system}: an answer of Odoo's cannot be used: {odd}"
        raise TryLater("unreadable", what, offline=True) from None


def offline(fault: Exception) -> bool:
    """Whether the system as a whole was not reached."""
    return isinstance(fault, TryLater) and fault.offline
