"""How many calls a run needs that finds nothing changed, by CRM and by path.

    python -m benchmarks.calls salesforce --records 100000

A stand-in gets so many deals, they are read into a store, time passes, and a connector as of a new process reads again:
what it asks, from the first log-in on, is counted in the stand-in's own log.
"""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import httpx

from billsync import pull, settings, workspace
from billsync.schedule import SystemClock
from billsync.store import Store
from billsync_connectors.hubspot.named import NamedHubSpot
from billsync_connectors.salesforce.named import SalesforceSandbox

CONFIG = """\
store: sqlite:///billsync.db
connections:
  crm: {{connector: {connector}, sandbox: {{folder: org, options: {{{options}}}}}}}
pipelines:
  none: {{source: crm, mappings: {{inbound: []}}}}
"""
_ID = re.compile(r"[0-9A-Za-z]{12,}|[0-9]{5,}")
_PART = 200


class SalesforceOrg:
    """An org whose opportunities are made over its own API, 200 at a time."""

    connector = "salesforce"
    objects = ("Account", "Product2", "Opportunity")
    options = 'daily_limit: "10000000"'

    def __init__(self, folder: Path) -> None:
        self.box = SalesforceSandbox(folder, options={"daily_limit": "10000000"})

    def grow(self, count: int) -> None:
        told = self.box.up()
        form = {
            "grant_type": "client_credentials",
            "client_id": told["consumer_key"],
            "client_secret": told["consumer_secret"],
        }
        with httpx.Client(base_url=told["url"], trust_env=False, timeout=120) as http:
            token = http.post("services/oauth2/token", data=form).json()["access_token"]
            http.headers["Authorization"] = f"Bearer {token}"
            for start in range(0, count, _PART):
                rows = [_opportunity(number) for number in range(start, min(start + _PART, count))]
                answer = http.post("services/data/v67.0/composite/sobjects", json={"allOrNone": True, "records": rows})
                assert answer.json()[0]["success"], answer.text


def _opportunity(number: int) -> dict[str, Any]:
    own = {"Name": f"Deal {number}", "StageName": "Prospecting", "CloseDate": "2026-01-31", "Amount": number}
    return {"attributes": {"type": "Opportunity"}, **own}


class HubSpotAccount:
    """An account with deals of its own."""

    connector = "hubspot"
    objects = ("companies", "products", "deals")
    options = 'daily_max: "10000000", burst_max: "1000000", search_per_s: "1000000"'

    def __init__(self, folder: Path) -> None:
        limits = {"daily_max": "10000000", "burst_max": "1000000", "search_per_s": "1000000"}
        self.box = NamedHubSpot(folder, options=limits)

    def grow(self, count: int) -> None:
        self.box.up()
        own = {"dealstage": "appointmentscheduled", "pipeline": "default", "amount": "5"}
        for start in range(0, count, 5_000):
            asked = {"do": "create", "object": "deals", "copies": min(5_000, count - start)}
            self.box.admin("POST", "human", {**asked, "properties": {**own, "dealname": f"Deals from {start}"}})


CRMS: dict[str, type[Any]] = {"salesforce": SalesforceOrg, "hubspot": HubSpotAccount}


def _read(folder: Path, objects: tuple[str, ...]) -> tuple[int, int]:
    """Records read and changed, by a new connector."""
    loaded, read, fresh = settings.load(folder / "billsync.yaml"), 0, 0
    with workspace.opened(loaded, SystemClock()) as opened, workspace.connected(opened, "crm") as end:
        for object in objects:
            seen, new = pull.changed(
                opened.store, end.connector, "crm", object, run="r", now=SystemClock().now, report=_fail
            )
            read, fresh = read + seen, fresh + new
    return read, fresh


def _fail(_tx: object, problems: Any) -> None:
    for problem in problems:
        raise AssertionError(str(problem))


def measure(crm: Any, folder: Path, records: int) -> dict[str, Any]:
    """Calls of the first run and of one without changes."""
    (folder / "billsync.yaml").write_text(CONFIG.format(connector=crm.connector, options=crm.options))
    crm.grow(records)
    found: dict[str, Any] = {}
    for name in ("first", "no change"):
        crm.box.admin("POST", "clock", {"advance_s": 3_600})
        crm.box.admin("DELETE", "log")
        begun = time.monotonic()
        read, fresh = _read(folder, crm.objects)
        log = crm.box.admin("GET", "log")["requests"]
        paths = Counter(f"{row['method']} {_ID.sub('ID', row['path'].partition('?')[0])}" for row in log)
        found[name] = {
            "calls": len(log),
            "read": read,
            "changed": fresh,
            "seconds": time.monotonic() - begun,
            "paths": paths,
        }
    store = Store.open(f"sqlite:///{folder}/billsync.db")
    with store.view() as tx:
        found["records"] = sum(sum(states.values()) for states in tx.inbox.counts().values())
    store.close()
    return found


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("crm", choices=list(CRMS))
    parser.add_argument("--records", type=int, default=100_000)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="billsync-calls-") as scratch:
        folder = Path(scratch)
        crm = CRMS[asked.crm](folder / "org")
        try:
            found = measure(crm, folder, asked.records)
        finally:
            crm.box.down()
    sys.stdout.write(f"{asked.crm}: {found['records']:,} records in the copy\n")
    for name in ("first", "no change"):
        one = found[name]
        told = (
            f"{one['calls']:,} calls, {one['read']:,} read, {one['changed']:,} new or changed, {one['seconds']:.1f} s"
        )
        sys.stdout.write(f"  {name} run: {told}\n")
        for path, count in one["paths"].most_common(12):
            sys.stdout.write(f"    {count:7,}  {path}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
