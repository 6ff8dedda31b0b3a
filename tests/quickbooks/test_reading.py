"""Queries, pages, changes: what readers see, and what they don't."""

from __future__ import annotations

import pytest

from tests.quickbooks.stand_in import BASE, StandIn, code, exact, line


def ids(company: StandIn, text: str) -> list[str]:
    return [row["Id"] for rows in company.query(text).values() if isinstance(rows, list) for row in rows]


def test_pages(company: StandIn) -> None:
    customer = company.customer()
    made = [company.invoice(customer, line(number))["Id"] for number in range(1, 6)]
    first = company.query("select * from Invoice orderby TotalAmt asc startposition 1 maxresults 2")
    assert [row["Id"] for row in first["Invoice"]] == made[:2]
    assert (first["startPosition"], first["maxResults"], first["totalCount"]) == (1, 2, 5)
    assert (
        ids(company, "SELECT Id, TotalAmt FROM Invoice ORDER BY TotalAmt DESC STARTPOSITION 4 MAXRESULTS 9")
        == made[1::-1]
    )
    assert company.query("select * from Invoice startposition 6") == {}
    assert company.query("select count(*) from Invoice where TotalAmt >= '3'") == {"totalCount": 3}
    assert set(company.query("select DocNumber from Invoice")["Invoice"][0]) == {"sparse", "domain", "Id", "DocNumber"}
    own = {"Authorization": f"Bearer {company.access}", "Accept": "application/json"}
    whole = {"content": "select * from Invoice maxresults 1", "headers": {**own, "Content-Type": "application/text"}}
    posted = company.http.post(f"{company.url}{BASE}/query", **whole)  # type: ignore[arg-type]
    assert len(posted.json()["QueryResponse"]["Invoice"]) == 1


def test_conditions(company: StandIn) -> None:
    customer = company.customer("Übung & Söhne")
    row = company.invoice(customer, line(10), TxnDate="2026-03-01", DocNumber="A'1", PrivateNote="x")
    company.invoice(customer, line(20), TxnDate="2026-04-01")
    for where in (
        "DocNumber = 'A\\'1'", "DocNumber in ('A\\'1', 'B')", "TxnDate < '2026-04-01'", "Balance <= '10'",
        f"CustomerRef = '{customer}' and TotalAmt = 10", "DocNumber like 'a%'", f"Id = '{row['Id']}'",
        "TxnDate >= '2026-03-01' AND TxnDate <= '2026-03-31'",
    ):  # fmt: skip
        assert ids(company, f"select * from Invoice where {where}") == [row["Id"]], where
    assert ids(company, "select * from Customer where DisplayName = 'übung & söhne'") == [customer]
    assert ids(company, "select * from Item where Active = true and Taxable = true") == ["3"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("select * from Invoice where DocNumber = '1' or DocNumber = '2'", "4000"),
        ("select * from Invoice where DocNumber = 'x", "4000"),
        ("delete from Invoice", "4000"),
        ("select * from Invoice where", "4000"),
        ("select * from Car", "4001"),
        ("select * from Invoice maxresults 1001", "4001"),
        ("select * from Invoice startposition 0", "4001"),
        ("select * from Invoice where Colour = 'red'", "4001"),
        ("select * from Invoice where MetaData.LastUpdatedTime > 'yesterday'", "4001"),
    ],
)
def test_queries_that_it_does_not_take(company: StandIn, text: str, expected: str) -> None:
    company.invoice(company.customer())
    assert code(company.ask("GET", "query", query=text)) == (400, expected)


def test_a_payment_moves_the_invoices_time_though_not_its_token(company: StandIn) -> None:
    company.stand()
    row = company.invoice(company.customer())
    company.forward(60)
    since = "select * from Invoice where MetaData.LastUpdatedTime > '2026-03-05T12:00:00Z'"
    assert ids(company, since) == []
    link = {"Amount": 40, "LinkedTxn": [{"TxnId": row["Id"], "TxnType": "Invoice"}]}
    company.post("payment", {"CustomerRef": row["CustomerRef"], "TotalAmt": 40, "Line": [link]})
    (found,) = company.query(since)["Invoice"]
    assert (found["Balance"], found["SyncToken"]) == (60, "0")
    assert ids(company, since.replace("12:00:00Z", "04:00:30-08:00")) == [row["Id"]]


