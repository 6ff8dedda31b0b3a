"""A mapping as it is or was: a file, a name, a version of it, or a revision of git.  (shell)"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from billsync import plugins, shelf
from billsync.cli import guard, mapping_files, show
from billsync.mapping import parse
from billsync.mapping.layers import PLAIN, Variant
from billsync.mapping.problems import Findings
from billsync.mapping.stack import Sheet, read_stack
from billsync.mapping.tools.difference import Version
from billsync.settings import Settings
from billsync.strict.yaml import BadYaml, Node, load

_NUMBER = re.compile(r"v?([0-9]{1,9})")
_REVISION = re.compile(r"[A-Za-z0-9_./@{}~^-]{1,200}")
_GIT_S = 60
MAX_REVISIONS = 500


def version(loaded: Settings, spec: str, variant: Variant = PLAIN) -> Version:
    """What OLD or NEW of `mapping diff` means.

    Raises `guard.Wrong` where there is no such version, `BadSettings` and `BadMapping` where it cannot be used.
    """
    if Path(spec).is_file():
        return _read(shelf.sheet_of(spec, Path()), Path(), variant)
    name, mark, revision = spec.rpartition("@")
    if not mark:
        name, revision = spec, ""
    file, root = (name, Path()) if Path(name).is_file() else (mapping_files.named(loaded, name)[1], loaded.root)
    now = shelf.sheet_of(file, root)
    if not revision:
        return _read(now, root, variant)
    number = _NUMBER.fullmatch(revision)
    path = shelf.find_mapping(file, root)
    found = _numbered(path, now, int(number[1])) if number else None
    found = found or _at(path, now, revision)
    if found is None:
        what = f"no version {number[1]} of it was found" if number else f"git has no {show.visible(revision)} of it"
        raise guard.Wrong(f"{show.visible(file)}: {what}: name a file, NAME@VERSION or FILE@REVISION")
    return _read(replace(found, file=f"{file}@{revision}"), root, variant)


def _read(sheet: Sheet, root: Path, variant: Variant) -> Version:
    find, findings = shelf.finder(root), Findings()
    mapping = parse(
        sheet.text, sheet.file, read_file=sheet.read_file, natives=plugins.NATIVES, find=find, variant=variant
    )
    stack = read_stack(sheet, find, variant, findings)
    return Version(mapping, stack.root if stack is not None else load(sheet.text, sheet.file))


# ---------------------------------------------------------------- versions


def _numbered(path: Path, now: Sheet, number: int) -> Sheet | None:
    """The newest text of the file that says this version: as it is now, or the last of its history."""
    if _number_of(now.text) == number:
        return now
    history = (_at(path, now, commit) for commit in _history(path))
    return next((found for found in history if found is not None and _number_of(found.text) == number), None)


def _number_of(text: str | bytes) -> int | None:
    try:
        node: Node | None = load(text, "").get("version")
        return node.integer() if node is not None else None
    except BadYaml:
        return None


def _history(path: Path) -> Iterator[str]:
    said = _git(path.parent, "log", f"--max-count={MAX_REVISIONS}", "--format=%H", "--", path.name)
    yield from said.decode().split() if said is not None else ()


def _at(path: Path, now: Sheet, revision: str) -> Sheet | None:
    """The file, and those that it names, as they were at a revision."""
    if not _REVISION.fullmatch(revision) or revision.startswith("-"):
        return None
    text = _blob(path.parent, revision, path.name)
    if text is None:
        return None

    def read(name: str) -> str:
        now.read_file(name)  # refuses what lies outside, whenever it was
        found = _blob(path.parent, revision, name)
        return now.read_file(name) if found is None else found.decode("utf-8")

    return Sheet(text, now.file, read)


def _blob(folder: Path, revision: str, name: str) -> bytes | None:
    return _git(folder, "cat-file", "blob", f"{revision}:./{name}")


def _git(folder: Path, *arguments: str) -> bytes | None:
    """What git says; None where it says no, or is not there."""
    try:
        done = subprocess.run(["git", "-C", str(folder), *arguments], capture_output=True, check=False, timeout=_GIT_S)
    except (FileNotFoundError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None
