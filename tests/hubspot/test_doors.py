"""Who may ask, how often, and under which version: tokens, scopes, limits, paths."""

from __future__ import annotations

from typing import Any

import pytest

from tests.hubspot.account import TOKEN, Account, refusal

APP = {"client_id": "an-app", "client_secret": "its-secret"}


def tokens(account: Account, path: str = "/oauth/v1/token", **form: str) -> Any:
    return account.http.post(f"{account.url}{path}", data={**APP, **form})


def granted(account: Account) -> dict[str, Any]:
    code = account.admin("POST", "oauth/install", {"code": "c1"})["code"]
    found: dict[str, Any] = tokens(account, grant_type="authorization_code", code=code, redirect_uri="https://x").json()
    return found


def test_without_a_token_or_with_a_wrong_one_nobody_gets_in(account: Account) -> None:
    for token in ("", "pat-na1-other"):
        status, category, message = refusal(account.ask("GET", "deals", token=token))
        assert (status, category) == (401, "INVALID_AUTHENTICATION")
        assert message.startswith("Authentication credentials not found. This API supports OAuth 2.0")


def test_an_access_token_lives_half_an_hour(account: Account) -> None:
    found = granted(account)
    assert (found["token_type"], found["expires_in"], found["hub_id"]) == ("bearer", 1800, 62515)
    assert account.ask("GET", "deals", token=found["access_token"]).status_code == 200
    account.forward(1807)
    answer = account.ask("GET", "deals", token=found["access_token"])
    message = "The OAuth token used to make this call expired 7 second(s) ago."
    assert refusal(answer) == (401, "EXPIRED_AUTHENTICATION", message)
    again = tokens(account, "/oauth/2026-03/token", grant_type="refresh_token", refresh_token=found["refresh_token"])
    assert again.json()["refresh_token"] == found["refresh_token"]
    assert account.ask("GET", "deals", token=again.json()["access_token"]).status_code == 200


def test_a_token_may_expire_in_mid_page(account: Account) -> None:
    for number in range(3):
        account.made("companies", name=f"C{number}")
    token = granted(account)["access_token"]
    after = account.ask("GET", "companies", token=token, limit="2").json()["paging"]["next"]["after"]
    account.admin("POST", "oauth/expire")
    assert refusal(account.ask("GET", "companies", token=token, limit="2", after=after))[1] == "EXPIRED_AUTHENTICATION"
    fresh = granted(account)["access_token"]
    assert len(account.ask("GET", "companies", token=fresh, limit="2", after=after).json()["results"]) == 1


def test_a_rotating_refresh_token_is_good_once(account: Account) -> None:
    account.set(rotate_refresh=True)
    first = granted(account)["refresh_token"]
    second = tokens(account, grant_type="refresh_token", refresh_token=first).json()["refresh_token"]
    assert second != first
    answer = tokens(account, grant_type="refresh_token", refresh_token=first)
    told = answer.json()
    assert (answer.status_code, told["status"], told["error"]) == (400, "BAD_REFRESH_TOKEN", "invalid_grant")


@pytest.mark.parametrize(
    ("form", "status"),
    [
        ({"grant_type": "authorization_code", "code": "nonsense"}, "BAD_AUTH_CODE"),
        ({"grant_type": "password"}, "BAD_GRANT_TYPE"),
        ({"grant_type": "refresh_token", "client_secret": "wrong"}, "BAD_CLIENT_SECRET"),
        ({"grant_type": "refresh_token", "client_id": "wrong"}, "BAD_CLIENT_ID"),
    ],
)
def test_tokens_are_not_given_to_everybody(account: Account, form: dict[str, str], status: str) -> None:
    answer = tokens(account, **form)
    assert (answer.status_code, answer.json()["status"]) == (400, status)


