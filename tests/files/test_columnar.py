"""Parquet: exact numbers, zones and nested values come as they are; memory stays flat; a broken file is a problem."""

from __future__ import annotations

import datetime as dt
import gzip
import tracemalloc
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from billsync.connector import Page
from billsync_connectors.files import Files

Open = Callable[..., Files]
DEALS = {"objects": {"deals": {"key": "id"}}}
AT = dt.datetime(2026, 1, 31, 10, tzinfo=dt.UTC)


def read(folder: Path, open_files: Open, table: pa.Table, **options: Any) -> list[Page]:
    pq.write_table(table, folder / "deals.parquet", **options)
    return list(open_files(**DEALS).read("deals", None))


def column(folder: Path, open_files: Open, values: list[Any], kind: pa.DataType) -> list[Any]:
    ids = [str(at) for at in range(len(values))]
    pages = read(folder, open_files, pa.table({"id": ids, "a": pa.array(values, kind)}))
    assert not any(page.problems for page in pages)
    return [record.data["a"] for page in pages for record in page.records]


@pytest.mark.parametrize(
    ("kind", "given", "read"),
    [
        (pa.decimal128(18, 2), Decimal("0.10"), Decimal("0.10")),
        (pa.float64(), 0.1, Decimal("0.1")),
        (pa.float32(), 0.1, Decimal("0.1")),
        (pa.float64(), 1e300, Decimal(10) ** 300),
        (pa.int64(), -5, -5),
        (pa.bool_(), True, True),
        (pa.date32(), AT.date(), AT.date()),
        (pa.timestamp("ms", "Europe/Berlin"), AT, AT),
        (pa.timestamp("us"), AT.replace(tzinfo=None), "2026-01-31T10:00:00"),
        (pa.time32("s"), dt.time(10, 30), "10:30:00"),
        (pa.dictionary(pa.int8(), pa.string()), "Won", "Won"),
        (pa.list_(pa.float32()), [0.1, None], [Decimal("0.1"), None]),
        (
            pa.list_(pa.struct([("sku", pa.string()), ("price", pa.decimal128(9, 3))])),
            [{"sku": "A", "price": Decimal("1.250")}],
            [{"sku": "A", "price": Decimal("1.250")}],
        ),
        (pa.map_(pa.string(), pa.float64()), {"x": 0.2}, {"x": Decimal("0.2")}),
        (pa.null(), None, None),
    ],
)
def test_a_type_keeps_its_meaning(folder: Path, open_files: Open, kind: Any, given: Any, read: Any) -> None:
    assert column(folder, open_files, [given, None], kind) == [read, None]


def test_nanoseconds_are_cut_to_microseconds(folder: Path, open_files: Open) -> None:
    (found,) = column(folder, open_files, [1769853600123456789], pa.timestamp("ns", "UTC"))
    assert found == AT.replace(microsecond=123456)


@pytest.mark.parametrize(
    ("kind", "value", "says"),
    [
        (pa.float64(), float("nan"), "nan"),
        (pa.float64(), float("-inf"), "inf"),
        (pa.binary(), b"\x00", "type binary"),
        (pa.duration("s"), dt.timedelta(1), "type duration"),
        (pa.list_(pa.struct([("b", pa.binary())])), [{"b": b"x"}], "'a[0].b'"),
        (pa.timestamp("s", "UTC"), 10**12, "'a'"),
        (pa.string(), "x" * 300_000, "larger than 262,144 bytes"),
    ],
)
def test_a_value_that_cannot_be_kept_costs_its_record_alone(
    folder: Path, open_files: Open, kind: Any, value: Any, says: str
) -> None:
    table = pa.table({"id": ["1", "2", "3"], "a": pa.array([None, value, None], kind)})
    (page,) = read(folder, open_files, table)
    assert [record.id for record in page.records] == ["1", "3"]
    (problem,) = page.problems
    assert (problem.place.file, problem.place.line) == ("crm/deals.parquet", 2)
    assert says in problem.message
    assert not page.snapshot


def test_many_rows_are_read_in_flat_memory(folder: Path, open_files: Open) -> None:
    count = 20_000
    table = pa.table({"id": [f"{n}" for n in range(count)], "text": ["x" * 1000] * count})
    pq.write_table(table, folder / "deals.parquet", row_group_size=5_000, use_dictionary=False)
    del table
    files = open_files(**DEALS)
    before = pa.total_allocated_bytes()
    tracemalloc.start()
    seen = sum(len(page.records) for page in files.read("deals", None))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert seen == count
    assert peak < 12 << 20
    assert pa.total_allocated_bytes() - before < 8 << 20


