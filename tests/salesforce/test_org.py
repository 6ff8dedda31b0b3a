"""The stand-in as a whole: the real data, a storm of edits while it is read, a killed process, the named sandbox."""

from __future__ import annotations

import json
import ssl
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest

from billsync.connector import NoSandbox
from billsync_connectors.salesforce.named import SalesforceSandbox
from tests.salesforce.stand_in import BASE, StandIn

FIELDS = ("Id", "Name", "AccountId", "StageName", "Amount", "CloseDate", "IsDeleted", "SystemModstamp", "NextStep")
LINES = ("Id", "OpportunityId", "Quantity", "TotalPrice", "IsDeleted", "SystemModstamp")


def test_the_sdk_reads_and_writes(sown: StandIn) -> None:
    """simple-salesforce unchanged, through TLS: query, query_all, bulk2, upsert, delete, describe."""
    sdk = sown.sdk()
    won = sdk.query_all(
        "SELECT Id, Amount, Account.Name, (SELECT TotalPrice FROM OpportunityLineItems) FROM Opportunity "
        "WHERE IsWon = true"
    )
    assert won["totalSize"] == len(won["records"]) == 4238
    assert sum(row["Amount"] for row in won["records"]) == 10_005_534
    assert all(row["Amount"] == row["OpportunityLineItems"]["records"][0]["TotalPrice"] for row in won["records"])
    assert all(row["Account"]["Name"] for row in won["records"])
    pages = list(sdk.bulk2.Opportunity.query("SELECT Id FROM Opportunity", max_records=5000, wait=0))
    assert [page.count("\n") for page in pages] == [5001, 3801]
    assert sdk.Account.upsert("External_Id__c/sdk", {"Name": "SDK"}) == 201
    assert sdk.Account.upsert("External_Id__c/sdk", {"Name": "SDK 2"}) == 200
    id = sdk.Account.get_by_custom_id("External_Id__c", "sdk")["Id"]
    assert sdk.Account.update(id, {"Phone": "1"}) == sdk.Account.delete(id) == 204
    assert len(sdk.query("SELECT Id FROM Account WHERE External_Id__c = 'sdk'", include_deleted=True)["records"]) == 1
    told = sdk.bulk2.Account.upsert(records=[{"Name": "B"}, {"Name": ""}], external_id_field="External_Id__c", wait=0)
    assert told[0]["numberRecordsFailed"] == 2
    assert sdk.Opportunity.describe()["keyPrefix"] == "006"
    assert sdk.api_usage["api-usage"].total == 100_000


def read(org: StandIn, object: str, fields: tuple[str, ...], copy: dict[str, Any], since: str, between: Any) -> str:
    """One pass of a reader that does it right: from its cursor, by (SystemModstamp, Id), deleted records too."""
    latest = since
    soql = f"SELECT+{','.join(fields)}+FROM+{object}+WHERE+SystemModstamp>={since}+ORDER+BY+SystemModstamp,Id"
    url = f"{BASE}/queryAll?q={soql}"
    while url:
        found = json.loads(org.ask("GET", url).text, parse_float=Decimal)
        for row in found["records"]:
            copy[row["Id"]] = {name: row[name] for name in fields}
            latest = max(latest, row["SystemModstamp"][:19] + "Z")
        url = found.get("nextRecordsUrl", "")
        between()
    return latest


