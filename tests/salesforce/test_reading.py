"""Queries, pages, what was deleted and merged, and what is committed late."""

from __future__ import annotations

from typing import Any

import pytest

from tests.salesforce.stand_in import BASE, StandIn, code, names

DEALS: list[dict[str, Any]] = [
    {"Name": "Anna's", "StageName": "Closed Won", "CloseDate": "2026-01-31", "Amount": 100, "NextStep": "50% off"},
    {"Name": "berta", "StageName": "Prospecting", "CloseDate": "2026-02-01", "Amount": 99.5, "NextStep": "call"},
    {"Name": "Carl", "StageName": "Closed Lost", "CloseDate": "2026-02-28"},
    {"Name": "Дора 🎉", "StageName": "Engaging", "CloseDate": "2026-03-01", "Amount": 0, "NextStep": "50_off"},
]


def deals(org: StandIn) -> None:
    """Four of them, an hour apart; the first two with an account."""
    org.stand()
    account = org.human("create", "Account", Name="Acme", Phone="1")
    for place, deal in enumerate(DEALS):
        org.human("create", "Opportunity", **deal, AccountId=account if place < 2 else None)
        org.forward(3600)


def accounts(org: StandIn, count: int) -> None:
    for start in range(0, count, 200):
        rows = [{"attributes": {"type": "Account"}, "Name": f"A{n:04}"} for n in range(start, min(start + 200, count))]
        answer = org.ask("POST", "composite/sobjects", {"allOrNone": True, "records": rows})
        assert all(each["success"] for each in answer.json())


def page(org: StandIn, path: str, **headers: str) -> Any:
    answer = org.ask("GET", path, **headers)
    assert answer.status_code == 200, answer.text
    return answer.json()


CONDITIONS = {
    "Name = 'ANNA\\'S'": [0],
    "Name != 'Carl'": [0, 1, 3],
    "Name LIKE 'c%'": [2],
    "Name LIKE '_erta'": [1],
    "NextStep LIKE '50\\%%'": [0],
    "NextStep LIKE '50\\_%'": [3],
    "Name IN ('carl', 'Дора 🎉')": [2, 3],
    "Name NOT IN ('carl', 'Дора 🎉')": [0, 1],
    "Amount = 100": [0],
    "Amount < 100": [1, 3],
    "Amount >= 99.5": [0, 1],
    "Amount = null": [2],
    "Amount != null AND IsWon = FALSE": [1, 3],
    "NextStep != 'call'": [0, 2, 3],
    "CloseDate <= 2026-02-01": [0, 1],
    "CloseDate = TODAY": [3],
    "CloseDate >= LAST_N_DAYS:1": [2, 3],
    "CloseDate > YESTERDAY": [3],
    "CreatedDate = TODAY AND Amount > 99.5": [0],
    "CreatedDate < TODAY": [],
    "SystemModstamp >= 2026-03-01T14:00:00Z": [2, 3],
    "SystemModstamp > 2026-03-01T14:00:00.000+00:00": [3],
    "SystemModstamp < 2026-03-01T14:00:00+01:00": [0],
    "Account.Name = 'acme' AND Account.Phone = '1'": [0, 1],
    "AccountId = null": [2, 3],
    "NOT Account.Name = 'acme'": [2, 3],
    "(NOT (Name = 'Carl' OR Name = 'berta')) AND Amount > 0": [0],
    "AccountId IN (SELECT Id FROM Account WHERE Name = 'Acme')": [0, 1],
    "IsClosed = true AND (Amount > 5 OR Name = 'carl')": [0, 2],
}


def test_conditions_choose_records(org: StandIn) -> None:
    deals(org)
    found = {
        where: names(org.query(f"SELECT Name FROM Opportunity WHERE {where} ORDER BY CreatedDate"))
        for where in CONDITIONS
    }
    assert found == {where: [DEALS[place]["Name"] for place in places] for where, places in CONDITIONS.items()}


