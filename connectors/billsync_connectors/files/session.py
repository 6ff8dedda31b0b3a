"""The connection to a machine that speaks SFTP: its address judged, its key compared before anything is said.  (shell)

paramiko, because the port is synchronous and takes its own socket, which leads to the address that was judged;
asyncssh, the other one, is the server of the tests.
"""

from __future__ import annotations

import base64
import hashlib
import io
import logging
import socket
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Final

import httpx

from billsync.connector import Refused, TryLater
from billsync.model.scalar import show
from billsync.wire import Reach
from billsync.wire.address import Address as IpAddress
from billsync.wire.address import BadAddress, allowed, written
from billsync.wire.pinned import resolve
from billsync_connectors.files.config import FilesConfig
from billsync_connectors.files.remote_address import Address

if TYPE_CHECKING:
    import paramiko
    from paramiko import PKey

_LOG: Final = "paramiko"
_QUIET: Final = logging.NullHandler()


class Session:
    """One connection, opened when it is first needed, and again after it broke."""

    def __init__(self, name: str, config: FilesConfig) -> None:
        self._name, self._config = name, config
        self._address = Address.read(config.folder)
        self._transport: paramiko.Transport | None = None
        self._sftp: paramiko.SFTPClient | None = None

    @property
    def shown(self) -> str:
        """The machine as the user knows it."""
        port = "" if self._address.port == 22 else f":{self._address.port}"
        return f"sftp://{self._address.host}{port}"

    @contextmanager
    def talk(self) -> Iterator[paramiko.SFTPClient]:
        """Speak with the machine.

        Raises OSError for what it says of a file, `TryLater` where it cannot be reached or the connection broke,
        `Refused` where its key is not the pinned one or the log-in is not taken.
        """
        paramiko = _library()
        try:
            yield self._client()
        except (EOFError, TimeoutError, ConnectionError, paramiko.SSHException, socket.gaierror) as error:
            self.close()
            raise self._lost(error) from None
        except OSError as error:
            if str(error) == "Socket is closed":
                self.close()
                raise self._lost(error) from None
            raise

    def _lost(self, error: Exception) -> TryLater:
        why = error.strerror if isinstance(error, OSError) and error.strerror else type(error).__name__
        return TryLater("connection_lost", f"{self._name}: the connection to {self.shown} broke ({why})", offline=True)

    def _client(self) -> paramiko.SFTPClient:
        if self._sftp is None or self._transport is None or not self._transport.is_active():
            self.close()
            self._transport = self._connected()
            self._log_in(self._transport)
            self._sftp = _library().SFTPClient.from_transport(self._transport)
            if self._sftp is None:
                raise Refused("no_sftp", f"{self._name}: {self.shown} does not offer SFTP")
            channel = self._sftp.get_channel()
            if channel is not None:
                channel.settimeout(self._config.timeout)
        return self._sftp

    def _connected(self) -> paramiko.Transport:
        """A connection whose other end has proven to hold a key that is pinned."""
        with ExitStack() as stack:
            transport: paramiko.Transport = _library().Transport(self._socket())
            stack.callback(transport.close)
            transport.start_client(timeout=self._config.timeout)
            key = transport.get_remote_server_key()
            self._check_key(key.get_name(), fingerprint(key.asbytes()))
            stack.pop_all()
        return transport

    def _check_key(self, kind: str, found: str) -> None:
        if found in self._config.host_key:
            return
        what = "no host_key is set" if not self._config.host_key else "that is not the host_key of the connection"
        advice = f"if its administrator confirms it, write `host_key: {found}`"
        message = f"{self._name}: {self.shown} shows the key {found} ({kind}), but {what}: no log-in was sent; {advice}"
        raise Refused("host_key", message)

    def _socket(self) -> socket.socket:
        """A socket to the first of the judged addresses that answers."""
        failed: OSError = OSError(0, "the name has no address")
        for address in self._judged():
            try:
                return socket.create_connection((str(address), self._address.port), timeout=self._config.timeout)
            except OSError as error:
                failed = error
        why = failed.strerror or "no answer in time"
        raise TryLater("not_sent", f"{self._name}: no connection to {self.shown} ({why})", offline=True)

    def _judged(self) -> Sequence[IpAddress]:
        host = self._address.host
        try:
            literal = written(host)
            found = [literal] if literal is not None else list(dict.fromkeys(resolve(host)))
            allowed(host, "sftp", found, Reach(allow_private=self._config.allow_private))
        except httpx.HTTPError as error:
            raise TryLater("address_not_allowed", f"{self._name}: {error}", offline=True) from None
        except BadAddress as error:
            raise Refused("bad_address", f"{self._name}: {error}") from None
        except (OSError, UnicodeError):
            message = f"{self._name}: the name {show(host)} is not known; is the address right?"
            raise TryLater("not_sent", message, offline=True) from None
        return found

    def _log_in(self, transport: paramiko.Transport) -> None:
        paramiko, config = _library(), self._config
        try:
            if config.private_key is not None:
                transport.auth_publickey(config.user, self._key())
            elif config.password is not None:
                transport.auth_password(config.user, config.password.get_secret_value(), fallback=False)
        except paramiko.AuthenticationException:
            message = (
                f"{self._name}: {self.shown} does not take the log-in of {show(config.user)}; check user and secret"
            )
            raise TryLater("auth", message, offline=True) from None

    def _key(self) -> PKey:
        """The private key.  Raises `Refused`; the message holds nothing of it."""
        library, config = _library(), self._config
        text = config.private_key.get_secret_value() if config.private_key else ""
        phrase = config.passphrase.get_secret_value() if config.passphrase else None
        for kind in (library.Ed25519Key, library.ECDSAKey, library.RSAKey):
            try:
                key: PKey = kind.from_private_key(io.StringIO(text.strip() + "\n"), phrase)
            except library.PasswordRequiredException:
                raise Refused("private_key", f"{self._name}: the private key needs its `passphrase`") from None
            except (library.SSHException, ValueError, IndexError):
                continue
            return key
        what = "is none that can be read (Ed25519, ECDSA or RSA, as OpenSSH or PEM text), or its passphrase is wrong"
        raise Refused("private_key", f"{self._name}: the private key {what}")

    def close(self) -> None:
        """Let go of the connection."""
        for one in (self._sftp, self._transport):
            if one is not None:
                with suppress(Exception):
                    one.close()
        self._sftp = self._transport = None


def fingerprint(key: bytes) -> str:
    """What `ssh-keygen -l` shows of a public key."""
    return "SHA256:" + base64.b64encode(hashlib.sha256(key).digest()).decode().rstrip("=")


def _library() -> ModuleType:
    """paramiko, imported when SFTP is first spoken.  Raises `Refused` where it is not installed."""
    try:
        paramiko = import_module("paramiko")
    except ModuleNotFoundError:
        raise Refused("extra_missing", 'sftp:// needs paramiko: pip install "billsync[sftp]"') from None
    logging.getLogger(_LOG).addHandler(_QUIET)  # what went wrong is said by our faults
    return paramiko
