"""A26, A43: certificates are always checked, and an answer is never larger than agreed."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest

from billsync.connector import Fault, Refused, TryLater, Unclear
from billsync.wire import Client, Reach
from tests.cli.place import CONFIG, Place
from tests.wire import server as faults
from tests.wire.server import Handler, Script, Server

KEYS = Path(__file__).parent / "tls"
"""A test authority and a certificate of its for erp.example: they protect nothing and open nothing."""
AUTHORITY = str(KEYS / "authority.pem")

Make = Callable[..., Client]


def good(handler: Handler) -> None:
    handler.answer()


@pytest.fixture
def port(serve: Callable[[Script], Server], monkeypatch: pytest.MonkeyPatch) -> int:
    server = serve(good)
    monkeypatch.setattr(server, "handle_error", lambda *_: None)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(KEYS / "server.pem", KEYS / "server.key")
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    return int(server.server_address[1])


def here(_host: str) -> list[Any]:
    return [ip_address("127.0.0.1")]


def test_a43_an_authority_of_ones_own_is_named_and_the_certificate_fits_the_name(client: Make, port: int) -> None:
    reach = Reach(allow_private=True, ca_file=AUTHORITY)
    made = client(f"https://erp.example:{port}/", reach=reach, resolve=here)
    assert made.send("POST", "x", content="{}").value == {"ok": True}, "dialled by address, checked by name"


@pytest.mark.parametrize(
    ("host", "ca_file"), [("erp.example", None), ("other.example", AUTHORITY), ("127.0.0.1", AUTHORITY)]
)
def test_a43_a_certificate_that_nobody_vouches_for_is_refused(
    client: Make, port: int, host: str, ca_file: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.setenv(name, AUTHORITY)
    reach = Reach(allow_private=True, ca_file=ca_file)
    with pytest.raises(TryLater) as caught:
        client(f"https://{host}:{port}/", reach=reach, resolve=here).send("POST", "x", content="{}")
    assert caught.value.reason == "not_sent"
    assert "CERTIFICATE_VERIFY_FAILED" in caught.value.message


def test_a43_no_variable_of_the_environment_puts_a_proxy_in_between(
    client: Make, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    reach = Reach(allow_private=True, ca_file=AUTHORITY)
    assert client(f"https://erp.example:{port}/", reach=reach, resolve=here).read("GET", "x").value == {"ok": True}


@pytest.mark.parametrize("content", [None, b"no certificate", b""])
def test_a43_an_authority_that_cannot_be_read_is_refused(client: Make, tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "ca.pem"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(Refused) as caught:
        client("https://erp.example/", reach=Reach(ca_file=str(file)))
    assert caught.value.reason == "bad_ca_file"
    assert str(file) in caught.value.message


@pytest.mark.parametrize("setting", ["verify: false", "ssl_verify: false", "insecure: true", "verify_ssl: no"])
def test_a43_no_setting_turns_the_check_off(place: Place, setting: str) -> None:
    said = configured(place, setting)
    assert (said.code, said.out) == (2, "")
    assert "YAML-KEY-02 connection erp has no key" in said.err


def test_a43_a_ca_file_that_is_not_there_is_told_as_configuration(place: Place) -> None:
    said = configured(place, "ca_file: nowhere.pem")
    assert (said.code, said.out) == (2, "")
    assert said.err.startswith("billsync.yaml:11:16: CONF-PLUGIN-02 erp: ca_file")


def configured(place: Place, setting: str) -> Any:
    erp = (
        "  erp:\n    connector: tryton\n    url: https://erp.example.com/db/\n    user: u\n"
        f"    password: env:ERP_PASSWORD\n    {setting}\n"
    )
    place.patch.setenv("ERP_PASSWORD", "hunter2")
    place.write(
        "billsync.yaml",
        CONFIG.replace("pipelines:", f"{erp}pipelines:").replace("    mappings", "    target: erp\n    mappings"),
    )
    return place.billsync("sync")


def test_a26_a_few_kilobytes_do_not_become_gigabytes(serve: Callable[[Script], Server], client: Make) -> None:
    made = client(serve(faults.bomb).url)
    for call, kind in ((made.read, TryLater), (made.send, Unclear)):
        with pytest.raises(Fault) as caught:
            call("POST", "x", content="{}")
        assert (type(caught.value), caught.value.reason) == (kind, "too_large")
