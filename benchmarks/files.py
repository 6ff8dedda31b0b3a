"""Rows a CPU second of the connectors `files` and `sql`, beside the plain library on the same data, in one run.

    python -m benchmarks.files [rows]

Both sides give dictionaries by column; ours also keys, places, digests, checks, pages.  Five rounds in turn; medians.
"""

from __future__ import annotations

import csv
import json
import resource
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq

from billsync.connector import Context
from billsync_connectors.files import Files, FilesConfig
from billsync_connectors.sql import Sql, SqlSettings

NAMES = ("id", "account", "product", "stage", "amount", "closed_on", "owner", "note")
ROUNDS = 5


def rows(count: int) -> Iterator[tuple[Any, ...]]:
    """Deals, such as a CRM exports them."""
    for n in range(count):
        amount = f"{n % 9000}.{n % 100:02}"
        yield (
            f"D-{n:07}",
            f"Account {n % 85}",
            f"Product {n % 7}",
            "Won",
            amount,
            "2026-01-31",
            f"Agent {n % 35}",
            "x" * 40,
        )


def made(folder: Path, count: int) -> None:
    """The same rows in every form."""
    with (folder / "csv.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(NAMES)
        writer.writerows(rows(count))
    with (folder / "jsonl.jsonl").open("w") as file:
        file.writelines(json.dumps(dict(zip(NAMES, row, strict=True))) + "\n" for row in rows(count))
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet()
    sheet.append(NAMES)
    for row in rows(count):
        sheet.append([*row[:4], float(row[4]), *row[5:]])
    book.save(folder / "xlsx.xlsx")
    pq.write_table(
        pa.Table.from_pylist([dict(zip(NAMES, row, strict=True)) for row in rows(count)]), folder / "p.parquet"
    )
    with sqlite3.connect(folder / "crm.db") as conn:
        conn.execute(
            "CREATE TABLE deals (id TEXT PRIMARY KEY, account, product, stage, amount, closed_on, owner, note)"
        )
        conn.executemany("INSERT INTO deals VALUES (?,?,?,?,?,?,?,?)", rows(count))


def ours(folder: Path, file: str) -> int:
    settings = {"folder": str(folder), "objects": {"deals": {"file": file, "key": "id"}}}
    connector = Files(Context("crm", folder), FilesConfig.model_validate(settings))
    return sum(len(page.records) for page in connector.read("deals", None))


def our_sql(folder: Path) -> int:
    settings = {"url": f"sqlite:///{folder}/crm.db", "objects": {"deals": {"table": "deals", "key": "id"}}}
    connector = Sql(Context("crm", folder), SqlSettings.model_validate(settings))
    found = sum(len(page.records) for page in connector.read("deals", None))
    connector.close()
    return found


def plain_csv(folder: Path) -> int:
    with (folder / "csv.csv").open(newline="") as file:
        return sum(1 for row in csv.DictReader(file) if row)


def plain_jsonl(folder: Path) -> int:
    with (folder / "jsonl.jsonl").open() as file:
        return sum(1 for line in file if json.loads(line))


def plain_xlsx(folder: Path) -> int:
    sheet = openpyxl.load_workbook(folder / "xlsx.xlsx", read_only=True, data_only=True).worksheets[0]
    return sum(1 for row in sheet.iter_rows(min_row=2, values_only=True) if dict(zip(NAMES, row, strict=True)))


def plain_parquet(folder: Path) -> int:
    file = pq.ParquetFile(folder / "p.parquet")
    return sum(len(batch.to_pylist()) for batch in file.iter_batches(batch_size=500))


def plain_sql(folder: Path) -> int:
    with sqlite3.connect(folder / "crm.db") as conn:
        conn.row_factory = sqlite3.Row
        return sum(1 for row in conn.execute("SELECT * FROM deals ORDER BY id") if dict(row))


def spent(read: Callable[[], int], count: int) -> float:
    """Rows a CPU second."""
    before = time.process_time()
    assert read() == count
    return count / (time.process_time() - before)


def main(count: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        made(folder, count)
        pairs: dict[str, tuple[Callable[[], int], Callable[[], int]]] = {
            "CSV / csv.DictReader": (lambda: ours(folder, "csv.csv"), lambda: plain_csv(folder)),
            "JSONL / json.loads": (lambda: ours(folder, "jsonl.jsonl"), lambda: plain_jsonl(folder)),
            "Excel / openpyxl": (lambda: ours(folder, "xlsx.xlsx"), lambda: plain_xlsx(folder)),
            "Parquet / to_pylist": (lambda: ours(folder, "p.parquet"), lambda: plain_parquet(folder)),
            "SQLite / sqlite3": (lambda: our_sql(folder), lambda: plain_sql(folder)),
        }
        results: dict[str, list[tuple[float, float]]] = {title: [] for title in pairs}
        for _ in range(ROUNDS):
            for title, (own, plain) in pairs.items():
                results[title].append((spent(own, count), spent(plain, count)))
        print(f"{count:,} rows; rows a CPU second\n{'ours / plain':24}{'ours':>10}{'plain':>10}{'ratio':>8}")
        for title, figures in results.items():
            own_, plain_ = (statistics.median(one[at] for one in figures) for at in (0, 1))
            print(f"{title:24}{own_:>10,.0f}{plain_:>10,.0f}{own_ / plain_:>8.2f}")
        print(f"peak memory of all: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10} MiB")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 50_000)
