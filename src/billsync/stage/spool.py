"""More rows than memory holds, in order: sorted runs in temporary files, merged as they are read.  (shell)"""

from __future__ import annotations

import heapq
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Any, Final, Self

RUN: Final = 10_000
"""Rows that are sorted in memory at once: a few megabytes."""

Row = tuple[str, list[Any]]
"""A key and JSON values."""


class Spool:
    """Rows that come in any order and are read in order of their keys, as often as needed.

    A context manager: its files go at the end.  The rows of one key come in the order of their values' JSON text.
    """

    def __init__(self, run: int = RUN) -> None:
        self._run = run
        self._fresh: list[tuple[str, str]] = []
        self._folder: TemporaryDirectory[str] | None = None
        self._files: list[Path] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._folder is not None:
            self._folder.cleanup()

    def add(self, rows: Iterable[Row]) -> None:
        """Take rows in."""
        for key, values in rows:
            self._fresh.append((key, json.dumps(values)))
            if len(self._fresh) >= self._run:
                self._spill()

    def __iter__(self) -> Iterator[Row]:
        self._fresh.sort()
        for key, text in heapq.merge(*map(_read, self._files), self._fresh):
            yield key, json.loads(text)

    def _spill(self) -> None:
        if self._folder is None:
            self._folder = TemporaryDirectory(prefix="billsync-")
        path = Path(self._folder.name) / str(len(self._files))
        with path.open("w", encoding="utf-8") as file:
            # JSON escapes tabs and line ends: one of each parts key from values, and row from row
            file.writelines(f"{json.dumps(key)}\t{text}\n" for key, text in sorted(self._fresh))
        self._files.append(path)
        self._fresh = []


def _read(path: Path) -> Iterator[tuple[str, str]]:
    with path.open(encoding="utf-8") as file:
        for line in file:
            key, _, text = line.partition("\t")
            yield json.loads(key), text
