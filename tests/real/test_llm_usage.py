"""The real usage trace, priced per 1,000 tokens in graduated tiers: the invoice against plain sums of the CSV."""

from __future__ import annotations

import csv
import re
from datetime import date
from decimal import Decimal

import pytest

from billsync import assets
from billsync.cli.billing_file import read
from billsync.invoicing.book import book

TRACE = assets.folder("demo") / "llm_inference_trace"
PAGE = (TRACE.parents[1] / "docs" / "how-to" / "bill-usage.md").read_text(encoding="utf-8")
INPUT = ((10_000_000, 30), (None, 20))
OUTPUT = ((2_000_000, 60), (None, 45))
"""Up to so many tokens, hundredths of a cent for each thousand that is begun."""


def counted(name: str, column: str) -> tuple[int, int]:
    """Rows, and tokens in all."""
    with (TRACE / f"{name}.csv").open(newline="") as file:
        values = [int(row[column]) for row in csv.DictReader(file)]
    return len(values), sum(values)


def cents(tokens: int, tiers: tuple[tuple[int | None, int], ...]) -> int:
    """In whole numbers: each tier by its thousands, rounded half up to a cent at the end."""
    begin, hundredths = 0, 0
    for up_to, rate in tiers:
        inside = max(0, min(tokens, up_to or tokens) - begin)
        hundredths += -(-inside // 1000) * rate
        begin = up_to or tokens
    return (hundredths + 50) // 100


@pytest.mark.parametrize("name", ["conversation", "code"])
def test_the_invoice_is_the_sum_of_the_trace(name: str) -> None:
    found = read(TRACE / f"{name}.yaml")
    assert found.problems == ()
    assert len({event.id for event in found.document.usage}) == len(found.document.usage)
    made = book(found.document, through=date(2023, 12, 1))
    assert made.problems == ()
    (invoice,) = made.invoices
    assert (invoice.issued_on, str(invoice.lines[0].period)) == (date(2023, 12, 1), "2023-11-01 to 2023-11-30")
    for line, column, tiers in zip(invoice.lines, ("ContextTokens", "GeneratedTokens"), (INPUT, OUTPUT), strict=True):
        rows, tokens = counted(name, column)
        assert line.quantity == tokens
        assert line.amount == Decimal(cents(tokens, tiers)).scaleb(-2)
        assert line.why.inputs["events"] == str(rows)
        assert line.why.inputs["first event"].startswith(f"{name}.csv:2:")
        assert line.why.inputs["last event"].startswith(f"{name}.csv:{rows + 1}:")
        assert name == "code" or f"{line.quantity:,}   {line.amount}" in re.sub(" {2,}", "   ", PAGE)
    assert invoice.total == sum(line.amount for line in invoice.lines)


def test_the_figures_of_the_trace_are_those_that_its_publisher_gives() -> None:
    assert counted("conversation", "ContextTokens") == (19_366, 22_361_870)
    assert counted("conversation", "GeneratedTokens") == (19_366, 4_088_665)
    assert counted("code", "ContextTokens")[0] == 8_819
