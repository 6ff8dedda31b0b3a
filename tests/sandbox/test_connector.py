"""The connector against the stand-in: each answer, whole or broken, gets the outcome that it proves and no better."""

from __future__ import annotations

import itertools
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from billsync.connector import (
    Absent,
    Applied,
    Expectation,
    Found,
    Intent,
    Mismatch,
    Refused,
    TryLater,
    Unclear,
    Unfinished,
    Unsure,
)
from tests.sandbox.bills import bill, document, party, write
from tests.sandbox.stand_in import StandIn

KINDS = ("A", "B", "C", "D")

Expected = tuple[type, str]
BROKEN: list[tuple[dict[str, Any], Expected, bool]] = [
    ({"fault": "lost"}, (Unclear, "connection_lost"), True),
    ({"fault": "dropped"}, (Unclear, "connection_lost"), False),
    ({"fault": "late", "seconds": 60}, (Unclear, "connection_lost"), False),
    ({"fault": "reset"}, (Unclear, "connection_lost"), False),
    ({"fault": "reset", "when": "after"}, (Unclear, "connection_lost"), True),
    ({"fault": "slow", "seconds": 3}, (Unclear, "timeout"), True),
    ({"fault": "drip", "pause_s": "0.1"}, (Unclear, "timeout"), True),
    *(({"fault": "error", "status": s}, (Unclear, f"http_{s}"), False) for s in (500, 502, 503, 504)),
    *(({"fault": "error", "status": s, "when": "after"}, (Unclear, f"http_{s}"), True) for s in (500, 503)),
    ({"fault": "error", "status": 401, "next": 2}, (TryLater, "auth"), False),
    ({"fault": "error", "status": 403}, (TryLater, "auth"), False),
    ({"fault": "busy", "retry_after": "120"}, (TryLater, "rate_limited"), False),
    ({"fault": "truncated"}, (Unclear, "connection_lost"), True),
    ({"fault": "cut"}, (Unclear, "not_json"), True),
    ({"fault": "login-page"}, (Unclear, "not_json"), False),
    ({"fault": "login-page", "when": "after"}, (Unclear, "not_json"), True),
    ({"fault": "wrong-type"}, (Unclear, "not_json"), True),
    ({"fault": "latin-1"}, (Unclear, "not_json"), True),
    ({"fault": "no-id"}, (Unclear, "no_id"), True),
    *(({"fault": "redirect", "status": s}, (Unclear, "redirected"), False) for s in (301, 302, 303)),
    *(({"fault": "redirect", "status": s}, (Refused, "redirected"), False) for s in (307, 308)),
    ({"fault": "huge", "size": 21 * 1024 * 1024}, (Unclear, "too_large"), True),
    ({"fault": "bomb", "size": 25 * 1024 * 1024}, (Unclear, "too_large"), True),
]


def test_every_broken_answer_gets_the_outcome_that_it_proves(sandbox_server: StandIn) -> None:
    patient, hasty = sandbox_server.connector(timeout=60), sandbox_server.connector(timeout=1)
    for number, (fault, (kind, reason), executed) in enumerate(BROKEN):
        key = f"INV-{number}"
        intent = bill(sandbox_server, key)
        sandbox_server.admin("POST", "faults", {**fault, "path": "/v1/invoice"})
        (outcome,) = write(hasty if reason == "timeout" else patient, [intent])
        assert isinstance(outcome, TryLater | Refused | Unclear), fault
        assert (type(outcome), outcome.reason) == (kind, reason), fault
        assert (key in sandbox_server.references()) is executed, fault
        sandbox_server.admin("DELETE", "faults")


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_intent_twice(sandbox_server: StandIn, kind: str) -> None:
    """A key and writing by our reference make one record of two sends; a search and nothing make two."""
    sandbox_server.set(kind=kind)
    erp, intent = sandbox_server.connector(kind=kind), bill(sandbox_server)
    first, second = write(erp, [intent])[0], write(erp, [intent])[0]
    assert isinstance(first, Applied)
    assert isinstance(second, Applied)
    assert len(sandbox_server.documents()) == (1 if kind in "AB" else 2)
    assert (first.remote_id == second.remote_id) is (kind in "AB")
    sheet = erp.capabilities.writes["invoice"]
    assert (sheet.target.value, sheet.key_lifetime_s) == (kind, 86_400 if kind == "A" else None)
    probes = erp.probe("invoice", ["INV-1", "INV-2"])
    if kind == "D":
        assert all(isinstance(answer, Unsure) for answer in probes)
    else:
        found, absent = probes
        assert isinstance(found, Found)
        assert (set(found.remote_ids), absent) == ({first.remote_id, second.remote_id}, Absent())


