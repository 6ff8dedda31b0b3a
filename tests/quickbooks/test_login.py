"""Tokens that end, that change their value, and that a person takes back."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import httpx

from tests.quickbooks.stand_in import REALM, StandIn, code

DAY = 86_400


def refreshed(company: StandIn, token: str) -> httpx.Response:
    return company.grant(grant_type="refresh_token", refresh_token=token)


def test_a_person_says_yes(company: StandIn) -> None:
    asked = {"client_id": "ABstandin", "redirect_uri": "http://localhost:5/cb", "state": "s", "response_type": "code"}
    answer = company.http.get(f"{company.url}/connect/oauth2", params=asked)
    assert answer.status_code == 302
    told = parse_qs(urlsplit(answer.headers["location"]).query)
    assert (told["state"], told["realmId"]) == (["s"], [REALM])
    form = {"grant_type": "authorization_code", "code": told["code"][0], "redirect_uri": "http://localhost:5/cb"}
    assert company.grant(**{**form, "redirect_uri": "http://evil"}).json()["error"] == "invalid_grant"
    assert company.grant(**form).status_code == 200
    assert company.grant(**form).json()["error"] == "invalid_grant"  # a code is good once
    answer = company.http.get(f"{company.url}/connect/oauth2", params={**asked, "client_id": "other"})
    assert answer.status_code == 400


def test_what_a_token_answer_says(company: StandIn) -> None:
    found = refreshed(company, company.refresh).json()
    assert set(found) == {"token_type", "access_token", "expires_in", "refresh_token", "x_refresh_token_expires_in"}
    assert (found["token_type"], found["expires_in"]) == ("bearer", 3600)
    form = {"grant_type": "refresh_token", "refresh_token": company.refresh}
    hard = {"x-include-refresh-token-hard-expires-in": "true"}
    url = f"{company.url}/oauth2/v1/tokens/bearer"
    answer = company.http.post(url, data=form, headers=hard, auth=("ABstandin", "stand-in"))
    assert 157_600_000 < answer.json()["x_refresh_token_hard_expires_in"] <= 157_680_000
    assert company.grant(("ABstandin", "wrong"), **form).status_code == 401


def test_the_value_changes_once_a_day_and_the_old_one_dies(company: StandIn) -> None:
    company.stand()
    company.login()
    first = company.refresh
    company.forward(DAY - 1)
    assert refreshed(company, first).json()["refresh_token"] == first
    company.forward(1)
    second = refreshed(company, first).json()["refresh_token"]
    assert second != first
    lost = refreshed(company, first)
    assert (lost.status_code, lost.json()["error"]) == (400, "invalid_grant")
    assert refreshed(company, second).status_code == 200


def test_a_grace_where_there_is_one(company: StandIn) -> None:
    company.stand()
    company.set(refresh_grace_s=60, rotate_after_s=0)
    company.login()
    second = refreshed(company, company.refresh).json()["refresh_token"]
    assert refreshed(company, company.refresh).json()["refresh_token"] == second
    company.forward(61)
    assert refreshed(company, company.refresh).status_code == 400


def test_a_consent_ends_when_it_is_not_used_and_after_five_years(company: StandIn) -> None:
    company.stand()
    company.login()
    token = company.refresh
    for _ in range(19):
        company.forward(99 * DAY)
        answer = refreshed(company, token)
        if answer.status_code != 200:
            break
        token = answer.json()["refresh_token"]
    assert answer.json()["error"] == "invalid_grant"
    company.login()
    company.forward(101 * DAY)
    assert refreshed(company, company.refresh).json()["error"] == "invalid_grant"


def test_an_access_token_lasts_an_hour(company: StandIn) -> None:
    company.stand()
    company.login()
    company.forward(3600)
    answer = company.ask("GET", "companyinfo/1")
    assert code(answer) == (401, "3200")
    assert set(answer.json()) >= {"warnings", "intuitObject", "fault"}  # not the Fault of the service
    assert company.ask("GET", "/v3/company/1/companyinfo/1").status_code == 401
    company.login()
    assert code(company.ask("GET", "/v3/company/1/companyinfo/1")) == (403, "3100")


def test_a_person_disconnects(company: StandIn) -> None:
    company.admin("POST", "disconnect")
    assert company.ask("GET", "companyinfo/1").status_code == 401
    assert refreshed(company, company.refresh).json()["error"] == "invalid_grant"
    company.login()
    answer = company.http.post(
        f"{company.url}/v2/oauth2/tokens/revoke", json={"token": company.refresh}, auth=("ABstandin", "stand-in")
    )
    assert answer.status_code == 200
    assert company.ask("GET", "companyinfo/1").status_code == 401


def test_no_token_is_kept_or_logged(company: StandIn) -> None:
    company.invoice(company.customer())
    refreshed(company, company.refresh)
    kept = b"".join(path.read_bytes() for path in company.folder.iterdir())
    assert company.refresh.encode() not in kept
    assert company.access.encode() not in kept
    assert company.refresh not in str(company.admin("GET", "log"))
