"""Where a connection may lead: judged as it is written, and again as its name resolves.  (pure)

A name that somebody else controls must not lead billsync, with its log-ins, into the network it runs in.  So a name
reaches public addresses only; an address of one's own network has to be written out, or allowed by `allow_private`.
Some are never spoken to: cloud metadata, link-local, multicast, and IPv4 that is dressed up as IPv6.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

import httpx

Address = IPv4Address | IPv6Address


class Kind(StrEnum):
    """Whose an address is."""

    PUBLIC = "a public address"
    LOOPBACK = "an address of this machine"
    PRIVATE = "an address of a private network"
    NEVER = "an address that no connection may have"


_LOOPBACK: Final = [ip_network(net) for net in ("127.0.0.0/8", "::1/128")]
_PRIVATE: Final = [
    ip_network(net) for net in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7")
]
_NEVER: Final = [
    ip_network(net)
    for net in (
        "0.0.0.0/8",
        "169.254.0.0/16",  # link-local; the metadata of most clouds
        "100.100.100.200/32",  # metadata
        "168.63.129.16/32",  # metadata
        "fd00:ec2::254/128",  # metadata
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
        "2001::/23",  # Teredo and other protocols' own
        "2001:db8::/32",
        "2002::/16",  # 6to4: an IPv4 address inside
        "3fff::/20",
    )
]
_WORLD_6: Final = ip_network("2000::/3")
"""The only part of IPv6 that is given out: NAT64, IPv4-mapped, link-local and multicast addresses lie outside of it."""


def kind_of(address: Address) -> Kind:
    """Whose this address is; the narrower answer wins."""
    if isinstance(address, IPv6Address) and address.scope_id is not None:
        return Kind.NEVER
    if _within(address, _NEVER):
        return Kind.NEVER
    if _within(address, _LOOPBACK):
        return Kind.LOOPBACK
    if _within(address, _PRIVATE):
        return Kind.PRIVATE
    return Kind.PUBLIC if isinstance(address, IPv4Address) or address in _WORLD_6 else Kind.NEVER


def _within(address: Address, networks: Iterable[IPv4Network | IPv6Network]) -> bool:
    return any(address in network for network in networks)


# ---------------------------------------------------------------- as written


class BadAddress(ValueError):
    """The address cannot be used as it is written; the message never holds a password."""


def base_url(text: str, *, allow_private: bool = False) -> httpx.URL:
    """The address of a system as a person wrote it, its path ending with a slash.

    Plain http is for addresses of one's own network: written out as digits, `localhost`, or allowed by `allow_private`.
    Raises `BadAddress`.
    """
    try:
        url = httpx.URL(text.strip())
    except (httpx.InvalidURL, TypeError, ValueError):
        raise BadAddress("the address is not a URL") from None
    if url.scheme not in {"http", "https"} or not url.host or url.userinfo or url.fragment:
        raise BadAddress("the address must be http(s)://host/, without a password in it")
    literal = written(url.host)
    kind = Kind.PUBLIC if literal is None else kind_of(literal)
    if kind is Kind.NEVER:
        raise BadAddress(f"{url.host} is {kind}")
    if url.scheme == "http" and kind is Kind.PUBLIC and not allow_private and not is_this_machine(url.host):
        hint = "; for a host of your own network add `allow_private: true`" if literal is None else ""
        raise BadAddress(f"plain http lets everybody on the way read along: write https://{hint}")
    return url.copy_with(path=url.path if url.path.endswith("/") else url.path + "/")


def written(host: str) -> Address | None:
    """The address that a host is written as, or None for a name.

    Raises `BadAddress` for digits that are no plain address: `127.1`, `0x7f.1` and `2130706433` are spellings to
    deceive, and resolve to 127.0.0.1.
    """
    try:
        return ip_address(host.strip("[]"))
    except ValueError:
        last = host.rstrip(".").rpartition(".")[2].lower()
        if last.isdigit() or last.startswith("0x") or ":" in host:
            raise BadAddress(
                f"{host[:60]} is no name, and no address written as 203.0.113.7 or [2001:db8::7]"
            ) from None
        return None


def is_this_machine(host: str) -> bool:
    """Whether a name means this machine by its own meaning (RFC 6761)."""
    name = host.rstrip(".").lower()
    return name == "localhost" or name.endswith(".localhost")


# ---------------------------------------------------------------- as it resolves


class NotAllowed(httpx.ConnectError):
    """The name leads to where this connection may not go; nothing was sent."""


@dataclass(frozen=True, slots=True)
class Reach:
    """What a connection may reach beside the host that it names.

    Attributes:
        hosts: further hosts that an absolute URL in an answer may lead to: `host` or `host:port`.
        allow_private: whether names may lead into private networks and to this machine, and plain http to them.
        ca_file: PEM file of the only authorities whose certificates are trusted, or None for the public ones.
    """

    hosts: frozenset[str] = frozenset()
    allow_private: bool = False
    ca_file: str | None = None


def allowed(host: str, scheme: str, found: Iterable[Address], reach: Reach) -> None:
    """Judge what a host resolved to.  Raises `NotAllowed` where one of the addresses is not for this connection."""
    literal = written(host)
    for address in found:
        kind = kind_of(address)
        own = kind in {Kind.LOOPBACK, Kind.PRIVATE} and (
            reach.allow_private or literal is not None or (kind is Kind.LOOPBACK and is_this_machine(host))
        )
        if not own and (kind is not Kind.PUBLIC or is_this_machine(host)):
            cure = "" if kind is Kind.NEVER else "; if it is your own, write `allow_private: true` in the connection"
            raise NotAllowed(f"{host} leads to {address}, {kind}: nothing was sent{cure}")
        if kind is Kind.PUBLIC and scheme == "http":
            raise NotAllowed(f"{host} leads to {address}, {kind}: nothing is sent there by plain http, write https://")
