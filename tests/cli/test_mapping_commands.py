"""The commands of `mapping` in a small working folder: what they say, what they leave alone, and their exit codes."""

from __future__ import annotations

import json
import subprocess
from xml.etree import ElementTree as ET

import pytest

from tests.cli.place import HEADER, MAPPING, Place

TESTED = """\
tests:
  - name: one of two     # by hand
    given: {id: G-1, account: Acme, product: Basic, day: 2026-02-03, quantity: "2", amount: "500", currency: USD}
    expect: {currency: USD, lines: [{quantity: 2}]}
  - name: the whole document
    given: {id: G-1, account: Acme, product: Basic, day: 2026-02-03, quantity: "2", amount: "500", currency: USD}
    expect: golden/g-1.json
"""


# ---------------------------------------------------------------- lint


def test_lint_annotates_a_pull_request(place: Place) -> None:
    place.write("deals.yaml", MAPPING.replace("currency: {from: currency}", "currenzy: {from: currency}"))
    said = place.billsync("mapping", "lint", "--format", "github")
    assert said.code == 2
    lines = said.out.splitlines()
    assert "::error file=deals.yaml,line=10,col=3,title=MAP-FIELD-01::the document has no field 'currenzy'" in lines[1]
    assert all(line.startswith("::error file=deals.yaml") for line in lines)


def test_lint_takes_folders_and_patterns_and_tells_what_is_missing(place: Place) -> None:
    place.write("more/a.yaml", MAPPING)
    place.write("more/deep/b.yml", MAPPING)
    folder = place.billsync("mapping", "lint", "more", "--format", "json")
    assert [(found["code"], found["place"]["file"]) for found in folder.json] == [("MAP-NAME-02", "more/deep/b.yml")]
    assert place.billsync("mapping", "lint", "more/*.yaml").out == "no problems\n"
    assert place.billsync("mapping", "lint", "more/**/*.yml").code == 0
    nothing = place.billsync("mapping", "lint", "*.yml")
    assert (nothing.code, "there is no mapping file that fits" in nothing.err) == (2, True)
    missing = place.billsync("mapping", "lint", "gone.yaml", "deals.yaml")
    assert (missing.code, missing.out.count("READ-FILE-01")) == (2, 1)


def test_a_warning_fails_only_where_it_is_asked_to(place: Place) -> None:
    place.write("deals.yaml", MAPPING.replace("key: id\n", "key: id\ntables: {spare: {a: b}}\n"))
    assert place.billsync("mapping", "lint").code == 0
    strict = place.billsync("mapping", "lint", "--strict")
    assert strict.code == 2
    assert "MAP-TABLE-03" in strict.out


def test_lint_asks_the_source_for_its_fields(place: Place) -> None:
    place.write("deals.yaml", MAPPING.replace("from: quantity,", "from: quantty,"))
    assert place.billsync("mapping", "lint").code == 0
    live = place.billsync("mapping", "lint", "--live")
    assert live.code == 2
    assert "files.deals has no field 'quantty'" in live.out
    assert "did you mean 'quantity'?" in live.out
    named = place.billsync("mapping", "lint", "--live", "deals.yaml")
    assert (named.code, "quantty" in named.out) == (2, True)
    never = place.billsync("mapping", "lint", "--saved")
    assert (never.code, "never seen" in never.err) == (0, True)
    place.billsync("sync")
    assert place.billsync("mapping", "lint", "--saved").code == 2


# ---------------------------------------------------------------- test


def test_update_makes_golden_files_and_then_changes_nothing(place: Place) -> None:
    file = place.write("deals.yaml", MAPPING + TESTED)
    first = place.billsync("mapping", "test", "deals.yaml")
    assert first.code == 1
    assert "golden/g-1.json" in first.out
    updated = place.billsync("mapping", "test", "deals.yaml", "--update")
    assert updated.code == 0, updated.out + updated.err
    assert file.read_text() == MAPPING + TESTED
    golden = place.folder / "golden" / "g-1.json"
    assert json.loads(golden.read_text())["lines"][0]["unit_amount"] == "500"
    before = (golden.stat().st_mtime_ns, file.stat().st_mtime_ns)
    assert place.billsync("mapping", "test", "deals.yaml", "--update").code == 0
    assert (golden.stat().st_mtime_ns, file.stat().st_mtime_ns) == before


def test_update_shows_what_it_wrote(place: Place) -> None:
    file = place.write("deals.yaml", MAPPING + TESTED.replace("quantity: 2}", "quantity: 3}"))
    said = place.billsync("mapping", "test", "deals.yaml", "--update", "--only", "one of two", "--format", "json")
    assert said.code == 0
    assert [row["test"] for row in said.json] == ["one of two"]
    assert "+    expect: {currency: USD, lines: [{quantity: 2}]}" in said.err
    assert file.read_text() == MAPPING + TESTED
    none = place.billsync("mapping", "test", "deals.yaml", "--only", "nonesuch")
    assert (none.code, "no test has 'nonesuch'" in none.err) == (2, True)


