"""A folder of another machine, read and written by SFTP.  (shell)

A file is fetched whole into a private file before any of it is believed: its size and time before and after must be
the same.  One question of the engine fetches a file once; the next one fetches it anew, since a server's times have
whole seconds only, and a file that is written twice within one may show no difference.
"""

from __future__ import annotations

import errno
import stat
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import islice
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, BinaryIO, Final

from billsync.connector import Refused, TryLater, Unclear
from billsync.model.scalar import show
from billsync_connectors.files.folder import File, Folder, Opened, is_hidden, reason
from billsync_connectors.files.session import Session

if TYPE_CHECKING:
    import paramiko

MOST_FILES: Final = 100_000
_AT_ONCE: Final = 64
"""Requests under way while a file is fetched: enough to fill a slow line, few enough for a careful server."""
_CHUNK: Final = 1 << 15


@dataclass(frozen=True, slots=True)
class _Stamp:
    size: int
    mtime: int

    @classmethod
    def of(cls, found: paramiko.SFTPAttributes) -> _Stamp:
        return cls(found.st_size or 0, int(found.st_mtime or 0))


class _Fetched(Opened):
    """A file as it was fetched."""

    def __init__(self, stream: BinaryIO, stamp: _Stamp) -> None:
        self.stream, self._stamp = stream, stamp

    def stamps(self) -> list[tuple[int, int, int]]:
        """Of the file that was fetched: it can change no more."""
        return [(self._stamp.size, self._stamp.mtime * 10**9, 0)]


