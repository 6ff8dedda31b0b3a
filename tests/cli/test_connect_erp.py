"""An ERP is connected: asked for, entered, chosen from its books, tried to the cent, and only then written."""

from __future__ import annotations

import io
import os
import re
import shutil
import socket
import subprocess
import sys
import threading
import webbrowser
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from billsync.cli import consenting, guard
from billsync.strict.yaml import load
from tests.cli.place import CONFIG, Place, Said
from tests.sandbox.stand_in import StandIn

TAXES = """\
    invoicing:
      taxes:   # ours
        - {code: standard, name: VAT 19 %, rate: "0.19"}
        - {code: low, rate: "0.07"}
"""
SECRET = "a-s3cret-word"


@pytest.fixture
def home(place: Place, sandbox_server: StandIn, sqlite_template: Path) -> Place:
    """A configuration without an ERP, and an ERP with a customer, a product and a password."""
    shutil.copy(sqlite_template, place.folder / "billsync.db")
    place.write("billsync.yaml", CONFIG + TAXES)
    sandbox_server.human("create", "customer", name="Acme")
    sandbox_server.human("create", "product", name="Seat")
    sandbox_server.set(password=SECRET, check_taxes=True)
    place.patch.setenv("ERP_PASSWORD", SECRET)
    return place


def connect(home: Place, there: StandIn, *more: str) -> Said:
    own = ("--connector", "sandbox", "--url", there.url, "--set", "password=env:ERP_PASSWORD")
    return home.billsync("connect", "erp", "erp", *own, *more)


def written(home: Place) -> dict[str, Any]:
    found: Any = load((home.folder / "billsync.yaml").read_text(), "").plain()
    return dict(found)


def answers(home: Place, *lines: str) -> None:
    """What a person types."""
    home.patch.setattr(sys, "stdin", io.StringIO("".join(f"{line}\n" for line in lines)))


# ---------------------------------------------------------------- without questions


def test_one_command_finds_accounts_and_taxes_tries_a_draft_and_writes_it_all(
    home: Place, sandbox_server: StandIn
) -> None:
    before = (home.folder / "billsync.yaml").read_text()
    said = connect(home, sandbox_server, "--yes", "--set", "revenue_account=4000", "--format", "json")
    assert said.code == 0, said.err
    erp = written(home)["connections"]["erp"]
    assert erp["tax_codes"] == {"standard": "V19", "low": "V7"}
    assert erp["password"] == "env:ERP_PASSWORD"
    assert {row["what"]: row["difference"] for row in said.json["trial"]["rows"]}["total"] in ("0", "0.00")
    assert said.json["trial"]["differs"] == ""
    assert written(home)["pipelines"]["billing"]["target"] == "erp"
    assert said.json["mappings"]["outbound"] == [
        f"mappings/sandbox/{name}.yaml" for name in ("customer", "product", "invoice", "credit_note")
    ]
    after = (home.folder / "billsync.yaml").read_text()
    assert [line for line in before.splitlines() if line not in after.splitlines()] == []
    assert sandbox_server.documents() == []  # the draft is gone
    assert SECRET not in said.out + said.err + after
    again = home.billsync("connect", "erp", "erp", "--yes")
    assert (again.code, "nothing was written" in again.out) == (0, True)
    assert home.billsync("doctor").code == 0


@pytest.mark.parametrize(
    ("change", "more", "code", "told"),
    [
        ({}, ("--set", "password=" + SECRET), 2, "is a secret"),
        ({}, ("--set", "colour=red"), 2, "has no key 'colour'"),
        ({"password": "another"}, (), 3, "user or password is wrong"),
        (
            {"taxes": "A:0.19:VAT,B:0.19:VAT services,L:0.07:low"},
            (),
            2,
            "--set tax_codes.standard=ID; there are A (VAT)",
        ),
        ({"tax_skew": "0.01"}, (), 4, "differs: total is"),
        ({"taxes": "L:0.07:low"}, (), 4, "None there has that rate"),
    ],
)
def test_what_is_wrong_is_told_and_leaves_nothing_behind(
    home: Place, sandbox_server: StandIn, change: dict[str, Any], more: tuple[str, ...], code: int, told: str
) -> None:
    before = {path: path.read_bytes() for path in sorted(home.folder.rglob("*.yaml"))}
    sandbox_server.set(**change)
    said = connect(home, sandbox_server, "--yes", *more)
    assert said.code == code, said
    assert told in said.out + said.err
    assert SECRET not in said.out + said.err
    assert {path: path.read_bytes() for path in sorted(home.folder.rglob("*.yaml"))} == before
    assert not (home.folder / "secrets").exists()


