"""Stores that are made fast: a file with its tables, copied to a disk of memory: no fsync to be waited for."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from billsync.store import Store

MEMORY = Path("/dev/shm")


@pytest.fixture(scope="session")
def empty_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store that has its tables and nothing in them."""
    path = tmp_path_factory.mktemp("empty") / "store.db"
    Store.open(f"sqlite:///{path}", create=True).close()
    return path


@contextmanager
def copied(empty: Path) -> Iterator[Store]:
    """A new store for the length of the block."""
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as folder:
        store = Store.open(f"sqlite:///{shutil.copy(empty, folder)}")
        try:
            yield store
        finally:
            store.close()


@pytest.fixture
def fast_store(empty_file: Path) -> Iterator[Store]:
    """A new store."""
    with copied(empty_file) as store:
        yield store