def test_a_token_tells_about_itself_and_an_app_may_be_uninstalled(account: Account) -> None:
    found = granted(account)
    about = account.http.get(f"{account.url}/oauth/v1/access-tokens/{found['access_token']}").json()
    assert (about["hub_id"], about["app_id"], about["expires_in"]) == (62515, 54321, 1800)
    account.http.delete(f"{account.url}/oauth/v1/refresh-tokens/{found['refresh_token']}")
    assert tokens(account, grant_type="refresh_token", refresh_token=found["refresh_token"]).status_code == 400


def test_a_scope_that_is_missing_is_named(account: Account) -> None:
    account.set(scopes="crm.objects.deals.read")
    assert account.ask("GET", "deals").status_code == 200
    assert account.ask("POST", "deals/search", {}).status_code == 200
    answer = account.ask("POST", "deals", {"properties": {}})
    status, category, message = refusal(answer)
    assert (status, category) == (403, "MISSING_SCOPES")
    assert message.startswith("This app hasn't been granted all required scopes to make this call.")
    assert answer.json()["context"]["requiredGranularScopes"] == ["crm.objects.deals.write"]
    assert refusal(account.ask("GET", "invoices"))[0] == 403


# ---------------------------------------------------------------- limits


def test_ten_seconds_have_so_many_requests_and_replies_say_how_many_are_left(account: Account) -> None:
    account.set(burst_max=3)
    left = []
    for _ in range(3):
        answer = account.ask("GET", "deals")
        left.append(answer.headers["X-HubSpot-RateLimit-Remaining"])
        account.forward(1)
    assert left == ["2", "1", "0"]
    refused = account.ask("GET", "deals")
    told = refused.json()
    assert refused.status_code == 429
    assert (told["policyName"], told["errorType"]) == ("TEN_SECONDLY_ROLLING", "RATE_LIMIT")
    assert told["message"] == "You have reached your ten_secondly_rolling limit."
    assert "Retry-After" not in refused.headers
    assert answer.headers["X-HubSpot-RateLimit-Interval-Milliseconds"] == "10000"
    account.forward(7)
    assert account.ask("GET", "deals").status_code == 200


def test_five_searches_a_second_and_not_a_word_of_it_in_headers(account: Account) -> None:
    answers = [account.ask("POST", "deals/search", {}) for _ in range(6)]
    assert [answer.status_code for answer in answers] == [200] * 5 + [429]
    assert (answers[5].json()["policyName"], answers[5].json()["message"]) == (
        "SECONDLY", "You have reached your secondly limit.",
    )  # fmt: skip
    assert not any(name.lower().startswith("x-hubspot-ratelimit") for row in answers for name in row.headers)
    account.forward(1)
    assert account.ask("POST", "deals/search", {}).status_code == 200


def test_a_day_has_its_own_limit_until_midnight_where_the_account_is(account: Account) -> None:
    account.set(daily_max=2, time_zone="America/New_York")
    assert [account.ask("GET", "deals").status_code for _ in range(3)] == [200, 200, 429]
    assert account.ask("GET", "deals").json()["policyName"] == "DAILY"
    account.forward(12 * 3600)
    assert account.ask("GET", "deals").status_code == 429
    account.forward(4 * 3600)
    answer = account.ask("GET", "deals")
    assert answer.headers["X-HubSpot-RateLimit-Daily-Remaining"] == "1"


