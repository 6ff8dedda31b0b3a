"""What is shipped beside the code: mappings, starting configurations, the demo's data.  (shell)"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path


def folder(name: str) -> Path:
    """A shipped folder: `mappings`, `config`, `schemas`, `demo`.  Raises FileNotFoundError where it is missing."""
    package = Path(str(files("billsync")))
    for place in (package / "_data" / name, package.parents[1] / name):  # in a wheel; in a checkout
        if place.is_dir():
            return place
    raise FileNotFoundError(f"this installation of billsync has no folder {name}: install it again")


def example_config(name: str) -> str:
    """The text of an example configuration, as it stands in a working folder."""
    text = (folder("config") / f"{name}.example.yaml").read_text(encoding="utf-8")
    return text.replace("$schema=../schemas/", "$schema=schemas/", 1)


def copy_schemas(target: Path) -> tuple[list[Path], list[Path]]:
    """Put the schemas that mappings and the configuration name in their first line beside them.  As `copy_tree`."""
    return copy_tree(folder("schemas"), target / "schemas", lambda path: path.name in {"config.json", "mapping.json"})


def copy_tree(
    source: Path, target: Path, only: Callable[[Path], bool] = lambda _relative: True
) -> tuple[list[Path], list[Path]]:
    """Copy the files of a folder, never over anything that is there.  Gives what was made, and what was left as it was.

    `only` takes a file's path relative to the source and says whether it is copied.  Raises OSError.
    """
    made: list[Path] = []
    left: list[Path] = []
    for file in sorted(path for path in source.rglob("*") if path.is_file()):
        relative = file.relative_to(source)
        if only(relative):
            (made if _copied(file, target / relative) else left).append(target / relative)
    return made, left


def _copied(file: Path, target: Path) -> bool:
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        with file.open("rb") as content, target.open("xb") as copy:
            shutil.copyfileobj(content, copy)
    except FileExistsError:
        return False
    return True


def cache() -> Path | None:
    """Folder for what takes long to build and can be built again; None where there is no place for one."""
    base = os.environ.get("XDG_CACHE_HOME") or os.environ.get("HOME")
    if not base:
        return None
    place = Path(base) / ("billsync" if os.environ.get("XDG_CACHE_HOME") else ".cache/billsync")
    try:
        place.mkdir(parents=True, exist_ok=True)
    except OSError:
        return None
    return place
