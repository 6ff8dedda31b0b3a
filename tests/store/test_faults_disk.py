"""The disk under the store: full, flipped, torn, far away, or cut off from its power (F17, F18, F21, F22, F28, F29)."""

from __future__ import annotations

import re
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from functools import cache
from pathlib import Path

import pytest

from billsync.store import Store, StoreUnusable, disk
from billsync.verify import verify
from tests.push.fakes import HandClock
from tests.stage.office import Office
from tests.store.made import ROOT

_MOUNT = 'mount -t tmpfs -o size=3m tmpfs "$1" && shift && exec "$@"'


@cache
def _may_mount() -> str:
    """Why this machine gives us no disk of our own, or ""."""
    if shutil.which("unshare") is None:
        return "there is no `unshare`"
    tried = subprocess.run(
        ["unshare", "-rm", "sh", "-c", _MOUNT, "sh", "/mnt", "true"], check=False, capture_output=True
    )
    return tried.stderr.decode().strip() if tried.returncode else ""


def on_small_disk(folder: Path, case: str, target: str) -> list[str]:
    if why := _may_mount():
        pytest.skip(f"no file system can be mounted here: {why}")
    folder.mkdir()
    child = [sys.executable, "-m", "tests.store.small_disk", case, str(folder), target]
    command = ["unshare", "-rm", "sh", "-c", _MOUNT, "sh", str(folder), *child]
    done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_f17_nothing_is_sent_on_a_full_disk_and_it_goes_on_by_itself(tmp_path: Path) -> None:
    assert on_small_disk(tmp_path / "disk", "claim", "C") == [
        "push store_full requests 0",
        "readable READY []",
        "then done CONFIRMED documents 1",
        "sound []",
    ]


def test_f18_a_disk_that_fills_up_after_the_send_has_room_for_the_outcome(tmp_path: Path) -> None:
    assert on_small_disk(tmp_path / "disk", "reserve", "D") == [
        "push done CONFIRMED requests 1",
        "then done CONFIRMED documents 1",
        "sound []",
    ]


@pytest.mark.parametrize(
    ("target", "ends"), [("A", "CONFIRMED"), ("B", "CONFIRMED"), ("C", "CONFIRMED"), ("D", "REVIEW")]
)
def test_f18_without_that_room_the_outcome_is_unknown_and_nothing_is_sent_blind(
    tmp_path: Path, target: str, ends: str
) -> None:
    assert on_small_disk(tmp_path / "disk", "outcome", target) == [
        "push store_full INFLIGHT requests 1",
        f"then done {ends} documents 1",
        "sound []",
    ]


def test_the_reserve_is_made_again_and_never_in_the_way(tmp_path: Path) -> None:
    url, reserve = f"sqlite:///{tmp_path / 'store.db'}", tmp_path / "store.db.reserve"
    Store.open(url, create=True).close()
    assert reserve.stat().st_size == disk.RESERVE
    assert (disk.give_up_reserve(tmp_path / "store.db"), disk.give_up_reserve(tmp_path / "store.db")) == (True, False)
    Store.open(url).close()
    assert reserve.exists()


# ---------------------------------------------------------------- bytes that are not as they were


def lived(folder: Path) -> Path:
    """A store after a run, in one file."""
    store = Store.open(f"sqlite:///{folder / 'store.db'}", create=True)
    Office(folder, store).run()
    store.close()
    with closing(sqlite3.connect(folder / "store.db")) as conn:
        conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return folder / "store.db"


@pytest.mark.parametrize(
    ("pattern", "invariant"),
    [
        (rb'"subtotal":"(1)00', "I9"),  # an amount of an invoice
        (rb'"unit_price":"?(1)00', "I9"),  # one of a frozen payload
        (rb"READY\xe2?(I)NFLIGHT|READY(I)NFLIGHT", "I8"),  # a state in the audit
    ],
)
def test_f22_one_digit_that_flipped_on_disk_is_found_although_sqlite_sees_nothing(
    tmp_path: Path, pattern: bytes, invariant: str
) -> None:
    file = lived(tmp_path)
    raw = bytearray(file.read_bytes())
    found = re.search(pattern, raw)
    assert found is not None
    at = found.start(found.lastindex or 1)
    raw[at] = ord("9") if raw[at] == ord("1") else ord("X")
    file.write_bytes(raw)
    with closing(sqlite3.connect(file)) as conn:
        assert conn.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    store = Store.open(f"sqlite:///{file}")
    try:
        broken = verify(store, now=HandClock().now(), targets=frozenset({"erp"})).broken
    finally:
        store.close()
    assert invariant in {item.invariant for item in broken}


