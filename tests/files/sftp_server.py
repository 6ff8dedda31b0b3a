"""A real SFTP server of another maker (asyncssh), in a thread of the tests, which can be told to misbehave.  (shell)"""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import asyncssh

PASSWORD = "s3cret-of-the-folder"


class Behaviour:
    """What the server does beside serving.

    Attributes:
        on_read: called with the path and offset before each block of a file is read.
        cut_rename: the connection ends while a file is being renamed: before it happened, or after.
        no_posix_rename: the server cannot replace a file in one step.
        reads: blocks that were read; opened: files that were opened to be read.
    """

    def __init__(self) -> None:
        self.on_read: Callable[[str, int], None] | None = None
        self.cut_rename = ""
        self.no_posix_rename = False
        self.full = False
        self.reads = 0
        self.opened: list[str] = []


class _Files(asyncssh.SFTPServer):
    def __init__(self, chan: asyncssh.SSHServerChannel[bytes], root: str, behaviour: Behaviour) -> None:
        super().__init__(chan, chroot=os.fsencode(root))
        self._behaviour = behaviour
        self._paths: dict[int, str] = {}

    def open(self, path: bytes, pflags: int, attrs: asyncssh.SFTPAttrs) -> Any:
        found = super().open(path, pflags, attrs)
        self._paths[id(found)] = path.decode()
        if not pflags & asyncssh.FXF_WRITE:
            self._behaviour.opened.append(path.decode())
        return found

    def read(self, file_obj: Any, offset: int, size: int) -> Any:
        self._behaviour.reads += 1
        if self._behaviour.on_read is not None:
            self._behaviour.on_read(self._paths.get(id(file_obj), ""), offset)
        return super().read(file_obj, offset, size)

    def write(self, file_obj: Any, offset: int, data: bytes) -> Any:
        if self._behaviour.full:
            raise asyncssh.SFTPFailure("No space left on device")
        return super().write(file_obj, offset, data)

    def posix_rename(self, oldpath: bytes, newpath: bytes) -> Any:
        if self._behaviour.no_posix_rename:
            raise asyncssh.SFTPOpUnsupported("unsupported operation")
        if self._behaviour.cut_rename == "before":
            self.channel.get_connection().abort()
            return None
        super().posix_rename(oldpath, newpath)
        if self._behaviour.cut_rename == "after":
            self.channel.get_connection().abort()
        return None


class _LogIn(asyncssh.SSHServer):
    def __init__(self, key: asyncssh.SSHKey, connections: list[asyncssh.SSHServerConnection], tried: list[str]) -> None:
        self._key, self._connections, self._tried = key, connections, tried

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._connections.append(conn)

    def begin_auth(self, username: str) -> bool:
        self._tried.append(username)
        return True

    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        return (username, password) == ("billsync", PASSWORD)

    def public_key_auth_supported(self) -> bool:
        return True

    def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        return key == self._key


class SftpServer:
    """One server with its folder.

    Attributes:
        port: where it listens on 127.0.0.1; fingerprint: of its key; user_key: a private key that may log in.
        tried: users who got as far as logging in.
    """

    def __init__(self, root: Path) -> None:
        self.behaviour = Behaviour()
        self.root, self.port = root, 0
        host = asyncssh.generate_private_key("ssh-ed25519")
        self.fingerprint = host.get_fingerprint()
        self.user_key = asyncssh.generate_private_key("ssh-ed25519")
        self.tried: list[str] = []
        self._host = host
        self._connections: list[asyncssh.SSHServerConnection] = []
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def start(self) -> None:
        self._thread.start()
        self._acceptor = asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(20)
        self.port = self._acceptor.get_port()

    async def _listen(self) -> asyncssh.SSHAcceptor:
        public = self.user_key.convert_to_public()
        return await asyncssh.listen(
            "127.0.0.1",
            0,
            server_host_keys=[self._host],
            server_factory=lambda: _LogIn(public, self._connections, self.tried),
            sftp_factory=lambda chan: _Files(chan, os.fspath(self.root), self.behaviour),
        )

    def cut(self) -> None:
        """End every connection, as a cable that is pulled does."""
        for connection in self._connections:
            self._loop.call_soon_threadsafe(connection.abort)
        self._connections.clear()

    def stop(self) -> None:
        async def closed() -> None:
            self._acceptor.close()
            await self._acceptor.wait_closed()
            for connection in self._connections:
                connection.abort()
            await asyncio.sleep(0.05)

        asyncio.run_coroutine_threadsafe(closed(), self._loop).result(20)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(20)
        self._loop.close()
