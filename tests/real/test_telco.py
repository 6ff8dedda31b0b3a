"""Real subscriptions through the real path: a CRM's export, mappings, deals, charges, invoices in a store."""

from __future__ import annotations

import csv
import io
from decimal import Decimal

import pytest

from billsync import assets
from billsync.model.scalar import read_day
from tests.cli.place import Place

EXPORT = assets.folder("demo") / "telco_customer_churn"
TERMS = {"Electronic check": 14, "Mailed check": 30, "Bank transfer (automatic)": 0, "Credit card (automatic)": 0}


def rows() -> list[dict[str, str]]:
    with (EXPORT / "customers.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def monthly(some: list[dict[str, str]]) -> Decimal:
    return sum((Decimal(row["MonthlyCharges"]) for row in some), Decimal(0))


@pytest.fixture
def company(place: Place) -> list[dict[str, str]]:
    """A working folder with every 200th customer and all that are new, as they stand in the export."""
    everyone = rows()
    some = [row for number, row in enumerate(everyone) if number % 200 == 0 or row["tenure"] == "0"]
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(everyone[0]))
    writer.writeheader()
    writer.writerows(some)
    place.write("crm/customers.csv", text.getvalue())
    place.write("crm/plans.csv", (EXPORT / "plans.csv").read_bytes())
    for name in ("accounts", "products", "deals"):
        (place.folder / "crm" / f"{name}.csv").unlink()
    place.write("billsync.yaml", assets.example_config("telco"))
    return some


def test_the_export_is_the_published_one() -> None:
    everyone = rows()
    left = [row for row in everyone if row["Churn"] == "Yes"]
    assert (len(everyone), len(left)) == (7_043, 1_869)
    assert monthly(everyone) == Decimal("456116.60")
    assert [row["TotalCharges"] for row in everyone if row["tenure"] == "0"] == [" "] * 11


def test_a_year_comes_to_twelve_monthly_charges_less_the_december_of_those_who_left(
    place: Place, company: list[dict[str, str]]
) -> None:
    assert place.billsync("sync").code == 0
    assert place.problems() == []
    listed = place.billsync("invoice", "list", "--format", "json", "--limit", "100000").json
    left = [row for row in company if row["Churn"] == "Yes"]
    assert left
    assert sum(Decimal(item["total"]) for item in listed) == 12 * monthly(company) - monthly(left)
    assert len(listed) == 12 * len(company) - len(left)
    assert sum(item["number"].startswith("INV-202512-") for item in listed) == len(company) - len(left)
    for row in company:
        mine = [item for item in listed if item["customer"] == row["customerID"]]
        assert {Decimal(item["total"]) for item in mine} == {Decimal(row["MonthlyCharges"])}
        days = TERMS[row["PaymentMethod"]]
        assert {(read_day(item["due_on"]) - read_day(item["issued_on"])).days for item in mine} == {days}


def test_a_customer_who_is_new_is_billed_like_all_others_and_has_no_past(
    place: Place, company: list[dict[str, str]]
) -> None:
    assert place.billsync("sync", "--through", "2025-01-31").code == 0
    text = place.billsync("invoice", "list", "--customer", "4472-LVYGI", "--format", "json").json
    assert [item["total"] for item in text] == ["52.55"]
    number = text[0]["number"]
    words = place.billsync("invoice", "explain", number).out
    assert "every month in advance, anchored on the 1st" in words
    assert "crm/customers.csv:" in words


def test_every_plan_of_the_export_has_a_name() -> None:
    with (EXPORT / "plans.csv").open(encoding="utf-8", newline="") as file:
        plans = {row["plan"] for row in csv.DictReader(file)}
    assert {row["InternetService"] for row in rows()} == plans
