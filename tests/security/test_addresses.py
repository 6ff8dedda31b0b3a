"""A8 to A12: nobody leads a connection to where it was not meant to go."""

from __future__ import annotations

import socket
from collections.abc import Callable
from ipaddress import ip_address
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from billsync.connector import Fault, Refused, TryLater
from billsync.wire import Client, HttpSettings, Reach
from billsync.wire.address import Kind, kind_of
from tests.cli.place import CONFIG, Place
from tests.wire.server import Handler, Script, Server

Serve = Callable[[Script], Server]
Make = Callable[..., Client]

OWN = Reach(allow_private=True)
PUBLIC = "8.8.8.8"


def good(handler: Handler) -> None:
    handler.answer()


class Names:
    """A resolver that gives one answer after the other, the last for ever."""

    def __init__(self, *answers: str) -> None:
        self.answers, self.asked = list(answers), list[str]()

    def __call__(self, host: str) -> list[Any]:
        self.asked.append(host)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return [ip_address(part) for part in answer.split()]


@pytest.fixture
def dialled(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The addresses that were connected to; none of them answers."""
    found: list[str] = []

    def create(address: tuple[str, int], *_args: Any, **_options: Any) -> socket.socket:
        found.append(address[0])
        raise ConnectionRefusedError(111, "Connection refused")

    monkeypatch.setattr(socket, "create_connection", create)
    return found


# ---------------------------------------------------------------- A8, A9: as written


DECEIVING = [
    "https://169.254.169.254/latest/meta-data",
    "http://169.254.169.254/",
    "https://127.1/",
    "https://0x7f.1/",
    "https://0x7f000001/",
    "https://2130706433/",
    "https://0177.0.0.1/",
    "https://127.0.0.01/",
    "https://①②⑦.⓪.⓪.①/",
    "https://0.0.0.0/",
    "https://[::]/",
    "https://[::ffff:127.0.0.1]/",
    "https://[::127.0.0.1]/",
    "https://[64:ff9b::7f00:1]/",
    "https://[2002:7f00:1::]/",
    "https://[2001:0:7f00:1::]/",
    "https://[fe80::1]/",
    "https://[fe80::1%25eth0]/",
    "https://[ff02::1]/",
    "https://[fd00:ec2::254]/",
    "https://224.0.0.1/",
    "https://255.255.255.255/",
    "https://100.100.100.200/",
    "https://168.63.129.16/",
    "http://erp.example.com/",
    "http://8.8.8.8/",
    "gopher://erp.example.com/",
    "file:///etc/passwd",
    "https://user:hunter2@erp.example.com/",
    "https://erp.example.com/#@169.254.169.254",
    "https://erp.example.com\\@169.254.169.254/",
    "https://erp.example.com\x00.evil.example/",
    "https://",
]


@pytest.mark.parametrize("url", DECEIVING)
def test_a8_a9_an_address_to_deceive_is_refused_where_it_is_written(url: str) -> None:
    with pytest.raises(ValidationError) as caught:
        HttpSettings.model_validate({"url": url})
    (fault,) = caught.value.errors()
    assert (fault["type"], fault["loc"]) == ("value_error", ("url",))
    assert "hunter" not in fault["msg"]


@pytest.mark.parametrize(
    "url", ["https://169.254.169.254/", "https://2130706433/", "https://user:hunter2@erp.example.com/"]
)
def test_a8_the_command_refuses_it_with_its_line(place: Place, url: str) -> None:
    erp = f'  erp:\n    connector: tryton\n    url: "{url}"\n    user: u\n    password: env:ERP_PASSWORD\n'
    place.write("billsync.yaml", CONFIG.replace("pipelines:", f"{erp}pipelines:").replace("    mappings", _TO_ERP))
    place.patch.setenv("ERP_PASSWORD", "hunter3")
    said = place.billsync("sync")
    assert (said.code, said.out) == (2, "")
    assert said.err.startswith("billsync.yaml:12:10: YAML-VALUE-01 connection erp url: ")
    assert "hunter" not in said.err


_TO_ERP = "    target: erp\n    mappings"


def test_a8_the_setting_that_is_wrong_is_named_with_its_line_and_its_cure(place: Place) -> None:
    erp = (
        "  erp:\n    connector: tryton\n    url: http://tryton:8000/db/\n    user: u\n    password: env:ERP_PASSWORD\n"
    )
    config = CONFIG.replace("pipelines:", f"{erp}pipelines:").replace("    mappings", _TO_ERP)
    place.write("billsync.yaml", config)
    place.patch.setenv("ERP_PASSWORD", "hunter3")
    said = place.billsync("sync")
    assert said.err.startswith("billsync.yaml:12:10: YAML-VALUE-01 connection erp url: plain http")
    assert "allow_private: true" in said.err
    place.write("billsync.yaml", config.replace("    user: u", "    user: u\n    allow_private: true"))
    assert place.billsync("sync").code != 2, "now it may be tried"


# ---------------------------------------------------------------- A8, A9: as it resolves


@pytest.mark.parametrize(
    ("resolved", "reach"),
    [
        ("127.0.0.1", None),
        ("10.0.0.5", None),
        ("192.168.1.1", None),
        ("100.64.0.1", None),
        ("fd12::1", None),
        ("::1", None),
        ("8.8.8.8 127.0.0.1", None),
        ("169.254.169.254", OWN),
        ("100.100.100.200", OWN),
        ("fd00:ec2::254", OWN),
        ("::ffff:10.0.0.5", OWN),
        ("64:ff9b::a00:5", OWN),
        ("2002:a00:5::", OWN),
        ("fe80::1%eth0", OWN),
        ("224.0.0.1", OWN),
        ("0.0.0.0", OWN),
    ],
)
def test_a8_a9_a_name_that_leads_inside_is_not_connected_to(
    client: Make, dialled: list[str], resolved: str, reach: Reach | None
) -> None:
    here = client("https://erp.example/", reach=reach, resolve=Names(resolved))
    with pytest.raises(TryLater) as caught:
        here.send("POST", "x", content="{}")
    assert (caught.value.reason, caught.value.offline, dialled) == ("address_not_allowed", True, [])
    assert "nothing was sent" in caught.value.message


def test_a8_localhost_is_this_machine_and_nothing_else(serve: Serve, client: Make, dialled: list[str]) -> None:
    with pytest.raises(TryLater) as caught:
        client("http://localhost:1/", resolve=Names("10.0.0.5")).read("GET", "x")
    assert (caught.value.reason, dialled) == ("address_not_allowed", [])
    with pytest.raises(TryLater) as caught:
        client("http://localhost:1/", resolve=Names("::1 127.0.0.1")).read("GET", "x")
    assert (caught.value.reason, dialled[:2]) == ("not_sent", ["::1", "127.0.0.1"])


def test_a8_plain_http_never_leaves_the_own_network(client: Make, dialled: list[str]) -> None:
    here = client("http://erp.corp/", reach=OWN, resolve=Names(PUBLIC))
    with pytest.raises(TryLater, match="write https") as caught:
        here.read("GET", "x")
    assert (caught.value.reason, dialled) == ("address_not_allowed", [])


def test_a_host_of_the_own_network_is_reached_by_its_name(serve: Serve, client: Make) -> None:
    server = serve(good)
    url = server.url.replace("127.0.0.1", "erp.corp")
    assert client(url, reach=OWN, resolve=Names("127.0.0.1")).read("GET", "x").value == {"ok": True}
    assert server.seen[0][3]["Host"] == f"erp.corp:{server.server_address[1]}"


def test_an_address_that_does_not_answer_gives_way_to_the_next(serve: Serve, client: Make) -> None:
    server = serve(good)
    url = server.url.replace("127.0.0.1", "erp.corp")
    here = client(url, reach=OWN, resolve=Names("127.0.0.9 127.0.0.1"))
    assert here.send("POST", "x", content="{}").value == {"ok": True}
    assert len(server.seen) == 1


@given(st.ip_addresses())
def test_a9_no_public_answer_for_what_python_calls_private(address: Any) -> None:
    """Python's own opinion is too friendly, but where it says no, so do we."""
    if not address.is_global or address.is_multicast:
        assert kind_of(address) is not Kind.PUBLIC


@given(st.ip_addresses(v=4))
def test_a9_ipv4_inside_of_ipv6_is_never_spoken_to(inner: Any) -> None:
    number = int(inner)
    for outer in (0xFFFF << 32 | number, 0x64FF9B << 96 | number, 0x2002 << 112 | number << 80, 1 << 64 | number):
        assert kind_of(ip_address(outer.to_bytes(16, "big"))) is Kind.NEVER


# ---------------------------------------------------------------- A10: rebinding


def test_a10_the_address_that_was_judged_is_the_one_that_is_dialled(client: Make, dialled: list[str]) -> None:
    names = Names(PUBLIC, "127.0.0.1")
    here = client("https://erp.example/", attempts=1, resolve=names)
    with pytest.raises(TryLater):
        here.read("GET", "x")
    assert (dialled, names.asked) == ([PUBLIC], ["erp.example"])
    with pytest.raises(TryLater) as caught:
        here.read("GET", "x")
    assert (caught.value.reason, dialled) == ("address_not_allowed", [PUBLIC]), "looked up anew, judged anew"


def test_a10_a_name_that_moves_while_we_talk_moves_nothing(serve: Serve, client: Make) -> None:
    server = serve(good)
    names = Names("127.0.0.1", "169.254.169.254")
    here = client(server.url.replace("127.0.0.1", "erp.corp"), reach=OWN, resolve=names)
    for _ in range(3):
        here.read("GET", "x")
    assert (len(server.seen), names.asked) == (3, ["erp.corp"])


# ---------------------------------------------------------------- A11, A12: led away by answers


@pytest.mark.parametrize(
    "target",
    [
        "http://169.254.169.254/latest",
        "http://127.0.0.1:1/x",
        "//localhost/x",
        "https://127.0.0.1/x",
        "file:///etc/passwd",
    ],
)
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a11_a_redirect_leads_nowhere_else(serve: Serve, client: Make, target: str, status: int) -> None:
    server = serve(lambda handler: handler.answer(status, b"", Location=target))
    here = client(server.url, headers={"Authorization": "Bearer hunter2"})
    with pytest.raises(Fault):
        here.read("GET", "x")
    with pytest.raises(Fault):
        here.send("POST", "x", content="{}")
    assert len(server.seen) == 2, "one request each"


def test_a12_a_next_link_stays_with_its_origin_or_the_hosts_that_are_named(serve: Serve, client: Make) -> None:
    server, other = serve(good), serve(good)
    port = other.server_address[1]
    names = Names("127.0.0.1")
    reach = Reach(hosts=frozenset({f"files.corp:{port}"}), allow_private=True)
    here = client(server.url, reach=reach, resolve=names)
    assert here.read("GET", f"http://files.corp:{port}/next").value == {"ok": True}
    for link in (
        other.url,
        f"http://files.corp:{port + 1}/next",
        "http://files.corp/next",
        f"https://files.corp:{port}/",
    ):
        with pytest.raises(Refused) as caught:
            here.read("GET", link)
        assert caught.value.reason == "foreign_host"
    assert (len(server.seen), len(other.seen)) == (0, 1)


def test_a12_a_host_without_a_port_is_meant_at_its_usual_one(client: Make, dialled: list[str]) -> None:
    here = client("https://erp.example/", reach=Reach(hosts=frozenset({"files.example"})), resolve=Names(PUBLIC))
    with pytest.raises(Refused) as caught:
        here.read("GET", "https://files.example:8443/x")
    assert (caught.value.reason, dialled) == ("foreign_host", [])
    with pytest.raises(TryLater):
        here.read("GET", "https://files.example/x")
    assert dialled[0] == PUBLIC


def test_a12_a_named_host_that_leads_inside_is_not_followed(client: Make, dialled: list[str]) -> None:
    reach = Reach(hosts=frozenset({"files.example"}))
    here = client("https://erp.example/", reach=reach, resolve=Names("127.0.0.1"))
    with pytest.raises(TryLater) as caught:
        here.read("GET", "https://files.example/x")
    assert (caught.value.reason, dialled) == ("address_not_allowed", [])
