"""`billsync preview`: a contract in a file becomes the documents that billing would make, and nothing else happens."""

from __future__ import annotations

import contextlib
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from billsync import assets
from billsync.cli import preview
from billsync.cli.billing_file import read
from billsync.invoicing.book import book
from billsync.model.scalar import read_day
from billsync.settings import BadSettings
from tests.cli.place import Place

DEMO = assets.folder("demo") / "billing"
SMALLEST = (DEMO / "smallest.yaml").read_text(encoding="utf-8")


def shown(place: Place, name: str, *options: str) -> Any:
    said = place.billsync("preview", str(DEMO / f"{name}.yaml"), "--format", "json", *options)
    assert said.code == 0, said.out
    return said.json


# ---------------------------------------------------------------- what is shown


def test_a_change_in_the_middle_of_a_month_on_paper(place: Place) -> None:
    place.write("c.yaml", SMALLEST)
    said = place.billsync("preview", "c.yaml", "--through", "2026-02-15")
    assert said.code == 0
    assert said.out.splitlines() == [
        "Invoice INV-2026-000001 for Acme Corporation, USD",
        "  issued on 2026-01-31, due on 2026-03-02",
        "",
        "     item       period                    quantity  unit price  amount",
        "  ─  ─────────  ────────────────────────  ────────  ──────────  ──────",
        "  1  SEAT       2026-01-31 to 2026-02-27         5       10.00   50.00",
        "",
        "     total USD                                                   50.00",
        "",
        "Invoice INV-2026-000002 for Acme Corporation, USD",
        "  issued on 2026-02-15, due on 2026-03-17",
        "",
        "     item                     period                    quantity  unit price  amount",
        "  ─  ───────────────────────  ────────────────────────  ────────  ──────────  ──────",
        "  1  Credit: SEAT             2026-02-15 to 2026-02-27         1      -23.21  -23.21",
        "     of C-1/seats/2026-01-31",
        "  2  SEAT                     2026-02-15 to 2026-02-27         8               37.14",
        "",
        "     total USD                                                                 13.93",
        "",
        "through 2026-02-15: 2 invoices over 63.93 USD, 63.93 open",
        "next on 2026-02-28: 81.00 USD",
    ]
    assert sorted(path.name for path in place.folder.iterdir()) == [
        "billsync.yaml", "c.yaml", "crm", "deals.yaml",
    ]  # fmt: skip


def test_all_models_an_amendment_a_coupon_two_rates_and_a_commitment_come_to_what_a_person_works_out(
    place: Place,
) -> None:
    """January: 150 guide + 10 x 20 less 10 % + 500 = 830, tax 7 % of 150 and 19 % of 680.  February: 12,500 calls are
    100 + 10 = 110, guide 150, seats 180.  15 February: 10 -> 14 seats for 14 of 28 days, 126 - 90.  March: 4,000 calls
    are 40, 60 are missing to the minimum, 14 seats are 280, and 50 are prepaid."""
    found = shown(place, "everything")
    sums = ("subtotal", "discount_total", "tax_total", "total")
    assert [tuple(item[name] for name in sums) for item in found["invoices"]] == [
        ("850.00", "20.00", "139.70", "969.70"),
        ("460.00", "20.00", "65.60", "505.60"),
        ("40.00", "4.00", "6.84", "42.84"),
        ("380.00", "0.00", "72.20", "452.20"),
    ]  # fmt: skip
    assert [item["open"] for item in found["invoices"]] == ["469.70", "505.60", "42.84", "402.20"]
    (total,) = found["totals"]
    assert (total["invoices"], total["invoiced"], total["tax"], total["open"]) == (4, "1970.34", "284.34", "1420.34")
    assert found["next_on"] == "2026-04-01"
    assert [item["total"] for item in found["next"]] == ["452.20"]


