"""Lists of ids, SuiteQL, days without a zone: what readers see, and what they don't."""

from __future__ import annotations

from typing import Any

import pytest

from tests.netsuite.stand_in import SUITEQL, StandIn, code, exact, line


def test_a_record_shows_its_lines_only_when_asked(account: StandIn) -> None:
    id = account.invoice(account.customer(), line("19.99", 3), externalId="inv-1")
    plain = account.ask("GET", f"invoice/{id}").json()
    assert set(plain["item"]) == {"links"}
    assert plain["entity"] == {"links": [], "id": "647", "refName": "Acme"}
    whole = account.get("invoice/eid:inv-1")
    (row,) = whole["item"]["items"]
    assert (row["line"], str(row["amount"]), row["item"]["refName"]) == (1, "59.97", "Services")
    assert exact(account.ask("GET", f"invoice/{id}/item"))["totalResults"] == 1
    assert set(account.ask("GET", f"invoice/{id}", params={"fields": "tranId"}).json()) == {"links", "id", "tranId"}
    assert code(account.ask("GET", "invoice/9")) == (404, "NONEXISTENT_ID")
    assert code(account.ask("GET", "starship/9")) == (404, "NONEXISTENT_ID")


def test_lists_have_ids_only(account: StandIn) -> None:
    customer = account.customer()
    made = [account.invoice(customer, line(number)) for number in range(1, 6)]
    first = account.ask("GET", "invoice", params={"limit": 2, "offset": 2}).json()
    assert [set(each) for each in first["items"]] == [{"links", "id"}] * 2
    assert ([each["id"] for each in first["items"]], first["hasMore"]) == (made[2:4], True)
    assert {each["rel"] for each in first["links"]} == {"self", "next"}
    assert code(account.ask("GET", "invoice", params={"limit": 2, "offset": 1})) == (400, "INVALID_PARAMETER")
    assert code(account.ask("GET", "invoice", params={"limit": 1001})) == (400, "INVALID_PARAMETER")


@pytest.mark.parametrize(
    ("asked", "count"),
    [
        ('externalId IS "inv-1"', 1),
        ('tranId START_WITH "INV"', 2),
        ("total GREATER 50", 1),
        ('memo CONTAIN "deal" AND total EQUAL 100', 1),
        ('tranDate ON_OR_AFTER "3/1/2026"', 1),
        ('lastModifiedDate ON_OR_AFTER "03/05/26 03:59 AM"', 2),
        ('lastModifiedDate AFTER "3/5/2026 05:00 AM"', 0),
    ],
)
def test_filters(account: StandIn, asked: str, count: int) -> None:
    """Days are in the user's own form, and in the account's zone: noon in Greenwich is 4 o'clock there."""
    account.stand()
    customer = account.customer()
    account.invoice(customer, externalId="inv-1", memo="a deal", tranDate="2026-03-02")
    account.invoice(customer, line(5), tranDate="2026-02-28")
    assert account.ask("GET", "invoice", params={"q": asked}).json()["totalResults"] == count


def test_filters_that_it_does_not_take(account: StandIn) -> None:
    account.invoice(account.customer())
    for asked in ('tranId = "x"', 'lastModifiedDate AFTER "2026-03-05"', "total GREATER many"):
        assert code(account.ask("GET", "invoice", params={"q": asked})) == (400, "INVALID_PARAMETER")


def test_scalars_are_text_and_nulls_are_left_out(account: StandIn) -> None:
    account.stand()
    customer = account.customer(email="ap@acme.test")
    account.invoice(customer, line("19.99", 3), externalId="inv-1")
    account.invoice(customer)
    query = "SELECT id, tranid, externalid, trandate, foreigntotal, foreignamountunpaid AS open, voided, "
    query += "lastmodifieddate FROM transaction t WHERE t.type = 'CustInvc' ORDER BY id"
    first, second = account.rows(query)
    assert first == {
        "id": "10123", "tranid": "INV101", "externalid": "inv-1", "trandate": "3/5/2026", "foreigntotal": "59.97",
        "open": "59.97", "voided": "F", "lastmodifieddate": "3/5/2026",
    }  # fmt: skip
    assert "externalid" not in second
    assert second["foreigntotal"] == "100"
    account.set(date_format="D.M.YYYY")
    assert account.rows("SELECT trandate FROM transaction")[0] == {"trandate": "5.3.2026"}


def test_times_by_the_accounts_clock(account: StandIn) -> None:
    account.stand()
    account.invoice(account.customer())
    told = "SELECT TO_CHAR(lastmodifieddate, 'YYYY-MM-DD\"T\"HH24:MI:SS') AS lm FROM transaction "
    told += "WHERE lastmodifieddate >= "
    since = "TO_TIMESTAMP('2026-03-05T04:00:00', 'YYYY-MM-DD\"T\"HH24:MI:SS')"
    assert account.rows(told + since) == [{"lm": "2026-03-05T04:00:00"}]
    assert account.rows(told + since.replace("04:00", "04:01")) == []
    assert account.rows("SELECT id FROM transaction WHERE trandate < TO_DATE('2026-03-05', 'YYYY-MM-DD')") == []