def test_orders_and_bounds(org: StandIn) -> None:
    deals(org)

    def found(rest: str) -> list[str]:
        return names(org.query(f"SELECT Name FROM Opportunity {rest}"))

    assert found("ORDER BY Amount") == ["Carl", "Дора 🎉", "berta", "Anna's"]
    assert found("ORDER BY Amount DESC NULLS LAST") == ["Anna's", "berta", "Дора 🎉", "Carl"]
    assert found("ORDER BY IsClosed DESC, Name ASC") == ["Anna's", "Carl", "berta", "Дора 🎉"]
    assert found("ORDER BY Name LIMIT 2 OFFSET 1") == ["berta", "Carl"]
    assert org.wrong("SELECT Id FROM Opportunity OFFSET 2001") == "NUMBER_OUTSIDE_VALID_RANGE"


WRONG = {
    "SELECT Nope FROM Account": "INVALID_FIELD",
    "SELECT Owner.Nope FROM Account": "INVALID_FIELD",
    "SELECT Nope.Name FROM Account": "INVALID_FIELD",
    "SELECT Id, id FROM Account": "INVALID_FIELD",
    "SELECT Id FROM Nope": "INVALID_TYPE",
    "SELECT Id, (SELECT Id FROM Nopes) FROM Account": "INVALID_TYPE",
    "SELECT Id FORM Account": "MALFORMED_QUERY",
    "SELECT Id FROM Account WHERE": "MALFORMED_QUERY",
    "SELECT Id FROM Account WHERE Name = 'a' AND Name = 'b' OR Name = 'c'": "MALFORMED_QUERY",
    "SELECT Id FROM Account WHERE Name = 'a": "MALFORMED_QUERY",
    "SELECT Id FROM Account WHERE Name = 5": "INVALID_FIELD",
    "SELECT Id FROM Account WHERE SystemModstamp > '2026-01-01T00:00:00Z'": "INVALID_FIELD",
    "SELECT Id FROM Opportunity WHERE Amount > 'a'": "INVALID_FIELD",
    "SELECT Id FROM Account WHERE Description = 'a'": "INVALID_FIELD",
    "SELECT Id FROM Account WHERE Id = 'short'": "INVALID_QUERY_FILTER_OPERATOR",
    "SELECT FIELDS(ALL) FROM Account": "MALFORMED_QUERY",
    "SELECT Id FROM Account WHERE Id IN (SELECT AccountId FROM Contact) OR Name = 'a'": "MALFORMED_QUERY",
    "SELECT Name, COUNT(Id) FROM Account": "MALFORMED_QUERY",
}


def test_queries_that_are_refused(org: StandIn) -> None:
    assert {soql: org.wrong(soql) for soql in WRONG} == WRONG


def test_a_record_comes_as_it_was_recorded(org: StandIn) -> None:
    """The shape of a recorded answer of a real org."""
    deals(org)
    answer = org.ask(
        "GET",
        "query?q=SELECT+Id,Name,Amount,StageName,CloseDate,OwnerId,SystemModstamp+FROM+Opportunity+LIMIT+1+OFFSET+0",
    )
    found = answer.json()
    (record,) = found["records"]
    assert list(found) == ["totalSize", "done", "records"]
    assert list(record) == ["attributes", "Id", "Name", "Amount", "StageName", "CloseDate", "OwnerId", "SystemModstamp"]
    assert record["attributes"] == {"type": "Opportunity", "url": f"{BASE}/sobjects/Opportunity/{record['Id']}"}
    assert answer.headers["sforce-limit-info"] == "api-usage=1/100000"
    (amount,) = org.query("SELECT Amount FROM Opportunity WHERE Name = 'Anna\\'s'")
    assert type(amount["Amount"]) is int  # a whole amount is an integer
    (amount,) = org.query("SELECT Amount, CreatedDate FROM Opportunity WHERE Name = 'berta'")
    assert (amount["Amount"], amount["CreatedDate"]) == (99.5, "2026-03-01T13:00:00.000+0000")