def test_a_draft_that_stays_is_named_and_a_system_that_is_gone_changes_nothing(
    home: Place, sandbox_server: StandIn
) -> None:
    sandbox_server.fault("error", path="/v1/invoice/invoice-1/discard", status=503)
    said = connect(home, sandbox_server, "--yes", "--dry-run")
    assert (said.code, sandbox_server.documents()) == (0, [])
    said = connect(home, sandbox_server, "--yes")
    assert said.code == 1
    assert "the draft invoice-1 could not be removed there" in said.err
    home.write("billsync.yaml", CONFIG)
    said = home.billsync("connect", "erp", "erp", "--connector", "sandbox", "--url", "http://127.0.0.1:9/", "--yes")
    assert said.code == 3
    assert (home.folder / "billsync.yaml").read_text() == CONFIG


# ---------------------------------------------------------------- with questions


def test_a_person_is_asked_what_only_a_person_knows_and_why(home: Place, sandbox_server: StandIn) -> None:
    sandbox_server.set(taxes="A:0.19:VAT,B:0.19:VAT services,L:0.07:low", password="")
    answers(home, "sandbox", sandbox_server.url, "2", "B", "", "y", "")
    said = home.billsync("connect", "erp", "books")
    assert said.code == 0, said.err
    books = written(home)["connections"]["books"]
    assert (books["revenue_account"], books["tax_codes"]) == ("4100", {"standard": "B", "low": "L"})
    for why in (
        "account that every line of a document is booked to",
        "our 'standard' of 19 %",
        "address: `http://127",
    ):
        assert why in said.err, why


def test_a_secret_that_is_typed_goes_into_a_file_of_its_own(home: Place, sandbox_server: StandIn) -> None:
    tryton = ("connect", "erp", "erp", "--connector", "tryton", "--url", "http://127.0.0.1:9/db/", "--set", "user=me")
    answers(home, SECRET)
    said = home.billsync(*tryton)
    assert said.code == 3  # nobody is there
    assert not (home.folder / "secrets").exists()
    assert SECRET not in said.out + said.err


def test_broken_off_in_the_middle_nothing_is_left(home: Place, sandbox_server: StandIn) -> None:
    before = (home.folder / "billsync.yaml").read_bytes()
    answers(home, "1")
    said = connect(home, sandbox_server)
    assert said.code == 2
    assert "nobody answers" in said.err
    assert (home.folder / "billsync.yaml").read_bytes() == before
    assert sorted(path.name for path in home.folder.iterdir() if path.suffix == ".yaml") == [
        "billsync.yaml",
        "deals.yaml",
    ]


# ---------------------------------------------------------------- by a browser

APP = ("--connector", "sandbox", "--set", "client_id=app", "--set", "client_secret=env:APP_SECRET")


@pytest.fixture
def app(home: Place, sandbox_server: StandIn) -> Place:
    """The ERP knows an app."""
    sandbox_server.set(password="", client_id="app", client_secret=SECRET)
    home.patch.setenv("APP_SECRET", SECRET)
    return home


