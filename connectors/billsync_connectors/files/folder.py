"""The folder's files: found by name or glob, opened without ever leaving the folder, watched while read.  (shell)

One interface, two places: a folder of this machine, and one behind SFTP (`remote`).
"""

from __future__ import annotations

import hashlib
import os
import stat
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import BinaryIO, Final

from billsync.connector import Refused, TryLater, Unclear
from billsync.model.problem import Place
from billsync.model.scalar import show
from billsync.strict.yaml import did_you_mean
from billsync_connectors.files.config import Format

FORMATS: Final[dict[str, Format]] = {
    ".csv": "csv",
    ".csv.gz": "csv",
    ".jsonl": "jsonl",
    ".jsonl.gz": "jsonl",
    ".xlsx": "xlsx",
    ".xlsm": "xlsx",
    ".parquet": "parquet",
}
"""What files are by the end of their names; of a name without an object's `file:` each is tried."""


@dataclass(frozen=True, slots=True)
class File:
    """One file of the folder.

    Attributes:
        name: relative to the folder, its key in checkpoints.
        shown: how the user knows it, relative to the configuration.
    """

    name: str
    shown: str

    @property
    def suffix(self) -> str:
        """What its name ends with, of those that are known; "" for another."""
        name = self.name.lower()
        return max((suffix for suffix in FORMATS if name.endswith(suffix)), key=len, default="")

    @property
    def stem(self) -> str:
        """Its name without folders and ending."""
        name = self.name.rpartition("/")[2]
        return name[: len(name) - len(self.suffix)]


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


class Opened(ABC):
    """A file that is being read; its stream can be read in any order."""

    stream: BinaryIO

    @abstractmethod
    def stamps(self) -> list[tuple[int, int, int]]:
        """Size, time and inode, as they are now by each way to the file.  Raises OSError."""

    def print(self) -> Print:
        """The file's print, from its first byte to its last; the stream stands at the start again."""
        stamp = self.stamps()[0]
        return Print(digest_of(self.stream), *stamp)

    def check_unchanged(self, file: File, before: Print) -> None:
        """Raises `TryLater` where the file, or what its name leads to, is not what it was at `before`."""
        message = f"{file.shown} changed while it was read: it is read again in the next run"
        try:
            now = self.stamps()
        except OSError:
            raise TryLater("changed_while_reading", message) from None
        if any(stamp != (before.size, before.mtime_ns, before.inode) for stamp in now):
            raise TryLater("changed_while_reading", message)


def digest_of(stream: BinaryIO) -> str:
    """The digest of all that the stream holds; it stands at its start again."""
    stream.seek(0)
    digest = hashlib.sha256()
    while chunk := stream.read(1 << 20):
        digest.update(chunk)
    stream.seek(0)
    return digest.hexdigest()


class Folder(ABC):
    """A folder that files are read from.  Every file in it is a regular one that does not lead out of it.

    Attributes:
        shown: how the user knows it.
    """

    shown: str

    @abstractmethod
    def check(self) -> None:
        """Raises `Refused` where it is not a folder that can be listed, `TryLater` where it cannot be reached."""

    @abstractmethod
    def named(self, name: str) -> list[File]:
        """The file of this name, or nothing."""

    @abstractmethod
    def glob(self, pattern: str) -> list[File]:
        """The files that the pattern finds, by name; hidden ones are left out."""

    @abstractmethod
    def open(self, file: File) -> AbstractContextManager[Opened]:
        """The file's bytes.  Raises `Refused` for one that is not a readable file inside the folder."""

    @abstractmethod
    def replace(self, name: str, content: bytes) -> Refused | TryLater | Unclear | None:
        """Put the content in the file's place, all or nothing; None where it stands there."""

    def stamp(self, file: File) -> tuple[int, int] | None:
        """Size and time in nanoseconds without opening the file; None where that is not worth trusting."""
        return None

    def close(self) -> None:
        """Let go of connections."""

    def every(self) -> list[File]:
        """The files that lie directly in it and can be read, by name."""
        self.check()
        return [file for file in self.glob("*") if file.suffix]

    def of_object(self, object: str, pattern: str | None) -> list[File]:
        """The files that hold an object's records, by name.  Raises `Refused` where there is none."""
        self.check()
        if pattern is None:
            return [self._default(object)]
        found = self.named(pattern) or (self.glob(pattern) if any(char in pattern for char in "*?[") else [])
        if not found:
            raise self._missing(pattern, f"no file {show(pattern)}")
        return found

    def _default(self, object: str) -> File:
        found = [file for suffix in FORMATS for file in self.named(object + suffix)]
        if len(found) > 1:
            raise Refused("ambiguous", f"both {found[0].shown} and {found[1].shown} exist: name one with `file:`")
        if not found:
            raise self._missing(object, f"neither {object}.csv nor {object}.jsonl, .xlsx or .parquet")
        return found[0]

    def _missing(self, name: str, what: str) -> Refused:
        hint = did_you_mean(name, [file.name for file in self.glob("*")])
        return Refused("file_missing", f"there is {what} in {show(self.shown)}" + (f" ({hint})" if hint else ""))

    def file(self, name: str) -> File:
        """The file of a name.  Raises `Refused` for a name that is not UTF-8."""
        if name != name.encode("utf-8", "replace").decode():
            raise Refused("bad_file_name", f"the name of {show(name)} in {show(self.shown)} is not UTF-8: rename it")
        return File(name, f"{self.shown}/{name}")