def test_signs_lines_and_links(account: StandIn) -> None:
    """The ledger's signs: what is owed is positive, what was earned negative."""
    customer = account.customer()
    id = account.invoice(customer, line(100), {**line(10), "isTaxable": True})
    apply = {"items": [{"doc": {"id": id}, "amount": 60}]}
    paid = account.made("POST", "customerPayment", {"customer": {"id": customer}, "payment": 60, "apply": apply})
    lines = account.rows(
        f"SELECT tl.mainline, tl.taxline, tl.foreignamount FROM transaction t JOIN transactionline tl "
        f"ON tl.transaction = t.id WHERE t.id = {id} ORDER BY tl.linesequencenumber"
    )
    assert [each["foreignamount"] for each in lines] == ["110.83", "-100", "-10", "-0.83"]
    (link,) = account.rows(f"SELECT nextdoc, foreignamount FROM nexttransactionlinelink WHERE previousdoc = '{id}'")
    assert link == {"nextdoc": paid, "foreignamount": "60"}
    totals = account.rows(
        "SELECT type, SUM(foreigntotal) AS total, COUNT(*) AS n FROM transaction GROUP BY type ORDER BY 1"
    )
    assert totals == [{"type": "CustInvc", "total": "110.83", "n": "1"}, {"type": "CustPymt", "total": "-60", "n": "1"}]
    named = account.rows("SELECT BUILTIN.DF(entity) AS who, NVL(memo, '-') AS memo FROM transaction WHERE id = " + id)
    assert named == [{"who": "Acme", "memo": "-"}]


def test_pages_and_their_end(account: StandIn) -> None:
    customer = account.customer()
    made = [account.invoice(customer) for _ in range(5)]
    query = "SELECT id FROM transaction ORDER BY id"
    page = account.query(query, limit=2, offset=4)
    assert ([each["id"] for each in page["items"]], page["hasMore"], page["totalResults"]) == (made[4:], False, 5)
    assert account.rows(f"{query} FETCH FIRST 2 ROWS ONLY") == [{"id": made[0]}, {"id": made[1]}]
    assert account.rows(f"{query} OFFSET 4 ROWS FETCH NEXT 9 ROWS ONLY") == [{"id": made[4]}]
    account.set(rows_max=3)
    assert account.query(query)["totalResults"] == 3  # there are more, and nothing says so
    assert code(account.asked(query, 2, 3)) == (400, "INVALID_PARAMETER")


@pytest.mark.parametrize(
    "query",
    [
        "SELECT nothing FROM transaction", "SELECT * FROM starship", "DELETE FROM transaction", "SELECT",
        "SELECT id FROM transaction; DROP TABLE customer", "ATTACH DATABASE 'x' AS y",
        "SELECT id FROM transaction WHERE trandate > TO_DATE('soon', 'YYYY-MM-DD')",
    ],
)  # fmt: skip
def test_queries_that_it_does_not_take(account: StandIn, query: str) -> None:
    account.invoice(account.customer())
    refused = account.asked(query)
    assert code(refused) == (400, "INVALID_PARAMETER")
    assert "Invalid search query" in refused.text
    assert len(account.truth("invoice")) == 1


def test_the_header_that_suiteql_wants(account: StandIn) -> None:
    assert code(account.ask("POST", SUITEQL, {"q": "SELECT 1"})) == (400, "INVALID_HEADER")


def test_what_was_deleted(account: StandIn) -> None:
    account.stand()
    id = account.invoice(account.customer(), tranId="R-1")
    account.human("delete", "invoice", id)
    (row,) = account.rows("SELECT recordid, recordtypeid, name, deleteddate FROM deletedrecord")
    assert row == {"recordid": id, "recordtypeid": "invoice", "name": "R-1", "deleteddate": "3/5/2026"}
    assert account.rows("SELECT id FROM transaction") == []


def test_a_new_invoice_is_found_late(account: StandIn) -> None:
    account.stand()
    account.set(index_lag_s=30)
    account.invoice(account.customer(), externalId="inv-1")
    query = "SELECT id FROM transaction WHERE externalid = 'inv-1'"
    assert account.rows(query) == []
    assert account.get("invoice/eid:inv-1")["total"] == 100
    account.forward(30)
    assert len(account.rows(query)) == 1


def test_limits_as_the_account_tells_them(account: StandIn) -> None:
    found: dict[str, Any] = account.ask("GET", "/services/rest/system/v1/governanceLimits").json()
    assert found["accountConcurrencyLimit"] == 5
