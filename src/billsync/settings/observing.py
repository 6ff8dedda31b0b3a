"""`observe:` of the configuration: what is told of what happens, and where it can be looked at.  (pure)"""

from __future__ import annotations

from ipaddress import ip_address
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from billsync.model.base import Id, Noun


class Traces(Noun):
    """Where traces go.

    Attributes:
        endpoint: takes OTLP over HTTP, such as `http://localhost:4318/v1/traces`; a log-in that it asks for stands in
            the environment variable OTEL_EXPORTER_OTLP_HEADERS.
    """

    endpoint: Annotated[str, Field(pattern=r"^https?://[^\s@?#]+$")]


class Observing(Noun):
    """What stands under `observe:`.

    Attributes:
        logs: `json` lines, `text` for people, `off`; `auto`: the daemon and workers tell JSON where standard output is
            no terminal, single commands tell nothing.  Single commands tell on standard error.
        level: what is less urgent is not told.
        listen: HOST:PORT for `/healthz`, `/readyz` and `/metrics` of the daemon and workers, or None for nowhere.
        hosts: names by which it may be asked beside `localhost` and the address itself.
        exposed: whether it may listen on an address that other machines reach.
        traces: None where traces go nowhere, unless OTEL_EXPORTER_OTLP_ENDPOINT says where.
    """

    logs: Literal["auto", "json", "text", "off"] = "auto"
    level: Literal["debug", "info", "warning", "error"] = "info"
    listen: Id | None = None
    hosts: tuple[Id, ...] = ()
    exposed: bool = False
    traces: Traces | None = None

    @field_validator("listen")
    @classmethod
    def _an_address(cls, value: str | None) -> str | None:
        if value is not None:
            split(value)
        return value

    @model_validator(mode="after")
    def _not_to_everybody(self) -> Observing:
        if self.listen is not None and not self.exposed and not _own(split(self.listen)[0]):
            raise ValueError(
                "listen: others could read there what is billed and when; listen on 127.0.0.1, "
                "or say `exposed: true` where a firewall or proxy stands before it"
            )
        return self


def split(listen: str) -> tuple[str, int]:
    """Host and port of `HOST:PORT`; IPv6 in brackets.  Raises ValueError."""
    host, _, port = listen.rpartition(":")
    bare = host.removeprefix("[").removesuffix("]")
    if not bare or not (port.isascii() and port.isdigit()) or int(port) > 65_535:
        raise ValueError("expected HOST:PORT such as 127.0.0.1:9464")
    return bare, int(port)


def _own(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