def test_parents_children_and_totals(org: StandIn) -> None:
    deals(org)
    rows = org.query("SELECT o.Name, o.Account.Name, Account.Owner.Name FROM Opportunity o ORDER BY o.Name")
    assert rows[0]["Account"]["Name"] == "Acme"
    assert rows[0]["Account"]["Owner"]["Name"] == "Integration"
    assert rows[2]["Account"] is None
    (row,) = org.query(
        "SELECT Name, (SELECT Name FROM Opportunities ORDER BY Name), (SELECT Id FROM Contacts) FROM Account"
    )
    assert (row["Opportunities"]["totalSize"], names(row["Opportunities"]["records"])) == (2, ["Anna's", "berta"])
    assert row["Contacts"] is None
    (total,) = org.query("SELECT COUNT(Id), MAX(SystemModstamp) latest, SUM(Amount) FROM Opportunity")
    assert (total["expr0"], total["latest"], total["expr1"]) == (4, "2026-03-01T15:00:00.000+0000", 199.5)
    grouped = org.query("SELECT IsClosed, COUNT(Id) n FROM Opportunity GROUP BY IsClosed")
    assert {row["IsClosed"]: row["n"] for row in grouped} == {True: 2, False: 2}
    counted = page(org, "query?q=SELECT+COUNT()+FROM+Opportunity")
    assert counted == {"totalSize": 4, "done": True, "records": []}


def test_pages_follow_one_another(org: StandIn) -> None:
    accounts(org, 450)
    first = page(org, "query?q=SELECT+Name+FROM+Account+ORDER+BY+Name", Sforce_Query_Options="batchSize=50")
    assert (first["totalSize"], first["done"], len(first["records"])) == (450, False, 200)
    assert first["nextRecordsUrl"].startswith(f"{BASE}/query/01g")
    assert first["nextRecordsUrl"].endswith("-200")
    second = page(org, first["nextRecordsUrl"])
    third = page(org, second["nextRecordsUrl"])
    assert third["done"] is True
    assert "nextRecordsUrl" not in third
    found = names(first["records"] + second["records"] + third["records"])
    assert found == [f"A{n:04}" for n in range(450)]
    nested = page(
        org, "query?q=SELECT+Name,(SELECT+Id+FROM+Contacts)+FROM+Account", Sforce_Query_Options="batchSize=2000"
    )
    assert len(nested["records"]) == 450


def test_children_come_in_pages_of_their_own(org: StandIn) -> None:
    org.set(child_page=3, locators_max=1)
    accounts(org, 2)
    for row in org.query("SELECT Id FROM Account ORDER BY Name"):
        for n in range(5):
            org.human("create", "Contact", LastName=f"L{n}", AccountId=row["Id"])
    for row in org.query("SELECT Name, (SELECT Name FROM Contacts ORDER BY Name) FROM Account"):
        first = row["Contacts"]
        assert (first["totalSize"], first["done"], names(first["records"])) == (5, False, ["L0", "L1", "L2"])
        rest = page(org, first["nextRecordsUrl"])
        assert (rest["done"], names(rest["records"])) == (True, ["L3", "L4"])


def test_what_changes_between_two_pages(org: StandIn) -> None:
    """As the org is set up: the page shows the record as it was, or as it is."""
    accounts(org, 250)
    (last,) = org.query("SELECT Id FROM Account WHERE Name = 'A0249'")
    for how, expected in (("snapshot", 50), ("live", 49)):
        org.set(locator_rows=how)
        first = page(org, "query?q=SELECT+Name+FROM+Account+ORDER+BY+Name", Sforce_Query_Options="batchSize=200")
        org.human("delete", "Account", last["Id"])
        assert len(page(org, first["nextRecordsUrl"])["records"]) == expected
        org.human("undelete", "Account", last["Id"])


