"""A token that is exchanged with each use: never lost, never exchanged twice, never readable in the store."""

from __future__ import annotations

import threading

import pytest
from sqlalchemy import text

from billsync.connector import Keep, Memory, Refused
from billsync.schedule import SystemClock
from billsync.store import Store
from billsync.vault import BadKey, Key, Vault, new_key, read_key, sealed_anew

KEY = read_key(new_key())
OTHER = read_key(new_key())


def vault(store: Store, *keys: Key, connection: str = "crm") -> Vault:
    return Vault(store, connection, lambda: keys, SystemClock(), "me")


def test_what_is_kept_is_there_for_the_next_process_and_no_part_of_it_can_be_read_in_the_store(store: Store) -> None:
    assert vault(store, KEY).get("refresh") is None
    vault(store, KEY).put("refresh", "token-1")
    vault(store, KEY).put("refresh", "token-2 \N{SNOWMAN}")
    assert vault(store, KEY).get("refresh") == "token-2 \N{SNOWMAN}"
    assert vault(store, KEY, connection="erp").get("refresh") is None
    with store.view() as tx:
        row = tx.conn.execute(text("SELECT * FROM kept")).one()
    assert "token" not in " ".join(map(str, row))
    assert KEY.secret.hex() not in repr(KEY)


def test_the_same_text_is_sealed_otherwise_each_time(store: Store) -> None:
    seen = set()
    for _ in range(3):
        vault(store, KEY).put("refresh", "token")
        with store.view() as tx:
            stored = tx.kept.get("crm", "refresh")
            assert stored is not None
            seen.add(stored.sealed)
    assert len(seen) == 3


@pytest.mark.parametrize("change", ["UPDATE kept SET name = 'other'", "UPDATE kept SET connection = 'erp'"])
def test_a_row_that_is_moved_does_not_open_there(store: Store, change: str) -> None:
    vault(store, KEY).put("refresh", "token")
    with store.tx("t") as tx:
        tx.conn.execute(text(change))
    connection, name = ("erp", "refresh") if "erp" in change else ("crm", "other")
    with pytest.raises(Refused, match="was changed in the store"):
        vault(store, KEY, connection=connection).get(name)


@pytest.mark.parametrize("sealed", ["", "AAAA", "not base64 \N{SNOWMAN}", "A" * 400])
def test_a_row_that_is_spoilt_is_told(store: Store, sealed: str) -> None:
    vault(store, KEY).put("refresh", "token")
    with store.tx("t") as tx:
        tx.conn.execute(text("UPDATE kept SET sealed = :sealed"), {"sealed": sealed})
    with pytest.raises(Refused, match="was changed in the store"):
        vault(store, KEY).get("refresh")


def test_without_the_key_nothing_opens_and_the_message_says_what_to_do(store: Store) -> None:
    vault(store, KEY).put("refresh", "token")
    with pytest.raises(Refused, match="billsync vault forget crm refresh"):
        vault(store, OTHER).get("refresh")
    assert vault(store, OTHER, KEY).get("refresh") == "token"


def test_without_any_key_nothing_is_exchanged_that_could_not_be_kept(store: Store) -> None:
    with pytest.raises(Refused, match="billsync vault new-key"):
        vault(store).alone("refresh")
    with pytest.raises(Refused, match="billsync vault new-key"):
        vault(store).put("refresh", "token")


def test_keys_change_while_everything_goes_on(store: Store) -> None:
    vault(store, KEY).put("refresh", "token")
    vault(store, KEY, connection="erp").put("refresh", "other")
    assert sealed_anew(store, [OTHER, KEY]) == 2
    assert sealed_anew(store, [OTHER]) == 0
    assert vault(store, OTHER).get("refresh") == "token"
    with pytest.raises(ValueError, match="no key opens what crm keeps as refresh"):
        sealed_anew(store, [KEY])
    assert vault(store, OTHER, connection="erp").get("refresh") == "other"


class Server:
    """Exchanges the one good token for the next, as systems with rotation do: an old one ends everything."""

    def __init__(self) -> None:
        self.good, self.exchanges, self.broken = "t0", 0, False

    def exchange(self, token: str) -> str:
        self.exchanges += 1
        self.broken = self.broken or token != self.good
        self.good = f"t{self.exchanges}"
        return self.good


def exchanged(keep: Keep, server: Server, stale: str) -> str:
    """What a connector does whose token is not accepted any more."""
    with keep.alone("refresh"):
        token = keep.get("refresh") or "t0"
        if token != stale:
            return token  # somebody else did it meanwhile
        keep.put("refresh", server.exchange(token))
        return keep.get("refresh") or ""


def test_many_workers_whose_token_has_ended_exchange_it_once(store: Store) -> None:
    server = Server()
    got: list[str] = []

    def work() -> None:
        got.append(exchanged(vault(store, KEY), server, "t0"))

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (server.exchanges, server.broken, set(got)) == (1, False, {"t1"})


def test_a_memory_keeps_until_the_process_ends() -> None:
    server, keep = Server(), Memory()
    assert exchanged(keep, server, "t0") == "t1"
    assert exchanged(keep, server, "t1") == "t2"
    assert not server.broken


@pytest.mark.parametrize("text", ["", "short", "A" * 43, "\N{SNOWMAN}" * 43, "!" * 44])
def test_what_is_no_key_is_refused_and_not_shown(text: str) -> None:
    with pytest.raises(BadKey) as caught:
        read_key(text)
    assert not text or text not in str(caught.value)
