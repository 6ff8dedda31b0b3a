"""The `netsuite` package, unchanged but for the address: it signs with OAuth 1.0 and asks REST and SuiteQL."""

from __future__ import annotations

import asyncio
import warnings
from collections.abc import Callable
from typing import Any

import pytest

from tests.netsuite.stand_in import ACCOUNT, StandIn, line, sale

with warnings.catch_warnings(record=True):  # authlib warns of httpx as it is imported, whatever the filters say
    netsuite = pytest.importorskip("netsuite", reason="pip install --no-deps netsuite authlib")
    Refused = pytest.importorskip("netsuite.exceptions").NetsuiteAPIRequestError
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # it calls httpx and oauthlib by old names


def sdk(account: StandIn, **wrong: str) -> Any:
    keys = {
        "consumer_key": "standin-consumer", "consumer_secret": "standin-consumer-secret",
        "token_id": "standin-token", "token_secret": "standin-token-secret", **wrong,
    }  # fmt: skip
    made = netsuite.NetSuite(netsuite.Config(account=ACCOUNT, auth=netsuite.TokenAuth(**keys))).rest_api
    made._make_url = lambda subpath: f"{account.url}/services/rest{subpath}"  # its scheme and host are built in
    return made


def run(story: Callable[[], Any]) -> None:
    asyncio.run(story())


def test_records_and_queries(account: StandIn) -> None:
    api = sdk(account)

    async def story() -> None:
        body = {"companyName": "Acme & Söhne", "subsidiary": {"id": "1"}, "currency": {"id": "1"}}
        assert await api.put("/record/v1/customer/eid:crm-1", json=body) is None
        assert await api.put("/record/v1/customer/eid:crm-1", json={"email": "ap@acme.test"}) is None
        found = await api.get("/record/v1/customer/eid:crm-1")
        assert (found["companyName"], found["email"]) == ("Acme & Söhne", "ap@acme.test")
        invoice = sale(found["id"], line(19.99, 3), externalId="inv-1")
        await api.post("/record/v1/invoice", json=invoice)
        listed = await api.get("/record/v1/invoice", params={"limit": 10, "q": 'externalId IS "inv-1"'})
        assert listed["totalResults"] == 1
        rows = await api.suiteql("SELECT tranid, foreigntotal FROM transaction WHERE externalid = 'inv-1'", limit=5)
        assert rows["items"] == [{"links": [], "tranid": "INV101", "foreigntotal": "59.97"}]
        await api.patch(f"/record/v1/invoice/{listed['items'][0]['id']}", json={"memo": "deal 7"})
        await api.delete("/record/v1/invoice/eid:inv-1")
        assert (await api.suiteql("SELECT recordid FROM deletedrecord"))["count"] == 1

    run(story)


def test_what_it_is_refused(account: StandIn) -> None:
    api = sdk(account)

    async def story() -> None:
        with pytest.raises(Refused) as wrong:
            await api.post("/record/v1/customer", json={"companyNam": "x"})
        assert (wrong.value.status_code, "NONEXISTENT_FIELD" in wrong.value.response_text) == (400, True)
        for keys in ({"token_secret": "x"}, {"consumer_key": "x"}):
            with pytest.raises(Refused) as wrong:
                await sdk(account, **keys).get("/record/v1/customer")
            assert (wrong.value.status_code, "INVALID_LOGIN" in wrong.value.response_text) == (401, True)

    run(story)


def test_its_catalogue(account: StandIn) -> None:
    api = sdk(account)

    async def story() -> None:
        assert "companyName" in (await api.jsonschema("customer"))["properties"]
        assert set((await api.openapi(["invoice"]))["paths"]) == {"/invoice"}

    run(story)


def test_more_at_once_than_are_let_in(account: StandIn) -> None:
    """Its ten at once are too many for an account whose limit is five."""
    account.set(think_ms=600)
    api = sdk(account)

    async def story() -> list[Any]:
        asked = (api.get("/record/v1/customer") for _ in range(9))
        return list(await asyncio.gather(*asked, return_exceptions=True))

    found = asyncio.run(story())
    refused = [each for each in found if isinstance(each, Refused)]
    assert 1 <= len(refused) <= 4
    assert {each.status_code for each in refused} == {429}
