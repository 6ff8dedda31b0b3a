"""What is shipped is found, and copied without harm to what is there."""

from __future__ import annotations

from pathlib import Path

import pytest

from billsync import assets


def test_shipped_folders_are_found() -> None:
    assert (assets.folder("demo") / "crm_sales_opportunities" / "accounts.csv").is_file()
    assert assets.folder("mappings").is_dir()
    with pytest.raises(FileNotFoundError, match="no folder nothing"):
        assets.folder("nothing")


def test_in_a_wheel_they_lie_inside_the_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "site" / "billsync" / "_data" / "config").mkdir(parents=True)
    monkeypatch.setattr(assets, "files", lambda _package: tmp_path / "site" / "billsync")
    assert assets.folder("config") == tmp_path / "site" / "billsync" / "_data" / "config"


def test_a_copy_never_overwrites(tmp_path: Path) -> None:
    source, target = tmp_path / "a", tmp_path / "b"
    for name in ("x.yaml", "deep/y.yaml", "deep/z.csv"):
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_text("shipped")
    target.mkdir()
    (target / "x.yaml").write_text("mine")
    made, left = assets.copy_tree(source, target, only=lambda path: path.suffix == ".yaml")
    assert (made, left) == ([target / "deep/y.yaml"], [target / "x.yaml"])
    assert (target / "x.yaml").read_text() == "mine"
    assert not (target / "deep/z.csv").exists()
    assert assets.copy_tree(source, target)[0] == [target / "deep/z.csv"]


def test_a_link_in_the_way_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    (tmp_path / "a" / "x").write_text("shipped")
    (tmp_path / "b" / "x").symlink_to(tmp_path / "elsewhere")
    assert assets.copy_tree(tmp_path / "a", tmp_path / "b") == ([], [tmp_path / "b" / "x"])
    assert not (tmp_path / "elsewhere").exists()
