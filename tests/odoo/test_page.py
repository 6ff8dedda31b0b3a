"""docs/reference/odoo-stand-in.md names every setting, fault and door there is, and no other."""

from __future__ import annotations

import re
from pathlib import Path

from billsync_connectors.odoo.server.admin import _DOORS
from billsync_connectors.odoo.server.faults import CATALOGUE
from billsync_connectors.odoo.server.settings import Settings

PAGE = (Path(__file__).parents[2] / "docs/reference/odoo-stand-in.md").read_text(encoding="utf-8")


def _names(title: str, pattern: str) -> list[str]:
    """What stands in the first column of the table under a heading."""
    text = PAGE.split(f"\n## {title}\n")[1].split("\n## ")[0]
    rows = [line.split("|")[1] for line in text.splitlines() if line.startswith("| `")]
    return [name for row in rows for name in re.findall(pattern, row)]


def test_every_setting_is_told() -> None:
    assert sorted(_names("Settings", r"`(\w+)`")) == sorted(Settings().plain())


def test_every_fault_is_told() -> None:
    assert sorted(_names("Faults", r"`([a-z-]+)`")) == sorted(CATALOGUE)


def test_every_door_is_told() -> None:
    told = " ".join(_names("Administration", r"`([^`]+)`"))
    paths = {f"/admin/{path}" for _method, path in _DOORS} - {"/admin/settings"} | {"/admin/health"}
    assert {path for path in paths if path not in told} == set()
    assert set(re.findall(r"/admin/\w+", told)) == paths