def test_a_person_agrees_in_a_browser_and_the_tokens_are_sealed(app: Place, sandbox_server: StandIn) -> None:
    """The browser is a program of its own, found as any browser is."""
    page = app.write("browser.py", "import sys, urllib.request as u\nprint(u.urlopen(sys.argv[1]).read().decode())\n")
    command = [sys.executable, "-m", "billsync", "connect", "erp", "erp", "--url", sandbox_server.url, *APP, "--yes"]
    command += ["--redirect", f"http://127.0.0.1:{_port()}/back", "--wait", "30", "--set", "revenue_account=4000"]
    env = {**os.environ, "BROWSER": f"{sys.executable} {page} %s", "APP_SECRET": SECRET}
    done = subprocess.run(command, cwd=app.folder, env=env, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "You can close this window" in done.stdout
    assert written(app)["vault"] == "file:secrets/vault.key"
    assert (app.folder / "secrets/vault.key").stat().st_mode & 0o777 == 0o600
    assert "erp\toauth\t" in app.billsync("vault", "list").out


def _port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        found: int = probe.getsockname()[1]
    return found


def test_an_address_of_somebody_else_that_is_pasted_is_refused(app: Place, sandbox_server: StandIn) -> None:
    answers(app, "http://localhost:8461/billsync?code=c&state=of-somebody-else")
    said = app.billsync("connect", "erp", "erp", "--url", sandbox_server.url, *APP, "--yes", "--no-browser")
    assert said.code == 2
    assert "not the address that the browser was sent to" in said.err
    assert "vault" not in written(app)
    assert not (app.folder / "secrets").exists()


@dataclass
class Person:
    """Opens the address that is shown, and says what their browser met."""

    there: StandIn
    met: list[int] = field(default_factory=list)

    def agree(self, address: str) -> str:
        """Where the browser is sent."""
        return str(self.there.http.get(address).headers["location"])

    def open(self, address: str) -> bool:
        """As a browser does it: beside. A stranger's try comes first."""
        threading.Thread(target=self._comes_back, args=(self.agree(address),)).start()
        return True

    def _comes_back(self, address: str) -> None:
        foreign = address.rpartition("=")[0] + "=another"
        self.met += [httpx.get(each, trust_env=False).status_code for each in (foreign, address)]


def way(person: Person, capsys: pytest.CaptureFixture[str], **more: Any) -> consenting.Way:
    def pasted() -> str:
        return person.agree(re.findall(r"http://127\S+/authorize\S+", capsys.readouterr().err)[-1])

    own = {"redirect": f"http://localhost:{_port()}/back", "browser": True, "wait_s": 20, "pasted": pasted}
    return consenting.Way(**{**own, **more})


def test_only_the_answer_to_this_very_try_counts(
    sandbox_server: StandIn, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    sandbox_server.set(client_id="app", client_secret=SECRET)
    person, erp = Person(sandbox_server), sandbox_server.connector(client_id="app", client_secret=SECRET)
    monkeypatch.setattr(webbrowser, "open", person.open)
    consenting.let_in(erp, way(person, capsys))
    assert erp.check().system == "Sandbox"
    assert person.met[0] == 400
    consenting.let_in(erp, way(person, capsys, browser=False))  # pasted
    consenting.let_in(erp, way(person, capsys, redirect="https://app.example.com/back"))  # of another machine: too
    assert erp.check().system == "Sandbox"


def test_a_no_nobody_and_a_port_in_use_are_told(
    sandbox_server: StandIn, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    sandbox_server.set(client_id="app", client_secret=SECRET, consent="denied")
    person, erp = Person(sandbox_server), sandbox_server.connector(client_id="app", client_secret=SECRET)
    with pytest.raises(guard.Wrong, match="nobody agreed: access_denied"):
        consenting.let_in(erp, way(person, capsys, browser=False))
    monkeypatch.setattr(webbrowser, "open", lambda _address: False)
    with pytest.raises(guard.Wrong, match="nobody agreed within 0 seconds"):
        consenting.let_in(erp, way(person, capsys, wait_s=0))
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        there = f"http://localhost:{taken.getsockname()[1]}/back"
        with pytest.raises(guard.Wrong, match="--no-browser"):
            consenting.let_in(erp, way(person, capsys, redirect=there))
