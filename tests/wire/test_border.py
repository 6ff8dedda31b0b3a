"""No exception of httpx crosses the port, whichever it is; and how Retry-After is read."""

from __future__ import annotations

import inspect
from collections.abc import Callable

import httpx
import pytest
import respx
from hypothesis import given
from hypothesis import strategies as st

from billsync.connector import Fault, Refused, TryLater, Unclear
from billsync.wire import Client
from billsync.wire.retry_after import LONGEST_S, seconds

NOT_SENT = {"ConnectError", "ConnectTimeout", "PoolTimeout", "ProxyError"}
UNUSABLE = {"UnsupportedProtocol", "InvalidURL"}


def exceptions() -> list[type[Exception]]:
    found = [item for _, item in inspect.getmembers(httpx, inspect.isclass) if issubclass(item, Exception)]
    return [*found, OSError, ValueError, UnicodeDecodeError]


def raised(kind: type[Exception]) -> Exception:
    made: dict[str, Callable[[], Exception]] = {
        "HTTPStatusError": lambda: httpx.HTTPStatusError(
            "s3cret", request=httpx.Request("GET", "http://erp/"), response=httpx.Response(500)
        ),
        "UnicodeDecodeError": lambda: UnicodeDecodeError("utf-8", b"x", 0, 1, "s3cret"),
    }
    plain = kind.__name__ in {"ResponseNotRead", "RequestNotRead", "StreamConsumed", "StreamClosed"}
    return made.get(kind.__name__, lambda: kind() if plain else kind("s3cret"))()


@pytest.mark.parametrize("kind", exceptions(), ids=lambda kind: kind.__name__)
def test_every_exception_of_httpx_becomes_one_of_the_three_faults(kind: type[Exception]) -> None:
    client = Client("http://127.0.0.1/", system="erp", sleep=lambda _: None)
    with respx.mock:
        respx.route().mock(side_effect=raised(kind))
        with pytest.raises(Fault) as write:
            client.send("POST", "x", content="{}")
        with pytest.raises(Fault) as read:
            client.read("GET", "x")
    client.close()
    wanted = TryLater if kind.__name__ in NOT_SENT else Refused if kind.__name__ in UNUSABLE else Unclear
    assert type(write.value) is wanted
    assert isinstance(read.value, TryLater | Refused)
    assert "s3cret" not in write.value.message + read.value.message


DATE = "Sun, 22 Nov 2026 10:00:00 GMT"


@pytest.mark.parametrize(
    ("header", "sent_at", "waits"),
    [
        ("120", None, 120),
        (" 0 ", None, 0),
        ("Sun, 22 Nov 2026 10:01:30 GMT", DATE, 90),
        ("Sunday, 22-Nov-26 10:01:30 GMT", DATE, 90),
        ("Sun, 22 Nov 2026 09:00:00 GMT", DATE, 0),
        ("Fri, 31 Dec 9999 23:59:59 GMT", DATE, LONGEST_S),
        ("Sun, 22 Nov 2026 10:01:30 GMT", None, None),
        ("1" + "0" * 20, None, LONGEST_S),
        ("86400", None, LONGEST_S),
        ("-5", None, None),
        ("1.5", None, None),
        ("１２", None, None),
        ("abc", DATE, None),
        ("", DATE, None),
        (None, None, None),
    ],
)
def test_f35_retry_after_in_all_its_spellings(header: str | None, sent_at: str | None, waits: int | None) -> None:
    assert seconds(header, sent_at) == waits


@given(st.text(), st.text() | st.just(DATE))
def test_f35_no_header_whatsoever_breaks_the_reading(header: str, sent_at: str) -> None:
    found = seconds(header, sent_at)
    assert found is None or 0 <= found <= LONGEST_S