def test_a_golden_file_is_never_written_outside(place: Place) -> None:
    place.write("deals.yaml", MAPPING + TESTED.replace("golden/g-1.json", "../out.json"))
    said = place.billsync("mapping", "test", "deals.yaml", "--update")
    assert said.code == 1
    assert not (place.folder.parent / "out.json").exists()


def test_a_report_for_ci(place: Place) -> None:
    place.write("deals.yaml", MAPPING + TESTED.replace("quantity: 2}", "quantity: 3}"))
    assert place.billsync("mapping", "test", "deals.yaml", "--junit", "report.xml").code == 1
    suite = ET.parse(place.folder / "report.xml").getroot()[0]
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("2", "2", "0")
    assert "expected '3', got '2'" in (suite[0][0].text or "")


# ---------------------------------------------------------------- preview, record, fields


def test_preview_reads_a_file_the_source_and_the_store(place: Place) -> None:
    live = place.billsync("mapping", "preview", "scratch.deals", "--record", "G-1", "--format", "json")
    assert live.code == 0, live.err
    rows = {row["field"]: row for row in live.json["fields"]}
    assert rows["lines[0].quantity"]["value"] == "2"
    assert rows["lines[0].quantity"]["sources"] == [{"field": "quantity", "value": "2"}]
    assert rows["currency"]["place"] == "deals.yaml:10:13"
    assert live.json["record"]["place"] == "crm/deals.csv:2 (crm/deals/G-1)"
    place.write("one.json", '{"id": "X", "account": "Acme", "quantity": "two", "day": "2026-02-03"}')
    file = place.billsync("mapping", "preview", "deals.yaml", "--record", "one.json")
    assert file.code == 1
    assert "quantity: {from: quantity, as: decimal}" in file.out
    assert "expected a number" in file.out
    gone = place.billsync("mapping", "preview", "deals.yaml", "--record", "G-99")
    assert (gone.code, "no such record" in gone.err) == (2, True)
    other = place.billsync("mapping", "preview", "scratch.deal", "--record", "G-1")
    assert (other.code, "did you mean 'scratch.deals'?" in other.err) == (2, True)


def test_a_record_becomes_a_fixture_without_personal_data(place: Place) -> None:
    place.write("crm/deals.csv", HEADER.replace("\n", ",seller\n") + "G-1,Basic,Acme,2026-02-03,2,500,USD,Ann Smith\n")
    said = place.billsync("mapping", "record", "G-1", "--key", "k", "--keep", "account")
    assert said.code == 0
    assert said.json["account"] == "Acme"
    assert said.json["amount"] == "500"
    assert "Ann" not in said.out
    assert "masked: seller (name)" in said.err
    assert place.billsync("mapping", "record", "G-1", "--key", "k", "--keep", "account").out == said.out
    assert place.billsync("mapping", "record", "G-1").out != place.billsync("mapping", "record", "G-1").out
    read = place.billsync("mapping", "record", "G-1", "--only-read", "--object", "deals", "--connection", "crm")
    assert "seller" not in read.json
    place.write("fixture.json", said.out)
    assert place.billsync("mapping", "preview", "deals.yaml", "--record", "fixture.json").code == 0
    asked = place.billsync("mapping", "record", "G-1", "--reveal")
    assert (asked.code, asked.out, "nobody can be asked" in asked.err) == (2, "", True)
    assert place.billsync("mapping", "record", "none").code == 2
    assert place.billsync("mapping", "record", "G-1", "--connection", "x").code == 2


def test_fields_with_who_reads_them(place: Place) -> None:
    said = place.billsync("mapping", "fields", "crm", "deals", "--format", "json").json
    fields = {row["field"]: row for row in said["fields"]}
    assert fields["quantity"]["read by"] == ["scratch.deals: lines.quantity"]
    assert fields["id"]["required"] is True
    unknown = place.billsync("mapping", "fields", "crn", "deals")
    assert (unknown.code, "did you mean 'crm'?" in unknown.err) == (2, True)
    assert place.billsync("mapping", "fields", "crm", "nonesuch").code == 3


# ---------------------------------------------------------------- coverage, diff