def test_an_invoice_stands_there_as_it_was_meant(sandbox_server: StandIn) -> None:
    erp = sandbox_server.connector()
    (outcome,) = write(erp, [bill(sandbox_server, due_date="2026-03-02")])
    assert isinstance(outcome, Applied)
    assert erp.probe("invoice", ["INV-1"]) == [Found((outcome.remote_id,), echo=outcome.echo)]
    ((stands,),) = erp.standing("invoice")
    assert (stands.id, stands.reference, stands.number, stands.customer) == (
        outcome.remote_id, "INV-1", "INV-1", party(sandbox_server),
    )  # fmt: skip
    assert (str(stands.total), str(stands.tax), str(stands.open)) == ("119.00", "19.00", "119.00")
    assert (stands.state, str(stands.on), str(stands.due_on), stands.lines) == ("sent", "2026-01-31", "2026-03-02", 1)


@pytest.mark.parametrize("kind", KINDS)
def test_a_batch_answers_for_each_item(sandbox_server: StandIn, kind: str) -> None:
    """The second is refused, the reply ends after the third, all others were executed."""
    sandbox_server.set(kind=kind)
    erp = sandbox_server.connector(kind=kind)
    bad = bill(sandbox_server, "INV-2", currency=None)
    intents = [bill(sandbox_server, "INV-1"), bad, *(bill(sandbox_server, f"INV-{n}") for n in (3, 4, 5))]
    sandbox_server.fault("batch-cut", items=3)
    outcomes = write(erp, intents)
    assert [type(outcome) for outcome in outcomes] == [Applied, Refused, Applied, Unclear, Unclear]
    assert sandbox_server.references() == ["INV-1", "INV-3", "INV-4", "INV-5"]
    assert len(sandbox_server.log(writes=True)) == 1


def test_a_batch_of_all_or_nothing(sandbox_server: StandIn) -> None:
    """One that is refused leaves nothing of the others behind, and they may be sent again."""
    sandbox_server.set(batch="atomic")
    erp = sandbox_server.connector()
    intents = [
        bill(sandbox_server, "INV-1"),
        bill(sandbox_server, "INV-2", currency=None),
        bill(sandbox_server, "INV-3"),
    ]
    outcomes = write(erp, intents)
    assert [type(outcome) for outcome in outcomes] == [TryLater, Refused, TryLater]
    assert sandbox_server.documents() == []
    good = write(erp, [intents[0], intents[2]])
    assert [type(outcome) for outcome in good] == [Applied, Applied]


def test_a_number_that_is_taken(sandbox_server: StandIn) -> None:
    """By ours: adopted. By one that is not ours: refused, with its name. By one that is not found yet: not known."""
    sandbox_server.set(unique_numbers=True, kind="D")
    erp, intent = sandbox_server.connector(kind="D"), bill(sandbox_server)
    (first,) = write(erp, [intent])
    assert write(erp, [intent]) == [first]
    sandbox_server.human("create", "invoice", **{**_plain(bill(sandbox_server, "INV-2")), "reference": "by hand"})
    (taken,) = write(erp, [bill(sandbox_server, "INV-2")])
    assert isinstance(taken, Refused)
    assert (taken.reason, taken.field) == ("number_taken", "number")
    sandbox_server.set(index_lag_s=60)
    sandbox_server.fault("lost")
    hidden = [write(erp, [bill(sandbox_server, "INV-3")])[0] for _ in range(2)]
    assert [type(outcome) for outcome in hidden] == [Unclear, Unclear]
    sandbox_server.forward(61)
    assert isinstance(write(erp, [bill(sandbox_server, "INV-3")])[0], Applied)
    assert sandbox_server.references() == ["INV-1", "INV-3", "by hand"]


def _plain(intent: Intent) -> dict[str, Any]:
    """A payload as JSON can carry it."""
    lines = [{name: str(value) for name, value in row.items()} for row in intent.payload["lines"]]
    return {**intent.payload, "lines": lines}


