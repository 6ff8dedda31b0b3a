"""Log-ins: tokens that end, are exchanged, are rotated; limits that are told in several forms."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from pydantic import SecretStr

from billsync.connector import Memory, TryLater
from billsync_connectors.hubspot.config import HubSpotSettings
from tests.hubspot.account import Account
from tests.hubspot.reader import calls, faults, opened, read, small


class Kept(Memory):
    """Keeps, and says when: what was kept, and how many requests HubSpot had had by then."""

    def __init__(self, account: Account) -> None:
        super().__init__()
        self.account, self.inside = account, 0
        self.puts: list[tuple[str, int, int]] = []

    def put(self, name: str, value: str) -> None:
        asked = len([row for row in calls(self.account) if "oauth" not in row])
        self.puts.append((json.loads(value)["refresh"], self.inside, asked))
        super().put(name, value)

    @contextmanager
    def alone(self, name: str) -> Iterator[None]:
        self.inside += 1
        yield
        self.inside -= 1


def _refresh(account: Account, code: str = "a-code") -> str:
    account.admin("POST", "oauth/install", {"code": code})
    form = {"grant_type": "authorization_code", "client_id": "an-app", "client_secret": "its-secret", "code": code}
    answer = account.http.post(f"{account.url}/oauth/2026-03/token", data=form)
    return str(answer.json()["refresh_token"])


def _app(account: Account, refresh: str) -> dict[str, Any]:
    return {
        "client_id": "an-app",
        "client_secret": SecretStr("its-secret"),
        "refresh_token": SecretStr(refresh),
        "search_lag_s": 60,
    }


def test_an_access_token_that_ends_in_mid_read_is_renewed_and_nothing_is_read_twice(account: Account) -> None:
    account.set(oauth_burst_max=100_000, rotate_refresh=True)
    small(account, deals=9)
    refresh, kept = _refresh(account), Kept(account)

    def over(number: int, _page: Any) -> None:
        if number == 0:
            account.admin("POST", "oauth/expire")

    account.admin("DELETE", "log")
    with opened(account, kept, page_size=4, **_app(account, refresh)) as connector:
        copy = read(connector, "deals", between=over)
    assert faults(account, "deals", copy) == []
    assert [inside for _, inside, _ in kept.puts] == [1, 1]  # alone
    assert kept.puts[0][2] == 0  # kept before anything was asked with what came with it
    assert len({refresh, kept.puts[0][0], kept.puts[1][0]}) == 3  # each was exchanged for another


def test_the_next_process_goes_on_with_what_was_kept_and_a_new_refresh_token_counts(account: Account) -> None:
    account.set(rotate_refresh=True)
    refresh, kept = _refresh(account), Kept(account)
    for _ in range(2):
        with opened(account, kept, **_app(account, refresh)) as connector:
            connector.check()
    assert len(kept.puts) == 1  # the second one used the first one's access token
    account.admin("POST", "oauth/expire")
    with (
        opened(account, kept, **_app(account, refresh)) as first,
        opened(account, kept, **_app(account, refresh)) as second,
    ):
        first.check()
        second.check()  # finds the first one's
    assert len(kept.puts) == 2
    with opened(account, kept, **_app(account, _refresh(account, "another"))) as connector:
        connector.check()
    assert len(kept.puts) == 3


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"refresh_token": SecretStr("nobody-gave-this")}, "install the app again"),
        ({"client_secret": SecretStr("another-secret")}, "check client_id and client_secret"),
    ],
)
def test_an_app_that_is_not_let_in_says_what_to_do_and_no_secret(
    account: Account, change: dict[str, Any], told: str
) -> None:
    own = {**_app(account, _refresh(account)), **change}
    with opened(account, **own) as connector, pytest.raises(TryLater, match=told) as caught:
        connector.check()
    assert caught.value.offline
    assert not any(word.get_secret_value() in caught.value.message for word in change.values())


def test_a_wrong_service_key_is_told_without_showing_it(account: Account) -> None:
    with (
        opened(account, token="pat-na1-wrong-wrong") as connector,
        pytest.raises(TryLater, match="not accepted") as told,
    ):
        connector.check()
    assert "wrong-wrong" not in told.value.message


def test_limits_are_waited_for_where_they_are_short_and_told_where_they_are_long(account: Account) -> None:
    small(account, deals=2)
    with opened(account) as connector:
        waits: list[float] = []
        connector.session.pace.sleep = waits.append
        account.fault("busy")
        account.fault("busy", policy="SECONDLY")
        account.fault("locked")
        connector.fetch("deals", list(account.documents("deals")))
        assert waits == [10, 1, 2]
        for fault, options, reason, after in (
            ("busy", {"policy": "DAILY"}, "daily_limit", 3600),
            ("busy", {"retry_after": "120"}, "rate_limited", 120),
            ("migrating", {"retry_after": "7200"}, "migrating", 7200),
        ):
            account.fault(fault, **options)
            with pytest.raises(TryLater) as told:
                connector.fetch("deals", list(account.documents("deals")))
            assert (told.value.reason, told.value.after_s) == (reason, after)


def test_it_keeps_within_the_limits_by_itself(account: Account) -> None:
    """By a clock of its own: HubSpot never has to say no."""
    at, waits = [0], []

    def sleep(seconds: float) -> None:
        waits.append(seconds)
        at[0] += int(seconds * 1e9) + 1
        account.forward(seconds)

    account.ready(burst_max=40)
    with opened(account, searches_per_s=4, calls_share=100) as connector:
        pace = connector.session.pace
        pace.sleep, pace._clock = sleep, lambda: at[0]
        for _ in range(130):
            connector.fetch("deals", ["1"])
        connector._definitions.properties("deals")
    assert {row["status"] for row in account.admin("GET", "log")["requests"]} <= {200, 207}
    assert len(waits) >= 3


def test_settings_that_cannot_be_are_refused() -> None:
    for wrong in ({}, {"token": "x", "version": "v3"}, {"token": "x", "status": {"colour": "x"}}, {"client_id": "a"}):
        with pytest.raises(ValueError, match=r"expected|not one of|pattern"):
            HubSpotSettings(**wrong)
