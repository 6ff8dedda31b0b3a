"""What connectors promise is told by their sheets: on the command line, and on pages that are made from them."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest

from billsync.cli import setup, sheet_words
from billsync.connector import Capabilities, RatingSheet, Target, WriteSheet
from tests.project import write_connectors

SHEET = Capabilities(
    system="acme",
    title="Acme Books",
    writes={
        "invoice": WriteSheet(
            target=Target.KEY, reference="Memo", key_lifetime_s=86_400, key_scope="one company", batch_max=30,
            batch="apart", proofs=("401", "429"), closed_period="refused with 6210", attaches=True, voids=True,
            rating=RatingSheet(unit_price_places=5, tax_rounding="line"), ordered=True,
        ),
        "item": WriteSheet(target=Target.SEARCH, reference="Sku", settle_s=90, serial=False),
    },
    money_decimals=5, calls_per_s=Decimal("8.3"), tax="there", limits=("500 a minute",), unproven=("the key's life",),
)  # fmt: skip


def test_the_pages_are_what_the_sheets_say() -> None:
    """Where this fails: `python -m tests.project.write_connectors`."""
    assert list(write_connectors.stale(write_connectors.FOLDER, write_connectors.pages())) == []


def test_a_page_that_is_old_missing_or_left_over_is_found(tmp_path: Path) -> None:
    texts = {"a.md": "a\n", "b.md": "b\n"}
    write_connectors.written(tmp_path / "pages", texts)
    assert list(write_connectors.stale(tmp_path / "pages", texts)) == []
    (tmp_path / "pages" / "c.md").write_text("c\n")
    (tmp_path / "pages" / "a.md").write_text("old\n")
    assert list(write_connectors.stale(tmp_path / "pages", {**texts, "d.md": ""})) == ["a.md", "c.md", "d.md"]


def test_everything_that_a_sheet_says_stands_on_its_page() -> None:
    page = write_connectors.page("acme", SHEET)
    for said in (
        "A: idempotency key", "C: search", "1 day", "90 seconds", "one company", "30, each for itself", "401; 429",
        "refused with 6210", "to 5 decimals", "of each line", "numbers and dates rise", "8.3", "worked out there",
        "500 a minute", "the key's life", "Memo",
    ):  # fmt: skip
        assert said in page, said
    row = next(line for line in write_connectors.overview({"acme": SHEET}).splitlines() if "acme.md" in line)
    assert [cell.strip() for cell in row.split("|")[2:7]] == ["", "C", "A", "", ""]


def test_the_command_line_tells_the_same_as_a_table_and_as_json(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert setup.connector("sandbox", "table") == 0
    text = capsys.readouterr().out
    assert "C: search for our reference" in text
    assert "proves that nothing was done\tcustomer, product, invoice, credit_note, payment, refund\t" in text
    assert setup.connector("sandbox", "json") == 0
    sheet = json.loads(capsys.readouterr().out)
    assert sheet["writes"]["invoice"]["attaches"] is True
    assert {"unproven", "limits", "tax"} <= set(sheet)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(86_400, "1 day"), (1_800, "30 minutes"), (90, "90 seconds"), (0.5, "0.5 seconds"), (0, "0 seconds")],
)
def test_how_long_is_said_in_the_largest_unit(seconds: float, words: str) -> None:
    assert sheet_words.duration(seconds) == words