def test_changes(company: StandIn) -> None:
    company.stand()
    customer = company.customer()
    kept, gone = (company.invoice(customer)["Id"] for _ in range(2))
    company.forward(60)
    company.human("delete", "Invoice", gone)
    asked = {"entities": "Payment,Invoice", "changedSince": "2026-03-05T12:00:30Z"}
    (answer,) = company.ask("GET", "cdc", **asked).json()["CDCResponse"]
    payments, invoices = answer["QueryResponse"]
    assert payments == {}
    at = {"LastUpdatedTime": "2026-03-05T04:01:00-08:00"}
    assert invoices["Invoice"] == [{"domain": "QBO", "status": "Deleted", "Id": gone, "MetaData": at}]
    assert code(company.ask("GET", f"invoice/{gone}")) == (400, "610")
    assert ids(company, "select * from Invoice") == [kept]


def test_changes_reach_back_thirty_days_and_are_cut_off(company: StandIn) -> None:
    company.stand()
    customer = company.customer()
    for _ in range(3):
        company.invoice(customer)
    company.set(cdc_max=3)
    found = company.ask("GET", "cdc", entities="Customer,Invoice", changedSince="2026-03-05T00:00:00Z").json()
    sizes = [each.get("maxResults", 0) for each in found["CDCResponse"][0]["QueryResponse"]]
    assert sizes == [1, 2]  # the cap is shared, and nothing says that more is there
    late = company.ask("GET", "cdc", entities="Invoice", changedSince="2026-02-03T11:59:59Z")
    assert code(late) == (400, "2190")
    assert code(company.ask("GET", "cdc", entities="TaxCode", changedSince="2026-03-05T00:00:00Z")) == (400, "2000")
    assert code(company.ask("GET", "cdc", entities="Invoice")) == (400, "2020")


def test_a_new_invoice_is_found_late(company: StandIn) -> None:
    company.stand()
    company.set(index_lag_s=30)
    row = company.invoice(company.customer(), DocNumber="INV-1")
    assert ids(company, "select * from Invoice where DocNumber = 'INV-1'") == []
    assert company.get("Invoice", row["Id"])["TotalAmt"] == 100
    company.forward(30)
    assert ids(company, "select * from Invoice where DocNumber = 'INV-1'") == [row["Id"]]


def test_whoever_does_not_ask_for_json_gets_xml(company: StandIn) -> None:
    row = company.invoice(company.customer("A & B"))
    headers = {"Authorization": f"Bearer {company.access}"}
    answer = company.http.get(f"{company.url}{BASE}/invoice/{row['Id']}", headers=headers)
    assert answer.headers["content-type"].startswith("application/xml")
    assert '<IntuitResponse xmlns="http://schema.intuit.com/finance/v3"' in answer.text
    assert f"<Id>{row['Id']}</Id>" in answer.text
    assert "A &amp; B" in answer.text
    answer = company.http.get(f"{company.url}{BASE}/invoice/9", headers=headers)
    assert '<Error code="610" element="">' in answer.text


def test_what_a_company_says_of_itself(company: StandIn) -> None:
    assert company.ask("GET", "companyinfo/1").json()["CompanyInfo"]["Country"] == "US"
    rate = exact(company.ask("GET", "exchangerate", sourcecurrencycode="EUR"))["ExchangeRate"]
    assert (str(rate["Rate"]), rate["TargetCurrencyCode"]) == ("1.1", "USD")
    assert code(company.ask("GET", "exchangerate", sourcecurrencycode="XXX")) == (400, "2220")
    assert code(company.ask("DELETE", "invoice/1")) == (400, "500")
    assert code(company.ask("POST", "taxcode", {"Name": "x"})) == (400, "500")
    refused = company.ask("POST", "invoice", {"Id": "1"}, operation="explode")
    assert code(refused) == (400, "500")