def test_a_copy_equals_the_org_after_a_storm(sown: StandIn) -> None:
    """A thousand edits, deletes and merges while it is read, some of them committed minutes late."""
    sown.admin("POST", "clock", {"set": "2026-12-24T12:00:00Z", "tick_ms": 700})
    sown.login()
    deals: dict[str, Any] = {}
    lines: dict[str, Any] = {}
    done: dict[str, int] = {}
    seeds = iter(range(20))

    def storm() -> None:
        seed = next(seeds, None)
        if seed is not None:
            made = sown.admin("POST", "storm", {"seed": seed, "edits": 50, "late_s": 120})
            done.update({name: done.get(name, 0) + count for name, count in made.items()})

    start = "2017-01-01T00:00:00Z"
    for object, fields, copy in (("Opportunity", FIELDS, deals), ("OpportunityLineItem", LINES, lines)):
        read(sown, object, fields, copy, start, storm)
    for _ in range(20):
        storm()
    sown.forward(300)
    assert {"deal", "line", "merge", "deal deleted", "late"} <= set(done)
    overlap = "2026-12-24T11:50:00Z"
    for object, fields, copy in (("Opportunity", FIELDS, deals), ("OpportunityLineItem", LINES, lines)):
        read(sown, object, fields, copy, overlap, lambda: None)
        truth = {id: {name: row[name] for name in fields} for id, row in sown.truth(object).items()}
        assert {id: plain(row) for id, row in copy.items()} == {id: plain(row) for id, row in truth.items()}


def plain(row: dict[str, Any]) -> dict[str, Any]:
    """Numbers as Decimals, however they came."""
    return {name: Decimal(str(value)) if type(value) in (int, float, Decimal) else value for name, value in row.items()}


def test_a_killed_org_comes_back_with_all_that_it_had(folder: Path) -> None:
    org = StandIn(folder)
    org.start()
    try:
        org.login()
        org.set(session_s=5000)
        org.stand()
        org.login()
        id = org.human(
            "create", "Opportunity", Name="O 🎉", StageName="Closed Won", CloseDate="2026-01-31", Amount="99999999.99"
        )
        late = org.human("create", "Account", Name="late", late=60)
        before = org.truth("Opportunity")
        org.kill()
        org.start()
        assert org.truth("Opportunity") == before
        assert org.ask("GET", f"sobjects/Opportunity/{id}").json()["Amount"] == 99999999.99
        assert org.truth("Account") == {}
        org.forward(60)
        assert org.human("create", "Account", Name="next") > late
        assert next(iter(org.truth("Account"))) == late
    finally:
        org.stop()


def test_a_sandbox_that_cannot_be_furnished_does_not_stay(folder: Path) -> None:
    sandbox = SalesforceSandbox(folder, options={"page_max": "many", "seed": "none"})
    try:
        with pytest.raises(NoSandbox, match="page_max"):
            sandbox.up()
        assert not sandbox.running()
    finally:
        sandbox.down()


def test_the_named_sandbox_starts_stops_and_keeps_its_data(folder: Path, running: StandIn) -> None:
    folder.mkdir()
    for name in ("certificate.pem", "key.pem"):  # it would make its own: a second of work
        (folder / name).write_bytes((running.folder / name).read_bytes())
    sandbox = SalesforceSandbox(folder, options={"page_max": "300", "seed": "none"})
    told = sandbox.up()
    try:
        assert sandbox.admin("GET", "settings")["page_max"] == 300
        assert sandbox.fault("error", {"status": "502"})["status"] == 502
        assert {row["fault"] for row in sandbox.faults()} >= {"expire", "lock"}
        id = sandbox.admin("POST", "human", {"do": "create", "object": "Account", "fields": {"Name": "A"}})["id"]
        stranger = httpx.get(f"{told['url']}admin/settings", trust_env=False)
        assert stranger.status_code == 401
        file = sandbox.admin("GET", "certificate")["certificate"]
        trusted = httpx.Client(verify=ssl.create_default_context(cafile=file), trust_env=False)
        with trusted:
            url = told["url"].replace("http:", "https:")
            assert trusted.get(f"{url}services/data").status_code == 502
            form = {"grant_type": "client_credentials", "client_id": told["consumer_key"]}
            answer = trusted.post(
                f"{url}services/oauth2/token", data={**form, "client_secret": told["consumer_secret"]}
            )
            assert answer.json()["instance_url"] == url.rstrip("/")
        sandbox.down()
        assert not sandbox.running()
        with pytest.raises(NoSandbox):
            sandbox.admin("GET", "settings")
        assert sandbox.up() == told
        assert [row["Id"] for row in sandbox.admin("GET", "records?object=Account")["records"]] == [id]
    finally:
        sandbox.down()
