"""odoorpc, unchanged, does a month's work; XML-RPC and JSON-RPC by hand see the same books."""

from __future__ import annotations

import xmlrpc.client

import odoorpc
import pytest

from tests.odoo.house import DATABASE, LOGIN, SECRET, House


def test_a_month_of_work(odoo: House) -> None:
    sdk = odoo.sdk()
    assert (sdk.version, "account.move" in sdk.env, sdk.env.user.login) == ("19.0", True, LOGIN)
    partners, moves = sdk.env["res.partner"], sdk.env["account.move"]
    acme = partners.create(
        {
            "name": "Acme “Ünïcode” 🚀",
            "ref": "C-1",
            "property_payment_term_id": sdk.env.ref("account.account_payment_term_30days").id,
        }
    )
    tax = sdk.env.ref("account.1_sale_tax_7")
    line = {"name": "Licence", "quantity": 3, "price_unit": 33.33, "tax_ids": [(6, 0, [tax.id])]}
    id = moves.create(
        {
            "move_type": "out_invoice",
            "partner_id": acme,
            "invoice_date": "2026-03-03",
            "invoice_line_ids": [(0, 0, line)],
        }
    )
    move = moves.browse(id)
    assert (move.state, move.name, move.amount_untaxed, move.amount_tax) == ("draft", False, 99.99, 7)
    move.action_post()
    move = moves.browse(id)
    assert (move.name, move.state, str(move.invoice_date_due)) == ("INV/2026/00001", "posted", "2026-04-02")
    register = sdk.env["account.payment.register"].with_context(active_model="account.move", active_ids=[id])
    wizard = register.create({"amount": 50})
    payment = sdk.env["account.payment"].browse(register.browse(wizard).action_create_payments()["res_id"])
    assert (payment.amount, payment.state, payment.partner_id.name) == (50, "paid", "Acme “Ünïcode” 🚀")
    assert (moves.browse(id).payment_state, moves.browse(id).amount_residual) == ("partial", 56.99)
    reversal = sdk.env["account.move.reversal"].with_context(active_model="account.move", active_ids=[id])
    note = moves.browse(reversal.browse(reversal.create({"reason": "wrong"})).refund_moves()["res_id"])
    assert (note.move_type, note.amount_total, note.reversed_entry_id.id) == ("out_refund", 106.99, id)
    assert [one.name for one in move.invoice_line_ids] == ["Licence"]
    partners.browse(acme).write({"phone": "1"})
    assert partners.search([("phone", "=", "1"), ("name", "ilike", "ünïcode")]) == [acme]


def test_what_is_refused_is_its_own_exception(odoo: House) -> None:
    sdk = odoo.sdk()
    id = odoo.posted()
    with pytest.raises(odoorpc.error.RPCError, match="can't delete a posted journal item"):
        sdk.env["account.move"].unlink([id])
    with pytest.raises(odoorpc.error.RPCError, match="Invalid field 'nope'"):
        sdk.env["account.move"].search([("nope", "=", 1)])
    stranger = odoorpc.ODOO("127.0.0.1", port=int(odoo.url.rpartition(":")[2]))
    with pytest.raises(odoorpc.error.RPCError, match="Wrong login"):
        stranger.login(DATABASE, LOGIN, "wrong")
    stranger.login(DATABASE, LOGIN, odoo.key)  # a key is as good as the password


def test_json_rpc_says_200_to_everything(odoo: House) -> None:
    assert odoo.rpc("common", "version")["result"]["server_version"] == "19.0"
    assert odoo.rpc("common", "authenticate", DATABASE, LOGIN, SECRET, {})["result"] == 2
    assert odoo.rpc("common", "authenticate", DATABASE, LOGIN, "no", {})["result"] is False
    head = (DATABASE, 2, SECRET)
    made = odoo.rpc("object", "execute_kw", *head, "res.partner", "create", [{"name": "A"}], {})
    many = odoo.rpc("object", "execute_kw", *head, "res.partner", "create", [[{"name": "B"}, {"name": "C"}]])
    assert (made["result"], many["result"]) == (2, [3, 4])
    missing = odoo.rpc("object", "execute", *head, "res.partner", "read", [99], ["name"])["error"]
    assert (missing["code"], missing["message"], missing["data"]["name"]) == (
        200, "Odoo Server Error", "odoo.exceptions.MissingError",
    )  # fmt: skip
    denied = odoo.rpc("object", "execute_kw", DATABASE, 2, "no", "res.partner", "search", [[]])["error"]
    assert denied["data"]["name"] == "odoo.exceptions.AccessDenied"
    private = odoo.rpc("object", "execute_kw", *head, "sale.order", "_create_invoices", [[1]])["error"]
    assert private["data"]["name"] in ("builtins.KeyError", "odoo.exceptions.AccessError")


def test_xml_rpc_has_faults_and_before_17_no_none(odoo: House) -> None:
    id = odoo.posted()
    with odoo.xml() as xml:
        row = xml.execute_kw(DATABASE, 2, SECRET, "account.move", "read", [[id]], {"fields": ["amount_total", "ref"]})[
            0
        ]
        assert row == {"id": id, "amount_total": 119.0, "ref": False}
        with pytest.raises(xmlrpc.client.Fault) as caught:
            xml.execute_kw(DATABASE, 2, SECRET, "account.move", "unlink", [[id]])
        assert caught.value.faultCode == 2
        with pytest.raises(xmlrpc.client.Fault) as caught:
            xml.execute_kw(DATABASE, 2, "no", "account.move", "unlink", [[id]])
        assert caught.value.faultCode == 3
        with pytest.raises(xmlrpc.client.Fault) as caught:
            xml.execute_kw(DATABASE, 2, SECRET, "account.move", "_compute_amount", [[id]])
        assert caught.value.faultCode == 4


def test_each_version_has_its_doors(odoo: House) -> None:
    odoo.set(version=18)
    assert odoo.post("res.partner", "search").status_code == 404
    assert odoo.rpc("db", "list")["result"] == [DATABASE]
    odoo.set(version=20)
    assert "error" in odoo.rpc("db", "list")
    assert odoo.call("res.partner", "search") == [1]
    odoo.set(version=22)
    assert odoo.http.post(f"{odoo.url}/jsonrpc", json={}).status_code == 404
    odoo.set(version=17)
    id = odoo.sdk().env["account.payment"].create({"amount": 5, "ref": "memo is ref here", "partner_id": 1})
    sdk = odoo.sdk()
    sdk.env["account.payment"].action_post([id])
    assert sdk.env["account.payment"].browse(id).state == "posted"
