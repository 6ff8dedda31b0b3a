"""On the demo's own data, before any run: what no table knows is named, and a change is told in dollars."""

from __future__ import annotations

import csv
from decimal import Decimal
from pathlib import Path

import pytest

from billsync.cli.demo import prepare
from tests.cli.place import Place

OPPORTUNITIES = Path("mappings/files/crm_sales/opportunities.yaml")
SPELLING = "    GTXPro: GTX Pro             # the pipeline's own spelling of the product\n"


@pytest.fixture
def demo(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Place:
    """The demo's folder, in which nobody knows the pipeline's spelling of GTX Pro yet; nothing was read."""
    prepare(tmp_path, "customer-quarter")
    file = tmp_path / OPPORTUNITIES
    text = file.read_text(encoding="utf-8")
    assert SPELLING in text
    (tmp_path / "spelt.yaml").write_text(text, encoding="utf-8")
    file.write_text(text.replace(SPELLING, "").replace("  spelling:\n", "  spelling: {}\n"), encoding="utf-8")
    return Place(tmp_path, capsys, monkeypatch)


def rows(demo: Place) -> list[dict[str, str]]:
    with (demo.folder / "crm" / "sales_pipeline.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def test_coverage_names_gtxpro_with_its_opportunities(demo: Place) -> None:
    named = [row for row in rows(demo) if row["product"] == "GTXPro"]
    won = [row for row in named if row["deal_stage"] == "Won"]
    assert (len(named), len(won)) == (1_480, 729)
    said = demo.billsync("mapping", "coverage", "--format", "json")
    assert said.code == 1
    deals = said.json["mappings"][2]
    found = {miss["kind"]: miss for miss in deals["misses"] if miss["value"] == "GTXPro"}
    assert (deals["records"], deals["taken"], deals["held_back"]) == (8_800, 4_238, len(won))
    assert (found["reference"]["records"], found["reference"]["held"]) == (len(named), len(won))
    assert (found["reference"]["among"], found["reference"]["near"]) == ("files.products", "GTX Pro")
    assert (found["lookup"]["records"], found["lookup"]["held"]) == (len(named), 0)
    unread = {use["name"]: use["filled"] for use in said.json["source_fields_never_read"]}
    assert unread == {"engage_date": sum(bool(row["engage_date"]) for row in rows(demo))}
    assert not (demo.folder / "billsync.db").exists()


def test_diff_tells_the_money_that_the_spelling_brings(demo: Place) -> None:
    won = [row for row in rows(demo) if row["deal_stage"] == "Won"]
    spelt = sum(Decimal(row["close_value"]) for row in won if row["product"] == "GTXPro")
    every = sum(Decimal(row["close_value"]) for row in won)
    said = demo.billsync("mapping", "diff", str(OPPORTUNITIES), "spelt.yaml", "--format", "json").json
    assert [(one["what"], one["name"], one["after"]) for one in said["mapping"]] == [
        ("table entry", "spelling: GTXPro", "GTX Pro")
    ]
    assert (said["records"]["healed"], said["records"]["same"], said["records"]["broken"]) == (729, 3_509, 0)
    sums = {row["what"]: row for row in said["money"]["sums"]}
    assert (sums["deals"]["before"], sums["deals"]["after"]) == (3_509, 4_238)
    assert Decimal(sums["total"]["after"]) == every
    assert Decimal(sums["total"]["difference"]) == spelt
