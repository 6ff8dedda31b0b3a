"""What the tests of plugins share."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest


@pytest.fixture
def forgotten() -> Iterator[None]:
    """Modules of Acme are read anew: each test brings its own."""
    _forget()
    yield
    _forget()


def _forget() -> None:
    for name in [name for name in sys.modules if name.startswith("acme_")]:
        del sys.modules[name]
