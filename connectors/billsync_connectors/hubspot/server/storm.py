"""What many people do at once, drawn by lot from a seed: edits, lines, associations, deletes, merges.  (shell)"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from random import Random
from typing import TYPE_CHECKING, Any, Final

from billsync_connectors.hubspot.server.kinds import KINDS
from billsync_connectors.hubspot.server.refused import Refused
from billsync_connectors.hubspot.server.shelf import Record

if TYPE_CHECKING:
    from billsync_connectors.hubspot.server.state import State

_TRIES: Final = 200
_STAGES: Final = ("appointmentscheduled", "qualifiedtobuy", "contractsent", "closedwon", "closedlost")


class Storm:
    """Does what it draws; what the account refuses is not done, and counts as refused."""

    def __init__(self, state: State, seed: int) -> None:
        self._crm, self._shelf, self._links = state.crm, state.shelf, state.links
        self._chance = Random(seed)  # noqa: S311  repeatable on purpose
        self._drawn = {kind: sorted(state.shelf.records.get(kind, {}), key=int) for kind in KINDS}
        self._acts: list[tuple[str, int, Callable[[], None]]] = [
            ("deal", 40, self._deal),
            ("company", 10, self._company),
            ("line", 12, self._line),
            ("new deal", 8, self._new),
            ("new line", 6, self._new_line),
            ("line deleted", 4, self._line_deleted),
            ("deal deleted", 8, self._deleted),
            ("deal restored", 4, self._restored),
            ("company of a deal", 6, self._moved),
            ("merge", 3, self._merge),
            ("touch", 4, self._touch),
        ]

    def blow(self, edits: int) -> Counter[str]:
        """So many acts; how often each was done."""
        done: Counter[str] = Counter()
        for name, _weight, act in self._chance.choices(self._acts, [weight for _, weight, _ in self._acts], k=edits):
            try:
                with self._shelf.turn():
                    act()
            except Refused:
                done["refused"] += 1
            else:
                done[name] += 1
        return done

    def _any(self, kind: str, *, live: bool = True) -> Record:
        ids = self._drawn[kind]
        for _ in range(_TRIES if ids else 0):
            record = self._shelf.get(kind, self._chance.choice(ids))
            if record is not None and record.live is live and not record.into:
                return record
        raise Refused(404, f"there is no {kind}")

    def _change(self, kind: str, **properties: Any) -> None:
        self._crm.change(KINDS[kind], self._any(kind), properties)

    def _deal(self) -> None:
        number = self._chance.randint(1, 99999)
        changes: list[dict[str, Any]] = [
            {"dealstage": self._chance.choice(_STAGES)},
            {"amount": f"{number}.{number % 100:02}"},
            {"description": f"call {number} \U0001f4de \u202eabc\u202c"},
            {"closedate": f"2017-{self._chance.randint(1, 12):02}-{self._chance.randint(1, 28):02}"},
        ]
        self._change("deals", **self._chance.choice(changes))

    def _company(self) -> None:
        self._change("companies", phone=f"+1 555 {self._chance.randint(0, 9999)}")

    def _line(self) -> None:
        self._change("line_items", quantity=str(self._chance.randint(1, 9)))

    def _new(self) -> None:
        name = f"New {self._chance.randint(1, 9999)}"
        made = self._crm.create(KINDS["deals"], {"dealname": name, "dealstage": _STAGES[0]})
        self._drawn["deals"].append(made.id)
        self._links.add(("deals", made.id), ("companies", self._any("companies").id), [])

    def _new_line(self) -> None:
        deal = self._any("deals")
        made = self._crm.create(KINDS["line_items"], {"name": "More", "price": "10.50", "quantity": "2"})
        self._drawn["line_items"].append(made.id)
        self._links.add(("deals", deal.id), ("line_items", made.id), [])

    def _line_deleted(self) -> None:
        self._crm.archive(KINDS["line_items"], self._any("line_items").id)

    def _deleted(self) -> None:
        self._crm.archive(KINDS["deals"], self._any("deals").id)

    def _restored(self) -> None:
        self._crm.restore(KINDS["deals"], self._any("deals", live=False).id)

    def _moved(self) -> None:
        """A deal is another company's, and nothing in the deal says so."""
        place = ("deals", self._any("deals").id)
        new = self._any("companies").id
        for id in list(self._links.ends(place, "companies")):
            self._links.remove(place, ("companies", id))
        self._links.add(place, ("companies", new), [])

    def _merge(self) -> None:
        kind = self._chance.choice(("companies", "contacts", "deals"))
        self._crm.merge(KINDS[kind], self._any(kind).id, self._any(kind).id)

    def _touch(self) -> None:
        self._crm.touch(KINDS["deals"], self._any("deals"))
