"""What systems tell by themselves: proven or turned down, noted once, and read from the system by the next run."""

from __future__ import annotations

import hashlib
import hmac
import json
import socket
import threading
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from billsync import pull
from billsync.connector import Context, Hint, Hook, Refused
from billsync.console.hooks import MAX_BYTES, Ear, Hooks, Told, listen
from billsync.store import Store, StoreUnusable
from billsync_connectors.files import Files, FilesConfig
from tests.sandbox.stand_in import StandIn

SECRET, PUBLIC, NOW = b"shared", "https://hooks.example.com", datetime(2026, 11, 1, tzinfo=UTC)


class Telling(Files):
    """A folder whose owner tells of changes; it signs address, body and time."""

    def hints(self, hook: Hook) -> Sequence[Hint]:
        sent = hook.headers.get("x-sent", "")
        if not hmac.compare_digest(hook.headers.get("x-signature", ""), signature(hook.url, hook.body, sent)):
            raise Refused("bad_signature", "the signature is not ours")
        if hook.at - datetime.fromisoformat(sent) > timedelta(minutes=5):
            raise Refused("too_old", "it was sent too long ago")
        try:
            return [Hint(item["object"], item["id"]) for item in json.loads(hook.body)]
        except (ValueError, KeyError, TypeError):
            raise Refused("bad_request", "the body is no list of changes") from None


def signature(url: str, body: bytes, sent: str) -> str:
    return hmac.new(SECRET, url.encode() + body + sent.encode(), hashlib.sha256).hexdigest()


class Sender:
    """The system that tells."""

    def __init__(self, store: Store, folder: Path) -> None:
        config = FilesConfig.model_validate({"folder": str(folder)})
        ears = {
            "crm": Ear("crm", Telling(Context("crm", folder), config), frozenset({"deals", "accounts"})),
            "mute": Ear("mute", Files(Context("mute", folder), config), frozenset({"deals"})),
        }
        self.told: list[Told] = []
        hooks = Hooks(store, ears, now=lambda: NOW, public=PUBLIC + "/", watch=self.told.append)
        listener = socket.create_server(("127.0.0.1", 0))
        self.port = listener.getsockname()[1]
        self.client = httpx.Client(base_url=f"http://127.0.0.1:{self.port}", trust_env=False, timeout=20)
        self.stop = threading.Event()
        self.thread = threading.Thread(target=listen, args=(hooks.app(), listener, self.stop))
        self.thread.start()

    def close(self) -> None:
        self.client.close()
        self.stop.set()
        self.thread.join()

    def post(self, body: bytes, *, to: str = "/hooks/crm", sent: datetime = NOW, **headers: str) -> int:
        said = sent.isoformat()
        signed = {"X-Sent": said, "X-Signature": signature(PUBLIC + to, body, said), **headers}
        return self.client.post(to, content=body, headers=signed).status_code

    def tell(self, *named: tuple[str, str]) -> int:
        return self.post(json.dumps([{"object": object, "id": id} for object, id in named]).encode())


@pytest.fixture
def sender(store: Store, tmp_path: Path) -> Iterator[Sender]:
    made = Sender(store, tmp_path)
    yield made
    made.close()


def waiting(store: Store) -> list[tuple[str, str, int]]:
    with store.view() as tx:
        return [(hint.object, hint.id, hint.times) for hint in tx.hints.list()]


def test_what_is_proven_is_noted_once_for_each_record_that_a_pipeline_reads(sender: Sender, store: Store) -> None:
    assert sender.tell(("deals", "D-1"), ("deals", "D-1"), ("accounts", "A \N{SNOWMAN}"), ("tickets", "T-1")) == 204
    assert sender.tell(("deals", "D-1")) == 204
    assert sorted(waiting(store)) == [("accounts", "A \N{SNOWMAN}", 1), ("deals", "D-1", 2)]
    assert [told.noted for told in sender.told] == [2, 1]


def test_the_signature_covers_the_address_as_the_sender_knows_it(sender: Sender, store: Store) -> None:
    body = b'[{"object": "deals", "id": "D-1"}]'
    assert sender.post(body, to="/hooks/crm?tenant=a%20b&x=1") == 204
    forged = sender.client.post(
        "/hooks/crm", content=body, headers={"X-Sent": NOW.isoformat(), "X-Signature": "0" * 64}
    )
    assert forged.status_code == 401
    assert forged.text == ""
    assert waiting(store) == [("deals", "D-1", 1)]


