"""Records of a stand-in outlive its process, in files of either kind; a turn that fails leaves nothing behind."""

from __future__ import annotations

import sqlite3
from decimal import Decimal
from pathlib import Path

import pytest

from billsync_stand_in.shelf import NumberedShelf, Shelf

OLD = """
create table record (object text, id text, data text, primary key (object, id)) without rowid;
insert into record values ('deal', 'b', '{"Name":"first","Amount":{"$":"1.10"},"_n":1}');
insert into record values ('deal', 'a', '{"Name":"second","Amount":{"$":"2.20"},"_n":2}');
insert into record values ('memory', 'count _n', '{"value":2}');
"""
OLD_NUMBERED = """
create table record (n integer primary key, object text, id text, data text, unique (object, id));
create table memory (name text primary key, value text);
insert into record (object, id, data) values ('deal', 'b', '{"id":"b","Amount":{"$":"1.10"}}');
insert into record (object, id, data) values ('deal', 'a', '{"id":"a","Amount":{"$":"2.20"}}');
insert into memory values ('last deal', '2');
"""


def filed(file: Path, statements: str) -> Path:
    with sqlite3.connect(file) as db:
        db.executescript(statements)
    db.close()
    return file


class Spoilt(Exception):
    """A turn that goes wrong."""


def _spoilt(shelf: Shelf) -> None:
    with shelf.turn():
        shelf.put("deal", "1", {"Name": "changed"})
        shelf.put("deal", "2", {"Name": "new"})
    raise Spoilt


def test_a_file_of_an_older_stand_in_opens_and_is_gone_on_with(tmp_path: Path) -> None:
    shelf = Shelf(filed(tmp_path / "old.db", OLD))
    assert [row["Name"] for row in shelf.all("deal")] == ["first", "second"]
    with shelf.turn():
        shelf.put("deal", "0", {"Name": "third", "Amount": Decimal("3.30")})
        shelf.purge("deal", "b")
    shelf.close()
    again = Shelf(tmp_path / "old.db")
    assert [(row["Name"], row["Amount"], row["_n"]) for row in again.all("deal")] == [
        ("second", Decimal("2.20"), 2),
        ("third", Decimal("3.30"), 3),
    ]
    again.close()


def test_a_numbered_file_of_an_older_stand_in_opens_and_is_gone_on_with(tmp_path: Path) -> None:
    shelf = NumberedShelf(filed(tmp_path / "old.db", OLD_NUMBERED))
    assert [row["id"] for row in shelf.all("deal")] == ["b", "a"]
    assert shelf.recall("last deal", 0) == 2
    with shelf.turn():
        shelf.put("deal", {"id": "b", "Amount": Decimal("9.90")})
        shelf.put("deal", {"id": "0"})
        shelf.remember("last deal", 3)
    shelf.close()
    again = NumberedShelf(tmp_path / "old.db")
    assert [row["id"] for row in again.all("deal")] == ["b", "a", "0"]  # a change keeps its place
    assert again.get("deal", "b") == {"id": "b", "Amount": Decimal("9.90")}
    assert again.recall("last deal", 0) == 3
    again.close()


def test_a_turn_that_fails_leaves_nothing_behind_and_what_is_inside_of_another_goes_with_it(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "new.db")
    with shelf.turn():
        shelf.put("deal", "1", {"Name": "kept"})
    with pytest.raises(Spoilt), shelf.turn():
        _spoilt(shelf)
    assert [row["Name"] for row in shelf.all("deal")] == ["kept"]
    assert shelf.by("deal", "Name", "KEPT") == [shelf.get("deal", "1")]
    assert shelf.by("deal", "Name", "changed") == []
    with shelf.turn():
        shelf.put("deal", "3", {"Name": "next"})
    assert shelf.get("deal", "3") == {"Name": "next", "_n": 2}  # a number that was drawn in vain is free again
    with shelf.turn():
        shelf.put("deal", "1", {"Name": "renamed"})
    assert shelf.by("deal", "Name", "kept") == []
    shelf.close()
    again = Shelf(tmp_path / "new.db")
    assert [row["Name"] for row in again.all("deal")] == ["renamed", "next"]
    again.close()


def test_what_was_written_since_a_mark_can_be_told_and_taken_back(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "new.db")
    with shelf.turn():
        shelf.put("deal", "1", {"Name": "one"})
    with shelf.turn():
        mark = shelf.mark()
        shelf.put("deal", "1", {"Name": "two"})
        assert shelf.since(mark) == {("deal", "1"): {"Name": "one", "_n": 1}}
        shelf.withdraw(mark)
    assert shelf.get("deal", "1") == {"Name": "one", "_n": 1}
    shelf.close()
