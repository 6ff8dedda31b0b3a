"""Pages, filters, what changed since, and what people have done meanwhile."""

from __future__ import annotations

from tests.xero.house import House, invoice, line


def test_pages_orders_and_filters(house: House) -> None:
    batch = [invoice(f"A-{n}", line(n), Contact={"Name": "Acme" if n % 2 else "Beta"}) for n in range(1, 8)]
    house.ask("PUT", "Invoices", {"Invoices": batch})
    page = house.ask("GET", "Invoices?page=2&pageSize=3&order=InvoiceNumber DESC").json()
    assert [one["InvoiceNumber"] for one in page["Invoices"]] == ["A-4", "A-3", "A-2"]
    assert page["pagination"] == {"page": 2, "pageSize": 3, "pageCount": 3, "itemCount": 7}
    whole = house.ask("GET", "Invoices").json()
    assert ("pagination" in whole, whole["Invoices"][0]["LineItems"]) == (False, [])
    filters = {
        'Type=="ACCREC" AND AmountDue>=7.2': ["A-6", "A-7"],
        'Contact.Name.StartsWith("be") && (Total<3 || Total>7)': ["A-2", "A-6"],
        "Date>=DateTime(2026,03,06)": [],
        'Status!="AUTHORISED"': [],
        'InvoiceNumber=="a-3"': ["A-3"],
        "Reference!=null": [],
    }
    for where, numbers in filters.items():
        found = house.ask("GET", f"Invoices?page=1&where={where.replace('&', '%26')}").json()["Invoices"]
        assert [one["InvoiceNumber"] for one in found] == numbers, where
    assert house.ask("GET", "Invoices?where=Status==").status_code == 400
    listed = house.ask("GET", "Invoices?InvoiceNumbers=A-1,A-5&Statuses=AUTHORISED").json()["Invoices"]
    assert len(listed) == 2
    house.fault("short-page", rows=2)
    assert len(house.ask("GET", "Invoices?page=1").json()["Invoices"]) == 2


def test_what_changed_since_then_to_the_second(house: House) -> None:
    house.made("Invoices", invoice("A-1"))
    house.forward(60)
    house.made("Invoices", invoice("A-2"))
    since = {"If_Modified_Since": "2026-03-05T12:00:30Z"}
    numbers = [one["InvoiceNumber"] for one in house.ask("GET", "Invoices?page=1", **since).json()["Invoices"]]
    assert numbers == ["A-2"]
    house.forward(60)
    pay = {"Invoice": {"InvoiceNumber": "A-1"}, "Account": {"Code": "090"}, "Amount": 5}
    house.made("Payments", pay)
    numbers = [one["InvoiceNumber"] for one in house.ask("GET", "Invoices?page=1", **since).json()["Invoices"]]
    assert numbers == ["A-2", "A-1"]
    same = {"If_Modified_Since": "2026-03-05T12:02:00Z"}
    assert house.ask("GET", "Invoices?page=1", **same).json()["Invoices"] == []  # that second is not later
    house.set(modified_since="from")
    assert len(house.ask("GET", "Invoices?page=1", **same).json()["Invoices"]) == 1


def test_a_list_may_lag_behind_what_was_written(house: House) -> None:
    house.set(list_lag_s=20)
    made = house.made("Invoices", invoice("A-1"))
    assert house.ask("GET", "Invoices?InvoiceNumbers=A-1").json()["Invoices"] == []
    assert house.ask("GET", f"Invoices/{made['InvoiceID']}").status_code == 200
    house.forward(21)
    assert len(house.ask("GET", "Invoices?InvoiceNumbers=A-1").json()["Invoices"]) == 1


def test_a_person_edits_voids_merges_and_reconciles_meanwhile(house: House) -> None:
    first, second = (
        house.made("Invoices", invoice("A-1")),
        house.made("Invoices", invoice("A-2", Contact={"Name": "Old"})),
    )
    house.human("update", "Invoice", first["InvoiceID"], LineItems=[line(90)])
    assert house.ask("GET", f"Invoices/{first['InvoiceID']}").json()["Invoices"][0]["Total"] == 108
    old, new = second["Contact"]["ContactID"], first["Contact"]["ContactID"]
    house.human("merge", "Contact", old, into=new)
    gone = house.ask("GET", f"Contacts/{old}").json()["Contacts"][0]
    assert (gone["ContactStatus"], gone["MergedToContactID"]) == ("ARCHIVED", new)
    assert house.ask("GET", f"Invoices/{second['InvoiceID']}").json()["Invoices"][0]["Contact"]["ContactID"] == new
    paid = house.human("create", "Payment", Invoice={"InvoiceNumber": "A-2"}, Account={"Code": "090"}, Amount=120)
    house.human("reconcile", "Payment", paid)
    told = house.wrong("POST", f"Payments/{paid}", {"Status": "DELETED"})
    assert told == "Payment cannot be deleted as it has been reconciled"
    house.human("void", "Invoice", first["InvoiceID"])
    assert [(one["InvoiceNumber"], one["Status"], one["by"]) for one in house.truth("Invoices")] == [
        ("A-1", "VOIDED", "app"), ("A-2", "PAID", "app"),
    ]  # fmt: skip
    assert [one["by"] for one in house.truth("Payments")] == ["person"]
    history = house.ask("GET", f"Invoices/{first['InvoiceID']}/History").json()["HistoryRecords"]
    assert [(each["Changes"], each["User"]) for each in history] == [
        ("Voided", "person"), ("Edited", "person"), ("Created", "app"),
    ]  # fmt: skip


def test_the_same_seed_blows_the_same_storm(house: House) -> None:
    told = []
    for _ in range(2):
        house.ready()
        house.ask("PUT", "Invoices", {"Invoices": [invoice(f"A-{n}") for n in range(20)]})
        done = house.admin("POST", "storm", {"seed": 4, "edits": 80})
        told.append((done, [(one["InvoiceNumber"], one["Status"], one["Total"]) for one in house.truth("Invoices")]))
    assert told[0] == told[1]
    assert len(told[0][0]) > 5
