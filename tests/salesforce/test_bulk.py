"""Jobs of Bulk API 2.0: read as CSV in pages, written with results for each row."""

from __future__ import annotations

import csv
import io
from typing import Any

from tests.salesforce.stand_in import StandIn, code


def job(org: StandIn, soql: str, operation: str = "query", **more: str) -> str:
    answer = org.ask("POST", "jobs/query", {"operation": operation, "query": soql, **more})
    assert answer.status_code == 200, answer.text
    return f"jobs/query/{answer.json()['id']}"


def state(org: StandIn, path: str) -> str:
    return str(org.ask("GET", path).json()["state"])


def read(org: StandIn, path: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(org.ask("GET", path).text)))


def accounts(org: StandIn, count: int) -> None:
    for n in range(count):
        org.human("create", "Account", Name=f'A{n}, "x"\n🎉', AnnualRevenue=n)


def test_a_job_is_done_after_a_while(org: StandIn) -> None:
    org.set(bulk_polls=2)
    path = job(org, "SELECT Id FROM Account")
    assert code(org.ask("GET", f"{path}/results")) == (400, "INVALIDJOBSTATE")
    assert [state(org, path) for _ in range(4)] == ["InProgress", "InProgress", "JobComplete", "JobComplete"]
    answer = org.ask("GET", f"{path}/results")
    assert (answer.text, answer.headers["sforce-locator"], answer.headers["sforce-numberofrecords"]) == (
        '"Id"\n',
        "null",
        "0",
    )
    other = job(org, "SELECT Id FROM Account")
    assert org.ask("PATCH", other, {"state": "Aborted"}).json()["state"] == "Aborted"
    assert org.ask("DELETE", other).status_code == 204
    assert org.ask("GET", other).status_code == 404


def test_results_come_in_pages(org: StandIn) -> None:
    org.set(bulk_polls=0)
    accounts(org, 5)
    org.human("delete", "Account", next(iter(org.truth("Account"))))
    soql = "SELECT Name, AnnualRevenue, IsDeleted, Owner.LastName FROM Account ORDER BY CreatedDate, Id"
    path = job(org, soql, "queryAll", lineEnding="CRLF", columnDelimiter="SEMICOLON")
    assert state(org, path) == "JobComplete"
    first = org.ask("GET", f"{path}/results?maxRecords=3")
    assert (first.headers["sforce-numberofrecords"], first.headers["content-type"]) == ("3", "text/csv; charset=UTF-8")
    assert first.content.startswith(b'"Name";"AnnualRevenue";"IsDeleted";"Owner.LastName"\r\n')
    rest = org.ask("GET", f"{path}/results?maxRecords=3&locator={first.headers['sforce-locator']}")
    assert rest.headers["sforce-locator"] == "null"
    rows = [row for page in (first, rest) for row in csv.reader(io.StringIO(page.text, newline=""), delimiter=";")]
    assert sorted(row for row in rows if row[0] != "Name") == [
        [f'A{n}, "x"\n🎉', str(n), "true" if n == 0 else "false", "Integration"] for n in range(5)
    ]


def test_queries_that_jobs_do_not_take(org: StandIn) -> None:
    def refused(soql: str) -> tuple[int, str]:
        return code(org.ask("POST", "jobs/query", {"operation": "query", "query": soql}))

    assert refused("SELECT Id, (SELECT Id FROM Contacts) FROM Account") == (400, "API_ERROR")
    assert refused("SELECT COUNT(Id) FROM Account") == (400, "API_ERROR")
    assert refused("SELECT BillingAddress FROM Account")[0] == 400
    assert refused("SELECT Nope FROM Account") == (400, "INVALID_FIELD")


def written(org: StandIn, operation: str, text: str, **more: Any) -> str:
    asked = {"object": "Account", "operation": operation, "contentType": "CSV", "lineEnding": "LF", **more}
    path = f"jobs/ingest/{org.ask('POST', 'jobs/ingest', asked).json()['id']}"
    answer = org.http.put(
        f"{org.url}/services/data/v68.0/{path}/batches",
        content=text.encode(),
        headers={"Authorization": f"Bearer {org.token}", "Content-Type": "text/csv"},
    )
    assert answer.status_code == 201
    assert org.ask("PATCH", path, {"state": "UploadComplete"}).json()["state"] == "UploadComplete"
    while state(org, path) != "JobComplete":
        pass
    return path


def test_rows_are_written_each_for_itself(org: StandIn) -> None:
    text = 'External_Id__c,Name,Phone\nE1,One,1\nE2,,2\nE3,"Th""ree",\n'
    path = written(org, "upsert", text, externalIdFieldName="External_Id__c")
    told = org.ask("GET", path).json()
    assert (told["numberRecordsProcessed"], told["numberRecordsFailed"]) == (3, 1)
    good, bad = read(org, f"{path}/successfulResults"), read(org, f"{path}/failedResults")
    assert [(row["sf__Created"], row["External_Id__c"]) for row in good] == [("true", "E1"), ("true", "E3")]
    assert [(row["sf__Error"], row["Phone"]) for row in bad] == [
        ("REQUIRED_FIELD_MISSING:Required fields are missing: [Name]:Name", "2")
    ]
    assert read(org, f"{path}/unprocessedrecords") == []
    one = good[0]["sf__Id"]
    written(org, "update", f"Id,Name,Phone\n{one},,#N/A\n")
    assert (org.truth("Account")[one]["Name"], org.truth("Account")[one]["Phone"]) == ("One", None)
    written(org, "hardDelete", f"Id\n{one}\n")
    assert one not in org.truth("Account")


def test_a_job_may_fail(org: StandIn) -> None:
    path = job(org, "SELECT Id FROM Account")
    org.fault("job-fails", message="InternalServerError : try again")
    found = org.ask("GET", path).json()
    assert (found["state"], found["errorMessage"]) == ("Failed", "InternalServerError : try again")
