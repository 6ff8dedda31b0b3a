"""Which request a fault strikes, and what cannot be switched on."""

from __future__ import annotations

from typing import Any

import pytest

from billsync_stand_in.faults import WHEN, Fault, Switch, switched_on
from billsync_stand_in.turned import Turned

CATALOGUE = {
    "lost": Fault("no reply", "yes"),
    "error": Fault("an error", "when", {"status": 500, **WHEN}),
    "expire": Fault("the token is over", "no", itself=True),
    "late": Fault("later", "later", {"seconds": 30}),
    "schema": Fault("another field", "yes", {"field": None}, lasting=True),
}


def on(**given: Any) -> Switch:
    return switched_on(CATALOGUE, {"fault": "lost", **given})


@pytest.mark.parametrize(
    ("given", "method", "target", "struck"),
    [
        ({}, "GET", "/a", True),
        ({"method": "post|put"}, "PUT", "/a", True),
        ({"method": "post|put"}, "GET", "/a", False),
        ({"path": "/a/"}, "GET", "/a/7?b=1", True),
        ({"path": "/a$"}, "GET", "/a?b=1", True),
        ({"path": "/a$"}, "GET", "/a/7", False),
        ({"path": "/b|/a$"}, "GET", "/a", True),
        ({"path": "/a?b=1"}, "GET", "/a?b=1&c=2", True),
        ({"fault": "schema"}, "GET", "/a", False),
    ],
)
def test_a_fault_strikes_requests_of_its_method_and_path(
    given: dict[str, Any], method: str, target: str, struck: bool
) -> None:
    assert on(**given).strikes(method, target) is struck


def test_it_lets_some_pass_and_strikes_so_many() -> None:
    switch = on(skip=1, next="2")
    assert [switch.strikes("GET", "/") for _ in range(5)] == [False, True, True, False, False]


def test_by_probability_it_is_the_same_for_the_same_seed() -> None:
    first, again = (on(probability="0.5", seed=7) for _ in range(2))
    drawn = [first.strikes("GET", "/") for _ in range(100)]
    assert drawn == [again.strikes("GET", "/") for _ in range(100)]
    assert 20 < sum(drawn) < 80


def test_whether_the_request_is_executed() -> None:
    assert [on(fault=name).before for name in ("lost", "error", "expire", "late")] == [False, True, False, True]
    assert not on(fault="error", when="after").before


@pytest.mark.parametrize(
    ("given", "code", "name"),
    [
        ({"fault": "rain"}, "BAD_FAULT", "fault"),
        ({"colour": "red"}, "UNKNOWN_OPTION", "colour"),
        ({"fault": "error", "when": "never"}, "BAD_FAULT", "when"),
        ({"fault": "error", "status": "high"}, "BAD_FAULT", "status"),
        ({"probability": "2"}, "BAD_FAULT", "probability"),
        ({"probability": "NaN"}, "BAD_FAULT", "probability"),
    ],
)
def test_what_cannot_be_is_turned_down_by_name(given: dict[str, Any], code: str, name: str) -> None:
    with pytest.raises(Turned) as turned:
        on(**given)
    assert (turned.value.status, turned.value.code, turned.value.name) == (422, code, name)
