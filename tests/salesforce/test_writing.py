"""Records made, changed, deleted, merged: one by one, by external id, two hundred at once, and in graphs."""

from __future__ import annotations

from typing import Any

from tests.salesforce.stand_in import BASE, StandIn, code, made


def item(object: str, **fields: Any) -> dict[str, Any]:
    return {"attributes": {"type": object}, **fields}


def results(org: StandIn, method: str, path: str, value: Any = None) -> list[dict[str, Any]]:
    answer = org.ask(method, path, value)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()
    return found


def codes(found: list[dict[str, Any]]) -> list[str]:
    return ["" if each["success"] else str(each["errors"][0]["statusCode"]) for each in found]


def entry(org: StandIn, price: str = "100", **fields: Any) -> str:
    """A product with a price in the standard price book; the id of its entry."""
    product = org.human("create", "Product2", Name="Seat", ProductCode="SEAT", IsActive=True)
    (book,) = (row["Id"] for row in org.truth("Pricebook2").values() if row["IsStandard"])
    own = {"Pricebook2Id": book, "Product2Id": product, "UnitPrice": price, "IsActive": True}
    return org.human("create", "PricebookEntry", **own, **fields)


def deal(org: StandIn, **fields: Any) -> str:
    return org.human(
        "create", "Opportunity", **{"Name": "D", "StageName": "Closed Won", "CloseDate": "2026-01-31", **fields}
    )


def test_a_record_is_made_changed_and_deleted(org: StandIn) -> None:
    answer = org.ask("POST", "sobjects/Account", {"Name": "  Acme ", "BillingCity": "Wien", "Phone": ""})
    id = made(answer)
    assert answer.json() == {"id": id, "success": True, "errors": []}
    assert answer.headers["location"] == f"{BASE}/sobjects/Account/{id}"
    assert (len(id), id[:3]) == (18, "001")
    found = org.ask("GET", f"sobjects/Account/{id[:15]}?fields=Name,BillingAddress,Phone").json()
    assert (found["Name"], found["BillingAddress"]["city"], found["Phone"]) == ("Acme", "Wien", None)
    answer = org.ask("PATCH", f"sobjects/Account/{id}", {"Name": "Acme AG"})
    assert (answer.status_code, answer.content) == (204, b"")
    assert org.ask("DELETE", f"sobjects/Account/{id}").status_code == 204
    assert code(org.ask("PATCH", f"sobjects/Account/{id}", {"Name": "x"})) == (404, "ENTITY_IS_DELETED")
    assert org.truth("Account")[id]["IsDeleted"] is True


