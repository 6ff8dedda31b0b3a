"""A folder to put files into, and the connector on it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from billsync.connector import Context
from billsync_connectors.files import Files, FilesConfig

Open = Callable[..., Files]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "crm"
    path.mkdir()
    return path


@pytest.fixture
def open_files(tmp_path: Path) -> Open:
    """Opens the folder `crm`, as the connection `crm`; settings as in the configuration file."""

    def opened(**settings: Any) -> Files:
        return Files(Context("crm", tmp_path), FilesConfig.model_validate({"folder": "crm", **settings}))

    return opened
