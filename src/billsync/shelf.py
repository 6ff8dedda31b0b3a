"""Where mappings are found: in the working folder, among the shipped ones, and in installed packages.  (shell)

A mapping is named by its file, `mappings/salesforce/opportunity.yaml`, or, where it is shipped or installed, by its
name: `salesforce.opportunity` is the file `salesforce/opportunity.yaml` of the shipped mappings, `acme.deal` the file
`deal.yaml` of the folder that a package brings under the name `acme`.
"""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

from billsync import assets, plugins
from billsync.mapping import Mapping, ReadFile, parse
from billsync.mapping.layers import PLAIN, Variant
from billsync.mapping.stack import Find, NoSheet, Sheet
from billsync.model.problem import Place, Problem
from billsync.model.scalar import show
from billsync.settings import BadSettings
from billsync.strict.yaml import did_you_mean

MAX_TABLE_BYTES: Final = 1 << 24
ENDINGS: Final = (".yaml", ".yml")


def read_mapping(path: str, root: Path, variant: Variant = PLAIN) -> Mapping:
    """A mapping by its file or name, for an environment and entity.

    Raises `BadMapping` with every error of the file, or `BadSettings` where there is no such file.
    """
    sheet = sheet_of(path, root)
    return parse(
        sheet.text, sheet.file, read_file=sheet.read_file, natives=plugins.NATIVES, find=finder(root), variant=variant
    )


def sheet_of(path: str, root: Path) -> Sheet:
    """A mapping file as it was found, with what reads the files that it names.  Raises `BadSettings`."""
    file = find_mapping(path, root)
    name = path if is_file(path) else _shown(file)
    return Sheet(file.read_bytes(), name, reader(file.parent, root))


def is_file(path: str) -> bool:
    """Whether a mapping is named by its file, not by its name."""
    return "/" in path or "\\" in path or path.endswith(ENDINGS)


def find_mapping(path: str, root: Path) -> Path:
    """Where a mapping is: a file in the working folder or a shipped one, or one by name.  Raises `BadSettings`."""
    local = root / path
    if local.is_file():
        return local
    if not is_file(path):
        return _by_name(path)
    shipped = assets.folder("mappings").parent / path
    if shipped.is_file():
        return shipped
    raise _missing(f"there is no mapping file {path}", f"looked in {root} and among the shipped mappings", path)


def finder(root: Path) -> Find:
    """Finds what a mapping extends: by name, or by a file relative to its own."""

    def find(name: str, by: Sheet) -> Sheet:
        try:
            if not is_file(name):
                return sheet_of(name, root)
            folder = find_mapping(by.file, root).parent
            file = _beside(folder, name, root)
            return Sheet(file.read_bytes(), _relative(file, root), reader(file.parent, root))
        except BadSettings as error:
            (problem, *_) = error.problems
            raise NoSheet(problem.message, problem.hint) from None
        except OSError as error:
            raise NoSheet(f"the mapping {show(name)} cannot be read: {error.strerror or error}") from None

    return find


def reader(folder: Path, root: Path) -> ReadFile:
    """Reads the files that a mapping names, relative to its own folder.

    A mapping may come from somebody else: nothing outside of its folder and of the working folder is opened for it.
    """

    def read(name: str) -> str:
        path = _beside(folder, name, root)
        with path.open("rb") as file:
            raw = file.read(MAX_TABLE_BYTES + 1)
        if len(raw) > MAX_TABLE_BYTES:
            raise ValueError(f"it is larger than {MAX_TABLE_BYTES:,} bytes")
        return raw.decode("utf-8")

    return read


def text_of(file: str, root: Path) -> str:
    """The text of a mapping file as places name it, "" where it is gone: for carets."""
    try:
        return find_mapping(file, root).read_bytes().decode("utf-8", "replace")
    except (BadSettings, OSError):
        return ""


# ---------------------------------------------------------------- by name


def _by_name(name: str) -> Path:
    known = dict(_shipped())
    found = [known[name]] if name in known else []
    head, _, rest = name.partition(".")
    for folder in _folders(head):
        found += [file for file in _candidates(folder, rest) if file.is_file()]
    if len(found) == 1:
        return found[0]
    if found:
        raise _missing(f"several packages bring a mapping {show(name)}", ", ".join(map(str, found)), name)
    advice = "install the package that brings it, or name a file such as mappings/deal.yaml"
    near = did_you_mean(name, [*known, *_installed()])
    raise _missing(
        f"there is no mapping {show(name)}", f"{near}; or {advice}" if near.startswith("did") else advice, name
    )


def _shipped() -> Iterator[tuple[str, Path]]:
    """Name -> file: the last two steps of its path."""
    for file in sorted(assets.folder("mappings").rglob("*.yaml")):
        yield f"{file.parent.name}.{file.stem}", file


def _folders(name: str) -> list[Path]:
    try:
        return plugins.mapping_folders(name)
    except plugins.PluginProblem as error:
        raise BadSettings([error.problem]) from error


def _candidates(folder: Path, rest: str) -> list[Path]:
    """The files that a package may have a mapping in."""
    safe = rest and all(part.isidentifier() for part in rest.split("."))
    return [folder.joinpath(*rest.split(".")).with_suffix(ending) for ending in ENDINGS] if safe else []


def _installed() -> Iterator[str]:
    """Names of the mappings of all packages, for hints."""
    for point in plugins.installed(plugins.MAPPINGS):
        with suppress(plugins.PluginProblem):  # a package that is broken is told where its own mappings are asked for
            for folder in plugins.mapping_folders(point.name):
                files = sorted(file for file in folder.rglob("*") if file.suffix in ENDINGS)
                yield from (".".join((point.name, *_steps(file, folder))) for file in files)


def _steps(file: Path, folder: Path) -> tuple[str, ...]:
    return file.relative_to(folder).with_suffix("").parts


def _beside(folder: Path, name: str, root: Path) -> Path:
    """A file that a mapping in a folder names.  Raises PermissionError and FileNotFoundError."""
    path = (folder / name).resolve()
    if not any(path.is_relative_to(home.resolve()) for home in _homes(folder, root)):
        raise PermissionError(errno.EPERM, "it lies outside of the mapping's folder and of the working folder")
    if not path.is_file():
        raise FileNotFoundError(errno.ENOENT, "there is no such file")
    return path


def _homes(folder: Path, root: Path) -> Iterator[Path]:
    """Folders that a mapping may read from: its own, the working folder, and all that it was shipped with."""
    yield from (folder, root)
    shipped = assets.folder("mappings")
    if folder.resolve().is_relative_to(shipped.resolve()):
        yield shipped


def _shown(file: Path) -> str:
    """A shipped file as a configuration may name it; another one by its whole path."""
    shipped = assets.folder("mappings")
    return str(file.relative_to(shipped.parent)) if file.is_relative_to(shipped) else str(file)


def _relative(file: Path, root: Path) -> str:
    home = root.resolve()
    return str(file.relative_to(home)) if file.is_relative_to(home) else _shown(file)


def _missing(message: str, hint: str, path: str) -> BadSettings:
    return BadSettings([Problem(code="READ-FILE-01", message=message, hint=hint, place=Place(file=path))])
