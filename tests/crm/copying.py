"""Reads a whole CRM while people work in it, ten times over: afterwards the copy is what stands there, or it is told.

    python -m tests.crm.copying salesforce --seeds 10 --edits 1000

Each seed begins with the demo's 8,800 opportunities in a new stand-in, reads everything by billsync's own reader into a
real store, and has people edit, delete and merge records between the pages.  Then it reads once more, and compares.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from billsync import pull, settings, workspace
from billsync.schedule import SystemClock
from billsync.store import Store
from tests.crm.hubspot import HubSpot
from tests.crm.salesforce import Salesforce

CONFIG = """\
store: sqlite:///billsync.db
connections:
  crm: {{connector: {connector}, sandbox: {{folder: org, options: {{{options}}}}}, {settings}}}
pipelines:
  none: {{source: crm, mappings: {{inbound: []}}}}
"""
SHOWN = 5
SPREAD = 60
"""Pages between which people work."""


class Crm(Protocol):
    """One CRM, as the copying sees it."""

    connector: str
    objects: Sequence[str]
    settings: str
    options: str

    def up(self) -> None: ...
    def storm(self, seed: int, edits: int) -> dict[str, int]: ...
    def settle(self) -> None: ...
    def sweep(self) -> None: ...
    def traceless(self, fault: str) -> bool: ...
    def down(self) -> None: ...
    def truth(self) -> Mapping[str, Mapping[str, Mapping[str, Any]]]: ...
    def faults(self, object: str, id: str, shown: Mapping[str, Any], truth: Mapping[str, Any]) -> list[str]: ...


CRMS: dict[str, type[Any]] = {"salesforce": Salesforce, "hubspot": HubSpot}


@dataclass
class Result:
    """How one seed went.

    Attributes:
        acts: what people did; records: live ones there, in all; read: records that were read, again ones too.
        faults: what the copy shows otherwise; none is what is wanted.
        traceless: what the copy showed otherwise before the sweep, where the system gives no sign of such a change.
        second: records new or changed in a third read, when nothing was done any more.
    """

    acts: Counter[str] = field(default_factory=Counter)
    records: int = 0
    read: int = 0
    pages: int = 0
    faults: list[str] = field(default_factory=list)
    traceless: list[str] = field(default_factory=list)
    second: int = 0
    seconds: float = 0.0

    @property
    def equal(self) -> bool:
        """Whether the copy is what stands there, and stays so."""
        return not self.faults and not self.second

    def __str__(self) -> str:
        acts = ", ".join(f"{count} {name}" for name, count in sorted(self.acts.items()))
        found = f", {len(self.traceless)} of it found by the sweep" if self.traceless else ""
        state = "equal" if self.equal else f"{len(self.faults)} FAULTS, {self.second} news"
        return (
            f"{state}{found}; {self.records:,} records there, {self.read:,} read in {self.pages} pages, "
            f"{self.seconds:.1f} s; people: {acts}"
        )


def copied(kind: str, folder: Path, seed: int, edits: int) -> Result:
    """One seed, in an empty folder."""
    crm: Crm = CRMS[kind](folder / "org")
    begun, result = time.monotonic(), Result()
    config = folder / "billsync.yaml"
    config.write_text(CONFIG.format(connector=crm.connector, options=crm.options, settings=crm.settings))
    crm.up()
    try:
        loaded = settings.load(config)
        with (
            workspace.opened(loaded, SystemClock()) as opened,
            workspace.connected(opened, "crm") as end,
        ):
            _read(opened.store, end.connector, crm, result, Storms(crm, seed, edits, result))
            crm.settle()
            _read(opened.store, end.connector, crm, result, None)
            for fault in _compared(opened.store, crm, result):
                (result.traceless if crm.traceless(fault) else result.faults).append(fault)
            crm.sweep()
            found = _read(opened.store, end.connector, crm, result, None)
            result.second = found - len({fault.partition(":")[0] for fault in result.traceless})
            result.faults += _compared(opened.store, crm, result)
    finally:
        crm.down()
    result.seconds = time.monotonic() - begun
    return result


class Storms:
    """What people do between pages: a part of the edits after each page, all over the read; the rest when it ends."""

    def __init__(self, crm: Crm, seed: int, edits: int, result: Result) -> None:
        self._crm, self._seed, self._left, self._result = crm, seed * 1_000, edits, result
        self._part = max(1, edits // SPREAD)

    def __call__(self, _count: int = 0) -> None:
        part = min(self._part, self._left)
        if part > 0:
            self._left -= part
            self._seed += 1
            self._result.acts.update(self._crm.storm(self._seed, part))

    def rest(self) -> None:
        while self._left > 0:
            self()


def _read(store: Store, connector: Any, crm: Crm, result: Result, storms: Storms | None) -> int:
    """Every object once; how many records were new or changed."""
    news = 0

    def advance(count: int) -> None:
        result.pages += 1
        if storms is not None:
            storms(count)

    for object in crm.objects:
        seen, fresh = pull.changed(
            store, connector, "crm", object, run="r", now=SystemClock().now, report=_told(result), advance=advance
        )
        result.read += seen
        news += fresh
    if storms is not None:
        storms.rest()
    return news


def _told(result: Result) -> Any:
    def report(_tx: Any, problems: Any) -> None:
        result.faults += [f"problem: {problem}" for problem in problems]

    return report


def _compared(store: Store, crm: Crm, result: Result) -> list[str]:
    """What the copy shows otherwise."""
    truth, faults = crm.truth(), []
    result.records = 0
    for object in crm.objects:
        there, shown = truth[object], _copy(store, object)
        result.records += len(there)
        faults += [f"{object} {id} was never read" for id in there.keys() - shown.keys()]
        faults += [f"{object} {id} is gone there, and lives here" for id in shown.keys() - there.keys()]
        for id in there.keys() & shown.keys():
            faults += crm.faults(object, id, shown[id], truth)
    return faults


def _copy(store: Store, object: str) -> dict[str, Mapping[str, Any]]:
    found: dict[str, Mapping[str, Any]] = {}
    after = ""
    with store.view() as tx:
        while page := tx.inbox.page("crm", object, after=after):
            found.update({row.id: row.data for row in page})
            after = page[-1].id
    return found


def main() -> int:
    """The command; 1 where a copy differs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("crm", choices=list(CRMS))
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--edits", type=int, default=1000)
    asked = parser.parse_args()
    good = True
    for seed in range(asked.first, asked.first + asked.seeds):
        with tempfile.TemporaryDirectory(prefix="billsync-copying-") as folder:
            found = copied(asked.crm, Path(folder), seed, asked.edits)
        good = good and found.equal
        sys.stdout.write(f"seed {seed}: {found}\n")
        for fault in found.faults[:SHOWN]:
            sys.stdout.write(f"    {fault}\n")
        sys.stdout.flush()
    return 0 if good else 1


if __name__ == "__main__":
    raise SystemExit(main())