def test_a_locator_does_not_last(org: StandIn) -> None:
    org.stand()
    accounts(org, 250)

    def opened() -> str:
        path = "query?q=SELECT+Name+FROM+Account"
        return str(page(org, path, Sforce_Query_Options="batchSize=200")["nextRecordsUrl"])

    one = opened()
    org.forward(901)
    assert code(org.ask("GET", one)) == (400, "INVALID_QUERY_LOCATOR")
    urls = [opened() for _ in range(11)]
    assert code(org.ask("GET", urls[0])) == (400, "INVALID_QUERY_LOCATOR")
    assert len(page(org, urls[1])["records"]) == 50


def test_an_order_that_is_left_open_is_another_one_each_time(org: StandIn) -> None:
    accounts(org, 30)
    first, second = (names(org.query("SELECT Name FROM Account")) for _ in range(2))
    assert first != second
    assert sorted(first) == sorted(second)


def test_deleted_records_are_seen_by_those_who_ask(org: StandIn) -> None:
    org.stand()
    one, other = (org.human("create", "Account", Name=name) for name in ("One", "Other"))
    org.forward(60)
    org.human("delete", "Account", other)
    assert names(org.query("SELECT Name FROM Account")) == ["One"]
    (gone,) = org.query(
        "SELECT Id, IsDeleted, MasterRecordId, SystemModstamp FROM Account WHERE IsDeleted = true", all=True
    )
    assert (gone["Id"], gone["MasterRecordId"], gone["SystemModstamp"]) == (other, None, "2026-03-01T12:01:00.000+0000")
    assert code(org.ask("GET", f"sobjects/Account/{other}")) == (404, "ENTITY_IS_DELETED")

    org.human("undelete", "Account", other)
    org.human("merge", "Account", one, losers=[other])
    (gone,) = org.query("SELECT Id, MasterRecordId FROM Account WHERE IsDeleted = true", all=True)
    assert gone["MasterRecordId"] == one
    org.human("purge", "Account", other)
    assert org.query("SELECT Id FROM Account WHERE IsDeleted = true", all=True) == []


def test_deleted_and_updated_ids_of_a_span_of_time(org: StandIn) -> None:
    org.stand()
    one, other = (org.human("create", "Account", Name=name) for name in ("One", "Other"))
    org.human("delete", "Account", other)
    org.human("purge", "Account", other)
    org.forward(120)
    span = "?start=2026-03-01T11:00:00%2B00:00&end=2026-03-01T12:01:00%2B00:00"
    assert page(org, f"sobjects/Account/deleted/{span}") == {
        "deletedRecords": [{"id": other, "deletedDate": "2026-03-01T12:00:00.000+0000"}],
        "earliestDateAvailable": "2026-02-14T12:02:00.000+0000",
        "latestDateCovered": "2026-03-01T12:01:00.000+0000",
    }
    assert page(org, f"sobjects/Account/updated/{span}")["ids"] == [one]
    early = "?start=2026-01-01T00:00:00Z&end=2026-02-01T00:00:00Z"
    for which in ("deleted", "updated"):
        assert code(org.ask("GET", f"sobjects/Account/{which}/{early}")) == (400, "INVALID_REPLICATION_DATE")
    short = "?start=2026-03-01T12:00:00Z&end=2026-03-01T12:00:30Z"
    assert code(org.ask("GET", f"sobjects/Account/updated/{short}")) == (400, "INVALID_REPLICATION_DATE")


def test_a_long_transaction_comes_late_with_an_older_stamp(org: StandIn) -> None:
    org.stand()
    late = org.human("create", "Account", Name="Late", late=300)
    org.forward(60)
    org.human("create", "Account", Name="Soon")
    soql = "SELECT Name, SystemModstamp FROM Account ORDER BY SystemModstamp, Id"
    assert names(org.query(soql)) == ["Soon"]
    assert org.ask("GET", f"sobjects/Account/{late}").status_code == 404
    span = "?start=2026-03-01T11:00:00Z&end=2026-03-01T12:10:00Z"
    assert page(org, f"sobjects/Account/updated/{span}")["latestDateCovered"] == "2026-03-01T12:00:00.000+0000"
    org.forward(240)
    rows = org.query(soql)
    assert names(rows) == ["Late", "Soon"]
    assert rows[0]["SystemModstamp"] == "2026-03-01T12:00:00.000+0000"
    assert page(org, f"sobjects/Account/updated/{span}")["latestDateCovered"] == "2026-03-01T12:05:00.000+0000"


