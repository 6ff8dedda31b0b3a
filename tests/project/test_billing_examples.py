"""The shipped billing documents: true to their schema, billed without a problem; what is refused is none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jsonschema
import pytest

from billsync.cli import preview
from billsync.cli.billing_file import read as read_document
from billsync.cli.billing_schema import billing_document
from billsync.model.scalar import read_day
from tests.project.test_schemas import read

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted((ROOT / "demo").rglob("*.yaml"))


def complaints(value: Any) -> list[str]:
    return [error.message for error in jsonschema.Draft202012Validator(billing_document()).iter_errors(value)]


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: file.stem)
def test_an_example_fits_the_schema_that_it_names(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    named = text.splitlines()[0].removeprefix("# yaml-language-server: $schema=")
    assert (file.parent / named).resolve() == ROOT / "schemas" / "billing-document.json"
    assert complaints(read(text)) == []


@pytest.mark.parametrize(
    "file", [file for file in EXAMPLES if file.parent.name == "billing"], ids=lambda file: file.stem
)
def test_an_example_is_billed_without_a_problem(file: Path) -> None:
    found = read_document(file)
    made = preview.of(found, found.document.through or read_day("2026-12-31"))
    assert made.problems == ()
    assert made.book.invoices


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("currency: USD", "curency: USD"),
        ("model: recurring", "model: recuring"),
        ("scheme: per_unit", "scheme: per_units"),
        ("policy: default", "policy: strip-like"),
        ("policy: default", "policy: {tax_roundng: line}"),
        ("meter: api_calls, at:", "metre: api_calls, at:"),
        ("  id: C-1\n", ""),
        ("usage: [", "usage: [{file: a.csv, metr: b}, "),
    ],
)
def test_what_lint_refuses_the_schema_refuses(old: str, new: str) -> None:
    text = (ROOT / "demo" / "billing" / "smallest.yaml").read_text(encoding="utf-8")
    assert old in text
    assert complaints(read(text.replace(old, new)))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("policy: default", "policy: {preset: stripe-like, tax_rounding: line}"),
        ("usage: [", "usage: [{file: a.csv, meter: b, at: c, zone: UTC}, "),
        ('quantity: "5"', "quantity: 5"),
    ],
)
def test_what_people_write_fits(old: str, new: str) -> None:
    text = (ROOT / "demo" / "billing" / "smallest.yaml").read_text(encoding="utf-8")
    assert complaints(read(text.replace(old, new))) == []