@pytest.mark.parametrize(
    ("body", "to", "late_s", "status"),
    [
        (b"[]", "/hooks/crm", 301, 401),
        (b"not json", "/hooks/crm", 0, 400),
        (b"[]", "/hooks/mute", 0, 404),
        (b"[]", "/hooks/nobody", 0, 404),
        (b"[]", "/elsewhere", 0, 404),
        (b" " * (MAX_BYTES + 1), "/hooks/crm", 0, 413),
        (b"[]", "/hooks/crm", 0, 204),
    ],
)
def test_what_cannot_be_taken_is_turned_down(
    sender: Sender, store: Store, body: bytes, to: str, late_s: int, status: int
) -> None:
    assert sender.post(body, to=to, sent=NOW - timedelta(seconds=late_s)) == status
    assert waiting(store) == []


def test_only_posts_are_taken_and_health_is_told(sender: Sender) -> None:
    assert sender.client.get("/hooks/crm").status_code == 405
    assert sender.client.get("/healthz").text == "ok\n"


def test_a_body_is_counted_as_it_comes_whatever_its_header_says(sender: Sender) -> None:
    def endless() -> Iterator[bytes]:
        for _ in range(MAX_BYTES // 1024 + 2):
            yield b" " * 1024

    assert sender.client.post("/hooks/crm", content=endless()).status_code == 413


def test_where_nothing_can_be_noted_the_sender_is_told_to_come_again(
    sender: Sender, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_name: str) -> None:
        raise StoreUnusable("store_full", "the disk is full")

    monkeypatch.setattr(store, "tx", full)
    body = b'[{"object": "deals", "id": "D-1"}]'
    said = NOW.isoformat()
    signed = {"X-Sent": said, "X-Signature": signature(f"{PUBLIC}/hooks/crm", body, said)}
    answer = sender.client.post("/hooks/crm", content=body, headers=signed)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "30")


# ---------------------------------------------------------------- what the next run does


def read(store: Store, server: StandIn, object: str = "deals") -> tuple[int, int]:
    return pull.hinted(
        store, server.connector("crm"), "crm", object, run="r", now=lambda: NOW, report=lambda _tx, _found: None
    )


def named(store: Store, *ids: str) -> None:
    with store.tx("t") as tx:
        tx.hints.put("crm", [("deals", id) for id in ids], NOW)


def content(store: Store, id: str) -> object:
    with store.view() as tx:
        row = tx.inbox.get("crm", "deals", id)
    return None if row is None else (row.data["name"], row.deleted)


def test_what_was_named_is_read_from_the_system_changed_or_gone(store: Store, sandbox_server: StandIn) -> None:
    for id in ("D1", "D2", "D3"):
        sandbox_server.human("create", "deals", id, name=f"{id} first")
    named(store, "D1", "D2", "never")
    assert read(store, sandbox_server) == (3, 3)
    assert [content(store, id) for id in ("D1", "D2", "D3")] == [("D1 first", False), ("D2 first", False), None]
    sandbox_server.human("change", "deals", "D1", name="second")
    sandbox_server.human("delete", "deals", "D2")
    named(store, "D1", "D2")
    assert read(store, sandbox_server) == (2, 2)
    assert [content(store, id) for id in ("D1", "D2")] == [("second", False), ("D2 first", True)]
    assert waiting(store) == []
    assert read(store, sandbox_server) == (0, 0)


def test_many_are_read_page_by_page(store: Store, sandbox_server: StandIn) -> None:
    for number in range(3):
        sandbox_server.human("create", "deals", f"D{number}", name="one")
    named(store, *(f"D{number}" for number in range(450)))
    assert read(store, sandbox_server)[0] == 450
    assert content(store, "D2") == ("one", False)
    assert waiting(store) == []


def test_one_that_is_named_while_it_is_read_is_read_again(
    store: Store, sandbox_server: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    sandbox_server.human("create", "deals", "D1", name="one")
    named(store, "D1")
    connector = sandbox_server.connector("crm")
    fetch = connector.fetch

    def meanwhile(object: str, ids: Sequence[str]) -> object:
        found = fetch(object, ids)
        named(store, "D1")
        return found

    monkeypatch.setattr(connector, "fetch", meanwhile)
    with monkeypatch.context() as patch:
        patch.setattr(sandbox_server, "connector", lambda _name: connector)
        read(store, sandbox_server)
    assert waiting(store) == [("deals", "D1", 2)]


def test_a_system_that_is_not_reached_loses_no_hint(store: Store, sandbox_server: StandIn) -> None:
    named(store, "D1")
    sandbox_server.fault("error", status=400, next=1)
    with pytest.raises(Refused):
        read(store, sandbox_server)
    assert waiting(store) == [("deals", "D1", 1)]
