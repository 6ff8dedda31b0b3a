"""What many people do at once, drawn by lot from a seed: edits, lines, deletes, merges, some of them late.  (shell)"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from random import Random
from typing import Any, Final

from billsync_connectors.salesforce.server.clock import stamp
from billsync_connectors.salesforce.server.denied import Denied
from billsync_connectors.salesforce.server.records import Records
from billsync_connectors.salesforce.server.rules import STAGES
from billsync_connectors.salesforce.server.shelf import Shelf
from billsync_connectors.salesforce.server.values import Row
from billsync_stand_in.clock import Clock

_TRIES: Final = 200
_LATE_OF: Final = 20
"""One of so many is in a transaction that stays open for a while, where that is asked for."""


class Storm:
    """Does what it draws; what the org refuses is not done, and counts as refused."""

    def __init__(self, records: Records, shelf: Shelf, clock: Clock, seed: int, late_s: int) -> None:
        self._records, self._shelf, self._clock, self._late_s = records, shelf, clock, late_s
        self._chance = Random(seed)  # noqa: S311  repeatable on purpose
        self._acts: list[tuple[str, int, Callable[[], Any]]] = [
            ("deal", 40, self._deal),
            ("account", 12, self._account),
            ("line", 12, self._line),
            ("new deal", 8, self._new),
            ("new line", 6, self._new_line),
            ("line deleted", 4, self._line_deleted),
            ("deal deleted", 8, self._deleted),
            ("deal undeleted", 4, self._undeleted),
            ("merge", 2, self._merge),
            ("touch", 4, self._touch),
        ]

    def blow(self, edits: int) -> Counter[str]:
        """So many acts; how often each was done."""
        done: Counter[str] = Counter()
        for name, _weight, act in self._chance.choices(self._acts, [weight for _, weight, _ in self._acts], k=edits):
            late = self._late_s and self._chance.randrange(_LATE_OF) == 0
            mark = self._shelf.mark()
            try:
                with self._shelf.turn():
                    act()
            except Denied:
                done["refused"] += 1
                continue
            done[name] += 1
            if late:
                due = self._clock.now() + timedelta(seconds=self._chance.randint(1, self._late_s))
                self._shelf.delay(stamp(due), mark)
                done["late"] += 1
        return done

    def _any(self, object: str, *, deleted: bool = False) -> Row:
        rows = list(self._records.every(object))
        for _ in range(_TRIES if rows else 0):
            row = self._chance.choice(rows)
            if row["IsDeleted"] is deleted:
                return row
        raise Denied(404, "NOT_FOUND", f"there is no {object}")

    def _deal(self) -> None:
        changes: list[dict[str, Any]] = [
            {"StageName": self._chance.choice(list(STAGES))},
            {"Amount": self._chance.randint(1, 99999)},
            {"NextStep": f"call {self._chance.randint(1, 999)} \U0001f4de \u202eabc\u202c"},
            {"CloseDate": f"2017-{self._chance.randint(1, 12):02}-{self._chance.randint(1, 28):02}"},
        ]
        change = self._chance.choice(changes)
        self._records.update("Opportunity", self._any("Opportunity")["Id"], change)

    def _account(self) -> None:
        self._records.update(
            "Account", self._any("Account")["Id"], {"Phone": f"+1 555 {self._chance.randint(0, 9999)}"}
        )

    def _line(self) -> None:
        line = self._any("OpportunityLineItem")
        self._records.update("OpportunityLineItem", line["Id"], {"Quantity": self._chance.randint(1, 9)})

    def _new(self) -> None:
        own = {"Name": f"New {self._chance.randint(1, 9999)}", "StageName": "Prospecting", "CloseDate": "2018-01-31"}
        self._records.create("Opportunity", {**own, "AccountId": self._any("Account")["Id"]})

    def _new_line(self) -> None:
        entry, deal = self._any("PricebookEntry"), self._any("Opportunity")
        own = {"OpportunityId": deal["Id"], "PricebookEntryId": entry["Id"], "UnitPrice": entry["UnitPrice"]}
        self._records.create("OpportunityLineItem", {**own, "Quantity": self._chance.randint(1, 5)})

    def _line_deleted(self) -> None:
        self._records.delete("OpportunityLineItem", self._any("OpportunityLineItem")["Id"])

    def _deleted(self) -> None:
        self._records.delete("Opportunity", self._any("Opportunity")["Id"])

    def _undeleted(self) -> None:
        self._records.undelete("Opportunity", self._any("Opportunity", deleted=True)["Id"])

    def _merge(self) -> None:
        one, other = self._any("Account"), self._any("Account")
        if one["Id"] == other["Id"]:
            raise Denied(400, "INVALID_ID", "a record cannot be merged with itself")
        self._records.merge("Account", one["Id"], [other["Id"]], {})

    def _touch(self) -> None:
        self._records.touch("Opportunity", self._any("Opportunity")["Id"])