REFUSED: list[tuple[str, dict[str, Any], str]] = [
    ("Account", {}, "REQUIRED_FIELD_MISSING"),
    ("Account", {"Name": "A", "Nope": 1}, "INVALID_FIELD"),
    ("Account", {"Name": "A", "SystemModstamp": "2026-01-01T00:00:00Z"}, "INVALID_FIELD_FOR_INSERT_UPDATE"),
    ("Account", {"Name": "A" * 256}, "STRING_TOO_LONG"),
    ("Account", {"Name": "A", "AnnualRevenue": "much"}, "JSON_PARSER_ERROR"),
    ("Account", {"Name": "A", "AnnualRevenue": 10**18}, "NUMBER_OUTSIDE_VALID_RANGE"),
    ("Account", {"Name": "A", "ParentId": "nope"}, "MALFORMED_ID"),
    ("Account", {"Name": "A", "ParentId": "001dM0000000999QAA"}, "INVALID_CROSS_REFERENCE_KEY"),
    ("Account", {"Name": "A", "CurrencyIsoCode": "XXX"}, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"),
    ("Account", {"Name": "A", "External_Id__c": "TAKEN"}, "DUPLICATE_VALUE"),
    ("Contact", {"LastName": "L", "Email": "nobody"}, "INVALID_EMAIL_ADDRESS"),
    ("Contact", {"LastName": "L", "Account": {"External_Id__c": "nope"}}, "INVALID_FIELD"),
    ("Opportunity", {"Name": "O", "StageName": "Engaging", "CloseDate": "soon"}, "JSON_PARSER_ERROR"),
    ("Order", {"AccountId": "", "EffectiveDate": "2026-01-01", "Status": "Draft"}, "REQUIRED_FIELD_MISSING"),
]


def test_records_that_are_refused(org: StandIn) -> None:
    org.human("create", "Account", Name="T", External_Id__c="taken")
    for object, fields, expected in REFUSED:
        assert code(org.ask("POST", f"sobjects/{object}", fields)) == (400, expected), fields
    missing = org.ask("POST", "sobjects/Account", {}).json()
    assert missing == [
        {"message": "Required fields are missing: [Name]", "errorCode": "REQUIRED_FIELD_MISSING", "fields": ["Name"]}
    ]
    assert len(org.truth("Account")) == 1


def test_one_record_for_each_external_id(org: StandIn) -> None:
    """The shapes are recorded ones of a real org."""
    path = "sobjects/Account/External_Id__c/A%2F1%20%F0%9F%8E%89"
    first = org.ask("PATCH", path, {"Name": "Acme"})
    id = made(first)
    assert first.json() == {"id": id, "success": True, "errors": [], "created": True}
    again = org.ask("PATCH", path.replace("A%2F1", "a%2f1"), {"Name": "Acme AG"})  # capitals don't count
    assert (again.status_code, again.json()) == (200, {"id": id, "success": True, "errors": [], "created": False})
    assert org.truth("Account")[id]["External_Id__c"] == "A/1 🎉"
    assert org.ask("GET", path).json()["Name"] == "Acme AG"
    by_id = org.ask("PATCH", f"sobjects/Account/Id/{id}", {"Phone": "555"})
    assert (by_id.status_code, by_id.json()["created"]) == (200, False)
    by_mail = org.ask("PATCH", "sobjects/Contact/Email/a%40example.com", {"LastName": "L"})
    assert by_mail.status_code == 201
    assert code(org.ask("PATCH", path, {"Name": "x", "External_Id__c": "y"})) == (400, "INVALID_FIELD")
    assert code(org.ask("PATCH", "sobjects/Account/Nope__c/1", {"Name": "x"})) == (404, "NOT_FOUND")
    assert code(org.ask("PATCH", "sobjects/Account/External_Id__c/new?updateOnly=true", {"Name": "x"})) == (
        404,
        "NOT_FOUND",
    )


def test_an_external_id_of_several_records_changes_none(org: StandIn) -> None:
    ids = [org.human("create", "Account", Name=name, Legacy_Code__c="L") for name in "AB"]
    answer = org.ask("PATCH", "sobjects/Account/Legacy_Code__c/L", {"Name": "C"})
    assert answer.status_code == 300
    assert answer.json() == [f"{BASE}/sobjects/Account/{id}" for id in ids]
    assert [row["Name"] for row in org.truth("Account").values()] == ["A", "B"]


def test_a_reference_by_external_id(org: StandIn) -> None:
    account = org.human("create", "Account", Name="A", External_Id__c="A-1")
    id = made(org.ask("POST", "sobjects/Contact", {"LastName": "L", "Account": {"External_Id__c": "A-1"}}))
    assert org.truth("Contact")[id]["AccountId"] == account


def test_two_hundred_at_once_each_with_its_own_result(org: StandIn) -> None:
    rows = [item("Account", Name=f"A{n}" if n != 17 else "") for n in range(200)]
    found = results(org, "POST", "composite/sobjects", {"records": rows})
    assert [place for place, each in enumerate(found) if not each["success"]] == [17]
    assert found[17] == {
        "success": False,
        "errors": [
            {
                "statusCode": "REQUIRED_FIELD_MISSING",
                "message": "Required fields are missing: [Name]",
                "fields": ["Name"],
            }
        ],
    }
    truth = org.truth("Account")
    assert [truth[each["id"]]["Name"] for each in found if each["success"]] == [f"A{n}" for n in range(200) if n != 17]
    too_many = org.ask("POST", "composite/sobjects", {"records": [*rows, rows[0]]})
    assert code(too_many) == (400, "EXCEEDED_ID_LIMIT")
    mixed = [item("Account", Name="A"), item("Contact", LastName="L")] * 6
    assert org.ask("POST", "composite/sobjects", {"records": mixed}).status_code == 400


def test_all_or_none(org: StandIn) -> None:
    rows = [item("Account", Name="A"), item("Account"), item("Account", Name="B")]
    found = results(org, "POST", "composite/sobjects", {"allOrNone": True, "records": rows})
    assert codes(found) == [
        "ALL_OR_NONE_OPERATION_ROLLED_BACK", "REQUIRED_FIELD_MISSING", "ALL_OR_NONE_OPERATION_ROLLED_BACK",
    ]  # fmt: skip
    assert org.truth("Account") == {}


def test_items_that_fail_as_they_were_recorded(org: StandIn) -> None:
    rows = [item("Account", id="001xx000003DHP0AAO", Name="X")]
    assert results(org, "PATCH", "composite/sobjects", {"allOrNone": False, "records": rows}) == [
        {
            "success": False,
            "errors": [
                {"statusCode": "INVALID_CROSS_REFERENCE_KEY", "message": "invalid cross reference id", "fields": []}
            ],
        }
    ]
    told = "Nested object for polymorphic foreign key must have an attributes field before any other fields."
    assert results(org, "PATCH", "composite/sobjects/Account/Id", {"records": [{"Id": "001xx000003DHP0AAO"}]}) == [
        {
            "success": False,
            "errors": [{"statusCode": "JSON_PARSER_ERROR", "message": told, "fields": []}],
            "created": False,
        }
    ]


def test_many_by_external_id_and_many_deleted(org: StandIn) -> None:
    path = "composite/sobjects/Account/External_Id__c"
    rows = [item("Account", External_Id__c=f"E{n}", Name=f"A{n}") for n in range(3)]
    first = results(org, "PATCH", path, {"records": rows})
    second = results(org, "PATCH", path, {"records": [*rows, item("Account", Name="no key")]})
    assert [each["created"] for each in first + second] == [True] * 3 + [False] * 4
    assert [each["id"] for each in first] == [each["id"] for each in second[:3]]
    assert codes(second) == ["", "", "", "MISSING_ARGUMENT"]
    ids = ",".join(each["id"] for each in first)
    read = results(org, "GET", f"composite/sobjects/Account?ids={ids},001dM0000000999QAA&fields=Name")
    assert [each and each["Name"] for each in read] == ["A0", "A1", "A2", None]
    gone = results(org, "DELETE", f"composite/sobjects?ids={ids},001dM0000000999QAA&allOrNone=false")
    assert codes(gone) == ["", "", "", "INVALID_CROSS_REFERENCE_KEY"]


def test_a_deal_is_worth_what_its_lines_are(org: StandIn) -> None:
    org.stand()
    price, id = entry(org), deal(org, Amount=5)
    org.forward(60)
    line = {"OpportunityId": id, "PricebookEntryId": price, "Quantity": 3, "UnitPrice": 19.99, "Discount": 10}
    first = made(org.ask("POST", "sobjects/OpportunityLineItem", line))
    row, parent = org.truth("OpportunityLineItem")[first], org.truth("Opportunity")[id]
    assert (row["TotalPrice"], row["Subtotal"], row["ListPrice"], row["ProductCode"]) == (53.97, 59.97, 100, "SEAT")
    assert (parent["Amount"], parent["HasOpportunityLineItem"], parent["ExpectedRevenue"]) == (53.97, True, 53.97)
    assert parent["SystemModstamp"] == "2026-03-01T12:01:00.000+0000"
    total = {"OpportunityId": id, "PricebookEntryId": price, "Quantity": 4, "TotalPrice": 100}
    second = made(org.ask("POST", "sobjects/OpportunityLineItem", total))
    assert org.truth("OpportunityLineItem")[second]["UnitPrice"] == 25
    assert org.ask("PATCH", f"sobjects/Opportunity/{id}", {"Amount": 1}).status_code == 204  # taken, and ignored
    assert org.truth("Opportunity")[id]["Amount"] == 153.97
    org.forward(60)
    assert org.ask("DELETE", f"sobjects/OpportunityLineItem/{first}").status_code == 204
    parent = org.truth("Opportunity")[id]
    assert (parent["Amount"], parent["SystemModstamp"]) == (100, "2026-03-01T12:02:00.000+0000")


def test_lines_that_are_refused(org: StandIn) -> None:
    price, id = entry(org), deal(org)
    own = {"OpportunityId": id, "PricebookEntryId": price, "Quantity": 1}

    def refused(**fields: Any) -> str:
        status, found = code(org.ask("POST", "sobjects/OpportunityLineItem", {**own, **fields}))
        assert status == 400
        return found

    assert refused(UnitPrice=1, TotalPrice=1) == "FIELD_INTEGRITY_EXCEPTION"
    assert refused() == "REQUIRED_FIELD_MISSING"
    assert refused(PricebookEntryId=None, UnitPrice=1) == "REQUIRED_FIELD_MISSING"
    assert refused(OpportunityId=deal(org, CurrencyIsoCode="EUR"), UnitPrice=1) == "FIELD_INTEGRITY_EXCEPTION"
    other = org.human("create", "Pricebook2", Name="Other", IsActive=True)
    assert refused(OpportunityId=deal(org, Pricebook2Id=other), UnitPrice=1) == "FIELD_INTEGRITY_EXCEPTION"
    line = made(org.ask("POST", "sobjects/OpportunityLineItem", {**own, "UnitPrice": 1}))
    assert code(org.ask("PATCH", f"sobjects/OpportunityLineItem/{line}", {"OpportunityId": id})) == (
        400, "INVALID_FIELD_FOR_INSERT_UPDATE",
    )  # fmt: skip
    assert (
        code(org.ask("PATCH", f"sobjects/Opportunity/{id}", {"CurrencyIsoCode": "EUR"}))[1]
        == "FIELD_INTEGRITY_EXCEPTION"
    )
    assert code(org.ask("DELETE", f"sobjects/PricebookEntry/{price}")) == (400, "DELETE_FAILED")


def test_orders_and_contracts(org: StandIn) -> None:
    price, account = entry(org), org.human("create", "Account", Name="A")
    assert code(
        org.ask("POST", "sobjects/Order", {"AccountId": account, "EffectiveDate": "2026-01-01", "Status": "Activated"})
    )[1] == ("FAILED_ACTIVATION")
    order = org.human("create", "Order", AccountId=account, EffectiveDate="2026-01-01", Status="Draft")
    made(org.ask("POST", "sobjects/OrderItem", {"OrderId": order, "PricebookEntryId": price, "Quantity": 2}))
    row = org.truth("Order")[order]
    assert (row["TotalAmount"], row["OrderNumber"], row["StatusCode"]) == (200, "00000001", "Draft")
    contract = org.human("create", "Contract", AccountId=account, StartDate="2026-01-31", ContractTerm=13)
    assert org.truth("Contract")[contract]["EndDate"] == "2027-02-27"


def test_what_hangs_on_a_record_goes_with_it_and_comes_back(org: StandIn) -> None:
    account = org.human("create", "Account", Name="A")
    price, id = entry(org), deal(org, StageName="Engaging", AccountId=account)
    line = org.human("create", "OpportunityLineItem", OpportunityId=id, PricebookEntryId=price, Quantity=1, UnitPrice=7)
    won = deal(org, AccountId=account)
    assert code(org.ask("DELETE", f"sobjects/Account/{account}")) == (400, "DELETE_FAILED")
    org.human("delete", "Opportunity", won)
    assert org.ask("DELETE", f"sobjects/Account/{account}").status_code == 204

    def gone() -> list[bool]:
        found = {**org.truth("Account"), **org.truth("Opportunity"), **org.truth("OpportunityLineItem")}
        return [found[each]["IsDeleted"] for each in (account, id, line, won)]

    assert gone() == [True, True, True, True]
    org.human("undelete", "Account", account)
    assert gone() == [False, False, False, True]


def test_a_merge_moves_what_hung_on_the_loser(org: StandIn) -> None:
    org.stand()
    one, other = (org.human("create", "Account", Name=name) for name in ("One", "Other"))
    id = deal(org, AccountId=other)
    org.forward(60)
    org.human("merge", "Account", one, losers=[other])
    moved, kept = org.truth("Opportunity")[id], org.truth("Account")[one]
    assert (moved["AccountId"], moved["SystemModstamp"][14:16]) == (one, "01")
    assert kept["SystemModstamp"][14:16] == "00"  # nothing on the winner tells of it


def test_a_merge_of_a_parent_into_its_child(org: StandIn) -> None:
    parent = org.human("create", "Account", Name="Parent")
    child = org.human("create", "Account", Name="Child", ParentId=parent)
    org.human("merge", "Account", child, losers=[parent], Name="Both")
    found = org.truth("Account")[child]
    assert (found["Name"], found["ParentId"]) == ("Both", None)


def test_what_comes_back_may_not_double_an_external_id(org: StandIn) -> None:
    old = org.human("create", "Account", Name="Old", External_Id__c="E")
    org.human("delete", "Account", old)
    org.human("create", "Account", Name="New", External_Id__c="E")
    answer = org.http.post(f"{org.url}/admin/human", json={"do": "undelete", "object": "Account", "id": old})
    assert code(answer) == (400, "DUPLICATE_VALUE")


def test_a_row_that_somebody_else_holds(org: StandIn) -> None:
    org.stand()
    account = org.human("create", "Account", Name="A")
    org.human("update", "Account", account, Phone="1", late=60)
    assert code(org.ask("PATCH", f"sobjects/Account/{account}", {"Phone": "2"})) == (400, "UNABLE_TO_LOCK_ROW")
    found = results(org, "POST", "composite/sobjects", {"records": [item("Contact", LastName="L", AccountId=account)]})
    assert codes(found) == ["UNABLE_TO_LOCK_ROW"]
    org.forward(60)
    assert org.ask("PATCH", f"sobjects/Account/{account}", {"Phone": "2"}).status_code == 204


def test_duplicates_are_only_saved_when_asked_for(org: StandIn) -> None:
    org.set(duplicate_rules="block")
    org.human("create", "Account", Name="Acme")
    found = results(org, "POST", "composite/sobjects", {"records": [item("Account", Name="ACME")]})
    assert found[0]["errors"] == [
        {"statusCode": "DUPLICATES_DETECTED", "message": "Use one of these records?", "fields": []}
    ]
    answer = org.ask("POST", "sobjects/Account", {"Name": "ACME"}, Sforce_Duplicate_Rule_Header="allowSave=true")
    assert answer.status_code == 201


def test_only_when_nobody_wrote_since(org: StandIn) -> None:
    org.stand()
    id = org.human("create", "Account", Name="A")
    changed = org.ask("GET", f"sobjects/Account/{id}").headers["last-modified"]
    assert changed == "Sun, 01 Mar 2026 12:00:00 GMT"
    assert org.ask("GET", f"sobjects/Account/{id}", If_Modified_Since=changed).status_code == 304
    org.forward(60)
    org.human("update", "Account", id, Name="B")
    answer = org.ask("PATCH", f"sobjects/Account/{id}", {"Name": "C"}, If_Unmodified_Since=changed)
    assert code(answer) == (412, "PRECONDITION_FAILED")


def part(method: str, path: str, name: str, **body: Any) -> dict[str, Any]:
    return {"method": method, "url": f"{BASE}/{path}", "referenceId": name, **({"body": body} if body else {})}


def test_requests_in_one_request_refer_to_each_other(org: StandIn) -> None:
    parts = [
        part("POST", "sobjects/Account", "a", Name="A"),
        part("POST", "sobjects/Contact", "c", LastName="L", AccountId="@{a.id}"),
        part("GET", "query?q=SELECT+Account.Name+FROM+Contact+WHERE+Id='@{c.id}'", "q"),
    ]
    found = org.ask("POST", "composite", {"allOrNone": True, "compositeRequest": parts}).json()["compositeResponse"]
    assert [(each["referenceId"], each["httpStatusCode"]) for each in found] == [("a", 201), ("c", 201), ("q", 200)]
    assert found[0]["httpHeaders"] == {"Location": f"{BASE}/sobjects/Account/{found[0]['body']['id']}"}
    assert found[2]["body"]["records"][0]["Account"]["Name"] == "A"
    parts[1]["body"].pop("LastName")
    found = org.ask("POST", "composite", {"allOrNone": True, "compositeRequest": parts}).json()["compositeResponse"]
    assert [each["body"][0]["errorCode"] for each in found] == [
        "PROCESSING_HALTED", "REQUIRED_FIELD_MISSING", "PROCESSING_HALTED",
    ]  # fmt: skip
    assert (len(org.truth("Account")), org.admin("GET", "log")["requests"][-1]["status"]) == (1, 200)


def test_each_graph_is_all_or_nothing(org: StandIn) -> None:
    good = [part("POST", "sobjects/Account", "newAccount", Name="A")]
    bad = [*good, part("POST", "sobjects/Contact", "c")]
    asked = {"graphs": [{"graphId": "1", "compositeRequest": good}, {"graphId": "2", "compositeRequest": bad}]}
    one, other = org.ask("POST", "composite/graph", asked).json()["graphs"]
    id = one["graphResponse"]["compositeResponse"][0]["body"]["id"]
    assert one == {
        "graphId": "1",
        "graphResponse": {
            "compositeResponse": [
                {
                    "body": {"id": id, "success": True, "errors": []},
                    "httpHeaders": {"Location": f"{BASE}/sobjects/Account/{id}"},
                    "httpStatusCode": 201,
                    "referenceId": "newAccount",
                }
            ]
        },
        "isSuccessful": True,
    }
    assert other["isSuccessful"] is False
    assert list(org.truth("Account")) == [id]
    batch = [{"method": "GET", "url": f"v68.0/sobjects/Account/{id}"}, {"method": "GET", "url": "v68.0/nope"}]
    found = org.ask("POST", "composite/batch", {"batchRequests": batch}).json()
    assert (found["hasErrors"], [each["statusCode"] for each in found["results"]]) == (True, [200, 404])