# ---------------------------------------------------------------- disks of other hosts

_MOUNTS = r"""22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
40 22 0:35 / /srv rw - nfs4 server:/srv rw,vers=4.2
41 40 0:36 / /srv/local\040disk rw master:9 - xfs /dev/vdb rw
42 22 0:37 / /mnt/share rw - cifs //server/share rw
garbage
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/home/me/books", "ext4"),
        ("/srv", "nfs4"),
        ("/srv/books", "nfs4"),
        ("/srvbooks", "ext4"),
        ("/srv/local disk/books", "xfs"),
        ("/mnt/share/a/b", "cifs"),
    ],
)
def test_f28_the_innermost_mount_says_what_a_path_lies_on(path: str, kind: str) -> None:
    assert disk.mounted_as(path, _MOUNTS) == kind


def test_f28_a_store_on_a_network_disk_is_refused_unless_it_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mounts = tmp_path / "mountinfo"
    mounts.write_text(
        f"22 1 254:0 / / rw - ext4 /dev/vda rw\n40 22 0:35 / {tmp_path.resolve()} rw - nfs4 server:/x rw\n"
    )
    monkeypatch.setattr(disk, "MOUNTS", mounts)
    url = f"sqlite:///{tmp_path / 'store.db'}"
    with pytest.raises(StoreUnusable, match=r"lies on nfs4.*local disk or Postgres.*network_disk=yes") as caught:
        Store.open(url, create=True)
    assert caught.value.reason == "store_unsuitable"
    assert not (tmp_path / "store.db").exists()
    store = Store.open(f"{url}?network_disk=yes", create=True)
    with store.tx("t") as tx:
        assert tx.ledger.draw("INV") == 1
    with store.lock("pipeline-a", "me"):
        pass
    store.close()


# ---------------------------------------------------------------- power

_CLAIM_AND_SEND = """
import os, sys
from tests.push.fakes import Books, Fake, HandClock
from tests.push.test_machine import plan, planned, push
from billsync.connector import Target
from billsync.store import Store

class Marked(Fake):
    def write(self, object, intents):
        os.access("/here/it/leaves", os.F_OK)
        return super().write(object, intents)

clock, store = HandClock(), Store.open(sys.argv[1], create=True)
plan(store, [planned(1)], clock)
store = Store.open(sys.argv[1], point=lambda name: os.access(f"/here/{name}", os.F_OK))
push(store, Marked.of(Books(Target.NONE), clock), clock)
"""


def test_f29_the_claim_is_on_disk_before_anything_leaves(tmp_path: Path) -> None:
    if shutil.which("strace") is None:
        pytest.skip("there is no `strace` here to count what reaches the disk")
    trace = tmp_path / "trace"
    calls = "trace=fsync,fdatasync,access,faccessat,faccessat2"
    command = ["strace", "-f", "-o", str(trace), "-e", calls, sys.executable, "-c", _CLAIM_AND_SEND]
    done = subprocess.run([*command, f"sqlite:///{tmp_path / 'store.db'}"], cwd=ROOT, check=False, capture_output=True)
    text = trace.read_text() if trace.exists() else ""
    if "Operation not permitted" in done.stderr.decode():
        pytest.skip("this machine does not let `strace` look at a process")
    assert done.returncode == 0, done.stderr.decode()
    before, leaving, _ = text.partition("/here/it/leaves")
    assert leaving
    claim = before.rpartition("/here/claim:before-commit")[2]
    assert re.search(r"f(data)?sync\(\d+\) += 0", claim)
    assert "/here/claim:after-commit" in claim
