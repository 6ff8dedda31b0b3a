"""Lookup tables: inline, or from a CSV file beside the mapping; every key and value is text.  (pure)"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from billsync.mapping.values import Wrong
from billsync.model.problem import Place, Problem
from billsync.model.scalar import show
from billsync.strict.yaml import BadYaml, Node, did_you_mean

ReadFile = Callable[[str], str]
"""Gives the text of a file named in a mapping, relative to it.  Raises OSError, ValueError or LookupError."""

MAX_ROWS: Final = 100_000


class _Rows(Protocol):
    """What `csv.reader` gives."""

    line_num: int

    def __iter__(self) -> Iterator[list[str]]: ...


@dataclass(frozen=True, slots=True)
class Table:
    """A lookup table.

    Attributes:
        entries: key -> value; a value of None means "nothing".
        place: where the mapping names it.
    """

    name: str
    entries: dict[str, str | None]
    place: Place

    def miss(self, key: str, *, closed: bool = False) -> Wrong:
        """The fault that a key is not in the table; `closed` says that the table is complete and the value is wrong."""
        near = did_you_mean(key, self.entries) if key and len(self.entries) <= MAX_ROWS // 100 else ""
        guess = f"; {near}" if near.startswith("did") else ""
        message = f"{show(key)} is not in the table {self.name}"
        if closed:
            return Wrong("MAP-LOOKUP-02", message, f"correct it in the source{guess}")
        return Wrong("MAP-LOOKUP-01", message, f"add it to the table ({self.place}){guess}")


def no_files(name: str) -> str:
    """The reader where a mapping stands alone.  Raises OSError."""
    raise FileNotFoundError(f"no files can be read here, so not {name} either")


def read_text(read_file: ReadFile, node: Node) -> str:
    """The text of the file that the node names.  Raises `BadYaml` with READ-FILE-01."""
    name = node.text()
    try:
        return read_file(name).removeprefix("\ufeff")
    except (OSError, ValueError, LookupError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise BadYaml([node.problem("READ-FILE-01", f"the file {show(name)} cannot be read: {reason}")]) from None


def read_table(name: str, node: Node, read_file: ReadFile) -> Table:
    """The table that a node of `tables:` describes.  Raises `BadYaml`."""
    if not node.is_mapping:
        raise node.wrong("a table such as {Germany: DE}, or {file: countries.csv, key: name, value: code}")
    file = node.get("file")
    if file is not None and {key for key, _ in node.items()} <= {"file", "key", "value"}:
        problems = node.check_keys(("file", "key", "value"), "a table from a file", ("key", "value"))
        if problems:
            raise BadYaml(problems)
        return Table(name, _from_csv(node, read_text(read_file, file)), node.place)
    return Table(name, {key: None if value.is_null else value.text() for key, value in node.items()}, node.place)


def _from_csv(node: Node, text: str) -> dict[str, str | None]:
    file = node.value["file"].text() if isinstance(node.value, dict) else ""
    rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = next(rows, [])
        key, value = (_column(node, name, header, file) for name in ("key", "value"))
        return _entries(rows, (key, value), file)
    except csv.Error as error:
        raise _bad_row(file, rows.line_num, f"not valid CSV: {error}") from None


def _column(node: Node, which: str, header: list[str], file: str) -> int:
    wanted = node.get(which)
    name = wanted.text() if wanted is not None else ""
    if name in header:
        return header.index(name)
    message = f"the file {show(file)} has no column {show(name)}"
    raise BadYaml([(wanted or node).problem("MAP-TABLE-02", message, did_you_mean(name, header))])


def _entries(rows: _Rows, columns: tuple[int, int], file: str) -> dict[str, str | None]:
    found: dict[str, str | None] = {}
    for row in rows:
        if not row:
            continue
        if len(row) <= max(columns):
            raise _bad_row(file, rows.line_num, f"the row has {len(row)} columns, too few for the header")
        key, value = row[columns[0]], row[columns[1]]
        if found.get(key, value) != value:
            raise _bad_row(file, rows.line_num, f"the key {show(key)} stands twice with different values")
        found[key] = value
        if len(found) > MAX_ROWS:
            raise _bad_row(file, rows.line_num, f"the table has more than {MAX_ROWS:,} rows")
    return found


def _bad_row(file: str, line: int, message: str) -> BadYaml:
    return BadYaml([Problem(code="MAP-TABLE-02", message=message, place=Place(file=file, line=max(line, 1)))])


@dataclass(frozen=True, slots=True)
class Asked:
    """A lookup that is answered while the run goes on: a tie of ids, or a reference table of another system.

    Attributes:
        name: what is asked of `Resolve`: `links:tryton.customer`, `live:tryton.account.tax?key=name&value=id`.
        place: where the mapping says so.
    """

    name: str
    place: Place

    def miss(self, key: str) -> Wrong:
        """The fault that there is no answer for a key."""
        what = bare(self.name)
        if self.name.startswith(LINKS):
            hint = f"`billsync links list` shows what is tied, `billsync links link` ties it ({self.place})"
            return Wrong("MAP-LOOKUP-01", f"{show(key)} is not tied to a {what}", hint)
        return Wrong("MAP-LOOKUP-01", f"there is no {what} {show(key)}", f"add it there, or correct it ({self.place})")


LINKS: Final = "links:"
LIVE: Final = "live:"


def bare(name: str) -> str:
    """What is asked about, without how: `tryton.account.tax` of `live:tryton.account.tax?key=name&value=id`."""
    kind, _, rest = name.partition(":")
    return rest.partition("?")[0] if f"{kind}:" in {LINKS, LIVE} else name


def read_asked(node: Node) -> Asked:
    """The lookup that `{links: ...}` or `{live: ..., key: ..., value: ...}` describes.  Raises `BadYaml`."""
    kind = "links" if node.get("links") is not None else "live"
    keys = ("links", "back") if kind == "links" else ("live", "key", "value", "age_s")
    problems = node.check_keys(keys, f"a lookup in {kind}", keys[:1] if kind == "links" else keys[:3])
    if problems:
        raise BadYaml(problems)
    said = {key: value.text() for key, value in node.items()}
    system, dot, object = said[kind].partition(".")
    if not (system.strip() and dot and object.strip()) or any(char in said[kind] for char in "?&"):
        wanted = "the system and our kind, such as tryton.customer" if kind == "links" else "system.object"
        raise (node.get(kind) or node).wrong(wanted)
    if kind == "links":
        back = node.get("back")
        return Asked(f"{LINKS}{said[kind]}{'?back' if back is not None and back.flag() else ''}", node.place)
    age = node.get("age_s")
    if age is not None and age.integer() < 0:
        raise age.wrong("a number of seconds")
    rest = {key: value for key, value in said.items() if key != kind}
    return Asked(f"{LIVE}{said[kind]}?{_encoded(rest)}", node.place)


def _encoded(said: Mapping[str, str]) -> str:
    """Names and values as one line that `parse_qsl` takes apart; `urllib` is no part of the pure core."""
    return "&".join(f"{_escaped(name)}={_escaped(value)}" for name, value in said.items())


def _escaped(text: str) -> str:
    bare = (char.isascii() and (char.isalnum() or char in "_.-~") for char in text)
    return "".join(
        char if plain else "+" if char == " " else "".join(f"%{byte:02X}" for byte in char.encode())
        for char, plain in zip(text, bare, strict=True)
    )