def test_what_the_books_refuse(sandbox_server: StandIn) -> None:
    erp = sandbox_server.connector()
    sandbox_server.set(closed_through="2025-12-31")
    (closed,) = write(erp, [bill(sandbox_server, date="2025-12-31")])
    sandbox_server.human("change", "customer", party(sandbox_server), active=False)
    (inactive,) = write(erp, [bill(sandbox_server)])
    (unknown,) = write(erp, [bill(sandbox_server, customer="customer-99")])
    refused = [outcome for outcome in (closed, inactive, unknown) if isinstance(outcome, Refused)]
    assert [(fault.reason, fault.field) for fault in refused] == [
        ("period_closed", "date"), ("bad_reference", "customer"), ("bad_reference", "customer"),
    ]  # fmt: skip
    assert sandbox_server.documents() == []


def test_an_erp_that_computes_otherwise(sandbox_server: StandIn) -> None:
    sandbox_server.set(tax_skew="0.01")
    (outcome,) = write(sandbox_server.connector(), [bill(sandbox_server)])
    assert isinstance(outcome, Mismatch)
    assert "tax is 19.01 there, 19.00 here" in outcome.message


def test_an_answer_about_something_else(sandbox_server: StandIn) -> None:
    sandbox_server.fault("other-content", path="/v1/invoice")
    (outcome,) = write(sandbox_server.connector(), [bill(sandbox_server)])
    assert isinstance(outcome, Mismatch)
    assert "SOMETHING-ELSE" in outcome.message


def test_amounts_with_other_decimals_are_the_same_amounts(sandbox_server: StandIn) -> None:
    sandbox_server.set(reply_decimals=4)
    assert isinstance(write(sandbox_server.connector(), [bill(sandbox_server)])[0], Applied)


def test_a_byte_order_mark_is_borne(sandbox_server: StandIn) -> None:
    intent = bill(sandbox_server)
    sandbox_server.fault("bom", path="/v1/invoice")
    assert isinstance(write(sandbox_server.connector(), [intent])[0], Applied)


# ---------------------------------------------------------------- what stands there already


def test_a_record_is_brought_to_the_wanted_state(sandbox_server: StandIn) -> None:
    erp = sandbox_server.connector()
    intent = Intent("acme", "customer", {"name": "Acme", "city": "Bonn"})
    (made,) = write(erp, [intent])
    assert isinstance(made, Applied)
    again = replace(intent, remote_id=made.remote_id)
    assert isinstance(write(erp, [again])[0], Applied)
    assert [row["method"] for row in sandbox_server.log(writes=True)] == ["POST"]  # it stood there as wanted
    assert isinstance(write(erp, [replace(again, payload={"name": "Acme", "city": "Oslo"})])[0], Applied)
    (stands,) = sandbox_server.documents("customer")
    assert (stands["city"], stands["version"]) == ("Oslo", 2)


def test_a_draft_is_finished(sandbox_server: StandIn) -> None:
    """F-free: somebody made a draft with our reference; the write with its id sends it."""
    erp, intent = sandbox_server.connector(), bill(sandbox_server)
    draft = sandbox_server.human("create", "invoice", **_plain(intent), reference="INV-1", state="draft")
    assert erp.probe("invoice", ["INV-1"])[0] == Found(
        (draft["id"],), complete=False, echo=_echo(erp.probe("invoice", ["INV-1"])[0])
    )
    (outcome,) = write(erp, [replace(intent, remote_id=draft["id"])])
    assert isinstance(outcome, Applied)
    assert sandbox_server.documents()[0]["state"] == "sent"


def _echo(probe: object) -> Any:
    assert isinstance(probe, Found)
    return probe.echo


def test_a_new_draft_is_unfinished(sandbox_server: StandIn) -> None:
    (outcome,) = write(sandbox_server.connector(), [bill(sandbox_server, state="draft")])
    assert isinstance(outcome, Unfinished)


def test_void(sandbox_server: StandIn) -> None:
    """Taken back once, and again, and one that somebody deleted; not one that was paid."""
    erp = sandbox_server.connector()
    ids = [
        made.remote_id for n in range(3) if isinstance(made := write(erp, [bill(sandbox_server, f"I-{n}")])[0], Applied)
    ]
    sandbox_server.human("delete", "invoice", ids[1])
    pay = {"invoice": ids[2], "amount": "119.00", "currency": "EUR", "date": "2026-02-01"}
    sandbox_server.human("create", "payment", **pay)
    voids = [Intent(f"I-{n}", "invoice", {}, remote_id=id, void=True) for n, id in enumerate(ids)]
    assert [type(outcome) for outcome in write(erp, [*voids, voids[0]])] == [Applied, Applied, Refused, Applied]
    assert {row["reference"]: row["state"] for row in sandbox_server.documents()} == {"I-0": "void", "I-2": "paid"}
    (again,) = write(erp, [replace(bill(sandbox_server, "I-0"), remote_id=ids[0])])
    assert isinstance(again, Refused)
    assert again.reason == "void"


