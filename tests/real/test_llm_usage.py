"""The real usage trace, priced per 1,000 tokens in graduated tiers: the invoice against plain sums of the CSV."""

from __future__ import annotations

import csv
from datetime import date
from decimal import Decimal

import pytest

from billsync import assets
from billsync.cli.billing_file import read
from billsync.invoicing.book import book
from billsync.planning.unfolding import unfold

TRACE = assets.folder("demo") / "llm_inference_trace"
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
    assert invoice.total == sum(line.amount for line in invoice.lines)


def test_the_figures_of_the_trace_are_those_that_its_publisher_gives() -> None:
    assert counted("conversation", "ContextTokens") == (19_366, 22_361_870)
    assert counted("conversation", "GeneratedTokens") == (19_366, 4_088_665)
    assert counted("code", "ContextTokens")[0] == 8_819


def test_each_row_is_one_event_a_meter_with_an_id_that_stays() -> None:
    events = read(TRACE / "code.yaml").document.usage
    assert len({event.id for event in events}) == len(events) == 2 * 8_819
    assert events == read(TRACE / "code.yaml").document.usage
    assert events[0].id == "code.csv:2:context_tokens"
    assert str(events[0].at) == "2023-11-16 18:17:03.979960+00:00"


def test_day_by_day_is_the_same_as_at_once() -> None:
    document = read(TRACE / "code.yaml").document
    found = unfold(document, date(2023, 11, 30), date(2023, 12, 2))
    assert found.differences == ()
    assert [item.run_on for item in found.made] == [date(2023, 12, 1)]
