"""Where a record ends does not depend on how its bytes arrive; what a strict CSV writer writes comes back."""

from __future__ import annotations

import csv
import io
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billsync_connectors.files.rows import Bad, CsvRows, Limits, Row, begin
from billsync_connectors.files.scan import Scanner, State, cell_pattern, cells, whole_line

CELLS = st.lists(st.lists(st.text(st.sampled_from('ab,;"\n\r é'), max_size=6), min_size=2, max_size=4), max_size=8)
LIMITS = Limits(1000, 4000)


def read(data: bytes, limits: Limits = LIMITS, delimiter: str = ",") -> list[Row | Bad]:
    stream = io.BytesIO(data)
    assert begin(stream) is None
    return list(CsvRows(stream, delimiter, limits))


@given(
    CELLS,
    st.sampled_from([",", ";"]),
    st.sampled_from([("\n", csv.QUOTE_ALL), ("\r\n", csv.QUOTE_ALL), ("\r\n", csv.QUOTE_MINIMAL)]),
)
def test_what_pythons_writer_writes_is_read_back(
    table: list[list[str]], delimiter: str, how: tuple[str, Literal[0, 1]]
) -> None:
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=delimiter, lineterminator=how[0], quoting=how[1]).writerows([["k", "v"], *table])
    rows = read(out.getvalue().encode(), delimiter=delimiter)
    assert [row.cells for row in rows if isinstance(row, Row)] == [["k", "v"], *table]


@given(CELLS, st.integers(1, 5))
def test_a_line_that_matches_as_whole_is_what_the_scanner_finds_whole(table: list[list[str]], size: int) -> None:
    for row in table:
        line = ",".join(row).replace("\n", "").encode() + b"\n"
        scanner = Scanner(b",")
        for at in range(0, len(line), size):
            scanner.feed(line[at : at + size], 1)
        if whole_line(",").fullmatch(line):
            assert scanner.state is State.END
        elif scanner.state is State.END:
            assert b"\r" in line or b'"' in line


def test_a_record_is_numbered_by_its_first_line() -> None:
    rows = read(b'a,b\n1,"two\nlines\n"\n\n2,x\n')
    assert rows == [Row(1, ["a", "b"]), Row(2, ["1", "two\nlines\n"]), Row(6, ["2", "x"])]


def test_text_stays_text_to_the_letter() -> None:
    assert cells('0012,NO,1e5, x ,"a ""b""",""', cell_pattern(",")) == ["0012", "NO", "1e5", " x ", 'a "b"', ""]
    assert read(b'5" pipe,x\n') == [Row(1, ['5" pipe', "x"])]


@pytest.mark.parametrize("end", [b"", b"\n", b"\r\n"])
def test_the_last_line_may_end_anyhow(end: bytes) -> None:
    assert read(b"a,b\r\n1,2" + end) == [Row(1, ["a", "b"]), Row(2, ["1", "2"])]
    assert read(b'a,b\n1,"2"' + end) == [Row(1, ["a", "b"]), Row(2, ["1", "2"])]


def test_rows_below_a_quote_that_is_never_closed_are_not_swallowed() -> None:
    good = [f"{n},x,y\n" for n in range(1000)]
    rows = read(("a,b,c\n" + "".join(good[:3]) + '9,"open,y\n' + "".join(good[3:])).encode())
    assert [row.line for row in rows if isinstance(row, Bad)] == [5]
    assert len([row for row in rows if isinstance(row, Row)]) == 1001


def test_a_quote_that_the_next_rows_quote_seems_to_close_is_found_where_it_opened() -> None:
    rows = read(b'a,b\n1,"open\n2,"fine"\n3,"two\nlines"\n')
    assert [(row.line, row.code) for row in rows if isinstance(row, Bad)] == [(2, "READ-CSV-03")]
    assert [row.cells for row in rows if isinstance(row, Row)] == [["a", "b"], ["2", "fine"], ["3", "two\nlines"]]


def test_what_stands_inside_an_oversized_cell_never_becomes_a_record() -> None:
    inside = "\nEVIL,1000000\n" * 100
    rows = read(f'a,b\n1,"{inside}"\n2,x\n'.encode(), Limits(100, 200))
    assert [row.cells for row in rows if isinstance(row, Row)] == [["a", "b"], ["2", "x"]]
    assert [(row.line, row.code) for row in rows if isinstance(row, Bad)] == [(2, "READ-SIZE-01")]


def test_one_line_of_megabytes_costs_only_that_record() -> None:
    rows = read(b"a,b\n1," + b"x" * 3_000_000 + b"\n2,x\n", Limits(100, 200))
    assert [(type(row), row.line) for row in rows] == [(Row, 1), (Bad, 2), (Row, 3)]


@given(st.binary(max_size=200))
def test_any_bytes_give_rows_or_faults_and_never_an_exception(data: bytes) -> None:
    stream = io.BytesIO(data)
    if begin(stream) is None:
        lines = data.count(b"\n") + 1
        assert all(1 <= row.line <= lines for row in CsvRows(stream, ",", Limits(16, 64)))