def test_money_that_is_paid_and_paid_back(sandbox_server: StandIn) -> None:
    erp = sandbox_server.connector()
    (invoice,) = write(erp, [bill(sandbox_server)])
    assert isinstance(invoice, Applied)
    money = {"amount": Decimal("119.00"), "currency": "EUR", "date": "2026-02-01"}
    (paid,) = write(erp, [Intent("pay-1", "payment", {**money, "invoice": invoice.remote_id})])
    assert isinstance(paid, Applied)
    back = {**money, "amount": Decimal("19.00"), "payment": paid.remote_id}
    (returned,) = write(erp, [Intent("back-1", "refund", back)])
    assert isinstance(returned, Applied)
    ((stands,),) = erp.standing("invoice")
    assert (stands.state, str(stands.open)) == ("partly_paid", "19.00")
    ((payment,),), ((refund,),) = erp.standing("payment"), erp.standing("refund")
    assert [(row.applies_to, str(row.total), row.state) for row in (payment, refund)] == [
        ("INV-1", "119.00", "booked"), ("INV-1", "19.00", "booked"),
    ]  # fmt: skip


def test_a_credit_note_lowers_what_is_open(sandbox_server: StandIn) -> None:
    erp = sandbox_server.connector()
    (made,) = write(erp, [bill(sandbox_server)])
    assert isinstance(made, Applied)
    lines = [{"quantity": "1", "unit_price": "10.00", "tax_rate": "0.19"}]
    data = document(party(sandbox_server), "CN-1", lines=lines, invoice=made.remote_id)
    total = Expectation(Decimal("11.90"), Decimal("1.90"), "EUR", 1)
    (note,) = write(erp, [Intent("CN-1", "credit_note", data, expect=total)])
    assert isinstance(note, Applied)
    ((stands,),), ((credit,),) = erp.standing("invoice"), erp.standing("credit_note")
    assert (stands.state, str(stands.open)) == ("partly_paid", "107.10")
    assert (credit.applies_to, str(credit.total), credit.state) == ("INV-1", "11.90", "booked")
    write(erp, [Intent("CN-1", "credit_note", {}, remote_id=note.remote_id, void=True)])
    ((stands,),) = erp.standing("invoice")
    assert (stands.state, str(stands.open)) == ("sent", "119.00")


# ---------------------------------------------------------------- reading


def _ids(pages: Any) -> list[str]:
    return [record.id for page in pages for record in page.records]


def test_edits_while_paging_lose_nothing(sandbox_server: StandIn) -> None:
    """F54: a record that is changed between two pages comes again; none is passed over."""
    for n in range(10):
        sandbox_server.human("create", "accounts", name=f"A{n}")
    crm, seen = sandbox_server.connector(page_size=3), []
    for page in crm.read("accounts", None):
        seen += [record.id for record in page.records]
        sandbox_server.human("change", "accounts", "accounts-1", sector=f"s{len(seen)}")
        if len(seen) > 30:
            break
    assert set(seen) >= {f"accounts-{n}" for n in range(1, 11)}


def test_a_read_goes_on_from_any_page_and_tells_deletions(sandbox_server: StandIn) -> None:
    for n in range(7):
        sandbox_server.human("create", "accounts", name=f"A{n}")
    crm = sandbox_server.connector(page_size=3)
    first = next(iter(crm.read("accounts", None)))
    rest = list(crm.read("accounts", first.checkpoint))
    assert len(_ids([first, *rest])) == len(set(_ids([first, *rest]))) == 7
    assert _ids(crm.read("accounts", rest[-1].checkpoint)) == []
    sandbox_server.human("delete", "accounts", "accounts-2")
    (page,) = crm.read("accounts", rest[-1].checkpoint)
    assert [(record.id, record.deleted) for record in page.records] == [("accounts-2", True)]
    assert crm.fetch("accounts", ["accounts-2", "accounts-3"])[0].id == "accounts-3"


