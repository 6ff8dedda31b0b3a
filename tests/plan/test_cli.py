"""`billsync plan` and `billsync apply` as they are typed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.place import ACCOUNTS, CONFIG, GOOD, HEADER, MAPPING, PRODUCTS, Place

STATUS = Path("mappings/files/crm_sales/status.yaml").resolve()


@pytest.fixture
def place(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Place:
    """One good deal; the CRM is told the state of its invoices."""
    made = Place(tmp_path, capsys, monkeypatch)
    told = CONFIG.replace("    folder: crm\n", "    folder: crm\n    status_folder: told\n")
    made.write("billsync.yaml", told.replace("deals.yaml]\n", f"deals.yaml]\n      outbound: [{STATUS}]\n"))
    for name, text in {"accounts": ACCOUNTS, "products": PRODUCTS, "deals": HEADER + GOOD}.items():
        made.write(f"crm/{name}.csv", text)
    made.write("deals.yaml", MAPPING)
    return made


def test_plan_apply_and_apply_again(place: Place) -> None:
    said = place.billsync("plan", "--out", "plan.json")
    assert (said.code, "INV-2026-000001" in said.out, "1,000.00" in said.out) == (0, True, True)
    assert not (place.folder / "billsync.db").exists()
    assert (place.folder / "plan.json").stat().st_mode & 0o077 == 0
    assert place.billsync("apply", "plan.json", "--yes").code == 0
    assert place.billed() == {"G-1": "1000.00"}
    again = place.billsync("apply", "plan.json", "--yes")
    assert (again.code, "carried out" in again.out) == (0, True)
    assert "nothing to do" in place.billsync("plan").out


def test_a_plan_of_yesterday_is_refused_with_what_moved(place: Place) -> None:
    place.billsync("plan", "--out", "plan.json")
    place.deals("G-1,Basic,Acme,2026-02-03,2,600,USD")
    said = place.billsync("apply", "plan.json", "--yes")
    assert (said.code, "make invoice INV-2026-000001" in said.out, "new plan" in said.err) == (4, True, True)
    facts = place.billsync("apply", "plan.json", "--yes", "--format", "json")
    assert (facts.code, facts.json["reason"], facts.json["applied"]) == (4, "moved", False)
    assert place.billed() == {}


def test_dry_run_is_the_plan_and_changes_nothing(place: Place) -> None:
    said = place.billsync("sync", "--dry-run")
    assert (said.code, "INV-2026-000001" in said.out) == (0, True)
    assert sorted(path.name for path in place.folder.iterdir()) == ["billsync.yaml", "crm", "deals.yaml"]


def test_json_is_the_plan_and_markdown_a_page(place: Place) -> None:
    found = place.billsync("plan", "--format", "json").json
    assert (found["format"], found["invoices"][0]["total"]) == ("billsync-plan/1", "1000.00")
    page = place.billsync("plan", "--format", "markdown")
    assert page.out.startswith("## billsync plan: billing, through 2026-12-31\n\n**1 write**, 1 new invoice")


def test_guards_stop_both(place: Place) -> None:
    place.billsync("plan", "--out", "plan.json")
    status_only = place.billsync("plan", "--max-creates", "0")
    assert status_only.code == 0  # the CRM is told, no document is made there
    assert place.billsync("plan", "--max-amount", "x").code == 2


ODD = {
    ("apply", "nope.json", "--yes"): "No such file",
    ("apply", "billsync.yaml", "--yes"): "not valid JSON",
    ("apply", "plan.json"): "--yes",
    ("apply", "edited.json", "--yes"): "changed after it was made",
    ("plan", "nope"): "billing",
    ("plan", "--out", "no/folder/plan.json"): "cannot be used",
}


@pytest.mark.parametrize("command", ODD, ids=" ".join)
def test_odd_use_is_refused_in_a_sentence(place: Place, command: tuple[str, ...]) -> None:
    if command[0] == "apply":
        place.billsync("plan", "--out", "plan.json")
        plan = json.loads((place.folder / "plan.json").read_text(encoding="utf-8"))
        place.write("edited.json", json.dumps(plan | {"invoices": []}))
    said = place.billsync(*command)
    assert (said.code, ODD[command] in said.out + said.err) == (2, True), said


def test_the_schema_of_a_plan_is_there(place: Place) -> None:
    assert "invoices" in place.billsync("schema", "plan").json["properties"]
