"""Mappings are read once for all of these tests: an office opens its world for every plan."""

from __future__ import annotations

from functools import cache

import pytest

from billsync.workspace import read_mapping
from tests.stage import office

_READ = cache(read_mapping)


@pytest.fixture(autouse=True)
def mappings_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """By path: a test that changes a mapping gives it another one."""
    monkeypatch.setattr(office, "read_mapping", _READ)
