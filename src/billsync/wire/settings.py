"""What a person may write under any connection that speaks HTTP.  (pure)"""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationInfo, field_validator

from billsync.wire.address import BadAddress, Reach, base_url, written


class HttpSettings(BaseModel):
    """Base of a connector's settings: where the system is, and how far the connection may reach.

    Attributes:
        allow_private: True where the host is one of the own network and is named, not written as an address.
        url: address of the system.  https, but for hosts of the own network.
        allow_hosts: further hosts that the system's answers may lead to (next pages, files): `host` or `host:port`.
        ca_file: PEM file with the authority that signed the system's certificate, relative to the configuration; None
            for the public authorities.  Certificates are always checked.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    allow_private: bool = False  # before `url`, which is judged by it
    url: str
    allow_hosts: tuple[str, ...] = ()
    ca_file: str | None = None

    @field_validator("url")
    @classmethod
    def _usable(cls, value: str, info: ValidationInfo) -> str:
        base_url(value, allow_private=info.data.get("allow_private", False))
        return value

    @field_validator("allow_hosts")
    @classmethod
    def _hosts(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for host in value:
            url = base_url(f"https://{host}/")
            if url.path != "/" or url.query or written(url.host) is not None:
                raise BadAddress("expected names of hosts, such as files.example.com or files.example.com:8443")
        return value

    def reach(self, root: Path) -> Reach:
        """How far the connection may reach; relative paths start from `root`."""
        return Reach(
            hosts=frozenset(self.allow_hosts),
            allow_private=self.allow_private,
            ca_file=None if self.ca_file is None else str(root / self.ca_file),
        )
