"""An Excel workbook as the archive of XML files that it is: which sheets it has, its formats and texts.  (shell)

Read by hand, since openpyxl turns numbers into binary ones before anybody can see them, and holds all texts in memory.
Nothing is run or followed: macros, formulas, links to other files and DTDs are left alone.  An archive is unpacked
piece by piece and no further than the limit.
"""

from __future__ import annotations

import mmap
import tempfile
import zipfile
import zlib
from array import array
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import BinaryIO, Final
from xml.parsers import expat

from billsync.model.scalar import show
from billsync_connectors.files.cell_values import Form, form_of
from billsync_connectors.files.sniff import HEAD, OLE, ZIP, is_locked, kind

CHUNK: Final = 1 << 16
_END: Final = True
_BROKEN: Final = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError, ValueError)


class BadWorkbook(Exception):
    """The file as a whole cannot be read.

    Attributes:
        code: of the problem.
        hint: what to do about it.
    """

    def __init__(
        self, message: str, hint: str = "save it as an .xlsx workbook again", code: str = "READ-FILE-01"
    ) -> None:
        super().__init__(message)
        self.hint = hint
        self.code = code


Start = Callable[[str, dict[str, str]], None]


def local(name: str) -> str:
    """The tag without its prefix."""
    return name[name.find(":") + 1 :]


def parser(start: Start, end: Callable[[str], None], data: Callable[[str], None]) -> expat.XMLParserType:
    """An XML parser that takes no DTD: no workbook has one, and entities are how small files become large."""
    made = expat.ParserCreate()
    made.buffer_text = True
    made.buffer_size = CHUNK
    made.StartElementHandler, made.EndElementHandler, made.CharacterDataHandler = start, end, data
    made.StartDoctypeDeclHandler = _no_doctype
    return made


def _no_doctype(*_args: object) -> None:
    raise BadWorkbook("the workbook holds a DTD, which no workbook needs: it is not read")


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet: its name, the part that holds it, and whether people see it."""

    name: str
    part: str
    hidden: bool


class Workbook:
    """A workbook, made by `opened`.

    Attributes:
        sheets: in the workbook's order; charts are none.
        from_1904: whether days are counted from 1904.
        forms: what the numbers of each cell style mean.
    """

    def __init__(self, stream: BinaryIO, limit: int, texts: Texts) -> None:
        """Read all but the sheets.  Raises `BadWorkbook`."""
        self._limit = limit
        self._zip = _archive(stream)
        self.from_1904 = False
        self.sheets = self._sheets()
        self.forms = self._forms()
        self.texts = texts
        self._read_texts()

    def sheet(self, name: str | None) -> Sheet:
        """The sheet of this name, or the first that people see.  Raises `BadWorkbook`."""
        found = next((one for one in self.sheets if (one.name == name if name else not one.hidden)), None)
        if found is not None:
            return found
        there = ", ".join(show(one.name) for one in self.sheets[:12])
        message = f"there is no sheet {show(name)}: the workbook has {there}" if name else "no sheet can be seen"
        raise BadWorkbook(message, "name one of its sheets with `sheet:`", "READ-SHEET-01")

    def chunks(self, part: str) -> Iterator[bytes]:
        """The unpacked bytes of a part.  Raises `BadWorkbook`: damaged, locked, or larger than the limit."""
        size = 0
        try:
            with self._zip.open(part) as stream:
                while chunk := stream.read(CHUNK):
                    size += len(chunk)
                    if size > self._limit:
                        hint = "split it, or raise max_file_bytes of the connection"
                        raise BadWorkbook(f"unpacked it is larger than {self._limit:,} bytes", hint, "READ-SIZE-01")
                    yield chunk
        except KeyError:
            raise BadWorkbook(f"it holds no {part}: it is no workbook, or a broken one") from None
        except _BROKEN:
            raise BadWorkbook(f"its part {part} is damaged or cut off") from None

    def parse(self, part: str, start: Start, end: Callable[[str], None], data: Callable[[str], None]) -> Iterator[None]:
        """Run a part's XML through the handlers; stops for breath after each piece.  Raises `BadWorkbook`."""
        reading = parser(start, end, data)
        try:
            for chunk in self.chunks(part):
                reading.Parse(chunk)
                yield
            reading.Parse(b"", _END)
            yield
        except expat.ExpatError as error:
            raise BadWorkbook(f"its part {part} is no valid XML (line {error.lineno})") from None

    def _elements(self, part: str) -> list[tuple[str, dict[str, str]]]:
        found: list[tuple[str, dict[str, str]]] = []
        for _ in self.parse(part, lambda name, it: found.append((local(name), it)), _ignore, _ignore):
            if len(found) > 1 << 20:
                raise BadWorkbook(f"its part {part} has too many elements", code="READ-SIZE-01")
        return found

    def _related(self, part: str) -> dict[str, tuple[str, str]]:
        """Relation id -> kind and part; what leads out of the file is left out."""
        path = PurePosixPath(part)
        rels = str(path.parent / "_rels" / f"{path.name}.rels").removeprefix("/")
        found = {}
        for name, it in self._elements(rels) if rels in self._zip.NameToInfo else []:
            if name == "Relationship" and it.get("TargetMode") != "External":
                target = it.get("Target", "")
                full = target[1:] if target.startswith("/") else str(path.parent / target)
                found[it.get("Id", "")] = (it.get("Type", "").rpartition("/")[2], full)
        return found

    def _sheets(self) -> list[Sheet]:
        parts = [part for kind, part in self._related("").values() if kind == "officeDocument"]
        self._main = parts[0] if parts else "xl/workbook.xml"
        related = self._related(self._main)
        self._parts = dict(related.values())
        found = []
        for name, it in self._elements(self._main):
            if name == "workbookPr":
                self.from_1904 = it.get("date1904", "0") in ("1", "true")
            id = next((value for key, value in it.items() if local(key) == "id"), "")
            if name == "sheet" and related.get(id, ("",))[0] == "worksheet":
                found.append(Sheet(it.get("name", ""), related[id][1], it.get("state", "visible") != "visible"))
        return found

    def _forms(self) -> list[Form]:
        codes: dict[int, str] = {}
        forms: list[Form] = []
        inside = False
        part = self._parts.get("styles")
        for name, it in self._elements(part) if part else []:
            if name == "numFmt":
                codes[_whole(it.get("numFmtId"))] = it.get("formatCode", "")
            elif name in ("cellXfs", "cellStyles", "dxfs"):
                inside = name == "cellXfs"
            elif name == "xf" and inside:
                id = _whole(it.get("numFmtId"))
                forms.append(form_of(id, codes.get(id)))
        return forms

    def _read_texts(self) -> None:
        part = self._parts.get("sharedStrings")
        if part is None:
            return
        reader = _TextReader(self.texts)
        for _ in self.parse(part, reader.start, reader.end, reader.data):
            pass