def test_coverage_before_any_run(place: Place) -> None:
    place.deals("G-1,Basic,Acme,2026-02-03,2,500,USD", "G-2,Basik,Acme,2026-02-03,2,500,USD")
    said = place.billsync("mapping", "coverage")
    assert said.code == 1
    assert "Basik\tproduct\t1\t1\tG-2\tthere is no such record in files.products; did you mean Basic?" in said.out
    assert not (place.folder / "billsync.db").exists()
    place.billsync("sync")
    place.deals("G-1,Basic,Acme,2026-02-03,2,500,USD")
    assert place.billsync("mapping", "coverage").code == 1  # of what was read
    live = place.billsync("mapping", "coverage", "--live", "--format", "json")
    assert (live.code, live.json["held_back"]) == (0, 0)
    assert place.billsync("errors", "list", "--format", "json").json  # nothing was kept
    assert place.billsync("mapping", "coverage", "nope").code == 2


@pytest.fixture
def versions(place: Place) -> Place:
    """Two versions in git."""
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@b.c"]
    place.deals("G-1,Basic,Acme,2026-02-03,2,500,USD", "G-2,Basic,Acme,2026-02-03,1,7.10,USD")
    subprocess.run([*git, "init", "-q"], cwd=place.folder, check=True)
    subprocess.run([*git, "add", "deals.yaml"], cwd=place.folder, check=True)
    subprocess.run([*git, "commit", "-qm", "one"], cwd=place.folder, check=True)
    second = MAPPING.replace("version: 1", "version: 2").replace(
        "{from: quantity, as: decimal}", "{const: '3', as: decimal}"
    )
    place.write("deals.yaml", second)
    return place


@pytest.mark.parametrize("old", ["deals.yaml@HEAD", "scratch.deals@1", "deals.yaml@v1"])
def test_diff_names_fields_records_and_money(versions: Place, old: str) -> None:
    said = versions.billsync("mapping", "diff", old, "scratch.deals", "--format", "json").json
    assert {(one["what"], one["name"]) for one in said["mapping"]} == {("key", "version"), ("field", "lines.quantity")}
    assert (said["records"]["all"], said["records"]["changed"]) == (2, 2)
    (field,) = said["fields"]
    assert (field["field"], field["documents"]) == ("lines.quantity", 2)
    assert field["samples"][0] == {"record": "G-1", "before": "2", "after": "3"}
    total = next(row for row in said["money"]["sums"] if row["what"] == "total")
    assert (total["before"], total["after"], total["difference"]) == ("1007.10", "1521.30", "514.20")


def test_diff_tells_what_stands_on_invoices_already(versions: Place) -> None:
    now = (versions.folder / "deals.yaml").read_text()
    versions.write("deals.yaml", MAPPING)
    assert versions.billsync("sync").code == 0
    versions.write("deals.yaml", now)
    said = versions.billsync("mapping", "diff", "deals.yaml@HEAD", "deals.yaml")
    assert said.code == 0
    assert "2 deals stand on invoices otherwise" in said.out


def test_diff_refuses_what_it_cannot_compare(versions: Place) -> None:
    for old, new, why in (
        ("deals.yaml@9", "deals.yaml", "no version 9"),
        ("deals.yaml@nonesuch", "deals.yaml", "git has no nonesuch"),
        ("deals.yaml@--help", "deals.yaml", "git has no --help"),
        ("deals.yaml", "mappings/files/crm_sales/accounts.yaml", "not two versions of one mapping"),
        ("nope", "deals.yaml", "no mapping is called"),
    ):
        said = versions.billsync("mapping", "diff", old, new)
        assert (said.code, why in said.err) == (2, True), said.err


# ---------------------------------------------------------------- towards the target


def test_an_invoice_as_it_would_be_sent(ready: Place) -> None:
    number = ready.billsync("invoice", "list", "--format", "json").json[0]["number"]
    said = ready.billsync("mapping", "preview", "tryton.invoice", "--record", number, "--format", "json")
    assert said.code == 0, said.err
    rows = {row["field"]: row for row in said.json["fields"]}
    assert rows["reference"]["value"] == number
    assert rows["party"]["value"] == {"$ref": "customer/Acme"}
    assert {"field": "lines[0].quantity", "value": "2"} in rows["lines[0].quantity"]["sources"]
    gone = ready.billsync("mapping", "preview", "tryton.invoice", "--record", "INV-0")
    assert (gone.code, "the store has no invoice 'INV-0'" in gone.err) == (2, True)


def test_two_ways_to_send_the_same_invoices(ready: Place) -> None:
    said = ready.billsync("mapping", "diff", "tryton.invoice", "tryton.invoice_by_product", "--format", "json")
    assert said.code == 0, said.err
    assert said.json["records"]["all"] == 2
    assert said.json["money"]["sums"] == []
    assert "lines.description" in {field["field"] for field in said.json["fields"]}
