"""A real Tryton ERP on this machine, for the demo and the tests: its own process, on loopback only.  (shell)

The database is built once and kept in a cache; a folder gets a copy, a password and a port of its own.  Tryton is
GPL-3: its commands are run, nothing of it is imported.  The connector's code is not used: each judges the other.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import secrets
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from importlib.metadata import distributions
from pathlib import Path
from typing import Any, Final

import httpx

from billsync.connector import NoSandbox
from billsync.local import LocalProcess, write_secret
from billsync_connectors.tryton import sandbox_setup
from billsync_connectors.tryton.sandbox_rpc import Rpc, RpcError, Warned, Wizard
from billsync_connectors.tryton.sandbox_setup import MODULES, PAYMENT_METHOD, set_up

DATABASE: Final = "billsync"
USER: Final = "admin"
YEARS: Final = tuple(range(2016, 2028))
_START_S: Final = 60


class SandboxError(NoSandbox):
    """The sandbox cannot be built, started or used; the message says what to do."""

    def __init__(self, message: str) -> None:
        super().__init__("no_sandbox", message)


class TrytonSandbox:
    """One Tryton, kept in one folder.

    Attributes:
        folder: holds the database, the password (0600), the port, the log.
        cache: folder for finished databases, shared by all sandboxes; None builds anew each time.
        currency: ISO 4217 code of the company's books.
        years: fiscal years, each with monthly periods and a number series of its own.
    """

    def __init__(
        self, folder: Path, *, cache: Path | None = None, currency: str = "USD", years: Sequence[int] = YEARS
    ) -> None:
        self.folder = folder.absolute()
        self.cache = cache.absolute() if cache else None
        self.currency = currency
        self.years = tuple(years)
        self._process = LocalProcess(self.folder, "tryton", str(self.folder / "trytond.conf"), _START_S)

    # ------------------------------------------------------------ up and down

    def up(self, progress: Callable[[str], None] = lambda _line: None) -> dict[str, str]:
        """Start it, building it first where needed; the connection's settings: url, user, password.

        One that already answers is used as it is.  Raises `SandboxError`.
        """
        if not self.running():
            self.folder.mkdir(parents=True, exist_ok=True)
            if not self._database.exists() or self._unowned.exists():
                self._provide(progress)
            progress("starting Tryton")
            self._start()
        return self._settings()

    def down(self) -> None:
        """Stop it, if it runs; the data stays."""
        self._process.stop()

    def running(self) -> bool:
        """Whether this folder's Tryton is there and answers."""
        return self._process.pid() is not None and self._answers()

    # ------------------------------------------------------------ what a person does in it

    def pay(self, reference: str, amount: Decimal, on: date, description: str = "") -> None:
        """Book a payment of the customer invoice with this reference, wholly or in part, through the pay dialogue.

        Raises `SandboxError` where no posted invoice has the reference.
        """
        with self.rpc() as rpc:
            rows = rpc.find("account.invoice", [["reference", "=", reference], ["state", "=", "posted"]])
            if not rows:
                raise SandboxError(f"Tryton has no posted invoice with the reference {reference}")
            method = rpc.one("account.invoice.payment.method", [["name", "=", PAYMENT_METHOD]])["id"]
            wizard = Wizard(rpc, "account.invoice.pay", "account.invoice", rows[0]["id"])
            facts = {"amount": amount, "date": on, "description": description, "payment_method": method}
            if wizard.step("choice", "start", **facts):
                wizard.step("pay", "ask", type="partial")
            wizard.close()

    def take_back(self, line: str) -> None:
        """Cancel the move of a payment (`line` is its id), by the dialogues; what is reconciled is opened first."""
        with self.rpc() as rpc:
            row = rpc.one("account.move.line", [["id", "=", int(line)]], "move", "reconciliation")
            if row["reconciliation"]:
                Wizard(rpc, "account.move.unreconcile_lines", "account.move.line", row["id"]).close()
            wizard = Wizard(rpc, "account.move.cancel", "account.move", row["move"])
            try:
                wizard.step("cancel", "default")
            except Warned as warned:  # that moves of invoices are cancelled
                rpc.create("res.user.warning", user=rpc.user_id, name=warned.name)
                wizard.step("cancel", "default")
            wizard.close()

    def invoices(self) -> list[dict[str, Any]]:
        """All customer invoices: reference, number, state, amounts (Decimal), currency, party code, number of lines."""
        fields = ("reference", "number", "state", "invoice_date", "untaxed_amount", "tax_amount", "total_amount")
        with self.rpc() as rpc:
            rows = rpc.find(
                "account.invoice",
                [["type", "=", "out"]],
                *fields,
                "amount_to_pay",
                "currency.code",
                "party.code",
                "lines",
            )
        return [
            {name: row[name] for name in ("id", *fields, "amount_to_pay")}
            | {"currency": row["currency."]["code"], "party": row["party."]["code"], "lines": len(row["lines"])}
            for row in rows
        ]

    @contextmanager
    def rpc(self) -> Iterator[Rpc]:
        """A session of the administrator, for what a person would do in Tryton.  Raises `SandboxError`."""
        try:
            rpc = Rpc(**self._settings())
        except (OSError, httpx.HTTPError) as error:
            raise SandboxError(f"the Tryton in {self.folder} is not reached ({error}): start it first") from None
        try:
            yield rpc
        finally:
            rpc.close()

    # ------------------------------------------------------------ building

    def _provide(self, progress: Callable[[str], None]) -> None:
        kept = self.cache / f"tryton-{self._key()}" if self.cache else None
        with _turn(kept):
            if kept is None or not kept.exists():
                kept = self._make(kept, progress)
        progress("copying the Tryton database")
        self._database.parent.mkdir(parents=True, exist_ok=True)
        draft = self._database.with_suffix(".new")
        shutil.copyfile(kept / "books.sqlite", draft)
        write_secret(self.folder / "password", (kept / "password").read_text())
        self._unowned.touch()
        draft.replace(self._database)
        shutil.rmtree(self.folder / "building", ignore_errors=True)

    def _make(self, kept: Path | None, progress: Callable[[str], None]) -> Path:
        progress("building a Tryton database, once: about half a minute")
        building = self.folder / "building"
        shutil.rmtree(building, ignore_errors=True)
        made = TrytonSandbox(building, currency=self.currency, years=self.years)
        made._build()
        return _keep(building, kept)

    def _build(self) -> None:
        self._database.parent.mkdir(parents=True, exist_ok=True)
        write_secret(self.folder / "password", secrets.token_urlsafe(24))
        self._database.touch()
        modules = ("ir", "res", *MODULES)
        self._run("trytond-admin", "-u", *modules, "--activate-dependencies", "--email", "sandbox@example.com")
        self._start()
        try:
            with self.rpc() as rpc:
                set_up(rpc, self.currency, self.years)
        except RpcError as error:
            raise SandboxError(f"Tryton could not be set up: {error}") from None
        finally:
            self.down()
        with contextlib.closing(sqlite3.connect(self._database)) as database:
            database.execute("pragma wal_checkpoint(truncate)")

    def _run(self, command: str, *options: str) -> None:
        line = [_program(command), "-c", str(self._configure()), "-d", DATABASE, *options]
        done = subprocess.run(
            line, env=self._environment(), capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
        )
        if done.returncode:
            raise SandboxError(f"{command} failed: {(done.stderr or done.stdout).strip()[-500:]}")

    def _key(self) -> str:
        versions = sorted(
            f"{item.name}=={item.version}" for item in distributions() if item.name.lower().startswith("trytond")
        )
        text = Path(sandbox_setup.__file__).read_text(encoding="utf-8")
        facts = json.dumps([versions, text, self.currency, self.years])
        return hashlib.sha256(facts.encode()).hexdigest()[:16]

    # ------------------------------------------------------------ the process

    def _start(self) -> None:
        command = [_program("trytond"), "-c", str(self._configure(self._process.port())), "-d", DATABASE]
        try:
            self._process.start(command, self._answers, self._environment())
        except NoSandbox as fault:
            raise SandboxError(fault.message) from None
        if self._unowned.exists():
            self._own_password()

    def _own_password(self) -> None:
        """A copy starts with the password of the cached database: give it one of its own."""
        own = secrets.token_urlsafe(24)
        with self.rpc() as rpc:
            rpc.call("model.res.user.write", [rpc.user_id], {"password": own})
        write_secret(self.folder / "password", own)
        self._unowned.unlink()

    def _answers(self) -> bool:
        body = {"id": 0, "method": "common.server.version", "params": []}
        try:
            answer = httpx.post(f"http://127.0.0.1:{self._process.port()}/rpc/", json=body, timeout=5, trust_env=False)
        except httpx.HTTPError:
            return False
        return answer.status_code == 200 and "result" in answer.text

    def _configure(self, port: int = 0) -> Path:
        path = self.folder / "trytond.conf"
        path.write_text(
            f"[database]\nuri = sqlite://\npath = {self._database.parent}\nlist = False\n"
            f"[web]\nlisten = 127.0.0.1:{port}\n[session]\ntimeout = 86400\n"
        )
        return path

    def _environment(self) -> dict[str, str]:
        """Nothing of the caller's surroundings: it works without HOME, and no TRYTOND_ variable bends it."""
        here = {
            "PYTHONOPTIMIZE": "1",
            "HOME": str(self.folder),
            "USER": "sandbox",
            "LOGNAME": "sandbox",
            "LANG": "C.UTF-8",
        }
        return {**here, "PATH": os.defpath, "TRYTONPASSFILE": str(self.folder / "password")}

    @property
    def _unowned(self) -> Path:
        """Marks a copied database that still has the cached one's password; where a start failed, it is copied anew."""
        return self.folder / "unowned"

    @property
    def _database(self) -> Path:
        return self.folder / "db" / f"{DATABASE}.sqlite"

    def _settings(self) -> dict[str, str]:
        password = (self.folder / "password").read_text()
        return {"url": f"http://127.0.0.1:{self._process.port()}/{DATABASE}/", "user": USER, "password": password}


def _program(name: str) -> str:
    path = Path(sys.executable).parent / name
    if not path.exists():
        raise SandboxError('Tryton is not installed beside this Python: pip install "billsync[demo]"')
    return str(path)


def _keep(built: Path, kept: Path | None) -> Path:
    """Move a finished database into the cache, in one step; where another run was faster, its copy is as good."""
    target = built / "finished"
    target.mkdir()
    (built / "db" / f"{DATABASE}.sqlite").rename(target / "books.sqlite")
    (built / "password").rename(target / "password")
    if kept is None:
        return target
    kept.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(FileExistsError, OSError):
        target.rename(kept)
    return kept if kept.exists() else target


@contextmanager
def _turn(kept: Path | None) -> Iterator[None]:
    """One process builds for a cache at a time: the others wait, and find what it built."""
    if kept is None:
        yield
        return
    kept.parent.mkdir(parents=True, exist_ok=True)
    with kept.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