def test_what_is_published_late_is_not_missed(sandbox_server: StandIn) -> None:
    """F56: made before the read, listed after it."""
    crm = sandbox_server.connector(publish_lag_s=60)
    sandbox_server.human("create", "accounts", name="seen")
    sandbox_server.set(publish_lag_s=50)
    sandbox_server.human("create", "accounts", name="late")
    sandbox_server.set(publish_lag_s=0)
    sandbox_server.human("create", "accounts", name="seen too")
    *_, last = crm.read("accounts", None)
    sandbox_server.forward(55)
    assert "accounts-2" in _ids(crm.read("accounts", last.checkpoint))


def test_what_billsync_wrote_itself_is_no_news(sandbox_server: StandIn) -> None:
    sandbox_server.human("create", "deals", id="D-1", stage="Won")
    crm = sandbox_server.connector("crm")
    ((before,),) = [page.records for page in crm.read("deals", None)]
    told = Intent("D-1", "deals", {"state": "sent", "amount": Decimal("10.00"), "invoices": ["INV-1"]})
    assert write(crm, [told]) == [Applied("D-1", {"state": "sent"})]
    assert [type(outcome) for outcome in write(crm, [told, replace(told, key="D-2")])] == [Applied, Refused]
    (stands,) = sandbox_server.documents("deals")
    assert stands["billing"] == {"state": "sent", "amount": "10.00", "invoices": ["INV-1"]}
    ((after,),) = [page.records for page in crm.read("deals", None)]
    assert before.data == after.data


# ---------------------------------------------------------------- log-in


def test_a_token_that_ends_in_mid_read(sandbox_server: StandIn) -> None:
    """F49: one new log-in, the same page again."""
    for n in range(4):
        sandbox_server.human("create", "accounts", name=f"A{n}")
    sandbox_server.set(password="secret", token_lifetime_s=100)
    crm, seen = sandbox_server.connector(page_size=2, password="secret"), []
    for page in crm.read("accounts", None):
        seen += [record.id for record in page.records]
        sandbox_server.forward(101)
    assert seen == [f"accounts-{n}" for n in range(1, 5)]
    assert [row["path"] for row in sandbox_server.log() if row["path"] == "/login"] == ["/login"] * 2
    (refused,) = write(sandbox_server.connector(password="wrong"), [bill(sandbox_server)])
    assert isinstance(refused, TryLater)
    assert (refused.reason, refused.offline) == ("auth", True)


def test_check_and_describe(sandbox_server: StandIn) -> None:
    erp = sandbox_server.connector(kind="A")
    assert erp.check().remarks == ("it is of kind C, the connection says A",)
    schema = erp.describe("invoice")
    needed = {field.name for field in schema.fields if field.required}
    assert needed == {"customer", "currency", "date", "lines"}
    assert {field.name for field in schema.fields if not field.writable} >= {"id", "total", "open"}
    assert erp.describe("deals").open
    with pytest.raises(Refused):
        erp.describe("nonsense")


def test_limits_are_told_and_kept(sandbox_server: StandIn) -> None:
    intents = [bill(sandbox_server, f"INV-{n}") for n in range(3)]
    sandbox_server.set(rate_per_s="0.1", burst=2)
    erp = sandbox_server.connector(batch_max=1)
    outcomes = list(itertools.chain(*(write(erp, [intent]) for intent in intents)))
    assert [type(outcome) for outcome in outcomes] == [Applied, Applied, TryLater]
    assert isinstance(outcomes[2], TryLater)
    assert (outcomes[2].reason, outcomes[2].after_s) == ("rate_limited", 11)
    sandbox_server.forward(11)
    assert isinstance(write(erp, [intents[2]])[0], Applied)


def test_a_search_that_does_not_work_says_nothing(sandbox_server: StandIn) -> None:
    """Neither "found" nor "not there": a page in place of an answer must not lead to a second document."""
    erp = sandbox_server.connector()
    write(erp, [bill(sandbox_server)])
    for fault in ({"fault": "login-page"}, {"fault": "error", "status": 403}, {"fault": "no-id"}):
        sandbox_server.admin("POST", "faults", {**fault, "path": "/v1/invoice/search"})
        (answer,) = erp.probe("invoice", ["INV-1"])
        assert isinstance(answer, Unsure), fault
