"""A folder of files as a CRM.  (shell)

Whether a file changed is told by the digest of its content alone.  Size and modification time would spare the hashing,
but a corrected figure has the same size, and copies (`cp -p`, `rsync -t`) keep the time: such a change would never be
read.  Hashing takes about a second a gigabyte.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, ClassVar, Final

from billsync.connector import (
    Absent,
    Capabilities,
    Checkpoint,
    Connector,
    Context,
    FieldInfo,
    Found,
    Health,
    Intent,
    Outcome,
    Page,
    Probe,
    ReadSheet,
    Record,
    Refused,
    Schema,
    Standing,
    Target,
    TryLater,
    Unsure,
    WriteSheet,
)
from billsync.model.problem import Problem
from billsync.model.scalar import show
from billsync.strict.yaml import did_you_mean
from billsync_connectors.files.config import FilesConfig, ObjectConfig
from billsync_connectors.files.folder import File, Folder, LocalFolder, Print, reason
from billsync_connectors.files.remote import RemoteFolder
from billsync_connectors.files.remote_address import REMOTE, Address
from billsync_connectors.files.rows import Limits
from billsync_connectors.files.session import Session
from billsync_connectors.files.status import COLUMNS, StatusFile
from billsync_connectors.files.table import Keys, Source, columns, records

STATUS: Final = "status"


class Files(Connector):
    """CSV, JSONL, Excel and Parquet files in a folder, here or behind SFTP."""

    capabilities: ClassVar[Capabilities] = Capabilities(
        system="files",
        title="Files in a folder",
        writes={STATUS: WriteSheet(target=Target.UPSERT, reference="deal", settle_s=0, batch_max=1000)},
        notes=(
            "Objects are files: each instance reads those that its configuration names.",
            "A file is read as a whole when its content changed; what it does not show any more is deleted.",
            "A file that is being written must appear under its name at once: write it elsewhere, then rename it.",
        ),
    )
    config: ClassVar[type[FilesConfig]] = FilesConfig

    def __init__(self, context: Context, config: Any) -> None:
        self._name = context.name
        self._config: FilesConfig = config
        config_ = self._config
        self._limits = Limits(config_.max_field_bytes, config_.max_record_bytes, config_.max_file_bytes)
        self._session = Session(context.name, config_) if config_.is_remote else None
        self._folder = self._folder_at(context.root, config_.folder)
        status = config_.status_folder
        self._status = None if status is None else StatusFile(self._folder_at(context.root, status), self._limits)
        # the class's sheet, completed by what this configuration names, shadows it for this instance
        vars(self)["capabilities"] = self._completed()

    def _folder_at(self, root: Path, folder: str) -> Folder:
        """A folder of this machine, or of the one that is spoken to by SFTP."""
        if self._session is None:
            return LocalFolder(root, folder)
        path = Address.read(folder).path if folder.startswith(REMOTE) else folder
        return RemoteFolder(self._session, path, self._limits.file)

    def _completed(self) -> Capabilities:
        reads = {}
        with suppress(Refused, TryLater, OSError):  # a folder that is not there is for `check` to say
            reads = {
                name: ReadSheet(key=self._key(name), snapshot=True, page_size=self._config.page_size)
                for name in self._objects()
            }
        writes = {} if self._status is None else self.capabilities.writes
        return self.capabilities.model_copy(update={"reads": reads, "writes": writes})

    def _key(self, object: str) -> str:
        configured = self._objects()[object].key
        if configured is not None or self._session is not None:  # another machine is not asked before it has to be
            return configured or ""
        with suppress(Refused, TryLater, OSError):
            return next(iter(self._columns(object)[0]), "")
        return ""

    def _objects(self) -> dict[str, ObjectConfig]:
        """Kinds of record by name: the configured ones, or else one for each file that is there now."""
        if self._config.objects:
            return dict(self._config.objects)
        found: dict[str, ObjectConfig] = {}
        for file in self._folder.every():
            if file.stem in found:
                other = found[file.stem].file
                raise Refused("ambiguous", f"{file.name} and {other} have one name: list the files under `objects`")
            found[file.stem] = ObjectConfig(file=file.name)
        return found

    def _source(self, object: str) -> tuple[Source, list[File]]:
        self._folder.check()
        objects = self._objects()
        if object not in objects:
            hint = did_you_mean(object, objects)
            raise Refused(
                "unknown_object", f"{self._name} has no object {show(object)}" + (f" ({hint})" if hint else "")
            )
        spec = objects[object]
        source = Source(
            self._name, object, spec.key, spec.format, spec.delimiter, self._limits, spec.sheet, spec.header_row
        )
        return source, self._folder.of_object(object, spec.file)

    # ------------------------------------------------------------ looking

    def check(self) -> Health:
        """Every file is there and can be read; remarks name headers that are not usable."""
        self._folder.check()
        objects = self._objects()
        remarks = [] if objects else [f"there is no file in {self._folder.shown} that can be read"]
        for name in objects:
            remarks += [str(problem) for problem in self._columns(name)[1]]
        if self._status is None:
            remarks.append("no status_folder is set: the state of invoices is not written back")
        else:
            self._status.load()
        return Health(system="files", identity=self._folder.shown, remarks=tuple(remarks))

    def describe(self, object: str) -> Schema:
        """The columns of the object's first file; of JSONL the fields of its first record, where more may exist."""
        if object == STATUS and self._status is not None:
            return Schema(
                object=object, fields=tuple(FieldInfo(name=name, required=name == "deal") for name in COLUMNS)
            )
        source, files = self._source(object)
        names, problems = self._columns(object)
        if problems:
            raise Refused("header_unusable", str(problems[0]))
        key = source.key or (names[0] if names else "")
        form = source.format_of(files[0])
        kind = "text" if form == "csv" else "any"  # of the others each cell says of itself what it is
        fields = tuple(FieldInfo(name=name, type=kind, required=name == key, writable=False) for name in names)
        free = form == "jsonl"
        return Schema(object=object, fields=fields, open=free, sampled=free)

    def _columns(self, object: str) -> tuple[list[str], list[Problem]]:
        """Columns of the object's first file, and what is wrong with the headers of all of them."""
        source, files = self._source(object)
        found: list[list[str]] = []
        problems: list[Problem] = []
        for file in files:
            with self._folder.open(file) as opened:
                names, faults = columns(opened.stream, file, source)
            found.append(names)
            problems += faults
        return found[0], problems

    # ------------------------------------------------------------ reading

    def read(self, object: str, since: Checkpoint | None) -> Iterator[Page]:
        """All records of the object's files where any of them changed, else one empty page.

        The last page is a snapshot where every row could be read and identified: only then is anything deleted.
        """
        try:
            yield from self._read(object, since)
        except OSError as error:
            raise TryLater("read_failed", f"{self._folder.shown} could not be read: {reason(error)}") from None

    def _read(self, object: str, since: Checkpoint | None) -> Iterator[Page]:
        source, files = self._source(object)
        if (
            self._config.trust_times
            and since
            and _stamps(since) == {one.name: self._folder.stamp(one) for one in files}
        ):
            yield Page((), (), since)
            return
        prints = {file.name: self._print(file) for file in files}
        after = {"files": {name: found.checkpoint() for name, found in prints.items()}}
        if _digests(since) == {name: found.digest for name, found in prints.items()}:
            yield Page((), (), after)
            return
        keys = Keys()
        clean = True
        for number, file in enumerate(files, 1):
            for good, bad, last in self._pages(file, source, prints[file.name], keys):
                clean = clean and not bad
                end = last and number == len(files)
                yield Page(good, bad, after if end else dict(since or {}), snapshot=end and clean, complete=end)

    def _print(self, file: File) -> Print:
        with self._folder.open(file) as opened:
            return opened.print()

    def _pages(
        self, file: File, source: Source, before: Print, keys: Keys
    ) -> Iterator[tuple[list[Record], list[Problem], bool]]:
        """Records and problems of one file, a page at a time; True with its last page.

        A page is held back until the file is known to be unchanged: nothing half-written is given to the engine.
        """
        good: list[Record] = []
        bad: list[Problem] = []
        with self._folder.open(file) as opened:
            for found in records(opened.stream, file, source, keys):
                if len(good) + len(bad) >= self._config.page_size:
                    opened.check_unchanged(file, before)
                    yield good, bad, False
                    good, bad = [], []
                if isinstance(found, Record):
                    good.append(found)
                else:
                    bad.append(found)
            opened.check_unchanged(file, before)
        yield good, bad, True

    def fetch(self, object: str, ids: Sequence[str]) -> list[Record]:
        """These records as they stand in the files now, in the files' order."""
        source, files = self._source(object)
        wanted, keys = set(ids), Keys()
        found: list[Record] = []
        for file in files:
            with self._folder.open(file) as opened:
                rows = records(opened.stream, file, source, keys)
                found += [row for row in rows if isinstance(row, Record) and row.id in wanted]
        return found

    # ------------------------------------------------------------ writing

    def probe(self, object: str, keys: Sequence[str]) -> list[Probe]:
        """Whether the status file has a row for these deals."""
        if object != STATUS or self._status is None:
            return super().probe(object, keys)
        try:
            rows = self._status.load()
        except (Refused, TryLater, OSError) as error:
            return [Unsure("status_unreadable", str(error)) for _ in keys]
        state = COLUMNS.index("state")
        return [Found((key,), echo={"state": rows[key][state]}) if key in rows else Absent() for key in keys]

    def standing(self, object: str) -> Iterator[Sequence[Standing]]:
        """What the status file says of each deal; a row that cannot be read as one says nothing."""
        if object != STATUS or self._status is None:
            yield from super().standing(object)
            return
        yield self._status.standing()

    def write(self, object: str, intents: Sequence[Intent]) -> list[Outcome]:
        """Write the state of deals' invoices into `status.csv`: one rewrite for all of them."""
        if object != STATUS:
            return super().write(object, intents)
        if self._status is None:
            message = f"{self._name} has no status_folder: set one, or take the mapping of status out of the pipeline"
            return [Refused("no_status_folder", message) for _ in intents]
        try:
            return self._status.write(intents)
        except OSError as error:
            return [
                TryLater("read_failed", f"{self._status.shown} could not be read: {reason(error)}") for _ in intents
            ]

    def close(self) -> None:
        """Let go of the connection to another machine, and of what was fetched from it."""
        self._folder.close()
        if self._status is not None:
            self._status.close()
        if self._session is not None:
            self._session.close()


def _stamps(since: Checkpoint) -> dict[str, tuple[int, int]]:
    """Sizes and times that a checkpoint holds, by file."""
    return {name: (found["size"], found["mtime_ns"]) for name, found in since.get("files", {}).items()}


def _digests(since: Checkpoint | None) -> dict[str, str] | None:
    """The digests that a checkpoint holds, by file."""
    files = (since or {}).get("files")
    return {name: found["digest"] for name, found in files.items()} if isinstance(files, dict) else None