def is_hidden(name: str) -> bool:
    """Whether a file is none that a person put there: hidden, or the mark that Excel makes beside an open workbook."""
    return name.startswith((".", "~$"))


def reason(error: Exception) -> str:
    """What the operating system said, without the path of this machine."""
    return error.strerror or "unknown error" if isinstance(error, OSError) else "its links lead in a circle"


def place(file: File, system: str, object: str, line: int, column: int | None = None, id: str | None = None) -> Place:
    """The place of a record in a file."""
    return Place(file=file.shown, line=line, column=column, system=system, object=object, id=id)


# ---------------------------------------------------------------- of this machine


class _LocalFile(Opened):
    def __init__(self, stream: BinaryIO, path: Path) -> None:
        self.stream, self._path = stream, path

    def stamps(self) -> list[tuple[int, int, int]]:
        """Of the open file, and of what its name leads to."""
        found = [os.fstat(self.stream.fileno()), self._path.stat()]
        return [(info.st_size, info.st_mtime_ns, info.st_ino) for info in found]


class LocalFolder(Folder):
    """A folder of this machine."""

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

    def named(self, name: str) -> list[File]:
        """The file of this name, or nothing."""
        return [self.file(name)] if os.path.lexists(self.path / name) else []

    def glob(self, pattern: str) -> list[File]:
        """The files that the pattern finds, by name."""
        paths = sorted(path for path in self.path.glob(pattern) if not is_hidden(path.name))
        kept = [path for path in paths if path.is_symlink() or not path.is_dir()]
        return [self.file(path.relative_to(self.path).as_posix()) for path in kept]

    @contextmanager
    def open(self, file: File) -> Iterator[Opened]:
        """The file's bytes."""
        try:
            path = self.path / file.name
            real = path.resolve(strict=True)
            if not real.is_relative_to(self.path.resolve()):
                raise Refused("outside_folder", f"{file.shown} leads out of the folder {show(self.shown)}: not read")
            stream = os.fdopen(_descriptor(real), "rb", buffering=1 << 17)
        except (OSError, RuntimeError) as error:
            raise Refused("file_unreadable", f"{file.shown} cannot be read: {reason(error)}") from None
        with stream:
            yield _LocalFile(stream, path)

    def replace(self, name: str, content: bytes) -> Refused | TryLater | Unclear | None:
        """Put the content in the file's place: before the rename nothing has happened, after it all has."""
        temporary = self.path / f".{name}.tmp"
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            _write_through(temporary, content)
            temporary.replace(self.path / name)
        except OSError as error:
            return TryLater("not_written", f"{self.shown}/{name} cannot be written: {reason(error)}", offline=True)
        try:
            _sync_folder(self.path)
        except OSError as error:
            return Unclear("not_confirmed", f"{self.shown}/{name} may not have reached the disk: {reason(error)}")
        return None


def _descriptor(path: Path) -> int:
    # NONBLOCK: to open a named pipe must not wait for its writer
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        return descriptor
    os.close(descriptor)
    raise OSError(0, "it is not a regular file")


def _write_through(path: Path, content: bytes) -> None:
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(descriptor)


def _sync_folder(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
