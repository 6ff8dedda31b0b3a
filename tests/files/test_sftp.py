"""A folder of another machine: its key is known before anything is said, a file is whole or not believed."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from billsync.connector import Applied, Context, Found, Intent, Refused, TryLater, Unclear
from billsync_connectors.files import Files, FilesConfig
from tests.files.sftp_server import PASSWORD, SftpServer

Open = Callable[..., Files]
HEADER = "deal,invoices,amount,currency,state,issued_on,due_on,paid_on\n"


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SftpServer]:
    made = SftpServer(tmp_path_factory.mktemp("sftp"))
    made.start()
    yield made
    made.stop()


@pytest.fixture
def server(machine: SftpServer) -> Iterator[SftpServer]:
    """The machine with an empty folder `crm`, behaving itself."""
    machine.behaviour.__init__()  # type: ignore[misc]
    machine.tried.clear()
    for path in sorted(machine.root.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink()
    (machine.root / "crm").mkdir()
    yield machine
    machine.cut()


@pytest.fixture
def open_sftp(server: SftpServer, tmp_path: Path) -> Iterator[Open]:
    opened: list[Files] = []

    def opening(**settings: Any) -> Files:
        given = {
            "folder": f"sftp://127.0.0.1:{server.port}/crm",
            "objects": {"deals": {"key": "id"}},
            "user": "billsync",
            "password": PASSWORD,
            "host_key": server.fingerprint,
            "timeout": 10,
            **settings,
        }
        opened.append(Files(Context("crm", tmp_path), FilesConfig.model_validate(given)))
        return opened[-1]

    yield opening
    for one in opened:
        one.close()


def put(server: SftpServer, text: str, name: str = "deals.csv") -> None:
    (server.root / "crm" / name).parent.mkdir(exist_ok=True)
    (server.root / "crm" / name).write_text(text)


def ids(files: Files, since: Any = None) -> list[str]:
    return [record.id for page in files.read("deals", since) for record in page.records]


def test_a_file_of_another_machine_is_read_like_one_of_this(server: SftpServer, open_sftp: Open) -> None:
    put(server, "id,a\n1,x\n2\n3,z\n")
    (page,) = open_sftp().read("deals", None)
    assert [str(record.place) for record in page.records] == [
        f"sftp://127.0.0.1:{server.port}/crm/deals.csv:{line} (crm/deals/{id})" for line, id in ((2, "1"), (4, "3"))
    ]
    assert ([problem.code for problem in page.problems], page.snapshot) == (["READ-CSV-02"], False)


def test_a_file_that_did_not_change_gives_one_empty_page(server: SftpServer, open_sftp: Open) -> None:
    put(server, "id\n1\n")
    (first,) = open_sftp().read("deals", None)
    (again,) = open_sftp().read("deals", first.checkpoint)
    assert (list(again.records), again.checkpoint) == ([], first.checkpoint)
    server.behaviour.opened.clear()
    (again,) = open_sftp(trust_times=True).read("deals", first.checkpoint)
    assert (list(again.records), server.behaviour.opened) == ([], [])
    put(server, "id\n1\n2\n")
    assert ids(open_sftp(trust_times=True), first.checkpoint) == ["1", "2"]


def test_a_read_fetches_a_file_once_and_the_next_read_anew(server: SftpServer, open_sftp: Open) -> None:
    put(server, "id\n1\n")
    files = open_sftp()
    assert ids(files) == ["1"]
    assert server.behaviour.opened == ["/crm/deals.csv"]
    stamp = (server.root / "crm" / "deals.csv").stat().st_mtime
    put(server, "id\n2\n")
    os.utime(server.root / "crm" / "deals.csv", (stamp, stamp))
    assert ids(files) == ["2"]


def test_several_files_by_pattern_in_order_of_their_names(server: SftpServer, open_sftp: Open) -> None:
    for name in ("2026/deals-02.csv", "2026/deals-01.csv", "2025/deals-12.csv", "2026/.hidden.csv", "other.csv"):
        put(server, f"id\n{name[5:13]}{name[:4]}\n", name)
    files = open_sftp(objects={"deals": {"file": "20*/deals-*.csv", "key": "id"}})
    assert ids(files) == ["deals-122025", "deals-012026", "deals-022026"]
    with pytest.raises(Refused, match=r"without \*\*"):
        ids(open_sftp(objects={"deals": {"file": "**/*.csv", "key": "id"}}))


def test_a_private_key_logs_in(server: SftpServer, open_sftp: Open) -> None:
    put(server, "id\n1\n")
    text = server.user_key.export_private_key("openssh").decode()
    assert ids(open_sftp(password=None, private_key=text)) == ["1"]
    export = server.user_key.export_private_key
    locked = export("openssh", passphrase="of the key", rounds=1, ignore_few_rounds=True).decode()
    assert ids(open_sftp(password=None, private_key=locked, passphrase="of the key")) == ["1"]
    for settings in ({"private_key": locked}, {"private_key": "no key"}, {"private_key": locked, "passphrase": "x"}):
        with pytest.raises(Refused) as refused:
            ids(open_sftp(password=None, **settings))
        assert refused.value.reason == "private_key"
        assert "b3Bl" not in refused.value.message


# ---------------------------------------------------------------- whom one speaks with


@pytest.mark.parametrize("pinned", [(), "SHA256:" + "A" * 43])
def test_a_machine_with_another_key_is_not_spoken_to(server: SftpServer, open_sftp: Open, pinned: Any) -> None:
    with pytest.raises(Refused) as refused:
        open_sftp(host_key=pinned).check()
    assert refused.value.reason == "host_key"
    assert server.fingerprint in refused.value.message
    assert server.tried == []


def test_a_wrong_password_is_said_without_it(server: SftpServer, open_sftp: Open) -> None:
    with pytest.raises(TryLater) as later:
        open_sftp(password="wrong-but-secret").check()
    assert (later.value.reason, later.value.offline) == ("auth", True)
    assert "wrong-but-secret" not in later.value.message


def test_a_machine_that_is_not_there_is_tried_later(open_sftp: Open) -> None:
    with pytest.raises(TryLater) as later:
        open_sftp(folder="sftp://127.0.0.1:9/crm").check()
    assert (later.value.reason, later.value.offline) == ("not_sent", True)


def test_a_name_must_not_lead_into_the_own_network(open_sftp: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    from ipaddress import ip_address

    from billsync_connectors.files import session

    monkeypatch.setattr(session, "resolve", lambda _host: [ip_address("127.0.0.1")])
    with pytest.raises(TryLater, match=r"leads to 127\.0\.0\.1") as later:
        open_sftp(folder="sftp://files.example.com/crm").check()
    assert later.value.reason == "address_not_allowed"


@pytest.mark.parametrize(
    "settings",
    [
        {"folder": "sftp://user:secret@host/crm"},
        {"folder": "sftp://169.254.169.254/crm"},
        {"folder": "sftp://2130706433/crm"},
        {"folder": "sftp://host/../etc"},
        {"folder": "sftp://host:99999/x"},
        {"objects": {}},
        {"password": None},
        {"user": ""},
        {"host_key": "MD5:aa:bb"},
        {"status_folder": "/crm"},
    ],
)
def test_settings_that_cannot_be_meant_are_refused(open_sftp: Open, settings: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as error:
        open_sftp(**settings)
    assert "secret@" not in str(error.value.errors()[0]["msg"])


# ---------------------------------------------------------------- what goes wrong while it is read


def test_a_file_that_grows_while_it_is_fetched_is_not_believed(server: SftpServer, open_sftp: Open) -> None:
    put(server, "id\n" + "".join(f"{n:08}\n" for n in range(20_000)))
    path = server.root / "crm" / "deals.csv"

    def grow(_path: str, offset: int) -> None:
        if offset > 0:
            server.behaviour.on_read = None
            with path.open("a") as file:
                file.write("late\n")

    server.behaviour.on_read = grow
    with pytest.raises(TryLater) as later:
        ids(open_sftp())
    assert later.value.reason == "changed_while_reading"
    assert len(ids(open_sftp())) == 20_001


def test_a_file_that_is_replaced_by_one_of_its_size_is_not_believed(server: SftpServer, open_sftp: Open) -> None:
    text = "id\n" + "".join(f"{n:08}\n" for n in range(20_000))
    put(server, text)
    path = server.root / "crm" / "deals.csv"
    os.utime(path, (1, 1))

    def replace(_path: str, offset: int) -> None:
        if offset > 0:
            server.behaviour.on_read = None
            path.write_text(text.replace("0", "1"))

    server.behaviour.on_read = replace
    with pytest.raises(TryLater, match="changed while it was read"):
        open_sftp().fetch("deals", ["00000001"])  # which looks at the file once


def test_a_connection_that_breaks_in_the_middle_is_opened_again(server: SftpServer, open_sftp: Open) -> None:
    put(server, "id\n" + "".join(f"{n:08}\n" for n in range(60_000)))

    def cut(_path: str, offset: int) -> None:
        if offset > 100_000:
            server.behaviour.on_read = None
            server.cut()

    files = open_sftp()
    server.behaviour.on_read = cut
    with pytest.raises(TryLater) as later:
        ids(files)
    assert (later.value.reason, later.value.offline) == ("connection_lost", True)
    assert len(ids(files)) == 60_000


def test_a_file_that_is_too_large_is_not_fetched(server: SftpServer, open_sftp: Open) -> None:
    put(server, "id\n" + "1" * 5000)
    with pytest.raises(Refused, match="larger than 2,000 bytes"):
        ids(open_sftp(max_file_bytes=2000))
    assert server.behaviour.reads == 0


def test_a_link_out_of_the_folder_is_not_followed(server: SftpServer, open_sftp: Open) -> None:
    (server.root / "secret.csv").write_text("id\n1\n")
    (server.root / "crm" / "deals.csv").symlink_to("../secret.csv")
    with pytest.raises(Refused, match="leads out of the folder"):
        ids(open_sftp())


def test_a_folder_or_file_that_is_not_there(server: SftpServer, open_sftp: Open) -> None:
    with pytest.raises(Refused, match=r"there is neither deals\.csv"):
        ids(open_sftp())
    with pytest.raises(Refused, match="no such file or folder"):
        open_sftp(folder=f"sftp://127.0.0.1:{server.port}/nothing").check()
    (server.root / "crm" / "deals.csv").mkdir()
    with pytest.raises(Refused, match="not a regular file"):
        ids(open_sftp())


# ---------------------------------------------------------------- the state goes back


def intent(key: str, state: str = "paid") -> Intent:
    return Intent(key, "status", {"deal": key, "state": state})


def test_the_state_of_invoices_is_written_back(server: SftpServer, open_sftp: Open) -> None:
    files = open_sftp(status_folder="/crm/status")
    assert files.write("status", [intent("D2"), intent("D1", "sent")]) == [
        Applied("D2", {"state": "paid"}),
        Applied("D1", {"state": "sent"}),
    ]
    files.write("status", [intent("D1")])
    assert (server.root / "crm/status/status.csv").read_text() == HEADER + "D1,,,,paid,,,\nD2,,,,paid,,,\n"
    assert files.probe("status", ["D1"]) == [Found(("D1",), echo={"state": "paid"})]
    assert [path.name for path in (server.root / "crm/status").iterdir()] == ["status.csv"]


@pytest.mark.parametrize(("when", "landed"), [("before", False), ("after", True)])
def test_a_connection_that_breaks_at_the_rename_leaves_it_open(
    server: SftpServer, open_sftp: Open, when: str, landed: bool
) -> None:
    files = open_sftp(status_folder="/crm/status")
    server.behaviour.cut_rename = when
    (outcome,) = files.write("status", [intent("D1")])
    assert isinstance(outcome, Unclear)
    server.behaviour.cut_rename = ""
    assert isinstance(files.probe("status", ["D1"])[0], Found) is landed
    assert files.write("status", [intent("D1")]) == [Applied("D1", {"state": "paid"})]


def test_a_disk_that_is_full_leaves_the_old_file(server: SftpServer, open_sftp: Open) -> None:
    files = open_sftp(status_folder="/crm/status")
    files.write("status", [intent("D1")])
    server.behaviour.full = True
    (outcome,) = files.write("status", [intent("D2")])
    assert isinstance(outcome, TryLater)
    server.behaviour.full = False
    server.behaviour.no_posix_rename = True
    (outcome,) = files.write("status", [intent("D2")])
    assert isinstance(outcome, Refused)
    assert outcome.reason == "no_atomic_rename"
    assert (server.root / "crm/status/status.csv").read_text() == HEADER + "D1,,,,paid,,,\n"
