"""A deal is won in a CRM, becomes an invoice in a real ERP, is paid there, and the deal says so; then all is quiet."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from billsync import assets
from billsync_connectors.tryton.sandbox import TrytonSandbox
from tests.cli.place import Place
from tests.crm.people import InHubSpot, InSalesforce, People

_NUMBERS = itertools.count(1)
WRITES = {"POST", "PUT", "PATCH", "DELETE"}
READS = ("/search", "/batch/read", "/token", "/introspect")


@pytest.fixture(params=[InSalesforce, InHubSpot])
def people(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[People]:
    made: People = request.param(tmp_path / "crm")
    made.box.up()
    yield made
    made.box.down()


@pytest.fixture
def place(
    people: People,
    tryton_sandbox: TrytonSandbox,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Place:
    """The example configuration as shipped, but for where the ERP is, what the CRM begins with, and the numbers."""
    erp = tryton_sandbox.up()
    password = tmp_path / "erp-password"
    password.write_text(erp["password"])
    password.chmod(0o600)
    there = f"url: {erp['url']}\n    user: {erp['user']}\n    password: file:erp-password"
    text = assets.example_config(people.config)
    for old, new in (
        ("sandbox: {folder: crm}", "sandbox: {folder: crm, options: {seed: none}}"),
        ("sandbox: {folder: erp}", there),
        ("INV-{year}-{seq:06}", f"C{next(_NUMBERS)}-" + "{seq:03}"),
        ("through: 2017-12-31", "through: 2026-04-30"),
    ):
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    made = Place(tmp_path, capsys, monkeypatch)
    made.write("billsync.yaml", text)
    return made


def synced(place: Place) -> dict[str, Any]:
    """One run; what it did."""
    said = place.billsync("sync", "--format", "json")
    assert said.code == 0, said.out + said.err + json.dumps(place.problems(), indent=1)
    counts: dict[str, Any] = said.json["counts"]
    return counts


def written(people: People) -> list[str]:
    """Requests since the log was emptied that change something."""
    rows = people.box.admin("GET", "log")["requests"]
    paths = [(row["method"], row["path"].partition("?")[0], str(row.get("body") or "")) for row in rows]
    return [f"{method} {path}" for method, path, body in paths if method in WRITES and not _reads(path, body)]


def _reads(path: str, body: str) -> bool:
    """Whether a POST only asks: a search, a token, or several GETs in one request."""
    if path.endswith("/composite"):
        return all(part["method"] == "GET" for part in json.loads(body)["compositeRequest"])
    return path.endswith(READS)


def test_a_deal_is_won_invoiced_paid_and_told(people: People, place: Place, tryton_sandbox: TrytonSandbox) -> None:
    people.agree("Muster & S\N{LATIN SMALL LETTER O WITH DIAERESIS}hne", "3", "99.95")
    people.wait()
    assert "invoices made" not in synced(place)  # it is not won yet
    assert people.shown()["numbers"] is None

    people.win("2026-03-31")
    people.wait()
    synced(place)
    (listed,) = place.billsync("invoice", "list", "--format", "json").json
    number = listed["number"]
    there = next(row for row in tryton_sandbox.invoices() if row["reference"] == number)
    assert (there["state"], there["total_amount"], there["amount_to_pay"]) == (
        "posted",
        Decimal("299.85"),
        Decimal("299.85"),
    )
    told = people.shown()
    assert (told["numbers"], told["amount"], told["paid_on"]) == (number, Decimal("299.85"), None)
    assert told["state"] in ("Invoiced", "sent")
    assert told["issued_on"] == listed["issued_on"]

    tryton_sandbox.pay(number, Decimal("299.85"), date(2026, 4, 20), "bank transfer")
    people.wait()
    synced(place)
    told = people.shown()
    assert (told["state"].lower(), told["paid_on"]) == ("paid", "2026-04-20")

    assert written(people)
    before = people.shown(), tryton_sandbox.invoices()
    people.wait()
    people.box.admin("DELETE", "log")
    counts = synced(place)
    assert written(people) == []
    assert not any("writes" in name for name in counts), counts
    assert (people.shown(), tryton_sandbox.invoices()) == before
