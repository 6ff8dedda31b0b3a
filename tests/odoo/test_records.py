"""Domains, external ids, keys, what people do meanwhile, and what the network does."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from billsync.connector import NoSandbox
from billsync_connectors.odoo.named import NamedOdoo
from tests.odoo.house import House


def test_domains_orders_and_pages(odoo: House) -> None:
    for n, name in enumerate(["Ann", "Bob", "bobby", "Cid"]):
        odoo.partner(name, ref=f"C-{n}", is_company=n % 2 == 0, email=False if n else "a@x")
    odoo.call("res.partner", "action_archive", ids=[5])
    found: Any = lambda *domain, **more: [  # noqa: E731
        row["name"]
        for row in odoo.call(
            "res.partner", "search_read", domain=[["ref", "!=", False], *domain], fields=["name"], **more
        )
    ]
    assert found() == ["Ann", "Bob", "bobby"]
    assert found(context={"active_test": False}, order="name desc, id") == ["Cid", "bobby", "Bob", "Ann"]
    assert found(["active", "=", False]) == ["Cid"]
    assert found("|", ["name", "=", "Ann"], "&", ["name", "ilike", "BOB"], ["is_company", "=", True]) == [
        "Ann",
        "bobby",
    ]
    assert found("!", ["name", "like", "ob"]) == ["Ann"]
    assert found(["ref", "in", ["C-1", "C-2"]], limit=1, offset=1) == ["bobby"]
    assert found(["email", "=", False], ["ref", ">", "C-1"]) == ["bobby"]
    assert found(["commercial_partner_id.name", "=like", "B%"]) == ["Bob"]
    assert found(["id", "not in", [2, 3]]) == ["bobby"]
    assert odoo.wrong("res.partner", "search", domain=[["x", "=", 1]])[0] == 500
    assert odoo.call("res.partner", "name_search", name="bob") == [[3, "Bob"], [4, "bobby"]]


def test_what_changed_is_stamped_when_its_transaction_began(odoo: House) -> None:
    one, two = odoo.call("res.partner", "create", vals_list=[{"name": "A"}, {"name": "B"}])
    rows = odoo.call("res.partner", "read", ids=[one, two], fields=["write_date"])
    assert {row["write_date"] for row in rows} == {"2026-03-05 12:00:00"}
    same = [["write_date", "=", "2026-03-05 12:00:00"], ["id", ">", 1]]
    assert odoo.call("res.partner", "search", domain=same) == []  # it keeps microseconds and shows seconds
    odoo.human("res.partner", "write", late=60, ids=[one], vals={"name": "A late"})
    odoo.forward(30)
    cursor = odoo.partner("C")
    odoo.forward(40)
    newest = odoo.call("res.partner", "read", ids=[cursor], fields=["write_date"])[0]["write_date"]
    late = odoo.call("res.partner", "read", ids=[one], fields=["name", "write_date"])[0]
    assert late["name"] == "A late"
    assert late["write_date"] < newest
    odoo.forward(60)
    id = odoo.posted()
    seen = odoo.move(id, "write_date")
    odoo.forward(60)
    odoo.pay(id)
    assert odoo.move(id, "write_date") > seen


def test_an_external_id_makes_one_and_changes_it(odoo: House) -> None:
    names = [
        "id",
        "move_type",
        "partner_id/id",
        "invoice_line_ids/id",
        "invoice_line_ids/name",
        "invoice_line_ids/quantity",
        "invoice_line_ids/price_unit",
    ]
    odoo.call("res.partner", "load", fields=["id", "name"], data=[["billsync.c1", "Acme"]])
    rows = [
        ["billsync.i1", "out_invoice", "billsync.c1", "billsync.i1-1", "a", "1", "10"],
        ["", "", "", "billsync.i1-2", "b", "2", "5"],
    ]
    first = odoo.call("account.move", "load", fields=names, data=rows)
    again = odoo.call("account.move", "load", fields=names, data=[[*rows[0][:6], "70"]])
    assert first["ids"] == again["ids"]
    id = first["ids"][0]
    assert odoo.move(id, "amount_untaxed") == 80
    odoo.call("account.move", "load", fields=names, data=[[*rows[0][:3], "", "c", "1", "9"]])
    assert (odoo.move(id, "amount_untaxed"), len(odoo.move(id, "invoice_line_ids"))) == (89, 3)
    assert odoo.call("account.move", "get_external_id", ids=[id]) == {str(id): "billsync.i1"}
    assert odoo.call("ir.model.data", "check_object_reference", module="billsync", xml_id="i1") == ["account.move", id]
    bad = odoo.call(
        "res.partner",
        "load",
        fields=["id", "name", "country_id"],
        data=[["billsync.c2", "B", ""], ["billsync.c3", "C", "Nowhere"]],
    )
    assert (bad["ids"], bad["messages"][0]["record"]) == (False, 1)
    assert [row["xmlid"] for row in odoo.truth("res.partner")] == ["base.main_partner", "billsync.c1"]
    twice = {"module": "billsync", "name": "i1", "model": "account.move", "res_id": id}
    assert odoo.wrong("ir.model.data", "create", vals_list=[twice])[1] == "ValidationError"


def test_a_field_of_ones_own_may_be_unique(odoo: House) -> None:
    odoo.set(fields="account.move x_billsync char unique")
    odoo.draft(x_billsync="A-1")
    assert (
        odoo.wrong("account.move", "create", vals_list=[{"move_type": "out_invoice", "x_billsync": "A-1"}])[1]
        == "ValidationError"
    )
    assert odoo.call("account.move", "fields_get", attributes=["type"])["x_billsync"] == {"type": "char"}


def test_many_are_made_or_none(odoo: House) -> None:
    assert odoo.wrong("res.partner", "create", vals_list=[{"name": "A"}, {"phone": "1"}])[1] == "ValidationError"
    assert len(odoo.truth("res.partner")) == 1
    assert odoo.wrong("res.partner", "create", vals_list=[{"name": "A", "parent_id": 99}])[:2] == (404, "MissingError")


def test_what_json_2_does_not_take(odoo: House) -> None:
    assert odoo.wrong("sale.order", "search")[:2] == (404, "NotFound")
    assert odoo.wrong("res.partner", "fly", ids=[1])[:2] == (404, "NotFound")
    assert odoo.wrong("res.partner", "search", ids=[1])[:2] == (422, "UnprocessableEntity")
    assert odoo.wrong("res.partner", "search", colour="red")[:2] == (422, "UnprocessableEntity")
    assert odoo.wrong("res.partner", "_write", ids=[1])[:2] == (403, "AccessError")
    odoo.set(forbidden="res.partner unlink")
    assert odoo.wrong("res.partner", "unlink", ids=[1])[:2] == (403, "AccessError")
    assert odoo.http.get(f"{odoo.url}/json/2/res.partner/search").json()["message"].startswith("Did you mean POST")


def test_keys_end_and_are_made_for_each_other(odoo: House) -> None:
    made = odoo.call(
        "res.users.apikeys", "generate", key=odoo.key, scope="rpc", name="next", expiration_date="2026-04-01"
    )
    assert (
        odoo.wrong("res.users.apikeys", "generate", key=odoo.key, scope="rpc", name="n", expiration_date="2027-01-01")[
            0
        ]
        == 422
    )
    odoo.forward(28 * 86400)
    old, odoo.key = odoo.key, made
    assert odoo.wrong("res.partner", "search") == (401, "Unauthorized", "Invalid apikey")
    odoo.key = old
    assert odoo.call("res.users.apikeys", "revoke", key=old) is True
    assert odoo.wrong("res.partner", "search")[0] == 401


def test_people_merge_and_edit_meanwhile(odoo: House) -> None:
    old, new = odoo.partner("Old"), odoo.partner("New")
    id = odoo.posted(partner_id=old)
    odoo.human("res.partner", "merge", ids=[new, old])
    assert odoo.move(id, "partner_id") == [new, "New"]
    assert odoo.wrong("res.partner", "read", ids=[old])[1] == "MissingError"
    odoo.human("account.move", "button_draft", ids=[id])
    line = odoo.move(id, "invoice_line_ids")[0]
    odoo.human("account.move.line", "write", ids=[line], vals={"price_unit": 90})
    odoo.human("account.move", "action_post", ids=[id])
    assert odoo.move(id, "amount_total", "name") == (107.1, "INV/2026/00001")
    by_hand = odoo.human("account.move", "create", vals_list=[{"move_type": "out_invoice", "partner_id": new}])
    assert {row["id"]: row["by"] for row in odoo.truth("account.move")} == {id: 2, by_hand[0]: 1}


def test_the_same_seed_blows_the_same_storm(odoo: House) -> None:
    told = []
    for _ in range(2):
        odoo.ready()
        for _n in range(8):
            odoo.posted()
        done = odoo.admin("POST", "storm", {"seed": 4, "edits": 60})
        told.append((done, [(row["name"], row["state"], row["amount_residual"]) for row in odoo.truth("account.move")]))
    assert told[0] == told[1]
    assert len(told[0][0]) > 5


# ------------------------------------------------------------ the network


def test_committed_then_the_reply_is_lost_makes_two_where_nobody_looks(odoo: House) -> None:
    partner = odoo.partner()
    told = {"move_type": "out_invoice", "partner_id": partner, "ref": "A-1"}
    odoo.fault("lost", path="/json/2/account.move/create")
    with pytest.raises(httpx.RemoteProtocolError):
        odoo.post("account.move", "create", vals_list=[told])
    assert odoo.call("account.move", "search", domain=[["ref", "=", "A-1"]]) == [1]
    odoo.call("account.move", "create", vals_list=[told])
    assert len(odoo.truth("account.move")) == 2  # there is no key that would have made it one


def test_given_up_and_executed_later(odoo: House) -> None:
    odoo.fault("late", seconds=90, path="/json/2/res.partner/create")
    with pytest.raises(httpx.RemoteProtocolError):
        odoo.post("res.partner", "create", vals_list=[{"name": "A"}])
    assert odoo.call("res.partner", "search", domain=[["name", "=", "A"]]) == []
    odoo.forward(91)
    assert odoo.call("res.partner", "search", domain=[["name", "=", "A"]]) == [2]


@pytest.mark.parametrize(("when", "left"), [("before", 1), ("after", 2)])
def test_502_before_and_after_the_commit(odoo: House, when: str, left: int) -> None:
    odoo.fault("unavailable", when=when)
    assert odoo.post("res.partner", "create", vals_list=[{"name": "A"}]).status_code == 502
    assert len(odoo.truth("res.partner")) == left


def test_answers_that_are_not_what_was_done(odoo: House) -> None:
    odoo.posted()
    odoo.fault("serialize")
    assert odoo.wrong("res.partner", "create", vals_list=[{"name": "A"}])[1] == "SerializationFailure"
    odoo.fault("other-total", by="0.01")
    assert odoo.move(1, "amount_total") == 119.01
    odoo.fault("no-id")
    assert "id" not in odoo.call("account.move", "read", ids=[1], fields=["name"])[0]
    odoo.fault("batch-cut")
    assert len(odoo.call("res.partner", "search_read", fields=["name"])) == 1
    odoo.fault("short-page", rows=1)
    assert len(odoo.call("res.partner", "search")) == 1
    odoo.fault("cut")
    with pytest.raises(json.JSONDecodeError):
        odoo.call("res.partner", "search")
    odoo.fault("truncated")
    with pytest.raises(httpx.RemoteProtocolError):
        odoo.call("res.partner", "search")
    odoo.fault("login-page")
    assert "text/html" in odoo.post("res.partner", "search").headers["content-type"]
    odoo.fault("too-many")
    assert odoo.post("res.partner", "search").headers["retry-after"] == "1"
    odoo.set(per_second=2)
    odoo.forward(1)
    assert [odoo.post("res.partner", "search").status_code for _ in range(3)] == [200, 200, 429]
    odoo.set(per_second=0)
    odoo.fault("expire")
    assert odoo.wrong("res.partner", "search")[0] == 401
    assert [one["fault"] for one in odoo.admin("GET", "log")["requests"][-2:]] == ["", "expire"]


def test_chance_with_a_seed_strikes_the_same_calls_again(odoo: House) -> None:
    struck = []
    for _ in range(2):
        odoo.admin("DELETE", "faults")
        odoo.fault("unavailable", probability="0.3", seed=5)
        struck.append([odoo.post("res.partner", "search").status_code for _ in range(20)])
    assert struck[0] == struck[1]
    assert 2 < struck[0].count(502) < 12


def test_a_killed_one_has_all_that_it_said_yes_to(tmp_path: Path) -> None:
    odoo = House(tmp_path)
    odoo.start()
    odoo.ready()
    id = odoo.posted()
    odoo.kill()
    odoo.start()
    try:
        assert odoo.move(id, "name", "amount_total") == ("INV/2026/00001", 119)
        assert odoo.move(odoo.posted(), "name") == "INV/2026/00002"
    finally:
        odoo.http.close()
        odoo.kill()


def test_it_lives_in_a_folder(tmp_path: Path) -> None:
    sandbox = NamedOdoo(tmp_path / "books", options={"version": "18"})
    told = sandbox.up()
    try:
        assert (NamedOdoo(tmp_path / "books").up(), told["protocol"]) == (told, "jsonrpc")
        params = {"service": "common", "method": "login", "args": [told["database"], told["user"], told["api_key"]]}
        answer = httpx.post(f"{told['url']}jsonrpc", json={"params": params, "id": 1}, trust_env=False)
        assert answer.json()["result"] == 2
        assert oct((tmp_path / "books" / "secret").stat().st_mode & 0o777) == "0o600"
        with pytest.raises(NoSandbox, match="there is no setting nonsense"):
            sandbox.admin("PATCH", "settings", {"nonsense": 1})
        assert {row["fault"]: row["executed"] for row in NamedOdoo.faults()}["lost"] == "yes"
    finally:
        sandbox.down()
    assert not sandbox.running()
