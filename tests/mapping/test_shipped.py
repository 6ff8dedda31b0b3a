"""Every shipped mapping is without findings, passes its own tests, and maps the real export to the dollar."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import pytest

from billsync.connector import FieldInfo, Record, Schema
from billsync.mapping import Mapped, Mapping, check, dependency_order, parse, run_tests
from billsync.model.deal import Deal
from billsync.model.problem import Place

ROOT = Path(__file__).parents[2]
FILES = sorted((ROOT / "mappings").rglob("*.yaml"))
DEMO = ROOT / "demo" / "crm_sales_opportunities"


def read(file: Path) -> Mapping:
    return parse(file.read_bytes(), file.name, read_file=lambda name: (file.parent / name).read_text(encoding="utf-8"))


def records(object: str) -> list[Record]:
    with (DEMO / f"{object}.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    key = next(iter(rows[0]))
    return [
        Record(object, row[key], row, Place(file=f"{object}.csv", line=line, system="crm", object=object, id=row[key]))
        for line, row in enumerate(rows, start=2)
    ]


def mapped(name: str) -> list[Mapped]:
    mapping = read(ROOT / "mappings" / "files" / "crm_sales" / f"{name}.yaml")
    return [mapping.apply(record, lambda _name, id: id) for record in records(mapping.source_object)]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_nothing_is_found_in_it_and_its_tests_pass(file: Path) -> None:
    assert check(file.read_bytes(), file.name) == []
    results = run_tests(read(file))
    assert len(results) >= 3
    assert [str(result) for result in results if not result.passed] == []


@pytest.mark.parametrize("name", ["accounts", "products", "opportunities"])
def test_it_reads_only_columns_that_the_export_has(name: str) -> None:
    file = ROOT / "mappings" / "files" / "crm_sales" / f"{name}.yaml"
    object = read(file).source_object
    columns = tuple(FieldInfo(name=column) for column in records(object)[0].data)
    assert check(file.read_bytes(), file.name, source=Schema(object=object, fields=columns)) == []


def test_the_won_deals_of_the_export_sum_to_the_dollar() -> None:
    deals = mapped("opportunities")
    nouns = [deal.noun for deal in deals if isinstance(deal.noun, Deal)]
    assert Counter(deal.skipped for deal in deals) == {True: 4_562, False: 4_238}
    assert sum(line.unit_amount * line.quantity for deal in nouns for line in deal.lines) == 10_005_534
    assert not any(deal.problems for deal in deals)


def test_every_account_and_product_of_the_export_is_mapped_its_faults_cured() -> None:
    accounts, products = mapped("accounts"), mapped("products")
    assert [account.problems for account in [*accounts, *products] if account.problems] == []
    docs = [account.doc for account in accounts if account.doc is not None]
    assert len(docs) == 85
    assert "PH" in {doc["country"] for doc in docs}
    assert "technolgy" not in {doc["properties"]["sector"] for doc in docs}
    assert sum("parent" in doc for doc in docs) == 15


def test_every_product_that_a_deal_names_is_a_product_of_the_export() -> None:
    sold = {id for deal in mapped("opportunities") for name, id in deal.refs if name == "files.products"}
    assert sold <= {product.key for product in mapped("products")}
    assert "GTX Pro" in sold


def test_deals_come_after_what_they_refer_to() -> None:
    mappings = [read(file) for file in reversed(FILES)]
    names = [mapping.name for mapping in dependency_order(mappings)]
    assert names.index("crm_sales.opportunities") > names.index("crm_sales.accounts")
    assert names.index("crm_sales.opportunities") > names.index("crm_sales.products")
    assert names.index("tryton.invoice") > max(names.index("tryton.party"), names.index("tryton.product"))
