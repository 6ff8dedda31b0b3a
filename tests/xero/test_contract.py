"""The judge itself: what is wrong on purpose is found."""

from __future__ import annotations

import json
from typing import Any

import pytest
from openapi_core.exceptions import OpenAPIError

from tests.xero.contract import HOST, held

GOOD: dict[str, Any] = {"Invoices": [{"Type": "ACCREC", "LineItems": [{"Description": "a", "UnitAmount": 1.5}]}]}
HEADERS = {"content-type": "application/json", "xero-tenant-id": "t"}


def _held(
    asked: Any, answer: Any, status: int = 200, headers: dict[str, str] | None = None, path: str = "Invoices"
) -> None:
    url, body = f"{HOST}/api.xro/2.0/{path}", json.dumps(asked).encode()
    held(
        "PUT",
        url,
        HEADERS if headers is None else headers,
        body,
        status,
        json.dumps(answer).encode(),
        "application/json",
    )


def test_a_good_one_passes() -> None:
    _held(GOOD, {"Invoices": [{"Type": "ACCREC", "Total": 1.5}]})


@pytest.mark.parametrize(
    ("asked", "answer"),
    [
        ({"Invoices": [{"Type": "SALES"}]}, {}),
        ({"Invoices": [{"InvoiceNumber": "x" * 256}]}, {}),
        ({"Invoices": [{"Type": "ACCREC", "Total": 5}]}, {}),
        ({"Invoices": [{"LineItems": [{"Quantity": "1"}]}]}, {}),
        (GOOD, {"Invoices": [{"Total": "1.50"}]}),
        (GOOD, {"Invoices": [{"InvoiceID": "INV-1"}]}),
        (GOOD, {"Invoices": {"Type": "ACCREC"}}),
    ],
    ids=["enum", "length", "read-only", "text for a number", "total as text", "id", "no list"],
)
def test_a_wrong_body_is_found(asked: Any, answer: Any) -> None:
    with pytest.raises(OpenAPIError):
        _held(asked, answer)


def test_a_missing_header_path_or_status_is_found() -> None:
    with pytest.raises(OpenAPIError):
        _held(GOOD, {}, headers={"content-type": "application/json"})
    with pytest.raises(OpenAPIError):
        _held(GOOD, {}, path="Invoises")
    with pytest.raises(OpenAPIError):
        _held(GOOD, {"ErrorNumber": "ten"}, status=400)