def test_an_oauth_app_has_another_limit_and_no_daily_one(account: Account) -> None:
    account.set(oauth_burst_max=2, daily_max=0)
    token = granted(account)["access_token"]
    answers = [account.ask("GET", "deals", token=token) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert "X-HubSpot-RateLimit-Daily" not in answers[0].headers
    assert account.ask("GET", "deals").json()["policyName"] == "DAILY"


# ---------------------------------------------------------------- versions


PATHS = [
    "/crm/objects/2026-03/deals", "/crm/objects/2026-09/deals", "/crm/v3/objects/deals", "/crm/v3/objects/0-3",
    "/crm/properties/2026-03/deals", "/crm/v3/properties/deals", "/crm/v3/pipelines/deals", "/crm/v3/owners/",
    "/crm/pipelines/2026-03/deals", "/crm/v4/associations/deals/companies/labels", "/account-info/v3/details",
]  # fmt: skip


@pytest.mark.parametrize("path", PATHS)
def test_dated_and_legacy_paths_stand_side_by_side(account: Account, path: str) -> None:
    assert account.ask("GET", path).status_code == 200


def test_legacy_paths_and_old_versions_end(account: Account) -> None:
    account.set(legacy=False, versions="2026-09")
    assert refusal(account.ask("GET", "/crm/v3/objects/deals")) == (404, "", "resource not found")
    assert account.ask("GET", "/crm/objects/2026-03/deals").status_code == 404
    assert account.ask("GET", "/crm/objects/2026-09/deals").status_code == 200


def test_from_september_on_an_accounts_own_rules_bind(account: Account) -> None:
    account.set(required="deals.closedate")
    body = {"properties": {"dealname": "A"}}
    assert account.ask("POST", "/crm/objects/2026-03/deals", body).status_code == 201
    refused = account.ask("POST", "/crm/objects/2026-09/deals", body)
    assert refusal(refused) == (400, "VALIDATION_ERROR", "Some required properties were not set: closedate")
    body["properties"]["closedate"] = "2026-10-01"
    assert account.ask("POST", "/crm/objects/2026-09/deals", body).status_code == 201


def test_definitions_of_properties_and_stages_are_there(account: Account) -> None:
    rows = {row["name"]: row for row in account.got("/crm/properties/2026-03/contacts")["results"]}
    assert rows["email"]["hasUniqueValue"] is True
    assert rows["hs_object_id"]["modificationMetadata"]["readOnlyValue"] is True
    own = {"name": "plan", "label": "Plan", "groupName": "deal", "type": "enumeration", "fieldType": "select"}
    options = [{"label": "Gold", "value": "gold", "displayOrder": 0, "hidden": False}]
    account.sent("POST", "/crm/v3/properties/deals", {**own, "options": options}, status=201)
    assert account.ask("POST", "/crm/v3/properties/deals", own).status_code == 409
    account.made("deals", plan="gold")
    assert account.ask("POST", "deals", {"properties": {"plan": "tin"}}).status_code == 400
    account.sent("DELETE", "/crm/v3/properties/deals/plan")
    assert account.ask("POST", "deals", {"properties": {"plan": "gold"}}).status_code == 400
    assert account.ask("GET", "/crm/v3/properties/deals/plan").status_code == 404
    stages = {row["id"]: row["metadata"] for row in account.got("/crm/v3/pipelines/deals/default/stages")["results"]}
    assert (stages["closedwon"], stages["closedlost"]["isClosed"]) == (
        {"isClosed": "true", "probability": "1.0"},
        "true",
    )


def test_the_clock_stands_goes_forward_and_runs_as_it_is_told(account: Account) -> None:
    assert account.admin("POST", "clock", {"advance_s": "1.5"}) == {"now": "2026-09-01T12:00:01.500Z", "still": True}
    assert account.admin("POST", "clock", {"at": "2030-01-01T00:00:00Z"})["now"] == "2030-01-01T00:00:00Z"
    running = account.admin("POST", "clock", {"run": True})
    assert (running["now"][:16], running["still"]) == ("2030-01-01T00:00", False)
    account.admin("POST", "reset")
    assert account.admin("POST", "clock", {})["now"] < "2030"


def test_the_administration_wants_its_password(account: Account) -> None:
    headers = {"Authorization": f"Bearer {TOKEN}"}
    assert account.http.get(f"{account.url}/admin/settings", headers=headers).status_code == 401
    assert account.http.get(f"{account.url}/admin/health").status_code == 200
    assert account.admin("GET", "settings")["token"] == "***"
    assert oct((account.folder / "admin-password").stat().st_mode & 0o777) == "0o600"
