"""The way to a host: its name is resolved once, judged, and connected to by the very address that was judged.  (shell)

A name that resolves to a good address for the check and to another for the connection gains nothing.  The host's name
stays in the Host header and in TLS, where the certificate is checked against it.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Sequence
from ipaddress import ip_address
from typing import Final

import httpx

from billsync.wire.address import Address, Reach, allowed, written

Resolve = Callable[[str], Sequence[Address]]
"""Host name -> its addresses, best first.  Raises OSError."""

_UNREACHED: Final = (httpx.ConnectError, httpx.ConnectTimeout)


def resolve(host: str) -> list[Address]:
    """The addresses of a name, by this machine's own resolver.  Raises OSError."""
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return [ip_address(str(entry[4][0])) for entry in found]


def trust(scheme: str, ca_file: str | None) -> ssl.SSLContext:
    """Whose certificates are trusted.  Raises OSError (of which ssl.SSLError is one) for a file that is no good."""
    if scheme != "https":
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # knows no authority: nothing would pass
    if ca_file is not None:
        return ssl.create_default_context(cafile=ca_file)
    return httpx.create_ssl_context(trust_env=False)


class Pinned(httpx.BaseTransport):
    """One connection at a time, to an address that was judged before.

    Args:
        reach: what may be reached.
        trusted: whose certificates are trusted.
        resolve: finds a name's addresses; replaced in tests.
    """

    def __init__(self, reach: Reach, trusted: ssl.SSLContext, resolve: Resolve = resolve) -> None:
        self._reach, self._trusted, self._resolve = reach, trusted, resolve
        self._host = ""
        self._found: Sequence[Address] = ()
        self._inner: httpx.HTTPTransport | None = None

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send to the host's address.  Raises what httpx raises; `NotAllowed` before anything is sent."""
        inner = self._towards(request)
        failed: Exception = httpx.ConnectError(f"{request.url.host} has no address", request=request)
        for address in self._found:
            try:
                return inner.handle_request(_at(request, address))
            except _UNREACHED as error:
                failed = error
        self.close()  # a host that moved is looked up anew
        raise failed

    def _towards(self, request: httpx.Request) -> httpx.HTTPTransport:
        """The transport to the request's host: never one whose connection was opened for another name."""
        if self._inner is None or self._host != request.url.host:
            self.close()
            self._found = self._judged(request)
            limits = httpx.Limits(max_connections=1, max_keepalive_connections=1)
            self._inner = httpx.HTTPTransport(verify=self._trusted, trust_env=False, limits=limits)
            self._host = request.url.host
        return self._inner

    def _judged(self, request: httpx.Request) -> list[Address]:
        host = request.url.host
        literal = written(host)
        try:
            found = [literal] if literal is not None else list(dict.fromkeys(self._resolve(host)))
        except (OSError, UnicodeError) as error:
            raise httpx.ConnectError("the name is not known", request=request) from error
        allowed(host, request.url.scheme, found, self._reach)
        return found

    def close(self) -> None:
        """Let go of the connection."""
        if self._inner is not None:
            self._inner.close()
        self._inner, self._host, self._found = None, "", ()


def _at(request: httpx.Request, address: Address) -> httpx.Request:
    """The same request, to be sent to one address; its Host header was made from the name and stays."""
    named = {} if written(request.url.host) is not None else {"sni_hostname": request.url.host}
    return httpx.Request(
        request.method,
        request.url.copy_with(host=str(address)),
        headers=request.headers,
        stream=request.stream,
        extensions={**request.extensions, **named},
    )