def test_stamps_move_for_reasons_of_their_own(org: StandIn) -> None:
    org.stand()
    id = org.human(
        "create", "Opportunity", Name="O", StageName="Engaging", CloseDate="2026-03-31", Engaged_On__c="2026-03-01"
    )
    soql = "SELECT LastModifiedDate, SystemModstamp, Days_Open__c FROM Opportunity"
    assert org.query(soql)[0]["Days_Open__c"] == 30
    org.forward(60)
    org.human("touch", "Opportunity", id)
    (row,) = org.query(soql)
    assert (row["LastModifiedDate"][11:19], row["SystemModstamp"][11:19]) == ("12:00:00", "12:01:00")
    org.forward(60)
    assert org.ask("PATCH", f"sobjects/Opportunity/{id}", {"Name": "O"}).status_code == 204  # the same again
    assert org.query(soql)[0]["SystemModstamp"][11:19] == "12:02:00"


def test_what_the_org_tells_of_its_fields(org: StandIn) -> None:
    org.set(custom_fields="Account.Margin__c percent 5,1\nAccount.Code__c string 10 external unique case")
    found = page(org, "sobjects/Account/describe")
    fields = {field["name"]: field for field in found["fields"]}
    assert (fields["Name"]["nillable"], fields["Name"]["length"], fields["Id"]["createable"]) == (False, 255, False)
    assert (fields["Margin__c"]["type"], fields["Margin__c"]["scale"], fields["Margin__c"]["custom"]) == (
        "percent",
        1,
        True,
    )
    assert fields["External_Id__c"]["externalId"] is fields["External_Id__c"]["unique"] is True
    assert fields["Code__c"]["caseSensitive"] is True
    assert fields["ParentId"]["referenceTo"] == ["Account"]
    assert "EUR" in [each["value"] for each in fields["CurrencyIsoCode"]["picklistValues"]]
    assert {each["relationshipName"] for each in found["childRelationships"]} >= {"Contacts", "Opportunities", "Orders"}
    assert {each["name"] for each in page(org, "sobjects")["sobjects"]} >= {
        "Contract",
        "PricebookEntry",
        "CurrencyType",
    }


def test_an_org_without_currencies_and_with_hidden_fields(org: StandIn) -> None:
    org.human("create", "Account", Name="A", Phone="1")
    assert org.query("SELECT CurrencyIsoCode, Phone FROM Account")[0]["CurrencyIsoCode"] == "USD"
    org.set(multi_currency=False, hidden_fields="Account.Phone")
    assert org.wrong("SELECT CurrencyIsoCode FROM Account") == "INVALID_FIELD"
    assert org.wrong("SELECT IsoCode FROM CurrencyType") == "INVALID_TYPE"
    assert org.wrong("SELECT Phone FROM Account") == "INVALID_FIELD"
    assert "Phone" not in [field["name"] for field in page(org, "sobjects/Account/describe")["fields"]]
    assert code(org.ask("POST", "sobjects/Account", {"Name": "B", "Phone": "2"})) == (400, "INVALID_FIELD")


@pytest.mark.parametrize(
    ("path", "method"),
    [("sobjects/Nope", "GET"), ("nope", "GET"), ("/sobjects", "GET"), ("sobjects/Nope/describe", "GET")],
)
def test_what_is_not_there(org: StandIn, path: str, method: str) -> None:
    assert code(org.ask(method, path)) == (404, "NOT_FOUND")
