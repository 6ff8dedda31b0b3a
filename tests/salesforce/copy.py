"""billsync's copy of an org, as the connector's pages make it, and what it should be."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from billsync.connector import Checkpoint, Context, Data, Keep, Memory
from billsync.model.problem import Problem
from billsync_connectors.salesforce.connector import Salesforce
from billsync_connectors.salesforce.settings import SalesforceSettings
from tests.salesforce.stand_in import KEY, SECRET, StandIn


def settings(org: StandIn, **more: Any) -> SalesforceSettings:
    """How a connection to the stand-in is configured."""
    own: dict[str, Any] = {"consumer_key": KEY, "consumer_secret": SecretStr(SECRET), "api_version": "68.0"}
    return SalesforceSettings.model_validate({"url": org.url, **own, **more})


def connect(org: StandIn, keep: Keep | None = None, **more: Any) -> Salesforce:
    """A connector to the stand-in."""
    made = Salesforce(Context("crm", Path(), keep or Memory()), settings(org, **more))
    org.connectors.append(made)
    return made


@dataclass
class Copy:
    """The records of one object, as pages have told of them.

    Attributes:
        live: data by id; deleted: ids that were told to be gone; pages: how many there were in all reads.
    """

    connector: Salesforce
    object: str
    live: dict[str, Data] = field(default_factory=dict)
    deleted: set[str] = field(default_factory=set)
    checkpoint: Checkpoint | None = None
    problems: list[Problem] = field(default_factory=list)
    pages: int = 0

    def read(self, between: Callable[[int], Any] = lambda _page: None, *, most: int = 10_000) -> Copy:
        """Read on from the checkpoint; `between` is called after each page.  Stops dead after `most` pages."""
        seen: set[str] = set()
        for number, page in enumerate(self.connector.read(self.object, self.checkpoint)):
            if number == most:
                break
            for record in page.records:
                seen.add(record.id)
                if record.deleted:
                    self.live.pop(record.id, None)
                    self.deleted.add(record.id)
                else:
                    self.live[record.id] = record.data
                    self.deleted.discard(record.id)
            if page.snapshot:
                for id in set(self.live) - seen:
                    del self.live[id]
            self.problems += page.problems
            self.checkpoint = page.checkpoint
            self.pages += 1
            between(number)
        return self


def calls(org: StandIn) -> list[str]:
    """The paths of the requests so far that count, and forget them."""
    found = [row["path"] for row in org.admin("GET", "log")["requests"]]
    org.admin("DELETE", "log")
    return [path for path in found if path.startswith("/services/data/v")]


def truth(org: StandIn, object: str) -> dict[str, dict[str, Any]]:
    """The live records as the connector has to show them by default, made from the stand-in's administration alone."""
    children = [_CHILDREN[object][0]] if object in _CHILDREN else []
    rows = {name: org.truth(name) for name in {object, "Account", "Product2", "Pricebook2", *children}}
    return {id: _shown(object, row, rows) for id, row in rows[object].items() if not row["IsDeleted"]}


_CHILDREN = {
    "Opportunity": ("OpportunityLineItem", "OpportunityId", "OpportunityLineItems"),
    "Account": ("Contact", "AccountId", "Contacts"),
    "Product2": ("PricebookEntry", "Product2Id", "PricebookEntries"),
}


def _shown(object: str, row: Mapping[str, Any], rows: Mapping[str, Any]) -> dict[str, Any]:
    found = dict(row)
    if object in _CHILDREN:
        child, reference, name = _CHILDREN[object]
        below = sorted(
            (each for each in rows[child].values() if each.get(reference) == row["Id"] and not each["IsDeleted"]),
            key=lambda each: str(each["Id"]),
        )
        shown = [
            each | {name: rows[name].get(each.get(f"{name}Id")) for name in ("Product2", "Pricebook2")}
            for each in below
        ]
        found[name] = {"totalSize": len(below), "done": True, "records": shown} if below else None
    found["Account"] = rows["Account"].get(row.get("AccountId"))
    return found


def differs(copy: Copy, there: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Where the copy is not what it should be; of each record the fields that the copy has are compared."""
    lost = [f"{id} is missing" for id in there if id not in copy.live]
    more = [f"{id} is too much" for id in copy.live if id not in there]
    other = [
        f"{id}: {name}: {value!r} for {there[id].get(name)!r}"
        for id, data in copy.live.items()
        if id in there
        for name, value in data.items()
        if not _same(value, there[id].get(name))
    ]
    return lost + more + other


def _same(mine: Any, theirs: Any) -> bool:
    if isinstance(mine, Mapping):
        return isinstance(theirs, Mapping) and all(_same(value, theirs.get(name)) for name, value in mine.items())
    if isinstance(mine, list):
        return isinstance(theirs, list) and len(mine) == len(theirs) and all(map(_same, mine, theirs))
    if isinstance(mine, Decimal):
        return theirs is not None and mine == Decimal(str(theirs))
    if isinstance(mine, bool) or mine is None:
        return mine == (theirs or (False if mine is not None else None))
    return bool(mine == (theirs.replace("+0000", "Z") if isinstance(theirs, str) else theirs))