class RemoteFolder(Folder):
    """A folder of the machine that a session speaks with."""

    def __init__(self, session: Session, path: str, limit: int) -> None:
        self._session, self._path, self._limit = session, path, limit
        self.shown = f"{session.shown}{'' if path.startswith('/') else '/'}{path}"
        self._fetched: dict[str, tuple[_Stamp, BinaryIO]] = {}

    def check(self) -> None:
        """Raises `Refused` where it is not a folder that can be listed, `TryLater` where it cannot be reached."""
        self.close()
        with self._refusing(self.shown), self._session.talk() as sftp:
            if not stat.S_ISDIR(sftp.stat(self._path).st_mode or 0):
                raise OSError(0, "it is not a folder")

    def named(self, name: str) -> list[File]:
        """The file of this name, or nothing."""
        self._forget(name)
        with self._refusing(f"{self.shown}/{name}"), self._session.talk() as sftp:
            try:
                sftp.lstat(self._at(name))
            except FileNotFoundError:
                return []
        return [self.file(name)]

    def glob(self, pattern: str) -> list[File]:
        """The files that the pattern finds, by name; `**` is not understood here."""
        if "**" in pattern:
            raise Refused("bad_pattern", f"the pattern {show(pattern)} is not for SFTP: name the folders, without **")
        with self._refusing(self.shown), self._session.talk() as sftp:
            names = self._matching(sftp, "", pattern.split("/"))
        return [self.file(name) for name in sorted(names)]

    def _matching(self, sftp: paramiko.SFTPClient, inside: str, parts: list[str]) -> list[str]:
        found: list[str] = []
        entries = list(islice(sftp.listdir_iter(self._at(inside)), MOST_FILES + 1))
        if len(entries) > MOST_FILES:
            raise OSError(0, f"it holds more than {MOST_FILES:,} files")
        for entry in entries:
            name = f"{inside}/{entry.filename}" if inside else entry.filename
            folder = stat.S_ISDIR(entry.st_mode or 0)
            if is_hidden(entry.filename) or "/" in entry.filename or not fnmatchcase(entry.filename, parts[0]):
                continue
            if len(parts) == 1 and not folder:
                found.append(name)
            elif len(parts) > 1 and folder:
                found += self._matching(sftp, name, parts[1:])
        return found

    def _at(self, name: str) -> str:
        return f"{self._path.rstrip('/')}/{name}" if name else self._path

    def stamp(self, file: File) -> tuple[int, int] | None:
        """Size and time, asked of the machine."""
        with self._refusing(file.shown), self._session.talk() as sftp:
            stamp = _Stamp.of(sftp.stat(self._at(file.name)))
        return stamp.size, stamp.mtime * 10**9

    @contextmanager
    def open(self, file: File) -> Iterator[Opened]:
        """The file's bytes, fetched unless they are here."""
        with self._refusing(file.shown), self._session.talk() as sftp:
            before = self._stamp_of(sftp, file)
            kept = self._fetched.get(file.name)
            if kept is None or kept[0] != before:
                self._forget(file.name)
                self._fetched[file.name] = (before, self._fetch(sftp, file, before))
        stamp, stream = self._fetched[file.name]
        stream.seek(0)
        yield _Fetched(stream, stamp)

    def _stamp_of(self, sftp: paramiko.SFTPClient, file: File) -> _Stamp:
        """Size and time of a regular file inside the folder.  Raises OSError and `Refused`."""
        path = self._at(file.name)
        real = PurePosixPath(sftp.normalize(path) or "/")
        if not real.is_relative_to(sftp.normalize(self._path) or "/"):
            raise Refused("outside_folder", f"{file.shown} leads out of the folder {show(self.shown)}: not read")
        found = sftp.stat(path)
        if not stat.S_ISREG(found.st_mode or 0):
            raise OSError(0, "it is not a regular file")
        stamp = _Stamp.of(found)
        if stamp.size > self._limit:
            raise self._too_large(file)
        return stamp

    def _too_large(self, file: File) -> Refused:
        return Refused(
            "too_large", f"{file.shown} is larger than {self._limit:,} bytes: raise max_file_bytes, or split it"
        )

    def _fetch(self, sftp: paramiko.SFTPClient, file: File, before: _Stamp) -> BinaryIO:
        """A private copy.  Raises `TryLater` where the file changed meanwhile."""
        with ExitStack() as stack:
            spool: BinaryIO = stack.enter_context(tempfile.TemporaryFile())
            size = self._copy(sftp, file, spool, before.size)
            after = _Stamp.of(sftp.stat(self._at(file.name)))
            if size == before.size and after == before:
                stack.pop_all()
                return spool
        message = f"{file.shown} changed while it was read: it is read again in the next run"
        raise TryLater("changed_while_reading", message)

    def _copy(self, sftp: paramiko.SFTPClient, file: File, spool: BinaryIO, expected: int) -> int:
        size = 0
        with sftp.open(self._at(file.name), "rb") as source:
            source.prefetch(expected, _AT_ONCE)
            while chunk := source.read(_CHUNK):
                size += len(chunk)
                if size > self._limit:
                    raise self._too_large(file)
                spool.write(chunk)
        return size

    # ------------------------------------------------------------ writing

    def replace(self, name: str, content: bytes) -> Refused | TryLater | Unclear | None:
        """Put the content in the file's place: written beside it, then renamed over it in one step."""
        shown, temporary = f"{self.shown}/{name}", self._at(f".{name}.tmp")
        try:
            with self._session.talk() as sftp:
                self._write_beside(sftp, temporary, content)
        except OSError as error:
            return TryLater("not_written", f"{shown} cannot be written: {reason(error)}", offline=True)
        except (TryLater, Refused) as fault:
            return fault
        return self._rename(temporary, name)

    def _write_beside(self, sftp: paramiko.SFTPClient, temporary: str, content: bytes) -> None:
        with suppress(OSError):
            sftp.mkdir(self._path)
        with suppress(FileNotFoundError):
            sftp.remove(temporary)
        with sftp.open(temporary, "wx") as stream:
            stream.set_pipelined(pipelined=True)
            stream.write(content)
        if _Stamp.of(sftp.stat(temporary)).size != len(content):
            raise OSError(errno.EIO, "the machine did not take all of it")

    def _rename(self, temporary: str, name: str) -> Refused | TryLater | Unclear | None:
        shown = f"{self.shown}/{name}"
        try:
            with self._session.talk() as sftp:
                sftp.posix_rename(temporary, self._at(name))
        except OSError as error:
            if "unsupported" in str(error).lower():
                return Refused("no_atomic_rename", f"{shown}: the machine cannot replace a file in one step")
            return TryLater("not_written", f"{shown} cannot be replaced: {reason(error)}", offline=True)
        except Refused as refused:
            return refused
        except TryLater:
            return Unclear("connection_lost", f"{shown} was being replaced when the connection broke")
        return None

    # ------------------------------------------------------------ faults

    @contextmanager
    def _refusing(self, shown: str) -> Iterator[None]:
        """What the machine says of a file or folder, as a refusal."""
        try:
            yield
        except FileNotFoundError:
            raise Refused("file_unreadable", f"{shown} cannot be read: there is no such file or folder") from None
        except OSError as error:
            why = error.strerror or str(error) or "unknown error"
            raise Refused("file_unreadable", f"{shown} cannot be read: {show(why, 120)}") from None

    def _forget(self, name: str) -> None:
        kept = self._fetched.pop(name, None)
        if kept is not None:
            kept[1].close()

    def close(self) -> None:
        """Let go of the private copies."""
        for name in list(self._fetched):
            self._forget(name)
