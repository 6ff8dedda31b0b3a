"""What a real portal answered is golden: the stand-in gives the same fields, of the same types."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from tests.hubspot.account import Account

RECORDED: dict[str, Any] = json.loads((Path(__file__).parent / "recorded.json").read_text(encoding="utf-8"))
INSTANT = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z"


def shape(value: Any) -> Any:
    """The form of a value: names, types, instants and ids told apart from other text."""
    if isinstance(value, dict):
        return {name: shape(item) for name, item in value.items()}
    if isinstance(value, list):
        return [shape(item) for item in value]
    if isinstance(value, str):
        return "instant" if re.fullmatch(INSTANT, value) else "digits" if value.isdigit() else "text"
    return type(value).__name__


def test_a_search(account: Account) -> None:
    account.forward(0.88)
    properties = {"dealname": "A", "amount": "3000", "dealstage": "appointmentscheduled"}
    account.human("create", "deals", properties=properties, copies=2)
    found = account.sent("POST", "/crm/v3/objects/deals/search", {"limit": 1})
    assert shape(found) == shape(RECORDED["search deals"])
    assert found["results"][0]["url"].split("/")[3:-1] == ["contacts", "62515", "record", "0-3"]


def test_the_headers_of_an_oauth_app(account: Account) -> None:
    code = account.admin("POST", "oauth/install", {"code": "c1"})["code"]
    form = {"grant_type": "authorization_code", "code": code, "client_id": "an-app", "client_secret": "its-secret"}
    token = account.http.post(f"{account.url}/oauth/v1/token", data=form).json()["access_token"]
    answers = [account.ask("GET", "/crm/v3/objects/deals", token=token) for _ in range(8)]
    headers = {name: value for name, value in answers[-1].headers.items() if name.startswith("x-hubspot")}
    known = RECORDED["headers of an OAuth app"]
    assert {**headers, "x-hubspot-correlation-id": ""} == {
        **known, "x-hubspot-ratelimit-secondly-remaining": "11", "x-hubspot-correlation-id": "",
    }  # fmt: skip
    pattern = r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
    assert re.fullmatch(pattern, known["x-hubspot-correlation-id"])
    assert re.fullmatch(pattern, headers["x-hubspot-correlation-id"])


def test_a_batch_update(account: Account) -> None:
    account.forward(0.757)
    known = RECORDED["batch update companies"]
    id = account.made("companies", name="X", domain="test2.com", city="Berlin")
    account.forward(0.2)
    wanted = {"city": "Boston", "industry": "COMPUTER_SOFTWARE"}
    found = account.sent(
        "POST", "/crm/v3/objects/companies/batch/update", {"inputs": [{"id": id, "properties": wanted}]}, status=200
    )
    assert shape(found) == shape(known)


def test_the_pipelines(account: Account) -> None:
    found = account.got("/crm/v3/pipelines/deals")
    known = RECORDED["pipelines of deals"]["results"][0]
    (pipeline,) = found["results"]
    assert {name: pipeline[name] for name in ("label", "displayOrder", "id")} == {
        name: known[name] for name in ("label", "displayOrder", "id")
    }
    (stage,) = known["stages"]
    assert {name: pipeline["stages"][0][name] for name in stage} == stage


def test_a_property_that_is_made(account: Account) -> None:
    account.forward(0.114)
    known = RECORDED["property made"]
    own = {name: known[name] for name in ("name", "label", "type", "fieldType", "groupName", "description")}
    found = account.sent("POST", "/crm/v3/properties/contacts", own)
    times = {"updatedAt": "2026-09-01T12:00:00.114Z", "createdAt": "2026-09-01T12:00:00.114Z"}
    assert found == {**known, **times}


def test_an_association_that_is_made_in_v3(account: Account) -> None:
    account.forward(0.664)
    contact, company = account.made("contacts", email="a@example.com"), account.made("companies", name="X")
    pair = {"from": {"id": contact}, "to": {"id": company}, "type": "contact_to_company"}
    found = account.sent("POST", "/crm/v3/associations/contacts/companies/batch/create", {"inputs": [pair]})
    known = RECORDED["association made in v3"]
    assert shape(found) == shape(known)
    assert [row["type"] for row in found["results"]] == [row["type"] for row in known["results"]]
