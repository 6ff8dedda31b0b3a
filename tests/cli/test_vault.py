"""Keys and what they seal, by command: made, named, changed; nothing of them is ever shown."""

from __future__ import annotations

import pytest

from billsync.schedule import SystemClock
from billsync.store import Store
from billsync.vault import Vault, read_key
from tests.cli.place import Place


def test_a_key_is_made_named_and_changed_by_command(place: Place) -> None:
    assert place.billsync("vault", "new-key", "vault.key").code == 0
    assert (place.folder / "vault.key").stat().st_mode & 0o777 == 0o600
    assert "already" in place.billsync("vault", "new-key", "vault.key").err
    assert "names no key" in place.billsync("vault", "rotate").err
    config = place.folder / "billsync.yaml"
    config.write_text(config.read_text() + "vault: [file:vault.key]\n")
    assert place.billsync("sync").code == 0
    assert place.billsync("vault", "list").out == "nothing is kept\n"
    key = read_key((place.folder / "vault.key").read_text())
    opened = Store.open(f"sqlite:///{place.folder}/billsync.db")
    Vault(opened, "crm", lambda: [key], SystemClock(), "me").put("refresh", "token")
    opened.close()
    (row,) = place.billsync("vault", "list", "--format", "json").json
    assert (row["connection"], row["name"], row["opens"]) == ("crm", "refresh", True)
    assert ("vault", "ok") in [
        (row["check"], row["state"]) for row in place.billsync("doctor", "--format", "json").json
    ]
    place.billsync("vault", "new-key", "next.key")
    config.write_text(config.read_text().replace("file:vault.key", "file:next.key"))
    assert "sealed by another key" in place.billsync("doctor").out
    config.write_text(config.read_text().replace("file:next.key", "file:vault.key"))
    config.write_text(config.read_text().replace("[file:vault.key]", "[file:next.key, file:vault.key]"))
    assert place.billsync("vault", "rotate").out.startswith("1 sealed anew")
    assert place.billsync("vault", "forget", "crm", "refresh", "--reason", "new app").code == 0
    assert "keeps nothing called 'refresh'" in place.billsync("vault", "forget", "crm", "refresh").err


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("vault: hunter2", "expected a reference to a key"),
        ("vault: [env:KEY, hunter2]", "expected a reference to a key"),
        ("vault: file:bad.key", "expected a key of 32 bytes"),
        ("vault: env:NO_SUCH_KEY", "is not set"),
    ],
)
def test_what_is_wrong_with_the_key_is_told_with_its_line_and_without_the_key(
    place: Place, written: str, said: str
) -> None:
    place.write("bad.key", "hunter2").chmod(0o600)
    config = place.folder / "billsync.yaml"
    config.write_text(config.read_text() + written + "\n")
    found = place.billsync("vault", "list")
    assert found.code == 2
    assert said in found.err
    assert "billsync.yaml:16" in found.err
    assert "hunter2" not in found.err
