"""Bad input from end to end: planted, told with its place; mended, billed, and closed by itself."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.cli.place import CONFIG, GOOD, HEADER, MAPPING, Place

MENDED = b"BAD,Basic,Acme,2026-02-03,1,7.10,USD\n"
BAD_ROWS = {
    "negative quantity": (b"BAD,Basic,Acme,2026-02-03,-1,7.10,USD", "BILL-LINE-01", "zero or more, got -1"),
    "unknown currency": (b"BAD,Basic,Acme,2026-02-03,1,7.10,XQZ", "MAP-DOC-01", "unknown currency 'XQZ'"),
    "no such day": (b"BAD,Basic,Acme,2026-02-31,1,7.10,USD", "MAP-VALUE-01", "'2026-02-31' does not exist"),
    "wrong type": (b"BAD,Basic,Acme,2026-02-03,one,7.10,USD", "MAP-VALUE-01", "expected a number"),
    "nan": (b"BAD,Basic,Acme,2026-02-03,1,NaN,USD", "MAP-VALUE-01", "got 'NaN'"),
    "1e400": (b"BAD,Basic,Acme,2026-02-03,1,1e400,USD", "MAP-VALUE-01", "got '1e400'"),
    "blank": (b"BAD,Basic,Acme,2026-02-03,,7.10,USD", "MAP-DOC-02", "quantity is blank"),
    "not utf-8": (b"BAD,Basic,Acm\xe9,2026-02-03,1,7.10,USD", "READ-TEXT-01", "byte 0xe9 on line 3"),
    "lone surrogate": (b"BAD,Basic,Ac\xed\xa0\x80,2026-02-03,1,7.10,USD", "READ-TEXT-01", "byte 0xed on line 3"),
    "nul byte": (b"BAD,Ba\x00sic,Acme,2026-02-03,1,7.10,USD", "READ-TEXT-01", "NUL byte"),
    "missing cells": (b"BAD,Basic,Acme", "READ-CSV-02", "expected 7 cells as in the header, got 3"),
    "a cell too many": (b"BAD,Basic,Acme,2026-02-03,1,7,10,USD", "READ-CSV-02", "got 8"),
    "duplicate key": (b"G-1,Basic,Acme,2026-02-03,1,7.10,USD", "READ-KEY-01", "first at crm/deals.csv:2"),
    "no key": (b",Basic,Acme,2026-02-03,1,7.10,USD", "READ-KEY-01", "'id' is blank"),
    "unknown account": (b"BAD,Basic,Nobody,2026-02-03,1,7.10,USD", "MAP-REF-01", "'Nobody' is not known"),
    "an open quote": (b'BAD,"Basic,Acme,2026-02-03,1,7.10,USD', "READ-CSV-03", "never closed"),
}


@pytest.fixture(autouse=True)
def made_before(place: Place, sqlite_template: Path) -> None:
    """Its store has its tables already: making them is tested in test_commands.py."""
    shutil.copy(sqlite_template, place.folder / "billsync.db")


@pytest.mark.parametrize("name", BAD_ROWS)
def test_a_bad_row_is_told_and_mended(place: Place, name: str) -> None:
    row, code, text = BAD_ROWS[name]
    place.write("crm/deals.csv", (HEADER + GOOD).encode() + row + b"\n")
    assert place.billsync("sync").code == 1
    (problem,) = place.problems()
    assert problem["code"] == code
    assert text in problem["message"]
    assert problem["hint"]
    assert "crm/deals.csv:3" in problem["place"] or "deal/BAD field" in problem["place"]
    assert place.billed() == {"G-1": "1000.00"}

    place.write("crm/deals.csv", (HEADER + GOOD).encode() + MENDED)
    assert place.billsync("sync").code == 0
    assert place.problems() == []
    assert place.billed() == {"G-1": "1000.00", "BAD": "7.10"}
    assert code in place.billsync("errors", "list", "--resolved").out


OBJECT = (
    '{"id":"%s","product":"Basic","account":"Acme","day":"2026-02-03","quantity":%s,"amount":"7.10","currency":"USD"}'
)
BAD_OBJECTS = {
    "nan": (OBJECT % ("BAD", "NaN"), "READ-JSON-02", "NaN is not a number", "null"),
    "1e400": (OBJECT % ("BAD", "1e400"), "READ-JSON-02", "'1e400' is too large", "text"),
    "duplicate key": (OBJECT % ("BAD", '1,"quantity":2'), "READ-JSON-02", "'quantity' stands twice", "correct it"),
    "lone surrogate": (OBJECT % ("BAD\\ud800", "1"), "READ-TEXT-01", "lone surrogate", "correct it"),
    "nul": (OBJECT % ("BAD\\u0000", "1"), "READ-TEXT-01", "NUL byte", "correct it"),
    "cut off": ('{"id":"BAD","product":', "READ-JSON-01", "not valid JSON", "one JSON object a line"),
    "a list": ("[1]", "READ-JSON-01", "expected a JSON object", "one JSON object a line"),
    "wrong type": (OBJECT % ("BAD", "true"), "MAP-VALUE-01", "expected a number", "deals.yaml:17"),
    "a list as a value": (OBJECT % ("BAD", "[1]"), "MAP-VALUE-01", "quantity", "deals.yaml:17"),
    "missing field": (
        (OBJECT % ("BAD", "1")).replace('"quantity":1,', ""), "MAP-DOC-02", "no field quantity", "known here"
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD_OBJECTS)
def test_a_bad_json_object_is_told_and_mended(place: Place, name: str) -> None:
    bad, code, text, hint = BAD_OBJECTS[name]
    (place.folder / "crm/deals.csv").unlink()
    good = OBJECT % ("G-1", "2") + "\n"
    place.write("crm/deals.jsonl", good + bad + "\n")
    assert place.billsync("sync").code == 1
    (problem,) = place.problems()
    assert (problem["code"], "crm/deals.jsonl:2" in problem["place"]) == (code, True)
    assert text in problem["message"]
    assert hint in problem["hint"]
    assert place.billed() == {"G-1": "14.20"}

    place.write("crm/deals.jsonl", good + OBJECT % ("BAD", "1") + "\n")
    assert place.billsync("sync").code == 0
    assert place.problems() == []
    assert place.billed() == {"G-1": "14.20", "BAD": "7.10"}


BAD_FILES = {
    "empty": (b"", "READ-FILE-02", "the file is empty"),
    "a column twice": (b"id,product,product\nA,b,c\n", "READ-CSV-01", "both named 'product'"),
    "no key column": (b"oid,product\nA,b\n", "READ-CSV-01", "the key column 'id' is missing"),
    "other delimiter": (b"id;product\nA;b\n", "READ-CSV-01", "the key column 'id' is missing"),
    "utf-16": (b"\xff\xfei\x00d\x00", "READ-TEXT-01", "UTF-16"),
    "noise": (bytes(range(128, 256)) * 9, "READ-TEXT-01", "not UTF-8"),
}


@pytest.mark.parametrize("name", BAD_FILES)
def test_a_bad_file_takes_nothing_away_and_is_mended(place: Place, name: str) -> None:
    content, code, text = BAD_FILES[name]
    assert place.billsync("sync").code == 0
    place.write("crm/deals.csv", content)
    assert place.billsync("sync").code == 1
    (problem,) = place.problems()
    assert (problem["code"], "crm/deals.csv:1" in problem["place"]) == (code, True)
    assert text in problem["message"]
    assert problem["hint"]
    place.deals(GOOD.strip(), MENDED.decode().strip())
    assert place.billsync("sync").code == 0
    assert place.problems() == []
    assert place.billed() == {"G-1": "1000.00", "BAD": "7.10"}


def test_a_missing_column_is_a_problem_of_each_record_that_names_those_there_are(place: Place) -> None:
    place.deals("G-1,Basic,Acme,2026-02-03,500,USD", header="id,product,account,day,amount,currency\n")
    assert place.billsync("sync").code == 1
    (problem,) = place.problems()
    assert "the record has no field quantity" in problem["message"]
    assert "known here: account, amount, currency, day, id, product" in problem["hint"]


BAD_YAML = {
    "broken": ("{0}: [\n", ":"),
    "unknown key": ("{0}wrongkey: 1\n", "has no key 'wrongkey'"),
    "not utf-8": ("{0}\udcff\n", "not UTF-8"),
    "nul byte": ("{0}\x00", "NUL"),
    "lone surrogate": ('{0}x: "\\ud800"\n', "invalid Unicode"),
    "empty": ("", "the file is empty"),
    "no mapping": ("just text\n", "expected a mapping"),
    "python": ("{0}x: !!python/object:os.system y\n", "is not allowed"),
}


@pytest.mark.parametrize("file", ["billsync.yaml", "deals.yaml"])
@pytest.mark.parametrize("name", BAD_YAML)
def test_bad_yaml_is_told_with_its_line_and_nothing_is_touched(place: Place, name: str, file: str) -> None:
    pattern, text = BAD_YAML[name]
    good = CONFIG if file == "billsync.yaml" else MAPPING
    place.write(file, pattern.replace("{0}", good).encode("utf-8", "surrogateescape"))
    said = place.billsync("sync")
    assert (said.code, said.out) == (2, "")
    assert said.err.startswith(f"{file}:")
    assert text in said.err
    assert place.billsync("mapping", "lint").code == 2
    assert place.billsync("doctor").code == 2
    place.write(file, good)
    assert place.billsync("sync").code == 0


BAD_CONFIG = {
    "through: 2026-12-31": [
        ("through: 2026-02-31", "billsync.yaml:15:24", "does not exist"),
        ("through: [1]", "billsync.yaml:15:24", "expected a day"),
        ("through: NaN", "billsync.yaml:15:24", "expected a day"),
        ("thruogh: today", "billsync.yaml:15:15", "did you mean 'through'?"),
        ("through: today, through: today", "billsync.yaml:15:31", "stands twice"),
    ],
    "source: crm": [("source: crn", "billsync.yaml:12:13", "did you mean 'crm'?")],
    "connector: files": [("connector: filez", "billsync.yaml:4:16", "did you mean 'files'?")],
    "store: sqlite:///billsync.db": [
        ("store: mysql://x", "billsync.yaml:1:8", "expected sqlite:///FILE"),
        ('store: "sqlite:///a\\0b"', "billsync.yaml:1:8", "expected sqlite:///FILE"),
    ],
}


@pytest.mark.parametrize(
    ("old", "new", "where", "text"), [(old, *new) for old, all in BAD_CONFIG.items() for new in all]
)
def test_a_bad_setting_is_told_with_line_and_column(place: Place, old: str, new: str, where: str, text: str) -> None:
    place.write("billsync.yaml", CONFIG.replace(old, new))
    said = place.billsync("sync")
    assert (said.code, said.out) == (2, "")
    assert said.err.startswith(where)
    assert text in said.err


BAD_MAPPING = [
    ("as: date", "az: date", "deals.yaml:11:26", "no key 'az'"),
    ("  signed_on", "  signedon", "deals.yaml:11:3", "did you mean 'signed_on'?"),
    ("  name:", "  id: {from: x}\n  name:", "deals.yaml:8:3", "stands twice"),
    ("version: 1", "version: one", "deals.yaml:2:10", "whole number"),
    ("from: quantity, as", "const: NaN, as", "deals.yaml:17:25", "got 'NaN'"),
    ("from: amount, as", "const: 1e400, as", "deals.yaml:18:28", "got '1e400'"),
]


@pytest.mark.parametrize(("old", "new", "where", "text"), BAD_MAPPING)
def test_a_bad_mapping_is_told_with_line_and_column(place: Place, old: str, new: str, where: str, text: str) -> None:
    place.write("deals.yaml", MAPPING.replace(old, new))
    for command in (("sync",), ("mapping", "lint")):
        said = place.billsync(*command)
        assert said.code == 2
        assert where in said.out + said.err
        assert text in said.out + said.err
    assert place.billsync("mapping", "test").code == 1


def test_a_configuration_from_windows_is_read(place: Place) -> None:
    place.write("billsync.yaml", b"\xef\xbb\xbf" + CONFIG.replace("\n", "\r\n").encode())
    place.write("deals.yaml", b"\xef\xbb\xbf" + MAPPING.replace("\n", "\r\n").encode())
    place.write("crm/deals.csv", b"\xef\xbb\xbf" + (HEADER + GOOD).replace("\n", "\r\n").encode())
    assert place.billsync("sync").code == 0
    assert place.billed() == {"G-1": "1000.00"}
