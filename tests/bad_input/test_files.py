"""What is planted in a file, what is said about it and where, and that the good records of the same file still come."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from billsync.connector import Context
from billsync_connectors.files import Files, FilesConfig


@dataclass(frozen=True)
class Case:
    """One planted fault.

    Attributes:
        codes: (code, line) of each problem expected, in order.
        good: ids that arrive all the same.
        says: words that a person needs to see in the first problem's message or hint.
    """

    name: str
    content: bytes
    codes: tuple[tuple[str, int], ...]
    good: tuple[str, ...] = ()
    says: str = ""
    file: str = "deals.csv"


CSV = [
    Case("nothing", b"", (("READ-FILE-02", 1),), says="empty"),
    Case("only a byte order mark", b"\xef\xbb\xbf", (("READ-FILE-02", 1),)),
    Case("only blank lines", b"\n\r\n", (("READ-FILE-02", 1),)),
    Case("no key column", b"idd,a\n1,x\n", (("READ-CSV-01", 1),), says="did you mean 'idd'"),
    Case("another delimiter", b"id;a\n1;x\n", (("READ-CSV-01", 1),), says="delimiter seems to be ';'"),
    Case("two columns of one name", b"id,a,a\n1,x,y\n", (("READ-CSV-01", 1),), says="columns 2 and 3"),
    Case("a column without a name", b"id,a,\n1,x,\n", (("READ-CSV-01", 1),), says="column 3 has no name"),
    Case(
        "all header faults at once",
        b"a,a, \n1,2,3\n",
        (("READ-CSV-01", 1), ("READ-CSV-01", 1), ("READ-CSV-01", 1)),
    ),
    Case("a header with an open quote", b'id,"a\n1,x\n', (("READ-CSV-03", 1),), says="in the header"),
    Case("old Mac line ends", b"id,a\r1,x\r", (("READ-CSV-02", 1),), says="LF or CRLF"),
    Case("a cell too many", b"id,a\n1,x\n2,x,y\n3,x\n", (("READ-CSV-02", 3),), ("1", "3"), "expected 2 cells"),
    Case("a cell too few", b"id,a\n1,x\n2\n3,x\n", (("READ-CSV-02", 3),), ("1", "3"), "got 1"),
    Case("the last row cut off", b"id,a,b\n1,x,y\n2,x", (("READ-CSV-02", 3),), ("1",), "cut off"),
    Case("a quote never closed", b'id,a\n1,x\n2,"y\n3,z\n', (("READ-CSV-03", 3),), ("1", "3"), "never closed"),
    Case("a quote closed by the next row", b'id,a\n1,"x\n2,"y"\n', (("READ-CSV-03", 2),), ("2",), "on line 3"),
    Case("quotes not doubled", b'id,a\n1,"5" pipe"\n2,y\n', (("READ-CSV-03", 2),), ("2",), '""'),
    Case(
        "a quote opened below the first line of its record",
        b'id,a,b\n1,"two\nlines","open\n2,y,z\n',
        (("READ-CSV-03", 3),),
        ("2",),
    ),
    Case("a row in Latin-1", b"id,a\n1,x\n2,M\xfcller\n3,z\n", (("READ-TEXT-01", 3),), ("1", "3"), "0xfc on line 3"),
    Case("Latin-1 in a header", b"id,\xfc\n1,x\n", (("READ-TEXT-01", 1),), says="in the header"),
    Case("UTF-16", "id,a\n1,x\n".encode("utf-16"), (("READ-TEXT-01", 1),), says="UTF-16"),
    Case("UTF-16 without a mark", "id,a\n1,x\n".encode("utf-16-le"), (("READ-TEXT-01", 1),), says="UTF-16"),
    Case("a NUL byte", b"id,a\n1,x\n2,\x00\n3,z\n", (("READ-TEXT-01", 3),), ("1", "3"), "NUL"),
    Case("a surrogate in bytes", b"id,a\n1,\xed\xa0\x80\n2,z\n", (("READ-TEXT-01", 2),), ("2",)),
    Case("a blank key", b"id,a\n1,x\n ,y\n3,z\n", (("READ-KEY-01", 3),), ("1", "3"), "'id' is blank"),
    Case(
        "one key three times",
        b"id,a\n1,x\n2,y\n1,z\n1,z\n",
        (("READ-KEY-01", 4), ("READ-KEY-01", 5)),
        ("1", "2"),
        "first at crm/deals.csv:2",
    ),
    Case("a cell too large", b"id,a\n1," + b"x" * 65 + b"\n2,y\n", (("READ-SIZE-01", 2),), ("2",), "cell 2"),
    Case(
        "a record too large", b"id,a\n1," + b"x" * 500 + b"\n2,y\n", (("READ-SIZE-01", 2),), ("2",), "max_record_bytes"
    ),
    Case("good: mark, CRLF, no last line end", b"\xef\xbb\xbfid,a\r\n1,x\r\n2,y", (), ("1", "2")),
    Case("good: blank lines and line ends in cells", b'id,a\n\n1,"x\n\ny"\n\n2,z\n', (), ("1", "2")),
    Case("good: text that others take for something else", b"id,a\n0012,NO\n1e5,=1\n", (), ("0012", "1e5")),
]


def line(text: str) -> bytes:
    return b'{"id": "1"}\n' + text.encode("utf-8", "surrogatepass") + b'\n{"id": "3"}\n'


def json_case(name: str, text: str, code: str, says: str = "") -> Case:
    return Case(name, line(text), ((code, 2),), ("1", "3"), says, "deals.jsonl")


JSONL = [
    Case("nothing in JSONL", b"", (("READ-FILE-02", 1),), file="deals.jsonl"),
    json_case("NaN", '{"id": "2", "a": NaN}', "READ-JSON-02", "NaN"),
    json_case("Infinity", '{"id": "2", "a": -Infinity}', "READ-JSON-02"),
    json_case("an endless number", '{"id": "2", "a": 1e400}', "READ-JSON-02", "1e400"),
    json_case("five thousand digits", '{"id": "2", "a": ' + "9" * 60 + "}", "READ-JSON-02"),
    json_case("a key twice", '{"id": "2", "a": 1, "a": 2}', "READ-JSON-02", "'a' stands twice"),
    json_case("a lone surrogate", '{"id": "2", "a": "\\ud800"}', "READ-TEXT-01", "surrogate"),
    json_case("an escaped NUL", '{"id": "2", "a": "\\u0000"}', "READ-TEXT-01", "NUL"),
    json_case("a NUL byte in JSONL", '{"id": "2", "a": "\x00"}', "READ-TEXT-01", "NUL"),
    json_case("surrogate bytes in JSONL", '{"id": "2", "a": "\ud800"}', "READ-TEXT-01", "UTF-8"),
    json_case("cut off", '{"id": "2", "a": ', "READ-JSON-01"),
    json_case("two on a line", '{"id": "2"}{"id": "4"}', "READ-JSON-01"),
    json_case("a list", '["2"]', "READ-JSON-01", "expected a JSON object"),
    json_case("a hundred brackets", '{"id": "2", "a": ' + "[" * 70 + "]" * 70 + "}", "READ-JSON-02", "deeper"),
    json_case("no key", '{"Id": "2"}', "READ-KEY-01", "did you mean 'Id'"),
    json_case("a blank key in JSONL", '{"id": "  "}', "READ-KEY-01"),
    json_case("a null key", '{"id": null}', "READ-KEY-01"),
    json_case("a key that is a fraction", '{"id": 1.5}', "READ-KEY-01", "whole number"),
    json_case("a key that is true", '{"id": true}', "READ-KEY-01"),
    json_case("a number and its text are one key", '{"id": 1}', "READ-KEY-01", "first at crm/deals.jsonl:1"),
    json_case("a field too large, deep inside", '{"id": "2", "a": [{"b": "' + "x" * 65 + '"}]}', "READ-SIZE-01", "'a'"),
    json_case("a record too large in JSONL", '{"id": "2", "a": "' + "x" * 500 + '"}', "READ-SIZE-01"),
    Case("good: a mark and CRLF", b'\xef\xbb\xbf{"id": "1"}\r\n\r\n{"id": 2}', (), ("1", "2"), file="deals.jsonl"),
]


@pytest.mark.parametrize("case", CSV + JSONL, ids=lambda case: case.name)
def test_a_fault_is_named_where_it_is_and_good_records_come(tmp_path: Path, case: Case) -> None:
    (tmp_path / "crm").mkdir()
    (tmp_path / "crm" / case.file).write_bytes(case.content)
    settings = {"folder": "crm", "objects": {"deals": {"key": "id"}}, "max_field_bytes": 64, "max_record_bytes": 256}
    pages = list(Files(Context("crm", tmp_path), FilesConfig.model_validate(settings)).read("deals", None))
    problems = [problem for page in pages for problem in page.problems]
    assert tuple((problem.code, problem.place.line) for problem in problems) == case.codes
    assert tuple(record.id for page in pages for record in page.records) == case.good
    assert pages[-1].snapshot is not bool(case.codes)
    for problem in problems:
        assert (problem.place.file, problem.place.system, problem.place.object) == (f"crm/{case.file}", "crm", "deals")
        assert problem.hint or case.says in problem.message
    assert case.says in "".join(f"{problem.message} {problem.hint}" for problem in problems[:1])