def test_instalments_age_by_themselves_and_a_payment_settles_the_first_ones(place: Place) -> None:
    found = shown(place, "instalments")
    assert found["invoices"][0]["parts"] == [
        {"due_on": "2026-03-16", "amount": "4330.13", "settled": "4330.13", "open": "0.00"},
        {"due_on": "2026-04-30", "amount": "3247.60", "settled": "669.87", "open": "2577.73"},
        {"due_on": "2026-05-10", "amount": "3247.59", "settled": "0.00", "open": "3247.59"},
    ]
    assert found["invoices"][1]["subtotal"] == "2172.48"  # 40 % of 6000 x 0.9052
    assert found["waiting"] == {"live": ["project"]}
    text = place.billsync("preview", str(DEMO / "instalments.yaml")).out
    assert "agreed in USD: 1 USD = 0.9174 EUR on 2026-02-27 (ECB)" in text
    assert "waits for the milestone live: project" in text


@pytest.mark.parametrize("name", ["smallest", "everything", "instalments"])
def test_the_documents_are_those_of_billing_to_the_byte(place: Place, name: str) -> None:
    found = shown(place, name)
    document = read(DEMO / f"{name}.yaml").document
    made = book(document, through=read_day(found["through"]))
    for item, wanted in zip(found["invoices"], made.invoices, strict=True):
        assert {key: value for key, value in item.items() if key not in ("open", "parts")} == wanted.model_dump(
            mode="json"
        )
    assert found["credit_notes"] == [note.model_dump(mode="json") for note in made.credit_notes]


@pytest.mark.parametrize("name", ["smallest", "everything", "instalments"])
def test_every_amount_of_a_document_stands_in_its_explanation(place: Place, name: str) -> None:
    found = shown(place, name, "--explain")
    for item in found["invoices"]:
        text = "\n".join(found["explanations"][item["number"]])
        amounts = [line[key] for line in item["lines"] for key in ("amount", "discount", "tax") if key in line]
        amounts += [item[key] for key in ("subtotal", "discount_total", "tax_total", "total")]
        amounts += [tax[key] for tax in item["taxes"] for key in ("base", "amount")]
        amounts += [part["amount"] for key in ("discounts", "prepaid", "instalments") for part in item[key]]
        missing = [amount for amount in amounts if Decimal(amount) and f"{Decimal(amount):,f}" not in text]
        assert missing == [], text
        for line in item["lines"]:
            assert line["why"]["formula"] in text
            assert line["why"]["rule"] in text
            assert f"{DEMO / name}.yaml:" in text


def test_credit_notes_take_back_and_lower_what_is_open(place: Place) -> None:
    document = yaml_of(SMALLEST)
    document["contract"]["amendments"] = [{"effective": "2026-02-14", "cancel": True}]
    document["policy"] = {"credits": "credit_note"}
    document["through"] = "2026-02-28"
    place.write("c.json", json.dumps(document))
    found = place.billsync("preview", "c.json", "--format", "json").json
    (note,) = found["credit_notes"]
    assert (note["invoice"], note["total"], note["issued_on"]) == ("INV-2026-000001", "25.00", "2026-02-14")
    assert found["invoices"][0]["open"] == "25.00"
    text = place.billsync("preview", "c.json", "--explain").out
    assert "takes back of INV-2026-000001" in text
    assert "50.00 x 14/28 days = 25.00" in text
    assert "1 credit note over 25.00, together" in text
    assert "0 USD paid, 25.00 credited, 25.00 open" in text


def yaml_of(text: str) -> Any:
    read = yaml.load(text, Loader=yaml.BaseLoader)  # noqa: TID251  every scalar as it is written
    read["contract"]["lines"][1]["price"]["tiers"][1]["up_to"] = None
    return read


def test_json_and_yaml_say_the_same(place: Place) -> None:
    place.write("c.yaml", SMALLEST)
    document = yaml_of(SMALLEST)
    place.write("c.json", json.dumps(document, indent="\t"))
    both = [place.billsync("preview", name, "--format", "json").json for name in ("c.yaml", "c.json")]
    assert both[0] == both[1]


def test_a_policy_is_a_preset_or_its_fields(place: Place) -> None:
    place.write("c.yaml", SMALLEST.replace("policy: default", "policy: stripe-like"))
    assert place.billsync("preview", "c.yaml", "--format", "json").json["policy"]["proration_unit"] == "second"
    place.write("c.yaml", SMALLEST.replace("policy: default", "policy: {preset: zuora-like, tax_rounding: line} "))
    policy = place.billsync("preview", "c.yaml", "--format", "json").json["policy"]
    assert (policy["preset"], policy["proration_basis"], policy["tax_rounding"]) == (
        "zuora-like", "strict 30/360", "line",
    )  # fmt: skip


