"""The folder's files: found by name or glob, opened without ever leaving the folder, watched while read.  (shell)"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import BinaryIO, Final

from billsync.connector import Refused, TryLater
from billsync.model.problem import Place
from billsync.model.scalar import show
from billsync.strict.yaml import did_you_mean

SUFFIXES: Final = (".csv", ".jsonl")


@dataclass(frozen=True, slots=True)
class File:
    """One file of the folder.

    Attributes:
        path: where it is; shown: how the user knows it, relative to the configuration.
        name: relative to the folder, its key in checkpoints.
    """

    path: Path
    shown: str
    name: str


class Folder:
    """A folder that files are read from.  Every file in it is a regular one that does not lead out of it."""

    def __init__(self, root: Path, folder: str) -> None:
        self.shown = PurePath(folder).as_posix()
        self.path = root / folder

    def check(self) -> None:
        """Raises `Refused` where it is not a folder that can be listed."""
        try:
            next(self.path.iterdir(), None)
        except OSError as error:
            raise Refused(
                "folder_unreadable", f"the folder {show(self.shown)} cannot be read: {reason(error)}"
            ) from None

    def every(self) -> list[File]:
        """The CSV and JSONL files that lie directly in it, by name."""
        self.check()
        return [file for file in self._glob("*") if file.path.suffix.lower() in SUFFIXES]

    def of_object(self, object: str, pattern: str | None) -> list[File]:
        """The files that hold an object's records, by name.  Raises `Refused` where there is none."""
        self.check()
        if pattern is None:
            return [self._default(object)]
        found = self._named(pattern) or (self._glob(pattern) if any(char in pattern for char in "*?[") else [])
        if not found:
            raise self._missing(pattern, f"no file {show(pattern)}")
        return found

    def _default(self, object: str) -> File:
        found = [file for suffix in SUFFIXES for file in self._named(object + suffix)]
        if len(found) > 1:
            raise Refused("ambiguous", f"both {found[0].shown} and {found[1].shown} exist: name one with `file:`")
        if not found:
            raise self._missing(object, f"neither {object}.csv nor {object}.jsonl")
        return found[0]

    def _missing(self, name: str, what: str) -> Refused:
        hint = did_you_mean(name, [file.name for file in self._glob("*")])
        return Refused("file_missing", f"there is {what} in {show(self.shown)}" + (f" ({hint})" if hint else ""))

    def _named(self, name: str) -> list[File]:
        path = self.path / name
        return [self._file(path)] if os.path.lexists(path) else []

    def _glob(self, pattern: str) -> list[File]:
        paths = sorted(path for path in self.path.glob(pattern) if not path.name.startswith("."))
        return [self._file(path) for path in paths if path.is_symlink() or not path.is_dir()]

    def _file(self, path: Path) -> File:
        name = path.relative_to(self.path).as_posix()
        if name != name.encode("utf-8", "replace").decode():
            raise Refused("bad_file_name", f"the name of {show(name)} in {show(self.shown)} is not UTF-8: rename it")
        return File(path, f"{self.shown}/{name}", name)

    @contextmanager
    def open(self, file: File) -> Iterator[BinaryIO]:
        """The file's bytes.  Raises `Refused` for one that is not a readable file inside the folder."""
        try:
            real = file.path.resolve(strict=True)
            if not real.is_relative_to(self.path.resolve()):
                raise Refused("outside_folder", f"{file.shown} leads out of the folder {show(self.shown)}: not read")
            stream = os.fdopen(_descriptor(real), "rb", buffering=1 << 17)
        except (OSError, RuntimeError) as error:
            raise Refused("file_unreadable", f"{file.shown} cannot be read: {reason(error)}") from None
        with stream:
            yield stream


def _descriptor(path: Path) -> int:
    # NONBLOCK: to open a named pipe must not wait for its writer
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        return descriptor
    os.close(descriptor)
    raise OSError(0, "it is not a regular file")


def reason(error: Exception) -> str:
    """What the operating system said, without the path of this machine."""
    return error.strerror or "unknown error" if isinstance(error, OSError) else "its links lead in a circle"


@dataclass(frozen=True, slots=True)
class Print:
    """What a file was when it was read: its content's digest, and what tells that it changed meanwhile."""

    digest: str
    size: int
    mtime_ns: int
    inode: int

    def checkpoint(self) -> dict[str, object]:
        """As it stands in a checkpoint."""
        return {"digest": self.digest, "size": self.size, "mtime_ns": self.mtime_ns}


def fingerprint(stream: BinaryIO) -> Print:
    """The file's print, from its first byte to its last; the stream stands at the start again."""
    info = os.fstat(stream.fileno())
    stream.seek(0)
    digest = hashlib.sha256()
    while chunk := stream.read(1 << 20):
        digest.update(chunk)
    stream.seek(0)
    return Print(digest.hexdigest(), info.st_size, info.st_mtime_ns, info.st_ino)


def check_unchanged(file: File, stream: BinaryIO, before: Print) -> None:
    """Raises `TryLater` where the file, or what its name leads to, is not what it was at `before`."""
    expected = (before.size, before.mtime_ns, before.inode)
    message = f"{file.shown} changed while it was read: it is read again in the next run"
    try:
        now = [os.fstat(stream.fileno()), file.path.stat()]
    except OSError:
        raise TryLater("changed_while_reading", message) from None
    if any((info.st_size, info.st_mtime_ns, info.st_ino) != expected for info in now):
        raise TryLater("changed_while_reading", message)


def place(file: File, system: str, object: str, line: int, column: int | None = None, id: str | None = None) -> Place:
    """The place of a record in a file."""
    return Place(file=file.shown, line=line, column=column, system=system, object=object, id=id)
