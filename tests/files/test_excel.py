"""Workbooks are read as people see them: exact numbers, dates, zeros in front; what cannot be kept has an address."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from billsync.connector import Page
from billsync_connectors.files import Files
from billsync_connectors.files.cell_values import column_of, exact, form_of, letters_of
from tests.files.made import archive, inline, workbook

Open = Callable[..., Files]
DEALS = {"objects": {"deals": {"key": "id"}}}


def saved(book: openpyxl.Workbook) -> bytes:
    found = io.BytesIO()
    book.save(found)
    return found.getvalue()


def table(*rows: list[Any], title: str = "Sheet1") -> openpyxl.Workbook:
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet.title = title
    for row in rows:
        sheet.append(row)
    return book


def read(folder: Path, open_files: Open, content: bytes, **settings: Any) -> list[Page]:
    (folder / "deals.xlsx").write_bytes(content)
    return list(open_files(objects={"deals": {"key": "id", **settings}}).read("deals", None))


def datas(pages: list[Page]) -> list[dict[str, Any]]:
    return [dict(record.data) for page in pages for record in page.records]


def said(pages: list[Page]) -> list[tuple[str, str]]:
    return [(problem.code, problem.place.file or "") for page in pages for problem in page.problems]


def test_what_openpyxl_writes_comes_with_its_types_and_its_place(folder: Path, open_files: Open) -> None:
    at = datetime.fromisoformat("2026-01-31T10:00:01")
    book = table(
        ["id", "amount", "won", "day", "at", "zip", "note"],
        [1001, 0.1, True, at.date(), at, 123, " x "],
        ["A2", 1234.56, False, None, None, "00123", "0012"],
    )
    book.worksheets[0]["F2"].number_format = "00000"
    (page,) = read(folder, open_files, saved(book))
    one, two = datas([page])
    assert one == {
        "id": 1001, "amount": Decimal("0.1"), "won": True, "day": at.date(), "at": at.isoformat(), "zip": "00123",
        "note": " x ",
    }  # fmt: skip
    assert (two["amount"], two["zip"], two["note"]) == (Decimal("1234.56"), "00123", "0012")
    assert [str(record.place) for record in page.records] == [
        "crm/deals.xlsx!Sheet1:2 (crm/deals/1001)",
        "crm/deals.xlsx!Sheet1:3 (crm/deals/A2)",
    ]
    assert page.snapshot


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("0.10000000000000001", "0.1"),
        ("0.30000000000000004", "0.3"),
        ("1234.5600000000001", "1234.56"),
        ("19.989999999999998", "19.99"),
        ("12345678901234567", "12345678901234567"),
        ("1E3", "1000"),
        ("1.5E-3", "0.0015"),
        ("-0.5", "-0.5"),
        ("100.00", "100"),
        ("0", "0"),
    ],
)
def test_a_number_is_what_a_person_sees_in_excel(written: str, meant: str) -> None:
    assert exact(written) == Decimal(meant)
    assert str(exact(written)) == meant


@given(st.decimals(-(10**10), 10**10, places=4))
def test_an_amount_of_fifteen_digits_survives_excels_binary_numbers(amount: Decimal) -> None:
    digits = f"{float(amount):.17g}"  # what Excel writes into the file
    assert exact(digits) == amount


@given(st.integers(0, (1 << 14) - 1), st.integers(1, 1 << 20))
def test_addresses_of_cells_go_both_ways(column: int, row: int) -> None:
    assert column_of(f"{letters_of(column)}{row}") == (column, row)


@pytest.mark.parametrize(
    ("id", "code", "form"),
    [
        (14, None, "date"), (22, None, "datetime"), (20, None, "time"), (4, None, "number"),
        (164, "dd.mm.yyyy", "date"), (164, "yyyy-mm-dd hh:mm", "datetime"), (164, "h:mm AM/PM", "time"),
        (164, '#,##0.00 "days"', "number"), (164, "[Red]0.00", "number"), (164, "[h]:mm", "number"),
        (164, "General", "number"), (164, "00000", 5), (164, "[$-407]d. mmmm yyyy", "date"),
        (164, "0.00E+00", "number"),
        (164, "mmm", "date"), (164, r"0\d", "number"),
    ],
)  # fmt: skip
def test_a_number_format_says_what_numbers_mean(id: int, code: str | None, form: Any) -> None:
    assert form_of(id, code) == form


def test_dates_of_both_calendars_and_the_day_that_never_was(folder: Path, open_files: Open) -> None:
    rows = inline("id", "day") + "".join(
        f'<row><c t="str"><v>k{serial}</v></c><c s="1"><v>{serial}</v></c></row>' for serial in (1, 59, 60, 61, 46053)
    )
    pages = read(folder, open_files, workbook(rows, styles=["yyyy-mm-dd"]))
    assert [row["day"].isoformat() for row in datas(pages)] == ["1900-01-01", "1900-02-28", "1900-03-01", "2026-01-31"]
    assert said(pages) == [("READ-SHEET-02", "crm/deals.xlsx!S!B4")]


def test_a_sheet_by_its_name_a_header_below_a_title_and_hidden_sheets_left_alone(
    folder: Path, open_files: Open
) -> None:
    book = table(["secret"], ["x"], title="Hidden")
    book.worksheets[0].sheet_state = "hidden"
    sheet = book.create_sheet("Deals")
    sheet.append(["Report of January"])
    sheet.append([None])
    sheet.append(["id", "a"])
    sheet.append(["1", "x"])
    assert datas(read(folder, open_files, saved(book), header_row=3)) == [{"id": "1", "a": "x"}]
    pages = read(folder, open_files, saved(book), sheet="Dels")
    assert said(pages) == [("READ-SHEET-01", "crm/deals.xlsx")]
    assert "'Hidden', 'Deals'" in pages[0].problems[0].message
    with_name = open_files(objects={"deals": {"key": "secret", "sheet": "Hidden"}})
    assert [record.id for page in with_name.read("deals", None) for record in page.records] == ["x"]


def test_cells_that_cannot_be_used_cost_their_row_alone(folder: Path, open_files: Open) -> None:
    book = table(["id", "a"], ["1", "x"], ["2", "#N/A"], ["3", "=1+1"], ["4", "top"], ["5", None], ["6", "y"])
    book.worksheets[0].merge_cells("B5:B6")
    book.worksheets[0]["D7"] = "beside"
    pages = read(folder, open_files, saved(book))
    assert [row["id"] for row in datas(pages)] == ["1", "4"]
    assert said(pages) == [
        ("READ-SHEET-02", "crm/deals.xlsx!Sheet1!B3"),
        ("READ-SHEET-02", "crm/deals.xlsx!Sheet1!B4"),
        ("READ-SHEET-03", "crm/deals.xlsx!Sheet1!B6"),
        ("READ-SHEET-01", "crm/deals.xlsx!Sheet1!D7"),
    ]
    assert not pages[-1].snapshot


def test_a_formula_counts_with_the_value_that_was_calculated(folder: Path, open_files: Open) -> None:
    rows = (
        inline("id", "a")
        + '<row><c t="str"><f>"k"</f><v>k</v></c><c><f>0.1+0.2</f><v>0.30000000000000004</v></c></row>'
    )
    assert datas(read(folder, open_files, workbook(rows))) == [{"id": "k", "a": Decimal("0.3")}]


def test_texts_of_several_runs_and_of_control_characters(folder: Path, open_files: Open) -> None:
    rich = "<row><c t='inlineStr'><is><r><t>a</t></r><r><t>b_x000D__x005F_</t></r><rPh><t>no</t></rPh></is></c></row>"
    rows = (
        '<row><c t="s"><v>0</v></c></row>' + rich + '<row><c t="s"><v>1</v></c></row><row><c t="s"><v>7</v></c></row>'
    )
    pages = read(folder, open_files, workbook(rows, texts=["id", "😀 שלום"]))
    assert [row["id"] for row in datas(pages)] == ["ab\r_", "😀 שלום"]
    assert said(pages) == [("READ-SHEET-02", "crm/deals.xlsx!S!A4")]


def test_a_header_that_cannot_be_used_says_so_once(folder: Path, open_files: Open) -> None:
    pages = read(folder, open_files, saved(table(["id", None, "a", "a"], ["1", "2", "3", "4"])))
    assert [problem.message for problem in pages[0].problems] == [
        "column 2 has no name",
        "columns 3 and 4 are both named 'a'",
    ]


BIG = "x" * 70_000
FAULTY = {
    "cut off": (saved(table(["id"], ["1"]))[:-900], "READ-FILE-01", "cut off or damaged"),
    "html": (b"<html><table><tr><td>id</td></tr></table>", "READ-FILE-01", "a page of HTML"),
    "a csv": (b"id,a\n1,x\n", "READ-FILE-01", "no workbook"),
    "xls": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "READ-FILE-01", "Excel 97-2003"),
    "a password": (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600 + "EncryptedPackage".encode("utf-16-le"),
        "READ-FILE-01",
        "protected by a password",
    ),
    "another archive": (archive({"a.txt": "x"}), "READ-FILE-01", "no xl/workbook.xml"),
    "a bomb": (workbook(inline("id") + inline("y" * 40) + " " * 3_000_000), "READ-SIZE-01", "unpacked"),
    "a DTD": (
        workbook(inline("id"), head='<!DOCTYPE x [<!ENTITY a "b">]>'),
        "READ-FILE-01",
        "DTD",
    ),
    "broken XML": (workbook(inline("id") + "<row><c></row>"), "READ-FILE-01", "no valid XML"),
    "merged cells that are none": (
        workbook(inline("id") + '<mergeCell ref="A0:ZZZ99999"/>'),
        "READ-FILE-01",
        "no address of a cell",
    ),
    "an empty sheet": (saved(openpyxl.Workbook()), "READ-SHEET-01", "no header"),
    "nothing": (b"", "READ-FILE-01", "no workbook"),
}


@pytest.mark.parametrize("name", FAULTY)
def test_a_workbook_that_cannot_be_read_is_one_problem(folder: Path, open_files: Open, name: str) -> None:
    content, code, says = FAULTY[name]
    (folder / "deals.xlsx").write_bytes(content)
    files = open_files(**DEALS, max_file_bytes=1_000_000)
    (page,) = files.read("deals", None)
    assert [problem.code for problem in page.problems] == [code]
    assert says in page.problems[0].message
    assert page.problems[0].hint
    assert (list(page.records), page.snapshot) == ([], False)
    assert any(code in remark for remark in files.check().remarks)


def test_a_cell_that_is_too_large_is_never_held_in_memory(folder: Path, open_files: Open) -> None:
    rows = (
        inline("id", "a")
        + inline("1", BIG)
        + '<row><c t="str"><v>2</v></c><c t="s"><v>0</v></c></row>'
        + inline("3", "x")
    )
    (folder / "deals.xlsx").write_bytes(workbook(rows, texts=[BIG]))
    pages = list(open_files(**DEALS, max_field_bytes=60_000).read("deals", None))
    assert [row["id"] for row in datas(pages)] == ["3"]
    assert said(pages) == [("READ-SIZE-01", f"crm/deals.xlsx!S!B{row}") for row in (2, 3)]


def test_the_mark_of_an_open_workbook_is_no_object(folder: Path, open_files: Open) -> None:
    (folder / "deals.xlsx").write_bytes(saved(table(["id"], ["1"])))
    (folder / "~$deals.xlsx").write_bytes(b"\x05owner")
    assert list(open_files().capabilities.reads) == ["deals"]


@given(st.binary(max_size=300))
def test_any_bytes_inside_an_archive_are_a_problem_and_never_an_exception(tmp_path_factory: Any, junk: bytes) -> None:
    from billsync.connector import Context
    from billsync_connectors.files import FilesConfig

    root = tmp_path_factory.mktemp("junk")
    good = bytearray(workbook(inline("id") + inline("1")))
    at = sum(junk) % len(good)
    good[at : at + len(junk)] = junk
    (root / "deals.xlsx").write_bytes(bytes(good))
    files = Files(Context("crm", root), FilesConfig.model_validate({"folder": ".", **DEALS}))
    assert list(files.read("deals", None))