def test_without_a_day_it_is_today_and_a_future_contract_bills_nothing(place: Place) -> None:
    place.write("c.yaml", SMALLEST.replace("through: 2026-04-30\n", "").replace("start: 2026", "start: 2199"))
    said = place.billsync("preview", "c.yaml")
    assert said.code == 0
    assert "nothing is billed through" in said.out
    assert "next on 2199-01-31" in said.out


# ---------------------------------------------------------------- what is wrong

BAD = """\
customer: {id: acme, name: Acme, timezone: America/NewYork}
contract:
  id: C-1
  currency: usd
  start: 2026-02-31
  customr: acme
  lines:
    - {id: seats, product: SEAT, model: recuring, quantity: five, price: {scheme: gradated}}
    - {id: calls, product: API, model: usage, every: {month: 1}, meter: m, price: {scheme: volume, tiers: [{upto: 1}]}}
policy: {preset: strip-like, tax_rounding: lines, roundng: up}
invoicing: {preset: default}
usage:
  - {file: nope.csv, meter: x, at: T, valu: V}
  - {file: nope.csv, meter: x, at: T, value: V}
  - {id: e1, meter: m, at: "2026-02-03T10:00:00", value: 1}
throuh: 2026-04-30
"""
FAULTS = [
    (1, 44, "YAML-VALUE-01", "customer.timezone", ""),
    (4, 13, "YAML-VALUE-01", "did you mean USD?", ""),
    (5, 10, "YAML-VALUE-01", "does not exist", ""),
    (6, 3, "YAML-KEY-02", "customr", "customer"),
    (8, 41, "YAML-VALUE-01", "model: expected 'one_time'", "recurring"),
    (8, 61, "YAML-VALUE-01", "quantity", ""),
    (8, 83, "YAML-VALUE-01", "scheme", "graduated"),
    (9, 55, "YAML-KEY-02", "month", "months"),
    (9, 109, "YAML-KEY-02", "upto", "up_to"),
    (10, 18, "YAML-VALUE-01", "preset", "stripe-like"),
    (10, 44, "YAML-VALUE-01", "expected 'line'", "line"),
    (10, 51, "YAML-KEY-02", "roundng", "rounding"),
    (11, 13, "YAML-KEY-01", "twice", "keep one"),
    (13, 39, "YAML-KEY-02", "valu", "value"),
    (14, 12, "READ-FILE-01", "nope.csv", ""),
    (15, 28, "YAML-VALUE-01", "usage.0.at", ""),
    (16, 1, "YAML-KEY-02", "throuh", "through"),
]