def test_a_file_that_is_cut_off_or_none_at_all(folder: Path, open_files: Open) -> None:
    pq.write_table(pa.table({"id": ["1"]}), folder / "deals.parquet")
    whole = (folder / "deals.parquet").read_bytes()
    for content in (whole[:-20], b"PAR1", b"", b"id,a\n1,x\n", b"PARE" + whole[4:-4] + b"PARE"):
        (folder / "deals.parquet").write_bytes(content)
        (page,) = open_files(**DEALS).read("deals", None)
        assert [problem.code for problem in page.problems] == ["READ-FILE-01"]
        assert not page.snapshot


def test_damage_in_the_middle_keeps_what_stands_before_it(folder: Path, open_files: Open) -> None:
    table = pa.table({"id": [f"{n:05}" for n in range(4000)], "a": ["x" * 50] * 4000})
    pq.write_table(table, folder / "deals.parquet", row_group_size=1000, compression="gzip", use_dictionary=False)
    content = bytearray((folder / "deals.parquet").read_bytes())
    at = pq.ParquetFile(folder / "deals.parquet").metadata.row_group(2).column(0).data_page_offset
    content[at + 40 : at + 90] = b"\xff" * 50
    (folder / "deals.parquet").write_bytes(bytes(content))
    pages = list(open_files(**DEALS).read("deals", None))
    assert sum(len(page.records) for page in pages) == 2000
    assert [problem.code for page in pages for problem in page.problems] == ["READ-FILE-01"]
    assert not pages[-1].snapshot


def test_a_row_group_that_unpacks_to_more_than_the_limit_is_not_read(folder: Path, open_files: Open) -> None:
    pq.write_table(pa.table({"id": [f"{n:0300}" for n in range(9000)]}), folder / "deals.parquet", use_dictionary=False)
    (page,) = open_files(**DEALS, max_file_bytes=1_000_000).read("deals", None)
    assert [problem.code for problem in page.problems] == ["READ-SIZE-01"]


# ---------------------------------------------------------------- gzip


@pytest.mark.parametrize("name", ["deals.csv.gz", "deals.jsonl.gz"])
def test_packed_text_is_read_like_the_text(folder: Path, open_files: Open, name: str) -> None:
    text = b'id,a\n1,"x\ny"\n2,z\n' if "csv" in name else b'{"id": "1", "a": "x\\ny"}\n{"id": "2", "a": "z"}\n'
    (folder / name).write_bytes(gzip.compress(text))
    (page,) = open_files(**DEALS).read("deals", None)
    assert [dict(record.data) for record in page.records] == [{"id": "1", "a": "x\ny"}, {"id": "2", "a": "z"}]
    assert open_files().capabilities.reads["deals"].key == "id"


BOMB = gzip.compress(b"id\n" + b"0" * 5_000_000)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (gzip.compress(b"id\n1\n")[:-6], "READ-FILE-01"),
        (b"id\n1\n", "READ-FILE-01"),
        (BOMB, "READ-SIZE-01"),
        (gzip.compress(b"id\n1\n")[:-8] + b"\0" * 8, "READ-FILE-01"),
    ],
    ids=["cut short", "not packed", "a bomb", "a wrong sum"],  # gzip writes the time: no id is made of its bytes
)
def test_a_packed_file_that_is_broken_or_a_bomb(folder: Path, open_files: Open, content: bytes, code: str) -> None:
    (folder / "deals.csv.gz").write_bytes(content)
    (page,) = open_files(**DEALS, max_file_bytes=1_000_000).read("deals", None)
    assert [problem.code for problem in page.problems] == [code]


@pytest.mark.parametrize(
    ("content", "says"),
    [(b"PK\x03\x04xx", "ZIP"), (b"PAR1", "Parquet"), (gzip.compress(b"id"), "gzip"), (b" <!DOCTYPE html><p>", "HTML")],
    ids=["zip", "parquet", "gzip", "html"],
)
def test_a_file_with_the_wrong_ending_says_what_it_is(
    folder: Path, open_files: Open, content: bytes, says: str
) -> None:
    (folder / "deals.csv").write_bytes(content)
    (page,) = open_files(**DEALS).read("deals", None)
    assert [problem.code for problem in page.problems] == ["READ-FILE-01"]
    assert says in page.problems[0].message