def _archive(stream: BinaryIO) -> zipfile.ZipFile:
    stream.seek(0)
    head = stream.read(HEAD)
    if head.startswith(OLE):
        stream.seek(0)
        if is_locked(head) or is_locked(stream.read(1 << 20)):
            raise BadWorkbook("the workbook is protected by a password", "save it without one")
        raise BadWorkbook("the file is a workbook of Excel 97-2003 (.xls)")
    if not head.startswith(ZIP):
        what = kind(head)
        raise BadWorkbook(f"the file is {what}" if what else "the file is no workbook (.xlsx)")
    try:
        return zipfile.ZipFile(stream)
    except _BROKEN:
        raise BadWorkbook("the workbook is cut off or damaged") from None


def _ignore(_text: str) -> None:
    pass


def _whole(text: str | None) -> int:
    return int(text) if text and text.isdigit() and len(text) < 10 else 0


@contextmanager
def opened(stream: BinaryIO, limit: int) -> Iterator[Workbook]:
    """The workbook in a file, its texts in a private one.  Raises `BadWorkbook`."""
    with tempfile.TemporaryFile() as file, closing(Texts(file)) as texts:
        yield Workbook(stream, limit, texts)


# ---------------------------------------------------------------- texts


class Texts:
    """The texts that cells refer to by number: kept in a private file, since there may be millions."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._ends = array("Q")
        self._size = 0
        self._map: mmap.mmap | None = None

    def add(self, text: str) -> None:
        """The next text."""
        raw = text.encode("utf-8", "surrogatepass")
        self._file.write(raw)
        self._size += len(raw)
        self._ends.append(self._size)

    def __getitem__(self, number: int) -> str:
        """Raises IndexError for a number that no text has."""
        if not 0 <= number < len(self._ends):
            raise IndexError(number)
        if self._map is None:
            self._file.flush()
            if self._size == 0:
                return ""
            self._map = mmap.mmap(self._file.fileno(), self._size, access=mmap.ACCESS_READ)
        start = self._ends[number - 1] if number else 0
        return self._map[start : self._ends[number]].decode("utf-8", "surrogatepass")

    def close(self) -> None:
        """Let go of the file."""
        if self._map is not None:
            self._map.close()


class _TextReader:
    """Reads `sharedStrings.xml`: each `si` is one text, of one or more runs; how it is pronounced is left out."""

    def __init__(self, texts: Texts) -> None:
        self._texts = texts
        self._parts: list[str] = []
        self._inside = False
        self._spoken = 0

    def start(self, name: str, _it: dict[str, str]) -> None:
        """An element begins."""
        tag = local(name)
        if tag == "si":
            self._parts = []
        elif tag == "rPh":
            self._spoken += 1
        elif tag == "t":
            self._inside = not self._spoken

    def end(self, name: str) -> None:
        """An element ends."""
        tag = local(name)
        if tag == "t":
            self._inside = False
        elif tag == "rPh":
            self._spoken -= 1
        elif tag == "si":
            self._texts.add("".join(self._parts))

    def data(self, text: str) -> None:
        """Text of an element."""
        if self._inside:
            self._parts.append(text)