def test_every_fault_is_told_at_once_with_its_place(place: Place) -> None:
    place.write("bad.yaml", BAD)
    said = place.billsync("preview", "bad.yaml", "--format", "json")
    assert said.code == 2
    found = [
        (item["place"]["line"], item["place"]["column"], item["code"], item["message"], item["hint"])
        for item in said.json["problems"]
    ]
    assert [item[:3] for item in found] == [item[:3] for item in FAULTS]
    for item, wanted in zip(found, FAULTS, strict=True):
        assert wanted[3] in item[3]
        assert wanted[4] in item[4]
    text = place.billsync("preview", "bad.yaml").out
    assert "    5 |   start: 2026-02-31\n      |          ^\n" in text
    assert "17 problems; nothing was billed" in text


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "cannot be read: No such file"),
        ("", "the file is empty"),
        ("[1]", "expected a mapping with the keys customer"),
        ("a: [", "not valid YAML"),
        ("customer: {id: a, name: A}\n", "needs the key 'contract'"),
        ("customer: x\ncontract: []\n", "expected a mapping, got the text 'x'"),
        ("customer: {id: a, name: A}\ncontract: {id: c, customer: b, currency: USD, start: 2026-01-01, lines: []}\n",
         "expected 'a', the id of the customer, got 'b'"),
        (SMALLEST.replace("policy: default", "policy: [x]"), "policy"),
        (SMALLEST.replace("every: {months: 1}, in", "in"), "needs `every`"),
        (SMALLEST.replace("line: seats, quantity", "line: seat, quantity"), "the line 'seat', which is not there"),
        ("\x1b[31m: 1\n", "control characters are not allowed"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_billed_says_why(place: Place, content: str | None, said: str) -> None:
    if content is not None:
        place.write("c.yaml", content)
    found = place.billsync("preview", "c.yaml")
    assert found.code == 2
    assert said in found.out
    assert "\x1b" not in found.out


def test_json_says_where_too(place: Place) -> None:
    place.write("c.json", '{"customer": {"id": "a", "nam": "A"},\n "contract": null}')
    said = place.billsync("preview", "c.json").out
    assert "c.json:1:26: error YAML-KEY-02 the document customer has no key 'nam'" in said
    place.write("c.json", '{"customer": \n{"id": "a", "name": "A",}}')
    assert "c.json:2:25: error READ-JSON-01" in place.billsync("preview", "c.json").out


def test_what_cannot_be_billed_is_a_problem_of_the_documents(place: Place) -> None:
    place.write(
        "c.yaml",
        SMALLEST + "invoicing: {default_tax_code: standard, taxes: [{code: standard, rate: 0.19, country: DE}]}\n",
    )
    said = place.billsync("preview", "c.yaml", "--format", "json")
    assert said.code == 1
    assert {problem["code"] for problem in said.json["problems"]} == {"BILL-TAX-01"}
    assert said.json["invoices"] == []


# ---------------------------------------------------------------- usage by file


def _with(place: Place, usage: str) -> Any:
    place.write("c.yaml", SMALLEST[: SMALLEST.index("usage:")] + f"usage: {usage}\nthrough: 2026-02-28\n")
    return place.billsync("preview", "c.yaml", "--format", "json")


FILE = "{file: u.csv, meter: api_calls, at: when, value: n}"


def test_usage_comes_from_a_file_and_leads_back_to_its_rows(place: Place) -> None:
    place.write("u.csv", "when,n\n2026-02-01 10:00:00.1234567,1500\n2026-02-28T04:59:59Z,500\n2026-02-28T05:00:00Z,9\n")
    said = _with(place, FILE)
    calls = said.json["invoices"][-1]["lines"][1]
    assert (calls["quantity"], calls["amount"]) == ("2000", "2.00")  # the last row is in the next period in New York
    assert calls["why"]["inputs"]["first event"] == "u.csv:2:api_calls on 2026-02-01"
    assert calls["why"]["inputs"]["last event"] == "u.csv:3:api_calls on 2026-02-27"
    both = _with(place, f"[{FILE}, {{id: x, meter: api_calls, on: 2026-02-02, value: 1000}}]").json
    assert both["invoices"][-1]["lines"][1]["quantity"] == "3000"


def test_rows_of_other_customers_are_left_out_and_ids_and_days_may_stand_in_columns(place: Place) -> None:
    place.write(
        "u.csv", "id;who;day;told\n1;acme;2026-02-01;\n1;acme;2026-02-01;\n2;other;x;\n3;acme;2026-02-03;2026-03-05\n"
    )
    usage = "{file: u.csv, delimiter: ;, meter: api_calls, on: day, id: id, customer: who, received_on: told}"
    found = _with(place, usage.replace("delimiter: ;", 'delimiter: ";"')).json
    assert found["problems"] == []
    assert found["invoices"][-1]["lines"][1]["quantity"] == "1"  # the same id counts once; the other came too late


def test_a_bad_row_is_told_with_its_line_and_stops_no_other(place: Place) -> None:
    place.write(
        "u.csv",
        'when,n\n2026-02-01T10:00:00Z,1500\nyesterday,1\n2026-02-01T10:00:00Z,1e3\nx\n"2026-02-01T10:00:00Z,500\n',
    )
    said = _with(place, FILE)
    assert said.code == 1
    assert [(item["code"], item["place"]["line"]) for item in said.json["problems"]] == [
        ("USAGE-EVENT-01", 3), ("USAGE-EVENT-01", 4), ("READ-CSV-02", 5), ("READ-CSV-03", 6),
    ]  # fmt: skip
    assert said.json["invoices"][-1]["lines"][1]["quantity"] == "1500"


@pytest.mark.parametrize(
    ("content", "code", "hint"),
    [
        (b"wen,n\n", "READ-CSV-01", "did you mean 'wen'?"),
        (b"when,n,n\n", "READ-CSV-01", ""),
        (b"", "READ-FILE-02", ""),
        (b"when,n\n\xff,1\n", "READ-TEXT-01", ""),
    ],
)
def test_a_file_that_does_not_fit_is_told(place: Place, content: bytes, code: str, hint: str) -> None:
    place.write("u.csv", content)
    (problem,) = _with(place, FILE).json["problems"]
    assert (problem["code"], problem["hint"]) == (code, hint)


def test_a_file_full_of_bad_rows_does_not_bury_the_screen(place: Place) -> None:
    place.write("u.csv", "when,n\n" + "x,1\n" * 5000)
    found = _with(place, FILE).json["problems"]
    assert len(found) == 101
    assert "4,900 more rows" in found[-1]["message"]


def test_reading_raises_what_is_wrong_and_nothing_else(tmp_path: Path) -> None:
    with pytest.raises(BadSettings):
        read(tmp_path)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("start: 2026-01-31", "start: 0001-01-01", "expected a day in the years 1900 to 2199, got 0001-01-01"),
        ("effective: 2026-02-15", "effective: 9999-12-31", "1900 to 2199"),
        ("{months: 1}, in", "{months: 99999999999999999}, in", "a cycle is at most 100 years long"),
        ("through: 2026-04-30", "through: 9999-12-31", "1900 to 2199"),
    ],
)
def test_days_and_cycles_that_no_agreement_means_are_refused(place: Place, old: str, new: str, said: str) -> None:
    place.write("c.yaml", SMALLEST.replace(old, new))
    found = place.billsync("preview", "c.yaml")
    assert found.code == 2
    assert said in found.out
    assert place.billsync("preview", str(DEMO / "smallest.yaml"), "--through", "9999-12-31").code == 2


