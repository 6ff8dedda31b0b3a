"""Log-in, names, lists, stale stamps, what people do meanwhile, and what the network does."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from billsync.connector import NoSandbox
from billsync_connectors.erpnext.named import NamedERPNext
from tests.erpnext.house import KEY, House


def test_keys_basic_and_sessions(site: House) -> None:
    get: Any = lambda **given: site.http.get(f"{site.url}/api/method/frappe.auth.get_logged_user", **given)  # noqa: E731
    assert get(headers=KEY).json() == {"message": "billsync@example.com"}
    assert get(auth=("billsync0key000", "stand-in")).status_code == 200
    assert get(headers={"Authorization": "token a:b"}).json()["exc_type"] == "AuthenticationError"
    assert get().status_code == 403
    form = {"usr": "billsync@example.com", "pwd": "stand-in"}
    told = site.http.post(f"{site.url}/api/method/login", data=form)
    cookie = {"Cookie": told.headers["set-cookie"].partition(";")[0]}
    site.http.cookies.clear()
    assert get(headers=cookie).status_code == 200
    url, body = f"{site.url}/api/resource/Customer", {"customer_name": "A"}
    assert site.http.post(url, json=body, headers=cookie).json()["exc_type"] == "CSRFTokenError"
    token = {**cookie, "X-Frappe-CSRF-Token": told.json()["csrf_token"]}
    assert site.http.post(url, json=body, headers=token).status_code == 200
    assert site.http.post(f"{site.url}/api/method/login", data={**form, "pwd": "no"}).status_code == 401


def test_names_by_series_by_field_by_prompt_and_the_second_customer_of_a_name(site: House) -> None:
    assert [site.customer(), site.customer(), site.customer()] == ["Acme", "Acme - 1", "Acme - 2"]
    site.data("POST", "resource/Item", {"item_code": "LIC"})
    assert site.wrong("POST", "resource/Item", {"item_code": "LIC"})[:2] == (409, "DuplicateEntryError")
    assert site.invoice(name="MINE-1")["name"] == "ACC-SINV-2026-00001"  # a name that is sent says nothing by series
    site.set(naming="Sales Invoice = prompt")
    assert site.invoice(name="MINE-1")["name"] == "MINE-1"
    told = {"customer": "Acme", "name": "MINE-1", "items": [{"item_name": "x", "rate": 1}]}
    assert site.wrong("POST", "resource/Sales Invoice", told)[:2] == (409, "DuplicateEntryError")


def test_a_field_of_ones_own_may_be_unique(site: House) -> None:
    own = {"dt": "Sales Invoice", "fieldname": "custom_billsync", "label": "billsync", "fieldtype": "Data", "unique": 1}
    assert site.data("POST", "resource/Custom Field", own)["name"] == "Sales Invoice-custom_billsync"
    name = site.invoice(custom_billsync="A-1")["name"]
    told = {"customer": "Acme", "custom_billsync": "A-1", "items": [{"item_name": "x", "rate": 1}]}
    assert site.wrong("POST", "resource/Sales Invoice", told)[:2] == (417, "UniqueValidationError")
    found = site.data("GET", "resource/Sales Invoice", filters={"custom_billsync": "A-1"})
    assert found == [{"name": name}]
    assert len(site.truth("Sales Invoice")) == 1


def test_lists(site: House) -> None:
    for n, name in enumerate(["Ann", "bob", "Bobby", "Cid"]):
        site.customer(name, tax_id=f"T-{n}" if n else None)
    found: Any = lambda *filters, **more: [  # noqa: E731
        row["name"] for row in site.data("GET", "resource/Customer", filters=list(filters), order_by="name", **more)
    ]
    assert found(["name", "like", "%BOB%"]) == ["bob", "Bobby"]
    assert found(["Customer", "tax_id", ">=", "T-2"]) == ["Bobby", "Cid"]
    assert found(["tax_id", "is", "not set"]) == ["Ann"]
    assert found(["name", "in", ["Ann", "Cid"]]) == ["Ann", "Cid"]
    assert found(["name", "not in", ["Ann", "Cid"]]) == ["bob", "Bobby"]
    assert found(["tax_id", "between", ["T-1", "T-2"]], ["disabled", "=", 0]) == ["bob", "Bobby"]
    assert found(or_filters=[["name", "=", "Ann"], ["name", "=", "Cid"]]) == ["Ann", "Cid"]
    assert found(limit_start="1", limit_page_length="2") == ["bob", "Bobby"]
    assert found(["name", "!=", "Ann"]) == ["bob", "Bobby", "Cid"]
    for n in range(30):
        site.customer(f"N {n}")
    assert len(site.data("GET", "resource/Customer")) == 20
    assert len(site.data("GET", "resource/Customer", limit_page_length="0")) == 34
    whole = {"doctype": "Customer", "limit_page_length": 0}
    assert len(site.data("POST", "method/frappe.client.get_list", whole)) == 34
    assert site.data("GET", "v2/doctype/Customer/count") == 34
    assert site.wrong("GET", "resource/Customer", filters=[["x", "=", 1]])[:2] == (500, "OperationalError")
    assert site.wrong("GET", "resource/Customer", fields=["x"])[:2] == (417, "DataError")
    assert site.wrong("GET", "resource/Nothing")[:2] == (404, "DoesNotExistError")
    site.invoice({"item_name": "Seat", "qty": 2, "rate": 5}, customer="Ann")
    inside = [["Sales Invoice Item", "item_name", "=", "Seat"]]
    assert len(site.data("GET", "resource/Sales Invoice", filters=inside)) == 1


def test_stamps_are_of_the_sites_own_time_and_go_back_an_hour_in_october(site: House) -> None:
    site.admin("POST", "clock", {"set": "2026-10-25T00:59:00Z"})
    first = site.read(site.customer("A"), "Customer")["modified"]
    site.forward(120)
    second = site.read(site.customer("B"), "Customer")["modified"]
    assert first.startswith("2026-10-25 02:59")
    assert second.startswith("2026-10-25 02:01")
    later = site.data("GET", "resource/Customer", filters=[["modified", ">", first]])
    assert later == []  # who goes by the newest stamp loses B


def test_a_stale_stamp_is_refused_and_none_is_the_last_word(site: House) -> None:
    name = site.customer()
    seen = site.read(name, "Customer")["modified"]
    site.human("update", "Customer", name, mobile_no="1")
    told = site.wrong("PUT", f"resource/Customer/{name}", {"mobile_no": "2", "modified": seen})
    assert told[:2] == (417, "TimestampMismatchError")
    assert site.data("PUT", f"resource/Customer/{name}", {"mobile_no": "3"})["mobile_no"] == "3"
    doc = site.invoice(docstatus=0)
    site.forward(1)
    site.human("update", "Sales Invoice", doc["name"], remarks="mine")
    assert site.wrong("POST", "method/frappe.client.submit", {"doc": doc})[1] == "TimestampMismatchError"
    fresh = site.read(doc["name"])
    assert site.data("POST", "method/frappe.client.submit", {"doc": json.dumps(fresh)})["docstatus"] == 1


def test_methods_of_the_client_and_the_second_api(site: House) -> None:
    docs = [{"doctype": "Customer", "customer_name": name} for name in ("A", "B")]
    assert site.data("POST", "method/frappe.client.insert_many", {"docs": docs}) == ["A", "B"]
    bad = [{"doctype": "Customer", "customer_name": "C"}, {"doctype": "Item"}]
    assert site.wrong("POST", "method/frappe.client.insert_many", {"docs": bad})[0] == 417
    assert site.data("GET", "method/frappe.client.get_count", doctype="Customer") == 2
    value = {"doctype": "Customer", "name": "A", "fieldname": "tax_id", "value": "T"}
    assert site.data("POST", "method/frappe.client.set_value", value)["tax_id"] == "T"
    assert site.data(
        "GET", "method/frappe.client.get_value", doctype="Customer", filters={"tax_id": "T"}, fieldname="name"
    ) == {"name": "A"}
    assert site.data("GET", "v2/document/Customer/A")["tax_id"] == "T"
    refused = site.ask("GET", "v2/document/Customer/Z")
    assert (refused.status_code, refused.json()["errors"][0]["type"]) == (404, "DoesNotExistError")
    assert site.wrong("POST", "method/frappe.client.fly")[0] == 417
    file = {"filename": "a.pdf", "filedata": "JVBERi0xLjQ=", "doctype": "Customer", "docname": "A"}
    assert site.data("POST", "method/frappe.client.attach_file", file)["file_size"] == 8
    gone = site.ask("DELETE", "resource/Customer/B")
    assert (gone.status_code, gone.json()) == (202, {"message": "ok"})
    left = site.data("GET", "resource/Deleted Document", fields=["deleted_doctype", "deleted_name"])
    assert left == [{"deleted_doctype": "Customer", "deleted_name": "B"}]


def test_people_rename_merge_and_delete_meanwhile(site: House) -> None:
    name = site.invoice()["name"]
    assert site.wrong("DELETE", "resource/Customer/Acme")[1] == "LinkExistsError"
    site.human("rename", "Customer", "Acme", to="Acme Ltd")
    assert site.read(name)["customer"] == "Acme Ltd"
    site.customer("Other")
    site.human("merge", "Customer", "Acme Ltd", to="Other")
    assert site.read(name)["customer"] == "Other"
    assert site.wrong("GET", "resource/Customer/Acme Ltd")[0] == 404
    assert [row["owner"] for row in site.truth("Sales Invoice")] == ["billsync@example.com"]


def test_the_same_seed_blows_the_same_storm(site: House) -> None:
    told = []
    for _ in range(2):
        site.ready()
        for _n in range(8):
            site.invoice()
        done = site.admin("POST", "storm", {"seed": 4, "edits": 60})
        told.append(
            (done, [(row["name"], row["status"], row["outstanding_amount"]) for row in site.truth("Sales Invoice")])
        )
    assert told[0] == told[1]
    assert len(told[0][0]) > 4


# ------------------------------------------------------------ the network


def test_committed_then_the_reply_is_lost_makes_two_by_series_and_one_by_name(site: House) -> None:
    site.customer()
    told = {"customer": "Acme", "name": "MINE-1", "items": [{"item_name": "x", "rate": 1}]}
    for naming, count in (("", 2), ("Sales Invoice = prompt", 3)):
        site.set(naming=naming)
        site.fault("lost", method="POST", path="/api/resource")
        with pytest.raises(httpx.RemoteProtocolError):
            site.ask("POST", "resource/Sales Invoice", told)
        site.ask("POST", "resource/Sales Invoice", told)
        assert len(site.truth("Sales Invoice")) == count


def test_given_up_and_executed_later(site: House) -> None:
    site.fault("late", seconds=90, method="POST")
    with pytest.raises(httpx.RemoteProtocolError):
        site.ask("POST", "resource/Customer", {"customer_name": "A"})
    assert site.data("GET", "resource/Customer") == []
    site.forward(91)
    assert site.data("GET", "resource/Customer") == [{"name": "A"}]


@pytest.mark.parametrize(("when", "left"), [("before", 0), ("after", 1)])
def test_502_before_and_after_the_commit(site: House, when: str, left: int) -> None:
    site.fault("unavailable", when=when)
    assert site.ask("POST", "resource/Customer", {"customer_name": "A"}).status_code == 502
    assert len(site.truth("Customer")) == left


def test_answers_that_are_not_what_was_done(site: House) -> None:
    name = site.invoice()["name"]
    site.fault("deadlock")
    assert site.wrong("POST", "resource/Customer", {"customer_name": "B"})[:2] == (500, "QueryDeadlockError")
    site.fault("other-total", by="0.01")
    assert site.read(name)["grand_total"] == 119.01
    site.fault("no-name")
    assert "name" not in site.read(name)
    site.fault("short-page", rows=0)
    site.fault("batch-cut", items=0)
    assert site.data("GET", "resource/Customer") == [{"name": "Acme"}]
    assert site.data("GET", "resource/Customer") == []
    site.fault("cut")
    with pytest.raises(json.JSONDecodeError):
        site.read(name)
    site.fault("login-page")
    assert "text/html" in site.ask("GET", "resource/Customer").headers["content-type"]
    site.set(rate_limit_ms=50)
    told = [site.ask("GET", "resource/Customer") for _ in range(4)]
    assert [one.status_code for one in told] == [200, 200, 200, 429]
    assert (told[0].headers["X-RateLimit-Remaining"], told[3].headers["Retry-After"]) == (
        "50000",
        told[3].headers["X-RateLimit-Reset"],
    )
    site.forward(3600)
    assert site.ask("GET", "resource/Customer").status_code == 200


def test_chance_with_a_seed_strikes_the_same_requests_again(site: House) -> None:
    struck = []
    for _ in range(2):
        site.admin("DELETE", "faults")
        site.fault("unavailable", probability="0.3", seed=5)
        struck.append([site.ask("GET", "resource/Customer").status_code for _ in range(20)])
    assert struck[0] == struck[1]
    assert 2 < struck[0].count(502) < 12


def test_a_killed_one_has_all_that_it_said_yes_to(tmp_path: Path) -> None:
    site = House(tmp_path)
    site.start()
    site.ready()
    name = site.invoice()["name"]
    site.kill()
    site.start()
    try:
        assert site.read(name)["grand_total"] == 119
        assert site.invoice()["name"] == "ACC-SINV-2026-00002"
    finally:
        site.http.close()
        site.kill()


def test_it_lives_in_a_folder(tmp_path: Path) -> None:
    sandbox = NamedERPNext(tmp_path / "books", options={"time_zone": "Asia/Kolkata"})
    told = sandbox.up()
    try:
        assert (NamedERPNext(tmp_path / "books").up(), told["time_zone"]) == (told, "Asia/Kolkata")
        key = {"Authorization": f"token {told['api_key']}:{told['api_secret']}"}
        answer = httpx.get(f"{told['url']}api/method/frappe.auth.get_logged_user", headers=key, trust_env=False)
        assert answer.json()["message"] == told["user"]
        assert oct((tmp_path / "books" / "api_secret").stat().st_mode & 0o777) == "0o600"
        with pytest.raises(NoSandbox, match="there is no setting nonsense"):
            sandbox.admin("PATCH", "settings", {"nonsense": 1})
        assert {row["fault"]: row["executed"] for row in NamedERPNext.faults()}["lost"] == "yes"
    finally:
        sandbox.down()
    assert not sandbox.running()
