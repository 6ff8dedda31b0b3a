"""Consent, tokens that end and turn, organisations, scopes, and how much may be asked."""

from __future__ import annotations

import base64
import hashlib
import threading
import time
from urllib.parse import parse_qs, urlsplit

from tests.xero.house import ID, SECRET, House, invoice

BACK = "http://127.0.0.1:9999/callback"
SCOPE = "offline_access accounting.invoices accounting.contacts"


def test_a_person_says_yes_and_the_code_is_good_once(house: House) -> None:
    verifier = "v" * 43
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
    asked = {"response_type": "code", "client_id": ID, "redirect_uri": BACK, "scope": SCOPE, "state": "s-1"}
    page = house.http.get(f"{house.url}/identity/connect/authorize", params={**asked, "code_challenge": challenge})
    told = parse_qs(urlsplit(page.headers["location"]).query)
    assert (page.status_code, told["state"]) == (302, ["s-1"])
    form = {"grant_type": "authorization_code", "code": told["code"][0], "redirect_uri": BACK}
    assert house.grant(**form, code_verifier="w" * 43).json() == {"error": "invalid_grant"}
    opened = house.grant(**form, code_verifier=verifier).json()
    assert (opened["expires_in"], opened["token_type"], opened["scope"]) == (1800, "Bearer", SCOPE)
    assert house.grant(**form, code_verifier=verifier).json() == {"error": "invalid_grant"}
    refused = house.http.get(
        f"{house.url}/identity/connect/authorize", params={**asked, "scope": "accounting.transactions"}
    )
    assert refused.json() == {"error": "invalid_scope"}
    links = house.http.get(
        f"{house.url}/connections", headers={"Authorization": f"Bearer {opened['access_token']}"}
    ).json()
    assert [link["tenantName"] for link in links] == ["Demo Company (Global)", "Second Ltd"]


def test_a_refresh_token_turns_and_its_old_one_is_good_for_half_an_hour_more(house: House) -> None:
    first = house.tokens[0]["refresh_token"]
    second = house.grant(grant_type="refresh_token", refresh_token=first).json()["refresh_token"]
    assert second != first
    house.forward(1700)
    again = house.grant(grant_type="refresh_token", refresh_token=first)
    assert again.status_code == 200  # the first answer may have been lost
    house.forward(200)
    assert house.grant(grant_type="refresh_token", refresh_token=first).json() == {"error": "invalid_grant"}
    assert house.grant(grant_type="refresh_token", refresh_token=second).status_code == 200
    house.forward(61 * 86400)
    unused = again.json()["refresh_token"]
    assert house.grant(grant_type="refresh_token", refresh_token=unused).status_code == 400


def test_an_access_token_ends_and_a_custom_connection_needs_no_tenant(house: House) -> None:
    house.forward(1801)
    ended = house.ask("GET", "Organisation")
    assert (ended.status_code, ended.json()["Detail"][:13]) == (401, "TokenExpired:")
    custom = house.http.post(
        f"{house.url}/connect/token", data={"grant_type": "client_credentials"}, auth=(ID, SECRET)
    ).json()
    assert "refresh_token" not in custom
    house.token, house.unheld = custom["access_token"], True
    assert (
        house.ask("GET", "Organisation", xero_tenant_id="").json()["Organisations"][0]["Name"]
        == "Demo Company (Global)"
    )
    assert house.grant(grant_type="client_credentials", client_secret="wrong").json() == {"error": "invalid_client"}


def test_organisations_are_apart_and_none_or_another_is_403(house: House) -> None:
    house.made("Invoices", invoice("A-1"))
    other = house.admin("GET", "tenants")["tenants"]["Second Ltd"]
    assert house.ask("GET", "Invoices?page=1", xero_tenant_id=other).json()["Invoices"] == []
    house.made("Invoices", invoice("A-1"), xero_tenant_id=other)
    assert house.ask("GET", "Invoices", xero_tenant_id="00000000-1111-2222-3333-444444444444").status_code == 403
    house.unheld = True
    assert house.ask("GET", "Invoices", xero_tenant_id="").json()["Detail"] == "AuthenticationUnsuccessful"


def test_a_scope_is_needed_for_each_part(house: House) -> None:
    house.token = house.admin("POST", "consent", {"scope": "accounting.invoices.read accounting.contacts"})[
        "access_token"
    ]
    assert house.ask("GET", "Invoices").status_code == 200
    assert house.ask("PUT", "Invoices", {"Invoices": [invoice()]}).status_code == 403
    assert house.ask("GET", "Payments").json()["Detail"] == "AuthorizationUnsuccessful"


def test_the_minute_and_the_day_are_told_apart(house: House) -> None:
    house.set(minute_limit=3, day_limit=5)
    left = [house.ask("GET", "Currencies").headers["X-MinLimit-Remaining"] for _ in range(3)]
    assert left == ["2", "1", "0"]
    over = house.ask("GET", "Currencies")
    assert (over.status_code, over.content, over.headers["X-Rate-Limit-Problem"]) == (429, b"", "minute")
    house.forward(int(over.headers["Retry-After"]))
    assert [house.ask("GET", "Currencies").status_code for _ in range(3)] == [200, 200, 429]
    day = house.ask("GET", "Currencies")
    assert day.headers["X-Rate-Limit-Problem"] == "day"
    assert int(day.headers["Retry-After"]) > 3600
    house.forward(int(day.headers["Retry-After"]))
    house.token = house.admin("POST", "consent", {})["access_token"]
    assert house.ask("GET", "Currencies").headers["X-DayLimit-Remaining"] == "4"


def test_five_at_once_and_no_more(house: House) -> None:
    house.fault("slow", milliseconds=700, next=5)
    waiting = [threading.Thread(target=house.ask, args=("GET", "Currencies")) for _ in range(5)]
    for one in waiting:
        one.start()
    time.sleep(0.3)
    over = house.ask("GET", "Currencies")
    assert (over.status_code, over.headers["X-Rate-Limit-Problem"]) == (429, "concurrent")
    for one in waiting:
        one.join()
    assert house.ask("GET", "Currencies").status_code == 200
