"""The connector to the stand-in, a copy kept of what it reads, and what the account really has."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from billsync.conformance.copy import Copy
from billsync.connector import Context, Memory, Page
from billsync_connectors.hubspot.config import HubSpotSettings
from billsync_connectors.hubspot.connector import HubSpot
from tests.hubspot.account import TOKEN, Account

Told = dict[str, Any]
READ = ("companies", "contacts", "products", "deals")


def connected(account: Account, keep: Any = None, **settings: Any) -> HubSpot:
    """A connector with a service key, or what the settings say; it does not wait between searches, nor after a 429."""
    own: dict[str, Any] = {"searches_per_s": Decimal(100_000), "search_lag_s": 60, "url": account.url, **settings}
    if "refresh_token" not in own:
        own["token"] = SecretStr(own.get("token", TOKEN))
    made = HubSpot(Context("crm", Path(), keep or Memory()), HubSpotSettings(**own))
    made.session.pace.sleep = made._http._sleep = lambda _seconds: None
    return made


@contextmanager
def opened(account: Account, keep: Any = None, **settings: Any) -> Iterator[HubSpot]:
    """The same, closed at the end."""
    made = connected(account, keep, **settings)
    try:
        yield made
    finally:
        made.close()


def read(
    connector: HubSpot, object: str, copy: Copy | None = None, between: Callable[[int, Page], None] | None = None
) -> Copy:
    """One read into a copy; `between` is called after each page."""
    copy = copy or Copy()
    copy.begin()
    for number, page in enumerate(connector.read(object, copy.checkpoint)):
        copy.take(page)
        if between is not None:
            between(number, page)
    return copy


def truth(account: Account, object: str) -> dict[str, Told]:
    """The live records: values as they are written there, ids of what they are associated with."""
    return {id: row for id, row in account.documents(object).items() if not row["archived"]}


def faults(account: Account, object: str, copy: Copy) -> list[str]:
    """What a copy shows otherwise than the account has it."""
    there, lines = truth(account, object), truth(account, "line_items")
    found = [f"{id} is shown and not there" for id in copy.live.keys() - there.keys()]
    found += [f"{id} is not shown" for id in there.keys() - copy.live.keys()]
    for id in there.keys() & copy.live.keys():
        shown, row = copy.live[id].data, there[id]
        for name, value in row["properties"].items():
            if name in shown and not _same(value, shown[name]):
                found.append(f"{id}: {name} is {shown[name]!r}, and there {value!r}")
        if object == "deals":
            if sorted(shown["companies"]) != sorted(row["associations"].get("companies", ())):
                found.append(f"{id}: companies")
            wanted = sorted(
                (one, lines[one]["properties"]["quantity"]) for one in row["associations"].get("line_items", ())
            )
            if sorted((line["id"], str(line["quantity"])) for line in shown["line_items"]) != wanted:
                found.append(f"{id}: line items")
    return found


def _same(there: str, shown: Any) -> bool:
    if isinstance(shown, Decimal):
        return Decimal(there) == shown
    if hasattr(shown, "isoformat"):
        return bool(shown.isoformat()[:10] == there[:10])
    return bool(there == (str(shown).lower() if isinstance(shown, bool) else shown))


def small(account: Account, deals: int = 40) -> None:
    """Ten companies, and deals with a line each."""
    companies = [account.made("companies", name=f"Company {number}") for number in range(10)]
    for company in companies:
        contact = account.made("contacts", email=f"{company}@company.example")
        account.human("associate", "contacts", contact, to_object="companies", to=company)
    for number in range(deals):
        deal = account.made("deals", dealname=f"Deal {number}", amount="10.00", dealstage="contractsent")
        line = account.made("line_items", name="Line", price="10.00", quantity="1")
        account.human("associate", "deals", deal, to_object="companies", to=companies[number % 10])
        account.human("associate", "deals", deal, to_object="line_items", to=line)


def calls(account: Account) -> list[str]:
    """Requests since the log was cleared, by method and path without query."""
    rows = account.admin("GET", "log")["requests"]
    return [f"{row['method']} {row['path'].partition('?')[0].replace('/crm/', '')}" for row in rows]
