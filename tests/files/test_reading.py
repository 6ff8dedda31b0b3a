"""A folder is read: what changed comes, what is gone is seen as gone, and nothing else is."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from billsync.connector import Page, Refused, TryLater
from billsync_connectors.files import Files

Open = Callable[..., Files]
DEALS = {"objects": {"deals": {"key": "id"}}}


def write(folder: Path, text: str, name: str = "deals.csv") -> None:
    (folder / name).write_bytes(text.encode())


def ids(pages: list[Page]) -> list[str]:
    return [record.id for page in pages for record in page.records]


def test_a_record_says_where_a_person_finds_it(folder: Path, open_files: Open) -> None:
    write(folder, '\ufeffid,note\r\n0012,"one\r\ntwo"\r\nNO,1e5')
    (page,) = open_files(**DEALS).read("deals", None)
    assert [dict(record.data) for record in page.records] == [
        {"id": "0012", "note": "one\r\ntwo"},
        {"id": "NO", "note": "1e5"},
    ]
    assert [str(record.place) for record in page.records] == [
        "crm/deals.csv:2 (crm/deals/0012)",
        "crm/deals.csv:4 (crm/deals/NO)",
    ]
    assert page.snapshot


def test_an_unchanged_file_gives_one_empty_page(folder: Path, open_files: Open) -> None:
    write(folder, "id\n1\n")
    (first,) = open_files(**DEALS).read("deals", None)
    (again,) = open_files(**DEALS).read("deals", first.checkpoint)
    assert (list(again.records), again.snapshot, again.checkpoint) == ([], False, first.checkpoint)


def test_a_change_that_keeps_size_and_time_is_still_seen(folder: Path, open_files: Open) -> None:
    write(folder, "id,amount\n1,10\n")
    before = (folder / "deals.csv").stat()
    (first,) = open_files(**DEALS).read("deals", None)
    write(folder, "id,amount\n1,20\n")
    os.utime(folder / "deals.csv", ns=(before.st_atime_ns, before.st_mtime_ns))
    (page,) = open_files(**DEALS).read("deals", first.checkpoint)
    assert page.records[0].data["amount"] == "20"


def test_only_the_last_page_of_a_clean_read_is_a_snapshot_and_moves_the_checkpoint(
    folder: Path, open_files: Open
) -> None:
    write(folder, "id\n" + "".join(f"{n}\n" for n in range(1200)))
    pages = list(open_files(**DEALS).read("deals", None))
    assert [len(page.records) for page in pages] == [500, 500, 200]
    assert [page.snapshot for page in pages] == [False, False, True]
    assert [bool(page.checkpoint) for page in pages] == [False, False, True]


def test_nothing_counts_as_deleted_while_one_row_cannot_be_read(folder: Path, open_files: Open) -> None:
    write(folder, "id,a\n1,x\n2\n3,x\n")
    (page,) = open_files(**DEALS).read("deals", None)
    assert (ids([page]), page.snapshot, len(page.problems)) == (["1", "3"], False, 1)


def test_a_file_that_changes_between_two_pages_is_tried_later(folder: Path, open_files: Open) -> None:
    write(folder, "id\n" + "".join(f"{n}\n" for n in range(1200)))
    pages = open_files(**DEALS).read("deals", None)
    next(pages)
    with (folder / "deals.csv").open("a") as file:
        file.write("more\n")
    with pytest.raises(TryLater, match=r"crm/deals\.csv changed while it was read"):
        next(pages)


def test_a_file_that_is_replaced_while_it_is_read_is_tried_later(folder: Path, open_files: Open) -> None:
    write(folder, "id\n" + "".join(f"{n}\n" for n in range(600)))
    pages = open_files(**DEALS).read("deals", None)
    next(pages)
    write(folder, "id\n1\n", "new.csv")
    (folder / "new.csv").replace(folder / "deals.csv")
    with pytest.raises(TryLater):
        list(pages)


def test_several_files_of_one_object_are_one_table(folder: Path, open_files: Open) -> None:
    write(folder, "id\n1\n2\n", "deals-01.csv")
    write(folder, "id\n2\n3\n", "deals-02.csv")
    files = open_files(objects={"deals": {"file": "deals-*.csv", "key": "id"}})
    pages = list(files.read("deals", None))
    assert ids(pages) == ["1", "2", "3"]
    problem = pages[-1].problems[0]
    assert str(problem.place) == "crm/deals-02.csv:2 (crm/deals)"
    assert "first at crm/deals-01.csv:3" in problem.message
    write(folder, "id\n3\n", "deals-02.csv")
    last = list(files.read("deals", pages[-1].checkpoint))
    assert (ids(last), last[-1].snapshot) == (["1", "2", "3"], True)


def test_one_key_on_the_same_line_of_two_files_stands_there_twice(folder: Path, open_files: Open) -> None:
    write(folder, "id\n1\n", "deals-01.csv")
    write(folder, "id\n1\n", "deals-02.csv")
    pages = list(open_files(objects={"deals": {"file": "deals-*.csv"}}).read("deals", None))
    assert (ids(pages), [str(page.problems[0].place) for page in pages if page.problems]) == (
        ["1"],
        ["crm/deals-02.csv:2 (crm/deals)"],
    )


def test_without_objects_every_file_is_one_with_its_first_column_as_key(folder: Path, open_files: Open) -> None:
    write(folder, "id,b\n1,2\n")
    write(folder, '{"name": "Acme", "size": 7}\n\n{"name": "Bolt", "size": 0.10}\n', "accounts.jsonl")
    files = open_files()
    assert {name: sheet.key for name, sheet in files.capabilities.reads.items()} == {"deals": "id", "accounts": "name"}
    assert "deals" not in Files.capabilities.reads
    (page,) = files.read("accounts", None)
    assert [(record.id, str(record.data["size"])) for record in page.records] == [("Acme", "7"), ("Bolt", "0.10")]


def test_fetch_gives_records_as_they_are_now(folder: Path, open_files: Open) -> None:
    write(folder, "id,a\n1,x\n2,y\n")
    assert [record.data["a"] for record in open_files(**DEALS).fetch("deals", ["2", "9"])] == ["y"]


def test_describe_tells_the_columns(folder: Path, open_files: Open) -> None:
    write(folder, "name,id\nx,1\n")
    schema = open_files(**DEALS).describe("deals")
    assert [(field.name, field.required) for field in schema.fields] == [("name", False), ("id", True)]


def test_check_says_which_header_is_not_usable(folder: Path, open_files: Open) -> None:
    write(folder, "di,di\n")
    remarks = open_files(**DEALS).check().remarks
    assert [remark.split(" ")[0] for remark in remarks[:2]] == ["crm/deals.csv:1", "crm/deals.csv:1"]


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"folder": "nowhere"}, "folder_unreadable"),
        ({"objects": {"deal": {"key": "id"}}}, "file_missing"),
        ({"objects": {"deals": {"file": "link.csv"}}}, "outside_folder"),
        ({"objects": {"deals": {"file": "pipe.csv"}}}, "file_unreadable"),
        ({"objects": {"deals": {"file": "deep"}}}, "file_unreadable"),
        ({"objects": {"deals": {"file": "circle.csv"}}}, "file_unreadable"),
        ({"objects": {"twice": {}}}, "ambiguous"),
        ({"objects": {"accounts": {}}}, "unknown_object"),
    ],
)
def test_what_cannot_be_a_file_of_the_folder_is_refused(
    folder: Path, open_files: Open, settings: dict[str, object], reason: str
) -> None:
    write(folder.parent, "id\nsecret\n", "outside.csv")
    write(folder, "id\n1\n")
    write(folder, "id\n1\n", "twice.csv")
    write(folder, "", "twice.jsonl")
    (folder / "link.csv").symlink_to(folder.parent / "outside.csv")
    (folder / "circle.csv").symlink_to(folder / "circle.csv")
    (folder / "deep").mkdir()
    os.mkfifo(folder / "pipe.csv")
    objects = settings.get("objects", {"deals": {}})
    assert isinstance(objects, dict)
    object = "deals" if reason == "unknown_object" else next(iter(objects))
    with pytest.raises(Refused) as caught:
        list(open_files(**settings).read(object, None))
    assert caught.value.reason == reason
    assert str(folder.parent) not in caught.value.message


@pytest.mark.parametrize("name", ["../outside.csv", "/etc/passwd", "a/../../b.csv", "..\\b.csv"])
def test_a_name_that_leads_out_is_no_configuration(open_files: Open, name: str) -> None:
    with pytest.raises(ValueError, match="inside the folder"):
        open_files(objects={"deals": {"file": name}})


def test_a_missing_file_is_named_with_the_nearest_one(folder: Path, open_files: Open) -> None:
    write(folder, "id\n1\n", "deals_2026.csv")
    with pytest.raises(Refused, match=r"did you mean 'deals_2026.csv'"):
        list(open_files(objects={"deals": {"file": "deals2026.csv"}}).read("deals", None))