def test_a_payment_of_nothing_settles_nothing_and_is_told(place: Place) -> None:
    payments = "payments: [{id: P1, invoice: INV-2026-000001, amount: 0, currency: USD, received_on: 2026-02-01}]\n"
    place.write("c.yaml", SMALLEST + payments)
    said = place.billsync("preview", "c.yaml", "--format", "json")
    assert said.code == 1
    assert [problem["code"] for problem in said.json["problems"]] == ["CASH-PAYMENT-04"]


ODD: list[Any] = [
    "0",
    "-1",
    "9" * 17,
    "0.000000000001",
    "",
    None,
    "x",
    "9999-12-31",
    "2026-02-28",
    [],
    {},
    "JPY",
    "Pacific/Apia",
]


def _spots(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [spot for key, item in inner for spot in [(*path, key), *_spots(item, (*path, key))]]


def _inside(value: Any, key: Any) -> Any:
    """What stands there; None where an earlier change took it away."""
    try:
        return value[key]
    except (TypeError, KeyError, IndexError):
        return None


@settings(max_examples=30)
@given(st.data())
def test_whatever_stands_in_a_document_it_is_billed_or_refused_in_words(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    document = yaml_of(SMALLEST)
    for spot in data.draw(st.lists(st.sampled_from(_spots(document)), min_size=1, max_size=2)):
        holder: Any = document
        for key in spot[:-1]:
            holder = _inside(holder, key)
        if isinstance(holder, dict | list) and _inside(holder, spot[-1]) is not None:  # text, where it was made odd
            holder[spot[-1]] = data.draw(st.sampled_from(ODD))
    file = tmp_path_factory.getbasetemp() / "odd.json"
    file.write_text(json.dumps(document), encoding="utf-8")
    with contextlib.suppress(BadSettings):  # whose problems have places: its own test
        found = preview.of(read(file), read_day("2026-04-30"))
        assert found.exit_code in {0, 1}
        assert [len(lines) > 5 for _, lines in preview.explanations(found)] == [True] * len(found.book.documents)
